"""Ranks among suitable locations, and the order within a rank. Source: METHOD 0, "Suitability"."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["better_before", "listed"]

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


def listed(rank: Ints, owner: Ints, homes: Ints, location: Ints) -> Ints:
    """Return the order in which locations are listed: rank, owner, homes falling, location.

    Parameters
    ----------
    rank, owner, homes, location
        Shape (n,): the rank, the place of the owner's class, the homes of one place, the place of the id.

    Examples
    --------
    >>> listed(np.array([1, 1, 1]), np.array([2, 0, 0]), np.array([9, 5, 7]), np.array([0, 1, 2])).tolist()
    [2, 1, 0]
    """
    return np.asarray(np.lexsort((location, -homes, owner, rank)), dtype=np.int64)
