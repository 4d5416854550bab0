"""The proving field: sites in an empty corner whose answers can be worked out in the head.

All measures are in metres of the plan. A straight road runs through the field at y = 450, ten metres wide; nothing
else of the municipality reaches into it, so what a rule takes from a site here is what is written beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from flexsites.worlds.plan import FIELD

ROAD_Y_M = 450.0
ROAD = box(8_000, 445, 9_800, 455)
BUS_STOP = Point(8_700, 453)
"""Three metres beside the middle of the road."""

FARM_SHOP = Point(9_300, 455)
"""Five metres beside the middle of the road."""


@dataclass(frozen=True)
class Proof:
    """
    A site with a known answer.

    Parameters
    ----------
    name
        What it proves.
    ground
        Its geometry.
    covered_m2
        Per layer (a raster with its threshold as ``flood>1``) what that layer covers of it alone.
    buildable_m2
        What all layers together leave, before piece tests.
    n_pieces
        Pieces left, before piece tests.
    failed_test
        The piece test that all its pieces fail, if so.
    note
        Anything else that is known of it.
    has_registered_area
        Whether the cadastre registers an area.
    """

    name: str
    ground: BaseGeometry
    covered_m2: dict[str, float]
    buildable_m2: float
    n_pieces: int = 1
    failed_test: str | None = None
    note: str = ""
    has_registered_area: bool = True
    dirt: str | None = None
    facts: dict[str, float] = field(default_factory=dict)


def _north() -> list[Proof]:
    return [
        Proof("nnn_takes_half", box(8_040, 480, 8_240, 580), {"nnn": 10_000.0}, 10_000.0),
        Proof(
            "natura2000_then_nnn",
            box(8_280, 480, 8_380, 580),
            {"natura2000": 5_000.0, "nnn": 5_000.0},
            2_000.0,
            note="they overlap on 2,000 m2: in that order natura2000 takes 5,000 and nnn 3,000; each alone takes 3,000",
        ),
        Proof("water_makes_two", box(8_420, 480, 8_640, 580), {"water": 2_000.0}, 20_000.0, n_pieces=2),
        Proof(
            "power_line_beside",
            box(8_740, 480, 8_940, 580),
            {"power_lines@25": 2_500.0},
            17_500.0,
            note="within d of the line, which runs along the western edge and beyond: d times 100 m2, for d up to 100",
        ),
        Proof("nothing_at_all", box(8_980, 480, 9_080, 580), {}, 10_000.0),
        Proof("hard_plan_2031", box(9_120, 480, 9_220, 580), {"plan_capacity:hard": 6_000.0}, 4_000.0),
        Proof("soft_plan_2030", box(9_260, 480, 9_360, 580), {"plan_capacity:zacht": 10_000.0}, 10_000.0),
        Proof("hard_plan_2050", box(9_400, 480, 9_500, 580), {}, 10_000.0, note="planned, but beyond every horizon"),
        Proof(
            "strip_of_ten_metres",
            box(9_540, 480, 9_640, 580),
            {"nnn": 9_000.0},
            1_000.0,
            note="wide enough with the land next door",
        ),
    ]


def _south() -> list[Proof]:
    bow_tie = Polygon([(8_800, 325), (8_900, 425), (8_900, 325), (8_800, 425)])
    parts = MultiPolygon([box(9_050, 325, 9_100, 425), box(9_120, 325, 9_170, 425)])
    diamond = Polygon([(8_300, 430), (8_250, 380), (8_300, 330), (8_350, 380)])
    walks = {"to_road_m": 20.0, "along_to_bus_stop_m": 400.0, "bus_stop_to_road_m": 3.0}
    walks |= {"along_to_farm_shop_m": 1_000.0, "farm_shop_to_road_m": 5.0}
    return [
        Proof("flood_restricts_a_quarter", box(8_050, 325, 8_150, 425), {"flood>1": 2_500.0}, 10_000.0),
        Proof("corner_to_the_road", diamond, {}, 5_000.0, facts=walks),
        Proof("no_street_of_its_own", box(8_500, 210, 8_600, 290), {}, 8_000.0, note="borrows an entrance"),
        Proof("small_beside_land", box(8_700, 405, 8_725, 435), {}, 750.0, note="large enough with the land next door"),
        Proof("bow_tie", bow_tie, {}, 5_000.0, n_pieces=2, dirt="bow-tie", note="two triangles when mended"),
        Proof("sliver", box(9_000, 325, 9_000.05, 425), {}, 5.0, failed_test="too_thin", dirt="sliver"),
        Proof("two_polygons", parts, {}, 10_000.0, n_pieces=2, dirt="multipolygon"),
        Proof(
            "no_registered_area", box(9_200, 325, 9_300, 425), {}, 10_000.0,
            has_registered_area=False, dirt="null registered area",
        ),
        Proof("wholly_natura2000", box(9_350, 325, 9_450, 425), {"natura2000": 10_000.0}, 0.0, n_pieces=0),
        Proof(
            "near_a_business", box(9_500, 325, 9_600, 425), {"businesses@30": 1_000.0}, 10_000.0,
            note="a business of category 2 stands 20 m east: within 30 m lies a strip of 10 m, which needs consent",
        ),
    ]  # fmt: skip


PROOFS = tuple(_north() + _south())

SHAPES: dict[str, tuple[BaseGeometry, ...]] = {
    "nnn": (box(8_140, 470, 8_250, 590), box(8_310, 470, 8_360, 590), box(9_530, 470, 9_650, 570)),
    "natura2000": (box(8_270, 470, 8_330, 590), box(9_340, 315, 9_460, 435)),
    "water": (box(8_520, 470, 8_540, 590),),
    "power_lines": (LineString([(8_740, 456), (8_740, 800)]),),
    "plan_2031": (box(9_110, 470, 9_180, 590),),
    "plan_2030": (box(9_250, 470, 9_370, 590),),
    "plan_2050": (box(9_390, 470, 9_510, 590),),
    "businesses": (box(9_620, 325, 9_700, 425),),
}
"""Per layer what is put into the field to make the answers come out."""

FLOODED = box(8_050, 325, 8_100, 375)
"""Four cells of 25 m deeper than 1 m."""


def fillers() -> list[Polygon]:
    """Return the rest of the field as meadow, north and south of the road, with the proofs cut out.

    Examples
    --------
    >>> meadow = fillers()
    >>> total = sum(part.area for part in meadow) + ROAD.area + sum(shapely.make_valid(p.ground).area for p in PROOFS)
    >>> len(meadow), round(total - FIELD.area, 6)
    (2, 0.0)
    """
    taken = shapely.union_all([ROAD, *(shapely.make_valid(proof.ground) for proof in PROOFS)])
    return [part for part in shapely.get_parts(FIELD.difference(taken)) if part.area > 1_000]


def truth(site_ids: dict[str, str]) -> dict[str, dict[str, object]]:
    """Return what is known of each proof, by its name, ready for JSON.

    Parameters
    ----------
    site_ids
        Identifier of the parcel of each proof.
    """
    known: dict[str, dict[str, object]] = {}
    for proof in PROOFS:
        known[proof.name] = {
            "site_id": site_ids[proof.name],
            "parcel_area_m2": shapely.make_valid(proof.ground).area,
            "covered_m2": proof.covered_m2,
            "buildable_m2": proof.buildable_m2,
            "n_pieces": proof.n_pieces,
            "failed_test": proof.failed_test,
            "note": proof.note,
            "dirt": proof.dirt,
            **proof.facts,
        }
    return known
