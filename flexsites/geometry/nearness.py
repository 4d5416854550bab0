"""Which shapes lie near any of some: nothing is asked of pairs that decide nothing."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray

__all__ = ["may_be_near", "near_any", "two_steps_near"]


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
