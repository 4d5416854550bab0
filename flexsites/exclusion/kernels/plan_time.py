"""Time: which plans exclude now, and how many years a piece is free until the plan begins. Source: METHOD 0 and 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flexsites.arrays import BoolArray, FloatArray, IntArray

_HALF = 0.5


def starts_within(
    start_year: FloatArray,
    completion_year: FloatArray,
    *,
    reference: float,
    horizon: float,
    unknown_starts: bool,
    is_open: bool = False,
) -> BoolArray:
    """Return which plans exclude: those that start within the horizon and are not completed before the reference.

    Parameters
    ----------
    start_year, completion_year
        Shape (n,), years; NaN is unknown. A plan of which the completion is unknown is not completed.
    reference
        Reference date as a year.
    horizon
        Years.
    unknown_starts
        Whether a plan of which the start is unknown counts as starting within the horizon.
    is_open
        Whether a plan that starts exactly at the horizon lies beyond it.

    Examples
    --------
    >>> starts = np.array([2019.0, 2030.0, 2031.0, np.nan, 2015.0])
    >>> ends = np.array([2025.0, np.nan, np.nan, np.nan, 2018.0])
    >>> starts_within(starts, ends, reference=2020.0, horizon=10.0, unknown_starts=True).tolist()
    [True, True, False, True, False]
    >>> starts_within(starts, ends, reference=2020.0, horizon=10.0, unknown_starts=True, is_open=True).tolist()
    [True, False, False, True, False]
    """
    is_completed = completion_year < np.floor(reference)
    ahead = start_year - reference
    is_near = np.where(np.isnan(start_year), unknown_starts, ahead < horizon if is_open else ahead <= horizon)
    return np.asarray(is_near & ~is_completed, dtype=bool)


@dataclass(frozen=True, slots=True)
class PlansMet:
    """The plans that pieces meet by more than the least overlap, one row per pair.

    Attributes
    ----------
    piece
        Shape (n,), position of the piece.
    start
        Shape (n,), the year in which the plan starts (1 January); NaN: unknown.
    is_hard
        Shape (n,), hard or zacht.
    chance
        Shape (n,), the chance in [0, 1] that a soft plan goes on; NaN: not given, and then it does not count among
        the expected.
    """

    piece: IntArray
    start: FloatArray
    is_hard: BoolArray
    chance: FloatArray


def available_years(
    met: PlansMet, is_covered: BoolArray, *, reference: float, preparation: float, term: float
) -> FloatArray:
    """Return max(0, min(term, plan start - reference - preparation)): low, expected and high, in years.

    Low counts all plans; expected the hard ones, and the soft ones from the first year in which the chance that some
    soft plan has started reaches one half; high the hard ones alone.

    Parameters
    ----------
    met
        The plans.
    is_covered
        Shape (n,): whether plan capacity is known at each piece.
    reference, preparation, term
        Reference date as a year, and two durations in years.

    Returns
    -------
    FloatArray
        Shape (n, 3). Without a plan the term. NaN where plans are not (all) known, except 0, which nothing makes less;
        a soft plan of unknown start makes the low NaN, a hard one all three.

    Examples
    --------
    >>> met = PlansMet(np.array([0, 1, 1]), np.array([2033.0, 2031.0, 2040.0]), np.array([False, False, True]),
    ...                np.array([np.nan, 0.5, np.nan]))
    >>> available_years(met, np.array([True, True, True, False]), reference=2026.0, preparation=1.0, term=15.0).tolist()
    [[6.0, 15.0, 15.0], [4.0, 4.0, 13.0], [15.0, 15.0, 15.0], [nan, nan, nan]]
    """
    n = len(is_covered)
    hard, soft = np.full(n, np.inf), np.full(n, np.inf)
    is_known = ~np.isnan(met.start)
    for starts, chosen in ((hard, met.is_hard & is_known), (soft, ~met.is_hard & is_known)):
        np.minimum.at(starts, met.piece[chosen], met.start[chosen])
    begins = np.column_stack([np.minimum(hard, soft), np.minimum(hard, likely_start(met, n)), hard])
    years = np.maximum(0.0, np.minimum(term, begins - reference - preparation))
    is_open = np.zeros((n, 3), dtype=bool)
    is_open[met.piece[~is_known], 0] = True
    is_open[met.piece[~is_known & met.is_hard]] = True
    is_sure = (is_covered[:, None] & ~is_open) | (years == 0.0)
    return np.asarray(np.where(is_sure, years, np.nan), dtype=np.float64)


def likely_start(met: PlansMet, n: int) -> FloatArray:
    """Return the first year in which the chance that some soft plan has started reaches one half; inf: never.

    Chances are independent.

    Examples
    --------
    >>> met = PlansMet(np.array([0, 0]), np.array([2030.0, 2034.0]), np.array([False, False]), np.array([0.3, 0.3]))
    >>> likely_start(met, 2).tolist()
    [2034.0, inf]
    """
    year = np.full(n, np.inf)
    rows = np.flatnonzero(~met.is_hard & ~np.isnan(met.start) & ~np.isnan(met.chance))
    rows = rows[np.lexsort((met.start[rows], met.piece[rows]))]
    none_began = np.ones(n)
    for row in rows:
        piece = met.piece[row]
        none_began[piece] *= 1.0 - met.chance[row]
        if none_began[piece] <= _HALF and np.isinf(year[piece]):
            year[piece] = met.start[row]
    return year
