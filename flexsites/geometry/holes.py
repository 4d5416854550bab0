"""Holes without width, which lie between shapes that were united, and on which lines go wrong."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.geometry.robust import NOISE_M2


def fill_thin_holes(shape: shapely.Geometry) -> shapely.Geometry:
    """Return polygons without the holes that are no land; one that has none, as it is.

    A line over a hole of 1e-12 m2 is told by GEOS to lie outside the polygon altogether, or a line outside to lie in
    it, without an error: where it meets the hole, the two sides of that are one. Of every line that overlays a polygon
    made by overlays the polygon is asked without them.

    Parameters
    ----------
    shape
        A polygon or multipolygon. Holes of at most :data:`~flexsites.geometry.robust.NOISE_M2` are filled.

    Examples
    --------
    >>> plot, thin = shapely.box(0, 0, 9, 9), shapely.Polygon([(1, 1), (2, 1), (2, 1 + 1e-9)])
    >>> len(fill_thin_holes(plot.difference(thin)).interiors), fill_thin_holes(plot) is plot
    (0, True)
    >>> len(fill_thin_holes(plot.difference(shapely.box(1, 1, 2, 2))).interiors)
    1
    """
    parts = shapely.get_parts(shape)
    if not shapely.get_num_interior_rings(parts).any():
        return shape
    rings, of_part = shapely.get_rings(parts, return_index=True)
    is_hole = np.r_[False, of_part[1:] == of_part[:-1]]
    is_kept = ~is_hole | (shapely.area(shapely.polygons(rings)) > NOISE_M2)
    if is_kept.all():
        return shape
    rings, of_part, is_hole = rings[is_kept], of_part[is_kept], is_hole[is_kept]
    filled = [shapely.Polygon(outer, list(rings[is_hole & (of_part == i)])) for i, outer in enumerate(rings[~is_hole])]
    whole: shapely.Geometry = filled[0] if len(filled) == 1 else shapely.multipolygons(filled)
    return whole
