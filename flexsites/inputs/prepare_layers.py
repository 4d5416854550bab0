"""Layers and rasters of a run, and where each of them says anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from flexsites.config.rules import ExclusionRule, RasterAbove
from flexsites.config.source_rows import CoverageOf
from flexsites.config.sources import Bag, LayerSource, OsmLayer, Raster
from flexsites.config.unchecked import unread
from flexsites.errors import Fault, counted
from flexsites.inputs.features import open_features
from flexsites.inputs.formats.windows import around as window_around
from flexsites.inputs.land.coverages import coverage_frame, coverage_of
from flexsites.inputs.land.layers import write_layer
from flexsites.inputs.land.plan_periods import tell_unread_periods
from flexsites.inputs.land.raster_overlaps import n_contradicted
from flexsites.inputs.land.rasters import RasterFile, covered_cells, open_raster, write_raster_layer
from flexsites.inputs.land.rule_needs import RuleNeeds, needs_of
from flexsites.inputs.osm.layers import osm_extent
from flexsites.inputs.preparation import Preparation
from flexsites.inputs.rows.ingest import ReadReport, VectorSource
from flexsites.inputs.source_files import file_name
from flexsites.inputs.stock.bag_layer import COLUMNS as BAG_COLUMNS
from flexsites.inputs.stock.bag_layer import write_bag_layer
from flexsites.inputs.stock.stream import MARGIN_M
from flexsites.tables import Coverages, Frame, empty
from flexsites.tables.spatial_files import Bounds, Written


def prepare_layers(
    preparation: Preparation,
    rules: tuple[ExclusionRule, ...],
    areas: Frame | None,
    around: Bounds | None,
    on: dt.date | None,
    others: Iterable[str] = (),
) -> None:
    """Write every layer as it was on a day, and keep where each says anything; warn of those that nobody reads."""
    preparation.faults += _unstated(preparation.sources.layers, rules)
    preparation.warnings += unread(preparation.sources.layers, rules, others)
    needs = needs_of(rules)
    for name, row in preparation.sources.layers.items():
        _prepare_layer(preparation, name, row, rules, needs.get(name, RuleNeeds()), around, on)
        keys = [name]
        if isinstance(row, Raster):
            keys = [rule.layer_key for rule in rules if isinstance(rule, RasterAbove) and rule.raster == name]
        for key in dict.fromkeys(keys):
            covered = preparation.attempt(lambda k=key, n=name, r=row: _coverage(preparation, k, n, r, areas, around))  # type: ignore[misc]
            preparation.coverages += [] if covered is None else [covered]


def _unstated(layers: Mapping[str, LayerSource], rules: Iterable[ExclusionRule]) -> list[Fault]:
    """Return a fault for every layer that rules read and whose file may be complete anywhere or nowhere."""
    asked = {key for rule in rules for key in rule.layer_keys}
    remedy = (
        "write `coverage: run` where it holds everything that the run looks at; else {provincies: [...]},"
        " {gemeenten: [...]}, {bbox: [...]} or {path: an outline}, or `coverage: none`"
    )
    return [
        Fault("it is not stated where the file is complete", f"layers.{name}.coverage", remedy)
        for name, row in layers.items()
        if name in asked and row.coverage is None
    ]


def _prepare_layer(
    preparation: Preparation,
    name: str,
    row: LayerSource,
    rules: tuple[ExclusionRule, ...],
    needs: RuleNeeds,
    around: Bounds | None,
    on: dt.date | None,
) -> None:
    """Write one layer, or of a raster the layers that rules make of its cells."""
    dotted = f"layers.{name}"
    if isinstance(row, Raster):
        for rule in rules:
            if isinstance(rule, RasterAbove) and rule.raster == name:
                _prepare_raster(preparation, name, row, rule, around)
        return
    if isinstance(row, Bag):
        _prepare_bag(preparation, name, row, tuple(needs.needed), around, on)
        return

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        paths = preparation.files(dotted, row, bounds=around)
        names = {"needed": needs.needed, "optional": needs.optional}
        opened = open_features(dotted, row, paths, preparation.places, **names, on=on)
        if isinstance(opened, VectorSource):
            tell_unread_periods(opened, report)
        return write_layer(name, opened, report, path, bounds=around, needs=needs), opened.notes

    target = f"layers/{file_name(name)}"
    depends = [needs.key(), around, *([on] if isinstance(row, OsmLayer) else [])]
    found = preparation.step(dotted, row, target, make, depends=depends, bounds=around)
    preparation.layers[name] = preparation.tables[target] if found else None


def _prepare_bag(
    preparation: Preparation,
    name: str,
    row: Bag,
    needed: Sequence[str],
    around: Bounds | None,
    on: dt.date | None,
) -> None:
    """Join panden and verblijfsobjecten of the BAG into one layer."""
    dotted, target = f"layers.{name}", f"layers/{file_name(name)}"
    missing = [column for column in needed if column not in BAG_COLUMNS]
    if missing:
        has = f"the layer has {', '.join(BAG_COLUMNS)}"
        preparation.faults.extend(
            Fault(f"no column {column}, which a rule asks for", dotted, has) for column in missing
        )
        return

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        folder = preparation.directory / f".bag_{file_name(name)}"
        written = write_bag_layer(
            name, row, report, path, files=files, places=preparation.places, bounds=around, folder=folder, on=on
        )
        return written, ""

    wide = None if around is None else window_around(around, MARGIN_M)
    keys = ("bag_panden", "verblijfsobjecten")

    def files_of(key: str) -> tuple[str, ...]:
        return preparation.files(f"{dotted}.{key}", getattr(row, key), bounds=wide)

    found_files = [preparation.attempt(partial(files_of, key)) for key in keys]
    files = [one for one in found_files if one is not None]
    if len(files) < len(keys):
        return
    found = preparation.step(dotted, row, target, make, depends=[around, on], paths=(*files[0], *files[1]))
    preparation.layers[name] = preparation.tables[target] if found else None


def _prepare_raster(preparation: Preparation, name: str, row: Raster, rule: RasterAbove, around: Bounds | None) -> None:
    """Make the cells that a rule lists a layer of their own, and the cells that have a number its coverage."""
    dotted, key = f"layers.{name}", rule.layer_key
    if rule.unit != row.unit:
        what = f"rule {rule.rule_id} reads it in {rule.unit}, the source is in {row.unit}"
        preparation.faults.append(Fault(what, dotted, "correct `unit` (and `scale`) of the source, or the rule"))
        return

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        files = _open_rasters(preparation, dotted, row)
        written = write_raster_layer(rule, files, path, bounds=around)
        report.ledger.n_read = report.ledger.n_kept = written.n_rows
        notes = [f"{row.unit}, cells {rule.comparison.replace('_', ' ')} {float(rule.threshold):g}"]
        if n := n_contradicted(files, rule, around):
            notes.append(
                f"{counted(n, 'cell is told otherwise', 'cells are told otherwise')} by another file of the same "
                "ground: listed where one lists them"
            )
        return written, "; ".join([*notes, *dict.fromkeys(f.projection.notes for f in files if f.projection.notes)])

    target = f"layers/{file_name(key)}"
    depends = [around, float(rule.threshold), rule.comparison]
    found = preparation.step(dotted, row, target, make, depends=depends)
    preparation.layers[key] = preparation.tables[target] if found else None


def _open_rasters(preparation: Preparation, dotted: str, row: Raster) -> tuple[RasterFile, ...]:
    return tuple(open_raster(dotted, row, path, preparation.places) for path in row.paths)


def _coverage(
    preparation: Preparation, key: str, name: str, row: LayerSource, areas: Frame | None, around: Bounds | None
) -> Frame:
    if isinstance(row, Raster) and row.coverage == "cells":
        shapes = [s for file in _open_rasters(preparation, f"layers.{name}", row) for s in covered_cells(file, around)]
        return coverage_frame(key, shapes, "covered")
    if row.coverage == "extent" and isinstance(row, OsmLayer):
        return coverage_frame(key, osm_extent(preparation.files(f"layers.{name}", row), f"layers.{name}"), "covered")
    is_unknown = isinstance(row.coverage, CoverageOf) and areas is None and preparation.has_unasked_areas
    if row.coverage is None or is_unknown:
        return empty(Coverages)
    return coverage_of(key, row.coverage, areas=areas, places=preparation.places)
