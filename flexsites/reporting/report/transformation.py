"""The page on vacant buildings: how many homes they may hold, building by building."""

from __future__ import annotations

from pathlib import Path

from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.transformation_tables import Transformation

__all__ = ["write_transformation"]


def write_transformation(folder: Path, told: Frame, lang: str = "nl") -> tuple[Path, str]:
    """Write the page; return its path, and the answer in a sentence."""
    words = Words(lang)
    homes = {name: words.number(int(told[f"n_transformed_{name}"].sum())) for name in ("low", "expected", "high")}
    outcomes = told["transformation_outcome"].value_counts()
    counts = {name: words.number(int(outcomes.get(name, 0))) for name in ("homes", "too_small", "no_homes")}
    lead = words.text(
        "transformation.lead",
        n=words.number(len(told)),
        n_homes=counts.pop("homes"),
        unknown=words.number(int(told["transformation_outcome"].isna().sum())),
        **counts,
        **homes,
    )
    best = told.sort_values(["n_transformed_expected", "building_id"], ascending=[False, True], na_position="last")
    path = write_sections(
        folder / ("transformation.html" if lang == "nl" else f"transformation.{lang}.html"),
        words,
        title=words.text("transformation.title"),
        of=words.text("transformation.of"),
        intro=words.text("transformation.intro"),
        lead=lead,
        sections=(
            Section(
                words.text("transformation.buildings"),
                table_view(best, Transformation.columns, words, Transformation),
            ),
        ),
    )
    return path, lead
