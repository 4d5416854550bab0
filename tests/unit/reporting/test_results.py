from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from flexsites.errors import InputError, NotFoundError
from flexsites.reporting import open_results, write_tables
from flexsites.reporting.ledger import ledger_of
from flexsites.reporting.summaries.stretches import variants_of
from flexsites.tables import RuleCoverage, Sites
from flexsites.tables.defined import require_columns
from flexsites.tables.files import write_table
from tests.reporting_fixture import write_results


def test_opens_a_run(run_directory: Path) -> None:
    results = open_results(run_directory)
    assert results.has_sites
    assert results.has_roofs
    assert variants_of(results) == ["base", "strict"]
    assert results.table("sites").crs.to_epsg() == 28992
    assert results.table("reasons") is results.table("reasons")


def test_the_ledger_of_a_parcel_tells_the_rules_that_are_not_checked_there(run_directory: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(run_directory, tmp_path / "run"))
    results = open_results(place)
    site, *others = results.table("reasons")["site_id"].unique()
    own = results.table("reasons").query("site_id == @site").sort_values("rule_id")
    about = {"rule_coverage_id": "half", "effect": "exclude", "hardness": "hard"}
    rows = [
        about | {"rule_id": "silent", "coverage": "not", "covered_share": 0.0},
        about | {"rule_id": own["rule_id"].iloc[0], "coverage": "partly", "covered_share": 0.5},
    ]
    write_table(pd.DataFrame(rows), RuleCoverage, place / "rule_coverage.parquet")
    sites = results.table("sites")
    sites.loc[sites["site_id"] == site, "rule_coverage_id"] = "half"
    write_table(sites, Sites, place / "sites.parquet")
    told = ledger_of(open_results(place), site).set_index("rule_id")
    assert told.loc["silent"].to_dict() == {
        "site_id": site, "effect": "exclude", "hardness": "hard", "covered_area_m2": 0.0, "attributed_area_m2": 0.0,
        "unique_area_m2": 0.0, "coverage": "not", "covered_share": 0.0,
    }  # fmt: skip
    rest = told.drop(index="silent").reset_index()[own.columns]
    pd.testing.assert_frame_equal(rest, own.reset_index(drop=True))
    assert "silent" not in set(ledger_of(open_results(place), others[0])["rule_id"])


def test_a_run_of_a_version_that_wrote_fewer_columns_is_refused(run_directory: Path, tmp_path: Path) -> None:
    """Its tables are as it wrote them, and lack what is read now: nobody could give that but a run of this version."""
    place = Path(shutil.copytree(run_directory, tmp_path / "run"))
    require_columns(place, ["sites", "reasons", "a table that is not there"])
    table = pq.read_table(place / "sites.parquet")
    pq.write_table(table.drop_columns(["verdict", "location_id"]), place / "sites.parquet")
    with pytest.raises(InputError, match=r"another version .* without sites\.location_id, sites\.verdict\."):
        open_results(place).table("sites")
    assert len(open_results(place).table("reasons"))


def test_what_is_not_a_run_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        open_results(tmp_path / "absent")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        open_results(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        open_results(tmp_path)
    (tmp_path / "manifest.json").write_text('{"run_id": "r"}', encoding="utf-8")
    with pytest.raises(InputError, match="not a finished run"):
        open_results(tmp_path)


def test_the_folder_above_names_the_runs_in_it(tmp_path: Path) -> None:
    write_results(tmp_path / "first")
    with pytest.raises(InputError, match="first"):
        open_results(tmp_path)


def test_a_table_that_is_not_there_is_named(run_directory: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no table 'noise'.*sites"):
        open_results(run_directory).table("noise")


def test_summing_tables_are_written_whole(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run")
    written = write_tables(place)
    assert {path.stem for path in written} == {
        "totals", "verdicts", "drop", "requirements", "ownership", "variants", "transit", "roof_totals", "roof_groups",
    }  # fmt: skip
    first = {path.name: path.read_bytes() for path in written}
    again = {path.name: path.read_bytes() for path in write_tables(place)}
    assert first == again
    assert not list(place.glob(".*"))
