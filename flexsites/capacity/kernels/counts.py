"""The counts of homes: what land takes, what one place holds, and the common programme. Source: METHOD 0, "Homes".

Estimates stand along the first axis: low, expected, high.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["common_programme", "per_cluster", "room"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

M2_PER_HA = 10_000.0


def room(by_density: Floats, by_layout: Ints) -> Ints:
    """Return the homes that land takes: floor(min(density, layout)), with no cap.

    Parameters
    ----------
    by_density
        Homes by density, not rounded, any shape.
    by_layout
        Homes of a layout, same shape; where it was counted up to what density asks, at least that.

    Returns
    -------
        Whole homes; never falls when either rises.

    Examples
    --------
    >>> room(np.array([4.9, 4.9]), np.array([7, 3])).tolist()
    [4, 3]
    """
    return np.minimum(np.floor(by_density).astype(np.int64), by_layout)


def per_cluster(homes: Ints, minimum: Sequence[float], maximum: Sequence[float]) -> Ints:
    """Return what one place would hold: min(maximum, room), and 0 below the minimum.

    Parameters
    ----------
    homes
        Room, shape (estimates, n).
    minimum, maximum
        The fewest and the most homes of one place per estimate; a maximum may be infinite.

    Returns
    -------
        Homes, shape (estimates, n). They are of places beside each other and never totalled.

    Examples
    --------
    >>> per_cluster(np.array([[2, 5, 90]]), minimum=[3], maximum=[30]).tolist()
    [[0, 5, 30]]
    """
    least, most = (np.asarray(bound, dtype=np.float64)[:, None] for bound in (minimum, maximum))
    return np.where(homes < least, 0, np.minimum(homes, most)).astype(np.int64)


def common_programme(area_m2: Floats, homes_per_ha: Sequence[float]) -> Floats:
    """Return the common programme: homes of any kind on an area at a common density, not rounded, with no cap.

    Parameters
    ----------
    area_m2
        Core area, shape (n,).
    homes_per_ha
        Homes per gross hectare per estimate.

    Returns
    -------
        Homes, shape (estimates, n); proportional to the area, so that they may be added over land.

    Examples
    --------
    >>> common_programme(np.array([5_000.0]), [30, 60, 100]).tolist()
    [[15.0], [30.0], [50.0]]
    """
    return np.asarray(homes_per_ha, dtype=np.float64)[:, None] * np.asarray(area_m2, dtype=np.float64) / M2_PER_HA
