"""Size and width, together and over parcel borders: the core of the land that a piece is part of. Source: METHOD 0.

The *land* of a piece is it and all pieces of every parcel that has a piece near it; its *core* is what a disc of the
minimum width can lie on, with its corners: the land eroded by r and dilated by r times the root of two, cut to it.
Only components of the core from the minimum area on count. All of it is a function of the land of the piece alone, in
the order of the pieces, so that its bits do not depend on the cell or the extent of a run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.geometry.polygons import explode, polygonal
from flexsites.geometry.robust import blur_m2, intersect, unite_all, unite_each
from flexsites.geometry.shared_area import shared_areas

GRID_M = 0.001
"""Land is united on this grid: registers give coordinates in millimetres."""

_QUAD_SEGS = 16
_SLACK_M = 0.01


@dataclass(frozen=True, slots=True)
class Core:
    """The core of one land.

    Attributes
    ----------
    components
        Shape (m,), the components of the core that count.
    """

    components: GeometryArray


def erosion_m(min_width_m: float) -> float:
    """Return how far land is eroded: half the minimum width, less what boundaries of registers are off.

    Examples
    --------
    >>> erosion_m(15.0)
    7.49
    """
    return min_width_m / 2.0 - _SLACK_M


def rooms_m(min_width_m: float) -> float:
    """Return how far a core part is eroded to find its rooms: as the land was, and a little less, so that all are left.

    Examples
    --------
    >>> round(rooms_m(15.0), 2)
    7.48
    """
    return erosion_m(min_width_m) - _SLACK_M


def gap_bridged_m(min_width_m: float) -> float:
    """Return the gap beyond which one part of the land cannot touch the core of another.

    Examples
    --------
    >>> round(gap_bridged_m(15.0), 2)
    10.6
    """
    return erosion_m(min_width_m) * math.sqrt(2.0) + _SLACK_M


def unite_lands(pieces: GeometryArray, land: IntArray, n_lands: int) -> GeometryArray:
    """Unite the pieces of each land on a grid of 1 mm, all at once.

    Put on the grid one by one, a piece whose corner lies on the long edge of another would move off that edge by part
    of a millimetre, and the other would not: a slit is left on which no disc fits, and two halves of one field fall
    apart. Of what is united first the corner lies on both, and moves both.

    Parameters
    ----------
    pieces, land, n_lands
        As :func:`find_cores` takes them.

    Examples
    --------
    >>> slope = [(0, 0), (70 / 3, 10 / 3), (70, 10)]  # the middle corner is of the two pieces below alone
    >>> above = shapely.Polygon([slope[0], slope[2], (70, 30), (0, 20)])
    >>> below = [shapely.Polygon([*slope[i : i + 2], (slope[i + 1][0], -9), (slope[i][0], -9)]) for i in (0, 1)]
    >>> land = unite_lands(np.array([above, *below]), np.zeros(3, dtype=int), 1)[0]
    >>> land.geom_type, len(land.interiors), round(float(land.length), 1)
    ('Polygon', 0, 208.7)
    """
    united = unite_each(pieces, land, n_lands)
    # Without the mark of a grid: what is grown of the land is not put on it.
    return polygonal(shapely.set_precision(shapely.set_precision(united, GRID_M), 0.0))


def find_cores(
    pieces: GeometryArray, land: IntArray, n_lands: int, *, min_width_m: float, min_area_m2: float
) -> list[Core]:
    """Unite pieces to lands, and open each: all in few calls, and each as if it were alone.

    Parameters
    ----------
    pieces
        Shape (n,), the pieces of the lands, land by land, in the order of their ids.
    land
        Shape (n,), in [0, n_lands), ascending: the land that each is of.
    n_lands
        Number of lands.
    min_width_m, min_area_m2
        The tests: a disc of that width fits, and a component is as large as that.

    Examples
    --------
    >>> figures = {"min_width_m": 15.0, "min_area_m2": 1000.0}
    >>> one, *others = (shapely.box(x, y, x + 30, y + 30) for x, y in ((0, 0), (30, 0), (32, 0), (30, 30)))
    >>> pairs = np.array([[one, other] for other in others]).ravel()
    >>> cores = find_cores(pairs, np.repeat(np.arange(3), 2), 3, **figures)
    >>> [[round(float(area)) for area in shapely.area(core.components)] for core in cores]
    [[1800], [], []]
    """
    lands = unite_lands(pieces, land, n_lands)
    radius = erosion_m(min_width_m)
    eroded = shapely.buffer(lands, -radius, quad_segs=_QUAD_SEGS)
    opened = shapely.buffer(eroded, radius * math.sqrt(2.0), quad_segs=_QUAD_SEGS)
    parts, of_land = explode(intersect(opened, lands)[0])
    counts = shapely.area(parts) >= min_area_m2
    parts, first = parts[counts], np.searchsorted(of_land[counts], np.arange(n_lands + 1)).tolist()
    return [Core(parts[start:stop]) for start, stop in itertools.pairwise(first)]


def find_core(pieces: GeometryArray, *, min_width_m: float, min_area_m2: float) -> Core:
    """Unite pieces to one land, and open it.

    Parameters
    ----------
    pieces, min_width_m, min_area_m2
        As :func:`find_cores` takes them; the pieces are of one land.
    """
    of_one = np.zeros(len(pieces), dtype=np.int64)
    return find_cores(pieces, of_one, 1, min_width_m=min_width_m, min_area_m2=min_area_m2)[0]


class CoreParts:
    """What of a land's core lies on each of its pieces, found when it is asked.

    Where the area that the edges give (:func:`~flexsites.geometry.shared_area.shared_areas`) tells all there is to know
    of a piece and a component, nothing is cut.

    Parameters
    ----------
    pieces
        Shape (n,), pieces of the land.
    core
        Its core.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 40, 40), shapely.box(40, 0, 42, 9)])
    >>> parts = CoreParts(plots, find_core(plots, min_width_m=15.0, min_area_m2=1000.0))
    >>> parts.part(0).equals(plots[0]), bool(0 < parts.part(1).area <= 18), parts.on(0).tolist()
    (True, True, [0])
    >>> parts.sharing(0).tolist()
    [True, True]
    """

    def __init__(self, pieces: GeometryArray, core: Core) -> None:
        self.pieces, self.components = pieces, core.components
        self._area, self._length = shapely.area(pieces), shapely.length(pieces)
        self._its_length = shapely.length(core.components)
        self._noise = GRID_M * np.maximum(self._length, 1.0)
        self.shared = np.full((len(pieces), len(core.components)), np.nan)
        self._parts: dict[int, shapely.Geometry] = {}
        self.cuts: dict[tuple[int, int], shapely.Geometry] = {}
        self._on: dict[int, IntArray] = {}

    @staticmethod
    def ask(asked: Sequence[tuple[CoreParts, int]]) -> None:
        """Find what is asked of pieces of lands: in few calls, and each as if it were alone."""
        _share([(parts, *parts.of_piece(i)) for parts, i in asked])
        _share([(parts, *parts.beside(i)) for parts, i in asked])
        cuts = [(parts, i, k) for parts, i in asked if not parts.is_whole(i) for k in parts.on(i).tolist()]
        left = np.array([parts.pieces[i] for parts, i, _ in cuts], dtype=object)
        right = np.array([parts.components[k] for parts, _, k in cuts], dtype=object)
        found, _ = intersect(left, right, np.array([parts.shared[i, k] for parts, i, k in cuts]))
        for (parts, i, k), cut in zip(cuts, found, strict=True):
            parts.cuts[i, k] = cut

    def part(self, i: int) -> shapely.Geometry:
        """Return the part of a piece within components that count.

        It is empty where there is none, and the piece itself, bit for bit, where only the grid is between the two.
        """
        if i not in self._parts:
            on = self.on(i).tolist()
            self._parts[i] = self.pieces[i] if self.is_whole(i) else self._part(i, on)
        return self._parts[i]

    def _part(self, i: int, on: list[int]) -> shapely.Geometry:
        cuts = [self._cut(i, k) for k in on]
        part = shapely.Polygon() if not cuts else cuts[0] if len(cuts) == 1 else unite_all(np.array(cuts))
        return self.pieces[i] if self._area[i] - shapely.area(part) <= self._noise[i] else part

    def on(self, i: int) -> IntArray:
        """Return the components that lie on a piece with area."""
        if i not in self._on:
            self._on[i] = np.flatnonzero(self._lies(*self.of_piece(i)))
        return self._on[i]

    def sharing(self, i: int) -> BoolArray:
        """Return which pieces have a component in common with one, itself among them, shape (n,)."""
        pieces, components = self.beside(i)
        found = np.zeros(len(self.pieces), dtype=bool)
        found[pieces[self._lies(pieces, components)]] = True
        return found

    def of_piece(self, i: int) -> tuple[IntArray, IntArray]:
        """Return a piece with each component, shape (m,) both."""
        m = len(self.components)
        return np.full(m, i), np.arange(m)

    def beside(self, i: int) -> tuple[IntArray, IntArray]:
        """Return every piece with each component on one, shape (n * k,) both."""
        on, n = self.on(i), len(self.pieces)
        return np.tile(np.arange(n), len(on)), np.repeat(on, n)

    def is_whole(self, i: int) -> bool:
        """Return whether a cut to a component surely leaves no more of a piece that was asked than the grid takes."""
        missing_m2 = self._area[i] - self.shared[i]
        return bool((missing_m2 + self._blur(*self.of_piece(i)) <= self._noise[i]).any())

    def _lies(self, pieces: IntArray, components: IntArray) -> BoolArray:
        """Return which pieces have area within which components, pair by pair."""
        if np.isnan(self.shared[pieces, components]).any():
            _share([(self, pieces, components)])
        over_m2 = self.shared[pieces, components] - self._noise[pieces]
        lies = over_m2 > 0.0
        for at in np.flatnonzero(np.abs(over_m2) <= self._blur(pieces, components)).tolist():
            i, k = int(pieces[at]), int(components[at])
            lies[at] = shapely.area(self._cut(i, k)) > self._noise[i]
        return lies

    def _blur(self, pieces: IntArray, components: IntArray) -> FloatArray:
        """Return by how much the area of a cut may be off what the edges give, pair by pair."""
        length_m = self._length[pieces] + self._its_length[components]
        return blur_m2(self.shared[pieces, components], length_m)

    def _cut(self, i: int, k: int) -> shapely.Geometry:
        if (i, k) not in self.cuts:
            left, right = (np.array([one], dtype=object) for one in (self.pieces[i], self.components[k]))
            self.cuts[i, k] = intersect(left, right, self.shared[i : i + 1, k])[0][0]
        return self.cuts[i, k]


def _share(wanted: Sequence[tuple[CoreParts, IntArray, IntArray]]) -> None:
    """Find the area that pieces of lands share with components of their cores, pair by pair, all in one call."""
    pieces = np.concatenate([parts.pieces[i] for parts, i, _ in wanted])
    components = np.concatenate([parts.components[k] for parts, _, k in wanted])
    low, high = np.split(shapely.bounds(pieces), 2, axis=1)
    its_low, its_high = np.split(shapely.bounds(components), 2, axis=1)
    near = np.flatnonzero((np.maximum(low, its_low) < np.minimum(high, its_high)).all(axis=1))
    shared = np.zeros(len(pieces))
    shared[near] = shared_areas(pieces[near], components[near])
    stop = 0
    for parts, i, k in wanted:
        start, stop = stop, stop + len(i)
        parts.shared[i, k] = shared[start:stop]
