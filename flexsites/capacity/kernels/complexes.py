"""Which neighbouring buildings are one construction, and which far ones resemble a building that is known."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["agree", "footprint_sides", "shared_walls"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Masks = NDArray[np.bool_]
Geometries = NDArray[np.object_]


def shared_walls(footprints: Geometries, *, gap_m: float) -> tuple[Integers, Integers, Floats]:
    """Return the pairs of footprints within a gap of each other, and how much wall they share.

    Parameters
    ----------
    footprints
        Polygons, shape (n,), in metres.
    gap_m
        Walls this near count as one.

    Returns
    -------
        First and second of each pair (first < second, ascending), and the length in m of the first one's boundary
        that lies within the gap of the second; symmetric but for the ends.

    Examples
    --------
    >>> row = np.array([shapely.box(0, 0, 6, 10), shapely.box(6, 0, 12, 10), shapely.box(30, 0, 36, 10)])
    >>> first, second, wall = shared_walls(row, gap_m=0.1)
    >>> first.tolist(), second.tolist(), wall.round().tolist()
    ([0], [1], [10.0])
    """
    tree = shapely.STRtree(footprints)
    first, second = tree.query(footprints, predicate="dwithin", distance=gap_m)
    keep = first < second
    first, second = first[keep].astype(np.int64), second[keep].astype(np.int64)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    reach = shapely.buffer(footprints[second], gap_m, join_style="mitre")
    wall: Floats = shapely.length(shapely.intersection(shapely.boundary(footprints[first]), reach))
    return first, second, wall


def footprint_sides(footprints: Geometries) -> tuple[Floats, Floats]:
    """Return the long and the short side of each footprint's smallest rectangle, in m.

    Parameters
    ----------
    footprints
        Polygons, shape (n,).

    Returns
    -------
        Lengths and depths, each of shape (n,); the short side never exceeds the long one.

    Examples
    --------
    >>> [side.round(6).tolist() for side in footprint_sides(np.array([shapely.box(0, 0, 60, 11)]))]
    [[60.0], [11.0]]
    """
    if len(footprints) == 0:
        return np.zeros(0), np.zeros(0)
    rectangles = shapely.minimum_rotated_rectangle(footprints)
    corners = shapely.get_coordinates(rectangles).reshape(len(footprints), 5, 2)[:, :3]
    sides = np.hypot(*np.moveaxis(np.diff(corners, axis=1), -1, 0))
    return sides.max(axis=1), sides.min(axis=1)


def agree(first: Floats, second: Floats, *, difference_max: float) -> Masks:
    """Return where two values do not contradict each other: they differ by no more, or one of them is unknown.

    Parameters
    ----------
    first, second
        Values, shape (n,). NaN is unknown.
    difference_max
        The largest difference that is still the same.

    Returns
    -------
        Shape (n,); symmetric in first and second.

    Examples
    --------
    >>> agree(np.array([1965.0, 1965.0, np.nan]), np.array([1966.0, 1970.0, 1970.0]), difference_max=1).tolist()
    [True, False, True]
    """
    difference = np.abs(first - second)
    return np.isnan(difference) | (difference <= difference_max + 1e-9)
