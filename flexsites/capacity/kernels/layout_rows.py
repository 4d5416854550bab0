"""The rows of a piece in one direction: the best set of strips, filled from the entrance outwards, with water left.

Which strips hold rows is chosen exactly, by dynamic programming, among those that the lanes reach. Rows are filled run
by run, the nearest along the lanes first, until there are enough modules: so a cluster is compact and begins at the
entrance. Water takes what homes leave of the rows; where that is too little, the farthest homes give way.
"""

import math

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_lanes import ANCHOR, FAR, X
from flexsites.capacity.kernels.layout_runs import bays_of_length, bays_of_run, bays_of_stretch, run_lengths
from flexsites.capacity.kernels.layout_strips import TOUCH_M
from flexsites.capacity.kernels.ordering import order_by_more
from flexsites.compiled import kernel

__all__ = ["bays_of_strips", "best_rows", "chosen_rows", "fill_runs", "ponds_between", "runs_of_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRETCH, OFFSET, N_BAYS, N_MODULES, DISTANCE, N_RUN = 0, 1, 2, 3, 4, 5
"""Columns of runs: stretch, start from its near end in m, bays, modules, way from the gate in m; number of columns."""


FEW_PONDS = 3
"""Water lies in no more parts than this where the rows leave room for it."""

TOUCH_M2 = 1e-4
"""Of water so much may be wanting: lengths are the same to `TOUCH_M`, and rows some hundred metres."""

ROUNDING_M2 = 1e-3
"""More than areas are rounded by: where so much more is wanting, no pond is sought."""


@kernel
def bays_of_strips(
    start: Ints, near: Floats, far: Floats, spine: Ints, layout: np.void, n_storeys: int
) -> tuple[Ints, Floats]:
    """Return the bays that the reached stretches of each strip hold, and the lengths of runs: see `run_lengths`."""
    n_bays = np.zeros(start.size - 1, np.int64)
    longest_m = 0.0
    for i in range(near.size):
        longest_m = max(longest_m, abs(far[i] - near[i]))
    lengths = run_lengths(layout, bays_of_run(layout, longest_m, n_storeys), n_storeys)
    for k in range(n_bays.size):
        n = 0
        for i in range(start[k], start[k + 1]):
            if spine[i] >= 0:
                n += bays_of_stretch(layout, abs(far[i] - near[i]), lengths)
        n_bays[k] = n
    return n_bays, lengths


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
def chosen_rows(n_bays: Ints, apart: int) -> Ints:
    """Return the strips of the best rows, from the highest down.

    Examples
    --------
    >>> chosen_rows(np.array([4, 7, 4]), 2).tolist()
    [2, 0]
    """
    best = best_rows(n_bays, apart)
    chosen = np.empty(n_bays.size, np.int64)
    n, k = 0, n_bays.size
    while k > 0:
        if best[k] == best[k - 1]:
            k -= 1
            continue
        chosen[n] = k - 1
        n += 1
        k = max(0, k - apart)
    return chosen[:n]


@kernel
def _way(spines: Floats, i: int, x: float, lane_y: float) -> float:
    """Return how far a point of a lane along a row, set off from a spine, is from the gate, along lanes."""
    way: float = spines[i, FAR] + abs(lane_y - spines[i, ANCHOR]) + abs(x - spines[i, X])
    return way


@kernel
def runs_of_rows(
    chosen: Ints,
    stretches: tuple[Ints, Floats, Floats, Ints],
    lane_y: Floats,
    spines: Floats,
    layout: np.void,
    lengths: Floats,
) -> Floats:
    """Return all runs that chosen rows hold, shape (r, N_RUN), the nearest to the gate first; none has modules yet.

    `lane_y` is the low side of the lane of each strip, `lengths` are those of runs.
    """
    start, near, far, spine = stretches
    shortest = layout["n_bays_min"] * layout["width_m"]
    room = 0
    for k in chosen:
        for i in range(start[k], start[k + 1]):
            room += int(abs(far[i] - near[i]) / shortest) + 1
    runs = np.zeros((room, N_RUN))
    n = 0
    for k in chosen:
        for i in range(start[k], start[k + 1]):
            if spine[i] < 0:
                continue
            way = _way(spines, spine[i], near[i], lane_y[k])
            length, offset = abs(far[i] - near[i]), 0.0
            n_bays = bays_of_length(layout, length, lengths)
            while n_bays > 0:
                runs[n, STRETCH], runs[n, OFFSET], runs[n, N_BAYS], runs[n, DISTANCE] = i, offset, n_bays, way + offset
                n += 1
                offset += lengths[n_bays] + layout["fire_gap_m"]
                n_bays = bays_of_length(layout, length - offset, lengths)
    return runs[:n][order_by_more(runs[:n, DISTANCE], TOUCH_M)]


@kernel
def fill_runs(runs: Floats, n_storeys: int, enough: int, least: int) -> Floats:
    """Return the first runs that hold enough modules, with the modules of each; the last is as long as it must be.

    Where that would be fewer bays than the least, it takes what the runs before it can spare, the last of them first;
    else stacked modules stand side by side; else the run before it gives way, and it or one farther off takes both.

    Examples
    --------
    Runs of five and six bays, two storeys: ten modules and seven more in four stacks. For one module more than ten the
    first run spares two stacks.

    >>> runs = np.array([[0.0, 0, 5, 0, 0], [1.0, 0, 6, 0, 30]])
    >>> fill_runs(runs, 2, 17, 3)[:, 2:4].tolist(), fill_runs(runs, 2, 11, 3)[:, 2:4].tolist()
    ([[5.0, 10.0], [4.0, 7.0]], [[3.0, 6.0], [3.0, 5.0]])

    Where the run before is as short as may be, the one before that spares two.

    >>> fill_runs(np.array([[0.0, 0, 5, 0, 0], [1.0, 0, 3, 0, 30], [2.0, 0, 6, 0, 60]]), 1, 9, 3)[:, 2].tolist()
    [3.0, 3.0, 3.0]

    Where none can spare, four modules stand as 2 + 1 + 1; and one module and the three before it in the run of six.

    >>> fill_runs(np.array([[0.0, 0, 3, 0, 0], [1.0, 0, 6, 0, 30]]), 3, 13, 3)[:, 2:4].tolist()
    [[3.0, 9.0], [3.0, 4.0]]
    >>> fill_runs(np.array([[0.0, 0, 3, 0, 0], [1.0, 0, 3, 0, 30], [2.0, 0, 6, 0, 60]]), 1, 4, 3)[:, [0, 3]].tolist()
    [[2.0, 4.0]]
    """
    filled = runs.copy()
    total = 0
    n = filled.shape[0]
    for i in range(n):
        if total >= enough:
            n = i
            break
        n_modules = min(enough - total, int(filled[i, N_BAYS]) * n_storeys)
        filled[i, N_BAYS], filled[i, N_MODULES] = math.ceil(n_modules / n_storeys), n_modules
        total += n_modules
    wanting = least - int(filled[n - 1, N_BAYS]) if n > 1 else 0
    for i in range(n - 2, -1, -1):
        spared = min(wanting, int(filled[i, N_BAYS]) - least)
        if spared > 0:
            filled[i, N_BAYS] -= spared
            filled[i, N_MODULES] -= spared * n_storeys
            filled[n - 1, N_BAYS] += spared
            filled[n - 1, N_MODULES] += spared * n_storeys
            wanting -= spared
    if wanting > 0:
        n = _fewer_runs(runs, filled, n, n_storeys, least)
    return filled[:n]


@kernel
def _fewer_runs(runs: Floats, filled: Floats, n: int, n_storeys: int, least: int) -> int:
    """Widen the last of n filled runs to the least bays, or merge the two last; return how many runs there are then."""
    last = filled[n - 1, N_MODULES]
    if last >= least:
        filled[n - 1, N_BAYS] = least
        return n
    both = last + filled[n - 2, N_MODULES]
    for i in range(n - 1, runs.shape[0]):
        if runs[i, N_BAYS] * n_storeys >= both:
            for j in range(N_RUN):  # to assign arrays Numba compiles a check of their shapes
                filled[n - 2, j] = runs[i, j]
            filled[n - 2, N_BAYS], filled[n - 2, N_MODULES] = math.ceil(both / n_storeys), both
            return n - 1
    return n


@kernel
def _free_lengths(
    runs: Floats,
    chosen: Ints,
    stretches: tuple[Ints, Floats, Floats, Ints],
    lane_y: Floats,
    spines: Floats,
    layout: np.void,
    lengths: Floats,
) -> Floats:
    """Return what runs leave of chosen rows, as (stretch, from, to, way from the gate)."""
    start, near, far, spine = stretches
    n_stretches = 0
    for k in chosen:
        n_stretches += start[k + 1] - start[k]
    free = np.empty((runs.shape[0] + n_stretches, 4))
    last = np.full(near.size, -1)
    n = 0
    for i in range(runs.shape[0]):
        one, begin = int(runs[i, STRETCH]), runs[i, OFFSET]
        end = begin + lengths[int(runs[i, N_BAYS])]
        if last[one] >= 0:
            free[last[one], 2] = begin - layout["verge_m"]
        free[n, 0], free[n, 1], free[n, 2] = one, end + layout["verge_m"], abs(far[one] - near[one])
        free[n, 3], last[one] = runs[i, DISTANCE], n
        n += 1
    for k in chosen:
        for i in range(start[k], start[k + 1]):
            if last[i] < 0:
                free[n, 0], free[n, 1], free[n, 2] = i, 0.0, abs(far[i] - near[i])
                free[n, 3] = _way(spines, spine[i], near[i], lane_y[k]) if spine[i] >= 0 else np.inf
                n += 1
    return free[:n]


@kernel
def _ponds(free: Floats, depth: float, least: float, area: float) -> tuple[Floats, float]:
    """Return the free lengths that water takes, the nearest first, and the area still to be found."""
    ponds = np.empty((free.shape[0], 3))
    n = 0
    for i in range(free.shape[0]):
        length = free[i, 2] - free[i, 1]
        if area > TOUCH_M2 and length >= least - TOUCH_M:
            length = min(length, max(least, area / depth))
            ponds[n, 0], ponds[n, 1], ponds[n, 2] = free[i, 0], free[i, 1], free[i, 1] + length
            area -= length * depth
            n += 1
    return ponds[:n], area


@kernel
def _room(free: Floats, least: float) -> float:
    """Return how long the free lengths are together that water may take."""
    room = 0.0
    for i in range(free.shape[0]):
        length = free[i, 2] - free[i, 1]
        if length >= least - TOUCH_M:
            room += length
    return room


@kernel
def ponds_between(
    runs: Floats,
    chosen: Ints,
    stretches: tuple[Ints, Floats, Floats, Ints],
    lane_y: Floats,
    spines: Floats,
    layout: np.void,
    n_storeys: int,
    lengths: Floats,
    area_m2: float,
) -> tuple[Floats, Floats]:
    """Return the runs that remain where water of an area has its place in the rows too, and the water.

    A few ponds of some size are sought first, then whatever there is; where that is too little homes give way.

    Parameters
    ----------
    runs
        Filled runs, shape (r, N_RUN), the nearest first; the last give way, bay by bay.
    chosen, stretches
        The rows, and their stretches as `cut_stretches` gives them.
    lane_y, spines
        As for `runs_of_rows`.
    layout, n_storeys
        The figures; water is as deep as a module.
    lengths
        Of runs, see `run_lengths`.
    area_m2
        Of water, in m2.

    Returns
    -------
        Runs, and water as (stretch, from, to) in m from the near end of the stretch; no runs if nothing leaves room.
    """
    kept, n = runs.copy(), runs.shape[0]
    depth, least = layout["depth_m"], layout["water_min_m"]
    while True:
        free = _free_lengths(kept[:n], chosen, stretches, lane_y, spines, layout, lengths)
        if n == 0 or _room(free, least) * depth > area_m2 - ROUNDING_M2:
            nearest = free[order_by_more(free[:, 3], TOUCH_M)]
            ponds, missing = _ponds(nearest, depth, max(least, area_m2 / depth / FEW_PONDS), area_m2)
            if missing > TOUCH_M2:
                ponds, missing = _ponds(nearest, depth, least, area_m2)
            if missing <= TOUCH_M2 or n == 0:
                return (kept[:n], ponds) if missing <= TOUCH_M2 else (kept[:0], ponds)
        fewer = int(kept[n - 1, N_BAYS]) - 1
        if fewer < layout["n_bays_min"]:
            n -= 1
        else:
            kept[n - 1, N_BAYS] = fewer
            kept[n - 1, N_MODULES] = min(kept[n - 1, N_MODULES], fewer * n_storeys)
