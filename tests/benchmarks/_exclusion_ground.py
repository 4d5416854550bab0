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
THIRD = "zones"
"""Read by the ledger of three rules alone: it would be in the memory of all others."""


@dataclass(frozen=True)
class Ground:
    """Parcels of about ten vertices, areas and zones of 5,000 vertices and more, and a building to most parcels.

    Zones overlap the areas, and each other, as areas do.
    """

    parcels: NDArray[np.object_]
    areas: NDArray[np.object_]
    buildings: NDArray[np.object_]
    zones: NDArray[np.object_]


def make(size: int) -> Ground:
    country = Country(size, dirty_share=0.0)
    share_of_square = min(1.0, country.n_columns * TILE_M / COARSE_M) ** 2
    per_square = max(1, round(AREAS_PER_SQUARE * share_of_square))
    tiles = [tile for _, tile in country.tiles()]
    areas, zones = (country.areas(layer, per_square=per_square)[0] for layer in ("nature", "silence"))
    parcels = np.concatenate([tile.parcels for tile in tiles])
    return Ground(parcels, areas, np.concatenate([tile.buildings for tile in tiles]), zones)


def write(place: Ground, folder: str) -> dict[str, object]:
    """Write the layers, and return what there is to say of them."""
    notes: dict[str, object] = {}
    for layer in (*LAYERS, THIRD):
        polygons = getattr(place, layer)
        pq.write_table(pa.table({"wkb": shapely.to_wkb(polygons)}), Path(folder) / f"{layer}.parquet")
        notes[layer] = len(polygons)
        notes[f"vertices_of_{layer}"] = int(shapely.get_num_coordinates(polygons).sum())
    return notes


def read(folder: str, *, third: bool = False) -> Ground:
    """Read the layers back; of the zones nothing unless they are asked for."""
    return Ground(*(_read(folder, layer) for layer in LAYERS), _read(folder, THIRD) if third else np.empty(0, object))


def _read(folder: str, layer: str) -> NDArray[np.object_]:
    wkb = pq.read_table(Path(folder) / f"{layer}.parquet")["wkb"]
    return shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
