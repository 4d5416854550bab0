"""Which straight ways surely leave a polygon: those that cross its boundary, and no doubt about it."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray
from flexsites.compiled import kernel

__all__ = ["boundary_of", "surely_leave"]

_SURE_M = 1e-6
"""Ends that lie farther than this on either side of each other's line cross it, however numbers round [A]."""


def boundary_of(polygon: shapely.Polygon) -> FloatArray:
    """Return the edges of a polygon as (x0, y0, x1, y1), ring by ring in their order, shape (m, 4).

    Examples
    --------
    >>> boundary_of(shapely.box(0, 0, 2, 1))[:2].tolist()
    [[2.0, 0.0, 2.0, 1.0], [2.0, 1.0, 0.0, 1.0]]
    """
    points, ring = shapely.get_coordinates(shapely.get_rings(polygon), return_index=True)
    return np.asarray(np.hstack([points[:-1], points[1:]])[ring[:-1] == ring[1:]])


@kernel
def surely_leave(begin: FloatArray, ends: FloatArray, boundary: FloatArray) -> BoolArray:
    """Return which straight ways from a point inside a polygon to others inside it surely leave it on the way.

    What touches its boundary, or runs along it, is not sure to leave.

    Parameters
    ----------
    begin, ends
        Shape (2,) and (n, 2), inside the polygon.
    boundary
        Shape (m, 4), see :func:`boundary_of`. Of neighbours in it most cross the same ways: in the order of its rings
        few are looked at.

    Examples
    --------
    >>> bend = boundary_of(shapely.Polygon([(0, 0), (5, 0), (5, 5), (4, 5), (4, 1), (0, 1)]))
    >>> surely_leave(np.array([0.5, 0.5]), np.array([[4.5, 0.5], [4.0, 1.0], [4.5, 4.0]]), bend).tolist()
    [False, False, True]
    """
    n, m = len(ends), len(boundary)
    leaves = np.zeros(n, np.bool_)
    nearest, least = 0, np.inf
    for k in range(m):
        dx, dy = boundary[k, 0] - begin[0], boundary[k, 1] - begin[1]
        if dx * dx + dy * dy < least:
            nearest, least = k, dx * dx + dy * dy
    crossed = nearest  # the last that was: those who go where the one before went cross it too
    for i in range(n):
        x, y = ends[i, 0] - begin[0], ends[i, 1] - begin[1]
        if _cross(begin, x, y, boundary[crossed]):
            leaves[i] = True
            continue
        for step in range(m):
            # Before and behind the nearest by turns.
            k = (nearest + (step + 1) // 2 * (1 - 2 * (step % 2))) % m
            if _cross(begin, x, y, boundary[k]):
                leaves[i], crossed = True, k
                break
    return leaves


@kernel
def _cross(begin: FloatArray, x: float, y: float, edge: FloatArray) -> bool:
    """Return whether a way of (x, y) from a point and an edge surely cross, each between the other's ends."""
    ax, ay = edge[0] - begin[0], edge[1] - begin[1]
    bx, by = edge[2] - begin[0], edge[3] - begin[1]
    far_a, far_b = x * ay - y * ax, x * by - y * bx
    if far_a * far_b >= 0.0:
        return False
    wide, high = bx - ax, by - ay
    far_begin, far_end = ax * high - ay * wide, (ax - x) * high - (ay - y) * wide
    if far_begin * far_end >= 0.0:
        return False
    way_m, edge_m = np.hypot(x, y), np.hypot(wide, high)
    is_over: bool = min(abs(far_a), abs(far_b)) > _SURE_M * way_m
    return is_over and min(abs(far_begin), abs(far_end)) > _SURE_M * edge_m
