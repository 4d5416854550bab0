"""The clear intervals of strips, against shapely."""

import numpy as np
import pytest
import shapely

from flexsites.capacity.kernels.layout_ground import local_edges
from flexsites.capacity.kernels.layout_strips import TOUCH_M, blocked_interval, clear_intervals, n_strips_over, turned
from flexsites.capacity.kernels.layout_turns import strips_in, turns_of
from tests.piece_shapes import random_piece


def test_blocked_interval_is_that_of_a_buffer() -> None:
    """The interval equals the extent of shapely's buffer within the strip, as closely as its arcs are drawn."""
    rng = np.random.default_rng(0)
    n_met = 0
    for i in range(1_500):
        ax, ay, bx, by = rng.uniform(-20, 20, 4)
        bx = ax if i % 7 == 0 else bx
        by = ay + (i % 3 - 1) * 1e-14 if i % 11 == 0 else by
        low = rng.uniform(-25, 20)
        high, reach = low + rng.uniform(0.5, 12), rng.uniform(0.1, 6)
        left, right = blocked_interval(ax, ay, bx, by, low, high, reach)
        near = shapely.buffer(shapely.LineString([(ax, ay), (bx, by)]), reach, quad_segs=300)
        inside = shapely.intersection(near, shapely.box(-100, low, 100, high))
        if shapely.area(inside) < 1e-4:
            assert right - left < 0.5
            continue
        n_met += 1
        assert (left, right) == pytest.approx((inside.bounds[0], inside.bounds[2]), abs=2e-3)
    assert n_met > 500


@pytest.mark.parametrize("seed", range(12))
def test_clear_intervals_are_those_of_an_eroded_piece(seed: int) -> None:
    """Each interval's box keeps its distance; a little longer it does not; no clear box is missed between them."""
    piece = random_piece(seed, has_hole=seed % 2 == 1)
    edges, _, origin = local_edges(np.array([piece]))
    edges = turned(edges, 0.3)
    outline = shapely.affinity.rotate(
        shapely.affinity.translate(piece, *-origin[0]), -0.3, origin=(0, 0), use_radians=True
    )
    boundary = shapely.boundary(outline)
    low_y = float(edges[:, 1].min())
    step, depth, setback = 2.0, 8.0, 3.0
    start, left, right = clear_intervals(edges, low_y, step, n_strips_over(edges, low_y, step, depth), depth, setback)
    x_low, _, x_high, _ = outline.bounds
    for k in range(start.size - 1):
        low, high = low_y + k * step + TOUCH_M, low_y + k * step + depth - TOUCH_M
        own = list(zip(left[start[k] : start[k + 1]], right[start[k] : start[k + 1]], strict=True))
        for one_left, one_right in own:
            box = shapely.box(one_left, low, one_right, high)
            assert shapely.covers(outline, box)
            assert shapely.distance(box, boundary) > setback - 1e-4
            longer = shapely.box(one_left - 0.01, low, one_right + 0.01, high)
            assert shapely.distance(longer, boundary) < setback
        for x in np.linspace(x_low, x_high, 60):
            post = shapely.LineString([(x, low), (x, high)])
            is_clear = shapely.covers(outline, post) and shapely.distance(post, boundary) > setback + 1e-4
            assert not is_clear or any(one_left - 1e-3 <= x <= one_right + 1e-3 for one_left, one_right in own)


def test_a_piece_lower_than_a_row_has_no_strips() -> None:
    box = np.array([[0.0, 0, 40, 0], [40.0, 0, 40, 7], [40.0, 7, 0, 7], [0.0, 7, 0, 0]])
    assert n_strips_over(box, 0.0, 1.0, 8.0) == 0
    start, left, _ = clear_intervals(box, 0.0, 1.0, 0, 8.0, 3.0)
    assert start.tolist() == [0]
    assert left.size == 0


@pytest.mark.parametrize("room", [0, 40, 4_000])
def test_strips_are_the_same_whether_or_not_there_was_room_to_keep_them(room: int) -> None:
    """Each is asked twice, of another and across between: nothing that was kept is taken for what it is not."""
    edges, _, _ = local_edges(np.array([random_piece(3, has_hole=True)]))
    directions, edges_of, (asked, begins, starts, lefts, rights) = turns_of(edges, 3)
    turns = directions, edges_of, (asked[:5].copy(), begins[:6].copy(), starts[:room], lefts[:room], rights[:room])
    questions = [
        (is_across, i, 0.5, 2.0, n, depth, 3.0)
        for is_across, i, n, depth in [
            (0, 0, 12, 8.0),
            (1, 0, 12, 8.0),
            (0, 1, 12, 8.0),
            (0, 0, 9, 8.0),
            (0, 0, 12, 7.0),
        ]
    ]
    for is_across, i, low, step, n, depth, distance in [*questions, *questions]:
        found = strips_in(turns, is_across, i, low, step, n, depth, distance)
        expected = clear_intervals(edges_of[is_across, i], low, step, n, depth, distance)
        assert [one.tolist() for one in found] == [one.tolist() for one in expected]
    assert (turns[2][0][:, 0] >= 0).any() == (room > 0)
