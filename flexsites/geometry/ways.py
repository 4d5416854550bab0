"""The shortest way inside a polygon, and the lane along it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import shapely

from flexsites.arrays import FloatArray, GeometryArray
from flexsites.geometry.robust import split

__all__ = ["Lane", "way_inside"]

_ROUNDING_M = 0.01
"""A line along the edge of a polygon lies in it all the same."""


def way_inside(ways: shapely.Polygon, begin: FloatArray, room: shapely.Polygon) -> shapely.LineString | None:
    """Return the shortest line inside a polygon from a point of it to a room in it; None where there is none.

    A shortest way bends at corners that point inwards, and nowhere else.

    Examples
    --------
    >>> bend = shapely.Polygon([(0, 0), (50, 0), (50, 50), (40, 50), (40, 10), (0, 10)])
    >>> way_inside(bend, np.array([0.0, 10.0]), shapely.box(42, 45, 48, 49)).coords[:]
    [(0.0, 10.0), (40.0, 10.0), (42.0, 45.0)]
    """
    straight: Any = shapely.shortest_line(shapely.Point(begin), room)
    # What the polygon covers, it covers when it is grown as well.
    if shapely.covers(ways, straight):
        return cast("shapely.LineString", straight)
    inside = shapely.buffer(ways, _ROUNDING_M)
    shapely.prepare(inside)
    if shapely.covers(inside, straight):
        return cast("shapely.LineString", straight)
    corners = np.concatenate([begin[None, :], *(_inward(ring) for ring in shapely.get_rings(shapely.normalize(ways)))])
    points = shapely.points(corners)
    into = np.asarray(shapely.shortest_line(points, room), dtype=object)
    left_m = shapely.length(into)
    goal = len(corners)
    come_from: dict[int, int] = {}
    # The way so far and what is left at least, to which corner, the way so far, what came how late, from which corner.
    waiting = [(float(left_m[0]), 0, 0.0, 0, -1)]
    while waiting:
        _, here, far, _, before = heapq.heappop(waiting)
        # What is in sight is asked last: a boundary has many corners, and a shortest way comes near few.
        if here in come_from or not (before < 0 or _covers(inside, into, corners, before, here)):
            continue
        come_from[here] = before
        if here == goal:
            break
        there = np.array([i for i in range(goal) if i not in come_from], dtype=np.int64)
        sight = shapely.linestrings(np.stack([np.broadcast_to(corners[here], (len(there), 2)), corners[there]], axis=1))
        length = far + np.append(shapely.length(sight), left_m[here])
        total = length + np.append(left_m[there], 0.0)
        for one in zip(total.tolist(), [*there.tolist(), goal], length.tolist(), strict=True):
            heapq.heappush(waiting, (*one, len(come_from), here))
    if goal not in come_from:
        return None
    at = come_from[goal]
    found = [shapely.get_coordinates(into[at])[-1]]
    while at >= 0:
        found.append(corners[at])
        at = come_from[at]
    way: Any = shapely.remove_repeated_points(shapely.LineString(np.array(found[::-1])))
    return cast("shapely.LineString", way)


def _covers(inside: shapely.Polygon, into: GeometryArray, corners: FloatArray, here: int, there: int) -> bool:
    """Return whether the straight way lies inside from a corner to another, or from it into the room."""
    line = into[here] if there == len(corners) else shapely.LineString(corners[[here, there]])
    return bool(shapely.covers(inside, line))


def _inward(ring: shapely.LinearRing) -> FloatArray:
    """Return the corners of a ring of a normalized polygon that point into it: its way bends back there."""
    points = shapely.get_coordinates(ring)[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    # Normalized: the outer ring is clockwise, holes are counter-clockwise.
    return np.asarray(points[turn > 0.0])


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane by its middle.

    Attributes
    ----------
    middle
        From where it begins to where it ends.
    width_m
        Its width: that for which the middle was sought, so the lane lies in what it was sought in.
    """

    middle: shapely.LineString
    width_m: float

    def ground(self) -> shapely.Polygon:
        """Return what it covers, round where it begins, bends and ends, so that any next lane joins."""
        covered: Any = shapely.buffer(self.middle, self.width_m / 2, quad_segs=8)
        return cast("shapely.Polygon", covered)

    def ground_before(self) -> shapely.Polygon:
        """Return what it covers before its end: flat there, so that what is left of the land begins at its end.

        Examples
        --------
        >>> lane = Lane(shapely.LineString([(0, 0), (0, 10)]), 3.0)
        >>> [[round(one, 1) for one in shape.bounds] for shape in (lane.ground(), lane.ground_before())]
        [[-1.5, -1.5, 1.5, 11.5], [-1.5, -1.5, 1.5, 10.0]]
        """
        end, before = (np.array(self.middle.coords[i]) for i in (-1, -2))
        along = (end - before) / np.hypot(*(end - before))
        beyond = shapely.buffer(shapely.LineString([end, end + along * self.width_m]), self.width_m, cap_style="flat")
        lane: Any = split(np.array([self.ground()]), np.array([beyond]))[1][0]
        return cast("shapely.Polygon", lane)

    def moved(self, by: FloatArray) -> Lane:
        """Return the lane moved, by (x, y) in m."""
        middle: Any = shapely.transform(self.middle, lambda points: points + by)
        return Lane(middle, self.width_m)
