"""A whole run of roofs over a stock in streets: wall seconds and memory of each phase, complexes once more all at once.

    python -m tests.benchmarks._roofs_run 1000000

Blocks of eight alike buildings stand wall to wall, so nearly every building is linked to a neighbour, and streets run
through many cells. It is no part of the registered benchmark: writing the sources takes longer than the run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import shapely
import yaml

from flexsites import tables as t
from flexsites.capacity.complexes import group_complexes, link_neighbours
from flexsites.runs.across_cells import gather_roofs
from flexsites.runs.run import Place
from flexsites.tables import Frame
from flexsites.tables.files import read
from tests.benchmarks.national import ABOUT, Watch, run_through, watching
from tests.benchmarks.roofs import make_stock, rules, write_sources

TILE_M, STREET_M, STREETS_APART_M, BETWEEN_BLOCKS_M = 12_000.0, 10_000.0, 60.0, 4.0
PER_BLOCK, TILES_ACROSS = 8, 20
WEST, SOUTH = 20_000.0, 320_000.0
CELL_M = 5_000.0
HELD_MAX = 2_000_000
"""Above this complexes are not grouped all at once as well: the roofs would not fit beside the rest."""


def stock_in_streets(size: int, seed: int) -> Frame:
    """Return a chunk of the stock as streets: within a block every building is the first one again, wall to wall."""
    stock = make_stock(size, seed)
    number = np.arange(size)
    block = number // PER_BLOCK
    alike = stock.iloc[block * PER_BLOCK].reset_index(drop=True).assign(bag_pand_id=stock["bag_pand_id"])
    sides = np.sort(np.hypot(*_sides(alike.geometry.to_numpy())), axis=1)
    depth, length = sides.T
    along = np.cumsum(length) - length + block * BETWEEN_BLOCKS_M
    street = along // STREET_M
    x = WEST + seed % TILES_ACROSS * TILE_M + along - street * STREET_M
    y = SOUTH + seed // TILES_ACROSS * TILE_M + street * STREETS_APART_M
    return alike.set_geometry(shapely.box(x, y, x + length, y + depth), crs=alike.crs)


def _sides(rectangles: np.ndarray) -> np.ndarray:
    corners = shapely.get_coordinates(rectangles).reshape(len(rectangles), 5, 2)
    return np.moveaxis(np.diff(corners[:, :3], axis=1), -1, 0)


def run_file(folder: Path) -> Path:
    """Write the run of the folder's sources."""

    def row(name: str, reader: str = "vector") -> dict[str, object]:
        return {"reader": reader, "about": ABOUT, "path": str(folder / name)}

    buildings = {
        "bag_panden": row("bag.gpkg"),
        "verblijfsobjecten": row("units.parquet"),
        "roofs_3d": row("3dbag.gpkg", "bag3d"),
    }
    run = {
        "name": "streets", "title": {"nl": "Straten", "en": "Streets"}, "pipeline": "corporation_roofs",
        "assess": ["roofs"],
        "reference_date": "2026-01-01", "cell_size_m": CELL_M, "sources": {"buildings": buildings},
    }  # fmt: skip
    path = folder / "streets.yaml"
    path.write_text(yaml.safe_dump(run, sort_keys=False), encoding="utf-8")
    return path


def group_at_once(place: Place) -> None:
    """Group the complexes of all roofs in memory, and refuse another answer than that of the run."""
    roofs = read(place.result("base", "roofs"))
    whole = group_complexes(roofs, link_neighbours(roofs, rules=rules().complexes), rules=rules().complexes)
    of_run = t.conform(read(place.result("base", "complexes")), t.Complexes, where="the run")
    pd.testing.assert_frame_equal(whole, of_run)


def main(size: int) -> None:
    with TemporaryDirectory(prefix="flexsites-roofs-") as name, watching() as watch:
        folder = Path(name)
        watch.begin("write the sources")
        write_sources(folder, size, make=stock_in_streets)
        place, study, inputs, rows, _ = run_through(run_file(folder), folder / "outputs", watch)
        watch.begin("gather")
        gather_roofs(place, study, inputs, rows)
        if size <= HELD_MAX:
            watch.begin("complexes all at once")
            group_at_once(place)
        _tell(place, rows, watch)


def _tell(place: Place, rows: list[dict[str, object]], watch: Watch) -> None:
    watch.begin("end")
    links = sum(len(pd.read_parquet(path)) for path in place.parts.glob("*/*/complex_links.parquet"))
    complexes = read(place.result("base", "complexes"))
    n_complexes = complexes["complex_id"].nunique()
    print(f"{len(complexes):,} buildings in {n_complexes:,} complexes, {len(rows)} cells, {links:,} links over borders")
    for phase in watch.phases[1:-1]:
        print(phase)


if __name__ == "__main__":
    main(int(sys.argv[1]))
