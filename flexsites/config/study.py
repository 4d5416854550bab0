"""A run resolved: every file it names read, every name checked, every fault reported at once.

A study is what the chain needs to know besides the tables. Its ``content`` is what is written beside the results and
hashed: the same content gives the same run id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

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
from flexsites.config.addresses import without_keys
from flexsites.config.anchors import Anchors
from flexsites.config.base import Figure, collect_figures
from flexsites.config.certainty import Certainty
from flexsites.config.counting import Counting
from flexsites.config.dwellings import URBANITY, DwellingType, LayoutStandard, Programme
from flexsites.config.exploitation import Exploitation
from flexsites.config.load import expand, find, read_model, read_yaml
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.config.origins import Origins
from flexsites.config.readings import BASE, Reading, base_reading, require_known, thresholds, variant_reading
from flexsites.config.roofs import TopUpRules
from flexsites.config.rule_sets import LocationModel, PieceTests, RuleSet, RuleVariant, switched
from flexsites.config.rules import ExclusionRule
from flexsites.config.run import Run
from flexsites.config.schemas import OWN_PATTERNS
from flexsites.config.sections import Reader
from flexsites.config.settings import Settings
from flexsites.config.shelf import shelf_of
from flexsites.config.study_faults import faults_of, variant_faults
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.transit import Transit, TransitClasses
from flexsites.errors import ConfigError, Fault, FlexsitesError

__all__ = ["BASE", "Reading", "Study", "resolve"]

T = TypeVar("T")

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
    """A run with all that it names.

    Attributes
    ----------
    readings
        The base, and the variants that are answered from the same prepared inputs.
    apart
        The variants that need inputs of their own, each as a study whose base it is: the run prepares and assesses it
        by itself, and its results stand among those of the variants under its id.
    certainty
        Which figures are drawn; None: the run makes no draws.
    origins
        From which file each figure came.
    """

    run: Run
    path: Path
    rule_set: RuleSet
    readings: tuple[Reading, ...]
    content: Mapping[str, Any]
    anchors: Anchors | None = None
    certainty: Certainty | None = None
    origins: Origins = field(default_factory=Origins)
    apart: Mapping[str, Study] = field(default_factory=dict)

    @property
    def base(self) -> Reading:
        """The run itself."""
        return self.readings[0]

    @property
    def settings(self) -> Settings:
        """All that decides the answer of the run itself."""
        return self.base.settings

    @property
    def tests(self) -> PieceTests:
        """The tests of pieces."""
        return self.settings.pieces

    @property
    def locations(self) -> LocationModel:
        """When pieces are one location."""
        return self.settings.locations

    @property
    def flexmilieus(self) -> tuple[Flexmilieu, ...]:
        """The flexmilieus, in the order that breaks ties."""
        return self.settings.flexmilieus

    @property
    def dwelling_types(self) -> Mapping[str, DwellingType]:
        """The homes that can be placed, by id."""
        return self.settings.dwelling_types

    @property
    def layout(self) -> LayoutStandard:
        """What all layouts have in common."""
        return self.settings.layout

    @property
    def measures(self) -> Measures:
        """What can be asked of a site about what it reaches."""
        return self.settings.measures

    @property
    def transit(self) -> Transit:
        """How a timetable is read."""
        return self.settings.transit

    @property
    def transit_classes(self) -> TransitClasses:
        """From mode, frequency and distance to a class of service quality."""
        return self.settings.transit_classes

    @property
    def streets(self) -> StreetRules:
        """Who may use which street."""
        return self.settings.streets

    @property
    def amenities(self) -> AmenityCategories:
        """The categories of amenity."""
        return self.settings.amenities

    @property
    def top_up(self) -> TopUpRules | None:
        """The rules for roofs; None where no roofs are assessed."""
        return self.settings.optoppen

    @property
    def reach_m(self) -> float:
        """How far from a site a feature can matter to it: the longest reach of any reading's rules and tests."""
        rules = [rule.reach_m for rule in self.all_rules]
        return max([*rules, *(reach for reading in self.readings for reach in reading.tests.reaches_m)])

    @property
    def near_m(self) -> float:
        """How far parcels lie whose pieces are the land of a piece, in any reading."""
        return max(float(reading.tests.near_m) for reading in self.readings)

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
        walks = (float(one.limit_min) / 60.0 * one.walks_at(self.walk_speed_km_h) for one in self.travel_measures)
        return max(walks, default=0.0) * 1000.0

    def _measures_asked(self) -> tuple[str, ...]:
        limited = {threshold.measure for reading in self.readings for threshold in thresholds(reading.groups)}
        milieus = [flexmilieu for reading in self.readings for flexmilieu in reading.flexmilieus]
        weighted = {one.measure for flexmilieu in milieus for one in flexmilieu.weighted}
        weighted |= {URBANITY for flexmilieu in milieus if flexmilieu.programme.asks_urbanity}
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
            "counting": self.settings.counting,
            "measures": self.measures,
            "transit": self.transit,
            "transit_classes": self.transit_classes,
            "streets": self.streets,
            "amenities": self.amenities,
            "optoppen": self.top_up,
            "exploitation": self.settings.exploitation,
            "variants": self.run.variants,
            "certainty": self.certainty,
        }
        if not self.run.assesses_parcels:
            parts = {"optoppen": self.top_up, "exploitation": self.settings.exploitation}
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
    content = expand(read_yaml(path))
    named = content.get("config") if isinstance(content, Mapping) else None
    shelf = shelf_of(path, named if isinstance(named, str) else None)
    run = read_model(path, Run, content, context={"shelf": shelf})
    if strays := list(shelf.strays(OWN_PATTERNS)):
        raise ConfigError(strays)
    reader = Reader(shelf, run, path)
    rule_set = reader.rule_set()
    settings = _settings(reader, rule_set)
    reader.files["variants"] = shelf.told(path)
    origins = Origins(reader.files)
    if faults := [*faults_of(settings, origins), *variant_faults(run.variants, settings.measures, path)]:
        raise ConfigError(faults)
    base = _base(settings, origins)
    variants = [variant_reading(settings, one, path) for one in run.variants]
    wrong = [faults_of(one.settings, origins, at=f"{path}: variants.{one.id}") for one in variants]
    if faults := [fault for found in wrong for fault in found]:
        raise ConfigError(faults)
    beside = tuple(one for one in variants if one.shares_inputs_with(base))
    run = run.model_copy(update={"sources": settings.sources})
    anchors = read_model(reader.named("anchors", "anchors", run.anchors), Anchors) if run.anchors else None
    drawn = reader.whole("certainty", Certainty)
    certainty = drawn if run.certainty else None
    told = _content(run, rule_set, settings, anchors) | ({"certainty": _plain(certainty)} if certainty else {})
    study = Study(run, path, rule_set, (base, *beside), told, anchors, certainty, origins)
    return replace(study, apart={one.id: _apart(study, one) for one in variants if not one.shares_inputs_with(base)})


def _settings(reader: Reader, rule_set: RuleSet) -> Settings:
    """Read every section; faults of several files are told together."""
    run, faults = reader.run, list[Fault | str]()

    def read(section: Callable[[], T]) -> T | None:
        try:
            return section()
        except FlexsitesError as error:
            faults.extend(error.faults)
            return None

    groups = read(lambda: reader.folder("target_groups", TargetGroup))
    known = read(lambda: reader.folder("flexmilieus", Flexmilieu)) or {}
    sections = {
        "dwelling_types": read(lambda: reader.folder("dwelling_types", DwellingType)),
        "layout": read(lambda: reader.whole("layout", LayoutStandard)),
        "counting": read(lambda: reader.whole("counting", Counting)),
        "measures": read(reader.measures),
        "transit": read(lambda: reader.whole("transit", Transit)),
        "transit_classes": read(lambda: reader.whole("transit_classes", TransitClasses)),
        "streets": read(lambda: reader.whole("streets", StreetRules)),
        "amenities": read(reader.amenities),
        "optoppen": read(reader.top_up),
        "exploitation": read(lambda: reader.whole("exploitation", Exploitation)),
        "sources": read(lambda: reader.sources(groups or {})),
    }
    if faults:
        raise ConfigError(faults)
    names = run.flexmilieus or tuple(known)
    require_known(names, known, f"{reader.path}: flexmilieus")
    rules = {"rules": _switched(rule_set, run, reader.path), "time": rule_set.time, "pieces": rule_set.tests}
    rules |= {"locations": rule_set.locations, "target_groups": groups}
    found: dict[str, Any] = rules | {"flexmilieus": tuple(known[one] for one in names)} | sections
    return Settings(**found)


def _base(settings: Settings, origins: Origins) -> Reading:
    """Return the run itself; what a rule says wrongly of a place is told with the rule's file."""
    try:
        return base_reading(settings)
    except ConfigError as error:
        raise ConfigError(
            replace(one, where=origins.place(one.where)) if isinstance(one, Fault) else one for one in error.faults
        ) from error


def _switched(rule_set: RuleSet, run: Run, path: Path) -> tuple[ExclusionRule, ...]:
    """Return the rules valid on the reference date, with the effects that the run itself gives them."""
    try:
        return switched(rule_set.valid_on(), RuleVariant(effects=run.effects))
    except ConfigError as error:
        raise ConfigError(error.within(path)) from error


def _content(run: Run, rule_set: RuleSet, settings: Settings, anchors: Anchors | None) -> Any:  # noqa: ANN401 - plain YAML
    """Return all that the run says, as it is written beside its results and hashed."""
    content: dict[str, Any] = {
        "run": run,
        "rule_set": rule_set,
        "target_groups": settings.used_groups(),
        "flexmilieus": list(settings.flexmilieus),
        "dwelling_types": settings.dwelling_types,
        "layout": settings.layout,
        "counting": settings.counting,
        "measures": settings.measures,
        "optoppen": settings.optoppen,
        "exploitation": settings.exploitation,
        "transit": settings.transit,
        "transit_classes": settings.transit_classes,
        "streets": settings.streets,
        "amenities": settings.amenities,
    }
    return without_keys(_plain(content | ({"anchors": anchors} if anchors else {})))


def _apart(study: Study, reading: Reading) -> Study:
    """Return a variant that needs inputs of its own as a study by itself: its base, with no variants."""
    run = study.run.model_copy(update={"variants": (), "sources": reading.settings.sources})
    base = replace(reading, id=BASE)
    content = _content(run, study.rule_set, reading.settings, study.anchors)
    content |= {"rules": _plain(list(reading.rules)), "time": _plain(reading.time), "pieces": _plain(reading.tests)}
    return replace(study, run=run, readings=(base,), content=content | {"estimate": reading.estimate}, apart={})


def _plain(content: Any) -> Any:  # noqa: ANN401 - what YAML can say
    """Return models, and lists and mappings of them, as YAML can say them."""
    if isinstance(content, BaseModel):
        return content.model_dump(mode="json", exclude_defaults=True)
    if isinstance(content, Mapping):
        return {key: _plain(one) for key, one in content.items()}
    return [_plain(one) for one in content] if isinstance(content, list) else content
