"""The distribution of a figure: its mode, its 5 and 95 % points, its sides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.certainty.kernels.triangular import sides, triangular

width = st.floats(1e-6, 1e6)


@given(width, width)
def test_five_in_a_hundred_lie_beyond_each_point(down, up):
    """Checked from the areas of the two triangles, whose heights are equal."""
    below, above = sides(down, up)
    whole = below + above
    assert below >= down
    assert above >= up
    assert (below - down) ** 2 / (whole * below) == pytest.approx(0.05, rel=1e-6)
    assert (above - up) ** 2 / (whole * above) == pytest.approx(0.05, rel=1e-6)


@given(st.floats(-1e3, 1e3), width, width)
def test_a_figure_rises_with_its_chance_and_passes_its_points(expected, down, up):
    chance = np.linspace(0.0, 1.0, 101)
    drawn = triangular(chance, expected - down, expected, expected + up)
    assert (np.diff(drawn) >= -1e-9 * (down + up)).all()
    scale = down + up + abs(expected)
    np.testing.assert_allclose(drawn[[5, 95]], [expected - down, expected + up], rtol=1e-6, atol=1e-6 * scale)


def test_a_side_without_width_stays_at_what_is_expected():
    assert triangular(np.array([0.0, 0.01]), 10.0, 10.0, 20.0)[0] == 10.0
    assert (triangular(np.linspace(0, 1, 50), 10.0, 10.0, 20.0) >= 10.0).all()
    assert triangular(np.array([0.95]), 10.0, 10.0, 20.0)[0] == pytest.approx(20.0)
    assert triangular(np.array([0.3, 0.9]), 4.0, 4.0, 4.0).tolist() == [4.0, 4.0]


def test_a_figure_that_gets_tighter_falls():
    """A setback is 5 m at the low figures and 3 m at the high ones."""
    drawn = triangular(np.array([0.05, 0.95]), 5.0, 4.0, 3.0)
    np.testing.assert_allclose(drawn, [5.0, 3.0])


def test_the_mode_is_where_most_draws_lie():
    random = np.random.default_rng(3)
    drawn = triangular(random.random(200_000), 50.0, 60.0, 100.0)
    counted, edges = np.histogram(drawn, bins=40)
    top = counted.argmax()
    assert edges[top] - 3.0 <= 60.0 <= edges[top + 1] + 3.0
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx([50.0, 100.0], rel=0.01)
