"""Measuring: repeats taken in turn, medians, and peak memory of a fresh process."""

from __future__ import annotations

import gc
import importlib.util
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks.registry import NOT_INSTALLED, Absent, Peak, Timing
from tests.benchmarks.subprocess_entry import attempt, measured

PROJECT = Path(__file__).resolve().parents[2]

ONCE_ABOVE_S = 60.0
"""Of a contender whose first run takes longer, that run counts. Zero where only is asked whether benchmarks run."""

WHOLE_RUNS = 1
"""How often a subject that takes a whole run does so."""

ATTEMPT_S = 60.0
"""A peer whose least work takes longer does not work here."""


@dataclass(frozen=True)
class Peer:
    """
    Other software to compare with.

    Parameters
    ----------
    name
        What it is called here.
    module
        The module to import.
    pip
        The name pip knows it by.
    attempt
        The least real work, where importing it proves too little: a function of a module, as for ``measure_peak``.
    """

    name: str
    module: str
    pip: str
    attempt: Callable[[], object] | None = None


def find_peers(peers: Iterable[Peer]) -> tuple[tuple[str, ...], tuple[Absent, ...]]:
    """
    Divide peers into those that work (their names) and those absent, each with why.

    A peer that is installed may still lack a library of the system, or be of another version than what it loads: what
    was not imported here already is tried in a process of its own, which a crash does not outlive.

    Examples
    --------
    >>> find_peers([Peer("sums", "math", "math"), Peer("ghost", "no_such_module", "no-such-module")])
    (('sums',), (Absent(name='ghost', pip='no-such-module', why='not installed'),))
    """
    present: list[str] = []
    absent: list[Absent] = []
    for peer in peers:
        if why := _why_absent(peer):
            absent.append(Absent(peer.name, peer.pip, why))
        else:
            present.append(peer.name)
    return tuple(present), tuple(absent)


def _why_absent(peer: Peer) -> str:
    """Return why a peer cannot take part; nothing: it can."""
    if peer.module in sys.modules and peer.attempt is None:
        return ""
    if importlib.util.find_spec(peer.module.partition(".")[0]) is None:
        return NOT_INSTALLED
    given = [peer.module, *_by_name(peer.attempt)] if peer.attempt else [peer.module]
    try:
        done = _apart(attempt.__module__, attempt.__qualname__, given, timeout_s=ATTEMPT_S)
    except subprocess.TimeoutExpired:
        return f"does not work: not done in {ATTEMPT_S:.0f} s"
    if done.returncode == 0:
        return ""
    told = done.stderr.strip().splitlines() or ["it said nothing"]
    if done.returncode < 0:
        return f"does not work: ended by {signal.Signals(-done.returncode).name}"
    return f"does not work: {told[-1]}"


def _by_name(function: Callable[..., object]) -> tuple[str, str]:
    """Return the module and the name by which another process imports a function."""
    if "<" in function.__qualname__ or "." in function.__qualname__:
        message = f"{function.__qualname__} is not a function of a module: a fresh process cannot import it"
        raise ValueError(message)
    if function.__module__ == "__main__":
        message = f"{function.__qualname__} lives in __main__: put it in a module of tests/benchmarks"
        raise ValueError(message)
    return function.__module__, function.__qualname__


def _apart(
    module: str, name: str, arguments: Sequence[float | str | bool | None], *, timeout_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Call a function of a module in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.subprocess_entry", module, name, json.dumps(arguments)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=timeout_s)


def _once(contender: Callable[[], object]) -> tuple[float, object]:
    gc.collect()
    start = time.perf_counter()
    result = contender()
    return time.perf_counter() - start, result


def measure(contender: Callable[[], object], repeats: int = 3, *, warm: bool = True) -> Timing:
    """
    Time a callable alone.

    Parameters
    ----------
    contender
        The work, without arguments: bind them with a lambda or ``functools.partial``.
    repeats
        Timed runs.
    warm
        Run once untimed first, so that compilation and caches do not count. ``measure_peak`` gives the cold time.
    """
    return interleave({"only": contender}, repeats, warm=warm)["only"]


def interleave(
    contenders: Mapping[str, Callable[[], object]],
    repeats: int = 3,
    *,
    warm: bool = True,
    once_above_s: float | None = None,
) -> dict[str, Timing]:
    """
    Time several callables in turn, so that what else the machine does hits all of them alike.

    Parameters
    ----------
    contenders
        Work by name. All must do the same work, or the ratios mean nothing.
    repeats
        Timed runs of each.
    warm
        Run each once untimed first.
    once_above_s
        A contender whose first run takes longer than this is not run again: that run counts, cold as it was. None:
        ``ONCE_ABOVE_S``.

    Returns
    -------
    dict
        Per contender its timing, with the result of its last run, in the order given.

    Examples
    --------
    >>> timings = interleave({"one": lambda: 1, "two": lambda: 2}, repeats=3)
    >>> [len(timing.seconds) for timing in timings.values()], timings["two"].result
    ([3, 3], 2)
    """
    if repeats < 1 or not contenders:
        message = f"nothing to measure: {len(contenders)} contenders, {repeats} repeats"
        raise ValueError(message)
    limit_s = ONCE_ABOVE_S if once_above_s is None else once_above_s
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    results: dict[str, object] = {}
    running = list(contenders)
    if warm:
        for name in contenders:
            taken, results[name] = _once(contenders[name])
            if taken > limit_s:
                seconds[name].append(taken)
                running.remove(name)
    for turn in range(repeats):
        shift = turn % max(len(running), 1)
        for name in [*running[shift:], *running[:shift]]:
            taken, results[name] = _once(contenders[name])
            seconds[name].append(taken)
            if taken > limit_s:
                running.remove(name)
    return {name: Timing(tuple(seconds[name]), results[name]) for name in contenders}


def spread(values: Sequence[float]) -> dict[str, float]:
    """
    Return the median of repeats with the least and the most of them.

    Examples
    --------
    >>> spread([3.0, 1.0, 1.5])
    {'median': 1.5, 'least': 1.0, 'most': 3.0}
    """
    middle = statistics.median(values)
    return {name: round(one, 2) for name, one in (("median", middle), ("least", min(values)), ("most", max(values)))}


def measure_peak(function: Callable[..., object], *arguments: float | str | bool | None) -> Peak:
    """
    Run a function alone in a fresh process and report the highest resident memory of that process.

    Where only is asked whether benchmarks run it is a copy of this process: loading all anew would take most of the
    time, and the figures are not read.

    Parameters
    ----------
    function
        A function of a module (not a lambda, not nested): the other process imports it by name.
    arguments
        Plain values. Let the function build or open its own input; input built in the same process counts in the peak,
        so write it to a file first where it is large.

    Raises
    ------
    ValueError
        If the function cannot be imported by name.
    RuntimeError
        If the other process fails; the message carries its last lines.
    """
    module, name = _by_name(function)
    if not ONCE_ABOVE_S and sys.platform == "linux":
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as copy:
            return Peak(**copy.submit(measured, module, name, json.dumps(arguments)).result())
    done = _apart(module, name, arguments)
    if done.returncode != 0:
        message = f"{module}.{name} failed in its own process:\n" + done.stderr[-2000:]
        raise RuntimeError(message)
    return Peak(**json.loads(done.stdout.splitlines()[-1]))
