"""The k nearest opportunities: one search in which every node is settled once for each of its k nearest groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.accessibility.kernels.network import Graph
from flexsites.accessibility.kernels.positions import (
    Opportunities,
    Positions,
    cost_along,
    cost_from_ends,
    cost_to_ends,
    on_edge,
)
from flexsites.accessibility.kernels.search import FAR, NEAR, Space, make_space, seed, step_of
from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel


class KField(NamedTuple):
    """Per node the k nearest groups: their costs, ascending, infinite where there are fewer; and which they are."""

    cost: FloatArray
    group: NDArray[np.int64]


@kernel
def _offer(best: FloatArray, who: IntArray, cost: float, group: int) -> bool:
    """Put a group among the k nearest, ascending, if it belongs there; a group is there once. Return if it was put."""
    k = len(best)
    at = k - 1
    if cost >= best[at]:
        return False
    for j in range(k):
        if who[j] == group:
            at = j
            break
    if cost >= best[at]:
        return False
    while at > 0 and best[at - 1] > cost:
        best[at], who[at] = best[at - 1], who[at - 1]
        at -= 1
    best[at], who[at] = cost, group
    return True


@kernel
def k_closest_field(graph: Graph, opportunities: Opportunities, k: int, limit: float) -> KField:
    """Return per node the k nearest groups of opportunities within the limit.

    Parameters
    ----------
    graph
        The network.
    opportunities
        Shape (n,); those of one group count once, from the nearest.
    k
        How many.
    limit
        How far to search, metres; may be infinite.

    Returns
    -------
    KField
        Shape (n_nodes, k). Its first column is what ``closest_field`` gives.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([3]))
    >>> shops = Opportunities(np.array([0, 0]), np.array([1.0, 4.0]), np.zeros(2), np.ones(2), np.array([0, 1]))
    >>> k_closest_field(line, shops, 2, 100.0).cost.tolist()
    [[1.0, 4.0], [6.0, 9.0]]
    """
    n_nodes = len(graph.indptr) - 1
    cost = np.full((n_nodes, k), np.inf)
    group = np.full((n_nodes, k), -1, dtype=np.int64)
    space = make_space(n_nodes)
    n_seen = 0
    for i in range(len(opportunities.edge)):
        e, leg, own = opportunities.edge[i], opportunities.leg[i], opportunities.group[i]
        from_first, from_last = cost_to_ends(graph, e, opportunities.offset[i])
        for node, first in ((graph.edge_from[e], from_first + leg), (graph.edge_to[e], from_last + leg)):
            if first <= limit and first < np.inf and _offer(cost[node], group[node], first, own):
                n_seen = seed(space, n_seen, node, first)
    _spread(graph, cost, group, space, n_seen, limit, step_of(graph))
    return KField(cost, group)


@kernel
def _spread(  # noqa: C901, PLR0912, PLR0915 - one compiled loop; calls in it would cost more than they tell
    graph: Graph, cost: FloatArray, group: IntArray, space: Space, n_seen: int, limit: float, step: float
) -> None:
    """Spread labels as ``search`` spreads costs: a node waits with its lowest label that was not passed on yet.

    That label's cost is ``space.cost`` (infinite: none); labels below the threshold are passed on, and as the
    threshold only rises, one above it never was.
    """
    pending, near, far, state, seen = space
    size = len(near)
    head = n_near = 0
    n_far = n_seen
    for t in range(n_seen):
        far[t] = seen[t]
        state[seen[t]] = FAR
    while n_far > 0:
        threshold = np.inf
        for t in range(n_far):
            threshold = min(threshold, pending[far[t]] + step)
        n_waiting = 0
        for t in range(n_far):
            node = far[t]
            if threshold <= pending[node] < np.inf:
                far[n_waiting] = node
                n_waiting += 1
                continue
            state[node] &= ~FAR
            if pending[node] < threshold:
                near[(head + n_near) % size] = node
                n_near += 1
                state[node] |= NEAR
        n_far = n_waiting
        while n_near > 0:
            node = near[head]
            head = (head + 1) % size
            n_near -= 1
            state[node] &= ~NEAR
            low, pending[node] = pending[node], np.inf
            for j in range(cost.shape[1]):
                here = cost[node, j]
                if threshold <= here < np.inf:
                    pending[node] = here
                    if not state[node] & FAR:
                        far[n_far] = node
                        n_far += 1
                        state[node] |= FAR
                    break
                if here < low or here == np.inf:
                    continue
                for arc in range(graph.indptr[node], graph.indptr[node + 1]):
                    before, there = graph.indices[arc], here + graph.lengths[arc]
                    if there > limit or not _offer(cost[before], group[before], there, group[node, j]):
                        continue
                    pending[before] = min(pending[before], there)
                    if there < threshold:
                        if not state[before] & NEAR:
                            near[(head + n_near) % size] = before
                            n_near += 1
                            state[before] |= NEAR
                    elif not state[before] & FAR:
                        far[n_far] = before
                        n_far += 1
                        state[before] |= FAR


@kernel
def k_closest(graph: Graph, field: KField, opportunities: Opportunities, sites: Positions, limit: float) -> FloatArray:
    """Return per site the cost to its k nearest groups of opportunities, both legs included.

    Parameters
    ----------
    graph, opportunities, sites, limit
        As for ``cost_to_closest``.
    field
        What :func:`k_closest_field` gave for the same opportunities, with a limit no smaller.

    Returns
    -------
    FloatArray
        Shape (n, k), metres, ascending; NaN: there are fewer within the limit, or the site is not on the network.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([3]))
    >>> shops = Opportunities(np.array([0, 0]), np.array([1.0, 4.0]), np.zeros(2), np.ones(2), np.array([0, 1]))
    >>> site = Positions(np.array([0]), np.array([3.0]), np.array([0.0]))
    >>> k_closest(line, k_closest_field(line, shops, 2, 9.0), shops, site, 9.0).tolist()
    [[1.0, 2.0]]
    """
    k = field.cost.shape[1]
    out = np.full((len(sites.edge), k), np.nan)
    best, who = np.empty(k), np.empty(k, dtype=np.int64)
    for i in range(len(sites.edge)):
        e = sites.edge[i]
        if e < 0:
            continue
        best[:], who[:] = np.inf, -1
        to_first, to_last = cost_from_ends(graph, e, sites.offset[i])
        for node, along in ((graph.edge_from[e], to_first), (graph.edge_to[e], to_last)):
            for j in range(k):
                if field.cost[node, j] < np.inf:
                    _offer(best, who, along + field.cost[node, j], field.group[node, j])
        low, high = on_edge(opportunities.edge, e)
        for j in range(low, high):
            along = cost_along(graph, e, sites.offset[i], opportunities.offset[j])
            _offer(best, who, along + opportunities.leg[j], opportunities.group[j])
        for j in range(k):
            if best[j] + sites.leg[i] <= limit and best[j] < np.inf:
                out[i, j] = best[j] + sites.leg[i]
    return out
