"""Homes in vacant buildings: what of their floor area becomes homes, and how many these are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["transformed_homes"]

Floats = NDArray[np.float64]


def transformed_homes(
    floor_area_m2: Floats, usable_share: Floats, home_m2: float, *, min_floor_area_m2: float
) -> Floats:
    """Return the homes that buildings hold: floor(floor area x usable share / home), 0 below the least area.

    Parameters
    ----------
    floor_area_m2
        Usable floor area of today's use, shape (n,); NaN where it is not known.
    usable_share
        The share of it that becomes homes, shape (n,); NaN where it is not known.
    home_m2
        Usable floor area of a home, above 0.
    min_floor_area_m2
        Buildings below this are no project.

    Returns
    -------
        Whole homes, shape (n,); NaN where area or share is not known. Never falls when area or share rises.

    Examples
    --------
    >>> area, share = np.array([1_000.0, 150.0, np.nan]), np.array([0.7, 0.7, 0.7])
    >>> transformed_homes(area, share, 40.0, min_floor_area_m2=200.0).tolist()
    [17.0, 0.0, nan]
    """
    homes = np.floor(floor_area_m2 * usable_share / home_m2 + 1e-9)
    return np.where(floor_area_m2 < min_floor_area_m2, 0.0, homes)
