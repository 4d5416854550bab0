"""Feeds as they come: dates without an end, runs under two ids, changes that take longer, vehicles that run on."""

from __future__ import annotations

import datetime as dt
import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flexsites.accessibility.kernels.connection_scan import UNREACHED, earliest_arrivals, latest_departures
from flexsites.accessibility.kernels.timetable import Timetable, Walks, compile_timetable, straight_walks
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import Transit
from flexsites.errors import InputError
from flexsites.inputs.transit.day_trips import day_trips
from flexsites.inputs.transit.gtfs import read_gtfs
from flexsites.inputs.transit.service_days import ordinary_day
from flexsites.inputs.transit.stop_points import rd_points
from flexsites.inputs.transit.timetable import Service, read_service
from tests.unit.timetable import feeds

MONDAY = dt.date(2026, 1, 5)
STOPS = """stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station
S1,Een,52.1552,5.3872,,
S2,Twee,52.1552,5.4372,,
S3,Drie,52.1552,5.4872,,
"""
ROUTES = "route_id,agency_id,route_short_name,route_type\nR,A,1,3\nT,A,IC,2\n"
CALENDAR = f"""{feeds.CALENDAR.splitlines()[0]}
W,1,1,1,1,1,1,1,20260105,20260111
"""
TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
RUN = "{0},08:00:00,08:00:00,S1,1\n{0},08:10:00,08:10:00,S2,2\n{0},08:20:00,08:20:00,S3,3\n"
# To S2 at 8:10, and on from there at 8:13 and 9:10, to S3 in ten minutes.
CHANGE = (
    "T1,08:00:00,08:00:00,S1,1\nT1,08:10:00,08:10:00,S2,2\n"
    "T2,08:13:00,08:13:00,S2,1\nT2,08:20:00,08:20:00,S3,2\n"
    "T3,09:10:00,09:10:00,S2,1\nT3,09:20:00,09:20:00,S3,2\n"
)
CHANGE_TRIPS = "route_id,service_id,trip_id\nR,W,T1\nR,W,T2\nR,W,T3\n"
TRANSFERS = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"


ENDED = "feed.zip ends on 2026-01-11, before the reference date of the run (2026-01-12)"
AHEAD = "feed.zip begins on 2026-01-05, after the reference date of the run ({})"


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("2026-01-12", ENDED), ("2026-01-11", None), ("2026-01-05", None),
        ("2026-01-04", AHEAD.format("2026-01-04")), ("1999-12-31", AHEAD.format("1999-12-31")),
    ],
)  # fmt: skip
def test_a_feed_of_other_days_than_that_of_the_run_is_told(
    tmp_path: Path, transit: Transit, on: str, words: str | None
) -> None:
    path, day = feed(tmp_path, trips=CHANGE_TRIPS, times=CHANGE), dt.date.fromisoformat(on)
    found = told(read_service(path, transit=transit, on=day))
    assert ("reference date of the run" in found) is (words is not None)
    assert words is None or words in found
    chosen = read_service(path, transit=transit, on=day, reference_date=MONDAY)  # who chose a day of it knows
    assert "reference date of the run" not in told(chosen)


@pytest.fixture(scope="module")
def transit() -> Transit:
    return read_model(configs_directory() / "transit.yaml", Transit)


def feed(folder: Path, *, trips: str, times: str, name: str = "feed.zip", **files: str | None) -> Path:
    plain: dict[str, str | None] = {
        "stops_txt": STOPS, "routes_txt": ROUTES, "calendar_txt": CALENDAR, "calendar_dates_txt": None,
        "trips_txt": trips, "stop_times_txt": TIMES + times,
    }  # fmt: skip
    return feeds.write_zip(folder, name, **(plain | files))


def told(service: Service) -> str:
    return "\n".join(map(str, service.findings))


def compiled(path: Path, transit: Transit) -> Timetable:
    day = read_service(path, transit=transit).trips
    points, _ = rd_points(day.lon, day.lat, day.stop_ids)
    xy = np.array([[point.x, point.y] for point in points])
    walks = straight_walks(xy, reach_m=400, detour=1.3, speed_kmh=4.5)
    return compile_timetable(**day.arrays(), walks=walks, change_s=120)


def clock(seconds: int) -> str | None:
    return None if seconds in (int(UNREACHED), -(2**31)) else f"{seconds // 3600}:{seconds // 60 % 60:02d}"


def arrival(path: Path, transit: Transit, *, start: str = "S1", goal: str = "S3") -> str | None:
    """Return when one arrives who is at the first stop at eight; and check that the search back agrees."""
    timetable = compiled(path, transit)
    at, to = timetable.rows_of(np.array([start, goal], dtype=object)).astype(np.int32)
    here = Walks(np.array([at], np.int32), np.zeros(1, np.int32))
    there = Walks(np.array([to], np.int32), np.zeros(1, np.int32))
    found = int(earliest_arrivals(timetable.compiled, here, 8 * 3600, 24 * 3600)[to])
    if found != UNREACHED:
        assert latest_departures(timetable.compiled, there, found, 0)[at] >= 8 * 3600
        assert latest_departures(timetable.compiled, there, found - 1, 0)[at] < 8 * 3600
    return clock(found)


# -- one run under two ids ---------------------------------------------------------------------------------------
def test_a_run_under_two_ids_is_one_departure(tmp_path: Path, transit: Transit) -> None:
    trips = "route_id,service_id,trip_id\nR,W,T1\nR,W,T2\n"
    once = read_service(feed(tmp_path, trips=trips.replace("R,W,T2\n", ""), times=RUN.format("T1")), transit=transit)
    path = feed(tmp_path, name="two.zip", trips=trips, times=RUN.format("T1") + RUN.format("T2"))
    twice = read_service(path, transit=transit)
    pd.testing.assert_frame_equal(pd.DataFrame(once.stops), pd.DataFrame(twice.stops))
    assert "runs of 2026-01-05 that the feed holds under another id as well, counted once (1 row)" in told(twice)
    assert len(twice.trips.route) == 1


@pytest.mark.parametrize(
    "other",
    [
        RUN.format("T2").replace("08:20:00", "08:21:00"),
        RUN.format("T2").replace("S3", "S1"),
        RUN.format("T2").replace("T2,08:20:00,08:20:00,S3,3\n", ""),
    ],
)
def test_runs_that_differ_in_a_time_or_a_stop_are_two(tmp_path: Path, transit: Transit, other: str) -> None:
    trips = "route_id,service_id,trip_id\nR,W,T1\nR,W,T2\n"
    service = read_service(feed(tmp_path, trips=trips, times=RUN.format("T1") + other), transit=transit)
    assert len(service.trips.route) == 2
    assert service.findings == ()


def test_a_run_of_two_lines_is_two_and_one_that_lets_nobody_on_under_one_id_lets_them_on(
    tmp_path: Path, transit: Transit
) -> None:
    trips = "route_id,service_id,trip_id\nR,W,T1\nQ,W,T2\n"
    times = RUN.format("T1") + RUN.format("T2")
    two_lines = feed(tmp_path, trips=trips, times=times, routes_txt=ROUTES + "Q,A,2,3\n")
    assert len(read_service(two_lines, transit=transit).trips.route) == 2
    first = "T1,08:00:00,08:00:00,S1,1,"
    closed = TIMES.rstrip() + ",pickup_type\n" + times.replace("\n", ",\n").replace(first, first + "1")
    same = feed(tmp_path, name="s.zip", trips=trips.replace("Q,", "R,"), times="", stop_times_txt=closed)
    day = read_service(same, transit=transit).trips
    assert day.is_boarding.tolist() == [True, True, True]


def test_overlapping_frequencies_count_once(tmp_path: Path, transit: Transit) -> None:
    """Every ten minutes from 6 to 8, and again from 7 to 9: 18 runs, not 24; and every 15 within another: none more."""
    trips = "route_id,service_id,trip_id\nR,W,T1\n"
    head = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    rows = "T1,06:00:00,08:00:00,600,1\nT1,07:00:00,09:00:00,600,1\nT1,06:20:00,06:50:00,900,1\n"
    path = feed(tmp_path, trips=trips, times=RUN.format("T1"), frequencies_txt=head + rows)
    service = read_service(path, transit=transit)
    assert len(service.trips.route) == 18
    assert "frequencies within a span of the same trip that came before" in told(service)
    assert "what overlaps is counted once (2 rows)" in told(service)
    apart = head + "T1,06:00:00,07:00:00,600,1\nT1,07:00:00,08:00:00,900,1\n"
    path = feed(tmp_path, name="apart.zip", trips=trips, times=RUN.format("T1"), frequencies_txt=apart)
    assert len(read_service(path, transit=transit).trips.route) == 10


# -- changes -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (None, "8:20"),
        ("S2,S2,2,600\n", "9:20"),
        ("S2,S2,2,180\n", "8:20"),
        ("S2,S2,2,181\n", "9:20"),
        ("S2,S2,3,\n", None),
        ("S2,S2,0,600\n", "8:20"),
        ("S2,S2,2,600\nS2,S2,3,\n", None),
        ("S1,S2,3,\n", "8:20"),
    ],
)
def test_a_change_takes_what_the_feed_says(
    tmp_path: Path, transit: Transit, rows: str | None, wanted: str | None
) -> None:
    files = {} if rows is None else {"transfers_txt": TRANSFERS + rows}
    assert arrival(feed(tmp_path, trips=CHANGE_TRIPS, times=CHANGE, **files), transit) == wanted


def test_what_is_said_of_a_station_holds_for_its_stops_unless_one_is_named(tmp_path: Path, transit: Transit) -> None:
    stops = STOPS.replace("S2,Twee,52.1552,5.4372,,\n", (
        "P,Twee,52.1552,5.4372,1,\nS2,Twee a,52.1552,5.4372,0,P\nS2b,Twee b,52.1552,5.4374,0,P\n"
    ))  # fmt: skip
    times = CHANGE.replace("T2,08:13:00,08:13:00,S2,", "T2,08:13:00,08:13:00,S2b,")
    for rows, wanted in (
        ("", "8:20"),
        ("P,P,3,\n", None),
        ("P,P,2,600\n", "9:20"),
        ("P,P,3,\nS2,S2b,2,60\n", "8:20"),
        ("P,P,2,60\nS2,S2b,3,\n", "9:20"),
    ):
        path = feed(tmp_path, trips=CHANGE_TRIPS, times=times, stops_txt=stops, transfers_txt=TRANSFERS + rows)
        assert arrival(path, transit) == wanted, rows


def test_what_the_feed_says_of_changes_and_is_not_used_is_told(tmp_path: Path, transit: Transit) -> None:
    head = "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_trip_id,to_trip_id,from_route_id\n"
    rows = "S2,S2,2,600,T1,T2,\nS2,S2,3,,,,R\nS2,S2,1,,,,\nS1,S1,2,,,,\nZ,S2,3,,,,\nS2,S2,4,,,,\n"
    path = feed(tmp_path, trips=CHANGE_TRIPS, times=CHANGE, transfers_txt=head + rows, pathways_txt="pathway_id\nx\n")
    text = told(read_service(path, transit=transit))
    for what in (
        "changes between single routes or trips, not used (2 rows)",
        "changes for which the vehicle waits, taken to last as long as others (1 row)",
        "a least time which is not given, taken to last as long as others (1 row)",
        "changes at a stop that is not read, left out (1 row)",
        "staying seated that do not name two trips, not used (1 row)",
        "pathways.txt: is not read",
    ):
        assert what in text


# -- vehicles that run on ----------------------------------------------------------------------------------------
BLOCKS = "route_id,service_id,trip_id,block_id\nR,W,T1,b\nR,W,T2,b\nR,W,T3,\n"
SOON = CHANGE.replace("08:13:00", "08:11:00")  # a minute is no time to change


@pytest.mark.parametrize(
    ("trips", "transfers", "wanted"),
    [
        (CHANGE_TRIPS, None, "9:20"),
        (BLOCKS, None, "8:20"),
        (BLOCKS, "S2,S2,3,,,\n", "8:20"),
        (BLOCKS, ",,5,,T1,T2\n", "9:20"),
        (CHANGE_TRIPS, ",,4,,T1,T2\n", "8:20"),
        (CHANGE_TRIPS, "S2,S2,4,,T1,T3\n", "9:20"),
        (BLOCKS.replace("T2,b", "T2,c"), None, "9:20"),
    ],
)
def test_one_stays_seated_in_a_vehicle_that_runs_on(
    tmp_path: Path, transit: Transit, trips: str, transfers: str | None, wanted: str
) -> None:
    head = "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_trip_id,to_trip_id\n"
    files = {} if transfers is None else {"transfers_txt": head + transfers}
    path = feed(tmp_path, trips=trips, times=SOON, **files)
    assert arrival(path, transit) == wanted
    stops = read_service(path, transit=transit).stops.set_index("stop_id")
    assert stops["n_departures_day"].to_dict() == {"S1": 1, "S2": 2, "S3": 0}, "departures are counted as before"


def test_a_vehicle_that_goes_on_elsewhere_takes_nobody_along(tmp_path: Path, transit: Transit) -> None:
    away, stops = SOON.replace("T2,08:11:00,08:11:00,S2,", "T2,08:11:00,08:11:00,S4,"), STOPS + "S4,Vier,52.16,5.49,,\n"
    assert arrival(feed(tmp_path, trips=BLOCKS, times=away, stops_txt=stops), transit) == "9:20"


# -- dates -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("period", "wanted"),
    [
        ("20260105,99991231", MONDAY),
        ("20260105,20991231", MONDAY),
        ("19700101,20260111", MONDAY),
        ("19700101,99991231", dt.date(1970, 1, 1)),
    ],
)
def test_dates_without_an_end_take_no_time_and_are_told(
    tmp_path: Path, transit: Transit, period: str, wanted: dt.date
) -> None:
    calendar = CALENDAR.replace("20260105,20260111", period)
    path = feed(tmp_path, trips="route_id,service_id,trip_id\nR,W,T1\n", times=RUN.format("T1"), calendar_txt=calendar)
    begin = time.process_time()
    service = read_service(path, transit=transit)
    assert time.process_time() - begin < 2.0
    assert service.days.weekday == wanted
    assert "stand for no start or no end" in told(service)


def calendars(*rows: str) -> str:
    return "\n".join([CALENDAR.splitlines()[0], *rows, ""])


def weekday_of(
    folder: Path, transit: Transit, calendar: str, *, exceptions: str | None = None, n: dict[str, int]
) -> dt.date | None:
    """Return the reference day of a feed with n runs in each service."""
    runs = [
        (service, f"{service}{i}", f"{6 + i // 60:02d}:{i % 60:02d}:00") for service, m in n.items() for i in range(m)
    ]
    trips = "route_id,service_id,trip_id\n" + "".join(f"R,{service},{run}\n" for service, run, _ in runs)
    times = "".join(f"{run},{at},{at},S1,1\n{run},12:00:00,12:00:00,S2,2\n" for _, run, at in runs)
    gtfs = read_gtfs(feed(folder, trips=trips, times=times, calendar_txt=calendar, calendar_dates_txt=exceptions))
    return ordinary_day(gtfs, weekdays=(0, 1, 2, 3, 4), rule=transit.reference_day)


def test_the_reference_day_is_the_median_and_not_the_busiest(tmp_path: Path, transit: Transit) -> None:
    """Two weeks: Mondays 20 runs, Tuesdays to Thursdays 21, Fridays 22, and one Thursday with an event: 40."""
    calendar = calendars(
        "base,1,1,1,1,1,0,0,20260105,20260118", "mid,0,1,1,1,1,0,0,20260105,20260118",
        "fri,0,0,0,0,1,0,0,20260105,20260118",
    )  # fmt: skip
    event = "service_id,date,exception_type\nevent,20260108,1\n"
    n = {"base": 20, "mid": 1, "fri": 1, "event": 19}
    assert weekday_of(tmp_path, transit, calendar, exceptions=event, n=n) == dt.date(2026, 1, 6)


def test_a_day_of_a_strike_or_an_event_is_never_chosen(tmp_path: Path, transit: Transit) -> None:
    calendar = calendars("base,1,0,0,0,0,0,0,20260105,20260111", "much,0,1,1,0,0,0,0,20260105,20260111")
    assert weekday_of(tmp_path, transit, calendar, n={"base": 10, "much": 20}) == dt.date(2026, 1, 6)


def test_months_for_which_only_one_operator_speaks_do_not_decide(tmp_path: Path, transit: Transit) -> None:
    """A feed of two operators, of which the large one ends after a week, the small one after half a year."""
    calendar = calendars("large,1,1,1,1,1,0,0,20260105,20260111", "small,1,1,1,1,1,0,0,20260105,20260705")
    trips = "route_id,service_id,trip_id\n" + "".join(f"R,large,l{i}\n" for i in range(30)) + "Q,small,s\n"
    times = "".join(f"l{i},07:{i:02d}:00,07:{i:02d}:00,S1,1\nl{i},09:00:00,09:00:00,S2,2\n" for i in range(30))
    path = feed(
        tmp_path, trips=trips, times=times + RUN.format("s"), calendar_txt=calendar, routes_txt=ROUTES + "Q,B,9,3\n"
    )
    rule = transit.reference_day
    assert ordinary_day(read_gtfs(path), weekdays=rule.weekdays, rule=rule) == MONDAY


def test_the_feed_speaks_of_the_dates_it_was_made_for(tmp_path: Path, transit: Transit) -> None:
    info = "feed_publisher_name,feed_start_date,feed_end_date\nA,20260107,20260109\n"
    trips = "route_id,service_id,trip_id\nR,W,T1\n"
    service = read_service(feed(tmp_path, trips=trips, times=RUN.format("T1"), feed_info_txt=info), transit=transit)
    assert service.days.weekday == dt.date(2026, 1, 7)
    other = info.replace("20260107,20260109", "20300101,20300201")
    service = read_service(feed(tmp_path, trips=trips, times=RUN.format("T1"), feed_info_txt=other), transit=transit)
    assert service.days.weekday == MONDAY
    assert "which its calendars do not reach" in told(service)


# -- words, numbers and speeds -------------------------------------------------------------------------------------
@pytest.mark.parametrize("word", ["een", "", "1.0", "-1", "1e3", "٣"])
def test_a_sequence_that_is_no_number_is_a_fault(tmp_path: Path, transit: Transit, word: str) -> None:
    times = RUN.format("T1").replace("S2,2", f"S2,{word}")
    with pytest.raises(InputError, match=r"stop_sequence is no whole number \(1 row"):
        read_service(feed(tmp_path, trips="route_id,service_id,trip_id\nR,W,T1\n", times=times), transit=transit)


def test_every_word_that_no_list_of_gtfs_holds_is_a_fault(tmp_path: Path, transit: Transit) -> None:
    head = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    path = feed(
        tmp_path, trips="route_id,service_id,trip_id\nR,W,T1\n", times=RUN.format("T1"),
        calendar_txt=CALENDAR.replace("W,1,", "W,yes,"), stops_txt=STOPS.replace("5.3872,", "5.3872,9"),
        calendar_dates_txt="service_id,date,exception_type\nW,20260106,3\n",
        frequencies_txt=head + "T1,06:00:00,07:00:00,600,true\n", transfers_txt=TRANSFERS + "S2,S2,7,\nS2,S2,2,ten\n",
    )  # fmt: skip
    with pytest.raises(InputError) as error:
        read_service(path, transit=transit)
    for what in ("monday is neither", "location_type is neither", "exception_type is neither", "exact_times is neither",
                 "transfer_type is neither", "min_transfer_time is no number"):  # fmt: skip
        assert what in str(error.value)
    boarding = (TIMES + RUN.format("T1")).replace("\n", ",x\n").replace("sequence,x", "sequence,pickup_type", 1)
    path = feed(tmp_path, trips="route_id,service_id,trip_id\nR,W,T1\n", times="", stop_times_txt=boarding)
    with pytest.raises(InputError, match="pickup_type is none of 0 to 3"):
        read_service(path, transit=transit)


def test_a_bus_of_infinite_speed_is_left_out_and_told(tmp_path: Path, transit: Transit) -> None:
    trips = "route_id,service_id,trip_id\nR,W,T1\nR,W,fast\nT,W,train\n"
    at_once = "fast,08:00:00,08:00:00,S1,1\nfast,08:00:00,08:00:00,S3,2\n"
    train = "train,08:00:00,08:00:00,S1,1\ntrain,08:01:00,08:01:00,S2,2\n"  # 3.4 km in one minute, or nearly two
    service = read_service(feed(tmp_path, trips=trips, times=RUN.format("T1") + at_once + train), transit=transit)
    assert "trips faster than any vehicle of their mode, left out (1 row: fast)" in told(service)
    assert len(service.trips.route) == 2


def test_a_time_of_years_is_none(tmp_path: Path, transit: Transit) -> None:
    trips = "route_id,service_id,trip_id\nR,W,T1\nR,W,late\n"
    late = "late,08:00:00,08:00:00,S1,1\nlate,600000:00:00,600000:00:00,S2,2\n"
    service = read_service(feed(tmp_path, trips=trips, times=RUN.format("T1") + late), transit=transit)
    assert "trips with a time that is none, left out (1 row: late)" in told(service)


# -- files ---------------------------------------------------------------------------------------------------------
def test_a_zip_in_a_zip_a_zip_in_a_folder_and_a_zip_of_a_mac_are_read(tmp_path: Path) -> None:
    plain = feeds.write_zip(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "feed.zip").write_bytes(plain.read_bytes())
    nested, mac = tmp_path / "nested.zip", tmp_path / "mac.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        archive.write(plain, "gtfs/feed.zip")
        archive.writestr("__MACOSX/gtfs/._feed.zip", b"fork")
    with zipfile.ZipFile(mac, "w") as archive, zipfile.ZipFile(plain) as inner:
        for name in inner.namelist():
            archive.writestr(f"gtfs/{name.upper()}", inner.read(name))
            archive.writestr(f"__MACOSX/gtfs/._{name}", b"fork")
    wanted = read_gtfs(plain)
    for path in (folder, nested, mac):
        pd.testing.assert_frame_equal(read_gtfs(path).stop_times, wanted.stop_times)


def test_files_of_two_feeds_are_never_mixed(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for folder in ("a", "b"):
            for name, text in feeds.FILES.items():
                archive.writestr(f"{folder}/{name}", text)
    with pytest.raises(InputError, match="holds several feeds, in a, b"):
        read_gtfs(path)
    zips = tmp_path / "zips"
    zips.mkdir()
    for name in ("one.zip", "two.zip"):
        feeds.write_zip(zips, name)
    with pytest.raises(InputError, match=r"holds several zips: one\.zip, two\.zip"):
        read_gtfs(zips)


def test_a_zip_that_is_damaged_anywhere_ends_in_words(tmp_path: Path) -> None:
    whole = feeds.write_zip(tmp_path).read_bytes()
    rng = np.random.default_rng(5)
    path, n_told = tmp_path / "broken.zip", 0
    for _ in range(60):
        content = bytearray(whole)
        content[int(rng.integers(len(content)))] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(content) if rng.random() < 0.7 else bytes(content[: int(rng.integers(len(content)))]))
        try:
            day_trips(read_gtfs(path), MONDAY)
        except InputError:
            n_told += 1
    assert n_told > 10


def test_a_password_or_a_nul_is_told(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("stops.txt", feeds.STOPS)
    locked = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + offset] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    with pytest.raises(InputError, match="password"):
        read_gtfs(tmp_path / "locked.zip")
    with pytest.raises(InputError):
        read_gtfs(feeds.write_zip(tmp_path, "nul.zip", stops_txt="stop_id\0,x\n" + "a" * 200_000))


def test_whatever_stands_in_a_cell_is_read_or_told(tmp_path: Path, transit: Transit) -> None:
    """A word that is none of its column's ends in words of ours, never in an error of a library's."""
    texts = {
        "stops_txt": STOPS, "routes_txt": ROUTES, "calendar_txt": CALENDAR, "trips_txt": BLOCKS,
        "calendar_dates_txt": "service_id,date,exception_type\nW,20260106,2\n", "stop_times_txt": TIMES + CHANGE,
        "transfers_txt": TRANSFERS + "S2,S2,2,600\n",
        "frequencies_txt": "trip_id,start_time,end_time,headway_secs\nT3,09:00:00,10:00:00,600\n",
    }  # fmt: skip
    rng = np.random.default_rng(11)
    words = ["", "-1", "1e297", "nan", "99999999999999999999", "\x00", '"', "é", "99991231", "25:61:00"]
    n_read = n_told = 0
    for _ in range(40):
        name = str(rng.choice(list(texts)))
        lines = texts[name].splitlines()
        row = int(rng.integers(1, len(lines)))
        cells = lines[row].split(",")
        cells[int(rng.integers(len(cells)))] = str(rng.choice(words))
        lines[row] = ",".join(cells)
        path = feeds.write_zip(tmp_path, **(texts | {name: "\n".join([*lines, ""])}))
        try:
            read_service(path, transit=transit).trips.arrays()
            n_read += 1
        except InputError:
            n_told += 1
    assert n_read > 5
    assert n_told > 5
