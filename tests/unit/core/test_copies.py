"""Work in a copy of this process: it knows what this one knows, and changes nothing here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from flexsites.finished import copies, partner
from flexsites.finished.copies import apart, n_copies, n_cores

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

    with apart(work) as first, apart(work) as second:
        known["after"] = 3
        one, other = first(), second()
    assert one is not None
    assert other is not None
    assert len({one[0], other[0], os.getpid()}) == 3
    assert one[1] == {"before": 1, "found": 2}
    assert known == {"before": 1, "after": 3}


@on_linux
def test_nothing_is_something_that_a_copy_may_give() -> None:
    """What it cannot send it has not given."""
    with apart(lambda: [None]) as one, apart(lambda: lambda: None) as other:
        assert one() == [None]
        assert other() is None


@pytest.mark.parametrize("work", [_raise, _end, _wait])
def test_what_fails_or_takes_too_long_gives_nothing(
    work: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(partner, "_PATIENCE_S", 0.5)
    begin = time.monotonic()
    with apart(work) as answer:
        assert answer() is None
    assert time.monotonic() - begin < 30
    assert capfd.readouterr() == ("", ""), "who asks meets the fault, and tells it"


@on_linux
def test_a_process_that_is_a_copy_is_not_copied() -> None:
    def work() -> int | None:
        with apart(os.getpid) as answer:
            return answer()

    with apart(work) as answer:
        assert answer() is None


@on_linux
def test_a_copy_that_nobody_waits_for_ends_with_the_block() -> None:
    """Who is at the keyboard may stop a question: a notebook keeps what it was about."""
    before = multiprocessing.active_children()
    with pytest.raises(KeyboardInterrupt), apart(_wait) as answer:
        raise KeyboardInterrupt
    assert multiprocessing.active_children() == before
    assert answer() is None


@on_linux
@pytest.mark.parametrize("refused", ["Pipe", "Process.start"])
def test_where_no_more_may_be_opened_the_work_is_done_here(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    fork = multiprocessing.get_context("fork")
    of, name = (type(fork), "Pipe") if refused == "Pipe" else (fork.Process, "start")
    monkeypatch.setattr(of, name, refuse)
    with apart(os.getpid) as answer:
        assert answer() is None


@on_linux
def test_a_copy_ends_with_the_process_that_made_it(tmp_path: Path) -> None:
    code = f"""
import os, signal, time
from flexsites.finished.copies import apart
def work():
    with open({str(tmp_path / "pid")!r}, "w") as told:
        told.write(str(os.getpid()))
    time.sleep(60)
with apart(work):
    while not os.path.exists({str(tmp_path / "pid")!r}) or not open({str(tmp_path / "pid")!r}).read():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    copy, until = int((tmp_path / "pid").read_text()), time.monotonic() + 20
    while psutil.pid_exists(copy) and psutil.Process(copy).status() != "zombie" and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(copy) or psutil.Process(copy).status() == "zombie"


@on_linux
def test_no_more_copies_are_made_than_cores_serve() -> None:
    assert n_cores() == len(os.sched_getaffinity(0))
    assert [n_copies(one, 4_000) for one in (1, 2, 3, 99)] == [0, 1, 2, copies.MOST_COPIES]
    assert n_copies(2, 1_000_000) == 0, "their land is held once"
