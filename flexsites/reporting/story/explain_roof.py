"""The story of one roof: its evidence, its rules, and every way of topping up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from flexsites.reporting.report.exploitation import roof_exploitation_of
from flexsites.reporting.results import Results, records
from flexsites.reporting.table_view import entries, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Roofs

# What rules ask, as it is written: lengths and areas with their unit, shares as percentages, yes or no not at all.
_UNITS = {"lift": "m", "plan_height": "m", "roof_quality": "m", "usable_roof_area": "m²"}
_SHARES_ASKED = ("roof_flat_share", "consent")
_YES_OR_NO = ("monument", "parking")
_LEFT_OUT = ("geometry", "bag_pand_id", "verdict", "failed_rules", "missing_evidence", "flags", "gemeente_code")


def explain_roof(results: Results, bag_pand_id: str, words: Words) -> str:
    """Return the story of a building as markdown.

    Parameters
    ----------
    results
        An opened run with roofs.
    bag_pand_id
        A building of the run.
    words
        The language.
    """
    roofs = results.table("roofs")
    own = roofs[roofs["bag_pand_id"] == bag_pand_id]
    roof = own.iloc[0]
    lines = [
        f"# {words.text('explain.roof_title', id=bag_pand_id)}",
        "",
        f"- {words.text('explain.verdict')}: **{words.name('verdict', roof['verdict'])}**",
        f"- {words.text('columns.gemeente')}: {words.name('area', roof['gemeente_code'])}",
        "",
        f"## {words.text('explain.evidence')}",
        "",
    ]
    shown = table_view(own, [name for name in map(str, own.columns) if name not in _LEFT_OUT], words, Roofs)
    lines += [f"- {column.heading}: {cell}" for column, cell in zip(shown.columns, shown.rows[0], strict=True) if cell]
    lines += _rules(results, bag_pand_id, words)
    for column, key in (("failed_rules", "roof_failed"), ("missing_evidence", "roof_missing")):
        if column in roofs and roof[column]:
            lines.append(f"- {words.text(f'explain.{key}', **_listed(column, roof[column], words))}")
    lines += _ways(results, bag_pand_id, words)
    lines += _exploitation(results, bag_pand_id, words)
    return "\n".join([*lines, "", words.text("report.screening_note"), ""])


def _rules(results: Results, bag_pand_id: str, words: Words) -> list[str]:
    """Return the outcome of every rule."""
    lines = ["", f"## {words.text('explain.rules')}", ""]
    if not results.has("roof_reasons"):
        return lines
    reasons = results.table("roof_reasons")
    for row in records(reasons[reasons["bag_pand_id"] == bag_pand_id]):
        rule, outcome = words.name("rule", row.rule_id), words.name("rule_outcome", row.outcome)
        lines.append(f"- {rule} [{words.name('effect', row.effect)}]: {outcome}{_against(row, words)}")
    return lines


def _against(row: Any, words: Words) -> str:  # noqa: ANN401 - a record of RoofReasons
    """Return what the roof has beside what is asked; empty where there is no figure, or it does not decide."""
    given = has_and_asks(row, words)
    return f": {' / '.join(given)}" if given else ""


def has_and_asks(row: Any, words: Words) -> list[str]:  # noqa: ANN401 - a record of RoofReasons
    """Return what the roof has and what a rule asks; nothing where there is no figure, or it does not decide."""
    does_not_decide = row.outcome == "unknown" and not pd.isna(row.limit)
    if pd.isna(row.observed) or row.rule_id in _YES_OR_NO or does_not_decide:
        return []
    return [_asked(row.rule_id, value, words) for value in (row.observed, row.limit) if not pd.isna(value)]


def _exploitation(results: Results, bag_pand_id: str, words: Words) -> list[str]:
    """Return what each way costs and brings in."""
    view = roof_exploitation_of(results, bag_pand_id, words)
    if view is None:
        return []
    rows = [
        ", ".join(f"{column.heading} {cell}" for column, cell in zip(view.columns[2:], row[2:], strict=True))
        for row in view.rows
    ]
    named = [f"- {row[0]}, {row[1]}: {told}" for row, told in zip(view.rows, rows, strict=True)]
    return ["", f"## {words.text('explain.exploitation')}", "", *named, f"- {words.text('exploitation.note')}"]


def _asked(rule_id: str, value: float, words: Words) -> str:
    """Write what a rule asks, or what the roof has of it, with its unit."""
    if rule_id in _SHARES_ASKED:
        return words.percent(value, 1)
    unit = _UNITS.get(rule_id, "")
    return f"{words.number(value, 2 if unit else 0)} {unit}".strip()


def _ways(results: Results, bag_pand_id: str, words: Words) -> list[str]:
    """Return every age rule and variant."""
    if not results.has("roof_units"):
        return []
    units = results.table("roof_units")
    lines = ["", f"## {words.text('explain.units')}", ""]
    for row in records(units[units["bag_pand_id"] == bag_pand_id].sort_values(["age_rule", "roof_variant"])):
        key = "explain.roof_line_unknown" if pd.isna(row.n_units_expected) else "explain.roof_line"
        text = words.text(
            key,
            age_rule=words.name("age_rule", row.age_rule),
            variant=words.name("roof_variant", row.roof_variant),
            verdict=words.name("verdict", row.verdict),
            units=words.number(row.n_units_expected),
            low=words.number(row.n_units_low),
            high=words.number(row.n_units_high),
        )
        for column, named in (("failed_rules", "roof_failed"), ("missing_evidence", "roof_missing")):
            if found := entries(getattr(row, column, ())):
                text += "; " + words.text(f"explain.{named}", **_listed(column, found, words))
        lines.append(f"- {text}")
    return lines


def _listed(column: str, listed: Sequence[str], words: Words) -> dict[str, str]:
    """Return a list with names, under the placeholder of its text."""
    kind, key = ("rule", "rules") if column == "failed_rules" else ("evidence", "evidence")
    return {key: ", ".join(words.name(kind, name) for name in listed)}
