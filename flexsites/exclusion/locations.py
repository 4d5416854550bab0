"""Locations: pieces within a gap of each other and not across a barrier. Source: METHOD 0 (PBL counts locations)."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.geometry.types import BoolArray, GeometryArray, IntArray


def group_pieces(pieces: GeometryArray, barriers: GeometryArray, *, gap_m: float, touch_m: float) -> IntArray:
    """Group pieces that lie within a gap of each other, directly or through others.

    Two pieces are linked when the shortest line between them is no longer than the gap and meets no barrier. Pieces
    that touch are linked along their common edge, unless barriers cover all of it (a railway drawn on the boundary).
    The result does not depend on cells, and not on the order of the pieces except in the numbers of the groups.

    Parameters
    ----------
    pieces
        Shape (n,), polygons.
    barriers
        Shape (m,), lines or polygons: motorways, rail, water.
    gap_m
        Largest gap in metres; 0 asks that pieces touch.
    touch_m
        Distance below which pieces touch: the resolution of the register's coordinates.

    Returns
    -------
    IntArray
        Shape (n,), for each piece the position of the first piece of its group.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 20, 9), shapely.box(25, 0, 30, 9)])
    >>> group_pieces(plots, np.array([], dtype=object), gap_m=0.0, touch_m=0.001).tolist()
    [0, 0, 2]
    >>> group_pieces(plots, np.array([shapely.LineString([(22, -9), (22, 99)])]), gap_m=5.0, touch_m=0.001).tolist()
    [0, 0, 2]
    >>> group_pieces(plots, np.array([], dtype=object), gap_m=5.0, touch_m=0.001).tolist()
    [0, 0, 0]
    """
    first, second = shapely.STRtree(pieces).query(pieces, predicate="dwithin", distance=gap_m + touch_m)
    first, second = first[first < second], second[first < second]
    if len(barriers) and len(first):
        is_open = ~_is_barred(pieces, barriers, first, second, touch_m=touch_m)
        first, second = first[is_open], second[is_open]
    n = len(pieces)
    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    _, group = connected_components(links, directed=False)
    _, lowest = np.unique(group, return_index=True)
    return np.asarray(lowest[group], dtype=np.int64)


def _is_barred(
    pieces: GeometryArray, barriers: GeometryArray, first: IntArray, second: IntArray, *, touch_m: float
) -> BoolArray:
    """Return which links a barrier cuts. Touching pieces are linked by the edge they share."""
    links = shapely.shortest_line(pieces[first], pieces[second])
    touching = np.flatnonzero(shapely.length(links) <= touch_m)
    edge = shapely.boundary(pieces[first[touching]])
    contact = shapely.intersection(edge, shapely.buffer(pieces[second[touching]], touch_m, quad_segs=1))
    links[touching] = contact
    tree = shapely.STRtree(barriers)
    link, barrier = tree.query(links, predicate="intersects")
    is_barred = np.zeros(len(links), dtype=bool)
    is_barred[link] = True
    for i in np.intersect1d(touching, link):
        across = shapely.union_all(shapely.buffer(barriers[np.sort(barrier[link == i])], touch_m, quad_segs=1))
        open_m = shapely.length(shapely.difference(links[i], across))
        is_barred[i] = open_m <= 4 * touch_m  # the ends of a contact stick out by the tolerance
    return is_barred
