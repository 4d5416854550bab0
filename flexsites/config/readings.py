"""The readings of a run: the base and its variants, each with the settings and the rules that hold in it.

A variant may change anything that decides an answer. Where a changed rule covers other land than the base's, it gets an
id of its own, so that one overlay serves all readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flexsites.config.base import Number
from flexsites.config.by_place import by_place
from flexsites.config.counting import Counting
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.config.load import nearest_first
from flexsites.config.rule_sets import PieceTests, TimeModel, switched
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.config.run import Estimate, Variant
from flexsites.config.settings import PREPARED, Settings, differing, replaced
from flexsites.config.suitability import Flexmilieu, TargetGroup, Threshold
from flexsites.config.vetoes import with_vetoes
from flexsites.errors import ConfigError, Fault, FlexsitesError

BASE = "base"

# What decides where a rule lies. The rest (effect, label, ...) only decides what that means: no new overlay is needed.
_MEANING = {
    "rule_id", "label", "effect", "hardness", "scope", "required", "overrides", "procedure", "source", "assumption",
    "why", "valid_from", "valid_to", "part_of", "is_on", "for_terms",
}  # fmt: skip
# What says of which parcels a rule is.
_PLACES = {"only", "not_in"}
# What the land that is left does not depend on: it is the same land, judged otherwise.
_JUDGED = {"target_groups", "flexmilieus", "counting", "exploitation"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the run: the base, or a variant.

    ``rules`` are in order, told apart by place; a rule that covers other land than the base's carries the variant in
    its id, so that faces are labelled with both. ``settings`` holds everything else that decides the answer. A reading
    with ``bridging`` is of land under hard plans too, for that flexmilieu alone.
    """

    id: str
    rules: tuple[ExclusionRule, ...]
    settings: Settings
    estimate: Estimate
    bridging: str | None = None

    @property
    def time(self) -> TimeModel:
        """Horizon, term and preparation."""
        return self.settings.time

    @property
    def tests(self) -> PieceTests:
        """The tests of pieces."""
        return self.settings.pieces

    @property
    def groups(self) -> Mapping[str, TargetGroup]:
        """The target groups that a flexmilieu couples, with the limits of this reading."""
        return self.settings.used_groups()

    @property
    def flexmilieus(self) -> tuple[Flexmilieu, ...]:
        """The flexmilieus, in the order that breaks ties; without a least term where the rule set asks for none."""
        if self.time.asks_least_term:
            return self.settings.flexmilieus
        return tuple(one.without_least_term() for one in self.settings.flexmilieus)

    @property
    def programmes(self) -> dict[str, Programme]:
        """What is built, by flexmilieu."""
        return self.settings.programmes

    @property
    def dwelling_types(self) -> Mapping[str, DwellingType]:
        """The homes that can be placed, by id."""
        return self.settings.dwelling_types

    @property
    def layout(self) -> LayoutStandard:
        """What all layouts have in common."""
        return self.settings.layout

    @property
    def counting(self) -> Counting:
        """How homes are counted over an area."""
        return self.settings.counting

    @property
    def least_lane_m(self) -> float:
        """The least width of a lane of all layouts: over it a piece is entered."""
        return min(min(one.lane_width_m.values()) for one in self.programmes.values())

    def leaves_the_same_as(self, other: Reading) -> bool:
        """Whether the same land is left, for the same time, with the same layouts on it.

        Its judgement may differ, and so may densities, up to the top that layouts were counted to, and cluster sizes.
        """
        return not self.leaves_otherwise(other)

    def leaves_otherwise(self, other: Reading) -> tuple[str, ...]:
        """Return what of this reading leaves other land, times or layouts, by its path; nothing: figures alone differ.

        A density above the top that layouts were counted to is among it: they were not laid out that far.
        """
        sections = differing(self.settings, other.settings) - _JUDGED - {"rules"}
        rules = _rules_between(self, other) if self.rules != other.rules else ()
        return (*rules, *sorted(sections), *_laid_out_otherwise(self.programmes, other.programmes))

    def shares_inputs_with(self, other: Reading) -> bool:
        """Whether both are answered from the same prepared inputs; else the one needs a run apart."""
        return not differing(self.settings, other.settings) & set(PREPARED)


def _rules_between(one: Reading, other: Reading) -> tuple[str, ...]:
    mine, theirs = _by_id(one.rules), _by_id(other.rules)
    names = [name for name in (*mine, *theirs) if mine.get(name) != theirs.get(name)]
    return tuple(dict.fromkeys(f"rules.{name}" for name in names)) or ("rules",)


def _laid_out_otherwise(some: Mapping[str, Programme], others: Mapping[str, Programme]) -> Iterator[str]:
    """Yield the paths of what layouts made for the others do not answer.

    Sizes of clusters are no part of a layout, nor densities up to the top that it was counted to.
    """
    for name in dict.fromkeys((*some, *others)):
        if name not in some or name not in others:
            yield f"flexmilieus.{name}"
            continue
        one, other = some[name], others[name]
        counted = ("fsi", "min_units", "max_units")
        for key in type(one).model_fields:
            if key not in counted and getattr(one, key) != getattr(other, key):
                yield f"flexmilieus.{name}.programme.{key}"
        if one.fsi.high.value > other.fsi.high.value:
            yield f"flexmilieus.{name}.programme.fsi.high"


def base_reading(settings: Settings) -> Reading:
    """Return the run itself."""
    return Reading(BASE, _holding(settings), settings, "expected")


def _holding(settings: Settings) -> tuple[ExclusionRule, ...]:
    """Return the rules that hold for the term of the homes, told apart by place."""
    term = float(settings.time.term_years)
    return tuple(rule for rule in by_place(settings.rules) if rule.is_for_term(term))


def variant_reading(settings: Settings, variant: Variant, path: Path) -> Reading:
    """Return the reading of a variant; rules that cover other land than the base's get an id of their own.

    Raises
    ------
    ConfigError
        With what the variant names and the run does not have, and every value that may not stand there.
    """
    where = f"{path}: variants.{variant.id}"
    known = _by_id(settings.rules)
    require_known(tuple(variant.change), known, f"{where}.change")
    measures = {threshold.measure for threshold in thresholds(settings.used_groups())}
    require_known(tuple(variant.limits), dict.fromkeys(sorted(measures)), f"{where}.limits")
    own = replaced(settings, _values(settings, variant), f"{where}")
    if variant.bridging is not None:
        own = _bridged(own, variant.bridging, f"{where}.bridging")
    limited = {key: _limited(group, variant.limits) for key, group in own.target_groups.items()}
    try:
        rules = switched(with_vetoes(own.rules, variant.vetoes), variant)
    except FlexsitesError as error:
        raise ConfigError(error.within(where)) from error
    own = replace(own, rules=rules, target_groups=limited)
    return Reading(variant.id, _told_apart(_holding(own), settings, variant), own, variant.estimate, variant.bridging)


def _bridged(settings: Settings, flexmilieu: str, where: str) -> Settings:
    """Return the settings of a reading in which a flexmilieu bridges the years until what is planned (METHOD 0).

    Raises
    ------
    ConfigError
        If there is no such flexmilieu, it has no least term, or none fits within the horizon.
    """
    known = {one.id: one for one in settings.flexmilieus}
    require_known((flexmilieu,), known, where)
    least, time = known[flexmilieu].least_term_years, settings.time
    if least is None or not time.asks_least_term:
        what = f"{flexmilieu} asks for no least term"
        raise ConfigError(Fault(what, where, "name a flexmilieu with a least term, and a rule set that asks for it"))
    taken = float(least) + float(time.preparation_years)
    if taken > float(time.horizon_years):
        horizon = float(time.horizon_years)
        what = f"least term and preparation of {flexmilieu} are {taken:g} years, the horizon is {horizon:g}"
        raise ConfigError(Fault(what, where, "name a flexmilieu with a shorter term: there is nothing to bridge"))
    until = least.model_copy(update={"value": taken})
    rules = tuple(
        rule.model_copy(update={"horizon_years": until, "is_horizon_open": True})
        if isinstance(rule, PlannedCapacity) and "hard" in rule.plan_hardness
        else rule
        for rule in settings.rules
    )
    return replace(settings, flexmilieus=(known[flexmilieu],), rules=rules)


def _values(settings: Settings, variant: Variant) -> dict[str, Any]:
    """Return what a variant says, by path: its own figures of time and its changes of rules are short for paths."""
    values = {
        f"time.{name}": figure.model_dump(exclude_none=True)
        for name in ("horizon_years", "term_years", "preparation_years")
        if (figure := getattr(variant, name)) is not None
    }
    for rule_id, change in variant.change.items():
        values |= {f"rules.{rule_id}.{name}": value for name, value in change.items()}
    values |= dict(variant.replace)
    horizon = values.get("time.horizon_years")
    for rule in settings.rules if horizon is not None else ():
        if isinstance(rule, PlannedCapacity):
            values.setdefault(f"rules.{rule.rule_id}.horizon_years", horizon)
    return values


def _told_apart(rules: tuple[ExclusionRule, ...], settings: Settings, variant: Variant) -> tuple[ExclusionRule, ...]:
    """Return the rules under ids of their own where they lie elsewhere; an include lifts the rules under theirs."""
    base = _by_id(_holding(settings))
    names = {key: key for key in (*base, *_by_id(rules))}
    names |= {
        key: f"{key}__{variant.id}"
        for key, rule in _by_id(rules).items()
        if key not in base or lies_as(rule) != lies_as(base[key])
    }
    return tuple(
        rule.model_copy(
            update={
                "rule_id": names[rule.rule_id],
                "overrides": tuple(names.get(name, name) for name in rule.overrides),
                "part_of": rule.part_of or (None if rule.is_everywhere else rule.rule_id),
            }
        )
        for rule in rules
    )


def lies_as(rule: ExclusionRule) -> dict[str, Any]:
    """Return what decides where a rule lies; two that say the same of it label the same faces."""
    return rule.model_dump(mode="json", exclude=_MEANING)


def covers_as(rule: ExclusionRule) -> str:
    """Return what decides what a rule covers of a parcel that it is for; two that say the same of it cover the same."""
    return rule.model_dump_json(exclude=_MEANING | _PLACES)


def _by_id(rules: tuple[ExclusionRule, ...]) -> dict[str, ExclusionRule]:
    return {rule.rule_id: rule for rule in rules}


def thresholds(groups: Mapping[str, TargetGroup]) -> Iterator[Threshold]:
    """Yield every threshold of every group."""
    for group in groups.values():
        for criterion in group.requirements:
            yield from criterion.any_of


def _limited(group: TargetGroup, limits: Mapping[str, Number]) -> TargetGroup:
    """Return the group with other limits for the measures named."""

    def limit(model: Threshold) -> Threshold:
        figure = limits.get(model.measure)
        return model if figure is None else model.model_copy(update={model.sense: figure})

    requirements = tuple(
        one.model_copy(update={"any_of": tuple(limit(threshold) for threshold in one.any_of)})
        for one in group.requirements
    )
    return group.model_copy(update={"requirements": requirements})


def require_known(names: tuple[str, ...], known: Mapping[str, object], where: str) -> None:
    """Refuse names that are not among those known.

    Raises
    ------
    ConfigError
        With every unknown name.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            Fault(f"unknown: {', '.join(unknown)}", where, f"use some of {nearest_first(unknown, known)}")
        )
