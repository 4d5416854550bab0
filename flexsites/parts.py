"""The parts that cells write, and how they become one table: whole files only, sorted by key, the same bytes always.

A part appears under a temporary name and is renamed, so a killed run leaves no half file. Merging reads one range of
keys at a time, so that its memory does not grow with the country.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from flexsites.errors import Fault, RunError
from flexsites.tables import CRS, Frame, Table, empty, together

HELD = ".held"
"""The file in a run's directory by which the run that writes there holds it."""

_ROW_GROUP = 50_000
_RANGE_ROWS = 500_000
_COMPRESSION = "zstd"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    with _whole(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold a directory for as long as the block lasts, so that no second run writes into it.

    The system lets go of it when the process ends, however that ends: a killed run stands in nobody's way.

    Raises
    ------
    RunError
        If another process, or another part of this one, holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / HELD).open("a") as handle:
        try:
            _lock(handle)
        except OSError as error:
            remedy = "wait until it has ended, or give another --outputs"
            raise RunError(Fault("another run is writing here", str(directory), remedy)) from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: IO[str]) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name that becomes the path when the block ends, and is gone when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON, keys sorted, whole or not at all."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, default=str)
    write_whole(path, text.encode())


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read JSON; None where there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def write_table(frame: Frame, table: Table, path: Path) -> None:
    """Write a table as (Geo)Parquet, sorted by its key, whole or not at all."""
    _write_chunks(iter([_ordered(frame, table)]), table, path)


def merge(paths: Sequence[Path], table: Table, target: Path, *, range_rows: int = _RANGE_ROWS) -> int:
    """Merge parts into one table sorted by key, and return its number of rows.

    The result depends on the rows alone: not on how they were spread over parts, nor on the order of the paths.
    About ``range_rows`` rows are held at once (more where one value of the key's first column has more).
    """
    n_rows = sum(_n_rows(path) for path in paths)
    chunks = iter([empty(table)]) if n_rows == 0 else _ranges(sorted(paths), table, n_rows, range_rows)
    _write_chunks(chunks, table, target)
    return n_rows


def _n_rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid) as error:
        what = f"a part that was written cannot be read ({error})"
        raise RunError(Fault(what, str(path), "run again without --resume: what stands there is made anew")) from error


def read(path: Path, table: Table | None = None) -> Frame:
    """Read a table that :func:`write_table` wrote, with geometry where the definition has one."""
    has_geometry = b"geo" in (pq.read_schema(path).metadata or {}) if table is None else table.geometry is not None
    frame: Frame = gpd.read_parquet(path) if has_geometry else pd.read_parquet(path)
    return frame


def _ranges(paths: Sequence[Path], table: Table, n_rows: int, range_rows: int) -> Iterator[Frame]:
    """Yield the rows of all parts in ranges of the first key column, each sorted."""
    key = table.key[0]
    n_ranges = -(-n_rows // range_rows)
    if n_ranges == 1:
        yield _ordered(together([read(path, table) for path in paths], table), table)
        return
    keys = np.sort(pa.concat_tables([pq.read_table(path, columns=[key]) for path in paths])[key].to_numpy())
    # The splits are keys, never row numbers: all rows of a key fall into one range.
    splits = [None, *dict.fromkeys(str(keys[i * n_rows // n_ranges]) for i in range(1, n_ranges)), None]
    for low, high in itertools.pairwise(splits):
        frames = [_within(path, table, low, high) for path in paths]
        yield _ordered(together(frames, table), table)


def _within(path: Path, table: Table, low: str | None, high: str | None) -> Frame:
    key = pc.field(table.key[0])
    wanted = [key >= low] if low is not None else []
    wanted += [key < high] if high is not None else []
    where = wanted[0] if len(wanted) == 1 else wanted[0] & wanted[1]
    if table.geometry is None:
        return pd.read_parquet(path, filters=where)
    frame: Frame = gpd.read_parquet(path, filters=where)
    return frame


def _ordered(frame: Frame, table: Table) -> Frame:
    return frame.sort_values(list(table.key), kind="stable", ignore_index=True)


def _write_chunks(chunks: Iterator[Frame], table: Table, path: Path) -> None:
    """Write chunks one after the other into one file, renamed when it is whole."""
    first = _arrow(next(chunks), table)
    with _whole(path) as temporary, pq.ParquetWriter(temporary, first.schema, compression=_COMPRESSION) as writer:
        writer.write_table(first, row_group_size=_ROW_GROUP)
        for chunk in chunks:
            writer.write_table(_arrow(chunk, table).cast(first.schema), row_group_size=_ROW_GROUP)


def _arrow(frame: Frame, table: Table) -> pa.Table:
    """Return the rows in the table's own schema: the same types and metadata whatever the rows are."""
    arrays, fields = [], []
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "geometry": pa.binary()}
    for field in table.fields:
        column = frame[field.name]
        values = shapely.to_wkb(column.to_numpy()) if field.dtype == "geometry" else column
        arrays.append(pa.array(values, type=types[field.dtype], from_pandas=True))
        about = {"description": field.description, "unit": field.unit or "", "null": field.null or "never"}
        fields.append(pa.field(field.name, types[field.dtype], metadata=about))
    metadata = {"flexsites_table": table.name}
    if table.geometry is not None:
        metadata["geo"] = json.dumps(_geo())
    return pa.table(arrays, schema=pa.schema(fields, metadata=metadata))


def _geo() -> dict[str, Any]:
    """Return the GeoParquet 1.1 metadata. It names no bounding box: that would differ between chunks of a table."""
    crs = gpd.GeoSeries([], crs=CRS).crs.to_json_dict()
    column = {"encoding": "WKB", "geometry_types": [], "crs": crs}
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
