"""The synthetic municipality and its undisturbed runs, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import geopandas as gpd
import pytest

from flexsites.config.study import resolve
from flexsites.digest import are_as_written
from flexsites.runs.run import Options, held, place_of
from flexsites.tables.manifest import read_manifest
from flexsites.worlds.municipality import write_municipality
from pipelines import PIPELINES
from tests.made_once import make_once
from tests.pipelines.added_runs import AREA, bare, bridging, own_directory, run_tables
from tests.pipelines.small_run import (
    CELL_M,
    CORNER,
    N_PARCELS,
    SMALL,
    STRIP_CELL_M,
    VERDICTS,
    Small,
    assess,
    tables,
    write_run,
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the place's files; a test that changes one changes a copy."""

    def make(folder: Path) -> Path:
        write_municipality(folder, seed=1, n_parcels=N_PARCELS)
        return folder

    return make_once(tmp_path_factory, "world", make)


@pytest.fixture(scope="session")
def small(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return the small run that nothing disturbed, cell after cell in one process: its manifest vouches for its files.

    A test that changes something of it changes a copy.
    """

    found = make_once(tmp_path_factory, "small", lambda folder: _undisturbed(write_run(folder, world), CELL_M))
    assert {"sites.parquet", "roofs.parquet", "variants/ov_800/suitability.parquet"} <= set(found.expected)
    assert set(gpd.read_parquet(found.directory / "sites.parquet")["verdict"]) >= VERDICTS
    return found


def _undisturbed(path: Path, cell_m: float) -> Small:
    outputs = path.parent / "outputs"
    with held(place_of(resolve(str(path)), Options(outputs))):
        directory = assess(path, outputs, cell_size_m=cell_m)
    return Small(path, outputs, directory, tables(directory))


@pytest.fixture(scope="session")
def strip(request: pytest.FixtureRequest, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return the same of the strip in `.ci/deep` too: for what hangs on the files of a run, not on what lies there."""
    if SMALL == CORNER:
        return cast("Small", request.getfixturevalue("small"))
    area = {"area": {"bbox": CORNER}}
    return make_once(
        tmp_path_factory,
        "strip",
        lambda folder: _undisturbed(write_run(folder, world, lambda content: content.update(area)), STRIP_CELL_M),
    )


@pytest.fixture(scope="session")
def reported(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return the run of the whole field and its surroundings, with all that its pipeline writes: tables and reports."""

    def make(folder: Path) -> Small:
        path, outputs = write_run(folder, world, is_wide=True), folder / "outputs"
        study = resolve(str(path))
        directory = PIPELINES[study.run.pipeline](
            study, Options(outputs, scheduler="synchronous", workers=1, quiet=True)
        )
        return Small(path, outputs, directory, tables(directory))

    found = make_once(tmp_path_factory, "reported", make)
    assert len(gpd.read_parquet(found.directory / "sites.parquet")) > 100
    return found


@pytest.fixture(scope="session")
def bridged(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of results of a finished run that bridges a hard plan: for who reads it, or adds to a copy."""

    def make(folder: Path) -> Path:
        path, outputs = write_run(folder, world, bridging), folder / "outputs"
        run_tables(path, outputs)
        return outputs

    found = make_once(tmp_path_factory, "bridged", make)
    yield found
    assert are_as_written(read_manifest(own_directory(found)).tables, own_directory(found)), "a test changed its tables"


@pytest.fixture(scope="session")
def without_variants(small: Small, world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of results of a finished run of parcels without variants, for who adds some to a copy."""

    def make(folder: Path) -> Path:
        path, outputs = write_run(folder, world, bare), folder / "outputs"
        if AREA == SMALL:
            small.lend_inputs(path, outputs)
        run_tables(path, outputs)
        return outputs

    return make_once(tmp_path_factory, "without_variants", make)
