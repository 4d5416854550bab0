"""Cells on a cluster of Dask: workers that see the run's folder, and true words for all that can go wrong with them."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from flexsites.errors import Fault, RunError
from flexsites.runs.memory import TooLarge, worker_died
from flexsites.tables.whole_files import write_whole

T = TypeVar("T")
R = TypeVar("R")

_WORKERS_WITHIN_S = 60
"""How long a scheduler may be without workers: new ones may be on their way."""
_LOOK_EVERY_S = 5.0
_SEEN_WITHIN_S = 10.0
"""How long a folder on a network may take to show a new file."""

OnDone = Callable[[int], None]
"""What is called after each task, with how many are done."""


def map_on_cluster(
    function: Callable[[T], R | TooLarge],
    cells: Sequence[T],
    names: Sequence[str],
    *,
    shared: Path | None,
    scheduler: str,
    workers: int,
    memory: int | None,
    on_done: OnDone | None,
) -> list[R | TooLarge]:
    """Run a function on every cell on a cluster of this machine (``cluster``), or one that runs at an address.

    Parameters
    ----------
    function
        Where ``memory`` is given one that tells a cell that is too large.
    cells, names, shared, scheduler, workers, memory, on_done
        See :func:`flexsites.runs.parallel.map_cells`.

    Raises
    ------
    RunError
        If the scheduler does not answer or is lost, a worker died, or one does not see the folder.
    """
    with _client(scheduler, workers, memory) as client, _shown(client, shared, scheduler) as sees:
        return _on_client(client, _Task(function, sees), cells, names, on_done, is_limited=memory is not None)


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
        raise worker_died(f"{error.last_worker.address}, at {error.task}") from error
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
    from distributed import KilledWorker, as_completed  # noqa: PLC0415

    futures = [client.submit(task, cell, key=name, pure=False) for cell, name in zip(cells, names, strict=True)]
    position = {future.key: i for i, future in enumerate(futures)}
    rows: dict[int, R | TooLarge] = {}
    with _attended(client, futures) as is_left:
        for future in as_completed(futures):
            rows[position[future.key]] = _result(future, is_left, is_limited=is_limited)
            if on_done is not None:
                on_done(len(rows))
        # The scheduler blames what waited on a worker as well as what ended it: of several each is asked alone.
        blamed = [i for i, future in enumerate(futures) if is_limited and isinstance(future.exception(), KilledWorker)]
        for i in blamed if len(blamed) > 1 else ():
            alone = client.submit(task, cells[i], key=f"{names[i]}-alone", pure=False)
            rows[i] = _result(alone, is_left, is_limited=is_limited)
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
        raise worker_died(f"{future.key}: {error}") from error
    except CancelledError as error:
        if not is_left.is_set():
            raise
        what = f"the scheduler has no workers left, for {_WORKERS_WITHIN_S} s"
        raise RunError(Fault(what, "--scheduler", "start workers, and continue with --resume")) from error
