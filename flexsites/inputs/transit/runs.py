"""Runs of vehicles: the same one under several ids, and one that runs on as another. Arrays in, arrays out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def first_of_each(
    trip_start: Ints, name: NDArray[np.integer], stop: NDArray[np.integer], *times: NDArray[np.integer]
) -> Ints:
    """Return per run the first that has the same name, stops and times: itself, unless it is there twice.

    Parameters
    ----------
    trip_start
        ``(n + 1,)`` where the events of each run begin.
    name
        ``(n,)`` of the line: runs of two lines are two.
    stop, times
        ``(n_events,)`` stop, arrival and departure.

    Examples
    --------
    >>> start, stops, times = np.array([0, 2, 4, 6]), np.array([1, 2, 1, 2, 1, 2]), np.array([8, 9, 8, 9, 8, 9])
    >>> first_of_each(start, np.array([7, 7, 5]), stops, times, times).tolist()
    [0, 0, 2]
    """
    n, length = len(trip_start) - 1, np.diff(trip_start)
    if n == 0:
        return np.zeros(0, np.int64)
    at = (np.arange(trip_start[-1]) - np.repeat(trip_start[:-1], length)).astype(np.uint64)
    mark = _mixed(at)
    for column in (stop, *times):
        mark = _mixed(mark ^ column.astype(np.int64).view(np.uint64))
    sums = np.add.reduceat(mark, trip_start[:-1])
    order = np.lexsort([np.arange(n), sums, length, name])
    is_new = np.ones(n, dtype=bool)
    is_new[1:] = (np.diff(name[order]) != 0) | (np.diff(length[order]) != 0) | (sums[order][1:] != sums[order][:-1])
    first = np.empty(n, np.int64)
    first[order] = order[np.maximum.accumulate(np.where(is_new, np.arange(n), 0))]
    return _compared(first, trip_start, (stop, *times))


def _compared(first: Ints, trip_start: Ints, columns: tuple[NDArray[np.integer], ...]) -> Ints:
    """Return the same, but themselves for runs that only look like another: marks of 64 bits may agree by chance."""
    double = np.flatnonzero(first != np.arange(len(first)))
    if not len(double):
        return first
    length = np.diff(trip_start)[double]
    starts = np.concatenate([[0], np.cumsum(length)[:-1]])
    step = np.arange(length.sum()) - np.repeat(starts, length)
    ours = np.repeat(trip_start[double], length) + step
    theirs = np.repeat(trip_start[first[double]], length) + step
    is_other = np.any([column[ours] != column[theirs] for column in columns], axis=0)
    differs = np.add.reduceat(is_other.astype(np.int64), starts) > 0
    first[double[differs]] = double[differs]
    return first


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers spread over 64 bits (the finaliser of SplitMix64)."""
    mixed = number + _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
    return mixed ^ (mixed >> np.uint64(31))


def onward_runs(
    trip: Ints,
    shift: Ints,
    block: Ints,
    *,
    ends: tuple[Ints, Ints],
    times: tuple[NDArray[np.int32], NDArray[np.int32]],
    may_stay: Ints,
    may_not_stay: Ints,
) -> Ints:
    """Return which run each runs on as, so that one may stay seated; -1: none.

    Runs of one vehicle (block) follow each other in time; one may stay where the next starts at the place where the
    former ended, unless the feed says no. What the feed says of two trips by themselves goes first.

    Parameters
    ----------
    trip, shift
        ``(n,)`` the trip of each run, and by how many seconds it is moved: runs of one service day follow each other.
    block
        ``(n,)`` the vehicle; -1: not told.
    ends
        ``(n,)`` each: the place where a run starts, and where it ends.
    times
        ``(n,)`` each: when a run arrives at its first stop, and when it leaves its last.
    may_stay, may_not_stay
        ``(m, 2)`` pairs of trips.

    Examples
    --------
    >>> runs, none = np.arange(3), np.zeros((0, 2), np.int64)
    >>> seconds = np.int32([100, 300, 500]), np.int32([200, 400, 600])
    >>> places = np.array([1, 2, 3]), np.array([2, 9, 4])
    >>> told = {"ends": places, "times": seconds, "may_stay": none}
    >>> onward_runs(runs, 0 * runs, np.array([5, 5, 5]), **told, may_not_stay=none).tolist()
    [1, -1, -1]
    >>> onward_runs(runs, 0 * runs, np.array([5, 5, 5]), **told, may_not_stay=np.array([[0, 1]])).tolist()
    [-1, -1, -1]
    """
    (starts_at, ends_at), (arrives, leaves) = ends, times
    onward, has_former = np.full(len(trip), -1, np.int64), np.zeros(len(trip), dtype=bool)
    run_of: dict[tuple[int, int], list[int]] = {}
    for run, key in enumerate(zip(trip.tolist(), shift.tolist(), strict=True)):
        run_of.setdefault(key, []).append(run)
    stated = {(a, b) for a, b in may_stay.tolist()}
    barred = {(a, b) for a, b in may_not_stay.tolist()}
    pairs = [
        (a, b)
        for former, later in sorted(stated)
        for moved in sorted(set(shift.tolist()))
        for a in run_of.get((former, moved), [])[:1]
        for b in run_of.get((later, moved), [])[:1]
    ]
    order = np.lexsort((np.arange(len(trip)), arrives, shift, block))
    order = order[block[order] >= 0]
    pairs += [
        (int(a), int(b))
        for a, b in pairwise(order)
        if block[a] == block[b] and shift[a] == shift[b] and ends_at[a] == starts_at[b]
    ]
    for a, b in pairs:
        is_free = onward[a] < 0 and not has_former[b]
        if a != b and is_free and arrives[b] >= leaves[a] and (int(trip[a]), int(trip[b])) not in barred:
            onward[a], has_former[b] = b, True
    return onward


def joined_trips(trip_start: Ints, onward: Ints) -> tuple[Ints, Ints]:
    """Return the trips with each chain of runs as one: where their events begin, and which events these are.

    Examples
    --------
    >>> start, event = joined_trips(np.array([0, 2, 4, 6]), np.array([2, -1, -1]))
    >>> start.tolist(), event.tolist()
    ([0, 4, 6], [0, 1, 4, 5, 2, 3])
    """
    n = len(onward)
    head, step = np.arange(n), np.zeros(n, np.int64)
    follows = np.zeros(n, dtype=bool)
    follows[onward[onward >= 0]] = True
    for first in np.flatnonzero((onward >= 0) & ~follows).tolist():
        run, place = int(onward[first]), 1
        while run >= 0:
            head[run], step[run] = first, place
            run, place = int(onward[run]), place + 1
    order = np.lexsort([step, head])
    length = np.diff(trip_start)[order]
    begins = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    event = np.repeat(trip_start[:-1][order] - begins[:-1], length) + np.arange(begins[-1])
    is_first = step[order] == 0
    return np.append(begins[:-1][is_first], begins[-1]).astype(np.int64), event.astype(np.int64)
