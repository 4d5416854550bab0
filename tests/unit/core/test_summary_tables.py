"""The tables that sum up a run keep to their definition, when they are made and when they are read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flexsites.errors import ContractError
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.all_tables import summary, write_tables
from flexsites.tables import conform
from flexsites.tables.summary_tables import SUMMARIES
from tests.reporting_fixture import write_results


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = write_results(tmp_path_factory.mktemp("summaries") / "run")
    write_tables(place)
    return place


@pytest.mark.parametrize("name", sorted(set(SUMMARIES) - {"anchors"}))
def test_what_is_written_has_the_columns_of_its_definition_in_order(directory: Path, name: str) -> None:
    found = pd.read_parquet(directory / f"{name}.parquet")
    assert list(found.columns) == SUMMARIES[name].columns
    conform(found, SUMMARIES[name], where=name, is_result=True)


@pytest.mark.parametrize(
    ("name", "spoil", "told"),
    [
        ("totals", lambda table: table.drop(columns="n_sites"), "n_sites"),
        ("totals", lambda table: table.assign(n_sites=-1), "outside"),
        ("drop", lambda table: table.assign(extra=1), "does not define: extra"),
        ("verdicts", lambda table: pd.concat([table, table.head(1)]), "the same key twice"),
    ],
)
def test_a_table_that_somebody_changed_is_refused(tmp_path: Path, name: str, spoil, told: str) -> None:
    place = write_results(tmp_path / "run")
    write_tables(place)
    path = place / f"{name}.parquet"
    spoil(pd.read_parquet(path)).to_parquet(path, index=False)
    with pytest.raises(ContractError, match=told):
        summary(open_results(place), name)
