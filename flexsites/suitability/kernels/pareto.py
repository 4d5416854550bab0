"""The options that no other option beats in every respect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["pareto_front"]


def pareto_front(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which options no other is at least as good as in every respect, and better in one.

    Parameters
    ----------
    values
        Shape (n, respects), higher is better. NaN, which is unknown, counts as the least: what is not known to be good
        beats nothing.

    Examples
    --------
    >>> pareto_front(np.array([[1.0, 5.0], [2.0, 4.0], [1.0, 4.0], [2.0, 4.0]])).tolist()
    [True, True, False, True]
    """
    known = np.where(np.isnan(values), -np.inf, values)
    order = np.lexsort(known.T[::-1])[::-1]
    front = np.zeros(len(known), dtype=bool)
    kept = np.empty((0, known.shape[1]))
    # From the best in the first respect on: what beats an option came before it, or is its equal.
    for option in order:
        own = known[option]
        beaten = (kept >= own).all(axis=1) & (kept > own).any(axis=1)
        if not beaten.any():
            front[option] = True
            kept = np.vstack([kept, own])
    return front
