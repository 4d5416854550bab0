"""Choosing whole sites for a demand: answers counted by hand, and against trying every choice."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.suitability.kernels import matching as m
from tests.conftest import examples

NOBODY = np.zeros(2, dtype=np.int64)


def _ints(*values):
    return np.array(values, dtype=np.int64)


def test_land_counts_once():
    """One site of 30 homes suits both flexmilieus: only one of two groups of 30 can be housed."""
    both = _ints(0, 0), _ints(0, 1), _ints(30, 30)
    chosen, bound = m.most_met(*both, np.eye(2, dtype=bool), _ints(30, 30), at_least=NOBODY)
    assert (chosen.sum(), bound) == (1, 30)


def test_a_site_is_not_split_over_flexmilieus():
    """Twenty of each group would fit on 40 homes, but a site is one flexmilieu: 20 is the most."""
    both = _ints(0, 0), _ints(0, 1), _ints(40, 40)
    _, bound = m.most_met(*both, np.eye(2, dtype=bool), _ints(20, 20), at_least=NOBODY)
    assert bound == 20


def test_groups_of_one_flexmilieu_share_a_site():
    shares = m.even_shares(_ints(40), np.array([[True, True]]), _ints(20, 20))
    assert shares.tolist() == [[20, 20]]


def test_shortage_is_shared_evenly_and_to_the_home():
    """24 homes for 40 and 20 asked are 40 % of each; one home more is a larger share for who asks less."""
    serves, asked = np.array([[True, True]]), _ints(40, 20)
    assert m.even_shares(_ints(24), serves, asked).tolist() == [[16, 8]]
    assert m.even_shares(_ints(25), serves, asked).tolist() == [[16, 9]]


def test_a_group_with_another_way_makes_room():
    """Group 0 fits in both, group 1 in the first only: group 0 moves to the second so that both are housed."""
    shares = m.even_shares(_ints(10, 10), np.array([[True, True], [True, False]]), _ints(10, 10))
    assert shares.sum(axis=0).tolist() == [10, 10]
    assert shares.tolist() == [[0, 10], [10, 0]]


def test_given_first_is_kept():
    shares = m.even_shares(_ints(25), np.array([[True, True]]), _ints(40, 20), first=_ints(0, 15))
    assert shares.tolist() == [[10, 15]]


def test_one_big_site_goes_before_two_small_ones_and_a_better_before_a_worse():
    serves, asked = np.array([[True]]), _ints(40)
    site, homes = _ints(0, 1, 2, 3), _ints(20, 20, 40, 40)
    score = np.array([1.0, 1.0, 0.5, 0.6])
    chosen = m.fewest_sites(site, _ints(0, 0, 0, 0), homes, score, serves, asked, chosen=np.ones(4, dtype=bool))
    assert np.flatnonzero(chosen).tolist() == [3]


def test_no_score_is_worth_a_site_more():
    """Two perfect sites of 20 never replace one of 40 that scores nothing."""
    chosen = m.fewest_sites(
        _ints(0, 1, 2), _ints(0, 0, 0), _ints(20, 20, 40), np.array([1.0, 1.0, 0.0]), np.array([[True]]), _ints(40),
        chosen=np.ones(3, dtype=bool),
    )  # fmt: skip
    assert np.flatnonzero(chosen).tolist() == [2]


def test_nothing_to_choose_from_gives_nothing():
    none = _ints()
    chosen, bound = m.most_met(none, none, none, np.eye(2, dtype=bool), _ints(5, 5), at_least=NOBODY)
    assert (len(chosen), bound) == (0, 0)


@st.composite
def _worlds(draw):
    n_sites, n_kinds, n_groups = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    amounts = st.lists(st.integers(0, 9), min_size=n_kinds, max_size=n_kinds)
    homes = np.array(draw(st.lists(amounts, min_size=n_sites, max_size=n_sites)))
    flags = st.lists(st.booleans(), min_size=n_groups, max_size=n_groups)
    serves = np.array(draw(st.lists(flags, min_size=n_kinds, max_size=n_kinds)), dtype=bool)
    demand = np.array(draw(st.lists(st.integers(0, 12), min_size=n_groups, max_size=n_groups)), dtype=np.int64)
    site, kind = np.nonzero(homes)
    tenths = draw(st.lists(st.integers(0, 10), min_size=len(site), max_size=len(site)))
    return site, kind, homes[site, kind].astype(np.int64), np.array(tenths) / 10, serves, demand


def _flow(capacity, serves, demand):
    """Return the most homes given: over every set of groups, what they ask outside it and what can serve it (Hall)."""
    groups = range(len(demand))
    cuts = []
    for chosen in itertools.product((False, True), repeat=len(groups)):
        inside = np.array(chosen, dtype=bool)
        cuts.append(int(demand[~inside].sum() + capacity[serves[:, inside].any(axis=1)].sum()))
    return min(cuts)


def _every_choice(site, kind, homes, serves, demand):
    """Yield (options chosen, homes given) for every choice of at most one flexmilieu per site."""
    options = [[None, *np.flatnonzero(site == one)] for one in np.unique(site)]
    for picks in itertools.product(*options):
        chosen = np.zeros(len(site), dtype=bool)
        chosen[[pick for pick in picks if pick is not None]] = True
        capacity = np.bincount(kind[chosen], weights=homes[chosen], minlength=len(serves)).astype(np.int64)
        yield chosen, _flow(capacity, serves, demand)


@examples(150)
@given(_worlds())
def test_no_other_choice_meets_more_or_costs_less(world):
    site, kind, homes, score, serves, demand = world
    every = list(_every_choice(site, kind, homes, serves, demand))
    most = max(given_homes for _, given_homes in every)
    first, bound = m.most_met(site, kind, homes, serves, demand, at_least=np.zeros_like(demand))
    assert bound == most
    chosen = m.fewest_sites(site, kind, homes, score, serves, demand, chosen=first)
    assert np.unique(site[chosen]).size == chosen.sum()
    capacity = np.bincount(kind[chosen], weights=homes[chosen], minlength=len(serves)).astype(np.int64)
    shares = m.even_shares(capacity, serves, demand)
    assert shares.sum() == most
    enough = [one for one, given_homes in every if given_homes == most]
    fewest = min(int(one.sum()) for one in enough)
    assert int(chosen.sum()) == fewest
    best = max(score[one].sum() for one in enough if int(one.sum()) == fewest)
    assert score[chosen].sum() == pytest.approx(best, abs=1e-6)
    assert (shares.sum(axis=0) <= demand).all()
    assert (shares.sum(axis=1) <= capacity).all()
    assert not shares[~serves].any()
    filled = m.fill(kind[chosen], homes[chosen], shares)
    assert (filled.sum(axis=1) <= homes[chosen]).all()
    assert filled.sum() == most


@examples(150)
@given(_worlds())
def test_no_share_can_be_raised_without_lowering_one_no_higher(world):
    _, _, _, _, serves, demand = world
    capacity = np.arange(3, 3 + len(serves)) * 2
    met = m.even_shares(capacity, serves, demand).sum(axis=0)
    best = _lexicographic(capacity, serves, demand)
    asked = demand > 0
    assert sorted((met[asked] / demand[asked]).tolist()) == pytest.approx(best)


def _lexicographic(capacity, serves, demand):
    """Return the sorted shares of the fairest way to give, found by trying every one."""
    ways = itertools.product(*(range(int(asked) + 1) for asked in demand))
    asked = demand > 0
    shares = [
        sorted((np.array(way)[asked] / demand[asked]).tolist())
        for way in ways
        if _flow(capacity, serves, np.array(way)) == sum(way)
    ]
    return max(shares)
