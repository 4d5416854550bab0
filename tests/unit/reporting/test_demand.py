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
from flexsites.tables import DemandSites, DemandTotals, conform
from flexsites.tables.files import write_table

TOTALS = [
    ("GM9901", "senioren", 45, 30, 0, 10, 5, 30, 2, "partly"),
    ("GM9901", "starters", 20, 20, 4, 0, 0, 900, 1, "met"),
    ("GM9999", "starters", 7, None, None, None, None, None, None, "not_assessed"),
]
NAMES = ["gemeente_code", "target_group", "n_homes_asked", "n_homes_met", "n_homes_elsewhere", "n_homes_possible"]
NAMES += ["n_homes_unmet", "n_homes_fit", "n_places", "demand_outcome"]
ASKS = ("household_size", "years_asked", "from_year", "is_level_asked", "most_share", "most_homes_near", "near_m")


@pytest.fixture
def with_demand(summed_run: Path, tmp_path: Path) -> Path:
    place = tmp_path / "run"
    shutil.copytree(summed_run, place)
    told = pd.DataFrame(TOTALS, columns=NAMES).assign(**dict.fromkeys(ASKS), is_most=[True, True, True], n_homes_gap=0)
    told["household_size"] = [2, None, None]
    told["also_in"], told["demand_id"] = [()] * 3, told["gemeente_code"] + " " + told["target_group"]
    write_table(conform(told, DemandTotals, where="test"), DemandTotals, place / "demand.parquet")
    sites = pd.read_parquet(place / "suitability.parquet").dropna(subset=["rank"]).drop_duplicates("site_id")
    given = sites.head(3)[["site_id", "flexmilieu", "score"]].reset_index(drop=True)
    given = given.assign(
        gemeente_code="GM9901",
        place_gemeente_code=["GM9901", "GM9901", "GM9902"],
        target_group=["senioren", "senioren", "starters"],
        n_homes_given=[10, 20, 20],
        n_homes_place=30, n_parcels=1, n_parcels_consent=[1, 0, 0], n_parcels_private=0, n_homes_gap=0,
        available_years_expected=15.0, place_kind="without", is_best=[True, True, False],
    )  # fmt: skip
    given["place_id"] = given["site_id"] + "#1"
    given["place_pieces"] = [(one,) for one in given["place_id"]]
    given["demand_id"] = given["gemeente_code"] + " " + given["target_group"]
    write_table(conform(given, DemandSites, where="test"), DemandSites, place / "demand_sites.parquet")
    return place


def test_no_demand_no_section(run_directory: Path, written) -> None:
    results = open_results(run_directory)
    assert demand(results, words_of(results, "nl")) is None
    assert 'id="demand"' not in written(write_report, "nl").read_text(encoding="utf-8")


def test_sums_leave_out_what_is_not_assessed(with_demand: Path) -> None:
    results = open_results(with_demand)
    found = demand(results, words_of(results, "en"))
    assert found is not None
    assert "Of the 65 homes asked for in the municipalities of this run (1), 50 can be placed" in found["sentence"]
    assert "10 depend on parcels" in found["sentence"]
    assert "5 fit nowhere" in found["sentence"]
    assert "10 are in places where at least one parcel needs consent" in found["sentence"]
    assert any("taken in turn" in caveat for caveat in found["caveats"])
    together = [row[3:7] for i, row in enumerate(found["totals"].rows) if i in found["totals"].emphasis]
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
    # It said "geen": of a largest share, which the target group may well have.
    for asked in ("huishouden", "gelijkvloers", "grootste deel van een plek"):
        assert rows[3][rows[1].index(asked)] == "niet gevraagd", asked
    site = pd.read_parquet(with_demand / "demand_sites.parquet")["site_id"].iloc[0]
    assert "10 woningen voor" in explain(with_demand, site)
