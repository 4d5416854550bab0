"""Locations: pieces within a gap of each other and not across a barrier. Source: METHOD 0 (PBL counts locations)."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.geometry.buffers import chord_error_m

_QUAD_SEGS = 16


def link_shapes(
    pieces: GeometryArray, barriers: GeometryArray, *, gap_m: float, touch_m: float
) -> tuple[IntArray, IntArray]:
    """Find the pairs of pieces that lie within a gap of each other and not across a barrier.

    Pieces that touch are linked along their common edge, unless barriers cover all of it (a railway drawn on the
    boundary). Pieces apart are linked if barriers leave open some way from one to the other through the land that lies
    within the gap of both. Whether a pair is linked depends on no other piece.

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
        Positions of the first and the second of each pair, first < second.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 20, 9), shapely.box(25, 0, 30, 9)])
    >>> [ends.tolist() for ends in link_shapes(plots, np.array([], dtype=object), gap_m=0.0, touch_m=0.001)]
    [[0], [1]]
    >>> river = np.array([shapely.LineString([(22, -9), (22, 99)])])
    >>> [ends.tolist() for ends in link_shapes(plots, river, gap_m=5.0, touch_m=0.001)]
    [[0], [1]]
    >>> [ends.tolist() for ends in link_shapes(plots, np.array([], dtype=object), gap_m=5.0, touch_m=0.001)]
    [[0, 1], [1, 2]]
    """
    first, second = shapely.STRtree(pieces).query(pieces, predicate="dwithin", distance=gap_m + touch_m)
    first, second = first[first < second], second[first < second]
    if len(barriers) and len(first):
        near = np.zeros(len(pieces), dtype=bool)
        near[shapely.STRtree(barriers).query(pieces, predicate="dwithin", distance=2.0 * (gap_m + touch_m))[0]] = True
        asked = np.flatnonzero(near[first] & near[second])
        is_barred = _is_barred(pieces, barriers, first[asked], second[asked], gap_m=gap_m, touch_m=touch_m)
        first, second = np.delete(first, asked[is_barred]), np.delete(second, asked[is_barred])
    return first, second


def _is_barred(
    pieces: GeometryArray, barriers: GeometryArray, first: IntArray, second: IntArray, *, gap_m: float, touch_m: float
) -> BoolArray:
    """Return which links a barrier cuts: all of a common edge, or all of the land between two pieces."""
    is_touching = shapely.distance(pieces[first], pieces[second]) <= touch_m
    between = np.empty(len(first), dtype=object)
    wide = np.where(is_touching, touch_m, (gap_m + touch_m) / (1.0 - chord_error_m(1.0, _QUAD_SEGS)))
    edge = shapely.boundary(pieces[first[is_touching]])
    near = shapely.buffer(pieces[second], wide, quad_segs=_QUAD_SEGS)
    between[is_touching] = shapely.intersection(edge, near[is_touching])
    apart = np.flatnonzero(~is_touching)
    around = shapely.buffer(pieces[first[apart]], wide[apart], quad_segs=_QUAD_SEGS)
    between[apart] = shapely.intersection(around, near[apart])
    link, barrier = shapely.STRtree(barriers).query(between, predicate="dwithin", distance=touch_m)
    is_barred = np.zeros(len(first), dtype=bool)
    for i in np.unique(link):
        across = shapely.union_all(shapely.buffer(barriers[np.sort(barrier[link == i])], touch_m, quad_segs=1))
        left = shapely.difference(between[i], across)
        if is_touching[i]:
            is_barred[i] = shapely.length(left) <= 4 * touch_m  # the ends of a contact stick out by the tolerance
        else:
            ways = shapely.get_parts(left)
            reaches = [shapely.distance(ways, pieces[end[i]]) <= touch_m for end in (first, second)]
            is_barred[i] = not (reaches[0] & reaches[1]).any()
    return is_barred
