"""The layout a second time, by other means: shapely's buffers and intersections, strip by strip, and plain Python.

Slow, and independent of the compiled kernels but for the directions tried. Used as an oracle and as a peer.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import shapely
from shapely import affinity

from flexsites.capacity.kernels.layout import Layout, local_edges
from flexsites.capacity.kernels.layout_directions import row_directions

ARC_SEGMENTS = 64
TOUCH_M = 1e-6


def count_by_shapely(piece: shapely.Polygon, layout: Layout, n_turns: int) -> int:
    """Return the most modules on a piece without an entrance: the lane across goes through its centroid."""
    edges, _, origin = local_edges(np.array([piece]))
    local = affinity.translate(piece, *-origin[0])
    return max(_count_turned(local, layout, float(turn)) for turn in row_directions(edges, n_turns))


def _count_turned(piece: shapely.Polygon, layout: Layout, direction: float) -> int:
    turned = affinity.rotate(piece, -direction, origin=(0, 0), use_radians=True)
    lane_x = shapely.centroid(turned).x
    blocked = shapely.buffer(shapely.boundary(turned), layout.setback_m - TOUCH_M, quad_segs=ARC_SEGMENTS)
    shapely.prepare(turned)
    lane = max(layout.lane_m, layout.aisle_m)
    depth = layout.depth_m + max(0.0, lane - layout.setback_m)
    x_low, y_low, x_high, y_high = turned.bounds
    n_strips = math.floor((y_high - y_low - depth + TOUCH_M) / layout.step_m) + 1
    strips = [
        _clear(turned, blocked, (x_low, y_low + k * layout.step_m, x_high, depth), (lane_x, layout.lane_m))
        for k in range(max(0, n_strips))
    ]
    return max(_best(strips, layout, n, lane) for n in range(1, layout.n_storeys + 1))


def _clear(
    piece: shapely.Polygon,
    blocked: shapely.Geometry,
    strip: tuple[float, float, float, float],
    lane: tuple[float, float],
) -> list[float]:
    """Return the lengths of the clear intervals of a strip."""
    x_low, y_low, x_high, depth = strip
    box = shapely.box(x_low - 1, y_low + TOUCH_M, x_high + 1, y_low + depth - TOUCH_M)
    parts = shapely.get_parts(shapely.intersection(blocked, box))
    bounds = shapely.bounds(parts) if len(parts) else np.empty((0, 4))
    taken = [(float(left), float(right)) for left, _, right, _ in bounds]
    if lane[1] > 0:
        taken.append((lane[0] - lane[1] / 2, lane[0] + lane[1] / 2))
    lengths, covered_to = [], x_low - 1
    for left, right in [*sorted(taken), (x_high + 1, x_high + 1)]:
        if left > covered_to and piece.contains(shapely.Point((left + covered_to) / 2, y_low + depth / 2)):
            lengths.append(left - covered_to)
        covered_to = max(covered_to, right)
    return lengths


def _best(strips: list[list[float]], layout: Layout, n_storeys: int, lane: float) -> int:
    """Return the most modules in rows that keep their gap, by trying every last row."""
    gap = max(layout.row_spacing_m + (n_storeys - 1) * layout.row_spacing_per_storey_m, lane)
    apart = max(1, math.ceil((layout.depth_m + gap) / layout.step_m - 1e-9))
    bays = [sum(_bays(length, layout, n_storeys) for length in strip) for strip in strips]

    @cache
    def best_up_to(k: int) -> int:
        return max((bays[i] + best_up_to(i - apart) for i in range(k + 1) if bays[i]), default=0)

    for k in range(0, len(bays), 200):
        best_up_to(k)
    return n_storeys * best_up_to(len(bays) - 1) if bays else 0


def _bays(length: float, layout: Layout, n_storeys: int) -> int:
    n = 0
    places = n_storeys * layout.places_per_module
    while (n + 1) * layout.bay_m + math.ceil((n + 1) * places - 1e-9) * layout.place_m <= length:
        n += 1
    return n if n >= layout.n_bays_min else 0
