"""Cells on processes of this machine, or on a cluster: one task is one cell, and the same code runs on any scheduler.

A task reads its own part of the inputs, runs the whole chain, writes its parts, and returns one small row. No frame is
shipped to or from a worker.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import dask
from dask.callbacks import Callback

from flexsites.errors import Fault, RunError
from flexsites.runs.memory import Limited, TooLarge, worker_died
from flexsites.runs.on_cluster import OnDone, map_on_cluster
from flexsites.runs.stopping import begin_worker, unstoppable

T = TypeVar("T")
R = TypeVar("R")

SCHEDULERS = ("synchronous", "threads", "processes", "cluster")


def require_scheduler(scheduler: str) -> None:
    """Refuse a scheduler that is neither one of ours nor an address.

    Raises
    ------
    RunError
        Naming what there is.
    """
    if scheduler not in SCHEDULERS and "://" not in scheduler:
        remedy = f"use one of {', '.join(SCHEDULERS)}, or an address such as tcp://host:8786"
        raise RunError(Fault(f"unknown scheduler '{scheduler}'", "--scheduler", remedy))


def map_cells(
    function: Callable[[T], R],
    cells: Sequence[T],
    *,
    names: Sequence[str] = (),
    shared: Path | None = None,
    scheduler: str = "processes",
    workers: int = 1,
    memory: int | None = None,
    on_done: OnDone | None = None,
) -> list[R | TooLarge]:
    """Run a function on every cell and return its rows, in the order of the cells.

    Parameters
    ----------
    function
        Picklable: a module-level function or a partial of one.
    cells
        Small descriptions of the cells.
    names
        What the tasks are called on a dashboard, one per cell and each once; empty: whatever Dask calls them.
    shared
        A folder that every worker must see, on another machine too; None: none is asked.
    scheduler
        ``synchronous``, ``threads``, ``processes`` (dask's local schedulers), ``cluster`` (a LocalCluster), or the
        address of a scheduler (``tcp://...``).
    workers
        How many tasks run at once; a given address decides for itself.
    memory
        How many bytes a worker may hold; what a cell comes to that asks for more is a ``TooLarge``. None: no limit of
        ours, and a worker that dies ends the run.

    Raises
    ------
    RunError
        If the scheduler is unknown, does not answer or is lost, a worker died, or one does not see the folder. What a
        task raises is raised here, after no further task is started.

    Examples
    --------
    >>> map_cells(abs, [-1, 2, -3], scheduler="synchronous")
    [1, 2, 3]
    """
    require_scheduler(scheduler)
    if not cells:
        return []
    names = names or [f"task-{uuid.uuid4()}" for _ in cells]
    limited = function if memory is None else Limited(function, memory)
    if scheduler == "cluster" or "://" in scheduler:
        return map_on_cluster(
            limited, cells, names, shared=shared, scheduler=scheduler, workers=workers, memory=memory, on_done=on_done
        )
    with _Done(on_done):
        if scheduler == "processes" and memory is not None:
            return _on_limited_processes(limited, cells, names, workers)
        tasks = _tasks(limited, cells, names)
        if scheduler == "processes":
            return _on_processes(tasks, min(workers, len(tasks)))
        return list(dask.compute(*tasks, scheduler=scheduler, num_workers=workers))


def _tasks(function: Callable[[T], R], cells: Sequence[T], names: Sequence[str]) -> list[Any]:
    delayed = dask.delayed(function, pure=False)
    return [delayed(cell, dask_key_name=name) for cell, name in zip(cells, names, strict=True)]


class _Done(Callback):  # type: ignore[misc]
    """Count finished tasks of dask's local schedulers."""

    def __init__(self, on_done: OnDone | None) -> None:
        super().__init__()
        self._on_done, self._n = on_done, 0

    def _posttask(self, *_: object) -> None:
        self._n += 1
        if self._on_done is not None:
            self._on_done(self._n)


def _on_processes(tasks: Sequence[Any], workers: int) -> list[Any]:
    """Run tasks on processes that end when this one does, and at once when it is stopped."""
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=begin_worker, initargs=(os.getpid(),))
    try:
        with unstoppable():
            for _ in range(workers):
                pool.submit(os.getpid)  # each starts a worker
        return list(dask.compute(*tasks, scheduler="processes", pool=pool, chunksize=1))
    except BrokenProcessPool as error:
        raise worker_died(str(error)) from error
    except Exception:
        raise
    except BaseException:
        # Stopped: nobody waits for the cells that are on their way; they leave no half part.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - public from Python 3.14 on
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Begun(Generic[T, R]):
    """A function that leaves a file while it is on a cell: of a worker that died it is known what it was at."""

    function: Callable[[T], R]
    folder: str

    def __call__(self, numbered: tuple[int, T]) -> R:
        """Run the function on a cell; its number is the name of the file."""
        number, cell = numbered
        at = Path(self.folder, str(number))
        at.touch()
        found = self.function(cell)
        at.unlink()
        return found


def _on_limited_processes(
    function: Callable[[T], R | TooLarge], cells: Sequence[T], names: Sequence[str], workers: int
) -> list[R | TooLarge]:
    """Run a function on processes that may die: cells that one was at are too large, the others are done on new ones.

    Of several that were on their way when a worker died nobody knows which it was: all are too large.
    """
    found: dict[int, R | TooLarge] = {}
    while waiting := [number for number in range(len(cells)) if number not in found]:
        with tempfile.TemporaryDirectory(prefix="flexsites-") as folder:
            numbered = [(number, cells[number]) for number in waiting]
            tasks = _tasks(_Begun(function, folder), numbered, [names[number] for number in waiting])
            try:
                rows = _on_processes(tasks, min(workers, len(tasks)))
            except RunError:
                begun = [int(path.name) for path in Path(folder).iterdir()]
                if not begun:
                    raise
                found |= {number: TooLarge("its worker died, or one beside it did") for number in begun}
            else:
                found |= dict(zip(waiting, rows, strict=True))
    return [found[number] for number in range(len(cells))]
