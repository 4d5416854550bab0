"""Positions on edges: where sites and opportunities touch the network, and what it costs to leave an edge by its ends.

A position is an edge, an offset along it (metres from its first vertex) and a leg: the straight way between the point
itself and the street. Offsets 0 and the whole length are the nodes themselves, so one-way rules do not bind there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flexsites.accessibility.kernels.network import Graph
from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel


class Positions(NamedTuple):
    """Points on the network, shape (n,) each.

    ``edge`` is -1 for a point without a street within reach; its ``offset`` and ``leg`` are then NaN.
    """

    edge: IntArray
    offset: FloatArray
    leg: FloatArray


class Opportunities(NamedTuple):
    """Opportunities on the network, sorted by edge: positions with a weight, all on an edge; shape (n,) each.

    ``group`` tells which opportunities are one and the same (the entrances of a park): the k nearest are of k groups,
    and a group counts once, from its nearest entrance.
    """

    edge: IntArray
    offset: FloatArray
    leg: FloatArray
    weight: FloatArray
    group: IntArray


@kernel
def cost_to_ends(graph: Graph, edge: int, offset: float) -> tuple[float, float]:
    """Return what it costs to reach a position from the first and from the last node of its edge, along the edge.

    Infinite against a one-way edge.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> one_way = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([1]))
    >>> cost_to_ends(one_way, 0, 3.0), cost_to_ends(one_way, 0, 10.0)
    ((3.0, inf), (10.0, 0.0))
    """
    length, flags = graph.edge_length[edge], graph.edge_flags[edge]
    from_first = offset if flags & 1 or offset <= 0.0 else np.inf
    from_last = length - offset if flags & 2 or offset >= length else np.inf
    return from_first, from_last


@kernel
def cost_from_ends(graph: Graph, edge: int, offset: float) -> tuple[float, float]:
    """Return what it costs to reach the first and the last node of its edge from a position, along the edge.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> one_way = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([1]))
    >>> cost_from_ends(one_way, 0, 3.0), cost_from_ends(one_way, 0, 0.0)
    ((inf, 7.0), (0.0, 10.0))
    """
    length, flags = graph.edge_length[edge], graph.edge_flags[edge]
    to_first = offset if flags & 2 or offset <= 0.0 else np.inf
    to_last = length - offset if flags & 1 or offset >= length else np.inf
    return to_first, to_last


@kernel
def cost_along(graph: Graph, edge: int, here: float, there: float) -> float:
    """Return what it costs to go from one position to another on the same edge without leaving it.

    Infinite against a one-way edge.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> one_way = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([1]))
    >>> cost_along(one_way, 0, 2.0, 9.0), cost_along(one_way, 0, 9.0, 2.0)
    (7.0, inf)
    """
    flags = graph.edge_flags[edge]
    if here == there or (there > here and flags & 1) or (there < here and flags & 2):
        return abs(there - here)
    return np.inf


@kernel
def on_edge(edges: IntArray, edge: int) -> tuple[int, int]:
    """Return the range of positions, sorted by edge, that lie on an edge.

    Examples
    --------
    >>> low, high = on_edge(np.array([2, 5, 5, 9]), 5)
    >>> int(low), int(high)
    (1, 3)
    """
    low = int(np.searchsorted(edges, edge, side="left"))
    high = low
    while high < len(edges) and edges[high] == edge:
        high += 1
    return low, high
