"""Modules laid out in rows on the real shape of pieces of land: how many fit, and where they stand.

A lane begins at the entrance, and every home lies on a lane that leads there: homes that no lane reaches are not
placed. Rows are straight and parallel; see `layout_plan` and what it calls. One lane may bend: it leads from the
entrance through narrows to the largest room of the piece, and is given with it.

A piece is moved to local coordinates first: whole metres are taken off, which is exact, so a piece moved by whole
metres holds the same. Its rings are put in one order, so neither the order of vertices nor of pieces matters, and no
piece looks at another. What stays is what any grid has: a piece that is turned, or moved by part of a step, meets its
strips elsewhere. Screening, not design: the layout is one that stands up, not the best, so a little more land or
looser figures may hold a little less; callers that need an order take the best of the tighter figures too, for what
stands under them stands under looser ones.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_directions import row_directions
from flexsites.capacity.kernels.layout_figures import LAYOUT, Layout, lane_width, row_depth, row_pitch
from flexsites.capacity.kernels.layout_ground import Ground, Mouth, grounds_of
from flexsites.capacity.kernels.layout_lanes import cut_stretches
from flexsites.capacity.kernels.layout_plan import (
    Plan,
    Stretches,
    Strips,
    lay_lanes,
    most_bays,
    plan_rows,
    reached_dm,
    row_strips,
)
from flexsites.capacity.kernels.layout_rows import N_MODULES
from flexsites.capacity.kernels.layout_strips import turned
from flexsites.geometry.ways import Lane

__all__ = ["Layout", "Planned", "count_modules", "plan_piece"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

_COARSE = 4
"""Directions are compared on a lattice with so many times the step."""


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
    is_all_reached: bool
    """Whether lanes leave next to none of the rows of one storey: what is asked for does not bear on it."""
    approach: Lane | None
    """The lane from the entrance to where the mouth begins, in local coordinates; None: it begins at the entrance."""


class _Asked(NamedTuple):
    """A layout, and the strips it asks."""

    figures: np.void
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
    fire_gap_m: float
    pitch_m: float
    """From row to row, of one storey."""
    water_share: float
    network: tuple[object, ...]
    """The figures on which the lanes depend."""

    def finer(self) -> "_Asked":
        """Return it with rows on the fine lattice, along the same lanes."""
        figures = self.figures.copy()
        figures["step_m"] = figures["fine_step_m"]
        return self._replace(figures=figures, rows_step_m=float(figures["fine_step_m"]))


class _Frame:
    """A piece turned so that rows lie along x; what several layouts ask is worked out once."""

    def __init__(self, ground: Ground, direction: float) -> None:
        edges = turned(ground.edges, direction)
        swapped = edges[:, [1, 0, 3, 2]]
        # In the order in which the strips sort what blocks them, which then move little.
        self.edges = edges[np.argsort(np.minimum(edges[:, 0], edges[:, 2]), kind="stable")]
        self.swapped = swapped[np.argsort(np.minimum(swapped[:, 0], swapped[:, 2]), kind="stable")]
        self.low = float(min(edges[:, 1].min(), edges[:, 3].min()))
        self.ground, self.direction = ground, direction
        self.mouths = {lane: turned(mouth.segments(), direction) for lane, mouth in ground.mouths.items()}
        self._strips: dict[tuple[object, ...], tuple[Strips, Strips]] = {}
        self._reached: dict[tuple[object, ...], int] = {}
        self._lanes: dict[tuple[object, ...], tuple[Floats, Floats, int, bool]] = {}
        self._stretches: dict[tuple[object, ...], Stretches] = {}

    def _lattice(self, asked: _Asked, depth: float, step: float) -> tuple[float, float, float, float, float]:
        """Return the lattice of rows of a depth, see `cut_stretches`: the first lies at the setback."""
        return self.low + asked.setback_m, step, depth, asked.lane[0], asked.fire_gap_m

    def _rows(self, asked: _Asked, depth: float, step: float) -> tuple[Strips, Strips]:
        question = (*asked.network, depth, step)
        if question not in self._strips:
            low, _, _, lane, _ = self._lattice(asked, depth, step)
            self._strips[question] = row_strips(self.edges, low, step, depth, asked.setback_m, lane, asked.lane[1])
        return self._strips[question]

    def reached_dm(self, asked: _Asked) -> int:
        """Return the decimetres of row that one lane across reaches, of a coarse lattice: to compare directions."""
        if asked.network not in self._reached:
            lattice = self._lattice(asked, asked.depths[0], _COARSE * asked.step_m)
            mouth, verge = self.mouths[asked.lane], asked.lane[1]
            self._reached[asked.network] = reached_dm(
                self.edges, self.swapped, lattice, asked.setback_m, verge, mouth, asked.pitch_m
            )
        return self._reached[asked.network]

    def lanes(self, asked: _Asked, n_spines: int) -> tuple[Floats, Floats, int, bool]:
        """Return what `lay_lanes` gives for rows of one storey, with so many spines at most."""
        question = (*asked.network, n_spines)
        if question not in self._lanes:
            depth = asked.depths[0]
            rows, lanes = self._rows(asked, depth, asked.step_m)
            lattice, mouth, verge = self._lattice(asked, depth, asked.step_m), self.mouths[asked.lane], asked.lane[1]
            self._lanes[question] = lay_lanes(
                self.edges, self.swapped, rows, lanes, lattice, mouth, verge, asked.pitch_m, n_spines
            )
        return self._lanes[question]

    def stretches(self, asked: _Asked, depth: float, n_spines: int) -> Stretches:
        """Return the stretches of rows of a depth along the lanes."""
        step = asked.rows_step_m
        question = (*asked.network, depth, n_spines, step)
        if question not in self._stretches:
            spines, links = self.lanes(asked, n_spines)[:2]
            lattice, mouth = self._lattice(asked, depth, step), self.mouths[asked.lane]
            self._stretches[question] = cut_stretches(*self._rows(asked, depth, step), lattice, spines, links, mouth)
        return self._stretches[question]

    def plan(self, asked: _Asked, enough: int, n_spines: int, best: Planned | None = None) -> Planned | None:
        """Return the plan with the fewest storeys that holds enough, else that which holds most, or the best so far."""
        others: list[tuple[int, int]] = []
        for n_storeys in range(1, asked.n_storeys + 1):
            stretches = self.stretches(asked, asked.depths[n_storeys > 1], n_spines)
            before_water = n_storeys * most_bays(stretches, asked.figures, n_storeys)
            if before_water < enough:
                others.append((-before_water, n_storeys))
                continue
            best = _better(best, self._plan(asked, n_storeys, enough, n_spines))
            if _held(best) >= enough:
                return best
        for before_water, n_storeys in sorted(others):
            if -before_water > _held(best):
                best = _better(best, self._plan(asked, n_storeys, enough, n_spines))
        return best

    def _plan(self, asked: _Asked, n_storeys: int, enough: int, n_spines: int) -> Planned:
        depth, (spines, _, _, is_all) = asked.depths[n_storeys > 1], self.lanes(asked, n_spines)
        low, water = self.low + asked.setback_m, asked.water_share * self.ground.area_m2
        stretches = self.stretches(asked, depth, n_spines)
        runs, ponds, strips = plan_rows(stretches, spines, low + depth, asked.figures, n_storeys, enough, water)
        plan, n_modules = Plan(runs, ponds, strips, *stretches[1:], spines), int(runs[:, N_MODULES].sum())
        mouth, step = self.ground.mouths[asked.lane], asked.rows_step_m
        return Planned(plan, self.direction, n_storeys, low, step, mouth, n_modules, is_all, None)


def _plans(
    ground: Ground, layouts: Sequence[_Asked], enough: Ints, n_turns: int, n_spines: int
) -> list[Planned | None]:
    """Return the plan of a piece under each layout; None where no lane leads in."""
    plans = _from_gates(ground, layouts, enough, n_turns, n_spines)
    # The lane from an entrance off the land may pass the nearest land by.
    wanting = [i for i, plan in enumerate(plans) if enough[i] > _held(plan) and layouts[i].lane in ground.beside]
    if wanting:
        beside = ground._replace(mouths=ground.beside, farther={})
        found = _from_gates(beside, [layouts[i] for i in wanting], enough[wanting], n_turns, n_spines)
        for i, plan in zip(wanting, found, strict=True):
            plans[i] = _better(plans[i], plan)
    # Then from where the lane comes that leads to the largest room; one that hardly bends only where rows are left.
    wanting = [
        i
        for i, plan in enumerate(plans)
        if enough[i] > _held(plan) and (ground.is_bent or plan is None or not plan.is_all_reached)
    ]
    for lane in dict.fromkeys(layouts[i].lane for i in wanting):
        if (rest := ground.beside_approach(lane)) is not None:
            asking = [i for i in wanting if layouts[i].lane == lane]
            found = _from_gates(rest, [layouts[i] for i in asking], enough[asking], n_turns, n_spines)
            for i, plan in zip(asking, found, strict=True):
                if _held(plan) > _held(plans[i]) and plan is not None:
                    plans[i] = plan._replace(approach=ground.approach)
    return plans


def _from_gates(
    ground: Ground, layouts: Sequence[_Asked], enough: Ints, n_turns: int, n_spines: int
) -> list[Planned | None]:
    """Return the plan of a ground under each layout, its lanes straight from its gates on."""
    plans: list[Planned | None] = [None] * len(layouts)
    # From a gate in a corner no lane may lead on: then from one with more room.
    for mouths in (ground.mouths, ground.farther):
        asking = [i for i, one in enumerate(layouts) if enough[i] > _held(plans[i]) == 0 and one.lane in mouths]
        if asking:
            frames = _Frames(ground._replace(mouths=mouths), n_turns)
            for i in asking:
                plans[i] = frames.plan(layouts[i], int(enough[i]), n_spines)
    return plans


class _Frames:
    """A piece in all the directions that its rows may have, turned when first asked."""

    def __init__(self, ground: Ground, n_turns: int) -> None:
        self.ground = ground
        self.directions = row_directions(ground.edges, n_turns)
        self._frames: dict[int, _Frame] = {}

    def __getitem__(self, i: int) -> _Frame:
        if i not in self._frames:
            self._frames[i] = _Frame(self.ground, float(self.directions[i]))
        return self._frames[i]

    def plan(self, asked: _Asked, enough: int, n_spines: int) -> Planned | None:
        """Return a plan that holds enough, else the one that holds most of those tried.

        First along the first direction, with one lane across. Then in the direction in which one lane reaches most
        rows; and then with more lanes in every direction, the best of these first: one lane may reach little where two
        reach most. Last, where that is not enough, along the best of these lanes with rows on the fine lattice.
        """
        plan, best = None, (0, 1)
        for tried in self._tried(asked, n_spines):
            found = self[tried[0]].plan(asked, enough, tried[1], plan)
            if _held(found) > _held(plan):
                plan, best = found, tried
            if _held(plan) >= enough:
                return plan
        is_finer = asked.figures["fine_step_m"] < asked.step_m
        return self[best[0]].plan(asked.finer(), enough, best[1], plan) if is_finer and _held(plan) > 0 else plan

    def _tried(self, asked: _Asked, n_spines: int) -> Iterator[tuple[int, int]]:
        """Yield the directions that are tried one after the other, each with the most lanes across."""
        yield 0, 1
        reached = [self[i].reached_dm(asked) for i in range(len(self.directions))]
        by_reach = sorted(range(len(reached)), key=lambda i: -reached[i])
        if by_reach[0] > 0:
            yield by_reach[0], 1
        for i in by_reach if n_spines > 1 else ():
            is_tried = i in (0, by_reach[0]) and len(self[i].lanes(asked, n_spines)[0]) <= 1
            if not is_tried:
                yield i, n_spines


def _held(plan: Planned | None) -> int:
    return 0 if plan is None else plan.n_modules


def _better(one: Planned | None, other: Planned | None) -> Planned | None:
    """Return the plan that holds more; the first of equals."""
    return other if _held(other) > _held(one) else one


def count_modules(
    pieces: Geometries,
    entrances: Floats,
    layouts: Sequence[Layout],
    enough: Ints,
    *,
    n_turns: int,
    n_spines: int,
    approaches: Geometries | None = None,
) -> Ints:
    """Return how many modules fit on each piece under each layout, counted up to what is enough.

    Law: what is counted is what `plan_piece` places; modules x footprint never exceeds storeys x area.

    Parameters
    ----------
    pieces
        Valid polygons in m (EPSG:28992), shape (n,), none empty: the land that may be built on, setback included.
    entrances
        Entrance of each piece in m, shape (n, 2), on the piece or beside it: without an approach lanes begin at the
        point of the piece nearest to it. NaN: at the middle of its longest edge.
    layouts
        The figures, m of them.
    enough
        Modules that are asked for at most, shape (n, m); what reaches it is "at least". 0: not asked, and 0.
    n_turns
        Equal turns of half a circle in which rows are tried, besides along and across the longest edge.
    n_spines
        Most lanes across the rows.
    approaches
        Lane from the entrance of each piece to its largest room, shape (n,), a `Lane` or None. It is as wide as the
        least lane of all layouts, however wide the others are: the way in is as narrow where the piece is. Where none
        so wide leads straight in, the way in follows it; and all of it is taken where it bends and more is placed
        beside it than along straight lanes. None: the way in is straight, and as wide as the lanes of the layout.

    Returns
    -------
        Modules, stacked ones all counted, shape (n, m); 0 where no lane leads in, or nothing fits beside it.

    Examples
    --------
    A field of 40 x 22 m, 3 m kept to the edge, a lane of 3 m in from the middle of the left side: a row along the
    field; from the lane on it has its yard of 4 m2 a home and 2 % of water.

    >>> flat = Layout(3.5, 0, 8, 1, 1, 1, 3, 9, 3, 3, 1, 0, 2.5, 5, 6, 100, 40, 5, 2.5, 1.5, 4, 0.02, 2, 1, 1, 1)
    >>> field, entrance = np.array([shapely.box(0, 0, 40, 22)]), np.array([[0.0, 11.0]])
    >>> count_modules(field, entrance, [flat], np.array([[99]]), n_turns=2, n_spines=1).tolist()
    [[7]]
    """
    modules = np.zeros((len(pieces), len(layouts)), np.int64)
    if modules.size == 0:
        return modules
    asked = _asked(layouts)
    grounds, _ = grounds_of(pieces, entrances, _lanes(asked), approaches)
    for i, ground in enumerate(grounds):
        plans = _plans(ground, asked, enough[i], n_turns, n_spines)
        modules[i] = [0 if one is None else one.n_modules for one in plans]
    return modules


def plan_piece(
    piece: shapely.Geometry,
    entrance: Floats,
    layout: Layout,
    enough: int,
    *,
    n_turns: int,
    n_spines: int,
    approach: Lane | None = None,
) -> tuple[Planned | None, Floats]:
    """Return the layout that `count_modules` counts on one piece, and the origin of its coordinates; None: no homes."""
    (pieces, approaches), asked = (np.array([one], dtype=object) for one in (piece, approach)), _asked([layout])
    grounds, origin = grounds_of(pieces, entrance[None, :], _lanes(asked), approaches)
    return _plans(grounds[0], asked, np.array([enough]), n_turns, n_spines)[0], origin[0]


def _asked(layouts: Sequence[Layout]) -> list[_Asked]:
    """Return what layouts ask, its figures floats: a whole number among them would have every kernel compiled again."""
    asked = []
    for layout, one in zip(layouts, np.array([tuple(one) for one in layouts], dtype=LAYOUT), strict=True):
        lane = float(lane_width(one)), float(layout.verge_m)
        depths, pitch = (float(row_depth(one, 1)), float(row_depth(one, 2))), float(row_pitch(one, 1))
        setback, step, fire_gap = float(layout.setback_m), float(layout.step_m), float(layout.fire_gap_m)
        asked.append(
            _Asked(
                figures=one,
                n_storeys=layout.n_storeys,
                lane=lane,
                setback_m=setback,
                depths=depths,
                step_m=step,
                rows_step_m=step,
                fire_gap_m=fire_gap,
                pitch_m=pitch,
                water_share=float(layout.water_share),
                network=(lane, setback, depths[0], pitch, fire_gap, step),
            )
        )
    return asked


def _lanes(asked: Sequence[_Asked]) -> list[tuple[float, float]]:
    """Return the widths of lanes that layouts ask, with their verge, each once."""
    return sorted({one.lane for one in asked})
