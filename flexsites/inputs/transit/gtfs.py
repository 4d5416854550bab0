"""A GTFS feed, read and cleaned: stops, lines, trips and their times, services, frequencies.

Whatever cannot be used is left out, counted and told in ``findings``; nothing is left out in silence. Several feeds
become one, their ids prefixed, so that a region with two operators has one timetable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs_files import GtfsFiles, clock_seconds, list_files, read_file, text_frame
from flexsites.inputs.transit.gtfs_times import complete_times
from flexsites.tables import Frame

MODES = ("bus", "tram", "metro", "train", "ferry")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_BASIC = {0: "tram", 1: "metro", 2: "train", 3: "bus", 4: "ferry", 5: "tram", 7: "tram", 11: "bus", 12: "metro"}
_EXTENDED = {
    (100, 117): "train",
    (200, 209): "bus",
    (400, 405): "metro",
    (700, 714): "bus",
    (716, 716): "bus",
    (800, 800): "bus",
    (900, 906): "tram",
    (1000, 1000): "ferry",
    (1200, 1200): "ferry",
    (1400, 1400): "tram",
}


@dataclass(frozen=True)
class Gtfs:
    """A feed in which every reference is a row number.

    Attributes
    ----------
    stops
        ``stop_id, stop_name, lon, lat`` (degrees, WGS84), ``root``: row of the topmost parent (itself without one).
    routes
        ``route_id, mode, line``: what a traveller calls one line, by operator and number; of trains, and of
        routes without a number, each route is a line.
    trips
        ``trip_id, route, service``: rows of the routes and services.
    stop_times
        ``trip, stop, arrival_s, departure_s, is_boarding, is_alighting``, by trip and in order of travel; seconds
        after the start of the service day; no nulls (times between timepoints are filled by distance).
    services
        The service ids.
    calendar
        ``service, monday .. sunday`` (bool), ``start_date, end_date``; empty where the feed has none.
    exceptions
        ``service, date, is_added``; empty where the feed has none.
    frequencies
        ``trip, start_s, end_s, headway_s``; empty where the feed has none.
    periods
        Per feed its name and the first and last date it names: outside them it is silent, which is no "nothing runs".
    publisher
        Who published it, from feed_info, null when it does not say.
    findings
        What was left out or mended, and how many rows.
    """

    stops: Frame
    routes: Frame
    trips: Frame
    stop_times: Frame
    services: NDArray[np.object_]
    calendar: Frame
    exceptions: Frame
    frequencies: Frame
    periods: tuple[tuple[str, dt.date, dt.date], ...]
    publisher: str | None
    findings: tuple[Fault, ...]


def mode_of(route_type: str | None) -> str | None:
    """Return the mode of a GTFS route type, basic or extended; null for what is no regular public transport here.

    Examples
    --------
    >>> [mode_of(t) for t in ("0", "1", "2", "3", "4", "109", "704", "1501", "x")]
    ['tram', 'metro', 'train', 'bus', 'ferry', 'train', 'bus', None, None]
    """
    if route_type is None or not route_type.isdigit():
        return None
    number = int(route_type)
    ranges = (mode for (low, high), mode in _EXTENDED.items() if low <= number <= high)
    return _BASIC.get(number) or next(ranges, None)


def read_gtfs(paths: Mapping[str, Path] | Path) -> Gtfs:
    """Read one feed, or several as one.

    Parameters
    ----------
    paths
        A zip or folder; or several by name, whose ids become ``name:id``.

    Raises
    ------
    InputError
        If a file or column is missing, nothing usable is left, or a feed has neither calendar nor calendar_dates.
    """
    if isinstance(paths, Path):
        return _read_feed(list_files(paths), "")
    return _join([_read_feed(list_files(path), f"{name}:") for name, path in paths.items()])


def _read_feed(files: GtfsFiles, prefix: str) -> Gtfs:
    stops = _stops(files, prefix)
    routes = _routes(files, prefix)
    calendar, exceptions, services = _calendars(files, prefix)
    trips = _trips(files, prefix, routes, services)
    stop_times = complete_times(_raw_times(files), trips, stops, files)
    frequencies = _frequencies(files, trips)
    publisher = None
    if "feed_info.txt" in files.members:
        info = text_frame(read_file(files, "feed_info.txt", required=(), optional=("feed_publisher_name",)))
        publisher = str(info["feed_publisher_name"].iloc[0]) if len(info) and info.notna().iloc[0, 0] else None
    return Gtfs(
        stops=stops.drop(columns="raw_id"),
        routes=routes,
        trips=trips.drop(columns="raw_id"),
        stop_times=stop_times,
        services=np.array(services),
        calendar=calendar,
        exceptions=exceptions,
        frequencies=frequencies,
        periods=_period(prefix.removesuffix(":") or files.path.name, calendar, exceptions),
        publisher=publisher,
        findings=tuple(files.findings),
    )


def _period(name: str, calendar: Frame, exceptions: Frame) -> tuple[tuple[str, dt.date, dt.date], ...]:
    """Return a feed's name with the first and last date that it names; nothing where it names none."""
    named = [calendar["start_date"], calendar["end_date"], exceptions["date"]]
    dates = pd.concat([pd.Series(column, dtype="datetime64[s]") for column in named]).dropna()
    return ((name, dates.min().date(), dates.max().date()),) if len(dates) else ()


def _drop(frame: Frame, is_bad: pd.Series, what: str, files: GtfsFiles, name: str) -> Frame:
    """Leave rows out and say so."""
    if is_bad.any():
        ids = tuple(frame.loc[is_bad].iloc[:3, 0].tolist())
        files.findings.append(
            Fault(f"{what}, left out", f"{files.path.name}: {name}", "mend these rows", int(is_bad.sum()), ids)
        )
    return frame.loc[~is_bad].reset_index(drop=True)


def _stops(files: GtfsFiles, prefix: str) -> Frame:
    table = read_file(
        files,
        "stops.txt",
        required=("stop_id", "stop_lat", "stop_lon"),
        optional=("stop_name", "location_type", "parent_station"),
    )
    stops = text_frame(table)
    for column, short in (("stop_lon", "lon"), ("stop_lat", "lat")):
        stops[short] = pd.to_numeric(stops[column], errors="coerce")
    stops = _drop(stops, stops["stop_id"].isna(), "stops without an id", files, "stops.txt")
    stops = _drop(stops, stops["stop_id"].duplicated(), "stops with an id that came before", files, "stops.txt")
    is_off = ~(stops["lon"].between(-180, 180) & stops["lat"].between(-90, 90)) | (
        stops["lon"].eq(0) & stops["lat"].eq(0)
    )
    # Generic nodes and boarding areas may lack coordinates; only a place where one boards matters here.
    stops = _drop(stops, is_off, "stops without a place on earth", files, "stops.txt")
    index = pd.Index(stops["stop_id"])
    parent = index.get_indexer(pd.Index(stops["parent_station"]))
    lost = pd.Series(stops["parent_station"].notna() & (parent < 0))
    if lost.any():
        files.findings.append(
            Fault("parent stations that do not exist; taken as without", f"{files.path.name}: stops.txt",
                  "mend these rows", int(lost.sum()), tuple(stops.loc[lost, "stop_id"].head(3)))
        )  # fmt: skip
    root = np.where(parent < 0, np.arange(len(stops)), parent)
    for _ in range(2):  # a boarding area's parent is a platform, whose parent is a station: two steps at most
        root = root[root]
    stops = stops.assign(raw_id=stops["stop_id"], stop_id=prefix + stops["stop_id"], root=root)
    return stops[["raw_id", "stop_id", "stop_name", "lon", "lat", "root"]]


def _routes(files: GtfsFiles, prefix: str) -> Frame:
    wanted = ("agency_id", "route_short_name")
    routes = text_frame(read_file(files, "routes.txt", required=("route_id", "route_type"), optional=wanted))
    routes = _drop(
        routes, routes["route_id"].isna() | routes["route_id"].duplicated(), "double ids", files, "routes.txt"
    )
    routes["mode"] = routes["route_type"].map(mode_of).astype("object")
    what = "routes that are no bus, tram, metro, train or ferry on a timetable"
    routes = _drop(routes, routes["mode"].isna(), what, files, "routes.txt")
    number = routes["agency_id"].fillna("") + "/" + routes["mode"].astype("str") + "/" + routes["route_short_name"]
    is_own = routes["route_short_name"].isna() | (routes["mode"] == "train")
    line = prefix + number.mask(is_own, "route/" + routes["route_id"])
    return pd.DataFrame(
        {
            "raw_id": routes["route_id"],
            "route_id": prefix + routes["route_id"],
            "mode": routes["mode"],
            "line": line.astype("object"),
        }
    )


def _dates(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, format="%Y%m%d", errors="coerce")


def _calendars(files: GtfsFiles, prefix: str) -> tuple[Frame, Frame, list[str]]:
    if not {"calendar.txt", "calendar_dates.txt"} & set(files.members):
        where = str(files.path)
        raise InputError(Fault("neither calendar.txt nor calendar_dates.txt", where, "a feed needs one of them"))
    calendar = pd.DataFrame({"service_id": pd.Series([], dtype="str")})
    for name in (*WEEKDAYS, "start_date", "end_date"):
        calendar[name] = pd.Series([], dtype="str")
    exceptions = pd.DataFrame({n: pd.Series([], dtype="str") for n in ("service_id", "date", "exception_type")})
    if "calendar.txt" in files.members:
        wanted = ("service_id", *WEEKDAYS, "start_date", "end_date")
        calendar = text_frame(read_file(files, "calendar.txt", required=wanted))
    if "calendar_dates.txt" in files.members:
        exceptions = text_frame(read_file(files, "calendar_dates.txt", required=tuple(exceptions.columns)))
    calendar["start_date"], calendar["end_date"] = _dates(calendar["start_date"]), _dates(calendar["end_date"])
    exceptions["date"] = _dates(exceptions["date"])
    is_bad = calendar["service_id"].isna() | calendar[["start_date", "end_date"]].isna().any(axis=1)
    calendar = _drop(calendar, is_bad, "services without a readable period", files, "calendar.txt")
    is_bad = (
        exceptions["service_id"].isna() | exceptions["date"].isna() | ~exceptions["exception_type"].isin(["1", "2"])
    )
    exceptions = _drop(exceptions, is_bad, "exceptions without a readable date", files, "calendar_dates.txt")
    services = sorted({*calendar["service_id"], *exceptions["service_id"]})
    for frame in (calendar, exceptions):
        frame["service"] = pd.Index(services, dtype="str").get_indexer(pd.Index(frame["service_id"]))
    for name in WEEKDAYS:
        calendar[name] = calendar[name] == "1"
    exceptions["is_added"] = exceptions["exception_type"] == "1"
    return (
        calendar[["service", *WEEKDAYS, "start_date", "end_date"]],
        exceptions[["service", "date", "is_added"]],
        [prefix + service for service in services],
    )


def _trips(files: GtfsFiles, prefix: str, routes: Frame, services: Sequence[str]) -> Frame:
    trips = text_frame(read_file(files, "trips.txt", required=("trip_id", "route_id", "service_id")))
    trips = _drop(
        trips, trips["trip_id"].isna() | trips["trip_id"].duplicated(), "double or no ids", files, "trips.txt"
    )
    trips["route"] = pd.Index(routes["raw_id"]).get_indexer(pd.Index(trips["route_id"]))
    trips["service"] = pd.Index(list(services), dtype="str").get_indexer(pd.Index(prefix + trips["service_id"]))
    trips = _drop(trips, trips["route"] < 0, "trips of a route that is not read", files, "trips.txt")
    trips = _drop(trips, trips["service"] < 0, "trips of a service that never runs", files, "trips.txt")
    return pd.DataFrame(
        {
            "raw_id": trips["trip_id"],
            "trip_id": prefix + trips["trip_id"],
            "route": trips["route"].astype("int32"),
            "service": trips["service"].astype("int32"),
        }
    )


def _raw_times(files: GtfsFiles) -> pa.Table:
    required = ("trip_id", "stop_id", "arrival_time", "departure_time", "stop_sequence")
    optional = ("pickup_type", "drop_off_type")
    return read_file(files, "stop_times.txt", required=required, optional=optional, coded=(*required, *optional))


def _frequencies(files: GtfsFiles, trips: Frame) -> Frame:
    if "frequencies.txt" not in files.members:
        return pd.DataFrame({name: pd.Series([], dtype="int64") for name in ("trip", "start_s", "end_s", "headway_s")})
    wanted = ("trip_id", "start_time", "end_time", "headway_secs")
    frame = text_frame(read_file(files, "frequencies.txt", required=wanted, optional=("exact_times",)))
    frame["trip"] = pd.Index(trips["raw_id"]).get_indexer(pd.Index(frame["trip_id"]))
    for column, short in (("start_time", "start_s"), ("end_time", "end_s")):
        frame[short] = [clock_seconds(None if pd.isna(text) else text) for text in frame[column]]
    frame["headway_s"] = pd.to_numeric(frame["headway_secs"], errors="coerce").fillna(0)
    frame = _drop(frame, frame["trip"] < 0, "frequencies of a trip that is not read", files, "frequencies.txt")
    is_bad = (frame["start_s"] < 0) | (frame["end_s"] <= frame["start_s"]) | (frame["headway_s"] < 1)
    frame = _drop(frame, is_bad, "frequencies without a usable span and headway", files, "frequencies.txt")
    n_loose = int((frame["exact_times"].fillna("0") != "1").sum())
    if n_loose:
        what = "frequencies without exact times, taken to leave every headway from their start"
        files.findings.append(Fault(what, f"{files.path.name}: frequencies.txt", "none: an assumption", n_loose))
    return pd.DataFrame(frame[["trip", "start_s", "end_s", "headway_s"]].astype("int64"))


def _join(feeds: Sequence[Gtfs]) -> Gtfs:
    """Put feeds below each other, references moved along."""
    if not feeds:
        raise InputError(Fault("no feed was given", "timetable", "name at least one GTFS zip or folder"))

    def below(name: str, **references: str) -> Frame:
        """Return one table of all feeds, its references moved along with the rows they point at."""
        parts, offsets = [], dict.fromkeys(references, 0)
        for feed in feeds:
            frame = getattr(feed, name)
            parts.append(frame.assign(**{column: frame[column] + offsets[column] for column in references}))
            for column, target in references.items():
                offsets[column] += len(getattr(feed, target))
        filled = [part for part in parts if len(part)]
        return pd.DataFrame(pd.concat(filled, ignore_index=True)) if filled else pd.DataFrame(parts[0])

    return Gtfs(
        stops=below("stops", root="stops"),
        routes=below("routes"),
        trips=below("trips", route="routes", service="services"),
        stop_times=below("stop_times", trip="trips", stop="stops"),
        services=np.concatenate([feed.services for feed in feeds]),
        calendar=below("calendar", service="services"),
        exceptions=below("exceptions", service="services"),
        frequencies=below("frequencies", trip="trips"),
        periods=tuple(period for feed in feeds for period in feed.periods),
        publisher="; ".join(sorted({feed.publisher for feed in feeds if feed.publisher})) or None,
        findings=tuple(finding for feed in feeds for finding in feed.findings),
    )
