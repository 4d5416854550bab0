"""Rules told apart by place: of a rule that says otherwise locally, one rule for each place and one for elsewhere.

Each carries the parcels it is for (``only``, ``not_in``), so that on every parcel exactly one of them holds, or, where
the parcel's municipality or owner is unknown, none is known to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from flexsites.config.base import Label
from flexsites.config.by_share import by_share
from flexsites.config.load import faults_within
from flexsites.config.places import LocalRule, Place
from flexsites.config.rules import ExclusionRule, Rule
from flexsites.errors import ConfigError, Fault

_ONE_RULE: TypeAdapter[ExclusionRule] = TypeAdapter(Rule)


def by_place(rules: tuple[ExclusionRule, ...]) -> tuple[ExclusionRule, ...]:
    """Return the rules that are not off, those that differ by place or by share told apart, in the same order.

    An include lifts all rules of the name that it gives. What a rule is by the share of a feature is in `by_share`.

    Raises
    ------
    ConfigError
        With every change that a rule cannot bear, and every two places of one rank that a parcel may be of at once.
    """
    faults: list[Fault] = []
    told: list[ExclusionRule] = []
    for rule in rules:
        if not rule.is_on:
            continue
        faults += _ambiguous(rule)
        try:
            told += [rule] if not rule.locally else [_elsewhere(rule), *_local_rules(rule)]
        except ConfigError as error:
            faults += [fault for fault in error.faults if isinstance(fault, Fault)]
    if faults:
        raise ConfigError(faults)
    told = [part for rule in told for part in by_share(rule)]
    family: dict[str, list[str]] = {}
    for rule in told:
        family.setdefault(rule.part_of or rule.rule_id, []).append(rule.rule_id)
    return tuple(
        rule.model_copy(update={"overrides": tuple(one for name in rule.overrides for one in family.get(name, [name]))})
        if rule.overrides
        else rule
        for rule in told
    )


def _ranked(rule: ExclusionRule) -> list[LocalRule]:
    """Return the places of a rule, the most particular first."""
    return sorted(rule.locally, key=lambda local: -local.where.rank)


def _elsewhere(rule: ExclusionRule) -> ExclusionRule:
    away = tuple(local.where for local in _ranked(rule))
    return rule.model_copy(update={"not_in": (*rule.not_in, *away), "locally": ()})


def _local_rules(rule: ExclusionRule) -> Iterator[ExclusionRule]:
    before: list[Place] = []
    faults: list[Fault | str] = []
    for local in _ranked(rule):
        away = (*rule.not_in, *(place for place in before if place.may_meet(local.where)))
        before.append(local.where)
        if local.is_off:
            continue
        content = _content(rule, local, away)
        try:
            found = _ONE_RULE.validate_python(content)
            name = f"{rule.rule_id}__{local.id}"
            yield found.model_copy(update={"rule_id": name, "part_of": rule.rule_id})
        except ValidationError as error:
            faults += faults_within(error, f"rules.{rule.rule_id}.locally.{local.id}.change", content)
    if faults:
        raise ConfigError(faults)


def _content(rule: ExclusionRule, local: LocalRule, away: tuple[Place, ...]) -> dict[str, Any]:
    content = rule.model_dump(mode="json", exclude_none=True, exclude={"source", "assumption", "why", "locally"})
    name = Label(nl=f"{rule.label.nl} ({local.label.nl})", en=f"{rule.label.en} ({local.label.en})")
    content |= {
        "label": name.model_dump(),
        "only": local.where.within(rule.only).model_dump(),
        "not_in": [place.model_dump() for place in away],
        "assumption": local.assumption,
    }
    content |= {key: value for key, value in (("source", local.source), ("why", local.why)) if value is not None}
    return content | local.change


def _ambiguous(rule: ExclusionRule) -> Iterator[Fault]:
    """Find two places of one rank that a parcel may be of at once: nothing says which it follows."""
    for i, one in enumerate(rule.locally):
        for other in rule.locally[i + 1 :]:
            if one.id == other.id:
                yield Fault(f"'{one.id}' is used twice", f"rules.{rule.rule_id}.locally", "give each its own id")
            elif one.where.rank == other.where.rank and one.where.may_meet(other.where):
                what = f"a parcel may be of '{one.id}' and of '{other.id}', and neither is the more particular"
                yield Fault(what, f"rules.{rule.rule_id}.locally", "let them name different places")
