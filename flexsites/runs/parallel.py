"""The only import of Dask: one task is one cell, and the same code runs on any scheduler.

A task reads its own part of the inputs, runs the whole chain, writes its parts, and returns one small row. No frame is
shipped to or from a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import dask
from dask.callbacks import Callback

from flexsites.errors import Fault, RunError

T = TypeVar("T")
R = TypeVar("R")

SCHEDULERS = ("synchronous", "threads", "processes", "cluster")


OnDone = Callable[[int], None]
"""What is called after each task, with how many are done."""


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
    scheduler: str = "processes",
    workers: int = 1,
    on_done: OnDone | None = None,
) -> list[R]:
    """Run a function on every cell and return its rows, in the order of the cells.

    Parameters
    ----------
    function
        Picklable: a module-level function or a partial of one.
    cells
        Small descriptions of the cells.
    scheduler
        ``synchronous``, ``threads``, ``processes`` (dask's local schedulers), ``cluster`` (a LocalCluster), or the
        address of a scheduler (``tcp://...``).
    workers
        How many tasks run at once; a given address decides for itself.

    Raises
    ------
    RunError
        If the scheduler is unknown or does not answer, or a worker died (of want of memory, mostly). What a task
        raises is raised here, after no further task is started.

    Examples
    --------
    >>> map_cells(abs, [-1, 2, -3], scheduler="synchronous")
    [1, 2, 3]
    """
    require_scheduler(scheduler)
    if not cells:
        return []
    if scheduler == "cluster" or "://" in scheduler:
        with _client(scheduler, workers) as client:
            return _on_client(client, function, cells, on_done)
    tasks = [dask.delayed(function, pure=False)(cell) for cell in cells]
    try:
        with _Done(on_done):
            return list(dask.compute(*tasks, scheduler=scheduler, num_workers=workers, chunksize=1))
    except BrokenProcessPool as error:
        raise _died(error) from error


def _died(error: Exception) -> RunError:
    remedy = "take smaller cells (--cell-size) or fewer workers, and continue with --resume"
    return RunError(Fault(f"a worker died, probably of want of memory ({error})", "--scheduler", remedy))


class _Done(Callback):  # type: ignore[misc]
    """Count finished tasks of dask's local schedulers."""

    def __init__(self, on_done: OnDone | None) -> None:
        super().__init__()
        self._on_done, self._n = on_done, 0

    def _posttask(self, *_: object) -> None:
        self._n += 1
        if self._on_done is not None:
            self._on_done(self._n)


@contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Any]:
    from distributed import Client, KilledWorker  # noqa: PLC0415 - a second that local schedulers do not need

    asked = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    try:
        client = Client(**asked) if scheduler == "cluster" else Client(scheduler)
    except (OSError, ValueError) as error:
        what = f"the scheduler does not answer ({error})"
        raise RunError(Fault(what, f"--scheduler {scheduler}", "start it, or correct the address")) from error
    try:
        with client:
            yield client
    except KilledWorker as error:
        raise _died(error) from error


def _on_client(client: Any, function: Callable[[T], R], cells: Sequence[T], on_done: OnDone | None) -> list[R]:  # noqa: ANN401 - distributed is untyped
    from distributed import as_completed  # noqa: PLC0415

    futures = [client.submit(function, cell, pure=False) for cell in cells]
    position = {future.key: i for i, future in enumerate(futures)}
    rows: dict[int, R] = {}
    for future in _completed(as_completed(futures)):
        rows[position[future.key]] = future.result()
        if on_done is not None:
            on_done(len(rows))
    return [rows[i] for i in range(len(cells))]


def _completed(futures: Any) -> Iterator[Any]:  # noqa: ANN401 - distributed is untyped
    yield from futures
