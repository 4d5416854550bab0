"""What a run's manifest holds: what was read, assumed, computed, and whether the areas close.

What each of it is stands in :mod:`flexsites.tables.manifest`, which those who read a finished run share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flexsites.config.anchors import Anchors
from flexsites.config.base import Figure
from flexsites.config.origins import Origins
from flexsites.config.study import Study
from flexsites.inputs.prepared import Prepared
from flexsites.runs.made_of import made_of
from flexsites.runs.run import Place
from flexsites.runs.synthetic import is_synthetic, notes_of
from flexsites.tables.manifest import (
    AnchorsTold,
    AnchorTold,
    Balance,
    CellTold,
    FigureTold,
    FlexmilieuTold,
    HeadlineTold,
    Manifest,
    Named,
    Reused,
    RuleSetTold,
    RuleTold,
    Source,
)
from flexsites.tables.manifest import write_manifest as write
from flexsites.tables.run_directory import holding_of
from flexsites.tables.versions import computed_by, version_of

_READ = ("rasterio", "pyogrio", "osmium")


def versions() -> dict[str, str]:
    """Return the versions of everything a result may depend on."""
    return {
        "flexsites": version_of("flexsites"),
        **computed_by(),
        **{name: version_of(name) for name in (*_READ, "dask")},
    }


def figures_by_origin(
    figures: Iterable[tuple[str, Figure]], origins: Origins
) -> tuple[list[FigureTold], list[FigureTold]]:
    """Return the assumptions and the sourced figures, each once, with the path it has in the configuration.

    Examples
    --------
    >>> figure = Figure(value=15, unit="m", assumption=True, why="two rows and a path")
    >>> told = figures_by_origin([("pieces.min_width_m", figure)], Origins({"pieces": "own/mine.yaml"}))[0][0]
    >>> told.path, told.value, told.unit, told.file
    ('pieces.min_width_m', 15.0, 'm', 'own/mine.yaml')
    """
    assumptions: dict[str, FigureTold] = {}
    sourced: dict[str, FigureTold] = {}
    for path, figure in figures:
        told = FigureTold(
            path=path,
            value=figure.value,
            unit=figure.unit,
            why=figure.why,
            source=figure.source,
            file=origins.of(path),
        )
        (assumptions if figure.assumption else sourced).setdefault(path, told)
    return list(assumptions.values()), list(sourced.values())


def balance(cells: Iterable[CellTold]) -> Balance:
    """Sum what the cells report of area: what came in, what is buildable, what rules and piece tests took.

    Examples
    --------
    >>> areas = {"area_in_m2": 10.0, "buildable_area_m2": 6.0, "attributed_area_m2": 4.0}
    >>> cell = CellTold(cell="0_0_500", kind="parcels", seconds=1.0, n_sites=2, **areas)
    >>> balance([cell, cell]).difference_m2
    0.0
    """
    came, buildable, attributed = 0.0, 0.0, 0.0
    for cell in cells:
        came += cell.area_in_m2 or 0.0
        buildable += cell.buildable_area_m2 or 0.0
        attributed += cell.attributed_area_m2 or 0.0
    return Balance(
        area_in_m2=came,
        buildable_area_m2=buildable,
        attributed_area_m2=attributed,
        difference_m2=came - buildable - attributed,
    )


def write_manifest(
    place: Place, study: Study, inputs: Prepared, rows: Sequence[Mapping[str, Any]], *, reused: Reused | None = None
) -> None:
    """Give the run its manifest, which is written last; where nobody holds the directory, at once."""
    manifest = manifest_of(place, study, inputs, rows).model_copy(update={"reused": reused})
    holding = holding_of(place.directory)
    if holding is None:
        write(manifest, place.directory)
    else:
        holding.manifest = manifest


def manifest_of(place: Place, study: Study, inputs: Prepared, rows: Sequence[Mapping[str, Any]]) -> Manifest:
    """Return the run's manifest: what was read, assumed and computed, and whether the areas close."""
    assumptions, figures = figures_by_origin(study.figures(), study.origins)
    run, has_parcels = study.run, study.run.assesses_parcels
    cells = tuple(CellTold(**row) for row in rows)
    return Manifest(
        run_id=place.run_id,
        name=run.name,
        title=run.title,
        about=run.about,
        notes=notes_of(run),
        pipeline=run.pipeline,
        is_synthetic=is_synthetic(run),
        flexsites_version=versions()["flexsites"],
        reference_date=run.reference_date.isoformat(),
        rule_set=RuleSetTold(id=study.rule_set.id, label=study.rule_set.label),
        sources=tuple(Source(**record.as_dict()) for record in inputs.records),
        assumptions=tuple(assumptions),
        figures=tuple(figures),
        versions=versions(),
        cells=cells,
        warnings=inputs.warnings,
        fetched=inputs.fetched,
        variants=tuple(Named(id=one.id, label=one.label) for one in run.variants),
        rules=tuple(_rule(rule) for rule in study.base.rules) if has_parcels else (),
        flexmilieus=tuple(
            FlexmilieuTold(id=one.id, label=one.label, is_undemanding=one.undemanding) for one in study.flexmilieus
        )
        if has_parcels
        else (),
        closes=balance(cell for cell in cells if cell.kind == "parcels") if has_parcels else None,
        anchors=None if study.anchors is None else _anchors(study.anchors),
        headline=None if study.top_up is None else HeadlineTold(**study.top_up.headline.model_dump()),
        made_of=made_of(study),
    )


def _anchors(anchors: Anchors) -> AnchorsTold:
    """Return the published answers that the run is set beside, as the report reads them."""
    told = [
        AnchorTold(
            **one.model_dump(exclude={"published"}),
            published=float(one.published),
            source=one.published.source or one.published.why,
        )
        for one in anchors.anchors
    ]
    return AnchorsTold(id=anchors.id, label=anchors.label, about=anchors.about, anchors=tuple(told))


def _rule(rule: Any) -> RuleTold:  # noqa: ANN401 - a union of models
    return RuleTold(
        rule_id=rule.rule_id,
        label=rule.label,
        effect=rule.effect,
        hardness=rule.hardness,
        kind=rule.kind,
        source=rule.source or "assumption",
        procedure=rule.procedure,
    )
