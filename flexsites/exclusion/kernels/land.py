"""The land of a cell before any reading of the rules, and what readings have found of it already.

A reading (the base, a variant, a rule left out, restrictions taken as exclusions) chooses which faces stay. What
follows from that for a piece depends on the faces left of its own and of near parcels alone, so it is remembered under
these: a second reading dissolves, opens and enters only what it changes. Source: METHOD 0, "Size and width" and
"Entrance".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import (
    CoreParts,
    Pairs,
    connected_area,
    find_core,
    find_neighbours,
    gap_bridged_m,
    land_of,
    marks_of,
    on_grid,
    share_edge,
)
from flexsites.exclusion.kernels.entrances import (
    Barriers,
    begins_lane,
    find_entrances,
    lanes_to_core,
    length_over_parcels,
    part_with_lanes,
)
from flexsites.exclusion.kernels.pieces import dissolve_pieces

PASSES, TOO_SMALL, TOO_THIN, ENCLOSED, LANDLOCKED = -1, 0, 1, 2, 3
"""What becomes of a piece: its place among the tests, or -1."""

Lands = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of the piece tests, as plain numbers; units in the names. See METHOD 0."""

    min_area_m2: float
    min_width_m: float
    min_core_m2: float
    near_m: float
    road_reach_m: float
    right_of_way_m: float
    lane_m: float


@dataclass(frozen=True, slots=True)
class Ways:
    """Streets as entrances see them: segments of usable ones, and what encloses.

    Attributes
    ----------
    segments, street
        Shape (n,), straight segments of usable streets, and the position of each one's street in ``ids``, ascending.
    ids
        Shape (k,), street ids, sorted.
    every, is_usable
        Shape (m,), all streets, and which may be used.
    enclosing
        Shape (k,), faces that enclose what lies wholly in them.
    """

    segments: GeometryArray
    street: IntArray
    ids: NDArray[np.object_]
    every: GeometryArray
    is_usable: BoolArray
    enclosing: GeometryArray
    tree: shapely.STRtree = field(init=False)
    segment_tree: shapely.STRtree = field(init=False)
    enclosing_tree: shapely.STRtree = field(init=False)

    def __post_init__(self) -> None:
        """Index what is searched."""
        object.__setattr__(self, "tree", shapely.STRtree(self.every))
        object.__setattr__(self, "segment_tree", shapely.STRtree(self.segments))
        object.__setattr__(self, "enclosing_tree", shapely.STRtree(self.enclosing))


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
        The line from the piece (borrowed: the lender's) to the street; None without one.
    street_id
        The street at its end; None without one.
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
    street_id: NDArray[np.object_]
    needs_culvert: BoolArray
    needs_right_of_way: BoolArray
    lender: IntArray
    mates: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Entered:
    """What is known of one piece's own way in, whatever its core."""

    line: shapely.Geometry | None
    street_id: str | None
    needs_culvert: bool
    needs_right_of_way: bool
    is_enclosed: bool


@dataclass(slots=True)
class Land:
    """Parcels with those around them, their faces, and what was found of pieces.

    Attributes
    ----------
    parcels
        Shape (n,), in the order of their ids, those of other cells around them included.
    is_free
        Shape (n,): land that one may cross to a street (road land, public owners).
    first_face
        Shape (n + 1,): where each parcel's faces begin.
    face
        Shape (m,), the faces, by parcel.
    ways, barriers, limits
        Streets, what is not crossed, and the figures of the tests.
    """

    parcels: GeometryArray
    is_free: BoolArray
    first_face: IntArray
    face: GeometryArray
    ways: Ways
    barriers: Barriers
    limits: Limits
    _shape: list[shapely.Geometry] = field(default_factory=list)
    _snapped: list[shapely.Geometry] = field(default_factory=list)
    _mark: list[shapely.Geometry] = field(default_factory=list)
    _site: list[int] = field(default_factory=list)
    _number: list[int] = field(default_factory=list)
    _left: dict[tuple[int, bytes], IntArray] = field(default_factory=dict)
    _opened: dict[Lands, CoreParts] = field(default_factory=dict)
    _entered: dict[int, _Entered] = field(default_factory=dict)
    _way_in: dict[tuple[int, Lands], _Entered | None] = field(default_factory=dict)
    _is_near: dict[tuple[int, int], bool] = field(default_factory=dict)
    _meeting: Pairs = field(default_factory=dict)
    _one: IntArray = field(init=False)
    _other: IntArray = field(init=False)

    def __post_init__(self) -> None:
        """Find the parcels near each."""
        tree = shapely.STRtree(self.parcels)
        one, other = tree.query(self.parcels, predicate="dwithin", distance=self.limits.near_m)
        order = np.lexsort((other, one))
        self._one, self._other = one[order], other[order]

    def are_near(self, piece: int, others: Sequence[int]) -> bool:
        """Return whether one of other pieces lies near a piece."""
        new = [one for one in others if (min(piece, one), max(piece, one)) not in self._is_near]
        if new:
            found = shapely.dwithin(self._shape[piece], _objects([self._shape[i] for i in new]), self.limits.near_m)
            self._is_near |= {(min(piece, i), max(piece, i)): bool(near) for i, near in zip(new, found, strict=True)}
        return any(self._is_near[min(piece, one), max(piece, one)] for one in others)

    def name_of(self, piece: int) -> tuple[int, int]:
        """Return the parcel (its position) and the number of a piece."""
        return self._site[piece], self._number[piece]

    def read(self, is_left: BoolArray, asked: IntArray, is_street_known: BoolArray) -> Tested:
        """Dissolve the faces that are left, and test the pieces of the parcels asked.

        Of the other parcels only those are looked at that can bear on them: near ones, and what is near those.

        Parameters
        ----------
        is_left
            Shape (m,): which faces no rule takes.
        asked
            Positions of the parcels asked, ascending.
        is_street_known
            Shape (n,): whether streets are known as far around each parcel as they may lie away.
        """
        reading = _Reading(self, self._pieces(is_left, self._near(self._near(asked))))
        mine = np.flatnonzero(np.isin(reading.site, asked))
        sizes = [reading.size(int(i)) for i in mine]
        outcome = np.array([size.outcome for size in sizes], dtype=np.int64)
        cores = _objects([size.core for size in sizes])
        passing = np.flatnonzero(outcome == PASSES)
        self._enter(reading.piece[mine[passing]])
        doors: list[_Door | None] = [None] * len(mine)
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
            number=np.array([self._number[i] for i in reading.piece[mine]], dtype=np.int64),
            geometry=reading.shape[mine],
            core=cores,
            outcome=outcome,
            has_entrance=np.array([door is not None for door in doors], dtype=bool),
            entrance=_objects([door and door.entered.line for door in doors]),
            street_id=_objects([door and door.entered.street_id for door in doors]),
            needs_culvert=np.array([bool(door and door.entered.needs_culvert) for door in doors], dtype=bool),
            needs_right_of_way=np.array([bool(door and door.entered.needs_right_of_way) for door in doors], dtype=bool),
            lender=np.array([-1 if door is None else door.lender for door in doors], dtype=np.int64),
            mates=tuple(size.mates for size in sizes),
        )

    def _near(self, sites: IntArray) -> IntArray:
        """Return the parcels within reach of some, these among them."""
        starts = np.searchsorted(self._one, sites), np.searchsorted(self._one, sites + 1)
        return np.unique(np.concatenate([sites, *(self._other[a:b] for a, b in zip(*starts, strict=True))]))

    def _pieces(self, is_left: BoolArray, sites: IntArray) -> IntArray:
        """Return the pieces that faces leave of parcels, dissolving those that are new."""
        first = self.first_face
        keys = {site: (site, is_left[first[site] : first[site + 1]].tobytes()) for site in sites.tolist()}
        new = np.array([site for site, key in keys.items() if key not in self._left], dtype=np.int64)
        if len(new):
            of_face = np.repeat(np.arange(len(self.parcels)), np.diff(self.first_face))
            chosen = np.flatnonzero(is_left & np.isin(of_face, new))
            shapes, site, number = dissolve_pieces(self.face[chosen], of_face[chosen], len(self.parcels))
            begin = len(self._shape)
            self._shape += list(shapes)
            self._snapped += list(on_grid(shapes))
            self._mark += list(marks_of(shapes))
            self._site += site.tolist()
            self._number += number.tolist()
            bounds = begin + np.searchsorted(site, np.r_[new, new + 1]).reshape(2, -1)
            for one, start, stop in zip(new.tolist(), *bounds.tolist(), strict=True):
                self._left[keys[one]] = np.arange(start, stop, dtype=np.int64)
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *(self._left[key] for key in keys.values())])

    def open(self, land: Lands) -> CoreParts:
        """Return the core of a land (its pieces, in order), to be cut to them."""
        if land not in self._opened:
            core = find_core(
                _objects([self._snapped[i] for i in land]),
                min_width_m=self.limits.min_width_m,
                min_area_m2=self.limits.min_area_m2,
            )
            pieces, marks = (_objects([one[i] for i in land]) for one in (self._shape, self._mark))
            self._opened[land] = CoreParts(pieces, core, marks)
        return self._opened[land]

    def _enter(self, pieces: IntArray) -> None:
        """Find the own ways in of pieces that were not asked before."""
        new = np.array([i for i in pieces.tolist() if i not in self._entered], dtype=np.int64)
        if not len(new):
            return
        shapes = _objects([self._shape[i] for i in new])
        for i, found in zip(new.tolist(), self._ways_in(new, shapes), strict=True):
            self._entered[i] = found

    def _ways_in(self, pieces: IntArray, shapes: GeometryArray) -> list[_Entered]:
        """Find the shortest ways into shapes, which are pieces or parts of them."""
        limits = self.limits
        near = np.unique(self.ways.segment_tree.query(shapes, predicate="dwithin", distance=limits.road_reach_m)[1])
        segments, street = self.ways.segments[near], self.ways.street[near]
        ways = find_entrances(shapes, segments, street, self.barriers, reach_m=limits.road_reach_m)
        own = np.array([self._site[i] for i in pieces], dtype=np.int64)
        over = length_over_parcels(ways.line, self.parcels, self.is_free, own)
        whole = _objects([self._shape[i] for i in pieces])
        is_enclosed = np.zeros(len(pieces), dtype=bool)
        is_enclosed[self.ways.enclosing_tree.query(whole, predicate="covered_by")[0]] = True
        names = [None if at < 0 else str(self.ways.ids[street[at]]) for at in ways.street.tolist()]
        asks = over > limits.right_of_way_m
        rows = zip(ways.line, names, ways.needs_culvert.tolist(), asks.tolist(), is_enclosed.tolist(), strict=True)
        return [_Entered(*row) for row in rows]

    def entered(self, piece: int) -> _Entered:
        """Return what is known of a piece's own way in."""
        self._enter(np.array([piece], dtype=np.int64))
        return self._entered[piece]

    def way_in(self, piece: int, land: Lands, core: shapely.Geometry) -> _Entered | None:
        """Return a piece's own shortest way in from which its core part can be reached; None: there is none."""
        key = (piece, land)
        if key not in self._way_in:
            found = self.entered(piece)
            if found.line is not None:
                shape, lane_m = self._shape[piece], self.limits.lane_m
                lanes = lanes_to_core(shape, core, lane_m=lane_m)
                if not begins_lane(lanes, shapely.get_point(found.line, 0), lane_m=lane_m):
                    part = _objects([part_with_lanes(shape, lanes, lane_m=lane_m)])
                    found = self._ways_in(np.array([piece], dtype=np.int64), part)[0]
            self._way_in[key] = None if found.line is None else found
        return self._way_in[key]


@dataclass(frozen=True, slots=True)
class _Size:
    """What size and width say of a piece: the test it fails, its core part, and the pieces that share its core."""

    outcome: int
    core: shapely.Geometry
    mates: tuple[int, ...]
    land: Lands


@dataclass(frozen=True, slots=True)
class _Door:
    """A way in: a piece's own, or that of the piece that lends it (its place in the store; -1: own)."""

    entered: _Entered
    lender: int


class _Reading:
    """One reading of the land: all pieces that it leaves, and what is asked of some of them."""

    def __init__(self, land: Land, pieces: IntArray) -> None:
        self.land, self.piece = land, pieces
        self.shape = _objects([land._shape[i] for i in pieces])  # noqa: SLF001 - the land's own reading
        self.site = np.array([land._site[i] for i in pieces], dtype=np.int64)  # noqa: SLF001
        self._row: dict[int, int] = {piece: row for row, piece in enumerate(pieces.tolist())}
        self._sizes: dict[int, _Size] = {}
        self._area = shapely.area(self.shape)
        gap_m = gap_bridged_m(land.limits.min_width_m)
        # Readings leave most pieces as they are: how they meet is asked once.
        self._neighbours = find_neighbours(self.shape, gap_m=gap_m, ids=pieces, known=land._meeting)  # noqa: SLF001

    def size(self, row: int) -> _Size:
        """Test size and width of a piece, over parcel borders."""
        if row not in self._sizes:
            self._sizes[row] = self._size(row)
        return self._sizes[row]

    def _size(self, row: int) -> _Size:
        limits, nothing = self.land.limits, shapely.Polygon()
        piece = int(self.piece[row])
        rows = land_of(row, self.site, self._neighbours, lambda site: self.land.are_near(piece, self._of_site(site)))
        land = tuple(self.piece[list(rows)].tolist())
        connected = connected_area(row, rows, self._area, self._neighbours)
        # Less than the minimum holds no component that counts; a sliver holds too little of any.
        is_small = connected < limits.min_area_m2
        if is_small or self._area[row] < limits.min_core_m2:
            return _Size(TOO_SMALL if is_small else TOO_THIN, nothing, (), land)
        opened = self.land.open(land)
        mine = rows.index(row)
        core = opened.part(mine)
        if shapely.area(core) < limits.min_core_m2:
            return _Size(TOO_THIN, nothing, (), land)
        shared = opened.sharing(mine)
        mates = tuple(piece for piece, is_mate in zip(land, shared, strict=True) if is_mate and piece != land[mine])
        return _Size(PASSES, core, mates, land)

    def _of_site(self, site: int) -> list[int]:
        """Return the pieces of a parcel."""
        first, last = np.searchsorted(self.site, (site, site + 1))
        return [int(piece) for piece in self.piece[first:last]]

    def is_enclosed(self, row: int, *, is_known: bool) -> bool:
        """Return whether streets close a piece in, or all that is near is a motorway or the like."""
        land, ways = self.land, self.land.ways
        if land.entered(int(self.piece[row])).is_enclosed:
            return True
        if not is_known or not len(ways.every):
            return False
        near = ways.tree.query(self.shape[row], predicate="dwithin", distance=land.limits.road_reach_m)
        return bool(len(near)) and not bool(ways.is_usable[near].any())

    def door(self, row: int) -> _Door | None:
        """Return a piece's own way in from which its core part can be reached; None: there is none."""
        size = self.size(row)
        entered = self.land.way_in(int(self.piece[row]), size.land, size.core)
        return None if entered is None else _Door(entered, -1)

    def borrowed(self, row: int) -> _Door | None:
        """Return the way in of a piece of another parcel whose core part shares an edge with this one's."""
        size = self.size(row)
        opened = self.land.open(size.land)
        found: list[tuple[float, tuple[int, int], _Door]] = []
        for piece in size.mates:
            other = self._row[piece]
            if self.site[other] == self.site[row]:
                continue
            part = opened.part(size.land.index(piece))
            if not share_edge(_objects([size.core]), _objects([part]))[0]:
                continue
            if self.size(other).outcome != PASSES or self.land.entered(piece).is_enclosed:
                continue
            if (door := self.door(other)) is not None and door.entered.line is not None:
                point = shapely.get_point(door.entered.line, 0)
                distance = float(shapely.distance(point, size.core))
                found.append((distance, self.land.name_of(piece), _Door(door.entered, piece)))
        return min(found, key=lambda one: one[:2])[2] if found else None


def _objects(items: Sequence[object]) -> GeometryArray:
    """Return an array of objects, whatever their number."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
