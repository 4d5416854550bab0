"""The stops, routes, trips and frequencies of one feed: what cannot be used is left out, counted and told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from flexsites.errors import Fault
from flexsites.inputs.transit.gtfs_files import GtfsFiles, clock_seconds, read_file, refuse_words, text_frame
from flexsites.tables import Frame

_AGENCY = "agency.txt"
_NO_PLACE = ("UTC", "GMT", "ETC/", "ZULU")
MODES = ("bus", "tram", "metro", "train", "ferry")
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


def mode_of(route_type: str) -> str | None:
    """Return the mode of a GTFS route type, basic or extended; null for what is no regular public transport here.

    Examples
    --------
    >>> [mode_of(t) for t in ("0", "1", "2", "3", "4", "109", "704", "1501", "x")]
    ['tram', 'metro', 'train', 'bus', 'ferry', 'train', 'bus', None, None]
    """
    if not (route_type.isascii() and route_type.isdigit()):
        return None
    number = int(route_type)
    ranges = (mode for (low, high), mode in _EXTENDED.items() if low <= number <= high)
    return _BASIC.get(number) or next(ranges, None)


def leave_out(frame: Frame, is_bad: pd.Series, what: str, files: GtfsFiles, name: str) -> Frame:
    """Leave rows out and say so."""
    if is_bad.any():
        ids = tuple(frame.loc[is_bad].iloc[:3, 0].tolist())
        files.findings.append(Fault(f"{what}, left out", files.where(name), "mend these rows", int(is_bad.sum()), ids))
    return frame.loc[~is_bad].reset_index(drop=True)


def read_stops(files: GtfsFiles, prefix: str) -> Frame:
    """Read the stops, each with the row of its topmost parent."""
    table = read_file(
        files,
        "stops.txt",
        required=("stop_id", "stop_lat", "stop_lon"),
        optional=("stop_name", "location_type", "parent_station"),
    )
    stops = text_frame(table)
    refuse_words(files, "stops.txt", stops["location_type"], ("0", "1", "2", "3", "4"), "location_type")
    for column, short in (("stop_lon", "lon"), ("stop_lat", "lat")):
        stops[short] = pd.to_numeric(stops[column], errors="coerce")
    stops = leave_out(stops, stops["stop_id"].isna(), "stops without an id", files, "stops.txt")
    stops = leave_out(stops, stops["stop_id"].duplicated(), "stops with an id that came before", files, "stops.txt")
    is_off = ~(stops["lon"].between(-180, 180) & stops["lat"].between(-90, 90)) | (
        stops["lon"].eq(0) & stops["lat"].eq(0)
    )
    # Generic nodes and boarding areas may lack coordinates; only a place where one boards matters here.
    stops = leave_out(stops, is_off, "stops without a place on earth", files, "stops.txt")
    index = pd.Index(stops["stop_id"])
    parent = index.get_indexer(pd.Index(stops["parent_station"]))
    lost = pd.Series(stops["parent_station"].notna() & (parent < 0))
    if lost.any():
        files.findings.append(
            Fault("parent stations that do not exist; taken as without", files.where("stops.txt"),
                  "mend these rows", int(lost.sum()), tuple(stops.loc[lost, "stop_id"].head(3)))
        )  # fmt: skip
    root = np.where(parent < 0, np.arange(len(stops)), parent)
    for _ in range(2):  # a boarding area's parent is a platform, whose parent is a station: two steps at most
        root = root[root]
    stops = stops.assign(raw_id=stops["stop_id"], stop_id=prefix + stops["stop_id"], root=root)
    return stops[["raw_id", "stop_id", "stop_name", "lon", "lat", "root"]]


def tell_time_zones(files: GtfsFiles) -> None:
    """Say it where times may not be those of the clock at the stop: GTFS writes them in the zone of the agency."""
    if _AGENCY not in files.members:
        return
    table = text_frame(read_file(files, _AGENCY, required=(), optional=("agency_timezone",)))
    zones = sorted(set(table["agency_timezone"].dropna()))
    if len(zones) > 1 or any(zone.upper().startswith(_NO_PLACE) for zone in zones):
        what = "time zones that are not of one place: times are taken as they are written"
        remedy = "write them in the time of the place (agency_timezone Europe/Amsterdam)"
        files.findings.append(Fault(what, files.where(_AGENCY), remedy, len(zones), tuple(zones[:3])))


def read_routes(files: GtfsFiles, prefix: str) -> Frame:
    """Read the routes, each with its mode, what a traveller calls a line, and what tells one vehicle from another."""
    wanted = ("agency_id", "route_short_name")
    routes = text_frame(read_file(files, "routes.txt", required=("route_id", "route_type"), optional=wanted))
    routes = leave_out(
        routes, routes["route_id"].isna() | routes["route_id"].duplicated(), "double ids", files, "routes.txt"
    )
    routes["mode"] = routes["route_type"].fillna("").map(mode_of).astype("object")
    what = "routes that are no bus, tram, metro, train or ferry on a timetable"
    routes = leave_out(routes, routes["mode"].isna(), what, files, "routes.txt")
    number = routes["agency_id"].fillna("") + "/" + routes["mode"].astype("str") + "/" + routes["route_short_name"]
    is_own = routes["route_short_name"].isna() | (routes["mode"] == "train")
    line = prefix + number.mask(is_own, "route/" + routes["route_id"])
    return pd.DataFrame(
        {
            "raw_id": routes["route_id"],
            "route_id": prefix + routes["route_id"],
            "mode": routes["mode"],
            "line": line.astype("object"),
            "operator": (prefix + routes["agency_id"].fillna("")).astype("object"),
            "name": (prefix + number.fillna("route/" + routes["route_id"])).astype("object"),
        }
    )


def read_trips(files: GtfsFiles, prefix: str, routes: Frame, services: Sequence[str]) -> Frame:
    """Read the trips: the rows of their route and service, and the vehicle (block) that runs them."""
    wanted = ("trip_id", "route_id", "service_id")
    trips = text_frame(read_file(files, "trips.txt", required=wanted, optional=("block_id",)))
    trips = leave_out(
        trips, trips["trip_id"].isna() | trips["trip_id"].duplicated(), "double or no ids", files, "trips.txt"
    )
    trips["route"] = pd.Index(routes["raw_id"]).get_indexer(pd.Index(trips["route_id"]))
    trips["service"] = pd.Index(list(services), dtype="str").get_indexer(pd.Index(prefix + trips["service_id"]))
    trips = leave_out(trips, trips["route"] < 0, "trips of a route that is not read", files, "trips.txt")
    trips = leave_out(trips, trips["service"] < 0, "trips of a service that never runs", files, "trips.txt")
    return pd.DataFrame(
        {
            "raw_id": trips["trip_id"],
            "trip_id": prefix + trips["trip_id"],
            "route": trips["route"].astype("int32"),
            "service": trips["service"].astype("int32"),
            "block": prefix + trips["block_id"],
        }
    )


def read_times(files: GtfsFiles) -> pa.Table:
    """Read the stop times as text."""
    required = ("trip_id", "stop_id", "arrival_time", "departure_time", "stop_sequence")
    optional = ("pickup_type", "drop_off_type")
    return read_file(files, "stop_times.txt", required=required, optional=optional, coded=(*required, *optional))


def read_frequencies(files: GtfsFiles, trips: Frame) -> Frame:
    """Read the trips that run every so often, their spans apart from each other."""
    if "frequencies.txt" not in files.members:
        return pd.DataFrame({name: pd.Series([], dtype="int64") for name in ("trip", "start_s", "end_s", "headway_s")})
    wanted = ("trip_id", "start_time", "end_time", "headway_secs")
    frame = text_frame(read_file(files, "frequencies.txt", required=wanted, optional=("exact_times",)))
    refuse_words(files, "frequencies.txt", frame["exact_times"], ("0", "1"), "exact_times")
    frame["trip"] = pd.Index(trips["raw_id"]).get_indexer(pd.Index(frame["trip_id"]))
    for column, short in (("start_time", "start_s"), ("end_time", "end_s")):
        frame[short] = [clock_seconds(None if pd.isna(text) else text) for text in frame[column]]
    frame["headway_s"] = pd.to_numeric(frame["headway_secs"], errors="coerce").fillna(0)
    frame = leave_out(frame, frame["trip"] < 0, "frequencies of a trip that is not read", files, "frequencies.txt")
    is_bad = (frame["start_s"] < 0) | (frame["end_s"] <= frame["start_s"]) | (frame["headway_s"] < 1)
    frame = leave_out(frame, is_bad, "frequencies without a usable span and headway", files, "frequencies.txt")
    n_loose = int((frame["exact_times"].fillna("0") != "1").sum())
    if n_loose:
        what = "frequencies without exact times, taken to leave every headway from their start"
        files.findings.append(Fault(what, files.where("frequencies.txt"), "none: an assumption", n_loose))
    whole = pd.DataFrame(frame[["trip", "start_s", "end_s", "headway_s"]].astype("int64"))
    apart = spans_apart(whole)
    changed = int((~whole.apply(tuple, axis=1).isin(set(apart.apply(tuple, axis=1)))).sum()) if len(whole) else 0
    if changed:
        what = "frequencies within a span of the same trip that came before: what overlaps is counted once"
        files.findings.append(Fault(what, files.where("frequencies.txt"), "let spans of a trip not overlap", changed))
    return apart


def runs_per_row(frequencies: Frame) -> NDArray[np.int64]:
    """Return how often each row of the frequencies runs: from its start, every headway, before its end."""
    start, end, headway = (frequencies[name].to_numpy(dtype=np.int64) for name in ("start_s", "end_s", "headway_s"))
    return np.asarray(-(-(end - start) // headway), dtype=np.int64)


def spans_apart(frequencies: Frame) -> Frame:
    """Return the frequencies without what lies within a span of the same trip that starts earlier.

    Runs of a row that leave in such a span are left out; the others keep their times.

    Examples
    --------
    >>> rows = {"trip": [0, 0], "start_s": [0, 900], "end_s": [1800, 3600], "headway_s": [600, 600]}
    >>> spans_apart(pd.DataFrame(rows))["start_s"].tolist()
    [0, 2100]
    """
    ordered = frequencies.sort_values(["trip", "start_s", "end_s"], kind="stable", ignore_index=True)
    trip, end = ordered["trip"].to_numpy(), ordered["end_s"].to_numpy()
    start, headway = ordered["start_s"].to_numpy().copy(), ordered["headway_s"].to_numpy()
    is_kept = np.ones(len(ordered), dtype=bool)
    taken = 0
    for i in range(len(ordered)):
        if i == 0 or trip[i] != trip[i - 1]:
            taken = 0
        if start[i] < taken:
            start[i] += -(-(taken - start[i]) // headway[i]) * headway[i]
            is_kept[i] = start[i] < end[i]
        taken = max(taken, int(end[i]))
    return pd.DataFrame(ordered.assign(start_s=start)[is_kept].reset_index(drop=True))
