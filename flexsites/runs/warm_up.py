"""The first run after an installation: kernels are compiled once, and much of that while inputs are being read.

Compiling takes most of a minute of one core, and every worker that finds nothing kept would do all of it. So a process
of its own lays one piece out and tops one building up, on the core that reading leaves idle; what it compiles is kept,
and the workers find it. It changes no result: a worker that comes before it compiles for itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.capacity.homes import fit
from flexsites.capacity.roofs import roof_units, top_up
from flexsites.compiled import CACHE_DIRECTORY
from flexsites.config.study import Study, resolve
from flexsites.runs.stopping import begin_worker, unstoppable
from flexsites.tables import CRS, Buildings, Frame, Pieces, RoofParts, TransitQuality, empty
from flexsites.tables.contract import Table

_SQUARE = shapely.box(150_000.0, 450_000.0, 150_060.0, 450_060.0)
_PATIENCE_S = 300.0
"""A worker that finds nothing kept compiles just as long, and each does: waiting is dearer only if it is stuck."""


def one_row(table: Table, **known: object) -> Frame:
    """Return a table of one row: the columns known, the first of listed values, one or null else, and a square.

    Examples
    --------
    >>> row = one_row(Buildings, n_dwellings=8)
    >>> len(row), int(row["n_dwellings"].iloc[0]), float(row.area.iloc[0])
    (1, 8, 3600.0)
    """
    plain: dict[str, object] = {"int": 1, "float": 1.0, "bool": True, "str": "1", "list": ()}
    columns: dict[str, object] = {}
    for field in table.fields:
        value = known.get(field.name, field.values[0] if field.values else plain.get(field.dtype))
        is_open = field.null is not None and field.name not in known
        columns[field.name] = [_SQUARE if field.dtype == "geometry" else None if is_open else value]
    frame: Frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry="geometry", crs=CRS)
    return frame


def compile_kernels(study: Study) -> None:
    """Lay out one piece and top up one building as the study says, so that their kernels are compiled and kept."""
    if study.run.assesses_parcels:
        pieces = one_row(
            Pieces, piece_id="1#1", piece_area_m2=3600.0, core_area_m2=3600.0, compactness=0.78,
            is_valid=True,
            road_distance_m=0.0, access_x_m=150_000.0, access_y_m=450_000.0,
        )  # fmt: skip
        fit(
            pieces, empty(TransitQuality),
            programmes=study.programmes, dwelling_types=study.dwelling_types, layout=study.layout,
        )  # fmt: skip
    if study.top_up is not None:
        building = one_row(
            Buildings, bag_pand_id="0344100000000001", year_built=1995, n_dwellings=24, functions=("woonfunctie",),
            building_height_m=14.0, roof_flat_area_m2=3600.0, roof_sloped_area_m2=0.0, pand_status="Pand in gebruik",
        )  # fmt: skip
        roof_units(top_up(building, empty(RoofParts), rules=study.top_up), rules=study.top_up)


@contextmanager
def compiling(study: Study) -> Iterator[None]:
    """Compile beside what is done in the block, if nothing is kept yet; at its end wait for it, for a while."""
    if CACHE_DIRECTORY.is_dir() and any(CACHE_DIRECTORY.rglob("*.nbi")):
        yield
        return
    command = [sys.executable, "-m", "flexsites.runs.warm_up", str(study.path)]
    with unstoppable():
        helper = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ourselves
    try:
        yield
        with suppress(subprocess.TimeoutExpired):
            helper.wait(_PATIENCE_S)
    finally:
        helper.kill()
        helper.wait()


if __name__ == "__main__":
    begin_worker(os.getppid())
    compile_kernels(resolve(sys.argv[1]))
