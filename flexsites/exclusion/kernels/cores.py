"""Size and width, together and over parcel borders: the core of the land that a piece is part of. Source: METHOD 0.

The *land* of a piece is it and all pieces of every parcel that has a piece near it; its *core* is what a disc of the
minimum width can lie on, with its corners: the land eroded by r and dilated by r times the root of two, cut to it.
Only components of the core from the minimum area on count. All of it is a function of the land of the piece alone, in
the order of the pieces, so that its bits do not depend on the cell or the extent of a run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray
from flexsites.geometry.polygons import explode, polygonal
from flexsites.geometry.robust import intersect, unite_all

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


def unite_land(pieces: GeometryArray) -> shapely.Geometry:
    """Unite pieces on a grid of 1 mm, all at once.

    Put on the grid one by one, a piece whose corner lies on the long edge of another would move off that edge by part
    of a millimetre, and the other would not: a slit is left on which no disc fits, and two halves of one field fall
    apart. Of what is united first the corner lies on both, and moves both.

    Parameters
    ----------
    pieces
        Shape (n,), polygons that touch or lie apart, in the order of their ids.

    Examples
    --------
    >>> slope = [(0, 0), (70 / 3, 10 / 3), (70, 10)]  # the middle corner is of the two pieces below alone
    >>> above = shapely.Polygon([slope[0], slope[2], (70, 30), (0, 20)])
    >>> below = [shapely.Polygon([*slope[i : i + 2], (slope[i + 1][0], -9), (slope[i][0], -9)]) for i in (0, 1)]
    >>> land = unite_land(np.array([above, *below]))
    >>> land.geom_type, len(land.interiors), round(float(land.length), 1)
    ('Polygon', 0, 208.7)
    """
    united = unite_all(pieces)
    # Without the mark of a grid: what is grown of the land is not put on it.
    land: shapely.Geometry = shapely.from_wkb(shapely.to_wkb(shapely.set_precision(united, GRID_M)))
    return land


def find_core(pieces: GeometryArray, *, min_width_m: float, min_area_m2: float) -> Core:
    """Unite pieces to land, and open it.

    Parameters
    ----------
    pieces
        Shape (n,), the pieces of one land, in the order of their ids.
    min_width_m, min_area_m2
        The tests: a disc of that width fits, and a component is as large as that.

    Examples
    --------
    >>> figures = {"min_width_m": 15.0, "min_area_m2": 1000.0}
    >>> one, other = shapely.box(0, 0, 30, 30), shapely.box(30, 0, 60, 30)
    >>> [round(float(area)) for area in shapely.area(find_core(np.array([one, other]), **figures).components)]
    [1800]
    >>> len(find_core(np.array([one, shapely.box(32, 0, 62, 30)]), **figures).components)
    0
    >>> len(find_core(np.array([one, shapely.box(30, 30, 60, 60)]), **figures).components)
    0
    """
    land = polygonal(np.array([unite_land(pieces)], dtype=object))
    radius = erosion_m(min_width_m)
    eroded = shapely.buffer(land, -radius, quad_segs=_QUAD_SEGS)
    opened = shapely.buffer(eroded, radius * math.sqrt(2.0), quad_segs=_QUAD_SEGS)
    parts, _ = explode(intersect(opened, land)[0])
    return Core(parts[shapely.area(parts) >= min_area_m2])


class CoreParts:
    """What of a land's core lies on each of its pieces, cut when it is asked.

    Parameters
    ----------
    pieces
        Shape (n,), pieces of the land.
    core
        Its core.
    marks
        Shape (n,), a shape within each piece that is larger than what only the grid is between (:func:`marks_of`): a
        component that holds it lies on the piece, and nothing need be cut to know it.

    Examples
    --------
    >>> plots = np.array([shapely.box(0, 0, 40, 40), shapely.box(40, 0, 42, 9)])
    >>> parts = CoreParts(plots, find_core(plots, min_width_m=15.0, min_area_m2=1000.0), marks_of(plots))
    >>> parts.part(0).equals(plots[0]), bool(0 < parts.part(1).area <= 18), parts.is_on(0).tolist()
    (True, True, [True])
    >>> parts.sharing(0).tolist()
    [True, True]
    """

    def __init__(self, pieces: GeometryArray, core: Core, marks: GeometryArray) -> None:
        self.pieces, self.components, self._marks = pieces, core.components, marks
        self._noise = _noise(pieces)
        self._parts: dict[int, shapely.Geometry] = {}
        self._cuts: dict[tuple[int, int], shapely.Geometry] = {}
        self._on: dict[int, BoolArray] = {}
        shapely.prepare(self.components)
        self._meets = [shapely.intersects(one, pieces) for one in self.components]

    def part(self, i: int) -> shapely.Geometry:
        """Return the part of a piece within components that count.

        It is empty where there is none, and the piece itself, bit for bit, where only the grid is between the two.
        """
        if i not in self._parts:
            cuts = [self._cut(i, k) for k in np.flatnonzero(self.is_on(i)).tolist()]
            part = shapely.Polygon() if not cuts else cuts[0] if len(cuts) == 1 else unite_all(np.array(cuts))
            is_whole = shapely.area(self.pieces[i]) - shapely.area(part) <= self._noise[i]
            self._parts[i] = self.pieces[i] if is_whole else part
        return self._parts[i]

    def is_on(self, i: int) -> BoolArray:
        """Return which components lie on a piece with area, shape (m,)."""
        if i not in self._on:
            self._on[i] = np.array([self._lies(i, k) for k in range(len(self.components))], dtype=bool)
        return self._on[i]

    def sharing(self, i: int) -> BoolArray:
        """Return which pieces have a component in common with one, itself among them, shape (n,)."""
        found = np.zeros(len(self.pieces), dtype=bool)
        for k in np.flatnonzero(self.is_on(i)).tolist():
            met = np.flatnonzero(self._meets[k] & ~found)
            found[met] = shapely.contains(self.components[k], self._marks[met])
            for j in met[~found[met]].tolist():
                found[j] = self._lies(j, k)
        return found

    def _lies(self, i: int, k: int) -> bool:
        return bool(self._meets[k][i]) and bool(shapely.area(self._cut(i, k)) > self._noise[i])

    def _cut(self, i: int, k: int) -> shapely.Geometry:
        if (i, k) not in self._cuts:
            pair = (np.array([one], dtype=object) for one in (self.pieces[i], self.components[k]))
            self._cuts[i, k] = intersect(*pair)[0][0]
        return self._cuts[i, k]


def marks_of(pieces: GeometryArray) -> GeometryArray:
    """Return a square within each piece, somewhat larger than what only the grid is between; empty where none fits.

    Examples
    --------
    >>> marks = marks_of(np.array([shapely.box(0, 0, 40, 40), shapely.box(0, 0, 40, 0.01)]))
    >>> round(float(shapely.area(marks[0])), 3), bool(shapely.is_empty(marks[1]))
    (0.32, True)
    """
    inside = shapely.point_on_surface(pieces)
    squares = np.full(len(pieces), shapely.Polygon(), dtype=object)
    rows = np.flatnonzero(~shapely.is_empty(inside))
    x, y = shapely.get_coordinates(inside[rows]).T
    half = np.sqrt(2.0 * _noise(pieces[rows])) / 2.0
    found = np.asarray(shapely.box(x - half, y - half, x + half, y + half), dtype=object)
    is_within = shapely.contains(pieces[rows], found)
    squares[rows[is_within]] = found[is_within]
    return squares


def _noise(pieces: GeometryArray) -> FloatArray:
    return np.asarray(GRID_M * np.maximum(shapely.length(pieces), 1.0), dtype=np.float64)
