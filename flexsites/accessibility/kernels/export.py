"""The network as a networkx graph, sites and opportunities included: to look at, and to be checked by others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from flexsites.accessibility.kernels.contraction import BACKWARD, FORWARD

if TYPE_CHECKING:
    from flexsites.accessibility.kernels.network import Graph
    from flexsites.accessibility.kernels.positions import Opportunities, Positions


def to_networkx(graph: Graph, points: Mapping[str, Positions | Opportunities] | None = None) -> Any:  # noqa: ANN401
    """Return a directed multigraph whose shortest paths are the distances that flexsites gives.

    Parameters
    ----------
    graph
        The network.
    points
        Positions by name: each becomes a node ``(name, i)``, joined to the streets by its leg, edges split where it
        touches them. One without a street is a node without edges.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are integers and the pairs above; edges carry ``length`` in metres.

    Examples
    --------
    >>> import numpy as np
    >>> from flexsites.accessibility.kernels.network import make_graph
    >>> one_way = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([1]))
    >>> list(to_networkx(one_way).edges(data="length"))
    [(0, 1, 10.0)]
    """
    import networkx as nx  # noqa: PLC0415 - of no use to a run

    out: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    out.add_nodes_from(range(len(graph.indptr) - 1))
    on_edge: dict[int, list[tuple[float, Any]]] = defaultdict(list)
    for name, positions in (points or {}).items():
        for i, (edge, offset, leg) in enumerate(zip(positions.edge, positions.offset, positions.leg, strict=True)):
            out.add_node((name, i))
            if edge < 0:
                continue
            at = ("at", name, i)
            out.add_edge((name, i), at, length=float(leg))
            out.add_edge(at, (name, i), length=float(leg))
            on_edge[int(edge)].append((float(offset), at))
    for e in range(len(graph.edge_from)):
        stops = [(0.0, int(graph.edge_from[e])), *sorted(on_edge[e], key=lambda stop: stop[0])]
        stops.append((float(graph.edge_length[e]), int(graph.edge_to[e])))
        for (here, a), (there, b) in pairwise(stops):
            # At the end of an edge one is at its node, whatever the direction of the street.
            is_same_place = there == here
            if graph.edge_flags[e] & FORWARD or is_same_place:
                out.add_edge(a, b, length=there - here)
            if graph.edge_flags[e] & BACKWARD or is_same_place:
                out.add_edge(b, a, length=there - here)
    return out
