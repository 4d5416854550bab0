"""Rasters in several files that tell the same ground twice: where they contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flexsites.inputs.land.rasters import Block, RasterFile, exceeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flexsites.config.rules import RasterAbove
    from flexsites.inputs.formats.vector import Bounds


def n_contradicted(files: Sequence[RasterFile], rule: RasterAbove, bounds: Bounds | None = None) -> int:
    """Return how many cells a file lists for a rule and another of the same ground does not, or the other way round.

    Parameters
    ----------
    files
        The rasters of one source; those in another reference system than their neighbour are not compared with it.
    rule
        What lists a cell.
    bounds
        Cells outside are not compared (in RD New).

    Raises
    ------
    InputError
        If a file breaks off.
    """
    return sum(_n_of_pair(one, other, rule, bounds) for one, other in _pairs(files))


def _pairs(files: Sequence[RasterFile]) -> Iterator[tuple[RasterFile, RasterFile]]:
    """Give the files that share ground, not an edge alone, each pair once."""
    boxes = np.array([shapely.box(*file.bounds) for file in files], dtype=object)
    for i, j in sorted(zip(*shapely.STRtree(boxes).query(boxes, predicate="intersects"), strict=True)):
        if i < j and files[i].crs == files[j].crs and shapely.area(shapely.intersection(boxes[i], boxes[j])) > 0:
            yield files[i], files[j]


def _n_of_pair(one: RasterFile, other: RasterFile, rule: RasterAbove, bounds: Bounds | None) -> int:
    shared = _inner(one.bounds, other.bounds)
    west, south, east, north = shared if bounds is None else _inner(shared, one.projection.window(bounds))
    if west >= east or south >= north:
        return 0
    n_wrong = 0
    for block in one.blocks(within=(west, south, east, north)):
        x, y = _centres(block)
        is_shared = (x > west) & (x < east) & (y > south) & (y < north) & block.is_known
        if is_shared.any():
            is_known, is_listed = _told_by(other, x[is_shared], y[is_shared], rule)
            mine = exceeds(block.values[is_shared], float(rule.threshold), rule.comparison)
            n_wrong += int((is_known & (mine != is_listed)).sum())
    return n_wrong


def _told_by(
    file: RasterFile, x: NDArray[np.float64], y: NDArray[np.float64], rule: RasterAbove
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether a file has a number at places in its own coordinates, and whether the rule lists it."""
    is_known, is_listed = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    for block in file.blocks(within=(x.min(), y.min(), x.max(), y.max())):
        at = block.transform
        column, row = (np.floor(one).astype(np.int64) for one in ((x - at.c) / at.a, (y - at.f) / at.e))
        height, width = block.values.shape
        here = np.flatnonzero((column >= 0) & (column < width) & (row >= 0) & (row < height))
        is_known[here] = block.is_known[row[here], column[here]]
        values = block.values[row[here], column[here]]
        is_listed[here] = exceeds(values, float(rule.threshold), rule.comparison)
    return is_known, is_listed


def _centres(block: Block) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middles of a block's cells, in the shape of its values."""
    at, (row, column) = block.transform, np.indices(block.values.shape)
    return at.c + at.a * (column + 0.5), at.f + at.e * (row + 0.5)


def _inner(one: Bounds, other: Bounds) -> Bounds:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
