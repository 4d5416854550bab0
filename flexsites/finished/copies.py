"""A share of a question of land assessed by a copy of this process, which has all that this one has opened.

A partner (:mod:`flexsites.finished.partner`) opens the run for itself and helps with every question after; a copy is
made for one question, opens nothing, and ends with its answer. So it helps with the first question already, where who
asks runs in the foreground. As a partner it is a help, not a need: what it does not give is assessed here.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Literal, TypeVar

from flexsites.finished.kept import n_besides
from flexsites.finished.partner import end_with, patience_s

__all__ = ["MOST_COPIES", "apart", "n_copies", "n_cores"]

_T = TypeVar("_T")

MOST_COPIES = 3
"""Shares meet at their borders, and what lies there is found in each: more of them are done no sooner [A]."""


def n_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def n_copies(workers: int, n_parcels: int) -> int:
    """Return how many copies help one process, where so many workers may work on the land of so many parcels.

    Examples
    --------
    >>> n_copies(1, 4_000), n_copies(64, 4_000) == MOST_COPIES, n_copies(64, 1_000_000)
    (0, True, 0)
    """
    return min(workers - 1, MOST_COPIES, n_besides(n_parcels)) if sys.platform == "linux" else 0


@contextmanager
def apart(work: Callable[[], _T]) -> Iterator[Callable[[], _T | None]]:
    """Do some work in a copy of this process, begun at once; what is given waits for it, and with the block it ends.

    Parameters
    ----------
    work
        Gives what can be sent between processes. It changes nothing here: what it remembers ends with the copy.

    Yields
    ------
        Gives what the work gave; None where it failed, took too long, or this process cannot be copied (elsewhere than
        on Linux, in one that itself is a worker's, where no more processes or files may be opened): then it is to be
        done here, where a fault is met again.

    Examples
    --------
    >>> with apart(lambda: 6 * 7) as one, apart(lambda: 1 / 0) as other:
    ...     (one() in (42, None), other() is None)
    (True, True)
    """
    with ExitStack() as begun:
        yield _begin(work, begun)


def _begin(work: Callable[[], _T], begun: ExitStack) -> Callable[[], _T | None]:
    """Begin some work in a copy, and have it ended with what was begun."""
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return lambda: None
    fork = multiprocessing.get_context("fork")
    begin = time.perf_counter()
    try:
        pipe, theirs = fork.Pipe(duplex=False)
        begun.callback(pipe.close)
        process = fork.Process(target=_work, args=(pipe, theirs, os.getpid(), work), daemon=True)
        with warnings.catch_warnings(), theirs:
            # Other threads there may be, of libraries and of notebooks: the copy waits for none of them, and is not
            # waited for longer than below.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    except OSError:
        return lambda: None
    begun.callback(process.join)
    begun.callback(process.kill)

    def answer() -> _T | None:
        found: tuple[Literal["given"], _T] | None = None
        with suppress(OSError, EOFError):
            if pipe.poll(patience_s(time.perf_counter() - begin)):
                found = pipe.recv()
        return None if found is None else found[1]

    return answer


def _work(ours: Connection, pipe: Connection, parent: int, work: Callable[[], object]) -> None:
    """Do the work in the copy, and send what it gives; nothing where it fails."""
    # Who is at the keyboard stops the process that asks: with it this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    ours.close()
    with suppress(Exception):
        pipe.send(("given", work()))
