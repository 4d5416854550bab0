"""The verdict on a site, and the joint coverage of several rules. Source: METHOD 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.exclusion.kernels.spoken import COVERAGES, COVERED, NOT, PARTLY, Codes


def judge_sites(
    n_valid: IntArray, n_unknown: IntArray, n_free: IntArray, lacks_coverage: BoolArray
) -> NDArray[np.object_]:
    """Return the verdict per parcel, the first that holds: excluded, unknown, eligible, conditional.

    Parameters
    ----------
    n_valid, n_unknown
        Shape (n,), pieces that are valid, and pieces of which a way in is not known.
    n_free
        Shape (n,), valid pieces where every rule that asks consent excludes.
    lacks_coverage
        Shape (n,): whether a required rule has no full coverage there.

    Examples
    --------
    >>> n_valid, n_unknown, n_free = np.array([0, 0, 2, 2, 2]), np.array([0, 1, 0, 0, 0]), np.array([0, 0, 2, 0, 1])
    >>> judge_sites(n_valid, n_unknown, n_free, np.array([True, False, True, False, False])).tolist()
    ['excluded', 'unknown', 'unknown', 'conditional', 'eligible']
    """
    is_excluded, is_unknown = n_valid + n_unknown == 0, (n_valid == 0) | lacks_coverage
    chosen = np.select([is_excluded, is_unknown, n_free > 0], ["excluded", "unknown", "eligible"], "conditional")
    return chosen.astype(object)


def joint_coverage(codes: Codes) -> NDArray[np.object_]:
    """Return the joint coverage of rules: covered if all are, not if none is (or there is no rule), else partly.

    Parameters
    ----------
    codes
        Shape (n, n_rules), places in ``COVERAGES``.

    Examples
    --------
    >>> joint_coverage(np.array([[0, 0], [0, 1], [0, 2], [2, 2]], dtype=np.int8)).tolist()
    ['covered', 'partly', 'partly', 'not']
    >>> joint_coverage(np.zeros((1, 0), dtype=np.int8)).tolist()
    ['not']
    """
    is_not, is_partly = (codes == NOT).all(axis=1), (codes != COVERED).any(axis=1)
    return np.array(COVERAGES, dtype=object).take(np.select([is_not, is_partly], [NOT, PARTLY], COVERED))


def least_years(site: IntArray, years: FloatArray, n_sites: int) -> FloatArray:
    """Return per site the least years of its pieces; NaN if those of one are unknown, or if it has no piece.

    Examples
    --------
    >>> least_years(np.array([0, 0, 1, 1]), np.array([9.0, 5.0, 9.0, np.nan]), 3).tolist()
    [5.0, nan, nan]
    """
    least = np.full(n_sites, np.inf)
    known = ~np.isnan(years)
    np.minimum.at(least, site[known], years[known])
    least[site[~known]] = np.nan
    return np.where(np.isinf(least), np.nan, least)
