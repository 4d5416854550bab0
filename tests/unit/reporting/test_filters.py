"""A table is filtered by what it shows: names, yes and no, and numbers as the language writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.reporting.results import open_results
from flexsites.reporting.words import Words
from flexsites.view.opened import Opened, open_run
from flexsites.view.tables import page_of


@pytest.fixture
def run(run_directory: Path) -> Opened:
    return open_run(run_directory)


@pytest.mark.parametrize(
    ("lang", "column", "texts"),
    [
        ("nl", "verdict", ["uitgesloten", "excluded", "EXCL"]),
        ("nl", "buildable_area_m2", [">=5.000", ">=5000", ">= 5.000,0"]),
        ("en", "buildable_area_m2", [">=5,000", ">=5000", ">= 5,000.0"]),
        ("nl", "flags", ["zoning"]),
    ],
)
def test_what_is_shown_is_found(run: Opened, lang: str, column: str, texts: list[str]) -> None:
    sites = open_results(run.results.directory).table("sites")
    wanted = {
        "verdict": sites["verdict"].eq("excluded"),
        "buildable_area_m2": sites["buildable_area_m2"].ge(5000),
        "flags": sites["flags"].map(lambda rules: "zoning" in rules),
    }[column]
    shown = [run.words[lang].name("rule", "zoning")] if column == "flags" else []
    assert 0 < wanted.sum() < len(sites)
    for text in (*texts, *shown):
        assert page_of(run.results, "sites", run.words[lang], filters={column: text}).total == wanted.sum(), text


@pytest.mark.parametrize(("yes", "no"), [("ja", "nee"), ("Ja", "Nee"), ("true", "false")])
def test_yes_and_no_are_found(run: Opened, yes: str, no: str) -> None:
    told = open_results(run.results.directory).table("suitability")["is_suitable"]
    for text, wanted in ((yes, told), (no, ~told)):
        found = page_of(run.results, "suitability", run.words["nl"], filters={"is_suitable": text})
        assert found.total == wanted.fillna(value=False).sum() > 0


def test_an_area_is_found_by_its_name(run: Opened) -> None:
    codes = open_results(run.results.directory).table("sites")["gemeente_code"]
    code = codes.dropna().iloc[0]
    words = Words("nl", {("area", code): "Waterdam"})
    for text in ("waterd", code):
        assert page_of(run.results, "sites", words, filters={"gemeente_code": text}).total == codes.eq(code).sum() > 0
