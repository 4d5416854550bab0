"""Laws of searching a timetable, on small random ones and against a search that is right at sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flexsites.accessibility.kernels.connection_scan import (
    NEVER,
    UNREACHED,
    earliest_arrival,
    earliest_arrivals,
    latest_departures,
    profile_to,
)
from flexsites.accessibility.kernels.door_to_door import (
    Ways,
    door_to_door,
    opportunities_within,
    percentiles,
    travel_times_by_profile,
)
from flexsites.accessibility.kernels.timetable import Legs, Timetable, Walks, compile_timetable, make_legs

N_STOPS, CHANGE_S, DAY_S = 6, 2, 100


@dataclass(frozen=True)
class Town:
    """Trips as lists of (stop, arrival, departure, may board, may alight), and walks between stops in seconds."""

    trips: list[list[tuple[int, int, int, bool, bool]]]
    walks: dict[tuple[int, int], int]

    def compiled(self, order: list[int] | None = None) -> Timetable:
        trips = [self.trips[i] for i in order] if order is not None else self.trips
        calls = [call for trip in trips for call in trip]
        start = np.concatenate([[0], np.cumsum([len(trip) for trip in trips])]).astype(np.int64)
        stop, arrival, departure = (np.array([c[i] for c in calls], np.int32) for i in range(3))
        board, alight = (np.array([c[i] for c in calls], bool) for i in (3, 4))
        pairs = sorted(self.walks)
        walks = make_legs(
            np.array([a for a, _ in pairs], np.int64),
            np.array([b for _, b in pairs], np.int32),
            np.array([self.walks[pair] for pair in pairs], np.int32),
            N_STOPS,
        )
        return compile_timetable(
            service_date="2026-01-05", stop_ids=np.array([f"s{i}" for i in range(N_STOPS)], dtype=object),
            trip_start=start, stop=stop, arrival_s=arrival, departure_s=departure, is_boarding=board,
            is_alighting=alight, walks=walks, change_s=CHANGE_S,
        )  # fmt: skip

    def arrivals(self, access: dict[int, int], leave: int) -> dict[int, int]:
        """Return when each stop is first reached by vehicle: all trips over and over until nothing changes."""
        ready = {stop: leave + walk for stop, walk in access.items()}
        reached: dict[int, int] = {}
        changed = True
        while changed:
            changed = False
            for trip in self.trips:
                aboard = False
                for stop, arrival, departure, may_board, may_alight in trip:
                    if aboard and may_alight and arrival < reached.get(stop, 10**6):
                        reached[stop] = arrival
                        for other in range(N_STOPS):
                            walk = 0 if other == stop else self.walks.get((stop, other))
                            if walk is not None and arrival + walk + CHANGE_S < ready.get(other, 10**6):
                                ready[other] = arrival + walk + CHANGE_S
                                changed = True
                    aboard = aboard or (may_board and ready.get(stop, 10**6) <= departure)
        return reached


@st.composite
def towns(draw: st.DrawFn) -> Town:
    trips = []
    for _ in range(draw(st.integers(1, 8))):
        moment = draw(st.integers(0, DAY_S - 30))
        trip = []
        for stop in draw(st.lists(st.integers(0, N_STOPS - 1), min_size=2, max_size=5)):
            arrival = moment + draw(st.integers(0, 6))
            moment = arrival + draw(st.integers(0, 2))
            trip.append((stop, arrival, moment, draw(st.integers(0, 9)) > 0, draw(st.integers(0, 9)) > 0))
        trips.append(trip)
    pairs = st.tuples(st.integers(0, N_STOPS - 1), st.integers(0, N_STOPS - 1)).filter(lambda pair: pair[0] != pair[1])
    return Town(trips, draw(st.dictionaries(pairs, st.integers(0, 8), max_size=6)))


walks_of_a_place = st.dictionaries(st.integers(0, N_STOPS - 1), st.integers(0, 9), min_size=1, max_size=3)


def as_walks(walks: dict[int, int]) -> Walks:
    return Walks(np.array(list(walks), np.int32), np.array(list(walks.values()), np.int32))


def as_legs(*places: dict[int, int]) -> Legs:
    place = [i for i, walks in enumerate(places) for _ in walks]
    stop = [stop for walks in places for stop in walks]
    seconds = [s for walks in places for s in walks.values()]
    return make_legs(np.array(place, np.int64), np.array(stop, np.int32), np.array(seconds, np.int32), len(places))


@given(towns(), walks_of_a_place, st.integers(0, DAY_S))
def test_forward_equals_the_search_that_is_right_at_sight(town: Town, access: dict[int, int], leave: int) -> None:
    found = earliest_arrivals(town.compiled().compiled, as_walks(access), leave, 10 * DAY_S)
    expected = town.arrivals(access, leave)
    assert {stop: int(t) for stop, t in enumerate(found) if t != UNREACHED} == expected


@given(towns(), walks_of_a_place, walks_of_a_place, st.integers(0, DAY_S))
def test_a_search_that_ends_early_finds_the_same(
    town: Town, access: dict[int, int], egress: dict[int, int], leave: int
) -> None:
    found = earliest_arrival(town.compiled().compiled, as_walks(access), as_walks(egress), leave, 10 * DAY_S)
    arrivals = [at + egress[stop] for stop, at in town.arrivals(access, leave).items() if stop in egress]
    assert found == min(arrivals, default=UNREACHED)


@given(towns(), walks_of_a_place, st.integers(0, 2 * DAY_S))
def test_backward_is_exactly_the_last_moment(town: Town, egress: dict[int, int], deadline: int) -> None:
    found = latest_departures(town.compiled().compiled, as_walks(egress), deadline, 0)
    for stop in range(N_STOPS):
        moments = [
            leave
            for leave in range(deadline + 1)
            if any(
                arrival + egress[at] <= deadline
                for at, arrival in town.arrivals({stop: 0}, leave).items()
                if at in egress
            )
        ]
        assert (None if found[stop] == NEVER else int(found[stop])) == max(moments, default=None)


@given(towns(), walks_of_a_place, walks_of_a_place)
def test_the_profile_answers_every_departure(town: Town, access: dict[int, int], egress: dict[int, int]) -> None:
    compiled = town.compiled().compiled
    leave = np.arange(0, DAY_S, 7, dtype=np.int32)
    profile = profile_to(compiled, as_walks(egress), 0, 10 * DAY_S)
    taken = travel_times_by_profile(profile, as_legs(access), np.full(1, UNREACHED), leave, 5 * DAY_S)[0]
    for k, moment in enumerate(leave):
        arrivals = [t + egress[at] for at, t in town.arrivals(access, int(moment)).items() if at in egress]
        expected = min(arrivals, default=None)
        assert (None if taken[k] == UNREACHED else int(taken[k] + moment)) == expected
    for stop in range(N_STOPS):  # along a chain both departures and arrivals increase
        entry, before = profile.head[stop], (-1, -1)
        while entry != -1:
            here = (int(profile.departure_s[entry]), int(profile.arrival_s[entry]))
            assert here[0] > before[0]
            assert here[1] > before[1]
            entry, before = profile.next_entry[entry], here


@given(towns(), walks_of_a_place, walks_of_a_place, st.randoms(use_true_random=False))
def test_the_order_of_trips_changes_nothing(
    town: Town, access: dict[int, int], egress: dict[int, int], draw: object
) -> None:
    order = list(range(len(town.trips)))
    draw.shuffle(order)
    leave = np.arange(0, DAY_S, 10, dtype=np.int32)
    none = Legs(np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    ways = Ways(as_legs(access), as_legs(egress), none, np.ones(1))
    first, second = (door_to_door(town.compiled(some).compiled, ways, 0, leave, DAY_S) for some in (None, order))
    assert np.array_equal(first, second)


@given(towns(), st.lists(walks_of_a_place, min_size=1, max_size=3), st.lists(walks_of_a_place, min_size=1, max_size=4))
def test_opportunities_add_up_and_never_fall(
    town: Town, access: list[dict[int, int]], egress: list[dict[int, int]]
) -> None:
    compiled = town.compiled().compiled
    leave = np.arange(0, DAY_S // 2, 10, dtype=np.int32)
    weight = np.arange(1.0, len(egress) + 1)
    direct = as_legs(*({0: 15} if i == 0 else {} for i in range(len(access))))
    ways = Ways(as_legs(*access), as_legs(*egress), direct, weight)
    cutoffs = np.array([5, 15, 30, 60], np.int64)
    within = opportunities_within(compiled, ways, leave, cutoffs, 50.0)
    assert (np.diff(within, axis=1) >= 0).all()
    assert (within <= weight.sum()).all()
    assert within[0, 1] >= 1.0  # the walk all the way counts
    for origin in range(len(access)):
        taken = door_to_door(compiled, ways, origin, leave, 60)
        median = np.sort(taken, axis=1)[:, (len(leave) + 1) // 2 - 1]
        for i, cutoff in enumerate(cutoffs):
            assert within[origin, i] == weight[median <= cutoff].sum()
    alone = opportunities_within(
        compiled, Ways(as_legs(access[-1]), ways.egress, as_legs({0: 15} if len(access) == 1 else {}), weight), leave,
        cutoffs, 50.0,
    )  # fmt: skip
    assert np.array_equal(alone[0], within[-1])  # an origin's answer does not depend on the others


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.floats(1, 100))
def test_a_percentile_is_the_least_value_that_its_share_does_not_exceed(values: list[int], share: float) -> None:
    told = int(percentiles(np.array([values], np.int32), np.array([share]))[0, 0])
    assert told in values
    within = sum(v <= told for v in values)
    below = sum(v < told for v in values)
    assert within >= share / 100 * len(values) - 1e-9
    assert below < share / 100 * len(values) + 1e-9
