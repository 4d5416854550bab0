"""What one place holds of the homes that land takes. Source: METHOD 0, "Homes"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sizes", "per_cluster"]

Ints = NDArray[np.int64]


class Sizes(NamedTuple):
    """How many homes one place of a flexmilieu holds."""

    minimum: Sequence[float]
    """The fewest: low, expected, high, as they are told."""
    maximum: Sequence[float]
    """The most."""
    formed_from: float
    """The fewest at the expected figures: clusters are formed at these, whatever is told as expected."""


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
