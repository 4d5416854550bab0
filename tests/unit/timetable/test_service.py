"""From a timetable to the Stops table, and stops without a timetable."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import Transit
from flexsites.errors import CrsError, InputError
from flexsites.inputs.transit.stop_points import rd_points, stops_without_times
from flexsites.inputs.transit.timetable import read_service
from tests.conftest import real_data
from tests.unit.timetable import feeds

MONDAY = dt.date(2026, 1, 5)


@pytest.fixture(scope="module")
def transit() -> Transit:
    return read_model(configs_directory() / "transit.yaml", Transit)


def test_a_row_per_stop_and_mode_that_is_served(tmp_path: Path, transit: Transit) -> None:
    service = read_service(feeds.write_zip(tmp_path), transit=transit)
    assert service.days.weekday == MONDAY, "Wednesday has an extra trip: it is the busiest day, and no ordinary one"
    assert list(zip(service.stops["stop_id"], service.stops["mode"], strict=True)) == [
        ("A", "bus"), ("B1", "bus"), ("B1", "train"), ("B2", "bus"), ("C", "bus"), ("C", "train"),
    ]  # fmt: skip
    assert service.stops.crs.to_epsg() == 28992


def test_the_service_is_that_of_the_whole_stop_area(tmp_path: Path, transit: Transit) -> None:
    service = read_service(feeds.write_zip(tmp_path), transit=transit, reference_date=MONDAY)
    stops = service.stops.set_index(["stop_id", "mode"])
    for platform in ("B1", "B2"):
        row = stops.loc[(platform, "bus")]
        assert row["n_departures_day"] == 2
        assert row["n_directions"] == 2
        assert row["n_lines"] == 1
        assert row["departures_per_hour_peak"] == 2 / 4
        assert row["departures_per_hour_day"] == 2 / 14
        assert row["departures_per_hour_evening"] == 0


def test_a_last_stop_is_no_departure(tmp_path: Path, transit: Transit) -> None:
    stops = read_service(feeds.write_zip(tmp_path), transit=transit, reference_date=MONDAY).stops
    assert list(stops.loc[stops["stop_id"] == "C", "n_departures_day"]) == [1, 0]


def test_no_service_on_the_day_is_zero_not_unknown(tmp_path: Path, transit: Transit) -> None:
    stops = read_service(feeds.write_zip(tmp_path), transit=transit, reference_date=MONDAY).stops
    train = stops[(stops["stop_id"] == "B1") & (stops["mode"] == "train")].iloc[0]
    assert train["n_departures_day"] == 0
    # One train on Saturday and one on Sunday between 9 and 20 h: two departures in 22 hours.
    assert train["departures_per_hour_weekend"] == pytest.approx(2 / 22)


def test_no_weekend_in_the_feed_is_null_not_zero(tmp_path: Path, transit: Transit) -> None:
    calendar = feeds.CALENDAR.replace("0,0,0,0,0,1,1", "0,0,0,0,0,1,0")
    stops = read_service(feeds.write_zip(tmp_path, calendar_txt=calendar), transit=transit).stops
    assert stops["departures_per_hour_weekend"].isna().all()


def test_feeds_without_a_day_in_common_are_refused(tmp_path: Path, transit: Transit) -> None:
    one = feeds.write_zip(tmp_path, "one.zip")
    later = feeds.CALENDAR.replace("20260105,20260111", "20260202,20260208")
    two = feeds.write_zip(tmp_path, "two.zip", calendar_txt=later, calendar_dates_txt=None)
    with pytest.raises(InputError, match=r"the same for all feeds: n runs from 2026-01-05 to 2026-01-11; s runs from"):
        read_service({"n": one, "s": two}, transit=transit)
    with pytest.raises(InputError, match="the feed s says nothing about 2026-01-05"):
        read_service({"n": one, "s": two}, transit=transit, reference_date=MONDAY)


def test_kings_day_is_no_ordinary_weekday(tmp_path: Path, transit: Transit) -> None:
    """Extra trips on Koningsdag 2026, a Monday: not chosen, though the earliest."""
    calendar = feeds.CALENDAR.replace("20260105,20260111", "20260427,20260503")
    extra = "service_id,date,exception_type\nextra,20260427,1\n"
    path = feeds.write_zip(tmp_path, calendar_txt=calendar, calendar_dates_txt=extra)
    assert read_service(path, transit=transit).days.weekday == dt.date(2026, 4, 28)


def test_a_vehicle_that_calls_twice_in_a_stop_area_leaves_it_once(tmp_path: Path, transit: Transit) -> None:
    """It calls at both platforms of the station; of two trips one ends there, and boarding it leads nowhere."""
    times = feeds.STOP_TIMES.replace("east,08:15:00", "east,08:07:00,08:08:00,B2,3\neast,08:15:00").replace(
        "C,3\nwest", "C,4\nwest"
    )
    times = times.replace("west,17:50:00,17:50:00,A,30", "west,17:43:00,17:43:00,B1,30")
    path = feeds.write_zip(tmp_path, stop_times_txt=times)
    stops = read_service(path, transit=transit, reference_date=MONDAY).stops.set_index(["stop_id", "mode"])
    for platform in ("B1", "B2"):
        assert stops.loc[(platform, "bus"), "n_departures_day"] == 1
        assert stops.loc[(platform, "bus"), "n_directions"] == 1
    no_boarding = (
        times.replace("stop_sequence", "stop_sequence,pickup_type", 1).replace("\n", ",\n").replace("type,\n", "type\n")
    )
    no_boarding = no_boarding.replace("B2,3,", "B2,3,1")
    path = feeds.write_zip(tmp_path, "other.zip", stop_times_txt=no_boarding)
    stops = read_service(path, transit=transit, reference_date=MONDAY).stops.set_index(["stop_id", "mode"])
    assert stops.loc[("B2", "bus"), "n_departures_day"] == 1, "who got on at the other platform leaves too"


def test_stops_of_one_name_across_the_road_are_one_area(tmp_path: Path, transit: Transit) -> None:
    alone = feeds.STOPS.replace(",0,S\n", ",0,\n").replace(" perron 1", "").replace(" perron 2", "")
    stops = read_service(feeds.write_zip(tmp_path, stops_txt=alone), transit=transit, reference_date=MONDAY).stops
    assert list(stops.loc[stops["stop_id"].isin(["B1", "B2"]) & (stops["mode"] == "bus"), "n_departures_day"]) == [2, 2]
    apart = alone.replace("B2,Station,52.1600,5.3901", "B2,Station,52.1600,5.3999")
    stops = read_service(feeds.write_zip(tmp_path, stops_txt=apart), transit=transit, reference_date=MONDAY).stops
    assert list(stops.loc[stops["stop_id"].isin(["B1", "B2"]) & (stops["mode"] == "bus"), "n_departures_day"]) == [1, 1]


def hub_feed(folder: Path, *, n_lines: int, n_trips: int, n_ways: int) -> Path:
    """Write lines that leave one stop in some directions, some trips each."""
    ends = [(52.17, 5.39), (52.16, 5.41), (52.15, 5.39), (52.16, 5.37)][:n_ways]
    stops = "stop_id,stop_name,stop_lat,stop_lon\nhub,Hub,52.16,5.39\n"
    stops += "".join(f"e{i},end {i},{lat},{lon}\n" for i, (lat, lon) in enumerate(ends))
    routes, trips, times = (
        "route_id,route_type\n",
        "route_id,service_id,trip_id\n",
        feeds.STOP_TIMES.splitlines()[0] + "\n",
    )
    for line in range(n_lines):
        routes += f"l{line},3\n"
        for trip in range(n_trips):
            trips += f"l{line},wk,l{line}-{trip}\n"
            clock = f"{6 + trip // 6:02d}:{trip % 6 * 10:02d}:00"
            times += f"l{line}-{trip},{clock},{clock},hub,1\nl{line}-{trip},23:00:00,23:00:00,e{line % n_ways},2\n"
    return feeds.write_zip(folder, stops_txt=stops, routes_txt=routes, trips_txt=trips, stop_times_txt=times,
                           calendar_dates_txt=None)  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((8, 19, 3), True), ((7, 30, 3), False), ((8, 18, 3), False), ((8, 19, 2), False), ((10, 15, 4), True)],
)
def test_a_hub_needs_lines_departures_and_directions(
    tmp_path: Path, transit: Transit, shape: tuple[int, int, int], *, expected: bool
) -> None:
    n_lines, n_trips, n_ways = shape
    stops = read_service(hub_feed(tmp_path, n_lines=n_lines, n_trips=n_trips, n_ways=n_ways), transit=transit).stops
    row = stops[stops["stop_id"] == "hub"].iloc[0]
    assert (row["n_lines"], row["n_departures_day"], row["n_directions"]) == (n_lines, n_lines * n_trips, n_ways)
    assert bool(row["is_hub"]) is expected
    assert not stops.loc[stops["stop_id"] != "hub", "is_hub"].any()


def test_a_line_of_several_routes_is_one_line(tmp_path: Path, transit: Transit) -> None:
    """Eight routes with two numbers are two lines, so no hub; the same number of another operator is another line."""
    path = hub_feed(tmp_path, n_lines=8, n_trips=19, n_ways=3)
    for numbers, n_lines in (([1, 2] * 4, 2), (range(8), 8)):
        named = "route_id,route_type,agency_id,route_short_name\n"
        named += "".join(f"l{i},3,op,{number}\n" for i, number in enumerate(numbers))
        named = named.replace("l7,3,op,", "l7,3,other,")
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / f"{n_lines}.zip", "w") as new:
            for name in old.namelist():
                new.writestr(name, named if name == "routes.txt" else old.read(name))
        stops = read_service(tmp_path / f"{n_lines}.zip", transit=transit).stops
        row = stops[stops["stop_id"] == "hub"].iloc[0]
        assert row["n_lines"] == n_lines + (n_lines == 2)
        assert bool(row["is_hub"]) is (n_lines == 8)


def test_degrees_become_rd_new() -> None:
    # The tower of Westertoren, Amsterdam: RD (120700, 487525) within some metres.
    points, findings = rd_points(np.array([4.8838]), np.array([52.3745]), np.array(["w"], dtype=object))
    assert findings == ()
    assert shapely.distance(points[0], shapely.Point(120_700, 487_525)) < 60


def test_stops_without_times_have_unknown_service() -> None:
    points = gpd.GeoDataFrame(
        {
            "id": ["a", "a", "b", None, "c"],
            "kind": ["0", "0", "1", "0", "0"],
            "m": ["bus", "bus", "bus", "bus", "rail"],
        },
        geometry=[*shapely.points([(155_000, 463_000)] * 4), None],
        crs="EPSG:28992",
    )
    stops, findings = stops_without_times(
        points, id_column="id", mode_column="m", modes={"bus": "bus", "rail": "train"}, kind_column="kind", kinds=("0",)
    )
    assert list(stops["stop_id"]) == ["a"]
    assert stops[[c for c in stops.columns if c.startswith(("n_", "departures", "is_hub"))]].isna().all(axis=None)
    assert [finding.count for finding in findings] == [1, 1, 1, 1]


def test_a_mode_that_is_not_told_is_an_error_not_a_guess() -> None:
    points = gpd.GeoDataFrame({"id": ["a"], "m": ["hovercraft"]}, geometry=[shapely.Point(155e3, 463e3)], crs=28992)
    with pytest.raises(InputError, match="hovercraft"):
        stops_without_times(points, id_column="id", mode_column="m", modes={"bus": "bus"})
    with pytest.raises(InputError, match="columns missing: x"):
        stops_without_times(points, id_column="x", mode="bus")
    with pytest.raises(InputError, match="the mode is not told"):
        stops_without_times(points, id_column="id")
    with pytest.raises(CrsError):
        stops_without_times(points.set_crs(4326, allow_override=True), id_column="id", mode="bus")


def test_the_stops_of_the_country_that_have_no_times() -> None:
    stops = gpd.read_parquet(real_data("nationwide/stops_ovapi.parquet"))
    table, findings = stops_without_times(
        stops, id_column="stop_id", mode="bus", name_column="stop_name", kind_column="location_type", kinds=("0",)
    )
    assert len(table) == 48_009
    assert [finding.count for finding in findings] == [15_216]
    stations = gpd.read_file(real_data("nationwide/stations_chb.gpkg"))
    trains, _ = stops_without_times(stations, id_column="stopplacecode", mode="train", name_column="publicname")
    assert len(trains) == 405
    streets = gpd.read_file(real_data("rotterdam/rotterdam_centrum.gpkg"), layer="gtfs_stops")
    assert len(streets) == 889
