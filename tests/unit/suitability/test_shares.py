"""Sharing the homes of chosen places: counted by hand, and against trying every way."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.suitability.kernels.home_parts import parts_of
from flexsites.suitability.kernels.shares import even_totals, share_out
from tests.conftest import examples

ANY = np.iinfo(np.int64).max


def _ints(*values):
    return np.array(values, dtype=np.int64)


def _totals(homes, serves, demand, most=None, **more):
    place = np.arange(len(homes))
    most = np.full((len(homes), len(demand)), ANY) if most is None else most
    return even_totals(place, _ints(*homes), np.array(serves, dtype=bool), _ints(*demand), most, **more).tolist()


def test_groups_of_one_flexmilieu_share_a_place():
    assert _totals([40], [[1, 1]], [20, 20]) == [20, 20]


def test_shortage_is_shared_evenly_and_to_the_home():
    """24 homes for 40 and 20 asked are 40 % of each; one home more is a larger share for who asks less."""
    assert _totals([24], [[1, 1]], [40, 20]) == [16, 8]
    assert _totals([25], [[1, 1]], [40, 20]) == [16, 9]


def test_a_group_with_another_way_makes_room():
    """The first row fits in both places, the second in the first only: both are housed."""
    assert _totals([10, 10], [[1, 1], [1, 0]], [10, 10]) == [10, 10]


def test_given_first_is_kept():
    assert _totals([25], [[1, 1]], [40, 20], first=_ints(0, 15)) == [10, 15]


def test_a_limit_of_a_place_holds_over_all_its_parts():
    """Two parts of one place of which the first row may have 12 in all."""
    serves = np.ones((2, 2), dtype=bool)
    found = even_totals(_ints(0, 0), _ints(20, 20), serves, _ints(40, 40), np.array([[12, ANY]]))
    assert found.tolist() == [12, 28]
    given_homes = share_out(_ints(0, 0), _ints(20, 20), serves, ~serves, found, np.array([[12, ANY]]))
    assert given_homes.sum(axis=0).tolist() == [12, 28]
    assert (given_homes.sum(axis=1) <= 20).all()


def test_homes_go_where_they_are_asked_if_they_can():
    """Either place could house either row; each is housed at home, whatever their order."""
    serves, is_away = np.ones((2, 2), dtype=bool), np.array([[True, False], [False, True]])
    found = share_out(_ints(0, 1), _ints(30, 30), serves, is_away, _ints(20, 25), np.full((2, 2), ANY))
    assert found.tolist() == [[0, 25], [20, 0]]


def test_nothing_asked_gives_nothing():
    assert _totals([10], [[1, 1]], [0, 0]) == [0, 0]
    assert _totals([], np.zeros((0, 2)), [3, 4]) == [0, 0]


@st.composite
def _worlds(draw):
    n, n_rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    flags = st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)
    serves = np.array(draw(st.lists(flags, min_size=n, max_size=n)), dtype=bool)
    homes = np.array(draw(st.lists(st.integers(1, 6), min_size=n, max_size=n)), dtype=np.int64)
    demand = np.array(draw(st.lists(st.integers(0, 5), min_size=n_rows, max_size=n_rows)), dtype=np.int64)
    limit = st.sampled_from([1, 2, 3, ANY])
    row = st.lists(limit, min_size=n_rows, max_size=n_rows)
    return homes, serves, demand, np.array(draw(st.lists(row, min_size=n, max_size=n)), dtype=np.int64)


def _ways(homes, serves, most):
    """Yield every way to give homes, as a matrix of places and rows."""
    cells = list(np.ndindex(*serves.shape))
    limits = [min(int(homes[i]), int(most[i, j])) if serves[i, j] else 0 for i, j in cells]
    for amounts in itertools.product(*(range(limit + 1) for limit in limits)):
        given_homes = np.array(amounts).reshape(serves.shape)
        if (given_homes.sum(axis=1) <= homes).all():
            yield given_homes


@examples(60)
@given(_worlds())
def test_no_share_can_be_raised_without_lowering_one_no_higher(world):
    homes, serves, demand, most = world
    if (
        np.prod([min(int(homes[i]), int(most[i, j])) + 1 if serves[i, j] else 1 for i, j in np.ndindex(serves.shape)])
        > 3e4
    ):
        return
    met = even_totals(np.arange(len(homes)), homes, serves, demand, most)
    asked = demand > 0
    totals = {tuple(way.sum(axis=0)) for way in _ways(homes, serves, most) if (way.sum(axis=0) <= demand).all()}
    assert sum(met) == max(map(sum, totals))
    best = max(sorted((np.array(one)[asked] / demand[asked]).tolist()) for one in totals)
    assert sorted((met[asked] / demand[asked]).tolist()) == pytest.approx(best)
    assert tuple(met) in totals


@examples(100)
@given(st.integers(0, 400), st.integers(1, 9), st.integers(1, 3), st.booleans())
def test_the_parts_of_a_place_are_its_homes(n_homes, tenths, storeys, has_lift):
    found = parts_of(_ints(n_homes), [tenths / 10, 1 - tenths / 10], [storeys, 1], has_lift=has_lift)[0]
    assert found.sum() == n_homes
    assert abs(found[0].sum() - n_homes * tenths / 10) < 1
    assert found[1, 1] == 0
    assert found[0, 0] == (found[0].sum() if has_lift else found[0].sum() // storeys)
