"""A piece in all the directions that its rows may have, and what is known of its strips in each.

What several layouts and several ways in ask of a piece is worked out once.
"""

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_directions import row_directions
from flexsites.capacity.kernels.layout_figures import lane_width
from flexsites.capacity.kernels.layout_strips import along_and_across, clear_intervals, n_strips_over
from flexsites.compiled import kernel

__all__ = ["RowStrips", "Strips", "Turns", "no_strips", "row_strips", "strips_in", "turns_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Strips = tuple[Ints, Floats, Floats]
RowStrips = tuple[Strips, Strips]
"""The clear intervals of rows, and of the lanes in front of them."""

Known = tuple[Floats, Ints, Ints, Floats, Floats]
"""Strips that were worked out, of one piece: what was asked, shape (k, 7), below 0 where there is nothing yet, and
where each begins; then all of them one after the other, as `clear_intervals` gives them."""

Turns = tuple[Floats, Floats, Known]
"""A piece in all the directions that its rows may have: the directions in radians, shape (d,), and its edges so that
rows lie along x, and the same with x and y swapped, shape (2, d, n, 4); and what is known of its strips."""

_MOST_KNOWN, _ROOM = 256, 1 << 15
"""So many strips are kept of a piece at most, and so many intervals of them."""


@kernel
def turns_of(edges: Floats, n_turns: int) -> Turns:
    """Return a piece in all the directions that its rows may have, see `row_directions`."""
    directions = row_directions(edges, n_turns)
    edges_of = np.empty((2, directions.size, edges.shape[0], 4))
    for i in range(directions.size):
        along, across = along_and_across(edges, directions[i])
        for k in range(edges.shape[0]):
            for j in range(4):
                edges_of[0, i, k, j], edges_of[1, i, k, j] = along[k, j], across[k, j]
    asked, begins = np.full((_MOST_KNOWN, 7), -1.0), np.zeros((_MOST_KNOWN + 1, 2), np.int64)
    return directions, edges_of, (asked, begins, np.empty(_ROOM, np.int64), np.empty(_ROOM), np.empty(_ROOM))


@kernel
def strips_in(
    turns: Turns, is_across: int, i: int, low: float, step: float, n: int, depth: float, distance: float
) -> Strips:
    """Return what `clear_intervals` gives of a piece in a direction, or across it; what was asked before is kept.

    As long as there is room for it: what does not fit is worked out each time.
    """
    asked, begins, starts, lefts, rights = turns[2]
    k = 0
    while k < asked.shape[0] and asked[k, 0] >= 0.0:
        if (
            asked[k, 2] == low and asked[k, 5] == depth and asked[k, 6] == distance and asked[k, 3] == step
            and asked[k, 4] == n and asked[k, 1] == i and asked[k, 0] == is_across
        ):  # fmt: skip
            first, left, right = begins[k, 0], begins[k, 1], begins[k + 1, 1]
            return starts[first : begins[k + 1, 0]], lefts[left:right], rights[left:right]
        k += 1
    found = clear_intervals(turns[1][is_across, i], low, step, n, depth, distance)
    first, left = begins[k, 0], begins[k, 1]
    if k < asked.shape[0] and first + found[0].size <= starts.size and left + found[1].size <= lefts.size:
        asked[k, 0], asked[k, 1], asked[k, 2], asked[k, 3] = is_across, i, low, step
        asked[k, 4], asked[k, 5], asked[k, 6] = n, depth, distance
        begins[k + 1, 0], begins[k + 1, 1] = first + found[0].size, left + found[1].size
        for m in range(found[0].size):
            starts[first + m] = found[0][m]
        for m in range(found[1].size):
            lefts[left + m], rights[left + m] = found[1][m], found[2][m]
    return found


@kernel
def no_strips() -> RowStrips:
    """Return strips of rows, of which there are none."""
    none = np.zeros(1, np.int64), np.empty(0), np.empty(0)
    return none, none


@kernel
def row_strips(turns: Turns, i: int, low: float, step: float, depth: float, layout: np.void) -> RowStrips:
    """Return the clear intervals of rows of a depth, the first at a low side, and of the lanes in front of them."""
    n, along = n_strips_over(turns[1][0, i], low, step, depth), int(np.int64(0))  # see `first_spine`
    rows = strips_in(turns, along, i, low, step, n, depth, layout["setback_m"])
    return rows, strips_in(turns, along, i, low + depth, step, n, lane_width(layout), layout["verge_m"])
