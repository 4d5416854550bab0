"""The ground of a layout: a piece in local coordinates, and where its lanes begin.

Lanes begin at the piece's point nearest to the entrance and lead to the *gate*, the nearest point inside with room for
a lane all round: from there on a lane may lie in any direction. The way between is the *mouth*.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from flexsites.geometry.ways import Lane

__all__ = ["Ground", "grounds_of", "local_edges"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

_ROUNDING_M = 0.05
"""The gate keeps this much more than its distance: the arcs of a buffer are drawn with corners."""


class Ground(NamedTuple):
    """A piece in local coordinates, and where one comes in."""

    edges: Floats
    area_m2: float
    entrances: dict[tuple[float, float], Floats]
    """Per width of lanes and verge its point nearest to the entrance, of what is as wide where that is a jag."""
    gates: dict[tuple[float, float], Floats]
    """Per width of lanes and verge the nearest point with room for both all round; none where that is not in sight."""
    farther: dict[tuple[float, float], Floats]
    """The same, with room for a square of both in whatever direction: where from the nearest gate no lane leads on."""
    shape: shapely.Geometry
    approach: Lane | None = None
    """A lane from the entrance of the piece to its largest room; None: none is asked."""
    outside: Lane | None = None
    """The part of it before the land that homes may stand on; None: the entrance lies at that land."""

    def beside_approach(self, lane: tuple[float, float]) -> "Ground | None":
        """Return what the lane to the largest room leaves of the ground, entered at its end; None: none is asked.

        Of several parts, however large, that is meant to which the lane leads.
        """
        if self.approach is None:
            return None
        parts = shapely.get_parts(shapely.difference(self.shape, self.approach.ground_before()))
        if not len(parts):
            return None
        end = np.array([self.approach.middle.coords[-1]])
        rest = parts[np.argmin(shapely.distance(parts, shapely.Point(end[0])))]
        (found,), (origin,) = grounds_of(np.array([rest], dtype=object), end, [lane])
        return found._replace(
            edges=found.edges + np.tile(origin, 2),
            area_m2=self.area_m2,
            entrances={one: point + origin for one, point in found.entrances.items()},
            gates={one: gate + origin for one, gate in found.gates.items()},
            farther={one: gate + origin for one, gate in found.farther.items()},
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


def _gates(moved: Geometries, entrances: Floats, clearance: float) -> Floats:
    """Return per piece the nearest point that keeps a distance to the edge and is in sight; NaN where there is none.

    What keeps the distance may lie in several parts: one out of sight, however near, does not close the others.

    Examples
    --------
    >>> two_rooms = shapely.difference(shapely.box(0, 0, 40, 20), shapely.box(9, 0, 10, 18))
    >>> behind = shapely.difference(two_rooms, shapely.box(12, 0, 13, 2))  # the nearest room is behind the wall
    >>> gate = _gates(np.array([behind]), np.array([[10.2, 0.0]]), 3.0)[0]
    >>> bool(gate[0] > 10.2)
    True
    """
    parts, owner = shapely.get_parts(shapely.buffer(moved, -clearance, quad_segs=8), return_index=True)
    there = ~shapely.is_empty(parts)
    parts, owner = parts[there], owner[there]
    lines = shapely.shortest_line(parts, shapely.points(entrances[owner]))
    ends = shapely.get_coordinates(shapely.get_point(lines, 0))
    # a millimetre further in, for a point on the edge is on either side of it by its last bit
    inside = entrances[owner] + (ends - entrances[owner]) * 1e-3
    in_sight = shapely.covers(moved[owner], shapely.linestrings(np.stack([inside, ends], axis=1)))
    gates = np.full(entrances.shape, np.nan)
    # the nearest is written last; of two as near the first part
    farthest_first = np.lexsort((-np.arange(len(parts)), -shapely.length(lines)))
    for i in farthest_first[in_sight[farthest_first]]:
        gates[owner[i]] = ends[i]
    return gates


def _outside(way: Lane, piece: shapely.Geometry) -> Lane | None:
    """Return the part of a lane before it comes to a piece; None: it begins there, within its own width.

    Examples
    --------
    >>> way = Lane(shapely.LineString([(0, 0), (0, 20), (20, 20)]), 3.0)
    >>> _outside(way, shapely.box(5, 10, 30, 30)).middle.coords[:]
    [(0.0, 0.0), (0.0, 20.0), (5.0, 20.0)]
    >>> _outside(way, shapely.box(-5, 1, 30, 30)) is None
    True
    """
    begin = shapely.Point(way.middle.coords[0])
    if shapely.distance(piece, begin) <= way.width_m:
        return None
    met = shapely.get_coordinates(shapely.intersection(way.middle, piece))
    if not len(met):
        return None
    before = substring(way.middle, 0.0, float(shapely.line_locate_point(way.middle, shapely.points(met)).min()))
    return Lane(cast("shapely.LineString", before), way.width_m)


def _square_m(lane_m: float, verge_m: float) -> float:
    """Return how far the corners of a square as wide as a lane and its two verges lie from its middle."""
    return (lane_m / 2 + verge_m) * math.sqrt(2.0) + _ROUNDING_M


def _beside(moved: Geometries, entrances: Floats, clearance: float) -> Floats:
    """Return where lanes begin of pieces whose nearest point to the entrance is a jag that no lane leads from.

    The nearest point of what is as wide as a lane: the jag is a fringe of the piece, not the way in.
    """
    wide = shapely.intersection(moved, shapely.buffer(shapely.buffer(moved, -clearance), clearance - _ROUNDING_M))
    lines = shapely.shortest_line(wide, shapely.points(entrances))
    points = entrances.copy()
    there = ~shapely.is_missing(lines) & ~shapely.is_empty(wide)
    points[there] = shapely.get_coordinates(shapely.get_point(lines[there], 0))
    return points


def grounds_of(
    pieces: Geometries,
    entrances: Floats,
    lanes: Sequence[tuple[float, float]],
    approaches: Geometries | None = None,
) -> tuple[list[Ground], Floats]:
    """Return the pieces as grounds, with a gate per pair of a lane's width and its verge; and their origins.

    The lane to its largest room is given too where one is asked, in the coordinates of the piece. Where it comes from
    outside the piece one enters where it does.
    """
    edges, first_edge, origin = local_edges(pieces)
    moved = _moved(pieces, origin)
    points = _entrances(moved, entrances - origin, edges, first_edge)
    ways = [
        None if approaches is None or approaches[i] is None else approaches[i].moved(-origin[i])
        for i in range(len(pieces))
    ]
    outside = [None if way is None else _outside(way, piece) for way, piece in zip(ways, moved, strict=True)]
    for i, way in enumerate(outside):
        if way is not None:
            points[i] = way.middle.coords[-1]
    clearances = {lane: lane[1] + lane[0] * math.sqrt(0.5) + _ROUNDING_M for lane in lanes}
    gates = {lane: _gates(moved, points, clearance) for lane, clearance in clearances.items()}
    farther = {lane: _gates(moved, points, _square_m(*lane)) for lane in lanes}
    begins = {lane: points.copy() for lane in lanes}
    # Each width by itself: what a piece holds under one layout must not hang on which others are asked.
    for lane, clearance in clearances.items():
        if (shut := np.isnan(gates[lane]).any(axis=1)).any():
            begins[lane][shut] = _beside(moved[shut], points[shut], clearance)
            gates[lane][shut] = _gates(moved[shut], begins[lane][shut], clearance)
            farther[lane][shut] = _gates(moved[shut], begins[lane][shut], _square_m(*lane))
    areas = shapely.area(moved)
    grounds = [
        Ground(
            edges[first_edge[i] : first_edge[i + 1]],
            float(areas[i]),
            {lane: one[i] for lane, one in begins.items()},
            {lane: one[i] for lane, one in gates.items() if not np.isnan(one[i]).any()},
            {lane: one[i] for lane, one in farther.items() if not np.isnan(one[i]).any()},
            moved[i],
            ways[i],
            outside[i],
        )
        for i in range(len(pieces))
    ]
    return grounds, origin
