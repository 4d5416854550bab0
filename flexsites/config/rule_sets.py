"""A rule set: rules in order, the tests of pieces, the time model, what a location is; and its variants."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, RootModel, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.load import available, nearest_first, read_model, read_yaml
from flexsites.config.rules import Effect, ExclusionRule, Hardness, Rule
from flexsites.config.shelf import Shelf
from flexsites.errors import ConfigError, Fault, NotFoundError

_FOLDER = "rules/exclusion"
PIECE_TESTS = ("piece_min_area", "piece_min_width", "piece_enclosed", "piece_road_access")
"""The ids of the piece tests in the ledger, in order."""


def as_year(day: date) -> float:
    """Return a day as a year with a fraction: 1 January is the whole year.

    Examples
    --------
    >>> as_year(date(2020, 1, 1)), round(as_year(date(2024, 7, 1)), 2)
    (2020.0, 2024.5)
    """
    length = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return day.year + (day - date(day.year, 1, 1)).days / length


class PieceTests(Model):
    """When what is left of a parcel is a site: large and wide enough, not enclosed, with a way in (METHOD 0)."""

    min_area_m2: Number
    """The least area of a component of the core that counts, over parcel borders."""
    min_width_m: Number
    """The least width: a disc of it fits wherever the core is."""
    min_core_area_m2: Number
    """The least part of such a component on the piece itself: a sliver beside a field is no site."""
    near_m: Number
    """A parcel with a piece this near belongs to the land of a piece."""
    road_reach_m: Number
    """A street farther away gives no access."""
    crossing_m: Number
    """A way in that lies over a motorway, a railway or wide water for more than this is none."""
    wide_water_m: Number
    """Water that a disc of this radius fits in is wide; other water is crossed by a culvert."""
    right_of_way_m: Number
    """A way in that lies over land of others for more than this needs a right of way."""
    road_land_rules: tuple[str, ...] = ()
    """The rules under which land is road land, which one may cross."""
    road_land_share: Number
    """The share of a parcel under these rules from which on it is road land."""
    public_owners: tuple[str, ...] = ()
    """The owner classes whose land one may cross."""
    enclosed_area_m2: Number
    """A face of the car network below this area encloses, if it is round."""
    enclosed_compactness: Number
    """How round: 4 pi A / P2, 1 for a circle."""
    mark_area_m2: Number
    """The overlap from which on a restriction, a flag or a plan bears on a piece."""
    streets_layer: str = "streets"
    """The layer whose coverage says where streets are known."""
    road_required: bool = True
    """Whether a piece of which no way in is known is unknown; else it is valid."""
    labels: dict[Literal["piece_min_area", "piece_min_width", "piece_enclosed", "piece_road_access"], Label]
    """What the tests are called."""

    @property
    def reaches_m(self) -> tuple[float, ...]:
        """How far around a piece the tests look: for a way in and what bars it, and for what encloses."""
        # What bars a way in lies along it, and is opened to see whether it is wide.
        return float(self.road_reach_m) + 4.0 * float(self.wide_water_m) + 1.0, self.enclosed_reach_m

    @property
    def enclosed_reach_m(self) -> float:
        """How far from a piece the streets that enclose it can lie: across the largest face that does."""
        return math.sqrt(4.0 * math.pi * float(self.enclosed_area_m2) / float(self.enclosed_compactness)) / 2.0

    @model_validator(mode="after")
    def _labels_every_test(self) -> Self:
        missing = [test for test in PIECE_TESTS if test not in self.labels]
        if missing:
            message = f"labels lack {', '.join(missing)}"
            raise ValueError(message)
        return self


class TimeModel(Model):
    """Horizon and term are separate: how far ahead a plan excludes, and how long a home is to stand."""

    reference_date: date
    """The day on which the rules and plans are read; a run's own date goes over it."""
    horizon_years: Number
    """How far ahead a plan for homes excludes."""
    term_years: Number
    """How long a home is to stand."""
    preparation_years: Number
    """How long it takes before homes stand."""
    asks_least_term: bool = True
    """Whether the least term of each flexmilieu is asked of the years that are expected."""

    @property
    def reference_year(self) -> float:
        """The reference date as a year with a fraction: plans start on 1 January, those of 2030 at 2030.0."""
        return as_year(self.reference_date)

    @property
    def homes_begin(self) -> float:
        """When homes may first stand anywhere, as a year with a fraction."""
        return self.reference_year + float(self.preparation_years)


class Barrier(Model):
    """A layer that neither an entrance nor a location crosses."""

    layer: str
    """The layer."""
    width_of: str | None = None
    """The rule whose widths by class its lines get."""
    is_water: bool = False
    """Water bars where it is wide only."""


class LocationModel(Model):
    """When pieces are one location: they share a component of core, or lie within a gap and not across a barrier."""

    gap_m: Number
    """The largest gap between core parts; 0: they share a component."""
    touch_m: Number
    """The distance below which shapes touch."""
    barriers: tuple[Barrier, ...] = ()
    """What an entrance does not cross, and no gap reaches over."""

    @property
    def barrier_layers(self) -> tuple[str, ...]:
        """The layers of the barriers."""
        return tuple(barrier.layer for barrier in self.barriers)


class RuleVariant(Model):
    """Another reading of the same rules: effects by rule, or by hardness class; ``off`` drops the rule.

    A rule named in ``effects`` follows that; else its class in ``hardness`` decides; else it stays. Includes stay.
    """

    effects: dict[str, Literal[Effect, "off"]] = Field(default_factory=dict)
    """Another effect per rule, or `off`, which drops it."""
    hardness: dict[Hardness, Literal["exclude", "restrict", "flag", "off"]] = Field(default_factory=dict)
    """Another effect per class of hardness, or `off`; a rule named in `effects` follows that. Includes stay."""


class RuleSet(Model):
    """A rule set. The order of the rules is the order of attribution."""

    id: str
    """The id of the rule set: the name of its file."""
    label: Label
    """What reports call the rule set."""
    about: str = ""
    """What the rule set stands for, in a few sentences."""
    time: TimeModel
    """Horizon, term and preparation."""
    tests: PieceTests
    """When a contiguous remainder is a site."""
    locations: LocationModel
    """When pieces are one location."""
    soft_classes: tuple[Hardness, ...]
    """The classes of hardness whose rules may be argued about; near misses are sought among them."""
    rules: tuple[Rule, ...] = Field(min_length=1)
    """The rules; their order is the order of attribution."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = [rule.rule_id for rule in self.rules]
        twice = sorted(name for name, n in Counter([*known, *PIECE_TESTS]).items() if n > 1)
        if twice:
            message = f"rule ids used twice: {', '.join(twice)}"
            raise ValueError(message)
        unknown = sorted({name for rule in self.rules for name in rule.overrides} - set(known))
        if unknown:
            message = f"overrides name unknown rules: {', '.join(unknown)}"
            raise ValueError(message)
        return self

    def in_force(self, on: date | None = None) -> tuple[ExclusionRule, ...]:
        """Return the rules valid on a day (the reference date) and for the term that are not off, in order."""
        term = float(self.time.term_years)
        return tuple(rule for rule in self.valid_on(on) if rule.is_on and rule.is_for_term(term))

    def valid_on(self, on: date | None = None) -> tuple[ExclusionRule, ...]:
        """Return the rules valid on a day (the reference date), those that are off among them, in order."""
        return tuple(rule for rule in self.rules if rule.is_in_force(on or self.time.reference_date))

    def amended(self, own: tuple[ExclusionRule, ...]) -> RuleSet:
        """Return the set with a user's own rules over it: the same id replaces, others follow."""
        return RuleSet.model_validate(self.replaced(own).model_dump())

    def replaced(self, rules: tuple[ExclusionRule, ...]) -> RuleSet:
        """Return the set with other rules over it, unchecked: an id said twice among them is there twice."""
        here = {rule.rule_id for rule in self.rules}
        kept = [one for rule in self.rules for one in [r for r in rules if r.rule_id == rule.rule_id] or [rule]]
        added = [rule for rule in rules if rule.rule_id not in here]
        return self.model_copy(update={"rules": (*kept, *added)})


class TimeChanges(Model):
    """What a rule set that extends another says otherwise of time; None: as the other."""

    reference_date: date | None = None
    """Another reference date; left out: as in the other set."""
    horizon_years: Number | None = None
    """Another horizon; left out: as in the other set."""
    term_years: Number | None = None
    """Another term; left out: as in the other set."""
    preparation_years: Number | None = None
    """Another time of preparation; left out: as in the other set."""
    asks_least_term: bool | None = None
    """Whether the least term of each flexmilieu is asked; left out: as in the other set."""


class RuleChanges(Model):
    """A rule set that is another one but for what is said here: the same rule id replaces, other rules follow."""

    extends: str
    """The rule set that this one is but for what it says: a name, or a file."""
    id: str
    """The id of the rule set: the name of its file."""
    label: Label
    """What reports call the rule set."""
    about: str = ""
    """What the rule set stands for, in a few sentences."""
    time: TimeChanges = TimeChanges()
    """What is different of time."""
    effects: dict[str, Literal[Effect, "off"]] = Field(default_factory=dict)
    """Another effect for a rule of the other set, or `off`; to name a rule that is off turns it on."""
    rules: tuple[Rule, ...] = ()
    """Rules: the same id takes the place of the other set's rule, another id follows its rules."""


R = TypeVar("R", RuleSet, RuleChanges)


class RuleSetFile(RootModel[RuleSet | RuleChanges]):
    """What a file of a rule set may say: all of it, or what differs from another."""


def read_rule_set(path: Path, shelf: Shelf | None = None) -> RuleSet:
    """Read a rule set, whole or as the differences from another.

    Raises
    ------
    ConfigError
        With every fault of the file, or of those that it extends together.
    NotFoundError
        If it extends a set that does not exist.
    """
    return joined(read_chain(path, shelf or Shelf()))


def read_chain(path: Path, shelf: Shelf) -> list[tuple[Path, RuleSet | RuleChanges]]:
    """Return a rule set as a whole one and the differences that go over it, each with its file.

    Raises
    ------
    ConfigError
        With every fault of a file; or if sets extend each other in a ring.
    NotFoundError
        If a set is extended that does not exist.
    """
    chain: list[tuple[Path, RuleSet | RuleChanges]] = []
    while True:
        content = read_yaml(path)
        if not isinstance(content, dict) or "extends" not in content:
            return [(path, _of_its_name(path, read_model(path, RuleSet, content))), *chain]
        changes = _of_its_name(path, read_model(path, RuleChanges, content))
        if changes.extends == path.stem and changes.extends not in available(_FOLDER):
            raise ConfigError(Fault("a rule set extends itself", f"{path}: extends", "name the set it differs from"))
        if path in [one for one, _ in chain]:
            names = ", ".join(one.name for one, _ in chain)
            raise ConfigError(Fault("rule sets extend each other", names, "let one of them be whole"))
        chain.insert(0, (path, changes))
        try:
            path = shelf.find(_FOLDER, changes.extends, beside=path.parent, instead_of=path)
        except NotFoundError as error:
            raise NotFoundError(error.within(f"{path}: extends")) from error


def _of_its_name(path: Path, one: R) -> R:
    if one.id != path.stem:
        raise ConfigError(Fault(f"id is '{one.id}'", str(path), "give the file the name of its id"))
    return one


def joined(chain: list[tuple[Path, RuleSet | RuleChanges]]) -> RuleSet:
    """Return the rule set that a whole one and the differences over it make.

    Raises
    ------
    ConfigError
        If what they make together cannot be, naming the file that makes it so.
    """
    found, *over = chain
    base = found[1]
    if not isinstance(base, RuleSet):
        raise TypeError("a chain begins with a whole rule set")
    for path, changes in over:
        told = {key: one for key, one in changes.time if one is not None} if isinstance(changes, RuleChanges) else {}
        update = {"id": changes.id, "label": changes.label, "about": changes.about}
        named = base.model_copy(update=update | {"time": base.time.model_copy(update=told)})
        told_effects = RuleVariant(effects=changes.effects if isinstance(changes, RuleChanges) else {})
        try:
            named = named.model_copy(update={"rules": switched(named.rules, told_effects)})
        except ConfigError as error:
            raise ConfigError(error.within(path)) from error
        base = read_model(path, RuleSet, named.replaced(changes.rules).model_dump())
    return base


def vary(rules: tuple[ExclusionRule, ...], variant: RuleVariant) -> tuple[ExclusionRule, ...]:
    """Return the rules that hold in a variant, as it reads them, in the same order.

    Raises
    ------
    ConfigError
        If the variant names a rule that is not in the set.

    Examples
    --------
    >>> vary((), RuleVariant())
    ()
    """
    return tuple(rule for rule in switched(rules, variant) if rule.is_on)


def switched(rules: tuple[ExclusionRule, ...], variant: RuleVariant) -> tuple[ExclusionRule, ...]:
    """Return all rules with the effects of a variant, those that are off among them; to name a rule turns it on.

    Raises
    ------
    ConfigError
        If the variant names a rule that is not in the set.
    """
    unknown = sorted(set(variant.effects) - {rule.rule_id for rule in rules})
    if unknown:
        known = nearest_first(unknown, [rule.rule_id for rule in rules]) or "no rule at all"
        raise ConfigError(Fault(f"the set does not have: {', '.join(unknown)}", "effects", f"the set has {known}"))
    return tuple(_switched(rule, variant) for rule in rules)


def _switched(rule: ExclusionRule, variant: RuleVariant) -> ExclusionRule:
    by_class = variant.hardness.get(rule.hardness) if rule.hardness and rule.effect != "include" else None
    effect = variant.effects.get(rule.rule_id, by_class or rule.effect)
    is_off = effect == "off" or (not rule.is_on and rule.rule_id not in variant.effects)
    if is_off:
        return rule.model_copy(update={"is_on": False}) if rule.is_on else rule
    if (effect == "include") != (rule.effect == "include"):
        raise ConfigError(f"the variant cannot turn {rule.rule_id} from {rule.effect} into {effect}")
    return rule if effect == rule.effect and rule.is_on else rule.model_copy(update={"effect": effect, "is_on": True})
