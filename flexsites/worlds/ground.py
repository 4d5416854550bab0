"""Every parcel of the synthetic municipality, with its use and owner, cut from the ground plan."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.worlds.blocks import PATTERNS, Filled, Frame, fill, frame_lines_of
from flexsites.worlds.plan import EXTENT, FIELD, HEIGHT_M, WIDTH_M, Plan, Quarter, bend

STRIP_M = 135.0
"""Width of a strip of polder land."""

ROWS_M = (0.0, 950.0, 1_900.0, 2_800.0, 3_560.0, 4_400.0, 5_150.0, 6_240.0, 7_330.0, 8_200.0)
"""Where rows of strips begin, at the western edge; they slope like the polder roads."""

SLOPE = -0.017

REST_USES = ("school", "winkel", "groen", "bouwterrein", "zorg", "groen", "wijkcentrum", "groen", "bouwterrein")
"""Uses of the ground left over in a quarter of the town, largest first, then green."""

N_RESTS = 13
"""Grounds of their own in a quarter; what is left over beyond that belongs to the street."""

OWNERS = {
    "straat": "gemeente", "groen": "gemeente", "school": "gemeente", "wijkcentrum": "gemeente", "sport": "gemeente",
    "volkstuin": "gemeente", "begraafplaats": "gemeente", "park": "gemeente", "bouwterrein": "gemeente",
    "bedrijf_uitgeefbaar": "gemeente", "polderweg": "gemeente", "flat": "corporatie", "hoofdweg": "provincie",
    "spoor": "rijk", "snelweg": "rijk", "rivier": "rijk", "uiterwaard": "rijk", "gracht": "waterschap",
    "plas": "natuurorganisatie", "moeras": "natuurorganisatie", "bos": "natuurorganisatie", "winkel": "commercieel",
    "zorg": "commercieel", "bedrijf": "commercieel", "kas": "commercieel", "camping": "commercieel",
    "zonnepark": "commercieel", "stortplaats": "provincie",
}  # fmt: skip
"""Owner by use; what is not named is private."""


@dataclass(frozen=True)
class Ground:
    """
    The ground of the municipality.

    Parameters
    ----------
    parcels
        Columns ``geometry, use, quarter`` (code, or empty outside) and ``owner``; they tile the place.
    filled
        Per quarter code what stands in it.
    """

    parcels: gpd.GeoDataFrame
    filled: dict[str, Filled]


def lay(plan: Plan, rng: np.random.Generator, n_parcels: int) -> Ground:
    """
    Cut the place into parcels.

    Parameters
    ----------
    plan
        The design.
    rng
        Crops and owners.
    n_parcels
        About so many come back: the width of the plots gives way, between 5 and 40 m.
    """
    taken = [*plan.corridors.values(), plan.river, plan.canal, FIELD]
    taken_ground = shapely.union_all(taken, grid_size=0.001)
    special, filled_special = _special(plan, taken_ground)
    built = shapely.union_all([taken_ground, *special.geometry, *(quarter.ground for quarter in plan.quarters)])
    rural = pd.concat([_farms(plan, built), _water(plan), _corridor_parts(plan)], ignore_index=True)
    fields = _fields(plan, shapely.union_all([built, *rural.geometry]), rng)
    rest = pd.concat([special, rural, fields], ignore_index=True)
    filled, quarters = _quarters_of_size(plan, taken_ground, n_parcels - len(rest))
    parcels = pd.concat([quarters, rest], ignore_index=True)
    parcels["quarter"] = parcels["quarter"].fillna("")
    parcels["owner"] = parcels["use"].map(OWNERS).fillna("particulier")
    homes = np.flatnonzero(parcels["use"] == "wonen")
    parcels.loc[homes[rng.random(len(homes)) < 0.22], "owner"] = "corporatie"
    return Ground(gpd.GeoDataFrame(parcels, geometry="geometry"), filled | filled_special)


def _quarters_of_size(plan: Plan, taken: BaseGeometry, n_wanted: int) -> tuple[dict[str, Filled], pd.DataFrame]:
    """Fill the quarters with the plot width that brings the number wanted nearest: three tries by proportion."""
    width = 10.0
    rooms = {quarter.code: quarter.ground.difference(taken) for quarter in plan.quarters}
    roads = shapely.union_all([line.buffer(6.0) for _, _, line in plan.streets])
    clear = {code: room.difference(roads) for code, room in rooms.items()}
    for _ in range(3):
        filled = {quarter.code: _fill(quarter, clear[quarter.code], width) for quarter in plan.quarters}
        n_plots = sum(len(each.plots) for each in filled.values())
        n_others = sum(min(len(each.rests), N_RESTS) + len(each.flat_plots) + 1 for each in filled.values())
        better = float(np.clip(width * n_plots / max(n_wanted - n_others, 1), 5.0, 40.0))
        if abs(better - width) < 0.1:
            break
        width = better
    tables = [_quarter_parcels(quarter, rooms[quarter.code], filled[quarter.code]) for quarter in plan.quarters]
    return filled, pd.concat(tables, ignore_index=True)


def _fill(quarter: Quarter, room: BaseGeometry, width_m: float) -> Filled:
    frame = Frame((quarter.ground.centroid.x, quarter.ground.centroid.y), quarter.turn_deg)
    factor = {"town": 1.0, "old": 0.9, "village": 2.0}[quarter.kind]
    return fill(room, frame, PATTERNS[quarter.kind], width_m * factor, flats_every=quarter.flats_every)


def _quarter_parcels(quarter: Quarter, room: BaseGeometry, filled: Filled) -> pd.DataFrame:
    rests = filled.rests if quarter.kind == "old" else filled.rests[:N_RESTS]
    uses = [*REST_USES, *["groen"] * len(rests)][: len(rests)]
    if quarter.kind == "old":
        uses = [*["winkel", "wijkcentrum"], *["winkel"] * len(uses)][: len(uses)]
    occupied = shapely.union_all([*filled.plots, *filled.flat_plots, *rests])
    streets = _parts(room.difference(occupied), 20.0)
    geometry = [*filled.plots, *filled.flat_plots, *rests, *streets]
    use = ["wonen"] * len(filled.plots) + ["flat"] * len(filled.flat_plots) + uses + ["straat"] * len(streets)
    return pd.DataFrame({"geometry": geometry, "use": use, "quarter": quarter.code})


def _parts(shape: BaseGeometry, least_m2: float) -> list[BaseGeometry]:
    parts = shapely.get_parts(shape)
    is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return list(parts[is_polygon & (shapely.area(parts) >= least_m2)])


def _special(plan: Plan, taken: BaseGeometry) -> tuple[pd.DataFrame, dict[str, Filled]]:
    rows: list[tuple[BaseGeometry, str]] = []
    filled: dict[str, Filled] = {}
    for use, grounds in plan.special.items():
        for order, ground in enumerate(grounds):
            room = ground.difference(taken)
            if use in {"bedrijf", "kas"}:
                name = f"{use}{order}"
                filled[name] = _business(use, room)
                rows.extend(_business_parcels(use, room, filled[name]))
            elif use in {"sport", "bos"}:
                rows.extend((part, use) for half in _halves(room) for part in _parts(half, 100.0))
            else:
                rows.extend((part, use) for part in _parts(room, 100.0))
    return pd.DataFrame(rows, columns=["geometry", "use"]), filled


def _business(use: str, room: BaseGeometry) -> Filled:
    """Fill a business park, its streets reaching the road beside it, or greenhouses."""
    pattern = PATTERNS["business" if use == "bedrijf" else "greenhouse"]
    turn = 5.0 if use == "bedrijf" else 1.0
    filled = fill(room, Frame((room.centroid.x, room.centroid.y), turn), pattern, pattern.block_length_m / 2 - 1)
    lines = frame_lines_of(room, Frame((room.centroid.x, room.centroid.y), turn), pattern)
    reached = shapely.intersection(lines, room.buffer(26))
    return replace(filled, streets=reached[~shapely.is_empty(reached)])


def _business_parcels(use: str, room: BaseGeometry, filled: Filled) -> list[tuple[BaseGeometry, str]]:
    """Return plots of a business park, every fifth of them not yet issued, and its streets."""
    large = [*filled.plots, *[rest for rest in filled.rests if rest.area > 2_000]]
    rows = []
    for order, plot in enumerate(large):
        is_free = use == "bedrijf" and order % 5 == 3
        rows.append((plot, "bedrijf_uitgeefbaar" if is_free else use))
    rows.extend((part, "straat") for part in _parts(room.difference(shapely.union_all(large)), 20.0))
    return rows


def _halves(ground: BaseGeometry) -> list[BaseGeometry]:
    west, south, east, north = ground.bounds
    middle = (west + east) / 2
    return [
        ground.intersection(shapely.box(*box)) for box in ((west, south, middle, north), (middle, south, east, north))
    ]


def _farms(plan: Plan, built: BaseGeometry) -> pd.DataFrame:
    """Farmyards along the polder roads, alternately on either side, where nothing else is; built ground is kept off."""
    yards = []
    ground = shapely.union_all([built, plan.floodplain, plan.marsh])
    roads = shapely.union_all([line.buffer(5) for line in plan.polder_roads])
    elsewhere = ground.difference(roads)
    shapely.prepare(elsewhere)
    for order, road in enumerate(plan.polder_roads[:5]):
        for along in np.arange(230.0 + 60 * order, road.length, 410.0):
            here, ahead = (np.array(road.interpolate(at).coords[0]) for at in (along, along + 8))
            turn = float(np.degrees(np.arctan2(*(ahead - here)[::-1])))
            south = 6.5 if round(along) % 2 else -71.5
            frame = Frame((float(here[0]), float(here[1])), turn)
            yard = frame.boxes(*(np.array([edge]) for edge in (-36.0, south, 36.0, south + 65.0)))[0]
            if EXTENT.contains(yard) and not elsewhere.intersects(yard):
                yards.append(max(shapely.get_parts(yard.difference(roads)), key=lambda part: part.area))
    return pd.DataFrame({"geometry": yards, "use": "boerderij"})


def _water(plan: Plan) -> pd.DataFrame:
    """River and canal, cut every 1,500 m, and the lake in the marsh; dry ground is left of the corridors."""
    dry = shapely.union_all([plan.corridors[name] for name in ("hoofdweg", "polderweg", "spoor", "snelweg")])
    rows = [(part, "plas") for part in _parts(plan.lake.difference(dry), 20.0)]
    for use, water in (("rivier", plan.river), ("gracht", plan.canal)):
        for west in np.arange(0.0, WIDTH_M, 1_500.0):
            part = water.intersection(shapely.box(west, 0, west + 1_500.0, HEIGHT_M)).difference(dry)
            rows.extend((piece, use) for piece in _parts(part, 20.0))
    return pd.DataFrame(rows, columns=["geometry", "use"])


def _corridor_parts(plan: Plan) -> pd.DataFrame:
    """Railway, motorway and main roads, cut every 2 km."""
    rows: list[tuple[BaseGeometry, str]] = []
    for use, ground in plan.corridors.items():
        for west in np.arange(0.0, WIDTH_M, 2_000.0):
            for south in np.arange(0.0, HEIGHT_M, 2_000.0):
                part = ground.intersection(shapely.box(west, south, west + 2_000.0, south + 2_000.0))
                rows.extend((piece, use) for piece in _parts(part, 20.0))
    return pd.DataFrame(rows, columns=["geometry", "use"])


def strips() -> list[tuple[BaseGeometry, float, float]]:
    """Return the strips of the polder with the place of each in the design: bent, sharing their long sides."""
    edges = np.arange(0.0, WIDTH_M + STRIP_M, STRIP_M).clip(max=WIDTH_M)
    found = []
    for south, north in itertools.pairwise(ROWS_M):
        for west, east in itertools.pairwise(edges):
            corners = [
                (x, y + SLOPE * x if y else 0.0)
                for x, y in ((west, south), (east, south), (east, north), (west, north))
            ]
            clipped = shapely.Polygon(corners).intersection(EXTENT)
            if clipped.area > 1:
                found.append((bend(clipped), west, south))
    return found


def _fields(plan: Plan, built: BaseGeometry, rng: np.random.Generator) -> pd.DataFrame:
    """Return strips of polder land where nothing else is, with their crop; in floodplain and marsh, nature."""
    shapely.prepare(built)
    rows: list[tuple[BaseGeometry, str]] = []
    wet = {"uiterwaard": plan.floodplain, "moeras": plan.marsh}
    for strip, west, south in strips():
        room = strip.difference(built) if built.intersects(strip) else strip
        for use, ground in wet.items():
            if ground.intersects(room):
                rows.extend((part, use) for part in _parts(room.intersection(ground), 200.0))
                room = room.difference(ground)
        crop = _crop(west, south, rng)
        rows.extend((part, crop) for part in _parts(room, 200.0))
    return pd.DataFrame(rows, columns=["geometry", "use"])


def _crop(west: float, south: float, rng: np.random.Generator) -> str:
    """Crops come in patches: a wave over the polder decides, chance blurs it."""
    wave = np.sin(west / 1_300 + south / 700) + np.sin(south / 1_500 + 1.0) + 0.7 * rng.standard_normal()
    if wave > 1.5:
        return "bouwland"
    if wave > 0.9:
        return "grasland_tijdelijk"
    if wave < -2.25:
        return "braak"
    return "grasland_natuurlijk" if wave < -1.45 else "grasland"
