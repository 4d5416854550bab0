"""Small sources written to disk, and the configuration that reads them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from flexsites.config.sources import Sources

ABOUT = {"title": "Test", "provider": "nobody", "licence": "CC0", "attribution": "none", "edition": "2026"}
ORIGIN = (180_000.0, 500_000.0)


def squares(n: int = 4, side_m: float = 100.0) -> gpd.GeoDataFrame:
    """Return n squares in a row, in RD New, with an id and a class."""
    x = ORIGIN[0] + np.arange(n) * side_m
    shapes = shapely.box(x, ORIGIN[1], x + side_m, ORIGIN[1] + side_m)
    columns = {"id": [f"p{i}" for i in range(n)], "use": ["grass", "road"] * (n // 2) + ["grass"] * (n % 2)}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=28992)


def write(frame: gpd.GeoDataFrame, path: Path) -> Path:
    """Write a layer as a GeoPackage."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a layer without a CRS is written is the point
        frame.to_file(path, driver="GPKG")
    return path


def vector(path: Path | str, **more: object) -> dict[str, Any]:
    """Return the configuration of a vector source."""
    return {"reader": "vector", "about": ABOUT, "path": str(path), **more}


def sources(**more: object) -> Sources:
    """Return the sources of a run."""
    return Sources.model_validate(more)
