"""A limit of memory that leaves no room for a cell is refused before inputs are read, whatever runs the workers."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster

from flexsites.config.study import resolve
from flexsites.errors import RunError
from flexsites.reporting.told import told_error
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.room import require_room_for_cells
from flexsites.runs.run import Options, Place

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a limit is held on Linux alone")
REFUSED = re.compile(r"a worker holds (\d+) MiB before it begins with a cell, of the 100 MiB that it may\. (.*)")


@pytest.mark.parametrize("scheduler", ["synchronous", "processes", pytest.param("cluster", marks=pytest.mark.deep)])
def test_less_than_a_worker_holds_without_a_cell_is_refused(tmp_path: Path, scheduler: str) -> None:
    study, options = resolve("demo"), Options(tmp_path, scheduler=scheduler, memory="100MiB", quiet=True)
    with pytest.raises(RunError) as caught:
        prepare_inputs(Place(tmp_path / "run", "run-1"), study, options)
    found = REFUSED.search(str(caught.value))
    assert found is not None, caught.value
    least = re.search(r"Remedy: give workers ([\d.]+ [MG]iB) or more", str(caught.value))
    assert least is not None
    assert "geef werkers" in told_error(caught.value, "nl")
    assert not (tmp_path / "run").exists(), "nothing was read"
    require_room_for_cells(study, replace(options, memory=least[1].replace(" ", "")))


def test_the_workers_of_a_scheduler_are_asked_themselves(tmp_path: Path) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        options = Options(tmp_path, scheduler=cluster.scheduler_address, memory="100MiB", quiet=True)
        with pytest.raises(RunError, match="give workers"):
            require_room_for_cells(resolve("demo"), options)


def test_without_a_limit_no_worker_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("flexsites.runs.room.map_cells", lambda *one, **_: asked.append(one) or ["not told"])
    require_room_for_cells(resolve("demo"), Options(tmp_path))
    assert asked == []
    require_room_for_cells(resolve("demo"), Options(tmp_path, memory="9GiB"))
    assert len(asked) == 1
