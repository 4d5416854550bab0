"""Arrays of synthetic shapes in any number: parcels that tile the land, ragged areas, buildings.

Everything is drawn from a numpy Generator that the caller seeds, so equal seeds give equal shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUGHNESS = 0.35
"""How far the edge of a ragged area strays from a circle, as a share of its radius: natural areas look so."""

JITTER = 0.22
"""How far a corner strays from the regular grid, in grid steps. Below 0.25 no two edges of the grid can cross."""


def warped_grid(
    bounds: tuple[float, float, float, float], n_rows: int, n_columns: int, rng: np.random.Generator
) -> NDArray[np.object_]:
    """
    Return parcels of ten vertices that tile a rectangle without gaps or overlaps.

    Parameters
    ----------
    bounds
        Rectangle (minx, miny, maxx, maxy) in m.
    n_rows, n_columns
        Parcels in each direction.
    rng
        Where the irregularity comes from.

    Returns
    -------
    array of shape (n_rows * n_columns,)
        Valid polygons in row order from the south-west. Neighbours share all vertices of their common edge; edges on
        the rectangle are straight, so rectangles side by side tile too.

    Examples
    --------
    >>> parcels = warped_grid((0, 0, 100, 60), 3, 4, np.random.default_rng(1))
    >>> len(parcels), round(float(shapely.area(parcels).sum()), 6), set(shapely.get_num_coordinates(parcels).tolist())
    (12, 6000.0, {11})
    """
    corners = _corners(bounds, n_rows, n_columns, rng)
    step = np.array([(bounds[2] - bounds[0]) / n_columns, (bounds[3] - bounds[1]) / n_rows])
    west, east = corners[:, :-1], corners[:, 1:]
    third = west + (east - west) / 3
    two_thirds = west + (east - west) * 2 / 3
    bend = (rng.random((n_rows + 1, n_columns, 2)) - 0.5) * 0.1 * step[1]
    bend[[0, -1]] = 0.0
    third[..., 1] += bend[..., 0]
    two_thirds[..., 1] += bend[..., 1]
    middle = (corners[:-1] + corners[1:]) / 2
    sway = (rng.random((n_rows, n_columns + 1)) - 0.5) * 0.1 * step[0]
    sway[:, [0, -1]] = 0.0
    middle[..., 0] += sway
    ring = [
        corners[:-1, :-1], third[:-1], two_thirds[:-1], corners[:-1, 1:], middle[:, 1:],
        corners[1:, 1:], two_thirds[1:], third[1:], corners[1:, :-1], middle[:, :-1], corners[:-1, :-1],
    ]  # fmt: skip
    coordinates = np.stack(ring, axis=2).reshape(n_rows * n_columns, len(ring), 2)
    return np.asarray(shapely.polygons(coordinates))


def _corners(
    bounds: tuple[float, float, float, float], n_rows: int, n_columns: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    x, y = np.meshgrid(np.linspace(bounds[0], bounds[2], n_columns + 1), np.linspace(bounds[1], bounds[3], n_rows + 1))
    corners = np.stack([x, y], axis=-1)
    step = np.array([(bounds[2] - bounds[0]) / n_columns, (bounds[3] - bounds[1]) / n_rows])
    shift = (rng.random(corners.shape) - 0.5) * 2 * JITTER * step
    shift[[0, -1]] = 0.0
    shift[:, [0, -1]] = 0.0
    moved: NDArray[np.float64] = corners + shift
    return moved


def soil(
    parcels: NDArray[np.object_], dirty_share: float, rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
    """
    Spoil a share of parcels the way real deliveries are spoilt.

    Parameters
    ----------
    parcels
        Polygons of at least ten vertices.
    dirty_share
        Share to spoil, in [0, 1].
    rng
        Which ones, and how.

    Returns
    -------
    parcels
        A copy: some are bow-ties (invalid), some slivers of about a centimetre wide, some multipolygons.
    kinds
        Per parcel ``"clean"``, ``"bow-tie"``, ``"sliver"`` or ``"multipolygon"``.

    Examples
    --------
    >>> grid = warped_grid((0, 0, 100, 100), 10, 10, np.random.default_rng(1))
    >>> spoilt, kinds = soil(grid, 0.1, np.random.default_rng(1))
    >>> int((kinds != "clean").sum()), bool(shapely.is_valid(spoilt[kinds == "bow-tie"]).any())
    (10, False)
    """
    spoilt = parcels.copy()
    kinds = np.full(len(parcels), "clean", dtype="<U12")
    chosen = rng.choice(len(parcels), round(dirty_share * len(parcels)), replace=False)
    for order, row in enumerate(np.sort(chosen)):
        kind = ("bow-tie", "sliver", "multipolygon")[order % 3]
        ring = shapely.get_coordinates(parcels[row])
        west, south, east, north = shapely.bounds(parcels[row])
        if kind == "bow-tie":
            spoilt[row] = shapely.Polygon(ring[[0, 3, 8, 5, 0]])
        elif kind == "sliver":
            spoilt[row] = shapely.box(west, south, west + 0.01, north)
        else:
            third = (east - west) / 3
            parts = [shapely.box(west, south, west + third, north), shapely.box(east - third, south, east, north)]
            spoilt[row] = shapely.MultiPolygon(parts)
        kinds[row] = kind
    return spoilt, kinds


def ragged_areas(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius_m: NDArray[np.float64],
    n_vertices: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    hole_share: float = 0.3,
) -> NDArray[np.object_]:
    """
    Return areas with ragged edges, such as nature reserves, of as many vertices as asked.

    Parameters
    ----------
    x, y, radius_m
        Centre and mean radius in m, shape (n,).
    n_vertices
        Vertices of each outer ring, shape (n,); 500,000 is fine.
    rng
        The raggedness.
    hole_share
        Share of areas with a hole (a ring of a tenth of the vertices, at a third of the radius).

    Returns
    -------
    array of shape (n,)
        Valid polygons: star-shaped about their centre, so that no ring crosses itself.

    Examples
    --------
    >>> one = np.array([0.0])
    >>> area = ragged_areas(one, one, one + 1000, np.array([5000]), np.random.default_rng(1), hole_share=1.0)[0]
    >>> area.is_valid, len(area.exterior.coords), len(area.interiors)
    (True, 5001, 1)
    """
    has_hole = rng.random(len(x)) < hole_share
    areas: list[shapely.Polygon] = []
    for row in range(len(x)):
        outline = _ragged_ring(int(n_vertices[row]), rng) * radius_m[row] + (x[row], y[row])
        holes = []
        if has_hole[row]:
            holes.append(_ragged_ring(max(int(n_vertices[row]) // 10, 8), rng) * radius_m[row] / 3 + (x[row], y[row]))
        areas.append(shapely.Polygon(outline, holes))
    return np.array(areas, dtype=object)


def _ragged_ring(n_vertices: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points around the origin, radius near 1: waves of ever shorter length and lesser height, and a fine grain."""
    angle = np.linspace(0, 2 * np.pi, n_vertices, endpoint=False)
    radius = np.zeros(n_vertices)
    waves = [wave for wave in (2, 3, 5, 9, 17, 33, 65, 129, 257) if wave < n_vertices / 4]
    weights = np.array([1 / wave for wave in waves] or [0.0])
    for wave, weight in zip(waves, weights, strict=False):
        radius += weight * np.sin(wave * angle + rng.random() * 2 * np.pi)
    radius = 1 + ROUGHNESS * radius / max(weights.sum(), 1.0)
    radius *= 1 + (rng.random(n_vertices) - 0.5) * 0.002
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def footprints(
    parcels: NDArray[np.object_], share: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """
    Return buildings on some parcels.

    Parameters
    ----------
    parcels
        Polygons, shape (n,).
    share
        Chance that a parcel has a building, shape (n,).
    rng
        Which, how large, and how turned.

    Returns
    -------
    buildings
        Turned rectangles of a quarter of their parcel's area at most, shape (m,).
    rows
        Row of the parcel of each, shape (m,).

    Examples
    --------
    >>> grid = warped_grid((0, 0, 400, 400), 10, 10, np.random.default_rng(1))
    >>> buildings, rows = footprints(grid, np.ones(100), np.random.default_rng(1))
    >>> len(buildings), bool((shapely.area(buildings) <= 0.25 * shapely.area(grid[rows])).all())
    (100, True)
    """
    rows = np.flatnonzero(rng.random(len(parcels)) < share)
    centre = shapely.get_coordinates(shapely.centroid(parcels[rows]))
    side = np.sqrt(shapely.area(parcels[rows]) * (0.05 + 0.2 * rng.random(len(rows))))
    stretch = 0.6 + 0.8 * rng.random(len(rows))
    width, depth = side * stretch / 2, side / stretch / 2
    turn = (rng.random(len(rows)) - 0.5) * 0.6
    unit = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)], dtype=float)
    local = np.stack([unit[:, 0] * width[:, None], unit[:, 1] * depth[:, None]], axis=-1)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x = local[..., 0] * cos - local[..., 1] * sin + centre[:, :1]
    y = local[..., 0] * sin + local[..., 1] * cos + centre[:, 1:]
    return np.asarray(shapely.polygons(np.stack([x, y], axis=-1))), rows
