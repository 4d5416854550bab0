"""How much lies within reach: a bounded search from every opportunity, added up at the sites that it passes.

Searching from the opportunities, against the direction of travel, is exact and does not depend on which other sites
are asked for; opportunities are added in their own order, so sums are the same to the last bit however the country
is cut up, as long as every opportunity within the cut-off is given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.accessibility.kernels.decay import decay
from flexsites.accessibility.kernels.network import Graph
from flexsites.accessibility.kernels.positions import Opportunities, Positions, cost_along, cost_from_ends, cost_to_ends
from flexsites.accessibility.kernels.search import Space, make_space, search, seed, step_of
from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel

Nodes = NDArray[np.int32]


def cumulative_cutoff(graph: Graph, opportunities: Opportunities, sites: Positions, cutoffs: FloatArray) -> FloatArray:
    """Return per site the weight of the opportunities within each cut-off: a count where all weights are one.

    Parameters
    ----------
    graph
        The network.
    opportunities
        Every one within the longest cut-off of a site, in an order that does not depend on the sites.
    sites
        Shape (n,).
    cutoffs
        Shape (k,), metres, both legs included; an opportunity at exactly the cut-off counts.

    Returns
    -------
    FloatArray
        Shape (n, k); never falls as the cut-off grows. NaN: the site is not on the network.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> shops = Opportunities(np.array([0, 1]), np.array([4.0, 8.0]), np.zeros(2), np.ones(2), np.array([0, 1]))
    >>> site = Positions(np.array([0]), np.array([0.0]), np.array([1.0]))
    >>> cumulative_cutoff(line, shops, site, np.array([4.0, 5.0, 19.0])).tolist()
    [[0.0, 1.0, 2.0]]
    """
    kinds = np.zeros(len(cutoffs), dtype=np.int64)
    nothing = np.zeros(len(cutoffs))
    return _all_groups(graph, opportunities, sites, cutoffs, kinds, nothing, np.ones(len(cutoffs)))


def gravity(
    graph: Graph,
    opportunities: Opportunities,
    sites: Positions,
    cutoff: float,
    decay_kind: int,
    inflection: float,
    scale: float,
) -> FloatArray:
    """Return per site the weight of the opportunities within the cut-off, each times the decay of its cost.

    Parameters
    ----------
    graph, opportunities, sites, cutoff
        As for :func:`cumulative_cutoff`.
    decay_kind, inflection, scale
        As for :func:`flexsites.accessibility.kernels.decay.decay`.

    Returns
    -------
    FloatArray
        Shape (n,); never more than the weight within the cut-off. NaN: the site is not on the network.

    Examples
    --------
    Linear decay: at half the cut-off an opportunity counts half.

    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(2, np.array([0]), np.array([1]), np.array([100.0]), np.uint8([3]))
    >>> shop = Opportunities(np.array([0]), np.array([50.0]), np.zeros(1), np.ones(1), np.array([0]))
    >>> gravity(line, shop, Positions(np.array([0]), np.array([0.0]), np.array([0.0])), 100.0, 1, 0.0, 1.0).tolist()
    [0.5]
    """
    one = np.array([cutoff])
    kinds = np.array([decay_kind], dtype=np.int64)
    return _all_groups(graph, opportunities, sites, one, kinds, np.array([inflection]), np.array([scale]))[:, 0]


class _Target(NamedTuple):
    """The sites, by edge, and what one search found of them.

    Edge e's sites are ``site[start[slot[e]] : start[slot[e] + 1]]`` (slot -1: none). ``nearest`` is what the search
    at hand costs to each, ``touched`` lists those that it reaches.
    """

    sites: Positions
    slot: Nodes
    start: IntArray
    site: IntArray
    nearest: FloatArray
    touched: IntArray


def _all_groups(
    graph: Graph,
    opportunities: Opportunities,
    sites: Positions,
    cutoffs: FloatArray,
    kinds: IntArray,
    inflections: FloatArray,
    scales: FloatArray,
) -> FloatArray:
    # Sorting inside a kernel would compile a sort of its own into each: seconds of every first run.
    order = np.argsort(opportunities.group, kind="stable")
    target = _by_edge(sites, len(graph.edge_from))
    return _add_up(graph, opportunities, order, target, cutoffs, kinds, inflections, scales)


@kernel
def _add_up(
    graph: Graph,
    opportunities: Opportunities,
    order: IntArray,
    target: _Target,
    cutoffs: FloatArray,
    kinds: IntArray,
    inflections: FloatArray,
    scales: FloatArray,
) -> FloatArray:
    """Add up group by group; ``order`` lists the opportunities by group, each group's in their own order."""
    out = np.zeros((len(target.sites.edge), len(cutoffs)))
    for i in range(len(target.sites.edge)):
        if target.sites.edge[i] < 0:
            out[i] = np.nan
    space, step, limit = make_space(len(graph.indptr) - 1), step_of(graph), cutoffs.max()
    first = 0
    while first < len(order):
        last = first
        while last < len(order) and opportunities.group[order[last]] == opportunities.group[order[first]]:
            last += 1
        members = order[first:last]
        n_seen = _search(graph, opportunities, members, space, limit, step)
        n_touched = _reach_sites(graph, opportunities, members, target, space, n_seen)
        weight = opportunities.weight[members[0]]
        for t in range(n_touched):
            i = target.touched[t]
            cost = target.nearest[i]
            for c in range(len(cutoffs)):
                if cost <= cutoffs[c]:
                    out[i, c] += weight * decay(cost, cutoffs[c], kinds[c], inflections[c], scales[c])
            target.nearest[i] = np.inf
        for t in range(n_seen):
            space.cost[space.seen[t]] = np.inf
        first = last
    return out


def _by_edge(sites: Positions, n_edges: int) -> _Target:
    order = np.argsort(sites.edge, kind="stable")
    order = order[sites.edge[order] >= 0]
    edges, first = np.unique(sites.edge[order], return_index=True)
    slot = np.full(n_edges, -1, dtype=np.int32)
    slot[edges] = np.arange(len(edges), dtype=np.int32)
    start = np.append(first, len(order)).astype(np.int64)
    n_sites = len(sites.edge)
    return _Target(sites, slot, start, order, np.full(n_sites, np.inf), np.empty(n_sites, dtype=np.int64))


@kernel
def _search(
    graph: Graph, opportunities: Opportunities, members: IntArray, space: Space, limit: float, step: float
) -> int:
    """Search from the members of one group; leave costs in the space and return how many nodes were seen."""
    n_seen = 0
    for m in members:
        e, leg = opportunities.edge[m], opportunities.leg[m]
        from_first, from_last = cost_to_ends(graph, e, opportunities.offset[m])
        if from_first + leg <= limit:
            n_seen = seed(space, n_seen, graph.edge_from[e], from_first + leg)
        if from_last + leg <= limit:
            n_seen = seed(space, n_seen, graph.edge_to[e], from_last + leg)
    return search(graph, space, n_seen, limit, step)


@kernel
def _reach_sites(
    graph: Graph, opportunities: Opportunities, members: IntArray, target: _Target, space: Space, n_seen: int
) -> int:
    """Lower the cost of every site on an edge that was reached, or on a member's own; return how many were touched."""
    n_touched = 0
    for t in range(n_seen):
        node = space.seen[t]
        for at in range(graph.incident_start[node], graph.incident_start[node + 1]):
            e = graph.incident_edge[at]
            if target.slot[e] < 0:
                continue
            first, last = space.cost[graph.edge_from[e]], space.cost[graph.edge_to[e]]
            if node == graph.edge_to[e] and node != graph.edge_from[e] and first < np.inf:
                continue  # seen from its first node already
            for u in range(target.start[target.slot[e]], target.start[target.slot[e] + 1]):
                i = target.site[u]
                to_first, to_last = cost_from_ends(graph, e, target.sites.offset[i])
                n_touched = _touch(target, n_touched, i, min(to_first + first, to_last + last))
    for m in members:
        e = opportunities.edge[m]
        if target.slot[e] < 0:
            continue
        for u in range(target.start[target.slot[e]], target.start[target.slot[e] + 1]):
            i = target.site[u]
            along = cost_along(graph, e, target.sites.offset[i], opportunities.offset[m])
            n_touched = _touch(target, n_touched, i, along + opportunities.leg[m])
    return n_touched


@kernel
def _touch(target: _Target, n_touched: int, i: int, from_street: float) -> int:
    """Lower a site's cost, its own leg added; return how many sites were touched."""
    cost = from_street + target.sites.leg[i]
    if cost < target.nearest[i]:
        if target.nearest[i] == np.inf:
            target.touched[n_touched] = i
            n_touched += 1
        target.nearest[i] = cost
    return n_touched
