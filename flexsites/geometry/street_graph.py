"""Streets as nodes and edges: the one form in which every reader of streets delivers, and from which networks are made.

A street graph is arrays, not a table of objects, because a country has millions of edges. Nodes are the places where
streets meet or end; an edge runs between two nodes over its vertices and tells who may use it in which direction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import FloatArray, GeometryArray, IntArray

WALK_FORWARD = np.uint8(1)
WALK_BACKWARD = np.uint8(2)
BICYCLE_FORWARD = np.uint8(4)
BICYCLE_BACKWARD = np.uint8(8)
CAR = np.uint8(16)
CROSSING = np.uint8(32)
"""Bits of ``allowed``: who may use an edge in which direction (a car: at all); forward is from the first vertex to the
last. A crossing (a ferry) is used from end to end: no site and no opportunity lies along it."""

Bits = NDArray[np.uint8]
ROAD_KINDS = ("street", "slip_road", "trunk", "motorway")
"""What METHOD 0 asks of a road: on a street one may have an entrance, on the others not."""
NOT_TOLD = -1


@dataclass(frozen=True, slots=True)
class Traits:
    """What the source says of streets besides who may use them; one entry per way, or per edge.

    Attributes
    ----------
    number
        The source's own number of the street (of OSM: the way).
    road_class
        Position in ``road_classes``.
    road_classes
        The classes of road that occur.
    road_kind
        Position in ``ROAD_KINDS``.
    name
        Position in ``names``; ``NOT_TOLD``: the source gives none.
    names
        The names of streets that occur.
    is_roundabout
        1 or 0; ``NOT_TOLD``: the source does not say of its streets whether they are.
    """

    number: IntArray
    road_class: IntArray
    road_classes: tuple[str, ...]
    road_kind: NDArray[np.int8]
    name: IntArray
    names: tuple[str, ...]
    is_roundabout: NDArray[np.int8]

    @classmethod
    def plain(cls, number: IntArray, road_class: str) -> Traits:
        """Return the traits of nameless streets of one class, of which no junctions are told.

        Examples
        --------
        >>> Traits.plain(np.array([7, 8]), "path").name.tolist()
        [-1, -1]
        """
        none, zeros = np.full(len(number), NOT_TOLD), np.zeros(len(number), np.int64)
        return cls(number, zeros, (road_class,), zeros.astype(np.int8), none, (), none.astype(np.int8))

    def take(self, rows: IntArray) -> Traits:
        """Return the traits of some rows, in their order.

        Examples
        --------
        >>> Traits.plain(np.array([7, 8]), "path").take(np.array([1, 1, 0])).number.tolist()
        [8, 8, 7]
        """
        chosen = {name: getattr(self, name)[rows] for name in ("number", "road_class", "road_kind", "name")}
        return replace(self, **chosen, is_roundabout=self.is_roundabout[rows])


@dataclass(frozen=True, slots=True)
class StreetGraph:
    """Streets between the places where they meet.

    Attributes
    ----------
    node_xy
        Shape (n_nodes, 2), metres.
    edge_from, edge_to
        Shape (n_edges,), the nodes at the first and the last vertex.
    vertex_start
        Shape (n_edges + 1,): the vertices of edge e are ``vertex_xy[vertex_start[e] : vertex_start[e + 1]]``.
    vertex_xy
        Shape (n_vertices, 2), metres; the nodes at both ends included.
    allowed
        Shape (n_edges,), bits: who may use the edge in which direction.
    traits
        What the source says of every edge besides.
    barred
        Shape (n_nodes,), bits as of ``allowed``: who does not pass the node (a gate), nor turns round it.
    extent
        Where the source is complete; beyond it nothing is known. None: complete everywhere that is asked.
    """

    node_xy: FloatArray
    edge_from: IntArray
    edge_to: IntArray
    vertex_start: IntArray
    vertex_xy: FloatArray
    allowed: Bits
    traits: Traits
    barred: Bits
    extent: shapely.Geometry | None

    @property
    def n_nodes(self) -> int:
        """The number of nodes."""
        return len(self.node_xy)

    @property
    def n_edges(self) -> int:
        """The number of edges."""
        return len(self.edge_from)

    def lines(self) -> GeometryArray:
        """Return the edges as lines, shape (n_edges,)."""
        part = np.repeat(np.arange(self.n_edges), np.diff(self.vertex_start))
        return np.asarray(shapely.linestrings(self.vertex_xy, indices=part), dtype=object)


def no_streets() -> StreetGraph:
    """Return a graph without streets, complete nowhere: what is reached over it is unknown.

    Examples
    --------
    >>> no_streets().n_edges, no_streets().extent.is_empty
    (0, True)
    """
    none, bits = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8)
    places = np.zeros((0, 2), dtype=np.float64)
    traits = Traits.plain(none, "path")
    return StreetGraph(places, none, none, np.zeros(1, np.int64), places, bits, traits, bits, shapely.Polygon())


def edge_lengths(vertex_xy: FloatArray, vertex_start: IntArray) -> FloatArray:
    """Return the planar length of every edge.

    Parameters
    ----------
    vertex_xy
        Shape (n_vertices, 2), metres.
    vertex_start
        Shape (n_edges + 1,), ascending; every edge has at least two vertices.

    Returns
    -------
    FloatArray
        Shape (n_edges,), metres; never negative.

    Examples
    --------
    >>> edge_lengths(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]), np.array([0, 3])).tolist()
    [6.0]
    """
    steps = np.hypot(*np.diff(vertex_xy, axis=0).T) if len(vertex_xy) else np.zeros(0)
    # A running sum loses digits over millions of edges; reduceat sums each edge by itself.
    padded = np.append(steps, 0.0)
    padded[vertex_start[1:-1] - 1] = 0.0
    return np.add.reduceat(padded, vertex_start[:-1]) if len(vertex_start) > 1 else np.zeros(0)


def graph_from_ways(
    way_start: IntArray,
    way_vertex: IntArray,
    vertex_xy: FloatArray,
    *,
    allowed: Bits,
    traits: Traits,
    extent: shapely.Geometry | None,
    barred: Bits | None = None,
) -> StreetGraph:
    """Split ways at every vertex that they share, and at their ends.

    Parameters
    ----------
    way_start
        Shape (n_ways + 1,): the vertices of way w are ``way_vertex[way_start[w] : way_start[w + 1]]``.
    way_vertex
        Position of each vertex in ``vertex_xy``; the same position is the same place on the ground.
    vertex_xy
        Shape (n_places, 2), metres.
    allowed, traits
        Of every way; carried to the edges.
    extent
        As in :class:`StreetGraph`.
    barred
        Shape (n_places,), who does not pass each place; None: everybody passes all.

    Returns
    -------
    StreetGraph
        The total length of its edges is that of the ways.

    Examples
    --------
    A street crosses another at a vertex in the middle of both: five nodes, four edges.

    >>> xy = np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0], [50.0, 50.0], [50.0, -50.0]])
    >>> graph = graph_from_ways(np.array([0, 3, 6]), np.array([0, 1, 2, 3, 1, 4]), xy, allowed=np.uint8([3, 3]),
    ...     traits=Traits.plain(np.array([7, 8]), "path"), extent=None)
    >>> graph.n_nodes, graph.n_edges
    (5, 4)
    """
    keep = np.diff(way_start) > 1
    if not keep.all():
        long = np.repeat(keep, np.diff(way_start))
        way_vertex = way_vertex[long]
        way_start = np.concatenate([[0], np.cumsum(np.diff(way_start)[keep])])
        allowed, traits = allowed[keep], traits.take(np.flatnonzero(keep))
    is_node = np.bincount(way_vertex, minlength=len(vertex_xy)) > 1
    is_node[way_vertex[way_start[:-1]]] = True
    is_node[way_vertex[way_start[1:] - 1]] = True
    barred = np.zeros(len(vertex_xy), np.uint8) if barred is None else barred
    is_node |= (barred > 0) & (np.bincount(way_vertex, minlength=len(vertex_xy)) > 0)
    breaks = is_node[way_vertex]
    is_first, is_last = np.zeros(len(way_vertex), bool), np.zeros(len(way_vertex), bool)
    is_first[way_start[:-1]] = True
    is_last[way_start[1:] - 1] = True
    starts = np.flatnonzero(breaks & ~is_last)
    ends = np.flatnonzero(breaks & ~is_first)
    # An inner node is written twice: it ends one edge and starts the next.
    sizes = ends - starts + 1
    vertex_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    position = np.arange(vertex_start[-1]) - np.repeat(vertex_start[:-1] - starts, sizes)
    way = np.searchsorted(way_start, starts, side="right") - 1
    number = np.cumsum(is_node) - 1
    return StreetGraph(
        node_xy=vertex_xy[is_node],
        edge_from=number[way_vertex[starts]],
        edge_to=number[way_vertex[ends]],
        vertex_start=vertex_start,
        vertex_xy=vertex_xy[way_vertex[position]],
        allowed=allowed[way].astype(np.uint8),
        traits=traits.take(way),
        barred=barred[is_node],
        extent=extent,
    )


def sever(graph: StreetGraph, bits: int) -> StreetGraph:
    """Return the graph as those find it who have these bits: at a node that bars them every edge ends by itself.

    Examples
    --------
    >>> xy, ways = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), (np.array([0, 3]), np.array([0, 1, 2]))
    >>> stile = np.uint8([0, BICYCLE_FORWARD | BICYCLE_BACKWARD, 0])
    >>> graph = graph_from_ways(*ways, xy, allowed=np.uint8([15]), traits=Traits.plain(np.array([7]), "path"),
    ...     extent=None, barred=stile)
    >>> [sever(graph, bits).edge_from.tolist() for bits in (WALK_FORWARD, BICYCLE_FORWARD)]
    [[0, 1], [0, 3]]
    """
    is_barred = graph.barred & bits > 0
    if not is_barred.any():
        return graph
    ends = np.concatenate([graph.edge_from, graph.edge_to])
    moved = np.flatnonzero(is_barred[ends])
    at = ends[moved]
    ends[moved] = graph.n_nodes + np.arange(len(moved))
    return replace(
        graph,
        node_xy=np.concatenate([graph.node_xy, graph.node_xy[at]]),
        edge_from=ends[: graph.n_edges],
        edge_to=ends[graph.n_edges :],
        barred=np.concatenate([graph.barred, graph.barred[at]]),
    )


def edge_boxes(vertex_xy: FloatArray, vertex_start: IntArray) -> FloatArray:
    """Return the box around every edge.

    Returns
    -------
    FloatArray
        Shape (n_edges, 4): low x, low y, high x, high y.

    Examples
    --------
    >>> edge_boxes(np.array([[0.0, 5.0], [3.0, 1.0]]), np.array([0, 2])).tolist()
    [[0.0, 1.0, 3.0, 5.0]]
    """
    if len(vertex_start) == 1:
        return np.zeros((0, 4))
    first = vertex_start[:-1]
    return np.hstack([np.minimum.reduceat(vertex_xy, first), np.maximum.reduceat(vertex_xy, first)])
