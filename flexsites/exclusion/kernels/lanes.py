"""The lane inside a piece, from its entrance to its core part: whether one fits, where it begins, how it runs.

Source: METHOD 0. A lane is a disc of its width that moves inside the piece.
"""

from __future__ import annotations

import math

import numpy as np
import shapely

from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.polygons import largest_first
from flexsites.geometry.robust import NOISE_M2, intersect_all, unite_all
from flexsites.geometry.shared_area import shared_areas
from flexsites.geometry.ways import way_inside

_QUAD_SEGS = 16
_FEW_SEGS = 4
"""For where a lane bends around a corner: enough, and few corners to bend at."""

_SLACK_M = 0.01
"""What registers differ on each side of a lane."""

_LEAST_M = 0.001

_STEP_M = 0.5
"""How far is looked at once from where lanes lie [A]: no ditch is narrower, so none is stepped over."""


def lanes_to_core(piece: shapely.Geometry, core: shapely.Geometry, *, lane_m: float) -> shapely.Geometry:
    """Return where the middle of a lane can run inside a piece, as far as it leads to the core part.

    Parameters
    ----------
    piece, core
        A piece and its core part.
    lane_m
        The least width of a lane; registers differ by a centimetre on each side.

    Examples
    --------
    >>> neck = shapely.union_all([shapely.box(0, 0, 40, 40), shapely.box(40, 0, 80, 2)])
    >>> round(lanes_to_core(neck, shapely.box(0, 0, 40, 40), lane_m=3.5).bounds[2], 1)
    38.3
    """
    parts = shapely.get_parts(shapely.buffer(piece, -_half(lane_m), quad_segs=_QUAD_SEGS))
    return shapely.MultiPolygon(list(parts[shapely.distance(parts, core) < _half(lane_m)]))


def begins_lane(
    piece: shapely.Geometry, lanes: shapely.Geometry, entrance: shapely.Geometry | None, *, lane_m: float
) -> bool:
    """Return whether a lane begins at an entrance: within its own width of it, with the piece between them.

    The nearest point to a street is a corner as often as not, and no lane fits into a corner. A bank beyond a ditch is
    no corner: what lies between it and the lane is not the piece's.

    Examples
    --------
    >>> field, lanes = shapely.box(0, 0, 40, 40), shapely.box(1.74, 1.74, 38.26, 38.26)
    >>> [begins_lane(field, lanes, shapely.Point(x, y), lane_m=3.5) for x, y in ((0, 40), (40, 1), (80, 1))]
    [True, True, False]
    >>> bank = shapely.union_all([field, shapely.box(40, 0, 42, 1), shapely.box(42, 0, 43, 40)])
    >>> begins_lane(bank, lanes, shapely.Point(43, 20), lane_m=3.5)
    False
    """
    if not _is_near(lanes, entrance, lane_m=lane_m):
        return False
    between = shapely.difference(shapely.shortest_line(lanes, entrance), fill_thin_holes(piece))
    return bool(shapely.length(between) <= _SLACK_M)


def _is_near(lanes: shapely.Geometry, entrance: shapely.Geometry | None, *, lane_m: float) -> bool:
    # What is sought where lanes begin is found on the border of that, and there a hair decides.
    return bool(shapely.distance(lanes, entrance) <= _half(lane_m) + lane_m + _LEAST_M)


def approach_to(
    piece: shapely.Geometry, room: shapely.Polygon, entrance: shapely.Point, *, lane_m: float
) -> shapely.LineString | None:
    """Return the middle of the shortest lane inside a piece from its entrance to a room of its core.

    Parameters
    ----------
    piece
        A piece.
    room
        A polygon within its core part, as far from the edge as homes beside a lane need.
    entrance
        The entrance's point on the piece.
    lane_m
        The least width of a lane.

    Returns
    -------
        The line, from the entrance on, on a grid of 1 mm. None: no lane leads there.

    Examples
    --------
    A field behind a neck of 6 m, entered at the side of a court before it, and at its own side:

    >>> court, neck, field = shapely.box(0, 0, 20, 20), shapely.box(8, 20, 14, 40), shapely.box(0, 40, 90, 90)
    >>> piece, room = shapely.union_all([court, neck, field]), shapely.box(8, 48, 82, 82)
    >>> approach_to(piece, room, shapely.Point(0, 5), lane_m=3.5).coords[:]
    [(0.0, 5.0), (1.74, 5.0), (9.608, 19.334), (9.74, 20.0), (9.74, 48.0)]
    >>> approach_to(piece, room, shapely.Point(90, 60), lane_m=3.5).coords[:]
    [(90.0, 60.0), (88.26, 60.0), (82.0, 60.0)]
    """
    lanes = shapely.get_parts(shapely.buffer(piece, -_half(lane_m), quad_segs=_FEW_SEGS))
    ways = lanes[shapely.intersects(lanes, room)]
    if not len(ways):
        return None
    way = ways[np.argmin(shapely.distance(ways, entrance))]
    if not _is_near(way, entrance, lane_m=lane_m):
        return None
    begin = shapely.get_coordinates(shapely.shortest_line(way, entrance))[0]
    inside = way_inside(way, begin, room)
    if inside is None:
        return None
    whole = np.round([shapely.get_coordinates(entrance)[0], *inside.coords], 3)
    line: shapely.LineString = shapely.remove_repeated_points(shapely.LineString(whole))
    return line


def crossing_to(
    core: shapely.Geometry, lender: shapely.Geometry, entrance: shapely.Geometry, *, lane_m: float
) -> shapely.Point | None:
    """Return where a lane crosses from the core part of a lender into that of a borrower, nearest to the entrance.

    What is nearest to the entrance as the crow flies may lie behind water or the land of a third.

    Parameters
    ----------
    core, lender
        Core parts that share an edge: the borrower's and the lender's.
    entrance
        The lender's.
    lane_m
        The least width of a lane; the middle keeps half of it from the ends of the edge.

    Returns
    -------
        A point of the borrower's core part; None: no lane passes the edge and leads on.

    Examples
    --------
    >>> crossing_to(shapely.box(20, 0, 60, 40), shapely.box(0, 0, 20, 20), shapely.Point(0, 40), lane_m=3.0).coords[:]
    [(20.0, 18.51)]
    >>> crossing_to(shapely.box(20, 0, 60, 40), shapely.box(0, 0, 20, 2), shapely.Point(0, 40), lane_m=3.0) is None
    True

    Into a wedge beside the lender, whose point lies nearest to the entrance:

    >>> wedge, lender = shapely.Polygon([(0, 0), (90, 0), (90, 30)]), shapely.box(0, -30, 90, 0)
    >>> round(crossing_to(wedge, lender, shapely.Point(0, -30), lane_m=3.0).x, 1)
    5.0
    """
    both = shapely.buffer(unite_all(np.array([core, lender])), _LEAST_M, join_style="mitre")
    middles = shapely.buffer(both, -_half(lane_m) - _LEAST_M, quad_segs=_QUAD_SEGS)
    edge = shapely.intersection(shapely.boundary(core), shapely.buffer(lender, 2 * _LEAST_M))
    passed = shapely.intersection(edge, middles)
    # In the point of a wedge a lane fits over the edge, and on the borrower's own land none leads on.
    for lanes in largest_first(shapely.buffer(core, -_half(lane_m), quad_segs=_FEW_SEGS)):
        where = shapely.intersection(passed, shapely.buffer(lanes, _half(lane_m) + lane_m))
        if not where.is_empty:
            x, y = shapely.get_coordinates(shapely.shortest_line(where, entrance))[0]
            return shapely.Point(round(float(x), 3), round(float(y), 3))
    return None


def part_with_lanes(piece: shapely.Geometry, lanes: shapely.Geometry, *, lane_m: float) -> shapely.Geometry:
    """Return the part of a piece on which lanes begin: so far from one as it is wide, over the piece alone.

    Examples
    --------
    >>> field, lanes = shapely.box(0, 0, 40, 40), shapely.box(1.74, 1.74, 38.26, 38.26)
    >>> neck = shapely.union_all([field, shapely.box(40, 0, 80, 2)])
    >>> round(part_with_lanes(neck, lanes, lane_m=3.5).bounds[2], 1)
    43.5

    The bank beyond a ditch of 2 m, that joins the field at its end, is near as the crow flies:

    >>> bank = shapely.union_all([field, shapely.box(40, 0, 42, 1), shapely.box(42, 0, 43, 40)])
    >>> begun = part_with_lanes(bank, lanes, lane_m=3.5)
    >>> begun.distance(shapely.Point(43, 1)), round(begun.distance(shapely.Point(43, 20)), 1)
    (0.0, 3.0)
    """
    # The edges of what is begun all but coincide with those of the piece.
    found: shapely.Geometry = intersect_all([shapely.buffer(lanes, _half(lane_m)), piece])
    n_steps = math.ceil(lane_m / _STEP_M)
    for _ in range(n_steps):
        grown = intersect_all([shapely.buffer(found, lane_m / n_steps, quad_segs=_QUAD_SEGS), piece])
        parts = shapely.get_parts(grown)
        # What only lies beside what lanes reach is reached by none. Parts of one shape meet in points at most.
        is_reached = shared_areas(parts, np.full(len(parts), found)) > NOISE_M2
        found = shapely.union_all(parts[is_reached])
    return found


def _half(lane_m: float) -> float:
    """Return half a lane, less what registers differ."""
    return lane_m / 2.0 - _SLACK_M
