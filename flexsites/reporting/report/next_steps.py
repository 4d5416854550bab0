"""What comes next at a place, for who takes it up: found in what is known of it, and in what is not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.table_view import entries
from flexsites.reporting.words import Words
from flexsites.tables.counting import AVAILABLE

_NAMED = 3
_UNKNOWN_OWNER = "onbekend"
_OWN = "gemeente"


def next_steps(site: pd.Series[Any], words: Words) -> list[str]:
    """Return what to do next at a parcel, the first first; none at one that is excluded.

    Parameters
    ----------
    site
        A row of Sites.
    words
        The language.
    """
    if site["verdict"] == "excluded":
        return []
    told = []
    if site["verdict"] == "unknown":
        told.append(words.text("next.verdict"))
    owner = _UNKNOWN_OWNER if pd.isna(site["owner_class"]) else str(site["owner_class"])
    key = {_UNKNOWN_OWNER: "owner_unknown", _OWN: "owner_own"}.get(owner, "owner_other")
    told.append(words.text(f"next.{key}", owner=words.name("owner", owner)))
    if pd.isna(site["available_years_expected"]):
        told.append(words.text("next.plans"))
    if site["verdict"] == "conditional":
        rules = entries(site["restrictions"])
        if rules:
            told.append(words.text("next.consent", rules=_listed(rules, words)))
    if unchecked := entries(site["unchecked_rules"]):
        told.append(words.text("next.unchecked", rules=_listed(unchecked, words)))
    if site["verdict"] in AVAILABLE:
        told.append(words.text("next.permit"))
    return told


def _listed(rules: list[str], words: Words) -> str:
    """Return the first of some rules by name, and how many more there are."""
    named = [words.name("rule", rule) for rule in rules[:_NAMED]]
    more = len(rules) - len(named)
    return ", ".join([*named, *([words.text("first.rules_more", n=words.number(more))] if more else [])])
