"""Buildings and addresses of the synthetic municipality, in the words of BAG and 3DBAG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.worlds.stock import DWELLING_WIDTH_M, GROUND_M_NAP, STOREY_M
from flexsites.worlds.streets import street_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flexsites.worlds.blocks import Filled
    from flexsites.worlds.ground import Ground
    from flexsites.worlds.plan import Plan

FUNCTIONS = {
    "school": "onderwijsfunctie", "winkel": "winkelfunctie", "zorg": "gezondheidszorgfunctie",
    "wijkcentrum": "bijeenkomstfunctie", "bedrijf": "industriefunctie", "boerderij": "woonfunctie",
    "sport": "sportfunctie", "kas": None,
}  # fmt: skip
"""What is built on a use, as the BAG calls its function; null: no verblijfsobject."""

BUILT_SHARES = {"bedrijf": 0.45, "kas": 0.82, "boerderij": 0.12, "sport": 0.01}
"""How much of a plot is built; 0.3 where not named."""

NO_HEIGHTS_IN = "0301"
"""3DBAG knows no height in this quarter: gaps come clustered."""

COLUMNS = ("geometry", "function", "year", "quarter", "use", "street", "number", "n_storeys", "n_dwellings", "is_flat")


def buildings(plan: Plan, ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """
    Return all buildings of the municipality.

    Returns
    -------
    GeoDataFrame
        ``geometry, function`` (null: no verblijfsobject), ``year, quarter, use, street, number`` (house number; 0:
        none), ``n_storeys, n_dwellings, is_flat`` (the whole roof), in the plan's metres.
    """
    tables = [_of_quarter(quarter.code, quarter.built, ground.filled[quarter.code], rng) for quarter in plan.quarters]
    tables.append(_others(ground, rng))
    table = pd.concat(tables, ignore_index=True)
    return gpd.GeoDataFrame(table, geometry="geometry")


def _of_quarter(code: str, built: tuple[int, int], filled: Filled, rng: np.random.Generator) -> pd.DataFrame:
    """Houses, sheds and flats of a quarter; blocks have one year, the numbers of a street go up along it."""
    n_houses = len(filled.houses)
    names = np.array([street_name(code, number) for number in range(int(filled.street.max(initial=0)) + 1)])
    order = pd.Series(filled.street).groupby(filled.street).cumcount().to_numpy()
    years = rng.integers(built[0], built[1] + 1, int(filled.street.max(initial=0)) + 1)
    is_flat_roof = (years[filled.street] > 1_960) & (rng.random(n_houses) < 0.12)
    houses = _rows(
        filled.houses, code, "wonen", "woonfunctie", years[filled.street],
        street=names[filled.street], number=2 * order + 1 + filled.street % 2,
        n_storeys=2, n_dwellings=1, is_flat=is_flat_roof,
    )  # fmt: skip
    has_shed = rng.random(n_houses) < 0.5
    sheds = _rows(filled.sheds[has_shed], code, "berging", None, years[filled.street][has_shed], n_storeys=1)
    n_flats = len(filled.flats)
    storeys = np.array([4, 4, 5, 8])[np.arange(n_flats) % 4]
    length = shapely.length(filled.flats) / 2 - 12.0
    flats = _rows(
        filled.flats, code, "flat", "woonfunctie", rng.integers(built[0], built[1] + 1, n_flats),
        street=f"{street_name(code, 0)} flat", number=100 * np.arange(n_flats) + 1, n_storeys=storeys,
        n_dwellings=(storeys * (length // DWELLING_WIDTH_M)).astype(int), is_flat=True,
    )  # fmt: skip
    return pd.concat([houses, sheds, flats], ignore_index=True)


def _rows(
    shapes: NDArray[np.object_], quarter: str, use: str, function: str | None, year: NDArray[np.int64], **more: object
) -> pd.DataFrame:
    standing = {"street": "", "number": 0, "n_storeys": 1, "n_dwellings": 0, "is_flat": True}
    rows = {"geometry": shapes, "function": function, "year": year, "quarter": quarter, "use": use, **standing, **more}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"function": object})


def _others(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """One building in the middle of every plot of another use, a home on every farmyard."""
    plots = ground.parcels[ground.parcels["use"].isin(FUNCTIONS)]
    tables = []
    for (use, quarter), group in plots.groupby(["use", "quarter"]):
        share = BUILT_SHARES.get(str(use), 0.3)
        shapes = np.array([_within(plot, share) for plot in group.geometry], dtype=object)
        years = rng.integers(1_955, 2_018, len(group))
        is_home = use == "boerderij"
        street = "Handelsweg" if use == "bedrijf" else f"{str(use).capitalize()}weg"
        number = np.arange(len(group)) + 1 if not quarter else 500 + np.arange(len(group))
        tables.append(
            _rows(
                shapes,
                str(quarter),
                str(use),
                FUNCTIONS[str(use)],
                years,
                street=f"{street}{quarter and ' ' + str(quarter)}",
                number=number,
                n_storeys=1 if use in {"kas", "bedrijf"} else 2,
                n_dwellings=int(is_home),
                is_flat=not is_home,
            )
        )
    return pd.concat(tables, ignore_index=True)


def _within(plot: BaseGeometry, share: float) -> BaseGeometry:
    """Return a building of a share of the plot's area, of its shape, inside it."""
    core = shapely.oriented_envelope(plot.buffer(-3)) if share > 0.6 else shapely.oriented_envelope(plot)
    factor = float(np.sqrt(share * plot.area / core.area))
    middle = shapely.point_on_surface(plot) if not plot.contains(core.centroid) else core.centroid
    scaled = shapely.affinity.scale(core, factor, factor)
    moved = shapely.affinity.translate(scaled, middle.x - scaled.centroid.x, middle.y - scaled.centroid.y)
    return moved if plot.contains(moved) else moved.intersection(plot)


def pand(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Return the buildings as panden of the BAG (columns of bag-light.gpkg).

    A few are what a register also holds: one not yet built, one wrongly entered, one of unknown year.
    """
    has_object = table["function"].notna().to_numpy()
    n_objects = np.where(has_object, np.maximum(table["n_dwellings"].to_numpy(dtype=int), 1), 0)
    area = np.where(table["n_dwellings"] > 1, 74.0, np.floor(table.geometry.area * table["n_storeys"] * 0.85))
    status = np.full(len(table), "Pand in gebruik", dtype=object)
    year = table["year"].to_numpy(dtype=int).copy()
    sheds = np.flatnonzero(table["use"] == "berging")
    status[sheds[0]], status[sheds[1]], year[sheds[2]] = "Bouwvergunning verleend", "Pand ten onrechte opgevoerd", 9999
    columns = {
        "identificatie": [f"990110{number:010d}" for number in range(1, len(table) + 1)],
        "bouwjaar": year,
        "status": status,
        "gebruiksdoel": table["function"],
        "oppervlakte_min": np.where(has_object, area, np.nan),
        "oppervlakte_max": np.where(has_object, area, np.nan),
        "aantal_verblijfsobjecten": n_objects,
    }
    return gpd.GeoDataFrame(columns, geometry=table.geometry.to_numpy(), crs=table.crs)


def verblijfsobject(table: gpd.GeoDataFrame, panden: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the verblijfsobjecten with their addresses; those of a flat stand in one point per dwelling."""
    n_objects = panden["aantal_verblijfsobjecten"].to_numpy(dtype=int)
    row = np.repeat(np.arange(len(panden)), n_objects)
    within = np.arange(len(row)) - np.repeat(np.cumsum(n_objects) - n_objects, n_objects)
    points = shapely.point_on_surface(panden.geometry.to_numpy()[row])
    of = table.iloc[row]
    is_dwelling = of["n_dwellings"].to_numpy(dtype=int) > 0
    columns = {
        "identificatie": [f"990101{number:010d}" for number in range(1, len(row) + 1)],
        "oppervlakte": panden["oppervlakte_max"].to_numpy()[row].astype(int),
        "status": "Verblijfsobject in gebruik",
        "gebruiksdoel": of["function"].to_numpy(),
        "openbare_ruimte_naam": of["street"].to_numpy(),
        "huisnummer": of["number"].to_numpy(dtype=int) + np.where(of["n_dwellings"] > 1, within, 0),
        "huisletter": None,
        "toevoeging": None,
        "postcode": _postcodes(of["quarter"], of["street"]),
        "woonplaats_naam": np.where(of["quarter"] == "0900", "Overbroek", "Flexdam"),
        "pand_identificatie": panden["identificatie"].to_numpy()[row],
    }
    objects = gpd.GeoDataFrame(columns, geometry=points, crs=table.crs)
    objects.loc[~is_dwelling & (objects["oppervlakte"] < 1), "oppervlakte"] = 1
    return objects


def _postcodes(quarter: pd.Series, street: pd.Series) -> list[str]:
    """Give each quarter its digits and each street in it its letters: postcode and number are then one address."""
    digits = 9_900 + pd.factorize(quarter, sort=True)[0]
    letters = street.groupby(quarter.to_numpy()).transform(lambda names: pd.factorize(names, sort=True)[0]).astype(int)
    return [f"{four}{chr(65 + two // 20)}{chr(65 + two % 20)}" for four, two in zip(digits, letters, strict=True)]


def roofs(table: gpd.GeoDataFrame, panden: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the buildings as 3DBAG has them; heights are missing all over one quarter and here and there."""
    n = len(table)
    height = table["n_storeys"].to_numpy(dtype=float) * STOREY_M + 0.4
    height[table["use"].isin(["bedrijf", "kas"]).to_numpy()] = 6.5
    is_flat = table["is_flat"].to_numpy(dtype=bool)
    missing = (table["quarter"].to_numpy() == NO_HEIGHTS_IN) | (rng.random(n) < 0.02)
    area = table.geometry.area.to_numpy()
    ridge = np.where(is_flat, 0.0, 3.2)
    numbers = {
        "b3_h_maaiveld": np.full(n, GROUND_M_NAP),
        "b3_h_dak_min": GROUND_M_NAP + height - 0.1,
        "b3_h_dak_50p": GROUND_M_NAP + height + ridge / 2,
        "b3_h_dak_70p": GROUND_M_NAP + height + ridge * 0.7,
        "b3_h_dak_max": GROUND_M_NAP + height + ridge + 0.3,
        "b3_opp_dak_plat": np.where(is_flat, area * 0.96, 0.0),
        "b3_opp_dak_schuin": np.where(is_flat, 0.0, area * 1.25),
        "b3_opp_grond": area,
    }
    storeys = table["n_storeys"].to_numpy(dtype=float)
    numbers["b3_bouwlagen"] = np.where(storeys <= 5, storeys, np.nan)
    columns = {name: np.where(missing, np.nan, values).round(3) for name, values in numbers.items()}
    kind = np.where(missing, "no points", np.where(is_flat, "horizontal", "slanted"))
    identification = "NL.IMBAG.Pand." + panden["identificatie"].to_numpy(dtype=object)
    head = {"identificatie": identification, "b3_dak_type": kind, "b3_kas_warenhuis": table["use"].to_numpy() == "kas"}
    head |= {"oorspronkelijkbouwjaar": panden["bouwjaar"].to_numpy(), "status": panden["status"].to_numpy()}
    return gpd.GeoDataFrame({**head, **columns}, geometry=table.geometry.to_numpy(), crs=table.crs)
