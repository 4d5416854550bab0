"""Which shape of a parcel another is a part of: what is left of it when more of the parcel is taken."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray

__all__ = ["wholes_of"]


def wholes_of(shapes: GeometryArray, parcel: IntArray, is_part: BoolArray) -> IntArray:
    """Return for each part the whole that it is of, -1 where its parcel has none; -1 for the wholes too, shape (n,).

    Of several it is the one that a point of the part lies in; by distance, for cuts are rounded.

    Parameters
    ----------
    shapes
        Shape (n,); the wholes of a parcel do not overlap.
    parcel
        The parcel of each, a number, shape (n,).
    is_part
        Shape (n,); the others are wholes.

    Examples
    --------
    >>> shapes = shapely.box([0, 5, 0, 6, 0], 0, [4, 9, 2, 7, 1], 1)
    >>> wholes_of(shapes, np.array([0, 0, 0, 0, 1]), np.array([False, False, True, True, True])).tolist()
    [-1, -1, 0, 1, -1]
    """
    found = np.full(len(shapes), -1, dtype=np.int64)
    parts, wholes = np.flatnonzero(is_part), np.flatnonzero(~is_part)
    wholes = wholes[np.argsort(parcel[wholes], kind="stable")]
    starts, ends = (np.searchsorted(parcel[wholes], parcel[parts], side=side) for side in ("left", "right"))
    n = ends - starts
    part = np.repeat(parts, n)
    whole = wholes[np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(starts, n)]
    apart = shapely.distance(shapely.point_on_surface(shapes[part]), shapes[whole])
    order = np.lexsort((whole, apart, part))
    first, at = np.unique(part[order], return_index=True)
    found[first] = whole[order][at]
    return found
