"""Workers that share nothing but an object store: the same bytes, whatever the store and the workers go through."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from flexsites.compiled import CACHE_DIRECTORY
from flexsites.config.study import resolve
from flexsites.errors import RunError
from flexsites.runs import cells, mirror
from flexsites.runs.lattice import Cell
from flexsites.runs.run import Options, held, place_of
from flexsites.runs.stored import InStore, publish_results
from pipelines.provincial_sweep import assess_all
from tests.conftest import PROJECT
from tests.object_store import BUCKET, ObjectStore, an_object_store, settings_of
from tests.pipelines.small_run import CELL_M, Small, assess, tables

RUNS = f"{BUCKET}/runs"


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """Return a store of this test's own; what this process mirrors goes to a folder of this test's own too."""
    monkeypatch.setenv("FLEXSITES_CACHE", str(tmp_path / "cache"))
    mirror._mirrored.cache_clear()
    with an_object_store() as running:
        yield running
    mirror._mirrored.cache_clear()


def _in_store() -> dict[str, bytes]:
    """Return what stands in the store of the runs."""
    files, root = fsspec.filesystem("s3", use_listings_cache=False), f"{RUNS.removeprefix('s3://')}/"
    return {name.removeprefix(root): files.cat_file(name) for name in files.find(root)}


def test_a_cell_that_reaches_the_run_through_a_store_alone_is_the_same(
    small: Small, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker is told nothing of the run's disk. The store answers 503 to every 31st question."""
    wait = asyncio.sleep  # who was refused asks again after a second or less: that took longer than the cell
    monkeypatch.setattr(asyncio, "sleep", lambda seconds, *more: wait(seconds / 50, *more))
    objects.busy = lambda number: number % 31 == 3
    directory = small.copy_to(tmp_path / "outputs")
    lacking = min(directory.glob("parts/*/*/parcels.json")).parent
    shutil.rmtree(lacking)
    sent: list[InStore] = []

    def on_workers(task: InStore, asked: Sequence[Cell], **_: Any) -> list[Any]:
        inputs = pickle.dumps(task.inputs)
        assert str(tmp_path).encode() not in inputs
        sent.append(replace(task, inputs=pickle.loads(inputs)))  # noqa: S301 - as it travels
        return [sent[-1](cell) for cell in asked]

    monkeypatch.setattr(cells, "map_cells", on_workers)
    study = resolve(str(small.path))
    options = Options(tmp_path / "outputs", cell_size_m=CELL_M, resume=True, quiet=True, store=RUNS)
    with held(place_of(study, options)):
        assert assess_all(study, options) == directory
    publish_results(directory, options)
    assert "parcels" in {task.kind for task in sent}
    assert objects.n_refused > 5
    assert tables(directory) == small.expected
    found = {name.removeprefix(f"{study.run.pipeline}/{directory.name}/"): one for name, one in _in_store().items()}
    parts = {name: one for name, one in found.items() if name.startswith("parts/") and name.endswith(".parquet")}
    assert len(parts) > 10
    assert parts == {name: (small.directory / name).read_bytes() for name in parts}, "done twice it leaves other bytes"
    results = {name: one for name, one in found.items() if not name.startswith(("parts/", "inputs/", "."))}
    assert {"manifest.json", "run.yaml", *small.expected} <= results.keys()
    assert results == {name: (directory / name).read_bytes() for name in results}


@contextmanager
def _started(folder: Path, store: ObjectStore, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a scheduler or a worker as on a machine of its own: its home, cache and working folder are its alone."""
    folder.mkdir(parents=True)
    own = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder)}
    kernels = str(CACHE_DIRECTORY.parent.parent)  # what is compiled is theirs: compiling takes a minute each
    env = {**os.environ, **settings_of(store), **own, "NUMBA_CACHE_DIR": kernels, "PYTHONPATH": str(PROJECT)}
    env.pop("FLEXSITES_CACHE", None)
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
            started.wait(timeout=60)


class Machines:
    """A scheduler and workers, each as on a machine of its own."""

    def __init__(self, folder: Path, store: ObjectStore, stack: ExitStack) -> None:
        self._folder, self._store, self._stack = folder, store, stack
        self.address = ""
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self, name: str, port: int = 0) -> None:
        told = self._folder / f"{name}.json"
        options = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--scheduler-file", str(told))
        self.scheduler = self._start(name, "scheduler", *options)
        until = time.monotonic() + 60
        while not told.exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.2)
        self.address = json.loads(told.read_text())["address"]

    def start_worker(self) -> None:
        name = f"worker{len(self.workers)}"
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name, "--death-timeout", "300")
        self.workers.append(self._start(name, "worker", self.address, *options))

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(_started(self._folder / name, self._store, *command))


@pytest.fixture
def machines(objects: ObjectStore, tmp_path: Path) -> Iterator[Machines]:
    with ExitStack() as stack:
        found = Machines(tmp_path / "machines", objects, stack)
        found.start_scheduler("scheduler")
        yield found


def _when(n_markers: int, then: Any) -> threading.Thread:
    """Do something once so many cells are done, as the store says."""

    def watch() -> None:
        files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
        until = time.monotonic() + 200
        while time.monotonic() < until:
            if sum(name.endswith(("parcels.json", "roofs.json")) for name in files.find(RUNS)) >= n_markers:
                then()
                return
            time.sleep(0.1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.deep(sibling="test_a_cell_that_reaches_the_run_through_a_store_alone_is_the_same")
def test_workers_that_are_killed_and_added_give_the_same(small: Small, machines: Machines, tmp_path: Path) -> None:
    """Of two workers one is killed when a cell is done; a third comes."""
    small.lend_inputs(small.path, tmp_path / "outputs")
    machines.start_worker()
    machines.start_worker()

    def kill_one_and_add_one() -> None:
        os.killpg(machines.workers[0].pid, signal.SIGKILL)
        machines.start_worker()

    changed = _when(1, kill_one_and_add_one)
    directory = assess(small.path, tmp_path / "outputs", scheduler=machines.address, cell_size_m=CELL_M, store=RUNS)
    changed.join(timeout=10)
    assert machines.workers[0].poll() == -signal.SIGKILL
    assert len(machines.workers) == 3
    assert tables(directory) == small.expected


@pytest.mark.deep(sibling="test_a_cell_that_reaches_the_run_through_a_store_alone_is_the_same")
def test_a_scheduler_that_is_restarted_is_told_and_resumed(small: Small, machines: Machines, tmp_path: Path) -> None:
    small.lend_inputs(small.path, tmp_path / "outputs")
    machines.start_worker()
    port = int(machines.address.rpartition(":")[2])
    assert machines.scheduler is not None

    def restart() -> None:
        assert machines.scheduler is not None
        os.killpg(machines.scheduler.pid, signal.SIGKILL)
        machines.scheduler.wait(timeout=60)
        machines.start_scheduler("again", port)

    changed = _when(1, restart)
    asked = {"scheduler": machines.address, "cell_size_m": CELL_M, "store": RUNS}
    with pytest.raises(RunError, match="the scheduler is gone") as told:
        assess(small.path, tmp_path / "outputs", **asked)
    assert "--resume" in str(told.value)
    changed.join(timeout=60)
    done = {name: one for name, one in _in_store().items() if name.endswith(("parcels.json", "roofs.json"))}
    assert done
    machines.start_worker()
    directory = assess(small.path, tmp_path / "outputs", resume=True, **asked)
    assert tables(directory) == small.expected
    assert done.items() <= _in_store().items(), "a cell that was done was done again"
