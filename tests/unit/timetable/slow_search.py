"""An independent search through a timetable: slow, and right at sight. It shares no code with the package.

It reads the GTFS text itself with the csv module, fills times between timepoints itself, and finds the earliest
arrival by going through all trips again and again until nothing changes any more.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Call = tuple[str, int, int]


@dataclass(frozen=True)
class SlowTimetable:
    """Trips of one day as lists of calls (stop, arrival, departure), and where stops are in degrees."""

    trips: list[list[Call]]
    places: dict[str, tuple[float, float]]


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    if name not in archive.namelist():
        return []
    text = io.TextIOWrapper(archive.open(name), encoding="utf-8-sig", newline="")
    return [{k.strip(): (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(text)]


def great_circle(a: tuple[float, float], b: tuple[float, float]) -> float:
    x, y, to_x, to_y = (math.radians(v) for v in (*a, *b))
    half = math.sin((to_y - y) / 2) ** 2 + math.cos(y) * math.cos(to_y) * math.sin((to_x - x) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))


def seconds(text: str) -> int | None:
    if not text:
        return None
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def completed(calls: list[tuple[str, int | None, int | None]], places: dict[str, tuple[float, float]]) -> list[Call]:
    """Fill blanks by distance, from the departure of the timepoint before to the arrival of the one after."""
    times: list[Call | None] = []
    for stop, arrival, departure in calls:
        known = arrival if arrival is not None else departure
        times.append(None if known is None else (stop, known, departure if departure is not None else known))
    known_at = [i for i, call in enumerate(times) if call is not None]
    for before, after in itertools.pairwise(known_at):
        along = [0.0]
        for i in range(before + 1, after + 1):
            along.append(along[-1] + great_circle(places[calls[i - 1][0]], places[calls[i][0]]))
        left, there = times[before][2], times[after][1]
        for i in range(before + 1, after):
            share = along[i - before] / along[-1] if along[-1] > 0 else 0.0
            moment = math.floor(left + share * (there - left) + 0.5)
            times[i] = (calls[i][0], moment, moment)
    return times


def read_day(paths: dict[str, Path], day: dt.date) -> SlowTimetable:
    trips, places = [], {}
    for prefix, path in paths.items():
        with zipfile.ZipFile(path) as archive:
            running = set()
            for row in rows(archive, "calendar.txt"):
                if row[DAYS[day.weekday()]] == "1" and row["start_date"] <= f"{day:%Y%m%d}" <= row["end_date"]:
                    running.add(row["service_id"])
            for row in rows(archive, "calendar_dates.txt"):
                if row["date"] == f"{day:%Y%m%d}":
                    (running.add if row["exception_type"] == "1" else running.discard)(row["service_id"])
            here = {r["stop_id"]: (float(r["stop_lon"]), float(r["stop_lat"])) for r in rows(archive, "stops.txt")}
            wanted = {r["trip_id"] for r in rows(archive, "trips.txt") if r["service_id"] in running}
            calls: dict[str, list[tuple[int, str, int | None, int | None]]] = {}
            for row in rows(archive, "stop_times.txt"):
                if row["trip_id"] in wanted:
                    call = (row["stop_id"], seconds(row["arrival_time"]), seconds(row["departure_time"]))
                    calls.setdefault(row["trip_id"], []).append((int(row["stop_sequence"]), *call))
        for listed in calls.values():
            ordered = [call[1:] for call in sorted(listed, key=lambda call: call[0])]
            trips.append([(f"{prefix}:{s}", a, d) for s, a, d in completed(ordered, here)])
        places |= {f"{prefix}:{stop}": place for stop, place in here.items()}
    return SlowTimetable(trips, places)


def earliest_arrival(
    trips: list[list[Call]],
    access: dict[str, int],
    egress: dict[str, int],
    changes: dict[str, dict[str, int]],
    *,
    leave: int,
    change_s: int,
) -> int | None:
    """Earliest arrival by vehicle; None if there is none. ``changes`` are walks in seconds, without the change time."""
    ready = {stop: leave + walk for stop, walk in access.items()}
    arrived: dict[str, int] = {}
    changed = True
    while changed:
        changed = False
        for trip in trips:
            aboard = False
            for stop, arrival, departure in trip:
                if aboard and arrival < arrived.get(stop, 10**9):
                    arrived[stop] = arrival
                    for other, walk in {**changes.get(stop, {}), stop: 0}.items():
                        at = arrival + walk + change_s
                        if at < ready.get(other, 10**9):
                            ready[other] = at
                            changed = True
                if ready.get(stop, 10**9) <= departure:
                    aboard = True
    reached = [arrived[stop] + walk for stop, walk in egress.items() if stop in arrived]
    return min(reached, default=None)
