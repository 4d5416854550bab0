"""Which shapes lie near any of some: nothing is asked of pairs that decide nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray

__all__ = ["Near", "may_be_near", "near_any", "near_pairs", "two_steps_near"]


def near_any(shapes: GeometryArray, some: GeometryArray, *, within_m: float) -> BoolArray:
    """Return which shapes lie within a distance (<=) of any of some, shape (n,).

    Only what lies that near to the bounds of all of them together is asked: around a municipality that is little.

    Parameters
    ----------
    shapes
        Shape (n,).
    some
        Shape (m,), what they may lie near to.
    within_m
        How near.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 60)])
    >>> near_any(plots[1:], plots[:1], within_m=11.0).tolist()
    [True, False]
    """
    found = np.zeros(len(shapes), dtype=bool)
    if not len(shapes) or not len(some):
        return found
    west, south, east, north = shapely.total_bounds(some)
    around = shapely.bounds(shapes)
    # A hair wider than asked: what rounds to the distance is still compared.
    reach_m = within_m * (1.0 + 1e-9)
    is_out = (around[:, 0] > east + reach_m) | (around[:, 2] < west - reach_m)
    is_out |= (around[:, 1] > north + reach_m) | (around[:, 3] < south - reach_m)
    asked = np.flatnonzero(~is_out)
    hit = shapely.STRtree(shapes[asked]).query(some, predicate="dwithin", distance=within_m)[1]
    found[asked[hit]] = True
    return found


def near_pairs(shapes: GeometryArray, *, within_m: float) -> tuple[IntArray, IntArray]:
    """Return the pairs of shapes that lie within a distance (<=), the first before the other.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 60)])
    >>> [part.tolist() for part in near_pairs(plots, within_m=11.0)]
    [[0], [1]]
    """
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
    is_before = one < other
    return one[is_before], other[is_before]


@dataclass(frozen=True, slots=True)
class Near:
    """Which shapes lie within a distance of each other, found once for who asks it of some of them again and again.

    Attributes
    ----------
    first, other
        Shape (n + 1,) and (m,): those near shape i, itself among them, are ``other[first[i]:first[i + 1]]``.
    """

    first: IntArray
    other: IntArray

    @classmethod
    def of(cls, shapes: GeometryArray, *, within_m: float) -> Near:
        """Find it of all shapes."""
        one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
        order = np.lexsort((other, one))
        return cls(np.searchsorted(one[order], np.arange(len(shapes) + 1)), other[order])

    def around(self, some: IntArray) -> IntArray:
        """Return some shapes and what lies near any of them, ascending positions: as :func:`near_any` tells it.

        Examples
        --------
        >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 60)])
        >>> Near.of(plots, within_m=11.0).around(np.array([1])).tolist()
        [0, 1]
        """
        return np.union1d(some, self.other[self._rows(some)]).astype(np.int64)

    def pairs(self, some: IntArray) -> tuple[IntArray, IntArray]:
        """Return the pairs among some shapes, ascending, by their places among these: as :func:`near_pairs`.

        Examples
        --------
        >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 40)])
        >>> [part.tolist() for part in Near.of(plots, within_m=11.0).pairs(np.array([1, 2]))]
        [[0], [1]]
        """
        place = np.full(len(self.first) - 1, -1, dtype=np.int64)
        place[some] = np.arange(len(some))
        one = np.repeat(np.arange(len(some)), self.first[some + 1] - self.first[some])
        other = place[self.other[self._rows(some)]]
        is_before = one < other
        return one[is_before], other[is_before]

    def _rows(self, some: IntArray) -> IntArray:
        """Return where what lies near some shapes stands, shape by shape."""
        n = self.first[some + 1] - self.first[some]
        return np.repeat(self.first[some] - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))


def may_be_near(shapes: GeometryArray, some: GeometryArray, *, within_m: float) -> BoolArray:
    """Return which shapes may lie within a distance of any of some, shape (n,): of the others none does.

    Boxes alone are compared, which takes a tenth of the time: who asks leaves out what cannot matter.

    Parameters
    ----------
    shapes, some, within_m
        As :func:`near_any` takes them.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 60)])
    >>> may_be_near(plots[1:], plots[:1], within_m=11.0).tolist()
    [True, False]
    """
    found = np.zeros(len(shapes), dtype=bool)
    low_x, low_y, high_x, high_y = shapely.bounds(some).T
    # A hair wider than asked: what rounds to the distance is near.
    reach_m = within_m * (1.0 + 1e-9) + 1e-6
    boxes = shapely.box(low_x - reach_m, low_y - reach_m, high_x + reach_m, high_y + reach_m)
    found[shapely.STRtree(shapes).query(boxes)[1]] = True
    return found


def two_steps_near(shapes: GeometryArray, is_begin: BoolArray, *, within_m: float) -> IntArray:
    """Return which shapes, none of those begun with, lie near these, or near one that does; ascending positions.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 9, 9) for x in (0, 20, 40, 60)])
    >>> two_steps_near(plots, np.array([True, False, False, False]), within_m=11.0).tolist()
    [1, 2]
    """
    found, now, others = np.zeros(len(shapes), dtype=bool), np.flatnonzero(is_begin), np.flatnonzero(~is_begin)
    for _ in range(2):
        now = others[near_any(shapes[others], shapes[now], within_m=within_m)]
        found[now], others = True, np.setdiff1d(others, now)
    return np.flatnonzero(found)
