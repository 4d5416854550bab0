"""Kernels of suitability: thresholds in three-valued logic, value functions, weighted means.

Truth is an int8 array: 1 passes, 0 fails, -1 unknown. It follows Kleene: unknown is never a no, and a yes beside an
unknown is still a yes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Truth = npt.NDArray[np.int8]

YES, NO, UNKNOWN = np.int8(1), np.int8(0), np.int8(-1)


def passes(
    value: Floats, is_unreached: Bools, is_truncated: Bools, complete_to: Floats, *, limit: float, at_most: bool
) -> Truth:
    """Whether each value is on the right side of the limit.

    Parameters
    ----------
    value
        Shape (n,), NaN where nothing was reached or known.
    is_unreached
        Searched completely and not reached: fails an ``at_most``, and counts as nothing for an ``at_least``.
    is_truncated
        The reach left the extent of the data: a distance is an upper bound, a count a lower bound. Both may pass
        with certainty; neither may fail with certainty.
    complete_to
        Up to which cost nothing was missed, NaN where that does not bind: beyond an ``at_most`` limit it makes a no
        certain, although a longer search would have left the data.
    limit
        In the unit of the value.
    at_most
        True: values up to the limit pass; False: values from the limit on pass.

    Examples
    --------
    >>> value = np.array([400.0, 900.0, 900.0, np.nan, np.nan])
    >>> unreached = np.array([False, False, False, True, False])
    >>> truncated = np.array([False, False, True, False, False])
    >>> complete = np.array([np.nan, np.nan, 450.0, np.nan, 600.0])
    >>> passes(value, unreached, truncated, complete, limit=500, at_most=True).tolist()
    [1, 0, -1, 0, 0]
    """
    with np.errstate(invalid="ignore"):
        is_met = value <= limit if at_most else value >= limit
    known = ~np.isnan(value)
    truth = np.where(known & is_met, YES, np.where(known & ~is_truncated, NO, UNKNOWN)).astype(np.int8)
    if at_most:
        with np.errstate(invalid="ignore"):
            truth[(truth == UNKNOWN) & (complete_to >= limit)] = NO
    truth[is_unreached & ~is_truncated] = NO if at_most or limit > 0 else YES
    return truth


def any_of(truths: npt.NDArray[np.int8]) -> Truth:
    """Kleene's or along the first axis: yes if any is yes, no if all are no, else unknown.

    Examples
    --------
    >>> any_of(np.array([[1, 0, 0, -1], [0, 0, -1, 1]], dtype=np.int8)).tolist()
    [1, 0, -1, 1]
    """
    has_yes = (truths == YES).any(axis=0)
    all_no = (truths == NO).all(axis=0)
    return np.where(has_yes, YES, np.where(all_no, NO, UNKNOWN)).astype(np.int8)


def all_of(truths: npt.NDArray[np.int8]) -> Truth:
    """Kleene's and along the first axis: no if any is no, yes if all are yes, else unknown.

    Examples
    --------
    >>> all_of(np.array([[1, 0, 1, -1], [1, -1, -1, 1]], dtype=np.int8)).tolist()
    [1, 0, -1, -1]
    """
    has_no = (truths == NO).any(axis=0)
    all_yes = (truths == YES).all(axis=0)
    return np.where(has_no, NO, np.where(all_yes, YES, UNKNOWN)).astype(np.int8)


def linear_value(value: Floats, is_unreached: Bools, *, full_at: float, zero_at: float) -> Floats:
    """Return the value function: 1 at ``full_at`` and beyond, 0 at ``zero_at`` and beyond, linear between.

    Unreached is 0, unknown is NaN. It does not depend on any other site.

    Examples
    --------
    >>> linear_value(np.array([300.0, 750.0, np.nan]), np.array([False, False, True]), full_at=500, zero_at=1000)
    array([1. , 0.5, 0. ])
    """
    share = (value - zero_at) / (full_at - zero_at)
    result = np.minimum(np.maximum(share, 0.0), 1.0)
    return np.where(is_unreached, 0.0, result)


def weighted_mean(values: npt.NDArray[np.float64], weights: Floats) -> tuple[Floats, Floats]:
    """Weighted mean over what is known, and the share of the weights that is known.

    Parameters
    ----------
    values
        Shape (criteria, n), NaN is unknown.
    weights
        Shape (criteria,), positive.

    Returns
    -------
    Mean of shape (n,), NaN where nothing is known; known share of shape (n,), 0 to 1.

    Examples
    --------
    >>> mean, known = weighted_mean(np.array([[1.0, np.nan], [0.0, np.nan]]), np.array([3.0, 1.0]))
    >>> mean.tolist(), known.tolist()
    ([0.75, nan], [1.0, 0.0])
    """
    known, total, summed = ~np.isnan(values), np.zeros(values.shape[1]), np.zeros(values.shape[1])
    # One criterion after the other, never a matrix product: its last bits depend on how many sites are in the call.
    for value, is_known, weight in zip(values, known, weights, strict=True):
        total += np.where(is_known, weight, 0.0)
        summed += np.where(is_known, value * weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(total > 0, summed / total, np.nan)
    # A mean of ones may come out one ulp above 1: the bound of a score is exact.
    return np.minimum(mean, 1.0), np.minimum(total / weights.sum(), 1.0)
