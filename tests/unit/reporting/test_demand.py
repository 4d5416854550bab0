"""The section on demand: figures that add up, unknown kept apart, and nothing where no demand was given."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from flexsites.reporting import open_results, write_report, write_workbook
from flexsites.reporting.names import words_of
from flexsites.reporting.report.demand import demand
from flexsites.reporting.story.explain import explain

TOTALS = [
    ("GM9901", "senioren", 45, 30, 10, 5, 30, 2, "partly", True),
    ("GM9901", "starters", 20, 20, 0, 0, 900, 1, "met", True),
    ("GM9999", "starters", 7, None, None, None, None, None, "not_assessed", True),
]
NAMES = ["gemeente_code", "target_group", "n_homes_asked", "n_homes_met", "n_homes_possible", "n_homes_unmet"]
NAMES += ["n_homes_fit", "n_sites", "demand_outcome", "is_most"]


@pytest.fixture
def with_demand(run_directory: Path, tmp_path: Path) -> Path:
    place = tmp_path / "run"
    shutil.copytree(run_directory, place)
    told = pd.DataFrame(TOTALS, columns=NAMES).astype(dict.fromkeys(NAMES[2:8], "Int64"))
    told.to_parquet(place / "demand.parquet")
    sites = pd.read_parquet(place / "suitability.parquet").dropna(subset=["rank"]).drop_duplicates("site_id")
    given = sites.head(3)[["site_id", "flexmilieu", "n_per_cluster_expected", "score", "rank"]].assign(
        gemeente_code="GM9901",
        target_group=["senioren", "senioren", "starters"],
        n_homes_given=[10, 20, 20],
        is_most=True,
    )
    given.to_parquet(place / "demand_sites.parquet")
    return place


def test_no_demand_no_section(run_directory: Path) -> None:
    results = open_results(run_directory)
    assert demand(results, words_of(results, "nl")) is None
    assert 'id="demand"' not in write_report(run_directory).read_text(encoding="utf-8")


def test_sums_leave_out_what_is_not_assessed(with_demand: Path) -> None:
    results = open_results(with_demand)
    found = demand(results, words_of(results, "en"))
    assert found is not None
    assert "Of the 65 homes asked for in the municipalities of this run (1), 50 can be placed" in found["sentence"]
    assert "10 depend on parcels" in found["sentence"]
    assert "5 fit nowhere" in found["sentence"]
    together = [row[2:6] for i, row in enumerate(found["totals"].rows) if i in found["totals"].emphasis]
    assert together == [["65", "50", "10", "5"], ["7", "unknown", "unknown", "unknown"]]


def test_a_gemeente_without_demand_is_unknown_and_named(with_demand: Path) -> None:
    results = open_results(with_demand)
    found = demand(results, words_of(results, "nl"))
    assert found is not None
    others = set(results.table("sites")["gemeente_code"].dropna()) - {"GM9901"}
    assert bool(others) == any("onbekend (niet nul)" in caveat for caveat in found["caveats"])


def test_report_workbook_and_explanation_tell_the_same(with_demand: Path) -> None:
    html = write_report(with_demand, "nl").read_text(encoding="utf-8")
    assert 'href="#demand"' in html
    assert "Senioren" in html or "senioren" in html
    book = openpyxl.load_workbook(write_workbook(with_demand, "nl"), read_only=True)
    rows = list(book["Vraag"].iter_rows(values_only=True))
    assert sum(row[rows[1].index("gevraagd")] for row in rows[2:]) == 72
    assert [row[rows[1].index("vervuld")] for row in rows[2:]] == [30, 20, "onbekend"]
    site = pd.read_parquet(with_demand / "demand_sites.parquet")["site_id"].iloc[0]
    assert "10 woningen voor" in explain(with_demand, site)
