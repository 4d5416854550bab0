from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.reporting import explain, open_results
from flexsites.reporting.summaries.all_tables import summary
from tests.golden_files import Golden


@pytest.mark.parametrize("name", ["verdicts", "drop", "requirements", "ownership", "transit", "variants"])
def test_summing_tables(golden: Golden, run_directory: Path, name: str) -> None:
    golden.check_kept(summary(open_results(run_directory), name), f"reporting/{name}.csv")


def test_totals_of_the_run(golden: Golden, run_directory: Path) -> None:
    table = summary(open_results(run_directory), "totals")
    golden.check_kept(table[table["area_kind"] == "run"].reset_index(drop=True), "reporting/totals.csv")


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_story_of_a_site(golden: Golden, run_directory: Path, lang: str) -> None:
    golden.check_kept(explain(run_directory, "WDM00A00010", lang), f"reporting/explain.{lang}.txt")
