from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.errors import InputError, NotFoundError
from flexsites.reporting import open_results, write_tables
from tests.reporting_fixture import write_results


def test_opens_a_run(run_directory: Path) -> None:
    results = open_results(run_directory)
    assert results.has_sites
    assert results.has_roofs
    assert list(results.variants()) == ["base", "strict"]
    assert results.table("sites").crs.to_epsg() == 28992
    assert results.table("reasons") is results.table("reasons")


def test_what_is_not_a_run_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        open_results(tmp_path / "absent")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        open_results(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        open_results(tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
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
