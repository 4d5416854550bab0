"""All trips of one day as arrays: frequencies written out, the same run under two ids once, vehicles that run on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs import Gtfs
from flexsites.inputs.transit.gtfs_rows import MODES, runs_per_row
from flexsites.inputs.transit.runs import first_of_each, joined_trips, onward_runs
from flexsites.inputs.transit.service_days import active_services, common_period

_DAY_S = 86_400


@dataclass(frozen=True)
class DayTrips:
    """All trips that run on one day, frequencies written out.

    Attributes
    ----------
    service_date
        The day.
    stop_ids
        ``(n_stops,)`` ids; ``stop`` counts in them.
    lon, lat
        ``(n_stops,)`` degrees, WGS84.
    station
        ``(n_stops,)`` stops of one number belong to one station, as the feed says (``parent_station``).
    trip_start
        ``(n_trips + 1,)``: the stop events of trip t are ``trip_start[t] : trip_start[t + 1]``.
    stop, arrival_s, departure_s
        ``(n_events,)`` stop and seconds after the start of the service day, in order of travel.
    is_boarding, is_alighting
        ``(n_events,)`` whether one may get on, and off.
    route, mode
        ``(n_trips,)`` row of the feed's routes, and number in :data:`flexsites.inputs.transit.gtfs_rows.MODES`.
    onward
        ``(n_trips,)`` the trip that the same vehicle makes next, so that one may stay seated; -1: none.
    stated
        ``(m,)`` each: from which stop to which a change takes how many seconds; below 0: it is not possible.
    n_double
        How many trips are left out because the feed holds the same run under another id as well.
    """

    service_date: dt.date
    stop_ids: NDArray[np.object_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    station: NDArray[np.int64]
    trip_start: NDArray[np.int64]
    stop: NDArray[np.int32]
    arrival_s: NDArray[np.int32]
    departure_s: NDArray[np.int32]
    is_boarding: NDArray[np.bool_]
    is_alighting: NDArray[np.bool_]
    route: NDArray[np.int32]
    mode: NDArray[np.int8]
    onward: NDArray[np.int64]
    stated: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
    n_double: int

    def arrays(self) -> dict[str, Any]:
        """Give what compiling a timetable takes, by name: trips of one vehicle in which one may stay are one there."""
        names = ("stop", "arrival_s", "departure_s", "is_boarding", "is_alighting")
        trip_start, event = joined_trips(self.trip_start, self.onward)
        moved = {name: getattr(self, name)[event] for name in names}
        about = {"service_date": self.service_date.isoformat(), "stop_ids": self.stop_ids, "stated": self.stated}
        return {**about, "trip_start": trip_start, **moved}


def day_trips(gtfs: Gtfs, day: dt.date, *, with_night_before: bool = False) -> DayTrips:
    """Write out all trips of one day.

    Parameters
    ----------
    gtfs
        The feed.
    day
        The service day; its trips may run past 24:00.
    with_night_before
        Add the trips of the day before that run past 24:00, their times moved back a day, so that the early hours
        of the calendar day are complete. Left out when a service day is counted, or they would count twice.

    Raises
    ------
    InputError
        If nothing runs on that day.
    """
    parts = [_runs(gtfs, day, 0)]
    if with_night_before:
        trip, shift = _runs(gtfs, day - dt.timedelta(days=1), -_DAY_S)
        last = np.zeros(len(gtfs.trips), np.int64)
        last[gtfs.stop_times["trip"].to_numpy()] = gtfs.stop_times["arrival_s"].to_numpy()
        is_late = last[trip] + shift >= 0
        parts.append((trip[is_late], shift[is_late]))
    trip = np.concatenate([part[0] for part in parts])
    shift = np.concatenate([part[1] for part in parts])
    if not len(trip):
        named = common_period(gtfs)
        period = f"the feed runs from {named[0]} to {named[1]}" if named else "the feed names no dates"
        raise InputError(Fault(f"nothing runs on {day}", "timetable", f"choose another reference day: {period}"))
    return _written_out(gtfs, day, trip, shift)


def _runs(gtfs: Gtfs, day: dt.date, shift_s: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the trips of a day and by how many seconds each is moved; a trip with frequencies once per run."""
    times = gtfs.stop_times
    trip_of = times["trip"].to_numpy()
    is_timed = np.zeros(len(gtfs.trips), bool)
    is_timed[trip_of] = True
    runs = np.flatnonzero(is_timed & active_services(gtfs, day)[gtfs.trips["service"].to_numpy()])
    frequencies = gtfs.frequencies[np.isin(gtfs.frequencies["trip"].to_numpy(), runs)]
    if frequencies.empty:
        return runs, np.full(len(runs), shift_s, np.int64)
    repeated = frequencies["trip"].to_numpy()
    first = np.zeros(len(gtfs.trips), np.int64)
    first[trip_of[::-1]] = times["departure_s"].to_numpy()[::-1]
    keep = np.isin(gtfs.frequencies["trip"].to_numpy(), runs)
    n_runs = runs_per_row(gtfs.frequencies)[keep]
    which = np.repeat(np.arange(len(frequencies)), n_runs)
    turn = np.arange(len(which)) - np.repeat(np.cumsum(n_runs) - n_runs, n_runs)
    start = frequencies["start_s"].to_numpy()[which] + turn * frequencies["headway_s"].to_numpy()[which]
    plain = runs[~np.isin(runs, repeated)]
    trip = np.concatenate([plain, repeated[which]])
    shift = np.concatenate([np.zeros(len(plain), np.int64), start - first[repeated[which]]])
    return trip, shift + shift_s


def _written_out(gtfs: Gtfs, day: dt.date, trip: NDArray[np.int64], shift: NDArray[np.int64]) -> DayTrips:
    times = gtfs.stop_times
    trip_start, event = _events(gtfs, trip)
    moved = np.repeat(shift, np.diff(trip_start)).astype(np.int32)
    stop = times["stop"].to_numpy()[event].astype(np.int32)
    arrival, departure = (times[name].to_numpy()[event] + moved for name in ("arrival_s", "departure_s"))
    names = np.unique(gtfs.routes["name"].to_numpy(dtype=str), return_inverse=True)[1]
    route = gtfs.trips["route"].to_numpy()[trip]
    first = first_of_each(trip_start, names[route], stop, arrival, departure)
    is_boarding, is_alighting = (
        _of_any(times[name].to_numpy()[event], trip_start, first) for name in ("is_boarding", "is_alighting")
    )
    is_kept = first == np.arange(len(first))
    kept_event = np.repeat(is_kept, np.diff(trip_start))
    trip_start = np.concatenate([[0], np.cumsum(np.diff(trip_start)[is_kept])]).astype(np.int64)
    stop, arrival, departure = stop[kept_event], arrival[kept_event], departure[kept_event]

    def said(column: str) -> NDArray[np.int32]:
        return gtfs.transfers[column].to_numpy(dtype=np.int32)

    mode_of_route = np.array([MODES.index(name) for name in gtfs.routes["mode"]], np.int8)
    return DayTrips(
        service_date=day,
        stop_ids=gtfs.stops["stop_id"].to_numpy(dtype=object),
        lon=gtfs.stops["lon"].to_numpy(),
        lat=gtfs.stops["lat"].to_numpy(),
        station=gtfs.stops["root"].to_numpy(dtype=np.int64),
        trip_start=trip_start,
        stop=stop,
        arrival_s=arrival,
        departure_s=departure,
        is_boarding=is_boarding[kept_event],
        is_alighting=is_alighting[kept_event],
        route=route[is_kept].astype(np.int32),
        mode=mode_of_route[route[is_kept]],
        onward=_onward(gtfs, trip[is_kept], shift[is_kept], trip_start, (stop, arrival, departure)),
        stated=(said("from_stop"), said("to_stop"), said("seconds")),
        n_double=int((~is_kept).sum()),
    )


def _events(gtfs: Gtfs, trip: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the events of each run begin, and their rows among the stop times."""
    trip_of = gtfs.stop_times["trip"].to_numpy()
    begin = np.searchsorted(trip_of, np.arange(len(gtfs.trips)))
    length = (np.searchsorted(trip_of, np.arange(len(gtfs.trips)), side="right") - begin)[trip]
    trip_start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    return trip_start, np.repeat(begin[trip] - trip_start[:-1], length) + np.arange(trip_start[-1])


def _of_any(flag: NDArray[np.bool_], trip_start: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a flag of events that is true where it is for any of the trips that are the same run."""
    length = np.diff(trip_start)
    at = np.arange(trip_start[-1]) - np.repeat(trip_start[:-1], length) + np.repeat(trip_start[first], length)
    together = np.zeros(len(flag), dtype=bool)
    np.logical_or.at(together, at, flag)
    return together


def _onward(
    gtfs: Gtfs,
    trip: NDArray[np.int64],
    shift: NDArray[np.int64],
    trip_start: NDArray[np.int64],
    events: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
) -> NDArray[np.int64]:
    """Return which run the vehicle of each makes next; trips that run every so often have no vehicle of their own."""
    stop, arrival, departure = events
    block = np.unique(gtfs.trips["block"].fillna("").to_numpy(dtype=str), return_inverse=True)[1]
    is_told = np.array(gtfs.trips["block"].notna(), dtype=bool)
    is_told[np.unique(gtfs.frequencies["trip"].to_numpy(dtype=np.int64))] = False
    root = gtfs.stops["root"].to_numpy(dtype=np.int64)
    last = trip_start[1:] - 1
    stays = gtfs.stays
    pairs = {
        may: stays.loc[stays["may_stay"].to_numpy(dtype=bool) == may, ["from_trip", "to_trip"]].to_numpy(np.int64)
        for may in (True, False)
    }
    return onward_runs(
        trip,
        shift,
        np.where(is_told, block, -1)[trip],
        ends=(root[stop[trip_start[:-1]]], root[stop[last]]),
        times=(arrival[trip_start[:-1]], departure[last]),
        may_stay=pairs[True],
        may_not_stay=pairs[False],
    )
