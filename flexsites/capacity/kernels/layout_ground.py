"""The ground of a layout: a piece in local coordinates, and where its lanes begin.

Lanes begin at the entrance and lead to the *gate*, the nearest point inside with room for a lane all round: from there
on a lane may lie in any direction. The way between is the *mouth*: straight where the land lets the least lane through,
else along the lane that was found from the entrance to a room of the piece, as narrow as that.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from flexsites.capacity.kernels.layout_strips import TOUCH_M
from flexsites.geometry.corners import without_idle_corners
from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.robust import NOISE_M2, split, unite_all
from flexsites.geometry.ways import Lane, ground_before

__all__ = ["Grounds", "LaneWidth", "Mouth", "Mouths", "local_edges"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]
LaneWidth = tuple[float, float]
"""Width of a lane, and its verge."""

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


Mouths = list[Mouth | None]


class Grounds:
    """Pieces in local coordinates, and where one comes in.

    Lanes from the entrances to a room of each piece tell how wide the least lane is, and the way where none that is
    straight leads in, or the entrance lies off the piece; they are in the coordinates of the pieces. Without one the
    way in is straight, and as wide as other lanes.

    What is told of a width does not hang on which others are asked.

    Attributes
    ----------
    edges
        Of each piece.
    area_m2
        Shape (n,).
    origin
        Of the coordinates of each piece, shape (n, 2).
    ways
        The lane from the entrance to a room of each piece; None: not told.
    is_bent
        Whether that lane bends once it has room, or begins off the land, shape (n,).
    """

    def __init__(self, pieces: Geometries, entrances: Floats, approaches: Geometries | None = None) -> None:
        plain = shapely.normalize(without_idle_corners(shapely.force_2d(pieces)))
        edges, first_edge, self.origin = _edges_of(plain)
        self.edges = [edges[begin:end] for begin, end in pairwise(first_edge)]
        self._by: Floats | None = None
        self._moved = _moved(plain, self.origin)
        self.area_m2 = np.asarray(shapely.area(self._moved))
        points = _entrances(self._moved, entrances - self.origin, edges, first_edge)
        told: Iterable[Lane | None] = [None] * len(pieces) if approaches is None else approaches
        self.ways: list[Lane | None] = [
            None if way is None else way.moved(-by) for way, by in zip(told, self.origin, strict=True)
        ]
        self._before = _before(self.ways, self._moved)
        joined = self._moved.copy()
        for i, lane in enumerate(self._before):
            if lane is not None:
                points[i] = lane.middle.coords[-1]
                joined[i] = unite_all(np.array([joined[i], lane.ground()]))
        is_led = np.array([lane is not None for lane in self._before], dtype=bool)
        self._lands = _Lands(joined, points, is_led)
        bends = [way is not None and len(way.middle.coords) > _STRAIGHT for way in self.ways]
        self.is_bent = np.array([bends, is_led], dtype=bool).any(axis=0)

    def near(self, lane: LaneWidth, rows: Ints) -> tuple[Mouths, Mouths]:
        """Return the ways to the nearest points with room for a lane and its verge all round; None where none leads.

        Beside them, of pieces with an entrance off the land, the same straight from where one comes to it: the lane
        that is followed from there may pass the nearest land by.
        """
        return self._mouths(lane, lane[1] + lane[0] * math.sqrt(0.5) + _ROUNDING_M, rows)

    def farther(self, lane: LaneWidth, rows: Ints) -> tuple[Mouths, Mouths]:
        """Return the same with room for a square of both in whatever direction: from there a lane may lead on."""
        return self._mouths(lane, (lane[0] / 2 + lane[1]) * math.sqrt(2.0) + _ROUNDING_M, rows)

    def _mouths(self, lane: LaneWidth, clearance: float, rows: Ints) -> tuple[Mouths, Mouths]:
        """Return the ways in to some pieces, and of those with an entrance off the land the straight ones besides."""
        roomy = np.asarray(shapely.buffer(self._moved[rows], -clearance, quad_segs=8))
        ways, before = [self.ways[i] for i in rows], [self._before[i] for i in rows]
        gates = _straight(roomy, self._lands, rows, np.array([lane[0] if way is None else way.width_m for way in ways]))
        straight = [
            Mouth(np.array([*_last(one), self._lands.begins[i], gate]), None, one) if is_gate else None
            for i, gate, one, is_gate in zip(rows, gates, before, ~np.isnan(gates[:, 0]), strict=True)
        ]
        followed = [
            _along(way, self._moved[i], room) if way is not None and (one is None or led is not None) else one
            for i, one, way, led, room in zip(rows, straight, ways, before, roomy, strict=True)
        ]
        if self._by is not None:
            straight, followed = (
                [one and one.moved(by) for one, by in zip(ways, self._by[rows], strict=True)]
                for ways in (straight, followed)
            )
        return followed, [None if led is None else one for one, led in zip(straight, before, strict=True)]

    def beside_approach(self, rows: Ints) -> tuple[Ints, "Grounds"]:
        """Return what the lanes to the largest rooms leave of some grounds, entered at their ends: of which, and those.

        Of several parts, however large, that is meant to which the lane leads.
        """
        # without a length the entrance lies in the room
        led = {i: way for i in rows.tolist() if (way := self.ways[i]) is not None and way.middle.length > 0.0}
        of = np.array(list(led), dtype=np.int64)
        left = split(self._moved[of], ground_before(list(led.values())))[1]
        parts, owner = shapely.get_parts(left, return_index=True)
        is_land = shapely.area(parts) > NOISE_M2
        parts, owner = parts[is_land], owner[is_land]
        ends = np.array([way.middle.coords[-1] for way in led.values()]).reshape(-1, 2)
        away_m = shapely.distance(parts, shapely.points(ends[owner]))
        nearest_first = np.lexsort((away_m, owner))
        own, first = np.unique(owner[nearest_first], return_index=True)
        rest = Grounds(parts[nearest_first[first]], ends[own])
        rest.edges = [one + np.tile(by, 2) for one, by in zip(rest.edges, rest.origin, strict=True)]
        rest.area_m2, rest._by = self.area_m2[of[own]], rest.origin
        return of[own], rest


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
    return _edges_of(shapely.normalize(shapely.force_2d(pieces)))


def _edges_of(ordered: Geometries) -> tuple[Floats, Ints, Floats]:
    """Return what `local_edges` does, of pieces in one order of rings and points."""
    bounds = shapely.bounds(ordered)[:, :2]
    origin = np.floor(np.where(np.isnan(bounds), 0.0, bounds))
    polygons, owner = shapely.get_parts(ordered, return_index=True)
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = np.flatnonzero(np.diff(of_ring) == 0)
    of_piece = owner[of_polygon[of_ring[:-1][is_edge]]]
    edges = np.hstack([points[:-1][is_edge], points[1:][is_edge]]) - np.tile(origin[of_piece], 2)
    first_edge = np.searchsorted(of_piece, np.arange(len(ordered) + 1))
    return np.ascontiguousarray(edges), first_edge.astype(np.int64), origin


def _moved(pieces: Geometries, origin: Floats) -> Geometries:
    """Return pieces in their local coordinates."""
    shift = np.repeat(origin, shapely.get_num_coordinates(pieces), axis=0)
    moved: Geometries = shapely.set_coordinates(pieces.copy(), shapely.get_coordinates(pieces) - shift)
    return moved


def _entrances(moved: Geometries, entrances: Floats, edges: Floats, first_edge: Ints) -> Floats:
    """Return the point of each piece nearest to its entrance; the middle of its longest edge where there is none.

    Of edges as long the leftmost counts, the lowest of these.
    """
    points = entrances.copy()
    for i in np.flatnonzero(np.isnan(entrances).any(axis=1)):
        own = edges[first_edge[i] : first_edge[i + 1]]
        if len(own):
            length = np.hypot(own[:, 2] - own[:, 0], own[:, 3] - own[:, 1])
            middles = ((own[:, :2] + own[:, 2:]) / 2)[length >= length.max() - TOUCH_M]
            leftmost = middles[middles[:, 0] <= middles[:, 0].min() + TOUCH_M]
            points[i] = leftmost[np.argmin(leftmost[:, 1])]
    return _nearest(moved, points)


def _nearest(shapes: Geometries, points: Floats) -> Floats:
    """Return the point of each shape nearest to a point; of several as near the leftmost, the lowest of these.

    Round a corner that points inwards, land at a distance from it has an arc all of which is as near.

    Examples
    --------
    >>> squares = np.array([shapely.box(0, 0, 2, 2), shapely.box(-9, -9, -1, -2) | shapely.box(1, -9, 9, -2)])
    >>> _nearest(squares, np.array([[1.0, 1.0], [0.0, 0.0]])).tolist()
    [[1.0, 1.0], [-1.0, -2.0]]
    """
    found = points.copy()
    outside = np.flatnonzero(shapely.distance(shapes, shapely.points(points)) > 0.0)
    parts, of_shape = shapely.get_parts(shapes[outside], return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = np.flatnonzero(np.diff(of_ring) == 0)
    own = of_shape[of_part[of_ring[is_edge]]]
    begin, along = corners[is_edge], corners[is_edge + 1] - corners[is_edge]
    away = points[outside][own] - begin
    squared = (along * along).sum(axis=1)
    share = np.clip((away * along).sum(axis=1) / np.where(squared > 0.0, squared, 1.0), 0.0, 1.0)
    there = begin + share[:, None] * along
    keys = np.column_stack([np.hypot(*(points[outside][own] - there).T), there])
    for k in range(keys.shape[1]):
        least = np.full(len(outside), np.inf)
        np.minimum.at(least, own, keys[:, k])
        is_least = keys[:, k] <= least[own] + TOUCH_M
        own, keys = own[is_least], keys[is_least]
    found[outside[own]] = keys[:, 1:]
    return found


def _straight(roomy: Geometries, lands: "_Lands", rows: Ints, widths: Floats) -> Floats:
    """Return of some pieces the nearest point of what has room, with a straight lane to it; NaN: none.

    What has room may lie in several parts: one out of sight, however near, does not close the others. The lane may be
    narrower where it may begin in a corner.

    Examples
    --------
    >>> def nearest(piece, begin, width_m):
    ...     lands = _Lands(np.array([piece]), np.array([begin]), np.array([False]))
    ...     return float(_straight(shapely.buffer([piece], -3.0), lands, np.array([0]), np.array([width_m]))[0, 0])
    >>> two_rooms = shapely.difference(shapely.box(0, 0, 40, 20), shapely.box(9, 0, 10, 18))
    >>> behind = shapely.difference(two_rooms, shapely.box(12, 0, 13, 2))  # the nearest room is behind the wall
    >>> nearest(behind, (10.2, 0.0), 3.0) > 10.2
    True

    From the end of a neck of 4 m a lane of 3 m leads on, and none of 5 m:

    >>> neck = shapely.box(0, 0, 40, 20) | shapely.box(-30, 8, 0, 12)
    >>> [round(nearest(neck, (-30.0, 10.0), width_m), 1) for width_m in (3.0, 5.0)]
    [2.2, nan]
    """
    parts, owner = shapely.get_parts(roomy, return_index=True)
    there = ~shapely.is_empty(parts)
    parts, owner = parts[there], owner[there]
    begin = lands.begins[rows[owner]]
    ends = _nearest(parts, begin)
    lines = shapely.linestrings(np.stack([ends, begin], axis=1))
    in_sight = shapely.covers(lands.seen(rows)[owner], lines)
    begun_m = np.where(lands.is_led[rows], 0.0, _BEGINS * widths)[owner]
    share = np.minimum(begun_m / np.maximum(shapely.length(lines), _SLACK_M), 1.0)
    begun = shapely.linestrings(np.stack([begin + (ends - begin) * share[:, None], ends], axis=1))
    in_sight &= shapely.covers(lands.middles(rows, widths)[owner], begun)
    gates = np.full((len(rows), 2), np.nan)
    # the nearest is written last; of two as near the first part
    farthest_first = np.lexsort((-np.arange(len(parts)), -shapely.length(lines)))
    for i in farthest_first[in_sight[farthest_first]]:
        gates[owner[i]] = ends[i]
    return gates


class _Lands:
    """What straight ways lie on: pieces, each with the lane that leads to it; and where they begin."""

    def __init__(self, joined: Geometries, begins: Floats, is_led: NDArray[np.bool_]) -> None:
        self.joined, self.begins, self.is_led = joined, begins, is_led
        self._wider: dict[float, Geometries] = {}

    def seen(self, rows: Ints) -> Geometries:
        """Return some of them within what registers differ: a barb of a millimetre is no corner."""
        return self.middles(rows, np.zeros(len(rows)))

    def middles(self, rows: Ints, widths: Floats) -> Geometries:
        """Return where the middle of a lane of each width may lie in some of them."""
        found = np.empty(len(rows), dtype=object)
        for width_m in np.unique(widths):
            own = widths == width_m
            known = self._wider.setdefault(float(width_m), np.full(len(self.joined), None, dtype=object))
            new = rows[own][shapely.is_missing(known[rows[own]])]
            known[new] = shapely.buffer(self.joined[new], _SLACK_M - width_m / 2, quad_segs=8)
            found[own] = known[rows[own]]
        return found


def _along(way: Lane, piece: shapely.Geometry, roomy: shapely.Geometry) -> Mouth | None:
    """Return the mouth along a lane, to the first point of it that lies where there is room; None: none does.

    Examples
    --------
    >>> way = Lane(shapely.LineString([(0, 0), (0, 20), (20, 20)]), 3.0)
    >>> mouth = _along(way, shapely.box(5, 10, 30, 30), shapely.box(9, 14, 26, 26))
    >>> mouth.points.tolist(), mouth.narrow.middle.coords[:]
    ([[5.0, 20.0], [9.0, 20.0]], [(0.0, 0.0), (0.0, 20.0), (9.0, 20.0)])
    >>> _along(way, shapely.box(0, 0, 30, 5), shapely.Polygon()) is None
    True
    """
    lands = np.array([fill_thin_holes(piece), roomy], dtype=object)
    met = [shapely.get_coordinates(one) for one in shapely.intersection(way.middle, lands)]
    if not len(met[1]):
        return None
    begin, end = (float(shapely.line_locate_point(way.middle, shapely.points(one)).min()) for one in met)
    # What a lane is cut off to has a length.
    end = max(end, begin + _AT_M)
    lanes = [cast("shapely.LineString", substring(way.middle, at, end)) for at in (begin, 0.0)]
    return Mouth(shapely.get_coordinates(lanes[0]), Lane(lanes[1], way.width_m))


def _last(lane: Lane | None) -> list[tuple[float, ...]]:
    """Return the point before the last of a lane: from there on nothing else stands on what it covers of the land."""
    return [] if lane is None else [lane.middle.coords[-2]]


def _before(ways: Sequence[Lane | None], pieces: Geometries) -> list[Lane | None]:
    """Return lanes from where they begin off a piece to where a straight one may go on; None: it begins at it.

    That is where it comes to the piece, or its first bend, where it has room, if it may begin so far from there.

    Examples
    --------
    >>> way = Lane(shapely.LineString([(0, 0), (0, 20), (20, 20)]), 3.0)
    >>> pieces = np.array([shapely.box(5, 10, 30, 30), shapely.box(-5, 1, 30, 30), shapely.box(-5, 0, 30, 30)])
    >>> *off, at = _before([way, way, way], pieces)
    >>> [one.middle.coords[:] for one in off], at
    ([[(0.0, 0.0), (0.0, 20.0), (5.0, 20.0)], [(0.0, 0.0), (0.0, 4.5)]], None)
    """
    before: list[Lane | None] = [None] * len(ways)
    told = [(i, way) for i, way in enumerate(ways) if way is not None]
    begins = shapely.get_point([way.middle for _, way in told], 0)
    away_m = shapely.distance(pieces[[i for i, _ in told]], begins)
    for (i, way), one_m in zip(told, away_m, strict=True):
        if one_m <= _AT_M:
            continue
        met = shapely.get_coordinates(shapely.intersection(way.middle, fill_thin_holes(pieces[i])))
        if len(met):
            met_m = float(shapely.line_locate_point(way.middle, shapely.points(met)).min())
            begun_m = min(math.dist(*way.middle.coords[:2]), _BEGINS * way.width_m)
            led = substring(way.middle, 0.0, max(met_m, begun_m))
            before[i] = Lane(cast("shapely.LineString", led), way.width_m)
    return before
