"""Pieces: the contiguous parts that the layer rules leave of a parcel, what marks them, and their tests."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.geometry.polygons import explode
from flexsites.geometry.robust import intersect, unite


def dissolve_pieces(faces: GeometryArray, parcel: IntArray, n_parcels: int) -> tuple[GeometryArray, IntArray, IntArray]:
    """Join the faces that are left of each parcel into contiguous pieces, and number these.

    Parameters
    ----------
    faces
        Shape (n,), the faces that no rule takes.
    parcel
        Shape (n,), their parcels.
    n_parcels
        Number of parcels.

    Returns
    -------
    tuple
        Pieces (m,), by parcel; the parcel of each (m,); the number of each within its parcel (m,), from 1: by
        descending area, then by x and y of the centroid.

    Examples
    --------
    >>> faces = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 0, 8, 1)])
    >>> pieces, parcel, number = dissolve_pieces(faces, np.array([0, 0, 0]), 1)
    >>> shapely.area(pieces).tolist(), parcel.tolist(), number.tolist()
    ([3.0, 2.0], [0, 0], [1, 2])
    """
    united, _ = unite(faces, parcel, n_parcels)
    pieces, owner = explode(united)
    area, centre = shapely.area(pieces), shapely.centroid(pieces)
    order = np.lexsort((shapely.get_y(centre), shapely.get_x(centre), -area, owner))
    pieces, owner = pieces[order], owner[order]
    number = np.arange(len(owner)) - np.searchsorted(owner, owner) + 1
    return pieces, owner, number.astype(np.int64)


def mark_areas(
    faces: GeometryArray, parcel: IntArray, marks: BoolArray, pieces: GeometryArray, piece_parcel: IntArray
) -> FloatArray:
    """Return the area of each piece that each mark covers, without intersecting again.

    Every contiguous part of a left face lies in exactly one piece of its parcel: the one that holds a point of it.

    Parameters
    ----------
    faces, parcel
        Shape (n,), the faces that no rule takes, and their parcels.
    marks
        Shape (n, n_marks): which restriction or flag covers which face.
    pieces, piece_parcel
        Shape (m,), pieces and their parcels, by parcel.

    Returns
    -------
    FloatArray
        Shape (m, n_marks), m2.

    Examples
    --------
    >>> faces = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 3, 1)])
    >>> whole = np.array([shapely.box(0, 0, 3, 1)])
    >>> mark_areas(faces, np.array([0, 0]), np.array([[True], [False]]), whole, np.array([0])).tolist()
    [[1.0]]
    """
    areas = np.zeros((len(pieces), marks.shape[1]))
    marked = np.flatnonzero(marks.any(axis=1))
    parts, owner = explode(faces[marked])
    face = marked[owner]
    first, last = (np.searchsorted(piece_parcel, parcel[face], side=side) for side in ("left", "right"))
    n_pieces = last - first
    part = np.repeat(np.arange(len(parts)), n_pieces)
    piece = first[part] + np.arange(len(part)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    is_alone = n_pieces[part] == 1
    holds = is_alone.copy()
    points = shapely.point_on_surface(parts[part[~is_alone]])
    holds[~is_alone] = shapely.intersects(pieces[piece[~is_alone]], points)
    part, piece = part[holds], piece[holds]
    for mark in range(marks.shape[1]):
        has = marks[face[part], mark]
        areas[:, mark] = np.bincount(piece[has], shapely.area(parts[part[has]]), minlength=len(pieces))
    return areas


def fail_tests(
    area_m2: FloatArray,
    width_m: FloatArray,
    road_distance_m: FloatArray,
    is_road_known: BoolArray,
    *,
    min_area_m2: float,
    min_width_m: float,
    road_reach_m: float,
) -> BoolArray:
    """Return which piece fails which test: too small, too thin, landlocked.

    Parameters
    ----------
    area_m2, width_m, road_distance_m
        Shape (n,). A distance of NaN is no street within reach.
    is_road_known
        Shape (n,): whether the streets there are known. Where they are not, a piece is not landlocked.
    min_area_m2, min_width_m, road_reach_m
        The tests; a piece on the limit passes.

    Returns
    -------
    BoolArray
        Shape (n, 3).

    Examples
    --------
    >>> size, width, road = np.array([999.0, 1000.0]), np.array([14.0, 15.0]), np.array([50.0, np.nan])
    >>> limits = {"min_area_m2": 1000.0, "min_width_m": 15.0, "road_reach_m": 50.0}
    >>> fail_tests(size, width, road, np.array([True, True]), **limits).tolist()
    [[True, True, False], [False, False, True]]
    >>> fail_tests(size, width, road, np.array([True, False]), **limits)[1].tolist()
    [False, False, False]
    """
    has_road = road_distance_m <= road_reach_m  # NaN compares false: no street
    return np.column_stack([area_m2 < min_area_m2, width_m < min_width_m, ~has_road & is_road_known])


def first_plan_start(
    pieces: GeometryArray, plans: GeometryArray, start_year: FloatArray, *, least_m2: float
) -> tuple[FloatArray, BoolArray]:
    """Return the first year in which a plan takes (part of) each piece, and whether one of unknown start does.

    Parameters
    ----------
    pieces
        Shape (n,).
    plans, start_year
        Shape (m,), plans and their start; NaN is unknown.
    least_m2
        Overlap from which a plan counts.

    Returns
    -------
    tuple
        Year (n,), NaN where no plan of known start does; mask of pieces with a plan of unknown start (n,).

    Examples
    --------
    >>> plans = np.array([shapely.box(0, 0, 5, 5), shapely.box(4, 4, 9, 9)])
    >>> first_plan_start(np.array([shapely.box(0, 0, 9, 9)]), plans, np.array([2034.0, 2031.0]), least_m2=1.0)
    (array([2031.]), array([False]))
    """
    start, is_unknown = np.full(len(pieces), np.inf), np.zeros(len(pieces), dtype=bool)
    plan, piece = shapely.STRtree(pieces).query(plans, predicate="intersects")
    shared, _ = intersect(pieces[piece], plans[plan])
    overlap = shapely.area(shared)
    plan, piece = plan[overlap >= least_m2], piece[overlap >= least_m2]
    known = ~np.isnan(start_year[plan])
    np.minimum.at(start, piece[known], start_year[plan[known]])
    is_unknown[piece[~known]] = True
    return np.where(np.isinf(start), np.nan, start), is_unknown
