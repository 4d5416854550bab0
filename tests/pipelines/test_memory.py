"""A run whose workers may hold less than its cells ask for: these are cut, and the tables are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flexsites.runs import fitting
from flexsites.runs.memory import TooLarge
from flexsites.tables.manifest import read_manifest
from tests.pipelines.small_run import CELL_M, Small, assess, tables


def test_a_cell_that_does_not_fit_is_cut_and_gives_the_same(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first cell of parcels does not fit: of a run that had all others done, its halves are assessed alone."""
    directory = small.copy_to(tmp_path)
    first = min(directory.glob("parts/*/*/parcels.json"))
    first.unlink()
    meant, tried = fitting.assess_fitting, list[str]()

    def assess_fitting(attempt: Any, *arguments: Any, **options: Any) -> Any:
        def fits(cells: Any) -> list[Any]:
            tried.extend(cell.id for cell in cells if options["kind"] == "parcels")
            first_time = [cell.id == first.parent.name and options["kind"] == "parcels" for cell in cells]
            others = iter(attempt([cell for cell, no in zip(cells, first_time, strict=True) if not no]))
            return [TooLarge("no memory left") if no else next(others) for no in first_time]

        return meant(fits, *arguments, **options)

    monkeypatch.setattr("flexsites.runs.cells.assess_fitting", assess_fitting)
    assert assess(small.path, tmp_path, cell_size_m=CELL_M, resume=True, memory="16GiB", quiet=False) == directory
    assert tables(directory) == small.expected
    rows = [row for row in read_manifest(directory).cells if row.kind == "parcels"]
    assert [row.split_from for row in rows if row.split_from] == [first.parent.name] * 2
    assert first.parent.name not in {row.cell for row in rows}
    assert f"cell {first.parent.name}" in capsys.readouterr().err
    assert tried.count(first.parent.name) == 1
