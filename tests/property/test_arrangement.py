"""The quick way to place clusters in a draw gives the homes of the plain one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flexsites.capacity.kernels.arrangement import arranged_homes, find_near, order_of, seeds_of
from flexsites.capacity.kernels.spread import Candidates, spread
from flexsites.geometry.cluster_sizes import Sizes

small = st.integers(0, 2**32 - 1)


@given(small, st.integers(0, 40), st.integers(1, 30), st.integers(0, 40))
def test_the_homes_of_a_draw_are_those_of_spread_supply(seed, n, minimum, more):
    random = np.random.default_rng(seed)
    site = np.sort(random.integers(0, 12, n))
    number = np.concatenate([np.arange(count) for count in np.bincount(site, minlength=12)]).astype(np.int64)
    xy = random.integers(0, 8, (n, 2)) * 125.0  # many pairs at 250 m exactly
    location, verdict, room = random.integers(0, 4, n), random.integers(0, 2, n), random.integers(0, 40, n)
    score = np.where(random.random(n) < 0.2, np.nan, np.round(random.random(n), 1))  # many ties
    maximum = float(minimum + more) if more else np.inf
    some = room >= 1
    found = Candidates(
        verdict[some],
        score[some],
        np.stack([room[some]] * 3),
        room[some],
        site[some],
        number[some],
        location[some],
        xy[some],
    )
    made = spread(found, Sizes([minimum] * 3, [maximum] * 3, minimum), reach_m=250.0)
    plain = made.homes[1].sum()
    near = find_near(xy, location, reach_m=250.0)
    candidates = np.flatnonzero(some)
    thousandths = np.where(np.isnan(score), -1.0, np.rint(np.nan_to_num(score) * 1000.0)).astype(np.int64)
    order = candidates[order_of(verdict[some], thousandths[some], room[some])]
    homes = arranged_homes(order, some.copy(), room, near.starts, near.near, near.is_same, float(minimum), maximum)
    assert homes == plain
    seed_of = seeds_of(order, some.copy(), room, near.starts, near.near, near.is_same, float(minimum))
    expected = np.full(n, -1)
    expected[candidates] = np.where(made.cluster >= 0, candidates[np.append(made.seed, 0)[made.cluster]], -1)
    assert seed_of.tolist() == expected.tolist()
