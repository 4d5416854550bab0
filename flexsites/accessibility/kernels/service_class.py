"""From mode, departures per hour and walking distance to a class of service quality. In the manner of ARE 2022 [R]."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, IntArray

UNKNOWN_MODE = "unknown"
"""The mode of a stop whose source does not tell it: such a stop has no known service either."""

CLASSES = ("A", "B", "C", "D", "E", "F")
NONE = "geen"
NO_CLASS = len(CLASSES)
"""The number that stands for no class."""


class ClassTable(NamedTuple):
    """The table of classes as arrays.

    ``least[mode]`` is ``(n_categories,)`` departures per hour that earn each category, best first (infinite where a
    mode never does); ``reach_m`` is ``(n_reaches,)`` ascending; ``told`` is ``(n_reaches, n_categories + 1)`` numbers
    of ``CLASSES``, the last column for a stop without a category.
    """

    least: dict[str, FloatArray]
    reach_m: FloatArray
    told: NDArray[np.int64]


def stop_classes(
    table: ClassTable, mode: NDArray[np.object_], walk_m: FloatArray, per_hour: FloatArray
) -> tuple[IntArray, IntArray]:
    """Return the class that each walk to a stop surely gives, and the best it may give.

    Parameters
    ----------
    table
        The table of classes.
    mode, walk_m, per_hour
        ``(n,)``; NaN departures are unknown service. A stop of mode ``unknown`` may give what any mode may.

    Returns
    -------
    certain, possible : IntArray
        ``(n,)`` numbers of ``CLASSES``; ``len(CLASSES)`` is no class. They differ only where service is unknown.

    Examples
    --------
    >>> table = ClassTable({"bus": np.array([12.0, 6.0])}, np.array([300.0, 500.0]), np.array([[0, 1, 6], [1, 6, 6]]))
    >>> walks, per_hour = np.array([300.0, 301.0, 300.0, 501.0]), np.array([12.0, 6.0, np.nan, 99.0])
    >>> [part.tolist() for part in stop_classes(table, np.full(4, "bus", object), walks, per_hour)]
    [[0, 6, 6, 6], [0, 6, 0, 6]]
    """
    certain = np.full(len(mode), NO_CLASS, np.int64)
    possible = certain.copy()
    reach = np.searchsorted(table.reach_m, walk_m)  # NaN sorts last: beyond every reach
    told = np.vstack([table.told, np.full(table.told.shape[1], NO_CLASS)])
    for name, least in table.least.items():
        of_mode = np.flatnonzero(mode == name)
        earns = per_hour[of_mode, None] >= least  # NaN earns nothing
        category = np.where(earns.any(axis=1), earns.argmax(axis=1), len(least))
        certain[of_mode] = told[reach[of_mode], category]
        best = int(np.argmax(np.isfinite(least)))
        is_null = np.isnan(per_hour[of_mode])
        possible[of_mode] = np.where(is_null, told[reach[of_mode], best], certain[of_mode])
    of_any = np.flatnonzero(mode == UNKNOWN_MODE)
    possible[of_any] = told[reach[of_any]].min(axis=1)
    return certain, possible


def best_classes(
    table: ClassTable,
    *,
    place: IntArray,
    mode: NDArray[np.object_],
    walk_m: FloatArray,
    per_hour: FloatArray,
    complete_m: FloatArray,
    is_unknown: BoolArray,
    n_places: int,
) -> NDArray[np.object_]:
    """Return per place the best class of its walks to stops; null where it is not known to be the best.

    Parameters
    ----------
    table
        The table of classes.
    place
        ``(n,)`` the place of each walk.
    mode, walk_m, per_hour
        ``(n,)`` as in :func:`stop_classes`; a row without a stop stands for the place only.
    complete_m
        ``(n,)`` up to which walk the place's rows are complete; NaN: all that matters is there.
    is_unknown
        ``(n,)`` nothing is known of the place's access.
    n_places
        The number of places; one without a row is unknown.

    Returns
    -------
    NDArray
        ``(n_places,)`` a class, ``geen`` or null. Adding a stop never makes a class worse.

    Examples
    --------
    A known bus gives B; a tram of unknown service might give A to the second place.

    >>> told = np.array([[0, 1, 6]])
    >>> table = ClassTable({"bus": np.array([np.inf, 6.0]), "tram": np.array([12.0, 6.0])}, np.array([300.0]), told)
    >>> walks = dict(place=np.array([0, 1, 1]), mode=np.array(["bus", "bus", "tram"], object), walk_m=np.full(3, 200.0))
    >>> known = dict(complete_m=np.full(3, np.nan), is_unknown=np.zeros(3, bool), n_places=2)
    >>> best_classes(table, per_hour=np.array([8.0, 8.0, np.nan]), **walks, **known).tolist()
    ['B', None]
    """
    certain, possible = stop_classes(table, mode, walk_m, per_hour)
    # Beyond the edge there may be any stop; the nearest it can lie is where the rows cease to be complete.
    reach = np.searchsorted(table.reach_m, np.where(np.isnan(complete_m), np.inf, complete_m))
    beyond = np.append(table.told.min(axis=1), NO_CLASS)[reach]
    best = np.full(n_places, NO_CLASS, np.int64)
    might = best.copy()
    np.minimum.at(best, place, certain)
    np.minimum.at(might, place, np.minimum(possible, beyond))
    is_known = np.zeros(n_places, bool)
    is_known[place] = True
    is_known[place[is_unknown]] = False
    names = np.array([*CLASSES, NONE], dtype=object)[best]
    names[~is_known | (might < best)] = None
    return names
