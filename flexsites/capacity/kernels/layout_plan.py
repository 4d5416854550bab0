"""Lanes and plans of a piece in one direction: which lanes are laid, and what stands along them.

Lanes are laid by the metres of row that they reach, whatever is built there. A plan is of one layout with so many
storeys; counting and drawing read the same plan.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import lane_width, row_depth, row_pitch
from flexsites.capacity.kernels.layout_lanes import EVERY, HIGH, LOW, X, cut_stretches, first_spine, next_spine
from flexsites.capacity.kernels.layout_rows import (
    N_MODULES,
    bays_of_strips,
    best_rows,
    chosen_rows,
    fill_runs,
    ponds_between,
    runs_of_rows,
)
from flexsites.capacity.kernels.layout_runs import bays_of_run, bays_per_m
from flexsites.capacity.kernels.layout_strips import TOUCH_M, n_strips_over, turned
from flexsites.capacity.kernels.layout_turns import RowStrips, Turns, no_strips, row_strips, strips_in
from flexsites.compiled import kernel

__all__ = [
    "Frame",
    "Lanes",
    "Plan",
    "Stretches",
    "best_storeys",
    "lay_lane",
    "lay_lanes",
    "plan_rows",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Stretches = tuple[Ints, Floats, Floats, Ints]
"""See `cut_stretches`."""
Lanes = tuple[Floats, Floats, Stretches, int, bool]
"""Spines, links (see `layout_lanes`), the stretches of rows along them (see `cut_stretches`), the decimetres of row
that they reach, and whether that is all but a little."""

Lattice = tuple[float, float, float, float, float]
Frame = tuple[RowStrips, RowStrips, Lattice, Floats, Lanes, int]
"""A piece in one direction: the strips of rows of one storey, and of more; the lattice of the former, see
`cut_stretches`; the mouth, from the entrance to the gate, (x0, y0, x1, y1) in m; one lane across, and the decimetres
that it reaches of rows on a coarse lattice, `_COARSE` times the step: to compare directions."""

_WHOLE = 1e-9
_ALL = 1 << 40
_COARSE = 4
"""Directions are compared on a lattice with so many times the step."""
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
            length = max(0, int(10 * (abs(far[i] - near[i]) - loss + TOUCH_M)))
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
def lay_lane(turns: Turns, i: int, way: Floats, layout: np.void, n_storeys: int) -> Frame:
    """Return a piece turned in a direction, with the lane across the rows through the gate, and what it reaches.

    Parameters
    ----------
    turns, i
        The piece, and which of its directions.
    way
        Points of the way in, from the entrance to the gate, in m, shape (k, 2).
    layout
        The figures.
    n_storeys
        At most, of all that have the lane in common. Of one, the strips of one storey stand for those of more.

    Returns
    -------
        See `Frame`; without a lane there are no strips.
    """
    segments = np.empty((way.shape[0] - 1, 4))
    for k in range(segments.shape[0]):
        for j in range(2):
            segments[k, j], segments[k, j + 2] = way[k, j], way[k + 1, j]
    mouth, step, across = turned(segments, turns[0][i]), layout["step_m"], turns[1][1, i]
    low, depth = min(across[:, 0].min(), across[:, 2].min()) + layout["setback_m"], row_depth(layout, 1)
    lattice = (low, step, depth, lane_width(layout), layout["fire_gap_m"])
    spines = first_spine(across, mouth[-1, 2], mouth[-1, 3], lattice[3], layout["verge_m"])
    flat, links = no_strips(), np.zeros((0, 3))
    if spines.shape[0] > 0:
        flat = row_strips(turns, i, low, step, depth, layout)
    stacked = flat
    if n_storeys > 1 and spines.shape[0] > 0:
        stacked = row_strips(turns, i, low, step, row_depth(layout, 2), layout)
    stretches, pitch = cut_stretches(flat[0], flat[1], lattice, spines, links, mouth), row_pitch(layout, 1)
    reached, most, is_all = _reached(stretches, _apart(pitch, step), 2 * lattice[4])
    coarse = best_rows(reached[::_COARSE].copy(), _apart(pitch, _COARSE * step))[-1]
    return flat, stacked, lattice, mouth, (spines, links, stretches, most, is_all), coarse


@kernel
def lay_lanes(turns: Turns, i: int, frame: Frame, layout: np.void, n_spines: int) -> Lanes:
    """Return lanes across the rows, each of which reaches more metres of row than there were without it.

    Parameters
    ----------
    turns, i, layout
        As for `lay_lane`.
    frame
        As it gives it.
    n_spines
        Most lanes across the rows.

    Returns
    -------
        Of all lanes what `lay_lane` gives of one.
    """
    (rows, lanes), _, lattice, mouth, (spines, links, stretches, most, is_all), _ = frame
    if spines.shape[0] == 0 or is_all or n_spines <= 1:
        return frame[4]
    (_, step, _, lane, gap), verge, edges = lattice, layout["verge_m"], turns[1][0, i]
    first_x, is_across = turns[1][1, i, :, 1].min(), int(np.int64(1))  # see `first_spine`
    n = -(-n_strips_over(turns[1][1, i], first_x, step, lane) // EVERY)
    crosses = strips_in(turns, is_across, i, first_x, EVERY * step, n, lane, verge)
    apart, loss = _apart(row_pitch(layout, 1), step), 2 * gap
    reached, through = _reached(stretches, apart, loss)[0], _through_gate(edges, mouth[-1, 2:], lane, verge)
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
def best_storeys(
    flat: Stretches,
    stacked: Stretches,
    spines: Floats,
    lane_lows: tuple[float, float],
    layout: np.void,
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
    layout
        The figures.
    lane_lows
        Low side of the lane of the first strip, of one storey, and of more.
    held
        What another plan holds: a plan counts where it holds more.

    Returns
    -------
        Both; (held, 0) where none holds more.
    """
    best, n_storeys = 0, layout["n_storeys"]
    # First no less than what is counted once that may matter.
    before_water, is_counted, last = np.empty(n_storeys, np.int64), np.zeros(n_storeys, np.bool_), -1
    n_bays, lengths = np.empty(0, np.int64), np.empty(0)
    for i in range(n_storeys):
        before_water[i] = (i + 1) * _most_bays(stacked if i > 0 else flat, layout, i + 1)
    while True:
        i = int(before_water.argmax())
        for k in range(n_storeys):
            if before_water[k] >= enough:
                i = k
                break
        if before_water[i] <= held or held >= enough:
            return held, best
        stretches, lane_low = (stacked, lane_lows[1]) if i > 0 else (flat, lane_lows[0])
        if i != last:
            n_bays, lengths = bays_of_strips(*stretches, layout, i + 1)
            last = i
        if not is_counted[i]:
            most = best_rows(n_bays, _apart(row_pitch(layout, i + 1), layout["step_m"]))[-1]
            before_water[i], is_counted[i] = (i + 1) * most, True
            continue
        runs = _beside_water(stretches, spines, lane_low, layout, i + 1, n_bays, lengths, water_m2)[0]
        before_water[i] = 0
        n_modules = min(enough, int(runs[:, N_MODULES].sum()))
        if n_modules > held:
            held, best = n_modules, i + 1


@kernel
def _most_bays(stretches: Stretches, layout: np.void, n_storeys: int) -> int:
    """Return no less than the bays that the best rows hold, by what is reached of each strip: to count them costs more.

    Law: never less than `best_rows` of `bays_of_strips`.
    """
    start, near, far, spine = stretches
    apart, gap = _apart(row_pitch(layout, n_storeys), layout["step_m"]), layout["fire_gap_m"]
    best, longest_m = np.zeros(start.size), 0.0
    for k in range(start.size - 1):
        room = 0.0
        for i in range(start[k], start[k + 1]):
            if spine[i] >= 0:
                length = abs(far[i] - near[i])
                room += length + gap
                longest_m = max(longest_m, length)
        best[k + 1] = max(best[k], room + best[max(0, k + 1 - apart)])
    longest = bays_of_run(layout, longest_m, n_storeys)
    return int(best[-1] * bays_per_m(layout, longest, n_storeys)) if longest > 0 else 0


@kernel
def _beside_water(
    stretches: Stretches,
    spines: Floats,
    lane_low: float,
    layout: np.void,
    n_storeys: int,
    n_bays: Ints,
    lengths: Floats,
    water_m2: float,
) -> tuple[Floats, Floats, Ints, Floats]:
    """Return all runs that fit beside the water, the water, the strips of the rows, and the low sides of all lanes."""
    chosen = chosen_rows(n_bays, _apart(row_pitch(layout, n_storeys), layout["step_m"]))
    lane_y = lane_low + layout["step_m"] * np.arange(n_bays.size)
    every, one = int(np.int64(_ALL)), int(np.int64(1))  # numbers like any other: for words one more would be compiled
    runs = fill_runs(runs_of_rows(chosen, stretches, lane_y, spines, layout, lengths), n_storeys, every, one)
    runs, ponds = ponds_between(runs, chosen, stretches, lane_y, spines, layout, n_storeys, lengths, water_m2)
    return runs, ponds, chosen, lane_y


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
    n_bays, lengths = bays_of_strips(start, near, far, spine, layout, n_storeys)
    runs, ponds, chosen, lane_y = _beside_water(
        stretches, spines, lane_low, layout, n_storeys, n_bays, lengths, water_m2
    )
    if runs[:, N_MODULES].sum() > enough:
        runs = fill_runs(runs, n_storeys, enough, layout["n_bays_min"])
        fewer, nearer = ponds_between(runs, chosen, stretches, lane_y, spines, layout, n_storeys, lengths, water_m2)
        # Water near the cluster where that costs no home; else it stays where all homes together leave it.
        if fewer[:, N_MODULES].sum() == runs[:, N_MODULES].sum():
            ponds = nearer
    strips = np.empty(near.size, np.int64)
    for k in range(start.size - 1):
        strips[start[k] : start[k + 1]] = k
    return runs, ponds, strips
