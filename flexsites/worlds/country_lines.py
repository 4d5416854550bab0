"""The lines of the synthetic country, tile by tile: streets of towns and country roads, motorways, rail, power lines.

Streets follow a lattice whose step is finer where a tile is denser. Steps are powers of two, so that the lattice of a
town contains that of the land around it, and a road along a border has the crossings of both sides: the country is one
connected graph, whatever tile is made first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from flexsites.worlds.country import GRIDS, TILE_M, Country

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = dict(zip(GRIDS, (4, 8, 16, 16), strict=True))
"""Streets a tile in each direction, by its density: a block of 250 m in the country, of 62.5 m in town."""

N_BENDS = 3
"""Vertices between two crossings of a street."""

SWAY_M = 40.0
"""How far land and streets stray from the lattice: a smooth function of place, the same on both sides of a border."""

TRUNKS = {
    "motorways": (20_000.0, 7_310.0),
    "rail": (20_000.0, 13_730.0),
    "power_lines": (15_000.0, 3_190.0),
    "pipelines": (25_000.0, 16_870.0),
}
"""Lines across the country, in both directions: how far apart, and how far the first lies from the corner, in m."""

TRUNK_VERTICES = 10
"""Vertices of a tile's piece of such a line."""


def bent(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the lattice as they lie: moved by waves of several kilometres, never so that lines cross."""
    x, y = points[..., 0], points[..., 1]
    east = SWAY_M * (np.sin(y / 1_700.0) + 0.4 * np.sin(x / 610.0 + y / 890.0))
    north = SWAY_M * (np.sin(x / 1_900.0) + 0.4 * np.sin(y / 570.0 - x / 970.0))
    return np.stack([x + east, y + north], axis=-1)


def streets(country: Country, number: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """
    Return the streets of a tile, those on its southern and western borders included, and their classes.

    Returns
    -------
    lines
        Shape (n,), each between two crossings, which its ends share with the streets that meet there.
    road_class
        Shape (n,): roads on the borders of tiles are wider than those within.
    """
    n_columns = country.n_columns
    row, column = divmod(number, n_columns)
    own = _steps(country, row, column)
    if own is None:
        return np.empty(0, dtype=object), np.empty(0, dtype=object)
    west, south, _, _ = country.tile_bounds(number)
    segments, classes = [], []
    for is_vertical in (False, True):
        for line in range(own):
            beside = _steps(country, row, column - 1) if is_vertical else _steps(country, row - 1, column)
            steps = max(own, beside or 0) if line == 0 else own
            along = np.linspace(0.0, TILE_M, steps + 1)
            fixed = np.full(steps, line * TILE_M / own)
            ends = [np.column_stack([fixed, one] if is_vertical else [one, fixed]) for one in (along[:-1], along[1:])]
            segments.append(np.stack(ends, axis=1))
            classes += [("secondary" if line == 0 and own > STEPS[GRIDS[0]] else _class(line, own))] * steps
    ends = np.concatenate(segments) + np.array([west, south])
    share = np.linspace(0.0, 1.0, N_BENDS + 2)[None, :, None]
    lattice = ends[:, :1] * (1.0 - share) + ends[:, 1:] * share
    # Ends exactly as every street that meets there has them: no rounding of the way between.
    lattice[:, [0, -1]] = ends
    return np.asarray(shapely.linestrings(bent(lattice))), np.array(classes, dtype=object)


def _class(line: int, steps: int) -> str:
    if line == 0:
        return "tertiary"
    return "residential" if steps > STEPS[GRIDS[0]] else "unclassified"


def _steps(country: Country, row: int, column: int) -> int | None:
    """Return the streets a tile has in each direction; None: there is no tile, or it is sea."""
    if not (0 <= row < country.shape[0] and 0 <= column < country.n_columns):
        return None
    return STEPS.get(country.grid(row * country.n_columns + column))


def trunks(country: Country, number: int, layer: str) -> NDArray[np.object_]:
    """Return the pieces of a layer of long lines that cross a tile."""
    apart, first = TRUNKS[layer]
    west, south, _, _ = country.tile_bounds(number)
    lines = []
    along = np.linspace(0.0, TILE_M, TRUNK_VERTICES)
    for is_vertical, start, corner in ((True, west, country.origin[0]), (False, south, country.origin[1])):
        # Where the country is small, one line still crosses it.
        middle = corner + min(first, country.shape[1 if is_vertical else 0] * TILE_M / 2 + 10.0)
        there = middle + np.round((start + TILE_M / 2 - middle) / apart) * apart
        if start <= there < start + TILE_M:
            fixed = np.full(TRUNK_VERTICES, there)
            lines.append(np.column_stack([fixed, south + along] if is_vertical else [west + along, fixed]))
    return np.asarray(shapely.linestrings(bent(np.stack(lines)))) if lines else np.empty(0, dtype=object)
