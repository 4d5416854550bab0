"""Vector tiles of a run, a PMTiles file per layer, made once by GDAL. Source: PMTiles 3, Mapbox Vector Tile 2.1."""

from __future__ import annotations

import math
import mmap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from flexsites.errors import require_extra, writing
from flexsites.reporting.maps.background import drawn_streets
from flexsites.reporting.maps.display import without_holes
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, open_results
from flexsites.tables import CRS
from flexsites.tables.whole_files import scratch_folder
from flexsites.view.index import FOLDER, stamp
from flexsites.view.kinds import kinds_of
from flexsites.view.made import is_made, making

LEAST_ZOOM, MOST_ZOOM = 8, 14
"""Beyond the last zoom the map magnifies: a tile of zoom 14 is 1.5 km wide here and has 4,096 steps, 0.4 m each."""
_MANY = 20_000
"""Parcels of which a map takes so long that the zoom that the page opens with is made first, apart."""
_MAP_PX, _TILE_PX = 800, 512
_LEAST_ZOOM = {
    "parcels": LEAST_ZOOM, "marks": LEAST_ZOOM, "roofs": 12, "streets": 10, "rail": 9, "water": 9, "buildings": 13,
}  # fmt: skip
_TABLE = {"parcels": "sites", "roofs": "roofs", "marks": "roofs"}
"""Of which table what a run shows one by one is drawn: buildings by their shapes, and from afar by points."""


@dataclass(frozen=True)
class Tiles:
    """The tiles of one layer, mapped into memory."""

    name: str
    least_zoom: int
    most_zoom: int
    _reader: Any

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile, compressed with gzip; None: nothing is there."""
        if not self.least_zoom <= z <= self.most_zoom or not (0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        found: bytes | None = self._reader.get(z, x, y)
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """Some zooms of a layer, in a file of their own.

    Attributes
    ----------
    name
        The layer; of a layer in several parts with a hyphen and the first zoom behind it.
    least_zoom, most_zoom
        The zooms.
    """

    name: str
    least_zoom: int
    most_zoom: int

    @property
    def layer(self) -> str:
        """The layer."""
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Tiling:
    """The layers of a run as tiles, each to be had as soon as it is made: what it shows first, then the background.

    Attributes
    ----------
    paths
        By part of a layer that the run has rows for, where its tiles are or will be.
    maker
        The process that makes them beside who looks; None: nothing is being made.
    """

    paths: Mapping[Part, Path]
    maker: BaseProcess | None = None
    _opened: dict[str, Tiles] = field(default_factory=dict, init=False)

    def of(self, layer: str, zoom: int = MOST_ZOOM) -> Tiles | None:
        """Return the tiles of a layer that hold a zoom; None: they are not there, or not yet."""
        for part, path in self.paths.items():
            if part.layer == layer and part.least_zoom <= zoom <= part.most_zoom:
                if part.name not in self._opened and path.is_file():
                    self._opened[part.name] = opened(layer, path)
                return self._opened.get(part.name)
        return None

    @property
    def zooms(self) -> dict[str, tuple[int, int]]:
        """By layer the first and the last zoom that it has tiles of."""
        return {part.layer: (_LEAST_ZOOM[part.layer], MOST_ZOOM) for part in self.paths}

    @property
    def coming(self) -> list[str]:
        """The parts of layers that are still being made, by name."""
        is_making = self.maker is not None and self.maker.is_alive()
        return [part.name for part, path in self.paths.items() if not path.is_file()] if is_making else []


def tiles_of(results: Results, extent: Sequence[float], *, beside: bool = False) -> Tiling:
    """Return the tiles of a run; those that are not there are made, ``beside`` in a process that nobody waits for.

    Parameters
    ----------
    results
        The run.
    extent
        Of what it shows: west, south, east and north in degrees.
    beside
        Whether to wait for none.
    """
    # What its page opens with first, then the background; buildings of a run of parcels have a page of their own.
    names = sorted(_LEAST_ZOOM, key=lambda name: results.has_sites and _TABLE.get(name) == "roofs")
    parts = [part for name in names if _has(results, name) for part in _parts_of(results, name, extent)]
    paths = {part: _path_of(results, part.name) for part in parts}
    missing = [part for part, path in paths.items() if not is_made(path)]
    for part in missing:  # what is there and not vouched for must not be shown while it is made anew
        paths[part].unlink(missing_ok=True)
    if not beside or not missing:
        make(results.directory, missing)
        return Tiling(paths)
    # A process, for GDAL holds the interpreter; a daemon, for it ends with the viewer, and the next one goes on.
    maker = get_context("spawn").Process(target=make, args=(results.directory, missing), daemon=True)
    maker.start()
    return Tiling(paths, maker)


def opening_zoom(extent: Sequence[float]) -> int:
    """Return the zoom of the tiles that a map of usual size shows an extent with: west, south, east, north, degrees.

    Examples
    --------
    >>> opening_zoom([5.5, 51.95, 5.9, 52.2])
    10
    """
    west, south, east, north = extent
    y = [math.asinh(math.tan(math.radians(one))) / math.tau for one in (south, north)]
    share = max((east - west) / 360.0, y[1] - y[0], 1e-9)
    fits = math.floor(math.log2(_MAP_PX / _TILE_PX / share))
    return min(max(fits, LEAST_ZOOM), MOST_ZOOM)


def _parts_of(results: Results, name: str, extent: Sequence[float]) -> list[Part]:
    """Return the parts of a layer, in the order in which they are made: what the page opens with comes first."""
    least = _LEAST_ZOOM[name]
    if name not in _TABLE or results.n_rows(_TABLE[name]) <= _MANY or least > opening_zoom(extent):
        return [Part(name, least, MOST_ZOOM)]
    first = opening_zoom(extent)
    zooms = [(first, first), (first + 1, MOST_ZOOM), (least, first - 1)]
    return [Part(f"{name}-{one}", one, other) for one, other in zooms if one <= other]


def make(directory: Path, parts: Sequence[Part]) -> None:
    """Make parts of layers of a run, one after another."""
    for layer, of_layer in groupby(parts, key=lambda part: part.layer):
        results = open_results(directory)  # anew: the tables of a layer are let go with it
        rows = (_shown(results, layer) if layer in _TABLE else _background(results, layer)).to_crs(3857)
        for part in of_layer:
            _make(results, part, rows)


def opened(name: str, path: Path) -> Tiles:
    """Open a file of tiles."""
    reader = require_extra("pmtiles.reader", "view")
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    opened_reader = reader.Reader(lambda offset, length: mapped[offset : offset + length])
    header = opened_reader.header()
    return Tiles(name, header["min_zoom"], header["max_zoom"], opened_reader)


def _path_of(results: Results, name: str) -> Path:
    return results.directory / FOLDER / f"{name}-{stamp(results)}.pmtiles"


def _has(results: Results, name: str) -> bool:
    """Whether a run has rows for a layer."""
    if name in _TABLE:
        return results.has(_TABLE[name]) and results.n_rows(_TABLE[name]) > 0
    return bool(_tables_of(results, name))


def _tables_of(results: Results, name: str) -> list[str]:
    """Return the tables of a run that a layer of the background is drawn from."""
    layers = ["canonical/streets"] if name == "streets" else [
        f"canonical/layers/{one}" for one in presentation().map.background[name]
    ]  # fmt: skip
    return [one for one in layers if results.has(one)]


def _make(results: Results, part: Part, rows: gpd.GeoDataFrame) -> None:
    """Write the file of a part; none where nothing of it is drawn."""
    if not len(rows):
        return
    path = _path_of(results, part.name)
    # GDAL looks at the ending of a name, and writes beside it.
    with making(results.directory, path) as temporary, scratch_folder(path.with_suffix(".tiles")) as folder:
        with writing(folder):
            file = folder / path.name
            options = {"MINZOOM": str(part.least_zoom), "MAXZOOM": str(part.most_zoom), "NAME": part.layer}
            # A tile of a whole province from afar: coarser steps than a pixel are no loss, and no news to a visitor.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="At least one tile exceeded", category=RuntimeWarning)
                pyogrio.write_dataframe(
                    rows, file, driver="PMTiles", layer=part.layer, dataset_options=options, geometry_type="Unknown"
                )
        file.replace(temporary)


def _shown(results: Results, name: str) -> gpd.GeoDataFrame:
    """Return what a run shows one by one with what its colours go by; marks as a point on each."""
    kind = next(one for one in kinds_of(results).values() if one.drawn and one.table == _TABLE[name])
    table = results.table(kind.table)
    shapes = gpd.GeoSeries(table.geometry, crs=CRS)
    rows = kind.drawn(results, table) if kind.drawn else table
    return gpd.GeoDataFrame(rows, geometry=shapes.representative_point() if name == "marks" else shapes)


def _background(results: Results, name: str) -> gpd.GeoDataFrame:
    tables = [results.table(one) for one in _tables_of(results, name)]
    if name == "streets":
        streets = drawn_streets(tables[0])
        told = pd.DataFrame({"name": streets["street_name"].fillna(""), "main": streets["is_main"].astype("int64")})
        return gpd.GeoDataFrame(told, geometry=gpd.GeoSeries(streets.geometry, crs=CRS))
    shapes = pd.concat([one.geometry for one in tables], ignore_index=True)
    wanted = shapes[shapely.get_dimensions(shapes.to_numpy()) == (1 if name == "rail" else 2)].to_numpy()
    kept = gpd.GeoSeries(wanted if name == "rail" else without_holes(wanted), crs=CRS)
    return gpd.GeoDataFrame({"kind": [name] * len(kept)}, geometry=kept)
