"""A worker holds no more memory than it may, whatever asks for it, and goes on with the next cell."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
import shapely

from flexsites.errors import RunError
from flexsites.runs.memory import Limited, TooLarge, held_bytes, within
from flexsites.runs.run import Options

MIB = 2**20


@pytest.fixture(autouse=True)
def _unfollowed() -> Iterator[None]:
    """Let nobody follow the search for garbage, as Hypothesis does where it ran: Python passes over errors there.

    Pytest keeps an error that was passed over, with all that its cell held. What becomes of one has a test of its own.
    """
    others = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = others


def _limit(mib: int) -> int:
    """Return so much above what this process holds already."""
    return held_bytes()[0] + mib * MIB


def _at_once(mib: int) -> float:
    return float(np.ones(mib * MIB // 8).sum())


def _little_by_little(mib: int) -> int:
    held = []
    for _ in range(mib):
        held.append(np.ones(MIB // 8))
        time.sleep(0.001)
    return len(held)


def _in_another_language(n: int) -> int:
    return len(shapely.buffer(shapely.points(np.arange(2.0 * n).reshape(n, 2)), 1.0, quad_segs=64))


@pytest.mark.parametrize(
    ("function", "fits", "asked"),
    [(_at_once, 10, 8_000), (_little_by_little, 10, 3_000), (_in_another_language, 10, 150_000)],
)
def test_what_asks_for_more_is_ended_and_the_next_is_done(function: object, fits: int, asked: int) -> None:
    limited = Limited(function, _limit(200))
    assert isinstance(limited(asked), TooLarge)
    assert limited(fits)
    assert held_bytes()[0] < limited.n_bytes


class _PassedOver:
    """What fills the room it is told when it is done away with: Python passes over errors there."""

    def __init__(self, room: np.ndarray) -> None:
        self.room = room

    def __del__(self) -> None:
        self.room[:] = 1.0
        time.sleep(0.5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_held_too_much_where_errors_are_passed_over_is_too_large_in_the_end() -> None:
    room = np.empty(400 * MIB // 8)  # reserved, and not held before something stands in it

    def hold(_: int) -> int:
        _PassedOver(room)
        return 1

    assert Limited(lambda _: 1, _limit(200))(1) == 1
    assert isinstance(Limited(hold, _limit(200))(1), TooLarge)


def _looks_away(_: int) -> None:
    message = "<function _numba_unpickle> returned a result with an exception set"
    raise SystemError(message) from MemoryError()


def _fails(_: int) -> None:
    message = "another"
    raise SystemError(message) from ValueError()


def test_what_held_too_much_where_other_code_looks_away_is_too_large() -> None:
    assert isinstance(Limited(_looks_away, _limit(200))(1), TooLarge)
    with pytest.raises(SystemError, match="another"):
        Limited(_fails, _limit(200))(1)


_TRACED = """
import sys
from flexsites.runs.memory import Limited, held_bytes

def held(mib):
    kept = [bytearray(2**20) for _ in range(mib)]
    return sum(len(one) for one in kept)

limited = Limited(held, held_bytes()[0] + 200 * 2**20)
print(limited(1), type(limited(4000)).__name__)
sys.settrace(lambda *_: None)
print(held(1))
"""


def test_after_it_a_traced_function_begins() -> None:
    """What was to end a cell is no longer on its way: Python would look for it for ever where calls are traced."""
    command = [sys.executable, "-c", _TRACED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(MIB), "TooLarge", str(MIB)]


def test_what_it_holds_never_passes_the_limit_by_much() -> None:
    most = [0]

    def grow(_: int) -> None:
        held = []
        while True:
            held.append(np.ones(MIB // 8))
            time.sleep(0.001)
            most[0] = max(most[0], held_bytes()[0])

    limited = Limited(grow, _limit(100))
    assert isinstance(limited(0), TooLarge)
    assert limited.n_bytes - 10 * MIB < most[0] < limited.n_bytes + 100 * MIB


def test_other_errors_are_told_as_they_are() -> None:
    def fails(_: int) -> None:
        raise ValueError("not of memory")

    with pytest.raises(ValueError, match="not of memory"):
        Limited(fails, _limit(200))(0)


def test_a_limit_that_leaves_nothing_for_a_cell_is_told() -> None:
    with (
        pytest.raises(RunError, match=r"a worker holds \d+ MiB before it begins with a cell, of the 1 MiB"),
        within(MIB),
    ):
        raise AssertionError


@pytest.mark.parametrize("size", ["", "much", "-4GiB", "0", "4 bananas", "4GiB4"])
def test_what_is_no_amount_is_told(size: str, tmp_path: object) -> None:
    if not size:
        assert Options(tmp_path, memory=size).memory == ""
        return
    with pytest.raises(RunError, match="is no amount of memory"):
        Options(tmp_path, memory=size)


def test_threads_cannot_be_held_to_it(tmp_path: object) -> None:
    with pytest.raises(RunError, match="threads share one memory"):
        Options(tmp_path, scheduler="threads", memory="4GiB")
