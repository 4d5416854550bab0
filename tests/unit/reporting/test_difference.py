"""What differs between two runs: a run with itself, the other way round, and a rule that is made to take land."""

import shutil

import pandas as pd
import pytest

from flexsites.reporting.report.difference import write_difference
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.difference import cause_changes, gemeente_changes, site_changes
from flexsites.tables import Reasons, Sites, Suitability
from flexsites.tables.files import read, write_table


@pytest.fixture
def stricter_run(run_directory, tmp_path):
    """The run, but one site is taken by its first rule, and of another a requirement fails."""
    folder = tmp_path / "stricter"
    shutil.copytree(run_directory, folder)
    sites, suitability, reasons = (read(folder / f"{name}.parquet") for name in ("sites", "suitability", "reasons"))
    good = sites[
        sites["verdict"].isin(["eligible", "conditional"]) & sites["is_suitable"].fillna(value=False).astype(bool)
    ]
    taken, failing = good["site_id"].iloc[0], good["site_id"].iloc[1]
    rule = reasons.loc[reasons["site_id"].eq(taken) & reasons["effect"].eq("exclude"), "rule_id"].iloc[0]
    is_row = reasons["site_id"].eq(taken) & reasons["rule_id"].eq(rule)
    reasons.loc[is_row, ["covered_area_m2", "attributed_area_m2"]] += 5_000.0
    sites.loc[sites["site_id"].eq(taken), "verdict"] = "excluded"
    sites.loc[sites["site_id"].eq(failing), ["is_suitable", "is_suitable_demanding"]] = False
    own = suitability["site_id"].eq(failing)
    suitability.loc[own, "is_suitable"] = False
    suitability.loc[own, "failed_criterion"] = "gp"
    for name, table, frame in (
        ("sites", Sites, sites),
        ("suitability", Suitability, suitability),
        ("reasons", Reasons, reasons),
    ):
        write_table(frame, table, folder / f"{name}.parquet")
    return folder, str(taken), str(rule), str(failing)


def test_a_run_does_not_differ_from_itself(run_directory):
    same = open_results(run_directory)
    changes = site_changes(same, same)
    assert changes.empty
    told = gemeente_changes(same, same, changes)
    assert (told["n_sites_before"] == told["n_sites_after"]).all()
    assert told["n_sites_before"].sum() > 0


def test_what_did_it_is_told_and_the_other_way_round_is_won(run_directory, stricter_run):
    folder, taken, rule, failing = stricter_run
    before, after = open_results(run_directory), open_results(folder)
    changes = site_changes(before, after).set_index("site_id")
    assert changes.index.tolist() == sorted([taken, failing])
    assert changes["change"].tolist() == ["lost", "lost"]
    assert changes.loc[taken, ["cause_kind", "cause"]].tolist() == ["rule", rule]
    assert changes.loc[failing, ["cause_kind", "cause"]].tolist() == ["criterion", "gp"]
    back = site_changes(after, before).set_index("site_id")
    assert back["change"].tolist() == ["won", "won"]
    pd.testing.assert_frame_equal(back[["cause_kind", "cause"]], changes[["cause_kind", "cause"]])
    told = gemeente_changes(before, after, changes.reset_index())
    assert (told["n_sites_after"] == told["n_sites_before"] + told["n_sites_won"] - told["n_sites_lost_between"]).all()
    assert cause_changes(changes.reset_index())["n_sites_lost_between"].tolist() == [1, 1]


def test_the_page_and_the_map_are_written(run_directory, stricter_run):
    folder, taken, *_ = stricter_run
    page, lead = write_difference(run_directory, folder, "en")
    text = page.read_text(encoding="utf-8")
    assert taken in text
    assert lead in text
    assert "municipality code" not in text
    assert "0 won and 2 lost" in lead
    assert taken in (page.parent / "changes.geojson").read_text(encoding="utf-8")
