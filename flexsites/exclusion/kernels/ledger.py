"""The ledger: per parcel and rule what it covers, what it takes first, and what only it takes. Source: METHOD 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flexsites.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Account:
    """Three areas per parcel and rule, shape (n_parcels, n_rules), in m2."""

    covered_m2: FloatArray
    attributed_m2: FloatArray
    unique_m2: FloatArray


def lift(covers: BoolArray, includes: Sequence[tuple[int, Sequence[int]]]) -> BoolArray:
    """Take from rules the faces that an include rule forces in.

    Parameters
    ----------
    covers
        Shape (n_faces, n_rules): which rule covers which face.
    includes
        Per include rule its position and the positions of the rules it overrides.

    Returns
    -------
    BoolArray
        Shape (n_faces, n_rules). A face inside an include rule is no longer covered by the rules that it names.

    Examples
    --------
    >>> lift(np.array([[True, True, False], [True, True, True]]), [(2, [0])]).tolist()
    [[True, True, False], [False, True, True]]
    """
    lifted = covers.copy()
    for include, overridden in includes:
        lifted[np.ix_(covers[:, include], np.asarray(overridden, dtype=np.intp))] = False
    return lifted


def settle(parcel: IntArray, area_m2: FloatArray, covers: BoolArray, takes: BoolArray, n_parcels: int) -> Account:
    """Book the area of every face with the rules that cover it.

    ``attributed`` goes to the first rule in order that takes area, ``unique`` to a rule that alone takes it; rules
    that take none (restrict, flag, include) have a covered area only. Per parcel the attributed areas sum to what all
    rules together take, whatever the order; ``unique <= attributed <= covered``.

    Parameters
    ----------
    parcel
        Shape (n,), the parcel of each face.
    area_m2
        Shape (n,).
    covers
        Shape (n, n_rules), columns in rule order.
    takes
        Shape (n_rules,): whether the rule takes area.
    n_parcels
        Number of parcels.

    Examples
    --------
    >>> covers = np.array([[True, True], [False, True], [False, False]])
    >>> account = settle(np.zeros(3, int), np.array([5.0, 3.0, 2.0]), covers, np.array([True, True]), 1)
    >>> account.covered_m2.tolist(), account.attributed_m2.tolist(), account.unique_m2.tolist()
    ([[5.0, 8.0]], [[5.0, 3.0]], [[0.0, 3.0]])
    """
    n_rules = covers.shape[1]
    taking = covers & takes
    is_first = taking & (np.cumsum(taking, axis=1) == 1)
    is_only = taking & (taking.sum(axis=1) == 1)[:, None]
    return Account(*(_sum(parcel, area_m2, mask, n_parcels, n_rules) for mask in (covers, is_first, is_only)))


def _sum(parcel: IntArray, area_m2: FloatArray, mask: BoolArray, n_parcels: int, n_rules: int) -> FloatArray:
    face, rule = np.nonzero(mask)
    # bincount adds in face order, so that the sum of a parcel never depends on other parcels
    sums = np.bincount(parcel[face] * n_rules + rule, weights=area_m2[face], minlength=n_parcels * n_rules)
    return sums.astype(np.float64).reshape(n_parcels, n_rules)
