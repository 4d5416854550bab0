"""The street network of one mode: arrays made once, kept as files, and memory-mapped by every worker.

``build_network`` selects what the mode may use, leaves out loose ends that lead nowhere, contracts nodes of degree two
and orders nodes along a curve through space, so that what is near on the ground is near in memory.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.accessibility.kernels.contraction import (
    BACKWARD,
    FORWARD,
    PASSING,
    Flags,
    arcs,
    chain_vertices,
    chains,
    incidence,
    through_nodes,
)
from flexsites.arrays import FloatArray, IntArray
from flexsites.errors import Fault, InputError
from flexsites.geometry.street_graph import (
    BICYCLE_BACKWARD,
    BICYCLE_FORWARD,
    CROSSING,
    WALK_BACKWARD,
    WALK_FORWARD,
    StreetGraph,
    edge_boxes,
    edge_lengths,
    sever,
)

if TYPE_CHECKING:
    from typing import Self

Mode = Literal["walk", "bicycle"]
Nodes = NDArray[np.int32]
_BITS = {"walk": (WALK_FORWARD, WALK_BACKWARD), "bicycle": (BICYCLE_FORWARD, BICYCLE_BACKWARD)}
_MORTON_BITS = 21
BLOCK = 256
"""How many edges, one after the other, share a box in ``Network.block_box``."""


class Graph(NamedTuple):
    """What the kernels read of a network.

    Arcs are stored against their direction: node n's arcs ``indices[indptr[n] : indptr[n + 1]]`` lead to the nodes
    from which n is reached, because every search runs from the opportunities back to the sites.
    """

    indptr: IntArray
    indices: Nodes
    lengths: FloatArray
    edge_from: Nodes
    edge_to: Nodes
    edge_length: FloatArray
    edge_flags: Flags
    incident_start: IntArray
    incident_edge: Nodes


@dataclass(frozen=True, slots=True)
class Cut:
    """What building a network left out and joined: the sentence that the manifest tells.

    ``n_components`` counts the connected parts that stay; ``n_cut_*`` and ``cut_length_m`` what was too small.
    """

    n_components: int
    largest_component_share: float
    n_cut_components: int
    n_cut_edges: int
    cut_length_m: float
    n_nodes_before: int
    n_edges_before: int

    def __str__(self) -> str:
        """Return one sentence for the manifest.

        Examples
        --------
        >>> print(Cut(2, 0.98, 17, 31, 2077.4, 6320, 8666))
        2 connected parts stay (the largest has 98.0 % of the length); 17 too small ones with 2.1 km are left out
        """
        share, km = 100 * self.largest_component_share, self.cut_length_m / 1000
        one = f"one connected part stays (with {share:.1f} % of the length)"
        several = f"{self.n_components:,} connected parts stay (the largest has {share:.1f} % of the length)"
        stays = one if self.n_components == 1 else several
        return f"{stays}; {self.n_cut_components:,} too small ones with {km:,.1f} km are left out"


@dataclass(frozen=True, slots=True)
class Network:
    """The street network of one mode.

    Attributes
    ----------
    mode
        Who moves over it.
    graph
        The arrays that the kernels read.
    node_xy
        Shape (n_nodes, 2), metres.
    vertex_start, vertex_xy
        The vertices of every edge, as in a street graph.
    edge_box, block_box
        Shape (n_edges, 4) and (n_blocks, 4), the boxes around every edge and around every ``BLOCK`` edges in order:
        edges are ordered through space, so what lies near a place is found without looking at all edges.
    extent
        Where the streets are complete; None: everywhere that is asked.
    cut
        What was left out.
    """

    mode: Mode
    graph: Graph
    node_xy: FloatArray
    vertex_start: IntArray
    vertex_xy: FloatArray
    edge_box: FloatArray
    block_box: FloatArray
    extent: shapely.Geometry | None
    cut: Cut

    @property
    def n_nodes(self) -> int:
        """The number of nodes."""
        return len(self.node_xy)

    @property
    def n_edges(self) -> int:
        """The number of edges."""
        return len(self.graph.edge_from)

    def save(self, directory: Path) -> None:
        """Write the network as .npy files into a directory; an existing network there is written over."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, array in (self.graph._asdict() | self._own_arrays()).items():
            np.save(directory / f"{name}.npy", array)
        extent = None if self.extent is None else shapely.to_wkt(self.extent, rounding_precision=-1)
        about = {"mode": self.mode, "extent": extent, "cut": asdict(self.cut)}
        (directory / "network.json").write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Memory-map a saved network: nothing is read until it is touched, and workers share it.

        Raises
        ------
        InputError
            If the directory holds no network.
        """
        path = directory / "network.json"
        if not path.exists():
            raise InputError(Fault("no network", str(directory), "prepare the street network first"))
        about = json.loads(path.read_text(encoding="utf-8"))
        graph = Graph(*(open_array(directory / f"{name}.npy") for name in Graph._fields))
        own = {name: open_array(directory / f"{name}.npy") for name in _OWN_ARRAYS}
        extent = None if about["extent"] is None else shapely.from_wkt(about["extent"])
        return cls(mode=about["mode"], graph=graph, extent=extent, cut=Cut(**about["cut"]), **own)

    def _own_arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in _OWN_ARRAYS}


def open_array(path: Path) -> NDArray[Any]:
    """Memory-map an array; a small one is read, which takes half as long, and an empty file cannot be mapped.

    What is written into it would stay in this process ("copy on write"). Nothing is; but an array that cannot be
    written is another type to the compiler, and every kernel would be compiled for both.
    """
    array = np.load(path, mmap_mode="c" if path.stat().st_size > _MAPPED_FROM_BYTES else None)
    plain: NDArray[Any] = array.view(np.ndarray)
    return plain


_OWN_ARRAYS = ("node_xy", "vertex_start", "vertex_xy", "edge_box", "block_box")
_MAPPED_FROM_BYTES = 65_536


def build_network(streets: StreetGraph, *, mode: Mode, min_component_m: float, wait_m: float = 0.0) -> Network:
    """Make the network of a mode.

    Parameters
    ----------
    streets
        Streets of all modes.
    mode
        Who moves.
    min_component_m
        Connected streets shorter than this together are left out, and reported; 0 keeps all.
    wait_m
        What a crossing (a ferry) costs besides its length: the wait for it, in metres of going on.

    Raises
    ------
    InputError
        If the mode may use no street.
    """
    forward, backward = _BITS[mode]
    streets = sever(streets, int(forward | backward))
    flags = (
        np.where(streets.allowed & forward, FORWARD, 0) | np.where(streets.allowed & backward, BACKWARD, 0)
    ).astype(np.uint8)
    length = edge_lengths(streets.vertex_xy, streets.vertex_start)
    flags[(flags > 0) & (streets.allowed & CROSSING > 0)] |= PASSING
    keep, cut = _components(streets, flags > 0, length, min_component_m)
    if streets.n_edges and not keep.any():
        raise InputError(_no_street(mode, cut, min_component_m))
    chosen = np.flatnonzero(keep)
    start, edge = incidence(streets.edge_from[chosen], streets.edge_to[chosen], streets.n_nodes)
    ends = streets.edge_from[chosen], streets.edge_to[chosen]
    is_through = through_nodes(*ends, flags[chosen], start, edge)
    chain_start, chain_edge, against = chains(*ends, is_through, start, edge)
    first, last = chain_start[:-1], chain_start[1:] - 1
    origin = np.where(against[first], ends[1][chain_edge[first]], ends[0][chain_edge[first]])
    target = np.where(against[last], ends[0][chain_edge[last]], ends[1][chain_edge[last]])
    own = flags[chosen][chain_edge[first]]
    turned = (own & FORWARD) << 1 | (own & BACKWARD) >> 1 | (own & PASSING)
    chain_flags = np.where(against[first], turned, own).astype(np.uint8)
    sizes = np.diff(streets.vertex_start)[chosen]
    picked = np.repeat(streets.vertex_start[chosen] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    vertices = streets.vertex_xy[picked + np.arange(sizes.sum())]
    own_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    vertex_start, vertex_xy = chain_vertices(chain_start, chain_edge, against, own_start, vertices)
    return _ordered(mode, streets, (origin, target, chain_flags), (vertex_start, vertex_xy), cut, wait_m)


def _no_street(mode: Mode, cut: Cut, least_component_m: float) -> Fault:
    """Return why no street is left for a mode."""
    if not cut.n_cut_edges:
        return Fault(f"no street for mode {mode}", "streets", "see who may use the streets (access tags)")
    least = f"{least_component_m:.0f}"
    return Fault(
        f"streets for mode {mode} do not join; parts: {cut.n_cut_components}, each shorter than {least} m",
        "streets",
        "let lines share an end where they meet, or lower min_component_m of configs/streets.yaml",
    )


def _components(
    streets: StreetGraph, is_usable: NDArray[np.bool_], length: FloatArray, min_component_m: float
) -> tuple[NDArray[np.bool_], Cut]:
    """Return which edges stay and what is cut, one-way streets counted as connecting both ways."""
    ends = streets.edge_from[is_usable], streets.edge_to[is_usable]
    n = streets.n_nodes
    matrix = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(n, n))
    _, of_node = connected_components(matrix, directed=False)
    of_edge = of_node[streets.edge_from]
    total = np.bincount(of_edge[is_usable], weights=length[is_usable], minlength=int(of_node.max(initial=0)) + 1)
    has_edges = np.bincount(of_edge[is_usable], minlength=len(total)) > 0
    stays = has_edges & (total >= min_component_m)
    keep = is_usable & stays[of_edge]
    kept_length = float(length[keep].sum())
    return keep, Cut(
        n_components=int(stays.sum()),
        largest_component_share=float(total.max(initial=0.0)) / kept_length if kept_length else 0.0,
        n_cut_components=int((has_edges & ~stays).sum()),
        n_cut_edges=int((is_usable & ~keep).sum()),
        cut_length_m=float(length[is_usable & ~keep].sum()),
        n_nodes_before=n,
        n_edges_before=streets.n_edges,
    )


def _ordered(
    mode: Mode,
    streets: StreetGraph,
    edges: tuple[IntArray, IntArray, Flags],
    vertices: tuple[IntArray, FloatArray],
    cut: Cut,
    wait_m: float,
) -> Network:
    """Return the network, nodes and edges numbered along a curve through space."""
    edge_from, edge_to, flags = edges
    used = np.unique(np.concatenate([edge_from, edge_to]))
    used = used[np.argsort(morton(streets.node_xy[used]), kind="stable")]
    number = np.full(streets.n_nodes, -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    edge_from, edge_to = number[edge_from], number[edge_to]
    order = np.lexsort((edge_to, edge_from))
    sizes = np.diff(vertices[0])[order]
    vertex_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    picked = np.repeat(vertices[0][:-1][order] - vertex_start[:-1], sizes) + np.arange(sizes.sum())
    vertex_xy = vertices[1][picked]
    edge_from, edge_to, flags = edge_from[order], edge_to[order], flags[order]
    length = edge_lengths(vertex_xy, vertex_start) + np.where(flags & PASSING, wait_m, 0.0)
    graph = make_graph(len(used), edge_from, edge_to, length, flags)
    box = edge_boxes(vertex_xy, vertex_start)
    first = np.arange(0, len(box), BLOCK)
    blocks = np.hstack([np.minimum.reduceat(box[:, :2], first), np.maximum.reduceat(box[:, 2:], first)])
    return Network(mode, graph, streets.node_xy[used], vertex_start, vertex_xy, box, blocks, streets.extent, cut)


def make_graph(n_nodes: int, edge_from: IntArray, edge_to: IntArray, length: FloatArray, flags: Flags) -> Graph:
    """Return the arrays that kernels read, from edges with their directions.

    Examples
    --------
    A one-way edge from 0 to 1 is found from 1, against its direction.

    >>> graph = make_graph(2, np.array([0]), np.array([1]), np.array([5.0]), np.uint8([1]))
    >>> graph.indptr.tolist(), graph.indices.tolist(), graph.lengths.tolist()
    ([0, 0, 1], [0], [5.0])
    """
    indptr, leads, cost = arcs(edge_from, edge_to, length, flags, n_nodes)
    start, edge = incidence(edge_from, edge_to, n_nodes)
    return Graph(
        indptr,
        leads,
        cost,
        edge_from.astype(np.int32),
        edge_to.astype(np.int32),
        np.ascontiguousarray(length),
        flags.astype(np.uint8),
        start,
        edge.astype(np.int32),
    )


def morton(xy: FloatArray) -> NDArray[np.uint64]:
    """Return the position of each point on a Z-order curve over their bounding box.

    Examples
    --------
    >>> order = np.argsort(morton(np.array([[9.0, 9.0], [0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])))
    >>> order.tolist()
    [1, 2, 3, 0]
    """
    if not len(xy):
        return np.zeros(0, dtype=np.uint64)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = max(float((high - low).max()), 1.0)
    cells = ((xy - low) / span * (2**_MORTON_BITS - 1)).astype(np.uint64)
    return _spread(cells[:, 0]) | (_spread(cells[:, 1]) << np.uint64(1))


def _spread(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Put a zero between each two of the lowest 32 bits."""
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits
