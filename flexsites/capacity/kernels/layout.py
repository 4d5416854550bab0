"""Modules laid out in rows on the real shape of pieces of land: how many fit, and where they stand.

A lane begins at the entrance, and every home lies on a lane that leads there: homes that no lane reaches are not
placed. Rows are straight and parallel; see `layout_plan` and what it calls. One lane may bend: it leads from the
entrance through narrows to the largest room of the piece, and is given with it.

A piece is moved to local coordinates first: whole metres are taken off, which is exact, so a piece moved by whole
metres holds the same. Its rings are put in one order, so neither the order of vertices nor of pieces matters, and no
piece looks at another. Nor does it matter how an overlay left its corners: those that do not bend are dropped, what
differs by a micrometre (`SAME_M` of `flexsites.geometry.corners`) is the same, and ties go to what comes first by
place, never to rounding. So a home lies within the land, as far from its edge as is asked, to some micrometres. What
stays is what any grid has: a piece that is turned, or moved by part of a step, meets its strips elsewhere. Screening,
not design: the layout is one that stands up, not the best, so a little more land or looser figures may hold a little
less; callers that need an order take the best of the tighter figures too, for what stands under them stands under
looser ones.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.kernels.layout_frames import Asked, Entered, Planned, WaysIn, asked_of
from flexsites.capacity.kernels.layout_ground import Grounds, LaneWidth, Mouths
from flexsites.capacity.kernels.layout_search import IS_ALL_REACHED, N_MODULES, N_STOREYS
from flexsites.capacity.kernels.layout_turns import turns_of
from flexsites.geometry.ways import Lane

__all__ = ["Counted", "Layout", "Planned", "count_modules", "plan_piece"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[np.object_]

Counted: TypeAlias = dict[tuple[object, ...], dict[tuple[bytes, ...], Ints]]
"""Modules that were counted, shape (m,): by the m layouts and how they are tried, then by all that a piece asks."""


_AT_ONCE = 256
"""Pieces that are laid out at once: what is known of their strips is kept meanwhile."""


class _Plans(NamedTuple):
    """What is found on a piece under each layout, and from which ways in."""

    found: Ints
    """Shape (m, N_FOUND)."""
    entered: list[Entered]

    def wanted(self, enough: Ints) -> Ints:
        """Return what is enough, shape (m,); 0 where it is found."""
        return np.where(self.found[:, N_MODULES] < enough, enough, 0)

    def take(self, other: "_Plans") -> None:
        """Take what holds more, in place."""
        for i in np.flatnonzero(other.found[:, N_MODULES] > self.found[:, N_MODULES]):
            self.found[i], self.entered[i] = other.found[i], other.entered[i]


class _Search(NamedTuple):
    """How plans are sought."""

    asked: Asked
    n_turns: int
    n_spines: int

    def plans(self, grounds: Grounds, enough: Ints) -> list[_Plans]:
        """Return the plans of pieces; what is enough has shape (n, m)."""
        plans = self._from_gates(grounds, enough, [None] * len(enough))
        # Then from where the lane comes that leads to the largest room; one that hardly bends only where rows are left.
        wanted = np.array([plan.wanted(most) for plan, most in zip(plans, enough, strict=True)])
        for i in np.flatnonzero(~grounds.is_bent):
            wanted[i, plans[i].found[:, IS_ALL_REACHED] > 0] = 0
        of, rest = grounds.beside_approach(np.flatnonzero(wanted.any(axis=1)))
        others = self._from_gates(rest, wanted[of], [grounds.ways[i] for i in of])
        for i, other in zip(of, others, strict=True):
            plans[i].take(other)
        return plans

    def _from_gates(self, grounds: Grounds, enough: Ints, approaches: Sequence[Lane | None]) -> list[_Plans]:
        """Return the plans of pieces with lanes straight from their gates on."""
        near, beside = self._ways_in(grounds.near, enough)
        entered = [
            Entered(turns_of(edges, self.n_turns), area_m2, ways, approach)
            for edges, area_m2, ways, approach in zip(
                grounds.edges, grounds.area_m2.tolist(), near, approaches, strict=True
            )
        ]
        plans = [self._best(one, most) for one, most in zip(entered, enough, strict=True)]
        # From a gate in a corner no lane may lead on: then from one with more room.
        held = np.array([plan.found[:, N_MODULES] for plan in plans], np.int64).reshape(enough.shape)
        wanted = np.where(held > 0, 0, enough)
        farther, _ = self._ways_in(grounds.farther, wanted)
        for plan, one, ways, most in zip(plans, entered, farther, wanted, strict=True):
            plan.take(self._best(one._replace(mouths=ways), most))
        # The lane from an entrance off the land may pass the nearest land by.
        for plan, one, ways, most in zip(plans, entered, beside, enough, strict=True):
            if ways:
                plan.take(self._best(one._replace(mouths=ways), plan.wanted(most)))
        return plans

    def _best(self, entered: Entered, enough: Ints) -> _Plans:
        """Return the plans of a piece from its ways in."""
        return _Plans(entered.best(self.asked, enough, self.n_spines), [entered] * len(enough))

    def _ways_in(
        self, of: Callable[[LaneWidth, Ints], tuple[Mouths, Mouths]], enough: Ints
    ) -> tuple[list[WaysIn], list[WaysIn]]:
        """Return the ways in to pieces by their lane, and the straight ones besides, of the lanes that are asked."""
        found: tuple[list[WaysIn], list[WaysIn]] = [{} for _ in enough], [{} for _ in enough]
        for lane in self.asked.lanes:
            own = np.concatenate([own for one, own in self.asked.networks if one == lane])
            rows = np.flatnonzero(enough[:, own].any(axis=1))
            for ways, mouths in zip(found, of(lane, rows), strict=True):
                for i, mouth in zip(rows, mouths, strict=True):
                    if mouth is not None:
                        ways[i][lane] = mouth
        return found


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
    search = _Search(asked_of(layouts), n_turns, n_spines)
    for begin in range(0, len(new), _AT_ONCE):
        some = list(new.items())[begin : begin + _AT_ONCE]
        rows = [i for _, i in some]
        plans = search.plans(Grounds(pieces[rows], entrances[rows], ways_in[rows]), enough[rows])
        for (question, _), plan in zip(some, plans, strict=True):
            known[question] = plan.found[:, N_MODULES].copy()
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
    pieces, approaches = (np.array([one], dtype=object) for one in (piece, approach))
    search, grounds = _Search(asked_of([layout]), n_turns, n_spines), Grounds(pieces, entrance[None, :], approaches)
    ((found,), (entered,)), origin = search.plans(grounds, np.array([[enough]]))[0], grounds.origin[0]
    return entered.planned(search.asked, found, enough, n_spines) if found[N_STOREYS] else None, origin
