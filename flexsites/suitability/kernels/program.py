"""The mixed-integer program of a choice of places: its variables, what must hold, and what each variable costs.

Variables, in order: whether a place is chosen; homes per kind of part and row of the demand that nothing limits; homes
per part and row that a limit or a distance holds; and behind these whether a group of places is touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import LinearConstraint

from flexsites.suitability.kernels.places import AWAY, NO_LIMIT, Objective, Places

__all__ = ["Program"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Program:
    """The program of one set of places.

    Parameters
    ----------
    places
        The places that may be chosen, and the demand.
    at_least
        What each row of the demand must be given, shape (r,).
    """

    def __init__(self, places: Places, at_least: Ints) -> None:
        self.places, self.at_least = places, at_least
        limited = (places.most < NO_LIMIT).any(axis=0)
        # Parts that serve the same rows, from the same side of the border, are one kind.
        told = np.column_stack([places.serves, places.is_away])
        _, first, kind = np.unique(told, axis=0, return_index=True, return_inverse=True)
        self._kind = kind.reshape(-1)
        self._flow_kind, self._flow_row = np.nonzero(places.serves[first] & ~limited)
        self._part, column = np.nonzero(places.serves[:, limited])
        self._part_row = np.flatnonzero(limited)[column]
        is_away = places.is_away[first][self._flow_kind, self._flow_row], places.is_away[self._part, self._part_row]
        self._is_away = np.concatenate(is_away).astype(np.float64)
        self._n_kinds, self._n_flows = len(first), len(self._flow_kind)
        self._n_homes = self._n_flows + len(self._part)
        self._groups: list[Ints] = []
        self._n_variables = places.n + self._n_homes

    @property
    def homes_given(self) -> Floats:
        """What every variable adds to the homes given."""
        return self._joined(np.zeros(self.places.n), np.ones(self._n_homes))

    def cost_of(self, objective: Objective, kept: Bools) -> Floats:
        """Return what every variable so far costs; ``kept`` are the places among those that the objective knows."""
        if objective is AWAY:
            return self._joined(np.zeros(self.places.n), self._is_away)
        if objective.group is None:
            return self._joined(objective.cost[kept], np.zeros(self._n_homes))
        code = np.unique(objective.group[kept], return_inverse=True)[1].reshape(-1)
        start = self._n_variables
        self._groups.append(start + code)
        self._n_variables += int(code.max(initial=-1)) + 1
        return self._joined(np.zeros(start), np.ones(self._n_variables - start))

    def widened(self, cost: Floats) -> Floats:
        """Return a cost with nothing for the variables that came behind it."""
        return self._joined(cost, np.zeros(self._n_variables - len(cost)))

    def is_whole(self) -> Bools:
        """Return which variables are whole numbers: flows are of themselves, but not where rows are bound together."""
        whole = np.zeros(self._n_variables, dtype=bool)
        whole[: self.places.n] = True
        whole[self._first_part : self.places.n + self._n_homes] = np.isin(self._part_row, self._bound_rows)
        return whole

    def upper(self) -> Floats:
        """Return the most of every variable."""
        most = np.full(self._n_variables, np.inf)
        most[: self.places.n] = most[self.places.n + self._n_homes :] = 1.0
        limit = self.places.most[self.places.place[self._part], self._part_row]
        most[self._first_part : self.places.n + self._n_homes] = np.minimum(limit, self.places.homes[self._part])
        return most

    def constraints(self) -> list[LinearConstraint]:
        """Return what must hold."""
        built = [*self._land(), self._kinds(), self._rows(), *self._bounds()]
        if len(self._part):
            built += [self._parts(), self._limits()]
        return [*built, *(self._touched(group) for group in self._groups)]

    def most_of(self, values: Floats) -> Ints:
        """Return what each place may give each row so that all limits hold: where rows are bound, what it gives."""
        most = self.places.most.copy()
        given = np.round(values[self._first_part : self.places.n + self._n_homes]).astype(np.int64)
        for row in self._bound_rows:
            own = self._part_row == row
            most[:, row] = 0
            np.add.at(most[:, row], self.places.place[self._part[own]], given[own])
        return most

    @staticmethod
    def _joined(*parts: Floats) -> Floats:
        return np.concatenate(parts)

    @property
    def _bound_rows(self) -> Ints:
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(one.rows for one in self.places.bounds)]))

    @property
    def _first_part(self) -> int:
        return self.places.n + self._n_flows

    def _matrix(self, entries: list[tuple[Ints, Ints, Floats]], n_rows: int) -> sparse.csr_array:
        """Return a matrix of (row, variable, value)."""
        row, column, value = (np.concatenate(each) for each in zip(*entries, strict=True))
        return sparse.csr_array((value, (row, column)), shape=(n_rows, self._n_variables))

    def _land(self) -> list[LinearConstraint]:
        """Let a piece of land be taken once."""
        place, piece = self.places.land.T
        code, counted = np.unique(piece, return_inverse=True, return_counts=True)[1:]
        shared = counted[code] > 1
        if not shared.any():
            return []
        row = np.unique(code[shared], return_inverse=True)[1].reshape(-1)
        matrix = self._matrix([(row, place[shared], np.ones(len(row)))], int(row.max()) + 1)
        return [LinearConstraint(matrix, -np.inf, 1.0)]

    def _kinds(self) -> LinearConstraint:
        """Let a kind give no more homes than its parts on chosen places hold."""
        given = self.places
        useful = np.minimum(given.homes, given.serves @ given.demand).astype(np.float64)
        entries = [
            (self._kind, given.place, -useful),
            (self._flow_kind, given.n + np.arange(self._n_flows), np.ones(self._n_flows)),
            (self._kind[self._part], self._part_variables(), np.ones(len(self._part))),
        ]
        return LinearConstraint(self._matrix(entries, self._n_kinds), -np.inf, 0.0)

    def _parts(self) -> LinearConstraint:
        """Let a part give limited rows no more than it holds, and nothing where its place is not chosen."""
        part, row = np.unique(self._part, return_inverse=True)
        entries = [
            (np.arange(len(part)), self.places.place[part], -self.places.homes[part].astype(np.float64)),
            (row.reshape(-1), self._part_variables(), np.ones(len(self._part))),
        ]
        return LinearConstraint(self._matrix(entries, len(part)), -np.inf, 0.0)

    def _rows(self) -> LinearConstraint:
        """Give a row of the demand what it must be, and no more than it asks."""
        flows = self.places.n + np.arange(self._n_flows)
        entries = [
            (self._flow_row, flows, np.ones(self._n_flows)),
            (self._part_row, self._part_variables(), np.ones(len(self._part))),
        ]
        matrix = self._matrix(entries, len(self.places.demand))
        return LinearConstraint(matrix, self.at_least, self.places.demand)

    def _limits(self) -> LinearConstraint:
        """Let a place give a limited row no more than its limit."""
        pair = self.places.place[self._part] * len(self.places.demand) + self._part_row
        code, row = np.unique(pair, return_inverse=True)
        place, asks = code // len(self.places.demand), code % len(self.places.demand)
        most = np.minimum(self.places.most[place, asks], self.places.homes.sum()).astype(np.float64)
        entries = [
            (np.arange(len(code)), place, -most),
            (row.reshape(-1), self._part_variables(), np.ones(len(self._part))),
        ]
        return LinearConstraint(self._matrix(entries, len(code)), -np.inf, 0.0)

    def _bounds(self) -> list[LinearConstraint]:
        """Give rows no more together on all places near one than its bound."""
        built, n = [], self.places.n
        for bound in self.places.bounds:
            own = np.flatnonzero(np.isin(self._part_row, bound.rows))
            at_place = sparse.csr_array(
                (np.ones(len(own)), (self.places.place[self._part[own]], self._first_part + own)),
                shape=(n, self._n_variables),
            )
            near = sparse.csr_array((np.ones(len(bound.near)), bound.near.T), shape=(n, n))
            most = np.minimum(bound.most, self.places.demand[bound.rows].sum())
            seen: Any = near @ at_place
            built.append(LinearConstraint(seen, -np.inf, most))
        return built

    def _touched(self, group: Ints) -> LinearConstraint:
        """Let a place that is chosen touch its group."""
        every, ones = np.arange(self.places.n), np.ones(self.places.n)
        matrix = self._matrix([(every, every, ones), (every, group, -ones)], self.places.n)
        return LinearConstraint(matrix, -np.inf, 0.0)

    def _part_variables(self) -> Ints:
        return self._first_part + np.arange(len(self._part))
