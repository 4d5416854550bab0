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


def _few_and_good(site, kind, homes, score, serves, demand, first):
    """Choose the fewest sites, and of those the best scoring."""
    objectives = [m.Objective(np.ones(len(site))), m.Objective(1.0 - score), m.Objective(np.arange(len(site)) * 1.0)]
    chosen, gaps = m.best_sites(site, kind, homes, serves, demand, objectives, chosen=first)
    assert gaps == (0.0, 0.0, 0.0)
    return chosen


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
    chosen = _few_and_good(site, _ints(0, 0, 0, 0), homes, score, serves, asked, np.ones(4, dtype=bool))
    assert np.flatnonzero(chosen).tolist() == [3]


def test_no_score_is_worth_a_site_more():
    """Two perfect sites of 20 never replace one of 40 that scores nothing."""
    chosen = _few_and_good(
        _ints(0, 1, 2), _ints(0, 0, 0), _ints(20, 20, 40), np.array([1.0, 1.0, 0.0]), np.array([[True]]), _ints(40),
        np.ones(3, dtype=bool),
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
    chosen = _few_and_good(site, kind, homes, score, serves, demand, first)
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


@examples(80)
@given(_worlds(), st.data())
def test_objectives_go_one_after_the_other(world, data):
    """The choice equals the best of all, compared by one objective after the other."""
    site, kind, homes, _, serves, demand = world
    n = len(site)
    first, _ = m.most_met(site, kind, homes, serves, demand, at_least=np.zeros_like(demand))
    flags = st.lists(st.integers(0, 1), min_size=n, max_size=n)
    consent, owner = (np.array(data.draw(flags), dtype=float) for _ in range(2))
    location = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=np.int64)
    objectives = [m.Objective(consent), m.Objective(owner), m.Objective(np.ones(n)), m.Objective(np.ones(n), location)]
    objectives.append(m.Objective(site.astype(float)))
    chosen, _ = m.best_sites(site, kind, homes, serves, demand, objectives, chosen=first)

    def met(choice):
        capacity = np.bincount(kind[choice], weights=homes[choice], minlength=len(serves)).astype(np.int64)
        return _flow(capacity, serves, demand)

    most = met(first)
    every = [np.array(one, dtype=bool) for one in itertools.product((False, True), repeat=n)]
    enough = [one for one in every if np.unique(site[one]).size == one.sum() and met(one) >= most]
    best = min(tuple(objective.of(one) for objective in objectives) for one in enough)
    assert met(chosen) == most
    assert tuple(objective.of(chosen) for objective in objectives) == pytest.approx(best)


def test_twenty_thousand_sites_take_seconds():
    rng = np.random.default_rng(1)
    n = 20_000
    site = np.repeat(np.arange(n), 3)
    kind, homes = np.tile(np.arange(3), n), rng.integers(5, 300, 3 * n)
    consent, owner = (np.repeat(rng.random(n) < share, 3).astype(float) for share in (0.6, 0.9))
    demand = _ints(800, 1_200, 600, 700)
    serves = np.array([[True, True, False, False], [False, True, True, False], [False, False, False, True]])
    objectives = [m.Objective(consent), m.Objective(owner), m.Objective(np.ones(3 * n)), m.Objective(site * 1.0)]
    first, bound = m.most_met(site, kind, homes, serves, demand, at_least=np.zeros(4, dtype=np.int64))
    chosen, gaps = m.best_sites(site, kind, homes, serves, demand, objectives, chosen=first)
    assert bound == demand.sum()
    assert consent[chosen].sum() == owner[chosen].sum() == 0
    assert gaps[:3] == (0.0, 0.0, 0.0)
    # 3,300 homes on parcels of at most 299
    assert 12 <= chosen.sum() <= 14
