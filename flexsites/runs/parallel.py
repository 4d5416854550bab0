"""The only import of Dask: one task is one cell, and the same code runs on any scheduler.

A task reads its own part of the inputs, runs the whole chain, writes its parts, and returns one small row. No frame is
shipped to or from a worker.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import dask
from dask.callbacks import Callback

from flexsites.errors import Fault, RunError
from flexsites.runs.memory import Limited, TooLarge
from flexsites.runs.stopping import begin_worker, unstoppable
from flexsites.tables.whole_files import write_whole

T = TypeVar("T")
R = TypeVar("R")

SCHEDULERS = ("synchronous", "threads", "processes", "cluster")
_WORKERS_WITHIN_S = 60
"""How long a scheduler may be without workers: new ones may be on their way."""
_LOOK_EVERY_S = 5.0
_SEEN_WITHIN_S = 10.0
"""How long a folder on a network may take to show a new file."""

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
        with _client(scheduler, workers, memory) as client, _shown(client, shared, scheduler) as sees:
            task = _Task(limited, sees)
            return _on_client(client, task, cells, names, on_done, is_limited=memory is not None)
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
        raise _died(str(error)) from error
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


def _died(told: str) -> RunError:
    remedy = "say what a worker may hold (--memory), or take fewer workers, and continue with --resume"
    return RunError(Fault(f"a worker died; it probably ran out of memory ({told})", "--scheduler", remedy))


@contextmanager
def _client(scheduler: str, workers: int, memory: int | None) -> Iterator[Any]:
    from distributed import Client, KilledWorker  # noqa: PLC0415 - a second that local schedulers do not need
    from distributed.comm import CommClosedError  # noqa: PLC0415

    asked: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    if memory is not None:
        asked["memory_limit"] = memory
    try:
        with _quiet("distributed", "tornado"):
            try:
                client = Client(**asked) if scheduler == "cluster" else Client(scheduler)
            except (OSError, ValueError) as error:
                what = f"the scheduler does not answer ({error})"
                raise RunError(Fault(what, f"--scheduler {scheduler}", "start it, or correct the address")) from error
            with client:
                yield client
    except KilledWorker as error:
        raise _died(f"{error.last_worker.address}, at {error.task}") from error
    except (CommClosedError, CancelledError, TimeoutError) as error:
        raise _gone(scheduler) from error


def _gone(scheduler: str) -> RunError:
    remedy = "start it again, and continue with --resume"
    return RunError(Fault("the scheduler is gone", f"--scheduler {scheduler}", remedy))


@contextmanager
def _quiet(*packages: str) -> Iterator[None]:
    """Keep packages from logging what goes wrong: it is told in our own words, once."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.split(".")[0] in packages]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file that a worker must see, and what it holds."""

    path: Path
    token: str


@dataclass(frozen=True, slots=True)
class _Task(Generic[T, R]):
    """A function that is run only where the run's folder is seen: a worker may join at any time."""

    function: Callable[[T], R]
    seen: _Seen | None

    def __call__(self, cell: T) -> R:
        """Run the function on a cell."""
        if self.seen is not None and not _sees(self.seen):
            from distributed import get_worker  # noqa: PLC0415

            raise _blind([get_worker().address], self.seen.path.parent)
        found = self.function(cell)
        _show_stages(found)
        return found


def _show_stages(row: object) -> None:
    """Have the dashboard show what time a cell took by stage (its page of fine performance metrics)."""
    from distributed.metrics import context_meter  # noqa: PLC0415

    stages = row.get("stages", {}) if isinstance(row, dict) else {}
    for stage, seconds in stages.items():
        context_meter.digest_metric(stage, max(seconds, 0.0), "seconds")


@lru_cache(maxsize=4)
def _sees(seen: _Seen | None) -> bool:
    """Return whether this process sees a file, at once or after a while; that it answers, where none is to be seen."""
    if seen is None:
        return True
    until = time.monotonic() + _SEEN_WITHIN_S
    while True:
        try:
            if seen.path.read_text(encoding="utf-8") == seen.token:
                return True
        except OSError:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(_SEEN_WITHIN_S / 50)


def _blind(workers: Sequence[str], folder: Path) -> RunError:
    several = "workers do not see" if len(workers) > 1 else "worker does not see"
    remedy = (
        "give --outputs on a disk that all workers share, under the same path, or --store, and continue with --resume"
    )
    return RunError(Fault(f"{len(workers)} {several} this folder ({', '.join(workers[:3])})", str(folder), remedy))


@contextmanager
def _shown(client: Any, shared: Path | None, scheduler: str) -> Iterator[_Seen | None]:  # noqa: ANN401 - distributed is untyped
    """Have every worker answer before the first cell, and refuse those that do not see a file that is shown to them."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_WITHIN_S)
    except TimeoutError as error:
        what = f"the scheduler has no workers after {_WORKERS_WITHIN_S} s"
        raise RunError(Fault(what, f"--scheduler {scheduler}", "start workers, and continue with --resume")) from error
    except OSError as error:
        raise _gone(scheduler) from error
    seen = None if shared is None else _Seen(shared / f".seen.{os.getpid()}.part", uuid.uuid4().hex)
    try:
        if seen is not None:
            write_whole(seen.path, seen.token.encode())
        found = client.run(_sees, seen, on_error="return")
        lacking = {address: one for address, one in found.items() if isinstance(one, Exception)}
        for address, one in lacking.items():
            if isinstance(one, OSError):  # of distributed's: the connection to it was closed
                what = f"worker {address} was lost while it loaded flexsites: too little memory, or it was stopped"
                raise RunError(
                    Fault(what, "--scheduler", "give it more memory (--memory-limit of the worker)")
                ) from one
            remedy = "install this version of flexsites and its dependencies there"
            raise RunError(Fault(f"worker {address} cannot run flexsites ({one})", "--scheduler", remedy))
        if seen is not None and (blind := [address for address, one in found.items() if not one]):
            raise _blind(blind, seen.path.parent)
        yield seen
    finally:
        if seen is not None:
            seen.path.unlink(missing_ok=True)


def _on_client(
    client: Any,  # noqa: ANN401 - distributed is untyped
    task: _Task[T, R],
    cells: Sequence[T],
    names: Sequence[str],
    on_done: OnDone | None,
    *,
    is_limited: bool,
) -> list[R | TooLarge]:
    from distributed import as_completed  # noqa: PLC0415

    futures = [client.submit(task, cell, key=name, pure=False) for cell, name in zip(cells, names, strict=True)]
    position = {future.key: i for i, future in enumerate(futures)}
    rows: dict[int, R | TooLarge] = {}
    with _attended(client, futures) as is_left:
        for future in as_completed(futures):
            rows[position[future.key]] = _result(future, is_left, is_limited=is_limited)
            if on_done is not None:
                on_done(len(rows))
    return [rows[i] for i in range(len(cells))]


@contextmanager
def _attended(client: Any, futures: Sequence[Any]) -> Iterator[threading.Event]:  # noqa: ANN401 - distributed is untyped
    """Cancel what nobody does any more: a scheduler without workers waits for new ones for ever."""
    is_left, is_done = threading.Event(), threading.Event()

    def watch() -> None:
        """Look, until all is done, whether anybody still works."""
        without_since = None
        while not is_done.wait(_LOOK_EVERY_S):
            try:
                has_workers = bool(client.nthreads())
            except Exception:  # noqa: BLE001 - the scheduler is gone, which the futures tell
                return
            without_since = None if has_workers else without_since or time.monotonic()
            if without_since is not None and time.monotonic() - without_since > _WORKERS_WITHIN_S:
                is_left.set()
                client.cancel(list(futures))
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield is_left
    finally:
        is_done.set()
        thread.join(_LOOK_EVERY_S)


def _result(future: Any, is_left: threading.Event, *, is_limited: bool) -> Any:  # noqa: ANN401 - distributed is untyped
    from distributed import KilledWorker  # noqa: PLC0415

    try:
        return future.result()
    except KilledWorker as error:
        if not is_limited:
            raise
        return TooLarge(f"its workers died, at last {error.last_worker.address}")
    except MemoryError as error:
        raise _died(f"{future.key}: {error}") from error
    except CancelledError as error:
        if not is_left.is_set():
            raise
        what = f"the scheduler has no workers left, for {_WORKERS_WITHIN_S} s"
        raise RunError(Fault(what, "--scheduler", "start workers, and continue with --resume")) from error
