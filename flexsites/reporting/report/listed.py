"""The page of a question asked of a list of one's own: the answer in a sentence, and row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.config.estimates import ESTIMATES
from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Table
from flexsites.tables.field import Field
from flexsites.tables.gardens_tables import GardenHomes, garden_outcome
from flexsites.tables.homelessness_tables import HomesShort, shortage_outcome
from flexsites.tables.splitting_tables import Splitting, splitting_outcome
from flexsites.tables.transformation_tables import Transformation, transformation_outcome

__all__ = ["write_listed"]


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page tells.

    Attributes
    ----------
    table
        Its rows.
    outcome
        The column whose outcomes the sentence counts, each by its name; null: unknown.
    homes
        The columns whose sums the sentence tells, without low, expected and high.
    sums
        Other columns whose sums it tells, by what the sentence calls them.
    """

    table: Table
    outcome: Field
    homes: str
    sums: Mapping[str, str] = field(default_factory=dict)


_FEW = 10
"""Of fewer homes, that count for a share, a tenth is told: a short list would come to none."""

_PAGES = {
    "transformation": _Page(Transformation, transformation_outcome, "n_transformed"),
    "splitting": _Page(Splitting, splitting_outcome, "extra_homes"),
    "gardens": _Page(GardenHomes, garden_outcome, "garden_homes"),
    "homelessness": _Page(HomesShort, shortage_outcome, "n_homes_short", {"people": "n_people"}),
}


def write_listed(name: str, folder: Path, told: Frame, lang: str = "nl") -> tuple[Path, str]:
    """Write the page of a question; return its path, and the answer in a sentence."""
    words, page = Words(lang), _PAGES[name]
    outcomes = told[page.outcome.name].value_counts()
    counts = {one: int(outcomes.get(one, 0)) for one in page.outcome.values}
    counts |= {"n": len(told), "unknown": int(told[page.outcome.name].isna().sum())}
    counts |= {one: round(told[column].sum()) for one, column in page.sums.items()}
    homes = {one: _about(told[f"{page.homes}_{one}"], words) for one in ESTIMATES}
    lead = words.text(f"{name}.lead", **homes, **{one: words.number(n) for one, n in counts.items()})
    order = [f"{page.homes}_expected", *page.table.key]
    best = told.sort_values(order, ascending=[False] + [True] * len(page.table.key), na_position="last")
    path = write_sections(
        folder / (f"{name}.html" if lang == "nl" else f"{name}.{lang}.html"),
        words,
        title=words.text(f"{name}.title"),
        of=words.text(f"{name}.of"),
        intro=words.text(f"{name}.intro"),
        lead=lead,
        sections=(Section(words.text(f"{name}.rows"), table_view(best, page.table.columns, words, page.table)),),
    )
    return path, lead


def _about(homes: pd.Series[Any], words: Words) -> str:
    """Return the sum of a column of homes, in whole homes where they are whole or many."""
    total = float(homes.sum())
    return words.number(total, 0 if total.is_integer() or total >= _FEW else 1)
