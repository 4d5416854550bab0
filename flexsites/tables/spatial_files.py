"""Canonical tables on disk: GeoParquet 1.1, along one national curve, so that a cell reads its own part only.

A table is written from batches in any number and any order and comes out the same, byte for byte: rows go to buckets
of the curve on disk first, then bucket after bucket is sorted by place and key. Memory holds one batch, or one bucket
(16 km x 16 km), never the country.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from flexsites.digest import sha256
from flexsites.errors import ContractError, Fault, InputError
from flexsites.tables.arrow import BBOX, COMPRESSION, CORNERS, geo_metadata, sort_rows, write_groups
from flexsites.tables.contract import Bounds, Frame, Table, conform
from flexsites.tables.dtypes import ARROW
from flexsites.tables.whole_files import scratch_folder, whole_file
from flexsites.tables.windows import read_window

__all__ = ["Bounds", "Writer", "Written", "read_window", "write_canonical"]

ROW_GROUP_ROWS = 8_192
"""Small enough that a window of some kilometres reads little else, large enough to compress."""

_SQUARE = (-100_000.0, 200_000.0, 424_288.0, 724_288.0)
"""A square that holds the domain of RD New; fixed, so that a row's place does not depend on the rows around it."""

_LEVEL = 16
"""Depth of the curve: 2^16 cells of 8 m along each side, so that a distance along it has 32 bits."""

_BUCKET_BITS = 10
_DISTANCE = "__along_curve"


@dataclass(frozen=True, slots=True)
class Written:
    """A canonical table that was written: where, how many rows, their extent (null: no rows), and its SHA-256."""

    path: Path
    n_rows: int
    bounds: Bounds | None
    sha256: str


class Writer(AbstractContextManager["Writer"]):
    """Takes conforming batches of one table and writes them as one canonical file, when the block ends well.

    Nothing stands at `path` until everything is written; after an error nothing does.
    """

    def __init__(self, path: Path, table: Table) -> None:
        """Prepare to write `table` to `path`."""
        self.path, self.table = path, table
        self.written: Written | None = None
        self._stack = ExitStack()
        self._folder = path
        self._sinks: dict[int, pa.RecordBatchStreamWriter] = {}
        self._schema: pa.Schema | None = None
        self._types: set[str] = set()
        self._bounds: list[Bounds] = []
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._unhashed: list[Frame] = []

    def __enter__(self) -> Self:
        """Make room for the buckets."""
        self._folder = self._stack.enter_context(scratch_folder(self.path.with_suffix(".buckets")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the file, unless something went wrong; clean up either way."""
        with self._stack:
            for sink in self._sinks.values():
                sink.close()
            if kind is None:
                self.written = self._finish()

    @property
    def has_rows_or_columns(self) -> bool:
        """Whether anything was added, be it a table of no rows."""
        return self._schema is not None

    def result(self) -> Written:
        """Return what was written, once the block has ended."""
        if self.written is None:
            raise InputError(Fault("was not written", str(self.path), "look at the errors before this one"))
        return self.written

    def add(self, frame: Frame) -> None:
        """Add rows; they are checked against the table's definition (the key over all rows is checked at the end).

        Raises
        ------
        ContractError
            If the rows break the table's definition.
        """
        checked = conform(frame, self.table, where=self.path.stem)
        rows = _to_arrow(checked, self.table)
        if self._schema is None:
            self._schema = rows.schema
        rows = rows.cast(self._schema)
        if len(checked) == 0:
            return
        # As a plain frame: one with geometry takes several times as long to give columns.
        self._note_keys(pd.DataFrame(checked)[list(self.table.key)])
        if self.table.geometry is not None:
            self._types |= set(checked.geometry.geom_type)
            self._bounds.append(tuple(checked.total_bounds))
        bucket = np.asarray(rows.column(_DISTANCE).to_numpy() >> (2 * _LEVEL - _BUCKET_BITS))
        order = np.argsort(bucket, kind="stable")
        numbers, starts = np.unique(bucket[order], return_index=True)
        ordered = rows.take(pa.array(order))
        for number, start, stop in zip(numbers, starts, [*starts[1:], len(order)], strict=True):
            self._sink(int(number)).write_table(ordered.slice(start, stop - start))

    def _note_keys(self, keys: Frame) -> None:
        """Keep the hashes of keys, from the second batch on: that one batch holds none twice its contract has seen."""
        self._unhashed.append(keys)
        if len(self._unhashed) > 1 or self._keys:
            hashes = (pd.util.hash_pandas_object(one, index=False) for one in self._unhashed)
            self._keys += [np.asarray(one, dtype=np.uint64) for one in hashes]
            self._unhashed.clear()

    def _sink(self, number: int) -> pa.RecordBatchStreamWriter:
        if number not in self._sinks:
            self._sinks[number] = pa.ipc.new_stream(self._folder / f"{number:05d}.arrow", self._schema)
        return self._sinks[number]

    def _finish(self) -> Written:
        if self._schema is None:
            raise InputError(Fault("nothing was read", str(self.path), "give the source rows, or leave it out"))
        keys = np.concatenate(self._keys) if self._keys else np.zeros(0, dtype=np.uint64)
        if n_double := len(keys) - len(np.unique(keys)):
            raise ContractError(Fault("the same key twice", str(self.path), "make the key unique", n_double))
        bounds = _union(self._bounds)
        kept = self._schema.remove(self._schema.get_field_index(_DISTANCE))
        if self.table.geometry is not None:
            geo = geo_metadata(sorted(self._types), has_boxes=True, bounds=bounds)
            kept = kept.with_metadata({**(kept.metadata or {}), b"geo": geo})
        with (
            whole_file(self.path) as temporary,
            pq.ParquetWriter(temporary, kept, compression=COMPRESSION, write_page_index=True) as sink,
        ):
            n_rows = write_groups(sink, self._ordered(kept), kept, ROW_GROUP_ROWS)
        return Written(self.path, n_rows, bounds, sha256(self.path))

    def _ordered(self, schema: pa.Schema) -> Iterator[pa.Table]:
        for number in sorted(self._sinks):
            yield self._sorted(self._folder / f"{number:05d}.arrow").cast(schema)

    def _sorted(self, bucket: Path) -> pa.Table:
        with pa.memory_map(str(bucket)) as source, pa.ipc.open_stream(source) as stream:
            rows = stream.read_all()
        return sort_rows(rows, (_DISTANCE, *self.table.key)).drop_columns([_DISTANCE])


def write_canonical(frame: Frame, path: Path, table: Table) -> Written:
    """Write a table to one canonical file: the same rows in any order give the same bytes.

    Raises
    ------
    ContractError
        If the frame breaks the table's definition.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with Writer(path, table) as writer:
        writer.add(frame)
    return writer.result()


def _to_arrow(frame: Frame, table: Table) -> pa.Table:
    """Return the rows as arrow: geometry as WKB, its bounding box as a struct, and its place on the curve."""
    if table.geometry is None:
        rows = _plain(frame, table)
        return rows.append_column(_DISTANCE, pa.array(np.zeros(len(frame), dtype=np.int64)))
    shapes = frame["geometry"].to_numpy()
    plain = pd.DataFrame(frame).drop(columns="geometry")
    rows = _plain(plain, table)
    boxes = shapely.bounds(shapes) if len(shapes) else np.zeros((0, 4))
    corners = [pa.array(boxes[:, i], pa.float64()) for i in range(4)]
    wkb = pa.array(shapely.to_wkb(shapes, output_dimension=2, byte_order=1), pa.binary())
    rows = rows.append_column("geometry", wkb)
    rows = rows.append_column(BBOX, pa.StructArray.from_arrays(corners, names=list(CORNERS)))
    distance = hilbert_distance(shapes) if len(shapes) else np.zeros(0, dtype=np.int64)
    return rows.append_column(_DISTANCE, pa.array(distance))


def _plain(frame: Frame, table: Table) -> pa.Table:
    """Return columns without geometry as arrow; lists in their type, which rows without any would not tell."""
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    for field in table.fields:
        if field.dtype == "list":
            lists = pa.array(frame[field.name], ARROW["list"], from_pandas=True)
            rows = rows.set_column(rows.column_names.index(field.name), field.name, lists)
    return rows


def hilbert_distance(geometries: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Return how far along the national Hilbert curve the middle of each geometry's bounding box lies.

    What lies near on the curve lies near on the map, so that a window touches few row groups. A place outside the
    square counts as the nearest place on its edge (this is an order, not a measurement).

    Parameters
    ----------
    geometries
        Shape (n,), in RD New; not null and not empty.

    Examples
    --------
    >>> hilbert_distance(shapely.points([[-100_000, 200_000], [-900_000, 0]])).tolist()
    [0, 0]
    """
    bounds = shapely.bounds(geometries)
    middle = np.clip((bounds[:, :2] + bounds[:, 2:]) / 2, _SQUARE[:2], _SQUARE[2:])
    distance = gpd.GeoSeries(shapely.points(middle)).hilbert_distance(total_bounds=_SQUARE, level=_LEVEL)
    return np.asarray(distance, dtype=np.int64)


def _union(bounds: list[Bounds]) -> Bounds | None:
    if not bounds:
        return None
    every = np.array(bounds)
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
