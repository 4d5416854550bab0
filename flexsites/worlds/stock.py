"""A synthetic stock of blocks of flats whose composition, and so whose answers, are known by construction.

Every block is one of the designed types below, each made to sit on one side of one rule: built before or after a
year, flat or half flat, large or small, with or without a half-sunk storage, a lift, a height, a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

STOREY_M = 2.8
"""Storey height of the designed blocks."""

STORAGE_M = 1.3
"""How far a half-sunk storage lifts the ground floor."""

GROUND_M_NAP = -0.6
"""Height of the ground: polder."""

DWELLING_WIDTH_M = 7.5
"""Each storey holds one dwelling per so much of the block's length."""


@dataclass(frozen=True)
class BlockType:
    """
    A designed block of flats.

    Parameters
    ----------
    name
        What is special about it.
    year_built
        9999 is the register's word for unknown.
    length_m, depth_m
        Of the footprint, a rectangle.
    n_storeys
        Above the storage.
    has_storage
        On a half-sunk storage.
    flat_share
        Share of the roof that is flat.
    has_lift
        Null: the owner does not know.
    has_height
        Whether 3DBAG has a height.
    is_monument
        Protected.
    is_home
        Dwellings; else a shed without any.
    """

    name: str
    year_built: int
    length_m: float = 60.0
    depth_m: float = 12.0
    n_storeys: int = 4
    has_storage: bool = False
    flat_share: float = 1.0
    has_lift: bool | None = False
    has_height: bool = True
    is_monument: bool = False
    is_home: bool = True

    @property
    def n_dwellings(self) -> int:
        """Dwellings of the block.

        Examples
        --------
        >>> BlockType("plain", 1970).n_dwellings
        32
        """
        return self.n_storeys * int(self.length_m // DWELLING_WIDTH_M) if self.is_home else 0

    @property
    def roof_area_m2(self) -> float:
        """Area of the roof seen from above."""
        return self.length_m * self.depth_m

    @property
    def roof_above_entrance_m(self) -> float:
        """Height of the roof above the entrance at ground level.

        Examples
        --------
        >>> round(BlockType("plain", 1970).roof_above_entrance_m, 2)
        11.2
        >>> round(BlockType("raised", 1970, has_storage=True).roof_above_entrance_m, 2)
        12.5
        """
        return self.n_storeys * STOREY_M + (STORAGE_M if self.has_storage else 0.0)

    def usable_area_m2(self, setback_m: float) -> float:
        """Area of the flat roof less a setback along all four edges; zero where the roof is not all flat."""
        if self.flat_share < 1.0:
            return 0.0
        return max(0.0, self.length_m - 2 * setback_m) * max(0.0, self.depth_m - 2 * setback_m)


TYPES = (
    BlockType("plain_1970", 1970),
    BlockType("on_the_year_1965", 1965),
    BlockType("before_the_year_1964", 1964),
    BlockType("post_war_1955", 1955),
    BlockType("on_the_year_1992", 1992),
    BlockType("new_2005", 2005, has_lift=True),
    BlockType("raised_1970", 1970, has_storage=True),
    BlockType("five_storeys_1971", 1971, n_storeys=5, has_lift=True),
    BlockType("gallery_ten_storeys_1968", 1968, length_m=90.0, n_storeys=10, has_lift=True),
    BlockType("lift_unknown_1974", 1974, has_lift=None),
    BlockType("flat_share_at_limit_1976", 1976, flat_share=0.75),
    BlockType("flat_share_below_1976", 1976, flat_share=0.74),
    BlockType("sloped_1978", 1978, flat_share=0.0),
    BlockType("small_roof_1979", 1979, length_m=15.0, depth_m=12.0),
    BlockType("no_height_1972", 1972, has_height=False),
    BlockType("no_year", 9999),
    BlockType("monument_1969", 1969, is_monument=True),
    BlockType("hall_without_homes_1980", 1980, n_storeys=1, is_home=False),
)
"""The designed types, one for each side of each rule."""


@dataclass(frozen=True)
class Stock:
    """
    A stock in the registers' own words.

    Parameters
    ----------
    pand
        BAG panden: ``identificatie, bouwjaar, status, gebruiksdoel, oppervlakte_min, oppervlakte_max,
        aantal_verblijfsobjecten, geometry``.
    verblijfsobject
        ``identificatie, gebruiksdoel, oppervlakte, status, pand_identificatie, openbare_ruimte_naam, huisnummer,
        huisletter, toevoeging, postcode, woonplaats_naam, geometry``.
    roofs
        3DBAG: ``identificatie`` (NL.IMBAG.Pand.<16>), ``b3_*``.
    composition
        One row per block: ``identificatie, block_type`` and the attributes of its type, lift and monument included.
    """

    pand: gpd.GeoDataFrame
    verblijfsobject: gpd.GeoDataFrame
    roofs: gpd.GeoDataFrame
    composition: pd.DataFrame


def stock(
    n_blocks: int,
    *,
    seed: int | None = None,
    origin: tuple[float, float] = (200_000.0, 400_000.0),
    n_columns: int | None = None,
    first_number: int = 1,
) -> Stock:
    """
    Return a city of blocks of flats on a grid of 120 by 60 m.

    Parameters
    ----------
    n_blocks
        How many. The designed types take turns, so that the number of each is ``n_blocks`` divided by their number.
    seed
        Null keeps the types in order; a number shuffles their places (not how many there are of each).
    origin
        South-west corner in RD New.
    n_columns
        Blocks per row of the grid; null makes it square.
    first_number
        Where the identifiers start.

    Examples
    --------
    >>> city = stock(36)
    >>> len(city.pand), int((city.composition["block_type"] == "plain_1970").sum())
    (36, 2)
    >>> int(city.pand["aantal_verblijfsobjecten"].sum()) == len(city.verblijfsobject)
    True
    """
    kind = np.arange(n_blocks) % len(TYPES)
    if seed is not None:
        kind = np.random.default_rng((seed, n_blocks)).permutation(kind)
    columns = n_columns or int(np.ceil(np.sqrt(n_blocks)))
    order = np.arange(n_blocks)
    west = np.asarray(origin[0] + (order % columns) * 120.0, dtype=np.float64)
    south = np.asarray(origin[1] + (order // columns) * 60.0, dtype=np.float64)
    length, depth = (np.array([getattr(each, name) for each in TYPES])[kind] for name in ("length_m", "depth_m"))
    footprints = shapely.box(west, south, west + length, south + depth)
    identification = _identifiers("990110", order + first_number)
    composition = pd.DataFrame([TYPES[each].__dict__ for each in kind]).rename(columns={"name": "block_type"})
    composition.insert(0, "identificatie", identification)
    composition["n_dwellings"] = [TYPES[each].n_dwellings for each in kind]
    composition["roof_above_entrance_m"] = [TYPES[each].roof_above_entrance_m for each in kind]
    objects = _objects(composition, west, south, order // columns)
    return Stock(_pand(composition, footprints), objects, _roofs(composition, footprints), composition)


def _identifiers(prefix: str, number: NDArray[np.int64]) -> NDArray[np.str_]:
    """BAG identifications of 16 digits: six of municipality and kind, ten of a number."""
    return np.char.add(prefix, np.char.zfill(number.astype(str), 10))


def _pand(composition: pd.DataFrame, footprints: NDArray[np.object_]) -> gpd.GeoDataFrame:
    is_home = composition["is_home"].to_numpy(dtype=bool)
    columns = {
        "identificatie": composition["identificatie"],
        "bouwjaar": composition["year_built"],
        "status": "Pand in gebruik",
        "gebruiksdoel": pd.Series("woonfunctie", index=composition.index, dtype=object).where(is_home, None),
        "oppervlakte_min": np.where(is_home, 68.0, np.nan),
        "oppervlakte_max": np.where(is_home, 68.0, np.nan),
        "aantal_verblijfsobjecten": composition["n_dwellings"],
    }
    return gpd.GeoDataFrame(columns, geometry=footprints, crs="EPSG:28992")


def _objects(
    composition: pd.DataFrame, west: NDArray[np.float64], south: NDArray[np.float64], row: NDArray[np.int64]
) -> gpd.GeoDataFrame:
    """Dwellings side by side, storey on storey, all at their place in the footprint."""
    n_dwellings = composition["n_dwellings"].to_numpy(dtype=np.int64)
    block = np.repeat(np.arange(len(composition)), n_dwellings)
    starts = np.cumsum(n_dwellings) - n_dwellings
    within = np.arange(len(block)) - starts[block]
    per_storey = np.maximum(composition["length_m"].to_numpy(dtype=float) // DWELLING_WIDTH_M, 1).astype(np.int64)[
        block
    ]
    x = west[block] + (within % per_storey + 0.5) * DWELLING_WIDTH_M
    first = pd.Series(n_dwellings).groupby(row).cumsum().to_numpy() - n_dwellings
    columns = {
        "identificatie": _identifiers("990101", np.arange(len(block)) + 1),
        "gebruiksdoel": "woonfunctie",
        "oppervlakte": 68,
        "status": "Verblijfsobject in gebruik",
        "pand_identificatie": composition["identificatie"].to_numpy()[block],
        "openbare_ruimte_naam": np.char.add("Flatlaan ", (row[block] + 1).astype(str)),
        "huisnummer": first[block] + within + 1,
        "huisletter": None,
        "toevoeging": None,
        "postcode": np.char.add((9100 + row[block] % 800).astype(str), "AA"),
        "woonplaats_naam": "Flexdam",
    }
    return gpd.GeoDataFrame(columns, geometry=shapely.points(x, south[block] + 1.0), crs="EPSG:28992")


def _roofs(composition: pd.DataFrame, footprints: NDArray[np.object_]) -> gpd.GeoDataFrame:
    has_height = composition["has_height"].to_numpy(dtype=bool)
    share = composition["flat_share"].to_numpy(dtype=float)
    area = shapely.area(footprints)
    roof = GROUND_M_NAP + composition["roof_above_entrance_m"].to_numpy(dtype=float)
    known = {
        "b3_h_maaiveld": np.full(len(area), GROUND_M_NAP),
        "b3_h_dak_min": roof - 0.2,
        "b3_h_dak_50p": roof,
        "b3_h_dak_70p": roof,
        "b3_h_dak_max": roof + 0.4,
        "b3_opp_dak_plat": area * share,
        "b3_opp_dak_schuin": area * (1 - share),
        "b3_opp_grond": area,
    }
    storeys = composition["n_storeys"].to_numpy(dtype=float)
    known["b3_bouwlagen"] = np.where(storeys <= 5, storeys, np.nan)
    kind = np.where(share == 1, "horizontal", np.where(share == 0, "slanted", "multiple horizontal"))
    columns = {name: np.where(has_height, values, np.nan) for name, values in known.items()}
    identification = "NL.IMBAG.Pand." + composition["identificatie"]
    table = {"identificatie": identification, "b3_dak_type": np.where(has_height, kind, "no points"), **columns}
    return gpd.GeoDataFrame(table, geometry=footprints, crs="EPSG:28992")
