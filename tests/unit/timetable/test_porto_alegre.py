"""Two real feeds: reading, service, and door-to-door times against an independent search, to the second."""

from __future__ import annotations

import datetime as dt
import math
import random
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from flexsites.accessibility.kernels.connection_scan import (
    NEVER,
    UNREACHED,
    arrival_after,
    earliest_arrival,
    earliest_arrivals,
    latest_departures,
    profile_to,
)
from flexsites.accessibility.kernels.door_to_door import Ways, door_to_door, travel_times_by_profile
from flexsites.accessibility.kernels.timetable import (
    Legs,
    Timetable,
    Walks,
    compile_timetable,
    make_legs,
    straight_walks,
)
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import Transit
from flexsites.errors import CrsError
from flexsites.inputs.transit.day_trips import day_trips
from flexsites.inputs.transit.gtfs import Gtfs, read_gtfs
from flexsites.inputs.transit.service_days import ordinary_day
from flexsites.inputs.transit.timetable import choose_days, count_service, read_service
from tests.conftest import real_data
from tests.unit.timetable import slow_search

DAY = dt.date(2019, 5, 14)
CHANGE_S, REACH_M, WALK_M = 120, 300.0, 700.0
LONGEST_S = 3 * 3600


def feeds() -> dict[str, Path]:
    return {
        "eptc": real_data("porto_alegre/poa_eptc.zip"),
        "trensurb": real_data("porto_alegre/poa_trensurb.zip"),
    }


@pytest.fixture(scope="module")
def gtfs() -> Gtfs:
    return read_gtfs(feeds())


@pytest.fixture(scope="module")
def transit() -> Transit:
    return read_model(configs_directory() / "transit.yaml", Transit)


@pytest.fixture(scope="module")
def xy(gtfs: Gtfs) -> np.ndarray:
    """Stops in metres of the zone that Porto Alegre lies in."""
    to_metres = Transformer.from_crs("EPSG:4326", "EPSG:31982", always_xy=True)
    return np.column_stack(to_metres.transform(gtfs.stops["lon"].to_numpy(), gtfs.stops["lat"].to_numpy()))


@pytest.fixture(scope="module")
def walks(xy: np.ndarray) -> Legs:
    return straight_walks(xy, reach_m=REACH_M, detour=1.3, speed_kmh=4.5)


@pytest.fixture(scope="module")
def timetable(gtfs: Gtfs, walks: Legs) -> Timetable:
    return compile_timetable(**day_trips(gtfs, DAY).arrays(), walks=walks, change_s=CHANGE_S)


@pytest.fixture(scope="module")
def slow() -> slow_search.SlowTimetable:
    return slow_search.read_day(feeds(), DAY)


def test_reads_both_feeds_and_tells_what_was_filled(gtfs: Gtfs) -> None:
    assert len(gtfs.stops) == 3986 + 24
    assert len(gtfs.stop_times) == 144_874
    assert not gtfs.stop_times.isna().any().any()
    filled = [finding for finding in gtfs.findings if "filled" in finding.what]
    assert [finding.count for finding in filled] == [125_271]
    assert set(gtfs.routes["mode"]) == {"bus", "train"}


def test_trips_of_a_day_equal_an_independent_reading(gtfs: Gtfs, slow: slow_search.SlowTimetable) -> None:
    day = day_trips(gtfs, DAY)
    ours = sorted(
        [
            (str(day.stop_ids[day.stop[e]]), int(day.arrival_s[e]), int(day.departure_s[e]))
            for e in range(day.trip_start[t], day.trip_start[t + 1])
        ]
        for t in range(len(day.route))
    )
    assert ours == sorted(slow.trips)


def test_service_counts_equal_an_independent_count(
    gtfs: Gtfs, transit: Transit, slow: slow_search.SlowTimetable
) -> None:
    days = choose_days(gtfs, transit=transit, reference_date=DAY)
    service = count_service(gtfs, days, transit=transit)
    trains = service[service["mode"] == "train"].set_index("stop_id")
    counted: dict[str, int] = {}
    peak: dict[str, int] = {}
    for trip in slow.trips:
        for stop, _, departure in trip[:-1]:
            counted[stop] = counted.get(stop, 0) + 1
            if 7 * 3600 <= departure < 9 * 3600 or 16 * 3600 <= departure < 18 * 3600:
                peak[stop] = peak.get(stop, 0) + 1
    for stop, row in trains.iterrows():
        assert row["n_departures_day"] == counted.get(stop, 0)
        assert row["departures_per_hour_peak"] == peak.get(stop, 0) / 4


def test_the_reference_day_is_an_ordinary_weekday(gtfs: Gtfs, transit: Transit) -> None:
    """Of the weekdays of one month half have no more events than the reference day, and half no fewer."""
    rule = transit.reference_day
    day = ordinary_day(gtfs, weekdays=rule.weekdays, rule=rule)
    assert day is not None
    assert day.weekday() < 5
    n = len(day_trips(gtfs, day).stop)
    month = [dt.date(2019, 5, d) for d in range(6, 31) if dt.date(2019, 5, d).weekday() < 5]
    counts = [len(day_trips(gtfs, one).stop) for one in month]
    assert sum(count <= n for count in counts) >= len(counts) / 2
    assert sum(count >= n for count in counts) >= len(counts) / 2


def test_a_feed_from_elsewhere_is_refused(transit: Transit) -> None:
    with pytest.raises(CrsError, match="no stop lies in the Netherlands"):
        read_service(feeds(), transit=transit)


def legs_of(place: tuple[float, float], xy: np.ndarray, ids: np.ndarray) -> dict[str, int]:
    """Walks from a place to stops: straight distance times 1.3 at 4.5 km/h, in whole seconds."""
    away = np.hypot(xy[:, 0] - place[0], xy[:, 1] - place[1])
    return {str(ids[i]): math.ceil(away[i] * 1.3 / 1.25) for i in np.flatnonzero(away <= WALK_M)}


@pytest.mark.slow
@pytest.mark.parametrize(("n_triples", "seed"), [(100, 1), pytest.param(300, 20190514, marks=pytest.mark.deep)])
def test_door_to_door_equals_an_independent_search_to_the_second(
    gtfs: Gtfs, xy: np.ndarray, timetable: Timetable, slow: slow_search.SlowTimetable, n_triples: int, seed: int
) -> None:
    ids = gtfs.stops["stop_id"].to_numpy()
    changes: dict[str, dict[str, int]] = {}
    for i in range(len(xy)):
        away = np.hypot(*(xy - xy[i]).T)
        changes[ids[i]] = {ids[j]: math.ceil(away[j] * 1.3 / 1.25) for j in np.flatnonzero(away <= REACH_M) if j != i}
    draw = random.Random(seed)
    n_reached = n_changed = 0
    for _ in range(n_triples):
        origin, destination = (tuple(xy[draw.randrange(len(xy))] + draw.uniform(-300, 300)) for _ in range(2))
        leave = draw.randrange(5 * 3600, 22 * 3600)
        access, egress = legs_of(origin, xy, ids), legs_of(destination, xy, ids)
        running = [t for t in slow.trips if t[-1][1] >= leave and t[0][2] <= leave + LONGEST_S]
        expected = slow_search.earliest_arrival(running, access, egress, changes, leave=leave, change_s=CHANGE_S)
        if expected is not None and expected - leave > LONGEST_S:
            expected = None
        out, into = as_legs(access, timetable), as_legs(egress, timetable)
        none = Legs(np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))
        ways = Ways(out, into, none, np.ones(1))
        moment = np.array([leave], np.int32)
        taken = door_to_door(timetable.compiled, ways, 0, moment, LONGEST_S)[0, 0]
        assert (None if taken == UNREACHED else taken + leave) == expected
        to, on = Walks(out.stop, out.seconds), Walks(into.stop, into.seconds)
        ends_early = earliest_arrival(timetable.compiled, to, on, leave, leave + LONGEST_S)
        assert (None if ends_early - leave > LONGEST_S else ends_early) == expected
        profile = profile_to(timetable.compiled, Walks(into.stop, into.seconds), leave, leave + LONGEST_S)
        unwalked = np.full(1, UNREACHED, np.int32)
        assert travel_times_by_profile(profile, out, unwalked, moment, LONGEST_S)[0, 0] == taken
        n_reached += expected is not None
        is_asked = expected is not None and n_changed <= n_triples / 10
        n_changed += is_asked and not is_direct(running, access, egress, leave, expected)
    assert n_reached > n_triples / 3  # the triples ask something
    assert n_changed > n_triples / 10  # and not only single rides


def is_direct(trips: list, access: dict[str, int], egress: dict[str, int], leave: int, arrival: int) -> bool:
    """Whether one vehicle without a change is as fast."""
    found = slow_search.earliest_arrival(trips, access, egress, {}, leave=leave, change_s=10**8)
    return found == arrival


def as_legs(walks: dict[str, int], timetable: Timetable) -> Legs:
    stop = timetable.rows_of(np.array(list(walks), dtype=object)).astype(np.int32)
    seconds = np.array(list(walks.values()), np.int32)
    return make_legs(np.zeros(len(stop), np.int64), stop, seconds, 1)


def test_the_backward_search_is_the_forward_search_turned_round(timetable: Timetable) -> None:
    """The latest departure reaches the stop in time, and a second later does not."""
    draw = random.Random(7)
    compiled = timetable.compiled
    for _ in range(20):
        target = draw.randrange(timetable.n_stops)
        deadline = draw.randrange(7 * 3600, 23 * 3600)
        boarded = latest_departures(
            compiled, Walks(np.array([target], np.int32), np.array([60], np.int32)), deadline, 0
        )
        for stop in draw.sample(range(timetable.n_stops), 30):
            if stop == target:
                continue
            at_hand = Walks(np.array([stop], np.int32), np.zeros(1, np.int32))
            if boarded[stop] == NEVER:
                for leave in (0, deadline - 3600):
                    assert earliest_arrivals(compiled, at_hand, max(leave, 0), deadline)[target] > deadline - 60
                continue
            assert earliest_arrivals(compiled, at_hand, int(boarded[stop]), deadline)[target] <= deadline - 60
            assert earliest_arrivals(compiled, at_hand, int(boarded[stop]) + 1, deadline)[target] > deadline - 60


def test_a_saved_timetable_answers_the_same(timetable: Timetable, tmp_path: Path) -> None:
    timetable.save(tmp_path / "timetable")
    opened = Timetable.open(tmp_path / "timetable")
    egress = Walks(np.array([5, 90], np.int32), np.array([60, 0], np.int32))
    for mine, theirs in zip(
        profile_to(timetable.compiled, egress, 25_000, 40_000),
        profile_to(opened.compiled, egress, 25_000, 40_000),
        strict=True,
    ):
        assert np.array_equal(mine, theirs)
    assert arrival_after(profile_to(opened.compiled, egress, 25_000, 40_000), 5, 40_001) == UNREACHED
