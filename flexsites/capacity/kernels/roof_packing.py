"""Homes laid out in rows on a usable roof: what fits by shape, where area alone cannot tell.

The count is exact for a given direction and depth of the rows, on a fine lattice of where they may lie: in a row, the
stretches that lie wholly inside the roof are found from the edges that cross the row, not by sampling, and which rows
are laid is chosen by dynamic programming.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.ordering import stable_order
from flexsites.compiled import kernel
from flexsites.geometry.robust import intersect

__all__ = ["layout_homes"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Geometries = NDArray[np.object_]

# Edges that only touch a row's border, and widths that binary fractions missed, within a hundredth of a millimetre.
_TOUCH_M = 1e-5


def layout_homes(
    roofs: Geometries, home_gross_m2: Floats, *, depths_m: Floats, row_gap_m: float, row_step_m: float, band_m: float
) -> Integers:
    """Return how many homes of each gross area fit on one storey of each roof, laid in rows along its main direction.

    Per part of the roof, the best of: rows along and across the longest side of its smallest rectangle, each allowed
    depth, and rows wherever they lie a gap apart. A part deeper than two bands in both directions is a ring of homes,
    also cut into a band along two opposite facades and what lies between, each laid out by itself, and the better of
    both counts. Never more than area / gross area; a turned or moved roof gives the same count but for rounding.

    Parameters
    ----------
    roofs
        Usable roofs, polygons or multipolygons, shape (n,), in metres.
    home_gross_m2
        Gross footprint of a home in m2, shape (k,).
    depths_m
        Depths that a home may have, in m; its width is its area by its depth.
    row_gap_m
        Gallery or corridor between two rows.
    row_step_m
        Step of the lattice on which rows may lie, from either side of the part, in m.
    band_m
        Depth of the ring of homes on a deep roof: the farthest that a home reaches from its facade.

    Returns
    -------
        Homes, shape (n, k).

    Examples
    --------
    >>> roof = np.array([shapely.box(0, 0, 40, 10), shapely.box(0, 0, 40, 4)])
    >>> rule = {"depths_m": np.array([8.0, 10.0]), "row_gap_m": 1.5, "row_step_m": 0.5, "band_m": 10.0}
    >>> layout_homes(roof, np.array([50.0, 100.0]), **rule).tolist()
    [[8, 4], [0, 0]]
    >>> ring = np.array([shapely.box(0, 0, 60, 40).difference(shapely.box(10, 10, 50, 30))])
    >>> layout_homes(ring, np.array([100.0]), **rule).tolist()  # two bands of 6, and 2 homes on either short side
    [[16]]
    """
    counts = np.zeros((len(roofs), len(home_gross_m2)), dtype=np.int64)
    parts, of_roof = shapely.get_parts(roofs, return_index=True)
    if len(parts) == 0:
        return counts
    angles = _main_directions(parts)
    per_part = _count(parts, angles, home_gross_m2, depths_m, row_gap_m, row_step_m)
    for turn in (0.0, math.pi / 2):
        bands, of_part = _bands(parts, angles + turn, band_m)
        if len(bands) == 0:
            continue
        by_band = np.zeros_like(per_part)
        np.add.at(
            by_band, of_part, _count(bands, _main_directions(bands), home_gross_m2, depths_m, row_gap_m, row_step_m)
        )
        per_part = np.maximum(per_part, by_band)
    np.add.at(counts, of_roof, per_part)
    return counts


def _bands(parts: Geometries, angles: Floats, band_m: float) -> tuple[Geometries, Integers]:
    """Return the parts deeper than two bands both ways, cut along two opposite sides, and the part of each piece."""
    pieces: list[shapely.Geometry] = []
    owners: list[int] = []
    for i, part in enumerate(parts):
        turned = _turn(part, -angles[i])
        west, south, east, north = shapely.bounds(turned)
        if min(east - west, north - south) <= 2 * band_m + _TOUCH_M:
            continue
        levels = (south, south + band_m, north - band_m, north)
        boxes = np.asarray(shapely.box(west, levels[:-1], east, levels[1:]), dtype=object)
        for one in intersect(np.full(len(boxes), turned), boxes)[0]:
            band = shapely.get_parts(one)
            found = band[(shapely.get_type_id(band) == shapely.GeometryType.POLYGON) & (shapely.area(band) > 0)]
            pieces += found.tolist()
            owners += [i] * len(found)
    return np.array(pieces, dtype=object), np.array(owners, dtype=np.int64)


def _turn(shape: shapely.Geometry, angle: float) -> shapely.Geometry:
    """Return a shape turned about the origin by an angle in radians."""
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned: shapely.Geometry = shapely.transform(shape, lambda xy: xy @ turn)
    return turned


def _count(
    parts: Geometries, angles: Floats, home_gross_m2: Floats, depths_m: Floats, row_gap_m: float, row_step_m: float
) -> Integers:
    """Return the homes of each gross area on every part, shape (n, k)."""
    coordinates, part_of = shapely.get_coordinates(parts, return_index=True)
    starts = np.searchsorted(part_of, np.arange(len(parts) + 1)).astype(np.int64)
    ring_end = _ring_ends(parts, len(coordinates))
    counted: Integers = _count_parts(
        coordinates, starts, ring_end, angles, home_gross_m2.astype(np.float64), depths_m, row_gap_m, row_step_m
    )
    return counted


def _main_directions(parts: Geometries) -> Floats:
    """Return the direction of the longest side of each part's smallest rectangle, in radians."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(parts)).reshape(len(parts), 5, 2)
    sides = np.diff(corners[:, :3], axis=1)
    longest = np.argmax(np.hypot(sides[..., 0], sides[..., 1]).round(6), axis=1)
    side = sides[np.arange(len(parts)), longest]
    directions: Floats = np.arctan2(side[:, 1], side[:, 0])
    return directions


def _ring_ends(parts: Geometries, n_coordinates: int) -> NDArray[np.bool_]:
    """Return which coordinates close a ring, so that no edge is drawn from one ring to the next."""
    rings = shapely.get_rings(parts)
    ends = np.zeros(n_coordinates, dtype=np.bool_)
    ends[np.cumsum(shapely.get_num_coordinates(rings)) - 1] = True
    return ends


@kernel
def _count_parts(
    coordinates: Floats,
    starts: Integers,
    ring_end: NDArray[np.bool_],
    angles: Floats,
    home_gross_m2: Floats,
    depths_m: Floats,
    row_gap_m: float,
    row_step_m: float,
) -> Integers:
    n_parts, n_homes = len(starts) - 1, len(home_gross_m2)
    counts = np.zeros((n_parts, n_homes), dtype=np.int64)
    for part in range(n_parts):
        xy = coordinates[starts[part] : starts[part + 1]]
        ends = ring_end[starts[part] : starts[part + 1]]
        for turn in range(2):
            angle = angles[part] + turn * math.pi / 2
            x = xy[:, 0] * math.cos(angle) + xy[:, 1] * math.sin(angle)
            y = xy[:, 1] * math.cos(angle) - xy[:, 0] * math.sin(angle)
            for depth in depths_m:
                best = _count_rows(x, y, ends, home_gross_m2, depth, row_gap_m, row_step_m)
                for home in range(n_homes):  # one by one: an assigned array costs seconds of compiling
                    counts[part, home] = max(counts[part, home], best[home])
    return counts


@kernel
def _bottoms(low: float, height: float, depth: float, row_step_m: float) -> Floats:
    """Return where rows may begin, ascending: on a lattice from the lower side, and on one from the upper side."""
    n = math.floor((height - depth + _TOUCH_M) / row_step_m) + 1 if height + _TOUCH_M >= depth else 0
    bottoms = np.empty(2 * n)
    for i in range(n):
        bottoms[i] = low + i * row_step_m
        bottoms[n + i] = low + height - depth - i * row_step_m
    order = stable_order(bottoms)
    return bottoms[order]


@kernel
def _count_rows(
    x: Floats,
    y: Floats,
    ends: NDArray[np.bool_],
    home_gross_m2: Floats,
    depth: float,
    row_gap_m: float,
    row_step_m: float,
) -> Integers:
    """Return the most homes of each gross area in rows of one depth that lie a gap apart."""
    n_homes = len(home_gross_m2)
    bottoms = _bottoms(y.min(), y.max() - y.min(), depth, row_step_m)
    # The most in rows that begin at the first of these places, per number of places.
    most = np.zeros((len(bottoms) + 1, n_homes), dtype=np.int64)
    before = 0
    for row in range(len(bottoms)):
        lengths = _free_lengths(x, y, ends, bottoms[row], bottoms[row] + depth)
        while bottoms[before] + depth + row_gap_m <= bottoms[row] + _TOUCH_M:
            before += 1
        for home in range(n_homes):
            width = home_gross_m2[home] / depth
            held = most[before, home]
            for length in lengths:
                held += math.floor((length + _TOUCH_M) / width)
            most[row + 1, home] = max(most[row, home], held)
    best: Integers = most[len(bottoms)]
    return best


@kernel
def _free_lengths(x: Floats, y: Floats, ends: NDArray[np.bool_], bottom: float, top: float) -> Floats:
    """Return the lengths of the stretches of a row that lie wholly inside the polygon."""
    low, high, middle = bottom + _TOUCH_M, top - _TOUCH_M, (bottom + top) / 2
    lefts, rights, crossings = np.empty(len(x)), np.empty(len(x)), np.empty(len(x))
    n_blocks, n_crossings = 0, 0
    for i in range(len(x) - 1):
        if ends[i] or max(y[i], y[i + 1]) <= low or min(y[i], y[i + 1]) >= high:
            continue
        at_low, at_high = x[i], x[i + 1]
        if y[i] != y[i + 1]:
            slope = (x[i + 1] - x[i]) / (y[i + 1] - y[i])
            at_low = x[i] + slope * (min(max(y[i], low), high) - y[i])
            at_high = x[i] + slope * (min(max(y[i + 1], low), high) - y[i])
            if (y[i] > middle) != (y[i + 1] > middle):
                crossings[n_crossings] = x[i] + slope * (middle - y[i])
                n_crossings += 1
        lefts[n_blocks], rights[n_blocks] = min(at_low, at_high), max(at_low, at_high)
        n_blocks += 1
    order = stable_order(lefts[:n_blocks])
    lengths, n_lengths, reach = np.empty(n_blocks), 0, -np.inf
    for block in order:
        if reach > -np.inf and lefts[block] > reach:
            centre, n_left = (reach + lefts[block]) / 2, 0
            for crossing in crossings[:n_crossings]:
                n_left += crossing < centre
            if n_left % 2 == 1:
                lengths[n_lengths] = lefts[block] - reach
                n_lengths += 1
        reach = max(reach, rights[block])
    return lengths[:n_lengths]
