"""Cells that fit: one that asks for more memory than its worker may hold is cut in two, and its halves are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flexsites.errors import Fault, RunError, counted
from flexsites.runs.lattice import Cell, Points, halve
from flexsites.runs.memory import TooLarge, least_for, shown
from flexsites.runs.run import Place
from flexsites.tables.whole_files import read_state, write_state

Row = dict[str, Any]
Attempt = Callable[[Sequence[Cell]], Sequence[Row | TooLarge]]
"""What assesses some cells, each as far as it fits."""

_MOST_CUTS = 5
"""What a 32nd of a planned cell asks for beside its sites (code, compiled kernels, networks) no cut makes less."""


def assess_fitting(
    attempt: Attempt,
    cells: Sequence[Cell],
    points: Points,
    *,
    place: Place,
    kind: str,
    memory: int,
    say: Callable[[str], None],
) -> list[Row]:
    """Assess cells, and in the place of one that does not fit its halves; return the rows of all that were assessed.

    That a cell was cut is remembered beside its parts, so that a run that is resumed begins with its halves.

    Parameters
    ----------
    attempt
        See :data:`Attempt`.
    cells, points
        The cells as they were planned, and the representative points of all sites, shape (n, 2).
    place, kind
        Where the parts of cells stand, and what these cells are of.
    memory
        What a worker may hold, in bytes.
    say
        Told in words of every cell that is cut.

    Raises
    ------
    RunError
        If a cell does not fit that is not cut: its sites lie within one metre, or it is a small part of one that was
        planned, and what it asks for is not that of its sites.
    """
    rows: list[Row] = []
    cut_from: dict[Cell, Cell] = {}
    is_tried = False
    waiting = list(cells)
    while waiting := _after_cuts(waiting, points, place, kind, cut_from):
        tried, waiting = waiting, []
        for cell, found in zip(tried, attempt(tried), strict=True):
            if not isinstance(found, TooLarge):
                rows.append(_told(found, cell, cut_from))
                continue
            n_sites = int(cell.owns(points).sum())
            n_left = _MOST_CUTS - _cuts(cell, cut_from)
            if len(halve(cell, points)) == 1 or not n_left:
                raise _cut_no_more(found, n_sites, memory, f"{kind}: {cell.id}")
            if not is_tried:  # before all are cut: where the smallest part does not fit, the run cannot be done
                is_tried = True
                part = _smallest(cell, points, n_left)
                (of_part,) = attempt([part])
                if isinstance(of_part, TooLarge) and of_part.held:  # a worker that died may have died of something else
                    raise _cut_no_more(of_part, int(part.owns(points).sum()), memory, f"{kind}: {part.id}")
            say(
                f"{kind}: cell {cell.id} ({counted(n_sites, 'site)', 'sites)')} does not fit in {shown(memory)}: "
                "it is cut in two."
            )
            write_state(_memory_of(place, cell, kind), {"key": place.key})
            waiting.append(cell)
    return rows


def _smallest(cell: Cell, points: Points, n_cuts: int) -> Cell:
    """Return the part of a cell that it comes to after so many cuts."""
    for _ in range(n_cuts):
        cell = halve(cell, points)[0]
    return cell


def _cut_no_more(found: TooLarge, n_sites: int, memory: int, where: str) -> RunError:
    """Return that a cell does not fit which is cut no more, and what to give workers where that is known."""
    what = (
        f"a cell of {counted(n_sites, 'site does not', 'sites does not')} fit in {shown(memory)}, "
        f"and is cut no more ({found.told})"
    )
    if not found.held:
        return RunError(Fault(what, where, "give workers more (--memory)"))
    least = least_for(max(found.held, memory // 2))
    remedy = f"give workers {least} or more (--memory): without a cell one holds {shown(found.held)}"
    return RunError(Fault(what, where, remedy))


def _after_cuts(
    cells: Sequence[Cell], points: Points, place: Place, kind: str, cut_from: dict[Cell, Cell]
) -> list[Cell]:
    """Return cells, with the halves of those that were cut in their place; note what each is cut from."""
    found: list[Cell] = []
    for cell in cells:
        known = read_state(_memory_of(place, cell, kind))
        if known is None or known.get("key") != place.key:
            found.append(cell)
            continue
        halves = halve(cell, points)
        cut_from |= dict.fromkeys(halves, cell)
        found += _after_cuts(halves, points, place, kind, cut_from)
    return found


def _cuts(cell: Cell, cut_from: Mapping[Cell, Cell]) -> int:
    """Return how often a planned cell was cut to come to this one."""
    return 1 + _cuts(cut_from[cell], cut_from) if cell in cut_from else 0


def _memory_of(place: Place, cell: Cell, kind: str) -> Path:
    return place.parts / cell.id / f"{kind}.cut.json"


def _told(row: Row, cell: Cell, cut_from: Mapping[Cell, Cell]) -> Row:
    return row | {"split_from": cut_from[cell].id} if cell in cut_from else row
