"""What adds up over a run is the same whatever its parts: cut anywhere, added in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flexsites.reporting import open_results
from flexsites.reporting.names import words_of
from flexsites.reporting.report.page import render_report
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.computed import COMPUTED
from flexsites.reporting.summaries.drop import drop_table
from flexsites.reporting.summaries.requirements import requirement_table
from flexsites.reporting.summaries.roofs import roof_totals
from flexsites.reporting.summaries.sums import Places, Sum, amounts_of, count_locations, exact, of_locations, together
from flexsites.reporting.summaries.totals import totals
from flexsites.reporting.summaries.verdicts import ownership_totals, verdict_totals
from flexsites.tables import conform
from flexsites.tables.files import read_chunks
from flexsites.tables.summary_tables import SUMMARIES
from tests.reporting_fixture import FLEXMILIEUS


def _in_stretches(results: Results, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    """Let a run be read so many rows at a time."""

    def few(path: Path, columns: Sequence[str] | None = None) -> object:
        return read_chunks(path, columns=columns, rows=n)

    monkeypatch.setattr("flexsites.reporting.results.read_chunks", few)
    assert len(list(results.chunks("sites", columns=["site_id"]))) == -(-results.n_rows("sites") // n)


@pytest.mark.parametrize("name", sorted(COMPUTED))
def test_a_table_is_the_same_however_many_parcels_are_read_at_a_time(
    name: str, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(run_directory)
    whole = conform(COMPUTED[name](results), SUMMARIES[name], where=name, is_result=True)
    _in_stretches(results, monkeypatch, 50)
    found = conform(COMPUTED[name](results), SUMMARIES[name], where=name, is_result=True)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), whole.reset_index(drop=True), check_exact=True)


WHOLE: dict[str, Callable[[Results], pd.DataFrame]] = {
    "totals": lambda run: totals(
        run.table("sites"), run.table("suitability"), flexmilieu_order=FLEXMILIEUS, clusters=run.table("clusters"),
        places=_places(run),
    ),
    "verdicts": lambda run: verdict_totals(run.table("sites"), places=_places(run)),
    "ownership": lambda run: ownership_totals(run.table("sites"), places=_places(run)),
    "requirements": lambda run: requirement_table(run.table("suitability"), run.table("sites")),
    "drop": lambda run: drop_table(
        run.table("sites"), run.table("reasons"), run.table("near_misses") if run.has("near_misses") else None,
        rule_coverage=run.table("rule_coverage"), rule_order=run.rules, homes_per_ha=60.0,
    ),
    "roof_totals": lambda run: roof_totals(run.table("roof_units")),
}  # fmt: skip


def _places(run: Results) -> pd.DataFrame | None:
    if not (run.has("pieces") and run.has("piece_locations")):
        return None
    pieces = run.table("pieces")
    valid = pieces.loc[pieces["is_valid"] & pieces["is_with_consent"], ["piece_id", "site_id"]]
    return pd.DataFrame(valid).merge(run.table("piece_locations"), on="piece_id")


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_run_read_in_stretches_sums_up_as_its_whole_tables_do(
    name: str, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(run_directory)
    whole = conform(WHOLE[name](results), SUMMARIES[name], where=name, is_result=True)
    _in_stretches(results, monkeypatch, 40)
    found = conform(COMPUTED[name](results), SUMMARIES[name], where=name, is_result=True)
    kept = [one for one in whole if one != "n_common_near_miss"]
    pd.testing.assert_frame_equal(
        found[kept].reset_index(drop=True), whole[kept].reset_index(drop=True), check_exact=True
    )


AMOUNTS = st.lists(st.floats(0.0, 1e8, allow_subnormal=False), max_size=40)


@settings(max_examples=30)
@given(AMOUNTS, st.randoms(use_true_random=False), st.integers(1, 7))
def test_parts_add_up_exactly_in_any_order(amounts: list[float], random: object, n_parts: int) -> None:
    rows = pd.DataFrame({"area": ["x"] * len(amounts), "m2": exact(amounts)})
    order = list(range(len(amounts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    sums = Sum(["area"])
    for part in np.array_split(np.array(order, dtype=np.intp), n_parts):
        sums.add(rows.iloc[part])
    found = sums.table()["m2"].get("x", 0)
    assert found == int(exact(amounts).sum())
    true = sum(map(Fraction, amounts), Fraction())
    assert (
        abs(Fraction(float(amounts_of(np.int64(found)))) - true) <= Fraction(len(amounts), 200_000_000) + true / 2**50
    )


def test_a_sum_folds_what_waits_and_keeps_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flexsites.reporting.summaries.sums._MOST_WAITING", 3)
    sums = Sum(["area"])
    sums._most = 3
    for code in "abcabcaab":
        sums.add(pd.DataFrame({"area": [code], "n": [1]}))
    assert sums.table()["n"].to_dict() == {"a": 4, "b": 3, "c": 2}


def test_a_location_in_two_areas_counts_in_both_and_once_in_the_run() -> None:
    areas = pd.DataFrame({"run": "run", "gemeente": ["a", "b", "b", "b"]})
    groups = np.array([[True, False], [True, True], [True, False], [False, False]])
    parts = [
        Places.of(pd.Series(["1", "1"]), areas.iloc[:2], groups[:2]),
        Places.of(pd.Series(["2", "3"]), areas.iloc[2:], groups[2:]),
    ]
    held = together(parts)
    assert count_locations(held, "gemeente", 2).loc[["a", "b"]].to_numpy().tolist() == [[1, 0], [2, 1]]
    assert count_locations(held, "run", 2).loc["run"].tolist() == [2, 1]
    everywhere = count_locations(of_locations(held), "gemeente", 2)
    assert everywhere.loc[["a", "b"]].to_numpy().tolist() == [[1, 1], [2, 1]], "in a too location 1 is of both groups"


def test_a_report_is_the_same_however_many_rows_are_read_at_a_time(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = render_report(open_results(run_directory), words_of(open_results(run_directory), "en"))
    results = open_results(run_directory)
    _in_stretches(results, monkeypatch, 50)
    assert render_report(results, words_of(results, "en")) == whole


def test_a_sheet_reads_the_first_rows_alone_and_knows_how_many_there_are(
    run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(run_directory)
    sites, reasons = results.table("sites"), results.table("reasons")
    _in_stretches(results, monkeypatch, 50)
    found, n_rows = open_results(run_directory).first("sites", 7)
    assert (found["site_id"].tolist(), n_rows) == (sites["site_id"].head(7).tolist(), len(sites))
    covered = reasons[reasons["effect"] == "exclude"]
    found, n_rows = open_results(run_directory).first("reasons", 70, lambda rows: rows[rows["effect"] == "exclude"])
    assert found["rule_id"].tolist() == covered["rule_id"].head(70).tolist()
    assert n_rows == len(covered) > 70
