"""The times of a feed's trips: references resolved, bad trips left out, blanks between timepoints filled.

A blank time is filled by the share of the distance (great circle, stop to stop) between the timepoints around it,
rounded to the nearest second, half up.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs_files import GtfsFiles, clock_seconds
from flexsites.tables import Frame

EARTH_RADIUS_M = 6_371_008.8
_FILE = "stop_times.txt"
_BOARDING = (None, "", "0", "1", "2", "3")
_DIGITS = 18


def complete_times(
    raw: pa.Table,
    trips: Frame,
    stops: Frame,
    files: GtfsFiles,
    *,
    fastest_m_s: NDArray[np.float64] | None = None,
    rounding_s: float = 0.0,
) -> Frame:
    """Turn the text of stop_times.txt into numbers, ordered by trip and sequence, without nulls.

    Parameters
    ----------
    raw
        The file's columns as dictionaries.
    trips, stops
        With their ids as in the file in ``raw_id``.
    files
        Whose findings receive what was left out or filled.
    fastest_m_s, rounding_s
        Per trip the speed that it cannot exceed, and how much longer a ride may have lasted than its times say; None:
        no trip is too fast.

    Returns
    -------
    Frame
        ``trip, stop`` (row numbers), ``arrival_s, departure_s`` (seconds), ``is_boarding, is_alighting``.

    Raises
    ------
    InputError
        If no trip with two timed stops is left, a stop_sequence is no whole number (the order of the stops is then not
        known), or a word of boarding is none of GTFS's.
    """
    _refuse_words(raw, files)
    times = _numbers(raw, trips, stops)
    for what, is_bad in (
        ("stop times of a trip that is not read", times["trip"] < 0),
        ("stop times at a stop that is not read", (times["trip"] >= 0) & (times["stop"] < 0)),
    ):
        _note(files, what, int(is_bad.sum()))
    times = times[(times["trip"] >= 0) & (times["stop"] >= 0)]
    times = times.sort_values(["trip", "sequence"], kind="stable")
    is_double = times.duplicated(["trip", "sequence"])
    _note(files, "stop times with a sequence that came before in the trip", int(is_double.sum()))
    times = times[~is_double].reset_index(drop=True)
    times = _drop_untimed(times, trips, files)
    if times.empty:
        what = "no trip with two timed stops is left"
        raise InputError(Fault(what, f"{files.path.name}: {_FILE}", "look at what was left out", None, files.findings))
    times = _fill(times, stops, files)
    times = _drop_backwards(times, trips, files)
    if fastest_m_s is not None:
        times = _drop_too_fast(times, trips, stops, files, fastest_m_s=fastest_m_s, rounding_s=rounding_s)
    return times.drop(columns="sequence").reset_index(drop=True)


def _note(files: GtfsFiles, what: str, count: int, ids: tuple[object, ...] = (), done: str = "left out") -> None:
    if count:
        where = f"{files.path.name}: {_FILE}"
        files.findings.append(Fault(f"{what}, {done}", where, "mend these rows in the feed", count, ids))


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pd.Index]:
    """Per row the number of its text (-1: null), and the distinct texts, stripped."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    texts = [None if text is None else text.strip() for text in array.dictionary.to_pylist()]
    return codes, pd.Index(texts, dtype="object")


def _take(values: NDArray[np.int64], codes: NDArray[np.int64], null: int) -> NDArray[np.int64]:
    return np.append(values, null)[codes]


def _numbers(raw: pa.Table, trips: Frame, stops: Frame) -> Frame:
    columns: dict[str, NDArray[np.generic]] = {}
    for name, column, ids in (("trip", "trip_id", trips["raw_id"]), ("stop", "stop_id", stops["raw_id"])):
        codes, texts = _codes(raw[column])
        columns[name] = _take(pd.Index(ids.astype("object")).get_indexer(texts), codes, -1).astype(np.int32)
    for name, column in (("arrival_s", "arrival_time"), ("departure_s", "departure_time")):
        codes, texts = _codes(raw[column])
        columns[name] = _take(np.array([clock_seconds(t) for t in texts], np.int64), codes, -1).astype(np.int32)
    for name, column in (("is_boarding", "pickup_type"), ("is_alighting", "drop_off_type")):
        codes, texts = _codes(raw[column])
        # 1: not here; 2 and 3 need a call to the operator or the driver, which is no regular service.
        columns[name] = _take(np.array([t in (None, "", "0") for t in texts], np.int64), codes, 1).astype(bool)
    codes, texts = _codes(raw["stop_sequence"])
    columns["sequence"] = _take(np.array([int(t) if _is_sequence(t) else 0 for t in texts], np.int64), codes, 0)
    return pd.DataFrame(columns)


def _is_sequence(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _refuse_words(raw: pa.Table, files: GtfsFiles) -> None:
    """Refuse, all at once, sequences that are no number and words for boarding that GTFS does not list."""
    faults = []
    for column, is_known, what, remedy in (
        ("stop_sequence", _is_sequence, "stop_sequence is no whole number", "number the stops of each trip"),
        ("pickup_type", lambda t: t in _BOARDING, "pickup_type is none of 0 to 3", "write one of these"),
        ("drop_off_type", lambda t: t in _BOARDING, "drop_off_type is none of 0 to 3", "write one of these"),
    ):
        codes, texts = _codes(raw[column])
        is_bad = np.array([not is_known(text) for text in texts], dtype=bool)
        # A blank is the default of boarding, and no sequence at all.
        n_bad = int(np.append(is_bad, not is_known(None))[codes].sum())
        if n_bad:
            words = tuple("(blank)" if text is None else text for text, bad in zip(texts, is_bad, strict=True) if bad)
            faults.append(Fault(what, files.where(_FILE), remedy, n_bad, words[:3]))
    if faults:
        raise InputError(faults)


def _trip_flags(is_marked: NDArray[np.bool_], trip: NDArray[np.int32], n_trips: int) -> NDArray[np.bool_]:
    """Per trip, whether any of its rows is marked."""
    return np.bincount(trip[is_marked], minlength=n_trips) > 0


def _leave_out_trips(times: Frame, is_bad: NDArray[np.bool_], what: str, trips: Frame, files: GtfsFiles) -> Frame:
    ids = tuple(trips["raw_id"].to_numpy()[np.flatnonzero(is_bad)[:3]])
    _note(files, what, int(is_bad.sum()), ids)
    return pd.DataFrame(times[~is_bad[times["trip"].to_numpy()]].reset_index(drop=True))


def _drop_untimed(times: Frame, trips: Frame, files: GtfsFiles) -> Frame:
    """Leave out trips with an unreadable time, fewer than two stops, or no time at an end."""
    n_trips = len(trips)
    is_unreadable = (times[["arrival_s", "departure_s"]] == -2).any(axis=1).to_numpy()  # noqa: PLR2004 - the code
    is_bad = _trip_flags(is_unreadable, times["trip"].to_numpy(), n_trips)
    times = _leave_out_trips(times, is_bad, "trips with a time that is none", trips, files)
    trip = times["trip"].to_numpy()
    count = np.bincount(trip, minlength=n_trips)
    times = _leave_out_trips(times, count == 1, "trips of one stop", trips, files)
    trip = times["trip"].to_numpy()
    is_end = np.ones(len(trip), bool)
    is_end[1:-1] = (trip[1:-1] != trip[:-2]) | (trip[1:-1] != trip[2:])
    is_blank = (times[["arrival_s", "departure_s"]] < 0).all(axis=1).to_numpy()
    is_bad = _trip_flags(is_end & is_blank, trip, n_trips)
    return _leave_out_trips(times, is_bad, "trips without a time at their first or last stop", trips, files)


def great_circle_m(
    lon: NDArray[np.float64], lat: NDArray[np.float64], lon_to: NDArray[np.float64], lat_to: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return great-circle distances in metres between points in degrees.

    Examples
    --------
    >>> great_circle_m(np.array([5.0]), np.array([52.0]), np.array([5.0]), np.array([53.0])).round()
    array([111195.])
    """
    x, y, to_x, to_y = (np.radians(v) for v in (lon, lat, lon_to, lat_to))
    half = np.sin((to_y - y) / 2) ** 2 + np.cos(y) * np.cos(to_y) * np.sin((to_x - x) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half)))


def _fill(times: Frame, stops: Frame, files: GtfsFiles) -> Frame:
    arrival, departure = times["arrival_s"].to_numpy().copy(), times["departure_s"].to_numpy().copy()
    arrival[arrival < 0] = departure[arrival < 0]
    departure[departure < 0] = arrival[departure < 0]
    is_blank = arrival < 0
    if is_blank.any():
        _note(files, "stop times between timepoints", int(is_blank.sum()), done="filled by distance")
        stop, trip = times["stop"].to_numpy(), times["trip"].to_numpy()
        lon, lat = stops["lon"].to_numpy()[stop], stops["lat"].to_numpy()[stop]
        step = np.zeros(len(stop))
        step[1:] = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
        # One long line of all trips, a metre apart: both ends of a trip are timed, so no filling crosses trips.
        step[1:][trip[1:] != trip[:-1]] = 1.0
        along = np.cumsum(step)
        known = ~is_blank
        # Between timepoints the vehicle travels from the departure of one to the arrival of the next.
        before = np.maximum.accumulate(np.where(known, np.arange(len(stop)), 0))[is_blank]
        after = np.minimum.accumulate(np.where(known, np.arange(len(stop)), len(stop) - 1)[::-1])[::-1][is_blank]
        length = along[after] - along[before]
        share = np.divide(along[is_blank] - along[before], length, out=np.zeros(len(before)), where=length > 0)
        filled = np.floor(departure[before] + share * (arrival[after] - departure[before]) + 0.5).astype(np.int32)
        arrival[is_blank] = departure[is_blank] = filled
    return times.assign(arrival_s=arrival, departure_s=departure)


def _drop_backwards(times: Frame, trips: Frame, files: GtfsFiles) -> Frame:
    arrival, departure, trip = (times[c].to_numpy() for c in ("arrival_s", "departure_s", "trip"))
    is_backwards = departure < arrival
    is_backwards[1:] |= (arrival[1:] < departure[:-1]) & (trip[1:] == trip[:-1])
    is_bad = _trip_flags(is_backwards, trip, len(trips))
    return _leave_out_trips(times, is_bad, "trips that run back in time", trips, files)


def _drop_too_fast(
    times: Frame,
    trips: Frame,
    stops: Frame,
    files: GtfsFiles,
    *,
    fastest_m_s: NDArray[np.float64],
    rounding_s: float,
) -> Frame:
    """Leave out trips that go between two stops faster than any vehicle of their mode: their times are none."""
    stop, trip = times["stop"].to_numpy(), times["trip"].to_numpy()
    lon, lat = stops["lon"].to_numpy()[stop], stops["lat"].to_numpy()[stop]
    metres = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    seconds = times["arrival_s"].to_numpy()[1:] - times["departure_s"].to_numpy()[:-1] + rounding_s
    is_too_fast = np.zeros(len(trip), dtype=bool)
    is_too_fast[1:] = (metres > seconds * fastest_m_s[trip[1:]]) & (trip[1:] == trip[:-1])
    is_bad = _trip_flags(is_too_fast, trip, len(trips))
    return _leave_out_trips(times, is_bad, "trips faster than any vehicle of their mode", trips, files)
