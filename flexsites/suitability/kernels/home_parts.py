"""Kernel of a place's homes: how many are of each dwelling type, and how many of those are level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["parts_of"]

Ints = npt.NDArray[np.int64]
_ROUNDING = 1e-9


def parts_of(n_homes: Ints, shares: Sequence[float], storeys: Sequence[int], *, has_lift: bool) -> Ints:
    """Return the homes of places per dwelling type, those that are level and those that are not.

    Parameters
    ----------
    n_homes
        Homes of each place, shape (n,).
    shares
        The share of each dwelling type, t of them, summing to 1.
    storeys
        How many homes of each type stand on one another.
    has_lift
        Whether all of them are level.

    Returns
    -------
    Shape (n, t, 2): level, and not level. They sum to the homes: each type gets the whole homes of its share, and what
    is left goes to the types with the largest rest, the first of equals. Of homes on s storeys one in s is on the
    ground floor, whole homes only: at least so many.

    Examples
    --------
    Eleven homes, four in five studios on two storeys: 9 studios of which 4 are on the ground, 2 larger ones.

    >>> parts_of(np.array([11]), [0.8, 0.2], [2, 1], has_lift=False).tolist()
    [[[4, 5], [2, 0]]]
    >>> parts_of(np.array([11]), [0.8, 0.2], [2, 1], has_lift=True).tolist()
    [[[9, 0], [2, 0]]]
    """
    exact = n_homes[:, None] * np.asarray(shares)
    of_type = np.floor(exact + _ROUNDING).astype(np.int64)
    rest = n_homes - of_type.sum(axis=1)
    order = np.argsort(-np.round(exact - of_type, 9), axis=1, kind="stable")
    nth = np.argsort(order, axis=1, kind="stable")
    of_type += nth < rest[:, None]
    level = of_type if has_lift else of_type // np.asarray(storeys)
    return np.stack([level, of_type - level], axis=2)
