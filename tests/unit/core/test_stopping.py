"""A run that is stopped says how to go on, and leaves no worker behind, however it ends."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from flexsites.runs.stopping import Stopped, stoppable
from tests.conftest import PROJECT

CHILD = """
import sys, time
import flexsites.cli as cli
import pipelines
from flexsites.runs.parallel import map_cells
from flexsites.runs.run import place_of

def endless(study, options):
    print("begun", flush=True)
    map_cells(time.sleep, [600, 601, 602], scheduler="processes", workers=2)

if __name__ == "__main__":
    pipelines.PIPELINES["provincial_sweep"] = endless
    sys.argv = ["flexsites", "run", "demo_province", "--quiet", "--outputs", sys.argv[1]]
    cli.main()
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a run of which two workers have begun."""
    script = tmp_path / "endless.py"
    script.write_text(CHILD, encoding="utf-8")
    around = os.environ | {"PYTHONPATH": str(PROJECT)}
    command = [sys.executable, str(script), str(tmp_path / "outputs")]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=PROJECT, env=around, start_new_session=True, **piped) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == "begun\n"
        until = time.monotonic() + 60
        while len(_workers(made.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        yield made
        made.kill()


def _workers(pid: int) -> list[psutil.Process]:
    return [one for one in psutil.Process(pid).children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.parametrize(
    ("number", "send"),
    [
        pytest.param(signal.SIGTERM, os.kill, id="kill", marks=pytest.mark.deep),
        pytest.param(signal.SIGINT, os.killpg, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, os.killpg, id="kill the group", marks=pytest.mark.deep),
        pytest.param(signal.SIGINT, os.kill, id="interrupt one", marks=pytest.mark.deep),
    ],
)
def test_who_stops_a_run_is_told_how_to_go_on(
    child: subprocess.Popen[str], number: signal.Signals, send: Callable[[int, int], None]
) -> None:
    """Ctrl-C goes to a whole group of processes, `kill` to one."""
    workers = _workers(child.pid)
    send(child.pid, number)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert told.split() == ["flexsites:", "stopped", "by", f"{number.name}.", "Continue", "with", "--resume."]
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert len(workers) == 2
    assert not alive


def test_no_worker_outlives_a_run_that_is_killed(child: subprocess.Popen[str]) -> None:
    around = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=60)
    _, alive = psutil.wait_procs(around, timeout=60)
    assert len(around) >= 2
    assert not alive


def test_signals_are_ours_inside_the_block_only() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped, match="SIGTERM"), stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


class _Asked:
    """What asks the process to end when it is done away with: Python passes over errors there."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def _where_an_object_is_done_away_with() -> None:
    _Asked()


def _where_garbage_is_searched_for() -> None:
    def ask(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            signal.raise_signal(signal.SIGINT)

    gc.callbacks.append(ask)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(ask)


@pytest.mark.parametrize("ask", [_where_an_object_is_done_away_with, _where_garbage_is_searched_for])
def test_a_stop_that_python_passes_over_is_raised_a_moment_later(ask: Callable[[], None]) -> None:
    until = time.monotonic() + 5.0

    def go_on() -> None:
        ask()
        while time.monotonic() < until:
            time.sleep(0.01)

    with pytest.raises(Stopped, match="SIGINT"), stoppable():
        go_on()
    assert time.monotonic() < until


def test_a_stop_that_others_pass_over_is_raised_in_the_end() -> None:
    before = sys.unraisablehook
    with pytest.raises(Stopped, match="SIGTERM"), stoppable(), suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)
    assert sys.unraisablehook is before


def test_other_errors_that_python_passes_over_are_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    class _Wrong:
        def __del__(self) -> None:
            raise ValueError

    told: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: told.append(one.exc_type))
    with stoppable():
        _Wrong()
    assert told == [ValueError]
