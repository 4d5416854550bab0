"""What one draw says of every piece, in one compiled pass: as :mod:`flexsites.suitability.kernels` says it.

A run judges pieces array by array; draws are hundreds, and go piece by piece: what fails is not scored. Scores are
whole thousandths, as a run rounds them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.compiled import kernel
from flexsites.suitability.kernels.judgement import Asked, Measured

__all__ = ["NO_SCORE", "Packed", "judged", "mark_sites", "pack", "scores", "served_locations", "truths"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Truth = npt.NDArray[np.int8]

YES, NO, UNKNOWN = 1, 0, -1
NO_SCORE = -1
"""Stands for a score of which nothing is known."""
_SCORES = 1002
_PER_ONE = 1000.0


@dataclass(frozen=True, slots=True)
class Packed:
    """What a flexmilieu asks, as arrays.

    Attributes
    ----------
    measure, limit, at_most
        Of each limit, shape (limits,).
    end
        Where the limits of each criterion end, shape (criteria,).
    weighed, weight
        The measure of each weight, and (weight, full at, zero at), shape (weights, 3).
    """

    measure: Ints
    limit: Floats
    at_most: Bools
    end: Ints
    weighed: Ints
    weight: Floats


def pack(asked: Asked) -> Packed:
    """Return what a flexmilieu asks as arrays."""
    limits = [one for criterion in asked.criteria for one in criterion]
    weights = [(one.weight, one.full_at, one.zero_at) for one in asked.weights]
    return Packed(
        np.array([one.measure for one in limits], dtype=np.int64),
        np.array([one.limit for one in limits], dtype=np.float64),
        np.array([one.at_most for one in limits], dtype=np.bool_),
        np.cumsum([len(criterion) for criterion in asked.criteria], dtype=np.int64),
        np.array([one.measure for one in asked.weights], dtype=np.int64),
        np.array(weights, dtype=np.float64).reshape(-1, 3),
    )


def judged(measured: Measured, asked: Asked) -> tuple[Truth, Ints]:
    """Return whether each piece meets all that is required, and the score of those that do, in thousandths.

    Law: equal to :func:`flexsites.suitability.kernels.judgement.met_of` and ``score_of``.

    Examples
    --------
    >>> from flexsites.suitability.kernels.judgement import Limit, Weight
    >>> no = np.zeros((1, 3), dtype=bool)
    >>> stop = Measured(np.array([[400.0, 900.0, np.nan]]), no, no, np.full((1, 3), np.nan))
    >>> truth, score = judged(stop, Asked(((Limit(0, 500.0, True),),), (Weight(0, 1.0, 0.0, 1200.0),)))
    >>> truth.tolist(), score.tolist()
    ([1, 0, -1], [667, -1, -1])
    """
    told = pack(asked)
    truth = truths(
        measured.value, measured.is_unreached, measured.is_truncated, measured.complete_to,
        told.measure, told.limit, told.at_most, told.end,
    )  # fmt: skip
    return truth, scores(truth, measured.value, measured.is_unreached, told.weighed, told.weight)


@kernel
def truths(
    value: Floats, is_unreached: Bools, is_truncated: Bools, complete_to: Floats,
    measure: Ints, limit: Floats, at_most: Bools, end: Ints,
) -> Truth:  # fmt: skip
    """Return whether each piece meets all criteria; measures of shape (measures, n), limits as packed."""
    n = value.shape[1]
    truth = np.full(n, YES, dtype=np.int8)
    for i in range(n):
        first = 0
        for last in end:
            is_met = NO
            for k in range(first, last):
                m = measure[k]
                one = _passes(
                    value[m, i], is_unreached[m, i], is_truncated[m, i], complete_to[m, i], limit[k], at_most[k]
                )
                is_met = one if one == YES or is_met == NO else is_met
                if is_met == YES:
                    break
            first = last
            truth[i] = is_met if is_met != YES else truth[i]
            if is_met == NO:
                break
    return truth


@kernel
def _passes(
    value: float, is_unreached: np.bool_, is_truncated: np.bool_, complete_to: float, limit: float, at_most: np.bool_
) -> int:
    """Whether a value is on the right side of a limit, three-valued. Numbers only: arrays are dear to hand over."""
    if is_unreached and not is_truncated:
        return NO if at_most or limit > 0 else YES
    if value <= limit if at_most else value >= limit:
        return YES
    is_known = not np.isnan(value) and not is_truncated
    return NO if is_known or (at_most and complete_to >= limit) else UNKNOWN


@kernel
def scores(truth: Truth, value: Floats, is_unreached: Bools, weighed: Ints, weight: Floats) -> Ints:
    """Return the weighted mean of what is known of each piece that meets all criteria, in thousandths."""
    score = np.full(len(truth), NO_SCORE, dtype=np.int64)
    for i in range(len(truth)):
        if truth[i] != YES:
            continue
        total, summed = 0.0, 0.0
        for j in range(len(weighed)):
            one, heavy, full_at, zero_at = value[weighed[j], i], weight[j, 0], weight[j, 1], weight[j, 2]
            if is_unreached[weighed[j], i]:
                total += heavy
            elif not np.isnan(one):
                total += heavy
                summed += min(max((one - zero_at) / (full_at - zero_at), 0.0), 1.0) * heavy
        if total > 0:
            score[i] = int(np.rint(min(summed / total, 1.0) * _PER_ONE))
    return score


@kernel
def mark_sites(truth: Truth, site: Ints, suits: Bools, may_suit: Bools) -> None:
    """Mark the parcels that a piece suits or may suit: ``site`` is the parcel of each piece, -1 counts for none."""
    for i in range(len(truth)):
        if site[i] >= 0 and truth[i] != NO:
            may_suit[site[i]] = True
            if truth[i] == YES:
                suits[site[i]] = True


@kernel
def served_locations(
    truth: Truth, score: Ints, room: Ints, location: Ints, part: Ints, verdict: Ints, minimum: float, maximum: float
) -> tuple[Bools, Bools, Ints, Ints]:
    """Return of each location whether it suits or may, the homes of one place there, and its rank.

    Parameters
    ----------
    truth, score, room, location, part
        Of each piece that lies in a location, shape (m,); a part is what one place is, numbered from 0.
    verdict
        Of each location, 0 is best, shape (l,).
    minimum, maximum
        The fewest and the most homes of one place.

    Returns
    -------
        Suits, may suit or does, homes (0 where it is not known to suit) and rank (0: none), each of shape (l,).
        A location suits where a piece does, its score is that of its best such piece, and its rank 1 + the number with
        a better (verdict, score), as :func:`flexsites.suitability.kernels.ranks.better_before`.

    Examples
    --------
    >>> two = np.array([0, 1])
    >>> found = served_locations(
    ...     np.array([1, 1], dtype=np.int8), np.array([500, 900]), np.array([9, 3]), two, two, 0 * two, 5.0, 8.0
    ... )
    >>> [one.tolist() for one in found]
    [[True, True], [True, True], [8, 0], [2, 1]]
    """
    n = len(verdict)
    suits, may = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    best, homes, rank = np.full(n, NO_SCORE), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    in_part = np.zeros(part.max() + 1 if len(part) else 0, dtype=np.int64)
    for i in range(len(truth)):
        here = location[i]
        in_part[part[i]] += room[i]
        may[here] |= truth[i] != NO
        suits[here] |= truth[i] == YES
        if truth[i] == YES:
            best[here] = max(best[here], score[i])
    for i in range(len(truth)):
        one = in_part[part[i]]
        if suits[location[i]] and one >= minimum:
            homes[location[i]] = max(homes[location[i]], int(min(float(one), maximum)))
    better = np.zeros((verdict.max() + 1 if n else 0) * _SCORES + 1, dtype=np.int64)
    for j in range(n):
        if suits[j]:
            better[verdict[j] * _SCORES + _SCORES - 1 - (best[j] + 1) + 1] += 1
    better = np.cumsum(better)
    for j in range(n):
        if suits[j]:
            rank[j] = better[verdict[j] * _SCORES + _SCORES - 1 - (best[j] + 1)] + 1
    return suits, may, homes, rank
