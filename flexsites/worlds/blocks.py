"""Filling a neighbourhood: a grid of streets, blocks of plots back to back, a house on each, flats here and there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pattern:
    """
    Measures of a kind of neighbourhood, all in m.

    Parameters
    ----------
    block_length_m
        Of a block of plots, along the street.
    plot_depth_m
        Two rows of plots stand back to back.
    street_m
        Width of the public space between blocks.
    house_depth_m, front_m
        Of a house, and of the garden before it.
    house_width_m
        Greatest width of a house. On narrow plots houses form a terrace; on wider ones two and two stand together.
    """

    block_length_m: float
    plot_depth_m: float
    street_m: float
    house_depth_m: float
    front_m: float
    house_width_m: float = 8.1


PATTERNS = {
    "town": Pattern(108.0, 27.0, 11.0, 9.0, 4.0),
    "old": Pattern(58.0, 17.0, 6.0, 11.0, 0.5, 14.0),
    "village": Pattern(90.0, 40.0, 12.0, 11.0, 7.0, 10.0),
    "business": Pattern(210.0, 82.0, 18.0, 0.0, 0.0),
    "greenhouse": Pattern(330.0, 125.0, 14.0, 0.0, 0.0),
}


@dataclass(frozen=True)
class Filled:
    """
    A filled neighbourhood.

    Parameters
    ----------
    plots
        Whole plots, shape (n,), street by street.
    houses
        The house of each, shape (n,).
    sheds
        The shed in each back garden, shape (n,).
    street
        Number of the street each plot fronts, shape (n,).
    number
        Place of each plot in its row from 0, shape (n,): the house number follows.
    flat_plots, flats
        Plots of blocks of flats, and the blocks.
    rests
        Left over at the edges: schools, shops, green; largest first.
    streets
        Middles of the streets.
    """

    plots: NDArray[np.object_]
    houses: NDArray[np.object_]
    sheds: NDArray[np.object_]
    street: NDArray[np.int64]
    number: NDArray[np.int64]
    flat_plots: NDArray[np.object_]
    flats: NDArray[np.object_]
    rests: NDArray[np.object_]
    streets: NDArray[np.object_]


@dataclass(frozen=True)
class Frame:
    """A turned grid: where its origin lies and how far it is turned."""

    origin: tuple[float, float]
    turn_deg: float

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Local coordinates to those of the plan; the last axis is (along, across)."""
        angle = np.radians(self.turn_deg)
        along, across = points[..., 0], points[..., 1]
        x = self.origin[0] + along * np.cos(angle) - across * np.sin(angle)
        y = self.origin[1] + along * np.sin(angle) + across * np.cos(angle)
        return np.stack([x, y], axis=-1)

    def boxes(
        self,
        west: NDArray[np.float64],
        south: NDArray[np.float64],
        east: NDArray[np.float64],
        north: NDArray[np.float64],
    ) -> NDArray[np.object_]:
        """
        Return turned rectangles; all arguments have shape (n,).

        Examples
        --------
        >>> one = np.ones(1)
        >>> float(shapely.area(Frame((10, 10), 30).boxes(one * 0, one * 0, one * 3, one * 2))[0].round(9))
        6.0
        """
        ring = np.stack(
            [np.stack(pair, axis=-1) for pair in ((west, south), (east, south), (east, north), (west, north))], axis=1
        )
        return np.asarray(shapely.polygons(self.place(ring)))


def fill(ground: BaseGeometry, frame: Frame, pattern: Pattern, plot_width_m: float, *, flats_every: int = 0) -> Filled:
    """
    Fill ground with blocks.

    Parameters
    ----------
    ground
        What may be filled; streets end at its edge.
    frame
        Direction of the streets.
    pattern
        Measures.
    plot_width_m
        Least width of a plot.
    flats_every
        Every so many-th whole block is a block of flats; 0: none.

    Returns
    -------
    Filled
        Plots overlap neither each other nor the rests, and all lie within the ground.
    """
    west, south, lattice = _lattice(ground, pattern)
    blocks = frame.boxes(west, south, west + pattern.block_length_m, south + 2 * pattern.plot_depth_m)
    room = ground.buffer(-pattern.street_m / 2)
    shapely.prepare(room)
    whole = shapely.contains_properly(room, blocks)
    order = np.flatnonzero(whole)
    is_flat = np.zeros(len(blocks), dtype=bool)
    if flats_every:
        is_flat[order[flats_every // 2 :: flats_every]] = True
    rows = _rows(frame, pattern, plot_width_m, west[whole & ~is_flat], south[whole & ~is_flat])
    flats = _flats(frame, pattern, west[is_flat], south[is_flat])
    rests = _rests(shapely.intersection(blocks[~whole], room))
    streets = shapely.intersection(_lattice_lines(frame, lattice), ground.buffer(pattern.street_m))
    return Filled(*rows, blocks[is_flat], flats, rests, streets[~shapely.is_empty(streets)])


def _lattice(
    ground: BaseGeometry, pattern: Pattern
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """South-west corners of all blocks that may touch the ground, and the street lines between them."""
    reach = float(np.hypot(*np.subtract(ground.bounds[2:], ground.bounds[:2])))
    along, across = pattern.block_length_m + pattern.street_m, 2 * pattern.plot_depth_m + pattern.street_m
    columns = np.arange(-np.ceil(reach / along), np.ceil(reach / along) + 1)
    rows = np.arange(-np.ceil(reach / across), np.ceil(reach / across) + 1)
    south, west = (part.ravel() for part in np.meshgrid(rows * across, columns * along, indexing="ij"))
    half = pattern.street_m / 2
    return west + half, south + half, (columns * along, rows * across)


def frame_lines_of(ground: BaseGeometry, frame: Frame, pattern: Pattern) -> NDArray[np.object_]:
    """Return the middles of all streets of the lattice that ``fill`` would use, not cut at the ground's edge."""
    _, _, lattice = _lattice(ground, pattern)
    return _lattice_lines(frame, lattice)


def _lattice_lines(frame: Frame, lattice: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.object_]:
    columns, rows = lattice
    across = np.stack([np.column_stack([columns, columns * 0 + end]) for end in (rows[0], rows[-1])], axis=1)
    along = np.stack([np.column_stack([rows * 0 + end, rows]) for end in (columns[0], columns[-1])], axis=1)
    return np.asarray(shapely.linestrings(frame.place(np.concatenate([across, along]))))


def _rows(
    frame: Frame, pattern: Pattern, plot_width_m: float, west: NDArray[np.float64], south: NDArray[np.float64]
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.object_], NDArray[np.int64], NDArray[np.int64]]:
    """Give plots, houses, sheds, street and number of the plots of whole blocks: two rows, back to back."""
    n_plots = max(1, int(pattern.block_length_m // plot_width_m))
    width = pattern.block_length_m / n_plots
    number = np.tile(np.arange(n_plots), 2 * len(west))
    left = np.repeat(west, 2 * n_plots) + number * width
    right = np.repeat(west, 2 * n_plots) + (number + 1) * width
    faces_south = np.tile(np.repeat([True, False], n_plots), len(west))
    middle = np.repeat(south, 2 * n_plots) + pattern.plot_depth_m
    toward = np.where(faces_south, -1.0, 1.0)
    spare = width - min(width, pattern.house_width_m)
    is_even = number % 2 == 0

    def band(
        near: float, far: float, inset: NDArray[np.float64] | float, cut: NDArray[np.float64] | float
    ) -> NDArray[np.object_]:
        one, other = middle + toward * near, middle + toward * far
        return frame.boxes(left + inset, np.minimum(one, other), right - inset - cut, np.maximum(one, other))

    depth = pattern.plot_depth_m
    plots = band(0, depth, 0.0, 0.0)
    houses = band(
        depth - pattern.front_m - pattern.house_depth_m, depth - pattern.front_m, spare * is_even, spare * ~is_even
    )
    sheds = band(0.3, 2.8, 0.3, max(width * 0.5, width - 4.0))
    _, level = np.unique(np.round(np.repeat(south, 2 * n_plots), 3), return_inverse=True)
    return plots, houses, sheds, level.astype(np.int64) + np.where(faces_south, 0, 1), number


def _flats(
    frame: Frame, pattern: Pattern, west: NDArray[np.float64], south: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Put a slab 12 m deep in the middle of the block, ten metres of green at either end."""
    middle = south + pattern.plot_depth_m
    return frame.boxes(west + 10, middle - 6, west + pattern.block_length_m - 10, middle + 6)


def _rests(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Usable left-over ground, largest first: at least 700 m2, and not narrower than 16 m."""
    polygons = shapely.get_parts(parts)
    polygons = polygons[shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON]
    polygons = polygons[(shapely.area(polygons) > 700) & (shapely.area(shapely.buffer(polygons, -8)) > 0)]
    return np.asarray(polygons[np.argsort(-shapely.area(polygons), kind="stable")])
