"""What a score is made of, on factsheets and in the story of a site."""

from __future__ import annotations

from flexsites.reporting.results import Results, records
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words, unit_in
from flexsites.tables.choice_tables import ScoreParts

_SHOWN = ("flexmilieu", "measure", "measured_value", "full_at", "zero_at", "weight_share", "worth", "contribution")


def scores_of(results: Results, site_id: str, words: Words) -> TableView | None:
    """Return what the scores of a site are made of; None where the run does not tell it."""
    if not results.has("score_parts"):
        return None
    own = results.table("score_parts")
    return table_view(own[own["site_id"] == site_id], _SHOWN, words, ScoreParts)


def score_lines(results: Results, site_id: str, words: Words) -> list[str]:
    """Return the same in lines, one per flexmilieu and measure."""
    view = scores_of(results, site_id, words)
    if view is None:
        return []
    own = results.table("score_parts")
    rows = zip(view.rows, records(own[own["site_id"] == site_id]), strict=True)
    names = ("flexmilieu", "measure", "value", "full", "zero", "weight", "worth", "part")
    return [
        words.text(
            "score.unreached" if row.status == "unreached" else "score.line",
            **dict(zip(names, written, strict=True)),
            unit=f" {unit_in(row.measure)}".rstrip(),
        )
        for written, row in rows
    ]
