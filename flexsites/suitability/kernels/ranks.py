"""Ranks among suitable locations. Source: METHOD 0, "Suitability"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["better_before"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def better_before(verdict: Ints, score: Floats) -> Ints:
    """Return the rank of each: 1 + the number with a better (verdict, score). Equals share a rank.

    Parameters
    ----------
    verdict
        0 is best, shape (n,).
    score
        Rounded as it was made, shape (n,); NaN (none is known) comes after every score.

    Examples
    --------
    >>> better_before(np.array([0, 0, 0, 1]), np.array([0.5, 0.9, 0.5, 1.0])).tolist()
    [2, 1, 2, 4]
    """
    falling = -np.where(np.isnan(score), -np.inf, score)
    order = np.lexsort((falling, verdict))
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (np.diff(verdict[order]) != 0) | (falling[order][1:] != falling[order][:-1])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.flatnonzero(is_first)[np.cumsum(is_first) - 1] + 1
    return rank
