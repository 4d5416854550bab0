"""The building stock of any size: its sources read batch by batch, and joined bucket by bucket.

Panden, units, heights and roof planes come in the order of their files. They are spread over buckets on disk by pand,
so that all of a pand is in one bucket, every version of it too; panden that share a unit go to one bucket together,
because the unit counts in one of them only. So the join of a bucket is the join of the whole: memory holds one batch or
one bucket, and the answer does not depend on how many there are.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.errors import Fault, InputError
from flexsites.inputs.rows.numbers import Impossible
from flexsites.inputs.stock.buckets import Buckets, bucket_numbers
from flexsites.inputs.stock.buildings import UNIT_NEEDED, Stock, gemeente_of, join_stock, panden, verblijfsobjecten
from flexsites.inputs.stock.files import bag_ids, first_column
from flexsites.inputs.stock.occurrences import AGAIN
from flexsites.inputs.stock.roofs_3d import roof_attributes, roof_planes
from flexsites.tables import Frame, RoofParts, empty

__all__ = ["BUCKET_ROWS", "MARGIN_M", "Raw", "StockBuckets"]

BUCKET_ROWS = 200_000
"""Rows of the largest source that a bucket holds on average: some hundreds of MiB at most."""

MARGIN_M = 1_000.0
"""How far around the area buildings are read: a unit counts in the largest of its panden, and these adjoin. [A]"""

_ID = ("identificatie", "bag_pand_id")


@dataclass(frozen=True, slots=True)
class Raw:
    """The rows of one source batch by batch, as its file has them, and what to name in an error."""

    where: str
    batches: Iterable[Frame]


@dataclass(slots=True)
class StockBuckets:
    """The sources of a stock, spread over buckets below a folder that is the caller's to remove.

    Attributes
    ----------
    folder
        A folder that is not there yet.
    n_rows
        Rows of the largest source: it decides how many buckets there are.
    wanted
        Ids of the panden that are asked for; None: all. May be set until the first pand is added.
    on
        The reference date: which occurrence of an object counts; None: the one without an end.
    notes
        Counts to tell, complete when all stocks are given.
    served
        The codes of gemeenten of which units are given, complete when all units are.
    impossible
        Numbers that cannot be, complete when all stocks are given; they are unknown.
    """

    folder: Path
    n_rows: int
    wanted: set[str] | None = None
    on: dt.date | None = None
    notes: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    impossible: Impossible = field(default_factory=Impossible)
    _buckets: dict[str, tuple[str, Buckets]] = field(default_factory=dict)
    _together: pd.Series = field(default_factory=lambda: pd.Series(dtype="object"))

    @property
    def n(self) -> int:
        """The number of buckets."""
        return max(1, math.ceil(self.n_rows / BUCKET_ROWS))

    def add_units(self, raw: Raw) -> Iterator[Frame]:
        """Spread verblijfsobjecten; give those in use, a row per unit and pand, on the way.

        First by unit, so that the latest version of each is known, then by pand. To be run through before any pand is
        added.

        Raises
        ------
        InputError
            As `flexsites.inputs.stock.buildings.verblijfsobjecten`, of all buckets together.
        """
        by_unit = Buckets(self.folder / "raw_units", self.n)
        for rows in raw.batches:
            by_unit.add(rows, bucket_numbers(_ids(rows, UNIT_NEEDED["id"]), self.n))
        in_use = Buckets(self.folder / "units_in_use", self.n)
        shared, faults = [], _Faults()
        for number in range(self.n):
            read = by_unit.read(number)
            if read is None:
                continue
            with faults:
                units, counts = verblijfsobjecten(read, where=raw.where, on=self.on, impossible=self.impossible)
                self.served |= set(gemeente_of(units["bag_pand_id"]).dropna().unique())
                self.notes.update(counts)
                in_use.add(units, np.full(len(units), number, dtype=np.int64))
                is_shared = units["bag_verblijfsobject_id"].duplicated(keep=False)
                shared.append(units[is_shared][["bag_verblijfsobject_id", "bag_pand_id"]])
        faults.throw()
        self._together = _together(pd.concat(shared) if shared else None)
        by_pand = Buckets(self.folder / "units", self.n)
        for number in range(self.n):
            found = in_use.read(number)
            if found is not None:
                by_pand.add(found, self._numbers(found["bag_pand_id"]))
                yield found
        self._buckets["units"] = (raw.where, by_pand)

    def add(self, name: str, raw: Raw) -> None:
        """Spread panden, roofs_3d, planes (as the file has them) or parts (canonical RoofParts) by pand.

        Several files of one source are added one after the other.
        """
        if name not in self._buckets:
            self._buckets[name] = (raw.where, Buckets(self.folder / name, self.n))
        buckets = self._buckets[name][1]
        for rows in raw.batches:
            ids = _ids(rows, _ID)
            is_asked = self._is_asked(ids)
            buckets.add(rows[is_asked], self._numbers(ids[is_asked]))

    def stocks(self, known: Frame | None) -> Iterator[Stock]:
        """Give the joined stock, bucket by bucket; without panden the roofs' own footprints stand for them.

        Parameters
        ----------
        known
            What the owner knows of buildings.

        Raises
        ------
        InputError
            As the functions of `flexsites.inputs.stock.buildings` and `roofs_3d`, of all buckets together.
        """
        faults = _Faults()
        for number in range(self.n):
            with faults:
                stock = self._stock(number, known)
                if stock is not None:
                    yield stock
        faults.throw()

    def _stock(self, number: int, known: Frame | None) -> Stock | None:
        pand_where, pand_rows = self._read("panden" if "panden" in self._buckets else "roofs_3d", number)
        units = self._read("units", number)[1]
        roof_where, roof_rows = self._read("roofs_3d", number)
        if pand_rows is None:
            self.notes["n_units_without_building"] += 0 if units is None else units["bag_verblijfsobject_id"].nunique()
            self.notes["n_roofs_without_building"] += 0 if roof_rows is None else len(roof_rows)
            return None
        standing, left_out = panden(pand_rows, where=pand_where, on=self.on, impossible=self.impossible)
        self.notes["n_again"] += int((left_out["reason"] == AGAIN).sum())
        if units is None and "units" in self._buckets:
            units = _no_units()
        told = {"where": roof_where, "impossible": self.impossible}
        roofs = None if roof_rows is None else roof_attributes(roof_rows, **told)
        if roofs is None and "roofs_3d" in self._buckets:
            roofs = roof_attributes(_no_roofs(), where=roof_where)
        stock = join_stock(
            standing,
            left_out,
            units,
            roofs_3d=roofs,
            roof_parts=self._parts(number),
            known=known,
            served=frozenset(self.served),
        )
        self.notes.update(stock.notes)
        return stock if self.wanted is None else _only(stock, self.wanted)

    def _parts(self, number: int) -> Frame:
        where, planes = self._read("planes", number)
        if planes is not None:
            return roof_planes(planes, where=where)
        parts = self._read("parts", number)[1]
        return empty(RoofParts) if parts is None else parts

    def _read(self, name: str, number: int) -> tuple[str, Frame | None]:
        if name not in self._buckets:
            return "", None
        where, buckets = self._buckets[name]
        return where, buckets.read(number)

    def _is_asked(self, pand_ids: pd.Series) -> pd.Series[bool]:
        """Return the panden that are wanted, or share a unit with one: it counts in the largest, wanted or not."""
        if self.wanted is None:
            return pd.Series(data=True, index=pand_ids.index)
        lowest = self._together[self._together.index.isin(self.wanted)]
        with_them = self._together.index[self._together.isin(lowest)]
        return pand_ids.isin(self.wanted) | pand_ids.isin(with_them) | pand_ids.isna()

    def _numbers(self, pand_ids: pd.Series) -> np.typing.NDArray[np.int64]:
        """Return the bucket of each pand: that of the lowest of the panden it shares units with."""
        lowest = pand_ids.map(self._together) if len(self._together) else pd.Series(np.nan, index=pand_ids.index)
        return bucket_numbers(lowest.where(lowest.notna(), pand_ids), self.n)


class _Faults:
    """Collects the input errors of several buckets; the same fault in several is one, its rows added up."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], list[Fault]] = {}
        self.texts: list[str] = []

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Keep an input error for later; let everything else pass."""
        if type(error) is not InputError:
            return False
        for fault in error.faults:
            if isinstance(fault, Fault):
                self.found.setdefault((fault.what, fault.where, fault.remedy), []).append(fault)
            else:
                self.texts.append(fault)
        return True

    def throw(self) -> None:
        """Raise what was collected, if anything."""
        merged: list[Fault | str] = [_added_up(faults) for faults in self.found.values()]
        if merged or self.texts:
            raise InputError([*merged, *self.texts])


def _added_up(faults: Sequence[Fault]) -> Fault:
    one = faults[0]
    ids = [name for fault in faults for name in fault.ids]
    return Fault(one.what, one.where, one.remedy, one.count and sum(fault.count or 0 for fault in faults), ids)


def _ids(rows: Frame, names: tuple[str, ...]) -> pd.Series:
    """Return the identifications of rows; null where there is no column of them: whoever reads the bucket tells."""
    name = first_column(rows, names)
    return pd.Series(None, index=rows.index, dtype="object") if name is None else bag_ids(rows[name])


def _together(shared: Frame | None) -> pd.Series:
    """Return per pand that shares a unit with others the lowest id of all that are so connected."""
    if shared is None or shared.empty:
        return pd.Series(dtype="object")
    pairs = shared.dropna()
    unit, units = pd.factorize(pairs["bag_verblijfsobject_id"])
    pand, pand_ids = pd.factorize(pairs["bag_pand_id"], sort=True)
    n = len(pand_ids) + len(units)
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (pand, len(pand_ids) + unit)), shape=(n, n))
    label = connected_components(links, directed=False)[1][: len(pand_ids)]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return pd.Series(np.asarray(pand_ids, dtype=object)[first[inverse]], index=pand_ids)


def _only(stock: Stock, wanted: set[str]) -> Stock:
    buildings: Frame = stock.buildings[stock.buildings["bag_pand_id"].isin(wanted)].reset_index(drop=True)
    parts = stock.roof_parts[stock.roof_parts["bag_pand_id"].isin(buildings["bag_pand_id"])].reset_index(drop=True)
    left_out = stock.left_out[stock.left_out["bag_pand_id"].isin(wanted)].reset_index(drop=True)
    return Stock(buildings, parts, left_out, stock.notes)


def _no_units() -> Frame:
    names = ("bag_verblijfsobject_id", "bag_pand_id", "functions", "floor_area_m2")
    return pd.DataFrame({name: pd.Series([], dtype="object") for name in names})


def _no_roofs() -> Frame:
    return pd.DataFrame({name: pd.Series([], dtype="object") for name in ("identificatie", "h_maaiveld", "h_dak_50p")})
