"""What a run does to its directory: only its own files go, and it is finished only when its manifest stands there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from flexsites.errors import InputError
from flexsites.reporting.results import open_results
from flexsites.tables import whole_files
from flexsites.tables.manifest import MANIFEST, Manifest, read_manifest
from flexsites.tables.run_directory import HELD, OWN_FILES, Holding, adding, alone
from flexsites.tables.whole_files import whole_file, write_whole
from tests.conftest import PROJECT, bring_to_disk

CHILD = """
import sys, time
from pathlib import Path
from flexsites.tables.run_directory import alone
with alone(Path(sys.argv[1])) as holding:
    holding.set_aside()
    print("held", flush=True)
    time.sleep(600)
"""


def _write(directory: Path, name: str, content: str) -> None:
    path = directory / name
    if path.suffix == ".parquet":
        with whole_file(path) as temporary:
            pd.DataFrame({"site_id": [content]}).to_parquet(temporary)
    else:
        write_whole(path, content.encode())


def run(directory: Path, told: str, *more: str) -> None:
    """Write what a run writes, from its start to its end."""
    with alone(directory) as holding:
        holding.set_aside()
        for name in ("run.yaml", "canonical/areas.parquet", "canonical/areas.json", "parts/ab/c/base/sites.parquet"):
            _write(directory, name, "the same")
        for name in ("sites.parquet", "variants/strict/sites.parquet", "report.html", *more):
            _write(directory, name, told)
        holding.manifest = Manifest(run_id=told)
        holding.finish()


def fail(directory: Path, *tables: tuple[str, str]) -> None:
    """Begin a run that writes these tables, and fails."""
    with alone(directory) as holding:
        holding.set_aside()
        for name, told in tables:
            _write(directory, name, told)
        raise InputError("half way")


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_another_result_takes_away_what_was_made_of_the_old_one_and_nothing_of_others(tmp_path: Path) -> None:
    run(tmp_path, "old", "report.en.html", "variants/gone/sites.parquet")
    with adding(tmp_path):
        _write(tmp_path, "shortlists/all-best_10/factsheets.html", "old")
    theirs = {".git/HEAD", "mijn_kaart.qgz", "variants/gone/notes.txt", "shortlists/mine.txt", ".~lock.workbook.xlsx#"}
    for name in theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"theirs")
    run(tmp_path, "new")
    state = {"canonical/areas.parquet", "canonical/areas.json", "parts/ab/c/base/sites.parquet", HELD, OWN_FILES}
    own = {"run.yaml", "sites.parquet", "variants/strict/sites.parquet", "report.html", MANIFEST}
    assert files(tmp_path) == {*theirs, *state, *own}
    assert not (tmp_path / "shortlists" / "all-best_10").exists(), "an empty folder of ours goes with its files"
    assert set((tmp_path / OWN_FILES).read_text().split()) == own
    assert read_manifest(tmp_path).run_id == "new"


def test_the_same_result_leaves_what_was_made_of_it(tmp_path: Path) -> None:
    run(tmp_path, "old", "report.en.html")
    with adding(tmp_path):
        _write(tmp_path, "shortlists/all-best_10/factsheets.html", "old")
    before = files(tmp_path)
    run(tmp_path, "old")
    assert files(tmp_path) == before
    run(tmp_path, "new")
    assert before - files(tmp_path) == {"report.en.html", "shortlists/all-best_10/factsheets.html"}


def test_a_run_that_fails_before_it_changed_a_table_leaves_the_finished_one(tmp_path: Path) -> None:
    run(tmp_path, "old")
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    with pytest.raises(InputError, match="half way"):
        fail(tmp_path, ("canonical/areas.parquet", "the same"))
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.parametrize("table", ["sites.parquet", "canonical/areas.parquet"])
def test_a_run_that_fails_after_that_is_not_taken_for_a_finished_one(tmp_path: Path, table: str) -> None:
    run(tmp_path, "old")
    with pytest.raises(InputError, match="half way"):
        fail(tmp_path, (table, "new"))
    assert (tmp_path / "report.html").exists(), "nothing goes before it is replaced"
    with pytest.raises(InputError, match=r"did not finish.*--resume"):
        open_results(tmp_path)


def test_a_killed_run_is_not_taken_for_a_finished_one_and_one_on_its_way_neither(tmp_path: Path) -> None:
    run(tmp_path, "old")
    assert open_results(tmp_path).manifest.run_id == "old"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=r"a run is writing here.*wait"):
            open_results(tmp_path)
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=60)
    with pytest.raises(InputError, match=r"did not finish.*--resume"):
        open_results(tmp_path)
    with pytest.raises(InputError, match="half way"):
        fail(tmp_path)
    assert open_results(tmp_path).manifest.run_id == "old", "no table changed: what it tells is still true"


def test_reports_of_a_run_on_its_way_read_its_own_manifest(tmp_path: Path) -> None:
    with alone(tmp_path) as holding:
        holding.manifest = Manifest(run_id="on its way")
        assert open_results(tmp_path).manifest.run_id == "on its way"
        assert not (tmp_path / MANIFEST).exists()


@pytest.mark.parametrize("listed", [b"", b"\xff\xfe\x00", b"../outside.txt\n/etc/hosts\n"])
def test_a_list_of_own_files_that_was_spoilt_lists_nothing(tmp_path: Path, listed: bytes) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"theirs")
    directory = tmp_path / "run"
    run(directory, "old", "report.en.html")
    (directory / OWN_FILES).write_bytes(listed)
    run(directory, "new")
    assert outside.exists()
    assert (directory / "report.en.html").exists(), "nobody knows whose it is"


def test_a_run_without_a_manifest_does_not_finish(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no manifest"):
        Holding(tmp_path).finish()


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power cut may leave the name and none of the bytes. The other tests do not wait for the disk."""
    path, brought = tmp_path / "sites.parquet", []
    monkeypatch.setattr(whole_files, "_bring_to_disk", bring_to_disk)
    monkeypatch.setattr(
        whole_files.os, "fsync", lambda number: brought.append((os.fstat(number).st_size, path.exists()))
    )
    write_whole(path, b"content")
    assert brought == [(7, False)]
    assert path.read_bytes() == b"content"


def test_a_full_disk_is_told_with_the_file_that_could_not_be_written(tmp_path: Path) -> None:
    """Arrow says that the device is full, and not where."""
    path = tmp_path / "canonical" / "areas.parquet"
    with pytest.raises(OSError, match="No space left on device") as told, whole_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.filename == str(path)
    assert not list(path.parent.iterdir())
