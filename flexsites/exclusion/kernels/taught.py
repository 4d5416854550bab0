"""What a finished run found of its pieces, given back to its land: nothing is opened or entered to find it again.

It is kept under the land of each piece (METHOD 0), as everything that readings find: of a piece whose land another
reading leaves otherwise nothing is known by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.land import Entered, Land, Lands, Size
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
    has_own_way
        Shape (n,): whether its entrance is its own.
    point, length_m, street_id, needs_culvert, needs_right_of_way, approach
        Shape (n,), its entrance, and the lane from it.
    """

    names: Sequence[Name]
    outcome: IntArray
    core: GeometryArray
    mates: Sequence[Sequence[Name]]
    has_own_way: BoolArray
    point: GeometryArray
    length_m: FloatArray
    street_id: NDArray[np.object_]
    needs_culvert: BoolArray
    needs_right_of_way: BoolArray
    approach: GeometryArray

    def way_of(self, row: int) -> Entered | None:
        """Return the own way in of a piece; None: it has none."""
        if not self.has_own_way[row]:
            return None
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
    place = {name: row for row, name in enumerate(found.names)}
    reading = LandReading(land, land.pieces(is_left, land.near(land.near(asked))))
    for at in np.flatnonzero(np.isin(reading.site, asked)).tolist():
        piece = int(reading.piece[at])
        row = place.get(land.name_of(piece), -1)
        if row >= 0 and holds[row] and reading.too_little(at) is None:
            _teach(land, piece, reading.land_of(at), found, row)


def _teach(land: Land, piece: int, around: Lands, found: Found, row: int) -> None:
    """Give land what was found of one piece, by the land that it is part of."""
    outcome = int(found.outcome[row])
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
    land.tell_way_in(piece, around, found.way_of(row), found.approach[row])
