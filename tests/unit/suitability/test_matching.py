"""Choosing whole places for a demand: answers counted by hand, and against trying every choice."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.suitability.kernels import matching
from flexsites.suitability.kernels.greedy import take_in_turn
from flexsites.suitability.kernels.matching import choose
from flexsites.suitability.kernels.places import AWAY, NO_LIMIT, Bound, Objective, Places
from flexsites.suitability.kernels.shares import even_totals, share_out
from tests.conftest import examples

SOLVED = 5e-6
"""What the solver lets a constraint miss, 1e-6, once per objective that is kept."""


def _places(homes, serves, demand, land=None, **more):
    """Make places of one part each; each on its own land unless it is said."""
    n = len(homes)
    land = range(n) if land is None else land
    serves = np.array(serves, dtype=bool).reshape(n, len(demand))
    more = {"most": np.full(serves.shape, NO_LIMIT), "is_away": np.zeros_like(serves)} | more
    return Places(
        place=np.arange(n),
        homes=np.array(homes, dtype=np.int64),
        serves=serves,
        land=np.column_stack([np.arange(n), np.array(land, dtype=np.int64)]).astype(np.int64).reshape(n, 2),
        demand=np.array(demand, dtype=np.int64),
        **more,
    )


def _taken(found):
    return np.flatnonzero(found.places).tolist()


def _in_order(n):
    return Objective(np.arange(n, dtype=np.float64))


def test_land_counts_once():
    """One site of 30 homes suits both flexmilieus: only one of two groups of 30 can be housed."""
    found = choose(_places([30, 30], np.eye(2), [30, 30], land=[5, 5]), [])
    assert (found.places.sum(), found.n_homes, found.n_at_most) == (1, 30, 30)


def test_a_place_is_not_split_over_flexmilieus():
    """Twenty of each group would fit on 40 homes, but a place is one flexmilieu: 20 is the most."""
    assert choose(_places([40, 40], np.eye(2), [20, 20], land=[5, 5]), []).n_homes == 20


def test_one_big_place_goes_before_two_small_ones_and_a_better_before_a_worse():
    score = np.array([1.0, 1.0, 0.5, 0.6])
    given_places = _places([20, 20, 40, 40], np.ones(4), [40])
    assert _taken(choose(given_places, [Objective(np.ones(4)), Objective(1 - score), _in_order(4)])) == [3]


def test_a_share_of_each_place_asks_more_places():
    """Half of a place of 40 and of one of 20: 30 of the 30 asked on both; of the larger alone 20."""
    most = np.array([[20], [10]])
    found = choose(_places([40, 20], np.ones(2), [30], most=most), [Objective(np.ones(2))])
    assert (_taken(found), found.n_homes) == ([0, 1], 30)
    assert choose(_places([40, 20], np.ones(2), [20], most=most), [Objective(np.ones(2))]).n_homes == 20


def test_places_near_one_another_hold_no_more_than_one_may():
    """Ten within a distance: the first two are near each other, the third is not."""
    near = np.array([[0, 1], [1, 0], [0, 0], [1, 1], [2, 2]])
    bound = Bound(np.array([0]), near, np.full(3, 10))
    given_places = _places([30, 30, 30], np.ones(3), [30], most=np.full((3, 1), 10), bounds=(bound,))
    found = choose(given_places, [])
    assert (found.n_homes, found.n_at_most) == (20, 20)
    assert found.most[:2].sum() == 10


def test_homes_elsewhere_are_the_last_resort():
    is_away = np.array([[False], [True]])
    both = _places([10, 50], np.ones(2), [30], is_away=is_away)
    found = choose(both, [AWAY, Objective(np.ones(2))])
    assert (found.n_homes, *found.reached) == pytest.approx((30, 20, 2), abs=SOLVED)
    assert choose(both, [Objective(np.ones(2)), AWAY]).reached == pytest.approx((1, 30), abs=SOLVED)


def test_nothing_to_choose_from_gives_nothing():
    found = choose(_places([], np.zeros((0, 2)), [5, 5], land=[]), [])
    assert (len(found.places), found.n_homes, found.n_at_most) == (0, 0, 0)


def test_what_must_be_given_is():
    """The first row would get nothing if only the most counted."""
    rows = _places([10, 30], [[1, 0], [0, 1]], [10, 30], land=[5, 5])
    assert _taken(choose(rows, [])) == [1]
    assert _taken(choose(rows, [], at_least=np.array([10, 0]))) == [0]


@st.composite
def _worlds(draw):
    n, n_rows = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    flags = st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)
    numbers = st.lists(st.integers(0, 2), min_size=n, max_size=n)
    limits = st.lists(st.sampled_from([1, 2, NO_LIMIT]), min_size=n, max_size=n)
    given_places = _places(
        draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)),
        draw(st.lists(flags, min_size=n, max_size=n)),
        draw(st.lists(st.integers(0, 6), min_size=n_rows, max_size=n_rows)),
        draw(numbers),
        most=np.array([draw(limits) for _ in range(n_rows)]).T,
        is_away=np.array(draw(st.lists(flags, min_size=n, max_size=n))),
        bounds=draw(_bounds(n, n_rows)),
    )
    for bound in given_places.bounds:
        given_places.most[:, bound.rows] = np.minimum(given_places.most[:, bound.rows], bound.most[:, None])
    return given_places, [np.array(draw(numbers), dtype=np.float64) for _ in range(2)], np.array(draw(numbers))


@st.composite
def _bounds(draw, n, n_rows):
    if not draw(st.booleans()):
        return ()
    pairs = [pair for pair in itertools.combinations(range(n), 2) if draw(st.booleans())]
    near = [*pairs, *((b, a) for a, b in pairs), *((a, a) for a in range(n))]
    return (Bound(np.arange(n_rows), np.array(near), np.full(n, draw(st.integers(1, 3)))),)


def _every_way(given_places):
    """Yield which places are taken and the homes they give, for every way that keeps to the rules."""
    n, n_rows = given_places.most.shape
    of_place = []
    for i in range(n):
        limits = [
            min(int(given_places.homes[i]), int(given_places.most[i, j])) if given_places.serves[i, j] else 0
            for j in range(n_rows)
        ]
        ways = itertools.product(*(range(limit + 1) for limit in limits))
        of_place.append([None, *(way for way in ways if sum(way) <= given_places.homes[i])])
    piece = given_places.land[:, 1]
    for picks in itertools.product(*of_place):
        taken = np.array([pick is not None for pick in picks])
        if np.unique(piece[taken]).size < taken.sum():
            continue
        homes = np.array([pick or (0,) * n_rows for pick in picks])
        if (homes.sum(axis=0) <= given_places.demand).all() and _keeps_apart(given_places, homes):
            yield taken, homes


def _keeps_apart(given_places, homes):
    for bound in given_places.bounds:
        seen = np.zeros(len(homes), dtype=np.int64)
        np.add.at(seen, bound.near[:, 0], homes[bound.near[:, 1]][:, bound.rows].sum(axis=1))
        if (seen > bound.most).any():
            return False
    return True


@examples(100)
@given(_worlds())
def test_no_other_choice_meets_more_or_costs_less_objective_by_objective(world):
    given_places, (consent, owner), location = world
    n = given_places.n
    objectives = [AWAY, Objective(consent), Objective(owner), Objective(np.ones(n), location), _in_order(n)]
    found = choose(given_places, objectives)

    def cost(taken, homes):
        return (
            -homes.sum(), (homes * given_places.is_away).sum(), consent[taken].sum(), owner[taken].sum(),
            np.unique(location[taken]).size, np.arange(n)[taken].sum(),
        )  # fmt: skip

    best = min(cost(*way) for way in _every_way(given_places))
    assert (-found.n_homes, *found.reached) == pytest.approx(best, abs=SOLVED)
    assert found.n_at_most == found.n_homes
    assert not any(found.gaps)
    # What the choice gives is within every limit.
    kept = found.places[given_places.place]
    shared = given_places.place[kept], given_places.homes[kept], given_places.serves[kept]
    totals = even_totals(*shared, given_places.demand, found.most)
    homes = np.zeros((n, len(totals)), dtype=np.int64)
    homes[found.places] = share_out(*shared, given_places.is_away[kept], totals, found.most)
    assert homes.sum() == found.n_homes
    assert (homes <= found.most).all()
    assert _keeps_apart(given_places, homes)


@examples(100)
@given(_worlds())
def test_places_taken_in_turn_keep_to_every_rule(world):
    given_places, costs, _ = world
    taken, most = take_in_turn(given_places, [*map(Objective, costs), _in_order(given_places.n)])
    assert np.unique(given_places.land[taken, 1]).size == taken.sum()
    kept = taken[given_places.place]
    shared = given_places.place[kept], given_places.homes[kept], given_places.serves[kept]
    totals = even_totals(*shared, given_places.demand, most)
    homes = np.zeros(most.shape, dtype=np.int64)
    homes[taken] = share_out(*shared, given_places.is_away[kept], totals, most)
    assert (homes <= given_places.most).all()
    assert _keeps_apart(given_places, homes)
    assert homes.sum() <= choose(given_places, []).n_homes


def _country(n, demand):
    rng = np.random.default_rng(1)
    serving = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]])
    given_places = _places(rng.integers(5, 300, 3 * n), np.tile(serving, (n, 1)), demand, np.repeat(np.arange(n), 3))
    consent, owner = (np.repeat(rng.random(n) < share, 3).astype(float) for share in (0.6, 0.9))
    return given_places, [Objective(consent), Objective(owner), Objective(np.ones(3 * n)), _in_order(3 * n)]


def test_twenty_thousand_places_take_seconds():
    given_places, objectives = _country(7_000, [800, 1_200, 600, 700])
    found = choose(given_places, objectives)
    assert found.n_homes == found.n_at_most == 3_300
    assert found.reached[:2] == pytest.approx((0, 0), abs=SOLVED)
    assert found.gaps[:3] == (0.0, 0.0, 0.0)
    # 3,300 homes on places of at most 299
    assert 12 <= found.places.sum() <= 14


def test_more_than_can_be_tried_is_taken_in_turn_and_says_so(monkeypatch):
    monkeypatch.setattr(matching, "MANY", 100)
    given_places, objectives = _country(500, [50_000] * 4)
    found = choose(given_places, objectives)
    assert np.unique(given_places.land[found.places, 1]).size == found.places.sum()
    assert found.n_homes < found.n_at_most <= given_places.demand.sum()
    assert np.isinf(found.gaps).all()
