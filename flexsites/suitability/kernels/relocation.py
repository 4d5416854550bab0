"""Kernels of relocation: which places open when, and where homes move to, so that a programme has room every year.

A place holds homes in one unbroken run of years within its window, at most its longest stay, and opens once. A home
that leaves a place before the last year is a move, to another place or out of the programme. Whole years; year 0 is the
first. Objectives in order: homes without a place, moves, places opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import LinearConstraint

from flexsites.suitability.kernels.solver import NODE_LIMIT, solve_in_order

__all__ = ["Chain", "find_chain", "moves_between", "worth_opening"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """What stands where in which year.

    Attributes
    ----------
    homes
        Shape (places, years).
    is_open
        Shape (places, years).
    gaps
        Of unhoused, moves and places opened: how much better it could be at most.
    is_reproducible
        Whether no clock stopped the solver.
    """

    homes: Ints
    is_open: Bools
    gaps: tuple[float, ...]
    is_reproducible: bool


def worth_opening(capacity: Ints, opens: Ints, closes: Ints, longest: Ints, demand: Ints) -> Bools:
    """Return which places to consider: of every window the largest, enough to hold the peak of demand turn after turn.

    Smaller places of the same window could do nothing that these cannot, as far as they go round; that they always do
    is not proven, so an answer is the best *of the places considered*.

    Parameters
    ----------
    capacity, opens, closes, longest
        Shape (places,): homes, the first year, the year in which it is closed again, and the longest stay in years.
    demand
        Homes needed per year, shape (years,).

    Examples
    --------
    Of a hundred places that are free alike the two largest, one for each of two turns, are enough for 50 homes.

    >>> ten = np.full(100, 10)
    >>> kept = worth_opening(np.arange(100), 0 * ten, ten, ten, np.array([50] * 10))
    >>> np.flatnonzero(kept).tolist()
    [98, 99]
    """
    worth = np.zeros(len(capacity), dtype=bool)
    peak = int(demand.max(initial=0))
    windows = np.stack([opens, closes, longest], axis=1)
    for window in np.unique(windows, axis=0) if len(windows) else ():
        own = np.flatnonzero((windows == window).all(axis=1) & (capacity > 0))
        stay = min(int(window[2]), int(window[1] - window[0]))
        if stay <= 0:
            continue
        ordered = own[np.lexsort((own, -capacity[own]))]
        taken = 0
        # Stays that begin at different times overlap: a turn more than fits in the years.
        for _ in range(math.ceil(len(demand) / stay) + 1):
            held = np.cumsum(capacity[ordered[taken:]])
            taken += int(np.searchsorted(held, peak)) + 1
        worth[ordered[:taken]] = True
    return worth


def find_chain(
    capacity: Ints,
    opens: Ints,
    closes: Ints,
    longest: Ints,
    demand: Ints,
    *,
    node_limit: int = NODE_LIMIT,
    seconds: float | None = None,
) -> Chain:
    """Choose which places open when, and how many homes stand there each year.

    Parameters
    ----------
    capacity, opens, closes, longest, demand
        See :func:`worth_opening`.
    node_limit, seconds
        See :func:`flexsites.suitability.kernels.solver.solve_in_order`.

    Examples
    --------
    The first place closes after two of four years; all homes move once, to the second.

    >>> chain = find_chain(np.array([10, 10]), np.array([0, 2]), np.array([2, 4]), np.array([9, 9]), np.array([8] * 4))
    >>> chain.homes.tolist(), chain.gaps
    ([[8, 8, 0, 0], [0, 0, 8, 8]], (0.0, 0.0, 0.0))
    """
    n_years = len(demand)
    years = np.arange(n_years)
    place, year = np.nonzero((opens[:, None] <= years) & (years < closes[:, None]) & (capacity > 0)[:, None])
    homes = np.zeros((len(capacity), n_years), dtype=np.int64)
    if not len(place):
        return Chain(homes, homes > 0, (0.0, 0.0, 0.0), is_reproducible=True)
    n = len(place)
    constraints, n_variables = _constraints(place, year, capacity, longest, demand)
    start, is_open, stands, leaves = (slice(k * n, (k + 1) * n) for k in range(4))
    unhoused = slice(4 * n, n_variables)
    costs = [np.zeros(n_variables) for _ in range(3)]
    costs[0][unhoused] = 1.0
    # What stands in the last year stays: nothing is known of later.
    costs[1][leaves] = (year < n_years - 1).astype(np.float64)
    costs[2][start] = 1.0
    upper = np.full(n_variables, np.inf)
    upper[start] = upper[is_open] = 1.0
    upper[stands] = np.minimum(capacity[place], demand[year])
    whole = np.zeros(n_variables, dtype=bool)
    whole[start] = whole[is_open] = whole[stands] = True
    solved = solve_in_order(costs, constraints, is_whole=whole, upper=upper, node_limit=node_limit, seconds=seconds)
    found = np.zeros_like(homes)
    if solved.values is None:
        return Chain(homes, homes > 0, (float(demand.sum()), 0.0, 0.0), solved.is_reproducible)
    homes[place, year] = np.round(solved.values[stands]).astype(np.int64)
    found[place, year] = np.round(solved.values[is_open]).astype(np.int64)
    return Chain(homes, found > 0, solved.gaps, solved.is_reproducible)


def _constraints(
    place: Ints, year: Ints, capacity: Ints, longest: Ints, demand: Ints
) -> tuple[list[LinearConstraint], int]:
    """Return the constraints over (start, open, homes, leaving) per place and year, and the unhoused per year."""
    n, n_years = len(place), len(demand)
    every = np.arange(n)
    start, is_open, stands, leaves, unhoused = (
        every,
        n + every,
        2 * n + every,
        3 * n + every,
        4 * n + np.arange(n_years),
    )
    n_variables = 4 * n + n_years
    follows = np.flatnonzero((place[1:] == place[:-1]) & (year[1:] == year[:-1] + 1)) + 1

    def matrix(
        rows: list[Ints], columns: list[Ints], amounts: list[npt.NDArray[np.float64]], n_rows: int
    ) -> sparse.csr_array:
        cells = np.concatenate(rows), np.concatenate(columns)
        return sparse.csr_array((np.concatenate(amounts), cells), shape=(n_rows, n_variables))

    one = np.ones(n)
    later, before = np.ones(len(follows)), -np.ones(len(follows))
    # open now and not a year before: it starts
    opening = matrix([every, every, follows], [is_open, start, is_open[follows - 1]], [one, -one, before], n)
    # a home that stands now and not a year later leaves
    leaving = matrix([every, every, follows - 1], [stands, leaves, stands[follows]], [one, -one, -later], n)
    held = matrix([every, every], [stands, is_open], [one, -capacity[place].astype(np.float64)], n)
    n_places = len(capacity)
    once = matrix([place], [start], [one], n_places)
    stay = matrix([place], [is_open], [one], n_places)
    alike = _in_order(place, year, start, capacity, longest, n_variables)
    total = matrix([year, np.arange(n_years)], [stands, unhoused], [one, np.ones(n_years)], n_years)
    return [
        LinearConstraint(opening, -np.inf, 0.0),
        LinearConstraint(leaving, -np.inf, 0.0),
        LinearConstraint(held, -np.inf, 0.0),
        LinearConstraint(once, -np.inf, 1.0),
        LinearConstraint(stay, -np.inf, longest.astype(np.float64)),
        *([LinearConstraint(alike, 0.0, np.inf)] if alike.shape[0] else []),
        LinearConstraint(total, demand.astype(np.float64), demand.astype(np.float64)),
    ], n_variables


def _in_order(
    place: Ints, year: Ints, start: Ints, capacity: Ints, longest: Ints, n_variables: int
) -> sparse.csr_array:
    """Return rows that let places that are alike open in their order: else the solver would try every order of them.

    Up to every year the earlier of two has started as often as the later, or more often.
    """
    first, stop = (
        np.searchsorted(place, np.arange(len(capacity) + 1))[:-1],
        np.searchsorted(place, np.arange(len(capacity)), side="right"),
    )
    known: dict[tuple[object, ...], int] = {}
    rows, columns, amounts, n_rows = [], [], [], 0
    for i in range(len(capacity)):
        cells = np.arange(first[i], stop[i])
        kind = (int(capacity[i]), int(longest[i]), *year[cells].tolist())
        before = known.get(kind)
        known[kind] = i
        if before is None:
            continue
        for n in range(1, len(cells) + 1):
            for one, amount in ((before, 1.0), (i, -1.0)):
                columns += start[first[one] : first[one] + n].tolist()
                rows += [n_rows] * n
                amounts += [amount] * n
            n_rows += 1
    return sparse.csr_array((amounts, (rows, columns)), shape=(n_rows, n_variables))


def moves_between(before: Ints, after: Ints) -> list[tuple[int, int, int]]:
    """Return who moves where between two years: from, to and how many homes, places in order.

    Returns
    -------
        -1 as *from* are new homes, -1 as *to* are homes that leave the programme; never both in one year.

    Examples
    --------
    >>> moves_between(np.array([10, 5]), np.array([4, 8]))
    [(0, 1, 3), (0, -1, 3)]
    """
    leaving = [[int(i), int(n)] for i, n in enumerate(np.maximum(before - after, 0)) if n]
    coming = [[int(i), int(n)] for i, n in enumerate(np.maximum(after - before, 0)) if n]
    moves: list[tuple[int, int, int]] = []
    while leaving and coming:
        n = min(leaving[0][1], coming[0][1])
        moves.append((leaving[0][0], coming[0][0], n))
        for side in (leaving, coming):
            side[0][1] -= n
            if not side[0][1]:
                side.pop(0)
    return [*moves, *((i, -1, n) for i, n in leaving), *((-1, i, n) for i, n in coming)]
