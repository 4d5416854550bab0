"""Which services run on which day, the reference day, and all trips of one day as arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs import MODES, WEEKDAYS, Gtfs

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
        ``(n_trips,)`` row of the feed's routes, and number in :data:`flexsites.inputs.transit.gtfs.MODES`.
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

    def arrays(self) -> dict[str, Any]:
        """Give what compiling a timetable takes, by name."""
        names = ("stop_ids", "trip_start", "stop", "arrival_s", "departure_s", "is_boarding", "is_alighting")
        return {"service_date": self.service_date.isoformat(), **{name: getattr(self, name) for name in names}}


def active_services(gtfs: Gtfs, day: dt.date) -> NDArray[np.bool_]:
    """Return per service whether it runs on a day: the weekly calendar, then the exceptions.

    Returns
    -------
    NDArray
        ``(n_services,)``; all False on a day outside the feed.
    """
    is_active = np.zeros(len(gtfs.services), bool)
    stamp = pd.Timestamp(day)
    calendar = gtfs.calendar
    is_within = (calendar["start_date"] <= stamp) & (calendar["end_date"] >= stamp)
    runs = (calendar[WEEKDAYS[day.weekday()]].astype(bool) & is_within).to_numpy(bool)
    is_active[calendar["service"].to_numpy()[runs]] = True
    today = gtfs.exceptions[gtfs.exceptions["date"] == stamp]
    is_added = today["is_added"].to_numpy(bool)
    is_active[today["service"].to_numpy()[is_added]] = True
    is_active[today["service"].to_numpy()[~is_added]] = False
    return is_active


def days_of(gtfs: Gtfs) -> list[dt.date]:
    """Return every date of which all feeds speak: from the latest first to the earliest last that they name."""
    if not gtfs.periods:
        return []
    first, last = max(period[1] for period in gtfs.periods), min(period[2] for period in gtfs.periods)
    return [stamp.date() for stamp in pd.date_range(first, last)]


def raise_unless_covered(gtfs: Gtfs, day: dt.date) -> None:
    """Refuse a day of which a feed says nothing: that none of its trips runs then is not known.

    Raises
    ------
    InputError
        With every feed that does not cover the day.
    """
    faults = [
        Fault(
            f"the feed {name} says nothing about {day}",
            "timetable",
            f"choose a day from {first} to {last}, or take feeds of one period",
        )
        for name, first, last in gtfs.periods
        if not first <= day <= last
    ]
    if faults:
        raise InputError(faults)


def stop_events_per_service(gtfs: Gtfs) -> NDArray[np.float64]:
    """Return how many stop events each service brings on a day it runs, frequencies counted in full."""
    per_trip = np.bincount(gtfs.stop_times["trip"].to_numpy(), minlength=len(gtfs.trips)).astype(np.float64)
    if len(gtfs.frequencies):
        trip = gtfs.frequencies["trip"].to_numpy()
        runs = np.bincount(trip, weights=_n_runs(gtfs), minlength=len(gtfs.trips))
        per_trip[np.unique(trip)] *= runs[np.unique(trip)]
    total = np.bincount(gtfs.trips["service"].to_numpy(), weights=per_trip, minlength=len(gtfs.services))
    return total.astype(np.float64)


def busiest_day(gtfs: Gtfs, *, weekdays: Sequence[int], not_ordinary: Sequence[dt.date] = ()) -> dt.date | None:
    """Return the day with the most stop events among these weekdays; of equals the earliest; null if none runs.

    Parameters
    ----------
    gtfs
        The feed.
    weekdays
        0 is Monday.
    not_ordinary
        Dates that are never chosen.
    """
    events = stop_events_per_service(gtfs)
    best, best_events = None, 0.0
    for day in days_of(gtfs):
        if day.weekday() in weekdays and day not in not_ordinary:
            total = float(events[active_services(gtfs, day)].sum())
            if total > best_events:
                best, best_events = day, total
    return best


def _n_runs(gtfs: Gtfs) -> NDArray[np.float64]:
    """How often each row of the frequencies runs: from its start, every headway, before its end."""
    start, end, headway = (gtfs.frequencies[name].to_numpy() for name in ("start_s", "end_s", "headway_s"))
    return np.asarray(-(-(end - start) // headway), dtype=np.float64)


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
        days = days_of(gtfs)
        period = f"the feed runs from {days[0]} to {days[-1]}" if days else "the feed names no dates"
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
    n_runs = _n_runs(gtfs)[keep].astype(np.int64)
    which = np.repeat(np.arange(len(frequencies)), n_runs)
    turn = np.arange(len(which)) - np.repeat(np.cumsum(n_runs) - n_runs, n_runs)
    start = frequencies["start_s"].to_numpy()[which] + turn * frequencies["headway_s"].to_numpy()[which]
    plain = runs[~np.isin(runs, repeated)]
    trip = np.concatenate([plain, repeated[which]])
    shift = np.concatenate([np.zeros(len(plain), np.int64), start - first[repeated[which]]])
    return trip, shift + shift_s


def _written_out(gtfs: Gtfs, day: dt.date, trip: NDArray[np.int64], shift: NDArray[np.int64]) -> DayTrips:
    times = gtfs.stop_times
    trip_of = times["trip"].to_numpy()
    begin = np.searchsorted(trip_of, np.arange(len(gtfs.trips)))
    count = np.searchsorted(trip_of, np.arange(len(gtfs.trips)), side="right") - begin
    length = count[trip]
    trip_start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    event = np.repeat(begin[trip] - trip_start[:-1], length) + np.arange(trip_start[-1])
    moved = np.repeat(shift, length).astype(np.int32)
    route = gtfs.trips["route"].to_numpy()[trip]
    mode_number = {name: i for i, name in enumerate(MODES)}
    mode_of_route = np.array([mode_number[name] for name in gtfs.routes["mode"]], np.int8)
    return DayTrips(
        service_date=day,
        stop_ids=gtfs.stops["stop_id"].to_numpy(dtype=object),
        lon=gtfs.stops["lon"].to_numpy(),
        lat=gtfs.stops["lat"].to_numpy(),
        station=gtfs.stops["root"].to_numpy(dtype=np.int64),
        trip_start=trip_start,
        stop=times["stop"].to_numpy()[event].astype(np.int32),
        arrival_s=times["arrival_s"].to_numpy()[event] + moved,
        departure_s=times["departure_s"].to_numpy()[event] + moved,
        is_boarding=times["is_boarding"].to_numpy()[event],
        is_alighting=times["is_alighting"].to_numpy()[event],
        route=route.astype(np.int32),
        mode=mode_of_route[route],
    )
