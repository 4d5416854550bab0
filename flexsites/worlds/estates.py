"""Synthetic estates, complexes of several buildings, whose answers are known by construction.

They stand beside the city of single blocks (:mod:`flexsites.worlds.stock`) and ask what that cannot: complexes of
several portiek and gallery blocks wall to wall, storage plinths that lift the new front doors above the lift's limit,
shops deeper than daylight reaches, roofs in parts, offices, monuments that are only roughly located, an owner, a plan
height and solar panels that must be joined from other sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.worlds.stock import GROUND_M_NAP, STOREY_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLOT_M = (200.0, 100.0)
"""Every estate stands on a plot of its own, its first building in the south-west corner, in from the edge."""

MARGIN_M = 20.0
N_COLUMNS = 5
UNIT_WIDTH_M = 7.5
GEMEENTEN = {"GM9911": "Westdam", "GM9912": "Oostdam"}
"""The estates stand in two municipalities, the first three columns in the western one."""

ROUGHLY_M = 100.0
"""How far off a monument's point lies: on the plot of another."""


@dataclass(frozen=True)
class Estate:
    """
    A complex: equal buildings wall to wall.

    Parameters
    ----------
    name
        What is special about it.
    year_built
        9999 is the register's word for unknown.
    n_buildings
        Wall to wall along their length.
    length_m, depth_m
        Of each footprint, a rectangle.
    n_storeys
        Above the plinth.
    plinth_m
        Storage below the ground floor, above the ground.
    function
        Of its units, as the BAG calls it.
    owner
        Class of owner of the ground.
    has_lift
        Null: the owner does not know.
    flat_share
        Share of the roof that is flat.
    has_height
        Whether 3DBAG has a height.
    part_heights_m
        Heights above the roof of equal parts of it along its length; only where the roof has planes.
    is_sound
        3DBAG's own indicator.
    is_monument, plan_height_m, has_pv
        What other sources say of it.
    """

    name: str
    year_built: int
    n_buildings: int = 1
    length_m: float = 60.0
    depth_m: float = 12.0
    n_storeys: int = 4
    plinth_m: float = 0.0
    function: str = "woonfunctie"
    owner: str = "corporatie"
    has_lift: bool | None = False
    flat_share: float = 1.0
    has_height: bool = True
    part_heights_m: tuple[float, ...] = ()
    is_sound: bool = True
    is_monument: bool = False
    plan_height_m: float | None = None
    has_pv: bool = False

    @property
    def n_units(self) -> int:
        """Units of each building: homes side by side, storey on storey; one shop or office per storey.

        Examples
        --------
        >>> Estate("plain", 1970).n_units, Estate("shop", 1985, function="winkelfunctie", n_storeys=1).n_units
        (32, 1)
        """
        per_storey = int(self.length_m // UNIT_WIDTH_M) if self.function == "woonfunctie" else 1
        return self.n_storeys * per_storey

    @property
    def height_m(self) -> float:
        """Height of the roof above the ground.

        Examples
        --------
        >>> round(Estate("raised", 1969, plinth_m=2.4).height_m, 2)
        13.6
        """
        return self.plinth_m + self.n_storeys * STOREY_M


ESTATES = (
    Estate("porches_1968", 1968, 4, length_m=30.0, plan_height_m=20.0),
    Estate("storage_plinth_1969", 1969, 3, length_m=30.0, plinth_m=2.4),
    Estate("half_sunk_storage_1970", 1970, 2, length_m=30.0, plinth_m=1.3),
    Estate("galleries_1972", 1972, 2, n_storeys=8, has_lift=True),
    Estate("galleries_lift_unknown_1973", 1973, 2, n_storeys=8, has_lift=None),
    Estate(
        "deep_shop_1985", 1985, depth_m=42.0, n_storeys=1, function="winkelfunctie", owner="commercieel", has_pv=True
    ),
    Estate("shop_row_1988", 1988, 3, 20.0, 40.0, n_storeys=2, function="winkelfunctie", owner="commercieel"),
    Estate("office_1995", 1995, 1, 40.0, 16.0, n_storeys=3, function="kantoorfunctie", owner="gemeente"),
    Estate("roof_in_two_parts_1980", 1980, length_m=30.0, part_heights_m=(0.0, 2.8), owner="particulier"),
    Estate("monument_1966", 1966, n_storeys=3, is_monument=True),
    Estate("doubtful_1971", 1971, is_sound=False),
    Estate("low_plan_1975", 1975, plan_height_m=12.0),
    Estate("sloped_no_year", 9999, flat_share=0.0),
    Estate("no_height_1974", 1974, has_height=False),
)
"""The designed estates."""


@dataclass(frozen=True)
class Estates:
    """
    The estates in the words of their sources.

    Parameters
    ----------
    layers
        Features by name: ``bag_panden, bag_verblijfsobjecten, 3dbag, planes`` (3DBAG's lod22_2d), ``parcels, gemeenten,
        plan_height, solar_roofs, monuments``.
    ownership
        ``perceel, eigenaar``.
    known
        What the owner knows: ``bag_pand_id, has_lift``.
    composition
        One row per building: ``identificatie, estate`` and what it was designed with.
    """

    layers: dict[str, gpd.GeoDataFrame]
    ownership: pd.DataFrame
    known: pd.DataFrame
    composition: pd.DataFrame


def estates(*, origin: tuple[float, float] = (140_000.0, 470_000.0), first_number: int = 5_000_001) -> Estates:
    """
    Return the designed estates on a grid of plots.

    Parameters
    ----------
    origin
        South-west corner in RD New.
    first_number
        Where the identifiers start.

    Examples
    --------
    >>> place = estates()
    >>> len(place.composition), int((place.composition["estate"] == "porches_1968").sum())
    (24, 4)
    """
    number = np.repeat(np.arange(len(ESTATES)), [each.n_buildings for each in ESTATES])
    within = np.concatenate([np.arange(each.n_buildings) for each in ESTATES])
    west = origin[0] + (np.arange(len(ESTATES)) % N_COLUMNS) * PLOT_M[0]
    south = origin[1] + (np.arange(len(ESTATES)) // N_COLUMNS) * PLOT_M[1]
    of = [ESTATES[each] for each in number]
    length, depth = (np.array([getattr(each, name) for each in of]) for name in ("length_m", "depth_m"))
    x, y = west[number] + MARGIN_M + within * length, south[number] + MARGIN_M
    footprints = shapely.box(x, y, x + length, y + depth)
    composition = pd.DataFrame([each.__dict__ for each in of]).rename(columns={"name": "estate"})
    composition.insert(0, "identificatie", [f"990110{first_number + each:010d}" for each in range(len(of))])
    composition["n_units"] = [each.n_units for each in of]
    composition["height_m"] = [each.height_m for each in of]
    plots = shapely.box(west, south, west + PLOT_M[0], south + PLOT_M[1])
    parcel_ids = [f"9911{each:06d}0000" for each in range(1, len(ESTATES) + 1)]
    layers = {
        "bag_panden": _panden(composition, footprints),
        "bag_verblijfsobjecten": _units(composition, footprints, first_number),
        "3dbag": _roofs(composition, footprints),
        "planes": _planes(of, composition["identificatie"].tolist(), footprints),
        "parcels": _frame({"identificatieLokaalID": parcel_ids}, plots),
        "gemeenten": _gemeenten(origin),
        **_context(composition, footprints),
    }
    owners = pd.DataFrame({"perceel": parcel_ids, "eigenaar": [each.owner for each in ESTATES]})
    known = pd.DataFrame({"bag_pand_id": composition["identificatie"], "has_lift": composition["has_lift"]})
    return Estates(layers, owners, known.astype({"has_lift": "boolean"}), composition)


def _frame(columns: dict[str, object], shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:28992")


def _panden(composition: pd.DataFrame, footprints: NDArray[np.object_]) -> gpd.GeoDataFrame:
    columns: dict[str, object] = {
        "identificatie": composition["identificatie"],
        "bouwjaar": composition["year_built"],
        "status": "Pand in gebruik",
        "gebruiksdoel": composition["function"],
        "aantal_verblijfsobjecten": composition["n_units"],
    }
    return _frame(columns, footprints)


def _units(composition: pd.DataFrame, footprints: NDArray[np.object_], first_number: int) -> gpd.GeoDataFrame:
    """Units side by side, storey on storey, all in the middle of the footprint."""
    n_units = composition["n_units"].to_numpy(dtype=np.int64)
    block = np.repeat(np.arange(len(composition)), n_units)
    within = np.arange(len(block)) - np.repeat(np.cumsum(n_units) - n_units, n_units)
    columns: dict[str, object] = {
        "identificatie": [f"990101{first_number + each:010d}" for each in range(len(block))],
        "gebruiksdoel": composition["function"].to_numpy()[block],
        "oppervlakte": 68,
        "status": "Verblijfsobject in gebruik",
        "pand_identificatie": composition["identificatie"].to_numpy()[block],
        "openbare_ruimte_naam": np.char.add("Complexlaan ", (block + 1).astype(str)),
        "huisnummer": within + 1,
        "huisletter": None,
        "toevoeging": None,
        "postcode": np.char.add((9800 + block).astype(str), "CX"),
        "woonplaats_naam": "Westdam",
    }
    return _frame(columns, shapely.centroid(footprints)[block])


def _roofs(composition: pd.DataFrame, footprints: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Return the buildings as 3DBAG has them, with what it states of their quality (true and false are text there)."""
    has_height = composition["has_height"].to_numpy(dtype=bool)
    share, area = composition["flat_share"].to_numpy(dtype=float), shapely.area(footprints)
    roof = GROUND_M_NAP + composition["height_m"].to_numpy(dtype=float)
    storeys = composition["n_storeys"].to_numpy(dtype=float)
    known = {
        "b3_bouwlagen": np.where(storeys <= 5, storeys, np.nan),
        "b3_h_maaiveld": np.full(len(area), GROUND_M_NAP),
        "b3_h_dak_50p": roof,
        "b3_opp_dak_plat": area * share,
        "b3_opp_dak_schuin": area * (1 - share),
        "b3_rmse_lod22": np.where(composition["is_sound"], 0.05, 0.9),
        "b3_nodata_fractie_ahn4": np.where(composition["is_sound"], 0.0, 0.4),
    }
    columns: dict[str, object] = {
        "identificatie": "NL.IMBAG.Pand." + composition["identificatie"],
        "b3_dak_type": np.where(has_height, np.where(share > 0, "horizontal", "slanted"), "no points"),
        "b3_pw_bron": "AHN4",
        "b3_kwaliteitsindicator": np.where(composition["is_sound"], "true", "false"),
        **{name: np.where(has_height, values, np.nan) for name, values in known.items()},
    }
    return _frame(columns, footprints)


def _planes(of: list[Estate], identification: list[str], footprints: NDArray[np.object_]) -> gpd.GeoDataFrame:
    """Planes of the roofs that have them: those in parts, and those of shops, each plane flat."""
    rows, shapes = [], []
    for estate, name, footprint in zip(of, identification, footprints, strict=True):
        heights = estate.part_heights_m or ((0.0,) if estate.function == "winkelfunctie" else ())
        west, south, east, north = footprint.bounds
        edges = np.linspace(west, east, len(heights) + 1)
        for part, above in enumerate(heights):
            shapes.append(shapely.box(edges[part], south, edges[part + 1], north))
            rows.append((f"NL.IMBAG.Pand.{name}", 0.0, GROUND_M_NAP + estate.height_m + above))
    table = pd.DataFrame(rows, columns=["identificatie", "b3_hellingshoek", "b3_h_dak_50p"])
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:28992")


def _gemeenten(origin: tuple[float, float]) -> gpd.GeoDataFrame:
    n_rows = -(-len(ESTATES) // N_COLUMNS)
    edges = [origin[0] - PLOT_M[0], origin[0] + 3 * PLOT_M[0], origin[0] + (N_COLUMNS + 1) * PLOT_M[0]]
    low, high = origin[1] - PLOT_M[1], origin[1] + (n_rows + 1) * PLOT_M[1]
    shapes = np.array([shapely.box(edges[i], low, edges[i + 1], high) for i in range(2)])
    return _frame({"statcode": list(GEMEENTEN), "statnaam": list(GEMEENTEN.values())}, shapes)


def _context(composition: pd.DataFrame, footprints: NDArray[np.object_]) -> dict[str, gpd.GeoDataFrame]:
    """Plan heights, solar panels, and monuments whose points lie on another plot than the building that they name."""
    has_limit = composition["plan_height_m"].notna().to_numpy()
    has_pv, is_monument = (composition[name].to_numpy(dtype=bool) for name in ("has_pv", "is_monument"))
    limits = composition["plan_height_m"].to_numpy(dtype=float)
    moved = shapely.transform(shapely.centroid(footprints), lambda xy: xy - np.array([0.0, ROUGHLY_M]))
    named = composition["identificatie"].to_numpy(dtype=object)[is_monument]
    return {
        "plan_height": _frame({"height_max_m": limits[has_limit]}, shapely.buffer(footprints[has_limit], 5.0)),
        "solar_roofs": _frame({"kind": ["pv"] * int(has_pv.sum())}, shapely.buffer(footprints[has_pv], -5.0)),
        "monuments": _frame({"bag_pand_id": named}, moved[is_monument]),
    }
