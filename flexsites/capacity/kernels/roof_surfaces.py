"""The part of a flat roof on which homes can stand, measured on its shape. Knows numpy and shapely only."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.polygons import polygonal
from flexsites.geometry.robust import intersect, unite_all

__all__ = ["daylit_roofs", "erode_roofs", "facade_lines", "largest_parts", "roof_levels", "usable_roofs"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Geometries = NDArray[np.object_]

# Areas come out of buffers: 200 m2 may be a hair below 200.
_AREA_SLACK_M2 = 1e-6


def roof_levels(owner: Integers, height_m: Floats, *, tolerance_m: float) -> Integers:
    """Return the level of each surface: surfaces of one roof whose heights follow each other within the tolerance.

    Surfaces are chained by ascending height, so the numbering does not depend on the order of the rows.

    Parameters
    ----------
    owner
        Number of the building a surface belongs to, shape (n,).
    height_m
        Height of each surface in m, shape (n,).
    tolerance_m
        Largest step between two surfaces of one level.

    Returns
    -------
        A number per surface, shape (n,), the same for surfaces of one building and one level.

    Examples
    --------
    >>> roof_levels(np.array([0, 0, 0, 1]), np.array([10.0, 13.0, 10.4, 10.0]), tolerance_m=0.5).tolist()
    [0, 1, 0, 2]
    """
    if len(owner) == 0:
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort((height_m, owner))
    is_new = np.ones(len(owner), dtype=bool)
    is_new[1:] = (np.diff(owner[order]) != 0) | (np.diff(height_m[order]) > tolerance_m)
    level = np.empty(len(owner), dtype=np.int64)
    level[order] = np.cumsum(is_new) - 1
    return level


def erode_roofs(roofs: Geometries, *, setback_m: float, slender_m: float) -> Geometries:
    """Return the roofs less a setback along every edge and less what is narrower than a home.

    A morphological opening: what remains is covered by squares-with-mitred-corners of the slender width. The result
    lies within the roof, and never grows with either distance.

    Parameters
    ----------
    roofs
        Polygons or multipolygons, shape (n,), in metres.
    setback_m
        Distance kept from every edge, holes included.
    slender_m
        Strips narrower than this are dropped.

    Returns
    -------
        Geometries, shape (n,), possibly empty.

    Examples
    --------
    >>> erode_roofs(np.array([shapely.box(0, 0, 40, 12)]), setback_m=1.0, slender_m=5.0)[0].area
    380.0
    >>> erode_roofs(np.array([shapely.box(0, 0, 40, 6)]), setback_m=1.0, slender_m=5.0)[0].is_empty
    True
    """
    half = slender_m / 2
    core = shapely.buffer(roofs, -(setback_m + half), join_style="mitre")
    opened = shapely.buffer(core, half, join_style="mitre")
    # A mitred corner of the opening may stick out of the setback line by a sharp angle: cut it back.
    inner = shapely.buffer(roofs, -setback_m, join_style="mitre")
    sticks_out = ~shapely.is_empty(opened) & (shapely.area(opened) > 0) & ~shapely.covered_by(opened, inner)
    opened[sticks_out], _ = intersect(opened[sticks_out], inner[sticks_out])
    return opened


def usable_roofs(
    owner: Integers,
    level: Integers,
    surfaces: Geometries,
    n_owners: int,
    *,
    setback_m: float,
    slender_m: float,
    part_area_min_m2: float,
) -> Geometries:
    """Return the usable part of each roof, before installations.

    The surfaces of one level are joined, set back, freed of slender strips; parts too small for a home are dropped.

    Parameters
    ----------
    owner
        Number of the roof a surface belongs to, 0 <= owner < n_owners, shape (n,).
    level
        Number of the level a surface belongs to (`roof_levels`), shape (n,).
    surfaces
        Flat surfaces seen from above, shape (n,).
    n_owners
        Number of roofs.
    setback_m, slender_m
        As in `erode_roofs`.
    part_area_min_m2
        Parts below this are dropped.

    Returns
    -------
        Multipolygons, shape (n_owners,), empty where nothing is usable.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 20, 12), shapely.box(20, 0, 40, 12)])
    >>> rule = {"setback_m": 1.0, "slender_m": 5.0, "part_area_min_m2": 25.0}
    >>> one, none = usable_roofs(np.array([0, 0]), np.array([0, 0]), halves, 2, **rule)
    >>> one.area, none.is_empty
    (380.0, True)
    """
    usable = np.full(n_owners, shapely.MultiPolygon(), dtype=object)
    if len(owner) == 0:
        return usable
    levels, first = np.unique(level, return_index=True)
    joined = _union_by_group(np.searchsorted(levels, level), surfaces, len(levels))
    parts, of_level = shapely.get_parts(
        erode_roofs(joined, setback_m=setback_m, slender_m=slender_m), return_index=True
    )
    keep = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) >= part_area_min_m2)
    parts, of_owner = parts[keep], owner[first][of_level[keep]]
    # Largest first, then by place: the order of parts must not depend on the order of the rows.
    centre = shapely.centroid(parts)
    order = np.lexsort((shapely.get_y(centre), shapely.get_x(centre), -shapely.area(parts), of_owner))
    if len(order):
        owners = np.unique(of_owner)
        usable[owners] = shapely.multipolygons(parts[order], indices=np.searchsorted(owners, of_owner[order]))
    return usable


def facade_lines(footprints: Geometries, asked: Integers, *, gap_m: float) -> Geometries:
    """Return the outline of some footprints, courtyards included, less the walls that it shares with another building.

    A shared wall carries no window, and neither does a wall on the border of the neighbour's plot [R: BW 5:50]. What
    rises from the roof itself (a lift head, a higher wing) is no facade either: it is no part of the outline.

    Parameters
    ----------
    footprints
        Polygons of all buildings, shape (n,), in metres.
    asked
        Positions of the footprints whose facades are asked, shape (m,).
    gap_m
        Walls this near are shared.

    Returns
    -------
        Lines, shape (m,), empty for a building that is shut in on all sides.

    Examples
    --------
    >>> row = np.array([shapely.box(0, 0, 6, 10), shapely.box(6, 0, 12, 10)])
    >>> shapely.length(facade_lines(row, np.array([0]), gap_m=0.1)).round(1).tolist()
    [21.8]
    """
    lines = np.array(shapely.boundary(footprints[asked]), dtype=object)
    own, other = shapely.STRtree(footprints).query(footprints[asked], predicate="dwithin", distance=gap_m)
    is_other = asked[own] != other
    own, other = own[is_other], other[is_other]
    if len(own):
        shut, group = np.unique(own, return_inverse=True)
        # By place: what is left of a line must not depend on the order of the rows.
        order = np.lexsort((*shapely.bounds(footprints[other]).T, group))
        beside = shapely.buffer(footprints[other[order]], gap_m, join_style="mitre")
        shared = [fill_thin_holes(one) for one in _union_by_group(group[order], beside, len(shut))]
        lines[shut] = shapely.difference(lines[shut], shared)
    return lines


def daylit_roofs(usable: Geometries, facades: Geometries, *, setback_m: float, depth_m: float) -> Geometries:
    """Return the part of each usable roof that lies within the depth of a facade of the new storey.

    METHOD 7 [A]. The new facade stands on the setback, so no point of the result lies farther than the setback and the
    depth from the outline: a deep roof holds a ring of homes, not a field. Lies within the usable roof, grows with the
    depth.

    Parameters
    ----------
    usable
        Usable roofs (`usable_roofs`), shape (n,), in metres.
    facades
        Outlines that can carry windows (`facade_lines`), shape (n,).
    setback_m
        Distance kept from every edge.
    depth_m
        Farthest that a home may reach from its facade.

    Returns
    -------
        Multipolygons, shape (n,), empty where no part has daylight.

    Examples
    --------
    >>> roof = np.array([shapely.box(0, 0, 60, 42)])
    >>> usable = np.array([shapely.box(1, 1, 59, 41)])
    >>> daylit_roofs(usable, shapely.boundary(roof), setback_m=1.0, depth_m=7.5)[0].area  # 58 * 40 - 43 * 25
    1245.0
    """
    reach = shapely.buffer(facades, setback_m + depth_m, cap_style="round", join_style="round", quad_segs=16)
    ring, _ = intersect(usable, reach)
    parts, owner = shapely.get_parts(ring, return_index=True)
    is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    daylit = np.full(len(usable), shapely.MultiPolygon(), dtype=object)
    owners = np.unique(owner[is_area])
    if len(owners):
        daylit[owners] = shapely.multipolygons(parts[is_area], indices=np.searchsorted(owners, owner[is_area]))
    return daylit


def largest_parts(roofs: Geometries, *, area_min_m2: Floats) -> tuple[Floats, Geometries]:
    """Return the area of each roof's largest part, and of each roof the parts that reach an area of their own.

    Parameters
    ----------
    roofs
        Polygons or multipolygons, shape (n,).
    area_min_m2
        What a part must reach on each roof, shape (n,).

    Returns
    -------
        Areas in m2, shape (n,), 0 for an empty roof; and multipolygons, shape (n,).

    Examples
    --------
    >>> two = np.array([shapely.MultiPolygon([shapely.box(0, 0, 15, 10), shapely.box(20, 0, 30, 10)])])
    >>> [part.tolist() for part in (largest_parts(two, area_min_m2=np.array([150.0]))[0], shapely.area(two))]
    [[150.0], [250.0]]
    >>> shapely.area(largest_parts(two, area_min_m2=np.array([200.0]))[1]).tolist()
    [0.0]
    """
    parts, owner = shapely.get_parts(roofs, return_index=True)
    area = shapely.area(parts)
    largest = np.zeros(len(roofs))
    np.maximum.at(largest, owner, area)
    kept = np.full(len(roofs), shapely.MultiPolygon(), dtype=object)
    reaches = area >= area_min_m2[owner] - _AREA_SLACK_M2
    owners = np.unique(owner[reaches])
    if len(owners):
        kept[owners] = shapely.multipolygons(parts[reaches], indices=np.searchsorted(owners, owner[reaches]))
    return largest, kept


def _union_by_group(group: Integers, shapes: Geometries, n_groups: int) -> Geometries:
    """Return the union of the shapes of each group; a group of one keeps its shape untouched."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_groups + 1))
    joined = np.empty(n_groups, dtype=object)
    sizes = np.diff(starts)
    single = sizes == 1
    joined[single] = shapes[order[starts[:-1][single]]]
    for i in np.flatnonzero(~single):
        joined[i] = unite_all(polygonal(shapely.make_valid(shapes[order[starts[i] : starts[i + 1]]])))
    return joined
