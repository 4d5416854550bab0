"""Spread supply against the rule as one would follow it by hand, on small random places."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.capacity.kernels.counts import room
from flexsites.capacity.kernels.spread import Candidates, spread
from flexsites.geometry.cluster_sizes import Sizes, per_cluster
from flexsites.suitability.kernels.ranks import better_before

REACH_M = 250.0
SCORES = (None, 0.0, 0.333, 0.5, 1.0)


@st.composite
def pieces(draw: st.DrawFn) -> list[dict[str, object]]:
    """Return pieces on a lattice of 50 m, so that many lie at the very reach of each other."""
    made = []
    for site in range(draw(st.integers(0, 9))):
        for number in range(1, draw(st.integers(1, 3)) + 1):
            low = draw(st.integers(0, 12))
            expected = low + draw(st.integers(1, 12))
            made.append(
                {
                    "verdict": draw(st.integers(0, 1)),
                    "score": draw(st.sampled_from(SCORES)),
                    "room": (low, expected, expected + draw(st.integers(0, 12))),
                    "site": site,
                    "number": number,
                    "location": draw(st.integers(0, 4)),
                    "xy": (50.0 * draw(st.integers(0, 12)), 50.0 * draw(st.integers(0, 6))),
                }
            )
    return made


def by_hand(pieces: list[dict[str, object]], minimum: list[int], maximum: list[float]) -> dict[object, object]:
    """Follow METHOD 0 line by line; return per seed its members and homes."""

    def before(one):
        score = -1.0 if one["score"] is None else one["score"]
        return (one["verdict"], -score, -one["room"][1], one["site"], one["number"])

    open_ones, recorded = sorted(pieces, key=before), {}
    while open_ones:
        seed = open_ones[0]
        near = [one for one in open_ones if math.dist(one["xy"], seed["xy"]) <= REACH_M]
        nearest = sorted(near, key=lambda one: (math.dist(one["xy"], seed["xy"]), one["site"], one["number"]))
        left, homes, members = maximum[1], 0, []
        for one in nearest:
            if one["location"] == seed["location"]:
                given_here = min(one["room"][1], left)
                left, homes = left - given_here, homes + given_here
                members.append((one["site"], one["number"]))
        if homes < minimum[1]:
            open_ones.remove(seed)
            continue
        rooms = [sum(one["room"][i] for one in near if one["location"] == seed["location"]) for i in range(3)]
        told = [0 if rooms[i] < minimum[i] else min(rooms[i], maximum[i]) for i in range(3)]
        assert told[1] == homes
        recorded[seed["site"], seed["number"]] = (sorted(members), told)
        open_ones = [one for one in open_ones if one not in near]
    return recorded


def candidates(pieces: list[dict[str, object]]) -> Candidates:
    def column(name: str, dtype: type = np.int64) -> np.ndarray:
        return np.array([np.nan if one[name] is None else one[name] for one in pieces], dtype=dtype)

    return Candidates(
        column("verdict"), column("score", np.float64), column("room").reshape(-1, 3).T,
        column("room").reshape(-1, 3)[:, 1],
        column("site"), column("number"), column("location"), column("xy", np.float64).reshape(-1, 2),
    )  # fmt: skip


@given(pieces(), st.integers(1, 15), st.integers(0, 25), st.randoms())
def test_clusters_are_those_of_the_rule_followed_by_hand(made, least, more, random) -> None:
    minimum = [least + 2, least, max(least - 2, 1)]
    maximum = [max(least + more - 3, least + 2), least + more, math.inf]
    expected = by_hand(made, minimum, maximum)
    random.shuffle(made)  # the order of the rows decides nothing
    found = spread(candidates(made), Sizes(minimum, maximum, least), reach_m=REACH_M)
    ids = [(one["site"], one["number"]) for one in made]
    told = {
        ids[seed]: (
            sorted(one for one, k in zip(ids, found.cluster, strict=True) if k == i),
            found.homes[:, i].tolist(),
        )
        for i, seed in enumerate(found.seed)
    }
    assert told == expected


@given(pieces(), st.integers(1, 15), st.integers(0, 25))
def test_a_low_or_a_high_estimate_is_of_the_clusters_that_the_base_tells(made, least, more) -> None:
    """What is told as expected is told of the same clusters: a low estimate is never above the low one of the base."""
    minimum, maximum = [least + 2, least, max(least - 2, 1)], [least + more, least + more + 2, math.inf]
    base = candidates(made)
    found = spread(base, Sizes(minimum, maximum, least), reach_m=REACH_M)
    for at in (0, 2):
        rows = [0, at, 2]
        told = spread(
            replace(base, room=base.room[rows]),
            Sizes([minimum[i] for i in rows], [maximum[i] for i in rows], least),
            reach_m=REACH_M,
        )
        assert told.homes.tolist() == found.homes[rows].tolist()
        assert told.cluster.tolist() == found.cluster.tolist()


def test_a_piece_at_the_very_reach_is_within_it() -> None:
    """Three in a line, 250 m apart: the first closes the second, the third seeds a cluster of its own."""
    ids = np.arange(3)
    line = np.column_stack([157_000.1 + ids * 250.0, 470_000.3 + ids * 0.0])
    line[:, 0] = 157_000.0 + ids * 250.0
    rooms = np.tile(np.array([[4], [5], [6]]), 3)
    found = Candidates(ids * 0, ids * 0.0, rooms, rooms[1], ids, ids * 0 + 1, ids, line)
    found = spread(found, Sizes([1] * 3, [9] * 3, 1), reach_m=250.0)
    assert (found.seed.tolist(), found.cluster.tolist()) == ([0, 2], [0, -1, 1])


@pytest.mark.parametrize("density", [0.0, 3.999, 4.0, 1e6])
def test_room_is_never_more_than_either_route(density: float) -> None:
    assert room(np.array([density]), np.array([7])).tolist() == [min(int(density), 7)]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_a_place_never_holds_more_than_its_most_nor_fewer_than_its_fewest(rooms: list[int]) -> None:
    homes = per_cluster(np.array([rooms]), [5], [30])[0]
    assert ((homes == 0) | ((homes >= 5) & (homes <= 30))).all()
    assert (homes[np.array(rooms) >= 5] > 0).all()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(SCORES)), max_size=20))
def test_a_rank_is_one_more_than_the_number_that_is_better(made: list[tuple[int, float | None]]) -> None:
    keys = [(verdict, 2.0 if score is None else -score) for verdict, score in made]
    verdict = np.array([one for one, _ in made], dtype=np.int64)
    score = np.array([np.nan if one is None else one for _, one in made], dtype=np.float64)
    assert better_before(verdict, score).tolist() == [1 + sum(other < key for other in keys) for key in keys]
