"""Time: which plans exclude now, and how many years a piece is free until the plan begins. Source: METHOD 0 and 2."""

from __future__ import annotations

from datetime import date

import numpy as np

from flexsites.arrays import BoolArray, FloatArray


def as_year(day: date) -> float:
    """Return a day as a year with a fraction: 1 January is the whole year, so a plan of 2030 starts at 2030.0.

    Examples
    --------
    >>> as_year(date(2020, 1, 1)), round(as_year(date(2024, 7, 1)), 2)
    (2020.0, 2024.5)
    """
    length = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return day.year + (day - date(day.year, 1, 1)).days / length


def starts_within(
    start_year: FloatArray, completion_year: FloatArray, *, reference: float, horizon: float, unknown_starts: bool
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

    Examples
    --------
    >>> starts = np.array([2019.0, 2030.0, 2031.0, np.nan, 2015.0])
    >>> ends = np.array([2025.0, np.nan, np.nan, np.nan, 2018.0])
    >>> starts_within(starts, ends, reference=2020.0, horizon=10.0, unknown_starts=True).tolist()
    [True, True, False, True, False]
    """
    is_completed = completion_year < np.floor(reference)
    is_near = np.where(np.isnan(start_year), unknown_starts, start_year - reference <= horizon)
    return np.asarray(is_near & ~is_completed, dtype=bool)


def available_years(
    plan_start: FloatArray,
    is_covered: BoolArray,
    *,
    reference: float,
    preparation: float,
    term: float,
) -> FloatArray:
    """Return max(0, min(term, plan start - reference - preparation)) in years.

    Parameters
    ----------
    plan_start
        Shape (n,), year of the first plan that takes the place; NaN: no plan is known.
    is_covered
        Shape (n,): whether plan capacity, and the start of every plan there, is known.
    reference, preparation, term
        Reference date as a year, and two durations in years.

    Returns
    -------
    FloatArray
        Shape (n,). Without a plan the term. Where plans are not (all) known NaN, also where one is: another may begin
        earlier. Only 0 is sure there, as nothing makes it less.

    Examples
    --------
    >>> start = np.array([2032.0, 2020.5, np.nan, np.nan, 2029.0, 2020.5])
    >>> known = np.array([True, True, True, False, False, False])
    >>> available_years(start, known, reference=2020.0, preparation=1.0, term=10.0).tolist()
    [10.0, 0.0, 10.0, nan, nan, 0.0]
    """
    years = np.maximum(0.0, np.minimum(term, plan_start - reference - preparation))
    years = np.where(np.isnan(plan_start), term, years)
    is_sure = is_covered | (years == 0.0)
    return np.asarray(np.where(is_sure, years, np.nan), dtype=np.float64)
