"""Street-like graphs of any size: planar, irregular, connected, with dead ends and blocks of all sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class StreetGraph:
    """
    An undirected street graph.

    Parameters
    ----------
    x, y
        Nodes in m, shape (n_nodes,).
    source, target
        Node of each end of an edge, shape (n_edges,); every edge stands once.
    length_m
        Length of each edge, at least the distance of its ends, shape (n_edges,).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    length_m: NDArray[np.float64]

    @property
    def mean_degree(self) -> float:
        """Mean number of edges at a node."""
        return 2 * len(self.source) / len(self.x)


def street_graph(
    n_nodes: int, *, seed: int = 1, mean_degree: float = 2.7, spacing_m: float = 90.0, is_shuffled: bool = False
) -> StreetGraph:
    """
    Return a connected, planar street graph.

    Parameters
    ----------
    n_nodes
        At least four; exactly so many come back.
    seed
        Equal seeds give equal graphs.
    mean_degree
        Between 2 (a tree) and about 3.5. Dutch street networks of crossings and bends have 2.5 to 3.
    spacing_m
        Mean distance of neighbouring nodes; it varies threefold between town and country.
    is_shuffled
        Number the nodes at random instead of from south-west to north-east: the worst case for memory caches.

    Raises
    ------
    ValueError
        If the graph would be too small or the degree is out of reach.

    Notes
    -----
    A grid with moved nodes (by less than a quarter of the spacing, so that no two edges cross), bent as a whole, of
    which a random spanning tree is kept and of the other edges as many as the degree asks. Streets bend: lengths are
    up to 15 % above the straight line.

    Examples
    --------
    >>> graph = street_graph(10_000, seed=1)
    >>> len(graph.x), round(graph.mean_degree, 2)
    (10000, 2.7)
    """
    if n_nodes < 4 or not 2.0 <= mean_degree <= 3.5:
        message = (
            f"a street graph needs at least 4 nodes and a mean degree of 2 to 3.5, not {n_nodes:,} and {mean_degree}"
        )
        raise ValueError(message)
    rng = np.random.default_rng((seed, n_nodes))
    n_columns = int(np.ceil(np.sqrt(n_nodes)))
    node = np.arange(n_nodes, dtype=np.int64)
    x, y = _places(node % n_columns, node // n_columns, n_columns, spacing_m, rng)
    source, target = _grid_edges(node, n_columns)
    kept = _thinned(source, target, n_nodes, mean_degree, rng)
    source, target = source[kept], target[kept]
    if is_shuffled:
        number = rng.permutation(n_nodes)
        x[number], y[number] = x.copy(), y.copy()
        source, target = number[source], number[target]
    straight = np.hypot(x[source] - x[target], y[source] - y[target])
    return StreetGraph(x, y, source, target, straight * (1 + 0.15 * rng.random(len(source)) ** 3))


def _places(
    column: NDArray[np.int64], row: NDArray[np.int64], n_columns: int, spacing_m: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Grid nodes moved at random, then bent smoothly: the bend's slope stays below 1, so that it folds nothing."""
    x = column + (rng.random(len(column)) - 0.5) * 0.45
    y = row + (rng.random(len(row)) - 0.5) * 0.45
    wave = max(n_columns / 4, 8.0)
    scale = 2 * np.pi / wave
    x = x + 0.5 / scale * np.sin(scale * x)
    y = y + 0.5 / scale * np.sin(scale * y)
    return x * spacing_m, y * spacing_m


def _grid_edges(node: NDArray[np.int64], n_columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    eastern = node[(node % n_columns != n_columns - 1) & (node + 1 < len(node))]
    northern = node[node + n_columns < len(node)]
    source = np.concatenate([eastern, northern])
    target = np.concatenate([eastern + 1, northern + n_columns])
    return source, target


def _thinned(
    source: NDArray[np.int64], target: NDArray[np.int64], n_nodes: int, mean_degree: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows of a random spanning tree and of as many other edges as the mean degree asks, ascending."""
    order = rng.permutation(len(source)) + 1.0
    weights = coo_array((order, (source, target)), shape=(n_nodes, n_nodes)).tocsr()
    tree = np.sort(minimum_spanning_tree(weights).data).astype(np.int64)
    row_of_order = np.empty(len(source) + 1, dtype=np.int64)
    row_of_order[order.astype(np.int64)] = np.arange(len(source))
    in_tree = np.zeros(len(source), dtype=bool)
    in_tree[row_of_order[tree]] = True
    others = np.flatnonzero(~in_tree)
    n_more = round(mean_degree * n_nodes / 2) - int(in_tree.sum())
    if n_more > len(others):
        message = f"mean degree {mean_degree} is out of reach with {n_nodes:,} nodes"
        raise ValueError(message)
    more = rng.choice(others, max(n_more, 0), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(in_tree), more]))


def points_near(
    graph: StreetGraph, n_points: int, *, seed: int = 1, offset_m: float = 20.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return points beside streets: along random edges, moved by up to an offset.

    Parameters
    ----------
    graph
        Where the streets are.
    n_points
        How many.
    seed
        Equal seeds give equal points.
    offset_m
        Largest move in x and in y.

    Returns
    -------
    x, y
        Shape (n_points,), in m.

    Examples
    --------
    >>> x, y = points_near(street_graph(100), 7)
    >>> x.shape, y.shape
    ((7,), (7,))
    """
    rng = np.random.default_rng((seed, n_points, len(graph.x)))
    edge = rng.integers(0, len(graph.source), n_points)
    along = rng.random(n_points)
    ends = graph.source[edge], graph.target[edge]
    x = graph.x[ends[0]] + along * (graph.x[ends[1]] - graph.x[ends[0]])
    y = graph.y[ends[0]] + along * (graph.y[ends[1]] - graph.y[ends[0]])
    moved = (rng.random((2, n_points)) - 0.5) * 2 * offset_m
    return x + moved[0], y + moved[1]
