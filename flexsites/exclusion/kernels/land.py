"""The land of a cell before any reading of the rules, and what readings have found of it already.

A reading (the base, a variant, a rule left out, restrictions taken as exclusions) chooses which faces stay; how it
tests the pieces that they leave is in `tested`. What follows for a piece depends on the faces left of its own and of
near parcels alone, so it is remembered under these: a second reading dissolves, opens and enters only what it changes.
Source: METHOD 0, "Size and width" and "Entrance".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import (
    CoreParts,
    find_cores,
    rooms_m,
)
from flexsites.exclusion.kernels.entrances import Barriers, find_entrances, length_over_parcels
from flexsites.exclusion.kernels.lanes import approach_to, begins_lane, lanes_to_core, part_with_lanes
from flexsites.exclusion.kernels.neighbours import Pairs
from flexsites.exclusion.kernels.pieces import dissolve_pieces
from flexsites.geometry.nearness import Near, near_any
from flexsites.geometry.polygons import largest_first

Lands = tuple[int, ...]

_QUAD_SEGS = 4

_AT_ONCE = 256
"""Lands opened in one go: what is grown on the way takes more room than what is kept."""


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
class Entered:
    """What is known of one piece's own way in, whatever its core: where it begins on the piece, and how long it is."""

    point: shapely.Point | None
    length_m: float
    street_id: str | None
    needs_culvert: bool
    needs_right_of_way: bool
    is_enclosed: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: a piece's own, or that of the piece that lends it (its place in the store; -1: own)."""

    entered: Entered
    lender: int


Borrowing = tuple[int, Lands, tuple[tuple[int, int | Lands], ...]]
"""What a borrowed way in hangs on: a piece, its land, and of each piece that may lend it one its land too, or the test
of size that it fails."""


Lent = tuple[int, Lands, int, tuple[float, float]]
"""A borrowed way in: a piece, its land, the piece that lends, and where the way begins on that."""


@dataclass(frozen=True, slots=True)
class Size:
    """What size and width say of a piece: the test it fails, its core part, and the pieces that share its core."""

    outcome: int
    core: shapely.Geometry
    mates: tuple[int, ...]
    land: Lands


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
    nearness
        Which parcels lie within reach of each other, for who found it of all before.
    """

    parcels: GeometryArray
    is_free: BoolArray
    first_face: IntArray
    face: GeometryArray
    ways: Ways
    barriers: Barriers
    limits: Limits
    nearness: Near | None = None
    shape: list[shapely.Geometry] = field(default_factory=list)
    site: list[int] = field(default_factory=list)
    _number: list[int] = field(default_factory=list)
    _left: dict[tuple[int, bytes], IntArray] = field(default_factory=dict)
    _by_content: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    _opened: dict[Lands, CoreParts] = field(default_factory=dict)
    _entered: dict[int, Entered] = field(default_factory=dict)
    _way_in: dict[tuple[int, Lands], Entered | None] = field(default_factory=dict)
    _lane: dict[tuple[int, Lands, tuple[float, float]], shapely.LineString | None] = field(default_factory=dict)
    borrowed: dict[Borrowing, Door | None] = field(default_factory=dict)
    lent_lane: dict[Lent, shapely.LineString | None] = field(default_factory=dict)
    crossing: dict[Lent, shapely.Point | None] = field(default_factory=dict)
    sizes: dict[tuple[int, Lands], Size] = field(default_factory=dict)
    not_enclosed: set[int] = field(default_factory=set)
    _is_near: dict[tuple[int, int], bool] = field(default_factory=dict)
    meeting: Pairs = field(default_factory=dict)
    _near: dict[bytes, IntArray] = field(default_factory=dict)
    parcel_tree: shapely.STRtree = field(init=False)

    def __post_init__(self) -> None:
        """Index the parcels."""
        self.parcel_tree = shapely.STRtree(self.parcels)

    @property
    def n_remembered(self) -> int:
        """How many pieces readings have asked so far."""
        return len(self.shape)

    @property
    def n_opened(self) -> int:
        """How many bodies of land were opened so far: their shapes, made ready, are most of what is held."""
        return len(self._opened)

    def cut_otherwise(self, first_face: IntArray, face: GeometryArray, is_free: BoolArray) -> Land:
        """Return the same parcels with other faces; what is found of pieces from now on both remember.

        Parameters
        ----------
        first_face, face, is_free
            As of the land. A parcel all of whose faces are the same objects is cut as it was.
        """
        is_same = _same_faces((self.first_face, self.face), (first_face, face))
        left = {key: found for key, found in self._left.items() if is_same[key[0]]}
        other = replace(self, first_face=first_face, face=face, is_free=is_free, _left=left)
        if np.array_equal(is_free, self.is_free):
            return other
        return replace(other, _entered={}, _way_in={}, _lane={}, borrowed={}, lent_lane={})

    def are_near(self, piece: int, others: Sequence[int]) -> bool:
        """Return whether one of other pieces lies near a piece."""
        keys = [(piece, one) if piece < one else (one, piece) for one in others]
        known = [self._is_near.get(key) for key in keys]
        if True in known:
            return True
        new = [i for i, one in enumerate(known) if one is None]
        if not new:
            return False
        there = objects([self.shape[others[i]] for i in new])
        found = shapely.dwithin(self.shape[piece], there, self.limits.near_m).tolist()
        self._is_near.update(zip([keys[i] for i in new], found, strict=True))
        return any(found)

    def name_of(self, piece: int) -> tuple[int, int]:
        """Return the parcel (its position) and the number of a piece."""
        return self.site[piece], self._number[piece]

    def near(self, sites: IntArray) -> IntArray:
        """Return the parcels within reach of some, ascending, these among them; told apart once for the same."""
        if self.nearness is not None:
            return self.nearness.around(sites)
        key = sites.tobytes()
        if key not in self._near:
            others = np.setdiff1d(np.arange(len(self.parcels)), sites)
            is_near = near_any(self.parcels[others], self.parcels[sites], within_m=self.limits.near_m)
            self._near[key] = np.union1d(sites, others[is_near])
        return self._near[key]

    def pieces(self, is_left: BoolArray, sites: IntArray) -> IntArray:
        """Return the pieces that faces leave of parcels, dissolving those that are new."""
        first = self.first_face
        keys = {site: (site, is_left[first[site] : first[site + 1]].tobytes()) for site in sites.tolist()}
        new = np.array([site for site, key in keys.items() if key not in self._left], dtype=np.int64)
        if len(new):
            of_face = np.repeat(np.arange(len(self.parcels)), np.diff(self.first_face))
            chosen = np.flatnonzero(is_left & np.isin(of_face, new))
            shapes, site, number = dissolve_pieces(self.face[chosen], of_face[chosen], len(self.parcels))
            pieces = self._numbered(shapes, site, number)
            bounds = np.searchsorted(site, np.r_[new, new + 1]).reshape(2, -1)
            for one, start, stop in zip(new.tolist(), *bounds.tolist(), strict=True):
                self._left[keys[one]] = pieces[start:stop]
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *(self._left[key] for key in keys.values())])

    def _numbered(self, shapes: GeometryArray, site: IntArray, number: IntArray) -> IntArray:
        """Return the places of pieces in the store, adding new ones: land cut otherwise may be left as it was."""
        keys = list(zip(site.tolist(), number.tolist(), shapely.to_wkb(shapes).tolist(), strict=True))
        new = np.flatnonzero([key not in self._by_content for key in keys])
        self._by_content.update((keys[i], place) for place, i in enumerate(new.tolist(), len(self.shape)))
        self.shape += list(shapes[new])
        self.site += site[new].tolist()
        self._number += number[new].tolist()
        return np.array([self._by_content[key] for key in keys], dtype=np.int64)

    def open(self, land: Lands) -> CoreParts:
        """Return the core of a land (its pieces, in order), to be cut to them."""
        if land not in self._opened:
            self._open([land])
        return self._opened[land]

    def open_all(self, asked: Sequence[tuple[int, Lands]]) -> None:
        """Open the lands of pieces, and cut the cores to these: much of it in few calls."""
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            self._open([land for land in dict.fromkeys(land for _, land in some) if land not in self._opened])
            CoreParts.ask([(self._opened[land], land.index(piece)) for piece, land in some])

    def _open(self, lands: Sequence[Lands]) -> None:
        if not lands:
            return
        shapes = objects([self.shape[i] for land in lands for i in land])
        n_pieces = [len(land) for land in lands]
        cores = find_cores(
            shapes,
            np.repeat(np.arange(len(lands)), n_pieces),
            len(lands),
            min_width_m=self.limits.min_width_m,
            min_area_m2=self.limits.min_area_m2,
        )
        of_each = np.split(shapes, np.cumsum(n_pieces)[:-1])
        self._opened |= zip(lands, map(CoreParts, of_each, cores), strict=True)

    def enter(self, pieces: IntArray) -> None:
        """Find the own ways in of pieces that were not asked before."""
        new = np.array([i for i in pieces.tolist() if i not in self._entered], dtype=np.int64)
        if not len(new):
            return
        shapes = objects([self.shape[i] for i in new])
        for i, found in zip(new.tolist(), self._ways_in(new, shapes), strict=True):
            self._entered[i] = found

    def _ways_in(self, pieces: IntArray, shapes: GeometryArray) -> list[Entered]:
        """Find the shortest ways into shapes, which are pieces or parts of them."""
        limits = self.limits
        near = np.unique(self.ways.segment_tree.query(shapes, predicate="dwithin", distance=limits.road_reach_m)[1])
        segments, street = self.ways.segments[near], self.ways.street[near]
        ways = find_entrances(shapes, segments, street, self.barriers, reach_m=limits.road_reach_m)
        own = np.array([self.site[i] for i in pieces], dtype=np.int64)
        over = length_over_parcels(ways.line, self.parcel_tree, self.is_free, own)
        whole = objects([self.shape[i] for i in pieces])
        is_enclosed = np.zeros(len(pieces), dtype=bool)
        is_enclosed[self.ways.enclosing_tree.query(whole, predicate="covered_by")[0]] = True
        names = [None if at < 0 else str(self.ways.ids[street[at]]) for at in ways.street.tolist()]
        asks = over > limits.right_of_way_m
        told = (names, ways.needs_culvert.tolist(), asks.tolist(), is_enclosed.tolist())
        points, lengths = shapely.get_point(ways.line, 0), shapely.length(ways.line).tolist()
        return [Entered(*row) for row in zip(points, lengths, *told, strict=True)]

    def entered(self, piece: int) -> Entered:
        """Return what is known of a piece's own way in."""
        self.enter(np.array([piece], dtype=np.int64))
        return self._entered[piece]

    def is_closed_in(self, piece: int) -> bool:
        """Return whether streets close a piece in."""
        return piece not in self.not_enclosed and self.entered(piece).is_enclosed

    def is_entered(self, piece: int, land: Lands) -> bool:
        """Whether it is known if a piece has a way in of its own from which its core in a land can be reached."""
        return (piece, land) in self._way_in

    def tell_way_in(self, piece: int, land: Lands, way: Entered | None, approach: shapely.LineString | None) -> None:
        """Keep what was found before of a piece's own way in, and of the lane from it."""
        self._way_in.setdefault((piece, land), way)
        if way is not None and way.point is not None:
            self._lane.setdefault((piece, land, (way.point.x, way.point.y)), approach)

    def way_in(self, piece: int, land: Lands, core: shapely.Geometry) -> Entered | None:
        """Return a piece's own shortest way in from which its core part can be reached; None: there is none.

        Of a core part in several polygons the largest is meant, and a smaller one only where no lane leads to a larger.
        """
        key = (piece, land)
        if key not in self._way_in:
            found = self.entered(piece)
            if found.point is not None:
                ways = (self._way_to(piece, found, one) for one in largest_first(core))
                self._way_in[key] = next((way for way in ways if way is not None), None)
            else:
                self._way_in[key] = None
        return self._way_in[key]

    def approach(
        self, piece: int, land: Lands, core: shapely.Geometry, entrance: shapely.Point
    ) -> shapely.LineString | None:
        """Return the lane from where one comes to a piece to the largest room of its core part, in a land.

        To a smaller room where none leads to a larger; None: none leads to any.
        """
        key = (piece, land, (entrance.x, entrance.y))
        if key not in self._lane:
            rooms = largest_first(shapely.buffer(core, -rooms_m(self.limits.min_width_m), quad_segs=_QUAD_SEGS))
            ways = (approach_to(self.shape[piece], one, entrance, lane_m=self.limits.lane_m) for one in rooms)
            self._lane[key] = next((way for way in ways if way is not None), None)
        return self._lane[key]

    def _way_to(self, piece: int, shortest: Entered, core: shapely.Geometry) -> Entered | None:
        """Return the shortest way into a piece from which a polygon of its core can be reached; None: there is none."""
        shape, lane_m = self.shape[piece], self.limits.lane_m
        lanes = lanes_to_core(shape, core, lane_m=lane_m)
        if begins_lane(shape, lanes, shortest.point, lane_m=lane_m):
            return shortest
        part = objects([part_with_lanes(shape, lanes, lane_m=lane_m)])
        found = self._ways_in(np.array([piece], dtype=np.int64), part)[0]
        return None if found.point is None else found


def _same_faces(before: tuple[IntArray, GeometryArray], after: tuple[IntArray, GeometryArray]) -> BoolArray:
    """Return which parcels have the very same faces in two cuts of the same parcels, each given as first and face."""
    counts = [np.diff(first) for first, _ in (before, after)]
    is_same = np.asarray(counts[0] == counts[1], dtype=bool)
    one, other = (
        np.fromiter(map(id, face), np.int64, len(face))[np.repeat(is_same, n)]
        for (_, face), n in zip((before, after), counts, strict=True)
    )
    of_face = np.repeat(np.flatnonzero(is_same), counts[0][is_same])
    is_same[of_face[one != other]] = False
    return is_same


def objects(items: Sequence[object]) -> GeometryArray:
    """Return an array of objects, whatever their number."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array
