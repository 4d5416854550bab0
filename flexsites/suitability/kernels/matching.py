"""Kernels of matching: which sites meet a demand. A site serves one flexmilieu; the groups of it share its homes.

Choosing sites is an assignment problem with whole sites (a mixed-integer program, solved by HiGHS). How the homes of
the chosen sites are shared is a flow between flexmilieus and groups, filled home by home.

An *option* is a site in a flexmilieu it is suitable for: arrays ``site``, ``flexmilieu`` and ``homes`` of shape (n,).
``serves`` has shape (flexmilieus, groups), ``demand`` shape (groups,), in homes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from flexsites.suitability.kernels.solver import solve_in_order

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NODE_LIMIT = 10_000
"""How many branches the solver may open: a bound on its work that, unlike a time, is the same on every machine."""
_HALF, _TOLERANCE = 0.5, 1e-6
_MOST_OF_A_KIND = 150
"""How many options that cost alike are considered at most."""


def useful_homes(flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints) -> Ints:
    """Return the homes of each option that its groups could ever take.

    Examples
    --------
    >>> useful_homes(np.array([0, 1]), np.array([50, 50]), np.array([[True, True], [False, True]]), np.array([20, 10]))
    array([30, 10])
    """
    asked: Ints = serves.astype(np.int64) @ demand
    return np.minimum(homes, asked[flexmilieu])


def most_met(
    site: Ints, flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints, *, at_least: Ints
) -> tuple[Bools, int]:
    """Choose options, one per site at most, so that as many homes as possible are given.

    Parameters
    ----------
    at_least
        Shape (groups,): what each group must be given; it must be possible.

    Returns
    -------
    Which options are chosen, shape (n,), and a number of homes that surely no choice exceeds: it equals what the
    choice gives where that is proven to be the most.

    Examples
    --------
    One site that may serve either of two groups, and one that serves the second only.

    >>> site, flexmilieu = np.array([0, 0, 1]), np.array([0, 1, 1])
    >>> homes, serves, asked = np.array([30, 30, 20]), np.eye(2, dtype=bool), np.array([25, 20])
    >>> most_met(site, flexmilieu, homes, serves, asked, at_least=np.zeros(2, dtype=np.int64))
    (array([ True, False,  True]), 45)
    """
    if not len(site):
        return np.zeros(0, dtype=bool), 0
    useful = useful_homes(flexmilieu, homes, serves, demand)
    greedy = _greedy(site, flexmilieu, useful, serves, demand)
    if not at_least.any():
        # As if every site could serve all its flexmilieus at once: no choice gives more.
        bound = _total(flexmilieu, useful, serves, demand, np.ones(len(site), dtype=bool))
        if _total(flexmilieu, useful, serves, demand, greedy) == bound:
            return greedy, bound
    constraints, n_pairs = _constraints(site, flexmilieu, useful, serves, demand, at_least)
    goal = np.r_[np.zeros(len(site)), -np.ones(n_pairs)]
    chosen, least = _solve(goal, constraints, len(site))
    return chosen, int(min(np.floor(-least + _TOLERANCE), demand.sum()))


@dataclass(frozen=True, slots=True)
class Objective:
    """What a choice of options costs: the sum of their costs, or the number of groups that they touch.

    Attributes
    ----------
    cost
        Per option, shape (n,), 0 or more.
    group
        Per option a group, shape (n,), such as its location: every group touched costs 1. None: costs are summed.
    """

    cost: Floats
    group: Ints | None = None

    def of(self, chosen: Bools) -> float:
        """Return what a choice costs."""
        if self.group is not None:
            return float(np.unique(self.group[chosen]).size)
        return float(self.cost[chosen].sum())


def best_sites(
    site: Ints,
    flexmilieu: Ints,
    homes: Ints,
    serves: Bools,
    demand: Ints,
    objectives: Sequence[Objective],
    *,
    chosen: Bools,
) -> tuple[Bools, tuple[float, ...]]:
    """Choose options that give as many homes as those chosen, at the least cost: one objective after the other.

    Parameters
    ----------
    objectives
        The first goes before all others.
    chosen
        A choice; a better one gives as many homes.

    Returns
    -------
    Which options are chosen, and per objective how much better a choice *of the options considered* could be at most.
    Of options that cost alike the largest are considered, more than the demand could use.

    Examples
    --------
    Two sites without a cost are better than one that costs; one of 40 is better than two of 20 where all cost alike.

    >>> site, homes = np.array([0, 1, 2]), np.array([20, 20, 40])
    >>> given = site, np.zeros(3, dtype=np.int64), homes, np.array([[True]]), np.array([40])
    >>> consent, parcels = Objective(np.array([0.0, 0, 1])), Objective(np.ones(3))
    >>> best_sites(*given, [consent, parcels], chosen=np.ones(3, dtype=bool))
    (array([ True,  True, False]), (0.0, 0.0))
    >>> best_sites(*given, [parcels, consent], chosen=np.ones(3, dtype=bool))
    (array([False, False,  True]), (0.0, 0.0))
    """
    useful = useful_homes(flexmilieu, homes, serves, demand)
    total = _total(flexmilieu, homes, serves, demand, chosen)
    if not total:
        return np.zeros(len(site), dtype=bool), (0.0,) * len(objectives)
    kept = np.flatnonzero(_considered(site, flexmilieu, useful, serves, demand, objectives) | chosen)
    constraints, n_pairs = _constraints(
        site[kept], flexmilieu[kept], useful[kept], serves, demand, np.zeros(len(demand), dtype=np.int64)
    )
    given = np.r_[np.zeros(len(kept)), np.ones(n_pairs)]
    constraints.append(LinearConstraint(sparse.csr_array(given[None]), total, np.inf))
    costs, constraints, n_groups = _with_groups(objectives, kept, n_pairs, constraints)
    whole = np.r_[np.ones(len(kept), dtype=bool), np.zeros(n_pairs + n_groups, dtype=bool)]
    upper = np.r_[np.ones(len(kept)), np.full(n_pairs, np.inf), np.ones(n_groups)]
    solved = solve_in_order(costs, constraints, is_whole=whole, upper=upper)
    result = np.zeros(len(site), dtype=bool)
    if solved.values is not None:
        result[kept[solved.values[: len(kept)] > _HALF]] = True
    if _total(flexmilieu, homes, serves, demand, result) < total:
        return chosen, tuple(one.of(chosen) for one in objectives)
    return result, solved.gaps


def _with_groups(
    objectives: Sequence[Objective], kept: Ints, n_pairs: int, constraints: list[LinearConstraint]
) -> tuple[list[Floats], list[LinearConstraint], int]:
    """Return the costs of all variables, the constraints with a variable per group touched, and the number of those."""
    grouped = [np.unique(one.group[kept], return_inverse=True)[1] for one in objectives if one.group is not None]
    sizes = [int(one.max(initial=-1)) + 1 for one in grouped]
    n_before, n_all = len(kept) + n_pairs, len(kept) + n_pairs + sum(sizes)
    wider = [LinearConstraint(_widened(one.A, n_all), one.lb, one.ub) for one in constraints]
    costs: list[Floats] = []
    starts = iter(np.cumsum([n_before, *sizes])[:-1].tolist())
    codes = iter(grouped)
    for objective in objectives:
        cost = np.zeros(n_all)
        if objective.group is None:
            cost[: len(kept)] = objective.cost[kept]
        else:
            code, start = next(codes), next(starts)
            cost[start : start + int(code.max(initial=-1)) + 1] = 1.0
            every, ones = np.arange(len(kept)), np.ones(len(kept))
            cells = (np.r_[every, every], np.r_[every, start + code])
            touched = sparse.csr_array((np.r_[ones, -ones], cells), shape=(len(kept), n_all))
            wider.append(LinearConstraint(touched, -np.inf, 0.0))
        costs.append(cost)
    return costs, wider, sum(sizes)


def _widened(matrix: Any, n_columns: int) -> sparse.csr_array:  # noqa: ANN401 - scipy's stubs do not say
    """Return a matrix with empty columns behind its own."""
    own = sparse.csr_array(matrix)
    return sparse.csr_array((own.data, own.indices, own.indptr), shape=(own.shape[0], n_columns))


def _considered(
    site: Ints, flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints, objectives: Sequence[Objective]
) -> Bools:
    """Return which options are considered: of those that cost alike the largest, until they hold all that is asked.

    A site may be taken by another flexmilieu, so as many more are kept as the others could take.
    """
    # The last objective breaks ties: by it no two cost alike.
    costs = [one.cost for one in objectives[:-1] if one.group is None]
    kinds = np.unique(np.column_stack([flexmilieu, *costs]), axis=0, return_inverse=True)[1].reshape(-1)
    tie = objectives[-1].cost
    asked = serves.astype(np.int64) @ demand
    classes: list[tuple[int, Ints, int]] = []
    for one in range(int(kinds.max(initial=-1)) + 1):
        own = np.flatnonzero((kinds == one) & (homes > 0))
        if not len(own):
            continue
        own = own[np.lexsort((tie[own], -homes[own]))]
        enough = int(np.searchsorted(np.cumsum(homes[own]), asked[flexmilieu[own[0]]])) + 1
        classes.append((int(flexmilieu[own[0]]), own, min(enough, len(own))))
    needed: dict[int, int] = {}
    for kind, _, n in classes:
        needed[kind] = min(needed.get(kind, n), n)
    kept = np.zeros(len(site), dtype=bool)
    for kind, own, n in classes:
        others = sum(more for other, more in needed.items() if other != kind)
        kept[own[: min(n + others + 1, _MOST_OF_A_KIND)]] = True
    return kept


def even_shares(capacity: Ints, serves: Bools, demand: Ints, *, first: Ints | None = None) -> Ints:
    """Share the homes of each flexmilieu over its groups: as many as possible, and the shares met as even as possible.

    Parameters
    ----------
    capacity
        Homes per flexmilieu, shape (flexmilieus,).
    first
        Shape (groups,): what each group is given before the shares count; none by default.

    Returns
    -------
    Homes per flexmilieu and group, shape (flexmilieus, groups).

    Notes
    -----
    Home by home, the next goes to the group whose share met is lowest (ties: who asks least, then the first) and that
    can still be given one, if need be by moving homes of other groups to flexmilieus that serve them too. No group's
    share could be raised without lowering one that is no higher, and the total is the most there is.

    Examples
    --------
    >>> even_shares(np.array([30]), np.array([[True, True]]), np.array([40, 20]))
    array([[20, 10]])
    """
    flow = np.zeros(serves.shape, dtype=np.int64)
    free = capacity.astype(np.int64).copy()
    met = [0] * len(demand)
    due = [0] * len(demand) if first is None else first.tolist()
    open_groups = [group for group, asked in enumerate(demand) if asked > 0]
    while open_groups:
        group = min(open_groups, key=lambda one: (met[one] >= due[one], met[one] / int(demand[one]), demand[one], one))
        if met[group] < demand[group] and _give(group, flow, free, serves, set()):
            met[group] += 1
        else:
            open_groups.remove(group)
    return flow


def fill(flexmilieu: Ints, homes: Ints, shares: Ints) -> Ints:
    """Give the homes of chosen options to groups: site after site in their order, group after group.

    Returns
    -------
    Homes per option and group, shape (n, groups); never more than the option holds.

    Examples
    --------
    >>> fill(np.array([0, 0]), np.array([30, 30]), np.array([[20, 25]]))
    array([[20, 10],
           [ 0, 15]])
    """
    given = np.zeros((len(homes), shares.shape[1]), dtype=np.int64)
    rest = shares.copy()
    for option, (kind, room) in enumerate(zip(flexmilieu, homes, strict=True)):
        left = int(room)
        for group in range(shares.shape[1]):
            given[option, group] = min(left, int(rest[kind, group]))
            left -= given[option, group]
        rest[kind] -= given[option]
    return given


def _give(group: int, flow: Ints, free: Ints, serves: Bools, tried: set[int]) -> bool:
    """Give a group one home more; move others' homes between flexmilieus where that makes room. Whether it could."""
    for kind in np.flatnonzero(serves[:, group]):
        if int(kind) in tried:
            continue
        tried.add(int(kind))
        if free[kind] > 0:
            free[kind] -= 1
            flow[kind, group] += 1
            return True
        for other in np.flatnonzero(flow[kind]):
            if other != group and _give(int(other), flow, free, serves, tried):
                flow[kind, other] -= 1
                flow[kind, group] += 1
                return True
    return False


def _total(flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints, chosen: Bools) -> int:
    """Return how many homes a choice can give."""
    capacity = np.bincount(flexmilieu[chosen], weights=homes[chosen], minlength=len(serves)).astype(np.int64)
    return int(even_shares(capacity, serves, demand).sum())


def _constraints(
    site: Ints, flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints, at_least: Ints
) -> tuple[list[LinearConstraint], int]:
    """Return the constraints over (option chosen, homes given per flexmilieu and group), and the number of the latter.

    A site serves one flexmilieu; a flexmilieu gives what its sites hold; a group takes what it asks.
    """
    kinds, groups = np.nonzero(serves)
    n, n_pairs = len(site), len(kinds)
    every = np.arange(n)
    pairs = n + np.arange(n_pairs)
    codes = np.unique(site, return_inverse=True)[1]
    once = sparse.csr_array((np.ones(n), (codes, every)), shape=(int(codes.max()) + 1, n + n_pairs))
    amounts = np.r_[-homes.astype(np.float64), np.ones(n_pairs)]
    places = (np.r_[flexmilieu, kinds], np.r_[every, pairs])
    held = sparse.csr_array((amounts, places), shape=(len(serves), n + n_pairs))
    taken = sparse.csr_array((np.ones(n_pairs), (groups, pairs)), shape=(len(demand), n + n_pairs))
    return [
        LinearConstraint(once, -np.inf, 1),
        LinearConstraint(held, -np.inf, 0),
        LinearConstraint(taken, at_least, demand),
    ], n_pairs


def _solve(goal: Floats, constraints: list[LinearConstraint], n: int) -> tuple[Bools, float]:
    """Minimise over whole options and any amounts; return the options chosen (none if none was found) and the bound."""
    is_whole = np.r_[np.ones(n), np.zeros(len(goal) - n)]
    bounds = Bounds(np.zeros(len(goal)), np.r_[np.ones(n), np.full(len(goal) - n, np.inf)])
    found = milp(
        goal,
        integrality=is_whole,
        bounds=bounds,
        constraints=constraints,
        options={"mip_rel_gap": 0.0, "node_limit": NODE_LIMIT},
    )
    chosen = np.zeros(n, dtype=bool) if found.x is None else found.x[:n] > _HALF
    bound = found.get("mip_dual_bound")
    return chosen, -np.inf if bound is None else float(bound)


def _greedy(site: Ints, flexmilieu: Ints, homes: Ints, serves: Bools, demand: Ints) -> Bools:
    """Take options from the most homes on, as long as their groups still ask for homes."""
    rest = demand.astype(np.int64).copy()
    chosen = np.zeros(len(site), dtype=bool)
    used: set[int] = set()
    for option in np.lexsort((np.arange(len(site)), -homes)):
        groups = np.flatnonzero(serves[flexmilieu[option]])
        if int(site[option]) in used or not rest[groups].sum():
            continue
        used.add(int(site[option]))
        chosen[option] = True
        left = int(homes[option])
        for group in groups:
            taken = min(left, int(rest[group]))
            rest[group] -= taken
            left -= taken
    return chosen
