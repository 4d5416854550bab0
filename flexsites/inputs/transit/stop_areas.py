"""Stop areas: which stops a traveller sees as one, and in how many directions one can leave them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from flexsites.compiled import kernel
from flexsites.inputs.transit.gtfs_times import EARTH_RADIUS_M
from flexsites.tables import Frame


def plane_m(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points on the unit sphere in metres, whose straight distances are those on the ground for short ways.

    Examples
    --------
    >>> points = plane_m(np.array([5.0, 5.0]), np.array([52.0, 52.001]))
    >>> float(np.linalg.norm(points[0] - points[1]).round(1))
    111.2
    """
    x, y = np.radians(lon), np.radians(lat)
    return EARTH_RADIUS_M * np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def stop_area_of(stops: Frame, *, same_name_reach_m: float) -> NDArray[np.int64]:
    """Return per stop the number of its stop area.

    A stop area is what the feed says (the topmost parent station); stops without one belong together when they have
    the same name and lie within a distance of one another, or are linked by such stops.

    Parameters
    ----------
    stops
        ``stop_name, lon, lat, root`` as in :class:`flexsites.inputs.transit.gtfs.Gtfs`.
    same_name_reach_m
        That distance.

    Returns
    -------
    NDArray
        ``(n_stops,)``, numbered by first stop.
    """
    n = len(stops)
    root = stops["root"].to_numpy()
    has_family = np.bincount(root, minlength=n)[root] > 1
    name, _ = pd.factorize(stops["stop_name"].str.casefold())
    alone = np.flatnonzero(~has_family & (name >= 0))
    links = [np.column_stack([np.arange(n), root])]
    if len(alone) > 1:
        points = plane_m(stops["lon"].to_numpy()[alone], stops["lat"].to_numpy()[alone])
        pairs = alone[cKDTree(points).query_pairs(same_name_reach_m, output_type="ndarray")].reshape(-1, 2)
        links.append(pairs[name[pairs[:, 0]] == name[pairs[:, 1]]])
    edge = np.concatenate(links)
    graph = coo_array((np.ones(len(edge), np.int8), (edge[:, 0], edge[:, 1])), shape=(n, n))
    _, area = connected_components(graph.tocsr(), directed=False)
    return np.asarray(area, dtype=np.int64)


def bearing_deg(
    lon: NDArray[np.float64], lat: NDArray[np.float64], lon_to: NDArray[np.float64], lat_to: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return bearings in degrees clockwise from north, in [0, 360).

    Examples
    --------
    >>> bearing_deg(np.array([5.0, 5.0]), np.array([52.0, 52.0]), np.array([5.0, 4.9]), np.array([53.0, 52.0])).round()
    array([  0., 270.])
    """
    x, y, to_x, to_y = (np.radians(v) for v in (lon, lat, lon_to, lat_to))
    east = np.sin(to_x - x) * np.cos(to_y)
    north = np.cos(y) * np.sin(to_y) - np.sin(y) * np.cos(to_y) * np.cos(to_x - x)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360.0)


@kernel
def n_directions(bearings: NDArray[np.float64], starts: NDArray[np.int64], separation_deg: float) -> NDArray[np.int64]:
    """Return, per group, the largest number of bearings that all differ by at least the separation.

    Parameters
    ----------
    bearings
        ``(n,)`` degrees in [0, 360), ascending within each group.
    starts
        ``(n_groups + 1,)``: group g is ``bearings[starts[g] : starts[g + 1]]``.
    separation_deg
        The least difference around the circle.

    Returns
    -------
    NDArray
        ``(n_groups,)``; 0 for an empty group.

    Examples
    --------
    >>> n_directions(np.array([0.0, 10.0, 90.0, 180.0, 340.0]), np.array([0, 5, 5]), 45.0)
    array([3, 0])
    """
    found = np.zeros(len(starts) - 1, np.int64)
    for group in range(len(found)):
        low, high = starts[group], starts[group + 1]
        for first in range(low, high):
            # Going round from here and taking each bearing as soon as it is far enough is the best that starts here.
            n, last = 1, 0.0
            for step in range(1, high - low):
                turn = (bearings[low + (first - low + step) % (high - low)] - bearings[first]) % 360.0
                if turn - last >= separation_deg and 360.0 - turn >= separation_deg:
                    n, last = n + 1, turn
            found[group] = max(found[group], n)
    return found
