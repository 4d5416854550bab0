"""What a draw says of pieces, in one compiled pass, is what the plain functions of a run say of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flexsites.certainty.kernels.judged import NO_SCORE, judged, mark_sites, served_locations
from flexsites.geometry.cluster_sizes import per_cluster
from flexsites.suitability.kernels.judgement import Asked, Limit, Measured, Weight, met_of, score_of
from flexsites.suitability.kernels.ranks import better_before

N_MEASURES = 4
small = st.integers(0, 2**32 - 1)


def _measured(random: np.random.Generator, n: int) -> Measured:
    shape = (N_MEASURES, n)
    value = np.where(random.random(shape) < 0.3, np.nan, random.integers(0, 9, shape) * 100.0)  # many at a limit
    unreached = np.isnan(value) & (random.random(shape) < 0.5)
    complete_to = np.where(random.random(shape) < 0.5, np.nan, random.integers(0, 9, shape) * 100.0)
    return Measured(value, unreached, random.random(shape) < 0.3, complete_to)


def _asked(random: np.random.Generator) -> Asked:
    def limit() -> Limit:
        return Limit(int(random.integers(N_MEASURES)), float(random.integers(0, 9) * 100), bool(random.random() < 0.6))

    def weight() -> Weight:
        zero_at, full_at = random.permutation(9)[:2] * 100.0
        return Weight(int(random.integers(N_MEASURES)), float(random.random() + 0.1), float(full_at), float(zero_at))

    criteria = tuple(tuple(limit() for _ in range(random.integers(1, 4))) for _ in range(random.integers(0, 4)))
    return Asked(criteria, tuple(weight() for _ in range(random.integers(1, 5))))


@given(small, st.integers(0, 60))
def test_truth_and_score_are_those_of_a_run(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    measured, asked = _measured(random, n), _asked(random)
    truth, score = judged(measured, asked)
    np.testing.assert_array_equal(truth, met_of(measured, asked))
    plain = score_of(measured, asked)[0]
    of_those = np.where(score == NO_SCORE, np.nan, score / 1000.0)
    np.testing.assert_array_equal(of_those[truth == 1], plain[truth == 1])
    assert (score[truth != 1] == NO_SCORE).all()


@given(small, st.integers(0, 60), st.integers(0, 30), st.integers(0, 40))
def test_locations_and_sites_follow_from_their_pieces(seed: int, n: int, minimum: int, more: int) -> None:
    random = np.random.default_rng(seed)
    part = random.permutation(np.r_[np.arange(n // 2), random.integers(0, max(n // 2, 1), n - n // 2)]).astype(np.int64)
    location_of_part = random.integers(0, 8, max(n // 2, 1))
    location, verdict = location_of_part[part], random.integers(0, 3, 8)
    truth = random.integers(-1, 2, n).astype(np.int8)
    score = np.where(truth == 1, random.integers(-1, 6, n) * 200, NO_SCORE)
    score[score < 0] = NO_SCORE
    room, maximum = random.integers(0, 40, n), float(minimum + more) if more else np.inf
    suits, may, homes, rank = served_locations(
        truth, score, room, location, part, verdict, float(minimum), maximum
    )  # fmt: skip
    place = per_cluster(np.bincount(part, room).astype(np.int64)[None], [minimum], [maximum])[0]
    best = np.full(8, np.nan)
    for one in range(8):
        mine = location == one
        assert suits[one] == (truth[mine] == 1).any()
        assert may[one] == (truth[mine] != 0).any()
        assert homes[one] == (place[part[mine]].max(initial=0) if suits[one] else 0)
        of_mine = score[mine & (truth == 1)]
        best[one] = of_mine.max() / 1000.0 if (of_mine >= 0).any() else np.nan
    expected = np.zeros(8, dtype=np.int64)
    expected[suits] = better_before(verdict[suits], best[suits])
    np.testing.assert_array_equal(rank, expected)
    site = random.integers(-1, 5, n)
    told, may_suit = np.zeros(5, dtype=bool), np.zeros(5, dtype=bool)
    mark_sites(truth, site, told, may_suit)
    for one in range(5):
        assert told[one] == (truth[site == one] == 1).any()
        assert may_suit[one] == (truth[site == one] != 0).any()
