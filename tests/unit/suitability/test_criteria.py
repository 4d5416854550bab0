"""Three-valued criteria: each row is a sentence of METHOD 0 and DESIGN ("unknown is never treated as no")."""

import numpy as np
import pytest

from flexsites.suitability.kernels import criteria as c

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "unreached", "truncated", "complete", "at_most", "truth"),
    [
        (500.0, False, False, NAN, True, c.YES),  # the limit itself passes
        (500.1, False, False, NAN, True, c.NO),
        (400.0, False, True, NAN, True, c.YES),  # a nearer one may exist beyond the edge: it passes all the more
        (600.0, False, True, NAN, True, c.UNKNOWN),  # a nearer one may exist beyond the edge
        (NAN, True, False, NAN, True, c.NO),  # searched completely: a no
        (NAN, True, True, NAN, True, c.UNKNOWN),
        (NAN, False, False, NAN, True, c.UNKNOWN),  # no timetable, no source
        (NAN, False, True, 700.0, True, c.NO),  # unknown beyond 700 m, and surely nothing nearer
        (600.0, False, True, 550.0, True, c.NO),  # the true nearest lies between 550 and 600 m
        (NAN, False, True, 300.0, True, c.UNKNOWN),
        (500.0, False, False, NAN, False, c.YES),
        (499.0, False, False, NAN, False, c.NO),
        (499.0, False, True, NAN, False, c.UNKNOWN),  # a count cut by the edge is a lower bound
        (501.0, False, True, NAN, False, c.YES),
        (NAN, False, False, NAN, False, c.UNKNOWN),
    ],
)
def test_threshold_truth_table(value, unreached, truncated, complete, at_most, truth):
    arrays = np.array([value]), np.array([unreached]), np.array([truncated]), np.array([complete])
    result = c.passes(*arrays, limit=500, at_most=at_most)
    assert result.tolist() == [truth]


@pytest.mark.parametrize("first", [c.YES, c.NO, c.UNKNOWN])
@pytest.mark.parametrize("second", [c.YES, c.NO, c.UNKNOWN])
def test_kleene(first, second):
    order = {c.NO: 0, c.UNKNOWN: 1, c.YES: 2}
    truths = np.array([[first], [second]], dtype=np.int8)
    assert c.any_of(truths)[0] == max(first, second, key=order.__getitem__)
    assert c.all_of(truths)[0] == min(first, second, key=order.__getitem__)


def test_score_does_not_depend_on_the_other_sites():
    rng = np.random.default_rng(1)
    values = rng.random((5, 1000))
    values[rng.random(values.shape) < 0.2] = np.nan
    weights = np.array([3.0, 1.0, 0.1, 2.0, 0.7])
    together = c.weighted_mean(values, weights)
    for i in (0, 1, 500, 999):
        alone = c.weighted_mean(values[:, [i]], weights)
        np.testing.assert_array_equal(alone[0], together[0][[i]])
        np.testing.assert_array_equal(alone[1], together[1][[i]])


def test_unknown_weighs_nothing_and_is_shown():
    mean, known = c.weighted_mean(np.array([[0.5], [NAN]]), np.array([1.0, 3.0]))
    assert mean.tolist() == [0.5]
    assert known.tolist() == [0.25]
