"""The page on a back-test: which projects that stand the model would have found, and which rule stands in the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from flexsites.reporting.names import words_of
from flexsites.reporting.report.sections_page import Section, write_sections
from flexsites.reporting.results import open_results
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.backtest_tables import Backtest
from flexsites.tables.counting import AVAILABLE


def write_backtest(directory: Path, told: Frame, lang: str = "nl") -> tuple[Path, str]:
    """Write the page of a back-test; return its path, and the answer in sentences."""
    results = open_results(directory)
    words = words_of(results, lang)
    lead = lead_of(told, words)
    path = write_sections(
        directory / "backtest" / ("backtest.html" if lang == "nl" else f"backtest.{lang}.html"),
        words,
        title=words.text("backtest.title"),
        of=words.label(results.manifest.title or results.manifest.name),
        intro=words.text("backtest.intro"),
        lead=lead,
        sections=(Section(words.text("backtest.projects"), table_view(told, Backtest.columns, words, Backtest)),),
    )
    return path, lead


def lead_of(told: Frame, words: Words) -> str:
    """Return how many projects the model finds, what excludes the others, and how their densities compare."""
    inside = told[told["verdict"].notna()]
    density = told["density_outcome"].value_counts()
    counts = {
        "n": len(told),
        "inside": len(inside),
        "available": int(inside["verdict"].isin(AVAILABLE).sum()),
        "excluded": int((inside["verdict"] == "excluded").sum()),
        "unknown": int((inside["verdict"] == "unknown").sum()),
        **{name: int(density.get(name, 0)) for name in ("below", "within", "above")},
    }
    lead = words.text("backtest.lead", **{name: words.number(n) for name, n in counts.items()})
    rules = Counter(rules[0] for rules in inside.loc[inside["verdict"] == "excluded", "excluded_by"] if len(rules))
    if rules:
        named = ", ".join(f"{words.name('rule', rule)} ({words.number(n)})" for rule, n in rules.most_common(5))
        lead += f" {words.text('backtest.rules', rules=named)}"
    middle = told["score_share"].median()
    return lead if pd.isna(middle) else f"{lead} {words.text('backtest.scores', share=words.percent(middle))}"
