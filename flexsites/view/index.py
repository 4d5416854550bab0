"""What lists, search and colours of the map go by: a row per parcel or building, made once and kept beside the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flexsites.digest import sha256
from flexsites.reporting.maps.classes import Condition, holds
from flexsites.reporting.results import Results
from flexsites.reporting.words import Words
from flexsites.tables.manifest import MANIFEST
from flexsites.view.kind import EDGES, Kind, Order
from flexsites.view.made import is_made, making

_NETHERLANDS = (3.3, 50.7, 7.3, 53.6)
"""West, south, east and north in degrees, roughly [A]: what a map of nothing shows."""
FOLDER = "view"
"""The folder of a run that holds what the viewer made of it."""


@dataclass(frozen=True)
class Index:
    """The parcels, buildings or complexes of a run in the order of the list: available first, more homes first.

    Attributes
    ----------
    rows
        ``id``, what classes go by, ``street, place`` (empty: not known), ``west, south, east, north`` in degrees.
    keys
        Per row what search looks in, in lower case.
    orders
        By name other ways to sort the rows.
    """

    rows: pd.DataFrame
    keys: pd.Series[Any]
    orders: Mapping[str, Order] = field(default_factory=dict)
    _sorted: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def found(self, asked: str, hidden: Sequence[Condition] = (), order: str = "") -> pd.DataFrame:
        """Return the rows that a search finds, less those of hidden classes; in an order of its own, or the list's."""
        words = asked.strip().lower()
        kept = np.ones(len(self.rows), dtype=bool)
        if words:
            kept &= self.keys.str.contains(words, regex=False).to_numpy(dtype=bool)
        for where in hidden:
            kept &= ~holds(where, self.rows)
        if not self.orders.get(order):
            return self.rows[kept]
        places = self._places(order)
        return self.rows.iloc[places[kept[places]]]

    def _places(self, order: str) -> npt.NDArray[np.int64]:
        """Return the rows in an order, by position; of the same the first of the list first."""
        if order not in self._sorted:
            names, ascends = zip(*self.orders[order], strict=True)
            numbered = self.rows.reset_index(drop=True)[list(names)]
            placed = numbered.sort_values(list(names), ascending=list(ascends), na_position="last", kind="stable")
            self._sorted[order] = placed.index.to_numpy(dtype=np.int64)
        return self._sorted[order]

    def within(self, west: float, south: float, east: float, north: float) -> pd.DataFrame:
        """Return the rows whose bounding box meets a box in degrees, edges included, by id."""
        rows = self.rows
        is_near = rows["west"].le(east) & rows["east"].ge(west) & rows["south"].le(north) & rows["north"].ge(south)
        return rows[is_near].sort_values("id", kind="stable")

    @property
    def extent(self) -> list[float]:
        """West, south, east, north of all rows, in degrees; of none the Netherlands."""
        if self.rows.empty:
            return list(_NETHERLANDS)
        west, south, east, north = (self.rows[name] for name in EDGES)
        return [float(west.min()), float(south.min()), float(east.max()), float(north.max())]


def micro(box: Iterable[float]) -> list[int]:
    """Return a box in whole micro-degrees."""
    return [round(float(one) * 1_000_000) for one in box]


def stamp(results: Results) -> str:
    """Return what tells this state of a run from another: what is made of one is no good for the other."""
    return sha256(results.directory / MANIFEST)[:12]


def is_indexed(results: Results, kind: Kind) -> bool:
    """Whether the index of this state of a run was made before."""
    return is_made(index_path(results, kind))


def index_path(results: Results, kind: Kind) -> Path:
    """Return where the index of a kind is, or will be."""
    return results.directory / FOLDER / f"index-{kind.name}-{stamp(results)}.parquet"


def index_of(results: Results, kind: Kind, words: Words) -> Index:
    """Return the index of a kind, read back where it was made before."""
    path = index_path(results, kind)
    if not is_made(path):
        with making(results.directory, path) as temporary:
            kind.rows(results, words).to_parquet(temporary, index=False)
    rows = pd.read_parquet(path)
    for one in pq.read_schema(path):
        if pa.types.is_list(one.type):
            rows[one.name] = rows[one.name].map(lambda told: None if told is None else tuple(told))
    columns = pd.DataFrame({name: rows[name].fillna("") for name in kind.searched}, dtype="str")
    keys = rows["id"].astype("str").str.cat(columns, sep="\n").str.lower()
    return Index(rows, keys, kind.orders)
