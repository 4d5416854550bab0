"""Clipping to upright rectangles: linear in the vertices, without the noding that a general overlay does.

GEOS clips to a rectangle fast but "possibly uncleanly", so nothing here is believed unchecked: a clip must be valid and
have the area that the edges' own integral gives; one that fails is left to the caller's exact way. Source: geometry.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.errors import GEOSException

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.compiled import kernel
from flexsites.geometry.polygons import polygonal
from flexsites.geometry.robust import AREA_NOISE_SHARE, NOISE_M2
from flexsites.geometry.shared_area import mean_height

MARGIN_M = 0.7182818
"""How far beyond its parcel a constraint is kept: far more than rounding, and no round number, so that the rectangle
runs along no edge of a register that counts in millimetres."""

Shape: TypeAlias = Any
"""One geometry: shapely's types do not know the attributes that all kinds share."""

_unchecked = shapely.lib.clip_by_rect
"""``shapely.clip_by_rect`` without the checks of its arguments, which take four times as long as a small clip."""


def _clip(polygon: Shape, *box: float) -> Shape:
    """Return a polygon in a box; None where GEOS gives up."""
    try:
        return _unchecked(polygon, *box)
    except GEOSException:
        return None


def clip_near(polygons: GeometryArray, bounds: FloatArray) -> GeometryArray:
    """Return of each polygon what lies near a box: all of it inside the box, a margin around, nothing far away.

    For an overlay with something inside the box the result is as good as the polygon. A polygon that the margin holds
    whole, or whose clip is not sound, is returned as it is.

    Parameters
    ----------
    polygons
        Shape (n,), polygonal, valid.
    bounds
        Shape (n, 4): low x, low y, high x, high y.

    Examples
    --------
    >>> long = np.array([shapely.box(-1000, 2, 1000, 3)])
    >>> near = clip_near(long, np.array([[0.0, 0.0, 10.0, 10.0]]))
    >>> round(float(shapely.area(near[0])), 6) == round(10 + 2 * MARGIN_M, 6)
    True
    """
    box = bounds + np.array([-MARGIN_M, -MARGIN_M, MARGIN_M, MARGIN_M])
    own = shapely.bounds(polygons)
    reaches_out = (own[:, :2] < box[:, :2]).any(axis=1) | (own[:, 2:] > box[:, 2:]).any(axis=1)
    asked = np.flatnonzero(reaches_out)
    near = polygons.copy()
    if not len(asked):
        return near
    clipped = np.empty(len(asked), dtype=object)
    for i, row in enumerate(asked):
        clipped[i] = _clip(polygons[row], *box[row])
    clipped = polygonal(clipped)
    expected = _areas_within(polygons[asked], box[asked])
    is_sound = shapely.is_valid(clipped) & ~shapely.is_empty(clipped)
    is_sound &= np.abs(shapely.area(clipped) - expected) <= NOISE_M2 + AREA_NOISE_SHARE * expected
    near[asked[is_sound]] = clipped[is_sound]
    return near


def clip_to_squares(polygons: GeometryArray, side: FloatArray) -> tuple[GeometryArray, IntArray, BoolArray]:
    """Cut polygons along the lines of a lattice: first into columns, then each column into squares.

    Every vertex is read once per column and once per square of its own column, not once per square of all.

    Parameters
    ----------
    polygons
        Shape (n,), polygonal, valid.
    side
        Shape (n,), side of the squares; their corners are multiples of it.

    Returns
    -------
    tuple
        Parts (m,), by polygon, then by row and column; the polygon of each (m,); which polygons came out sound (n,):
        every part valid, and the areas adding up. The parts of the others are not to be used.

    Examples
    --------
    >>> parts, owner, is_sound = clip_to_squares(np.array([shapely.box(1, 1, 9, 3)]), np.array([4.0]))
    >>> shapely.area(parts).tolist(), is_sound.tolist()
    ([6.0, 8.0, 2.0], [True])
    """
    parts: list[Shape] = []
    owner: list[int] = []
    for i in range(len(polygons)):
        squares = _squares(polygons[i], float(side[i]))
        parts += squares
        owner += [i] * len(squares)
    cut = np.empty(len(parts), dtype=object)
    cut[:] = parts
    cut, source = polygonal(cut), np.array(owner, dtype=np.int64)
    kept = ~shapely.is_empty(cut)
    cut, source = cut[kept], source[kept]
    area = shapely.area(polygons)
    lost = np.abs(area - np.bincount(source, shapely.area(cut), minlength=len(polygons)))
    is_sound = lost <= NOISE_M2 + AREA_NOISE_SHARE * area
    is_sound[source[~shapely.is_valid(cut)]] = False
    return cut, source, is_sound


def _squares(polygon: Shape, side: float) -> list[Shape]:
    """Return the parts of one polygon in the squares of a lattice, by row and column; none where GEOS gives up."""
    found: list[tuple[int, int, Shape]] = []
    low_x, low_y, high_x, high_y = shapely.bounds(polygon)
    for column in range(int(np.floor(low_x / side)), int(np.ceil(high_x / side))):
        # beyond the polygon in y, so that no line but the two of the column matters
        strip = _clip(polygon, column * side, low_y - side, (column + 1) * side, high_y + side)
        if strip is None:
            return []
        if strip.is_empty:
            continue
        west, south, east, north = shapely.bounds(strip)
        for row in range(int(np.floor(south / side)), int(np.ceil(north / side))):
            part = _clip(strip, west - side, row * side, east + side, (row + 1) * side)
            if part is None:
                return []
            if not part.is_empty:
                found.append((row, column, part))
    return [part for _, _, part in sorted(found, key=lambda square: square[:2])]


def _areas_within(polygons: GeometryArray, boxes: FloatArray) -> FloatArray:
    """Return the area of each polygon inside its box, from the edges alone."""
    parts, part_owner = shapely.get_parts(polygons, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    is_hole = np.r_[False, ring_part[1:] == ring_part[:-1]][: len(rings)]
    coordinates, vertex_ring = shapely.get_coordinates(rings, return_index=True)
    start = np.searchsorted(vertex_ring, np.arange(len(rings) + 1))
    ring_owner = part_owner[ring_part]
    area = np.abs(_ring_areas(coordinates, start.astype(np.int64), boxes[ring_owner]))
    return np.bincount(ring_owner, np.where(is_hole, -area, area), minlength=len(polygons)).astype(np.float64)


@kernel
def _ring_areas(coordinates: FloatArray, start: IntArray, boxes: FloatArray) -> FloatArray:
    """Return the signed area of each ring inside its box: the integral over its width of the height in it."""
    areas = np.zeros(len(start) - 1)
    for ring in range(len(start) - 1):
        low_x, low_y, high_x, high_y = boxes[ring]
        tall = high_y - low_y
        total = 0.0
        for vertex in range(start[ring], start[ring + 1] - 1):
            from_x, from_y = coordinates[vertex, 0], coordinates[vertex, 1] - low_y
            to_x, to_y = coordinates[vertex + 1, 0], coordinates[vertex + 1, 1] - low_y
            first, last = min(max(from_x, low_x), high_x), min(max(to_x, low_x), high_x)
            if first == last:
                continue
            slope = (to_y - from_y) / (to_x - from_x)
            one, other = from_y + slope * (first - from_x), from_y + slope * (last - from_x)
            total += (last - first) * mean_height(one, other, tall)
        areas[ring] = total
    return areas
