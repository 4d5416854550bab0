"""How pieces stand to what a flexmilieu asks: measures against limits and weights, arrays only. Source: METHOD 0, 5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.suitability.kernels import criteria as c

__all__ = ["Asked", "Judged", "Limit", "Measured", "Weight", "judge_arrays", "met_of", "score_of"]

Ints = npt.NDArray[np.int64]

SCORE_DECIMALS = 3
"""Scores are rounded half-even when they are made, so that equal ones are equal wherever they are compared."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Measures over pieces, each of shape (measures, n).

    Attributes
    ----------
    value
        NaN is null.
    is_unreached, is_truncated, complete_to
        What a null or a truncated value means, see :func:`flexsites.suitability.kernels.criteria.passes`.
    """

    value: c.Floats
    is_unreached: c.Bools
    is_truncated: c.Bools
    complete_to: c.Floats


@dataclass(frozen=True, slots=True)
class Limit:
    """One threshold: the measure's row, its limit in the unit of the measure, and which side of it passes."""

    measure: int
    limit: float
    at_most: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """One weighted measure: its row, its weight, and where its value function is 1 and 0."""

    measure: int
    weight: float
    full_at: float
    zero_at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What a flexmilieu asks: its required criteria, each met by any of its limits, and what it weighs."""

    criteria: tuple[tuple[Limit, ...], ...]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """How n pieces stand to one flexmilieu.

    Attributes
    ----------
    truth
        Whether all required criteria are met, three-valued, shape (n,).
    score, known_share
        The weighted mean rounded to three decimals (NaN: none is known), and the share of weight known, shape (n,).
    failed, failed_by
        The criterion that fails by the largest share of its limit (-1: none), and by how much (NaN: not reached).
    is_unknown
        Which criteria are unknown, shape (criteria, n).
    """

    truth: c.Truth
    score: c.Floats
    known_share: c.Floats
    failed: Ints
    failed_by: c.Floats
    is_unknown: c.Bools


def judge_arrays(measured: Measured, asked: Asked) -> Judged:
    """Judge pieces by what a flexmilieu asks. Homes do not enter: what holds none may still suit.

    Examples
    --------
    >>> no = np.zeros((1, 3), dtype=bool)
    >>> stop = Measured(np.array([[400.0, 900.0, np.nan]]), no, no, np.full((1, 3), np.nan))
    >>> found = judge_arrays(stop, Asked(((Limit(0, 500.0, True),),), (Weight(0, 1.0, 0.0, 1200.0),)))
    >>> found.truth.tolist(), found.score.tolist(), found.failed.tolist(), found.failed_by.tolist()
    ([1, 0, -1], [0.667, 0.25, nan], [-1, 0, -1], [nan, 400.0, nan])
    >>> no_sites = Measured(np.zeros((1, 0)), no[:, :0], no[:, :0], np.zeros((1, 0)))
    >>> len(judge_arrays(no_sites, Asked(((Limit(0, 500.0, True),),), (Weight(0, 1.0, 0.0, 1200.0),))).truth)
    0
    """
    truths = _truths(measured, asked)
    failed, failed_by = _worst_failure(asked, truths, measured)
    score, known = score_of(measured, asked)
    return Judged(_all_met(truths), score, known, failed, failed_by, truths == c.UNKNOWN)


def met_of(measured: Measured, asked: Asked) -> c.Truth:
    """Return whether each piece meets all that a flexmilieu requires, three-valued, shape (n,)."""
    return _all_met(_truths(measured, asked))


def score_of(measured: Measured, asked: Asked) -> tuple[c.Floats, c.Floats]:
    """Return the score of each piece, rounded (NaN: none is known), and the share of weight known, shape (n,)."""
    values = [
        c.linear_value(
            measured.value[one.measure], measured.is_unreached[one.measure], full_at=one.full_at, zero_at=one.zero_at
        )
        for one in asked.weights
    ]
    score, known = c.weighted_mean(np.stack(values), np.array([one.weight for one in asked.weights]))
    return np.round(score, SCORE_DECIMALS), known


def _truths(measured: Measured, asked: Asked) -> npt.NDArray[np.int8]:
    """Return whether each criterion is met, shape (criteria, n)."""
    truths = [_met(one, measured) for one in asked.criteria]
    return np.array(truths, dtype=np.int8).reshape(len(truths), measured.value.shape[1])


def _all_met(truths: npt.NDArray[np.int8]) -> c.Truth:
    return c.all_of(truths) if len(truths) else np.full(truths.shape[1], c.YES, dtype=np.int8)


def _met(limits: tuple[Limit, ...], measured: Measured) -> c.Truth:
    """Return whether any of the limits of a criterion is kept."""
    truths = [
        c.passes(
            measured.value[one.measure],
            measured.is_unreached[one.measure],
            measured.is_truncated[one.measure],
            measured.complete_to[one.measure],
            limit=one.limit,
            at_most=one.at_most,
        )
        for one in limits
    ]
    return c.any_of(np.stack(truths))


def _worst_failure(asked: Asked, truths: npt.NDArray[np.int8], measured: Measured) -> tuple[Ints, c.Floats]:
    """Return the criterion that fails by the largest share of its limit, and by how much.

    A criterion that was not reached at all is worse than any that was; its margin is null.
    """
    n = measured.value.shape[1]
    failed, margin, worst = np.full(n, -1, dtype=np.int64), np.full(n, np.nan), np.full(n, -np.inf)
    for i, (limits, truth) in enumerate(zip(asked.criteria, truths, strict=True)):
        nearest, share = _margin(limits, measured)
        is_worse = (truth == c.NO) & (share > worst)
        failed[is_worse], margin[is_worse], worst[is_worse] = i, nearest[is_worse], share[is_worse]
    return failed, margin


def _margin(limits: tuple[Limit, ...], measured: Measured) -> tuple[c.Floats, c.Floats]:
    """Return by how much the nearest limit is missed: in its unit, and as share of it (inf: not reached)."""
    n = measured.value.shape[1]
    by, share = np.full(n, np.nan), np.full(n, np.inf)
    for one in limits:
        value = measured.value[one.measure]
        missed = value - one.limit if one.at_most else one.limit - value
        relative = missed / one.limit if one.limit else missed
        with np.errstate(invalid="ignore"):
            is_nearer = ~np.isnan(missed) & (missed >= 0) & (relative < share)
        by[is_nearer], share[is_nearer] = missed[is_nearer], relative[is_nearer]
    return by, share
