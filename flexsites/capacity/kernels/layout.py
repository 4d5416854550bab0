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

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.kernels.layout_frames import Asked, Found, Frames, Planned, Turns, asked_of, held
from flexsites.capacity.kernels.layout_ground import Ground, grounds_of
from flexsites.geometry.ways import Lane

__all__ = ["Counted", "Layout", "Planned", "count_modules", "plan_piece"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

Counted: TypeAlias = dict[tuple[object, ...], dict[tuple[bytes, ...], Ints]]
"""Modules that were counted, shape (m,): by the m layouts and how they are tried, then by all that a piece asks."""


def _plans(ground: Ground, layouts: Sequence[Asked], enough: Ints, n_turns: int, n_spines: int) -> list[Found | None]:
    """Return the plan of a piece under each layout; None where no lane leads in."""
    turns = Turns(ground.edges, n_turns)
    plans = _from_gates(ground, turns, layouts, enough, n_spines)
    # The lane from an entrance off the land may pass the nearest land by.
    wanting = [i for i, plan in enumerate(plans) if enough[i] > held(plan) and layouts[i].lane in ground.beside]
    if wanting:
        beside = ground._replace(mouths=ground.beside, farther=lambda _: None)
        found = _from_gates(beside, turns, [layouts[i] for i in wanting], enough[wanting], n_spines)
        for i, plan in zip(wanting, found, strict=True):
            plans[i] = plan if held(plan) > held(plans[i]) else plans[i]
    # Then from where the lane comes that leads to the largest room; one that hardly bends only where rows are left.
    wanting = [
        i
        for i, plan in enumerate(plans)
        if enough[i] > held(plan) and (ground.is_bent or plan is None or not plan.is_all_reached)
    ]
    asking = [layouts[i] for i in wanting]
    if asking and (rest := ground.beside_approach(_lanes(asking))) is not None:
        found = _from_gates(rest, Turns(rest.edges, n_turns), asking, enough[wanting], n_spines)
        for i, plan in zip(wanting, found, strict=True):
            if held(plan) > held(plans[i]) and plan is not None:
                plans[i] = plan._replace(approach=ground.approach)
    return plans


def _from_gates(
    ground: Ground, turns: Turns, layouts: Sequence[Asked], enough: Ints, n_spines: int
) -> list[Found | None]:
    """Return the plan of a ground under each layout, its lanes straight from its gates on."""
    plans: list[Found | None] = [None] * len(layouts)
    # From a gate in a corner no lane may lead on: then from one with more room.
    for mouth_of in (ground.mouths.get, ground.farther):
        asking = [i for i in range(len(layouts)) if enough[i] > held(plans[i]) == 0]
        lanes = dict.fromkeys(layouts[i].lane for i in asking)
        mouths = {lane: mouth for lane in lanes if (mouth := mouth_of(lane)) is not None}
        frames = Frames(ground._replace(mouths=mouths), turns)
        for i in asking:
            if layouts[i].lane in mouths:
                plans[i] = frames.best(layouts[i], int(enough[i]), n_spines)
    return plans


def count_modules(
    pieces: Geometries,
    entrances: Floats,
    layouts: Sequence[Layout],
    enough: Ints,
    *,
    n_turns: int,
    n_spines: int,
    approaches: Geometries | None = None,
    counted: Counted | None = None,
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
    counted
        What was counted before, for who asks the same pieces again: those are not counted anew, and what is counted is
        added. It changes no number, for no piece looks at another.

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
    if len(pieces) == 0 or len(layouts) == 0:
        return np.zeros((len(pieces), len(layouts)), np.int64)
    ways_in = np.full(len(pieces), None, dtype=object) if approaches is None else approaches
    known = ({} if counted is None else counted).setdefault((*layouts, n_turns, n_spines), {})
    questions = _questions(pieces, entrances, ways_in, enough)
    new = {question: i for i, question in enumerate(questions) if question not in known}
    asked, rows = asked_of(layouts), list(new.values())
    grounds, _ = grounds_of(pieces[rows], entrances[rows], _lanes(asked), ways_in[rows])
    for (question, i), ground in zip(new.items(), grounds, strict=True):
        plans = _plans(ground, asked, enough[i], n_turns, n_spines)
        known[question] = np.array([held(one) for one in plans], np.int64)
    return np.stack([known[question] for question in questions])


def _questions(pieces: Geometries, entrances: Floats, approaches: Geometries, enough: Ints) -> list[tuple[bytes, ...]]:
    """Return all that is asked of each piece, to know it by when it is asked again."""
    lanes = [b"" if one is None else one.middle.wkb + np.float64(one.width_m).tobytes() for one in approaches]
    shapes, points, most = shapely.to_wkb(pieces), map(bytes, entrances), map(bytes, enough)
    return list(zip(shapes, points, lanes, most, strict=True))


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
    (pieces, approaches), asked = (np.array([one], dtype=object) for one in (piece, approach)), asked_of([layout])
    grounds, origin = grounds_of(pieces, entrance[None, :], _lanes(asked), approaches)
    found = _plans(grounds[0], asked, np.array([enough]), n_turns, n_spines)[0]
    return None if found is None else found.planned(enough), origin[0]


def _lanes(asked: Sequence[Asked]) -> list[tuple[float, float]]:
    """Return the widths of lanes that layouts ask, with their verge, each once."""
    return sorted({one.lane for one in asked})
