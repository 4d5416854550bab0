"""The ground plan of a synthetic Dutch municipality: river, town, villages, polder, roads, all in local metres.

The place is 10 by 8 km. A river runs through the south; the town lies on its north bank in two rings around an old
centre with a canal; a railway passes north of it, a motorway east of it, with a business park in between. Around it
lies polder land in long strips, with two villages along a polder road, greenhouses, a marsh and a wood.
Everything here is designed, nothing drawn by chance, so that what chance adds elsewhere never moves it. The design is
drawn with ruler and compasses and then bent as a whole (``bend``), as real land is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

Shape = TypeVar("Shape", bound=BaseGeometry)

WIDTH_M, HEIGHT_M = 10_000.0, 8_000.0
EXTENT = shapely.box(0, 0, WIDTH_M, HEIGHT_M)
CENTRE = (4_600.0, 2_900.0)
STATION = (4_600.0, 4_110.0)
OLD_TOWN_M, CANAL_M, INNER_RING_M, OUTER_RING_M = 300.0, 330.0, 760.0, 1_220.0
"""Radii of the old town, the far side of its canal, the inner and the outer ring road."""

FIELD = shapely.box(8_000, 200, 9_800, 900)
"""The proving field: an empty corner in which sites with known answers lie (see ``proofs``)."""

PROVINCE_CORNER = Polygon([(8_050, 8_000), (8_050, 4_450), (10_000, 4_300), (10_000, 8_000)])
"""The corner that belongs to the other municipality and the other province."""


def bend(shape: Shape) -> Shape:
    """Bend a shape of the design smoothly, by up to about 130 m; the edges of the place and the proving field stay.

    Vertices are added every 25 m first and rounded to the millimetre, so that shapes that share a curve still do.

    Examples
    --------
    >>> bend(shapely.Point(FIELD.centroid)) == FIELD.centroid, bend(shapely.Point(0, 0))
    (True, <POINT (0 0)>)
    """
    return shapely.set_precision(shapely.transform(shapely.segmentize(shape, 25.0), _bent), 0.001)


def _bent(points: np.ndarray) -> np.ndarray:
    x, y = points[:, 0], points[:, 1]
    west, south, east, north = FIELD.bounds
    beyond = np.hypot(np.maximum(0, np.maximum(west - x, x - east)), np.maximum(0, np.maximum(south - y, y - north)))
    fades = 1 - np.exp(-((beyond / 700) ** 2))
    inside_x = np.sin(np.pi * np.clip(x / WIDTH_M, 0, 1)) ** 0.5
    inside_y = np.sin(np.pi * np.clip(y / HEIGHT_M, 0, 1)) ** 0.5
    east_m = 95 * np.sin(y / 610 + x / 2_900) + 40 * np.sin(y / 260 + 1.3)
    north_m = 85 * np.sin(x / 560 + 0.4 + y / 3_100) + 35 * np.sin(x / 235)
    return np.column_stack([x + east_m * fades * inside_x, y + north_m * fades * inside_y])


def arc(radius_m: float, start_deg: float, end_deg: float) -> LineString:
    """Return an arc around the town's centre, a vertex every three degrees, angles from the east, anticlockwise.

    Examples
    --------
    >>> line = arc(100, 0, 90)
    >>> len(line.coords), round(line.coords[-1][1] - CENTRE[1], 6)
    (31, 100.0)
    """
    angle = np.radians(np.linspace(start_deg, end_deg, max(2, int(abs(end_deg - start_deg) // 3) + 1)))
    return LineString(np.column_stack([CENTRE[0] + radius_m * np.cos(angle), CENTRE[1] + radius_m * np.sin(angle)]))


def spoke(angle_deg: float, start_m: float, end_m: float) -> LineString:
    """Return a straight line from the town's centre outwards, between two radii."""
    angle = np.radians(angle_deg)
    unit = np.array([np.cos(angle), np.sin(angle)])
    return LineString([np.array(CENTRE) + unit * start_m, np.array(CENTRE) + unit * end_m])


def sector(inner_m: float, outer_m: float, start_deg: float, end_deg: float) -> Polygon:
    """Return the ground between two arcs and two spokes."""
    inner, outer = arc(inner_m, start_deg, end_deg), arc(outer_m, start_deg, end_deg)
    return Polygon([*outer.coords, *reversed(inner.coords)])


@dataclass(frozen=True)
class Quarter:
    """
    A neighbourhood that is filled with streets and plots.

    Parameters
    ----------
    code
        Four digits of its CBS code.
    name
        Its name.
    ground
        Its ground, roads around it included.
    turn_deg
        Direction of its streets.
    built
        First and last year of building.
    flats_every
        Every so many-th block is a block of flats; 0: none.
    kind
        ``"town"``, ``"old"`` or ``"village"``.
    """

    code: str
    name: str
    ground: Polygon
    turn_deg: float
    built: tuple[int, int]
    flats_every: int = 0
    kind: str = "town"


@dataclass(frozen=True)
class Plan:
    """The designed parts of the municipality; all geometry in local metres, made once and kept."""

    @cached_property
    def river_line(self) -> LineString:
        """Middle of the river, from west to east."""
        x = np.linspace(0, WIDTH_M, 220)
        return bend(LineString(np.column_stack([x, 1_300 + 200 * np.sin(x / 1_350 + 0.9)])))

    @cached_property
    def river(self) -> BaseGeometry:
        """Water of the river."""
        return self.river_line.buffer(75).intersection(EXTENT)

    @cached_property
    def floodplain(self) -> BaseGeometry:
        """Ground between the river's dykes, water included."""
        return self.river_line.buffer(230, quad_segs=16).intersection(EXTENT)

    @cached_property
    def canal(self) -> BaseGeometry:
        """The canal around the old town."""
        ring = Polygon(arc(CANAL_M, 0, 360).coords).difference(Polygon(arc(OLD_TOWN_M, 0, 360).coords))
        feeder = LineString([(CENTRE[0] - 315, CENTRE[1] - 60), (CENTRE[0] - 330, 1_250)]).buffer(11)
        return bend(shapely.union_all([ring, feeder])).difference(self.river)

    @cached_property
    def rail_line(self) -> LineString:
        """The railway, through the station."""
        return bend(LineString([(0, 4_440), (2_600, 4_300), STATION, (6_900, 3_960), (10_000, 3_480)]))

    @cached_property
    def motorway_line(self) -> LineString:
        """Middle of the motorway, from south to north."""
        y = np.linspace(0, HEIGHT_M, 60)
        return bend(LineString(np.column_stack([7_560 + 160 * np.sin(y / 2_300), y])))

    @cached_property
    def corridors(self) -> dict[str, BaseGeometry]:
        """Ground of railway, motorway and main roads, as the owner of each holds it."""
        rail = self.rail_line.buffer(13)
        motorway = self.motorway_line.buffer(30)
        roads = shapely.union_all([line.buffer(8) for line in self.main_roads.values()]).difference(self.river)
        polder = shapely.union_all([line.buffer(5) for line in self.polder_roads])
        corridors = {"spoor": rail, "snelweg": motorway.difference(rail)}
        corridors["hoofdweg"] = roads.difference(shapely.union_all([rail, motorway]))
        corridors["polderweg"] = polder.difference(shapely.union_all([rail, motorway, roads, self.river]))
        return {name: ground.intersection(EXTENT).difference(FIELD) for name, ground in corridors.items()}

    @cached_property
    def main_roads(self) -> dict[str, LineString]:
        """Provincial roads by name; the southern one crosses the river on the only bridge."""
        x, y = CENTRE
        roads = {
            "Zuiderweg": LineString([(x, y - INNER_RING_M), (x, 0)]),
            "Noorderweg": LineString([(x, y + INNER_RING_M), (x, HEIGHT_M)]),
            "Oosterweg": LineString([(x + INNER_RING_M, y), (7_400, y), (8_600, 3_000), (WIDTH_M, 3_000)]),
            "Westerweg": LineString([(x - INNER_RING_M, y), (2_300, y), (0, 2_650)]),
        }
        return {name: bend(line) for name, line in roads.items()}

    @cached_property
    def polder_roads(self) -> list[LineString]:
        """Quiet roads of the polder."""
        lines = [[(0, 5_150), (10_000, 4_980)], [(0, 6_240), (10_000, 6_070)], [(2_290, 7_291), (10_000, 7_160)]]
        lines += [[(0, 3_560), (3_050, 3_510)], [(0, 480), (7_400, 450), (10_000, 450)], [(700, 2_690), (700, 8_000)]]
        lines += [[(2_300, 2_890), (2_300, 8_000)], [(6_350, 4_120), (6_350, 8_000)], [(8_900, 2_990), (8_900, 8_000)]]
        lines += [[(6_350, 0), (6_350, 900)], [(8_600, 1_950), (8_600, 3_010)], [(1_500, 0), (1_500, 1_050)]]
        return [bend(LineString(points)) for points in lines]

    @cached_property
    def quarters(self) -> list[Quarter]:
        """The neighbourhoods, town and villages."""
        old = [("Binnenstad-Oost", -90.0, 90.0), ("Binnenstad-West", 90.0, 270.0)]
        found = [
            Quarter(f"000{order}", name, sector(25, OLD_TOWN_M, start, end), 20.0, (1_870, 1_915), kind="old")
            for order, (name, start, end) in enumerate(old)
        ]
        found += self._rings()
        villages = {
            "Noorderbuurt": ("0300", (1_750, 6_080, 2_950, 6_330), 1_905),
            "Zuiddorp": ("0301", (1_050, 330, 2_000, 600), 1_900),
        }
        villages["Overbroek"] = ("0900", (8_400, 5_860, 9_500, 6_250), 1_910)
        for name, (code, bounds, year) in villages.items():
            found.append(Quarter(code, name, shapely.box(*bounds), 178.9, (year, year + 85), kind="village"))
        return [replace(quarter, ground=bend(quarter.ground)) for quarter in found]

    def _rings(self) -> list[Quarter]:
        found = []
        inner = ["Stationsbuurt", "Vogelbuurt", "Bloemenbuurt", "Havenkwartier", "Componistenbuurt", "Oostersingel"]
        years = [(1_921, 1_938), (1_948, 1_958), (1_928, 1_939), (1_999, 2_009), (1_955, 1_964), (1_922, 1_940)]
        for order, (name, built) in enumerate(zip(inner, years, strict=True)):
            start = 60.0 + 60 * order
            ground = sector(CANAL_M, INNER_RING_M, start, start + 60)
            flats = 7 if built[0] in {1_955, 1_948} else 0
            found.append(Quarter(f"01{order:02d}", name, ground, start + 30, built, flats))
        outer = {
            "Noordrand": (45, 1_966),
            "Sterrenwijk": (90, 1_972),
            "Westerpark": (135, 1_981),
            "Weidehof": (180, 1_988),
        }
        outer |= {"Rivierenwijk": (225, 1_967), "De Dijk": (270, 2_012), "De Kom": (0, 1_969)}
        for order, (name, (start_deg, year)) in enumerate(outer.items()):
            ground = sector(INNER_RING_M, OUTER_RING_M, start_deg, start_deg + 45)
            flats = 4 if year in {1_966, 1_967, 1_969, 1_972} else 0
            found.append(Quarter(f"02{order:02d}", name, ground, start_deg + 22.5, (year, year + 7), flats))
        nieuwland = sector(OUTER_RING_M, 1_640, 204, 249)
        found.append(Quarter("0210", "Nieuwland", nieuwland, 226.0, (2_014, 2_021)))
        return found

    @cached_property
    def special(self) -> dict[str, list[Polygon]]:
        """Grounds with one use, by use; some hold several parcels."""
        box = shapely.box
        grounds = {
            "bedrijf": [box(5_900, 1_950, 7_330, 2_880), box(5_900, 2_925, 7_330, 3_650)],
            "kas": [box(800, 4_500, 2_250, 5_090)],
            "sport": [box(2_560, 2_940, 3_180, 3_440)],
            "volkstuin": [box(2_660, 2_560, 3_130, 2_860)],
            "begraafplaats": [box(3_200, 3_800, 3_420, 4_060)],
            "stortplaats": [box(6_900, 4_150, 7_250, 4_480)],
            "zonnepark": [box(6_450, 4_150, 6_830, 4_700)],
            "camping": [box(9_000, 2_250, 9_380, 2_560)],
            "bos": [
                Polygon(
                    [(8_750, 1_750), (9_950, 1_700), (9_950, 2_900), (9_500, 2_800), (9_450, 2_100), (8_800, 2_150)]
                )
            ],
            "park": [sector(INNER_RING_M, OUTER_RING_M, 315, 360)],
        }
        return {use: [bend(ground) for ground in parts] for use, parts in grounds.items()}

    @cached_property
    def marsh(self) -> Polygon:
        """The nature reserve in the north-west, with a finely ragged edge of 4,000 vertices."""
        angle = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
        radius = 640 * (1 + 0.16 * np.sin(3 * angle + 1) + 0.08 * np.sin(7 * angle) + 0.03 * np.sin(23 * angle))
        radius += 5 * np.sin(83 * angle) + 2 * np.sin(611 * angle)
        return bend(
            Polygon(np.column_stack([1_480 + 1.05 * radius * np.cos(angle), 7_150 + 0.85 * radius * np.sin(angle)]))
        )

    @cached_property
    def lake(self) -> BaseGeometry:
        """Open water inside the marsh."""
        return shapely.affinity.scale(self.marsh.simplify(6), 0.45, 0.5)

    @cached_property
    def streets(self) -> list[tuple[str, str, BaseGeometry]]:
        """Designed streets as (class of OpenStreetMap, name, lines); those inside quarters are laid by ``ground``."""
        found: list[tuple[str, str, BaseGeometry]] = [
            ("secondary", name, line) for name, line in self.main_roads.items()
        ]
        found += [("unclassified", f"Polderweg {order}", line) for order, line in enumerate(self.polder_roads, 1)]
        dry = EXTENT.difference(self.river_line.buffer(80))
        found += [(road_class, name, bend(line).intersection(dry)) for road_class, name, line in _town_streets()]
        return found

    @cached_property
    def town(self) -> BaseGeometry:
        """The built-up town: the urban contour is drawn around it."""
        grounds: list[BaseGeometry] = [quarter.ground for quarter in self.quarters if quarter.kind != "village"]
        grounds += [*self.special["bedrijf"], *self.special["park"], self.canal]
        return shapely.union_all(grounds, grid_size=0.01).difference(self.floodplain)


def _town_streets() -> list[tuple[str, str, LineString]]:
    """Rings, spokes and the ways to station and business park, before bending."""
    found = [("living_street", "Markt", arc(25, 0, 360)), ("residential", "Singel", arc(CANAL_M + 4, 0, 360))]
    found += [
        ("tertiary", "Binnenring", arc(INNER_RING_M, 0, 360)),
        ("tertiary", "Buitenring", arc(OUTER_RING_M, 0, 360)),
    ]
    found += [("tertiary", f"Singelstraat {order + 1}", spoke(60 + 60 * order, 25, INNER_RING_M)) for order in range(6)]
    found += [
        ("tertiary", f"Parklaan {order + 1}", spoke(45 * order, INNER_RING_M, OUTER_RING_M)) for order in range(8)
    ]
    found += [("residential", f"Marktstraat {order + 1}", spoke(90 * order, 25, CANAL_M + 4)) for order in range(4)]
    found.append(
        ("tertiary", "Stationsweg", LineString([spoke(90, 0, OUTER_RING_M).coords[1], (4_420, 4_070), (4_330, 4_075)]))
    )
    service = {"Kassenweg": [(1_500, 4_600), (1_500, 5_180)], "Sportlaan": [(2_870, 2_880), (2_870, 3_250)]}
    service |= {"Campingweg": [(9_200, 3_010), (9_200, 2_400)], "Energieweg": [(6_340, 4_430), (7_100, 4_430)]}
    found += [("service", name, LineString(points)) for name, points in service.items()]
    found.append(("track", "Tuinpad", LineString([(2_900, 2_915), (2_900, 2_640)])))
    found.append(("footway", "Parkpad", spoke(336, INNER_RING_M, OUTER_RING_M)))
    found.append(("cycleway", "Parkfietspad", arc(990, 315, 360)))
    found.append(("tertiary", "Nieuwlandseweg", arc(1_640, 204, 249)))
    found += [("tertiary", "Nieuwlandseweg", spoke(angle, OUTER_RING_M, 1_640)) for angle in (204, 249)]
    return found
