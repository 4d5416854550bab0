"""The synthetic country written as files that a real run reads, tile by tile: memory does not grow with the country.

What is large is GeoParquet; streets, stops and amenities are GeoPackages. Streets are a plain lattice that tiles share.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from flexsites.tables.arrow import geo_metadata
from flexsites.worlds.country import TILE_M, Country

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

CRS = "EPSG:28992"
BLOCK_M = 250.0
"""Side of the blocks between streets."""

BATCH = 500
"""Tiles written at once to a GeoPackage."""

LAND_USES = ("grassland_extensive", "grassland", "arable", "fallow", "residential", "business_park", "forest")
RURAL_SHARES = (0.4, 0.2, 0.15, 0.05, 0.1, 0.0, 0.1)
URBAN_SHARES = (0.05, 0.0, 0.0, 0.05, 0.7, 0.15, 0.05)
"""How often each land use occurs in tiles of the country and of towns."""

AMENITIES = ("supermarket", "daily_shop", "gp", "pharmacy", "primary_school", "secondary_school", "park", "childcare")
"""One of each category in a tile of a town; elsewhere one in turn."""


def write_country(directory: Path, country: Country) -> dict[str, Path]:
    """
    Write the country's sources.

    Parameters
    ----------
    directory
        Made when absent; files of the same names are replaced.
    country
        What to write.

    Returns
    -------
    dict
        ``parcels`` (site_id, land_use), ``buildings`` (identificatie, has_dwelling), ``natura2000``, ``nnn``, ``water``
        (id), ``streets`` (street_id, road_class), ``stops`` (stop_id, mode), ``amenities`` (amenity_id, category) and
        ``gemeenten, provincies, buurten`` (statcode, statnaam).
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = {name: directory / f"{name}.parquet" for name in ("parcels", "buildings", "natura2000", "nnn", "water")}
    paths |= {name: directory / f"{name}.gpkg" for name in ("streets", "stops", "amenities")}
    _write(paths["parcels"], (_parcels(country, number) for number in range(country.n_tiles)))
    _write(paths["buildings"], (_buildings(country, number) for number in range(country.n_tiles)))
    _append(paths["streets"], (_streets(country, number) for number in range(country.n_tiles)))
    _append(paths["stops"], (_stops(country, number) for number in range(country.n_tiles)))
    _append(paths["amenities"], (_amenities(country, number) for number in range(country.n_tiles)))
    for layer in ("natura2000", "nnn", "water"):
        shapes, ids = country.areas(layer, per_square=8)
        _write(paths[layer], [gpd.GeoDataFrame({"id": ids}, geometry=shapes, crs=CRS)])
    return paths | _areas(directory, country)


def _write(path: Path, frames: Iterable[gpd.GeoDataFrame]) -> None:
    """Write frames one after another as row groups of one GeoParquet file."""
    writer: pq.ParquetWriter | None = None
    for frame in frames:
        plain = {name: pa.array(frame[name].to_numpy(dtype=object)) for name in frame.columns if name != "geometry"}
        shapes = pa.array(shapely.to_wkb(frame.geometry.to_numpy()), type=pa.binary())
        table = pa.table({**plain, "geometry": shapes})
        if writer is None:
            table = table.replace_schema_metadata({"geo": geo_metadata()})
            writer = pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()


def _append(path: Path, frames: Iterable[gpd.GeoDataFrame]) -> None:
    """Write frames to a GeoPackage, some hundreds of them at a time."""
    path.unlink(missing_ok=True)
    for batch in batched(frames, BATCH):
        joined = gpd.GeoDataFrame(pd.concat(batch, ignore_index=True), geometry="geometry", crs=CRS)
        pyogrio.write_dataframe(joined, path, driver="GPKG", append=path.exists())


def batched(frames: Iterable[gpd.GeoDataFrame], n: int) -> Iterator[list[gpd.GeoDataFrame]]:
    """Yield lists of at most n."""
    source = iter(frames)
    while batch := list(islice(source, n)):
        yield batch


def _parcels(country: Country, number: int) -> gpd.GeoDataFrame:
    tile = country.tile(number)
    rng = np.random.default_rng((country.seed, 4, number))
    shares = URBAN_SHARES if tile.is_urban else RURAL_SHARES
    use = rng.choice(np.array(LAND_USES, dtype=object), len(tile.parcels), p=shares)
    return gpd.GeoDataFrame({"site_id": tile.parcel_id, "land_use": use}, geometry=tile.parcels, crs=CRS)


def _buildings(country: Country, number: int) -> gpd.GeoDataFrame:
    tile = country.tile(number)
    rng = np.random.default_rng((country.seed, 5, number))
    columns = {"identificatie": tile.building_id, "has_dwelling": rng.random(len(tile.buildings)) < 0.8}
    return gpd.GeoDataFrame(columns, geometry=tile.buildings, crs=CRS)


def _streets(country: Country, number: int) -> gpd.GeoDataFrame:
    """Streets along the blocks of a tile, its southern and western edges included, so that none stands twice."""
    west, south, _, _ = country.tile_bounds(number)
    steps = np.arange(0.0, TILE_M, BLOCK_M)
    x, y = (part.ravel() for part in np.meshgrid(west + steps, south + steps))
    here = np.column_stack([x, y])
    lines = [np.stack([here, here + move], axis=1) for move in ((BLOCK_M, 0.0), (0.0, BLOCK_M))]
    shapes: NDArray[np.object_] = np.asarray(shapely.linestrings(np.concatenate(lines)))
    ids = [f"{number:06d}-{order:03d}" for order in range(len(shapes))]
    return gpd.GeoDataFrame({"street_id": ids, "road_class": "residential"}, geometry=shapes, crs=CRS)


def _middle(country: Country, number: int) -> tuple[float, float]:
    west, south, east, north = country.tile_bounds(number)
    return (west + east) / 2 + 5.0, (south + north) / 2 + 5.0


def _stops(country: Country, number: int) -> gpd.GeoDataFrame:
    x, y = _middle(country, number)
    columns = {"stop_id": [f"S{number:06d}"], "mode": ["train" if number % 50 == 0 else "bus"]}
    return gpd.GeoDataFrame(columns, geometry=shapely.points([[x, y]]), crs=CRS)


def _amenities(country: Country, number: int) -> gpd.GeoDataFrame:
    x, y = _middle(country, number)
    is_urban = country.grid(number)[0] > 30
    categories = AMENITIES if is_urban else (AMENITIES[number % len(AMENITIES)],)
    places = np.column_stack([x + 40.0 * np.arange(len(categories)), np.full(len(categories), y)])
    ids = [f"A{number:06d}-{order}" for order in range(len(categories))]
    return gpd.GeoDataFrame({"amenity_id": ids, "category": categories}, geometry=shapely.points(places), crs=CRS)


def _areas(directory: Path, country: Country) -> dict[str, Path]:
    """One gemeente and buurt per square of ten kilometres, one province."""
    west, south, east, north = country.bounds
    x, y = (part.ravel() for part in np.meshgrid(np.arange(west, east, 1e4), np.arange(south, north, 1e4)))
    squares = shapely.box(x, y, np.minimum(x + 1e4, east), np.minimum(y + 1e4, north))
    density = 300.0 + 40.0 * np.arange(len(x)) % 2_000
    paths = {name: directory / f"{name}.parquet" for name in ("gemeenten", "provincies", "buurten")}
    _named("GM", 4, squares).to_parquet(paths["gemeenten"])
    _named("PV", 2, np.array([shapely.box(west, south, east, north)])).to_parquet(paths["provincies"])
    _named("BU", 8, squares).assign(address_density_per_km2=density).to_parquet(paths["buurten"])
    return paths


def _named(prefix: str, n_digits: int, shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    codes = [f"{prefix}{order + 1:0{n_digits}d}" for order in range(len(shapes))]
    return gpd.GeoDataFrame({"statcode": codes, "statnaam": codes}, geometry=shapes, crs=CRS)
