"""Subdivision on one national lattice, so that no small parcel ever meets a huge polygon.

The lattice is fixed (its lines are multiples of powers of two of :data:`FINEST_M` in RD New) and independent of the
cells of a run: a polygon is cut the same way whoever reads it, which keeps results identical bit for bit.
"""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.geometry.clips import clip_to_squares
from flexsites.geometry.robust import intersect

FINEST_M = 62.5
"""Side of the smallest square. Powers of two of it (1,000 m is the fourth) keep every line exact in binary."""

MOST_SQUARES = 8.0
"""Squares along a polygon's extent in one step: each step overlays every edge once, each square scans every edge."""

MAX_VERTICES = 512
"""Polygons with more vertices are cut. Cutting is exact whatever the number; this one is where it is fastest."""


def subdivide(
    polygons: GeometryArray, *, max_vertices: int = MAX_VERTICES
) -> tuple[GeometryArray, IntArray, BoolArray]:
    """Cut polygons along the national lattice until each part has few vertices.

    A polygon with no more than ``max_vertices`` is left whole, however large. The parts of a polygon do not overlap
    and their areas sum to its own (to rounding). A square that lies wholly inside comes out as that square.

    Parameters
    ----------
    polygons
        Shape (n,), polygonal, valid. Empty ones give no part.
    max_vertices
        The largest number of vertices left uncut; a square of the finest size is not cut further.

    Returns
    -------
    tuple
        Parts (m,); the position of the polygon that each is a part of (m,), ascending; whether it was repaired (m,).

    Examples
    --------
    >>> disc = shapely.Point(1000, 1000).buffer(900, quad_segs=64)
    >>> parts, owner, _ = subdivide(np.array([disc, shapely.box(0, 0, 5000, 5000)]), max_vertices=128)
    >>> np.bincount(owner).tolist()
    [16, 1]
    >>> bool(abs(shapely.area(parts[owner == 0]).sum() - disc.area) < 1e-6)
    True
    """
    parts: list[GeometryArray] = [polygons[:0]]
    owners: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    repairs: list[BoolArray] = [np.zeros(0, dtype=bool)]
    todo, owner = polygons, np.arange(len(polygons), dtype=np.int64)
    is_repaired = np.zeros(len(polygons), dtype=bool)
    while len(todo):
        n_vertices, extent = shapely.get_num_coordinates(todo), _extent(todo)
        is_small = (n_vertices <= max_vertices) | (extent <= FINEST_M)
        keep = is_small & ~shapely.is_empty(todo)
        parts.append(todo[keep])
        owners.append(owner[keep])
        repairs.append(is_repaired[keep])
        side = _side(extent[~is_small], n_vertices[~is_small] / max_vertices)
        cut, source, is_broken = _cut(todo[~is_small], side)
        todo, owner = cut, owner[~is_small][source]
        is_repaired = is_repaired[~is_small][source] | is_broken
    # the order within a polygon is that of cutting it, which depends on the polygon alone
    order = np.argsort(np.concatenate(owners), kind="stable")
    return np.concatenate(parts)[order], np.concatenate(owners)[order], np.concatenate(repairs)[order]


def _extent(polygons: GeometryArray) -> FloatArray:
    bounds = shapely.bounds(polygons)
    longest = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    return np.asarray(np.nan_to_num(longest, nan=0.0), dtype=np.float64)


def _side(extent: FloatArray, excess: FloatArray) -> FloatArray:
    """Return the side of the squares that cut each polygon next.

    The more vertices it has, the finer: few steps for huge polygons, few parts for those just above the limit.
    """
    n_squares = np.clip(2.0 ** np.round(np.log2(excess)), 2.0, MOST_SQUARES)
    steps = np.floor(np.log2(np.maximum(extent / n_squares, FINEST_M) / FINEST_M))
    return np.asarray(FINEST_M * 2.0**steps, dtype=np.float64)


def _cut(polygons: GeometryArray, side: FloatArray) -> tuple[GeometryArray, IntArray, BoolArray]:
    """Cut each polygon along the lines of its own lattice step; return parts, sources and repairs.

    Clipping is believed where its parts are valid and their areas add up; elsewhere the polygon is cut by overlay.
    """
    parts, source, is_sound = clip_to_squares(polygons, side)
    if is_sound.all():
        return parts, source, np.zeros(len(parts), dtype=bool)
    again = np.flatnonzero(~is_sound)
    kept = is_sound[source]
    exact, which, is_repaired = _cut_by_overlay(polygons[again], side[again])
    source = np.concatenate([source[kept], again[which]])
    order = np.argsort(source, kind="stable")
    repairs = np.concatenate([np.zeros(int(kept.sum()), dtype=bool), is_repaired])
    return np.concatenate([parts[kept], exact])[order], source[order], repairs[order]


def _cut_by_overlay(polygons: GeometryArray, side: FloatArray) -> tuple[GeometryArray, IntArray, BoolArray]:
    """Cut by intersecting with every square that meets the polygon: slower, and exact whatever the shape."""
    bounds = shapely.bounds(polygons)
    first = np.floor(bounds[:, :2] / side[:, None])
    count = (np.ceil(bounds[:, 2:] / side[:, None]) - first).astype(np.int64)
    n_squares = count[:, 0] * count[:, 1]
    source = np.repeat(np.arange(len(polygons)), n_squares)
    number = np.arange(len(source)) - np.repeat(np.cumsum(n_squares) - n_squares, n_squares)
    column, row = number % count[source, 0], number // count[source, 0]
    low_x, low_y = (first[source, 0] + column) * side[source], (first[source, 1] + row) * side[source]
    squares = shapely.box(low_x, low_y, low_x + side[source], low_y + side[source])
    ready = shapely.force_2d(polygons)  # copies, because another thread may be preparing the very same geometries
    shapely.prepare(ready)
    meets = shapely.intersects(ready[source], squares)
    source, squares = source[meets], squares[meets]
    is_inside = shapely.contains_properly(ready[source], squares)
    cut, is_repaired = squares.copy(), np.zeros(len(squares), dtype=bool)
    cut[~is_inside], is_repaired[~is_inside] = intersect(polygons[source[~is_inside]], squares[~is_inside])
    keep = ~shapely.is_empty(cut)
    return cut[keep], source[keep], is_repaired[keep]
