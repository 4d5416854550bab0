"""Measuring: repeats taken in turn, medians, and peak memory of a fresh process."""

from __future__ import annotations

import gc
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks.registry import Absent, Peak, Timing
from tests.benchmarks.subprocess_entry import measured

PROJECT = Path(__file__).resolve().parents[2]

ONCE_ABOVE_S = 60.0
"""Of a contender whose first run takes longer, that run counts. Zero where only is asked whether benchmarks run."""


@dataclass(frozen=True)
class Peer:
    """Other software to compare with: its name here, the module to import, and the name pip knows it by."""

    name: str
    module: str
    pip: str


def find_peers(peers: Iterable[Peer]) -> tuple[tuple[str, ...], tuple[Absent, ...]]:
    """
    Divide peers into those installed (their names) and those absent.

    Examples
    --------
    >>> find_peers([Peer("sums", "math", "math"), Peer("ghost", "no_such_module", "no-such-module")])
    (('sums',), (Absent(name='ghost', pip='no-such-module', why='not installed'),))
    """
    present: list[str] = []
    absent: list[Absent] = []
    for peer in peers:
        if importlib.util.find_spec(peer.module) is None:
            absent.append(Absent(peer.name, peer.pip))
        else:
            present.append(peer.name)
    return tuple(present), tuple(absent)


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
    if "<" in function.__qualname__ or "." in function.__qualname__:
        message = f"{function.__qualname__} is not a function of a module: a fresh process cannot import it"
        raise ValueError(message)
    module = function.__module__
    if module == "__main__":
        message = f"{function.__qualname__} lives in __main__: put it in a module of tests/benchmarks"
        raise ValueError(message)
    if not ONCE_ABOVE_S and sys.platform == "linux":
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as copy:
            return Peak(**copy.submit(measured, module, function.__qualname__, json.dumps(arguments)).result())
    command = [sys.executable, "-m", "tests.benchmarks.subprocess_entry", module, function.__qualname__]
    done = subprocess.run([*command, json.dumps(arguments)], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"{module}.{function.__qualname__} failed in its own process:\n" + done.stderr[-2000:]
        raise RuntimeError(message)
    return Peak(**json.loads(done.stdout.splitlines()[-1]))
