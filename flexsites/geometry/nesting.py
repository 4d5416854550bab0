"""Whether plain polygons lie strictly inside or apart, where that is certain: most buildings in most parcels.

Decided by the signs of orientations with a bound on their rounding error (Shewchuk's filter, "Adaptive precision
floating-point arithmetic", 1997). Whatever the bound leaves open is :data:`OPEN` and goes to the robust predicates of
GEOS; so nothing is ever decided here that they would decide otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.compiled import kernel

OPEN, INSIDE, APART, AROUND = 0, 1, 2, 3
"""Not decided; the first strictly inside the second; no point shared; the second strictly inside the first."""

MOST_EDGE_PAIRS = 2_048
"""Beyond it an index is faster than trying every pair of edges."""

_POLYGON = 3
_ROUNDING = 3.3306690738754716e-16  # (3 + 16 eps) eps: Shewchuk's bound A of an orientation


@dataclass(frozen=True, slots=True)
class Rings:
    """The outer rings of plain polygons as one array.

    Attributes
    ----------
    xy
        Shape (n_vertices, 2).
    start
        Shape (n + 1,): the vertices of polygon i are ``xy[start[i] : start[i + 1]]``.
    is_plain
        Shape (n,): a polygon without holes. Of the others nothing is decided.
    """

    xy: FloatArray
    start: IntArray
    is_plain: BoolArray


def read_rings(polygons: GeometryArray) -> Rings:
    """Return the rings of polygons, shape (n,)."""
    xy, owner = shapely.get_coordinates(polygons, return_index=True)
    is_plain = (shapely.get_type_id(polygons) == _POLYGON) & (shapely.get_num_interior_rings(polygons) == 0)
    start = np.searchsorted(owner, np.arange(len(polygons) + 1)).astype(np.int64)
    return Rings(xy, start, np.asarray(is_plain & (np.diff(start) > 0), dtype=bool))


def nest(first: Rings, one: IntArray, second: Rings, other: IntArray) -> IntArray:
    """Return how each pair of polygons lies: :data:`INSIDE`, :data:`APART`, :data:`AROUND`, or :data:`OPEN`.

    Parameters
    ----------
    first, second
        Rings of polygons.
    one, other
        Shape (n,), the pairs: positions in the first and the second.

    Examples
    --------
    >>> house = read_rings(np.array([shapely.box(1, 1, 2, 2), shapely.box(0, 0, 1, 1), shapely.box(9, 9, 10, 10)]))
    >>> plot = read_rings(np.array([shapely.box(0, 0, 5, 5)]))
    >>> nest(house, np.array([0, 1, 2]), plot, np.array([0, 0, 0])).tolist()
    [1, 0, 2]
    """
    return np.asarray(
        _nest(
            (first.xy, first.start, first.is_plain, np.ascontiguousarray(one, dtype=np.int64)),
            (second.xy, second.start, second.is_plain, np.ascontiguousarray(other, dtype=np.int64)),
        ),
        dtype=np.int64,
    )


@kernel
def _nest(
    first: tuple[FloatArray, IntArray, BoolArray, IntArray], second: tuple[FloatArray, IntArray, BoolArray, IntArray]
) -> IntArray:
    xy, start, is_plain, one = first
    around, around_start, is_around_plain, other = second
    found = np.zeros(len(one), dtype=np.int64)
    for pair in range(len(one)):
        i, j = one[pair], other[pair]
        if is_plain[i] and is_around_plain[j]:
            found[pair] = _lies(xy, start[i], start[i + 1] - 1, around, around_start[j], around_start[j + 1] - 1)
    return found


@kernel
def _lies(xy: FloatArray, first: int, last: int, around: FloatArray, around_first: int, around_last: int) -> int:
    """Return how the ring of edges ``first`` to ``last`` (not included) lies to another."""
    if (last - first) * (around_last - around_first) > MOST_EDGE_PAIRS:
        return OPEN
    # The ring of more edges is read once, past those that do not come near the other.
    if last - first > around_last - around_first:
        is_apart = _edges_apart(around, around_first, around_last, xy, first, last)
    else:
        is_apart = _edges_apart(xy, first, last, around, around_first, around_last)
    if not is_apart:
        return OPEN
    is_inside = _holds(around, around_first, around_last, xy[first, 0], xy[first, 1])
    if is_inside != 0:
        return INSIDE if is_inside > 0 else OPEN
    is_around = _holds(xy, first, last, around[around_first, 0], around[around_first, 1])
    if is_around != 0:
        return AROUND if is_around > 0 else OPEN
    return APART


@kernel
def _edges_apart(few: FloatArray, first: int, last: int, many: FloatArray, many_first: int, many_last: int) -> bool:
    """Return whether for certain no edge of a ring of few edges shares a point with one of a ring of many."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for i in range(first, last):
        low_x, high_x = min(low_x, few[i, 0]), max(high_x, few[i, 0])
        low_y, high_y = min(low_y, few[i, 1]), max(high_y, few[i, 1])
    for j in range(many_first, many_last):
        c_x, c_y, d_x, d_y = many[j, 0], many[j, 1], many[j + 1, 0], many[j + 1, 1]
        if max(c_x, d_x) < low_x or min(c_x, d_x) > high_x or max(c_y, d_y) < low_y or min(c_y, d_y) > high_y:
            continue
        for i in range(first, last):
            if not _are_apart(few[i, 0], few[i, 1], few[i + 1, 0], few[i + 1, 1], c_x, c_y, d_x, d_y):
                return False
    return True


@kernel
def _are_apart(a_x: float, a_y: float, b_x: float, b_y: float, c_x: float, c_y: float, d_x: float, d_y: float) -> bool:
    """Return whether two segments, a-b and c-d, certainly share no point."""
    if max(a_x, b_x) < min(c_x, d_x) or max(c_x, d_x) < min(a_x, b_x):
        return True
    if max(a_y, b_y) < min(c_y, d_y) or max(c_y, d_y) < min(a_y, b_y):
        return True
    if _turn(c_x, c_y, d_x, d_y, a_x, a_y) * _turn(c_x, c_y, d_x, d_y, b_x, b_y) > 0:
        return True
    return _turn(a_x, a_y, b_x, b_y, c_x, c_y) * _turn(a_x, a_y, b_x, b_y, d_x, d_y) > 0


@kernel
def _turn(a_x: float, a_y: float, b_x: float, b_y: float, c_x: float, c_y: float) -> int:
    """Return on which side of the line a-b the point c lies: 1 left, -1 right, 0 on it or too near to tell."""
    left, right = (a_x - c_x) * (b_y - c_y), (a_y - c_y) * (b_x - c_x)
    bound = _ROUNDING * (abs(left) + abs(right))
    if left - right > bound:
        return 1
    return -1 if right - left > bound else 0


@kernel
def _holds(xy: FloatArray, first: int, last: int, x: float, y: float) -> int:
    """Return 1 if the ring of edges ``first`` to ``last`` holds a point, 0 if not, -1 if that is not certain."""
    is_inside = 0
    for i in range(first, last):
        is_up = xy[i + 1, 1] > y
        if (xy[i, 1] > y) != is_up:
            side = _turn(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], x, y)
            if side == 0:
                return -1
            if (side > 0) == is_up:
                is_inside = 1 - is_inside
    return is_inside
