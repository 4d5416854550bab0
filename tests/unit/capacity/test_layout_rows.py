"""Choosing rows: the best set, and how many bays an interval holds."""

import itertools
import math

import numpy as np
import pytest
import shapely

from flexsites.capacity.kernels.layout import local_edges
from flexsites.capacity.kernels.layout_directions import long_axis, row_directions
from flexsites.capacity.kernels.layout_rows import bays_between, best_rows
from tests.piece_shapes import random_piece


@pytest.mark.parametrize("apart", [1, 2, 3, 5])
def test_best_rows_are_the_best_of_all_choices(apart: int) -> None:
    rng = np.random.default_rng(apart)
    for _ in range(40):
        n_bays = rng.integers(0, 9, size=int(rng.integers(1, 10)))
        best = 0
        for chosen in itertools.product((False, True), repeat=n_bays.size):
            rows = np.flatnonzero(chosen)
            if (np.diff(rows) >= apart).all():
                best = max(best, int(n_bays[rows].sum()))
        assert best_rows(n_bays, apart)[-1] == best


@pytest.mark.parametrize("places", [0.0, 0.1, 1 / 3, 0.5, 1.0, 2.4])
def test_bays_are_the_most_that_fit_with_their_parking(places: float) -> None:
    for length in np.linspace(0, 60, 241):
        n = bays_between(length, 3.5, places, 2.5, 1)
        fits = [m for m in range(30) if m * 3.5 + math.ceil(m * places - 1e-9) * 2.5 <= length]
        assert n == max(fits)


def test_two_intervals_joined_hold_no_fewer() -> None:
    rng = np.random.default_rng(5)
    for one, other, places in zip(
        rng.uniform(0, 40, 500), rng.uniform(0, 40, 500), rng.uniform(0, 2, 500), strict=True
    ):
        apart = bays_between(one, 3.5, places, 2.5, 2) + bays_between(other, 3.5, places, 2.5, 2)
        assert bays_between(one + other, 3.5, places, 2.5, 2) >= apart


def test_short_runs_are_left_out() -> None:
    assert bays_between(3.6, 3.5, 0.0, 2.5, 2) == 0
    assert bays_between(7.1, 3.5, 0.0, 2.5, 2) == 2


@pytest.mark.parametrize("seed", range(25))
def test_the_long_axis_is_that_of_the_smallest_rectangle(seed: int) -> None:
    piece = random_piece(seed)
    edges, _, _ = local_edges(np.array([piece]))
    turned = shapely.affinity.rotate(piece, -long_axis(edges[:, 0], edges[:, 1]), origin=(0, 0), use_radians=True)
    x_low, y_low, x_high, y_high = turned.bounds
    smallest = min(
        shapely.area(shapely.envelope(shapely.affinity.rotate(piece, -turn, origin=(0, 0), use_radians=True)))
        for turn in np.arctan2(*np.diff(shapely.get_coordinates(shapely.convex_hull(piece)), axis=0).T[::-1])
    )
    assert (x_high - x_low) * (y_high - y_low) == pytest.approx(smallest, rel=1e-6)
    assert x_high - x_low >= y_high - y_low - 1e-6


def test_the_longest_edge_is_tried_where_the_rectangle_lies_otherwise() -> None:
    """A right triangle: the rectangle lies along its legs or its hypotenuse; the hypotenuse is among the directions."""
    triangle = np.array([[0.0, 0, 60, 0], [60.0, 0, 0, 80], [0.0, 80, 0, 0]])
    hypotenuse = math.degrees(math.atan2(80, -60)) % 180
    assert np.isclose(np.degrees(row_directions(triangle, 2)), hypotenuse).any()
