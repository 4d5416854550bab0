"""Choosing rows: the best set, and how many bays a length holds."""

import itertools
import math

import numpy as np
import pytest
import shapely

from flexsites.capacity.kernels.layout_directions import hull, long_axis, row_directions
from flexsites.capacity.kernels.layout_figures import LAYOUT, Layout
from flexsites.capacity.kernels.layout_ground import local_edges
from flexsites.capacity.kernels.layout_rows import best_rows, chosen_rows, fill_runs
from flexsites.capacity.kernels.layout_runs import bays_of_run, bays_of_stretch, bays_per_m, run_length, run_lengths
from tests.piece_shapes import PLAIN, random_piece


def figures(layout: Layout) -> np.void:
    one: np.void = np.array([tuple(layout)], dtype=LAYOUT)[0]
    return one


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
        rows = chosen_rows(n_bays, apart)
        assert n_bays[rows].sum() == best
        assert (np.diff(rows) <= -apart).all()


@pytest.mark.parametrize("norm", [0.0, 0.1, 1 / 3, 0.5, 1.0, 2.4])
@pytest.mark.parametrize("n_storeys", [1, 3])
def test_a_run_is_the_longest_that_fits(norm: float, n_storeys: int) -> None:
    """Of all runs that a length, the longest row and the way to a place allow."""
    layout = figures(PLAIN._replace(parking_norm=norm, yard_m2=4.0))
    for length in np.linspace(0, 150, 151):
        n = bays_of_run(layout, length, n_storeys)
        fits = [
            m
            for m in range(1, 12)
            if run_length(layout, m, n_storeys) <= (length if norm == 0 else min(length, 100)) + 1e-9
            if m * 3.5 + (2.5 if n_storeys > 1 else 0) <= 40
        ]
        assert n == max(fits, default=0)


@pytest.mark.parametrize("norm", [0.0, 1 / 3, 1.0])
@pytest.mark.parametrize("n_storeys", [1, 3])
@pytest.mark.parametrize("side_gap_m", [0.0, 5.0])
def test_a_stretch_holds_one_run_after_the_other(norm: float, n_storeys: int, side_gap_m: float) -> None:
    layout = figures(PLAIN._replace(n_bays_min=3, parking_norm=norm, yard_m2=4.0, side_gap_m=side_gap_m))
    lengths = run_lengths(layout, bays_of_run(layout, 260.0, n_storeys), n_storeys)
    for length in np.linspace(0, 260, 261):
        left, n_bays = length, 0
        while (n := bays_of_run(layout, left, n_storeys)) > 0:
            n_bays += n
            left -= run_length(layout, n, n_storeys) + 5.0
        assert bays_of_stretch(layout, length, lengths) == n_bays


@pytest.mark.parametrize("norm", [0.0, 1 / 3, 1.0])
@pytest.mark.parametrize("n_storeys", [1, 3])
@pytest.mark.parametrize("side_gap_m", [0.0, 5.0, 7.0])
def test_no_stretch_holds_more_bays_than_a_metre_holds_at_most(norm: float, n_storeys: int, side_gap_m: float) -> None:
    """What is passed over by it could not have held more: it comes near what long stretches do hold."""
    layout = figures(PLAIN._replace(n_bays_min=1, parking_norm=norm, yard_m2=4.0, side_gap_m=side_gap_m))
    for longest_m in (12.0, 40.0, 260.0):
        longest = bays_of_run(layout, longest_m, n_storeys)
        lengths, most = run_lengths(layout, longest, n_storeys), bays_per_m(layout, longest, n_storeys)
        shares = [
            bays_of_stretch(layout, length, lengths) / (length + 5.0) / most
            for n in range(longest + 1)
            for length in lengths[n] + np.linspace(0, longest_m - lengths[n], 40)
        ]
        assert max(shares, default=0.0) <= 1.0
        assert longest == 0 or max(shares) > 0.75


def test_short_runs_are_left_out() -> None:
    layout = figures(PLAIN._replace(n_bays_min=2, yard_m2=0.0))
    assert bays_of_run(layout, 6.9, 1) == 0
    assert bays_of_run(layout, 7.1, 1) == 2


@pytest.mark.parametrize("n_storeys", [1, 2, 3])
def test_no_home_stands_by_itself_where_a_run_can_take_it(n_storeys: int) -> None:
    """Runs of three bays and one of seven, the last: whatever number is asked stands in runs of three bays or more."""
    runs = np.array([[float(i), 0, n_bays, 0, 10.0 * i] for i, n_bays in enumerate([3, 3, 3, 3, 7])])
    for enough in range(3 * n_storeys, 19 * n_storeys + 1):
        filled = fill_runs(runs, n_storeys, enough, 3)
        assert filled[:, 3].sum() == enough
        assert (filled[:, 2] >= 3).all()
        assert (filled[:, 2] <= runs[filled[:, 0].astype(int), 2]).all()
        assert (filled[:, 2] <= filled[:, 3]).all()
        assert (filled[:, 3] <= n_storeys * filled[:, 2]).all()


def test_the_hull_goes_round_points_that_lie_on_its_sides_but_for_rounding() -> None:
    """One of them was taken for a corner, and from there the way round was lost."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        corners = shapely.get_coordinates(shapely.convex_hull(shapely.MultiPoint(rng.uniform(0, 100, (4, 2)))))[:-1]
        along = rng.uniform(0, 1, (len(corners), 2, 1)) * (np.roll(corners, -1, 0) - corners)[:, None]
        points = np.concatenate([corners, (corners[:, None] + along).reshape(-1, 2)])
        found = shapely.Polygon(points[hull(points[:, 0].copy(), points[:, 1].copy())])
        assert shapely.area(found) == pytest.approx(shapely.area(shapely.convex_hull(shapely.MultiPoint(points))))


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
