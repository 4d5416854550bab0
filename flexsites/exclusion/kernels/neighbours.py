"""Which pieces lie near each other, what land each is part of, and what hangs together by edges. Source: METHOD 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import GRID_M
from flexsites.geometry.shared_area import shared_areas

Pairs: TypeAlias = dict[tuple[int, int], int]
"""What is known of pairs of pieces: how they meet."""

_FAR, _APART, _TOUCHING, _JOINED = -1, 0, 1, 2
"""Farther apart than a core can bridge, within that, near enough to touch once on the grid, sharing an edge."""

_CONTACT_M = 0.002
_EDGE_M = 0.01
_ROUNDING_M2 = 1e-6


def share_edge(parts: GeometryArray, others: GeometryArray) -> BoolArray:
    """Return which pairs share an edge: a point in common is none.

    Parameters
    ----------
    parts, others
        Shape (n,), polygons, pair by pair.

    Examples
    --------
    >>> plot = shapely.box(0, 0, 9, 9)
    >>> share_edge(np.array([plot, plot]), np.array([shapely.box(9, 0, 20, 9), shapely.box(9, 9, 20, 20)])).tolist()
    [True, False]
    """
    grown = shapely.buffer(parts, _CONTACT_M, quad_segs=1)
    return np.asarray(shared_areas(grown, others) / _CONTACT_M > _EDGE_M, dtype=bool)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which pieces lie within the gap that a core can bridge of each piece.

    Attributes
    ----------
    near, starts
        Shape (m,) and (n + 1,): those near piece i, itself among them, are ``near[starts[i]:starts[i + 1]]``.
    is_touching, is_joined
        Shape (m,): whether the two may touch once on the grid, and whether they share an edge.
    """

    near: IntArray
    starts: IntArray
    is_touching: BoolArray
    is_joined: BoolArray


def find_neighbours(
    pieces: GeometryArray,
    *,
    gap_m: float,
    ids: IntArray | None = None,
    known: Pairs | None = None,
) -> Neighbours:
    """Find the neighbours of every piece; the gap is that of :func:`~flexsites.exclusion.kernels.cores.gap_bridged_m`.

    Parameters
    ----------
    pieces
        Shape (n,), the pieces at hand.
    gap_m
        How far apart neighbours lie at most.
    ids
        Shape (n,), what each piece is called in ``known``; its position where not given.
    known
        How pairs of pieces meet, the first at hand before the other, as far as that was asked before; what is asked
        now is added.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 20, 9), shapely.box(60, 0, 70, 9)])
    >>> known = {}
    >>> np.diff(find_neighbours(plots, gap_m=10.6, known=known).starts).tolist(), known
    ([2, 2, 1], {(0, 1): 2})
    """
    names = np.arange(len(pieces)) if ids is None else ids
    known = {} if known is None else known
    tree = shapely.STRtree(pieces)
    one, other = _boxes_near(tree, pieces, gap_m)
    keys = list(zip(names[one].tolist(), names[other].tolist(), strict=True))
    new = np.flatnonzero(np.array([key not in known for key in keys], dtype=bool))
    pairs = new[_lie_within(tree, pieces, (one[new], other[new]), names, gap_m)]
    # Of those only that touch is more asked. On the grid a corner moves by less than its step.
    touching = pairs[shapely.dwithin(pieces[one[pairs]], pieces[other[pairs]], 2.0 * GRID_M)]
    meeting = touching[shapely.dwithin(pieces[one[touching]], pieces[other[touching]], GRID_M)]
    joined = meeting[share_edge(pieces[one[meeting]], pieces[other[meeting]])]
    for rows, how in ((new, _FAR), (pairs, _APART), (touching, _TOUCHING), (joined, _JOINED)):
        known |= dict.fromkeys([keys[i] for i in rows.tolist()], how)
    met = np.array([known[key] for key in keys], dtype=np.int64)
    is_near = met > _FAR
    one, other, met = one[is_near], other[is_near], met[is_near]
    # Both ways, and each piece with itself.
    alone = np.arange(len(pieces))
    of, near = np.concatenate([one, other, alone]), np.concatenate([other, one, alone])
    met = np.concatenate([met, met, np.full_like(alone, _APART)])
    order = np.lexsort((near, of))
    starts = np.searchsorted(of[order], np.arange(len(pieces) + 1))
    return Neighbours(near[order], starts, met[order] >= _TOUCHING, met[order] == _JOINED)


def _boxes_near(tree: shapely.STRtree, pieces: GeometryArray, within_m: float) -> tuple[IntArray, IntArray]:
    """Return the pairs of which the boxes lie within a distance along x and y, the first before the other."""
    # A hair wider than asked: what rounds to the distance is still compared.
    grown = shapely.bounds(pieces) + (within_m * (1.0 + 1e-9) + 1e-6) * np.array([-1.0, -1.0, 1.0, 1.0])
    one, other = tree.query(shapely.box(*grown.T))
    return one[one < other], other[one < other]


def _lie_within(
    tree: shapely.STRtree, pieces: GeometryArray, pairs: tuple[IntArray, IntArray], names: IntArray, within_m: float
) -> BoolArray:
    """Return which pairs lie within a distance: one of each is asked, that with the higher name, which came last."""
    one, other = pairs
    asked = np.unique(np.where(names[one] > names[other], one, other))
    row, near = tree.query(pieces[asked], predicate="dwithin", distance=within_m)
    first, last = np.minimum(asked[row], near), np.maximum(asked[row], near)
    return np.isin(one * len(pieces) + other, first * len(pieces) + last)


def land_of(i: int, parcel: IntArray, neighbours: Neighbours, is_near: Callable[[int], bool]) -> tuple[int, ...]:
    """Return the land of a piece: itself, and what of the pieces of near parcels bears on its core.

    A component of the core lies in one body of land, of pieces that touch: no core lies on a gap. Other bodies bear on
    it only where a core of theirs bridges a gap to it. So of all that hangs together with a piece by such gaps its own
    body and those next to it are taken, whole; the rest changes nothing, and lands stay small.

    Parameters
    ----------
    i
        The piece asked.
    parcel
        Shape (n,), the parcels of all pieces at hand, which are in the order of their ids.
    neighbours
        Theirs.
    is_near
        Whether a parcel has a piece near the piece asked.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 9, 20, 31, 60)])
    >>> found = find_neighbours(plots, gap_m=10.6)
    >>> [land_of(i, np.array([0, 1, 1, 2, 2]), found, lambda parcel: True) for i in range(5)]
    [(0, 1, 2), (0, 1, 2), (0, 1, 2, 3), (2, 3), (4,)]
    """
    starts = neighbours.starts
    # What lies within the gap is near.
    known = dict.fromkeys(parcel[neighbours.near[starts[i] : starts[i + 1]]].tolist(), True)

    def is_of_land(piece: int) -> bool:
        of_parcel = int(parcel[piece])
        if of_parcel not in known:
            known[of_parcel] = is_near(of_parcel)
        return known[of_parcel]

    body = _hanging_together([i], is_of_land, neighbours, neighbours.is_touching)
    near = {int(k) for j in body for k in neighbours.near[starts[j] : starts[j + 1]].tolist()}
    land = [*body, *filter(is_of_land, near - body)]
    return tuple(sorted(_hanging_together(land, is_of_land, neighbours, neighbours.is_touching)))


def is_below(
    i: int, least_m2: float, area_m2: FloatArray, neighbours: Neighbours, is_of_land: Callable[[int], bool]
) -> bool:
    """Return whether the connected part of the uneroded land that holds a piece is below an area.

    Connected is what is joined by edges, not points. No more of it is looked at than is needed to know.

    Parameters
    ----------
    i
        The piece.
    least_m2
        The area.
    area_m2
        Shape (n,), the area of every piece; pieces do not overlap.
    neighbours
        Theirs.
    is_of_land
        Whether a piece is of a parcel that has a piece near the piece asked.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), shapely.box(20, 10, 30, 20)])
    >>> found, area = find_neighbours(plots, gap_m=10.6), shapely.area(plots)
    >>> [is_below(i, 150.0, area, found, lambda _: True) for i in range(3)]
    [False, False, True]
    """
    found, waiting, total = {i}, [i], float(area_m2[i])
    # Sums in another order differ by a rounding: what comes that near is added up in the order of the pieces.
    enough_m2 = least_m2 + _ROUNDING_M2
    while waiting and total < enough_m2:
        here = waiting.pop()
        rows = slice(neighbours.starts[here], neighbours.starts[here + 1])
        for there in neighbours.near[rows][neighbours.is_joined[rows]].tolist():
            if there not in found and is_of_land(there):
                found.add(there)
                waiting.append(there)
                total += float(area_m2[there])
    return total < enough_m2 and float(area_m2[sorted(found)].sum()) < least_m2


def _hanging_together(
    begin: Sequence[int], is_among: Callable[[int], bool], neighbours: Neighbours, is_linked: BoolArray
) -> set[int]:
    """Return some pieces with all that hangs together with them by links, among those that may."""
    starts, found, waiting = neighbours.starts, set(begin), list(begin)
    while waiting:
        here = waiting.pop()
        rows = slice(starts[here], starts[here + 1])
        for there in neighbours.near[rows][is_linked[rows]].tolist():
            if there not in found and is_among(there):
                found.add(there)
                waiting.append(there)
    return found
