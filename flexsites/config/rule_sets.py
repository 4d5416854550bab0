"""A rule set: rules in order, the tests of pieces, the time model, what a location is; and its variants."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, RootModel, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.load import find, read_model, read_yaml
from flexsites.config.rules import Effect, ExclusionRule, Hardness, Rule
from flexsites.errors import ConfigError, Fault

PIECE_TESTS = ("piece_min_area", "piece_min_width", "piece_road_access")
"""The ids of the piece tests in the ledger, in order."""


class PieceTests(Model):
    """When a contiguous remainder is a site: large enough, wide enough, beside a street.

    ``mark_area_m2``: a restriction or flag marks a piece from this overlap on. Streets count when they may be driven
    and are not of a barred class (a motorway gives no access). Where the street layer has no coverage the test of
    road access cannot fail, and with ``road_required`` the verdict there is unknown.
    """

    min_area_m2: Number
    min_width_m: Number
    width_tolerance_m: Number
    width_coarse_m: Number
    road_reach_m: Number
    mark_area_m2: Number
    barred_road_classes: tuple[str, ...] = ()
    streets_layer: str = "streets"
    road_required: bool = True
    labels: dict[Literal["piece_min_area", "piece_min_width", "piece_road_access"], Label]

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
    horizon_years: Number
    term_years: Number
    preparation_years: Number


class LocationModel(Model):
    """When pieces are one location: within a gap, and not across one of the barrier layers."""

    gap_m: Number
    touch_m: Number
    barrier_layers: tuple[str, ...] = ()


class RuleVariant(Model):
    """Another reading of the same rules: effects by rule, or by hardness class; ``off`` drops the rule.

    A rule named in ``effects`` follows that; else its class in ``hardness`` decides; else it stays. Includes stay.
    """

    effects: dict[str, Effect | Literal["off"]] = Field(default_factory=dict)
    hardness: dict[Hardness, Literal["exclude", "restrict", "flag", "off"]] = Field(default_factory=dict)


class RuleSet(Model):
    """A rule set. The order of the rules is the order of attribution."""

    id: str
    label: Label
    about: str = ""
    time: TimeModel
    tests: PieceTests
    locations: LocationModel
    rules: tuple[Rule, ...] = Field(min_length=1)

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
        """Return the rules valid on a day (the reference date), in order."""
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
    horizon_years: Number | None = None
    term_years: Number | None = None
    preparation_years: Number | None = None


class RuleChanges(Model):
    """A rule set that is another one but for what is said here: the same rule id replaces, other rules follow."""

    extends: str = Field(description="a rule set of configs/rules/exclusion, or a file; one that extends none itself")
    id: str
    label: Label
    about: str = ""
    time: TimeChanges = TimeChanges()
    rules: tuple[Rule, ...] = ()


class RuleSetFile(RootModel[RuleSet | RuleChanges]):
    """What a file of a rule set may say: all of it, or what differs from another."""


def read_rule_set(path: Path) -> RuleSet:
    """Read a rule set, whole or as the differences from another.

    Raises
    ------
    ConfigError
        With every fault of the file, or of the two together.
    NotFoundError
        If it extends a set that does not exist.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or "extends" not in content:
        return read_model(path, RuleSet, content)
    changes = read_model(path, RuleChanges, content)
    base_path = find("rules/exclusion", changes.extends, beside=path.parent)
    base_content = read_yaml(base_path)
    if isinstance(base_content, dict) and "extends" in base_content:
        remedy = f"extend {base_content['extends']} itself, and say here what is other"
        raise ConfigError(Fault(f"{changes.extends} extends another set itself", f"{path}: extends", remedy))
    base = read_model(base_path, RuleSet, base_content)
    time = base.time.model_copy(update={key: one for key, one in changes.time if one is not None})
    named = base.model_copy(update={"id": changes.id, "label": changes.label, "about": changes.about, "time": time})
    return read_model(path, RuleSet, named.replaced(changes.rules).model_dump())


def vary(rules: tuple[ExclusionRule, ...], variant: RuleVariant) -> tuple[ExclusionRule, ...]:
    """Return the rules as a variant reads them, in the same order.

    Raises
    ------
    ConfigError
        If the variant names a rule that is not in the set.

    Examples
    --------
    >>> vary((), RuleVariant())
    ()
    """
    unknown = sorted(set(variant.effects) - {rule.rule_id for rule in rules})
    if unknown:
        what = f"the variant names rules that the set does not have: {', '.join(unknown)}"
        known = ", ".join(rule.rule_id for rule in rules) or "no rule at all"
        raise ConfigError(Fault(what, "effects", f"the set has {known}"))
    varied: list[ExclusionRule] = []
    for rule in rules:
        by_class = variant.hardness.get(rule.hardness) if rule.hardness and rule.effect != "include" else None
        effect = variant.effects.get(rule.rule_id, by_class or rule.effect)
        if effect == "off":
            continue
        if (effect == "include") != (rule.effect == "include"):
            raise ConfigError(f"the variant cannot turn {rule.rule_id} from {rule.effect} into {effect}")
        varied.append(rule if effect == rule.effect else rule.model_copy(update={"effect": effect}))
    return tuple(varied)
