"""The page on splitting homes: how many more a list of homes may become, home by home."""

from __future__ import annotations

from pathlib import Path

from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.splitting_tables import Splitting

__all__ = ["write_splitting"]


def write_splitting(folder: Path, told: Frame, lang: str = "nl") -> tuple[Path, str]:
    """Write the page; return its path, and the answer in a sentence."""
    words = Words(lang)
    extra = {name: words.number(round(told[f"extra_homes_{name}"].sum())) for name in ("low", "expected", "high")}
    outcomes = told["splitting_outcome"].value_counts()
    names = ("may_split", "too_small", "too_recent", "other_type")
    counts = {name: words.number(int(outcomes.get(name, 0))) for name in names}
    unknown = words.number(int(told["splitting_outcome"].isna().sum()))
    lead = words.text("splitting.lead", n=words.number(len(told)), unknown=unknown, **counts, **extra)
    best = told.sort_values(["extra_homes_expected", "dwelling_id"], ascending=[False, True], na_position="last")
    path = write_sections(
        folder / ("splitting.html" if lang == "nl" else f"splitting.{lang}.html"),
        words,
        title=words.text("splitting.title"),
        of=words.text("splitting.of"),
        intro=words.text("splitting.intro"),
        lead=lead,
        sections=(Section(words.text("splitting.dwellings"), table_view(best, Splitting.columns, words, Splitting)),),
    )
    return path, lead
