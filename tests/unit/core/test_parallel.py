"""Rows come back in the order of the cells; what goes wrong with a scheduler is told in a sentence."""

from __future__ import annotations

import os

import dask
import pytest

from flexsites.errors import InputError, RunError
from flexsites.runs.parallel import map_cells


def _double(cell: int) -> int:
    if cell < 0:
        raise InputError("a negative cell")
    return 2 * cell


def _die(cell: int) -> int:
    os._exit(cell)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_rows_in_the_order_of_the_cells(scheduler: str) -> None:
    done: list[int] = []
    rows = map_cells(_double, [3, 1, 2], scheduler=scheduler, workers=2, on_done=done.append)
    assert rows == [6, 2, 4]
    assert sorted(done) == [1, 2, 3]
    with pytest.raises(InputError, match="a negative cell"):
        map_cells(_double, [1, -1], scheduler=scheduler, workers=2)


def test_an_unknown_scheduler_is_refused_even_without_cells() -> None:
    with pytest.raises(RunError, match=r"unknown scheduler 'abacus'.*synchronous, threads"):
        map_cells(_double, [], scheduler="abacus")


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    pytest.importorskip("distributed")
    quick = {"distributed.comm.timeouts.connect": "1s"}
    with dask.config.set(quick), pytest.raises(RunError, match=r"tcp://127.0.0.1:1: the scheduler does not answer"):
        map_cells(_double, [1], scheduler="tcp://127.0.0.1:1")


def test_a_worker_that_dies_is_told() -> None:
    with pytest.raises(RunError, match=r"a worker died.*--resume"):
        map_cells(_die, [1], scheduler="processes", workers=1)
