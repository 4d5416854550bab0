"""Overlay of pairs that cannot fail: a topology error repairs that one pair, and is counted.

GEOS may also be wrong without an error, where edges run within rounding of each other: it finds nothing shared of
shapes that all but coincide, all of shapes that only touch, or loses a member of a union. It tells two edges from one
point apart by the differences of their ends, which round: that goes wrong near the origin of the coordinates, and not
in RD New, where the differences of near coordinates are exact. A hole without width (1e-12 m2, as overlays leave them)
turns inside out in either. So every result is held against the area that the edges themselves give.

No precision grid is used for a sound pair: coordinates keep the full precision of their doubles. Only a pair on which
GEOS gives up, or whose area is wrong, is made valid and snapped to a grid; the caller learns which pairs those were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import cast

import numpy as np
import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.geometry.nesting import INSIDE, OPEN, nest, read_rings
from flexsites.geometry.polygons import polygonal, repair, union_by, union_each
from flexsites.geometry.shared_area import shared_areas, shared_by_pairs

NOISE_M2 = 1e-6
"""Area below which a cut is rounding, not land: a square millimetre. RD coordinates as doubles resolve about 1e-10 m,
so an edge of 1 km blurs 1e-7 m2. Below it a face is not cut at all: no area is lost, it stays with the other side."""

AREA_NOISE_SHARE = 1e-10
"""Share of an area that summing it in doubles may lose."""

REPAIR_GRIDS_M = (1e-6, 1e-4)
"""Grids for a broken pair: a micrometre, and a tenth of a millimetre if need be, below what any register holds. On a
perimeter of 1 km the first moves at most 0.001 m2, in practice a thousandth of that."""

_FEW = 8
"""Members of a group up to which the boxes of every pair are compared; those of a larger one are indexed."""

Operation = Callable[..., GeometryArray]


def intersect(
    left: GeometryArray, right: GeometryArray, shared_m2: FloatArray | None = None
) -> tuple[GeometryArray, BoolArray]:
    """Return the polygonal intersection of each pair, and which pairs had to be repaired.

    Each must have the area that the edges give (:func:`~flexsites.geometry.shared_area.shared_areas`); one that has not
    is done again on a grid.

    Parameters
    ----------
    left, right
        Shape (n,), polygonal, valid.
    shared_m2
        Shape (n,), the area that the edges give, for who knows it.

    Returns
    -------
        Polygonal geometries, shape (n,), empty where the pair only touches; mask of the repaired pairs.

    Examples
    --------
    >>> both, is_repaired = intersect(np.array([shapely.box(0, 0, 2, 2)]), np.array([shapely.box(1, 0, 3, 2)]))
    >>> float(shapely.area(both[0])), bool(is_repaired[0])
    (2.0, False)
    """
    found, is_repaired = _pairwise(shapely.intersection, left, right)
    expected = shared_areas(left, right) if shared_m2 is None else shared_m2
    wrong = _wrong(found, expected, REPAIR_GRIDS_M[0])
    is_repaired[wrong] = True
    for grid_m in REPAIR_GRIDS_M if len(wrong) else ():
        one, other = repair(left[wrong])[0], repair(right[wrong])[0]
        found[wrong] = polygonal(shapely.intersection(one, other, grid_size=grid_m))
        wrong = wrong[_wrong(found[wrong], expected[wrong], grid_m)]
    return found, is_repaired


def blur_m2(area_m2: FloatArray, length_m: FloatArray) -> FloatArray:
    """Return by how much the area of a sound overlay may be off what the edges give, by its border's length.

    Examples
    --------
    >>> blur_m2(np.array([0.0]), np.array([9.0])).round(6).tolist()
    [1e-05]
    """
    return NOISE_M2 + AREA_NOISE_SHARE * area_m2 + REPAIR_GRIDS_M[0] * length_m


def _wrong(found: GeometryArray, area_m2: FloatArray, grid_m: float) -> IntArray:
    """Return which overlays have not the area that they must have; a grid moves every edge by half its step at most."""
    off = np.abs(shapely.area(found) - area_m2) - NOISE_M2 - AREA_NOISE_SHARE * area_m2
    rows = np.flatnonzero(off > 0.0)
    return rows[off[rows] > grid_m * shapely.length(found[rows])]


def split(left: GeometryArray, right: GeometryArray) -> tuple[GeometryArray, GeometryArray, BoolArray]:
    """Split each left by its right into what lies inside and outside it, and say which pairs had to be repaired.

    The two areas sum to the area of the left one. That law is checked for every pair, because an overlay can be
    wrong without an error (:func:`intersect`). A pair that breaks it is done again on a grid. A side below
    :data:`NOISE_M2` is not cut off: it comes out empty and the other side is the left geometry itself.

    Parameters
    ----------
    left, right
        Shape (n,), polygonal.

    Returns
    -------
        Inside (n,) and outside (n,), polygonal, possibly empty; mask of the repaired pairs (n,).

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 2, 2), shapely.box(5, 0, 6, 1)])
    >>> inside, outside, is_repaired = split(plots, np.array([shapely.box(1, 0, 3, 2), shapely.box(6, 0, 7, 7)]))
    >>> shapely.area(inside).tolist(), shapely.area(outside).tolist(), is_repaired.tolist()
    ([2.0, 0.0], [2.0, 1.0], [False, False])
    """
    inside, outside, is_done = _punch(left, right)
    rest = np.flatnonzero(~is_done)
    is_repaired = np.zeros(len(left), dtype=bool)
    inside[rest], outside[rest], is_repaired[rest] = _overlay(left[rest], right[rest])
    return inside, outside, is_repaired


def _punch(left: GeometryArray, right: GeometryArray) -> tuple[GeometryArray, GeometryArray, BoolArray]:
    """Split plain polygons by plain polygons strictly inside them: the ring becomes a hole, nothing is computed.

    Returns inside, outside and which pairs were of that kind; the others are not filled in.
    """
    inside, outside = np.full(len(left), None, dtype=object), np.full(len(left), None, dtype=object)
    every, rings, holes = np.arange(len(left)), read_rings(left), read_rings(right)
    lies = nest(holes, every, rings, every)
    is_nested = lies == INSIDE
    rest = np.flatnonzero((lies == OPEN) & rings.is_plain & holes.is_plain)
    is_nested[rest] = shapely.contains_properly(left[rest], right[rest])
    asked = np.flatnonzero(is_nested & (shapely.area(right) > NOISE_M2))
    inside[asked] = right[asked]
    if len(asked):
        hole = shapely.get_exterior_ring(right[asked])[:, None]
        outside[asked] = shapely.polygons(shapely.get_exterior_ring(left[asked]), holes=hole)
    is_done = np.zeros(len(left), dtype=bool)
    is_done[asked] = True
    return inside, outside, is_done


def _overlay(left: GeometryArray, right: GeometryArray) -> tuple[GeometryArray, GeometryArray, BoolArray]:
    """Split pairs by overlay, and check that the areas add up; of what shares nothing, or all, nothing is cut."""
    area, shared = shapely.area(left), shared_areas(left, right)
    inside, outside = np.full(len(left), shapely.Polygon(), dtype=object), left.copy()
    is_repaired = np.zeros(len(left), dtype=bool)
    is_all = shared >= area - NOISE_M2
    is_told = is_all | (shared <= NOISE_M2)
    # Of a shape that crosses itself its edges tell nothing.
    is_told[is_told] = shapely.is_valid(left[is_told]) & shapely.is_valid(right[is_told])
    is_all &= is_told
    inside[is_all], outside[is_all] = left[is_all], shapely.Polygon()
    asked = np.flatnonzero(~is_told)
    inside[asked], is_repaired[asked] = intersect(left[asked], right[asked], shared[asked])
    outside[asked], is_broken = _pairwise(shapely.difference, left[asked], right[asked])
    lost = np.abs(area[asked] - shapely.area(inside[asked]) - shapely.area(outside[asked]))
    is_broken |= lost > NOISE_M2 + AREA_NOISE_SHARE * area[asked]
    again = asked[is_broken]
    inside[again], outside[again] = _split_on_grid(left[again], right[again])
    is_repaired[again] = True
    _drop_noise(left, inside, outside)
    return inside, outside, is_repaired


def _split_on_grid(left: GeometryArray, right: GeometryArray) -> tuple[GeometryArray, GeometryArray]:
    """Split pairs that failed, on the finest grid on which the areas add up."""
    inside, outside = np.full(len(left), shapely.Polygon(), dtype=object), left.copy()
    sound_left, sound_right = repair(left)[0], repair(right)[0]
    for row in range(len(left)):
        for grid_m in REPAIR_GRIDS_M:
            one, other = sound_left[row], sound_right[row]
            within, without = (
                operation(one, other, grid_size=grid_m) for operation in (shapely.intersection, shapely.difference)
            )
            inside[row], outside[row] = polygonal(np.array([within, without], dtype=object))
            # a grid moves every edge by half its step at most
            if abs(one.area - inside[row].area - outside[row].area) <= NOISE_M2 + one.length * grid_m:
                break
    return inside, outside


def _drop_noise(left: GeometryArray, inside: GeometryArray, outside: GeometryArray) -> None:
    """Give a side below the noise to the other side, in place."""
    is_none = shapely.area(inside) <= NOISE_M2
    is_all = ~is_none & (shapely.area(outside) <= NOISE_M2)
    inside[is_none], outside[is_none] = shapely.Polygon(), left[is_none]
    inside[is_all], outside[is_all] = left[is_all], shapely.Polygon()


def intersect_all(geometries: Sequence[shapely.Geometry]) -> BaseGeometry:
    """Return what all of some polygons share, each checked as :func:`intersect` does.

    Parameters
    ----------
    geometries
        At least one.

    Examples
    --------
    >>> intersect_all([shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2), shapely.box(0, 1, 9, 9)]).area
    1.0
    """
    shared = geometries[0]
    for one in geometries[1:]:
        shared = intersect(np.array([shared], dtype=object), np.array([one], dtype=object))[0][0]
    return cast("BaseGeometry", shared)


def unite(geometries: GeometryArray, group: IntArray, n_groups: int) -> tuple[GeometryArray, BoolArray]:
    """Dissolve polygons by group, and say which groups had to be repaired.

    A union can be wrong without an error, as a split can. It covers no less than the largest of its members, no less
    than their sum without what each two of them share, and no more than that sum without what each shares with the one
    before (Bonferroni, Hunter): for two members, and for any that only touch, that is its area. It is checked for every
    group, and a group that breaks it is dissolved again on a grid.

    Parameters
    ----------
    geometries
        Shape (n,), polygonal.
    group
        Shape (n,), in [0, n_groups).
    n_groups
        Number of groups.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> united, is_repaired = unite(halves, np.array([0, 0]), 1)
    >>> float(shapely.area(united[0])), is_repaired.tolist()
    (2.0, [False])
    """
    return _checked(union_by, geometries, group, n_groups)


def unite_each(geometries: GeometryArray, group: IntArray, n_groups: int) -> GeometryArray:
    """Dissolve polygons by group, each as :func:`unite_all` does it alone, bit for bit.

    Parameters
    ----------
    geometries
        Shape (n,), polygonal, by group.
    group
        Shape (n,), in [0, n_groups), ascending.
    n_groups
        Number of groups.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 1, 1) for x in range(3)])
    >>> shapely.area(unite_each(plots, np.array([0, 2, 2]), 3)).tolist()
    [1.0, 0.0, 2.0]
    """
    return _checked(union_each, geometries, group, n_groups)[0]


def unite_all(geometries: GeometryArray) -> BaseGeometry:
    """Dissolve polygons into one, checked as :func:`unite` does.

    Parameters
    ----------
    geometries
        Shape (n,), polygonal. None: an empty polygon comes out.

    Examples
    --------
    >>> unite_all(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])).area
    2.0
    """
    return cast("BaseGeometry", unite_each(geometries, np.zeros(len(geometries), dtype=np.int64), 1)[0])


def _checked(
    dissolve: Callable[[GeometryArray, IntArray, int], GeometryArray],
    geometries: GeometryArray,
    group: IntArray,
    n_groups: int,
) -> tuple[GeometryArray, BoolArray]:
    """Dissolve polygons by group, and mend what breaks the law of :func:`unite`."""
    try:
        united, is_broken = dissolve(geometries, group, n_groups), np.zeros(n_groups, dtype=bool)
    except GEOSException:
        united, is_broken = _unite_singly(geometries, group, n_groups)
    least, most = _union_bounds(geometries, group, n_groups)
    is_broken |= ~_is_between(united, least, most)
    for i in np.flatnonzero(is_broken):
        united[i : i + 1] = _unite_on_grid(geometries[group == i], float(least[i]), float(most[i]))
    return united, is_broken


def _is_between(united: GeometryArray, least_m2: FloatArray, most_m2: FloatArray) -> BoolArray:
    """Return which unions have an area that they may have, up to what a repaired one may be off."""
    area = shapely.area(united)
    noise = blur_m2(most_m2, shapely.length(united))
    return np.asarray((area >= least_m2 - noise) & (area <= most_m2 + noise), dtype=bool)


def _unite_singly(geometries: GeometryArray, group: IntArray, n_groups: int) -> tuple[GeometryArray, BoolArray]:
    """Dissolve group by group; return which ones GEOS gives up on."""
    united, is_broken = np.full(n_groups, shapely.Polygon(), dtype=object), np.zeros(n_groups, dtype=bool)
    for i in np.unique(group):
        try:
            united[i] = polygonal(np.array([shapely.union_all(geometries[group == i])], dtype=object))[0]
        except GEOSException:
            is_broken[i] = True
    return united, is_broken


def _unite_on_grid(members: GeometryArray, least: float, most: float) -> GeometryArray:
    """Dissolve polygons on the finest grid on which the area is possible; return it as an array of one."""
    sound, _ = repair(members)
    united = sound[:0]
    for grid_m in REPAIR_GRIDS_M:
        united = polygonal(np.array([shapely.union_all(sound, grid_size=grid_m)], dtype=object))
        # a grid moves every edge by half its step at most
        blur = NOISE_M2 + float(shapely.length(sound).sum()) * grid_m
        if least - blur <= shapely.area(united[0]) <= most + blur:
            break
    return united


def _union_bounds(geometries: GeometryArray, group: IntArray, n_groups: int) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most that the union of each group can cover."""
    area = shapely.area(geometries)
    total = np.bincount(group, area, minlength=n_groups).astype(np.float64)
    largest = np.zeros(n_groups)
    np.maximum.at(largest, group, area)
    one, other, is_next = _pairs(geometries, group, n_groups)
    shared = shared_by_pairs(geometries, one, other)
    twice = np.bincount(group[one], shared, minlength=n_groups)
    least = np.maximum(total - twice, largest)
    return least, total - np.bincount(group[one], shared * is_next, minlength=n_groups)


def _pairs(geometries: GeometryArray, group: IntArray, n_groups: int) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the pairs of members of each group whose boxes overlap, and which of them follow on each other."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group, minlength=n_groups)
    begin = np.cumsum(size) - size
    none = np.zeros(0, dtype=np.int64)
    found = [(none, none)]
    for n in np.unique(size[(size > 1) & (size <= _FEW)]).tolist():
        later, earlier = _every_pair(n)
        first = begin[size == n][:, None]
        found.append(((first + later).ravel(), (first + earlier).ravel()))
    for first, n in zip(begin[size > _FEW].tolist(), size[size > _FEW].tolist(), strict=True):
        members = geometries[order[first : first + n]]
        later, earlier = shapely.STRtree(members).query(members)
        found.append((first + later[earlier < later], first + earlier[earlier < later]))
    one, other = (np.concatenate(places) for places in zip(*found, strict=True))
    boxes = shapely.bounds(geometries)[order]
    wide, tall = (np.minimum(boxes[one, 2:], boxes[other, 2:]) - np.maximum(boxes[one, :2], boxes[other, :2])).T
    overlaps = (wide > 0.0) & (tall > 0.0)
    one, other = one[overlaps], other[overlaps]
    return order[one], order[other], np.asarray(one - other == 1, dtype=bool)


@cache
def _every_pair(n: int) -> tuple[IntArray, IntArray]:
    """Return the pairs of n members, the later one first."""
    later, earlier = np.tril_indices(n, -1)
    return later, earlier


def _pairwise(operation: Operation, left: GeometryArray, right: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    is_repaired = np.zeros(len(left), dtype=bool)
    try:
        return polygonal(operation(left, right)), is_repaired
    except GEOSException:
        result = np.full(len(left), None, dtype=object)
    stack = [np.arange(len(left))]
    while stack:  # halve until the broken pair stands alone: log2(n) calls for one fault
        rows = stack.pop()
        try:
            result[rows] = operation(left[rows], right[rows])
        except GEOSException:
            if len(rows) > 1:
                stack += [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
                continue
            result[rows] = _repaired(operation, left[rows], right[rows])
            is_repaired[rows] = True
    return polygonal(result), is_repaired


def _repaired(operation: Operation, left: GeometryArray, right: GeometryArray) -> GeometryArray:
    sound_left, sound_right = repair(left)[0], repair(right)[0]
    try:
        return operation(sound_left, sound_right)
    except GEOSException:
        return operation(sound_left, sound_right, grid_size=REPAIR_GRIDS_M[0])
