"""What every overlay needs of polygons: polygonal part, validity, contiguous parts, unions by group."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, GeometryArray, IntArray

_MISSING, _POLYGON, _MULTIPOLYGON, _COLLECTION = -1, 3, 6, 7
_PAIR, _FEW = 2, 8


def polygonal(geometries: GeometryArray) -> GeometryArray:
    """Return the polygonal part of each geometry: points and lines that an overlay leaves are dropped.

    Parameters
    ----------
    geometries
        Shape (n,). None counts as empty.

    Returns
    -------
    GeometryArray
        Shape (n,), polygons and multipolygons, empty where nothing polygonal is there. Areas are unchanged.

    Examples
    --------
    >>> line_and_square = shapely.from_wkt("GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), POLYGON ((0 0, 2 0, 2 2, 0 0)))")
    >>> polygonal(np.array([line_and_square, shapely.Point(0, 0), None])).tolist()
    [<POLYGON ((0 0, 2 0, 2 2, 0 0))>, <POLYGON EMPTY>, <POLYGON EMPTY>]
    """
    kinds = np.asarray(shapely.get_type_id(geometries))
    is_polygonal = (kinds == _POLYGON) | (kinds == _MULTIPOLYGON)
    if is_polygonal.all():
        return geometries
    kept = geometries.copy()
    kept[~is_polygonal] = shapely.Polygon()
    for i in np.flatnonzero(kinds == _COLLECTION):
        parts = shapely.get_parts(shapely.get_parts(geometries[i]))
        parts = parts[shapely.get_type_id(parts) == _POLYGON]
        kept[i] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return kept


def repair(geometries: GeometryArray) -> tuple[GeometryArray, BoolArray]:
    """Make polygons valid; say which were changed.

    An invalid ring keeps the area that the even-odd reading of its lines gives (``make_valid``, structure method):
    a bow tie keeps both wings. Valid geometry is returned as it is, bit for bit.

    Parameters
    ----------
    geometries
        Shape (n,), polygonal. None stays None and is not counted.

    Returns
    -------
    tuple
        The geometries, shape (n,), valid and polygonal (possibly empty), and a mask of those repaired.

    Examples
    --------
    >>> bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> valid, is_repaired = repair(np.array([bow_tie, shapely.box(0, 0, 1, 1)]))
    >>> shapely.area(valid).tolist(), is_repaired.tolist()
    ([2.0, 1.0], [True, False])
    """
    is_repaired = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    if not is_repaired.any():
        return geometries, is_repaired
    valid = geometries.copy()
    made = shapely.make_valid(geometries[is_repaired], method="structure", keep_collapsed=False)
    valid[is_repaired] = polygonal(made)
    return valid, is_repaired


def explode(geometries: GeometryArray) -> tuple[GeometryArray, IntArray]:
    """Return the contiguous parts of polygonal geometries, and of which geometry each is a part.

    Examples
    --------
    >>> two = shapely.from_wkt("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))")
    >>> parts, owner = explode(np.array([two, shapely.box(0, 0, 1, 1)]))
    >>> len(parts), owner.tolist()
    (3, [0, 0, 1])
    """
    parts, owner = shapely.get_parts(geometries, return_index=True)
    keep = ~shapely.is_empty(parts)
    return parts[keep], owner[keep].astype(np.int64)


def union_by(geometries: GeometryArray, group: IntArray, n_groups: int) -> GeometryArray:
    """Dissolve polygons by group.

    Groups of like size are united in one vectorised call; a group's result depends on its own members and their
    order only, never on other groups, so that cutting the input up changes no bit. A topology error is repaired by
    :func:`flexsites.geometry.robust.unite` of the caller's choice, not here.

    Parameters
    ----------
    geometries
        Shape (n,), polygonal, valid.
    group
        Shape (n,), the group of each, in [0, n_groups).
    n_groups
        Number of groups.

    Returns
    -------
    GeometryArray
        Shape (n_groups,). Empty polygon for a group without members; the very geometry for a group of one.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(9, 9, 10, 10)])
    >>> shapely.area(union_by(halves, np.array([0, 0, 2]), 3)).tolist()
    [2.0, 0.0, 1.0]
    """
    united = np.full(n_groups, shapely.Polygon(), dtype=object)
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group, minlength=n_groups)
    starts = np.cumsum(counts) - counts
    for widths, members in _by_size(counts):
        table = np.full((len(members), widths), None, dtype=object)
        column = np.arange(widths)
        is_member = column < counts[members, None]
        table[is_member] = geometries[order[(starts[members, None] + column)[is_member]]]
        if widths == 1:
            united[members] = table[:, 0]
        else:
            united[members] = _few(table) if widths <= _FEW else _dissolve(table)
    return united


def union_each(geometries: GeometryArray, group: IntArray, n_groups: int) -> GeometryArray:
    """Dissolve polygons by group, each by the very overlay that it would get alone; of one member too.

    Parameters
    ----------
    geometries, group, n_groups
        As :func:`union_by` takes them, by group.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(9, 9, 10, 10)])
    >>> shapely.area(union_each(halves, np.array([0, 0, 2]), 3)).tolist()
    [2.0, 0.0, 1.0]
    """
    counts = np.bincount(group, minlength=n_groups)
    table = np.full((n_groups, int(counts.max(initial=0))), None, dtype=object)
    table[group, np.arange(len(group)) - (np.cumsum(counts) - counts)[group]] = geometries
    return _dissolve(table)


def _dissolve(table: GeometryArray) -> GeometryArray:
    return polygonal(np.asarray(shapely.union_all(table, axis=1), dtype=object))


def _few(table: GeometryArray) -> GeometryArray:
    """Unite small groups; no overlay where all are apart, or one of two lies in the other."""
    united = np.full(len(table), None, dtype=object)
    kinds = shapely.get_type_id(table)
    is_apart = ((kinds == _POLYGON) | (kinds == _MISSING)).all(axis=1)
    for one in range(table.shape[1]):
        for other in range(one):
            rows = np.flatnonzero(is_apart)
            is_apart[rows] = ~shapely.intersects(table[rows, one], table[rows, other])
    if is_apart.any():
        row, column = np.nonzero(kinds[is_apart] != _MISSING)
        united[is_apart] = shapely.multipolygons(table[is_apart][row, column], indices=row)
    if table.shape[1] == _PAIR:
        for outer, inner in ((0, 1), (1, 0)):
            rest = np.flatnonzero(shapely.is_missing(united))
            rest = rest[shapely.covers(table[rest, outer], table[rest, inner])]
            united[rest] = table[rest, outer]
    rest = np.flatnonzero(shapely.is_missing(united))
    united[rest] = _dissolve(table[rest])
    return united


def _by_size(counts: NDArray[np.intp]) -> list[tuple[int, IntArray]]:
    """Group the non-empty groups by their size, rounded up to a power of two: few calls, little padding."""
    filled = np.flatnonzero(counts)
    widths = np.where(counts[filled] == 1, 1, 2 ** np.ceil(np.log2(np.maximum(counts[filled], 2))).astype(np.int64))
    return [(int(width), filled[widths == width].astype(np.int64)) for width in np.unique(widths)]


def largest_first(shape: shapely.Geometry) -> GeometryArray:
    """Return the polygons of a shape, the largest first.

    Examples
    --------
    >>> [one.area for one in largest_first(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 0, 8, 1)]))]
    [3.0, 1.0]
    """
    polygons = np.asarray(shapely.get_parts(shape), dtype=object)
    return polygons[np.argsort(-shapely.area(polygons), kind="stable")]
