"""Walks over the streets between places and stops: one bounded search from every stop, each pair within reach once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from flexsites.accessibility.kernels.network import Graph
from flexsites.accessibility.kernels.positions import Positions, cost_along, cost_from_ends, cost_to_ends
from flexsites.accessibility.kernels.search import Space, make_space, search, seed, step_of
from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel


class WalkLegs(NamedTuple):
    """Pairs of a place and a stop, and the walk from the one to the other in metres; shape (n,) each."""

    place: IntArray
    stop: IntArray
    metres: FloatArray


class _Met(NamedTuple):
    """Per place its best walk so far (infinite outside a search), and which places were met."""

    best: FloatArray
    place: IntArray


def walk_legs(graph: Graph, places: Positions, stops: Positions, reach_m: float) -> WalkLegs:
    """Return every walk from a place to a stop that is no longer than the reach, the ways to the street included.

    Parameters
    ----------
    graph
        The walking network.
    places, stops
        On the network; edge -1: not on it, so without walks.
    reach_m
        The longest walk.

    Returns
    -------
    WalkLegs
        By place, then stop. A pair's walk depends on nothing but that pair.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> line = make_graph(3, np.array([0, 1]), np.array([1, 2]), np.array([10.0, 10.0]), np.uint8([3, 3]))
    >>> homes = Positions(np.array([0, 1]), np.array([4.0, 9.0]), np.array([1.0, 0.0]))
    >>> stop = Positions(np.array([0]), np.array([6.0]), np.array([0.5]))
    >>> [part.tolist() for part in walk_legs(line, homes, stop, 20.0)]
    [[0, 1], [0, 0], [3.5, 13.5]]
    """
    order = np.argsort(places.edge, kind="stable")
    order = order[places.edge[order] >= 0]
    by_edge = Positions(places.edge[order], places.offset[order], places.leg[order])
    n_edges = len(graph.edge_from)
    on_edge = np.searchsorted(by_edge.edge, np.arange(n_edges + 1)).astype(np.int64)
    place, stop, metres = _search_all(graph, by_edge, on_edge, stops, float(reach_m))
    place = order[place]
    rank = np.lexsort([stop, place])
    return WalkLegs(place[rank], stop[rank], metres[rank])


@kernel
def _search_all(
    graph: Graph, places: Positions, on_edge: IntArray, stops: Positions, reach_m: float
) -> tuple[IntArray, IntArray, FloatArray]:
    n_places = len(places.edge)
    space, step = make_space(len(graph.indptr) - 1), step_of(graph)
    met = _Met(np.full(n_places, np.inf), np.empty(n_places, np.int64))
    size = max(1024, 4 * n_places)
    place, stop, metres = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    n = 0
    for s in range(len(stops.edge)):
        if stops.edge[s] < 0:
            continue
        n_seen = _seed_ends(graph, stops, s, space, reach_m)
        n_seen = search(graph, space, n_seen, reach_m, step)
        n_met = _meet_on_edge(graph, places, on_edge, stops, s, met)
        n_met = _meet_by_ends(graph, places, on_edge, space, n_seen, met, n_met)
        while n + n_met > len(place):
            place, stop, metres = _longer(place), _longer(stop), _longer(metres)
        for i in range(n_met):
            p = met.place[i]
            if met.best[p] <= reach_m:
                place[n], stop[n], metres[n] = p, s, met.best[p]
                n += 1
            met.best[p] = np.inf
        for i in range(n_seen):
            space.cost[space.seen[i]] = np.inf
    return place[:n], stop[:n], metres[:n]


@kernel
def _longer(values: Any) -> Any:  # noqa: ANN401 - an array of any type
    longer = np.empty(2 * len(values), values.dtype)
    for i in range(len(values)):  # one by one: an assigned array costs seconds of compiling
        longer[i] = values[i]
    return longer


@kernel
def _seed_ends(graph: Graph, stops: Positions, s: int, space: Space, reach_m: float) -> int:
    """Give both ends of a stop's edge their cost; return how many nodes that is."""
    edge, n_seen = stops.edge[s], 0
    from_first, from_last = cost_to_ends(graph, edge, stops.offset[s])
    if from_first + stops.leg[s] <= reach_m:
        n_seen = seed(space, n_seen, graph.edge_from[edge], from_first + stops.leg[s])
    if from_last + stops.leg[s] <= reach_m:
        n_seen = seed(space, n_seen, graph.edge_to[edge], from_last + stops.leg[s])
    return n_seen


@kernel
def _meet_on_edge(graph: Graph, places: Positions, on_edge: IntArray, stops: Positions, s: int, met: _Met) -> int:
    """Meet the places on the stop's own edge; return how many."""
    edge, n_met = stops.edge[s], 0
    for p in range(on_edge[edge], on_edge[edge + 1]):
        along = cost_along(graph, edge, places.offset[p], stops.offset[s])
        n_met = _offer(met, p, along + stops.leg[s] + places.leg[p], n_met)
    return n_met


@kernel
def _meet_by_ends(
    graph: Graph, places: Positions, on_edge: IntArray, space: Space, n_seen: int, met: _Met, n_met: int
) -> int:
    """Meet the places on every edge of which an end is within reach; return how many were met by now."""
    for i in range(n_seen):
        node = space.seen[i]
        for at in range(graph.incident_start[node], graph.incident_start[node + 1]):
            edge = graph.incident_edge[at]
            first, last = space.cost[graph.edge_from[edge]], space.cost[graph.edge_to[edge]]
            for p in range(on_edge[edge], on_edge[edge + 1]):
                to_first, to_last = cost_from_ends(graph, edge, places.offset[p])
                n_met = _offer(met, p, min(to_first + first, to_last + last) + places.leg[p], n_met)
    return n_met


@kernel
def _offer(met: _Met, p: int, cost: float, n_met: int) -> int:
    if cost < met.best[p]:
        if met.best[p] == np.inf:
            met.place[n_met] = p
            n_met += 1
        met.best[p] = cost
    return n_met
