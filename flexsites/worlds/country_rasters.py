"""The rasters of the synthetic country, written some rows at a time: noise along motorways, and depth of a flood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.windows import Window

from flexsites.worlds.country_lines import TRUNKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from flexsites.worlds.country import Country

CELL_M = 25.0
"""Side of a cell."""

BLOCK = 256
"""Cells of a block of the file, in both directions."""

LOUDEST_DB, QUIETEST_DB, NEAR_M = 74.0, 42.0, 20.0
"""Noise beside a motorway, where none is heard, and how far it stays loudest."""

DEEPEST_M = 2.4
"""Greatest depth of the flood."""

NODATA = -9_999.0


def noise_db(x: NDArray[np.float64], y: NDArray[np.float64], country: Country) -> NDArray[np.float64]:
    """Return whole dB: 20 less for every tenfold distance to a motorway."""
    apart, first = TRUNKS["motorways"]
    away = [
        np.abs((along - corner - first + apart / 2) % apart - apart / 2)
        for along, corner in zip((x, y), country.origin, strict=True)
    ]
    nearest = np.maximum(np.minimum(away[0][None, :], away[1][:, None]), NEAR_M)
    return np.asarray(np.maximum(np.round(LOUDEST_DB - 20.0 * np.log10(nearest / NEAR_M)), QUIETEST_DB))


def flood_m(x: NDArray[np.float64], y: NDArray[np.float64], country: Country) -> NDArray[np.float64]:
    """Return depths in tenths of metres: polders of some ten kilometres, dry between."""
    west, south = country.origin
    waves = np.sin((x - west) / 9_000.0)[None, :] * np.sin((y - south) / 7_000.0)[:, None]
    return np.asarray(np.round(np.maximum(DEEPEST_M * waves, 0.0), 1), dtype=np.float64)


RASTERS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64], Country], NDArray[np.float64]]] = {
    "noise": noise_db,
    "flood": flood_m,
}
"""What each raster holds at places."""


def write_raster(path: Path, country: Country, name: str) -> None:
    """Write a raster of the whole country; one row of blocks is held at a time."""
    west, south, east, north = country.bounds
    height, width = (int((end - start) / CELL_M) for end, start in ((north, south), (east, west)))
    x = np.asarray(west + CELL_M * (np.arange(width) + 0.5), dtype=np.float64)
    profile = {
        "driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "float32", "crs": "EPSG:28992",
        "transform": Affine(CELL_M, 0.0, west, 0.0, -CELL_M, north), "nodata": NODATA, "compress": "deflate",
        "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        for top in range(0, height, BLOCK):
            n = min(BLOCK, height - top)
            y = np.asarray(north - CELL_M * (top + np.arange(n) + 0.5), dtype=np.float64)
            file.write(RASTERS[name](x, y, country).astype(np.float32), 1, window=Window(0, top, width, n))
