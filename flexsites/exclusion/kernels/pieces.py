"""Pieces: the contiguous parts that the layer rules leave of a parcel, and what marks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.plan_time import PlansMet
from flexsites.geometry.corners import OVERLAY_M, without_idle_corners
from flexsites.geometry.polygons import explode
from flexsites.geometry.robust import intersect, unite


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans of new homes: shapes, year of start (NaN: unknown), hard or zacht, chance (NaN: not given); shape (n,)."""

    shapes: GeometryArray
    start: FloatArray
    is_hard: BoolArray
    chance: FloatArray


def dissolve_pieces(faces: GeometryArray, parcel: IntArray, n_parcels: int) -> tuple[GeometryArray, IntArray, IntArray]:
    """Join the faces that are left of each parcel into contiguous pieces, and number these.

    Corners that the cuts between faces leave on an edge are no corners of a piece, nor do they tell at which corner its
    ring begins: which there are hangs on all rules, those of variants and those that only flag too, and on a grid they
    would bend the edge. So a piece that is left as it was is the same to the last bit, however it was cut.

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
    parts, owner = explode(without_idle_corners(united, within_m=OVERLAY_M))
    pieces = np.asarray(shapely.normalize(parts), dtype=object)
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


def meet_plans(pieces: GeometryArray, plans: Plans, *, least_m2: float) -> PlansMet:
    """Find the plans that pieces meet by at least the least overlap, in the order of the plans.

    Parameters
    ----------
    pieces
        Shape (n,).
    plans
        The plans.
    least_m2
        Overlap from which a plan counts.

    Examples
    --------
    >>> shapes = np.array([shapely.box(0, 0, 5, 5), shapely.box(8.9, 8.9, 9, 9)])
    >>> plans = Plans(shapes, np.array([2034.0, 2031.0]), np.array([True, True]), np.array([np.nan, np.nan]))
    >>> meet_plans(np.array([shapely.box(0, 0, 9, 9)]), plans, least_m2=1.0).start
    array([2034.])
    """
    plan, piece = shapely.STRtree(pieces).query(plans.shapes, predicate="intersects")
    shared, _ = intersect(pieces[piece], plans.shapes[plan])
    counts = shapely.area(shared) >= least_m2
    plan, piece = plan[counts], piece[counts]
    return PlansMet(piece.astype(np.int64), plans.start[plan], plans.is_hard[plan], plans.chance[plan])
