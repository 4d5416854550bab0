"""Lanes: how the rows of a piece are reached from its entrance, and the stretches of rows that are.

All is in the frame of the rows. The *mouth* leads from the entrance to a *gate*, a point inside the piece with room for
a lane all round. A *spine* is a lane across the rows; the first goes through the gate. A row is reached where its own
lane, in front of it, is clear from a spine on. Where the spines so far do not reach enough, one more is set off from a
lane that is reached, which is then kept free (a *link*): so what is reached stays reached.
"""

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_strips import TOUCH_M, blocked_interval, clear_intervals
from flexsites.compiled import kernel

__all__ = ["EVERY", "N_SPINE", "cut_stretches", "first_spine", "next_spine"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

X, LOW, HIGH, ANCHOR, FAR, PARENT, N_SPINE = 0, 1, 2, 3, 4, 5, 6
"""Columns of spines: middle, both ends of what is clear, low side of the lane it is set off from, how far that point is
from the gate along lanes, the spine that lane comes from (-1 for the first), and the number of columns."""

_NONE_M = 4 * TOUCH_M
"""What is no longer, or overlaps by no more, is nothing: both ends of what is clear may lie `TOUCH_M` off."""

_MORE_M = 1e-3
"""A lane across that reaches so much more row is no better: it is the sum of many lengths, each off by `TOUCH_M`."""

EVERY = 3
"""One strip in so many, along and across the rows, is looked at to find where one more lane across is best."""


@kernel
def first_spine(edges: Floats, gate_x: float, gate_y: float, lane: float, verge: float) -> Floats:
    """Return the spine through the gate, shape (1, N_SPINE); shape (0, N_SPINE) if there is no room for a lane.

    Parameters
    ----------
    edges
        Boundary in the frame of the rows with x and y swapped, (y0, x0, y1, x1) in m, shape (n, 4).
    gate_x, gate_y
        The gate, in m.
    lane, verge
        Width of a lane, and what is kept between it and the edge, in m.

    Examples
    --------
    >>> box = np.array([[0.0, 0, 0, 40], [0.0, 40, 30, 40], [30.0, 40, 30, 0], [30.0, 0, 0, 0]])
    >>> first_spine(box, 20.0, 5.0, 4.0, 1.0).round(3).tolist()
    [[20.0, 1.0, 29.0, 3.0, 0.0, -1.0]]
    """
    spine = np.zeros((1, N_SPINE))
    one = int(np.int64(1))  # a number like any other: for the word 1 another kernel would be compiled
    _, low, high = clear_intervals(edges, gate_x - lane / 2, 1.0, one, lane, verge)
    for i in range(low.size):
        if low[i] <= gate_y - lane / 2 + TOUCH_M and gate_y + lane / 2 <= high[i] + TOUCH_M:
            spine[0, X], spine[0, LOW], spine[0, HIGH] = gate_x, low[i], high[i]
            spine[0, ANCHOR], spine[0, PARENT] = gate_y - lane / 2, -1.0
            return spine
    return spine[:0]


@kernel
def _serving(spines: Floats, left: float, right: float, low: float, lane: float, at: float) -> int:
    """Return the spine nearest to x = at that crosses a lane from left to right, low side given; -1 if none does."""
    best, nearest = -1, np.inf
    for i in range(spines.shape[0]):
        crosses = left <= spines[i, X] - lane / 2 + TOUCH_M and spines[i, X] + lane / 2 <= right + TOUCH_M
        reaches = spines[i, LOW] <= low + TOUCH_M and low + lane <= spines[i, HIGH] + TOUCH_M
        away = abs(spines[i, X] - at)
        if crosses and reaches and away < nearest - TOUCH_M:
            best, nearest = i, away
    return best


@kernel
def _insert(left: Floats, right: Floats, n: int, one_left: float, one_right: float) -> int:
    """Put an interval among n in ascending order of their left ends, after its equals; return how many there are."""
    i = n
    while i > 0 and left[i - 1] > one_left:
        left[i], right[i] = left[i - 1], right[i - 1]
        i -= 1
    left[i], right[i] = one_left, one_right
    return n + 1


@kernel
def _blocks(
    spines: Floats,
    links: Floats,
    mouth: Floats,
    strip: tuple[float, float],
    lane: float,
    gap: float,
    left: Floats,
    right: Floats,
) -> int:
    """Write what spines, links and the mouth block of the strip of a row, by its left end; return how much that is."""
    low, high = strip
    n = 0
    half = max(lane, gap) / 2
    for i in range(spines.shape[0]):
        if spines[i, LOW] < high - _NONE_M and spines[i, HIGH] > low + _NONE_M:
            n = _insert(left, right, n, spines[i, X] - half, spines[i, X] + half)
    for i in range(links.shape[0]):
        if links[i, 2] < high - _NONE_M and links[i, 2] + lane > low + _NONE_M:
            n = _insert(left, right, n, links[i, 0] - half, links[i, 1] + half)
    for i in range(mouth.shape[0]):
        x, y, gate_x, gate_y = mouth[i, 0], mouth[i, 1], mouth[i, 2], mouth[i, 3]
        one_left, one_right = blocked_interval(x, y, gate_x, gate_y, low + _NONE_M, high - _NONE_M, half)
        if one_left < one_right:
            n = _insert(left, right, n, one_left, one_right)
    return n


@kernel
def cut_stretches(
    rows: tuple[Ints, Floats, Floats],
    lanes: tuple[Ints, Floats, Floats],
    lattice: tuple[float, float, float, float, float],
    spines: Floats,
    links: Floats,
    mouth: Floats,
) -> tuple[Ints, Floats, Floats, Ints]:
    """Return the stretches of every strip on which homes may stand, and the spine from which each is reached.

    Parameters
    ----------
    rows, lanes
        Clear intervals of the strips of rows and of the lanes in front of them, see `clear_intervals`.
    lattice
        Low side of the first strip, step, depth of a row, width of a lane, and least gap between runs, in m.
    spines
        Shape (s, N_SPINE).
    links
        Lanes kept free, as (left, right, low) in m, shape (l, 3).
    mouth
        The mouth as (x0, y0, x1, y1) in m, shape (k, 4); the last ends at the gate.

    Returns
    -------
        start of shape (n_strips + 1,), and per stretch the end nearest to its spine, the other end, and the spine; -1
        where no spine reaches it: no homes, but water may lie there.
    """
    low, step, depth, lane, gap = lattice
    n_strips = rows[0].size - 1
    most_blocks = spines.shape[0] + links.shape[0] + mouth.shape[0]
    room = rows[1].size + lanes[1].size + most_blocks * n_strips
    # Made once: there are many strips, and little of each.
    block_left, block_right = np.empty(most_blocks), np.empty(most_blocks)
    start = np.zeros(n_strips + 1, np.int64)
    near, far = np.empty(room), np.empty(room)
    spine = np.empty(room, np.int64)
    n = 0
    for k in range(n_strips):
        if rows[0][k] == rows[0][k + 1] or lanes[0][k] == lanes[0][k + 1]:
            start[k + 1] = n
            continue
        y = low + k * step
        n_blocks = _blocks(spines, links, mouth, (y, y + depth), lane, gap, block_left, block_right)
        i, j, b = rows[0][k], lanes[0][k], 0
        x = -np.inf
        while i < rows[0][k + 1] and j < lanes[0][k + 1]:
            left = max(rows[1][i], lanes[1][j], x)
            while b < n_blocks and block_left[b] <= left:
                x = max(x, block_right[b])
                left = max(left, x)
                b += 1
            right = min(rows[2][i], lanes[2][j])
            stop = right if b == n_blocks else min(right, block_left[b])
            if stop - left > _NONE_M:
                one = _serving(spines, lanes[1][j], lanes[2][j], y + depth, lane, left)
                is_leftward = one >= 0 and spines[one, X] > left
                near[n], far[n] = (stop, left) if is_leftward else (left, stop)
                spine[n] = one
                n += 1
                x = stop + gap if one >= 0 else x
            if b < n_blocks and block_left[b] < right:
                x = max(x, block_right[b])
                b += 1
            elif rows[2][i] <= lanes[2][j]:
                i += 1
            else:
                j += 1
        start[k + 1] = n
    return start, near[:n], far[:n], spine[:n]


@kernel
def _worth(
    rows: tuple[Ints, Floats, Floats],
    lanes: tuple[Ints, Floats, Floats],
    lattice: tuple[float, float, float, float, float],
    spines: Floats,
) -> tuple[Floats, Ints]:
    """Return per clear interval of a lane the length of row along it, and the spine that reaches it (-1: none)."""
    low, step, depth, lane, _ = lattice
    worth = np.zeros(lanes[1].size)
    spine = np.full(lanes[1].size, -1)
    for k in range(rows[0].size - 1):
        for j in range(lanes[0][k], lanes[0][k + 1]):
            left, right = lanes[1][j], lanes[2][j]
            spine[j] = _serving(spines, left, right, low + k * step + depth, lane, left)
            for i in range(rows[0][k], rows[0][k + 1]):
                worth[j] += max(0.0, min(right, rows[2][i]) - max(left, rows[1][i]))
    return worth, spine


@kernel
def _gain(
    lanes: tuple[Ints, Floats, Floats],
    lattice: tuple[float, float, float, float, float],
    worth: Floats,
    spine: Ints,
    cross: tuple[float, float, float],
) -> float:
    """Return the length of row that a lane across (middle, low, high) would newly reach, of one strip in some."""
    low, step, depth, lane, _ = lattice
    x, bottom, top = cross
    gain = 0.0
    first = max(0, int(np.ceil((bottom - low - depth - TOUCH_M) / step)))
    last = min(lanes[0].size - 1, int(np.floor((top - lane - low - depth + TOUCH_M) / step)) + 1)
    for k in range(first, last, EVERY):
        for j in range(lanes[0][k], lanes[0][k + 1]):
            if spine[j] < 0 and lanes[1][j] <= x - lane / 2 + TOUCH_M and x + lane / 2 <= lanes[2][j] + TOUCH_M:
                gain += worth[j]
    return gain


@kernel
def _set_off(ways: Floats, spines: Floats, lane: float, cross: tuple[float, float, float]) -> tuple[int, float]:
    """Return from which of the lanes that are reached a lane across sets off, and how far that is; -1 if from none."""
    x, bottom, top = cross
    best, nearest = -1, np.inf
    for i in range(ways.shape[0]):
        left, right, low, own = ways[i, 0], ways[i, 1], ways[i, 2], int(ways[i, 3])
        if (
            left <= x - lane / 2 + TOUCH_M and x + lane / 2 <= right + TOUCH_M
            and bottom <= low + TOUCH_M and low + lane <= top + TOUCH_M
        ):  # fmt: skip
            far = spines[own, FAR] + abs(low - spines[own, ANCHOR]) + abs(x - spines[own, X])
            if far < nearest - TOUCH_M:
                best, nearest = i, far
    return best, nearest


@kernel
def next_spine(
    rows: tuple[Ints, Floats, Floats],
    lanes: tuple[Ints, Floats, Floats],
    crosses: tuple[Ints, Floats, Floats],
    lattice: tuple[float, float, float, float, float],
    first_x: float,
    spines: Floats,
    chosen: Ints,
    through_gate: Floats,
) -> tuple[Floats, Floats]:
    """Return the lane across the rows that reaches most of what is not reached, and the link that leads to it.

    Parameters
    ----------
    rows, lanes, lattice
        As for `cut_stretches`.
    crosses
        Clear intervals, in y, of strips across the rows, as wide as a lane: one in `EVERY`.
    first_x
        Left side of the first of these strips.
    spines
        Those there are, shape (s, N_SPINE).
    chosen
        Strips of rows whose lanes are laid.
    through_gate
        The lane along the rows through the gate as (left, right, low, spine), shape (0 or 1, 4).

    Returns
    -------
        A spine of shape (1, N_SPINE) and a link of shape (1, 3), or none of both.
    """
    low, step, depth, lane, _ = lattice
    worth, spine = _worth(rows, lanes, lattice, spines)
    ways = np.empty((through_gate.shape[0] + lanes[1].size, 4))
    n = through_gate.shape[0]
    for i in range(n):
        for j in range(4):
            ways[i, j] = through_gate[i, j]
    for k in chosen:
        for j in range(lanes[0][k], lanes[0][k + 1]):
            if spine[j] >= 0:
                ways[n, 0], ways[n, 1], ways[n, 2], ways[n, 3] = (
                    lanes[1][j],
                    lanes[2][j],
                    low + k * step + depth,
                    spine[j],
                )
                n += 1
    found, link = np.zeros((1, N_SPINE)), np.zeros((1, 3))
    most = 0.0
    for c in range(crosses[0].size - 1):
        x = first_x + c * (EVERY * step) + lane / 2
        for i in range(crosses[0][c], crosses[0][c + 1]):
            cross = (x, crosses[1][i], crosses[2][i])
            gain = _gain(lanes, lattice, worth, spine, cross)
            if gain <= most + _MORE_M:
                continue
            way, far = _set_off(ways[:n], spines, lane, cross)
            if way >= 0:
                most = gain
                from_x, y = spines[int(ways[way, 3]), X], ways[way, 2]
                found[0, X], found[0, LOW], found[0, HIGH] = cross
                found[0, ANCHOR], found[0, FAR], found[0, PARENT] = y, far, ways[way, 3]
                link[0, 0], link[0, 1], link[0, 2] = min(x, from_x), max(x, from_x), y
    return (found, link) if most > 0.0 else (found[:0], link[:0])
