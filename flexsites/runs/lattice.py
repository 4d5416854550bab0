"""The cells: squares of RD New on a fixed lattice, each the owner of the sites whose representative point lies in it.

Cutting the country up is exact: a cell reads a halo as wide as the longest reach of any rule, and a site belongs to
one cell only, whatever the cells' size. Dense cells are split into quarters rather than starved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A square with its lower left corner at (x_m, y_m); its right and upper edge belong to its neighbours."""

    x_m: float
    y_m: float
    side_m: float

    @property
    def id(self) -> str:
        """The name, the same in every run: corner and side in metres.

        Examples
        --------
        >>> Cell(190000, 505000, 5000).id
        '190000_505000_5000'
        """
        return f"{self.x_m:.12g}_{self.y_m:.12g}_{self.side_m:.12g}"

    @classmethod
    def named(cls, name: str) -> Cell:
        """Return the cell of a name.

        Examples
        --------
        >>> Cell.named("190000_505000_5000") == Cell(190000, 505000, 5000)
        True
        """
        return cls(*map(float, name.split("_")))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Minimum x, minimum y, maximum x, maximum y in metres."""
        return self.x_m, self.y_m, self.x_m + self.side_m, self.y_m + self.side_m

    def grow(self, halo_m: float) -> tuple[float, float, float, float]:
        """Return the bounds with a halo around them."""
        x0, y0, x1, y1 = self.bounds
        return x0 - halo_m, y0 - halo_m, x1 + halo_m, y1 + halo_m

    def owns(self, points: Points) -> npt.NDArray[np.bool_]:
        """Whether each representative point, shape (n, 2), lies in this cell.

        Examples
        --------
        >>> Cell(0, 0, 10).owns(np.array([[0.0, 0.0], [10.0, 5.0]])).tolist()
        [True, False]
        """
        # By number on the lattice, as cells are planned: corners of a side such as 333.3 m are rounded, and a point on
        # one would belong to two cells or to none. Halving a side is exact, so quarters obey the same law.
        corner = np.array([self.x_m, self.y_m])
        numbers = np.floor(points / self.side_m) == np.round(corner / self.side_m)
        return np.asarray(numbers.all(axis=1))

    def quarters(self) -> list[Cell]:
        """Split it in four."""
        half = self.side_m / 2
        return [Cell(self.x_m + i * half, self.y_m + j * half, half) for i in (0, 1) for j in (0, 1)]


def plan_cells(points: Points, *, side_m: float, max_sites: int, min_side_m: float) -> list[Cell]:
    """Return the cells that own at least one point, in a fixed order; those with too many sites are split.

    Parameters
    ----------
    points
        Representative points, shape (n, 2), in metres.
    side_m
        Side of the lattice. Corners lie at its whole multiples, so the same cell has the same corner in every run.
    max_sites
        A cell that owns more is split into quarters, as long as its side stays at least ``min_side_m``.

    Examples
    --------
    >>> points = np.array([[1.0, 1.0], [9.0, 9.0], [25.0, 1.0]])
    >>> [cell.id for cell in plan_cells(points, side_m=10, max_sites=5, min_side_m=1)]
    ['0_0_10', '20_0_10']
    >>> [cell.id for cell in plan_cells(points, side_m=10, max_sites=1, min_side_m=1)]
    ['0_0_5', '5_5_5', '20_0_10']
    """
    if not len(points):
        return []
    corners, inverse = np.unique(np.floor(points / side_m), axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    groups = np.split(points[order], np.cumsum(np.bincount(inverse.ravel()))[:-1])
    cells: list[Cell] = []
    for (i, j), group in zip(corners, groups, strict=True):
        cells += _split(Cell(float(i) * side_m, float(j) * side_m, side_m), group, max_sites, min_side_m)
    return sorted(cells)


def _split(cell: Cell, points: Points, max_sites: int, min_side_m: float) -> list[Cell]:
    if len(points) <= max_sites or cell.side_m / 2 < min_side_m or math.isclose(cell.side_m, 0):
        return [cell] if len(points) else []
    return [
        part
        for quarter in cell.quarters()
        for part in _split(quarter, points[quarter.owns(points)], max_sites, min_side_m)
    ]
