"""Streets made ready by a process of their own: the same files, faults and warnings, whoever made them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from flexsites.config.study import resolve
from flexsites.errors import InputError
from flexsites.inputs import prepare_streets
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from flexsites.runs import streets_beside as subject
from flexsites.runs.make_ready import make_ready
from flexsites.runs.prepare import reach_request
from tests.unit.inputs.makers import sources, write
from tests.unit.inputs.test_user_features import grid, lines_of, places, points_of, stops_of

REACH = reach_request(resolve("demo_province"))


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """Return sources of streets, amenities and stops; shops are told twice and one has no place: both are warned of."""
    shops = write(places(), tmp_path / "shops.gpkg")
    unplaced = places()
    unplaced.loc[1, "geometry"] = None
    return {
        "streets": lines_of(write(grid(), tmp_path / "streets.gpkg")),
        "amenities": {"some": points_of(shops), "others": points_of(write(unplaced, tmp_path / "others.gpkg"))},
        "stops": {"halts": stops_of(shops)},
        "faulty_rows": "quarantine",
    }


def prepared(folder: Path, target: str, given: dict[str, Any], *, n_workers: int = 2) -> Prepared:
    return prepare(
        sources(**given),
        directory=folder / target,
        base=folder,
        request=Request(reach=REACH),
        make_ready=make_ready(REACH, n_workers),
        beside=subject.streets_beside(REACH, n_workers),
    )


def files_in(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def told(found: Prepared) -> tuple[Any, ...]:
    tables = {name: path.name for name, path in found.tables.items()}
    return tables, found.records, found.warnings, found.hashes


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every source be large enough for a process of its own."""
    monkeypatch.setattr(subject, "_LEAST_BYTES", 0)


def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Return the processes that are started from now on."""
    found: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            found.append(self)

    monkeypatch.setattr(subject.subprocess, "Popen", Noted)
    return found


@pytest.mark.usefixtures("large")
def test_another_process_makes_what_this_one_would(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = prepared(tmp_path, "alone", given, n_workers=1)
    assert len([one for one in alone.warnings if one.startswith("amenities")]) == 2
    with monkeypatch.context() as patch:
        patch.setattr(prepare_streets._ReachReader, "read", lambda _: pytest.fail("this process read the streets"))
        beside = prepared(tmp_path, "beside", given)
    assert told(beside) == told(alone)
    assert files_in(tmp_path / "beside") == files_in(tmp_path / "alone")
    processes = started(monkeypatch)
    assert told(prepared(tmp_path, "beside", given)) == told(alone), "and so does who finds them made"
    assert not processes


@pytest.mark.usefixtures("large")
def test_what_it_does_not_end_this_process_makes(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = prepared(tmp_path, "alone", given, n_workers=1)
    processes = started(monkeypatch)
    monkeypatch.setattr("flexsites.inputs.prepare.prepare_demand", lambda _: processes[0].kill())
    assert told(prepared(tmp_path, "beside", given)) == told(alone)
    assert [one.returncode for one in processes] == [-9]
    assert files_in(tmp_path / "beside") == files_in(tmp_path / "alone")


@pytest.mark.usefixtures("large")
def test_faults_are_told_once_and_by_this_process(tmp_path: Path, given: dict[str, Any]) -> None:
    given["faulty_rows"] = "stop"
    found = []
    for n_workers in (1, 2):
        with pytest.raises(InputError) as raised:
            prepared(tmp_path, f"of_{n_workers}", given, n_workers=n_workers)
        found.append([str(one) for one in raised.value.faults])
    assert found[0] == found[1]
    assert len(found[0]) == 1
    assert not (tmp_path / "of_2" / "reach.json").exists()


def test_the_process_ends_where_other_sources_fail(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subject, "_LEAST_BYTES", 0)
    processes = started(monkeypatch)
    monkeypatch.setattr("flexsites.inputs.prepare.prepare_demand", fails)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, "beside", given)
    assert processes[0].returncode == -9


def test_of_small_or_absent_sources_no_process_is_started(
    tmp_path: Path, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = started(monkeypatch)
    prepared(tmp_path, "small", given)
    monkeypatch.setattr(subject, "_LEAST_BYTES", 0)
    given["streets"] = lines_of(tmp_path / "nowhere.gpkg")
    with pytest.raises(InputError, match="no such file"):
        prepared(tmp_path, "absent", given)
    assert not processes
    assert subject.streets_beside(None, 2) is None
    assert subject.streets_beside(REACH, 1) is None
