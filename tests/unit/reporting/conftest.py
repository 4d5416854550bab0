from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from flexsites.reporting.summaries.all_tables import write_tables
from flexsites.view.application import application
from flexsites.view.opened import Opened, open_run
from tests.reporting_fixture import write_results


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a timetable, roofs and a variant; its summing tables are computed whenever they are asked."""
    return write_results(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def summed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its summing tables, as a pipeline leaves it: for what only writes it up, and changes nothing."""
    directory = write_results(tmp_path_factory.mktemp("summed"))
    write_tables(directory)
    return directory


@pytest.fixture(scope="session")
def written(summed_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[..., Path], str], Path]:
    """That run written up, a report or a workbook in a language, once for all tests that only read it."""
    folder = tmp_path_factory.mktemp("written")

    @cache
    def once(write: Callable[..., Path], lang: str) -> Path:
        path = write(summed_run, lang=lang)
        # Another language, and other tests, write over it.
        return Path(shutil.copy(path, folder / f"{write.__name__}.{lang}{path.suffix}"))

    return once


@pytest.fixture(scope="session")
def run_without_timetable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which no stop is known to be served, and without roofs."""
    return write_results(tmp_path_factory.mktemp("no_timetable"), with_timetable=False, with_roofs=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A run of parcels that is opened to be looked at."""
    return open_run(write_results(tmp_path_factory.mktemp("view") / "run"))


@pytest.fixture(scope="module")
def client(run: Opened) -> Iterator[TestClient]:
    """A browser that looks at it."""
    with TestClient(application(run), base_url="http://127.0.0.1:8040", raise_server_exceptions=False) as made:
        yield made
