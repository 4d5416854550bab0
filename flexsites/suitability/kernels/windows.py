"""Kernel of windows: whether the years that a place is free cover the years that are asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["A_FEW_DAYS", "NO", "UNKNOWN", "YES", "covers"]

Floats = npt.NDArray[np.float64]

NO, UNKNOWN, YES = 0, 1, 2
A_FEW_DAYS = 0.01
"""In years: dates are counted in days and months, so that a year may miss a few."""


def covers(
    years_free: Floats, *, begins: float, term: float, years_asked: float | None, from_year: float | None
) -> npt.NDArray[np.int8]:
    """Say of places whether homes may stand there for the years asked: no, unknown or yes.

    Parameters
    ----------
    years_free
        Years that each place is free from ``begins`` on, shape (n,); NaN where that is not known. Fewer than the term:
        a plan follows. As many: no plan limits it, so that it may also open later, for its term.
    begins
        When homes may first stand there, as a decimal year.
    term
        The longest that homes stand in one place.
    years_asked, from_year
        How long, and from the start of which year; None: not asked. A year without a number of years asks for one.

    Examples
    --------
    From 2027 on ten years: a place that is free for five, one for the whole term of fifteen, one that is unknown.

    >>> covers(np.array([5.0, 15, np.nan]), begins=2026.9, term=15, years_asked=10, from_year=2027).tolist()
    [0, 2, 1]

    Twenty years are more than any home may stand.

    >>> covers(np.array([15.0, np.nan]), begins=2026.9, term=15, years_asked=20, from_year=None).tolist()
    [0, 0]
    """
    found = np.full(len(years_free), YES, dtype=np.int8)
    if years_asked is None and from_year is None:
        return found
    years = 1.0 if years_asked is None else years_asked
    if years > term + A_FEW_DAYS or (from_year is not None and from_year < begins - A_FEW_DAYS):
        found[:] = NO
        return found
    wait = 0.0 if from_year is None else from_year - begins
    is_limited = years_free < term
    lasts = np.where(is_limited, years_free - wait, np.minimum(years_free, term))
    found[lasts + A_FEW_DAYS < years] = NO
    found[np.isnan(years_free)] = UNKNOWN
    return found
