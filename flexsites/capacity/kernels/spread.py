"""Spread supply: a possible arrangement of clusters over an area, not the best one. Source: METHOD 0, "Homes"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flexsites.geometry.cluster_sizes import Sizes, per_cluster

__all__ = ["Candidates", "Clusters", "spread"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WIDER = 1.0 + 1e-9
"""A tree rounds as it likes: it is asked for a little more, and what it gives is measured again."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pieces that may take part, for one flexmilieu: suitable, with room for a home at least.

    Attributes
    ----------
    verdict
        0 is best, shape (n,).
    score
        Rounded as it was made, NaN where there is none, shape (n,).
    room
        Homes as they are told, low, expected, high, shape (3, n).
    formed
        Homes at the figures that clusters are formed at, shape (n,): the expected ones, also where the low or the high
        estimate is told as the expected one. So a low estimate is of the clusters whose low figure the base tells.
    site, number
        The parcel, numbered in the order of the ids, and the piece within it, shape (n,): no two pieces share both.
    location
        Pieces of one location (gap 0) bear the same number, shape (n,).
    xy
        Where the entrance meets the piece, in m, shape (n, 2).
    """

    verdict: Ints
    score: Floats
    room: Ints
    formed: Ints
    site: Ints
    number: Ints
    location: Ints
    xy: Floats


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters in the order in which they were formed.

    Attributes
    ----------
    seed
        The candidate each starts from, shape (k,).
    homes
        Low, expected and high, shape (3, k).
    cluster
        Of each candidate the cluster it belongs to, -1: none, shape (n,).
    """

    seed: Ints
    homes: Ints
    cluster: Ints


def spread(found: Candidates, size: Sizes, *, reach_m: float) -> Clusters:
    """Place clusters on candidates, best first.

    The first open candidate, by verdict, score, room, parcel and number, seeds a cluster. It takes the open pieces of
    its location within reach of it, nearest first, each whole; their homes are cut at what the maximum leaves. Below
    the minimum only the seed closes. Else the cluster is recorded, and all open pieces within reach of the seed close,
    whatever their location.

    Parameters
    ----------
    found
        The candidates, in any order.
    size
        The fewest and the most homes of a cluster, low, expected, high, and how many it takes to form one. At each
        estimate the rooms of a cluster are summed, cut at that maximum, and 0 below that minimum.
    reach_m
        Straight distance in m; at this distance a piece is within reach.

    Returns
    -------
        The same whatever the order of the candidates, but for their positions. Seeds lie farther apart than the reach.

    Examples
    --------
    Two pieces of one location and one of another, 100 m apart each: the first takes its own, the other closes.

    >>> ids = np.array([0, 1, 2])
    >>> line = np.column_stack([ids * 100.0, ids * 0.0])
    >>> rooms = np.array([[5, 5, 5], [9, 9, 9], [9, 9, 9]])
    >>> made = spread(
    ...     Candidates(ids * 0, 1.0 - ids * 0.5, rooms, rooms[1], ids, ids * 0 + 1, np.array([0, 0, 2]), line),
    ...     Sizes([6, 6, 6], [12, 12, 12], 6), reach_m=250.0)
    >>> made.seed.tolist(), made.cluster.tolist(), made.homes.tolist()
    ([0], [0, 0, -1], [[10], [12], [12]])
    """
    n = len(found.site)
    is_open, cluster, seeds = np.ones(n, dtype=bool), np.full(n, -1, dtype=np.int64), list[int]()
    order = precedence(found)
    tree = cKDTree(found.xy) if n else None
    for seed in order:
        if tree is None or not is_open[seed]:
            continue
        near = np.asarray(tree.query_ball_point(found.xy[seed], reach_m * _WIDER), dtype=np.int64)
        away_m = np.hypot(*(found.xy[near] - found.xy[seed]).T)
        near = near[is_open[near] & (away_m <= reach_m)]
        members = near[found.location[near] == found.location[seed]]
        if found.formed[members].sum() < size.formed_from:
            is_open[seed] = False
            continue
        # Of nearest first nothing is seen in a sum: each piece is whole, and only their homes together are cut.
        cluster[members] = len(seeds)
        seeds.append(int(seed))
        is_open[near] = False
    rooms = np.zeros((len(found.room), len(seeds)), dtype=np.int64)
    taken = cluster >= 0
    for estimate, homes in enumerate(found.room):
        np.add.at(rooms[estimate], cluster[taken], homes[taken])
    return Clusters(np.array(seeds, dtype=np.int64), per_cluster(rooms, size.minimum, size.maximum), cluster)


def precedence(found: Candidates) -> Ints:
    """Return the candidates in order: verdict, score (none last), room, parcel, number.

    Examples
    --------
    >>> two = np.array([0, 1])
    >>> score, room = np.array([np.nan, 0.1]), np.ones((3, 2), dtype=int)
    >>> precedence(Candidates(two * 0, score, room, room[1], two, two, two, two)).tolist()
    [1, 0]
    """
    falling = -np.where(np.isnan(found.score), -np.inf, found.score)
    keys = (found.number, found.site, -found.formed, falling, found.verdict)
    return np.asarray(np.lexsort(keys), dtype=np.int64)


def members_of(cluster: Ints, n: int) -> Iterator[Ints]:
    """Yield the members of each cluster, in the order of the clusters."""
    order = np.argsort(cluster, kind="stable")
    bounds = np.searchsorted(cluster[order], np.arange(n + 1))
    yield from (order[bounds[i] : bounds[i + 1]] for i in range(n))
