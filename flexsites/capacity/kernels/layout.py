"""Modules laid out in rows on the real shape of pieces of land: how many fit, and where they stand.

A piece is moved to local coordinates first: whole metres are taken off, which is exact, so a piece moved by whole
metres holds the same. Its rings are put in one order, so neither the order of vertices nor of pieces matters, and no
piece looks at another. What stays is what any grid has: a piece that is turned, or moved by part of a step, meets its
strips elsewhere.

Screening, not design: rows are straight and parallel, each has a lane along it and one lane crosses all rows through
the entrance. Beside these the strip along the edge stays free, so that every module is reached from the entrance over
free ground as wide as a lane (as that strip, where it is narrower), in every arm of a piece: a property test walks it.
Where a neck of the piece itself is narrower than that, what lies behind it counts all the same. [A]
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_rows import LAYOUT, Layout, count_pieces, rows_of
from flexsites.capacity.kernels.layout_strips import turned

__all__ = ["LaidOut", "Layout", "Placed", "lay_out", "local_edges", "place"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]


class LaidOut(NamedTuple):
    """What fits on each of n pieces under each of m layouts, arrays of shape (n, m)."""

    n_modules: Ints
    """Modules, stacked ones all counted."""
    direction_rad: Floats
    """Direction of the rows, from the x axis counter-clockwise."""
    n_storeys: Ints
    """Storeys that give the most modules; 0 where nothing fits."""


class Placed(NamedTuple):
    """What stands where on one piece: modules (one polygon a stack), parking places and lanes."""

    kind: tuple[str, ...]
    """module | parking | lane."""
    n_storeys: tuple[int, ...]
    """Modules on each other; 0 for parking and lanes."""
    polygons: Geometries


def local_edges(pieces: Geometries) -> tuple[Floats, Ints, Floats]:
    """Return the boundaries of pieces as edges in local coordinates.

    Parameters
    ----------
    pieces
        Polygons or multipolygons in m, shape (n,). An empty one has no edges.

    Returns
    -------
        Edges as (x0, y0, x1, y1), shape (n_edges, 4); the first edge of each piece, shape (n + 1,); and the local
        origin of each piece in whole metres, shape (n, 2).

    Examples
    --------
    >>> edges, first, origin = local_edges(np.array([shapely.box(100.5, 200, 102.5, 201)]))
    >>> first.tolist(), origin.tolist(), edges[:, :2].min(axis=0).tolist()
    ([0, 4], [[100.0, 200.0]], [0.5, 0.0])
    """
    ordered = shapely.normalize(shapely.force_2d(pieces))
    bounds = shapely.bounds(ordered)[:, :2]
    origin = np.floor(np.where(np.isnan(bounds), 0.0, bounds))
    polygons, owner = shapely.get_parts(ordered, return_index=True)
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = np.flatnonzero(np.diff(of_ring) == 0)
    of_piece = owner[of_polygon[of_ring[:-1][is_edge]]]
    edges = np.hstack([points[:-1][is_edge], points[1:][is_edge]]) - np.tile(origin[of_piece], 2)
    first_edge = np.searchsorted(of_piece, np.arange(len(pieces) + 1))
    return np.ascontiguousarray(edges), first_edge.astype(np.int64), origin


def _entrances(pieces: Geometries, access_m: Floats, origin: Floats) -> Floats:
    """Return the point of each piece through which its cross lane goes: its entrance, else its centroid."""
    centroids = shapely.get_coordinates(shapely.centroid(shapely.normalize(_moved(pieces, origin))))
    local = access_m - origin
    has_none = np.logical_or(np.isnan(local[:, 0]), np.isnan(local[:, 1]))
    return np.where(np.column_stack([has_none, has_none]), centroids, local)


def _moved(pieces: Geometries, origin: Floats) -> Geometries:
    """Return pieces in their local coordinates."""
    n_points = shapely.get_num_coordinates(pieces)
    shift = np.repeat(origin, n_points, axis=0)
    moved: Geometries = shapely.set_coordinates(
        shapely.force_2d(pieces.copy()), shapely.get_coordinates(pieces) - shift
    )
    return moved


def lay_out(
    pieces: Geometries,
    access_m: Floats,
    layouts: Sequence[Layout],
    *,
    n_turns: int,
    wanted: NDArray[np.bool_] | None = None,
) -> LaidOut:
    """Return how many modules fit on each piece under each layout.

    Law: looser figures never hold fewer modules, and modules x footprint never exceeds storeys x area.

    Parameters
    ----------
    pieces
        Valid polygons in m (EPSG:28992), shape (n,), none empty.
    access_m
        Entrance of each piece in m, shape (n, 2); NaN where there is none, then the centroid is taken.
    layouts
        The figures, m of them.
    n_turns
        Equal turns of half a circle in which rows are tried, besides along and across the longest edge.
    wanted
        Which layouts are asked for which piece, shape (n, m); all by default. What is not wanted holds 0.

    Examples
    --------
    A field of 40 x 22 m with 3 m kept to the edge: one row, nine modules of 3.5 m.

    >>> flat = Layout(3.5, 8.0, 1, 3.0, 9.0, 3.0, 0.0, 0.0, 1, 0.0, 2.5, 5.0, 0.5)
    >>> field = np.array([shapely.box(150_000, 450_000, 150_040, 450_022)])
    >>> lay_out(field, np.array([[150_000.0, 450_011.0]]), [flat], n_turns=2).n_modules.tolist()
    [[9]]
    """
    shape = (len(pieces), len(layouts))
    if 0 in shape:
        return LaidOut(np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape, np.int64))
    asked = np.ones(shape, np.bool_) if wanted is None else wanted
    edges, first_edge, origin = local_edges(pieces)
    entrances = _entrances(pieces, access_m, origin)
    order = sorted(range(len(layouts)), key=lambda i: (layouts[i].setback_m, layouts[i].lane_m, layouts[i]))
    figures = np.array([tuple(layouts[i]) for i in order], dtype=LAYOUT)
    asked = np.ascontiguousarray(asked[:, order])
    modules, directions, storeys = count_pieces(edges, first_edge, entrances, n_turns, figures, asked)
    back = np.argsort(order)
    return LaidOut(modules[:, back], directions[:, back], storeys[:, back])


def place(piece: shapely.Geometry, access_m: Floats, layout: Layout, *, n_turns: int, width_m: float) -> Placed:
    """Return the modules, parking places and lanes of the layout that `lay_out` counted on one piece.

    Parameters
    ----------
    piece
        Valid polygon in m.
    access_m
        Its entrance in m, shape (2,); NaN if there is none.
    layout, n_turns
        As for `lay_out`.
    width_m
        Width of a module along the row in m: the bay without the gap of detached homes.

    Returns
    -------
        Stacks of modules, which together hold the modules counted, parking places, and lanes cut to the piece.

    Examples
    --------
    >>> flat = Layout(3.5, 8.0, 1, 3.0, 9.0, 3.0, 0.0, 0.0, 1, 0.0, 2.5, 5.0, 0.5)
    >>> placed = place(shapely.box(0, 0, 40, 22), np.array([0.0, 11.0]), flat, n_turns=2, width_m=3.5)
    >>> placed.kind.count("module"), round(shapely.area(placed.polygons[:9]).sum())
    (9, 252)
    """
    pieces = np.array([piece], dtype=object)
    laid = lay_out(pieces, access_m[None, :], [layout], n_turns=n_turns)
    n_storeys, direction = int(laid.n_storeys[0, 0]), float(laid.direction_rad[0, 0])
    if n_storeys == 0:
        return Placed((), (), np.empty(0, dtype=object))
    edges, _, origin = local_edges(pieces)
    entrance = _turned_point(_entrances(pieces, access_m[None, :], origin)[0], direction)
    rows = turned(edges, direction)
    low_y = min(rows[:, 1].min(), rows[:, 3].min())
    figures = np.array([tuple(layout)], dtype=LAYOUT)[0]
    runs, n_bays, row_y = rows_of(rows, low_y, entrance[0], figures, n_storeys)
    modules, parking = _boxes(runs, n_bays, layout, n_storeys, width_m)
    lanes = _lanes(runs, row_y, entrance, layout)
    homes, places, ways = (_turned_back(one, direction, origin[0]) for one in (modules, parking, lanes))
    ways = shapely.get_parts(shapely.intersection(shapely.union_all(ways), piece))
    ways = ways[shapely.get_type_id(ways) == shapely.GeometryType.POLYGON]
    kind = ("module",) * len(homes) + ("parking",) * len(places) + ("lane",) * len(ways)
    storeys = (n_storeys,) * len(homes) + (0,) * (len(places) + len(ways))
    return Placed(kind, storeys, np.concatenate([homes, places, ways]))


def _turned_point(point: Floats, direction: float) -> Floats:
    return np.asarray(turned(np.array([[*point, *point]]), direction)[0, :2])


def _turned_back(boxes: Geometries, direction: float, origin: Floats) -> Geometries:
    """Return boxes of the frame of the rows in the coordinates of the map."""
    cosine, sine = math.cos(direction), math.sin(direction)

    def move(points: Floats) -> Floats:
        back = np.column_stack([points @ (cosine, -sine), points @ (sine, cosine)])
        return np.asarray(back + origin)

    return np.asarray(shapely.transform(boxes, move), dtype=object)


def _boxes(runs: Floats, n_bays: Ints, layout: Layout, n_storeys: int, width_m: float) -> tuple[Geometries, Geometries]:
    """Return the stacks of modules and the parking places of runs: modules first, places at the right end."""
    run = np.repeat(np.arange(len(runs)), n_bays)
    nth = np.arange(run.size) - np.repeat(np.cumsum(n_bays) - n_bays, n_bays)
    left, low = runs[run, 0] + nth * layout.bay_m, runs[run, 2]
    modules = shapely.box(left, low, left + width_m, low + layout.depth_m)
    n_places = np.ceil(n_bays * n_storeys * layout.places_per_module - 1e-9).astype(np.int64)
    run = np.repeat(np.arange(len(runs)), n_places)
    nth = np.arange(run.size) - np.repeat(np.cumsum(n_places) - n_places, n_places)
    left = (runs[:, 0] + n_bays * layout.bay_m)[run] + nth * layout.place_m
    top = runs[run, 2] + layout.depth_m
    parking = shapely.box(left, top - layout.place_depth_m, left + layout.place_m, top)
    return np.asarray(modules, dtype=object), np.asarray(parking, dtype=object)


def _lanes(runs: Floats, row_y: Floats, entrance: Floats, layout: Layout) -> Geometries:
    """Return the lane along each row, on its upper side, and the lane across the rows through the entrance."""
    width = max(layout.lane_m, layout.aisle_m)
    left = np.array([runs[runs[:, 2] == y, 0].min() for y in row_y])
    right = np.array([runs[runs[:, 2] == y, 1].max() for y in row_y])
    top = row_y + layout.depth_m
    along = shapely.box(np.minimum(left, entrance[0]), top, np.maximum(right, entrance[0]), top + width)
    if layout.lane_m == 0:
        return np.asarray(along, dtype=object)
    half = layout.lane_m / 2
    low, high = min(row_y.min(), entrance[1]), max(float(top.max()) + width, entrance[1])
    across = shapely.box(entrance[0] - half, low, entrance[0] + half, high)
    return np.asarray([*along, across], dtype=object)
