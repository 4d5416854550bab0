"""A chain of places equals the best of all arrangements where those can be counted, and obeys its windows."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flexsites.suitability.kernels.relocation import find_chain, moves_between, worth_opening


def stays(opens, closes, longest):
    """Every unbroken run of years that a place may be open; none at all first."""
    runs = [(first, last) for first in range(opens, closes) for last in range(first + 1, closes + 1)]
    return [(0, 0), *(run for run in runs if run[1] - run[0] <= longest)]


def best_of_all(capacity, opens, closes, longest, demand):
    """Return (unhoused, moves, places opened) of the best arrangement, trying all."""
    n, n_years = len(capacity), len(demand)
    best = None
    for runs in itertools.product(*(stays(*one) for one in zip(opens, closes, longest, strict=True))):
        room = [[capacity[i] if runs[i][0] <= y < runs[i][1] else 0 for i in range(n)] for y in range(n_years)]
        n_open = sum(last > first for first, last in runs)
        # per year every way to put homes, kept by the least (unhoused, moves) that leads there
        now = {(0,) * n: (0, 0)}
        for y in range(n_years):
            then = {}
            for homes in itertools.product(*(range(one + 1) for one in room[y])):
                unhoused = demand[y] - sum(homes)
                if unhoused < 0:
                    continue
                for before, (worst, moved) in now.items():
                    left = sum(max(b - h, 0) for b, h in zip(before, homes, strict=True)) if y else 0
                    score = (worst + unhoused, moved + left)
                    then[homes] = min(then.get(homes, score), score)
            now = then
        score = (*min(now.values()), n_open)
        best = score if best is None else min(best, score)
    return best


@st.composite
def small(draw):
    n, n_years = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    opens = [draw(st.integers(0, n_years - 1)) for _ in range(n)]
    closes = [draw(st.integers(one + 1, n_years)) for one in opens]
    longest = [draw(st.integers(1, n_years)) for _ in range(n)]
    capacity = [draw(st.integers(0, 2)) for _ in range(n)]
    demand = [draw(st.integers(0, 3)) for _ in range(n_years)]
    return tuple(np.array(one, dtype=np.int64) for one in (capacity, opens, closes, longest, demand))


def reached(chain, demand):
    homes = chain.homes
    moves = int(np.maximum(homes[:, :-1] - homes[:, 1:], 0).sum())
    return int((demand - homes.sum(axis=0)).sum()), moves, int(chain.is_open.any(axis=1).sum())


@settings(deadline=None, max_examples=60)
@given(small())
def test_a_chain_is_the_best_of_all(case):
    chain = find_chain(*case)
    assert chain.gaps == (0.0, 0.0, 0.0)
    assert reached(chain, case[-1]) == best_of_all(*(one.tolist() for one in case))


@settings(deadline=None, max_examples=5)
@given(st.lists(st.integers(3, 9), min_size=12, max_size=14), st.integers(2, 4), st.integers(1, 3), st.data())
def test_what_is_not_worth_opening_is_not_missed(capacity, n_years, stay, data):
    demand = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n_years, max_size=n_years)), dtype=np.int64)
    n = len(capacity)
    places = [np.array(capacity), np.zeros(n, dtype=np.int64), np.full(n, n_years), np.full(n, stay)]
    kept = worth_opening(*places, demand)
    assert not kept.all()
    fewer = find_chain(*(one[kept] for one in places), demand)
    assert reached(fewer, demand) == reached(find_chain(*places, demand), demand)


@settings(deadline=None, max_examples=40)
@given(small())
def test_windows_stays_and_capacities_hold(case):
    capacity, opens, closes, longest, demand = case
    chain = find_chain(*case)
    years = np.arange(len(demand))
    assert (chain.homes <= capacity[:, None]).all()
    assert (chain.homes[~chain.is_open] == 0).all()
    outside = (years < opens[:, None]) | (years >= closes[:, None])
    assert not chain.is_open[outside].any()
    assert (chain.is_open.sum(axis=1) <= longest).all()
    starts = chain.is_open & ~np.pad(chain.is_open, ((0, 0), (1, 0)))[:, :-1]
    assert (starts.sum(axis=1) <= 1).all()
    assert (chain.homes.sum(axis=0) <= demand).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_moves_lead_from_one_year_to_the_next(pairs):
    before, after = (np.array([one[k] for one in pairs], dtype=np.int64) for k in (0, 1))
    homes = before.copy()
    moves = moves_between(before, after)
    for come_from, go_to, n in moves:
        assert n > 0
        if come_from >= 0:
            homes[come_from] -= n
        if go_to >= 0:
            homes[go_to] += n
    assert (homes == after).all()
    assert not (any(one[0] < 0 for one in moves) and any(one[1] < 0 for one in moves))
