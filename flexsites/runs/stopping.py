"""How a run stops when it is asked to, and how its workers end when it does, however it ends."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 1.0
_AGAIN_S = 0.05
_ASKING = (signal.SIGINT, signal.SIGTERM)
_HANDLED = (*_ASKING, *((signal.SIGALRM,) if hasattr(signal, "SIGALRM") else ()))
_NEW_OBJECTS = 10_000
"""After how many a run looks for garbage: importing makes very many that stay, and 700 look dozens of times."""


class Stopped(BaseException):
    """The run was asked to stop: by Ctrl-C, or by who ends processes (SIGTERM)."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise :class:`Stopped` inside the block when the process is asked to end; a second time it ends at once.

    Where Python passes over errors (while an object is done away with, or garbage searched for) it is raised again a
    moment later; where other code did, at the end of the block.
    Outside the main thread nothing changes: there signals are not ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    told_before = sys.unraisablehook

    def stop(number: int, _: FrameType | None) -> None:
        asked.append(number)
        for one in _ASKING:
            signal.signal(one, signal.SIG_DFL)
        raise Stopped(asked[0])

    def passed_over(told: sys.UnraisableHookArgs) -> None:
        if issubclass(told.exc_type, Stopped):
            _ring_in(_AGAIN_S)
        else:
            told_before(told)

    before = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        sys.unraisablehook = passed_over
        for number in _HANDLED:
            signal.signal(number, stop)
        yield
        if asked:
            raise Stopped(asked[0])
    finally:
        _ring_in(0.0)
        sys.unraisablehook = told_before
        for number, handler in before.items():
            signal.signal(number, handler)


def _ring_in(seconds: float) -> None:
    """Let the process be asked to end so much later by its own alarm, where the system has one; 0 takes it back.

    No thread does it: to start one from where an object is done away with may wait for what its owner holds.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Start in the block what this process stops itself: it never sees a signal to stop, from its first moment.

    One that comes meanwhile waits until the block ends.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker(parent: int) -> None:
    """Make this process a worker of another: it leaves it to that one to stop, and ends when that one does."""
    for number in _ASKING:
        signal.signal(number, signal.SIG_IGN)
    search_seldom()
    end_with(parent)


def search_seldom() -> None:
    """Let this process look for garbage less often than by default, before it imports what a run needs."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


def end_with(parent: int) -> None:
    """End this process as soon as its parent does, even if that is killed.

    Parameters
    ----------
    parent
        The process that started this one.
    """
    is_told = sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0
    if os.getppid() != parent:
        os._exit(1)  # it ended before it could be watched
    if not is_told:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
