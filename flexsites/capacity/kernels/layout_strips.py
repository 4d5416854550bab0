"""Where a row of homes may stand: for every strip across a piece, the intervals in which its full depth is clear.

Exact interval arithmetic on the boundary, holes included, without a raster: a boundary edge keeps homes at a distance,
so it blocks the part of a strip that lies within that distance of it. What no edge blocks is either wholly inside or
wholly outside the piece, and the boundary crossings of the strip's middle line tell which.

Everything that is blocked only shrinks when the distance, the depth or the boundary's reach shrinks: this is why a
layout at looser figures never holds fewer homes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.ordering import stable_order
from flexsites.compiled import kernel
from flexsites.geometry.corners import SAME_M

__all__ = ["along_and_across", "blocked_interval", "clear_intervals", "n_strips_over", "turned"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOUCH_M = SAME_M
"""Homes may come this much nearer than the distance asked, or stand this much over the end of a row, so that what fits
exactly is not lost to rounding: in whole metres and millimetres that is common."""

_FEW = 48


@kernel
def turned(edges: Floats, direction: float) -> Floats:
    """Return edges in a frame whose x axis lies in a direction.

    Parameters
    ----------
    edges
        (x0, y0, x1, y1) in m, shape (n, 4).
    direction
        Radians from the x axis, counter-clockwise.

    Examples
    --------
    >>> turned(np.array([[0.0, 0.0, 0.0, 2.0]]), np.pi / 2).round(9).tolist()
    [[0.0, 0.0, 2.0, 0.0]]
    """
    cosine, sine = math.cos(direction), math.sin(direction)
    result = np.empty_like(edges)
    for i in range(edges.shape[0]):
        for j in (0, 2):
            result[i, j] = cosine * edges[i, j] + sine * edges[i, j + 1]
            result[i, j + 1] = cosine * edges[i, j + 1] - sine * edges[i, j]
    return result


@kernel
def along_and_across(edges: Floats, direction: float) -> tuple[Floats, Floats]:
    """Return edges in a frame whose x axis lies in a direction, and the same with x and y swapped.

    Each in ascending order of their left ends: in the order in which strips sort what blocks them, which then moves
    little.

    Parameters
    ----------
    edges, direction
        As for `turned`.

    Examples
    --------
    >>> along, across = along_and_across(np.array([[4.0, 0.0, 4.0, 2.0], [4.0, 2.0, 0.0, 0.0]]), 0.0)
    >>> along.tolist(), across.tolist()
    ([[4.0, 2.0, 0.0, 0.0], [4.0, 0.0, 4.0, 2.0]], [[0.0, 4.0, 2.0, 4.0], [2.0, 4.0, 0.0, 0.0]])
    """
    found = turned(edges, direction)
    swapped = np.empty_like(found)
    for i in range(found.shape[0]):
        for j in range(4):
            swapped[i, j] = found[i, j ^ 1]
    return _by_left_end(found), _by_left_end(swapped)


@kernel
def _by_left_end(edges: Floats) -> Floats:
    """Return edges in ascending order of their left ends."""
    order = stable_order(np.minimum(edges[:, 0], edges[:, 2]))
    found = np.empty_like(edges)
    for i in range(order.size):
        for j in range(4):
            found[i, j] = edges[order[i], j]
    return found


@kernel
def _aside(ax: float, ay: float, bx: float, by: float, reach: float) -> tuple[float, float]:
    """Return by how much a segment is moved, in x and y, to lie at its reach on its right; on its left: the opposite.

    It is asked of segments that are not level.
    """
    dx, dy = bx - ax, by - ay
    if dy == 0.0:
        return 0.0, 0.0
    length = math.sqrt(dx * dx + dy * dy)
    return abs(dy) / length * reach, (dx if dy < 0.0 else -dx) / length * reach


@kernel
def _outermost(
    ax: float, ay: float, bx: float, by: float, aside: tuple[float, float], y: float, reach: float, side: float
) -> float:
    """Return the outermost x at height y of what lies within reach of a segment: leftmost (side -1) or rightmost (1).

    The outer boundary is an arc round one end, a line beside the segment (see `_aside`), and an arc round the other
    end. Infinite on the inner side where nothing of the set lies at that height.
    """
    dx, dy = bx - ax, by - ay
    if dy != 0.0:
        on_line = y - side * aside[1]
        if min(ay, by) <= on_line <= max(ay, by):
            return ax + side * aside[0] + (on_line - ay) / dy * dx
    # Of both arcs the outer one: for an edge that is level but for rounding, either end may be the nearer in height.
    outermost = -side * np.inf
    for px, py in ((ax, ay), (bx, by)):
        rest = reach * reach - (y - py) * (y - py)
        if rest >= 0.0:
            x = px + side * math.sqrt(rest)
            if side * (x - outermost) > 0.0:
                outermost = x
    return outermost


@kernel
def blocked_interval(
    ax: float, ay: float, bx: float, by: float, low: float, high: float, reach: float
) -> tuple[float, float]:
    """Return the x interval of a strip that lies within reach of a segment.

    The set within reach of a segment is convex, so its leftmost point inside the strip is at the height nearest to
    that of its leftmost point anywhere.

    Parameters
    ----------
    ax, ay, bx, by
        The segment, in m.
    low, high
        The strip, in y.
    reach
        Distance in m, above 0.

    Returns
    -------
        Left and right end; (inf, -inf) if nothing of the strip is within reach.

    Examples
    --------
    A post 3 m below a strip, with a reach of 5 m, blocks 4 m on either side.

    >>> blocked_interval(0.0, -3.0, 0.0, -3.0, 0.0, 8.0, 5.0)
    (-4.0, 4.0)
    """
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
    if max(ay, by) + reach < low or min(ay, by) - reach > high:
        return np.inf, -np.inf
    aside = _aside(ax, ay, bx, by, reach)
    left = _end(ax, ay, bx, by, aside, low, high, reach, -1.0)
    return left, _end(ax, ay, bx, by, aside, low, high, reach, 1.0)


@kernel
def _end(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    aside: tuple[float, float],
    low: float,
    high: float,
    reach: float,
    side: float,
) -> float:
    """Return the left end (side -1) or right end (1) of what a segment blocks of a strip; its own left end is first."""
    x, y, other_x, other_y = (ax, ay, bx, by) if side < 0.0 else (bx, by, ax, ay)
    if low <= y <= high:
        return x + side * reach
    return _outermost(ax, ay, bx, by, aside, _nearest_height(x, y, other_x, other_y, low, high), reach, side)


@kernel
def _nearest_height(outer_x: float, outer_y: float, x: float, y: float, low: float, high: float) -> float:
    """Return the height in low..high nearest to those at which a segment is outermost: one end, or all of it."""
    if outer_x == x:
        outer_y = max(min(outer_y, y), min(low, max(outer_y, y)))
    return min(max(outer_y, low), high)


@kernel
def _sorted_by_left(left: Floats, right: Floats, crosses: NDArray[np.bool_], start: int, stop: int) -> None:
    """Sort the entries start..stop of one strip by their left end, in place."""
    if stop - start > _FEW:
        # One by one: to assign arrays Numba compiles a check of their shapes, which costs seconds of the first run.
        lefts, rights, crossings = left[start:stop].copy(), right[start:stop].copy(), crosses[start:stop].copy()
        order = stable_order(lefts)
        for i in range(order.size):
            left[start + i], right[start + i] = lefts[order[i]], rights[order[i]]
            crosses[start + i] = crossings[order[i]]
        return
    for i in range(start + 1, stop):
        if left[i - 1] <= left[i]:
            continue
        one_left, one_right, one_crosses = left[i], right[i], crosses[i]
        j = i - 1
        while j >= start and left[j] > one_left:
            left[j + 1], right[j + 1], crosses[j + 1] = left[j], right[j], crosses[j]
            j -= 1
        left[j + 1], right[j + 1], crosses[j + 1] = one_left, one_right, one_crosses


@kernel
def _strips_of(
    y: float, other_y: float, origin: float, step: float, depth: float, reach: float, n_strips: int
) -> tuple[int, int]:
    """Return the first strip that an edge between two heights may block, and the one after the last."""
    bottom = min(y, other_y) - reach
    top = max(y, other_y) + reach
    first = max(0, math.floor((bottom - depth - origin) / step))
    last = min(n_strips, math.floor((top - origin) / step) + 2)
    return first, max(first, last)


@kernel
def _blocked(
    edges: Floats, origin: float, step: float, depth: float, reach: float, n_strips: int
) -> tuple[Ints, Ints, Floats, Floats, NDArray[np.bool_]]:
    """Return per strip what each edge blocks of it: start and stop into left, right and crosses-the-middle."""
    start = np.zeros(n_strips + 1, np.int64)
    strips = np.empty((edges.shape[0], 2), np.int64)
    for i in range(edges.shape[0]):
        first, last = _strips_of(edges[i, 1], edges[i, 3], origin, step, depth, reach, n_strips)
        strips[i, 0], strips[i, 1] = first, last
        if last > first:
            start[first] += 1
            start[last] -= 1
    n_blocked, total = 0, 0
    for k in range(n_strips + 1):
        n_blocked += start[k]
        start[k] = total
        total += n_blocked
    stop = start[:n_strips].copy()
    left = np.empty(total)
    right = np.empty(total)
    crosses = np.empty(total, np.bool_)
    for i in range(edges.shape[0]):
        ax, ay, bx, by = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        if ax > bx:
            ax, ay, bx, by = bx, by, ax, ay
        aside = _aside(ax, ay, bx, by, reach)  # once for all strips that it blocks
        for k in range(strips[i, 0], strips[i, 1]):
            low = origin + k * step + TOUCH_M
            high = origin + k * step + depth - TOUCH_M
            if max(ay, by) + reach < low or min(ay, by) - reach > high:
                continue
            one_left = _end(ax, ay, bx, by, aside, low, high, reach, -1.0)
            one_right = _end(ax, ay, bx, by, aside, low, high, reach, 1.0)
            if one_left > one_right:
                continue
            middle, at = (low + high) / 2, stop[k]
            left[at], right[at] = one_left, one_right
            crosses[at] = (ay <= middle) != (by <= middle)
            stop[k] = at + 1
    return start[:n_strips], stop, left, right, crosses


@kernel
def n_strips_over(edges: Floats, origin: float, step: float, depth: float) -> int:
    """Return the strips of a lattice that begin at an origin and lie below the top of a piece.

    Examples
    --------
    >>> n_strips_over(np.array([[0.0, 0.0, 5.0, 14.0]]), 0.0, 1.0, 8.0)
    7
    """
    top = max(edges[:, 1].max(), edges[:, 3].max())
    n: int = max(0, math.floor((top - origin - depth + TOUCH_M) / step) + 1)
    return n


@kernel
def clear_intervals(
    edges: Floats, origin: float, step: float, n_strips: int, depth: float, distance: float
) -> tuple[Ints, Floats, Floats]:
    """Return the intervals of every strip in which its full depth is inside a piece and clear of its edge.

    Strip k runs from y = origin + k x step, depth high. A point of a strip is clear if it is inside the piece and at
    least `distance` from its boundary.

    Parameters
    ----------
    edges
        Boundary with its holes as (x0, y0, x1, y1) in m, shape (n, 4), turned so that strips lie along x. In ascending
        order of their left ends the work is least; the result does not depend on it.
    origin, step
        Lattice of the strips in m; step above 0.
    n_strips
        Strips asked for.
    depth
        Depth of a strip in m, above 0.
    distance
        Distance to the boundary in m, above 0.

    Returns
    -------
        start of shape (n_strips + 1,), and the left and right ends of the intervals; those of strip k are
        start[k]..start[k + 1].

    Examples
    --------
    A box of 20 x 14 m, 3 m from the edge, leaves one strip of 8 m deep and 14 m long.

    >>> box = np.array([[0.0, 0, 20, 0], [20.0, 0, 20, 14], [20.0, 14, 0, 14], [0.0, 14, 0, 0]])
    >>> start, left, right = clear_intervals(box, 0.0, 1.0, 7, 8.0, 3.0)
    >>> start.tolist(), left.round(3).tolist(), right.round(3).tolist()
    ([0, 0, 0, 0, 1, 1, 1, 1], [3.0], [17.0])
    """
    begin, stop, left, right, crosses = _blocked(edges, origin, step, depth, distance - TOUCH_M, n_strips)
    start = np.zeros(n_strips + 1, np.int64)
    clear_left = np.empty(left.size + n_strips)
    clear_right = np.empty(left.size + n_strips)
    n = 0
    for k in range(n_strips):
        for i in range(begin[k] + 1, stop[k]):
            if left[i - 1] > left[i]:
                _sorted_by_left(left, right, crosses, begin[k], stop[k])
                break
        is_inside = False
        covered_to = -np.inf
        for i in range(begin[k], stop[k]):
            if is_inside and left[i] > covered_to:
                clear_left[n], clear_right[n] = covered_to, left[i]
                n += 1
            covered_to = max(covered_to, right[i])
            is_inside ^= crosses[i]
        start[k + 1] = n
    return start, clear_left[:n], clear_right[:n]
