"""How sure the totals of a run are, as it stands on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flexsites.reporting.names import words_of
from flexsites.reporting.report.certainty import certainty_notes, certainty_table
from flexsites.reporting.results import open_results

__all__ = ["certainty_lines"]


def certainty_lines(directory: Path | str, lang: str) -> tuple[list[str], Sequence[Sequence[str]], list[str]]:
    """Return headings, cells and notes: per total the run's own figure, the interval of its draws, what moves it.

    Parameters
    ----------
    directory
        A run's directory that holds draws.
    lang
        ``nl`` or ``en``.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    shown = certainty_table(results, words)
    return [heading for heading, *_ in shown.headings], shown.rows, certainty_notes(results, words)
