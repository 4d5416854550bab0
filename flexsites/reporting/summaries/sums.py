"""Sums that are added up part by part, and tell nothing of the parts: whole numbers, whatever the order.

Parcels are read some at a time. What adds up is summed in whole numbers, square metres and homes in parts of 1e-8:
adding them is exact, so the sum is the same however a run was cut up. What does not add up, locations, is held: one may
lie in several areas and among the parcels of several parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.tables import Frame

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_PER_WHOLE = 100_000_000
"""A hundredth of a mm2: finer than any coordinate, and 92,000 km2, twice the country, still fits a whole number."""

_MOST_WAITING = 1_000_000
"""Rows of parts that wait to be added up: what is held is no more than these and the sum."""


def exact(amounts: npt.ArrayLike) -> Ints:
    """Return amounts in whole parts of 1e-8, which add up exactly; null adds nothing.

    Examples
    --------
    >>> exact([0.1, 0.2, np.nan]).tolist(), float(amounts_of(exact([0.1, 0.2]).sum()))
    ([10000000, 20000000, 0], 0.3)
    """
    told = np.nan_to_num(np.asarray(amounts, dtype=np.float64), nan=0.0)
    return np.rint(told * _PER_WHOLE).astype(np.int64)


def amounts_of(sums: pd.Series[int] | Ints | np.int64) -> Floats:
    """Return sums of such parts as amounts."""
    found: Floats = np.asarray(sums, dtype=np.int64) / _PER_WHOLE
    return found


def summed(at: npt.NDArray[np.intp], amounts: Ints, n: int) -> Ints:
    """Return whole amounts summed by the place each goes to, shape (n,).

    Examples
    --------
    >>> summed(np.array([0, 2, 0]), np.array([1, 5, 2]), 3).tolist()
    [3, 0, 5]
    """
    found = np.zeros(n, dtype=np.int64)
    np.add.at(found, at, amounts)
    return found


@dataclass
class Sum:
    """Tables of whole numbers per key, added up as they come.

    Attributes
    ----------
    keys
        The columns of the key; all others are whole numbers. No key is null.

    Examples
    --------
    >>> one, other = ({"rule": ["a", "b"], "n": [1, 2]}, {"rule": ["b"], "n": [5]})
    >>> both = Sum(["rule"])
    >>> both.add(pd.DataFrame(one)), both.add(pd.DataFrame(other))
    (None, None)
    >>> both.table()["n"].to_dict()
    {'a': 1, 'b': 7}
    """

    keys: Sequence[str]
    _waiting: list[Frame] = field(default_factory=list)
    _most: int = _MOST_WAITING

    def add(self, part: Frame) -> None:
        """Add what a part sums up to; keys may stand in it more than once."""
        self._waiting.append(part)
        if sum(map(len, self._waiting)) > self._most:
            whole = self.table().reset_index()
            self._waiting, self._most = [whole], max(_MOST_WAITING, 2 * len(whole))

    def table(self) -> Frame:
        """Return the sums per key, in its order."""
        rows = pd.concat(self._waiting, ignore_index=True)
        return rows.groupby(list(self.keys), sort=True, observed=True).sum()


@dataclass(frozen=True, slots=True)
class Places:
    """In which locations parcels lie, where, and in which groups they are counted.

    Attributes
    ----------
    location_id
        Shape (n,): a row per parcel and location of it.
    areas
        Per kind of area the code of each row, shape (n,).
    groups
        Shape (n, groups), eight to a byte: what is held of a run.
    """

    location_id: pd.Series[str]
    areas: Frame
    groups: Bytes

    @staticmethod
    def of(location_id: pd.Series[str], areas: Frame, groups: Bools) -> Places:
        """Hold rows that are in any group."""
        chosen = np.flatnonzero(groups.any(axis=1))
        return Places(location_id.iloc[chosen], areas.iloc[chosen], np.packbits(groups[chosen], axis=1))


def together(parts: Sequence[Places]) -> Places:
    """Return the places of parts under each other."""
    areas = pd.concat([one.areas for one in parts], ignore_index=True).astype("category")
    location_id = pd.concat([one.location_id for one in parts], ignore_index=True)
    return Places(location_id, areas, np.concatenate([one.groups for one in parts]))


def count_locations(places: Places, kind: str, n_groups: int) -> Frame:
    """Count per area of a kind the locations of each group: one that lies in two areas counts in both.

    Returns
    -------
        A row per area that has any, in the order of the codes; a column per group, by its number.

    Examples
    --------
    >>> areas = pd.DataFrame({"gemeente": ["a", "b", "b"]})
    >>> there = Places.of(pd.Series(["1", "1", "2"]), areas, np.ones((3, 1), bool))
    >>> count_locations(together([there]), "gemeente", 1)[0].to_dict()
    {'a': 1, 'b': 2}
    """
    location = pd.factorize(places.location_id)[0]
    codes = places.areas[kind].cat
    area = codes.codes.to_numpy(dtype=np.int64)
    order, starts = _alike(area * (location.max(initial=0) + 1) + location)
    found = np.zeros((len(codes.categories), n_groups), dtype=np.int64)
    for at, groups in _unions(places.groups, order, starts, n_groups):
        np.add.at(found, area[order[starts[at]]], groups)
    return pd.DataFrame(found, index=pd.Index(codes.categories.astype(str), name=kind))


def of_locations(places: Places) -> Places:
    """Return the places with each row in all groups of its location, wherever that lies."""
    order, starts = _alike(pd.factorize(places.location_id)[0].astype(np.int64))
    if not len(order):
        return places
    lengths = np.diff(np.append(starts, len(order)))
    groups = np.empty_like(places.groups)
    groups[order] = np.repeat(np.bitwise_or.reduceat(places.groups[order], starts, axis=0), lengths, axis=0)
    return Places(places.location_id, places.areas, groups)


def _alike(number: Ints) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return an order that puts equal numbers together, and where in it each begins."""
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    return order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])


def _unions(
    packed: Bytes, order: npt.NDArray[np.intp], starts: npt.NDArray[np.intp], n_groups: int
) -> Iterator[tuple[slice, Bools]]:
    """Yield the groups that rows alike are in together, some at a time: unpacked they are eight times as large."""
    if not len(order):
        return
    every = np.bitwise_or.reduceat(packed[order], starts, axis=0)
    for start in range(0, len(every), _MOST_WAITING):
        at = slice(start, start + _MOST_WAITING)
        yield at, np.unpackbits(every[at], axis=1, count=n_groups).astype(bool)
