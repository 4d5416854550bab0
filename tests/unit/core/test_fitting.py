"""A cell that does not fit is cut until its parts do; a run that is resumed begins with these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flexsites.errors import RunError
from flexsites.runs.fitting import assess_fitting
from flexsites.runs.lattice import Cell
from flexsites.runs.memory import TooLarge
from flexsites.runs.run import Place

POINTS = np.array([[x + 0.5, 5.0] for x in range(16)])
WHOLE = [Cell(0, 0, 8, 10), Cell(8, 0, 16, 10)]


class Worker:
    """One in whose memory so many sites fit."""

    def __init__(self, most: int, held: int = 0) -> None:
        self.most, self.held = most, held
        self.tried: list[str] = []

    def __call__(self, cells: Sequence[Cell]) -> list[Any]:
        self.tried += [cell.id for cell in cells]
        return [self._one(cell) for cell in cells]

    def _one(self, cell: Cell) -> Any:
        n_sites = int(cell.owns(POINTS).sum())
        fits = 0 < n_sites <= self.most
        return {"cell": cell.id, "n_sites": n_sites} if fits else TooLarge("no memory left", self.held)


def _fitting(worker: Worker, folder: Path, said: list[str]) -> list[dict[str, Any]]:
    place = Place(folder, "small-1", "abc")
    return assess_fitting(worker, WHOLE, POINTS, place=place, kind="parcels", memory=2**30, say=said.append)


def test_every_site_is_assessed_once(tmp_path: Path) -> None:
    said: list[str] = []
    rows = _fitting(Worker(most=3), tmp_path, said)
    owned = sum(Cell.named(row["cell"]).owns(POINTS).astype(int) for row in rows)
    assert owned.tolist() == [1] * len(POINTS)
    assert {row["n_sites"] for row in rows} == {2}
    assert {row["split_from"] for row in rows} == {"0_0_4_10", "4_0_4_10", "8_0_4_10", "12_0_4_10"}
    assert said[0] == "parcels: cell 0_0_8_10 (8 sites) does not fit in 1.0 GiB: it is cut in two."
    assert len(said) == 6


def test_what_fits_is_left_whole(tmp_path: Path) -> None:
    said: list[str] = []
    rows = _fitting(Worker(most=8), tmp_path, said)
    assert rows == [{"cell": "0_0_8_10", "n_sites": 8}, {"cell": "8_0_8_10", "n_sites": 8}]
    assert said == []


def test_a_run_that_is_resumed_does_not_try_again_what_did_not_fit(tmp_path: Path) -> None:
    rows = _fitting(Worker(most=4), tmp_path, [])
    worker = Worker(most=4)
    assert _fitting(worker, tmp_path, []) == rows
    assert worker.tried == ["0_0_4_10", "4_0_4_10", "8_0_4_10", "12_0_4_10"]


def test_a_cell_that_cannot_be_cut_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"a cell of 1 site does not fit in 1\.0 GiB, and is cut no more \(no memory left\)"
    ):
        _fitting(Worker(most=0), tmp_path, [])


def test_what_no_cut_makes_less_is_told_before_all_is_cut_to_pieces(tmp_path: Path) -> None:
    """A cell of 64 sites is cut five times, not six: what two sites ask for is not that of the sites."""
    points = np.array([[x + 0.5, 5.0] for x in range(64)])
    worker = Worker(most=0, held=700 * 2**20)
    place = Place(tmp_path, "small-1", "abc")
    with pytest.raises(RunError, match=r"a cell of 2 sites .* one holds 700 MiB") as caught:
        assess_fitting(worker, [Cell(0, 0, 64, 10)], points, place=place, kind="parcels", memory=2**30, say=[].append)
    assert worker.tried == ["0_0_64_10", "0_0_2_10"], "the smallest part at once"
    assert "give workers 2.7 GiB or more (--memory)" in str(caught.value)
