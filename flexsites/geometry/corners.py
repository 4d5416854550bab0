"""Corners that lie on the line of their neighbours: where an overlay met an edge, and nothing bends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.compiled import kernel

SAME_M = 1e-6
"""What differs by no more is the same. Overlays leave corners some 1e-9 m off, and how far hangs on what else was cut;
registers give whole millimetres. So it is far more than rounding, and far less than anything that matters."""

OVERLAY_M = 1e-8
"""Ten times what an overlay puts a corner off an edge that it cuts. Corners in whole millimetres that all but lie on a
line may lie little farther off it: where areas are to add up these stay."""

_LEAST = 3
"""Corners of what has width."""


def without_idle_corners(shapes: GeometryArray, *, within_m: float = SAME_M) -> GeometryArray:
    """Return polygons without corners that lie on the line of those beside them.

    Which of them an overlay leaves hangs on what else was cut, so no answer may hang on them. Holes and parts without
    width go too; what is nothing else stays as it is.

    Parameters
    ----------
    shapes
        Shape (n,), polygons and multipolygons in m.
    within_m
        How far from the line a corner may lie.

    Returns
    -------
        Shape (n,); no edge lies more than that from where it was. A shape all of whose corners bend is the same
        object.

    Examples
    --------
    >>> field = shapely.from_wkt("POLYGON ((0 0, 4 1e-9, 9 0, 9 1, 9 9, 0 9, 0 0))")
    >>> without_idle_corners(np.array([field]))[0].exterior.coords[:]
    [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)]
    """
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    first = np.searchsorted(of_ring, np.arange(len(rings) + 1)).astype(np.int64)
    bends = bending(points, first, within_m)
    is_idle = ~bends
    is_idle[first[1:] - 1] = False  # a ring ends where it begins
    found = shapes.copy()
    of_all = of_shape[of_part]
    for i in np.unique(of_all[of_ring[is_idle]]).tolist():
        own = np.arange(*np.searchsorted(of_all, [i, i + 1]))
        found[i] = _rebuilt(
            shapes[i], [points[first[k] : first[k + 1]][bends[first[k] : first[k + 1]]] for k in own], of_part[own]
        )
    return found


@kernel
def bending(points: FloatArray, first: IntArray, within_m: float) -> BoolArray:
    """Return which corners of rings are left where those are dropped that lie on the line of what is left beside them.

    Parameters
    ----------
    points
        Rings one after the other, each ending where it begins, shape (n, 2).
    first
        Where each begins, shape (rings + 1,).
    within_m
        How far from the line a corner may lie.

    Returns
    -------
        Shape (n,), the end of a ring never. Which corner a ring begins at does not matter.
    """
    bends = np.zeros(len(points), np.bool_)
    begins, ends = np.empty(len(points), np.int64), np.empty(len(points), np.int64)
    for k in range(len(first) - 1):
        start, n = first[k], first[k + 1] - first[k] - 1
        if n <= 0:
            continue
        # The corner farthest from the middle surely bends: from there on what lies farthest off a line divides it.
        own = points[start : start + n]
        x, y = (own[:, 0].min() + own[:, 0].max()) / 2, (own[:, 1].min() + own[:, 1].max()) / 2
        sure, farthest = 0, -1.0
        for i in range(n):
            far = math.hypot(own[i, 0] - x, own[i, 1] - y)
            if far > farthest:
                sure, farthest = i, far
        bends[start + sure] = True
        begins[0], ends[0], n_open = 0, n, 1
        while n_open > 0:
            n_open -= 1
            begin, end = begins[n_open], ends[n_open]
            middle = _farthest_off(own, sure, begin, end, within_m)
            if middle > begin:
                bends[start + (sure + middle) % n] = True
                begins[n_open], ends[n_open] = begin, middle
                begins[n_open + 1], ends[n_open + 1] = middle, end
                n_open += 2
        # Of an edge along the line that was divided any point may have been the farthest off.
        before, last = 0, 0
        for i in range(1, n + 1):
            if i == n or bends[start + (sure + i) % n]:
                if last > before and _farthest_off(own, sure, before, i, within_m) == before:
                    bends[start + (sure + last) % n] = False
                else:
                    before = last
                last = i
    return bends


@kernel
def _farthest_off(ring: FloatArray, sure: int, begin: int, end: int, within_m: float) -> int:
    """Return which corner lies farthest off the line from one to another, counted from a sure one; begin: none does."""
    n, middle, farthest = len(ring), begin, within_m
    one, other = ring[(sure + begin) % n], ring[(sure + end) % n]
    for i in range(begin + 1, end):
        far = _off(ring[(sure + i) % n], one, other)
        if far > farthest:
            middle, farthest = i, far
    return middle


@kernel
def _off(point: FloatArray, one: FloatArray, other: FloatArray) -> float:
    """Return how far a point is from a segment."""
    dx, dy, x, y = other[0] - one[0], other[1] - one[1], point[0] - one[0], point[1] - one[1]
    squared = dx * dx + dy * dy
    along = 0.0 if squared == 0.0 else min(1.0, max(0.0, (x * dx + y * dy) / squared))
    off: float = math.hypot(x - along * dx, y - along * dy)
    return off


def _rebuilt(shape: shapely.Geometry, rings: Sequence[FloatArray], of_part: IntArray) -> shapely.Geometry:
    """Return polygons of rings, holes after their outlines; the shape as it was where none is left, or not sound."""
    polygons = []
    for part in np.unique(of_part).tolist():
        outline, *holes = (ring for ring, of in zip(rings, of_part.tolist(), strict=True) if of == part)
        if len(outline) >= _LEAST:
            polygons.append(shapely.Polygon(outline, [hole for hole in holes if len(hole) >= _LEAST]))
    if not polygons:
        return shape
    rebuilt: shapely.Geometry = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    return rebuilt if shapely.is_valid(rebuilt) or not shapely.is_valid(shape) else shape
