"""Lineage and the run's manifest: what was read, assumed, computed, and whether the areas close.

The manifest is the answer to "where does this number come from": every source with its edition, licence and hash,
every figure with its origin, every rule, every cell, and the balance of METHOD 0 (area in = buildable + attributed).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flexsites.config.anchors import Anchors
from flexsites.config.base import Figure
from flexsites.config.study import Study
from flexsites.inputs.prepared import Prepared
from flexsites.runs.run import Place
from flexsites.runs.synthetic import is_synthetic, notes_of
from flexsites.tables.files import write_json

_PACKAGES = (
    "flexsites",
    "geopandas",
    "shapely",
    "pyproj",
    "pandas",
    "numpy",
    "numba",
    "scipy",
    "rasterio",
    "pyogrio",
    "osmium",
    "dask",
)


def versions() -> dict[str, str]:
    """Return the versions of everything a result may depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def figures_by_origin(figures: Iterable[tuple[str, Figure]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the assumptions and the sourced figures, each once, with the path it has in the configuration.

    Examples
    --------
    >>> figure = Figure(value=15, unit="m", assumption=True, why="two rows and a path")
    >>> figures_by_origin([("pieces.min_width_m", figure)])[0]
    [{'path': 'pieces.min_width_m', 'value': 15.0, 'unit': 'm', 'why': 'two rows and a path'}]
    """
    assumptions: dict[str, dict[str, Any]] = {}
    sourced: dict[str, dict[str, Any]] = {}
    for path, figure in figures:
        row = {"path": path, "value": figure.value, "unit": figure.unit}
        if figure.assumption:
            assumptions.setdefault(path, row | {"why": figure.why})
        else:
            sourced.setdefault(path, row | {"source": figure.source})
    return list(assumptions.values()), list(sourced.values())


def balance(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Sum what the cells report of area: what came in, what is buildable, what rules and piece tests took.

    Examples
    --------
    >>> cell = {"area_in_m2": 10.0, "buildable_area_m2": 6.0, "attributed_area_m2": 4.0}
    >>> balance([cell, cell])["difference_m2"]
    0.0
    """
    names = ("area_in_m2", "buildable_area_m2", "attributed_area_m2")
    total = dict.fromkeys(names, 0.0)
    for row in rows:
        for name in names:
            total[name] += row[name]
    difference = total["area_in_m2"] - total["buildable_area_m2"] - total["attributed_area_m2"]
    return total | {"difference_m2": difference}


def write_manifest(place: Place, study: Study, inputs: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the run's manifest: what was read, assumed and computed, and whether the areas close."""
    assumptions, figures = figures_by_origin(study.figures())
    run = study.run
    told = {
        "run_id": place.run_id,
        "name": run.name,
        "title": run.title.model_dump(),
        "about": run.about.model_dump() if run.about else None,
        "notes": [note.model_dump() for note in notes_of(run)],
        "pipeline": run.pipeline,
        "is_synthetic": is_synthetic(run),
        "flexsites_version": versions()["flexsites"],
        "reference_date": run.reference_date.isoformat(),
        "rule_set": {"id": study.rule_set.id, "label": study.rule_set.label.model_dump()},
        "sources": [record.as_dict() for record in inputs.records],
        "assumptions": assumptions,
        "figures": figures,
        "versions": versions(),
        "cells": list(rows),
        "warnings": list(inputs.warnings),
        "variants": [{"id": one.id, "label": one.label.model_dump()} for one in run.variants],
    }
    if run.assesses_parcels:
        told |= {
            "rules": [_rule(rule) for rule in study.base.rules],
            "flexmilieus": [
                {"id": one.id, "label_nl": one.label.nl, "label_en": one.label.en} for one in study.flexmilieus
            ],
            "closes": balance(row for row in rows if row["kind"] == "parcels"),
        }
    if study.anchors is not None:
        told["anchors"] = _anchors(study.anchors)
    if study.top_up is not None:
        told["headline"] = study.top_up.headline.model_dump()
    write_json(place.directory / "manifest.json", told)


def _anchors(anchors: Anchors) -> dict[str, Any]:
    """Return the published answers that the run is set beside, as the report reads them."""
    rows = [
        one.model_dump(exclude={"published"})
        | {"published": float(one.published), "source": one.published.source or one.published.why}
        for one in anchors.anchors
    ]
    return {"id": anchors.id, "label": anchors.label.model_dump(), "about": anchors.about.model_dump(), "anchors": rows}


def _rule(rule: Any) -> dict[str, Any]:  # noqa: ANN401 - a union of models
    return {
        "rule_id": rule.rule_id,
        "label_nl": rule.label.nl,
        "label_en": rule.label.en,
        "effect": rule.effect,
        "hardness": rule.hardness,
        "kind": rule.kind,
        "source": rule.source or "assumption",
        "procedure": rule.procedure.model_dump() if rule.procedure else None,
    }
