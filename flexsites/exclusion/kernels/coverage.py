"""Whether what lies around a parcel is known: the reach of a rule does not end where its source does."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray
from flexsites.geometry.clips import clip_near
from flexsites.geometry.polygons import explode
from flexsites.geometry.robust import split, unite_all

SEAM_M = 1e-3
"""A gap between polygons of coverage that is thinner is a seam of digitising, not land."""


def is_known_around(parcels: GeometryArray, polygons: GeometryArray, *, reach_m: float) -> BoolArray:
    """Return which parcels lie farther than a distance from everything that polygons of coverage leave out.

    Parameters
    ----------
    parcels
        Shape (n,), polygonal.
    polygons
        Shape (m,), where a source speaks.
    reach_m
        How far around a parcel a feature matters to it; 0: not at all, and every parcel is known around.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 10, 10), shapely.box(60, 0, 70, 10)])
    >>> is_known_around(plots, np.array([shapely.box(-500, -500, 100, 500)]), reach_m=50.0).tolist()
    [True, False]
    """
    if reach_m <= 0.0 or not len(parcels):
        return np.ones(len(parcels), dtype=bool)
    window = shapely.box(*(shapely.total_bounds(parcels) + np.array([-1.0, -1.0, 1.0, 1.0]) * 2.0 * reach_m))
    near = polygons[shapely.intersects(polygons, window)]
    near = clip_near(near, np.tile(shapely.bounds(window), (len(near), 1)))
    gaps, _ = explode(split(np.array([window]), np.array([unite_all(near)]))[1])
    gaps = gaps[2.0 * shapely.area(gaps) > SEAM_M * shapely.length(gaps)]
    return ~meets_within(parcels, gaps, reach_m=reach_m)


def meets_within(parcels: GeometryArray, features: GeometryArray, *, reach_m: float) -> BoolArray:
    """Return which parcels have a feature within a distance; at distance 0 it must lie on the parcel, not beside it.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), shapely.box(60, 0, 70, 10)])
    >>> meets_within(plots, plots[:1], reach_m=0.0).tolist(), meets_within(plots, plots[:1], reach_m=9.0).tolist()
    ([True, False, False], [True, True, False])
    """
    meets = np.zeros(len(parcels), dtype=bool)
    if not len(features) or not len(parcels):
        return meets
    tree = shapely.STRtree(parcels)
    if reach_m > 0.0:
        _, parcel = tree.query(features, predicate="dwithin", distance=reach_m)
    else:
        feature, parcel = tree.query(features, predicate="intersects")
        parcel = parcel[~shapely.touches(features[feature], parcels[parcel])]
    meets[parcel] = True
    return meets
