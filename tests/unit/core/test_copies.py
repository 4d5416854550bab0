"""Work in a copy of this process: it knows what this one knows, and changes nothing here."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import pytest

from flexsites.finished import copies, helper
from flexsites.finished.copies import begin_apart, n_copies, n_cores

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a process can be copied on Linux alone")


def _raise() -> int:
    raise ValueError


def _end() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def _wait() -> int:
    time.sleep(60)
    return 1


@on_linux
def test_a_copy_works_beside_this_process_and_changes_nothing_in_it() -> None:
    known = {"before": 1}

    def work() -> tuple[int, dict[str, int]]:
        known["found"] = 2
        return os.getpid(), known

    answers = [begin_apart(work), begin_apart(work)]
    known["after"] = 3
    one, other = (answer() for answer in answers)
    assert one is not None
    assert other is not None
    assert len({one[0], other[0], os.getpid()}) == 3
    assert one[1] == {"before": 1, "found": 2}
    assert known == {"before": 1, "after": 3}


@on_linux
def test_nothing_is_something_that_a_copy_may_give() -> None:
    """What it cannot send it has not given."""
    assert begin_apart(lambda: [None])() == [None]
    assert begin_apart(lambda: lambda: None)() is None


@pytest.mark.parametrize("work", [_raise, _end, _wait])
def test_what_fails_or_takes_too_long_gives_nothing(
    work: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(helper, "_PATIENCE_S", 0.5)
    begin = time.monotonic()
    assert begin_apart(work)() is None
    assert time.monotonic() - begin < 30
    assert capfd.readouterr() == ("", ""), "who asks meets the fault, and tells it"


@on_linux
def test_a_process_that_is_a_copy_is_not_copied() -> None:
    def work() -> int | None:
        return begin_apart(os.getpid)()

    assert begin_apart(work)() is None


@on_linux
def test_no_more_copies_are_made_than_cores_serve() -> None:
    assert n_cores() == len(os.sched_getaffinity(0))
    assert [n_copies(one, 4_000) for one in (1, 2, 3, 99)] == [0, 1, 2, copies.MOST_COPIES]
    assert n_copies(2, 1_000_000) == 0, "their land is held once"
