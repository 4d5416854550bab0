"""What was not checked: the report opens with it, because a rule not checked may still take land (METHOD 0)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from flexsites.reporting.results import Results
from flexsites.reporting.table_view import entries
from flexsites.reporting.words import Words
from flexsites.tables import Frame

HARDEST = ("zeer_hard", "hard")
"""The rules that are told by name over a run, hardest first."""


def unchecked(results: Results) -> Frame:
    """Return the excluding rules that were not checked on every parcel, in the order of the run.

    Returns
    -------
        Key ``rule_id``: its ``hardness`` (null: none is given), and ``n_sites``, the parcels that its source does not
        cover in full.
    """
    counted = Counter[str]()
    for sites in results.chunks("sites", columns=["unchecked_rules"]):
        # Parcels alike in this are many: each combination is taken apart once.
        for told, n_sites in sites["unchecked_rules"].value_counts(dropna=True).items():
            counted.update(dict.fromkeys(entries(told), n_sites))
    hardness = {rule.rule_id: rule.hardness for rule in results.manifest.rules}
    order = [rule for rule in results.rules if rule in counted]
    order += sorted(set(counted) - set(order))
    rows = [(rule, hardness.get(rule), counted[rule]) for rule in order]
    return pd.DataFrame(rows, columns=["rule_id", "hardness", "n_sites"])


def checked(results: Results, words: Words) -> str:
    """Return how many excluding rules were not checked everywhere, and which very hard and hard ones, on how many."""
    n_sites, table = results.n_rows("sites"), unchecked(results)
    most = (rows["n_rules_excluding"].max() for rows in results.chunks("sites", columns=["n_rules_excluding"]))
    n_excluding = words.number(max((one for one in most if pd.notna(one)), default=0))
    if table.empty:
        return words.text("answer.checked_all", n_excluding=n_excluding)
    named = [
        _named(str(row["rule_id"]), int(row["n_sites"]), n_sites, words)
        for hardness in HARDEST
        for _, row in table[table["hardness"] == hardness].iterrows()
    ]
    n_rest = len(table) - len(named)
    listed = [*named, *([words.text("answer.checked_rest", n=words.number(n_rest))] if n_rest else [])]
    told = words.text("answer.checked", n=words.number(len(table)), n_excluding=n_excluding)
    told = words.text("answer.checked_named", told=told, rules=", ".join(listed))
    return f"{told}. {words.text('answer.checked_means')}"


def checked_here(site: pd.Series[Any], words: Words) -> str:
    """Return how many excluding rules were not checked on one parcel, and which."""
    rules, n_excluding = entries(site["unchecked_rules"]), words.number(site["n_rules_excluding"])
    if not rules:
        return words.text("explain.checked_all", n_excluding=n_excluding)
    listed = ", ".join(words.name("rule", rule) for rule in rules)
    return words.text("explain.checked", n=words.number(len(rules)), n_excluding=n_excluding, rules=listed)


def _named(rule: str, n_sites: int, n_all: int, words: Words) -> str:
    """Return a rule by its name, with the parcels on which it was not checked."""
    name = words.name("rule", rule)
    if n_sites == n_all:
        return words.text("answer.checked_everywhere", rule=name)
    return words.text("answer.checked_parcels", rule=name, n=words.number(n_sites))
