"""What a run will not check, as far as its configuration tells: said before it runs, as its report says it after."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from flexsites.config.rules import ExclusionRule
from flexsites.config.study import Study

_ALIKE = 0.8
"""How much of two names is alike at least, for the one to be taken for the other misspelt [A]."""

_NAMED = ("zeer_hard", "hard")
"""The hardness of rules that are told by name, hardest first (METHOD 0, "Checked")."""


def uncovered(study: Study) -> list[str]:
    """Return, in words, the layers that rules read and the run has no source of: there these rules are unknown.

    A run that assesses no parcels has none: no rule of exclusion is asked.
    """
    told: list[str] = []
    for rule in _rules(study):
        how = f"rule {rule.rule_id}, {rule.effect}{', required' if rule.required else ''}"
        told += [f"{name} ({how})" for name in _missing(rule, study)]
    return list(dict.fromkeys(told))


def unread(given: Iterable[str], rules: Iterable[ExclusionRule], others: Iterable[str] = ()) -> list[str]:
    """Return, in words, the layers that a run gives and nothing reads; of which one is nearly the name, that one.

    Parameters
    ----------
    given
        The layers of the run's sources.
    rules
        What reads them.
    others
        The layers that are read besides.

    Examples
    --------
    >>> from flexsites.worlds.plain import inside
    >>> for told in unread(["natura200", "trees", "water"], [inside("natura2000")], ["water"]):
    ...     print(told)
    layers.natura200: nothing in this run reads it, and no source gives natura2000: is it that?
    layers.trees: nothing in this run reads it: name it in a rule, or leave it out
    """
    asked, there = {key for rule in rules for key in rule.source_keys} | set(others), set(given)
    missing, told = sorted(asked - there), []
    for name in sorted(there - asked):
        likely = get_close_matches(name, missing, n=1, cutoff=_ALIKE)
        told.append(
            f"layers.{name}: nothing in this run reads it, and no source gives {likely[0]}: is it that?"
            if likely
            else f"layers.{name}: nothing in this run reads it: name it in a rule, or leave it out"
        )
    return told


def elsewhere(study: Study) -> list[str]:
    """Return, in words, the rules for municipalities none of which the run assesses: no parcel of it follows them.

    A run that names no municipalities may hold any.
    """
    own = set(study.run.area.gemeenten)
    places = [(rule.rule_id, rule.only.gemeenten) for rule in _rules(study) if rule.only is not None]
    return [f"{rule} ({', '.join(codes)})" for rule, codes in places if own and codes and not own & set(codes)]


def checked(study: Study, lang: str = "en") -> str:
    """Return how many excluding rules have no source, and which very hard and hard ones; empty without parcels.

    The sentence is in English, the rules are named in a language. A rule whose source covers part of the area is not
    among them: how much of each parcel it covers, the run tells.
    """
    excluding = [rule for rule in _rules(study) if rule.effect == "exclude"]
    if not excluding:
        return ""
    unchecked = [rule for rule in excluding if _missing(rule, study)]
    if not unchecked:
        return f"All {len(excluding):,} excluding rules have a source."
    named = [rule.label.get(lang) for hardness in _NAMED for rule in unchecked if rule.hardness == hardness]
    n_rest = len(unchecked) - len(named)
    listed = ", ".join([*named, *([f"{n_rest:,} less hard ones" if named else "none of them hard"] if n_rest else [])])
    required = [rule.rule_id for rule in unchecked if rule.required]
    means = f"; parcels stay unknown for want of {', '.join(required)}" if required else ""
    return (
        f"{len(unchecked):,} of {len(excluding):,} excluding rules will not be checked: {listed}."
        f" Verdicts stand, but these rules could still take land away{means}."
    )


def _rules(study: Study) -> tuple[ExclusionRule, ...]:
    return study.base.rules if study.run.assesses_parcels else ()


def _missing(rule: ExclusionRule, study: Study) -> list[str]:
    """Return the entries of the sources that a rule reads and the run does not have."""
    return sorted(set(rule.source_keys) - set(study.settings.sources.layers))
