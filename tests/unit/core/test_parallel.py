"""Rows come back in the order of the cells; what goes wrong with a scheduler is told in a sentence."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import pytest

from flexsites.errors import InputError, RunError
from flexsites.runs import on_cluster
from flexsites.runs.memory import TooLarge
from flexsites.runs.parallel import map_cells

LIMIT = 2**30


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
        map_cells(_double, [1, -1], scheduler=scheduler, workers=1)


def test_an_unknown_scheduler_is_refused_even_without_cells() -> None:
    with pytest.raises(RunError, match=r"unknown scheduler 'abacus'.*synchronous, threads"):
        map_cells(_double, [], scheduler="abacus")


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    pytest.importorskip("distributed")
    quick = {"distributed.comm.timeouts.connect": "1s"}
    with dask.config.set(quick), pytest.raises(RunError, match=r"tcp://127.0.0.1:1: the scheduler does not answer"):
        map_cells(_double, [1], scheduler="tcp://127.0.0.1:1")


def test_a_worker_that_dies_is_told() -> None:
    with pytest.raises(RunError, match=r"a worker died; it probably ran out of memory.*--resume"):
        map_cells(_die, [1], scheduler="processes", workers=1)


def _task_name(_: int) -> str:
    from distributed import get_worker  # noqa: PLC0415

    return str(get_worker().get_current_task())


def _too_much(_: int) -> int:
    raise MemoryError("2 TB asked")


def _some_too_much(cell: int) -> int:
    return _double(cell) if cell < 3 else _too_much(cell)


def _some_die(cell: int) -> int:
    return _double(cell) if cell < 3 else _die(cell)


@pytest.mark.parametrize("scheduler", ["synchronous", "processes"])
def test_a_cell_that_asks_for_more_memory_than_a_worker_may_hold_is_too_large(scheduler: str) -> None:
    rows = map_cells(_some_too_much, [1, 3, 2], scheduler=scheduler, workers=1, memory=LIMIT)
    assert [rows[0], rows[2]] == [2, 4]
    assert isinstance(rows[1], TooLarge)


def test_a_cell_of_which_the_worker_dies_is_too_large_and_the_others_are_done() -> None:
    rows = map_cells(_some_die, [1, 3, 2, 3, 1], scheduler="processes", workers=1, memory=LIMIT)
    assert [rows[0], rows[2], rows[4]] == [2, 4, 2]
    assert [type(row) for row in (rows[1], rows[3])] == [TooLarge, TooLarge]


@pytest.mark.deep(sibling="test_a_cell_of_which_the_worker_dies_is_too_large_and_the_others_are_done")
@pytest.mark.parametrize("cells", [[1, 3, 2], [3, 1, 2, 1, 2]])
def test_so_it_is_on_a_cluster(cells: list[int]) -> None:
    """Also of those that wait on the worker while another ends it."""
    rows = map_cells(_some_die, cells, scheduler="cluster", workers=1, memory=2 * LIMIT)
    assert [row for row, cell in zip(rows, cells, strict=True) if cell < 3] == [2 * cell for cell in cells if cell < 3]
    assert isinstance(rows[cells.index(3)], TooLarge)


def _row(cell: int) -> dict[str, object]:
    return {"cell": cell, "stages": {"read": 1.5, "lay_out": 2.5}}


def test_the_dashboard_is_told_the_stages_of_a_cell() -> None:
    """Its page of fine performance metrics shows them by the kind of the task."""
    names = [f"parcels-{corner}_471000_500_500-ab12cd34ef56" for corner in (155000, 155500)]
    with _cluster(1) as address:
        map_cells(_row, [1, 2], names=names, scheduler=address)
        from distributed import Client  # noqa: PLC0415

        found: dict[object, float] = {}
        until = time.monotonic() + 20
        with Client(address) as client:
            while found.get(("execute", "parcels", "lay_out", "seconds")) != 5.0 and time.monotonic() < until:
                time.sleep(0.1)  # workers tell it with their next sign of life
                found = client.run_on_scheduler(lambda dask_scheduler: dict(dask_scheduler.cumulative_worker_metrics))
    assert found["execute", "parcels", "lay_out", "seconds"] == 5.0
    assert found["execute", "parcels", "read", "seconds"] == 3.0


@contextmanager
def _cluster(n_workers: int) -> Iterator[str]:
    """Give the address of a scheduler in this process."""
    from distributed import LocalCluster  # noqa: PLC0415

    asked = {"threads_per_worker": 1, "processes": False, "dashboard_address": None, "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=n_workers, **asked) as cluster:
        yield cluster.scheduler_address


def test_tasks_have_the_names_of_their_cells(tmp_path: Path) -> None:
    names = ["parcels-155000_471000_500-ab", "roofs-155000_471500_500-cd"]
    with _cluster(1) as address:
        assert map_cells(_task_name, [1, 2], names=names, shared=tmp_path, scheduler=address) == names
        with pytest.raises(RunError, match=r"a worker died; it probably ran out of memory \(roofs-1: 2 TB asked\)"):
            map_cells(_too_much, [1], names=["roofs-1"], scheduler=address)
    assert list(tmp_path.iterdir()) == [], "what was shown to the workers is cleared away"


@pytest.mark.parametrize("first_answer", ["", "yes"])
def test_a_worker_that_does_not_see_the_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_answer: str
) -> None:
    """Before the first cell, and also one that joins when cells are on their way."""
    answers = iter([bool(first_answer)])
    monkeypatch.setattr(on_cluster, "_sees", lambda _: next(answers, False))
    with _cluster(1) as address, pytest.raises(RunError, match=r"1 worker does not see this folder \(inproc://.*share"):
        map_cells(_double, [1, 2], shared=tmp_path, scheduler=address)


def test_a_file_of_another_disk_is_not_the_one_that_was_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_cluster, "_SEEN_WITHIN_S", 0.05)
    (tmp_path / "a").write_text("of an earlier run", encoding="utf-8")
    assert not on_cluster._sees(on_cluster._Seen(tmp_path / "a", "of this one"))
    assert not on_cluster._sees(on_cluster._Seen(tmp_path / "b", "of this one"))
    assert on_cluster._sees(on_cluster._Seen(tmp_path / "a", "of an earlier run"))


def test_a_scheduler_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_cluster, "_WORKERS_WITHIN_S", 1)
    monkeypatch.setattr(on_cluster, "_LOOK_EVERY_S", 0.1)
    with _cluster(0) as address:
        with pytest.raises(RunError, match=r"the scheduler has no workers after 1 s.*start workers"):
            map_cells(_double, [1], shared=tmp_path, scheduler=address)
        monkeypatch.setattr("distributed.Client.wait_for_workers", lambda *_, **__: None)  # they leave after that
        with pytest.raises(RunError, match=r"the scheduler has no workers left.*start workers"):
            map_cells(_double, [1], scheduler=address)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (OSError("Stream is closed"), "too little memory.*more memory"),
        (ModuleNotFoundError("no flexsites"), "install this"),
    ],
)
def test_a_worker_that_does_not_answer_is_told_by_why_it_does_not(
    answer: Exception, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed while it loads has too little memory: to install flexsites there is no remedy."""
    monkeypatch.setattr("distributed.Client.run", lambda *_, **__: {"tcp://1.2.3.4:5": answer})
    with _cluster(1) as address, pytest.raises(RunError, match=rf"worker tcp://1\.2\.3\.4:5 .*{told}"):
        map_cells(_double, [1], shared=tmp_path, scheduler=address)


def _kill_when_asked(scheduler: subprocess.Popen[str]) -> None:
    """Kill a scheduler half a second after its log says that a run has found it: by then the run knows that too."""
    assert scheduler.stderr is not None
    for line in scheduler.stderr:
        if "Receive client connection" in line:
            time.sleep(0.5)
            scheduler.kill()


def test_a_scheduler_that_is_lost_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--no-show"]
    piped = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--host", "127.0.0.1"], **piped) as child:
        assert child.stderr is not None
        address = next(found[0] for line in child.stderr if (found := re.findall(r"tcp://[\d.]+:\d+", line)))
        threading.Thread(target=_kill_when_asked, args=(child,)).start()
        quick = {"distributed.comm.timeouts.connect": "1s"}
        gone = r"tcp://127.*: the scheduler is gone. Remedy: start it again.*--resume"
        with dask.config.set(quick), pytest.raises(RunError, match=gone):
            map_cells(_double, [1], scheduler=address)
    assert "Traceback" not in capfd.readouterr().err
