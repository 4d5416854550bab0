"""Where rules' sources speak, dense: each distinct combination over the rules once, and which one each parcel has."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flexsites.arrays import FloatArray, IntArray

COVERAGES = ("covered", "partly", "not")
"""What a source says about a parcel; a code is a place in these."""

COVERED, PARTLY, NOT = range(3)

Codes: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Where the sources of rules speak, per parcel.

    Most parcels share one of few combinations (a country has regions where a source speaks and where it does not), so a
    combination is held once.

    Attributes
    ----------
    rule_ids
        The rules, in order.
    combination
        Shape (n_parcels,), the combination of each parcel.
    codes
        Shape (n_combinations, n_rules), places in ``COVERAGES``.
    share
        Shape (n_combinations, n_rules), the share of the parcel that each source covers.
    """

    rule_ids: tuple[str, ...]
    combination: IntArray
    codes: Codes
    share: FloatArray

    @classmethod
    def of(cls, rule_ids: Sequence[str], codes: Codes, share: FloatArray) -> Spoken:
        """Return what is said of parcels, shape (n_parcels, n_rules) each, with every combination once.

        Examples
        --------
        >>> spoken = Spoken.of(["a", "b"], np.array([[0, 2], [0, 2], [0, 0]], dtype=np.int8), np.ones((3, 2)))
        >>> len(spoken.codes), bool(spoken.combination[0] == spoken.combination[1])
        (2, True)
        """
        first, which = _distinct(codes, share)
        return cls(tuple(rule_ids), which, codes[first], share[first])

    def among(self, rule_ids: Sequence[str]) -> Spoken:
        """Return the same of some rules; a rule that is not among these is covered nowhere.

        Examples
        --------
        >>> spoken = Spoken.of(["a", "b"], np.array([[0, 2], [0, 1]], dtype=np.int8), np.ones((2, 2)))
        >>> spoken.among(["a", "c"]).codes.tolist()
        [[0, 2]]
        """
        place = {rule_id: i for i, rule_id in enumerate(self.rule_ids)}
        codes = np.full((len(self.codes), len(rule_ids)), NOT, dtype=np.int8)
        share = np.zeros((len(self.codes), len(rule_ids)))
        known = [i for i, rule_id in enumerate(rule_ids) if rule_id in place]
        theirs = [place[rule_ids[i]] for i in known]
        codes[:, known], share[:, known] = self.codes[:, theirs], self.share[:, theirs]
        first, which = _distinct(codes, share)
        return Spoken(tuple(rule_ids), which[self.combination], codes[first], share[first])

    def at(self, rows: IntArray) -> Spoken:
        """Return the same of some parcels, by their positions; a parcel may be asked several times."""
        return replace(self, combination=self.combination[rows])

    def of_parcels(self) -> Codes:
        """Return the codes per parcel, shape (n_parcels, n_rules)."""
        return self.codes[self.combination]

    def told(self) -> NDArray[np.bool_]:
        """Return per combination which rules there is something to tell of: all but those covered in full."""
        return np.asarray((self.codes != COVERED) | (self.share != 1.0), dtype=bool)

    def ids(self) -> list[str]:
        """Return an id of each combination that depends on what it says alone: equal in every cell and run.

        Examples
        --------
        >>> one, two = (Spoken.of(["a"], np.array([[code]], dtype=np.int8), np.ones((1, 1))) for code in (0, 0))
        >>> one.ids() == two.ids(), len(one.ids()[0])
        (True, 16)
        """
        told = self.told()
        return [self._id(row, told[row]) for row in range(len(self.codes))]

    def _id(self, row: int, told: NDArray[np.bool_]) -> str:
        said = [
            f"{self.rule_ids[i]} {self.codes[row, i]} {float(self.share[row, i]).hex()}" for i in np.flatnonzero(told)
        ]
        return hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()[:16]


def _distinct(codes: Codes, share: FloatArray) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the first row of each combination, and which combination each row has."""
    if not codes.size:
        return np.zeros(min(len(codes), 1), dtype=np.intp), np.zeros(len(codes), dtype=np.int64)
    joined = np.hstack([codes.view(np.uint8), np.ascontiguousarray(share).view(np.uint8).reshape(len(share), -1)])
    rows = np.ascontiguousarray(joined).view(np.dtype((np.void, joined.shape[1]))).ravel()
    _, first, which = np.unique(rows, return_index=True, return_inverse=True)
    return first, which.ravel().astype(np.int64)
