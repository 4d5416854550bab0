"""The readings of a run: the base and its variants, each the rules, times and limits that hold in it.

A variant changes figures of rules and limits of measures. Where a changed rule covers other land than the base's, it
gets an id of its own, so that one overlay serves all readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from flexsites.config.base import Number
from flexsites.config.rule_sets import RuleSet, TimeModel, vary
from flexsites.config.rules import ExclusionRule, PlannedCapacity, Rule
from flexsites.config.run import Estimate, Variant
from flexsites.config.suitability import TargetGroup, Threshold
from flexsites.errors import ConfigError, Fault, FlexsitesError

BASE = "base"

_ONE_RULE: TypeAdapter[ExclusionRule] = TypeAdapter(Rule)
# What decides where a rule lies. The rest (effect, label, ...) only decides what that means: no new overlay is needed.
_MEANING = {"rule_id", "label", "effect", "hardness", "scope", "required", "overrides", "procedure", "source"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the run: the base, or a variant.

    ``rules`` are in order; a rule that covers other land than the base's carries the variant in its id, so that faces
    are labelled with both. ``flexmilieus`` and ``groups`` carry the variant's limits.
    """

    id: str
    rules: tuple[ExclusionRule, ...]
    time: TimeModel
    groups: Mapping[str, TargetGroup]
    estimate: Estimate

    def leaves_the_same_as(self, other: Reading) -> bool:
        """Whether the same land is left, for the same time: the rules and the time model are equal."""
        return self.rules == other.rules and self.time == other.time


def base_reading(rule_set: RuleSet, groups: Mapping[str, TargetGroup]) -> Reading:
    """Return the run itself: the rules in force, and the groups with their own limits."""
    return Reading(BASE, rule_set.in_force(), rule_set.time, groups, "expected")


def variant_reading(rule_set: RuleSet, groups: Mapping[str, TargetGroup], variant: Variant, path: Path) -> Reading:
    """Return the reading of a variant; rules that cover other land than the base's get an id of their own."""
    where = f"{path}: variants.{variant.id}"
    base = _by_id(rule_set.in_force())
    require_known(tuple(variant.change), base, f"{where}.change")
    measures = {threshold.measure for threshold in thresholds(groups)}
    require_known(tuple(variant.limits), dict.fromkeys(sorted(measures)), f"{where}.limits")
    try:
        changed = tuple(_changed(rule, variant, where) for rule in base.values())
        rules = vary(changed, variant)
    except FlexsitesError as error:
        raise ConfigError([f"{where}: {fault}" for fault in error.faults]) from error
    names = {rule.rule_id: rule.rule_id for rule in rules}
    names |= {key: f"{key}__{variant.id}" for key, rule in _by_id(rules).items() if _land(rule) != _land(base[key])}
    rules = tuple(_renamed(rule, names) for rule in rules)
    times = {
        name: figure
        for name in ("horizon_years", "term_years", "preparation_years")
        if (figure := getattr(variant, name)) is not None
    }
    time = rule_set.time.model_copy(update=times)
    limited = {key: _limited(group, variant.limits) for key, group in groups.items()}
    return Reading(variant.id, rules, time, limited, variant.estimate)


def _changed(rule: ExclusionRule, variant: Variant, where: str) -> ExclusionRule:
    change = dict(variant.change.get(rule.rule_id, {}))
    if isinstance(rule, PlannedCapacity) and variant.horizon_years is not None:
        change.setdefault("horizon_years", variant.horizon_years.model_dump(exclude_none=True))
    if not change:
        return rule
    content = rule.model_dump(mode="json", exclude_none=True) | change
    try:
        return _ONE_RULE.validate_python(content)
    except ValidationError as error:
        place = f"{where}.change.{rule.rule_id}"
        faults = [
            Fault(one["msg"], f"{place}.{'.'.join(map(str, one['loc'][1:]))}", "correct it") for one in error.errors()
        ]
        raise ConfigError(faults) from error


def _land(rule: ExclusionRule) -> dict[str, Any]:
    """Return what decides where a rule lies."""
    return rule.model_dump(mode="json", exclude=_MEANING)


def _by_id(rules: tuple[ExclusionRule, ...]) -> dict[str, ExclusionRule]:
    return {rule.rule_id: rule for rule in rules}


def _renamed(rule: ExclusionRule, names: Mapping[str, str]) -> ExclusionRule:
    """Return the rule under its new name; an include lifts the rules under theirs."""
    overrides = tuple(names.get(name, name) for name in rule.overrides)
    return rule.model_copy(update={"rule_id": names[rule.rule_id], "overrides": overrides})


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
        raise ConfigError(Fault(f"unknown: {', '.join(unknown)}", where, f"use some of {', '.join(known)}"))
