"""What a demand may be met on, and what a choice of it costs.

A *part* of a place is a number of its homes that are alike: of one dwelling type, level or not. A *row* of the demand
asks for homes. Which part may serve which row is all that the kernels know of either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["AWAY", "NO_LIMIT", "Bound", "Objective", "Places"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NO_LIMIT = np.iinfo(np.int64).max
"""Nothing limits how many homes of a place a row is given."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Homes that rows of the demand may be given together, on all places near one.

    Attributes
    ----------
    rows
        The rows; each has a limit in :attr:`Places.most` too.
    near
        Pairs of a place and one near it, itself among them, shape (j, 2).
    most
        Homes on all that are near each place, shape (n,).
    """

    rows: Ints
    near: Ints
    most: Ints


@dataclass(frozen=True, slots=True)
class Places:
    """What a demand of r rows may be met on: n places of m parts.

    Attributes
    ----------
    place, homes
        Of each part, shape (m,): its place, 0 to n - 1, and its homes.
    serves
        Shape (m, r): whether a part may serve a row.
    is_away
        Shape (m, r): whether it would do so elsewhere than where the row asks.
    land
        Pairs of a place and a piece of land that it takes, shape (k, 2); a piece is taken once.
    demand
        Homes asked, shape (r,).
    most
        Homes of a place that a row may be given, shape (n, r); NO_LIMIT where nothing limits it.
    bounds
        What rows together may be given on places that lie near one another.
    """

    place: Ints
    homes: Ints
    serves: Bools
    is_away: Bools
    land: Ints
    demand: Ints
    most: Ints
    bounds: tuple[Bound, ...] = ()

    @property
    def n(self) -> int:
        """The number of places."""
        return len(self.most)

    @property
    def is_free(self) -> bool:
        """Whether nothing limits what a place gives a row."""
        return bool((self.most == NO_LIMIT).all())

    def take(self, kept: Bools) -> Places:
        """Return some of the places, numbered anew in their order."""
        number = np.cumsum(kept) - 1
        parts, land = kept[self.place], self.land[kept[self.land[:, 0]]]
        bounds = tuple(
            Bound(one.rows, number[one.near[kept[one.near].all(axis=1)]], one.most[kept]) for one in self.bounds
        )
        return Places(
            number[self.place[parts]],
            self.homes[parts],
            self.serves[parts],
            self.is_away[parts],
            np.column_stack([number[land[:, 0]], land[:, 1]]),
            self.demand,
            self.most[kept],
            bounds,
        )


@dataclass(frozen=True, slots=True)
class Objective:
    """What a choice of places costs: the sum of their costs, or the number of groups that they touch.

    Attributes
    ----------
    cost
        Per place, shape (n,), 0 or more.
    group
        Per place a group, shape (n,), such as its location: every group touched costs 1. None: costs are summed.
    """

    cost: Floats
    group: Ints | None = None


AWAY = Objective(np.zeros(0))
"""Homes that are given elsewhere than where they are asked."""
