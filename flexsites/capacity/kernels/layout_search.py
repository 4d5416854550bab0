"""The search for the plans of a piece: in which direction, along which lanes and with how many storeys most stands.

Layouts that differ in no more than what stands in the rows are a *network*: they have their lanes in common, and are
searched together. What one of them finds does not hang on which others are asked.
"""

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import row_depth
from flexsites.capacity.kernels.layout_lanes import cut_stretches
from flexsites.capacity.kernels.layout_plan import Frame, Lanes, best_storeys, lay_lane, lay_lanes
from flexsites.capacity.kernels.layout_turns import Turns, row_strips
from flexsites.capacity.kernels.ordering import stable_order
from flexsites.compiled import kernel

__all__ = ["best_plans"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Figures = NDArray[np.void]

DIRECTION, IS_MORE, IS_FINE, N_STOREYS, N_MODULES, IS_ALL_REACHED, N_FOUND = 0, 1, 2, 3, 4, 5, 6
"""Columns of what is found: the direction, whether along more lanes than one across, whether on the fine lattice,
storeys (0: nothing stands), modules, whether the lanes leave next to none of the rows; and the number of columns."""


@kernel
def best_plans(
    turns: Turns,
    area_m2: float,
    way: Floats,
    figures: Figures,
    fine: Figures,
    own: Ints,
    enough: Ints,
    n_spines: int,
    found: Ints,
) -> None:
    """Write the plan of a piece under each layout of a network that holds enough, else the best of those tried.

    First along the first direction, with one lane across. Then in the direction in which one lane reaches most
    rows; and then with more lanes in every direction, the best of these first: one lane may reach little where two
    reach most. Last, where that is not enough, along the best of these lanes with rows on the fine lattice.

    Parameters
    ----------
    turns
        The piece, see `turns_of`.
    area_m2
        Of which water takes its share.
    way
        Points from the entrance to the gate, shape (k, 2).
    figures, fine
        The layouts, shape (m,), and the same with the fine step.
    own
        Those of the network, shape (o,).
    enough
        Modules asked for at most, shape (m,); 0: not asked.
    n_spines
        Most lanes across the rows.
    found
        Shape (m, N_FOUND), nothing but 0: so it stays of layouts under which nothing stands.
    """
    wanting, at = _wanting(own, enough, found), np.zeros(N_FOUND, np.int64)
    if wanting.size == 0:
        return
    n_directions, layout, n_storeys = turns[0].size, figures[own[0]], _most_storeys(wanting, figures)
    frames = [lay_lane(turns, at[DIRECTION], way, layout, n_storeys)]
    _try(frames[0], frames[0][4], at, figures, wanting, enough, area_m2, found)
    wanting = _wanting(wanting, enough, found)
    if wanting.size == 0:
        return
    many, not_reached = [frames[0][4]], np.zeros(n_directions)
    for i in range(n_directions):
        if i > 0:
            frames.append(lay_lane(turns, i, way, layout, n_storeys))
            many.append(frames[i][4])
        not_reached[i] = -frames[i][5]
    by_reach = stable_order(not_reached)
    best, is_one_tried = by_reach[0], np.zeros(n_directions, np.bool_)
    is_one_tried[0], is_one_tried[best] = True, True
    if best != 0 and frames[best][5] > 0:
        at[DIRECTION] = best
        _try(frames[best], frames[best][4], at, figures, wanting, enough, area_m2, found)
    at[IS_MORE] = 1
    for i in by_reach:
        wanting = _wanting(wanting, enough, found)
        if wanting.size == 0 or n_spines <= 1:
            break
        many[i], at[DIRECTION] = lay_lanes(turns, i, frames[i], layout, n_spines), i
        if many[i][0].shape[0] > 1 or not is_one_tried[i]:
            _try(frames[i], many[i], at, figures, wanting, enough, area_m2, found)
    wanting, at[IS_FINE] = _wanting(wanting, enough, found), 1
    for i in range(n_directions if layout["fine_step_m"] < layout["step_m"] else 0):
        at[DIRECTION] = i
        _try_fine(turns, frames[i], many[i], at, fine, wanting, enough, area_m2, found)


@kernel
def _most_storeys(own: Ints, figures: Figures) -> int:
    """Return the storeys at most of any of some layouts."""
    n = 1
    for j in own:
        n = max(n, figures[j]["n_storeys"])
    return n


@kernel
def _wanting(own: Ints, enough: Ints, found: Ints) -> Ints:
    """Return the layouts, of some, that hold less than is asked."""
    wanting = np.empty(own.size, np.int64)
    n = 0
    for j in own:
        if found[j, N_MODULES] < enough[j]:
            wanting[n] = j
            n += 1
    return wanting[:n]


@kernel
def _try(
    frame: Frame,
    laid: Lanes,
    at: Ints,
    figures: Figures,
    own: Ints,
    enough: Ints,
    area_m2: float,
    found: Ints,
) -> None:
    """Write the plans along lanes that hold more than what was found; `at` begins as what is found does."""
    if laid[0].shape[0] == 0:  # without a lane no home is reached
        return
    (low, step, depth, lane, gap), flat, depth_stacked = frame[2], laid[2], row_depth(figures[own[0]], 2)
    stacked = flat
    if _most_storeys(own, figures) > 1:
        lattice = (low, step, depth_stacked, lane, gap)
        stacked = cut_stretches(frame[1][0], frame[1][1], lattice, laid[0], laid[1], frame[3])
    lane_lows = (low + depth, low + depth_stacked)
    for j in own:
        layout, held = figures[j], found[j, N_MODULES]
        water_m2 = layout["water_share"] * area_m2
        n_modules, n_storeys = best_storeys(flat, stacked, laid[0], lane_lows, layout, enough[j], water_m2, held)
        if n_storeys > 0:
            found[j, DIRECTION], found[j, IS_MORE], found[j, IS_FINE] = at[DIRECTION], at[IS_MORE], at[IS_FINE]
            found[j, N_STOREYS], found[j, N_MODULES], found[j, IS_ALL_REACHED] = n_storeys, n_modules, laid[4]


@kernel
def _try_fine(
    turns: Turns,
    frame: Frame,
    many: Lanes,
    at: Ints,
    figures: Figures,
    wanting: Ints,
    enough: Ints,
    area_m2: float,
    found: Ints,
) -> None:
    """Write the plans on the fine lattice that hold more, of the layouts that hold most in a direction."""
    here = np.empty((2, wanting.size), np.int64)
    n = np.zeros(2, np.int64)
    for j in wanting:
        if found[j, N_STOREYS] > 0 and found[j, DIRECTION] == at[DIRECTION]:
            is_more = found[j, IS_MORE]
            here[is_more, n[is_more]] = j
            n[is_more] += 1
    if n.sum() == 0:
        return
    (low, _, depth, lane, gap), mouth, layout = frame[2], frame[3], figures[wanting[0]]
    step, n_storeys = layout["step_m"], _most_storeys(wanting, figures)
    flat = row_strips(turns, at[DIRECTION], low, step, depth, layout)
    stacked = row_strips(turns, at[DIRECTION], low, step, row_depth(layout, 2), layout) if n_storeys > 1 else flat
    lattice = (low, step, depth, lane, gap)
    for is_more in range(2):
        if n[is_more] > 0:
            at[IS_MORE], own = is_more, here[is_more, : n[is_more]]
            spines, links, _, most, is_all = many if is_more else frame[4]
            stretches = cut_stretches(flat[0], flat[1], lattice, spines, links, mouth)
            laid = (spines, links, stretches, most, is_all)
            _try((flat, stacked, lattice, mouth, laid, frame[5]), laid, at, figures, own, enough, area_m2, found)
