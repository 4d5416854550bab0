"""Door-to-door travel times over a window of departures, and the opportunities within reach.

Times are in whole seconds; ``UNREACHED`` stands for no journey within the limit, and counts as longer than any in a
percentile. Percentiles are by nearest rank, so a value told is the travel time of some departure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flexsites.accessibility.kernels.connection_scan import UNREACHED, Journey, Profile, scan_forward
from flexsites.accessibility.kernels.timetable import Compiled, Legs, Seconds
from flexsites.arrays import FloatArray, IntArray
from flexsites.compiled import kernel


class Ways(NamedTuple):
    """How origins and destinations lie to the stops and to one another.

    ``access`` and ``egress`` walk from each origin to stops, and from stops to each destination (seen from the
    destination); ``direct`` walks from each origin to destinations (in the place of stops); ``weight`` is
    ``(n_destinations,)`` what each counts.
    """

    access: Legs
    egress: Legs
    direct: Legs
    weight: FloatArray


@kernel
def travel_times_by_profile(
    profile: Profile, access: Legs, direct_s: Seconds, leave_s: Seconds, longest_s: int
) -> Seconds:
    """Return the travel time from each origin at each departure to the nearest in time of the destinations.

    Parameters
    ----------
    profile
        To the destinations, from the first departure on.
    access
        Walks from each origin to stops.
    direct_s
        ``(n_origins,)`` walk all the way; ``UNREACHED`` where there is none.
    leave_s
        ``(n_departures,)`` ascending.
    longest_s
        What takes longer is unreached.

    Returns
    -------
    NDArray
        ``(n_origins, n_departures)`` seconds.

    Examples
    --------
    >>> i32 = lambda *v: np.array(v, np.int32)
    >>> profile = Profile(i32(0), i32(600), i32(900), i32(-1))
    >>> access = Legs(np.array([0, 1]), i32(0), i32(120))
    >>> travel_times_by_profile(profile, access, np.full(1, UNREACHED), i32(0, 480, 481), 3600)[0].tolist()
    [900, 420, 2147483647]
    """
    head, departure_s, arrival_s, next_entry = profile
    start, stop, walk_s = access
    taken = np.full((len(start) - 1, len(leave_s)), UNREACHED, np.int32)
    for origin in range(len(taken)):
        for leg in range(start[origin], start[origin + 1]):
            entry = head[stop[leg]]
            for k in range(len(leave_s)):
                ready = leave_s[k] + walk_s[leg]
                while entry != -1 and departure_s[entry] < ready:
                    entry = next_entry[entry]
                if entry == -1:
                    break
                taken[origin, k] = min(taken[origin, k], arrival_s[entry] - leave_s[k])
        for k in range(len(leave_s)):
            taken[origin, k] = min(taken[origin, k], direct_s[origin])
            if taken[origin, k] > longest_s:
                taken[origin, k] = UNREACHED
    return taken


@kernel
def percentiles(taken: Seconds, shares: FloatArray) -> Seconds:
    """Return per row the percentiles by nearest rank: the least value that this share of the row does not exceed.

    Parameters
    ----------
    taken
        ``(n, k)`` seconds, ``UNREACHED`` last.
    shares
        ``(m,)`` in (0, 100].

    Examples
    --------
    >>> percentiles(np.array([[50, 10, 40, 20, 30]], np.int32), np.array([50.0, 80.0, 100.0])).tolist()
    [[30, 40, 50]]
    """
    found = np.empty((len(taken), len(shares)), np.int32)
    for row in range(len(taken)):
        ordered = np.sort(taken[row])
        for i in range(len(shares)):
            found[row, i] = ordered[max(int(np.ceil(shares[i] / 100.0 * len(ordered))), 1) - 1]
    return found


@kernel
def door_to_door(compiled: Compiled, ways: Ways, origin: int, leave_s: Seconds, longest_s: int) -> Seconds:
    """Return the travel time from one origin at each departure to every destination.

    Parameters
    ----------
    compiled
        The timetable.
    ways
        The walks.
    origin
        Which origin.
    leave_s
        ``(n_departures,)``.
    longest_s
        What takes longer is unreached.

    Returns
    -------
    NDArray
        ``(n_destinations, n_departures)`` seconds.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.timetable import Connections
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> ride = Connections(i32(0), i32(1), i32(100), i32(160), i32(0), u8(3))
    >>> own, none = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60)), Legs(np.array([0, 0]), i32(), i32())
    >>> access, egress = Legs(np.array([0, 1]), i32(0), i32(90)), Legs(np.array([0, 1]), i32(1), i32(30))
    >>> compiled, ways = Compiled(ride, own, own, 1), Ways(access, egress, none, np.ones(1))
    >>> door_to_door(compiled, ways, 0, i32(0, 10, 11), 900)[0].tolist()
    [190, 180, 2147483647]
    """
    n_stops, n_destinations = len(compiled.changes.start) - 1, len(ways.egress.start) - 1
    taken = np.full((n_destinations, len(leave_s)), UNREACHED, np.int32)
    access, direct = ways.access, ways.direct
    state = Journey(np.empty(n_stops, np.int32), np.empty(n_stops, np.int32), np.empty(compiled.n_trips, np.bool_))
    for k in range(len(leave_s)):
        state.ready[:] = UNREACHED
        state.arrived[:] = UNREACHED
        state.aboard[:] = False
        for leg in range(access.start[origin], access.start[origin + 1]):
            at = access.stop[leg]
            state.ready[at] = min(state.ready[at], leave_s[k] + access.seconds[leg])
        scan_forward(compiled, state, np.empty(0, np.int32), leave_s[k], leave_s[k] + longest_s)
        _walk_on(ways.egress, state.arrived, leave_s[k], taken[:, k])
        for leg in range(direct.start[origin], direct.start[origin + 1]):
            taken[direct.stop[leg], k] = min(taken[direct.stop[leg], k], direct.seconds[leg])
    return np.where(taken > longest_s, UNREACHED, taken)


@kernel
def _walk_on(egress: Legs, arrived: Seconds, leave_s: int, taken: Seconds) -> None:
    """Walk from the stops that were reached to every destination."""
    for destination in range(len(taken)):
        for leg in range(egress.start[destination], egress.start[destination + 1]):
            at = arrived[egress.stop[leg]]
            if at != UNREACHED:
                taken[destination] = min(taken[destination], at + egress.seconds[leg] - leave_s)


@kernel
def opportunities_within(
    compiled: Compiled, ways: Ways, leave_s: Seconds, cutoff_s: IntArray, share: float
) -> FloatArray:
    """Return per origin the weight of the destinations whose travel time is within each cut-off.

    Parameters
    ----------
    compiled, ways, leave_s
        As in :func:`door_to_door`.
    cutoff_s
        ``(n_cutoffs,)``.
    share
        The percentile of the departures that must be within the cut-off; 50 is the median.

    Returns
    -------
    NDArray
        ``(n_origins, n_cutoffs)``; never less at a longer cut-off.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.timetable import Connections
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> ride = Connections(i32(0), i32(1), i32(100), i32(160), i32(0), u8(3))
    >>> own, none = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60)), Legs(np.array([0, 0]), i32(), i32())
    >>> access, egress = Legs(np.array([0, 1]), i32(0), i32(90)), Legs(np.array([0, 1]), i32(1), i32(30))
    >>> compiled, ways = Compiled(ride, own, own, 1), Ways(access, egress, none, np.array([7.0]))
    >>> opportunities_within(compiled, ways, i32(0, 10), np.array([179, 180]), 50.0).tolist()
    [[0.0, 7.0]]
    """
    n_origins = len(ways.access.start) - 1
    within = np.zeros((n_origins, len(cutoff_s)))
    for origin in range(n_origins):
        told = percentiles(door_to_door(compiled, ways, origin, leave_s, cutoff_s.max()), np.array([share]))
        for destination in range(len(ways.weight)):
            for i in range(len(cutoff_s)):
                if told[destination, 0] <= cutoff_s[i]:
                    within[origin, i] += ways.weight[destination]
    return within
