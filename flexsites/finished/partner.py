"""Another process that has opened the same run, and assesses a share of a question of land while this one does its own.

It is a help, not a need: until it has opened the run, when it ends, and when what it was asked went wrong there, this
process assesses that share itself. So an answer, and a fault, are those of one process.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from flexsites.arrays import BoolArray
from flexsites.compiled import no_search_for_garbage
from flexsites.config.readings import Reading
from flexsites.tables import Frame
from flexsites.tables.contract import frames_remembered

__all__ = ["Helping", "Partner", "Share", "Sharing", "end_with", "patience_s"]

Share = tuple[BoolArray, Mapping[str, Frame]]
"""The parcels of a share, and what was assessed of them."""

Helping = Callable[[], Share | None]
"""Gives a share, or none: then it is assessed by who asks."""

_PATIENCE_S = 20.0
_PATIENCE = 4.0
"""A process that takes so many times as long as the share of this one, and so long besides, is given up."""

_LOOK_EVERY_S = 1.0


def patience_s(taken_s: float) -> float:
    """Return how long a share is waited for still, by who took so long for its own.

    Examples
    --------
    >>> patience_s(2.0)
    28.0
    """
    return _PATIENCE_S + _PATIENCE * taken_s


class Sharing(Protocol):
    """What a partner opens: a run that is asked for shares."""

    def prepare(self) -> None:
        """Open the land."""
        ...

    def mark(self) -> int:
        """Return what tells one state of the run from another."""
        ...

    def share(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Share:
        """Return what a reading leaves of one of the shares."""
        ...


@dataclass(eq=False)
class Partner:
    """A process that helps; it is started at once, and opens the run beside this one.

    Attributes
    ----------
    opening
        Opens the run, in the partner: a module-level function, or a partial of one.
    mark
        Of the run as this process has it: who opened it in another state does not help.
    patience
        How long a share is waited for still, by the seconds since it was asked.
    niceness
        How far it stands back for others that want the same core: 19 is what takes only what they leave.
    """

    opening: Callable[[], Sharing]
    mark: int
    patience: Callable[[float], float] = patience_s
    niceness: int = 0
    _process: BaseProcess = field(init=False, repr=False)
    _pipe: Connection = field(init=False, repr=False)
    _is_open: bool = field(default=False, init=False, repr=False)
    _n_asked: int = field(default=0, init=False, repr=False)
    _n_told: int = field(default=0, init=False, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        """Start the process."""
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_help, args=(theirs, self.opening, os.getpid(), self.niceness), daemon=True
        )
        self._process.start()
        # Of this end nothing is left here: when the partner ends its pipe does.
        theirs.close()

    def is_ready(self) -> bool:
        """Whether it has opened the run, still lives, and has nothing to do.

        Who waited for an answer and was stopped left it to come: until it came nothing else is asked.
        """
        with self._turn:
            try:
                if not self._is_open and not self._pipe.closed and self._pipe.poll():
                    self._is_open = self._pipe.recv() == self.mark
                    if not self._is_open:
                        self._end()
                while self._is_open and self._n_told < self._n_asked and self._pipe.poll():
                    self._n_told, _ = self._pipe.recv()
            except (OSError, EOFError):
                self._end()
            return self._is_open and self._n_told == self._n_asked

    def help(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Helping:
        """Ask for a share, at once; what is returned waits for it."""
        with self._turn:
            self._n_asked += 1
            number, begin = self._n_asked, time.perf_counter()
            try:
                self._pipe.send((number, reading, gemeente, i, n_shares))
            except (OSError, ValueError):
                self._end()
        return lambda: self._answer(number, begin)

    def _answer(self, number: int, begin: float) -> Share | None:
        """Return the answer of a number, or none."""
        until = time.perf_counter() + self.patience(time.perf_counter() - begin)
        with self._turn:
            try:
                if self._is_open and self._n_told < number and self._pipe.poll(max(0.0, until - time.perf_counter())):
                    self._n_told, found = self._pipe.recv()
                    return found  # type: ignore[no-any-return]
            except (OSError, EOFError):
                pass
            self._end()
            return None

    def is_gone(self) -> bool:
        """Whether it has ended, or opened another state of the run."""
        return self._pipe.closed or not self._process.is_alive()

    def end(self) -> None:
        """End it: it is asked no more."""
        # First of all: who waits for its answer has the turn, and gives it back when there comes none.
        self._process.kill()
        with self._turn:
            self._end()

    def _end(self) -> None:
        self._is_open = False
        self._pipe.close()
        self._process.kill()


def _help(pipe: Connection, opening: Callable[[], Sharing], parent: int, niceness: int) -> None:
    """Open a run and answer what is asked, until the pipe ends."""
    if sys.platform != "win32":
        os.nice(niceness)
    # Who is at the keyboard stops the process that asks: with it this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    with suppress(EOFError, OSError), frames_remembered():
        run = opening()
        with no_search_for_garbage():
            run.prepare()
        gc.freeze()  # what is opened stays: no search for garbage goes through it again
        pipe.send(run.mark())
        while True:
            number, *asked = pipe.recv()
            pipe.send((number, _share_of(run, *asked)))


def _share_of(run: Sharing, reading: Reading, gemeente: str, i: int, n_shares: int) -> Share | None:
    """Return a share, or none where that went wrong: who asks finds the same fault, and tells it."""
    try:
        return run.share(reading, gemeente, i, n_shares)
    except Exception:  # noqa: BLE001 - whatever it is, it is met again where it is told
        return None


def end_with(parent: int) -> None:
    """End with the process that started this one, however that ended; also amid a share."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
