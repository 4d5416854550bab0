"""The synthetic timetable: on given stops, the same by seed, said to be synthetic, and read back as it was written."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import Transit
from flexsites.inputs.transit.day_trips import day_trips
from flexsites.inputs.transit.gtfs import read_gtfs
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.inputs.transit.timetable import read_service
from flexsites.tables import Frame
from flexsites.worlds.gtfs_zip import write_synthetic_timetable
from flexsites.worlds.timetable import draw_lines

PERIOD = {"start_date": dt.date(2026, 1, 5), "end_date": dt.date(2026, 2, 1)}


@pytest.fixture(scope="module")
def stops() -> Frame:
    """A town of 60 bus stops on bent streets, two stations, and one stop far from all."""
    rng = np.random.default_rng(4)
    grid = np.stack(np.meshgrid(np.arange(10) * 420.0, np.arange(6) * 430.0), axis=-1).reshape(-1, 2)
    xy = np.vstack([grid + rng.uniform(-60, 60, grid.shape), [[9_000.0, 9_000.0]], [[0.0, 0.0], [4_200.0, 0.0]]])
    points = gpd.GeoDataFrame(
        {"id": [f"s{i}" for i in range(63)], "mode": ["bus"] * 61 + ["train"] * 2},
        geometry=shapely.points(np.add(xy, [190_000, 505_000])),
        crs="EPSG:28992",
    )
    table, _ = stops_without_times(points, id_column="id", mode_column="mode")
    return table


def test_every_stop_is_served_and_gets_its_service(stops: Frame, tmp_path: Path) -> None:
    transit = read_model(configs_directory() / "transit.yaml", Transit)
    trips = write_synthetic_timetable(tmp_path / "synthetic.zip", stops, seed=1, **PERIOD)
    service = read_service(tmp_path / "synthetic.zip", transit=transit)
    assert service.findings == ()
    assert set(service.stops["stop_id"]) == set(stops["stop_id"])
    merged = stops.merge(service.stops, on=["stop_id", "mode"])
    assert len(merged) == len(stops)
    assert (merged["geometry_x"].distance(gpd.GeoSeries(merged["geometry_y"], crs=28992)) < 0.05).all()
    assert service.stops["n_departures_day"].sum() == ((trips.day_type == 0) * (np.diff(trips.trip_start) - 1)).sum()
    assert (service.stops["departures_per_hour_weekend"] > 0).all()
    assert (service.stops["departures_per_hour_evening"] > 0).all()


def test_it_says_everywhere_that_it_is_synthetic(stops: Frame, tmp_path: Path) -> None:
    write_synthetic_timetable(tmp_path / "synthetic.zip", stops, seed=1, **PERIOD)
    with zipfile.ZipFile(tmp_path / "synthetic.zip") as archive:
        for name in ("agency.txt", "feed_info.txt", "routes.txt", "trips.txt"):
            assert "synthetic" in archive.read(name).decode()
    assert "synthetic" in str(read_gtfs(tmp_path / "synthetic.zip").publisher)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(stops: Frame, tmp_path: Path) -> None:
    shuffled = stops.sample(frac=1, random_state=3)
    for name, table, seed in (("a", stops, 1), ("b", shuffled, 1), ("c", stops, 2)):
        write_synthetic_timetable(tmp_path / f"{name}.zip", table, seed=seed, **PERIOD)
    first = (tmp_path / "a.zip").read_bytes()
    assert first == (tmp_path / "b.zip").read_bytes()
    assert first != (tmp_path / "c.zip").read_bytes()


def test_what_is_read_is_what_was_written(stops: Frame, tmp_path: Path) -> None:
    trips = write_synthetic_timetable(tmp_path / "synthetic.zip", stops, seed=1, **PERIOD)
    day = day_trips(read_gtfs(tmp_path / "synthetic.zip"), PERIOD["start_date"])
    weekday = trips.day_type == 0
    event = np.repeat(weekday, np.diff(trips.trip_start))
    ids = stops.sort_values(["stop_id", "mode"])["stop_id"].to_numpy()
    written = pd.DataFrame({"stop": ids[trips.stop[event]], "a": trips.arrival_s[event], "d": trips.departure_s[event]})
    read = pd.DataFrame({"stop": day.stop_ids[day.stop], "a": day.arrival_s, "d": day.departure_s})
    columns = ["stop", "a", "d"]
    pd.testing.assert_frame_equal(
        written.sort_values(columns, ignore_index=True),
        read.sort_values(columns, ignore_index=True),
        check_dtype=False,
    )


def test_lines_run_both_ways_without_running_back_in_time(stops: Frame, tmp_path: Path) -> None:
    trips = write_synthetic_timetable(tmp_path / "synthetic.zip", stops, seed=1, **PERIOD)
    inner = np.ones(len(trips.stop) - 1, bool)
    inner[trips.trip_start[1:-1] - 1] = False
    assert (trips.departure_s >= trips.arrival_s).all()
    assert (trips.arrival_s[1:] > trips.departure_s[:-1])[inner].all()
    assert set(trips.direction) == {0, 1}
    assert trips.arrival_s.max() > 24 * 3600


def test_a_single_stop_has_no_line() -> None:
    lines = draw_lines(np.zeros((1, 2)), np.array(["bus"], dtype=object), seed=1)
    assert len(lines.stop) == 0
