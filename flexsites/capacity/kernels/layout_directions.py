"""In which directions rows are tried on a piece: those of its smallest rectangle, equal turns of it, its longest edge.

Only the piece itself decides. Everything is in the piece's local coordinates (see `flexsites.capacity.kernels.layout`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_strips import TOUCH_M
from flexsites.capacity.kernels.ordering import stable_order
from flexsites.compiled import kernel
from flexsites.geometry.corners import SAME_M, bending

__all__ = ["centre_of_area", "hull", "long_axis", "longest_edge", "row_directions"]

Floats = NDArray[np.float64]

_SAME_DIRECTION = 1e-6
_AS_LARGE = 1e-6
"""Rectangles that differ by no more than this part of one are as large: see `TOUCH_M`."""


@kernel
def hull(x: Floats, y: Floats) -> NDArray[np.int64]:
    """Return the corners of the convex hull of points, counter-clockwise from the lowest of the leftmost.

    Parameters
    ----------
    x, y
        Coordinates in m, shape (n,), n >= 1.

    Returns
    -------
        Positions in x and y, shape (h,); points on a side of the hull are no corners.

    Examples
    --------
    >>> hull(np.array([0.0, 4.0, 4.0, 0.0, 1.0]), np.array([0.0, 0.0, 2.0, 2.0, 1.0])).tolist()
    [0, 1, 2, 3]
    """
    by_y = stable_order(y)
    order = by_y[stable_order(x[by_y])]
    corners = np.empty(2 * x.size + 1, np.int64)
    n = 0
    # Below from left to right, then above and back: it ends whatever rounding does to points all but on a line.
    for is_above in range(2):
        least = max(1, n)
        for k in range(x.size):
            i = order[x.size - 1 - k] if is_above else order[k]
            if n > 0 and x[i] == x[corners[n - 1]] and y[i] == y[corners[n - 1]]:
                continue
            while n > least:
                one, other = corners[n - 2], corners[n - 1]
                if (x[other] - x[one]) * (y[i] - y[one]) - (y[other] - y[one]) * (x[i] - x[one]) > 0.0:
                    break
                n -= 1
            corners[n] = i
            n += 1
    return corners[: max(1, n - 1)]


@kernel
def long_axis(x: Floats, y: Floats) -> float:
    """Return the direction of the long side of the smallest rectangle round points.

    Parameters
    ----------
    x, y
        Coordinates in m, shape (n,).

    Returns
    -------
        Radians from 0 up to pi, from the x axis counter-clockwise; 0 if all points coincide. Of equally small
        rectangles (a triangle has three) the longest counts, of equally long ones the first from 0 on.

    Examples
    --------
    >>> long_axis(np.array([0.0, 4.0, 4.0, 0.0]), np.array([0.0, 0.0, 2.0, 2.0]))
    0.0
    """
    corners = _bent(x, y, hull(x, y))
    sides = np.empty((corners.size, 3))
    n = 0
    for i in range(corners.size):
        a, b = corners[i], corners[(i + 1) % corners.size]
        ux, uy = x[b] - x[a], y[b] - y[a]
        length = math.hypot(ux, uy)
        if length == 0.0:
            continue
        ux, uy = ux / length, uy / length
        along_low, along_high, across_low, across_high = np.inf, -np.inf, np.inf, -np.inf
        for j in corners:
            along = x[j] * ux + y[j] * uy
            across = y[j] * ux - x[j] * uy
            along_low, along_high = min(along_low, along), max(along_high, along)
            across_low, across_high = min(across_low, across), max(across_high, across)
        sides[n, 0], sides[n, 1], sides[n, 2] = along_high - along_low, across_high - across_low, math.atan2(uy, ux)
        n += 1
    return _longest_of_smallest(sides[:n])


@kernel
def _bent(x: Floats, y: Floats, corners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those corners of a hull that do not lie on the line of those beside them: of a short side little tells."""
    ring = np.empty((corners.size + 1, 2))
    for i in range(ring.shape[0]):
        ring[i, 0], ring[i, 1] = x[corners[i % corners.size]], y[corners[i % corners.size]]
    return corners[bending(ring, np.array([0, ring.shape[0]]), SAME_M)[:-1]]


@kernel
def _longest_of_smallest(sides: Floats) -> float:
    """Return the direction of the long side of rectangles (along, across, direction), of equals the first from 0 on."""
    smallest, longest, axis = np.inf, 0.0, np.inf
    for i in range(sides.shape[0]):
        smallest = min(smallest, sides[i, 0] * sides[i, 1])
    for i in range(sides.shape[0]):
        if sides[i, 0] * sides[i, 1] <= smallest * (1.0 + _AS_LARGE):
            longest = max(longest, sides[i, 0], sides[i, 1])
    for i in range(sides.shape[0]):
        if sides[i, 0] * sides[i, 1] <= smallest * (1.0 + _AS_LARGE):
            for k in range(2):
                if sides[i, k] >= longest - TOUCH_M:
                    axis = min(axis, _folded(sides[i, 2] + k * math.pi / 2))
    return axis if sides.shape[0] > 0 else 0.0


@kernel
def _folded(direction: float) -> float:
    """Return a direction from 0 up to half a circle: what is all but that much is as little below 0."""
    folded = direction % math.pi
    return folded - math.pi if folded > math.pi - _SAME_DIRECTION else folded


@kernel
def longest_edge(edges: Floats) -> float:
    """Return the direction of the longest edge in radians from 0 up to pi; of equally long ones the first from 0 on.

    Parameters
    ----------
    edges
        Edges as (x0, y0, x1, y1) in m, shape (n, 4).

    Examples
    --------
    >>> longest_edge(np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 3.0]])) == math.pi / 2
    True
    """
    longest, direction = 0.0, np.inf
    for i in range(edges.shape[0]):
        longest = max(longest, math.hypot(edges[i, 2] - edges[i, 0], edges[i, 3] - edges[i, 1]))
    for i in range(edges.shape[0]):
        ux, uy = edges[i, 2] - edges[i, 0], edges[i, 3] - edges[i, 1]
        if math.hypot(ux, uy) >= longest - TOUCH_M:
            direction = min(direction, _folded(math.atan2(uy, ux)))
    return direction


@kernel
def centre_of_area(edges: Floats) -> tuple[float, float]:
    """Return the centroid of a piece from its boundary.

    Parameters
    ----------
    edges
        (x0, y0, x1, y1) in m, shape (n, 4), holes running the other way round than the outline.

    Returns
    -------
        x and y in m; the first corner if the boundary encloses nothing.

    Examples
    --------
    >>> centre_of_area(np.array([[0.0, 0, 3, 0], [3.0, 0, 0, 3], [0.0, 3, 0, 0]]))
    (1.0, 1.0)
    """
    x0, y0 = edges[0, 0], edges[0, 1]
    twice_area, x_moment, y_moment = 0.0, 0.0, 0.0
    for i in range(edges.shape[0]):
        ax, ay, bx, by = edges[i, 0] - x0, edges[i, 1] - y0, edges[i, 2] - x0, edges[i, 3] - y0
        cross = ax * by - bx * ay
        twice_area += cross
        x_moment += cross * (ax + bx)
        y_moment += cross * (ay + by)
    if twice_area == 0.0:
        return x0, y0
    return x0 + x_moment / (3 * twice_area), y0 + y_moment / (3 * twice_area)


@kernel
def _wide_side_down(edges: Floats, direction: float) -> float:
    """Return the direction, or its opposite, so that more of the piece lies below the middle of its rows."""
    cosine, sine = math.cos(direction), math.sin(direction)
    low, high = np.inf, -np.inf
    for i in range(edges.shape[0]):
        across = cosine * edges[i, 1] - sine * edges[i, 0]
        low, high = min(low, across), max(high, across)
    x, y = centre_of_area(edges)
    return direction if cosine * y - sine * x <= (low + high) / 2 + TOUCH_M else direction + math.pi


@kernel
def row_directions(edges: Floats, n_turns: int) -> Floats:
    """Return the directions in which rows are tried on a piece.

    Parameters
    ----------
    edges
        Boundary of the piece as (x0, y0, x1, y1) in m, shape (n, 4).
    n_turns
        Equal turns of half a circle from the long axis of the smallest rectangle; 2 is along and across.

    Returns
    -------
        Radians from 0 up to 2 pi, shape (m,), n_turns <= m <= n_turns + 2: the turns, then along and across the longest
        edge where those are not among them. Of the two senses the one with the wide side of the piece below, so that a
        piece that is turned upside down is laid out the same; of as wide ones the first.

    Examples
    --------
    >>> box = np.array([[0.0, 0, 4, 0], [4.0, 0, 4, 2], [4.0, 2, 0, 2], [0.0, 2, 0, 0]])
    >>> np.degrees(row_directions(box, 4)).round(6).tolist()
    [0.0, 45.0, 90.0, 135.0]
    """
    directions = np.empty(n_turns + 2)
    n_directions = 0
    axis = long_axis(edges[:, 0], edges[:, 1])
    edge = longest_edge(edges)
    for i in range(n_turns + 2):
        turn = axis + i * math.pi / n_turns if i < n_turns else edge + (i - n_turns) * math.pi / 2
        turn = _folded(turn)
        is_new = True
        for j in range(n_directions):
            apart = abs(turn - directions[j] % math.pi)
            if min(apart, math.pi - apart) < _SAME_DIRECTION:
                is_new = False
        if is_new:
            directions[n_directions] = _wide_side_down(edges, turn)
            n_directions += 1
    return directions[:n_directions]
