"""What of a run's files does not go together: groups, measures, limits and programmes, checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from flexsites.config.access import AnyMeasure, CostToClosest, KClosest, Measures, TravelTime
from flexsites.config.base import Figure
from flexsites.config.dwellings import DwellingType, LayoutStandard, programme_faults
from flexsites.config.load import nearest_first
from flexsites.config.origins import Origins
from flexsites.config.run import Variant
from flexsites.config.settings import Settings
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.units import ANY, is_in_unit
from flexsites.errors import Fault

Place = Callable[[str], str]
"""From a path in the configuration to where it is written, for a fault."""


def faults_of(settings: Settings, origins: Origins, *, at: str | None = None) -> Iterator[Fault]:
    """Find all that does not go together.

    Parameters
    ----------
    settings
        The sections of a reading.
    origins
        From which file each part came.
    at
        Where a variant is written that changed them; None: the files themselves.
    """

    def place(path: str) -> str:
        return f"{at}: {path}" if at else origins.place(path)

    groups = settings.used_groups()
    yield from group_faults(settings.flexmilieus, settings.target_groups, place)
    yield from mode_faults(settings.measures, place)
    yield from measure_faults(settings.flexmilieus, groups, settings.measures, place)
    yield from dwelling_faults(settings.flexmilieus, settings.dwelling_types, settings.layout, place)


def group_faults(
    flexmilieus: tuple[Flexmilieu, ...], groups: Mapping[str, TargetGroup], place: Place
) -> Iterator[Fault]:
    """Find groups that do not exist, and criteria of one id that differ (they would hide each other)."""
    seen: dict[str, object] = {}
    for flexmilieu in flexmilieus:
        for name in flexmilieu.target_groups:
            if name not in groups:
                where = place(f"flexmilieus.{flexmilieu.id}.target_groups")
                yield Fault(f"there is no target group '{name}'", where, f"use some of {nearest_first([name], groups)}")
                continue
            for criterion in groups[name].requirements:
                if seen.setdefault(criterion.id, criterion) != criterion:
                    where = place(f"target_groups.{name}.requirements.{criterion.id}")
                    yield Fault("another group has a criterion of this id that differs", where, "give it its own id")


def mode_faults(measures: Measures, place: Place) -> Iterator[Fault]:
    """Find measures by a way to move that is not described; walking always is asked for."""
    asked = {getattr(measure, "mode", "walk") for measure in measures.measures} | {"walk"}
    for mode in sorted(asked - set(measures.modes)):
        yield Fault(f"there is no mode '{mode}'", place(f"measures.modes.{mode}"), "give its speed and label")


def measure_faults(
    flexmilieus: tuple[Flexmilieu, ...], groups: Mapping[str, TargetGroup], measures: Measures, place: Place
) -> Iterator[Fault]:
    """Find measures that are not there, limits beyond the search or below 0, and distances or times asked at least.

    Beyond the search "not reached" would not mean "no"; and near the edge of the data a nearer one may be missing, so
    that a distance is an upper bound, which never surely passes an ``at_least``.
    """
    known = {measure.id: measure for measure in measures.measures}
    thresholds = [
        (threshold, place(f"target_groups.{group.id}.requirements.{criterion.id}"))
        for group in groups.values()
        for criterion in group.requirements
        for threshold in criterion.any_of
    ]
    weighted = [(one, place(f"flexmilieus.{milieu.id}.weighted")) for milieu in flexmilieus for one in milieu.weighted]
    asked = [(one.measure, where) for one, where in thresholds] + [(one.measure, where) for one, where in weighted]
    for name, where in asked:
        if name not in known:
            yield Fault(f"there is no measure '{name}'", where, "see configs/measures.yaml")
    figures = [(one.measure, figure, where) for one, where in thresholds for figure in (one.at_most, one.at_least)]
    figures += [(one.measure, figure, where) for one, where in weighted for figure in (one.full_at, one.zero_at)]
    yield from _unit_faults(figures, known)
    for threshold, where in thresholds:
        measure = known.get(threshold.measure)
        search = next((getattr(measure, name) for name in ("limit_m", "limit_min") if hasattr(measure, name)), None)
        if threshold.at_least is not None and _is_of_nearest(measure):
            what = f"{threshold.measure} is of the nearest, and is asked to be at least {threshold.limit:g}"
            yield Fault(what, where, "ask at_most, or keep land away by a rule within_distance")
        elif threshold.at_most is not None and search is not None and threshold.limit > float(search):
            what = f"{threshold.measure} asks at most {threshold.limit:g}, but only {float(search):g} is searched"
            yield Fault(what, where, f"ask at most {float(search):g}, or raise the measure's limit in measures.yaml")
        elif search is not None and threshold.limit < 0:
            yield _below_nothing(threshold.measure, threshold.limit, where)


def _below_nothing(name: str, asked: float, where: str) -> Fault:
    """Return the fault of a distance or a time that nothing has: asked, it would fail everywhere without a word."""
    return Fault(f"{name} asks {asked:g}, and no distance or time is below 0", where, "give 0 or more")


def _unit_faults(figures: Iterable[tuple[str, Figure | None, str]], known: Mapping[str, AnyMeasure]) -> Iterator[Fault]:
    """Find figures set beside a measure and written in another unit than the measure's."""
    for name, figure, where in figures:
        unit = known[name].unit if name in known else ANY
        if figure is not None and not is_in_unit(figure.unit, unit):
            what = f"{name} is in {unit}, and {figure.value:g} is given in {figure.unit}"
            yield Fault(what, where, "write it in the unit of the measure")


def _is_of_nearest(measure: object) -> bool:
    """Whether a measure is the distance or the time to the nearest, not a count."""
    is_time = isinstance(measure, TravelTime) and measure.aggregation == "closest"
    return isinstance(measure, CostToClosest | KClosest) or is_time


def variant_faults(variants: Iterable[Variant], measures: Measures, path: Path | str) -> Iterator[Fault]:
    """Find limits of variants beyond the search or below 0, or in another unit than their measure's."""
    known = {one.id: one for one in measures.measures}
    search = {one.id: getattr(one, "limit_m", None) or getattr(one, "limit_min", None) for one in measures.measures}
    for variant in variants:
        where = f"{path}: variants.{variant.id}.limits"
        yield from _unit_faults([(name, figure, where) for name, figure in variant.limits.items()], known)
        for name, figure in variant.limits.items():
            if (reach := search.get(name)) is not None and float(figure) > float(reach):
                what = f"{name} asks {float(figure):g}, but only {float(reach):g} is searched"
                yield Fault(what, where, f"ask at most {float(reach):g}, or raise the limit in measures.yaml")
            elif reach is not None and float(figure) < 0:
                yield _below_nothing(name, float(figure), where)


def dwelling_faults(
    flexmilieus: tuple[Flexmilieu, ...],
    dwelling_types: Mapping[str, DwellingType],
    layout: LayoutStandard,
    place: Place,
) -> Iterator[Fault]:
    """Find programmes that name no dwelling type, or do not fit the layout's modules."""
    for flexmilieu in flexmilieus:
        for what in programme_faults(flexmilieu.programme, dwelling_types, layout):
            yield Fault(what, place(f"flexmilieus.{flexmilieu.id}.programme"), "correct it")
