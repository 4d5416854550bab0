"""Lanes and plans of a piece in one direction: which lanes are laid, and what stands along them.

Lanes are laid by the metres of row that they reach, whatever is built there. A plan is of one layout with so many
storeys; counting and drawing read the same plan.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import row_pitch
from flexsites.capacity.kernels.layout_lanes import HIGH, LOW, X, cut_stretches, first_spine, next_spine
from flexsites.capacity.kernels.layout_rows import (
    N_MODULES,
    bays_of_strips,
    best_rows,
    chosen_rows,
    fill_runs,
    ponds_between,
    runs_of_rows,
)
from flexsites.capacity.kernels.layout_strips import clear_intervals, n_strips_over
from flexsites.compiled import kernel

__all__ = [
    "Plan",
    "Stretches",
    "Strips",
    "best_storeys",
    "lay_lanes",
    "plan_rows",
    "reached_dm",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Strips = tuple[Ints, Floats, Floats]
Stretches = tuple[Ints, Floats, Floats, Ints]

Lattice = tuple[float, float, float, float, float]

_WHOLE = 1e-9
_ALL = 1 << 40
_NEARLY_ALL = 20
"""Lanes reach nearly all rows where they leave less than one part in so many [A]: more lanes are then not tried, nor
the lane to the largest room where it hardly bends. To follow that lane everywhere gave 0.4 % more modules in Kampen,
and layouts took half as long again."""


class Plan(NamedTuple):
    """What stands where, in the frame of the rows; all lengths in m."""

    runs: Floats
    """Runs that hold homes, the nearest to the gate first; columns as in `layout_rows`."""
    ponds: Floats
    """Water as (stretch, from, to), from the near end of a stretch."""
    strips: Ints
    """Strip of each stretch."""
    near: Floats
    """End of each stretch that is nearest to the spine from which it is reached."""
    far: Floats
    """The other end."""
    spine: Ints
    """That spine; -1: none."""
    spines: Floats
    """Lanes across the rows, columns as in `layout_lanes`."""


@kernel
def _apart(pitch: float, step: float) -> int:
    """Return how many steps of the lattice two rows are apart."""
    n: int = max(1, math.ceil(pitch / step - _WHOLE))
    return n


@kernel
def _reached(stretches: Stretches, apart: int, loss: float) -> tuple[Ints, int, bool]:
    """Return the decimetres of row that are reached, per strip and in the best rows, and whether that is nearly all.

    Of each stretch a loss is taken, so that long rows count for more than as many metres of short ones.
    """
    start, near, far, spine = stretches
    reached = np.zeros(start.size - 1, np.int64)
    missed = 0
    for k in range(reached.size):
        for i in range(start[k], start[k + 1]):
            length = max(0, int(10 * (abs(far[i] - near[i]) - loss)))
            if spine[i] >= 0:
                reached[k] += length
            else:
                missed += length
    return reached, best_rows(reached, apart)[-1], _NEARLY_ALL * missed < reached.sum()


@kernel
def _through_gate(edges: Floats, gate: Floats, lane: float, verge: float) -> Floats:
    """Return the lane along the rows through the gate as (left, right, low, spine), shape (0 or 1, 4)."""
    along = first_spine(edges, gate[1], gate[0], lane, verge)
    way = np.zeros((along.shape[0], 4))
    for i in range(along.shape[0]):
        way[i, 0], way[i, 1], way[i, 2] = along[i, LOW], along[i, HIGH], along[i, X] - lane / 2
    return way


@kernel
def lay_lanes(
    edges: Floats,
    swapped: Floats,
    rows: Strips,
    lanes: Strips,
    lattice: Lattice,
    mouth: Floats,
    verge: float,
    pitch: float,
    n_spines: int,
) -> tuple[Floats, Floats, Stretches, int, bool]:
    """Return lanes across the rows, each of which reaches more metres of row than there were without it.

    Parameters
    ----------
    edges, swapped
        Boundary in the frame of the rows, (x0, y0, x1, y1) in m, shape (n, 4); and with x and y swapped.
    rows, lanes
        Clear intervals of the strips of rows, and of the lanes in front of them.
    lattice
        See `cut_stretches`.
    mouth
        From the entrance to the gate, (x0, y0, x1, y1) in m.
    verge, pitch
        Between a lane and the edge, and from row to row, in m.
    n_spines
        Most lanes across the rows.

    Returns
    -------
        Spines, links (see `layout_lanes`), the stretches of rows along them (see `cut_stretches`), the decimetres of
        row they reach, and whether that is all but a little.
    """
    step, lane, loss, gate = lattice[1], lattice[3], 2 * lattice[4], mouth[-1, 2:]
    apart = _apart(pitch, step)
    spines, links = first_spine(swapped, gate[0], gate[1], lane, verge), np.zeros((0, 3))
    stretches = cut_stretches(rows, lanes, lattice, spines, links, mouth)
    reached, most, is_all = _reached(stretches, apart, loss)
    if n_spines == 1 or spines.shape[0] == 0 or is_all:
        return spines, links, stretches, most, is_all
    first_x = swapped[:, 1].min()
    n = n_strips_over(swapped, first_x, step, lane)
    crosses = clear_intervals(swapped, first_x, step, n, lane, verge)
    through = _through_gate(edges, gate, lane, verge)
    while spines.shape[0] < n_spines and not is_all:
        chosen = chosen_rows(reached, apart)
        spine, link = next_spine(rows, lanes, crosses, lattice, first_x, spines, chosen, through)
        if spine.shape[0] == 0:
            break
        more, linked = np.concatenate((spines, spine)), np.concatenate((links, link))
        along = cut_stretches(rows, lanes, lattice, more, linked, mouth)
        reached, metres, is_more = _reached(along, apart, loss)
        if metres <= most:
            break
        spines, links, stretches, most, is_all = more, linked, along, metres, is_more
    return spines, links, stretches, most, is_all


@kernel
def reached_dm(
    edges: Floats,
    swapped: Floats,
    lattice: Lattice,
    setback: float,
    verge: float,
    mouth: Floats,
    pitch: float,
) -> int:
    """Return the decimetres of row that one lane across reaches: to compare directions, on a coarse lattice."""
    low, step, depth, lane, _ = lattice
    n = n_strips_over(edges, low, step, depth)
    rows = clear_intervals(edges, low, step, n, depth, setback)
    lanes = clear_intervals(edges, low + depth, step, n, lane, verge)
    one = int(np.int64(1))  # a number like any other: for the word 1 another kernel would be compiled
    most: int = lay_lanes(edges, swapped, rows, lanes, lattice, mouth, verge, pitch, one)[3]
    return most


@kernel
def best_storeys(
    flat: Stretches,
    stacked: Stretches,
    spines: Floats,
    lane_lows: tuple[float, float],
    figures: NDArray[np.void],
    n_storeys: int,
    enough: int,
    water_m2: float,
    held: int,
) -> tuple[int, int]:
    """Return the modules and storeys of the plan with the fewest storeys that holds enough, else of that with the most.

    Parameters
    ----------
    flat, stacked
        Stretches for rows of one storey, and of more.
    spines, enough, water_m2
        As for `plan_rows`.
    figures
        Shape (1,), of the layout.
    lane_lows
        Low side of the lane of the first strip, of one storey, and of more.
    n_storeys
        Storeys at most.
    held
        What another plan holds: a plan counts where it holds more.

    Returns
    -------
        Both; (held, 0) where none holds more.
    """
    best, layout = 0, figures[0]
    before_water = np.empty(n_storeys, np.int64)
    for i in range(n_storeys):
        start, near, far, spine = stacked if i > 0 else flat
        n_bays = bays_of_strips(start, near, far, spine, layout, i + 1)
        most = best_rows(n_bays, _apart(row_pitch(layout, i + 1), layout["step_m"]))[-1]
        before_water[i] = (i + 1) * most
    while True:
        i = int(before_water.argmax())
        for k in range(n_storeys):
            if before_water[k] >= enough:
                i = k
                break
        if before_water[i] <= held or held >= enough:
            return held, best
        stretches, lane_low = (stacked, lane_lows[1]) if i > 0 else (flat, lane_lows[0])
        n_modules = int(plan_rows(stretches, spines, lane_low, layout, i + 1, enough, water_m2)[0][:, N_MODULES].sum())
        before_water[i] = 0
        if n_modules > held:
            held, best = n_modules, i + 1


@kernel
def plan_rows(
    stretches: Stretches,
    spines: Floats,
    lane_low: float,
    layout: np.void,
    n_storeys: int,
    enough: int,
    water_m2: float,
) -> tuple[Floats, Floats, Ints]:
    """Return the plan of a piece along lanes that are laid.

    Law: as many modules as are asked for, or as all that fit beside the water.

    Parameters
    ----------
    stretches, spines
        As `cut_stretches` and `lay_lanes` give them.
    lane_low
        Low side of the lane of the first strip, in m.
    layout, n_storeys
        The figures, and how many modules stand on each other.
    enough
        Modules asked for.
    water_m2
        Area of water.

    Returns
    -------
        Runs, water, and the strip of each stretch: see `Plan`.
    """
    start, near, far, spine = stretches
    n_bays = bays_of_strips(start, near, far, spine, layout, n_storeys)
    chosen = chosen_rows(n_bays, _apart(row_pitch(layout, n_storeys), layout["step_m"]))
    lane_y = lane_low + layout["step_m"] * np.arange(n_bays.size)
    runs = fill_runs(runs_of_rows(chosen, stretches, lane_y, spines, layout, n_storeys), n_storeys, _ALL, 1)
    runs, ponds = ponds_between(runs, chosen, stretches, lane_y, spines, layout, n_storeys, water_m2)
    if runs[:, N_MODULES].sum() > enough:
        runs = fill_runs(runs, n_storeys, enough, layout["n_bays_min"])
        fewer, nearer = ponds_between(runs, chosen, stretches, lane_y, spines, layout, n_storeys, water_m2)
        # Water near the cluster where that costs no home; else it stays where all homes together leave it.
        if fewer[:, N_MODULES].sum() == runs[:, N_MODULES].sum():
            ponds = nearer
    strips = np.empty(near.size, np.int64)
    for k in range(start.size - 1):
        strips[start[k] : start[k + 1]] = k
    return runs, ponds, strips
