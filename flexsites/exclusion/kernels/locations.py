"""Locations across gaps: core parts within a gap of each other and not across a barrier. Source: METHOD 0."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import GeometryArray, IntArray
from flexsites.exclusion.kernels.entrances import Barriers, Crossing


def link_across(parts: GeometryArray, barriers: Barriers, *, gap_m: float) -> tuple[IntArray, IntArray]:
    """Find the pairs of core parts within a gap of each other whose shortest line crosses no barrier.

    Whether a pair is linked depends on no other part.

    Parameters
    ----------
    parts
        Shape (n,), polygons.
    barriers
        Motorways, railways and water, at least as far as the gap around the parts.
    gap_m
        Largest gap in metres.

    Returns
    -------
        Positions of the first and the second of each pair, first < second.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 9, 9), shapely.box(25, 0, 30, 9)])
    >>> none, river = np.array([], dtype=object), np.array([shapely.box(12, -99, 22, 99)])
    >>> [ends.tolist() for ends in link_across(plots, Barriers(none, none, 3.0, 0.1), gap_m=25.0)]
    [[0], [1]]
    >>> [ends.tolist() for ends in link_across(plots, Barriers(none, river, 3.0, 0.1), gap_m=25.0)]
    [[], []]
    """
    first, second = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=gap_m)
    first, second = first[first < second], second[first < second]
    crossing = Crossing(barriers)
    lines = shapely.shortest_line(parts[first], parts[second])
    is_open = np.array([crossing.is_open(line) for line in lines], dtype=bool)
    return first[is_open].astype(np.int64), second[is_open].astype(np.int64)
