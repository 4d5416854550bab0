"""What layouts ask of a piece, and the plan that was found for one of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import LAYOUT, Layout, lane_width, row_depth, row_pitch
from flexsites.capacity.kernels.layout_ground import LaneWidth, Mouth
from flexsites.capacity.kernels.layout_lanes import cut_stretches
from flexsites.capacity.kernels.layout_plan import Plan, lay_lane, lay_lanes, plan_rows
from flexsites.capacity.kernels.layout_rows import N_MODULES
from flexsites.capacity.kernels.layout_search import (
    DIRECTION,
    IS_FINE,
    IS_MORE,
    N_FOUND,
    N_STOREYS,
    best_plans,
)
from flexsites.capacity.kernels.layout_turns import Turns, row_strips
from flexsites.geometry.ways import Lane

__all__ = ["Asked", "Entered", "Planned", "WaysIn", "asked_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WaysIn = dict[LaneWidth, Mouth]
"""By the width of lanes and their verge; none where none leads in."""


class Planned(NamedTuple):
    """The layout of a piece."""

    plan: Plan
    direction_rad: float
    """Direction of the rows, from the x axis counter-clockwise."""
    n_storeys: int
    low: float
    """Low side of the first strip, in the frame of the rows, in m."""
    step_m: float
    """From strip to strip."""
    mouth: Mouth
    """From the entrance to the gate, in local coordinates."""
    n_modules: int
    """Modules placed, stacked ones all counted."""
    approach: Lane | None
    """The lane from the entrance to where the mouth begins, in local coordinates; None: it begins at the entrance."""


class Asked(NamedTuple):
    """Layouts, m of them, and the lanes they ask."""

    figures: NDArray[np.void]
    """Shape (m,), of dtype `LAYOUT`."""
    fine: NDArray[np.void]
    """The same with the step of the fine lattice of rows."""
    networks: list[tuple[LaneWidth, Ints]]
    """Layouts that differ in no more than what stands in the rows, and their lane: its width, and its verge."""
    lanes: list[LaneWidth]
    """Those, each once."""


class Entered(NamedTuple):
    """A piece with a way in per lane."""

    turns: Turns
    area_m2: float
    mouths: WaysIn
    approach: Lane | None
    """The lane from the entrance to where the ways in begin; None: they begin at the entrance."""

    def best(self, asked: Asked, enough: Ints, n_spines: int) -> Ints:
        """Return what `best_plans` gives for each layout."""
        found = np.zeros((len(enough), N_FOUND), np.int64)
        for lane, own in asked.networks if enough.any() else ():
            if lane in self.mouths:
                best_plans(
                    self.turns, self.area_m2, self.mouths[lane].points, asked.figures, asked.fine,
                    own, enough, n_spines, found,
                )  # fmt: skip
        return found

    def planned(self, asked: Asked, found: Ints, enough: int, n_spines: int) -> Planned:
        """Return the plan that was found for the only layout: it holds enough, or all that it can."""
        turns, i, n_storeys = self.turns, int(found[DIRECTION]), int(found[N_STOREYS])
        mouth = self.mouths[asked.lanes[0]]
        layout = asked.figures[0]
        frame = lay_lane(turns, i, mouth.points, layout, n_storeys)
        _, _, lattice, segments, laid, _ = frame
        if found[IS_MORE]:
            laid = lay_lanes(turns, i, frame, layout, n_spines)
        if found[IS_FINE]:
            layout = asked.fine[0]
        step, depth = float(layout["step_m"]), row_depth(layout, n_storeys)
        strips = row_strips(turns, i, lattice[0], step, depth, layout)
        stretches = cut_stretches(*strips, (lattice[0], step, depth, *lattice[3:]), *laid[:2], segments)
        water_m2 = float(layout["water_share"]) * self.area_m2
        runs, ponds, strip = plan_rows(stretches, laid[0], lattice[0] + depth, layout, n_storeys, enough, water_m2)
        return Planned(
            plan=Plan(runs, ponds, strip, *stretches[1:], laid[0]),
            direction_rad=float(turns[0][i]),
            n_storeys=n_storeys,
            low=lattice[0],
            step_m=step,
            mouth=mouth,
            n_modules=int(runs[:, N_MODULES].sum()),
            approach=self.approach,
        )


def asked_of(layouts: Sequence[Layout]) -> Asked:
    """Return what layouts ask, its figures floats: a whole number among them would have every kernel compiled again."""
    figures = np.array([tuple(one) for one in layouts], dtype=LAYOUT)
    fine = figures.copy()
    fine["step_m"] = figures["fine_step_m"]
    shared, networks = ["setback_m", "fire_gap_m", "step_m", "fine_step_m"], dict[object, tuple[LaneWidth, list[int]]]()
    for i, one in enumerate(figures):
        lane = float(lane_width(one)), float(one["verge_m"])
        question = (lane, *one[shared].item(), row_depth(one, 1), row_depth(one, 2), row_pitch(one, 1))
        networks.setdefault(question, (lane, []))[1].append(i)
    found = [(lane, np.array(own)) for lane, own in networks.values()]
    return Asked(figures, fine, found, sorted({lane for lane, _ in found}))
