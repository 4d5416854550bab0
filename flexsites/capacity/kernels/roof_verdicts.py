"""Answers in three values: met, unknown, failed; and what they add up to. Unknown is never treated as no."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import ListArray, lists

__all__ = [
    "FAILED",
    "MET",
    "UNKNOWN",
    "VERDICTS",
    "asks_at_least",
    "asks_at_most",
    "asks_that",
    "list_names",
    "verdicts",
]

Floats = NDArray[np.float64]
Outcomes = NDArray[np.int8]
Masks = NDArray[np.bool_]

MET, UNKNOWN, FAILED = np.int8(0), np.int8(1), np.int8(2)
VERDICTS = ("eligible", "conditional", "unknown", "excluded")

# Shares and areas come out of divisions and buffers: 0.75 of a roof may be a hair below 0.75.
_SLACK = 1e-9


def asks_at_least(observed: Floats, limit: float | Floats) -> Outcomes:
    """Return met where the observed value reaches the limit, failed where it does not, unknown where it is NaN.

    Parameters
    ----------
    observed
        Values, shape (n,). NaN is unknown.
    limit
        The least value that will do. A NaN limit makes the answer unknown.

    Returns
    -------
        MET, UNKNOWN or FAILED, shape (n,).

    Examples
    --------
    >>> asks_at_least(np.array([0.75, 0.74, np.nan]), 0.75).tolist()
    [0, 2, 1]
    """
    with np.errstate(invalid="ignore"):
        outcome = np.where(observed >= limit - _SLACK, MET, FAILED)
    return np.where(np.isnan(observed) | np.isnan(limit), UNKNOWN, outcome).astype(np.int8)


def asks_at_most(observed: Floats, limit: float | Floats) -> Outcomes:
    """Return met where the observed value stays within the limit, failed where it does not, unknown where NaN.

    Parameters
    ----------
    observed
        Values, shape (n,). NaN is unknown.
    limit
        The greatest value that will do. A NaN limit makes the answer unknown.

    Returns
    -------
        MET, UNKNOWN or FAILED, shape (n,).

    Examples
    --------
    >>> asks_at_most(np.array([12.0, 13.0, 12.0]), np.array([12.0, 12.0, np.nan])).tolist()
    [0, 2, 1]
    """
    return asks_at_least(-observed, -limit)


def asks_that(is_so: Floats) -> Outcomes:
    """Return met where the statement is 1, failed where it is 0, unknown where it is NaN.

    Parameters
    ----------
    is_so
        1.0, 0.0 or NaN, shape (n,).

    Returns
    -------
        MET, UNKNOWN or FAILED, shape (n,).

    Examples
    --------
    >>> asks_that(np.array([1.0, 0.0, np.nan])).tolist()
    [0, 2, 1]
    """
    return asks_at_least(is_so, 1.0)


def verdicts(*, is_missing: Masks, is_failed: Masks, is_undecided: Masks, is_restricted: Masks) -> NDArray[np.int64]:
    """Return the verdict per roof: what fails decides before what is missing, and that before what restricts.

    A known failure outranks missing evidence [METHOD 0]: no evidence could make a roof that fails a rule qualify. One
    that fails none and lacks required evidence is unknown: it is kept and counted apart. [METHOD 7]

    Parameters
    ----------
    is_missing
        Required evidence is missing, shape (n,).
    is_failed
        A rule fails on what is known, whatever else is missing.
    is_undecided
        No rule fails, yet the known figures do not decide (within a margin, a lift that may or may not be there).
    is_restricted
        Every home needs a consent that has not been given.

    Returns
    -------
        Positions in VERDICTS, shape (n,).

    Examples
    --------
    >>> yes, no = np.array([True]), np.array([False])
    >>> VERDICTS[verdicts(is_missing=yes, is_failed=yes, is_undecided=no, is_restricted=no)[0]]
    'excluded'
    >>> VERDICTS[verdicts(is_missing=yes, is_failed=no, is_undecided=no, is_restricted=yes)[0]]
    'unknown'
    >>> VERDICTS[verdicts(is_missing=no, is_failed=no, is_undecided=no, is_restricted=yes)[0]]
    'conditional'
    """
    return np.select([is_failed, is_missing | is_undecided, is_restricted], [3, 2, 1], default=0)


def list_names(masks: Sequence[Masks], names: Sequence[str]) -> ListArray:
    """Return per row the names whose mask is true, in the given order; empty where none is.

    Parameters
    ----------
    masks
        One mask per name, each of shape (n,); at most 62.
    names
        The names.

    Returns
    -------
        Shape (n,); each combination is made once.

    Examples
    --------
    >>> list_names([np.array([True, False]), np.array([True, False])], ["height", "year"]).tolist()
    [('height', 'year'), ()]
    """
    codes = np.zeros(len(masks[0]), dtype=np.int64)
    for i, mask in enumerate(masks):
        codes |= mask.astype(np.int64) << i
    present, position = np.unique(codes, return_inverse=True)
    made = [tuple(name for i, name in enumerate(names) if code >> i & 1) for code in present.tolist()]
    return lists((made[at] for at in position), len(codes))
