"""Vector tiles of a run, a PMTiles file per layer, made once by GDAL. Source: PMTiles 3, Mapbox Vector Tile 2.1."""

from __future__ import annotations

import mmap
import warnings
from dataclasses import dataclass
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
from flexsites.reporting.results import Results
from flexsites.tables import CRS
from flexsites.tables.run_directory import adding
from flexsites.tables.whole_files import scratch_folder, whole_file
from flexsites.view.index import FOLDER, stamp

LEAST_ZOOM, MOST_ZOOM = 8, 14
"""Beyond the last zoom the map magnifies: a tile of zoom 14 is 1.5 km wide here and has 4,096 steps, 0.4 m each."""
_ON_PAPER = {"streets": 10, "rail": 9, "water": 9, "buildings": 13}


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


def tiles_of(results: Results) -> dict[str, Tiles]:
    """Return the tiles of a run by layer: parcels, and its background as far as the run has it."""
    made = {name: _made(results, name) for name in ("parcels", *_ON_PAPER)}
    return {name: opened(name, path) for name, path in made.items() if path is not None}


def opened(name: str, path: Path) -> Tiles:
    """Open a file of tiles."""
    reader = require_extra("pmtiles.reader", "view")
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    opened_reader = reader.Reader(lambda offset, length: mapped[offset : offset + length])
    header = opened_reader.header()
    return Tiles(name, header["min_zoom"], header["max_zoom"], opened_reader)


def _made(results: Results, name: str) -> Path | None:
    """Return the file of a layer's tiles, made if it is not there; None: the run has no such layer."""
    path = results.directory / FOLDER / f"{name}-{stamp(results)}.pmtiles"
    if path.is_file():
        return path
    rows = _parcels(results) if name == "parcels" else _background(results, name)
    if rows is None or not len(rows):
        return None
    path.parent.mkdir(exist_ok=True)
    least = LEAST_ZOOM if name == "parcels" else _ON_PAPER[name]
    # GDAL looks at the ending of a name, and writes beside it.
    with adding(results.directory), scratch_folder(path.with_suffix(".tiles")) as folder, whole_file(path) as temporary:
        with writing(folder):
            file = folder / path.name
            options = {"MINZOOM": str(least), "MAXZOOM": str(MOST_ZOOM), "NAME": name}
            # A tile of a whole province from afar: coarser steps than a pixel are no loss, and no news to a visitor.
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="At least one tile exceeded", category=RuntimeWarning)
                pyogrio.write_dataframe(
                    rows.to_crs(3857), file, driver="PMTiles", layer=name, dataset_options=options,
                    geometry_type="Unknown",
                )  # fmt: skip
        file.replace(temporary)
    return path


def _parcels(results: Results) -> gpd.GeoDataFrame:
    sites = results.table("sites")
    rows = properties_of(results, sites)
    integers = {name: "Int64" for name in rows if name in ("suits", "unchecked") or str(name).startswith(("m:", "s:"))}
    return gpd.GeoDataFrame(rows.astype(integers), geometry=gpd.GeoSeries(sites.geometry, crs=CRS))


def _background(results: Results, name: str) -> gpd.GeoDataFrame | None:
    if name == "streets":
        if not results.has("canonical/streets"):
            return None
        streets = drawn_streets(results.table("canonical/streets"))
        told = pd.DataFrame({"name": streets["street_name"].fillna(""), "main": streets["is_main"].astype("int64")})
        return gpd.GeoDataFrame(told, geometry=gpd.GeoSeries(streets.geometry, crs=CRS))
    layers = [one for one in presentation().map.background[name] if results.has(f"canonical/layers/{one}")]
    if not layers:
        return None
    shapes = pd.concat([results.table(f"canonical/layers/{one}").geometry for one in layers], ignore_index=True)
    wanted = shapes[shapely.get_dimensions(shapes.to_numpy()) == (1 if name == "rail" else 2)].to_numpy()
    kept = gpd.GeoSeries(wanted if name == "rail" else without_holes(wanted), crs=CRS)
    return gpd.GeoDataFrame({"kind": [name] * len(kept)}, geometry=kept)
