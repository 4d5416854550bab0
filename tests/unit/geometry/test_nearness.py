"""What is near any of some is what a comparison of every pair finds."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.geometry.nearness import near_any, two_steps_near

_PLACES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25)


@given(_PLACES, st.integers(0, 2**25 - 1), st.sampled_from([0.0, 1.0, 3.0, 5.0]))
def test_it_is_what_every_pair_tells(places: list[tuple[int, int]], bits: int, within_m: float) -> None:
    shapes = np.array([shapely.box(x, y, x + 2, y + 1) for x, y in places])
    is_some = np.array([bool(bits >> i & 1) for i in range(len(shapes))])
    pairs = shapely.dwithin(shapes[:, None], shapes[None, :], within_m)
    assert near_any(shapes, shapes[is_some], within_m=within_m).tolist() == pairs[:, is_some].any(axis=1).tolist()
    first = pairs[:, is_some].any(axis=1)
    second = pairs[:, first].any(axis=1) | first
    expected = np.flatnonzero(second & ~is_some)
    assert two_steps_near(shapes, is_some, within_m=within_m).tolist() == expected.tolist()
