"""Searches through a compiled timetable by scanning its connections once, in order of departure.

A journey is: a walk to a stop; rides, with one change between two of them (at the same stop or on foot to another,
never without the change time); a walk from a stop. Earliest arrival scans forward, latest departure scans backward,
and the profile scans backward and keeps, per stop, every departure that is worth taking.

Connection Scan Algorithm: Dibbelt, Pajor, Strasser and Wagner, 2013 (arXiv:1703.05997). That equal or zero running
times do no harm rests on every change taking at least one second.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.accessibility.kernels.timetable import ALIGHT, BOARD, Compiled, Seconds, Walks
from flexsites.compiled import kernel

UNREACHED = np.int32(2**31 - 1)
NEVER = np.int32(-(2**31))


class Profile(NamedTuple):
    """Per stop, the departures worth taking and when each reaches the destinations, as a chain of entries.

    Stop s's first entry is ``head[s]`` (-1: none), entry e's next is ``next_entry[e]`` (-1: last). Along a chain both
    departures and arrivals increase.
    """

    head: NDArray[np.int32]
    departure_s: Seconds
    arrival_s: Seconds
    next_entry: NDArray[np.int32]


class Journey(NamedTuple):
    """The state of a forward search: when one can board at each stop, when a vehicle is there, who is aboard."""

    ready: Seconds
    arrived: Seconds
    aboard: NDArray[np.bool_]


@kernel
def earliest_arrivals(compiled: Compiled, access: Walks, leave_s: int, latest_s: int) -> Seconds:
    """Return when each stop is first reached by vehicle.

    Parameters
    ----------
    compiled
        The timetable.
    access
        Stops to which one walks first.
    leave_s
        When one leaves.
    latest_s
        Nothing that departs later is looked at.

    Returns
    -------
    NDArray
        ``(n_stops,)`` seconds; ``UNREACHED`` where no vehicle gets by ``latest_s``. A stop one walks to is reached
        only if a vehicle brings one there too.

    Examples
    --------
    Two stops, one vehicle at 100 that arrives at 160; who needs 90 seconds to the stop catches it.

    >>> from flexsites.accessibility.kernels.timetable import Connections, Legs
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> ride = Connections(i32(0), i32(1), i32(100), i32(160), i32(0), u8(3))
    >>> own = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60))
    >>> compiled = Compiled(ride, own, own, 1)
    >>> [int(earliest_arrivals(compiled, Walks(i32(0), i32(walk)), 10, 900)[1]) for walk in (90, 91)]
    [160, 2147483647]
    """
    state = _state_at(compiled, access, leave_s)
    scan_forward(compiled, state, np.empty(0, np.int32), leave_s, latest_s)
    return state.arrived


@kernel
def scan_forward(compiled: Compiled, state: Journey, on_foot: Seconds, leave_s: int, latest_s: int) -> int:
    """Ride every connection that can be ridden from ``leave_s`` on, and bring the state up to date.

    Parameters
    ----------
    compiled, state
        The timetable, and where one stands.
    on_foot
        ``(n_stops,)`` walk from each stop to the destinations, ``UNREACHED`` where there is none: the scan ends as soon
        as nothing can reach them earlier. Empty: it goes on to the end.
    leave_s, latest_s
        Nothing that departs earlier or arrives later is ridden.

    Returns
    -------
    int
        When the destinations are reached; ``UNREACHED`` if never, or if none were asked for.

    Examples
    --------
    Nobody is at the stop, so nobody arrives.

    >>> from flexsites.accessibility.kernels.timetable import Connections, Legs
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> ride = Connections(i32(0), i32(1), i32(100), i32(160), i32(0), u8(3))
    >>> own = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60))
    >>> state = Journey(np.full(2, UNREACHED), np.full(2, UNREACHED), np.zeros(1, bool))
    >>> int(scan_forward(Compiled(ride, own, own, 1), state, i32(), 0, 900))
    2147483647
    """
    # Arrays by name outside the loop: taking them out of tuples inside it costs ten times the search.
    departure_stop, arrival_stop, departure_s, arrival_s, trip, flags = compiled.connections
    start, change_stop, change_s = compiled.changes
    ready, arrived, aboard = state
    best, has_destination = int(UNREACHED), len(on_foot) > 0
    for c in range(np.searchsorted(departure_s, np.int32(leave_s)), len(departure_s)):
        if departure_s[c] > latest_s or departure_s[c] >= best:
            break
        if not aboard[trip[c]]:
            if ready[departure_stop[c]] > departure_s[c] or not flags[c] & BOARD:
                continue
            aboard[trip[c]] = True
        stop, arrival = arrival_stop[c], arrival_s[c]
        if arrival >= arrived[stop] or arrival > latest_s or not flags[c] & ALIGHT:
            continue
        arrived[stop] = arrival
        for leg in range(start[stop], start[stop + 1]):
            ready[change_stop[leg]] = min(ready[change_stop[leg]], arrival + change_s[leg])
        if has_destination and on_foot[stop] != UNREACHED:
            best = min(best, int(arrival) + int(on_foot[stop]))
    return best


@kernel
def earliest_arrival(compiled: Compiled, access: Walks, egress: Walks, leave_s: int, latest_s: int) -> int:
    """Return when the first of the destinations is reached; the search ends as soon as that is sure.

    Parameters
    ----------
    compiled
        The timetable.
    access, egress
        Stops to which one walks first, and stops from which one walks to a destination.
    leave_s, latest_s
        When one leaves, and when one must be at the stop before the last walk.

    Returns
    -------
    int
        Seconds; ``UNREACHED`` if no journey with a vehicle gets there.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.timetable import Connections, Legs
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> ride = Connections(i32(0), i32(1), i32(100), i32(160), i32(0), u8(3))
    >>> own = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60))
    >>> compiled, to, on = Compiled(ride, own, own, 1), Walks(i32(0), i32(90)), Walks(i32(1), i32(30))
    >>> [int(earliest_arrival(compiled, to, on, leave, 900)) for leave in (10, 11)]
    [190, 2147483647]
    """
    state = _state_at(compiled, access, leave_s)
    on_foot = np.full(len(state.ready), UNREACHED, np.int32)
    for i in range(len(egress.stop)):
        on_foot[egress.stop[i]] = min(on_foot[egress.stop[i]], egress.seconds[i])
    return scan_forward(compiled, state, on_foot, leave_s, latest_s)


@kernel
def _state_at(compiled: Compiled, access: Walks, leave_s: int) -> Journey:
    """Give the state of one who leaves: ready at the stops one walks to, nowhere arrived."""
    n_stops = len(compiled.changes.start) - 1
    ready, arrived = np.full(n_stops, UNREACHED, np.int32), np.full(n_stops, UNREACHED, np.int32)
    state = Journey(ready, arrived, np.zeros(compiled.n_trips, np.bool_))
    for i in range(len(access.stop)):
        at = access.stop[i]
        ready[at] = min(ready[at], leave_s + access.seconds[i])
    return state


@kernel
def latest_departures(compiled: Compiled, egress: Walks, deadline_s: int, earliest_s: int) -> Seconds:
    """Return, for all stops at once, the latest departure that still reaches a destination by a deadline.

    Parameters
    ----------
    compiled
        The timetable.
    egress
        Stops from which one walks to a destination.
    deadline_s
        When one must be there.
    earliest_s
        Nothing that departs earlier is looked at.

    Returns
    -------
    NDArray
        ``(n_stops,)`` the latest departure of a vehicle to board, in seconds; ``NEVER`` where none will do.

    Examples
    --------
    >>> from flexsites.accessibility.kernels.timetable import Connections, Legs
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> rides = Connections(i32(0, 0), i32(1, 1), i32(100, 200), i32(160, 260), i32(0, 1), u8(3, 3))
    >>> own = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60))
    >>> compiled, egress = Compiled(rides, own, own, 2), Walks(i32(1), i32(30))
    >>> [int(latest_departures(compiled, egress, deadline, 0)[0]) for deadline in (290, 289)]
    [200, 100]
    """
    connections, changes_into = compiled.connections, compiled.changes_into
    n_stops = len(changes_into.start) - 1
    boarded = np.full(n_stops, NEVER, np.int32)
    leave_by = np.full(n_stops, NEVER, np.int32)
    aboard = np.zeros(compiled.n_trips, np.bool_)
    for i in range(len(egress.stop)):
        leave_by[egress.stop[i]] = max(leave_by[egress.stop[i]], deadline_s - egress.seconds[i])
    for c in range(np.searchsorted(connections.departure_s, np.int32(deadline_s), side="right") - 1, -1, -1):
        departure = connections.departure_s[c]
        if departure < earliest_s:
            break
        trip = connections.trip[c]
        if not aboard[trip]:
            if connections.arrival_s[c] > leave_by[connections.arrival_stop[c]] or not connections.flags[c] & ALIGHT:
                continue
            aboard[trip] = True
        stop = connections.departure_stop[c]
        if departure > boarded[stop] and connections.flags[c] & BOARD:
            boarded[stop] = departure
            for leg in range(changes_into.start[stop], changes_into.start[stop + 1]):
                at = changes_into.stop[leg]
                leave_by[at] = max(leave_by[at], departure - changes_into.seconds[leg])
    return boarded


@kernel
def profile_to(  # noqa: C901 - no function is called in its loop
    compiled: Compiled, egress: Walks, earliest_s: int, latest_s: int
) -> Profile:
    """Return, for all stops at once, every departure worth taking to the nearest in time of the destinations.

    Parameters
    ----------
    compiled
        The timetable.
    egress
        Stops from which one walks to a destination; several destinations count as one: the first that is reached.
    earliest_s, latest_s
        Departures from the one; arrivals at a destination by the other.

    Examples
    --------
    A later vehicle that is not overtaken is worth taking; asked at 150 only it is left.

    >>> from flexsites.accessibility.kernels.timetable import Connections, Legs
    >>> i32, u8 = (lambda *v: np.array(v, np.int32)), (lambda *v: np.array(v, np.uint8))
    >>> rides = Connections(i32(0, 0), i32(1, 1), i32(100, 200), i32(160, 260), i32(0, 1), u8(3, 3))
    >>> own = Legs(np.array([0, 1, 2]), i32(0, 1), i32(60, 60))
    >>> profile = profile_to(Compiled(rides, own, own, 2), Walks(i32(1), i32(30)), 0, 900)
    >>> [int(arrival_after(profile, 0, at)) for at in (0, 100, 150)]
    [190, 190, 290]
    """
    # Arrays by name, and no function called in the loop: see scan_forward.
    departure_stop, arrival_stop, departure_s, arrival_s, trip, flags = compiled.connections
    start, change_stop, change_s = compiled.changes
    begin = np.searchsorted(departure_s, np.int32(earliest_s))
    end = np.searchsorted(departure_s, np.int32(latest_s), side="right")
    head, entry_departure = np.full(len(start) - 1, -1, np.int32), np.empty(end - begin, np.int32)
    entry_arrival, next_entry = np.empty(end - begin, np.int32), np.empty(end - begin, np.int32)
    on_foot = np.full(len(start) - 1, UNREACHED, np.int32)
    for i in range(len(egress.stop)):
        on_foot[egress.stop[i]] = min(on_foot[egress.stop[i]], egress.seconds[i])
    by_trip = np.full(compiled.n_trips, UNREACHED, np.int32)
    n = 0
    for c in range(end - 1, begin - 1, -1):
        best = int(by_trip[trip[c]])
        if flags[c] & ALIGHT:
            stop, arrival = arrival_stop[c], int(arrival_s[c])
            if on_foot[stop] != UNREACHED:
                best = min(best, arrival + on_foot[stop])
            for leg in range(start[stop], start[stop + 1]):
                ready = arrival + change_s[leg]
                if ready >= best or ready > latest_s:  # walks run from short to long
                    break
                entry = head[change_stop[leg]]
                while entry != -1 and entry_departure[entry] < ready:
                    entry = next_entry[entry]
                if entry != -1:
                    best = min(best, entry_arrival[entry])
            best = best if best <= latest_s else int(UNREACHED)
            by_trip[trip[c]] = best
        first = head[departure_stop[c]]
        if best == UNREACHED or not flags[c] & BOARD or (first != -1 and entry_arrival[first] <= best):
            continue
        if first != -1 and entry_departure[first] == departure_s[c]:  # the same moment, reaching earlier
            entry_arrival[first] = best
            continue
        entry_departure[n], entry_arrival[n], next_entry[n] = departure_s[c], best, first
        head[departure_stop[c]] = n
        n += 1
    return Profile(head, entry_departure[:n], entry_arrival[:n], next_entry[:n])


@kernel
def arrival_after(profile: Profile, stop: int, moment: int) -> int:
    """Return when the destinations are reached by boarding at a stop from a moment on; ``UNREACHED`` if never.

    Examples
    --------
    >>> i32 = lambda *v: np.array(v, np.int32)
    >>> profile = Profile(i32(0), i32(600), i32(900), i32(-1))
    >>> [int(arrival_after(profile, 0, moment)) for moment in (600, 601)]
    [900, 2147483647]
    """
    entry = profile.head[stop]
    while entry != -1 and profile.departure_s[entry] < moment:
        entry = profile.next_entry[entry]
    return int(UNREACHED if entry == -1 else profile.arrival_s[entry])
