"""Cells are a partition: every point has one owner, whatever the side and however cells were split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.runs.lattice import Cell, plan_cells

SIDES = st.one_of(st.sampled_from([250.0, 333.3, 1000 / 3, 5000.0, 0.1, 7.7]), st.floats(0.05, 50_000))
COORDINATES = st.floats(-7_000, 629_000)


@st.composite
def points_and_side(draw: st.DrawFn) -> tuple[np.ndarray, float]:
    """Points anywhere, and on the corners of the lattice: as they are computed, and a bit beside."""
    side_m = draw(SIDES)
    anywhere = draw(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=20))
    numbers = draw(st.lists(st.tuples(st.integers(-50, 500), st.integers(0, 2_000)), max_size=20))
    corners = np.array(numbers, dtype=float).reshape(-1, 2) * side_m
    beside = [corners, np.nextafter(corners, np.inf), np.nextafter(corners, -np.inf), corners + side_m]
    points = np.vstack([np.array(anywhere), *beside])
    # Beside zero lie numbers so small that dividing them rounds to zero: no coordinate in metres is one.
    points[np.abs(points) < np.finfo(float).tiny] = 0.0
    return points, side_m


@given(points_and_side(), st.integers(1, 30))
def test_every_point_has_exactly_one_owner(drawn: tuple[np.ndarray, float], max_sites: int) -> None:
    points, side_m = drawn
    cells = plan_cells(points, side_m=side_m, max_sites=max_sites, min_side_m=side_m / 20)
    owners = np.sum([cell.owns(points) for cell in cells], axis=0)
    assert owners.tolist() == [1] * len(points)
    assert all(cell.owns(points).any() for cell in cells)
    assert len({cell.id for cell in cells}) == len(cells)


@given(points_and_side(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_points(drawn: tuple[np.ndarray, float], random: object) -> None:
    points, side_m = drawn
    order = list(range(len(points)))
    random.shuffle(order)  # type: ignore[attr-defined]
    plans = [plan_cells(p, side_m=side_m, max_sites=5, min_side_m=side_m / 20) for p in (points, points[order])]
    assert plans[0] == plans[1]


@given(points_and_side())
def test_points_lie_within_a_millimetre_of_their_cell(drawn: tuple[np.ndarray, float]) -> None:
    points, side_m = drawn
    for cell in plan_cells(points, side_m=side_m, max_sites=len(points), min_side_m=side_m):
        x0, y0, x1, y1 = cell.grow(0.001)
        mine = points[cell.owns(points)]
        assert ((mine >= [x0, y0]) & (mine <= [x1, y1])).all()


def test_dense_cells_are_split_down_to_the_least_side() -> None:
    points = np.random.default_rng(5).uniform(0, 1_000, (400, 2))
    cells = plan_cells(points, side_m=1_000, max_sites=30, min_side_m=125)
    assert {cell.side_m for cell in cells} <= {1_000, 500, 250, 125}
    for cell in cells:
        assert int(cell.owns(points).sum()) <= 30 or cell.side_m == 125
    twice = np.zeros((50, 2))
    assert plan_cells(twice, side_m=1_000, max_sites=1, min_side_m=125) == [Cell(0, 0, 125)]


def test_names_tell_cells_apart_that_lie_close() -> None:
    quarter = Cell(190_000, 505_000, 5_000).quarters()[0]
    for _ in range(4):
        quarter = quarter.quarters()[3]
    assert quarter.id == "192343.75_507343.75_156.25"


@pytest.mark.parametrize("n", [0])
def test_no_points_no_cells(n: int) -> None:
    assert plan_cells(np.zeros((n, 2)), side_m=10, max_sites=1, min_side_m=1) == []
