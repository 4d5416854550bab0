"""Where a piece meets the street: its road distance and its access point. Source: METHOD 0."""

from __future__ import annotations

import numpy as np
import shapely

from flexsites.arrays import FloatArray, GeometryArray


def enter_pieces(pieces: GeometryArray, streets: GeometryArray, *, reach_m: float) -> tuple[FloatArray, GeometryArray]:
    """Find per piece the distance to the nearest usable street and the point of its boundary nearest to one.

    A street wholly inside a piece is at distance 0; the access point stays on the boundary. Of streets at the same
    distance the first in order counts.

    Parameters
    ----------
    pieces
        Shape (n,), polygons.
    streets
        Shape (m,), lines, in the order of their ids.
    reach_m
        Streets farther away do not count; must be positive.

    Returns
    -------
    tuple
        Distance in metres (n,), NaN where no street is within reach; access point (n,), None there.

    Examples
    --------
    >>> plot = np.array([shapely.box(0, 0, 50, 50), shapely.box(500, 0, 550, 50)])
    >>> road = np.array([shapely.LineString([(60, -100), (60, 100)])])
    >>> distance, point = enter_pieces(plot, road, reach_m=50.0)
    >>> distance.tolist(), point[0].x, point[1]
    ([10.0, nan], 50.0, None)
    """
    distance = np.full(len(pieces), np.nan)
    point = np.full(len(pieces), None, dtype=object)
    if not len(streets) or not len(pieces):
        return distance, point
    tree = shapely.STRtree(streets)
    boundary = shapely.boundary(pieces)
    inner, street = tree.query(pieces, predicate="contains_properly")
    near, nearest = tree.query_nearest(boundary, max_distance=reach_m)
    piece = np.concatenate([near, inner])
    street = np.concatenate([nearest, street])
    gap = shapely.distance(boundary[piece], streets[street])
    order = np.lexsort((street, gap, piece))
    piece, street, gap = piece[order], street[order], gap[order]
    found, first = np.unique(piece, return_index=True)
    distance[found] = gap[first]
    distance[inner] = 0.0
    lines = shapely.shortest_line(boundary[found], streets[street[first]])
    point[found] = shapely.get_point(lines, 0)
    return distance, point
