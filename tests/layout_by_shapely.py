"""The layout a second time, by other means: shapely's buffers and intersections, strip by strip, and plain Python.

Slow, and independent of the compiled kernels but for the direction and the gate, which it is given. One lane across the
rows and no water: what is left is which strips are clear, what the lane reaches, what a run holds, and which rows are
best.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from flexsites.capacity.kernels.layout_figures import Layout

ARC_SEGMENTS = 64
TOUCH_M = 1e-6
Interval = tuple[float, float]


def count_by_shapely(piece: shapely.Polygon, layout: Layout, direction: float, mouth: shapely.LineString) -> int:
    """Return the most modules on a piece with rows in a direction, for a mouth from its entrance to its gate."""
    turned = affinity.rotate(piece, -direction, origin=(0, 0), use_radians=True)
    way = affinity.rotate(mouth, -direction, origin=(0, 0), use_radians=True)
    return max(_count(turned, way, layout, n) for n in range(1, layout.n_storeys + 1))


def _lane(layout: Layout) -> float:
    aisle = layout.aisle_m - (layout.depth_m - layout.place_depth_m)
    return max(layout.lane_m, aisle) if layout.parking_norm else layout.lane_m


def _count(piece: shapely.Polygon, way: shapely.LineString, layout: Layout, n_storeys: int) -> int:
    lane, gallery = _lane(layout), layout.gallery_m if n_storeys > 1 else 0.0
    depth = layout.depth_m + gallery
    edge = shapely.boundary(piece)
    for_homes = shapely.buffer(edge, layout.setback_m - TOUCH_M, quad_segs=ARC_SEGMENTS)
    for_lanes = shapely.buffer(edge, layout.verge_m - TOUCH_M, quad_segs=ARC_SEGMENTS)
    gate_x, gate_y = way.coords[1]
    x_low, y_low, x_high, y_high = piece.bounds
    across = shapely.box(gate_x - lane / 2 + TOUCH_M, y_low - 1, gate_x + lane / 2 - TOUCH_M, y_high + 1)
    spine = _clear(piece, for_lanes, across, axis=1)
    spine = [one for one in spine if one[0] <= gate_y - lane / 2 + TOUCH_M and gate_y + lane / 2 <= one[1] + TOUCH_M]
    if not spine:
        return 0
    half = max(lane, layout.fire_gap_m) / 2
    taken = shapely.union(
        shapely.box(gate_x - half, spine[0][0], gate_x + half, spine[0][1]),
        shapely.buffer(way, half, quad_segs=ARC_SEGMENTS),
    )
    bays = []
    first = y_low + layout.setback_m
    for k in range(max(0, math.floor((y_high - first - depth + TOUCH_M) / layout.step_m) + 1)):
        low = first + k * layout.step_m
        row = shapely.box(x_low - 1, low + TOUCH_M, x_high + 1, low + depth - TOUCH_M)
        in_front = shapely.box(x_low - 1, low + depth + TOUCH_M, x_high + 1, low + depth + lane - TOUCH_M)
        homes = _clear(piece, shapely.union(for_homes, _level(taken, row)), row, axis=0)
        lanes = [
            one
            for one in _clear(piece, for_lanes, in_front, axis=0)
            if one[0] <= gate_x - lane / 2 + TOUCH_M and gate_x + lane / 2 <= one[1] + TOUCH_M
            if spine[0][0] <= low + depth + TOUCH_M and low + depth + lane <= spine[0][1] + TOUCH_M
        ]
        bays.append(
            sum(_bays(right - left, layout, n_storeys) for left, right in _both(homes, lanes, layout.fire_gap_m))
        )
    spacing = layout.row_spacing_m + (n_storeys - 1) * layout.row_spacing_per_storey_m
    pitch = layout.depth_m + max(spacing, gallery + max(lane, layout.fire_gap_m))
    return n_storeys * _best(bays, max(1, math.ceil(pitch / layout.step_m - 1e-9)))


def _level(taken: BaseGeometry, row: shapely.Polygon) -> BaseGeometry:
    """Return what is taken of a row, over its full depth."""
    parts = shapely.get_parts(shapely.intersection(taken, row))
    _, low, _, high = row.bounds
    return shapely.union_all(np.array([shapely.box(one.bounds[0], low, one.bounds[2], high) for one in parts]))


def _clear(piece: shapely.Polygon, blocked: BaseGeometry, strip: shapely.Polygon, axis: int) -> list[Interval]:
    """Return the intervals of a strip, along an axis, over whose full depth nothing is blocked."""
    bounds = shapely.bounds(shapely.get_parts(shapely.intersection(blocked, strip)))
    found, covered_to = [], strip.bounds[axis]
    middle = (strip.bounds[1 - axis] + strip.bounds[3 - axis]) / 2
    for left, right in sorted((float(one[axis]), float(one[axis + 2])) for one in bounds):
        at = (left + covered_to) / 2
        if left > covered_to and piece.contains(shapely.Point((at, middle) if axis == 0 else (middle, at))):
            found.append((covered_to, left))
        covered_to = max(covered_to, right)
    return found


def _both(homes: list[Interval], lanes: list[Interval], gap: float) -> list[Interval]:
    """Return what is clear for homes and for the lane in front of them, with a gap that stops fire between."""
    found: list[Interval] = []
    for left, right in sorted((max(one[0], other[0]), min(one[1], other[1])) for one in homes for other in lanes):
        begin = max(left, found[-1][1] + gap) if found else left
        if right > begin:
            found.append((begin, right))
    return found


def _bays(length: float, layout: Layout, n_storeys: int) -> int:
    """Return the bays of a stretch, the longest run that is allowed first."""
    fitting = [n for n in range(layout.n_bays_min, 200) if _fits(n, length, layout, n_storeys)]
    if not fitting:
        return 0
    longest = max(fitting)
    left = length - _length(longest, layout, n_storeys) - layout.fire_gap_m
    return longest + _bays(left, layout, n_storeys)


def _fits(n: int, length: float, layout: Layout, n_storeys: int) -> bool:
    built = n * layout.width_m + (n - 1) * layout.side_gap_m + (layout.stairs_m if n_storeys > 1 else 0.0)
    is_short = layout.side_gap_m >= layout.fire_gap_m or built <= layout.run_max_m + 1e-9
    whole = _length(n, layout, n_storeys)
    is_near = layout.parking_norm == 0 or whole <= layout.parking_distance_m + 1e-9
    return is_short and is_near and whole <= length + 1e-9


def _length(n: int, layout: Layout, n_storeys: int) -> float:
    modules = n * n_storeys
    homes = min(modules, layout.homes_per_module * (modules + layout.n_wide - 1))
    built = n * layout.width_m + (n - 1) * layout.side_gap_m + (layout.stairs_m if n_storeys > 1 else 0.0)
    places = math.ceil(layout.parking_norm * homes - 1e-9)
    return built + places * layout.place_m + homes * layout.yard_m2 / layout.depth_m


def _best(bays: list[int], apart: int) -> int:
    """Return the most bays in rows that are apart, by trying every last row."""

    @cache
    def best_up_to(k: int) -> int:
        return max((bays[i] + best_up_to(i - apart) for i in range(k + 1) if bays[i]), default=0)

    for k in range(0, len(bays), 200):
        best_up_to(k)
    return best_up_to(len(bays) - 1) if bays else 0
