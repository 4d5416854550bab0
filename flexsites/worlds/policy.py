"""Layers of the synthetic municipality that forbid, hinder or mark: nature, plans, safety, lines, land use.

Each layer is a frame in the plan's metres with a few columns in the words of its Dutch source. Figures such as the
width of a contour are those of this place, not of any rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from flexsites.worlds import proofs
from flexsites.worlds.plan import EXTENT, FIELD, HEIGHT_M, PROVINCE_CORNER, WIDTH_M, Plan, bend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flexsites.worlds.ground import Ground

LAND_USE = {
    "wonen": "Woonterrein", "flat": "Woonterrein", "straat": "Wegverkeersterrein", "boerderij": "Woonterrein",
    "groen": "Park en plantsoen", "park": "Park en plantsoen", "school": "Terrein voor sociaal-culturele voorzieningen",
    "wijkcentrum": "Terrein voor sociaal-culturele voorzieningen", "zorg": "Terrein voor openbare voorzieningen",
    "winkel": "Terrein voor detailhandel en horeca", "bouwterrein": "Bouwterrein", "bedrijf": "Bedrijventerrein",
    "bedrijf_uitgeefbaar": "Bedrijventerrein", "kas": "Terrein voor glastuinbouw", "sport": "Sportterrein",
    "volkstuin": "Volkstuin", "begraafplaats": "Begraafplaats", "stortplaats": "Stortplaats",
    "zonnepark": "Semi-verhard overig terrein", "camping": "Verblijfsrecreatief terrein", "bos": "Bos",
    "moeras": "Open nat natuurlijk terrein", "uiterwaard": "Open nat natuurlijk terrein", "plas": "Overig binnenwater",
    "rivier": "Rijn en Maas", "gracht": "Overig binnenwater", "spoor": "Spoorterrein",
    "snelweg": "Wegverkeersterrein", "hoofdweg": "Wegverkeersterrein", "polderweg": "Wegverkeersterrein",
    "grasland": "Grasland, blijvend", "grasland_tijdelijk": "Grasland, tijdelijk",
    "grasland_natuurlijk": "Grasland, natuurlijk", "bouwland": "Bouwland", "braak": "Braak",
    "proef": "Grasland, blijvend",
}  # fmt: skip
"""Class of each use: CBS Bestand Bodemgebruik, and for farmland the crop of the Basisregistratie Gewaspercelen."""

RESIDENTIAL = ("wonen", "flat", "boerderij")
DITCH_M = 3.0
"""Width of a polder ditch: half of it lies on either parcel, and only one of the two is drawn."""


def _frame(shapes: Iterable[BaseGeometry], **columns: object) -> gpd.GeoDataFrame:
    listed = list(shapes)
    identification = [f"{number:05d}" for number in range(1, len(listed) + 1)]
    return gpd.GeoDataFrame({"id": identification, **columns}, geometry=listed)


def _uses(ground: Ground, *uses: str) -> gpd.GeoSeries:
    return ground.parcels.geometry[ground.parcels["use"].isin(uses)]


def layers(plan: Plan, ground: Ground) -> dict[str, gpd.GeoDataFrame]:
    """
    Return all layers by file name, in the plan's metres.

    Returns
    -------
    dict
        Frames with ``id``, their own columns and geometry. None reaches into the proving field but by design.
    """
    found = nature(plan)
    found["water"] = _water(plan, ground)
    found["river_bed"] = _frame([plan.floodplain], naam=["Rivierbed Flexe"])
    found["regional_dikes"] = _dikes(plan)
    found["land_use"] = _land_use(ground)
    found["residential_land"] = _frame(_uses(ground, *RESIDENTIAL))
    for name, use in {"cemetery": "begraafplaats", "landfill": "stortplaats", "solar_park": "zonnepark"}.items():
        found[name] = _frame(_uses(ground, use))
    found["allotments"] = _frame(_uses(ground, "volkstuin"))
    found["holiday_parks"] = _frame(_uses(ground, "camping"))
    found["public_green"] = _frame(_uses(ground, "groen", "park"))
    found["yards"] = _frame(_uses(ground, *RESIDENTIAL), fysiek_voorkomen="erf")
    found |= _business(ground)
    found |= _lines(plan)
    found |= _marks(plan, ground)
    return {name: _off_the_field(name, frame) for name, frame in found.items()}


def nature(plan: Plan) -> dict[str, gpd.GeoDataFrame]:
    """Return Natura 2000 (the marsh) and the nature network (marsh, wood, floodplain, a corridor in between)."""
    corridor = bend(shapely.LineString([(900, 6_700), (420, 5_600), (350, 3_000), (600, 1_500)])).buffer(55)
    network = shapely.union_all([plan.marsh.simplify(2).buffer(60), corridor, *plan.special["bos"], plan.floodplain])
    network = network.difference(plan.river)
    parts = [part for part in shapely.get_parts(network) if part.area > 100]
    return {
        "natura2000": _frame([plan.marsh], naam=["Flexdammer Broek"], gebiedsnummer=[901], status=["HR"]),
        "nnn": _frame(parts, naam=[f"NNN {number}" for number in range(1, len(parts) + 1)]),
    }


def _off_the_field(name: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the proving field out of a layer and put in what was designed there."""
    outside = frame.copy()
    touches = outside.intersects(FIELD)
    if touches.any() and name not in {"land_use", "urban_contour", "zoning", "grid_congestion"}:
        outside.loc[touches, "geometry"] = outside.geometry[touches].difference(FIELD)
    designed = proofs.SHAPES.get(name, ())
    if designed:
        rows = pd.concat([outside.iloc[[0]]] * len(designed), ignore_index=True)
        rows["geometry"] = list(designed)
        rows["id"] = [f"P{number:04d}" for number in range(1, len(designed) + 1)]
        if name == "businesses":
            rows["milieucategorie"] = "2"
        outside = pd.concat([outside, rows], ignore_index=True)
    kept = outside[~outside.geometry.is_empty & (outside.geometry.area + outside.geometry.length > 0)]
    return gpd.GeoDataFrame(kept, geometry="geometry").reset_index(drop=True)


def _water(plan: Plan, ground: Ground) -> gpd.GeoDataFrame:
    """River, canal and lake, and a ditch inside the edge of every second strip of farmland."""
    farmland = _uses(ground, "grasland", "grasland_tijdelijk", "grasland_natuurlijk", "bouwland", "braak")
    middles = farmland.centroid
    order = np.lexsort((middles.x, np.round(middles.y / 700)))[::2]
    chosen = farmland.iloc[order]
    ditches = chosen.difference(chosen.buffer(-DITCH_M / 2, join_style="mitre"))
    open_water = [plan.river, plan.canal, plan.lake]
    kinds = ["waterloop"] * 2 + ["watervlakte"] + ["sloot"] * len(ditches)
    return _frame([*open_water, *ditches], bgt_type=kinds)


def _dikes(plan: Plan) -> gpd.GeoDataFrame:
    edge = plan.floodplain.boundary.difference(EXTENT.boundary.buffer(1))
    return _frame([edge.buffer(18).intersection(EXTENT)], naam=["Flexedijk"])


def _land_use(ground: Ground) -> gpd.GeoDataFrame:
    table = ground.parcels
    return _frame(shapely.make_valid(table.geometry.to_numpy()), klasse=table["use"].map(LAND_USE).to_numpy())


def _business(ground: Ground) -> dict[str, gpd.GeoDataFrame]:
    """Return businesses with their environmental category, and the plots of the business parks, issued or not."""
    issued, free = _uses(ground, "bedrijf"), _uses(ground, "bedrijf_uitgeefbaar")
    category = np.array(["2", "3.1", "2", "3.2", "3.1", "2", "4.1"])[np.arange(len(issued)) % 7]
    plots = [*issued, *free]
    names = ["De Kade"] * len(plots)
    is_issued = [True] * len(issued) + [False] * len(free)
    return {
        "businesses": _frame(issued, milieucategorie=category),
        "ibis_plots": _frame(plots, plan_naam=names, is_issued=is_issued),
    }


def _lines(plan: Plan) -> dict[str, gpd.GeoDataFrame]:
    """Return railway, motorway, power line and pipeline as lines."""
    power = shapely.LineString([(0, 3_900), (2_900, 4_550), (6_950, 4_800), (10_000, 5_400)])
    pipe = shapely.LineString([(0, 2_000), (3_000, 2_050), (3_400, 1_900), (10_000, 1_850)])
    return {
        "rail": _frame([plan.rail_line], rail_class=["rail"]),
        "motorways": _frame([plan.motorway_line], road_class=["motorway"]),
        "power_lines": _frame([power], spanning_kv=[150]),
        "pipelines": _frame([bend(pipe)], stof=["aardgas"]),
    }


def _marks(plan: Plan, ground: Ground) -> dict[str, gpd.GeoDataFrame]:
    """Return contours and flags."""
    source = ground.parcels.geometry[(ground.parcels["use"] == "bedrijf")].iloc[5].centroid
    villages = [quarter.ground.simplify(2).buffer(20) for quarter in plan.quarters if quarter.kind == "village"]
    contour = shapely.union_all([plan.town.simplify(3).buffer(120, quad_segs=4).buffer(-60, quad_segs=4), *villages])
    contour = contour.intersection(EXTENT)
    orchard = shapely.box(2_450, 250, 3_300, 900)
    north = bend(shapely.box(0, 4_450, WIDTH_M, HEIGHT_M))
    return {
        "safety_contour": _frame([source.buffer(90)], naam=["LPG-tankstation"]),
        "safety_attention": _frame([source.buffer(200)], naam=["LPG-tankstation"]),
        "urban_contour": _frame([contour, EXTENT.difference(contour)], is_inside=[True, False]),
        "zoning": _zoning(ground),
        "silence_areas": _frame([plan.marsh.simplify(5).buffer(400).intersection(EXTENT)], naam=["Stiltegebied Broek"]),
        "groundwater_protection": _frame([shapely.Point(9_300, 2_300).buffer(900).intersection(EXTENT)]),
        "drinking_water_abstraction": _frame([shapely.Point(9_650, 2_450).buffer(160)]),
        "grid_congestion": _frame([north], status=["structurele congestie"]),
        "spray_zones": _frame([orchard.buffer(50)], gewas=["boomgaard"]),
        "odour": _frame([plot.centroid.buffer(100) for plot in list(_uses(ground, "boerderij"))[::3]]),
        "soil": _frame([plan.special["stortplaats"][0].buffer(40)], status=["ernstig"]),
        "reservations": _frame([plan.motorway_line.buffer(70).intersection(EXTENT)], doel=["verbreding snelweg"]),
    }


def _zoning(ground: Ground) -> gpd.GeoDataFrame:
    is_home = ground.parcels["use"].isin(["wonen", "flat"]).to_numpy()
    names = np.where(is_home, "wonen", "overig")
    return _frame(
        shapely.make_valid(ground.parcels.geometry.to_numpy()), bestemmingshoofdgroep=names, is_housing=is_home
    )


def plan_capacity(ground: Ground) -> gpd.GeoDataFrame:
    """
    Return plans for homes as Planmonitor Wonen has them; none in the corner of the other province.

    Returns
    -------
    GeoDataFrame
        ``plan_id, plannaam, hardheid`` (hard | zacht), ``status`` (1A to 5B), ``jaar_start, jaar_oplevering`` (null
        where the plan says none), ``aantal_woningen, geometry``.
    """
    sites = list(_uses(ground, "bouwterrein"))[:9:2]
    expansion = bend(shapely.box(3_300, 4_330, 4_500, 4_880))
    later = bend(shapely.box(4_800, 4_330, 5_900, 4_880))
    rows: list[tuple[str, str, str, int | None, int | None, int, BaseGeometry]] = [
        (f"Inbreiding {order + 1}", "hard", "1A", 2_027 + order, 2_029 + order, 24, site)
        for order, site in enumerate(sites)
    ]
    rows += [
        ("Noorderveld fase 1", "hard", "2A", 2_029, 2_034, 410, expansion),
        ("Noorderveld fase 2", "zacht", "4B", 2_033, 2_040, 380, later),
        ("Verkenning Dijkzone", "zacht", "5B", None, None, 150, bend(shapely.box(2_350, 1_900, 3_000, 2_250))),
        ("Proef 2031", "hard", "2A", 2_031, 2_033, 30, proofs.SHAPES["plan_2031"][0]),
        ("Proef 2030", "zacht", "4A", 2_030, 2_033, 30, proofs.SHAPES["plan_2030"][0]),
        ("Proef 2050", "hard", "2B", 2_050, 2_053, 30, proofs.SHAPES["plan_2050"][0]),
    ]
    names = ["plannaam", "hardheid", "status", "jaar_start", "jaar_oplevering", "aantal_woningen", "geometry"]
    table = pd.DataFrame(rows, columns=names).astype({"jaar_start": "Int64", "jaar_oplevering": "Int64"})
    table.insert(0, "plan_id", [f"PL{number:03d}" for number in range(1, len(table) + 1)])
    return gpd.GeoDataFrame(table, geometry="geometry")


def plan_coverage() -> gpd.GeoDataFrame:
    """Return where plan capacity is known: everywhere but in the corner of the other province."""
    return gpd.GeoDataFrame({"coverage": ["covered"]}, geometry=[EXTENT.difference(PROVINCE_CORNER)])


def flood_depth(plan: Plan, cell_m: float) -> np.ndarray:
    """
    Return the depth of water in m on a grid from the north-west corner, once in 1,000 years; dry ground is 0.

    Below 0 is no number: -9999 in the cells of the river itself, where no depth was modelled.
    """
    x, y = _cells(cell_m)
    shapely.prepare(plan.river)
    distance = _distance(plan.river_line, x, y)
    depth = np.clip(2.6 - distance / 330.0, 0.0, None) * (0.8 + 0.3 * np.sin(x / 480) * np.cos(y / 390))
    depth[shapely.contains_xy(FIELD, x, y)] = 0.4
    depth[shapely.contains_xy(proofs.FLOODED, x, y)] = 1.8
    depth[shapely.contains_xy(plan.river, x, y)] = -9_999.0
    return np.asarray(depth, dtype="float32")


def noise_level(plan: Plan, cell_m: float) -> np.ndarray:
    """Return the noise of motorway and railway in dB Lden on the same grid; 40 in the proving field."""
    x, y = _cells(cell_m)
    roads = 78.0 - 12.5 * np.log10(np.maximum(_distance(plan.motorway_line, x, y), 15.0) / 15.0)
    rails = 74.0 - 13.5 * np.log10(np.maximum(_distance(plan.rail_line, x, y), 15.0) / 15.0)
    level = 10 * np.log10(10 ** (roads / 10) + 10 ** (rails / 10) + 10**4.0)
    level[shapely.contains_xy(FIELD, x, y)] = 40.0
    return np.asarray(level, dtype="float32")


def _cells(cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Middles of the cells, rows from north to south."""
    x = np.arange(cell_m / 2, WIDTH_M, cell_m)
    y = np.arange(HEIGHT_M - cell_m / 2, 0, -cell_m)
    columns, rows = np.meshgrid(x, y)
    return columns, rows


def _distance(line: shapely.LineString, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance in m to a line, by its points every 5 m: right to a few centimetres where it is far, which is enough."""
    tree = cKDTree(shapely.get_coordinates(shapely.segmentize(line, 5.0)))
    found, _ = tree.query(np.stack([x, y], axis=-1))
    return np.asarray(found)
