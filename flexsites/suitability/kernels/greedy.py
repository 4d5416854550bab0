"""Kernel for demands on more places than can be tried: one place after the other, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from flexsites.suitability.kernels.places import AWAY, NO_LIMIT, Bound, Objective, Places

__all__ = ["take_in_turn"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def take_in_turn(given: Places, objectives: Sequence[Objective]) -> tuple[Bools, Ints]:
    """Take places in the order of what they cost, the largest of equals first, as long as they meet a demand.

    Parameters
    ----------
    given
        Places and demand.
    objectives
        The first goes before all others; those that are no sum over places are passed over, the last breaks ties.

    Returns
    -------
    Which places are taken, shape (n,), and the homes of each that each row may be given, shape (n, r): all limits hold.

    Examples
    --------
    Forty homes are asked: of a large place that costs and two small ones on the same land, one small one is taken.

    >>> places = Places(np.arange(3), np.array([40, 30, 20]), np.ones((3, 1), dtype=bool), np.zeros((3, 1), dtype=bool),
    ...     np.array([[0, 0], [1, 1], [2, 1]]), np.array([40]), np.full((3, 1), NO_LIMIT))
    >>> taken, most = take_in_turn(places, [Objective(np.array([1.0, 0, 0])), Objective(np.arange(3.0))])
    >>> taken.tolist()
    [True, True, False]
    """
    n, n_rows = given.most.shape
    summed = [one.cost for one in objectives if one.group is None and one is not AWAY]
    size = np.bincount(given.place, weights=given.homes, minlength=n)
    keys = [*summed[-1:], -size, *reversed(summed[:-1])]
    by_place = np.argsort(given.place, kind="stable")
    parts = np.split(by_place, np.searchsorted(given.place[by_place], np.arange(1, n)))
    land = given.land[np.argsort(given.land[:, 0], kind="stable")]
    pieces = np.split(land[:, 1], np.searchsorted(land[:, 0], np.arange(1, n)))
    rest, free = given.demand.astype(np.int64).copy(), [_Room(given, bound) for bound in given.bounds]
    taken, most = np.zeros(n, dtype=bool), given.most.copy()
    bound_rows = [bound.rows for bound in given.bounds]
    used = np.zeros(int(given.land[:, 1].max(initial=-1)) + 1, dtype=bool)
    for place in np.lexsort(keys):
        if not rest.any():
            break
        if used[pieces[place]].any():
            continue
        limit = np.minimum(given.most[place], rest)
        got = np.zeros(n_rows, dtype=np.int64)
        for part in parts[place]:
            left = int(given.homes[part])
            # Who asks most goes first: what is evened out afterwards has the most to take from.
            for row in sorted(np.flatnonzero(given.serves[part]), key=lambda one: (-rest[one], one)):
                room = min((one.left(place) for one in free if row in one.rows), default=NO_LIMIT)
                n_given = min(left, int(limit[row] - got[row]), room)
                if n_given > 0:
                    got[row] += n_given
                    left -= n_given
                    for one in free:
                        one.give(place, row, n_given)
        if got.any():
            taken[place] = used[pieces[place]] = True
            rest -= got
            for rows in bound_rows:
                most[place, rows] = got[rows]
    most[~taken] = 0
    return taken, most


class _Room:
    """What is left of a bound round each place."""

    def __init__(self, given: Places, bound: Bound) -> None:
        order = np.argsort(bound.near[:, 0], kind="stable")
        pairs = bound.near[order]
        self._near = np.split(pairs[:, 1], np.searchsorted(pairs[:, 0], np.arange(1, len(given.most))))
        self._left = bound.most.astype(np.int64).copy()
        self.rows = frozenset(bound.rows.tolist())

    def left(self, place: int) -> int:
        """Return how many homes may still be given at a place: no place near it may see too many."""
        return int(self._left[self._near[place]].min())

    def give(self, place: int, row: np.integer[Any], n_homes: int) -> None:
        """Count homes given at a place with all that are near it."""
        if row in self.rows:
            self._left[self._near[place]] -= n_homes
