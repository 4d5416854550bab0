"""Points onto the network: to the nearest place on the nearest edge, not to a node.

The nearest edge is sought among those whose box comes near, in squares of a fixed lattice, so that neither memory
nor time grows with the part of the network where there are no points. Ties go to the edge with the lowest number.
"""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.accessibility.kernels.contraction import PASSING
from flexsites.accessibility.kernels.network import BLOCK, Network
from flexsites.accessibility.kernels.positions import Positions
from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.compiled import kernel

_SQUARE_M = 5_000.0
# Positions within this of an end are at the end: the last digits of a projection decide nothing.
_AT_END_M = 1e-6


def snap(network: Network, points: FloatArray, *, max_snap_m: float) -> Positions:
    """Return where points touch the network.

    Parameters
    ----------
    network
        The network of the mode.
    points
        Shape (n, 2), metres; NaN for a point that is not known.
    max_snap_m
        A street farther away than this is not the point's street.

    Returns
    -------
    Positions
        Shape (n,); the same for a point whichever other points are asked for. Edge -1: no street within reach.
    """
    n = len(points)
    edge, offset, leg = np.full(n, -1, dtype=np.int64), np.full(n, np.nan), np.full(n, np.nan)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(known) == 0:
        return Positions(edge, offset, leg)
    squares = np.floor(points[known] / _SQUARE_M).astype(np.int64)
    order = np.lexsort((squares[:, 0], squares[:, 1]))
    is_new = np.append(True, (np.diff(squares[order], axis=0) != 0).any(axis=1))
    for group in np.split(known[order], np.flatnonzero(is_new)[1:]):
        near = _edges_near(network, points[group], max_snap_m)
        if len(near) == 0:
            continue
        which, candidate = _candidates(network, near, points[group], max_snap_m)
        found = nearest_on_edges(
            points[group], which, near[candidate], network.vertex_start, network.vertex_xy, max_snap_m
        )
        edge[group], offset[group], leg[group] = found
    _to_ends(offset, edge, network.graph.edge_length)
    return Positions(edge, offset, leg)


def _edges_near(network: Network, points: FloatArray, reach: float) -> IntArray:
    """Return the edges, ascending, whose box comes within reach of the box around the points; no ferries."""
    window = np.concatenate([points.min(axis=0) - reach, points.max(axis=0) + reach])
    blocks = np.flatnonzero(_meets(network.block_box, window))
    edges = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    edges = edges[edges < network.n_edges]
    touches = (network.graph.edge_flags[edges] & PASSING == 0) & _meets(network.edge_box[edges], window)
    return np.asarray(edges[touches], dtype=np.int64)


def _meets(boxes: FloatArray, window: FloatArray) -> BoolArray:
    is_west, is_east = boxes[:, 0] <= window[2], boxes[:, 2] >= window[0]
    return np.asarray(is_west & is_east & (boxes[:, 1] <= window[3]) & (boxes[:, 3] >= window[1]), dtype=bool)


def _candidates(network: Network, near: IntArray, points: FloatArray, reach: float) -> tuple[IntArray, IntArray]:
    """Return pairs of a point and an edge that is its nearest, all of them when several are as near."""
    sizes = network.vertex_start[near + 1] - network.vertex_start[near]
    at = np.repeat(network.vertex_start[near] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    xy = network.vertex_xy[at + np.arange(sizes.sum())]
    lines = np.asarray(shapely.linestrings(xy, indices=np.repeat(np.arange(len(near)), sizes)))
    tree = shapely.STRtree(lines)
    which, candidate = tree.query_nearest(shapely.points(points), max_distance=reach * (1 + 1e-12), all_matches=True)
    return which.astype(np.int64), candidate.astype(np.int64)


def _to_ends(offset: FloatArray, edge: IntArray, edge_length: FloatArray) -> None:
    snapped = edge >= 0
    length = np.where(snapped, edge_length[np.maximum(edge, 0)], np.nan)
    offset[snapped & (offset <= _AT_END_M)] = 0.0
    is_last = snapped & (offset >= length - _AT_END_M)
    offset[is_last] = length[is_last]


@kernel
def project_on_edge(x: float, y: float, xy: FloatArray) -> tuple[float, float]:
    """Return how far along a line its place nearest to a point lies, and how far the point is from it.

    Examples
    --------
    >>> project_on_edge(4.0, 3.0, np.array([[0.0, 0.0], [10.0, 0.0]]))
    (4.0, 3.0)
    """
    best, best_offset, before = np.inf, 0.0, 0.0
    for v in range(len(xy) - 1):
        dx, dy = xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1]
        square = dx * dx + dy * dy
        share = 0.0
        if square > 0.0:
            share = min(max(((x - xy[v, 0]) * dx + (y - xy[v, 1]) * dy) / square, 0.0), 1.0)
        distance = np.hypot(x - xy[v, 0] - share * dx, y - xy[v, 1] - share * dy)
        length = np.sqrt(square)
        if distance < best:
            best, best_offset = distance, before + share * length
        before += length
    return best_offset, best


@kernel
def nearest_on_edges(
    points: FloatArray,
    which: IntArray,
    edges: IntArray,
    vertex_start: IntArray,
    vertex_xy: FloatArray,
    reach: float,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return per point its place on the nearest of the edges it is paired with: edge, offset and distance.

    Edge -1 where no pair is within reach. Of edges equally near (within a micrometre: they share a node) the lowest
    number wins, because the last digits of a distance are no reason.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [10.0, 9.0]])
    >>> point = np.array([[11.0, -1.0]])
    >>> edge, offset, leg = nearest_on_edges(point, np.array([0, 0]), np.array([1, 0]), np.array([0, 2, 4]), xy, 5.0)
    >>> int(edge[0]), float(offset[0])
    (0, 10.0)
    """
    edge = np.full(len(points), -1, dtype=np.int64)
    offset, leg = np.full(len(points), np.nan), np.full(len(points), np.nan)
    for p in range(len(which)):
        i, e = which[p], edges[p]
        along, distance = project_on_edge(points[i, 0], points[i, 1], vertex_xy[vertex_start[e] : vertex_start[e + 1]])
        if distance > reach:
            continue
        is_nearer = edge[i] < 0 or distance < leg[i] - _AT_END_M
        is_tie = not is_nearer and abs(distance - leg[i]) <= _AT_END_M and e < edge[i]
        if is_nearer or is_tie:
            edge[i], offset[i], leg[i] = e, along, distance
    return edge, offset, leg
