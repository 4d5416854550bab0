"""A shortlist as it stands on the screen: names for codes, unknown in words, and what is left out only for that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flexsites.reporting.names import words_of
from flexsites.reporting.results import open_results, records
from flexsites.reporting.words import Words
from flexsites.tables import Frame

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
    headings = [words.text(f"columns.{name}") for name in _COLUMNS]
    cells = [_cells(row, words) for row in records(rows)]
    notes = [
        words.text("shortlist.left_out", n=words.number(n), what=words.text(f"columns.{name}"))
        for name, n in n_unknown.items()
    ]
    return headings, cells, [*([] if cells else [words.text("shortlist.nothing")]), *notes]


def _cells(row: object, words: Words) -> list[str]:
    """Return one site as it is shown."""
    get = row._asdict()  # type: ignore[attr-defined] # a named tuple
    homes = f"{words.number(get['n_units_expected'])} ({words.span(get['n_units_low'], get['n_units_high'])})"
    return [
        words.name("flexmilieu", get["flexmilieu"]),
        words.number(get["rank"]),
        str(get["site_id"]),
        words.name("owner", get["owner_class"]),
        homes,
        words.number(get["available_years_expected"], 1),
        words.name("verdict", get["verdict"]),
    ]
