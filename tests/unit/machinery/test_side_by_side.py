"""Steps side by side leave what they leave in turn: the same files, noted as this process's own, the same errors."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from flexsites.errors import Fault, RunError
from flexsites.reporting import write_all
from flexsites.runs import side_by_side as of
from flexsites.runs.run import Options
from flexsites.runs.side_by_side import of_run, side_by_side
from flexsites.tables.manifest import MANIFEST, read_manifest
from flexsites.tables.run_directory import OWN_FILES, alone
from flexsites.tables.whole_files import write_whole
from tests.reporting_fixture import write_results

# From Python 3.12 on a copy of a process that has threads is warned of.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def _write(directory: Path, name: str, content: str) -> int:
    write_whole(directory / name, content.encode())
    return os.getpid()


def _fail(what: str) -> int:
    raise RunError(Fault(what, "here", "mend it"))


def _write_and_wait(directory: Path, name: str) -> tuple[int, float]:
    begun = time.time()
    pid = _write(directory, name, name)
    time.sleep(0.2)
    return pid, begun


def _steps(directory: Path) -> list[Callable[[], int]]:
    return [partial(_write, directory, name, name) for name in ("one.parquet", "two.txt", "variants/x/three.parquet")]


@pytest.fixture
def at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers do the steps of a small run too, as copies of this process: it is not asked what they load.

    That one that begins with nothing loads what it needs is held where cells are (tests/pipelines/test_invariance.py).
    """
    monkeypatch.setattr(of, "FEWEST_SITES", 1)
    if sys.platform == "linux":
        fork = multiprocessing.get_context("fork")
        monkeypatch.setattr(multiprocessing, "get_context", lambda _: fork)


def _options(directory: Path, **asked: object) -> Options:
    return Options(directory.parent, quiet=True, **asked)  # type: ignore[arg-type]


@pytest.mark.usefixtures("at_any_size")
def test_workers_write_for_who_holds_the_directory_and_begin_in_order(tmp_path: Path) -> None:
    """Processes are dear to start: they are asked several things at once."""
    names = ["one.parquet", "two.txt", "variants/x/three.parquet", *(f"{i}.txt" for i in range(9))]
    for name in (names[0], names[2], MANIFEST):
        write_whole(tmp_path / name, name.encode())
    done: list[int] = []
    steps = [partial(_write_and_wait, tmp_path, name) for name in names]
    with alone(tmp_path) as holding:
        holding.set_aside()
        found = side_by_side(tmp_path, steps, done.append, n_sites=1, options=_options(tmp_path))
        assert holding.written == set(names)
    assert os.getpid() not in {pid for pid, _ in found}
    assert sorted(done) == list(range(1, len(names) + 1))
    begun = [when for _, when in found]
    assert sorted(begun[:2] + begun[-2:]) == sorted(begun[:2]) + sorted(begun[-2:])
    assert set((tmp_path / OWN_FILES).read_text(encoding="utf-8").split()) == set(names)
    assert all((tmp_path / name).read_text(encoding="utf-8") == name for name in names)
    assert (tmp_path / MANIFEST).exists(), "what is written is what it vouches for"


@pytest.mark.usefixtures("at_any_size")
def test_a_worker_that_writes_another_table_makes_the_old_manifest_untrue(tmp_path: Path) -> None:
    for name in ("one.parquet", MANIFEST):
        (tmp_path / name).write_text(name, encoding="utf-8")
    with alone(tmp_path) as holding:
        holding.set_aside()
        steps = [partial(_write, tmp_path, name, told) for name, told in (("one.parquet", "other"), ("two.txt", ""))]
        side_by_side(tmp_path, steps, lambda _: None, n_sites=1, options=_options(tmp_path))
    assert not (tmp_path / MANIFEST).exists()


@pytest.mark.usefixtures("at_any_size")
@pytest.mark.parametrize("asked", [{"workers": 1}, {"scheduler": "synchronous"}, {"scheduler": "threads"}])
def test_one_worker_is_one_process(tmp_path: Path, asked: dict[str, object]) -> None:
    done: list[int] = []
    with alone(tmp_path) as holding:
        options = _options(tmp_path, **asked)
        pids = side_by_side(tmp_path, _steps(tmp_path), done.append, n_sites=1, options=options)
        assert len(holding.written) == 3
    assert set(pids) == {os.getpid()}
    assert done == [1, 2, 3]


def test_a_small_run_starts_no_process(tmp_path: Path) -> None:
    with alone(tmp_path):
        pids = side_by_side(tmp_path, _steps(tmp_path), lambda _: None, n_sites=9, options=_options(tmp_path))
    assert set(pids) == {os.getpid()}


@pytest.mark.usefixtures("at_any_size")
def test_what_a_step_raises_is_raised_here_with_its_faults(tmp_path: Path) -> None:
    steps: list[Callable[[], int]] = [partial(_fail, "the disk is full"), *_steps(tmp_path)]
    with alone(tmp_path), pytest.raises(RunError, match=r"here: the disk is full. Remedy: mend it") as raised:
        side_by_side(tmp_path, steps, lambda _: None, n_sites=1, options=_options(tmp_path))
    assert raised.value.faults == (Fault("the disk is full", "here", "mend it"),)


@pytest.mark.usefixtures("at_any_size")
def test_all_that_people_open_is_the_same_from_one_process_and_from_two(tmp_path: Path) -> None:
    found = {}
    for workers in (1, 2):
        place = write_results(tmp_path / str(workers) / "run")
        with alone(place) as holding:
            holding.manifest = read_manifest(place)
            holding.set_aside()
            write = of_run(place, _options(place, workers=workers))
            written = write_all(place, quiet=True, at_once=write)
            assert holding.written == {path.relative_to(place).as_posix() for path in written}
        found[workers] = {path.relative_to(place).as_posix(): _content(path) for path in written}
    assert list(found[1]) == list(found[2])
    assert [name for name in found[1] if found[1][name] != found[2][name]] == []
    assert {"totals.parquet", "transit.parquet", "report.html", "workbook.xlsx", "sites.gpkg"} <= set(found[1])


def _content(path: Path) -> object:
    """Return what a file holds, without the time at which it was written."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist() if name != "docProps/core.xml"}
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as file:
            names = [one for (one,) in file.execute("SELECT table_name FROM gpkg_contents ORDER BY 1")]
            asked = {name: "styleName, styleQML" if name == "layer_styles" else "*" for name in names}
            return {name: file.execute(f"SELECT {some} FROM {name}").fetchall() for name, some in asked.items()}  # noqa: S608
    return path.read_bytes()
