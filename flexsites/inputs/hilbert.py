"""The order in which canonical tables are written: along a Hilbert curve that is fixed for the whole country.

Kernel: numpy and shapely only.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

# A square that holds the domain of RD New; fixed, so that a row's place does not depend on the rows around it.
_ORIGIN = (-100_000.0, 200_000.0)
_SIDE_M = 524_288.0
LEVEL = 16
"""Depth of the curve: 2^16 cells of 8 m along each side, so a distance along it has 32 bits."""


def hilbert_distance(geometries: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return how far along the national Hilbert curve the middle of each geometry's bounding box lies.

    What lies near on the curve lies near on the map, so that a window touches few row groups.

    Parameters
    ----------
    geometries
        Shape (n,), in RD New; not null and not empty.

    Returns
    -------
    NDArray[np.int64]
        Shape (n,), in [0, 2^32). A place outside the square counts as the nearest place on its edge (this is an order,
        not a measurement).

    Examples
    --------
    >>> hilbert_distance(shapely.points([[-100_000, 200_000], [-99_992, 200_000], [-99_992, 200_008]])).tolist()
    [0, 1, 2]
    """
    bounds = shapely.bounds(geometries)
    n_cells = 1 << LEVEL
    scale = n_cells / _SIDE_M
    x = np.floor(((bounds[:, 0] + bounds[:, 2]) / 2 - _ORIGIN[0]) * scale).astype(np.int64)
    y = np.floor(((bounds[:, 1] + bounds[:, 3]) / 2 - _ORIGIN[1]) * scale).astype(np.int64)
    return _along_curve(np.clip(x, 0, n_cells - 1), np.clip(y, 0, n_cells - 1))


def _along_curve(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distance along the curve of cells (x, y): at every level, which quadrant, then turn and mirror."""
    distance = np.zeros(len(x), dtype=np.int64)
    for level in range(LEVEL - 1, -1, -1):
        side = np.int64(1) << level
        right, upper = (x & side) > 0, (y & side) > 0
        distance += side * side * ((3 * right.astype(np.int64)) ^ upper.astype(np.int64))
        x, y = x & (side - 1), y & (side - 1)
        mirrored = right & ~upper
        x, y = np.where(mirrored, side - 1 - x, x), np.where(mirrored, side - 1 - y, y)
        x, y = np.where(upper, x, y), np.where(upper, y, x)
    return distance
