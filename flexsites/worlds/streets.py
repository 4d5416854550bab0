"""Streets of the synthetic municipality as a network: lines cut wherever they meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.worlds.plan import CENTRE, EXTENT, FIELD, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from flexsites.worlds.blocks import Filled

GRID_M = 0.1
"""Streets that end within this distance of another street meet it."""

NAMES = (
    "Tulp", "Merel", "Linde", "Eik", "Wilgen", "Beatrix", "Juliana", "Kerk", "School", "Molen", "Dijk", "Haven", "Brug",
    "Zonne", "Maan", "Sterren", "Vlinder", "Rozen", "Iris", "Spreeuw", "Kievit", "Reiger", "Esdoorn", "Beuken",
)  # fmt: skip
ENDINGS = ("straat", "laan", "weg", "hof", "plantsoen", "pad")


@dataclass(frozen=True)
class Streets:
    """
    The street network; arrays of shape (n,), one row per piece between two crossings.

    Parameters
    ----------
    lines
        Geometry, coordinates on a grid of 0.1 m.
    road_class
        Value of OpenStreetMap's ``highway``.
    name
        Name of the street.
    """

    lines: NDArray[np.object_]
    road_class: NDArray[np.str_]
    name: NDArray[np.str_]


def street_name(quarter: str, number: int) -> str:
    """Return the name of a street of a quarter: each has its own.

    Examples
    --------
    >>> street_name("0100", 0), street_name("0100", 25), street_name("0101", 0)
    ('Schoolstraat', 'Molenlaan', 'Molenstraat')
    """
    return NAMES[(int(quarter) + number - 92) % len(NAMES)] + ENDINGS[(number // len(NAMES)) % len(ENDINGS)]


def network(plan: Plan, filled: Mapping[str, Filled]) -> Streets:
    """
    Return all streets, cut where they cross and joined where they end on one another.

    Motorway and railway pass over or under and are not part of it (see ``motorway``).
    """
    dry = EXTENT.difference(plan.river)
    rows: list[tuple[str, str, BaseGeometry]] = list(plan.streets)
    for code, each in filled.items():
        is_quarter = code.isdigit()
        road_class = "residential" if is_quarter else "unclassified"
        ground = dry.difference(plan.canal) if is_quarter else dry
        for number, line in enumerate(shapely.intersection(each.streets, ground.difference(plan.corridors["spoor"]))):
            rows.append((road_class, street_name(code, number) if is_quarter else "Handelsweg", line))
    pieces = [(road_class, name, part) for road_class, name, lines in rows for part in shapely.get_parts(lines)]
    originals = np.array([part for _, _, part in pieces], dtype=object)
    cut = shapely.get_parts(shapely.union_all(originals, grid_size=GRID_M))
    cut = cut[shapely.length(cut) >= GRID_M]
    middles = shapely.line_interpolate_point(cut, 0.5, normalized=True)
    nearest = shapely.STRtree(originals).nearest(middles)
    classes = np.array([road_class for road_class, _, _ in pieces])
    names = np.array([name for _, name, _ in pieces])
    return Streets(cut, classes[nearest], names[nearest])


def motorway(plan: Plan) -> list[tuple[str, shapely.LineString]]:
    """Return the carriageways, each drawn in its direction of travel, and the slip roads to the Oosterweg."""
    west, east = (plan.motorway_line.parallel_offset(9.0, side) for side in ("left", "right"))
    southbound = shapely.LineString(sorted(west.coords, key=lambda point: -point[1]))
    northbound = shapely.LineString(sorted(east.coords, key=lambda point: point[1]))
    crossing = shapely.centroid(plan.motorway_line.intersection(plan.main_roads["Oosterweg"]))
    at = plan.motorway_line.project(crossing)
    links = []
    for along, side in ((at + 380, 40.0), (at - 380, -40.0)):
        join = plan.motorway_line.interpolate(along)
        end = plan.main_roads["Oosterweg"].interpolate(plan.main_roads["Oosterweg"].project(crossing) + side)
        links.append(("motorway_link", shapely.LineString([join, end])))
    return [("motorway", southbound), ("motorway", northbound), *links]


def field_road() -> shapely.LineString:
    """Return the straight road through the proving field."""
    west, _, east, _ = FIELD.bounds
    return shapely.LineString([(west, 450.0), (east, 450.0)])


def at_ring(angle_deg: float, radius_m: float) -> tuple[float, float]:
    """Return a point of the design around the town's centre, before bending."""
    angle = np.radians(angle_deg)
    return CENTRE[0] + radius_m * float(np.cos(angle)), CENTRE[1] + radius_m * float(np.sin(angle))
