"""A run resolved: every file it names read, every name checked, every fault reported at once.

A study is what the chain needs to know besides the tables. Its ``content`` is what is written beside the results and
hashed: the same content gives the same run id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from flexsites.config.access import (
    AreaStatistic,
    CostToClosest,
    CumulativeCutoff,
    Gravity,
    KClosest,
    Measures,
    StreetMeasure,
    TravelTime,
)
from flexsites.config.anchors import Anchors
from flexsites.config.base import Figure, collect_figures
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.config.load import available, configs_directory, expand, find, read_model, read_yaml
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.config.readings import BASE, Reading, base_reading, require_known, thresholds, variant_reading
from flexsites.config.roofs import TopUpRules, assemble
from flexsites.config.rule_sets import LocationModel, PieceTests, RuleSet, read_rule_set
from flexsites.config.rules import ExclusionRule
from flexsites.config.run import Run
from flexsites.config.study_faults import dwelling_faults, group_faults, measure_faults, variant_faults
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.transit import Transit, TransitClasses
from flexsites.errors import ConfigError, Fault

__all__ = ["BASE", "Reading", "Study", "resolve", "uncovered"]

M = TypeVar("M", bound=BaseModel)

TRANSIT_MEASURES = (
    "walk_distance_transit_m",
    "walk_distance_bus_m",
    "walk_distance_tram_m",
    "walk_distance_metro_m",
    "walk_distance_train_m",
)
"""What the transit diagnostic of METHOD 0 reads, whether or not a flexmilieu asks for it."""


@dataclass(frozen=True, slots=True)
class Study:
    """A run with all that it names."""

    run: Run
    path: Path
    rule_set: RuleSet
    readings: tuple[Reading, ...]
    flexmilieus: tuple[Flexmilieu, ...]
    dwelling_types: Mapping[str, DwellingType]
    layout: LayoutStandard
    measures: Measures
    transit: Transit
    transit_classes: TransitClasses
    streets: StreetRules
    amenities: AmenityCategories
    top_up: TopUpRules | None
    content: Mapping[str, Any]
    anchors: Anchors | None = None

    @property
    def base(self) -> Reading:
        """The run itself."""
        return self.readings[0]

    @property
    def tests(self) -> PieceTests:
        """The tests of pieces."""
        return self.rule_set.tests

    @property
    def locations(self) -> LocationModel:
        """When pieces are one location."""
        return self.rule_set.locations

    @property
    def least_lane_m(self) -> float:
        """The least width of a lane of all layouts: over it a piece is entered."""
        return min(min(one.lane_width_m.values()) for one in self.programmes.values())

    @property
    def all_rules(self) -> tuple[ExclusionRule, ...]:
        """Every rule of every reading once: what the overlay is labelled with."""
        found: dict[str, ExclusionRule] = {}
        for reading in self.readings:
            for rule in reading.rules:
                found.setdefault(rule.rule_id, rule)
        return tuple(found.values())

    @property
    def programmes(self) -> dict[str, Programme]:
        """What is built, by flexmilieu."""
        return {one.id: one.programme for one in self.flexmilieus}

    @property
    def undemanding(self) -> frozenset[str]:
        """The flexmilieus that nearly everything passes: counts are always shown with and without them."""
        return frozenset(one.id for one in self.flexmilieus if one.undemanding)

    @property
    def street_measures(self) -> tuple[StreetMeasure, ...]:
        """The measures over the streets that a flexmilieu or the transit diagnostic asks for."""
        return self.measures.pick(self._measures_asked(), CostToClosest, KClosest, CumulativeCutoff, Gravity)

    @property
    def area_measures(self) -> tuple[AreaStatistic, ...]:
        """The statistics of areas that a flexmilieu asks for."""
        return self.measures.pick(self._measures_asked(), AreaStatistic)

    @property
    def travel_measures(self) -> tuple[TravelTime, ...]:
        """The door-to-door travel times that a flexmilieu asks for."""
        return self.measures.pick(self._measures_asked(), TravelTime)

    @property
    def walk_speed_km_h(self) -> float:
        """Walking speed."""
        return float(self.measures.modes["walk"].speed_km_h)

    @property
    def direct_reach_m(self) -> float:
        """How far one walks all the way within the longest travel time asked; 0 when none is."""
        longest_min = max((float(one.limit_min) for one in self.travel_measures), default=0.0)
        return longest_min / 60.0 * self.walk_speed_km_h * 1000.0

    def _measures_asked(self) -> tuple[str, ...]:
        limited = {threshold.measure for threshold in thresholds(self.base.groups)}
        weighted = {one.measure for flexmilieu in self.flexmilieus for one in flexmilieu.weighted}
        return tuple(sorted(limited | weighted | set(TRANSIT_MEASURES)))

    @property
    def transit_reach_m(self) -> float:
        """How far one walks to a stop at most: the farthest distance in the table of transit classes."""
        return max(float(reach.walk_distance_m) for reach in self.transit_classes.reaches)

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Yield every figure that this run uses, with its path in the configuration."""
        parts: dict[str, object] = {
            "rules": self.base.rules,
            "time": self.base.time,
            "pieces": self.tests,
            "locations": self.locations,
            "target_groups": dict(self.base.groups),
            "flexmilieus": self.flexmilieus,
            "dwelling_types": dict(self.dwelling_types),
            "layout": self.layout,
            "measures": self.measures,
            "transit": self.transit,
            "transit_classes": self.transit_classes,
            "streets": self.streets,
            "amenities": self.amenities,
            "optoppen": self.top_up,
            "variants": self.run.variants,
        }
        if not self.run.assesses_parcels:
            parts = {"optoppen": self.top_up}
        for name, part in parts.items():
            yield from collect_figures(part, name)


def resolve(name: str) -> Study:
    """Read a run and everything it names.

    Parameters
    ----------
    name
        A path to a run file, or the name of one in configs/runs.

    Raises
    ------
    ConfigError
        With every fault of the files and of how they go together.
    NotFoundError
        If the run, or a file it names, does not exist.
    """
    path = find("runs", name)
    run = read_model(path, Run, expand(read_yaml(path)))
    here = path.parent
    rule_set = _amended(read_rule_set(find("rules/exclusion", run.rules, beside=here)), run, path)
    groups = _catalogue("target_groups", TargetGroup)
    known = _catalogue("flexmilieus", Flexmilieu)
    names = run.flexmilieus or tuple(known)
    require_known(names, known, f"{path}: flexmilieus")
    flexmilieus = tuple(known[one] for one in names)
    measures = read_model(configs_directory() / "measures.yaml", Measures)
    top_up = _top_up() if run.assesses_roofs else None
    dwelling_types = _catalogue("dwelling_types", DwellingType)
    layout = read_model(configs_directory() / "layout.yaml", LayoutStandard)
    used = {group: groups[group] for one in flexmilieus for group in one.target_groups if group in groups}
    faults = [
        *group_faults(flexmilieus, groups),
        *measure_faults(flexmilieus, used, measures),
        *dwelling_faults(flexmilieus, dwelling_types, layout),
        *variant_faults(run, measures, path),
    ]
    if faults:
        raise ConfigError(faults)
    readings = (base_reading(rule_set, used), *(variant_reading(rule_set, used, one, path) for one in run.variants))
    transit = read_model(configs_directory() / "transit.yaml", Transit)
    classes = read_model(configs_directory() / "transit_classes.yaml", TransitClasses)
    streets = read_model(configs_directory() / "streets.yaml", StreetRules)
    amenities = read_model(configs_directory() / "amenities.yaml", AmenityCategories)
    anchors = read_model(find("anchors", run.anchors, beside=here), Anchors) if run.anchors else None
    content: dict[str, Any] = {
        "run": run,
        "rule_set": rule_set,
        "target_groups": used,
        "flexmilieus": list(flexmilieus),
        "dwelling_types": dwelling_types,
        "layout": layout,
        "measures": measures,
        "optoppen": top_up,
        "transit": transit,
        "transit_classes": classes,
        "streets": streets,
        "amenities": amenities,
    } | ({"anchors": anchors} if anchors else {})
    return Study(
        run,
        path,
        rule_set,
        readings,
        flexmilieus,
        dwelling_types,
        layout,
        measures,
        transit,
        classes,
        streets,
        amenities,
        top_up,
        _plain(content),
        anchors,
    )


def uncovered(study: Study) -> list[str]:
    """Return, in words, the layers that rules read and the run has no source of: there these rules are unknown.

    A run that assesses no parcels has none: no rule of exclusion is asked.
    """
    given = set(study.run.sources.layers)
    told: list[str] = []
    for rule in study.base.rules if study.run.assesses_parcels else ():
        names = {getattr(rule, "raster", None) or name for name in rule.layer_keys}
        how = f"rule {rule.rule_id}, {rule.effect}{', required' if rule.required else ''}"
        told += [f"{name} ({how})" for name in sorted(names - given)]
    return list(dict.fromkeys(told))


def _plain(content: Any) -> Any:  # noqa: ANN401 - what YAML can say
    """Return models, and lists and mappings of them, as YAML can say them."""
    if isinstance(content, BaseModel):
        return content.model_dump(mode="json", exclude_defaults=True)
    if isinstance(content, Mapping):
        return {key: _plain(one) for key, one in content.items()}
    return [_plain(one) for one in content] if isinstance(content, list) else content


def _catalogue(kind: str, model: type[M]) -> dict[str, M]:
    """Read every file of a folder of configs; the file's name is the id it must hold."""
    found: dict[str, M] = {}
    for name, path in available(kind).items():
        one = read_model(path, model)
        if getattr(one, "id", name) != name:
            raise ConfigError(Fault(f"id is '{getattr(one, 'id', '')}'", str(path), "give the file the name of its id"))
        found[name] = one
    return found


def _top_up() -> TopUpRules:
    files = available("rules/optoppen")
    try:
        return assemble({name: read_yaml(path) for name, path in files.items()})
    except ValidationError as error:
        place = configs_directory() / "rules/optoppen"
        faults = [
            Fault(one["msg"], f"{place}: {'.'.join(map(str, one['loc']))}", "correct it") for one in error.errors()
        ]
        raise ConfigError(faults) from error


def _amended(rule_set: RuleSet, run: Run, path: Path) -> RuleSet:
    time = rule_set.time.model_copy(update={"reference_date": run.reference_date})
    rule_set = rule_set.model_copy(update={"time": time})
    try:
        return rule_set.amended(run.own_rules)
    except ValidationError as error:
        faults = [Fault(one["msg"], f"{path}: own_rules", "correct it") for one in error.errors()]
        raise ConfigError(faults) from error
