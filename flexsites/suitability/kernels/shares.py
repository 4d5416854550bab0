"""Kernels that share the homes of chosen places over the rows of a demand: a flow, filled as evenly as it can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import LinearConstraint
from scipy.sparse.csgraph import maximum_flow

from flexsites.suitability.kernels.solver import solve_in_order

__all__ = ["even_totals", "share_out"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Parts of places that need not be told apart, and whom they may serve.

    Attributes
    ----------
    cell_of
        Per part its cell, shape (m,): parts that serve alike, or one part where a limit holds its place.
    homes
        Per cell, shape (c,).
    cell, row, place
        Per way of serving: a cell, a row, and the place whose limit holds it (-1: none does), shape (e,).
    part
        Per way of serving a part of its cell.
    """

    cell_of: Ints
    homes: Ints
    cell: Ints
    row: Ints
    place: Ints
    part: Ints


def even_totals(
    place: Ints, homes: Ints, serves: Bools, demand: Ints, most: Ints, *, first: Ints | None = None
) -> Ints:
    """Return the homes that each row is given: as many as possible, and the shares met as even as possible.

    Parameters
    ----------
    place, homes, serves
        Of each part its place, its homes, shape (m,), and whether it may serve each row, shape (m, r).
    demand
        Homes asked, shape (r,).
    most
        Homes of each place that each row may be given at most, shape (n, r).
    first
        Shape (r,): what each row is given before the shares count; none by default.

    Notes
    -----
    Home by home, the next goes to the row whose share met is lowest (ties: who asks least, then the first) and that
    can still be given one, if need be by moving homes of other rows to parts that serve them too. No row's share could
    be raised without lowering one that is no higher, and the total is the most there is.

    Examples
    --------
    >>> one = np.array([0]), np.array([30]), np.array([[True, True]])
    >>> even_totals(*one, np.array([40, 20]), np.full((1, 2), 99))
    array([20, 10])

    No more than 12 of a place for the first.

    >>> even_totals(*one, np.array([40, 20]), np.array([[12, 99]]))
    array([12, 18])
    """
    cells = _cells_of(place, homes, serves, most)
    total = np.zeros_like(demand)
    if not len(cells.cell) or not demand.any():
        return total
    due = np.zeros_like(demand) if first is None else first
    rows, counts = _turns(demand, due)
    is_open = demand > 0
    while is_open.any():
        own = np.flatnonzero(is_open[rows])
        # The turns that can all be given, of those that are still open: more turns only ask more.
        low, high = 0, len(own)
        while low < high:
            middle = (low + high + 1) // 2
            asked = _asked(total, rows[own[:middle]], counts[own[:middle]])
            low, high = (middle, high) if _holds(cells, most, asked) else (low, middle - 1)
        total = _asked(total, rows[own[:low]], counts[own[:low]])
        if low == len(own):
            break
        is_open[rows[own[low]]] = False
    return total


def share_out(place: Ints, homes: Ints, serves: Bools, is_away: Bools, totals: Ints, most: Ints) -> Ints:
    """Give each row its homes, as few as possible away from where it asks, place after place in their order.

    Parameters
    ----------
    place, homes, serves, most
        As of :func:`even_totals`.
    is_away
        Shape (m, r): whether a part serves a row away from where it asks.
    totals
        What each row is given, shape (r,): it must be possible.

    Returns
    -------
    Homes per part and row, shape (m, r).

    Examples
    --------
    >>> two = np.array([0, 1]), np.array([30, 30]), np.ones((2, 2), dtype=bool)
    >>> share_out(*two, np.array([[False, True], [True, False]]), np.array([20, 25]), np.full((2, 2), 99))
    array([[20,  0],
           [ 0, 25]])
    """
    given = np.zeros(serves.shape, dtype=np.int64)
    cells = _cells_of(place, homes, np.concatenate([serves, is_away & serves], axis=1), most, n_rows=len(totals))
    if not len(cells.cell) or not totals.any():
        return given
    flow = _cheapest(cells, most, totals, is_away[cells.part, cells.row])
    rest = np.zeros((len(cells.homes), len(totals)), dtype=np.int64)
    rest[cells.cell, cells.row] = flow
    for part, cell in enumerate(cells.cell_of):
        left = int(homes[part])
        for row in np.flatnonzero(rest[cell]):
            given[part, row] = min(left, int(rest[cell, row]))
            left -= given[part, row]
        rest[cell] -= given[part]
    return given


def _cells_of(place: Ints, homes: Ints, told: Bools, most: Ints, *, n_rows: int | None = None) -> _Cells:
    """Return the cells of parts: what is told of two parts decides whether they are alike."""
    n_rows = told.shape[1] if n_rows is None else n_rows
    serves = told[:, :n_rows]
    is_limited = (most[place] < np.iinfo(np.int32).max) & serves
    alone = np.where(is_limited.any(axis=1), np.arange(len(place)), -1)
    _, first, cell_of = np.unique(np.column_stack([told, alone]), axis=0, return_index=True, return_inverse=True)
    cell_of = cell_of.reshape(-1)
    held = np.bincount(cell_of, weights=homes, minlength=len(first)).astype(np.int64)
    cell, row = np.nonzero(serves[first])
    part = first[cell]
    at = np.where(is_limited[part, row], place[part], -1)
    return _Cells(cell_of, held, cell, row, at, part)


def _turns(demand: Ints, due: Ints) -> tuple[Ints, Ints]:
    """Return the order in which homes are given: the row of each turn, and how many homes it has with it.

    Homes that are due come first; then the lowest share met, then who asks least, then the first row.
    """
    row = np.repeat(np.arange(len(demand)), demand)
    nth = np.concatenate([np.arange(n) for n in demand]) if len(demand) else row
    share = nth / np.maximum(demand[row], 1)
    order = np.lexsort((row, demand[row], share, nth >= due[row]))
    return row[order], nth[order] + 1


def _asked(total: Ints, rows: Ints, counts: Ints) -> Ints:
    """Return what all rows have after turns."""
    asked = total.copy()
    np.maximum.at(asked, rows, counts)
    return asked


def _holds(cells: _Cells, most: Ints, asked: Ints) -> bool:
    """Whether the cells can give each row what is asked."""
    n_cells, n_rows = len(cells.homes), len(asked)
    pair = np.where(cells.place < 0, -1, cells.place * n_rows + cells.row)
    limits, number = np.unique(pair[pair >= 0], return_inverse=True)
    source, rows, limit, sink = 0, 1 + n_cells, 1 + n_cells + n_rows, 1 + n_cells + n_rows + len(limits)
    to = rows + cells.row
    to[pair >= 0] = limit + number.reshape(-1)
    every = int(asked.sum())
    edges = [
        (np.full(n_cells, source), 1 + np.arange(n_cells), np.minimum(cells.homes, every)),
        (1 + cells.cell, to, np.minimum(cells.homes[cells.cell], every)),
        (limit + np.arange(len(limits)), rows + limits % n_rows, np.minimum(most.reshape(-1)[limits], every)),
        (rows + np.arange(n_rows), np.full(n_rows, sink), asked),
    ]
    tail, head, capacity = (np.concatenate(each) for each in zip(*edges, strict=True))
    graph = sparse.csr_array((capacity.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value) == every


def _cheapest(cells: _Cells, most: Ints, totals: Ints, is_away: Bools) -> Ints:
    """Return the homes per way of serving that give each row its total, as few as possible away."""
    n_ways, n_rows = len(cells.cell), len(totals)
    every = np.arange(n_ways)
    ones = np.ones(n_ways)
    held = sparse.csr_array((ones, (cells.cell, every)), shape=(len(cells.homes), n_ways))
    is_limited = cells.place >= 0
    limits, number = np.unique(cells.place[is_limited] * n_rows + cells.row[is_limited], return_inverse=True)
    limited = sparse.csr_array((ones[is_limited], (number.reshape(-1), every[is_limited])), shape=(len(limits), n_ways))
    given = sparse.csr_array((ones, (cells.row, every)), shape=(n_rows, n_ways))
    constraints = [
        LinearConstraint(held, -np.inf, cells.homes),
        LinearConstraint(limited, -np.inf, most.reshape(-1)[limits]),
        LinearConstraint(given, totals, totals),
    ]
    found = solve_in_order(
        [is_away.astype(np.float64)],
        [one for one in constraints if len(np.atleast_1d(one.ub))],
        is_whole=np.ones(n_ways, dtype=bool),
        upper=np.minimum(cells.homes[cells.cell], totals[cells.row]).astype(np.float64),
    )
    if found.values is None:
        message = "homes that a flow can give were not given"
        raise AssertionError(message)
    return found.values.astype(np.int64)
