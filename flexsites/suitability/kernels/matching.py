"""Kernels of matching: which places meet a demand. Land is used once; the groups of a place share its homes.

Choosing places is an assignment problem with whole places (a mixed-integer program, solved by HiGHS). How the homes of
the chosen places are shared is a flow, see :mod:`flexsites.suitability.kernels.shares`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flexsites.suitability.kernels.greedy import take_in_turn
from flexsites.suitability.kernels.places import AWAY, Objective, Places
from flexsites.suitability.kernels.program import Program
from flexsites.suitability.kernels.shares import even_totals
from flexsites.suitability.kernels.solver import solve_in_order

__all__ = ["MANY", "Chosen", "choose"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_HALF = 0.5
_TOLERANCE = 1e-6
_MOST_ALIKE = 150
"""How many places that cost alike are considered at most, where there are more than the demand needs."""
_FEW = 60
"""Up to so many places all are considered."""
MANY, _MANY_LIMITED = 5000, 1500
"""With more places to consider than this they are taken in turn: without limits, and with."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice of places.

    Attributes
    ----------
    places
        Which are chosen, shape (n,).
    most
        Homes of a chosen place that each row may be given, so that all limits hold, shape (n, r).
    n_homes, n_at_most
        Homes that the choice gives, and a number that surely no choice exceeds.
    reached, gaps
        Per objective what the choice costs, and how much less a choice of the places considered might cost.
    """

    places: Bools
    most: Ints
    n_homes: int
    n_at_most: int
    reached: tuple[float, ...]
    gaps: tuple[float, ...]


def choose(given: Places, objectives: Sequence[Objective], *, at_least: Ints | None = None) -> Chosen:
    """Choose places so that as many homes as possible are given, and then at the least cost, objective by objective.

    Parameters
    ----------
    given
        Places and demand.
    objectives
        The first goes before all others; :data:`AWAY` may be one.
    at_least
        Shape (r,): what each row must be given; it must be possible. None: nothing.

    Notes
    -----
    Of places that cost alike the largest are considered, more than the demand could use: so the gaps are of those. The
    limit of the search is a number of branches, so that the answer is the same on every machine. Where more places are
    needed than a search can try they are taken in turn, from the cheapest and largest on; how many homes more another
    choice might give at most is told all the same, and ``at_least`` is not heeded.

    Examples
    --------
    Two places without a cost are better than one that costs; one of 40 is better than two of 20 if all cost alike.

    >>> from flexsites.suitability.kernels.places import NO_LIMIT
    >>> def places(*homes, asked, land):
    ...     n = len(homes)
    ...     serves = np.ones((n, 1), dtype=bool)
    ...     return Places(np.arange(n), np.array(homes), serves, ~serves, np.column_stack([np.arange(n), land]),
    ...                   np.array([asked]), np.full((n, 1), NO_LIMIT))
    >>> three = places(20, 20, 40, asked=40, land=[0, 1, 2])
    >>> consent, number = Objective(np.array([0.0, 0, 1])), Objective(np.ones(3))
    >>> choose(three, [consent, number]).places.tolist(), choose(three, [number, consent]).places.tolist()
    ([True, True, False], [False, False, True])

    Two places on the same land: one of them.

    >>> choose(places(20, 30, asked=99, land=[7, 7]), []).n_homes
    30
    """
    n_rows = len(given.demand)
    if not given.n or not given.demand.sum():
        none = (0.0,) * len(objectives)
        return Chosen(np.zeros(given.n, dtype=bool), np.zeros((given.n, n_rows), dtype=np.int64), 0, 0, none, none)
    bound = _never_more(given)
    kept = _considered(given, objectives)
    if kept.sum() > (MANY if given.is_free else _MANY_LIMITED):
        return _in_turn(given, objectives, bound)
    found = _solve(given, kept, objectives, at_least)
    if kept.all() or found.n_homes == bound:
        return found
    if given.n > MANY:
        return replace(found, n_at_most=bound)
    # The places considered do not meet it all: the others may.
    every = np.ones(given.n, dtype=bool)
    wider = _solve(given, every, [], at_least)
    if wider.n_homes > found.n_homes:
        return _solve(given, kept | wider.places, objectives, at_least, n_at_most=wider.n_at_most)
    return replace(found, n_at_most=max(found.n_homes, wider.n_at_most))


def _in_turn(given: Places, objectives: Sequence[Objective], bound: int) -> Chosen:
    """Choose places in turn: nothing is proven of what is kept small."""
    chosen, most = take_in_turn(given, objectives)
    kept = chosen[given.place]
    n_homes = even_totals(given.place[kept], given.homes[kept], given.serves[kept], given.demand, most).sum()
    unknown = (np.inf,) * len(objectives)
    return Chosen(chosen, most, int(n_homes), bound, unknown, unknown)


def _never_more(given: Places) -> int:
    """Return homes that no choice exceeds: as if all land could be used for everything at once."""
    return int(even_totals(given.place, given.homes, given.serves, given.demand, given.most).sum())


def _considered(given: Places, objectives: Sequence[Objective]) -> Bools:
    """Return which places are considered: of those that cost alike the largest, until they hold all that is asked.

    Land may be taken by another place, so as many more are kept as the others could take.
    """
    if given.n <= _FEW:
        return np.ones(given.n, dtype=bool)
    useful = np.zeros(given.n, dtype=np.int64)
    each = np.minimum(np.minimum(given.most[given.place], given.demand), given.homes[:, None])
    np.add.at(useful, given.place, np.minimum((each * given.serves).sum(axis=1), given.homes))
    rows = np.zeros((given.n, len(given.demand)), dtype=bool)
    np.logical_or.at(rows, given.place, given.serves)
    # The last objective breaks ties: by it no two cost alike.
    costs = [one.cost for one in objectives[:-1] if one.group is None and one is not AWAY]
    alike = np.unique(np.column_stack([rows, *costs]), axis=0, return_inverse=True)[1].reshape(-1)
    serving = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    tie = objectives[-1].cost if objectives else np.arange(given.n)
    order = np.lexsort((tie, -useful, alike))
    order = order[useful[order] > 0]
    classes = []
    needed: dict[int, int] = {}
    for own in np.split(order, np.flatnonzero(np.diff(alike[order])) + 1):
        if len(own):
            asked = int(given.demand[rows[own[0]]].sum())
            enough = int(np.searchsorted(np.cumsum(useful[own]), asked)) + 1
            kind = int(serving[own[0]])
            classes.append((kind, own, enough))
            needed[kind] = min(needed.get(kind, len(own)), enough)
    kept = np.zeros(given.n, dtype=bool)
    for kind, own, enough in classes:
        others = sum(more for other, more in needed.items() if other != kind)
        # Where they are too few for the demand each counts; else a number bounds the work.
        n = len(own) if enough > len(own) else min(enough + others + 1, _MOST_ALIKE)
        kept[own[:n]] = True
    return kept


def _solve(
    given: Places, kept: Bools, objectives: Sequence[Objective], at_least: Ints | None, *, n_at_most: int | None = None
) -> Chosen:
    """Choose among some of the places; ``n_at_most``: homes that no choice of all places exceeds, where it is known."""
    own = given.take(kept)
    program = Program(own, np.zeros_like(given.demand) if at_least is None else at_least)
    costs = [-program.homes_given, *[program.cost_of(one, kept) for one in objectives]]
    costs = [program.widened(cost) for cost in costs]
    solved = solve_in_order(costs, program.constraints(), is_whole=program.is_whole(), upper=program.upper())
    chosen, most = np.zeros(given.n, dtype=bool), np.zeros((given.n, len(given.demand)), dtype=np.int64)
    bound = _never_more(own) if n_at_most is None else n_at_most
    if solved.values is None:
        none = (0.0,) * len(objectives)
        return Chosen(chosen, most, 0, bound, none, tuple(np.inf for _ in none))
    chosen[np.flatnonzero(kept)[solved.values[: own.n] > _HALF]] = True
    most[kept] = program.most_of(solved.values)
    most[~chosen] = 0
    n_homes = round(-solved.reached[0])
    if n_at_most is None:
        bound = min(bound, n_homes + math.floor(solved.gaps[0] + _TOLERANCE))
    return Chosen(chosen, most, n_homes, bound, solved.reached[1:], solved.gaps[1:])
