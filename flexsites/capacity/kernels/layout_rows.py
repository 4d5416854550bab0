"""How many modules stand in rows on a piece: the best set of strips, per direction and per number of storeys.

For each direction the strips of a lattice are counted (`layout_strips`) and the best set of rows is chosen exactly, by
dynamic programming: rows keep a gap that grows with the storeys. Because the choice is the best one, and whatever fits
under tight figures also fits under looser ones, the number of modules never falls when setback, spacing, lane, parking
norm or the piece itself loosens (for the piece: with direction and lattice held).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_directions import row_directions
from flexsites.capacity.kernels.layout_strips import clear_intervals, turned
from flexsites.compiled import kernel

__all__ = ["LAYOUT", "Layout", "bays_between", "best_rows", "count_pieces", "rows_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WHOLE = 1e-9


class Layout(NamedTuple):
    """The figures of one layout, all lengths in m.

    A bay is the width of one module along the row, with the gap to the next for detached homes. A lane runs along each
    row (on its upper side; where the setback is as wide as the lane it may run in it) and one lane crosses the rows.
    """

    bay_m: float
    """Pitch of modules along a row."""
    depth_m: float
    """Depth of a module across the row."""
    n_bays_min: int
    """Shortest run of modules that is placed: as many as the widest home of the mix takes."""
    setback_m: float
    row_spacing_m: float
    """Between rows of one storey."""
    row_spacing_per_storey_m: float
    """More for each further storey."""
    lane_m: float
    aisle_m: float
    """Least lane along rows that hold parking; 0 without parking."""
    n_storeys: int
    """Storeys at most."""
    places_per_module: float
    """Parking places per module (not per stack)."""
    place_m: float
    """Width of a parking place along the row."""
    place_depth_m: float
    """Depth of a parking place across the row, at most that of a module."""
    step_m: float
    """Step of the lattice of strips."""


LAYOUT = np.dtype([(name, "i8" if name in {"n_bays_min", "n_storeys"} else "f8") for name in Layout._fields])
"""Layouts as an array: ``np.array([layout], dtype=LAYOUT)``."""


@kernel
def bays_between(length: float, bay: float, places_per_bay: float, place: float, n_min: int) -> int:
    """Return the bays that an interval holds together with the parking places they ask.

    Parameters
    ----------
    length
        Length of the interval in m.
    bay
        Width of a bay in m.
    places_per_bay
        Parking places per bay, all storeys together; rounded up to whole places per interval.
    place
        Width of a parking place in m.
    n_min
        Fewer bays than this are none.

    Returns
    -------
        The most bays n with n x bay + ceil(n x places_per_bay) x place <= length; two intervals joined never hold
        fewer than the two apart.

    Examples
    --------
    >>> bays_between(35.0, 3.5, 0.0, 2.5, 1), bays_between(35.0, 3.5, 0.5, 2.5, 1), bays_between(3.4, 3.5, 0.0, 2.5, 1)
    (10, 7, 0)
    """
    n = math.floor(length / (bay + places_per_bay * place) + _WHOLE)
    while n > 0 and n * bay + math.ceil(n * places_per_bay - _WHOLE) * place > length:
        n -= 1
    return n if n >= n_min else 0


@kernel
def _row_gap(layout: np.void, n_storeys: int) -> float:
    """Return the free width between two rows: their spacing, and at least the lane or the aisle in it."""
    spacing: float = layout["row_spacing_m"] + (n_storeys - 1) * layout["row_spacing_per_storey_m"]
    gap: float = max(spacing, layout["lane_m"], layout["aisle_m"])
    return gap


@kernel
def _strip_depth(layout: np.void) -> float:
    """Return the depth that must be clear: the module, and what of the lane along it the setback does not hold."""
    depth: float = layout["depth_m"] + max(0.0, max(layout["lane_m"], layout["aisle_m"]) - layout["setback_m"])
    return depth


@kernel
def _has_same_strips(one: np.void, other: np.void) -> bool:
    """Tell whether two layouts are counted on the same clear intervals."""
    return (
        _strip_depth(one) == _strip_depth(other)
        and one["setback_m"] == other["setback_m"]
        and one["lane_m"] == other["lane_m"]
        and one["step_m"] == other["step_m"]
    )


@kernel
def _bays_of_strips(start: Ints, left: Floats, right: Floats, layout: np.void, n_storeys: int) -> Ints:
    """Return the bays that each strip holds."""
    n_bays = np.zeros(start.size - 1, np.int64)
    places = n_storeys * layout["places_per_module"]
    for k in range(n_bays.size):
        for i in range(start[k], start[k + 1]):
            length = right[i] - left[i]
            n_bays[k] += bays_between(length, layout["bay_m"], places, layout["place_m"], layout["n_bays_min"])
    return n_bays


@kernel
def best_rows(n_bays: Ints, apart: int) -> Ints:
    """Return, per number of strips seen, the most bays in rows that are enough strips apart.

    Parameters
    ----------
    n_bays
        Bays of each strip, shape (n,).
    apart
        Least difference between the positions of two rows, at least 1.

    Returns
    -------
        Shape (n + 1,): entry k is the best over the first k strips, so the last is the best of all.

    Examples
    --------
    Taking the outer two of three overlapping strips beats taking the middle one.

    >>> best_rows(np.array([4, 7, 4]), 2).tolist()
    [0, 4, 7, 8]
    """
    best = np.zeros(n_bays.size + 1, np.int64)
    for k in range(n_bays.size):
        before = best[max(0, k + 1 - apart)]
        best[k + 1] = max(best[k], n_bays[k] + before)
    return best


@kernel
def _apart(layout: np.void, n_storeys: int) -> int:
    """Return how many steps of the lattice two rows are apart."""
    pitch: float = layout["depth_m"] + _row_gap(layout, n_storeys)
    n_steps: int = math.ceil(pitch / layout["step_m"] - _WHOLE)
    return max(1, n_steps)


@kernel
def _count_turned(
    edges: Floats, origin: float, lane_x: float, layouts: NDArray[np.void], wanted: NDArray[np.bool_]
) -> tuple[Ints, Ints]:
    """Return per layout the most modules over the numbers of storeys, and that number, in one direction."""
    modules = np.zeros(layouts.size, np.int64)
    storeys = np.zeros(layouts.size, np.int64)
    last = -1
    start, left, right = np.zeros(1, np.int64), np.zeros(0), np.zeros(0)
    for i in range(layouts.size):
        if not wanted[i]:
            continue
        layout = layouts[i]
        if last < 0 or not _has_same_strips(layout, layouts[last]):
            depth, step = _strip_depth(layout), layout["step_m"]
            start, left, right = clear_intervals(
                edges, origin, step, depth, layout["setback_m"], lane_x, layout["lane_m"], 0.0
            )
            last = i
        for n in range(1, layout["n_storeys"] + 1):
            n_bays = _bays_of_strips(start, left, right, layout, n)
            total = n * best_rows(n_bays, _apart(layout, n))[-1]
            if total > modules[i]:
                modules[i], storeys[i] = total, n
    return modules, storeys


@kernel
def count_pieces(
    edges: Floats,
    first_edge: Ints,
    entrances: Floats,
    n_turns: int,
    layouts: NDArray[np.void],
    wanted: NDArray[np.bool_],
) -> tuple[Ints, Floats, Ints]:
    """Return the most modules that fit on each piece under each layout, with the direction and storeys that give them.

    Parameters
    ----------
    edges
        Boundaries of all pieces as (x0, y0, x1, y1) in local m, shape (n_edges, 4).
    first_edge
        Edges of piece i are first_edge[i]..first_edge[i + 1], shape (n + 1,).
    entrances
        A point per piece through which the lane across the rows goes, local m, shape (n, 2).
    n_turns
        See `row_directions`.
    layouts
        Array of dtype `LAYOUT`, shape (m,); equal strips next to each other share work.
    wanted
        Which layouts are asked for which piece, shape (n, m).

    Returns
    -------
        Modules (stacked ones all counted), direction in radians and storeys, each of shape (n, m). 0 modules is also
        what is not wanted. Ties go to the first direction and the fewest storeys.

    Examples
    --------
    40 x 22 m with 3 m to the edge: one row of 34 m holds 9 modules of 3.5 m; stacked in two storeys 18.

    >>> box = np.array([[0.0, 0, 40, 0], [40.0, 0, 40, 22], [40.0, 22, 0, 22], [0.0, 22, 0, 0]])
    >>> flat = Layout(3.5, 8.0, 1, 3.0, 9.0, 3.0, 0.0, 0.0, 1, 0.0, 2.5, 5.0, 0.5)
    >>> layouts = np.array([flat, flat._replace(n_storeys=2)], dtype=LAYOUT)
    >>> entrance = np.array([[0.0, 11.0]])
    >>> modules, _, _ = count_pieces(box, np.array([0, 4]), entrance, 2, layouts, np.ones((1, 2), np.bool_))
    >>> modules.tolist()
    [[9, 18]]
    """
    n = first_edge.size - 1
    modules = np.zeros((n, layouts.size), np.int64)
    directions = np.zeros((n, layouts.size))
    storeys = np.zeros((n, layouts.size), np.int64)
    for p in range(n):
        own = edges[first_edge[p] : first_edge[p + 1]]
        if own.shape[0] == 0:
            continue
        for direction in row_directions(own, n_turns):
            rows = turned(own, direction)
            origin = min(rows[:, 1].min(), rows[:, 3].min())
            lane_x = math.cos(direction) * entrances[p, 0] + math.sin(direction) * entrances[p, 1]
            found, stacked = _count_turned(rows, origin, lane_x, layouts, wanted[p])
            for i in range(layouts.size):
                if found[i] > modules[p, i]:
                    modules[p, i], directions[p, i], storeys[p, i] = found[i], direction, stacked[i]
    return modules, directions, storeys


@kernel
def rows_of(
    edges: Floats, origin: float, lane_x: float, layout: np.void, n_storeys: int
) -> tuple[Floats, Ints, Floats]:
    """Return the runs of modules of the best rows in one direction, for drawing.

    Parameters
    ----------
    edges
        Boundary turned so that rows lie along x, (x0, y0, x1, y1) in m, shape (n, 4).
    origin, lane_x
        Lattice's first y, and middle of the lane across the rows, in m.
    layout
        One record of dtype `LAYOUT`.
    n_storeys
        Storeys stacked.

    Returns
    -------
        Runs as (left, right, low y) in m, shape (r, 3); bays of each, shape (r,); and the lowest y of each row,
        shape (q,), from the highest row down.

    Examples
    --------
    >>> box = np.array([[0.0, 0, 40, 0], [40.0, 0, 40, 22], [40.0, 22, 0, 22], [0.0, 22, 0, 0]])
    >>> layout = np.array([Layout(3.5, 8.0, 1, 3.0, 9.0, 3.0, 0.0, 0.0, 1, 0.0, 2.5, 5.0, 0.5)], dtype=LAYOUT)[0]
    >>> runs, n_bays, rows = rows_of(box, 0.0, 0.0, layout, 1)
    >>> runs.round(3).tolist(), n_bays.tolist(), rows.tolist()
    ([[3.0, 37.0, 3.0]], [9], [3.0])
    """
    depth, step, apart = _strip_depth(layout), layout["step_m"], _apart(layout, n_storeys)
    start, left, right = clear_intervals(edges, origin, step, depth, layout["setback_m"], lane_x, layout["lane_m"], 0.0)
    n_bays = _bays_of_strips(start, left, right, layout, n_storeys)
    best = best_rows(n_bays, apart)
    places = n_storeys * layout["places_per_module"]
    runs = np.empty((left.size, 3))
    held = np.empty(left.size, np.int64)
    rows = np.empty(n_bays.size)
    n_runs, n_rows, k = 0, 0, n_bays.size
    while k > 0:
        if best[k] == best[k - 1]:
            k -= 1
            continue
        low = origin + (k - 1) * step
        rows[n_rows] = low
        n_rows += 1
        for i in range(start[k - 1], start[k]):
            n = bays_between(right[i] - left[i], layout["bay_m"], places, layout["place_m"], layout["n_bays_min"])
            if n > 0:
                runs[n_runs, 0], runs[n_runs, 1], runs[n_runs, 2] = left[i], right[i], low
                held[n_runs] = n
                n_runs += 1
        k = max(0, k - apart)
    return runs[:n_runs], held[:n_runs], rows[:n_rows]
