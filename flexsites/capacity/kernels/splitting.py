"""Homes that a home is split into: as many as its floor area holds, up to a most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["homes_when_split"]

Floats = NDArray[np.float64]


def homes_when_split(floor_area_m2: Floats, most_homes: Floats, home_m2: float) -> Floats:
    """Return how many homes a home becomes: the whole part of floor area / home, from 1 to a most.

    Parameters
    ----------
    floor_area_m2
        Usable floor area of each home, shape (n,); NaN where it is not known.
    most_homes
        What a home of its type becomes at most, 1 or more, shape (n,); NaN where its type is not known.
    home_m2
        Usable floor area that each home keeps, above 0.

    Returns
    -------
        Whole homes, shape (n,): 1 where it is not split; NaN where area or type is not known. Never falls when the area
        or the most rises.

    Examples
    --------
    >>> area, most = np.array([72.0, 72.0, 30.0, np.nan]), np.array([4.0, 1.0, 4.0, 4.0])
    >>> homes_when_split(area, most, 35.0).tolist()
    [2.0, 1.0, 1.0, nan]
    """
    fit = np.maximum(np.floor(floor_area_m2 / home_m2 + 1e-9), 1.0)
    return np.asarray(np.minimum(fit, most_homes))
