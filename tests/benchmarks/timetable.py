"""Benchmark: a whole day's timetable on the stops of the Netherlands, searched backward, forward and over a window."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import os
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.accessibility.kernels.connection_scan import UNREACHED, earliest_arrival, latest_departures, profile_to
from flexsites.accessibility.kernels.door_to_door import (
    Ways,
    opportunities_within,
    percentiles,
    travel_times_by_profile,
)
from flexsites.accessibility.kernels.timetable import (
    Legs,
    Timetable,
    Walks,
    compile_timetable,
    make_legs,
    straight_walks,
)
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.tables import Frame
from flexsites.worlds.gtfs_zip import write_trips
from flexsites.worlds.timetable import SyntheticTrips, draw_lines, run_lines
from tests.benchmarks.measuring import PROJECT, Peer, find_peers, interleave, measure_peak
from tests.benchmarks.registry import Comparison, Measurements, Timing, benchmark
from tests.unit.timetable import nigiri

PEERS = (Peer("pynigiri", "pynigiri", "pynigiri"),)
EVENTS_PER_STOP = 95
DAY_END_S, HOUR_S = 30 * 3600, 3600
N_CENTRES, N_SITES, N_ORIGINS, N_QUERIES = 20, 10_000, 10, 100
WINDOW_S = np.arange(7 * HOUR_S, 9 * HOUR_S, 300, dtype=np.int32)


def stops_of_the_country(n: int) -> tuple[Frame, str]:
    """The n stops nearest Utrecht: the real ones where the real data is, else scattered in towns of one mould."""
    folder = Path(os.environ.get("FLEXSITES_TEST_DATA", PROJECT.parent / "shared" / "data")) / "nationwide"
    if folder.exists():
        bus, _ = stops_without_times(
            gpd.read_parquet(folder / "stops_ovapi.parquet"), id_column="stop_id", mode="bus",
            kind_column="location_type", kinds=("0",),
        )  # fmt: skip
        stations = gpd.read_file(folder / "stations_chb.gpkg")
        trains, _ = stops_without_times(stations, id_column="stopplacecode", mode="train")
        stops, origin = pd.concat([bus, trains], ignore_index=True), "real stops"
    else:
        rng = np.random.default_rng(1)
        towns = rng.uniform([60_000, 380_000], [260_000, 580_000], (400, 2))
        xy = towns[rng.integers(0, 400, 48_000)] + rng.normal(0, 3_000, (48_000, 2))
        points = gpd.GeoDataFrame({"id": [f"s{i:05d}" for i in range(48_000)]}, geometry=shapely.points(xy), crs=28992)
        (stops, _), origin = stops_without_times(points, id_column="id", mode="bus"), "synthetic stops"
    away = stops.geometry.distance(shapely.Point(136_000, 456_000))
    return stops.iloc[np.sort(np.argsort(away.to_numpy(), kind="stable")[:n])].reset_index(drop=True), origin


@lru_cache(maxsize=1)
def world(size: int) -> tuple[Frame, SyntheticTrips, Timetable, dict[str, object]]:
    """A weekday of about so many stop events, compiled with changes on foot; and what was made in what time."""
    stops, origin = stops_of_the_country(max(size // EVENTS_PER_STOP, 50))
    xy = np.column_stack([stops.geometry.x, stops.geometry.y])
    start = time.perf_counter()
    trips = run_lines(draw_lines(xy, stops["mode"].to_numpy(object), seed=1), xy, seed=1, day_types=("weekday",))
    drawn = time.perf_counter()
    timetable = compiled(stops, trips, straight_walks(xy, reach_m=400.0, detour=1.3, speed_kmh=4.5))
    notes: dict[str, object] = {
        "stops": f"{len(stops)} {origin}", "trips": len(trips.line), "stop_events": len(trips.stop),
        "connections": len(timetable.connections.trip), "walks_between_stops": len(timetable.changes.stop),
        "world_s": round(drawn - start, 2), "compile_s": round(time.perf_counter() - drawn, 2),
    }  # fmt: skip
    return stops, trips, timetable, notes


def compiled(stops: Frame, trips: SyntheticTrips, walks: Legs) -> Timetable:
    everywhere = np.ones(len(trips.stop), dtype=bool)
    return compile_timetable(
        service_date=nigiri.DAY.isoformat(), stop_ids=stops["stop_id"].to_numpy(dtype=object),
        trip_start=trips.trip_start, stop=trips.stop, arrival_s=trips.arrival_s, departure_s=trips.departure_s,
        is_boarding=everywhere, is_alighting=everywhere, walks=walks, change_s=120,
    )  # fmt: skip


def centres(timetable: Timetable) -> Walks:
    stop = np.random.default_rng(2).integers(0, timetable.n_stops, N_CENTRES).astype(np.int32)
    return Walks(stop, np.full(N_CENTRES, 300, np.int32))


def sites(timetable: Timetable, n: int) -> Legs:
    """Sites with walks to four stops each."""
    rng = np.random.default_rng(3)
    stop = rng.integers(0, timetable.n_stops, 4 * n).astype(np.int32)
    return make_legs(np.repeat(np.arange(n), 4), stop, rng.integers(30, 900, 4 * n).astype(np.int32), n)


def backward(timetable: Timetable) -> np.ndarray:
    return latest_departures(timetable.compiled, centres(timetable), DAY_END_S, 0)


def window(timetable: Timetable) -> np.ndarray:
    profile = profile_to(timetable.compiled, centres(timetable), int(WINDOW_S[0]), int(WINDOW_S[-1]) + 2 * HOUR_S)
    unwalked = np.full(N_SITES, UNREACHED, np.int32)
    taken = travel_times_by_profile(profile, sites(timetable, N_SITES), unwalked, WINDOW_S, 2 * HOUR_S)
    return percentiles(taken, np.array([50.0, 80.0]))


def opportunities(timetable: Timetable) -> np.ndarray:
    egress = sites(timetable, 100)
    none = Legs(np.zeros(N_ORIGINS + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    ways = Ways(sites(timetable, N_ORIGINS), egress, none, np.ones(100))
    return opportunities_within(timetable.compiled, ways, WINDOW_S, np.array([1800, 2700, 3600]), 50.0)


def search_alone(size: int) -> None:
    """What the peak of memory is taken of: a saved timetable, opened and searched."""
    timetable = Timetable.open(saved(size))
    backward(timetable)


def saved(size: int) -> Path:
    return Path(tempfile.gettempdir()) / f"flexsites-benchmark-timetable-{os.getuid()}-{size}"


def kernel_share(size: int) -> dict[str, float]:
    """Open a saved timetable and search it: how much of that is the search itself (compiled before)."""
    search_alone(size)
    start = time.perf_counter()
    opened_timetable = Timetable.open(saved(size))
    compiled_timetable, walks = opened_timetable.compiled, centres(opened_timetable)
    opened = time.perf_counter()
    latest_departures(compiled_timetable, walks, DAY_END_S, 0)
    end = time.perf_counter()
    share = (end - opened) / (end - start)
    return {"open_s": round(opened - start, 5), "kernel_s": round(end - opened, 5), "kernel_share": round(share, 3)}


def against_nigiri(size: int, present: tuple[str, ...]) -> tuple[dict[str, Timing], str]:
    """The same stop-to-stop questions, in whole minutes and without walks between stops; answers must be equal."""
    stops, trips, _, _ = world(size)
    whole = {name: getattr(trips, name) // 60 * 60 for name in ("arrival_s", "departure_s")}
    trips = dataclasses.replace(trips, **whole)
    none = make_legs(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), len(stops))
    timetable = compiled(stops, trips, none)
    rng = np.random.default_rng(4)
    row = rng.integers(0, timetable.n_stops, (N_QUERIES, 2)).astype(np.int32)
    leave = rng.integers(6 * 60, 20 * 60, N_QUERIES)

    def ours() -> list[int | None]:
        found = []
        for (origin, destination), minute in zip(row, leave, strict=True):
            start, end = (Walks(np.array([stop], np.int32), np.zeros(1, np.int32)) for stop in (origin, destination))
            at = earliest_arrival(timetable.compiled, start, end, int(minute) * 60, int(minute + 600) * 60)
            found.append(None if at == UNREACHED else int(at) // 60)
        return found

    contenders = {"flexsites": ours}
    if "pynigiri" in present:
        module = importlib.import_module("pynigiri")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "feed.zip"
            end = nigiri.DAY + dt.timedelta(days=20)
            write_trips(path, stops, trips, version="synthetic", start_date=nigiri.DAY, end_date=end)
            theirs = nigiri.load(module, path)
        pairs = [(str(timetable.stop_ids[a]), str(timetable.stop_ids[b])) for a, b in row]
        contenders["pynigiri"] = lambda: [
            nigiri.earliest_arrival(module, theirs, pair, int(minute), 600)
            for pair, minute in zip(pairs, leave, strict=True)
        ]
    timings = interleave(contenders, repeats=3)
    if "pynigiri" not in timings:
        return timings, "absent"
    mine, theirs = timings["flexsites"].result, timings["pynigiri"].result
    different = [i for i, (a, b) in enumerate(row) if a != b and mine[i] != theirs[i]]
    if different:
        message = f"{len(different)} of {N_QUERIES} arrivals differ from pynigiri's, the first in query {different[0]}"
        raise AssertionError(message)
    return timings, "equal"


@benchmark(name="timetable", sizes=(1_000, 5_000, 50_000, 500_000, 5_000_000), unit="stop events")
def timetable(size: int) -> Measurements:
    """Search a whole day's timetable: backward from 20 centres for all stops at once, forward, and over a window."""
    _, _, table, notes = world(size)
    table.save(saved(size))
    present, absent = find_peers(PEERS)
    peaks = {"flexsites": measure_peak(search_alone, size)}
    versus, difference = against_nigiri(size, present)
    notes["kernel"] = kernel_share(size)
    differences = {"pynigiri": difference} if "pynigiri" in versus else {}
    searched = interleave({"flexsites": lambda: backward(table)}, 5)
    return Measurements(
        (
            Comparison("one backward search, whole day, all stops", searched, peaks),
            Comparison(f"{N_QUERIES} earliest arrivals, stop to stop", versus, absent=absent, differences=differences),
            Comparison(
                f"median and 80th percentile to the nearest centre, 7-9 h, {N_SITES} sites",
                interleave({"flexsites": lambda: window(table)}, 3),
            ),
            Comparison(
                f"opportunities within 30/45/60 min, {len(WINDOW_S)} departures, {N_ORIGINS} sites",
                interleave({"flexsites": lambda: opportunities(table)}, 3),
            ),
        ),
        packages=("numba", "pynigiri"),
        notes=notes,
    )
