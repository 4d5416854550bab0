"""What two polygons share, from their edges alone: the area that an overlay of them must have.

A polygon is the sum of the strips under its edges, those of its upper edges counted positive and those of its lower
edges negative; what two strips share is the strip under the lower of the two. So the shared area is a sum over pairs of
edges. It is a continuous function of the coordinates: edges that all but coincide, on which an overlay may take a side
for the other, change it by no more than rounding.
"""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import FloatArray, GeometryArray, IntArray
from flexsites.compiled import kernel

Edges = tuple[FloatArray, IntArray, FloatArray]
"""Edges as low x, its y, high x, its y and +1 or -1 (m, 5), by geometry; where those of each begin (n + 1,); the bounds
of each geometry (n, 4)."""

_POLYGON, _ALONE = 3, 1

_UPRIGHT_M = 1e-12
"""An edge narrower than this stands upright: nothing lies under it."""

_FEW = 32
"""Up to so many edges are looked at for each edge of the other; more are filed by columns of the box."""

_TO_A_COLUMN = 4
"""Edges to a column, if they all were short."""


def shared_areas(left: GeometryArray, right: GeometryArray) -> FloatArray:
    """Return the area that each pair shares, m2.

    Parameters
    ----------
    left, right
        Shape (n,), valid, polygonal; None and what is no polygon share nothing.

    Returns
    -------
    FloatArray
        Shape (n,), exact to rounding: some 1e-16 of the box that holds both, per edge.

    Examples
    --------
    >>> one, other = np.array([shapely.box(0, 0, 2, 2)]), np.array([shapely.box(1, 0, 3, 2)])
    >>> shared_areas(one, other).tolist()
    [2.0]
    """
    (first, one), (second, other) = (_once_each(shapes) for shapes in (left, right))
    return np.asarray(_shared_areas(_edges(first), one, _edges(second), other), dtype=np.float64)


def shared_by_pairs(shapes: GeometryArray, one: IntArray, other: IntArray) -> FloatArray:
    """Return the area that pairs of some shapes share, m2.

    Parameters
    ----------
    shapes
        Shape (m,), as for :func:`shared_areas`.
    one, other
        Shape (n,), positions of the pairs.

    Examples
    --------
    >>> shared_by_pairs(np.array([shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)]), np.array([0]), np.array([1]))
    array([2.])
    """
    if not len(one):
        return np.zeros(0)
    edges = _edges(shapes)
    return np.asarray(_shared_areas(edges, one, edges, other), dtype=np.float64)


def _once_each(shapes: GeometryArray) -> tuple[GeometryArray, IntArray]:
    """Return the geometries that are there, each once, and which of them stands where."""
    if len(shapes) <= _ALONE:
        return shapes, np.arange(len(shapes))
    keys = np.fromiter(map(id, shapes), np.int64, len(shapes))
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return shapes[first], which.astype(np.int64)


def _edges(shapes: GeometryArray) -> Edges:
    # Few calls, and the rest compiled: most are asked of one pair at a time.
    if (shapely.get_type_id(shapes) == _POLYGON).all():
        rings, part = shapely.get_rings(shapes, return_index=True)
        owner = part
    else:
        parts, of_part = shapely.get_parts(shapes, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        owner = of_part[part]
    points, ring = shapely.get_coordinates(rings, return_index=True)
    edges, start, bounds = _strips(points, ring, part, owner, len(shapes))
    return edges, start, bounds


@kernel
def _strips(
    points: FloatArray, ring: IntArray, part: IntArray, owner: IntArray, n_shapes: int
) -> tuple[FloatArray, IntArray, FloatArray]:
    edges, n = np.empty((len(points), 5)), 0
    start, bounds = np.zeros(n_shapes + 1, np.int64), np.empty((n_shapes, 4))
    for i in range(n_shapes):
        bounds[i, 0], bounds[i, 1], bounds[i, 2], bounds[i, 3] = np.inf, np.inf, -np.inf, -np.inf
    first = 0
    while first < len(points):
        last, one = first, ring[first]
        area, base = 0.0, points[first, 1]  # heights from there, so that the area of a ring loses no digits
        while last + 1 < len(points) and ring[last + 1] == one:
            wide = points[last + 1, 0] - points[last, 0]
            area += wide * ((points[last, 1] - base) + (points[last + 1, 1] - base))
            last += 1
        sign = 1.0 if area > 0.0 else -1.0
        if one > 0 and part[one] == part[one - 1]:
            sign = -sign
        mine = owner[one]
        for k in range(first, last):
            x0, y0, x1, y1 = points[k, 0], points[k, 1], points[k + 1, 0], points[k + 1, 1]
            bounds[mine, 0], bounds[mine, 1] = min(bounds[mine, 0], x0), min(bounds[mine, 1], y0)
            bounds[mine, 2], bounds[mine, 3] = max(bounds[mine, 2], x0), max(bounds[mine, 3], y0)
            if x1 - x0 > _UPRIGHT_M:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3], edges[n, 4] = x0, y0, x1, y1, sign
                n += 1
            elif x0 - x1 > _UPRIGHT_M:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3], edges[n, 4] = x1, y1, x0, y0, -sign
                n += 1
        start[mine + 1] = n
        first = last + 1
    for i in range(n_shapes):
        start[i + 1] = max(start[i], start[i + 1])
    return edges[:n], start, bounds


@kernel
def _shared_areas(left: Edges, one: IntArray, right: Edges, other: IntArray) -> FloatArray:
    edges, start, bounds = left
    others, other_start, other_bounds = right
    areas = np.zeros(len(one))
    room = 1
    for pair in range(len(one)):
        room = max(room, other_start[other[pair] + 1] - other_start[other[pair]])
    kept = np.empty((room, 5))
    for pair in range(len(one)):
        i, j = one[pair], other[pair]
        low_x, low_y = max(bounds[i, 0], other_bounds[j, 0]), max(bounds[i, 1], other_bounds[j, 1])
        high_x, high_y = min(bounds[i, 2], other_bounds[j, 2]), min(bounds[i, 3], other_bounds[j, 3])
        if not (low_x < high_x and low_y < high_y):
            continue
        tall = high_y - low_y
        wide = high_x - low_x
        n_kept = _within(others[other_start[j] : other_start[j + 1]], low_x, low_y, high_x, kept)
        n_columns = n_kept // _TO_A_COLUMN if n_kept > _FEW else 1
        column = wide / n_columns
        filed, first = _filed(kept[:n_kept], column, n_columns)
        total = 0.0
        for k in range(start[i], start[i + 1]):
            x0, y0 = edges[k, 0] - low_x, edges[k, 1] - low_y
            x1, y1 = edges[k, 2] - low_x, edges[k, 3] - low_y
            if min(x1, wide) - max(x0, 0.0) <= _UPRIGHT_M or max(y0, y1) <= 0.0:
                continue
            for at in range(_column(x0, column, n_columns), _column(x1, column, n_columns) + 1):
                low, high = at * column, wide if at == n_columns - 1 else (at + 1) * column
                near = filed[first[at] : first[at + 1]]
                total += edges[k, 4] * _below_both(x0, y0, x1, y1, low, high, tall, near)
        areas[pair] = total
    return areas


@kernel
def _within(edges: FloatArray, low_x: float, low_y: float, high_x: float, kept: FloatArray) -> int:
    """Keep the edges that bear on a box, cut to its width, from its low corner; return how many."""
    n = 0
    for k in range(len(edges)):
        x0, y0 = edges[k, 0] - low_x, edges[k, 1] - low_y
        x1, y1 = edges[k, 2] - low_x, edges[k, 3] - low_y
        first, last = max(x0, 0.0), min(x1, high_x - low_x)
        if last - first <= _UPRIGHT_M or max(y0, y1) <= 0.0:
            continue
        slope = (y1 - y0) / (x1 - x0)
        kept[n, 0], kept[n, 1] = first, y0 + slope * (first - x0)
        kept[n, 2], kept[n, 3] = last, y0 + slope * (last - x0)
        kept[n, 4] = edges[k, 4]
        n += 1
    return n


@kernel
def _column(x: float, column: float, n_columns: int) -> int:
    return min(max(int(x / column), 0), n_columns - 1)


@kernel
def _filed(edges: FloatArray, column: float, n_columns: int) -> tuple[FloatArray, IntArray]:
    """Return edges by the columns of a box, in each that they cross, and where those of each column begin."""
    first = np.zeros(n_columns + 1, np.int64)
    if n_columns == 1:
        first[1] = len(edges)
        return edges, first
    for k in range(len(edges)):
        for at in range(_column(edges[k, 0], column, n_columns), _column(edges[k, 2], column, n_columns) + 1):
            first[at + 1] += 1
    for at in range(n_columns):
        first[at + 1] += first[at]
    filed, next_at = np.empty((first[n_columns], 5)), first[:n_columns].copy()
    for k in range(len(edges)):
        for at in range(_column(edges[k, 0], column, n_columns), _column(edges[k, 2], column, n_columns) + 1):
            for field in range(5):
                filed[next_at[at], field] = edges[k, field]
            next_at[at] += 1
    return filed, first


@kernel
def _below_both(
    x0: float, y0: float, x1: float, y1: float, low: float, high: float, tall: float, edges: FloatArray
) -> float:
    """Return the signed sum of what lies below an edge and below each of others, within a column of a box."""
    slope = (y1 - y0) / (x1 - x0)
    total = 0.0
    for k in range(len(edges)):
        first, last = max(x0, edges[k, 0], low), min(x1, edges[k, 2], high)
        if first >= last:
            continue
        its_slope = (edges[k, 3] - edges[k, 1]) / (edges[k, 2] - edges[k, 0])
        one, its_one = y0 + slope * (first - x0), edges[k, 1] + its_slope * (first - edges[k, 0])
        end, its_end = y0 + slope * (last - x0), edges[k, 1] + its_slope * (last - edges[k, 0])
        before, after = one - its_one, end - its_end
        if before * after >= 0.0:
            is_lower = before + after <= 0.0
            area = (last - first) * (mean_height(one, end, tall) if is_lower else mean_height(its_one, its_end, tall))
        else:
            share = before / (before - after)
            middle = one + share * (end - one)
            if before < 0.0:
                area = share * mean_height(one, middle, tall) + (1.0 - share) * mean_height(middle, its_end, tall)
            else:
                area = share * mean_height(its_one, middle, tall) + (1.0 - share) * mean_height(middle, end, tall)
            area *= last - first
        total += edges[k, 4] * area
    return total


@kernel
def mean_height(one: float, other: float, tall: float) -> float:
    """Return the mean over a straight edge of its height, held between 0 and ``tall``."""
    if one == other:
        return min(max(one, 0.0), tall)
    low, high = min(one, other), max(one, other)
    if high <= 0.0:
        return 0.0
    if low >= tall:
        return tall
    inside_low, inside_high = max(low, 0.0), min(high, tall)
    ramp = (inside_high - inside_low) * (inside_low + inside_high) / 2.0
    above = max(high - tall, 0.0) * tall
    return (ramp + above) / (high - low)
