"""Cells are a partition: every point has one owner, whatever the side and however cells were split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.runs.lattice import Cell, plan_cells

SIDES = st.one_of(st.sampled_from([250.0, 333.3, 1000 / 3, 5000.0, 0.1, 7.7]), st.floats(0.05, 50_000))
KINDS = st.sampled_from(["lattice", "equal number"])
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


@given(points_and_side(), st.integers(1, 30), st.integers(1, 6), KINDS)
def test_every_point_has_exactly_one_owner(
    drawn: tuple[np.ndarray, float], max_sites: int, at_least: int, kind: str
) -> None:
    points, side_m = drawn
    cells = plan_cells(points, max_sites=max_sites, at_least=at_least, side_m=side_m if kind == "lattice" else None)
    owners = np.sum([cell.owns(points) for cell in cells], axis=0)
    assert owners.tolist() == [1] * len(points)
    assert all(cell.owns(points).any() for cell in cells)
    assert len({cell.id for cell in cells}) == len(cells)


@given(points_and_side(), st.randoms(use_true_random=False), KINDS)
def test_the_plan_does_not_depend_on_the_order_of_points(
    drawn: tuple[np.ndarray, float], random: object, kind: str
) -> None:
    points, side_m = drawn
    order = list(range(len(points)))
    random.shuffle(order)  # type: ignore[attr-defined]
    side = side_m if kind == "lattice" else None
    plans = [plan_cells(p, max_sites=5, side_m=side) for p in (points, points[order])]
    assert plans[0] == plans[1]


@given(points_and_side())
def test_points_lie_within_a_millimetre_of_their_cell(drawn: tuple[np.ndarray, float]) -> None:
    points, side_m = drawn
    for cell in plan_cells(points, max_sites=len(points), side_m=side_m):
        x0, y0, x1, y1 = cell.grow(0.001)
        mine = points[cell.owns(points)]
        assert ((mine >= [x0, y0]) & (mine <= [x1, y1])).all()
        x0, y0, x1, y1 = Cell.named(cell.id).grow(0.001)
        assert ((mine >= [x0, y0]) & (mine <= [x1, y1])).all()


@pytest.mark.parametrize(("max_sites", "at_least", "n_cells"), [(400, 1, 1), (400, 7, 7), (30, 2, 14), (150, 1, 3)])
def test_cells_are_as_many_as_asked_and_hold_about_as_much(max_sites: int, at_least: int, n_cells: int) -> None:
    points = np.random.default_rng(5).uniform(0, 10_000, (400, 2)) * [1.0, 0.4]
    counts = [int(cell.owns(points).sum()) for cell in plan_cells(points, max_sites=max_sites, at_least=at_least)]
    assert len(counts) == n_cells
    assert max(counts) <= max_sites + 2
    assert max(counts) - min(counts) <= 4


def test_squares_with_too_many_sites_are_divided() -> None:
    points = np.random.default_rng(5).uniform(0, 2_000, (400, 2))
    cells = plan_cells(points, max_sites=30, side_m=1_000)
    assert len(cells) == sum(
        -(-int(square.owns(points).sum()) // 30) for square in plan_cells(points, max_sites=400, side_m=1_000)
    )
    for cell in cells:
        assert int(cell.owns(points).sum()) <= 31
        west, south, east, north = cell.grow(0.0)
        assert (west // 1_000, south // 1_000) == ((east - 1) // 1_000, (north - 1) // 1_000)


def test_points_in_one_place_are_one_cell() -> None:
    assert plan_cells(np.zeros((50, 2)), max_sites=1, at_least=3) == [Cell(0, 0, 1, 1)]


def test_names_tell_cells_apart_that_lie_close() -> None:
    assert Cell(192_343.75, 507_343.75, 192_500, 507_500).id == "192343.75_507343.75_156.25_156.25"


@pytest.mark.parametrize("n", [0])
def test_no_points_no_cells(n: int) -> None:
    assert plan_cells(np.zeros((n, 2)), max_sites=1, at_least=2) == []
