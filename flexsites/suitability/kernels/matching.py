"""Kernels of matching: which sites meet a demand. A site serves one flexmilieu; the groups of it share its homes.

Choosing sites is an assignment problem with whole sites (a mixed-integer program, solved by HiGHS). How the homes of
the chosen sites are shared is a flow between flexmilieus and groups, filled home by home.

An *option* is a site in a flexmilieu it is suitable for: arrays ``site``, ``flexmilieu`` and ``homes`` of shape (n,).
``serves`` has shape (flexmilieus, groups), ``demand`` shape (groups,), in homes.
"""

from __future__ import annotations

import bisect

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NODE_LIMIT = 10_000
"""How many branches the solver may open: a bound on its work that, unlike a time, is the same on every machine."""
_HALF, _TOLERANCE = 0.5, 1e-6


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


def fewest_sites(
    site: Ints, flexmilieu: Ints, homes: Ints, score: Floats, serves: Bools, demand: Ints, *, chosen: Bools
) -> Bools:
    """Choose options that give as many homes as those chosen, on the fewest sites, and of those the best scoring.

    Parameters
    ----------
    score
        Shape (n,), 0 to 1.
    chosen
        A choice; a better one gives as many homes.

    Examples
    --------
    One site of 40 homes is better than two of 20.

    >>> site, homes = np.array([0, 1, 2]), np.array([20, 20, 40])
    >>> fewest_sites(site, np.zeros(3, dtype=np.int64), homes, np.ones(3), np.array([[True]]), np.array([40]),
    ...     chosen=np.array([True, True, False]))
    array([False, False,  True])
    """
    useful = useful_homes(flexmilieu, homes, serves, demand)
    total = _total(flexmilieu, homes, serves, demand, chosen)
    if not total:
        return np.zeros(len(site), dtype=bool)
    best = chosen
    greedy = _greedy(site, flexmilieu, useful, serves, demand)
    if greedy.sum() < best.sum() and _total(flexmilieu, homes, serves, demand, greedy) >= total:
        best = greedy
    n_most = int(best.sum())
    # A site more costs more than all that the scores of the others could save: first the number, then the scores.
    cost = n_most + 1.0 + (1.0 - score)
    kept = _worth(flexmilieu, useful, cost, n_most=n_most) | best
    constraints, n_pairs = _constraints(
        site[kept], flexmilieu[kept], useful[kept], serves, demand, np.zeros(len(demand), dtype=np.int64)
    )
    given = np.r_[np.zeros(int(kept.sum())), np.ones(n_pairs)]
    constraints.append(LinearConstraint(sparse.csr_array(given[None]), total, np.inf))
    found, _ = _solve(np.r_[cost[kept], np.zeros(n_pairs)], constraints, int(kept.sum()))
    result = np.zeros(len(site), dtype=bool)
    result[np.flatnonzero(kept)[found]] = True
    is_enough = _total(flexmilieu, homes, serves, demand, result) >= total
    return result if is_enough and cost[result].sum() <= cost[best].sum() + _TOLERANCE else best


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


def _worth(flexmilieu: Ints, homes: Ints, cost: Floats, *, n_most: int) -> Bools:
    """Return which options a choice of least cost of at most ``n_most`` sites may need.

    An option with ``n_most`` or more others of its flexmilieu that hold no fewer homes at no higher cost is never
    needed: one of those is always free to take its place.
    """
    worth = np.zeros(len(homes), dtype=bool)
    for kind in np.unique(flexmilieu):
        own = np.flatnonzero((flexmilieu == kind) & (homes > 0))
        seen: list[int] = []
        for option in own[np.lexsort((own, -homes[own], cost[own]))]:
            amount = int(homes[option])
            worth[option] = len(seen) - bisect.bisect_left(seen, amount) < n_most
            bisect.insort(seen, amount)
    return worth
