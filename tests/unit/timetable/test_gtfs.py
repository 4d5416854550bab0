"""Reading GTFS: what it takes, what it leaves out, and what it says of that."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flexsites.errors import InputError
from flexsites.inputs.transit.day_trips import day_trips
from flexsites.inputs.transit.gtfs import Gtfs, read_gtfs
from flexsites.inputs.transit.service_days import active_services, common_period, raise_unless_covered
from tests.unit.timetable import feeds

MONDAY, TUESDAY, WEDNESDAY, SATURDAY = (dt.date(2026, 1, d) for d in (5, 6, 7, 10))


def told(gtfs: Gtfs) -> str:
    return "\n".join(str(finding) for finding in gtfs.findings)


def running(gtfs: Gtfs, day: dt.date) -> set[str]:
    return set(gtfs.services[active_services(gtfs, day)])


def test_a_zip_a_folder_and_a_zip_with_a_subfolder_read_the_same(tmp_path: Path) -> None:
    first = read_gtfs(feeds.write_zip(tmp_path))
    for path in (feeds.write_folder(tmp_path), feeds.write_zip(tmp_path, "inside.zip", inside="gtfs")):
        other = read_gtfs(path)
        for table in ("stops", "routes", "trips", "stop_times", "calendar", "exceptions", "frequencies"):
            pd.testing.assert_frame_equal(getattr(first, table), getattr(other, table))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_table_of_a_header_alone_has_no_rows(end: str, tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path, calendar_dates_txt=f"service_id,date,exception_type{end}"))
    assert len(gtfs.exceptions) == 0
    assert running(gtfs, TUESDAY) == {"wk"}


def test_a_route_that_is_no_timetabled_transport_is_left_out_and_told(tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path))
    assert set(gtfs.routes["mode"]) == {"bus", "train"}
    assert "no bus, tram, metro, train or ferry" in told(gtfs)
    assert "x1" in told(gtfs)


@pytest.mark.parametrize(
    ("zones", "is_told"),
    [
        (["Europe/Amsterdam"], False),
        (["America/Sao_Paulo"], False),
        (["UTC"], True),
        (["Europe/Amsterdam", "Asia/Tokyo"], True),
    ],
)
def test_times_that_are_not_of_the_clock_at_the_stop_are_told(
    tmp_path: Path, zones: list[str], *, is_told: bool
) -> None:
    rows = "".join(f"{n},x,http://x,{zone}\n" for n, zone in enumerate(zones))
    agency = f"agency_id,agency_name,agency_url,agency_timezone\n{rows}"
    found = read_gtfs(feeds.write_zip(tmp_path, agency_txt=agency)).findings
    assert any("time zones" in str(one) for one in found) == is_told


def test_the_week_then_the_exceptions(tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path))
    assert running(gtfs, MONDAY) == {"wk"}
    assert running(gtfs, TUESDAY) == set()
    assert running(gtfs, WEDNESDAY) == {"wk", "extra"}
    assert running(gtfs, SATURDAY) == {"we"}
    assert running(gtfs, dt.date(2026, 2, 2)) == set()


def test_calendar_dates_alone_are_enough(tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path, calendar_txt=None))
    assert running(gtfs, WEDNESDAY) == {"extra"}
    assert len(day_trips(gtfs, WEDNESDAY).route) == 1


def test_calendar_alone_is_enough(tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path, calendar_dates_txt=None))
    assert running(gtfs, TUESDAY) == {"wk"}


def test_neither_calendar_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither calendar"):
        read_gtfs(feeds.write_zip(tmp_path, calendar_txt=None, calendar_dates_txt=None))


@pytest.mark.parametrize("name", ["stops.txt", "routes.txt", "trips.txt", "stop_times.txt"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: the file is missing"):
        read_gtfs(feeds.write_zip(tmp_path, **{name.replace(".", "_"): None}))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="columns missing: stop_lat"):
        read_gtfs(feeds.write_zip(tmp_path, stops_txt=feeds.STOPS.replace("stop_lat", "latitude")))


def test_what_is_no_zip_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "feed.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(InputError, match="not a readable zip"):
        read_gtfs(tmp_path / "feed.zip")
    with pytest.raises(InputError, match="no such file"):
        read_gtfs(tmp_path / "absent.zip")


def test_a_byte_order_mark_and_spaces_in_the_header_are_no_trouble(tmp_path: Path) -> None:
    header = feeds.STOPS.replace("stop_id,stop_name,", "\ufeffstop_id, stop_name ,", 1)
    gtfs = read_gtfs(feeds.write_zip(tmp_path, stops_txt=header))
    assert list(gtfs.stops["stop_name"][:1]) == ["Aa"]


def test_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    stops = feeds.STOPS + "A,again,52.1,5.3,0,\nE,nowhere,,,0,\nF,sea,0,0,0,\n"
    times = feeds.STOP_TIMES + (
        "east,08:20:00,08:20:00,Z,4\n"  # no such stop
        "ghost,08:20:00,08:20:00,A,1\n"  # no such trip
        "east,08:15:30,08:15:30,C,3\n"  # the sequence again
        "east,08:21:00,08:21:00\n"  # too few columns
    )
    gtfs = read_gtfs(feeds.write_zip(tmp_path, stops_txt=stops, stop_times_txt=times))
    clean = read_gtfs(feeds.write_zip(tmp_path, "clean.zip"))
    pd.testing.assert_frame_equal(gtfs.stop_times, clean.stop_times)
    for what in (
        "stops with an id that came before",
        "stops without a place on earth",
        "wrong number of columns",
        "at a stop that is not read",
        "of a trip that is not read",
        "a sequence that came before",
    ):
        assert what in told(gtfs)
    counts = {f.what.partition(",")[0]: f.count for f in gtfs.findings}
    assert counts["stops without a place on earth"] == 2


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("bad,09:00:00,09:00:00,A,1\nbad,08:59:00,08:59:00,C,2\n", "run back in time"),
        ("bad,09:00:00,09:00:00,A,1\nbad,9 o'clock,09:10:00,C,2\n", "a time that is none"),
        ("bad,09:00:00,09:00:00,A,1\nbad,,,C,2\n", "without a time at their first or last stop"),
        ("bad,09:00:00,09:00:00,A,1\n", "trips of one stop"),
    ],
)
def test_a_trip_that_cannot_be_ridden_is_left_out_whole(tmp_path: Path, rows: str, what: str) -> None:
    path = feeds.write_zip(tmp_path, trips_txt=feeds.TRIPS + "r1,wk,bad\n", stop_times_txt=feeds.STOP_TIMES + rows)
    gtfs = read_gtfs(path)
    bad = gtfs.trips.index[gtfs.trips["trip_id"] == "bad"][0]
    assert bad not in set(gtfs.stop_times["trip"])
    assert what in told(gtfs)
    assert "bad" in told(gtfs)


def test_no_usable_trip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no trip with two timed stops"):
        read_gtfs(feeds.write_zip(tmp_path, stop_times_txt=feeds.STOP_TIMES.splitlines()[0] + "\n"))


def test_blanks_between_timepoints_are_filled_by_distance(tmp_path: Path) -> None:
    # B1 lies 0.0199 of 0.05 degrees along the parallel from A to C: 39.8 % of the way.
    times = feeds.STOP_TIMES.replace("east,08:05:00,08:06:00,B1", "east,,,B1")
    gtfs = read_gtfs(feeds.write_zip(tmp_path, stop_times_txt=times))
    east = gtfs.stop_times[gtfs.stop_times["trip"] == 0]
    assert list(east["arrival_s"]) == [28_800, 28_800 + round(0.398 * 900), 29_700]
    assert list(east["departure_s"]) == list(east["arrival_s"])


def test_times_past_midnight_belong_to_the_service_day(tmp_path: Path) -> None:
    gtfs = read_gtfs(feeds.write_zip(tmp_path))
    wednesday = day_trips(gtfs, WEDNESDAY)
    assert wednesday.arrival_s.max() == 25 * 3600 + 1800
    # On Thursday's clock the trip of Wednesday night arrives at half past one; counted days do not hold it.
    thursday = dt.date(2026, 1, 8)
    assert day_trips(gtfs, thursday).arrival_s.min() == 8 * 3600
    both = day_trips(gtfs, thursday, with_night_before=True)
    assert len(both.route) == len(day_trips(gtfs, thursday).route) + 1
    assert 3600 + 1800 in both.arrival_s


def test_frequencies_are_written_out(tmp_path: Path) -> None:
    path = feeds.write_zip(
        tmp_path,
        frequencies_txt="trip_id,start_time,end_time,headway_secs\neast,06:00:00,07:00:00,1200\n"
        "east,24:00:00,24:30:00,900\nghost,06:00:00,07:00:00,60\neast,08:00:00,07:00:00,60\n",
    )
    gtfs = read_gtfs(path)
    monday = day_trips(gtfs, MONDAY)
    starts = sorted(monday.departure_s[monday.trip_start[:-1]])
    assert starts == [21_600, 22_800, 24_000, 63_000, 86_400, 87_300]
    first = np.flatnonzero(monday.departure_s[monday.trip_start[:-1]] == 21_600)[0]
    begin = monday.trip_start[first]
    assert list(monday.arrival_s[begin : begin + 3]) == [21_600, 21_900, 22_500]
    assert "frequencies of a trip that is not read" in told(gtfs)
    loose = [finding.count for finding in gtfs.findings if "without exact times" in finding.what]
    assert loose == [2], "that they leave on the dot is assumed, and said"
    assert "frequencies without a usable span" in told(gtfs)


def test_a_day_without_service_is_an_error_that_names_the_period(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing runs on 2026-01-06.*2026-01-05 to 2026-01-11"):
        day_trips(read_gtfs(feeds.write_zip(tmp_path)), TUESDAY)


def test_feeds_are_asked_only_of_days_that_all_of_them_cover(tmp_path: Path) -> None:
    """Two feeds of which the second starts on Thursday: that it says nothing about Wednesday is no "nothing runs"."""
    one = feeds.write_zip(tmp_path, "one.zip")
    later = feeds.CALENDAR.replace("20260105,20260111", "20260108,20260114")
    two = feeds.write_zip(tmp_path, "two.zip", calendar_txt=later, calendar_dates_txt=None)
    both = read_gtfs({"n": one, "s": two})
    assert both.periods == (("n", MONDAY, dt.date(2026, 1, 11)), ("s", dt.date(2026, 1, 8), dt.date(2026, 1, 14)))
    assert common_period(both) == (dt.date(2026, 1, 8), dt.date(2026, 1, 11))
    with pytest.raises(InputError, match=r"the feed s says nothing about 2026-01-07.*2026-01-08 to 2026-01-14"):
        raise_unless_covered(both, WEDNESDAY)
    raise_unless_covered(read_gtfs(one), WEDNESDAY)


def test_several_feeds_are_one_with_ids_of_their_own(tmp_path: Path) -> None:
    path = feeds.write_zip(tmp_path)
    one, two = read_gtfs(path), read_gtfs({"n": path, "s": path})
    assert len(two.stop_times) == 2 * len(one.stop_times)
    assert set(two.stops["stop_id"]) == {f"{name}:{stop}" for name in "ns" for stop in one.stops["stop_id"]}
    day, both = day_trips(one, MONDAY), day_trips(two, MONDAY)
    assert [f"n:{day.stop_ids[s]}" for s in day.stop] == [both.stop_ids[s] for s in both.stop[: len(day.stop)]]
    assert [f"s:{day.stop_ids[s]}" for s in day.stop] == [both.stop_ids[s] for s in both.stop[len(day.stop) :]]
