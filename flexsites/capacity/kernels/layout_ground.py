"""The ground of a layout: a piece in local coordinates, and where its lanes begin.

Lanes begin at the entrance and lead to the *gate*, the nearest point inside with room for a lane all round: from there
on a lane may lie in any direction. The way between is the *mouth*: straight where the land lets the least lane through,
else along the lane that was found from the entrance to a room of the piece, as narrow as that.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.robust import split, unite_all
from flexsites.geometry.ways import Lane

__all__ = ["Ground", "Mouth", "grounds_of", "local_edges"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

_ROUNDING_M = 0.05
"""The gate keeps this much more than its distance: the arcs of a buffer are drawn with corners."""

_SLACK_M = 0.01
"""What registers differ on each side of a lane."""

_AT_M = 0.02
"""An entrance so near to the land lies at it: it is written in millimetres."""

_BEGINS = 1.5
"""A lane begins within its own width of the entrance, which may lie in a corner: its middle so many widths from it."""

_STRAIGHT = 3
"""Points of a lane that hardly bends: the entrance, where there is room for the lane, and where it ends."""


class Mouth(NamedTuple):
    """The way from the entrance to the gate."""

    points: Floats
    """From where it comes to the land, or before, to the gate, in m, shape (k, 2), k >= 2."""
    narrow: Lane | None
    """All of it, from the entrance on, as narrow as the land lets through; None: straight, and as wide as other lanes
    where the land is."""
    before: Lane | None = None
    """Of a straight one from an entrance off the land the lane to where that begins; None: at the entrance."""

    def segments(self) -> Floats:
        """Return it as (x0, y0, x1, y1), shape (k - 1, 4)."""
        return np.hstack([self.points[:-1], self.points[1:]])

    def moved(self, by: Floats) -> "Mouth":
        """Return it moved, by (x, y) in m."""
        return Mouth(self.points + by, *(None if lane is None else lane.moved(by) for lane in self[1:]))


class Ground(NamedTuple):
    """A piece in local coordinates, and where one comes in."""

    edges: Floats
    area_m2: float
    mouths: dict[tuple[float, float], Mouth]
    """Per width of lanes and verge the way to the nearest point with room for both all round; none where none leads."""
    farther: Callable[[tuple[float, float]], Mouth | None]
    """Gives the same, with room for a square of both in whatever direction: where from the nearest gate no lane leads
    on. Few pieces ask it: it is worked out when it is asked."""
    beside: dict[tuple[float, float], Mouth]
    """Where the entrance lies off the land, the same straight from where one comes to it: the lane that is followed
    from there may pass the nearest land by."""
    shape: shapely.Geometry
    approach: Lane | None
    """The lane from the entrance to a room of the piece; None: not told."""
    is_bent: bool
    """Whether that lane bends once it has room, or begins off the land."""

    def beside_approach(self, lanes: Sequence[tuple[float, float]]) -> "Ground | None":
        """Return what the lane to the largest room leaves of the ground, entered at its end; None: none is asked.

        Of several parts, however large, that is meant to which the lane leads.
        """
        if self.approach is None or self.approach.middle.length == 0.0:  # the entrance lies in the room
            return None
        left = split(np.array([self.shape]), np.array([self.approach.ground_before()]))[1]
        parts = shapely.get_parts(left)
        if not len(parts):
            return None
        end = np.array([self.approach.middle.coords[-1]])
        rest = parts[np.argmin(shapely.distance(parts, shapely.Point(end[0])))]
        (found,), (origin,) = grounds_of(np.array([rest], dtype=object), end, lanes)
        return found._replace(
            edges=found.edges + np.tile(origin, 2),
            area_m2=self.area_m2,
            mouths={one: mouth.moved(origin) for one, mouth in found.mouths.items()},
            farther=lambda one: None if (mouth := found.farther(one)) is None else mouth.moved(origin),
            beside={},
            approach=self.approach,
        )


def local_edges(pieces: Geometries) -> tuple[Floats, Ints, Floats]:
    """Return the boundaries of pieces as edges in local coordinates.

    Parameters
    ----------
    pieces
        Polygons or multipolygons in m, shape (n,). An empty one has no edges.

    Returns
    -------
        Edges as (x0, y0, x1, y1), shape (n_edges, 4); the first edge of each piece, shape (n + 1,); and the local
        origin of each piece in whole metres, shape (n, 2).

    Examples
    --------
    >>> edges, first, origin = local_edges(np.array([shapely.box(100.5, 200, 102.5, 201)]))
    >>> first.tolist(), origin.tolist(), edges[:, :2].min(axis=0).tolist()
    ([0, 4], [[100.0, 200.0]], [0.5, 0.0])
    """
    ordered = shapely.normalize(shapely.force_2d(pieces))
    bounds = shapely.bounds(ordered)[:, :2]
    origin = np.floor(np.where(np.isnan(bounds), 0.0, bounds))
    polygons, owner = shapely.get_parts(ordered, return_index=True)
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = np.flatnonzero(np.diff(of_ring) == 0)
    of_piece = owner[of_polygon[of_ring[:-1][is_edge]]]
    edges = np.hstack([points[:-1][is_edge], points[1:][is_edge]]) - np.tile(origin[of_piece], 2)
    first_edge = np.searchsorted(of_piece, np.arange(len(pieces) + 1))
    return np.ascontiguousarray(edges), first_edge.astype(np.int64), origin


def _moved(pieces: Geometries, origin: Floats) -> Geometries:
    """Return pieces in their local coordinates, in one order of rings and points."""
    ordered = shapely.normalize(shapely.force_2d(pieces))
    shift = np.repeat(origin, shapely.get_num_coordinates(ordered), axis=0)
    moved: Geometries = shapely.set_coordinates(ordered, shapely.get_coordinates(ordered) - shift)
    return moved


def _entrances(moved: Geometries, entrances: Floats, edges: Floats, first_edge: Ints) -> Floats:
    """Return the point of each piece nearest to its entrance; the middle of its longest edge where there is none."""
    points = entrances.copy()
    for i in np.flatnonzero(np.isnan(entrances).any(axis=1)):
        own = edges[first_edge[i] : first_edge[i + 1]]
        if len(own):
            longest = own[np.argmax(np.hypot(own[:, 2] - own[:, 0], own[:, 3] - own[:, 1]))]
            points[i] = (longest[:2] + longest[2:]) / 2
    lines = shapely.shortest_line(moved, shapely.points(points))
    return np.asarray(shapely.get_coordinates(shapely.get_point(lines, 0)))


def _straight(moved: Geometries, lands: "_Lands", clearance: float, widths: Floats) -> Floats:
    """Return per piece the nearest point that keeps a distance to the edge, with a straight lane to it; NaN: none.

    What keeps the distance may lie in several parts: one out of sight, however near, does not close the others. The
    lane may be narrower where it may begin in a corner.

    Examples
    --------
    >>> two_rooms = shapely.difference(shapely.box(0, 0, 40, 20), shapely.box(9, 0, 10, 18))
    >>> behind = shapely.difference(two_rooms, shapely.box(12, 0, 13, 2))  # the nearest room is behind the wall
    >>> piece, begin = np.array([behind]), np.array([[10.2, 0.0]])
    >>> bool(_straight(piece, _Lands(piece, begin, np.array([False])), 3.0, np.array([3.0]))[0, 0] > 10.2)
    True

    From the end of a neck of 4 m a lane of 3 m leads on, and none of 5 m:

    >>> neck, begin = np.array([shapely.box(0, 0, 40, 20) | shapely.box(-30, 8, 0, 12)]), np.array([[-30.0, 10.0]])
    >>> lands = _Lands(neck, begin, np.array([False]))
    >>> [round(float(_straight(neck, lands, 3.0, np.array([one]))[0, 0]), 1) for one in (3.0, 5.0)]
    [2.2, nan]
    """
    parts, owner = shapely.get_parts(shapely.buffer(moved, -clearance, quad_segs=8), return_index=True)
    there = ~shapely.is_empty(parts)
    parts, owner = parts[there], owner[there]
    begin = lands.begins[owner]
    lines = shapely.shortest_line(parts, shapely.points(begin))
    ends = shapely.get_coordinates(shapely.get_point(lines, 0))
    in_sight = shapely.covers(lands.seen[owner], lines)
    begun_m = np.where(lands.is_led, 0.0, _BEGINS * widths)[owner]
    share = np.minimum(begun_m / np.maximum(shapely.length(lines), _SLACK_M), 1.0)
    begun = shapely.linestrings(np.stack([begin + (ends - begin) * share[:, None], ends], axis=1))
    in_sight &= shapely.covers(lands.middles(widths)[owner], begun)
    gates = np.full(lands.begins.shape, np.nan)
    # the nearest is written last; of two as near the first part
    farthest_first = np.lexsort((-np.arange(len(parts)), -shapely.length(lines)))
    for i in farthest_first[in_sight[farthest_first]]:
        gates[owner[i]] = ends[i]
    return gates


class _Lands:
    """What straight ways lie on: pieces, each with the lane that leads to it; and where they begin."""

    def __init__(self, joined: Geometries, begins: Floats, is_led: NDArray[np.bool_]) -> None:
        self.joined, self.begins, self.is_led = joined, begins, is_led
        # Seen within what registers differ: a barb of a millimetre is no corner.
        self.seen = shapely.buffer(joined, _SLACK_M, quad_segs=8)
        self._middles: dict[bytes, Geometries] = {}

    def at(self, one: slice) -> "_Lands":
        """Return some of them."""
        return _Lands(self.joined[one], self.begins[one], self.is_led[one])

    def middles(self, widths: Floats) -> Geometries:
        """Return where the middle of a lane of each width may lie."""
        if widths.tobytes() not in self._middles:
            self._middles[widths.tobytes()] = shapely.buffer(self.joined, _SLACK_M - widths / 2, quad_segs=8)
        return self._middles[widths.tobytes()]


def _along(way: Lane, piece: shapely.Geometry, clearance: float) -> Mouth | None:
    """Return the mouth along a lane, to the first point of it that keeps a distance to the edge; None: none does.

    Examples
    --------
    >>> way = Lane(shapely.LineString([(0, 0), (0, 20), (20, 20)]), 3.0)
    >>> mouth = _along(way, shapely.box(5, 10, 30, 30), 4.0)
    >>> mouth.points.tolist(), mouth.narrow.middle.coords[:]
    ([[5.0, 20.0], [9.0, 20.0]], [(0.0, 0.0), (0.0, 20.0), (9.0, 20.0)])
    >>> _along(way, shapely.box(0, 0, 30, 5), 4.0) is None
    True
    """
    met = [
        shapely.get_coordinates(shapely.intersection(way.middle, one))
        for one in (fill_thin_holes(piece), shapely.buffer(piece, -clearance, quad_segs=8))
    ]
    if not len(met[1]):
        return None
    begin, end = (float(shapely.line_locate_point(way.middle, shapely.points(one)).min()) for one in met)
    # What a lane is cut off to has a length.
    end = max(end, begin + _AT_M)
    lanes = [cast("shapely.LineString", substring(way.middle, at, end)) for at in (begin, 0.0)]
    return Mouth(shapely.get_coordinates(lanes[0]), Lane(lanes[1], way.width_m))


def _mouths(
    moved: Geometries,
    lands: _Lands,
    ways: Sequence[Lane | None],
    before: Sequence[Lane | None],
    clearance: float,
    lane_m: float,
) -> tuple[list[Mouth | None], list[Mouth | None]]:
    """Return the way in to each piece, and of pieces with an entrance off the land the straight way besides."""
    widths = np.array([lane_m if way is None else way.width_m for way in ways])
    gates = _straight(moved, lands, clearance, widths)
    straight = [
        None if np.isnan(gate).any() else Mouth(np.array([*_last(lane), point, gate]), None, lane)
        for point, gate, lane in zip(lands.begins, gates, before, strict=True)
    ]
    followed: list[Mouth | None] = []
    for one, way, lane, piece in zip(straight, ways, before, moved, strict=True):
        is_followed = way is not None and (one is None or lane is not None)
        followed.append(_along(way, piece, clearance) if way is not None and is_followed else one)
    return followed, [None if lane is None else one for one, lane in zip(straight, before, strict=True)]


def _square_m(lane_m: float, verge_m: float) -> float:
    """Return how far the corners of a square as wide as a lane and its two verges lie from its middle."""
    return (lane_m / 2 + verge_m) * math.sqrt(2.0) + _ROUNDING_M


def grounds_of(
    pieces: Geometries,
    entrances: Floats,
    lanes: Sequence[tuple[float, float]],
    approaches: Geometries | None = None,
) -> tuple[list[Ground], Floats]:
    """Return the pieces as grounds, with a mouth per pair of a lane's width and its verge; and their origins.

    Lanes from the entrances to a room of each piece tell how wide the least lane is, and the way where none that is
    straight leads in, or the entrance lies off the piece; they are in the coordinates of the pieces. Without one the
    way in is straight, and as wide as other lanes.
    """
    edges, first_edge, origin = local_edges(pieces)
    moved = _moved(pieces, origin)
    points = _entrances(moved, entrances - origin, edges, first_edge)
    ways: list[Lane | None] = [
        None if approaches is None or approaches[i] is None else approaches[i].moved(-origin[i])
        for i in range(len(pieces))
    ]
    before = [None if way is None else _before(way, piece) for way, piece in zip(ways, moved, strict=True)]
    joined = moved.copy()
    for i, lane in enumerate(before):
        if lane is not None:
            points[i] = lane.middle.coords[-1]
            joined[i] = unite_all(np.array([moved[i], lane.ground()]))
    lands = _Lands(joined, points, np.array([lane is not None for lane in before], dtype=bool))

    # Each width by itself: what a piece holds under one layout must not hang on which others are asked.
    near = {
        lane: _mouths(moved, lands, ways, before, lane[1] + lane[0] * math.sqrt(0.5) + _ROUNDING_M, lane[0])
        for lane in lanes
    }

    def farther(i: int, lane: tuple[float, float]) -> Mouth | None:
        one = slice(i, i + 1)
        return _mouths(moved[one], lands.at(one), ways[one], before[one], _square_m(*lane), lane[0])[0][0]

    areas = shapely.area(moved)
    grounds = [
        Ground(
            edges[first_edge[i] : first_edge[i + 1]],
            float(areas[i]),
            {lane: mouth for lane, (one, _) in near.items() if (mouth := one[i]) is not None},
            partial(farther, i),
            {lane: mouth for lane, (_, one) in near.items() if (mouth := one[i]) is not None},
            moved[i],
            way,
            way is not None and (before[i] is not None or len(way.middle.coords) > _STRAIGHT),
        )
        for i, way in enumerate(ways)
    ]
    return grounds, origin


def _last(lane: Lane | None) -> list[tuple[float, ...]]:
    """Return the point before the last of a lane: from there on nothing else stands on what it covers of the land."""
    return [] if lane is None else [lane.middle.coords[-2]]


def _before(way: Lane, piece: shapely.Geometry) -> Lane | None:
    """Return a lane from where it begins off a piece to where a straight one may go on; None: it begins at it.

    That is where it comes to the piece, or its first bend, where it has room, if it may begin so far from there.

    Examples
    --------
    >>> way = Lane(shapely.LineString([(0, 0), (0, 20), (20, 20)]), 3.0)
    >>> _before(way, shapely.box(5, 10, 30, 30)).middle.coords[:]
    [(0.0, 0.0), (0.0, 20.0), (5.0, 20.0)]
    >>> _before(way, shapely.box(-5, 1, 30, 30)).middle.coords[:]
    [(0.0, 0.0), (0.0, 4.5)]
    >>> _before(way, shapely.box(-5, 0, 30, 30)) is None
    True
    """
    met = shapely.get_coordinates(shapely.intersection(way.middle, fill_thin_holes(piece)))
    if not len(met) or shapely.distance(piece, shapely.Point(way.middle.coords[0])) <= _AT_M:
        return None
    met_m = float(shapely.line_locate_point(way.middle, shapely.points(met)).min())
    begun_m = min(math.dist(*way.middle.coords[:2]), _BEGINS * way.width_m)
    return Lane(cast("shapely.LineString", substring(way.middle, 0.0, max(met_m, begun_m))), way.width_m)
