"""The cells: boxes of RD New, each the owner of the sites whose representative point lies in it.

Cutting the country up is exact: a cell reads a halo as wide as the longest reach of any rule, and a site belongs to
one cell only, whatever the cells. What lies around a cell is computed anew for each: the larger cells are, the less.
Hence cells of equal number of sites, as large as memory allows; or squares of a fixed lattice where a side is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A box, edges in metres; its right and upper edge belong to its neighbours, which have the same to the bit."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float

    @property
    def id(self) -> str:
        """The name: lower left corner, width and height in metres.

        Examples
        --------
        >>> Cell(190000, 505000, 195000, 507500).id
        '190000_505000_5000_2500'
        """
        numbers = self.west_m, self.south_m, self.east_m - self.west_m, self.north_m - self.south_m
        return "_".join(f"{number:.12g}" for number in numbers)

    @classmethod
    def named(cls, name: str) -> Cell:
        """Return the cell of a name, to the digits that the name has.

        Examples
        --------
        >>> Cell.named("190000_505000_5000_2500") == Cell(190000, 505000, 195000, 507500)
        True
        """
        west_m, south_m, width_m, height_m = map(float, name.split("_"))
        return cls(west_m, south_m, west_m + width_m, south_m + height_m)

    def grow(self, halo_m: float) -> tuple[float, float, float, float]:
        """Return the bounds with a halo around them."""
        return self.west_m - halo_m, self.south_m - halo_m, self.east_m + halo_m, self.north_m + halo_m

    def owns(self, points: Points) -> npt.NDArray[np.bool_]:
        """Whether each representative point, shape (n, 2), lies in this cell.

        Examples
        --------
        >>> Cell(0, 0, 10, 10).owns(np.array([[0.0, 0.0], [10.0, 5.0]])).tolist()
        [True, False]
        """
        low, high = [self.west_m, self.south_m], [self.east_m, self.north_m]
        return np.asarray(((points >= low) & (points < high)).all(axis=1))


def plan_cells(points: Points, *, max_sites: int, at_least: int = 1, side_m: float | None = None) -> list[Cell]:
    """Return the cells that own at least one point, in a fixed order.

    Parameters
    ----------
    points
        Representative points, shape (n, 2), in metres.
    max_sites
        A cell that would own more is divided into cells of about equal number. Points within one metre stay together.
    at_least
        How many cells there are at least, where there are as many points and no side is asked.
    side_m
        Side of the lattice. Corners lie at its whole multiples, so the same cell has the same corner in every run.
        None: no lattice; cells of about equal number.

    Examples
    --------
    >>> points = np.array([[1.0, 1.0], [9.0, 9.0], [25.0, 1.0]])
    >>> [cell.id for cell in plan_cells(points, max_sites=5)]
    ['1_1_25_9']
    >>> [cell.id for cell in plan_cells(points, max_sites=5, at_least=3)]
    ['1_1_8_9', '9_1_16_9', '25_1_1_9']
    >>> [cell.id for cell in plan_cells(points, max_sites=5, side_m=10)]
    ['0_0_10_10', '20_0_10_10']
    """
    if not len(points):
        return []
    if side_m is None:
        (west, south), (east, north) = np.floor(points.min(axis=0)), np.floor(points.max(axis=0)) + 1.0
        whole = Cell(float(west), float(south), float(east), float(north))
        return sorted(_divide(whole, points, max(at_least, math.ceil(len(points) / max_sites))))
    numbers = np.floor(points / side_m)
    # As a cell owns: by its edges, which are rounded where the side is no round number.
    numbers += points >= (numbers + 1.0) * side_m
    numbers -= points < numbers * side_m
    corners, inverse = np.unique(numbers, axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    groups = np.split(points[order], np.cumsum(np.bincount(inverse.ravel()))[:-1])
    edges = zip(corners * side_m, (corners + 1.0) * side_m, groups, strict=True)
    squares = [(Cell(*low.tolist(), *high.tolist()), group) for low, high, group in edges]
    return sorted(part for cell, own in squares for part in _divide(cell, own, math.ceil(len(own) / max_sites)))


def halve(cell: Cell, points: Points) -> list[Cell]:
    """Return a cell in two of about equal number of the points that it owns; itself, where they cannot be parted.

    Examples
    --------
    >>> [half.id for half in halve(Cell(0, 0, 10, 10), np.array([[1.0, 1.0], [9.0, 1.0], [99.0, 1.0]]))]
    ['0_0_9_10', '9_0_1_10']
    >>> [half.id for half in halve(Cell(0, 0, 10, 10), np.array([[1.1, 1.1], [1.2, 1.2]]))]
    ['0_0_10_10']
    """
    own = points[cell.owns(points)]
    return sorted(_divide(cell, own, 2)) if len(own) > 1 else [cell]


def _divide(cell: Cell, points: Points, n_parts: int) -> list[Cell]:
    """Cut a cell on whole metres, across its longer side first, into parts of about equal number of points."""
    if n_parts <= 1:
        return [cell]
    n_low = n_parts // 2
    for axis in np.argsort(-np.ptp(points, axis=0), kind="stable").tolist():
        along = points[:, axis]
        rank = len(along) * n_low // n_parts
        cut = float(np.floor(np.partition(along, rank)[rank]))
        is_low = along < cut
        if is_low.any():
            low, high = _cut(cell, axis, cut)
            return _divide(low, points[is_low], n_low) + _divide(high, points[~is_low], n_parts - n_low)
    return [cell]


def _cut(cell: Cell, axis: int, at_m: float) -> tuple[Cell, Cell]:
    if axis == 0:
        return Cell(cell.west_m, cell.south_m, at_m, cell.north_m), Cell(at_m, cell.south_m, cell.east_m, cell.north_m)
    return Cell(cell.west_m, cell.south_m, cell.east_m, at_m), Cell(cell.west_m, at_m, cell.east_m, cell.north_m)
