"""Measures of a shape: how wide, how compact, how deep from its entrance."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import FloatArray, GeometryArray


def max_inscribed_width_m(
    polygons: GeometryArray, *, tolerance_m: float, decide_at_m: float, coarse_m: float
) -> FloatArray:
    """Return the diameter of the largest circle inside each polygon: its width where it is widest.

    A long strip has nearly the same circle everywhere, so an exact search is slow, and idle where the strip is far
    wider (or far thinner) than what is asked. So the search is coarse first, and exact only where that leaves open on
    which side of ``decide_at_m`` the width lies.

    Parameters
    ----------
    polygons
        Shape (n,), valid. Empty ones have width 0.
    tolerance_m
        Near ``decide_at_m`` the width falls short of the exact one by at most twice this; it never exceeds it.
    decide_at_m
        The width that is tested.
    coarse_m
        Elsewhere the width falls short by at most twice this.

    Examples
    --------
    >>> plot = np.array([shapely.box(0, 0, 100, 20)])
    >>> round(float(max_inscribed_width_m(plot, tolerance_m=0.01, decide_at_m=20, coarse_m=1)[0]), 1)
    20.0
    """
    widths = np.zeros(len(polygons))
    area, perimeter = shapely.area(polygons), shapely.length(polygons)
    # the inscribed circle of a polygon has at most radius 2 A / P; below the tolerance there is nothing to search for
    is_wide = area * 2.0 > perimeter * tolerance_m
    widths[is_wide] = _widths(polygons[is_wide], coarse_m)
    is_open = is_wide & (widths < decide_at_m) & (widths + 2.0 * coarse_m >= decide_at_m)
    widths[is_open] = _widths(polygons[is_open], tolerance_m)
    return widths


def _widths(polygons: GeometryArray, tolerance_m: float) -> FloatArray:
    circles = shapely.maximum_inscribed_circle(polygons, tolerance=tolerance_m)
    return np.asarray(2.0 * shapely.length(circles), dtype=np.float64)


def compactness(polygons: GeometryArray) -> FloatArray:
    """Return 4 pi area / perimeter squared: 1 for a circle, 0.79 for a square, near 0 for a strip; 0 when empty.

    Examples
    --------
    >>> compactness(np.array([shapely.box(0, 0, 10, 10), shapely.box(0, 0, 100, 1)])).round(2).tolist()
    [0.79, 0.03]
    """
    perimeter = shapely.length(polygons)
    square = np.where(perimeter > 0, perimeter**2, 1.0)
    return np.asarray(np.minimum(4.0 * np.pi * shapely.area(polygons) / square, 1.0), dtype=np.float64)


def farthest_m(polygons: GeometryArray, points: GeometryArray) -> FloatArray:
    """Return the straight distance from a point to the farthest point of its polygon; NaN where there is no point.

    The farthest point of a polygon is one of its vertices.

    Examples
    --------
    >>> farthest_m(np.array([shapely.box(0, 0, 3, 4)]), np.array([shapely.Point(0, 0)])).tolist()
    [5.0]
    """
    coordinates, owner = shapely.get_coordinates(polygons, return_index=True)
    start = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    distance = np.hypot(*(coordinates - start[owner]).T)
    farthest = np.full(len(polygons), np.nan)
    if len(owner):
        present, first = np.unique(owner, return_index=True)
        farthest[present] = np.maximum.reduceat(distance, first)
    return farthest


def distance_to_edge_m(points: FloatArray, extent: shapely.Geometry | None) -> FloatArray:
    """Return how far every point lies from the edge of an extent, in m: no way out of it is shorter.

    Parameters
    ----------
    points
        ``(n, 2)``; a point with NaN lies at the origin of the coordinates.
    extent
        A polygon or multipolygon; None: there is no edge.

    Returns
    -------
        ``(n,)``: 0 outside, infinite where there is no edge.

    Examples
    --------
    >>> points = np.array([[5.0, 5.0], [9.0, 5.0], [20.0, 5.0]])
    >>> distance_to_edge_m(points, shapely.box(0, 0, 10, 10)).tolist(), distance_to_edge_m(points[:1], None).tolist()
    ([5.0, 1.0, 0.0], [inf])
    """
    if extent is None:
        return np.full(len(points), np.inf)
    at = shapely.points(np.nan_to_num(points))
    shapely.prepare(extent)
    inside = np.asarray(shapely.covers(extent, at), dtype=bool)
    return np.where(inside, shapely.distance(shapely.boundary(extent), at), 0.0)
