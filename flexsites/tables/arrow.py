"""Tables as arrow says them: types and metadata, rows to and from frames, and groups of rows in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely

from flexsites.errors import Fault, InputError, NotFoundError
from flexsites.tables.contract import CRS, Bounds, Frame, Table, with_shapes
from flexsites.tables.dtypes import ARROW

BBOX = "bbox"
"""The column that holds the bounding box of each row's geometry, where a file has one."""

CORNERS = ("xmin", "ymin", "xmax", "ymax")
"""Its fields."""

COMPRESSION = "zstd"


@cache
def schema_of(table: Table) -> pa.Schema:
    """Return a table's types, and what its fields mean, as arrow says it."""
    fields = []
    for field in table.fields:
        about = {"description": field.description, "unit": field.unit or "", "null": field.null or "never"}
        fields.append(pa.field(field.name, ARROW[field.dtype], metadata=about))
    metadata: dict[str, str | bytes] = {"flexsites_table": table.name}
    if table.geometry is not None:
        # No bounding box is named: it would differ between chunks of a table.
        metadata["geo"] = geo_metadata()
    return pa.schema(fields, metadata=metadata)


def geo_metadata(
    types: Sequence[str] = (), *, has_boxes: bool = False, bounds: Bounds | None = None, crs: str = CRS
) -> bytes:
    """Return the metadata that GeoParquet 1.1 asks for.

    Parameters
    ----------
    types
        The kinds of geometry; none: not told.
    has_boxes
        Whether each row has its bounding box, in the column ``bbox``.
    bounds
        Of all rows; None: not told.
    crs
        The system of the coordinates.
    """
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": list(types), "crs": _projjson(crs)}
    if has_boxes:
        column["covering"] = {"bbox": {corner: [BBOX, corner] for corner in CORNERS}}
    if bounds is not None:
        column["bbox"] = list(bounds)
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}).encode()


@cache
def _projjson(crs: str) -> dict[str, Any]:
    return dict(pyproj.CRS.from_user_input(crs).to_json_dict())


def to_arrow(frame: Frame, table: Table) -> pa.Table:
    """Return rows in the table's own schema: the same types and metadata whatever the rows are."""
    arrays = []
    for field in table.fields:
        column = frame[field.name]
        values = shapely.to_wkb(column.to_numpy()) if field.dtype == "geometry" else column
        arrays.append(pa.array(values, type=ARROW[field.dtype], from_pandas=True))
    return pa.table(arrays, schema=schema_of(table))


def to_frame(rows: pa.Table, *, knows_null: bool = False) -> Frame:
    """Return rows of a file as a frame in the types of its fields, with their geometry where they have any.

    Parameters
    ----------
    rows
        The rows.
    knows_null
        Whether whole numbers and truth values keep null apart though the rows do not say so themselves.
    """
    is_ours = b"flexsites_table" in (rows.schema.metadata or {})
    frame: Frame = rows.to_pandas(types_mapper=_KNOWS_NULL.get if is_ours or knows_null else None)
    masks = [one.name for one in rows.schema if pa.types.is_boolean(one.type) and is_ours and _is_never_null(one)]
    if masks:
        frame = frame.astype(dict.fromkeys(masks, "bool"))
    for one in rows.schema:
        if pa.types.is_list(one.type):
            frame[one.name] = pd.Series(_tuples(rows.column(one.name)), index=frame.index, dtype="object")
    if "geometry" in rows.column_names:
        frame = with_shapes(frame, shapely.from_wkb(frame["geometry"].to_numpy()))
    return frame


_KNOWS_NULL = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
"""Of arrow's types those of pandas that keep null apart, where its own choice would make them floats or objects."""


def _is_never_null(field: pa.Field) -> bool:
    return (field.metadata or {}).get(b"null") == b"never"


def _tuples(column: pa.ChunkedArray) -> list[tuple[Any, ...] | None]:
    """Return lists as tuples, equal ones as one: few differ."""
    known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    found = (None if one is None else tuple(one) for one in column.to_pylist())
    return [None if one is None else known.setdefault(one, one) for one in found]


def sort_rows(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return rows sorted by columns, ascending; a list counts as the text of its entries, which arrow cannot sort.

    Examples
    --------
    >>> faces = pa.table({"site_id": ["b", "a", "a"], "rules": [["x"], ["y", "z"], []]})
    >>> sort_rows(faces, ("site_id", "rules"))["rules"].to_pylist()
    [[], ['y', 'z'], ['x']]
    """
    keys = {name: _as_key(rows.column(name)) for name in columns}
    order = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in columns])
    return rows.take(order)


def places_among(column: pd.Series[str], known: pd.Series[str]) -> npt.NDArray[np.int64]:
    """Return where each text of a column stands among others, each of which stands there once; -1: it does not.

    An index of pandas makes an object of every text: of a country's pieces these take more than all else.

    Examples
    --------
    >>> places_among(pd.Series(["b", "x"]), pd.Series(["a", "b"])).tolist()
    [1, -1]
    """
    found = pc.index_in(pa.array(column.array), value_set=pa.array(known.array))
    return np.asarray(found.fill_null(-1), dtype=np.int64)


def first_of_key(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return of sorted rows the first of each key.

    Examples
    --------
    >>> first_of_key(pa.table({"a": [1, 1, 2], "b": [5, 6, 7]}), ("a",)).to_pydict()
    {'a': [1, 2], 'b': [5, 7]}
    """
    keys = rows.select(list(columns)).to_pandas()
    return rows.filter(pa.array(~keys.duplicated().to_numpy()))


def _as_key(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join(column, "|") if pa.types.is_list(column.type) else column


def write_groups(sink: pq.ParquetWriter, chunks: Iterable[pa.Table], schema: pa.Schema, n: int) -> int:
    """Write chunks one after the other in groups of ``n`` rows, and return the number of rows.

    Groups are counted from the first row of the table, whatever the chunks: the bytes tell nothing of them.
    """
    waiting, n_rows, n_written = schema.empty_table(), 0, 0
    for chunk in chunks:
        n_rows += len(chunk)
        waiting = pa.concat_tables([waiting, chunk])
        n_whole = len(waiting) // n * n
        for start in range(0, n_whole, n):
            sink.write_table(waiting.slice(start, n).combine_chunks(), n)
        waiting, n_written = waiting.slice(n_whole), n_written + n_whole
    if len(waiting) or not n_written:
        sink.write_table(waiting.combine_chunks(), n)
    return n_rows


@contextmanager
def opened(path: str | Path, metadata: Any = None) -> Iterator[pq.ParquetFile]:  # noqa: ANN401 - pyarrow carries no types
    """Open a file of a table: a local path or an fsspec URL.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is no whole Parquet file.
    """
    try:
        with _stream(path) as stream:
            yield pq.ParquetFile(stream, metadata=metadata)
    except FileNotFoundError as error:
        raise NotFoundError(Fault("no such table", str(path), "prepare the inputs first, or run again")) from error
    except pa.ArrowException as error:
        raise InputError(Fault(f"cannot be read ({error})", str(path), "run the pipeline again")) from error


def _stream(path: str | Path) -> Any:  # noqa: ANN401 - pyarrow and fsspec carry no types
    """Open a file to read: one of this machine by arrow itself, which is twice as fast for the small ones of a run."""
    if not Path(path).is_file():
        return fsspec.open(str(path), "rb")
    try:
        return pa.OSFile(str(path))
    except OSError as error:
        if error.errno is None:
            raise
        # Arrow does not say in so many words which file it could not open.
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
