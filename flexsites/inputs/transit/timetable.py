"""A timetable as stops with their service: departures per hour per mode in bands, lines, directions, hubs.

A row of the Stops table is a place where one boards, with the service of its whole *stop area* (the station, or both
sides of the road): a traveller at one side also has the buses of the other. So service is never summed over stops.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.config.transit import Transit
from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.day_trips import DayTrips, day_trips
from flexsites.inputs.transit.gtfs import Gtfs, read_gtfs
from flexsites.inputs.transit.gtfs_rows import MODES
from flexsites.inputs.transit.service_days import common_period, ordinary_days, raise_unless_covered
from flexsites.inputs.transit.stop_areas import bearing_deg, n_directions, stop_area_of
from flexsites.inputs.transit.stop_points import rd_points
from flexsites.tables import CRS, Frame, Stops, conform

_HOUR_S = 3600.0
_AT_WEEKENDS = ((5,), (6,))


@dataclass(frozen=True)
class ReferenceDays:
    """The days whose service is counted; null where the feed has no such day."""

    weekday: dt.date
    saturday: dt.date | None
    sunday: dt.date | None


@dataclass(frozen=True)
class Service:
    """What a timetable offers.

    Attributes
    ----------
    stops
        The Stops table.
    days
        The days it was counted on.
    trips
        All trips of the reference weekday's calendar day, those of the night before among them: what
        :func:`flexsites.accessibility.prepare_timetable.prepare_travel` takes as ``trips.arrays()``.
    publisher
        Who published it; null when the feed does not say.
    findings
        What was left out or mended while reading.
    """

    stops: Frame
    days: ReferenceDays
    trips: DayTrips
    publisher: str | None
    findings: tuple[Fault, ...]


def read_service(
    paths: Mapping[str, Path] | Path,
    *,
    transit: Transit,
    reference_date: dt.date | None = None,
    on: dt.date | None = None,
) -> Service:
    """Read one GTFS feed, or several by name, into the canonical Stops table.

    Parameters
    ----------
    paths
        A zip or folder, or several by name.
    transit
        Bands, reference day, hub, stop areas.
    reference_date
        The weekday to count; null: the median ordinary weekday of the feed.
    on
        The day of which the run tells: a feed that ended before it, or begins after it, is told, unless its day was
        chosen; null: no day.

    Raises
    ------
    InputError
        If the feed cannot be used, or nothing runs on the reference day.
    CrsError
        If the stops lie outside the Netherlands.
    """
    gtfs = read_gtfs(paths, speeds=transit.speeds)
    days = choose_days(gtfs, transit=transit, reference_date=reference_date)
    served = count_service(gtfs, days, transit=transit)
    points, outside = rd_points(served["lon"].to_numpy(), served["lat"].to_numpy(), served["stop_id"].to_numpy())
    stops = gpd.GeoDataFrame(served.drop(columns=["lon", "lat"]), geometry=points, crs=CRS)
    stops = stops[points != None].reset_index(drop=True)  # noqa: E711 - elementwise: no point in RD New
    trips = day_trips(gtfs, days.weekday, with_night_before=True)
    of_other_days = [] if on is None or reference_date else _of_other_days(gtfs, on)
    findings = (*gtfs.findings, *outside, *_told(gtfs, trips, transit), *of_other_days)
    return Service(conform(stops, Stops, where="timetable"), days, trips, gtfs.publisher, findings)


def choose_days(gtfs: Gtfs, *, transit: Transit, reference_date: dt.date | None = None) -> ReferenceDays:
    """Choose the weekday, Saturday and Sunday whose service is counted, each the median ordinary day of its kind.

    What is ordinary is told by :class:`flexsites.config.transit.ReferenceDay`: not the busiest day, which an event or a
    day of doubled calendars makes, but one that people may count on.

    Raises
    ------
    InputError
        If no ordinary weekday has service that all feeds cover, or a feed does not cover the date given.
    """
    rule = transit.reference_day
    ordinary, saturday, sunday = ordinary_days(gtfs, kinds=[rule.weekdays, *_AT_WEEKENDS], rule=rule)
    weekday = reference_date or ordinary
    if weekday is None:
        periods = "; ".join(f"{name} runs from {first} to {last}" for name, first, last in gtfs.periods)
        common = "" if common_period(gtfs) or not periods else ", the same for all feeds"
        remedy = f"take a feed with service on working days{common}: {periods or 'this one names no dates'}"
        raise InputError(Fault("no ordinary weekday has service", "timetable", remedy))
    raise_unless_covered(gtfs, weekday)
    return ReferenceDays(weekday, saturday, sunday)


def _told(gtfs: Gtfs, trips: DayTrips, transit: Transit) -> list[Fault]:
    """Return what was done with the feed that changes what it offers."""
    found = []
    if trips.n_double:
        what = f"runs of {trips.service_date} that the feed holds under another id as well, counted once"
        found.append(Fault(what, "timetable", "give each run one id", trips.n_double))
    n_stays = int((trips.onward >= 0).sum())
    if n_stays:
        what = f"runs of {trips.service_date} after which one may stay seated, for the vehicle runs on"
        found.append(Fault(what, "timetable", "none: as the feed says", n_stays))
    years = float(transit.reference_day.open_end_years)
    found += [
        Fault(f"the feed {name} runs from {first} to {last}: dates so far off stand for no start or no end",
              "timetable", "none: the reference day is sought among the other dates")
        for name, first, last in gtfs.periods
        if (last - first).days > 365 * years
    ]  # fmt: skip
    return found


def _of_other_days(gtfs: Gtfs, on: dt.date) -> list[Fault]:
    """Return which feeds do not speak of the day that the run tells of: what runs then they do not know."""
    ended = [
        Fault(f"the feed {name} ends on {last}, before the reference date of the run ({on})", "timetable",
              "fetch it again, or choose a day of it as `reference_date` of the source")
        for name, _, last in gtfs.periods
        if last < on
    ]  # fmt: skip
    ahead = [
        Fault(f"the feed {name} begins on {first}, after the reference date of the run ({on})", "timetable",
              "take one of that time, or choose a day of it as `reference_date` of the source")
        for name, first, _ in gtfs.periods
        if first > on
    ]  # fmt: skip
    return [*ended, *ahead]


def count_service(gtfs: Gtfs, days: ReferenceDays, *, transit: Transit) -> Frame:
    """Count departures, lines and directions per stop area and mode.

    Returns
    -------
    Frame
        The Stops table with ``lon, lat`` instead of geometry, one row per stop and mode that some trip of the feed
        serves; ordered by stop and mode. 0 where nothing leaves on the reference day, null where the feed has no
        day of the kind.
    """
    area = stop_area_of(gtfs.stops, same_name_reach_m=transit.stop_areas.same_name_reach_m.value)
    stop, mode = _served_pairs(gtfs)
    n_keys = (int(area.max()) + 1) * len(MODES)
    key = area[stop] * len(MODES) + mode
    dates = {"weekday": days.weekday, "saturday": days.saturday, "sunday": days.sunday}
    trips = {kind: day_trips(gtfs, day) for kind, day in dates.items() if day is not None}
    line, _ = pd.factorize(gtfs.routes["line"])
    departures = {kind: _departures(day, area, line) for kind, day in trips.items()}
    rows = {
        "stop_id": gtfs.stops["stop_id"].to_numpy()[stop],
        "mode": np.array(MODES, dtype=object)[mode],
        "stop_name": gtfs.stops["stop_name"].to_numpy()[stop],
        "lon": gtfs.stops["lon"].to_numpy()[stop],
        "lat": gtfs.stops["lat"].to_numpy()[stop],
        "n_departures_day": np.bincount(departures["weekday"].key, minlength=n_keys)[key].astype(np.float64),
    }
    for name, band in transit.bands.items():
        spans = [(span.start_h.value * _HOUR_S, span.end_h.value * _HOUR_S) for span in band.spans]
        kinds = [departures.get(kind) for kind in band.days]
        rows[f"departures_per_hour_{name}"] = _per_hour(kinds, spans, n_keys)[key]
    weekday = departures["weekday"]
    rows["n_lines"] = _distinct(weekday.key, weekday.line, n_keys)[key]
    separation = transit.hub.separation_deg.value
    rows["n_directions"] = _directions(weekday, weekday.key, gtfs.stops, n_keys, separation)[key]
    rows["is_hub"] = _hubs(weekday, gtfs.stops, int(area.max()) + 1, transit)[area[stop]]
    return pd.DataFrame(rows).sort_values(["stop_id", "mode"], ignore_index=True)


@dataclass(frozen=True)
class _Departures:
    """Departures of one day, where one may get on: stop area and mode as one key, time, line, last and next stop."""

    key: NDArray[np.int64]
    time_s: NDArray[np.int32]
    line: NDArray[np.int64]
    stop: NDArray[np.int32]
    next_stop: NDArray[np.int32]


def _served_pairs(gtfs: Gtfs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every stop and mode that some trip of the feed serves; the other stops are unused."""
    number = {name: i for i, name in enumerate(MODES)}
    of_route = np.array([number[name] for name in gtfs.routes["mode"]], np.int64)
    of_trip = of_route[gtfs.trips["route"].to_numpy()]
    pairs = np.unique(
        gtfs.stop_times["stop"].to_numpy().astype(np.int64) * len(MODES) + of_trip[gtfs.stop_times["trip"].to_numpy()]
    )
    return pairs // len(MODES), pairs % len(MODES)


def _departures(day: DayTrips, area: NDArray[np.int64], line: NDArray[np.int64]) -> _Departures:
    """Every time a vehicle leaves a stop area where one may get on: once, however many stops it calls at there.

    The last stop there where one may get on counts, with the direction in which the vehicle leaves the area.
    """
    trip_of = np.repeat(np.arange(len(day.route)), np.diff(day.trip_start))
    at = area[day.stop]
    is_new = np.ones(len(at), bool)
    is_new[1:] = (at[1:] != at[:-1]) | (trip_of[1:] != trip_of[:-1])
    visit = np.cumsum(is_new) - 1
    last = np.append(np.flatnonzero(is_new)[1:] - 1, len(at) - 1) if len(at) else np.zeros(0, np.int64)
    is_end = np.zeros(len(at), bool)
    is_end[day.trip_start[1:] - 1] = True
    boarding = np.full(len(last), -1)
    np.maximum.at(boarding, visit[day.is_boarding], np.flatnonzero(day.is_boarding))
    leaves = (boarding >= 0) & ~is_end[last]
    event, out = boarding[leaves], last[leaves]
    trip = trip_of[event]
    key = at[event] * len(MODES) + day.mode[trip]
    return _Departures(key, day.departure_s[event], line[day.route[trip]], day.stop[out], day.stop[out + 1])


def _per_hour(days: list[_Departures | None], spans: list[tuple[float, float]], n_keys: int) -> NDArray[np.float64]:
    """Departures per hour averaged over days and spans; null when a day of the kind is missing."""
    total, hours = np.zeros(n_keys), sum(end - start for start, end in spans) / _HOUR_S
    for day in days:
        if day is None:
            return np.full(n_keys, np.nan)
        for start, end in spans:
            inside = (day.time_s >= start) & (day.time_s < end)
            total += np.bincount(day.key[inside], minlength=n_keys)
    return total / (hours * len(days))


def _distinct(key: NDArray[np.int64], value: NDArray[np.int64], n_keys: int) -> NDArray[np.int64]:
    """How many distinct values each key has."""
    n_values = int(value.max(initial=0)) + 1  # one number per pair sorts far faster than rows of two
    pairs = np.unique(key * n_values + value)
    return np.bincount(pairs // n_values, minlength=n_keys)


def _directions(
    departures: _Departures, key: NDArray[np.int64], stops: Frame, n_keys: int, separation_deg: float
) -> NDArray[np.int64]:
    """In how many directions one leaves each key."""
    n = len(stops)
    steps = departures.stop.astype(np.int64) * n + departures.next_stop
    distinct, which = np.unique(steps, return_inverse=True)
    pairs = np.unique(key * len(distinct) + which)
    group, (here, there) = pairs // len(distinct), np.divmod(distinct[pairs % len(distinct)], n)
    lon, lat = stops["lon"].to_numpy(), stops["lat"].to_numpy()
    bearing = bearing_deg(lon[here], lat[here], lon[there], lat[there])
    order = np.lexsort([bearing, group])
    starts = np.searchsorted(group[order], np.arange(n_keys + 1))
    return np.asarray(n_directions(bearing[order], starts, separation_deg))


def _hubs(departures: _Departures, stops: Frame, n_areas: int, transit: Transit) -> NDArray[np.bool_]:
    """Per stop area, whether the modes of the hub rule together make it one. [R] METHOD 4."""
    rule = transit.hub
    counts = np.isin(departures.key % len(MODES), [MODES.index(mode) for mode in rule.modes])
    chosen = _Departures(*(getattr(departures, name)[counts] for name in _Departures.__dataclass_fields__))
    area = chosen.key // len(MODES)
    n_departures = np.bincount(area, minlength=n_areas)
    n_lines = _distinct(area, chosen.line, n_areas)
    n_ways = _directions(chosen, area, stops, n_areas, rule.separation_deg.value)
    is_hub = (n_departures >= rule.n_departures_day.value) & (n_lines >= rule.n_lines.value)
    return np.asarray(is_hub & (n_ways >= rule.n_directions.value))
