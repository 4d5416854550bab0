"""The parts that cells write, and how they become one table: whole files only, sorted by key, the same bytes always.

A part appears under a temporary name and is renamed, so a killed run leaves no half file. Merging reads every part once
and holds one part, or one range of keys, at a time: neither its memory nor its time per row grows with the country.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from flexsites.errors import Fault, RunError
from flexsites.tables import CRS, Frame, Table

_ROW_GROUP = 50_000
_RANGE_ROWS = 500_000
_COMPRESSION = "zstd"
_TYPES = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "geometry": pa.binary()}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    with _whole(path) as temporary:
        temporary.write_bytes(content)


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
    ordered = frame.sort_values(list(table.key), kind="stable", ignore_index=True)
    _write_chunks(iter([_arrow(ordered, table)]), table, path)


def merge(paths: Sequence[Path], table: Table, target: Path, *, range_rows: int = _RANGE_ROWS) -> int:
    """Merge parts into one table sorted by key, and return its number of rows.

    The result depends on the rows alone: not on how they were spread over parts, nor on the order of the paths, nor on
    how many are held at once: about ``range_rows`` (more where one value of the key's first column has more).
    """
    n_rows = sum(_n_rows(path) for path in paths)
    _write_chunks(_ranges(sorted(paths), table, n_rows, range_rows, target), table, target)
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


def read_chunks(path: Path, table: Table) -> Iterator[Frame]:
    """Read a table that this module wrote, some rows at a time: equal tables of equal length have equal chunks."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield _frame(file.read_row_group(group), table)


def write_chunks(frames: Iterable[Frame], table: Table, path: Path) -> None:
    """Write frames, which follow each other in the order of the key, as :func:`write_table` writes them at once."""
    _write_chunks((_arrow(frame, table) for frame in frames), table, path)


def _frame(rows: pa.Table, table: Table) -> Frame:
    """Return rows as :func:`read` returns them."""
    frame: Frame = rows.to_pandas()
    if table.geometry is not None:
        frame = gpd.GeoDataFrame(frame.assign(geometry=shapely.from_wkb(frame["geometry"])), crs=CRS)
    return frame


def _ranges(paths: Sequence[Path], table: Table, n_rows: int, range_rows: int, target: Path) -> Iterator[pa.Table]:
    """Yield the rows of all parts in ranges of the first key column, each sorted."""
    if n_rows <= range_rows:
        yield _sorted([_part(path, table) for path in paths], table)
        return
    splits = _splits(paths, table.key[0], n_rows, range_rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", suffix=".ranges", dir=target.parent) as name:
        files = [Path(name) / f"{i}.arrow" for i in range(len(splits) + 1)]
        _divide(paths, table, splits, files)
        for file in files:
            with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
                yield _sorted([stream.read_all()], table)
            file.unlink()


def _splits(paths: Sequence[Path], key: str, n_rows: int, range_rows: int) -> np.ndarray:
    """Return keys, ascending, that divide the rows into ranges of about equal length, from a sample of every part."""
    every = max(1, range_rows // (16 * len(paths)))
    read = (pq.read_table(path, columns=[key])[key] for path in paths)
    sample = np.sort(np.concatenate([one.take(np.arange(0, len(one), every)).to_numpy() for one in read]))
    n_ranges = -(-n_rows // range_rows)
    # Splits are keys, never row numbers: all rows of a key fall into one range.
    return np.unique(sample[np.arange(1, n_ranges) * len(sample) // n_ranges])


def _divide(paths: Sequence[Path], table: Table, splits: np.ndarray, files: Sequence[Path]) -> None:
    """Write the rows of every part, which are sorted, to the file of their range."""
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with ExitStack() as stack:
        sinks = [stack.enter_context(pa.ipc.new_stream(file, _schema(table), options=options)) for file in files]
        for path in paths:
            rows = _part(path, table)
            at = np.searchsorted(rows[table.key[0]].to_numpy(), splits, side="left")
            for sink, (start, stop) in zip(sinks, itertools.pairwise([0, *at, len(rows)]), strict=True):
                if stop > start:
                    sink.write_table(rows.slice(start, stop - start))


def _part(path: Path, table: Table) -> pa.Table:
    return pq.read_table(path).cast(_schema(table))


def _sorted(parts: Sequence[pa.Table], table: Table) -> pa.Table:
    rows = pa.concat_tables([_schema(table).empty_table(), *parts])
    return rows.sort_by([(name, "ascending") for name in table.key])


def _write_chunks(chunks: Iterator[pa.Table], table: Table, path: Path) -> None:
    """Write chunks one after the other into one file, renamed when it is whole.

    Groups of rows are counted from the first row of the table, whatever the chunks: the bytes tell nothing of them.
    """
    schema = _schema(table)
    with _whole(path) as temporary, pq.ParquetWriter(temporary, schema, compression=_COMPRESSION) as writer:
        waiting = schema.empty_table()
        for chunk in chunks:
            waiting = pa.concat_tables([waiting, chunk])
            n_whole = len(waiting) // _ROW_GROUP * _ROW_GROUP
            for start in range(0, n_whole, _ROW_GROUP):
                writer.write_table(waiting.slice(start, _ROW_GROUP).combine_chunks(), _ROW_GROUP)
            waiting = waiting.slice(n_whole)
        writer.write_table(waiting.combine_chunks(), _ROW_GROUP)


def _arrow(frame: Frame, table: Table) -> pa.Table:
    """Return the rows in the table's own schema: the same types and metadata whatever the rows are."""
    schema = _schema(table)
    arrays = []
    for field in table.fields:
        column = frame[field.name]
        values = shapely.to_wkb(column.to_numpy()) if field.dtype == "geometry" else column
        arrays.append(pa.array(values, type=_TYPES[field.dtype], from_pandas=True))
    return pa.table(arrays, schema=schema)


def _schema(table: Table) -> pa.Schema:
    """Return a table's types, and what its fields mean, as arrow says it."""
    fields = []
    for field in table.fields:
        about = {"description": field.description, "unit": field.unit or "", "null": field.null or "never"}
        fields.append(pa.field(field.name, _TYPES[field.dtype], metadata=about))
    metadata = {"flexsites_table": table.name}
    if table.geometry is not None:
        metadata["geo"] = json.dumps(_geo())
    return pa.schema(fields, metadata=metadata)


def _geo() -> dict[str, Any]:
    """Return the GeoParquet 1.1 metadata. It names no bounding box: that would differ between chunks of a table."""
    crs = gpd.GeoSeries([], crs=CRS).crs.to_json_dict()
    column = {"encoding": "WKB", "geometry_types": [], "crs": crs}
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
