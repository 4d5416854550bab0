"""Write a synthetic timetable as a GTFS zip that says, wherever GTFS has a place for it, that it is synthetic."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from pyproj import Transformer

from flexsites.tables import CRS, Frame
from flexsites.worlds.timetable import DAY_TYPES, PATTERNS, Pattern, SyntheticTrips, draw_lines, run_lines

PUBLISHER = "flexsites synthetic timetable (invented, not a real service)"
_ROUTE_TYPE = {"bus": 3, "tram": 0, "metro": 1, "train": 2, "ferry": 4}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RUNS = {"weekday": (1, 1, 1, 1, 1, 0, 0), "saturday": (0, 0, 0, 0, 0, 1, 0), "sunday": (0, 0, 0, 0, 0, 0, 1)}
_SHIPPED = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: equal feeds are equal files


def write_synthetic_timetable(
    path: Path,
    stops: Frame,
    *,
    seed: int,
    start_date: dt.date,
    end_date: dt.date,
    day_types: tuple[str, ...] = DAY_TYPES,
    patterns: tuple[Pattern, ...] = PATTERNS,
) -> SyntheticTrips:
    """Invent a timetable on given stops and write it as a GTFS zip.

    Parameters
    ----------
    path
        The zip to write; the same stops, seed and dates give the same bytes.
    stops
        The canonical Stops table, or its columns ``stop_id, mode, stop_name`` and points in EPSG:28992.
    seed
        Draws lines, headways and minutes.
    start_date, end_date
        The period the timetable claims to hold.

    Returns
    -------
    SyntheticTrips
        What was written, for tests that know the answer.
    """
    ordered = stops.sort_values(["stop_id", "mode"], ignore_index=True)
    xy = np.column_stack([ordered.geometry.x, ordered.geometry.y])
    modes = ordered["mode"].to_numpy(dtype=object)
    lines = draw_lines(xy, modes, seed=seed, patterns=patterns)
    trips = run_lines(lines, xy, seed=seed, day_types=day_types, patterns=patterns)
    write_trips(
        path, ordered, trips, version=f"synthetic-{seed}", start_date=start_date, end_date=end_date, patterns=patterns
    )
    return trips


def write_trips(
    path: Path,
    ordered: Frame,
    trips: SyntheticTrips,
    *,
    version: str,
    start_date: dt.date,
    end_date: dt.date,
    patterns: tuple[Pattern, ...] = PATTERNS,
) -> None:
    """Write trips on stops as a GTFS zip, as :func:`write_synthetic_timetable` does; ``ordered`` are the stops."""
    xy = np.column_stack([ordered.geometry.x, ordered.geometry.y])
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(xy[:, 0], xy[:, 1])
    period = (start_date.strftime("%Y%m%d"), end_date.strftime("%Y%m%d"))
    day_types = tuple(DAY_TYPES[number] for number in np.unique(trips.day_type))
    files = {
        "agency.txt": _agency(),
        "calendar.txt": _calendar(day_types, period),
        "feed_info.txt": _feed_info(version, period),
        "routes.txt": _routes(trips, patterns),
        "stop_times.txt": _stop_times(trips, _stop_ids(ordered)),
        "stops.txt": _stops(ordered, lon, lat),
        "trips.txt": _trips(trips),
    }
    _write_zip(path, files)


def _stop_ids(stops: Frame) -> NDArray[np.object_]:
    """Give the ids of the rows; a stop of two modes is two stops in the feed."""
    is_shared = stops["stop_id"].duplicated(keep=False)
    ids = stops["stop_id"].astype("str").where(~is_shared, stops["stop_id"] + "/" + stops["mode"])
    return np.asarray(ids, dtype=object)


def _table(columns: Mapping[str, object]) -> pa.Table:
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _agency() -> pa.Table:
    return _table(
        {
            "agency_id": ["synthetic"],
            "agency_name": [PUBLISHER],
            "agency_url": ["https://example.org/synthetic"],
            "agency_timezone": ["Europe/Amsterdam"],
        }
    )


def _feed_info(version: str, period: tuple[str, str]) -> pa.Table:
    return _table(
        {
            "feed_publisher_name": [PUBLISHER],
            "feed_publisher_url": ["https://example.org/synthetic"],
            "feed_lang": ["nl"],
            "feed_start_date": [period[0]],
            "feed_end_date": [period[1]],
            "feed_version": [version],
        }
    )


def _calendar(day_types: tuple[str, ...], period: tuple[str, str]) -> pa.Table:
    runs = {day: [_RUNS[name][i] for name in day_types] for i, day in enumerate(_WEEKDAYS)}
    n = len(day_types)
    return _table({"service_id": list(day_types), **runs, "start_date": [period[0]] * n, "end_date": [period[1]] * n})


def _stops(stops: Frame, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> pa.Table:
    names = stops["stop_name"] if "stop_name" in stops else stops["stop_id"]
    return _table(
        {
            "stop_id": _stop_ids(stops),
            "stop_name": names.fillna(stops["stop_id"]).to_numpy(dtype=object),
            "stop_lat": lat.round(7),
            "stop_lon": lon.round(7),
        }
    )


def _routes(trips: SyntheticTrips, patterns: tuple[Pattern, ...]) -> pa.Table:
    modes = [patterns[number].mode for number in trips.lines.pattern]
    return _table(
        {
            "route_id": [f"L{line}" for line in range(len(modes))],
            "agency_id": ["synthetic"] * len(modes),
            "route_short_name": [f"S{line}" for line in range(len(modes))],
            "route_long_name": [f"synthetic {mode} {line}" for line, mode in enumerate(modes)],
            "route_type": [_ROUTE_TYPE[mode] for mode in modes],
        }
    )


def _trips(trips: SyntheticTrips) -> pa.Table:
    return _table(
        {
            "route_id": [f"L{line}" for line in trips.line],
            "service_id": np.array(DAY_TYPES, dtype=object)[trips.day_type],
            "trip_id": np.arange(len(trips.line)),
            "trip_headsign": ["synthetic"] * len(trips.line),
            "direction_id": trips.direction,
        }
    )


def _clock(seconds: NDArray[np.int32]) -> pa.Array:
    """Give times as text; each distinct second is written out once."""
    texts = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(int(seconds.max()) + 1)]
    return pa.array(texts).take(pa.array(seconds))


def _stop_times(trips: SyntheticTrips, stop_ids: NDArray[np.object_]) -> pa.Table:
    length = np.diff(trips.trip_start)
    columns = {
        "trip_id": pa.array(np.repeat(np.arange(len(length)), length)),
        "arrival_time": _clock(trips.arrival_s),
        "departure_time": _clock(trips.departure_s),
        "stop_id": pa.array(stop_ids).take(pa.array(trips.stop)),
        "stop_sequence": pa.array(np.arange(trips.trip_start[-1]) - np.repeat(trips.trip_start[:-1], length)),
    }
    return pa.table(columns)


def _write_zip(path: Path, files: Mapping[str, pa.Table]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, table in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _SHIPPED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                options = pa.csv.WriteOptions(quoting_style="needed")
                pa.csv.write_csv(table, stream, options)
