"""The memory of a worker: held to a limit while it assesses a cell; a cell that does not fit ends as :class:`TooLarge`.

What counts is what the process holds of its own (anonymous memory), not pages of files that it maps, which the system
takes back when it needs them. A thread looks at it many times a second and ends the cell with a MemoryError; what asks
for too much at once is refused by the system (RLIMIT_DATA), above what libraries have reserved without using it.
"""

from __future__ import annotations

import ctypes
import gc
import math
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from flexsites.errors import Fault, RunError

T = TypeVar("T")
R = TypeVar("R")

_TURNS = 1000
"""Turns of a loop in which an error on its way surely arrives: it does at the next."""

_LOOK_EVERY_S = 0.05
_BEFORE_SHARE = 0.9
"""A worker that holds so much of its memory before a cell begins can do none."""
_BESIDE = 2.0
"""A worker with less than so many times what it holds without a cell has room for none: with 2.3 times as much the demo
fails at a cell that is cut no more. [A]"""
_LEAST = 4.0
"""So many times as much is the least that is told to give: with it the demo is done. [A]"""
_STEP = 50 << 20
_STATUS = Path("/proc/self/status")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?\s*", re.IGNORECASE)
_KIBI, _KILO = 1 << 10, 1000
_REFUSED = re.compile(r"bad_alloc|[Uu]nable to allocate|[Cc]annot allocate memory|can't start new thread")
"""How libraries in other languages say that they got no memory."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """What a cell comes to that does not fit in the memory of its worker.

    Attributes
    ----------
    told
        How it ended.
    held
        What its worker holds without it, in bytes; 0: not known, for it died.
    """

    told: str
    held: int = 0


@dataclass(frozen=True, slots=True)
class Limited(Generic[T, R]):
    """A function of a cell that is held to a limit of memory; it travels to workers.

    Attributes
    ----------
    function
        The function.
    n_bytes
        The limit.
    """

    function: Callable[[T], R]
    n_bytes: int

    def __call__(self, cell: T) -> R | TooLarge:
        """Call the function; return that it did not fit, if so."""
        told = ""
        try:
            with within(self.n_bytes):
                return self.function(cell)
        except MemoryError as error:
            told = str(error) or "no memory left"
        except Exception as error:
            if not _REFUSED.search(str(error)) and not _is_of_memory(error):
                raise
            told = f"{type(error).__name__}: {error}"
        # Only here, where no frame of the cell is held any more, its memory can be given back.
        give_back()
        return TooLarge(told, held_bytes()[0])


def _is_of_memory(error: BaseException) -> bool:
    """Whether an error comes of a MemoryError: raised where other code looks away, Python makes a SystemError of it."""
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    return any(isinstance(one, MemoryError) for one in causes)


def bytes_of(size: str) -> int:
    """Return the number of bytes that a size says.

    Raises
    ------
    RunError
        If it is no size.

    Examples
    --------
    >>> bytes_of("4GiB") == 4 * 2**30, bytes_of("500 MB"), bytes_of("1.5G") == 1_500_000_000
    (True, 500000000, True)
    """
    found = _SIZE.fullmatch(size)
    if found is None or float(found[1]) <= 0.0:
        raise RunError(Fault(f"'{size}' is no amount of memory", "--memory", "give one, such as 4GiB"))
    unit = (found[2] or "").upper()
    power = " KMGT".index(unit[0]) if unit else 0
    return int(float(found[1]) * (_KIBI if unit.endswith("I") else _KILO) ** power)


def require_enforceable(size: str, scheduler: str) -> None:
    """Refuse a limit that is no amount of memory, or that nothing holds workers to.

    Raises
    ------
    RunError
        Telling which.
    """
    bytes_of(size)
    if scheduler == "threads":
        remedy = "take --scheduler processes or cluster"
        raise RunError(Fault("threads share one memory: a limit for each cannot be held", "--memory", remedy))
    if not sys.platform.startswith("linux"):
        remedy = "leave it out, or let the workers run on Linux"
        raise RunError(Fault("a limit of memory can be held on Linux alone", "--memory", remedy))


def shown(n_bytes: float) -> str:
    """Return an amount of memory as people read it.

    Examples
    --------
    >>> shown(4 * 2**30), shown(300 * 2**20)
    ('4.0 GiB', '300 MiB')
    """
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**30 else f"{n_bytes / 2**20:.0f} MiB"


def least_for(held: int) -> str:
    """Return the least to give a worker that holds so much without a cell, as people read it.

    Examples
    --------
    >>> least_for(180 << 20)
    '750 MiB'
    """
    return shown(math.ceil(_LEAST * held / _STEP) * _STEP)


def require_room(held: int, n_bytes: int) -> None:
    """Refuse a limit that leaves no room for a cell.

    Parameters
    ----------
    held
        What a worker holds without a cell.
    n_bytes
        The limit.

    Raises
    ------
    RunError
        Telling both, and the least to give.
    """
    if n_bytes < _BESIDE * held:
        raise _no_room(held, n_bytes)


def _no_room(held: int, n_bytes: int) -> RunError:
    what = f"a worker holds {shown(held)} before it begins with a cell, of the {shown(n_bytes)} that it may"
    return RunError(Fault(what, "--memory", f"give workers {least_for(held)} or more"))


def held_bytes() -> tuple[int, int]:
    """Return what this process holds of its own, and what it has reserved, used or not; in bytes."""
    status = _STATUS.read_text(encoding="ascii", errors="replace")
    found = dict(re.findall(r"^(RssAnon|VmData):\s+(\d+) kB$", status, re.MULTILINE))
    return int(found["RssAnon"]) * _KIBI, int(found["VmData"]) * _KIBI


def give_back() -> None:
    """Give memory that nothing holds back to the system."""
    import pyarrow as pa  # noqa: PLC0415 - what reads tables has loaded it

    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def within(n_bytes: int) -> Iterator[None]:
    """Hold this process to a limit of memory inside the block, which ends with a MemoryError where it asks for more.

    Raises
    ------
    RunError
        If it holds about as much before it begins.
    """
    import resource  # noqa: PLC0415 - not on every system

    import pyarrow as pa  # noqa: PLC0415

    pa.allocate_buffer(1)  # its memory is reserved when it is first asked for: before what is reserved is seen
    if (before := held_bytes()[0]) > _BEFORE_SHARE * n_bytes:
        give_back()
        before = held_bytes()[0]
    if before > _BEFORE_SHARE * n_bytes:
        raise _no_room(before, n_bytes)
    used, reserved = held_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (n_bytes + reserved - used, hard))
    try:
        with _watched(n_bytes):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def _watched(n_bytes: int) -> Iterator[None]:
    """Raise a MemoryError in this thread while the process holds more than a limit inside the block, or at its end."""
    thread_id, deciding = threading.get_ident(), threading.Lock()
    is_done, is_raised = threading.Event(), threading.Event()

    def watch() -> None:
        """Look until the block ends."""
        while not is_done.wait(_LOOK_EVERY_S):
            if held_bytes()[0] > n_bytes:
                with deciding:
                    if not is_done.is_set():
                        is_raised.set()
                        _raise_in(thread_id, _HeldTooMuchError)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        # One that is still on its way would end something else. It is waited for, not taken back: Python 3.11 goes on
        # looking for one that was taken back, at every call and turn, and a traced function never begins.
        try:
            with deciding:
                is_done.set()
            for _ in range(_TURNS if is_raised.is_set() else 0):
                pass
        except _HeldTooMuchError:
            is_done.set()
        watcher.join()
    if is_raised.is_set():
        # It came late, or where Python passes over errors: while an object is done away with, or garbage searched for.
        raise _HeldTooMuchError


class _HeldTooMuchError(MemoryError):
    """More is held than may be."""

    def __str__(self) -> str:
        return "more memory was held than a worker may"


def _raise_in(thread_id: int, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))


def worker_died(told: str) -> RunError:
    """Return what a worker that died is told as: mostly the system took it, for its memory."""
    remedy = "say what a worker may hold (--memory), or take fewer workers, and continue with --resume"
    return RunError(Fault(f"a worker died; it probably ran out of memory ({told})", "--scheduler", remedy))
