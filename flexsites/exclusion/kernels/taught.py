"""What a finished run found of its pieces, given back to its land: nothing is opened or entered to find it again.

It is kept under the land of each piece (METHOD 0), as everything that readings find: of a piece whose land another
reading leaves otherwise nothing is known by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.land import Door, Entered, Land, Size
from flexsites.exclusion.kernels.tested import ENCLOSED, PASSES, TOO_SMALL, TOO_THIN, LandReading

__all__ = ["Found", "teach"]

Name = tuple[int, int]
"""A piece: the position of its parcel, and its number."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one reading of a run found of n pieces.

    Attributes
    ----------
    names
        The pieces.
    outcome
        Shape (n,), the test that each fails, or PASSES.
    core
        Shape (n,), the core part of those that pass size and width, or fail a later test.
    mates
        The pieces that share its core.
    has_own_way, is_borrowed
        Shape (n,): whether its entrance is its own, and whether it is that of a mate.
    point, length_m, street_id, needs_culvert, needs_right_of_way, approach
        Shape (n,), its entrance, and the lane from it.
    """

    names: Sequence[Name]
    outcome: IntArray
    core: GeometryArray
    mates: Sequence[Sequence[Name]]
    has_own_way: BoolArray
    is_borrowed: BoolArray
    point: GeometryArray
    length_m: FloatArray
    street_id: NDArray[np.object_]
    needs_culvert: BoolArray
    needs_right_of_way: BoolArray
    approach: GeometryArray
    row: dict[Name, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find pieces by name."""
        object.__setattr__(self, "row", {name: row for row, name in enumerate(self.names)})

    def way_of(self, row: int) -> Entered | None:
        """Return the own way in of a piece; None: it has none."""
        return self.entered(row) if self.has_own_way[row] else None

    def entered(self, row: int) -> Entered:
        """Return the way in of a piece, its own or that of its lender."""
        street = self.street_id[row]
        return Entered(
            self.point[row], float(self.length_m[row]), None if street is None else str(street),
            bool(self.needs_culvert[row]), bool(self.needs_right_of_way[row]), is_enclosed=False,
        )  # fmt: skip


def teach(land: Land, is_left: BoolArray, asked: IntArray, found: Found, *, holds: BoolArray) -> None:
    """Give land what a run found of its pieces, of some parcels.

    Parameters
    ----------
    land
        Laid out with the faces of the run.
    is_left
        Shape (m,): the faces that the reading of the run leaves.
    asked
        Positions of parcels, ascending.
    found
        Of these.
    holds
        Shape (n,), of which pieces what was found holds by the limits of this land too.
    """
    reading = LandReading(land, land.pieces(is_left, land.near(land.near(asked))))
    for at in np.flatnonzero(np.isin(reading.site, asked)).tolist():
        piece = int(reading.piece[at])
        row = found.row.get(land.name_of(piece), -1)
        if row >= 0 and holds[row] and reading.too_little(at) is None:
            _teach(reading, piece, found, row, holds)


def _teach(reading: LandReading, piece: int, found: Found, row: int, holds: BoolArray) -> None:
    """Give land what was found of one piece, by the land that it is part of."""
    land, around, outcome = reading.land, reading.land_of(reading.row[piece]), int(found.outcome[row])
    is_thin = outcome == TOO_THIN
    known = {land.name_of(one): one for one in around}
    mates = [known.get(name, -1) for name in found.mates[row]]
    # What is too small for the tests of the run may be too thin here: nothing is known of it.
    if -1 in mates or outcome == TOO_SMALL:
        return
    core = shapely.Polygon() if is_thin else found.core[row]
    in_order = tuple(one for one in around if one in set(mates))
    size = Size(TOO_THIN if is_thin else PASSES, core, () if is_thin else in_order, around)
    land.sizes.setdefault((piece, around), size)
    if is_thin or outcome == ENCLOSED:
        return
    land.not_enclosed.add(piece)
    way = found.way_of(row)
    land.tell_way_in(piece, around, way, found.approach[row])
    rows = [found.row.get(name, -1) for name in found.mates[row]]
    # A mate of which something else is found here may lend otherwise.
    if way is None and all(one >= 0 and holds[one] for one in rows):
        _teach_borrowed(reading, piece, size, found, row)


def _teach_borrowed(reading: LandReading, piece: int, size: Size, found: Found, row: int) -> None:
    """Give land the way in that a piece without one of its own borrowed, or that it borrowed none."""
    land, key = reading.land, reading.borrowing(piece, size.land, size.mates)
    if not found.is_borrowed[row]:
        land.borrowed.setdefault(key, None)
        return
    # It is told as the entrance of its lender.
    point = found.point[row]
    rows = [found.row[land.name_of(one)] for one in size.mates]
    lenders = (i for i, one in enumerate(rows) if found.has_own_way[one] and found.point[one] == point)
    lender = next((size.mates[i] for i in lenders), None)
    if lender is not None:
        land.borrowed.setdefault(key, Door(found.entered(row), lender))
        land.lent_lane.setdefault((piece, size.land, lender, (point.x, point.y)), found.approach[row])
