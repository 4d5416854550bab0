"""Spread supply asked again and again: the clusters of :mod:`flexsites.capacity.kernels.spread`, at once.

What is near what hangs on no figure, so it is found once. A draw has one figure for each thing and wants the homes of
its clusters only; who asks what if wants to know from which piece each cluster starts, and at three estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from flexsites.compiled import kernel

__all__ = ["Neighbours", "arranged_homes", "find_near", "order_of", "seeds_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_WIDER = 1.0 + 1e-9
_SCORES = 1002
_ROOMS = 1 << 20
_PLACE_BITS = 31


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which pieces lie within the reach of a cluster of each piece, itself among them.

    Attributes
    ----------
    starts, near
        Shape (n + 1,) and (m,): those near piece i are ``near[starts[i]:starts[i + 1]]``.
    is_same
        Shape (m,): whether the two are of one location.
    """

    starts: Ints
    near: Ints
    is_same: Bools


def find_near(xy: Floats, location: Ints, *, reach_m: float) -> Neighbours:
    """Find what lies within reach of each piece, straight; at the reach is within it.

    Examples
    --------
    >>> found = find_near(np.array([[0.0, 0], [250, 0], [600, 0]]), np.array([1, 1, 2]), reach_m=250.0)
    >>> found.starts.tolist(), found.near.tolist(), found.is_same.tolist()
    ([0, 2, 4, 5], [0, 1, 0, 1, 2], [True, True, True, True, True])
    """
    n = len(xy)
    if not n:
        none = np.zeros(0, dtype=np.int64)
        return Neighbours(np.zeros(1, dtype=np.int64), none, none.astype(bool))
    pairs = cKDTree(xy).query_pairs(reach_m * _WIDER, output_type="ndarray").astype(np.int64)
    # A tree rounds as it likes: what it gives is measured again.
    pairs = pairs[np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) <= reach_m]
    alone = np.arange(n, dtype=np.int64)
    one, other = np.r_[pairs[:, 0], pairs[:, 1], alone], np.r_[pairs[:, 1], pairs[:, 0], alone]
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    return Neighbours(np.searchsorted(one, np.arange(n + 1)).astype(np.int64), other, location[one] == location[other])


def order_of(verdict: Ints, score: Ints, room: Ints) -> Ints:
    """Return the order in which pieces seed clusters: verdict, score, room; the pieces stand by parcel and number.

    Parameters
    ----------
    verdict
        0 is best, shape (n,).
    score
        Whole thousandths; -1 (none is known) comes last, shape (n,).
    room
        Homes, below a million, shape (n,).

    Examples
    --------
    >>> order_of(np.array([1, 0, 0]), np.array([1000, -1, 200]), np.array([9, 9, 9])).tolist()
    [2, 1, 0]
    """
    key = (verdict * _SCORES + (_SCORES - 2 - score)) * _ROOMS + (_ROOMS - 1 - np.minimum(room, _ROOMS - 1))
    # The place of each in its key: all differ, and a plain sort is quicker than one that has to keep ties in order.
    placed = np.sort((key << _PLACE_BITS) | np.arange(len(key), dtype=np.int64))
    return placed & ((1 << _PLACE_BITS) - 1)


@kernel
def _homes_within(seed: int, is_open: Bools, room: Ints, starts: Ints, near: Ints, is_same: Bools) -> int:
    """Return the homes of the open pieces of a seed's own location within its reach."""
    homes = 0
    for k in range(starts[seed], starts[seed + 1]):
        if is_same[k] and is_open[near[k]]:
            homes += room[near[k]]
    return homes


@kernel
def arranged_homes(
    order: Ints,
    is_open: Bools,
    room: Ints,
    starts: Ints,
    near: Ints,
    is_same: Bools,
    minimum: float,
    maximum: float,
) -> int:
    """Place clusters in an order, and return their homes together.

    Parameters
    ----------
    order
        Candidates, best first.
    is_open
        Shape (n,), which pieces are candidates; it is used up.
    room
        Homes, shape (n,).
    starts, near, is_same
        As of :class:`Neighbours`.
    minimum, maximum
        The fewest and the most homes of a cluster.
    """
    total = 0
    for seed in order:
        if not is_open[seed]:
            continue
        homes = _homes_within(seed, is_open, room, starts, near, is_same)
        if homes < minimum:
            is_open[seed] = False
            continue
        total += int(min(float(homes), maximum))
        for k in range(starts[seed], starts[seed + 1]):
            is_open[near[k]] = False
    return total


@kernel
def seeds_of(order: Ints, is_open: Bools, room: Ints, starts: Ints, near: Ints, is_same: Bools, minimum: float) -> Ints:
    """Place clusters in an order, and return of each piece the one that its cluster starts from, -1: it is in none.

    Parameters
    ----------
    order, is_open, room, starts, near, is_same, minimum
        As for `arranged_homes`; the room is the expected one, at which clusters are formed.
    """
    seed_of = np.full(len(room), -1, dtype=np.int64)
    for seed in order:
        if not is_open[seed]:
            continue
        homes = _homes_within(seed, is_open, room, starts, near, is_same)
        if homes < minimum:
            is_open[seed] = False
            continue
        for k in range(starts[seed], starts[seed + 1]):
            if is_same[k] and is_open[near[k]]:
                seed_of[near[k]] = seed
            is_open[near[k]] = False
    return seed_of
