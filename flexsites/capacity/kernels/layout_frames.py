"""The plans of a piece in all directions: which of them holds enough, or most.

What several layouts ask of a piece is worked out once: the strips of a direction, whatever the way in is; the lanes and
stretches of a way in.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_directions import row_directions
from flexsites.capacity.kernels.layout_figures import LAYOUT, Layout, lane_width, row_depth, row_pitch
from flexsites.capacity.kernels.layout_ground import Ground, Mouth
from flexsites.capacity.kernels.layout_lanes import EVERY, cut_stretches
from flexsites.capacity.kernels.layout_plan import (
    Lanes,
    Plan,
    Stretches,
    Strips,
    best_storeys,
    lay_lane,
    lay_lanes,
    plan_rows,
)
from flexsites.capacity.kernels.layout_rows import N_MODULES
from flexsites.capacity.kernels.layout_strips import along_and_across, clear_intervals, n_strips_over, turned
from flexsites.geometry.ways import Lane

__all__ = ["Asked", "Found", "Frames", "Planned", "Turns", "asked_of", "held"]

Floats = NDArray[np.float64]


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
    """A layout, and the strips it asks."""

    figures: NDArray[np.void]
    """Shape (1,): to hand an array to a kernel costs a tenth of what one record does."""
    n_storeys: int
    lane: tuple[float, float]
    """Width of a lane, and its verge."""
    setback_m: float
    depths: tuple[float, float]
    """Of a row of one storey, and of more."""
    step_m: float
    """Of the lattice of lanes."""
    rows_step_m: float
    """Of the lattice of rows."""
    fine_step_m: float
    fine_figures: NDArray[np.void]
    """Of the fine lattice of rows, and the figures with that step."""
    fire_gap_m: float
    pitch_m: float
    """From row to row, of one storey."""
    water_share: float
    network: int
    """The same for layouts of the same figures on which the lanes depend."""
    kin: int
    """The same for layouts of the same lanes that have rows of the same depths."""

    def finer(self) -> "Asked":
        """Return it with rows on the fine lattice, along the same lanes."""
        return self._replace(figures=self.fine_figures, rows_step_m=self.fine_step_m)


class _Turned:
    """A piece turned so that rows lie along x, and its strips: they do not hang on where one comes in."""

    def __init__(self, edges: Floats, direction: float) -> None:
        self.edges, self.swapped = along_and_across(edges, direction)
        self.low, self.left = float(self.swapped[:, ::2].min()), float(self.swapped[:, 1].min())
        self.direction = direction
        self._strips: dict[tuple[object, ...], Strips] = {}

    def strips(self, asked: Asked, depth: float, step: float) -> tuple[Strips, Strips]:
        """Return the clear intervals of rows, the first at the setback, and of the lanes in front."""
        low, question = self.low + asked.setback_m, (asked.setback_m, depth, step)
        if question not in self._strips:
            n = n_strips_over(self.edges, low, step, depth)
            self._strips[question] = clear_intervals(self.edges, low, step, n, depth, asked.setback_m)
        rows = self._strips[question]
        if (question, asked.lane) not in self._strips:
            n = rows[0].size - 1
            self._strips[question, asked.lane] = clear_intervals(self.edges, low + depth, step, n, *asked.lane)
        return rows, self._strips[question, asked.lane]

    def crosses(self, asked: Asked) -> Strips:
        """Return the clear intervals of lanes across the rows, see `next_spine`."""
        question = (asked.lane, asked.step_m)
        if question not in self._strips:
            n = -(-n_strips_over(self.swapped, self.left, asked.step_m, asked.lane[0]) // EVERY)
            self._strips[question] = clear_intervals(self.swapped, self.left, EVERY * asked.step_m, n, *asked.lane)
        return self._strips[question]


class Turns:
    """A piece in all the directions that its rows may have, turned when first asked."""

    def __init__(self, edges: Floats, n_turns: int) -> None:
        self.edges, self.directions = edges, row_directions(edges, n_turns)
        self._turned: dict[int, _Turned] = {}

    def __getitem__(self, i: int) -> _Turned:
        """Return the piece in one of the directions."""
        if i not in self._turned:
            self._turned[i] = _Turned(self.edges, float(self.directions[i]))
        return self._turned[i]


class _Frame:
    """A turned piece with its ways in; what several layouts ask is worked out once."""

    def __init__(self, ground: Ground, piece: _Turned) -> None:
        self.ground, self.piece = ground, piece
        self.mouths = {lane: turned(mouth.segments(), piece.direction) for lane, mouth in ground.mouths.items()}
        self._reached: dict[int, int] = {}
        self._lanes: dict[tuple[int, int], Lanes] = {}
        self._stretches: dict[tuple[int, int, float, float], Stretches] = {}
        self._along: dict[tuple[int, int, float], tuple[Stretches, Stretches, Floats, tuple[float, float]]] = {}

    def _lattice(self, asked: Asked, depth: float, step: float) -> tuple[float, float, float, float, float]:
        """Return the lattice of rows of a depth, see `cut_stretches`: the first lies at the setback."""
        return self.piece.low + asked.setback_m, step, depth, asked.lane[0], asked.fire_gap_m

    def reached_dm(self, asked: Asked) -> int:
        """Return the decimetres of row that one lane across reaches, of a coarse lattice: to compare directions."""
        self.lanes(asked, 1)
        return self._reached[asked.network]

    def lanes(self, asked: Asked, n_spines: int) -> Lanes:
        """Return what `lay_lanes` gives for rows of one storey, with so many spines at most."""
        question = asked.network, n_spines
        if question not in self._lanes:
            depth, step, piece = asked.depths[0], asked.step_m, self.piece
            (rows, lanes), lattice = piece.strips(asked, depth, step), self._lattice(asked, depth, step)
            along = lattice, self.mouths[asked.lane], asked.lane[1], asked.pitch_m
            if n_spines == 1:
                laid, self._reached[asked.network] = lay_lane(piece.swapped, rows, lanes, *along)
            else:
                laid = self.lanes(asked, 1)
                if len(laid[0]) > 0 and not laid[4]:
                    crosses = piece.crosses(asked)
                    laid = lay_lanes(piece.edges, rows, lanes, crosses, piece.left, *along, n_spines, laid)
            self._lanes[question] = laid
        return self._lanes[question]

    def stretches(self, asked: Asked, depth: float, n_spines: int) -> Stretches:
        """Return the stretches of rows of a depth along the lanes."""
        step = asked.rows_step_m
        if (depth, step) == (asked.depths[0], asked.step_m):
            return self.lanes(asked, n_spines)[2]  # those by which the lanes were laid
        question = asked.network, n_spines, depth, step
        if question not in self._stretches:
            spines, links = self.lanes(asked, n_spines)[:2]
            lattice, mouth = self._lattice(asked, depth, step), self.mouths[asked.lane]
            strips = self.piece.strips(asked, depth, step)
            self._stretches[question] = cut_stretches(*strips, lattice, spines, links, mouth)
        return self._stretches[question]

    def better(self, asked: Asked, enough: int, n_spines: int, best: "Found | None" = None) -> "Found | None":
        """Return the plan with the fewest storeys that holds enough, else that which holds most, or the best so far."""
        along, water_m2 = self._along_lanes(asked, n_spines), self.water_m2(asked)
        n_modules, n_storeys = best_storeys(
            *along, asked.figures, asked.n_storeys, enough, water_m2, held(best)
        )  # fmt: skip
        return Found(self, asked, n_spines, n_storeys, n_modules, None) if n_storeys > 0 else best

    def _along_lanes(self, asked: Asked, n_spines: int) -> tuple[Stretches, Stretches, Floats, tuple[float, float]]:
        """Return the stretches of rows of one storey and of more, the spines, and the low sides of the first lanes."""
        question = asked.kin, n_spines, asked.rows_step_m
        if question not in self._along:
            spines, flat = self.lanes(asked, n_spines)[0], self.stretches(asked, asked.depths[0], n_spines)
            is_asked = asked.n_storeys > 1 and len(spines) > 0  # without a lane no home is reached
            stacked = self.stretches(asked, asked.depths[1], n_spines) if is_asked else flat
            self._along[question] = flat, stacked, spines, self.lane_lows(asked)
        return self._along[question]

    def lane_lows(self, asked: Asked) -> tuple[float, float]:
        """Return the low side of the lane of the first strip, of one storey and of more."""
        low = self.piece.low + asked.setback_m
        return low + asked.depths[0], low + asked.depths[1]

    def water_m2(self, asked: Asked) -> float:
        """Return the area of water that is asked."""
        return asked.water_share * self.ground.area_m2


class Found(NamedTuple):
    """A plan by what it is made of."""

    frame: _Frame
    asked: Asked
    n_spines: int
    n_storeys: int
    n_modules: int
    approach: Lane | None

    @property
    def is_all_reached(self) -> bool:
        """Return whether lanes leave next to none of the rows of one storey: what is enough does not bear on it."""
        return self.frame.lanes(self.asked, self.n_spines)[4]

    def planned(self, enough: int) -> Planned:
        """Return the plan itself: it holds enough, or all that it can."""
        frame, asked, is_stacked = self.frame, self.asked, self.n_storeys > 1
        spines, lane_low = frame.lanes(asked, self.n_spines)[0], frame.lane_lows(asked)[is_stacked]
        stretches = frame.stretches(asked, asked.depths[is_stacked], self.n_spines)
        runs, ponds, strips = plan_rows(
            stretches, spines, lane_low, asked.figures[0], self.n_storeys, enough, frame.water_m2(asked)
        )
        return Planned(
            plan=Plan(runs, ponds, strips, *stretches[1:], spines),
            direction_rad=frame.piece.direction,
            n_storeys=self.n_storeys,
            low=frame.piece.low + asked.setback_m,
            step_m=asked.rows_step_m,
            mouth=frame.ground.mouths[asked.lane],
            n_modules=int(runs[:, N_MODULES].sum()),
            approach=self.approach,
        )


class Frames:
    """A piece with its ways in, in all the directions that its rows may have."""

    def __init__(self, ground: Ground, turns: Turns) -> None:
        self.ground, self.turns = ground, turns
        self._frames: dict[int, _Frame] = {}
        self._by_reach: dict[int, tuple[list[int], bool]] = {}

    def __getitem__(self, i: int) -> _Frame:
        """Return it in one of the directions."""
        if i not in self._frames:
            self._frames[i] = _Frame(self.ground, self.turns[i])
        return self._frames[i]

    def best(self, asked: Asked, enough: int, n_spines: int) -> Found | None:
        """Return a plan that holds enough, else the one that holds most of those tried.

        First along the first direction, with one lane across. Then in the direction in which one lane reaches most
        rows; and then with more lanes in every direction, the best of these first: one lane may reach little where two
        reach most. Last, where that is not enough, along the best of these lanes with rows on the fine lattice.
        """
        best: Found | None = None
        for i, n in self._tried(asked, n_spines):
            best = self[i].better(asked, enough, n, best)
            if held(best) >= enough:
                return best
        if best is None or asked.fine_step_m >= asked.step_m:
            return best
        return best.frame.better(asked.finer(), enough, best.n_spines, best)

    def _tried(self, asked: Asked, n_spines: int) -> Iterator[tuple[int, int]]:
        """Yield the directions that are tried one after the other, each with the most lanes across."""
        yield 0, 1
        if asked.network not in self._by_reach:
            reached = [self[i].reached_dm(asked) for i in range(len(self.turns.directions))]
            order = sorted(range(len(reached)), key=lambda i: -reached[i])
            self._by_reach[asked.network] = order, reached[order[0]] > 0
        by_reach, is_any = self._by_reach[asked.network]
        if is_any and by_reach[0] != 0:  # that is tried
            yield by_reach[0], 1
        for i in by_reach if n_spines > 1 else ():
            is_tried = i in (0, by_reach[0]) and len(self[i].lanes(asked, n_spines)[0]) <= 1
            if not is_tried:
                yield i, n_spines


def held(plan: Found | None) -> int:
    """Return the modules that a plan holds; 0 of none."""
    return 0 if plan is None else plan.n_modules


def asked_of(layouts: Sequence[Layout]) -> list[Asked]:
    """Return what layouts ask, its figures floats: a whole number among them would have every kernel compiled again."""
    asked: list[Asked] = []
    networks: dict[object, int] = {}
    kin: dict[object, int] = {}
    for layout, one in zip(layouts, np.array([tuple(one) for one in layouts], dtype=LAYOUT), strict=True):
        lane = float(lane_width(one)), float(layout.verge_m)
        depths, pitch = (float(row_depth(one, 1)), float(row_depth(one, 2))), float(row_pitch(one, 1))
        setback, step, fire_gap = float(layout.setback_m), float(layout.step_m), float(layout.fire_gap_m)
        figures, fine = np.array([one]), np.array([one])
        fine["step_m"] = layout.fine_step_m
        network = networks.setdefault((lane, setback, depths[0], pitch, fire_gap, step), len(networks))
        asked.append(
            Asked(
                figures=figures,
                n_storeys=layout.n_storeys,
                lane=lane,
                setback_m=setback,
                depths=depths,
                step_m=step,
                rows_step_m=step,
                fine_step_m=float(layout.fine_step_m),
                fine_figures=fine,
                fire_gap_m=fire_gap,
                pitch_m=pitch,
                water_share=float(layout.water_share),
                network=network,
                kin=kin.setdefault((network, depths, layout.n_storeys > 1), len(kin)),
            )
        )
    return asked
