"""The gemeenten, provinces and neighbourhoods of the synthetic country: squares, or within borders that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from flexsites.errors import Fault, InputError
from flexsites.worlds.country import GRIDS, TILE_M, Country

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

CRS = "EPSG:28992"

GEMEENTE_M, BUURT_M, PROVINCIE_M = 10_000.0, 2_000.0, 60_000.0
"""Sides of the squares that stand for areas: of the whole about 340 gemeenten, 8,000 neighbourhoods, 12 provinces."""

N_PARCELS: Mapping[str, int] = {"nederland": 8_400_000, "provincie": 700_000, "gemeente": 25_000}
"""About how many parcels each size has."""

ADDRESSES = dict(zip(GRIDS, (10, 60, 400, 2_000), strict=True))
"""Addresses in a tile, by its density: ten million in the whole, as in the country."""

CLASSES_PER_KM2 = (2_500, 1_500, 1_000, 500)
"""From how many addresses per km2 on a place is of urbanity class 1, 2, 3 and 4; below the last it is of 5 (CBS)."""

ASKED = (("starters", 200), ("statushouders", 80), ("studenten", 60), ("senioren", 60), ("spoedzoekers", 100))
"""Target groups, and the most homes that a gemeente asks for each."""


@dataclass(frozen=True, slots=True)
class Places:
    """Areas as tables of ``statcode``, ``statnaam`` and geometry, and what gemeenten ask."""

    gemeenten: gpd.GeoDataFrame
    provincies: gpd.GeoDataFrame
    buurten: gpd.GeoDataFrame
    asked: tuple[tuple[str, int], ...] = ASKED


def place_of(
    size: str, *, seed: int, n_parcels: int | None = None, boundaries: Path | None = None
) -> tuple[Country, Places]:
    """
    Return a country of a size, with its areas.

    Parameters
    ----------
    size
        A key of ``N_PARCELS``.
    seed
        Equal seeds give equal countries.
    n_parcels
        About how many parcels, instead of the size's; within real borders their area says how many.
    boundaries
        Real gemeenten, see :func:`within`.

    Raises
    ------
    InputError
        If the boundaries cannot be read, or a number is asked of what lies within them.
    """
    if boundaries is None:
        country = Country(n_parcels or N_PARCELS[size], seed)
        return country, squares(country)
    if n_parcels is not None:
        raise InputError(Fault(f"{n_parcels:,} parcels within borders", str(boundaries), "give one or the other"))
    return within(boundaries, size=size, seed=seed)


def squares(country: Country) -> Places:
    """Return areas that are squares; neighbourhoods differ in how many addresses lie around them."""
    sides = (("GM", 4, GEMEENTE_M), ("PV", 2, PROVINCIE_M), ("BU", 8, BUURT_M))
    gemeenten, provincies, buurten = (_named(prefix, n, _squares(country, side)) for prefix, n, side in sides)
    return Places(gemeenten, provincies, _dense(buurten, country))


def within(path: Path, *, size: str, seed: int) -> tuple[Country, Places]:
    """
    Return a country within real borders, with its areas.

    Parameters
    ----------
    path
        A file of gemeenten with ``statcode``, ``statnaam`` and, where the provinces are to be told apart, ``pv_code``.
    size
        ``nederland``: all of them; ``provincie``: those of one, or the twenty around one gemeente; ``gemeente``: one.
    seed
        Draws which, and what lies there.

    Raises
    ------
    InputError
        If the file cannot be read, or has no such columns.
    """
    try:
        every = gpd.read_file(path)
    except Exception as error:
        raise InputError(
            Fault(f"cannot be read ({error})", str(path), "give a file of gemeenten that GDAL reads")
        ) from error
    if every.crs is None or not {"statcode", "statnaam"} <= set(every.columns):
        raise InputError(Fault("no CRS, or no statcode and statnaam", str(path), "give gemeenten as the CBS does"))
    every = every.to_crs(CRS).sort_values("statcode", ignore_index=True)
    chosen = _chosen(every, size, np.random.default_rng((seed, 8)))
    land = shapely.make_valid(shapely.union_all(chosen.geometry.to_numpy()))
    country = Country(N_PARCELS[size], seed, land=land)
    buurten = _squares(country, BUURT_M)
    buurten = buurten[shapely.intersects(buurten, land)]
    gemeenten = gpd.GeoDataFrame(chosen[["statcode", "statnaam", "geometry"]], geometry="geometry", crs=CRS)
    return country, Places(gemeenten, _provinces(chosen), _dense(_named("BU", 8, buurten), country))


def _chosen(every: gpd.GeoDataFrame, size: str, rng: np.random.Generator) -> gpd.GeoDataFrame:
    if size == "nederland":
        return every
    first = every.iloc[[int(rng.integers(len(every)))]]
    if size == "gemeente":
        return first.reset_index(drop=True)
    if "pv_code" in every:
        return every[every["pv_code"] == first["pv_code"].iloc[0]].reset_index(drop=True)
    away = every.distance(first.geometry.iloc[0])
    return every.loc[np.sort(np.argsort(away.to_numpy(), kind="stable")[:20])].reset_index(drop=True)


def _provinces(chosen: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if "pv_code" not in chosen:
        return _named("PV", 2, np.array([shapely.union_all(chosen.geometry.to_numpy())], dtype=object))
    found = chosen[["pv_code", "geometry"]].dissolve("pv_code").reset_index()
    return gpd.GeoDataFrame(found.rename(columns={"pv_code": "statcode"}).assign(statnaam=found["pv_code"]), crs=CRS)


def _squares(country: Country, side: float) -> NDArray[np.object_]:
    west, south, east, north = country.bounds
    x, y = (part.ravel() for part in np.meshgrid(np.arange(west, east, side), np.arange(south, north, side)))
    return np.asarray(shapely.box(x, y, np.minimum(x + side, east), np.minimum(y + side, north)))


def _named(prefix: str, n_digits: int, shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    codes = [f"{prefix}{order + 1:0{n_digits}d}" for order in range(len(shapes))]
    return gpd.GeoDataFrame({"statcode": codes, "statnaam": codes}, geometry=list(shapes), crs=CRS)


def _dense(buurten: gpd.GeoDataFrame, country: Country) -> gpd.GeoDataFrame:
    """Return neighbourhoods with the addresses of the tiles in them, and how urban that makes them."""
    west, south = country.origin
    middle = buurten.geometry.representative_point()
    sums, n_tiles = np.zeros(len(buurten)), np.zeros(len(buurten))
    n_rows, n_columns = country.shape
    steps = range(int(BUURT_M / TILE_M))
    first = [np.floor((at // BUURT_M * BUURT_M) / TILE_M).astype(int) for at in (middle.y - south, middle.x - west)]
    for up in steps:
        for right in steps:
            row, column = first[0] + up, first[1] + right
            is_there = (row < n_rows) & (column < n_columns)
            number = (row * n_columns + column)[is_there]
            sums[is_there] += [ADDRESSES.get(country.grid(one), 0) for one in number]
            n_tiles[is_there] += country.is_land[number]
    per_km2 = sums / np.maximum(n_tiles, 1) / (TILE_M / 1_000.0) ** 2
    return buurten.assign(
        address_density_per_km2=per_km2,
        urbanity_class=1 + np.digitize(-per_km2, -np.array(CLASSES_PER_KM2, dtype=float), right=True),
    )
