"""Kernels are compiled beside the reading of inputs on a first run, with the very types that a run has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flexsites.config.study import resolve
from flexsites.runs import warm_up
from tests.conftest import PROJECT


def test_what_it_compiles_is_what_a_run_calls(tmp_path: Path) -> None:
    around = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-m", "flexsites.runs.warm_up", "demo"], check=True, env=around, cwd=PROJECT)
    kept = {path.name.split(".")[0] for path in tmp_path.rglob("*.nbi")}
    assert {"layout_rows", "roof_packing"} <= kept
    again = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.nbc"))]
    subprocess.run([sys.executable, "-m", "flexsites.runs.warm_up", "demo"], check=True, env=around, cwd=PROJECT)
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.nbc"))] == again, "kept, not compiled again"


def test_it_runs_beside_only_where_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Helper:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)

        def wait(self, timeout: float | None = None) -> int:
            if timeout is not None:
                raise subprocess.TimeoutExpired("it takes too long", timeout)
            return 0

        def kill(self) -> None:
            """End it."""

    monkeypatch.setattr(warm_up.subprocess, "Popen", Helper)
    monkeypatch.setattr(warm_up, "CACHE_DIRECTORY", tmp_path / "kernels")
    study = resolve("demo")
    with warm_up.compiling(study):
        assert [command[1:3] for command in started] == [["-m", "flexsites.runs.warm_up"]]
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "one.nbi").touch()
    with warm_up.compiling(study):
        assert len(started) == 1
