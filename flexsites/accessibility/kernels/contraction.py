"""Contraction of nodes of degree two: a chain of edges becomes one edge, its length and its vertices kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel

FORWARD = np.uint8(1)
BACKWARD = np.uint8(2)
BOTH = np.uint8(3)
PASSING = np.uint8(4)
"""Bits of an edge; one that is only passed (a ferry) is not where a point touches the network."""

Flags = NDArray[np.uint8]


@kernel
def reverse_flags(flags: int) -> int:
    """Return the bits of an edge seen from its other end.

    Examples
    --------
    >>> int(reverse_flags(1)), int(reverse_flags(3)), int(reverse_flags(5))
    (2, 3, 6)
    """
    return ((flags & 1) << 1) | ((flags & 2) >> 1) | (flags & 4)


@kernel
def incidence(edge_from: IntArray, edge_to: IntArray, n_nodes: int) -> tuple[IntArray, IntArray]:
    """Return per node the edges that touch it, in edge order; an edge from a node to itself is listed once.

    Returns
    -------
    tuple
        ``start`` (n_nodes + 1,) and ``edge``: node n's edges are ``edge[start[n] : start[n + 1]]``.

    Examples
    --------
    >>> start, edge = incidence(np.array([0, 1]), np.array([1, 1]), 2)
    >>> start.tolist(), edge.tolist()
    ([0, 1, 3], [0, 0, 1])
    """
    start = np.zeros(n_nodes + 1, dtype=np.int64)
    for e in range(len(edge_from)):
        start[edge_from[e] + 1] += 1
        if edge_to[e] != edge_from[e]:
            start[edge_to[e] + 1] += 1
    for n in range(n_nodes):
        start[n + 1] += start[n]
    at = start[:-1].copy()
    edge = np.empty(start[n_nodes], dtype=np.int64)
    for e in range(len(edge_from)):
        edge[at[edge_from[e]]] = e
        at[edge_from[e]] += 1
        if edge_to[e] != edge_from[e]:
            edge[at[edge_to[e]]] = e
            at[edge_to[e]] += 1
    return start, edge


@kernel
def arcs(
    edge_from: IntArray, edge_to: IntArray, length: FloatArray, flags: Flags, n_nodes: int
) -> tuple[IntArray, NDArray[np.int32], FloatArray]:
    """Return per node the nodes from which it is reached and how long that takes, in edge order.

    Returns
    -------
    tuple
        ``start`` (n_nodes + 1,), ``before`` and ``length``: node n is reached from ``before[start[n] : start[n + 1]]``.

    Examples
    --------
    >>> start, before, length = arcs(np.array([0]), np.array([1]), np.array([5.0]), np.uint8([3]), 2)
    >>> start.tolist(), before.tolist(), length.tolist()
    ([0, 1, 2], [1, 0], [5.0, 5.0])
    """
    start = np.zeros(n_nodes + 1, dtype=np.int64)
    for e in range(len(edge_from)):
        start[edge_to[e] + 1] += flags[e] & 1
        start[edge_from[e] + 1] += (flags[e] >> 1) & 1
    for n in range(n_nodes):
        start[n + 1] += start[n]
    at = start[:-1].copy()
    before = np.empty(start[n_nodes], dtype=np.int32)
    cost = np.empty(start[n_nodes], dtype=np.float64)
    for e in range(len(edge_from)):
        if flags[e] & 1:
            before[at[edge_to[e]]], cost[at[edge_to[e]]] = edge_from[e], length[e]
            at[edge_to[e]] += 1
        if flags[e] & 2:
            before[at[edge_from[e]]], cost[at[edge_from[e]]] = edge_to[e], length[e]
            at[edge_from[e]] += 1
    return start, before, cost


@kernel
def through_nodes(
    edge_from: IntArray, edge_to: IntArray, flags: Flags, start: IntArray, edge: IntArray
) -> NDArray[np.bool_]:
    """Return which nodes only join two edges that may be used alike, so that nothing is decided there.

    Examples
    --------
    The middle of two edges, both passable both ways; not where one of them is one-way.

    >>> ends = np.array([0, 1]), np.array([1, 2])
    >>> start, edge = incidence(*ends, 3)
    >>> through_nodes(*ends, np.uint8([3, 3]), start, edge).tolist()
    [False, True, False]
    >>> through_nodes(*ends, np.uint8([3, 1]), start, edge).tolist()
    [False, False, False]
    """
    n_nodes = len(start) - 1
    result = np.zeros(n_nodes, dtype=np.bool_)
    for n in range(n_nodes):
        if start[n + 1] - start[n] != 2:  # noqa: PLR2004 - degree two
            continue
        a, b = edge[start[n]], edge[start[n] + 1]
        if edge_from[a] == edge_to[a] or edge_from[b] == edge_to[b]:
            continue
        into = flags[a] if edge_to[a] == n else reverse_flags(flags[a])
        onward = flags[b] if edge_from[b] == n else reverse_flags(flags[b])
        result[n] = into == onward
    return result


@kernel
def chains(
    edge_from: IntArray, edge_to: IntArray, is_through: NDArray[np.bool_], start: IntArray, edge: IntArray
) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """Return the edges in chains between nodes that stay; every edge lies in exactly one chain.

    A ring without any node that stays keeps the node where it is first met.

    Returns
    -------
    tuple
        ``chain_start`` (n_chains + 1,), ``chain_edge`` (n_edges,) in walking order, and whether each is walked
        against its own direction.

    Examples
    --------
    >>> ends = np.array([0, 2]), np.array([1, 1])
    >>> start, edge = incidence(*ends, 3)
    >>> chain_start, chain_edge, backward = chains(*ends, np.array([False, True, False]), start, edge)
    >>> chain_start.tolist(), chain_edge.tolist(), backward.tolist()
    ([0, 2], [0, 1], [False, True])
    """
    n_edges = len(edge_from)
    is_done = np.zeros(n_edges, dtype=np.bool_)
    chain_start = np.empty(n_edges + 1, dtype=np.int64)
    chain_edge = np.empty(n_edges, dtype=np.int64)
    backward = np.empty(n_edges, dtype=np.bool_)
    n_chains = n_placed = 0
    # First the chains that start at a node that stays, then rings of nodes that all would go.
    for is_ring in (False, True):
        for first in range(n_edges):
            if is_done[first]:
                continue
            from_stays, to_stays = not is_through[edge_from[first]], not is_through[edge_to[first]]
            if not (is_ring or from_stays or to_stays):
                continue
            chain_start[n_chains] = n_placed
            n_chains += 1
            e, against = first, not (is_ring or from_stays)
            origin = edge_to[e] if against else edge_from[e]
            while True:
                is_done[e] = True
                chain_edge[n_placed], backward[n_placed] = e, against
                n_placed += 1
                n = edge_from[e] if against else edge_to[e]
                if not is_through[n] or n == origin:
                    break
                e = edge[start[n] + 1] if edge[start[n]] == e else edge[start[n]]
                against = edge_from[e] != n
    chain_start[n_chains] = n_placed
    return chain_start[: n_chains + 1].copy(), chain_edge, backward


@kernel
def chain_vertices(
    chain_start: IntArray,
    chain_edge: IntArray,
    backward: NDArray[np.bool_],
    vertex_start: IntArray,
    vertex_xy: FloatArray,
) -> tuple[IntArray, FloatArray]:
    """Return the vertices of every chain in walking order; a node between two of its edges is written once.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    >>> start, joined = chain_vertices(np.array([0, 2]), np.array([0, 1]), np.array([False, True]),
    ...     np.array([0, 2, 4]), xy)
    >>> start.tolist(), joined[:, 0].tolist()
    ([0, 3], [0.0, 1.0, 2.0])
    """
    n_chains = len(chain_start) - 1
    out_start = np.zeros(n_chains + 1, dtype=np.int64)
    for c in range(n_chains):
        size = 1
        for i in range(chain_start[c], chain_start[c + 1]):
            size += vertex_start[chain_edge[i] + 1] - vertex_start[chain_edge[i]] - 1
        out_start[c + 1] = out_start[c] + size
    out = np.empty((out_start[n_chains], 2), dtype=np.float64)
    for c in range(n_chains):
        at = out_start[c]
        for i in range(chain_start[c], chain_start[c + 1]):
            low, high = vertex_start[chain_edge[i]], vertex_start[chain_edge[i] + 1]
            for j in range(high - low):
                if j == 0 and i > chain_start[c]:
                    continue
                v = high - 1 - j if backward[i] else low + j
                out[at, 0], out[at, 1] = vertex_xy[v, 0], vertex_xy[v, 1]
                at += 1
    return out_start, out
