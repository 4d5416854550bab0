"""The entrance of a piece: its shortest way to a street that crosses no barrier. Source: METHOD 0.

As the crow flies a street across the canal is near; nobody gets in there. Per straight segment of a usable street
the shortest line to the piece is looked at, nearest first; one that lies over a motorway, a railway or wide water is
dropped. Where no lane leads on from it to the core part (before a strip, a spike or a neck), the same is asked of that
part of the piece from which one does.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.geometry.corners import SAME_M
from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.robust import intersect, split, unite_all, unite_each

_QUAD_SEGS = 16

_SEAM_M = 0.01
"""Water is cut on lattice lines: grown by this before it is opened, so that no seam is taken for a bank."""

_LEAST_M = 0.001

_DECIMALS = 3
"""Of points as near the first is taken, by coordinates in millimetres."""


@dataclass(frozen=True, slots=True)
class Barriers:
    """What an entrance does not cross.

    Attributes
    ----------
    closed
        Shape (n,), polygons of motorways and railways.
    water
        Shape (m,), polygons of all water.
    wide_m
        Water that a disc of twice this radius does not fit in is crossed by a culvert; other water is a barrier.
    crossing_m
        A line that lies over barriers for more than this is dropped.
    """

    closed: GeometryArray
    water: GeometryArray
    wide_m: float
    crossing_m: float
    closed_tree: shapely.STRtree = field(init=False)
    water_tree: shapely.STRtree = field(init=False)

    def __post_init__(self) -> None:
        """Index what is searched, once for all who ask."""
        object.__setattr__(self, "closed_tree", shapely.STRtree(self.closed))
        object.__setattr__(self, "water_tree", shapely.STRtree(self.water))


@dataclass(frozen=True, slots=True)
class Entrances:
    """One entrance per piece, or none.

    Attributes
    ----------
    line
        Shape (n,), from the point on the piece to the point on the street; None where there is no entrance.
    street
        Shape (n,), position of the segment; -1 where there is none.
    needs_culvert
        Shape (n,): whether the line meets water that is not wide.
    """

    line: GeometryArray
    street: IntArray
    needs_culvert: BoolArray


def find_entrances(
    pieces: GeometryArray, segments: GeometryArray, street: IntArray, barriers: Barriers, *, reach_m: float
) -> Entrances:
    """Find the entrance of each piece.

    Parameters
    ----------
    pieces
        Shape (n,), polygons.
    segments
        Shape (m,), straight segments of usable streets.
    street
        Shape (m,), the place of each segment's street in the order of street ids: it breaks ties.
    barriers
        What is not crossed; all of it within the reach of the pieces, and a little farther.
    reach_m
        Streets farther away do not count; one at the reach does.

    Examples
    --------
    >>> plot, none = np.array([shapely.box(0, 0, 50, 50)]), np.array([], dtype=object)
    >>> near, far = shapely.LineString([(60, 0), (60, 50)]), shapely.LineString([(-20, 0), (-20, 50)])
    >>> river = np.array([shapely.box(52, -99, 59, 99)])
    >>> find_entrances(plot, np.array([near, far]), np.arange(2), Barriers(none, none, 3.0, 0.1), reach_m=50.0).street
    array([0])
    >>> found = find_entrances(plot, np.array([near, far]), np.arange(2), Barriers(none, river, 3.0, 0.1), reach_m=50.0)
    >>> found.street, shapely.length(found.line)
    (array([1]), array([20.]))
    >>> ditch = np.array([shapely.box(52, -99, 54, 99)])
    >>> found = find_entrances(plot, np.array([near, far]), np.arange(2), Barriers(none, ditch, 3.0, 0.1), reach_m=50.0)
    >>> found.street, found.needs_culvert
    (array([0]), array([ True]))
    """
    n = len(pieces)
    found = Entrances(np.full(n, None, dtype=object), np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=bool))
    if not n or not len(segments):
        return found
    piece, segment = shapely.STRtree(segments).query(pieces, predicate="dwithin", distance=reach_m)
    gap = shapely.distance(pieces[piece], segments[segment])
    order = np.lexsort((street[segment], gap, piece))
    piece, segment, gap = piece[order], segment[order], gap[order]
    first = np.r_[np.flatnonzero(np.diff(piece, prepend=-1)), len(piece)]
    spans = [slice(start, stop) for start, stop in itertools.pairwise(first.tolist())]
    crossing = Crossing(barriers)

    def enter(rows: slice, bars: Bars | None) -> bool:
        """Choose the entrance of a piece; return whether what bars the way need not be known, or is."""
        i = int(piece[rows.start])
        chosen, is_told = _nearest_open(pieces[i], segments, segment[rows], gap[rows], street, crossing, bars)
        if chosen is not None:
            found.street[i], found.line[i], found.needs_culvert[i] = chosen
        return is_told

    barred = [rows for rows in spans if not enter(rows, None)]
    around = crossing.around(pieces[piece[[rows.start for rows in barred]]], reach_m) if barred else []
    for rows, bars in zip(barred, around, strict=True):
        enter(rows, bars)
    return found


class Bars:
    """What bars the way around one piece, and the water that a culvert crosses: united when a line meets it.

    Parameters
    ----------
    closed
        Shape (n,), polygons of motorways and railways.
    wide, narrow
        Water that is a barrier, and other water.
    crossing_m
        As of :class:`Barriers`.
    """

    def __init__(
        self, closed: GeometryArray, wide: shapely.Geometry, narrow: shapely.Geometry, crossing_m: float
    ) -> None:
        self._closed, self._wide, self._narrow, self._crossing_m = closed, wide, narrow, crossing_m
        self._united: shapely.Geometry | None = None

    def lets(self, line: shapely.Geometry) -> bool:
        """Whether a line lies over barriers for no more than the crossing allowed."""
        if shapely.is_empty(self._wide) and not shapely.intersects(self._closed, line).any():
            return True
        if self._united is None:
            self._united = fill_thin_holes(unite_all(np.array([*self._closed, self._wide])))
        return bool(shapely.length(shapely.intersection(line, self._united)) <= self._crossing_m)

    def needs_culvert(self, line: shapely.Geometry) -> bool:
        """Whether a line meets water that is not wide."""
        return bool(shapely.length(shapely.intersection(line, fill_thin_holes(self._narrow))) > _LEAST_M)


class Crossing:
    """How far lines lie over barriers; what bars the way around a piece is united only where something might."""

    def __init__(self, barriers: Barriers) -> None:
        self.barriers = barriers
        self._closed, self._water = barriers.closed_tree, barriers.water_tree

    def is_clear(self, line: shapely.Geometry) -> bool:
        """Whether a line meets neither barriers nor water: then nothing need be united."""
        return not len(self._closed.query(line, "intersects")) and not len(self._water.query(line, "intersects"))

    def is_open(self, line: shapely.Geometry) -> bool:
        """Whether a line lies over barriers for no more than the crossing allowed."""
        if self.is_clear(line):
            return True
        return self.around(np.array([line]), 0.0)[0].lets(line)

    def around(self, pieces: GeometryArray, reach_m: float) -> list[Bars]:
        """Return what bars the way around each piece: in few calls, and each as if it were alone."""
        n, wide_m = len(pieces), self.barriers.wide_m
        low, high = np.split(shapely.bounds(pieces), 2, axis=1)
        far = reach_m + 4.0 * wide_m + 1.0
        windows: GeometryArray = np.asarray(shapely.box(*(low - far).T, *(high + far).T), dtype=object)
        closed, water = (self._met_by(windows, tree) for tree in (self._closed, self._water))
        shapes = intersect(self.barriers.water[water[1]], windows[water[0]])[0]
        wide, narrow = _opened(unite_each(shapes, water[0], n), wide_m)
        of_each = np.split(self.barriers.closed[closed[1]], np.searchsorted(closed[0], np.arange(1, n)))
        return [Bars(*told, self.barriers.crossing_m) for told in zip(of_each, wide, narrow, strict=True)]

    @staticmethod
    def _met_by(windows: GeometryArray, tree: shapely.STRtree) -> tuple[IntArray, IntArray]:
        """Return which windows meet which shapes, by window and shape."""
        window, shape = tree.query(windows, predicate="intersects")
        order = np.lexsort((shape, window))
        return window[order], shape[order]


def _opened(water: GeometryArray, wide_m: float) -> tuple[GeometryArray, GeometryArray]:
    """Return the wide part of waters, and the rest: eroded and dilated, so that ditches go and banks stay."""
    grown = shapely.buffer(water, _SEAM_M, quad_segs=_QUAD_SEGS)
    eroded = shapely.buffer(grown, -(wide_m + _SEAM_M), quad_segs=_QUAD_SEGS)
    wide, narrow = np.full(len(water), shapely.Polygon(), dtype=object), water.copy()
    rows = np.flatnonzero(~shapely.is_empty(eroded))
    opened = shapely.buffer(eroded[rows], wide_m, quad_segs=_QUAD_SEGS)
    wide[rows], narrow[rows], _ = split(water[rows], opened)
    return wide, narrow


def _nearest_open(
    piece: shapely.Geometry,
    segments: GeometryArray,
    candidates: IntArray,
    gap: FloatArray,
    street: IntArray,
    crossing: Crossing,
    bars: Bars | None,
) -> tuple[tuple[int, shapely.Geometry, bool] | None, bool]:
    """Return the segment, the line and whether it needs a culvert, of the nearest way in that nothing bars.

    And whether that is told: it is not where it hangs on bars that are not given.
    """
    start = 0
    while start < len(candidates):
        stop = int(np.searchsorted(gap, gap[start] + SAME_M, side="right"))
        level = candidates[start:stop]
        lines = np.array([_shortest(piece, segments[one]) for one in level], dtype=object)
        x, y = np.round(shapely.get_coordinates(shapely.get_point(lines, 0)), _DECIMALS).T
        for k in np.lexsort((y, x, street[level])):
            line = lines[k]
            if crossing.is_clear(line):
                return (int(level[k]), line, False), True
            if bars is None:
                return None, False
            if bars.lets(line):
                return (int(level[k]), line, bars.needs_culvert(line)), True
        start = stop
    return None, True


def _shortest(piece: shapely.Geometry, segment: shapely.Geometry) -> shapely.Geometry:
    """Return the shortest line from a piece to a segment; of several as short that from the leftmost, lowest point.

    Land that a street of some width cuts lies along all of it as far from its middle: rounding is not to choose.

    Examples
    --------
    >>> plot, street = shapely.box(0, 0, 50, 50), shapely.LineString([(-9, -3), (60, -3.0000000001)])
    >>> _shortest(plot, street).coords[0], _shortest(plot, shapely.LineString([(60, 9), (-9, 9)])).coords[0]
    ((0.0, 0.0), (0.0, 9.0))
    """
    line: shapely.Geometry = shapely.shortest_line(piece, segment)
    corners, ends = (shapely.points(shapely.get_coordinates(one)) for one in (piece, segment))
    pairs = ((corners, segment), (piece, ends))
    lines = np.concatenate([np.asarray(shapely.shortest_line(one, other)) for one, other in pairs])
    lines = lines[shapely.length(lines) <= shapely.length(line) + SAME_M]
    if not len(lines):  # the segment passes over the piece
        met = shapely.intersection(shapely.boundary(piece), segment)
        lines = np.asarray(shapely.shortest_line(shapely.points(shapely.get_coordinates(met)), segment))
    x, y = np.round(shapely.get_coordinates(shapely.get_point(lines, 0)), _DECIMALS).T
    first: shapely.Geometry = lines[np.lexsort((y, x))[0]]
    return first


def length_over_parcels(
    lines: GeometryArray, parcels: shapely.STRtree, is_free: BoolArray, own: IntArray
) -> FloatArray:
    """Return how far each line lies over land of others that is not road land, in m.

    Parameters
    ----------
    lines
        Shape (n,), entrances; None lies over nothing.
    parcels
        Index of m parcels: what is asked of few lines is not to cost an index of all parcels.
    is_free
        Shape (m,): road land and public land, which one may cross.
    own
        Shape (n,), the line's own parcel, by position.

    Examples
    --------
    >>> lines = np.array([shapely.LineString([(0, 0), (10, 0)]), None])
    >>> plots = np.array([shapely.box(-9, -5, 0, 5), shapely.box(0, -5, 4, 5), shapely.box(4, -5, 10, 5)])
    >>> length_over_parcels(lines, shapely.STRtree(plots), np.array([False, False, True]), np.array([0, 0])).tolist()
    [4.0, 0.0]
    """
    total = np.zeros(len(lines))
    there = np.flatnonzero(~shapely.is_missing(lines))
    line, parcel = parcels.query(lines[there], predicate="intersects")
    line = there[line]
    counts = ~is_free[parcel] & (own[line] != parcel)
    line, parcel = line[counts], parcel[counts]
    over = shapely.length(shapely.intersection(lines[line], parcels.geometries[parcel]))
    order = np.lexsort((parcel, line))
    return total + np.bincount(line[order], over[order], minlength=len(lines))


def enclosing_faces(
    car: GeometryArray, roundabouts: GeometryArray, *, most_area_m2: float, least_compactness: float
) -> GeometryArray:
    """Return the faces of streets that enclose what lies wholly in them: small round ones, and roundabouts.

    Parameters
    ----------
    car
        Shape (n,), lines that a car may drive, all classes.
    roundabouts
        Shape (m,), those of them that are tagged as a roundabout.
    most_area_m2, least_compactness
        A face below the area and of at least this compactness (4 pi A / P2: a circle has 1) encloses.

    Examples
    --------
    >>> ring, block = shapely.Point(0, 0).buffer(30).exterior, shapely.box(100, 0, 300, 90).exterior
    >>> figures = {"most_area_m2": 5000.0, "least_compactness": 0.85}
    >>> len(enclosing_faces(np.array([ring, block]), np.array([], dtype=object), **figures))
    1
    """
    faces = _faces(car)
    area, length = shapely.area(faces), shapely.length(faces)
    is_round = np.divide(4.0 * np.pi * area, length**2, out=np.zeros(len(faces)), where=length > 0)
    return np.concatenate([faces[(area < most_area_m2) & (is_round >= least_compactness)], _faces(roundabouts)])


def _faces(lines: GeometryArray) -> GeometryArray:
    """Return the faces that lines bound, noded where they meet."""
    if not len(lines):
        return np.array([], dtype=object)
    noded = shapely.get_parts(shapely.union_all(lines))
    return np.asarray(shapely.get_parts(shapely.polygonize(noded)), dtype=object)
