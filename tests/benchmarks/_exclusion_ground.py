"""The ground of the exclusion benchmark: synthetic parcels, large areas and buildings, as files of WKB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from flexsites.worlds.country import COARSE_M, TILE_M, Country

AREAS_PER_SQUARE = 30
"""Large areas per square of 20 km: 300 over the 4,000 km2 of a million parcels, fewer over less land."""

LAYERS = ("parcels", "areas", "buildings")


@dataclass(frozen=True)
class Ground:
    """Parcels of about ten vertices, areas of 5,000 vertices and more, and a building to most parcels."""

    parcels: NDArray[np.object_]
    areas: NDArray[np.object_]
    buildings: NDArray[np.object_]


def make(size: int) -> Ground:
    country = Country(size, dirty_share=0.0)
    share_of_square = min(1.0, country.n_columns * TILE_M / COARSE_M) ** 2
    per_square = max(1, round(AREAS_PER_SQUARE * share_of_square))
    tiles = [tile for _, tile in country.tiles()]
    areas, _ = country.areas("nature", per_square=per_square)
    parcels = np.concatenate([tile.parcels for tile in tiles])
    return Ground(parcels, areas, np.concatenate([tile.buildings for tile in tiles]))


def write(place: Ground, folder: str) -> dict[str, object]:
    """Write the layers, and return what there is to say of them."""
    notes: dict[str, object] = {}
    for layer in LAYERS:
        polygons = getattr(place, layer)
        pq.write_table(pa.table({"wkb": shapely.to_wkb(polygons)}), Path(folder) / f"{layer}.parquet")
        notes[layer] = len(polygons)
        notes[f"vertices_of_{layer}"] = int(shapely.get_num_coordinates(polygons).sum())
    return notes


def read(folder: str) -> Ground:
    tables = (pq.read_table(Path(folder) / f"{layer}.parquet") for layer in LAYERS)
    return Ground(*(shapely.from_wkb(table["wkb"].to_numpy(zero_copy_only=False)) for table in tables))
