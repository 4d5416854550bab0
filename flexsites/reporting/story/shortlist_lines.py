"""A shortlist as it stands on the screen: names for codes, unknown in words, and what is left out only for that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flexsites.reporting.names import words_of
from flexsites.reporting.results import open_results
from flexsites.reporting.table_view import table_view
from flexsites.tables import Frame, Sites, Suitability

_COLUMNS = ("flexmilieu", "rank", "site_id", "owner_class", "n_units", "available_years_expected", "verdict")

SITE_ID = _COLUMNS.index("site_id")
"""Which column holds the id."""


def shortlist_lines(
    directory: Path | str, rows: Frame, n_unknown: Mapping[str, int], lang: str
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return headings, cells and notes of a shortlist.

    Parameters
    ----------
    directory
        The run's directory.
    rows
        flexmilieu, rank, site_id, owner_class, homes, available_years_expected, verdict.
    n_unknown
        Per column how many sites are left out only because it is unknown.
    lang
        ``nl`` or ``en``.
    """
    words = words_of(open_results(directory), lang)
    homes = zip(rows["n_units_expected"], rows["n_units_low"], rows["n_units_high"], strict=True)
    told = [f"{words.number(expected)} ({words.span(low, high)})" for expected, low, high in homes]
    shown = table_view(rows.assign(n_units=told), _COLUMNS, words, Suitability, Sites)
    headings, cells = [heading for heading, *_ in shown.headings], shown.rows
    notes = [
        words.text("shortlist.left_out", n=words.number(n), what=words.text(f"columns.{name}"))
        for name, n in n_unknown.items()
    ]
    return headings, cells, [*([] if cells else [words.text("shortlist.nothing")]), *notes]
