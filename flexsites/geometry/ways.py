"""The shortest way inside a polygon, and the lane along it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray
from flexsites.geometry.robust import split
from flexsites.geometry.sight import boundary_of, surely_leave

__all__ = ["Lane", "ground_before", "way_inside"]

_ROUNDING_M = 0.01
"""A line along the edge of a polygon lies in it all the same."""

_BESIDE_M = 0.05
"""So far may the boundary beside a corner lie across a way that bends there [A]: more than a line may lie outside."""


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
    bends = np.concatenate([np.tile(begin, (1, 3, 1)), *map(_inward, shapely.get_rings(shapely.normalize(ways)))])
    corners = bends[:, 0]
    points = shapely.points(corners)
    into = np.asarray(shapely.shortest_line(points, room), dtype=object)
    left_m, sees_room = shapely.length(into), shapely.covers(inside, into)
    goal, boundary = len(corners), boundary_of(inside)
    come_from: dict[int, int] = {}
    is_come_to = np.zeros(goal, dtype=bool)
    # The way so far and what is left at least, to which corner, the way so far, what came how late, from which corner.
    waiting = [(float(left_m[0]), 0, 0.0, 0, -1)]
    while waiting:
        _, here, far, _, before = heapq.heappop(waiting)
        # What surely is in sight is asked last: a boundary has many corners, and a shortest way comes near few.
        if here in come_from or not (before < 0 or here == goal or _is_in_sight(inside, corners[[before, here]])):
            continue
        come_from[here] = before
        if here == goal:
            break
        is_come_to[here] = True
        if sees_room[here]:
            whole = far + float(left_m[here])
            heapq.heappush(waiting, (whole, goal, whole, len(come_from), here))
        there = np.flatnonzero(~is_come_to)
        is_bend, is_bend_there = _bend(bends[here], bends[there])
        there = there[is_bend & (is_bend_there | sees_room[there])]
        there = there[~surely_leave(corners[here], corners[there], boundary)]
        sight = shapely.linestrings(np.stack([np.broadcast_to(corners[here], (len(there), 2)), corners[there]], axis=1))
        length = far + np.asarray(shapely.length(sight))
        for one in zip((length + left_m[there]).tolist(), there.tolist(), length.tolist(), strict=True):
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


def _is_in_sight(inside: shapely.Polygon, ends: FloatArray) -> bool:
    """Return whether the straight way from one corner to another lies inside."""
    return bool(shapely.covers(inside, shapely.LineString(ends)))


def _bend(here: FloatArray, there: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Return of which straight ways to corners a way can bend around their begin, and around their end, shape (n,).

    There it passes the corner by, and does not run into it. Narrow land that goes on and on has thousands of corners,
    and few of them lie so to each other; another may only be where a way turns off to the room.

    Parameters
    ----------
    here, there
        Shape (3, 2) and (n, 3, 2): a corner, and the ends of the boundary on either side of it.
    """
    along = there[:, 0] - here[0]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), _ROUNDING_M)[:, None]
    begin, end = (_passes(along, bend) for bend in (np.broadcast_to(here, there.shape), there))
    return begin, end


def _passes(along: FloatArray, bend: FloatArray) -> BoolArray:
    """Return whether the boundary beside corners lies to one side of straight ways, shape (n,)."""
    aside = bend[:, 1:] - bend[:, :1]
    aside_m = along[:, None, 0] * aside[:, :, 1] - along[:, None, 1] * aside[:, :, 0]
    return np.asarray((aside_m.min(axis=1) >= -_BESIDE_M) | (aside_m.max(axis=1) <= _BESIDE_M), dtype=bool)


def _inward(ring: shapely.LinearRing) -> FloatArray:
    """Return the corners of a ring of a normalized polygon that point into it, with those beside each, shape (n, 3, 2).

    A way inside bends back there.
    """
    points = shapely.get_coordinates(ring)[:-1]
    last, following = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
    before, after = points - last, following - points
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    # Normalized: the outer ring is clockwise, holes are counter-clockwise.
    return np.stack([points, last, following], axis=1)[turn > 0.0]


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

    def moved(self, by: FloatArray) -> Lane:
        """Return the lane moved, by (x, y) in m."""
        middle: Any = shapely.transform(self.middle, lambda points: points + by)
        return Lane(middle, self.width_m)


def ground_before(lanes: Sequence[Lane]) -> GeometryArray:
    """Return what each lane covers before its end: flat there, so that what is left of the land begins at its end.

    Examples
    --------
    >>> lane = Lane(shapely.LineString([(0, 0), (0, 10)]), 3.0)
    >>> [[round(one, 1) for one in shape.bounds] for shape in (lane.ground(), ground_before([lane])[0])]
    [[-1.5, -1.5, 1.5, 11.5], [-1.5, -1.5, 1.5, 10.0]]
    """
    widths = np.array([lane.width_m for lane in lanes])
    before, end = np.array([lane.middle.coords[-2:] for lane in lanes]).reshape(-1, 2, 2).swapaxes(0, 1)
    along = (end - before) / np.hypot(*(end - before).T)[:, None]
    beyond = shapely.linestrings(np.stack([end, end + along * widths[:, None]], axis=1))
    beyond = shapely.buffer(beyond, widths, cap_style="flat")
    covered = shapely.buffer(np.array([lane.middle for lane in lanes], dtype=object), widths / 2, quad_segs=8)
    return split(covered, beyond)[1]
