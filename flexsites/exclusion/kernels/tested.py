"""The tests of pieces as one reading of the land gives them: size and width together, enclosed, a way in (METHOD 0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import gap_bridged_m
from flexsites.exclusion.kernels.land import Borrowing, Door, Land, Lands, Size, objects
from flexsites.exclusion.kernels.lanes import crossing_to
from flexsites.exclusion.kernels.neighbours import find_neighbours, is_below, land_of, share_edge

PASSES, TOO_SMALL, TOO_THIN, ENCLOSED, LANDLOCKED = -1, 0, 1, 2, 3
"""What becomes of a piece: its place among the tests, or -1."""


@dataclass(frozen=True, slots=True)
class Tested:
    """The pieces of the parcels asked, by parcel and number, shape (n,) each.

    Attributes
    ----------
    piece
        Which piece of the land's store: equal numbers in two readings are the same piece.
    site, number
        Position of the parcel, and number of the piece within it.
    geometry, core
        The whole piece, and its core part (empty: none).
    outcome
        Which test it fails, or PASSES.
    has_entrance
        Whether a way in is known, its own or borrowed.
    entrance
        Where the way in begins on the piece (borrowed: the lender's); None without one.
    entrance_m
        How long it is to the street; NaN without one.
    street_id
        The street at its end; None without one.
    approach
        The lane from its entrance, or from where one comes over the lender's land, to the largest room of its core
        part that one leads to; None: no entrance, or no lane leads to any room.
    needs_culvert, needs_right_of_way
        What the way in asks.
    lender
        The piece that lends its entrance; -1: none does.
    mates
        Per piece the other pieces that a counting component of its core lies on too.
    """

    piece: IntArray
    site: IntArray
    number: IntArray
    geometry: GeometryArray
    core: GeometryArray
    outcome: IntArray
    has_entrance: BoolArray
    entrance: GeometryArray
    entrance_m: FloatArray
    street_id: NDArray[np.object_]
    approach: GeometryArray
    needs_culvert: BoolArray
    needs_right_of_way: BoolArray
    lender: IntArray
    mates: tuple[tuple[int, ...], ...]


def read_land(land: Land, is_left: BoolArray, asked: IntArray, is_street_known: BoolArray) -> Tested:
    """Dissolve the faces that are left, and test the pieces of the parcels asked.

    Of the other parcels only those are looked at that can bear on them: near ones, and what is near those.

    Parameters
    ----------
    land
        The land of a cell.
    is_left
        Shape (m,): which faces no rule takes.
    asked
        Positions of the parcels asked, ascending.
    is_street_known
        Shape (n,): whether streets are known as far around each parcel as they may lie away.
    """
    reading = LandReading(land, land.pieces(is_left, land.near(land.near(asked))))
    mine = np.flatnonzero(np.isin(reading.site, asked))
    sizes = reading.all_sizes(mine.tolist())
    outcome = np.array([size.outcome for size in sizes], dtype=np.int64)
    cores = objects([size.core for size in sizes])
    passing = np.flatnonzero(outcome == PASSES)
    land.enter(reading.piece[mine[passing[[not land.is_entered(*reading.key(int(mine[i]))) for i in passing]]]])
    doors: list[Door | None] = [None] * len(mine)
    for i in passing:
        row = int(mine[i])
        known = bool(is_street_known[reading.site[row]])
        if reading.is_enclosed(row, is_known=known):
            outcome[i] = ENCLOSED
            continue
        doors[i] = reading.door(row) or reading.borrowed(row)
        if doors[i] is None and known:
            outcome[i] = LANDLOCKED
    return Tested(
        piece=reading.piece[mine],
        site=reading.site[mine],
        number=np.array([land.name_of(i)[1] for i in reading.piece[mine]], dtype=np.int64),
        geometry=reading.shape[mine],
        core=cores,
        outcome=outcome,
        has_entrance=np.array([door is not None for door in doors], dtype=bool),
        entrance=objects([door and door.entered.point for door in doors]),
        entrance_m=np.array([np.nan if door is None else door.entered.length_m for door in doors], dtype=np.float64),
        street_id=objects([door and door.entered.street_id for door in doors]),
        approach=objects([reading.approach(int(i), door) for i, door in zip(mine, doors, strict=True)]),
        needs_culvert=np.array([bool(door and door.entered.needs_culvert) for door in doors], dtype=bool),
        needs_right_of_way=np.array([bool(door and door.entered.needs_right_of_way) for door in doors], dtype=bool),
        lender=np.array([-1 if door is None else door.lender for door in doors], dtype=np.int64),
        mates=tuple(size.mates for size in sizes),
    )


class LandReading:
    """One reading of the land: all pieces that it leaves, and what is asked of some of them."""

    def __init__(self, land: Land, pieces: IntArray) -> None:
        self.land, self.piece = land, pieces
        self.shape = objects([land.shape[i] for i in pieces])
        self.site = np.array([land.site[i] for i in pieces], dtype=np.int64)
        self.row: dict[int, int] = {piece: row for row, piece in enumerate(pieces.tolist())}
        self._sizes: dict[int, Size] = {}
        self._standings: dict[int, int | Lands] = {}
        self._by_site: list[int] = pieces.tolist()
        self._first: list[int] = np.searchsorted(self.site, np.arange(len(land.parcels) + 1)).tolist()
        self._area = shapely.area(self.shape)
        gap_m = gap_bridged_m(land.limits.min_width_m)
        # Readings leave most pieces as they are: how they meet is asked once.
        self._neighbours = find_neighbours(self.shape, gap_m=gap_m, ids=pieces, known=land.meeting)

    def size(self, row: int) -> Size:
        """Test size and width of a piece, over parcel borders."""
        if row not in self._sizes:
            self._sizes[row] = self._size(row)
        return self._sizes[row]

    def all_sizes(self, rows: Sequence[int]) -> list[Size]:
        """Test size and width of pieces: their lands are opened together."""
        keys = [
            (int(self.piece[row]), standing) for row in rows if not isinstance(standing := self._standing(row), int)
        ]
        self.land.open_all([key for key in keys if key not in self.land.sizes])
        return [self.size(row) for row in rows]

    def key(self, row: int) -> tuple[int, Lands]:
        """Return a piece and its land: what is found of it hangs on these alone."""
        return int(self.piece[row]), self.size(row).land

    def _size(self, row: int) -> Size:
        standing = self._standing(row)
        if isinstance(standing, int):
            return Size(standing, shapely.Polygon(), (), ())
        key = int(self.piece[row]), standing
        if key not in self.land.sizes:
            self.land.sizes[key] = self._opened(*key)
        return self.land.sizes[key]

    def too_little(self, row: int) -> int | None:
        """Return the test of size that a piece fails by its area, or that of what it hangs together with."""
        limits, piece = self.land.limits, int(self.piece[row])

        def is_near(other: int) -> bool:
            return self.land.are_near(piece, self._of_site(int(self.site[other])))

        # Less than the minimum holds no component that counts; a sliver holds too little of any.
        if is_below(row, limits.min_area_m2, self._area, self._neighbours, is_near):
            return TOO_SMALL
        return TOO_THIN if self._area[row] < limits.min_core_m2 else None

    def land_of(self, row: int) -> Lands:
        """Return the land of a piece: which pieces it is of."""
        piece = int(self.piece[row])
        rows = land_of(row, self.site, self._neighbours, lambda site: self.land.are_near(piece, self._of_site(site)))
        return tuple(self.piece[list(rows)].tolist())

    def _opened(self, piece: int, land: Lands) -> Size:
        opened, mine = self.land.open(land), land.index(piece)
        core = opened.part(mine)
        if shapely.area(core) < self.land.limits.min_core_m2:
            return Size(TOO_THIN, shapely.Polygon(), (), land)
        shared = opened.sharing(mine)
        mates = tuple(one for one, is_mate in zip(land, shared, strict=True) if is_mate and one != piece)
        return Size(PASSES, core, mates, land)

    def _of_site(self, site: int) -> list[int]:
        """Return the pieces of a parcel."""
        return self._by_site[self._first[site] : self._first[site + 1]]

    def is_enclosed(self, row: int, *, is_known: bool) -> bool:
        """Return whether streets close a piece in, or all that is near is a motorway or the like."""
        land, ways = self.land, self.land.ways
        if int(self.piece[row]) in land.not_enclosed:
            return False
        entered = land.entered(int(self.piece[row]))
        if entered.is_enclosed:
            return True
        # What has a way in has a usable street near.
        if entered.point is not None or not is_known or not len(ways.every):
            return False
        near = ways.tree.query(self.shape[row], predicate="dwithin", distance=land.limits.road_reach_m)
        return bool(len(near)) and not bool(ways.is_usable[near].any())

    def door(self, row: int) -> Door | None:
        """Return a piece's own way in from which its core part can be reached; None: there is none."""
        size = self.size(row)
        entered = self.land.way_in(int(self.piece[row]), size.land, size.core)
        return None if entered is None else Door(entered, -1)

    def approach(self, row: int, door: Door | None) -> shapely.LineString | None:
        """Return the lane from the way in, or from a lender, to a room of the core part; None: there is none."""
        if door is None or door.entered.point is None:
            return None
        size = self.size(row)
        piece, entrance, known = int(self.piece[row]), door.entered.point, self.land.lent_lane
        if door.lender < 0:
            return self.land.approach(piece, size.land, size.core, entrance)
        key = (piece, size.land, door.lender, (entrance.x, entrance.y))
        if key not in known:
            begin = self._crossing(piece, size, door.lender, entrance)
            known[key] = None if begin is None else self.land.approach(piece, size.land, size.core, begin)
        return known[key]

    def borrowed(self, row: int) -> Door | None:
        """Return the way in of a piece of another parcel whose core part shares an edge with this one's."""
        size = self.size(row)
        key = self.borrowing(int(self.piece[row]), size.land, size.mates)
        if key not in self.land.borrowed:
            self.land.borrowed[key] = self._borrowed(row)
        return self.land.borrowed[key]

    def borrowing(self, piece: int, land: Lands, mates: Sequence[int]) -> Borrowing:
        """Return what a way in that a piece borrows of its mates hangs on."""
        rows = [self.row[mate] for mate in mates]
        return piece, land, tuple((mate, self._standing(row)) for mate, row in zip(mates, rows, strict=True))

    def _standing(self, row: int) -> int | Lands:
        """Return what decides the size and the way in of a piece, nothing opened: the test it fails, or its land."""
        if row not in self._standings:
            too_little = self.too_little(row)
            self._standings[row] = self.land_of(row) if too_little is None else too_little
        return self._standings[row]

    def _borrowed(self, row: int) -> Door | None:
        size = self.size(row)
        opened = self.land.open(size.land)
        found: list[tuple[float, tuple[int, int], Door]] = []
        for piece in size.mates:
            other = self.row[piece]
            if self.site[other] == self.site[row]:
                continue
            part = opened.part(size.land.index(piece))
            if not share_edge(objects([size.core]), objects([part]))[0]:
                continue
            if self.size(other).outcome != PASSES or self.land.is_closed_in(piece):
                continue
            if (door := self.door(other)) is not None and door.entered.point is not None:
                point = door.entered.point
                # An edge that no lane passes lets nobody in.
                if self._crossing(int(self.piece[row]), size, piece, point) is None:
                    continue
                distance = float(shapely.distance(point, size.core))
                found.append((distance, self.land.name_of(piece), Door(door.entered, piece)))
        return min(found, key=lambda one: one[:2])[2] if found else None

    def _crossing(self, piece: int, size: Size, lender: int, entrance: shapely.Point) -> shapely.Point | None:
        """Return where a lane from the entrance of a lender comes into the core part of a piece; None: nowhere."""
        key, known = (piece, size.land, lender, (entrance.x, entrance.y)), self.land.crossing
        if key not in known:
            lent = self.land.open(size.land).part(size.land.index(lender))
            known[key] = crossing_to(size.core, lent, entrance, lane_m=self.land.limits.lane_m)
        return known[key]
