"""The nearest opportunity: one search from all opportunities at once over the whole network, then a look-up per site.

The search gives every node its cost to the nearest opportunity. It is made once for a country; a site needs only
the costs of the two nodes of its edge, so its answer does not depend on how the country is cut up.
"""

from __future__ import annotations

import numpy as np

from flexsites.accessibility.kernels.network import Graph
from flexsites.accessibility.kernels.positions import (
    Opportunities,
    Positions,
    cost_along,
    cost_from_ends,
    cost_to_ends,
    on_edge,
)
from flexsites.accessibility.kernels.search import make_space, search, seed, step_of
from flexsites.arrays import FloatArray
from flexsites.compiled import kernel


@kernel
def closest_field(graph: Graph, opportunities: Opportunities, limit: float) -> FloatArray:
    """Return per node the cost to the nearest opportunity: over the streets, plus the opportunity's own leg.

    Parameters
    ----------
    graph
        The network.
    opportunities
        Shape (n,).
    limit
        How far to search, metres; may be infinite.

    Returns
    -------
    FloatArray
        Shape (n_nodes,), metres; infinite beyond the limit. Never more than a neighbour's cost plus the way to it.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> shop = Opportunities(np.array([0]), np.array([4.0]), np.array([1.0]), np.ones(1), np.array([0]))
    >>> closest_field(line, shop, 100.0).tolist(), closest_field(line, shop, 10.0).tolist()
    ([5.0, 7.0, 17.0], [5.0, 7.0, inf])
    """
    space = make_space(len(graph.indptr) - 1)
    n_seen = 0
    for i in range(len(opportunities.edge)):
        e, leg = opportunities.edge[i], opportunities.leg[i]
        from_first, from_last = cost_to_ends(graph, e, opportunities.offset[i])
        if from_first + leg <= limit:
            n_seen = seed(space, n_seen, graph.edge_from[e], from_first + leg)
        if from_last + leg <= limit:
            n_seen = seed(space, n_seen, graph.edge_to[e], from_last + leg)
    search(graph, space, n_seen, limit, step_of(graph))
    return space.cost


@kernel
def cost_to_closest(
    graph: Graph, field: FloatArray, opportunities: Opportunities, sites: Positions, limit: float
) -> FloatArray:
    """Return per site the cost to the nearest opportunity, both legs included.

    Parameters
    ----------
    graph
        The network.
    field
        What :func:`closest_field` gave for the same opportunities, with a limit no smaller.
    opportunities
        Sorted by edge: those on a site's own edge may be reached along it.
    sites
        Shape (n,).
    limit
        How far counts, metres; may be infinite.

    Returns
    -------
    FloatArray
        Shape (n,), metres; NaN: none within the limit, or the site is not on the network.

    Examples
    --------
    The site lies 2 m off the same street as the shop, 3 m farther along it.

    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(2, np.array([0]), np.array([1]), np.array([100.0]), np.uint8([3]))
    >>> shop = Opportunities(np.array([0]), np.array([50.0]), np.array([1.0]), np.ones(1), np.array([0]))
    >>> site = Positions(np.array([0]), np.array([53.0]), np.array([2.0]))
    >>> cost_to_closest(line, closest_field(line, shop, 500.0), shop, site, 500.0).tolist()
    [6.0]
    """
    out = np.full(len(sites.edge), np.nan)
    for i in range(len(sites.edge)):
        e = sites.edge[i]
        if e < 0:
            continue
        to_first, to_last = cost_from_ends(graph, e, sites.offset[i])
        best = min(to_first + field[graph.edge_from[e]], to_last + field[graph.edge_to[e]])
        low, high = on_edge(opportunities.edge, e)
        for j in range(low, high):
            along = cost_along(graph, e, sites.offset[i], opportunities.offset[j]) + opportunities.leg[j]
            best = min(best, along)
        best += sites.leg[i]
        if best <= limit and best < np.inf:
            out[i] = best
    return out
