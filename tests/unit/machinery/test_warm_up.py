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

COUNT = """
from numba.core import event
from flexsites.config.study import resolve
from flexsites.runs.warm_up import compile_kernels

with event.install_recorder("numba:compile") as told:
    compile_kernels(resolve("demo"))
print(len(told.buffer))
"""


@pytest.mark.parametrize("cache", ["as runs left it", pytest.param("empty", marks=pytest.mark.deep)])
def test_what_it_compiles_is_what_a_run_calls(cache: str, tmp_path: Path) -> None:
    """What is kept is found again, by the very types: nothing is compiled twice."""
    around = os.environ | {"PYTHONPATH": str(PROJECT)}
    if cache == "empty":
        around["NUMBA_CACHE_DIR"] = str(tmp_path)

    def n_compiled() -> int:
        ended = subprocess.run([sys.executable, "-c", COUNT], check=True, env=around, stdout=subprocess.PIPE)
        return int(ended.stdout)

    if cache == "empty":
        assert n_compiled() > 0
    else:
        warm_up.compile_kernels(resolve("demo"))  # in this process, which has loaded most
    assert n_compiled() == 0
    if cache == "empty":
        assert {"layout_rows", "roof_packing"} <= {path.name.split(".")[0] for path in tmp_path.rglob("*.nbi")}


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
