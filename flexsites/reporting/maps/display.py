"""Shapes for a screen: simplified, in WGS84, as whole micro-degrees from point to point.

A micro-degree is at most 0.11 m here. PROJ states 1 m for the step from RD New to WGS84 where the national grid is not
installed. Shapes on the map are for looking at; every figure comes from the shapes in RD New.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from flexsites.tables import CRS

Shapes = npt.NDArray[np.object_]
MICRO = 1_000_000
"""Steps in a degree."""
ROUNDING_M = 0.1
"""What rounding to a micro-degree moves a point, at most, in m (half of 0.11 m along, rounded up)."""


def in_degrees(shapes: Shapes, tolerance_m: float) -> Shapes:
    """Return shapes in WGS84 (longitude, latitude), simplified by at most a tolerance.

    Parameters
    ----------
    shapes
        Shape (n,), in RD New. None and what vanishes stay empty.
    tolerance_m
        The largest shift of a boundary; 0: none.

    Examples
    --------
    >>> onze_lieve_vrouwetoren = np.array([shapely.Point(155000, 463000)])
    >>> [round(float(one), 4) for one in shapely.get_coordinates(in_degrees(onze_lieve_vrouwetoren, 0.0))[0]]
    [5.3872, 52.1552]
    """
    simple = shapely.simplify(shapes, tolerance_m) if tolerance_m > 0 else shapes
    placed: Shapes = gpd.GeoSeries(simple, crs=CRS).to_crs(4326).to_numpy()
    return placed


def rings(shapes: Shapes) -> list[list[list[list[int]]]]:
    """Return per shape its polygons, per polygon its rings (the outer first), per ring its steps without the last.

    Examples
    --------
    >>> square = shapely.box(5.0, 52.0, 5.000002, 52.000001)
    >>> rings(np.array([square]))
    [[[[5000002, 52000000, 0, 1, -2, 0, 0, -1]]]]
    """
    return [[[_steps(ring, -1) for ring in shapely.get_rings(part)] for part in _polygons(shape)] for shape in shapes]


def lines(shapes: Shapes) -> list[list[list[int]]]:
    """Return per shape its lines, each as steps.

    Examples
    --------
    >>> lines(np.array([shapely.LineString([(5.0, 52.0), (5.000003, 52.0)])]))
    [[[5000000, 52000000, 3, 0]]]
    """
    return [[_steps(part, None) for part in shapely.get_parts([shape])] for shape in shapes]


def boxes(shapes: Shapes) -> list[list[int]]:
    """Return per shape its bounds as west, south, east, north in whole micro-degrees, rounded outward."""
    bounds = shapely.bounds(shapes).reshape(-1, 4) * MICRO
    whole = np.concatenate([np.floor(bounds[:, :2]), np.ceil(bounds[:, 2:])], axis=1)
    return [[int(value) for value in row] for row in whole]


def _polygons(shape: shapely.Geometry | None) -> list[shapely.Geometry]:
    parts: list[shapely.Geometry] = list(shapely.get_parts([shape])) if shape is not None else []
    return [
        one for one in parts if shapely.get_type_id(one) == shapely.GeometryType.POLYGON and not shapely.is_empty(one)
    ]


def _steps(line: shapely.Geometry, until: int | None) -> list[int]:
    """Return the first point and the steps from point to point, points that fall together once."""
    whole = np.round(shapely.get_coordinates(line)[:until] * MICRO).astype(np.int64)
    is_new = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    kept = whole[is_new]
    steps = np.diff(kept, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return [int(value) for value in steps.ravel()]


def without_holes(shapes: Shapes) -> Shapes:
    """Return polygons that cover the same and have no holes: one that has is cut through them.

    Makers of tiles lose the holes of narrow rings, and a ditch around a field then fills the field.

    Examples
    --------
    >>> ditch = shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 8, 8))
    >>> parts = without_holes(np.array([ditch]))
    >>> float(shapely.area(parts).sum()), int(shapely.get_num_interior_rings(parts).sum())
    (32.0, 0)
    """
    polygons = [one for shape in shapes for one in _polygons(shape)]
    done: list[shapely.Geometry] = []
    while polygons:
        polygon = polygons.pop()
        n = shapely.get_num_interior_rings(polygon)
        if n == 0:
            done.append(polygon)
            continue
        west, south, east, north = shapely.bounds(polygon)
        # The hole in the middle: each cut halves what is left to do.
        inner = [shapely.bounds(shapely.get_interior_ring(polygon, i)) for i in range(n)]
        at = float(np.sort([(one[0] + one[2]) / 2 for one in inner])[n // 2])
        for low, high in ((west - 1, at), (at, east + 1)):
            polygons += _polygons(shapely.clip_by_rect(polygon, low, south - 1, high, north + 1))
    return np.array(done, dtype=object)
