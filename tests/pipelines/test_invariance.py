"""The same tables, byte for byte, whatever the cells, the workers and the scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from flexsites.config.copies import copy
from flexsites.config.shelf import Shelf
from flexsites.exclusion.locations import group_locations, link_cores
from flexsites.tables import ValidPieces, conform
from flexsites.tables.files import read
from tests.pipelines.small_run import CELL_M, DENSE, Small, assess, tables, write_run

ODD_M = 1.33332 * CELL_M

WAYS: dict[str, dict[str, Any]] = {
    "one cell": {},
    "five cells of equal number": {"scheduler": "threads", "workers": 5},
    "small cells": {"cell_size_m": 0.4 * CELL_M},
    "cells of an odd side": {"cell_size_m": ODD_M},
    "two threads": {"scheduler": "threads", "workers": 2, "cell_size_m": CELL_M},
    "two processes": {"scheduler": "processes", "workers": 2, "cell_size_m": CELL_M},
    "odd cells on two processes": {"cell_size_m": ODD_M, "scheduler": "processes", "workers": 2},
    "small cells on two threads": {"scheduler": "threads", "workers": 2, "cell_size_m": 0.5 * CELL_M},
}
"""Ways to run it; `.ci/run` has that of few sites in a cell, on two threads."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a scheduler on loopback, as another machine would run one."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__ENABLED", "false")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, worker_dashboard_address=None
    ) as running:
        address = running.scheduler_address
        assert address.startswith("tcp://127.0.0.1")
        yield address


@pytest.mark.deep(sibling="test_cells_of_few_sites_give_the_same")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_tables_do_not_depend_on_cells_workers_or_scheduler(way: dict[str, Any], small: Small, tmp_path: Path) -> None:
    small.lend_inputs(small.path, tmp_path)
    assert tables(assess(small.path, tmp_path, **way)) == small.expected


@pytest.mark.deep(sibling="test_cells_of_few_sites_give_the_same")
def test_a_local_cluster_gives_the_same(small: Small, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    small.lend_inputs(small.path, tmp_path)
    directory = assess(small.path, tmp_path, scheduler="cluster", workers=2, cell_size_m=CELL_M)
    assert tables(directory) == small.expected


@pytest.mark.deep(sibling="test_cells_of_few_sites_give_the_same")
def test_a_scheduler_elsewhere_gives_the_same(small: Small, cluster: str, tmp_path: Path) -> None:
    small.lend_inputs(small.path, tmp_path)
    assert tables(assess(small.path, tmp_path, scheduler=cluster, cell_size_m=ODD_M)) == small.expected


def test_locations_over_gaps_do_not_depend_on_cells(small: Small, world: Path, tmp_path: Path) -> None:
    """Pieces that a gap parts are one location, on whichever side of the border of a cell they lie."""
    path = write_run(tmp_path, world, lambda content: content.update(assess=["parcels"], variants=[]))
    rules = copy("rules/exclusion/omgevingswet_2024", tmp_path / "flexsites_config", shelf=Shelf())
    content = yaml.safe_load(rules.read_text(encoding="utf-8"))
    content["locations"]["gap_m"] = {"value": 25, "unit": "m", "source": "a test"}
    rules.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for name in ("one", "many"):
        small.lend_inputs(path, tmp_path / name)
    one, many = (assess(path, tmp_path / name, **way) for name, way in (("one", {}), ("many", {"cell_size_m": CELL_M})))
    assert tables(one) == tables(many)
    pieces, located = read(one / "pieces.parquet"), read(one / "piece_locations.parquet")
    mine = pieces[pieces["piece_id"].isin(located["piece_id"])]
    alone = group_locations(conform(mine, ValidPieces, where="test"), link_cores(mine))
    assert located["location_id"].nunique() < alone["location_id"].nunique(), "gaps join more than cores do"


OF_THE_RUN = {"sites": ["location_id"], "reasons": [], "accessibility": [], "suitability": ["rank"], "pieces": []}
"""Tables, and the columns in them that are of the run as a whole (locations and ranks)."""


def _assert_same_rows(half: Path, whole: Path) -> None:
    for name, columns in OF_THE_RUN.items():
        # Types that hold null: a column is then of one type, whether or not some of its rows are null.
        paths = (directory / f"{name}.parquet" for directory in (half, whole))
        some, every = (pd.read_parquet(path, dtype_backend="numpy_nullable") for path in paths)
        same = every[every["site_id"].isin(some["site_id"])].reset_index(drop=True)
        assert 0 < len(some) < len(every)
        pd.testing.assert_frame_equal(same.drop(columns=columns), some.drop(columns=columns), check_exact=True)


@pytest.mark.deep(sibling="test_nor_where_an_entrance_is_borrowed_from_afar")
def test_a_sites_numbers_do_not_depend_on_the_extent_of_the_run(reported: Small, world: Path, tmp_path: Path) -> None:
    """Half of the area: the same rows for every site, but for what is of the run as a whole."""
    west = [157_000, 470_100, 158_600, 474_900]
    half = assess(write_run(tmp_path, world, lambda content: content.update(area={"bbox": west})), tmp_path)
    _assert_same_rows(half, reported.directory)


def test_nor_where_an_entrance_is_borrowed_from_afar(small: Small, world: Path, tmp_path: Path) -> None:
    """Parcel 99010023160000 borrows that of a neighbour, 600 m beyond the area: once it depended on the extent."""
    west = [157_400, 470_401, 158_250, 471_150]
    parcels_alone = {"area": {"bbox": west}, "assess": ["parcels"], "variants": []}
    half = assess(write_run(tmp_path, world, lambda content: content.update(parcels_alone)), tmp_path)
    for directory in (half, small.directory):
        pieces = read(directory / "pieces.parquet").set_index("site_id")
        assert pieces.loc[["99010023160000"], "has_borrowed_entrance"].any(), "it borrows none: the test shows nothing"
    _assert_same_rows(half, small.directory)


@pytest.mark.parametrize("scheduler", ["threads", pytest.param("processes", marks=pytest.mark.deep)])
def test_cells_of_few_sites_give_the_same(scheduler: str, small: Small, world: Path, tmp_path: Path) -> None:
    """Of two threads; two processes are what the demo of `.ci/run` has, of which `test_demo_values.py` tells."""
    path = write_run(tmp_path, world, lambda content: content.update(max_sites_per_cell=DENSE))
    small.lend_inputs(path, tmp_path)
    directory = assess(path, tmp_path, scheduler=scheduler, workers=2)
    assert len(list(directory.glob("parts/*/*/parcels.json"))) > 1, "no cell was divided: the test shows nothing"
    locations = pd.read_parquet(directory / "piece_locations.parquet").set_index("piece_id")["location_id"]
    parts = [pd.read_parquet(path, columns=["piece_id"]) for path in directory.glob("parts/*/*/base/pieces.parquet")]
    cells = pd.concat([part.assign(cell=n) for n, part in enumerate(parts)]).set_index("piece_id")["cell"]
    assert cells.groupby(locations).nunique().max() > 1, "no location lies in two cells: the test shows nothing"
    assert tables(directory) == small.expected
