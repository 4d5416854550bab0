"""Vector tiles of a run, a PMTiles file per layer, made once by GDAL. Source: PMTiles 3, Mapbox Vector Tile 2.1."""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from flexsites.reporting.maps.parcels import properties_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, open_results
from flexsites.tables import CRS
from flexsites.tables.whole_files import scratch_folder
from flexsites.view.index import FOLDER, stamp
from flexsites.view.made import is_made, making

LEAST_ZOOM, MOST_ZOOM = 8, 14
"""Beyond the last zoom the map magnifies: a tile of zoom 14 is 1.5 km wide here and has 4,096 steps, 0.4 m each."""
_LEAST_ZOOM = {"parcels": LEAST_ZOOM, "streets": 10, "rail": 9, "water": 9, "buildings": 13}


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


@dataclass(frozen=True)
class Tiling:
    """The layers of a run as tiles, each to be had as soon as it is made: parcels first, then the quiet background.

    Attributes
    ----------
    paths
        By layer that the run has rows for, where its tiles are or will be.
    maker
        The process that makes them beside who looks; None: nothing is being made.
    """

    paths: Mapping[str, Path]
    maker: BaseProcess | None = None
    _opened: dict[str, Tiles] = field(default_factory=dict, init=False)

    def of(self, name: str) -> Tiles | None:
        """Return the tiles of a layer; None: they are not there, or not yet."""
        if name not in self._opened and name in self.paths and self.paths[name].is_file():
            self._opened[name] = opened(name, self.paths[name])
        return self._opened.get(name)

    @property
    def zooms(self) -> dict[str, tuple[int, int]]:
        """By layer the first and the last zoom that it has tiles of."""
        return {name: (_LEAST_ZOOM[name], MOST_ZOOM) for name in self.paths}

    @property
    def coming(self) -> list[str]:
        """The layers that are still being made."""
        is_making = self.maker is not None and self.maker.is_alive()
        return [name for name, path in self.paths.items() if not path.is_file()] if is_making else []


def tiles_of(results: Results, *, beside: bool = False) -> Tiling:
    """Return the tiles of a run; those that are not there are made, ``beside`` in a process that nobody waits for."""
    paths = {name: _path_of(results, name) for name in _LEAST_ZOOM if _has(results, name)}
    missing = [name for name, path in paths.items() if not is_made(path)]
    for name in missing:  # what is there and not vouched for must not be shown while it is made anew
        paths[name].unlink(missing_ok=True)
    if not beside or not missing:
        make(results.directory, missing)
        return Tiling(paths)
    # A process, for GDAL holds the interpreter; a daemon, for it ends with the viewer, and the next one goes on.
    maker = get_context("spawn").Process(target=make, args=(results.directory, missing), daemon=True)
    maker.start()
    return Tiling(paths, maker)


def make(directory: Path, names: Sequence[str]) -> None:
    """Make the tiles of layers of a run, one after another."""
    for name in names:
        results = open_results(directory)  # anew: the tables of a layer are let go with it
        _make(results, name)


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
    if name == "parcels":
        return results.n_rows("sites") > 0
    return bool(_tables_of(results, name))


def _tables_of(results: Results, name: str) -> list[str]:
    """Return the tables of a run that a layer of the background is drawn from."""
    layers = ["canonical/streets"] if name == "streets" else [
        f"canonical/layers/{one}" for one in presentation().map.background[name]
    ]  # fmt: skip
    return [one for one in layers if results.has(one)]


def _make(results: Results, name: str) -> None:
    """Write the file of a layer's tiles; none where nothing of it is drawn."""
    rows = _parcels(results) if name == "parcels" else _background(results, name)
    if not len(rows):
        return
    path = _path_of(results, name)
    # GDAL looks at the ending of a name, and writes beside it.
    with making(results.directory, path) as temporary, scratch_folder(path.with_suffix(".tiles")) as folder:
        with writing(folder):
            file = folder / path.name
            options = {"MINZOOM": str(_LEAST_ZOOM[name]), "MAXZOOM": str(MOST_ZOOM), "NAME": name}
            # A tile of a whole province from afar: coarser steps than a pixel are no loss, and no news to a visitor.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="At least one tile exceeded", category=RuntimeWarning)
                pyogrio.write_dataframe(
                    rows.to_crs(3857), file, driver="PMTiles", layer=name, dataset_options=options,
                    geometry_type="Unknown",
                )  # fmt: skip
        file.replace(temporary)


def _parcels(results: Results) -> gpd.GeoDataFrame:
    sites = results.table("sites")
    rows = properties_of(results, sites)
    integers = {name: "Int64" for name in rows if name in ("suits", "unchecked") or str(name).startswith(("m:", "s:"))}
    return gpd.GeoDataFrame(rows.astype(integers), geometry=gpd.GeoSeries(sites.geometry, crs=CRS))


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
