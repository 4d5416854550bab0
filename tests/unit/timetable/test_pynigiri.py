"""Earliest arrivals equal those of pynigiri, an independent router, where both answer the same question."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.accessibility.kernels.connection_scan import UNREACHED, earliest_arrivals
from flexsites.accessibility.kernels.timetable import Walks, compile_timetable, make_legs
from flexsites.inputs.transit.day_trips import day_trips
from flexsites.inputs.transit.gtfs import read_gtfs
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.worlds.gtfs_zip import write_trips
from flexsites.worlds.timetable import draw_lines, run_lines
from tests.unit.timetable import nigiri

N_STOPS, LONGEST_MIN = 300, 600


def test_earliest_arrivals_equal_those_of_pynigiri(tmp_path: Path) -> None:
    module = pytest.importorskip("pynigiri")
    rng = np.random.default_rng(11)
    points = shapely.points(rng.uniform([150_000, 450_000], [159_000, 459_000], (N_STOPS, 2)))
    bare = gpd.GeoDataFrame({"id": [f"s{i:04d}" for i in range(N_STOPS)]}, geometry=points, crs="EPSG:28992")
    stops, _ = stops_without_times(bare, id_column="id", mode="bus")
    xy = np.column_stack([stops.geometry.x, stops.geometry.y])
    trips = run_lines(draw_lines(xy, stops["mode"].to_numpy(object), seed=1), xy, seed=1, day_types=("weekday",))
    whole = {name: getattr(trips, name) // 60 * 60 for name in ("arrival_s", "departure_s")}  # nigiri knows minutes
    period = {"start_date": nigiri.DAY - dt.timedelta(days=1), "end_date": nigiri.DAY + dt.timedelta(days=20)}
    write_trips(tmp_path / "feed.zip", stops, dataclasses.replace(trips, **whole), version="synthetic", **period)
    none = make_legs(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), N_STOPS)
    day = day_trips(read_gtfs(tmp_path / "feed.zip"), nigiri.DAY)
    timetable = compile_timetable(**day.arrays(), walks=none, change_s=120)
    theirs = nigiri.load(module, tmp_path / "feed.zip")
    n_reached = 0
    for _ in range(200):
        origin, destination = rng.choice(N_STOPS, 2, replace=False)
        leave = int(rng.integers(6 * 60, 20 * 60))
        pair = (f"s{origin:04d}", f"s{destination:04d}")
        start = Walks(timetable.rows_of(np.array(pair[:1], object)).astype(np.int32), np.zeros(1, np.int32))
        arrivals = earliest_arrivals(timetable.compiled, start, leave * 60, (leave + LONGEST_MIN) * 60)
        found = arrivals[timetable.rows_of(np.array(pair[1:], object))[0]]
        expected = nigiri.earliest_arrival(module, theirs, pair, leave, LONGEST_MIN)
        assert (None if found == UNREACHED else found // 60) == expected
        n_reached += expected is not None
    assert n_reached > 150
