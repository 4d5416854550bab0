"""The parts that cells write, and how they become one table: whole files only, sorted by key, the same bytes always.

A part appears under a temporary name and is renamed, so a killed run leaves no half file. Merging reads every part once
and holds one part, or one range of keys, at a time: neither its memory nor its time per row grows with the country.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flexsites.errors import Fault, InputError, RunError
from flexsites.tables.arrow import (
    COMPRESSION,
    first_of_key,
    opened,
    schema_of,
    sort_rows,
    to_arrow,
    to_frame,
    write_groups,
)
from flexsites.tables.contract import Frame, Table
from flexsites.tables.whole_files import scratch_folder, whole_file

_ROW_GROUP = 50_000
_RANGE_ROWS = 500_000


def write_table(frame: Frame, table: Table, path: Path) -> None:
    """Write a table as (Geo)Parquet, sorted by its key, whole or not at all."""
    _write([sort_rows(to_arrow(frame, table), table.key)], table, path)


def write_chunks(frames: Iterable[Frame], table: Table, path: Path) -> None:
    """Write frames, which follow each other in the order of the key, as :func:`write_table` writes them at once."""
    _write((to_arrow(frame, table) for frame in frames), table, path)


def replace_column(path: Path, table: Table, column: str, told: Callable[[Frame], pd.Series[Any]]) -> None:
    """Write a table anew with another column, some rows at a time: its other columns stay as they are, undecoded.

    Parameters
    ----------
    path
        The table.
    table
        Its definition.
    column
        Not one of its key.
    told
        Gives the column of rows of which it is told the key.
    """
    place, field = table.columns.index(column), schema_of(table).field(column)

    def replaced() -> Iterator[pa.Table]:
        with opened(path) as source:
            for batch in source.iter_batches(batch_size=_ROW_GROUP):
                rows = pa.Table.from_batches([batch]).cast(schema_of(table))
                values = told(to_frame(rows.select(list(table.key))))
                yield rows.set_column(place, field, pa.array(values, type=field.type, from_pandas=True))

    _write(replaced(), table, path)


def merge(paths: Sequence[Path], table: Table, target: Path, *, range_rows: int = _RANGE_ROWS) -> int:
    """Merge parts into one table sorted by key, and return its number of rows.

    The result depends on the rows alone: not on how they were spread over parts, nor on the order of the paths, nor on
    how many are held at once: about ``range_rows`` (more where one value of the key's first column has more).
    """
    n_rows = sum(_n_rows(path) for path in paths)
    _write(_ranges(sorted(paths), table, n_rows, range_rows, target), table, target)
    return n_rows


def _n_rows(path: Path) -> int:
    try:
        with opened(path) as part:
            return int(part.metadata.num_rows)
    except (OSError, InputError) as error:
        what = f"a part that was written cannot be read ({error})"
        raise RunError(Fault(what, str(path), "run again without --resume: it will be rebuilt")) from error


def _write(chunks: Iterable[pa.Table], table: Table, path: Path) -> None:
    """Write chunks one after the other into one file."""
    schema = schema_of(table)
    with whole_file(path) as temporary, pq.ParquetWriter(temporary, schema, compression=COMPRESSION) as sink:
        write_groups(sink, chunks, schema, _ROW_GROUP)


def read(path: str | Path) -> Frame:
    """Read a table, with its geometry where it has one.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it is no whole Parquet file.
    """
    with opened(path) as source:
        return to_frame(source.read())


def read_chunks(path: str | Path, *, columns: Sequence[str] | None = None, rows: int = _ROW_GROUP) -> Iterator[Frame]:
    """Read a table some rows at a time, in the order of the file: equal tables of equal length have equal chunks.

    Parameters
    ----------
    path
        The table.
    columns
        The columns wanted; None: all.
    rows
        How many at a time.
    """
    with opened(path) as source:
        for batch in source.iter_batches(batch_size=rows, columns=columns):
            yield to_frame(pa.Table.from_batches([batch]))


def stretches_of(path: str | Path, key: str, *, rows: int = _ROW_GROUP) -> Iterator[tuple[str, str]]:
    """Give the first and the last key of some rows at a time of a table that is sorted by it."""
    for some in read_chunks(path, columns=[key], rows=rows):
        if len(some):
            yield str(some[key].iloc[0]), str(some[key].iloc[-1])


def read_columns(path: str | Path, columns: Sequence[str]) -> Frame:
    """Read some columns of a table, a stretch at a time: what is read and what is given never stand there twice."""
    chunks = [rows[list(columns)] for rows in read_chunks(path, columns=columns)]
    return pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame(read(path)[list(columns)])


def read_rows(path: str | Path, column: str, values: Collection[str], *, columns: Sequence[str] | None = None) -> Frame:
    """Read the rows in which a column has one of some values; row groups that hold none of them are not read."""
    asked = sorted(set(values))

    def among(keys: pa.ChunkedArray) -> pa.ChunkedArray:
        # Of a sorted table a group is asked for those values alone that it may hold, however many there are.
        ends = pc.min_max(keys)
        if not ends["min"].is_valid:
            return pa.chunked_array([pa.repeat(pa.scalar(value=False), len(keys))])
        here = asked[bisect_left(asked, ends["min"].as_py()) : bisect_right(asked, ends["max"].as_py())]
        return pc.is_in(keys.cast(pa.string()), value_set=pa.array(here, type=pa.string()))

    return _chosen(path, column, asked[0] if asked else "", asked[-1] if asked else "", among, columns)


def n_rows_of(path: str | Path) -> int:
    """Return how many rows a table has, without reading them."""
    with opened(path) as source:
        return int(source.metadata.num_rows)


def read_between(path: str | Path, key: str, low: str, high: str, *, columns: Sequence[str] | None = None) -> Frame:
    """Read the rows whose key lies between two values, these included; of a sorted table little else is read.

    Parameters
    ----------
    path
        A table on this machine, sorted by the key.
    key
        Its first column of keys.
    low, high
        The bounds.
    columns
        The columns wanted; None: all.
    """

    def inside(keys: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.and_(pc.greater_equal(keys, low), pc.less_equal(keys, high))

    return _chosen(path, key, low, high, inside, columns)


def _chosen(
    path: str | Path,
    column: str,
    low: str,
    high: str,
    keep: Callable[[pa.ChunkedArray], pa.ChunkedArray],
    columns: Sequence[str] | None,
) -> Frame:
    """Read the rows that are kept by a column of keys: no more than one row group is held besides them."""
    with opened(path) as source:
        wanted = None if columns is None else list(columns)
        parts = [
            source.schema_arrow.empty_table() if wanted is None else source.schema_arrow.empty_table().select(wanted)
        ]
        for i in _meeting(source, column, low, high):
            mask = keep(source.read_row_group(i, columns=[column])[column])
            if pc.any(mask).as_py():
                parts.append(source.read_row_group(i, columns=wanted).select(parts[0].column_names).filter(mask))
        return to_frame(pa.concat_tables(parts))


def _meeting(source: pq.ParquetFile, column: str, low: str, high: str) -> Iterator[int]:
    """Yield the row groups in which a column may have a value between two."""
    groups = [source.metadata.row_group(i) for i in range(source.metadata.num_row_groups)]
    at = [groups[0].column(j).path_in_schema for j in range(groups[0].num_columns)].index(column) if groups else 0
    for i, group in enumerate(groups):
        told = group.column(at).statistics
        if told is None or not told.has_min_max or (told.min <= high and told.max >= low):
            yield i


def _ranges(paths: Sequence[Path], table: Table, n_rows: int, range_rows: int, target: Path) -> Iterator[pa.Table]:
    """Yield the rows of all parts in ranges of the first key column, each sorted."""
    if n_rows <= range_rows:
        yield _sorted([_part(path, table) for path in paths], table)
        return
    splits = _splits(paths, table.key[0], n_rows, range_rows)
    with scratch_folder(target.with_suffix(".ranges")) as folder:
        files = [folder / f"{i}.arrow" for i in range(len(splits) + 1)]
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
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with ExitStack() as stack:
        sinks = [stack.enter_context(pa.ipc.new_stream(file, schema_of(table), options=options)) for file in files]
        for path in paths:
            rows = _part(path, table)
            at = np.searchsorted(rows[table.key[0]].to_numpy(), splits, side="left")
            for sink, (start, stop) in zip(sinks, itertools.pairwise([0, *at, len(rows)]), strict=True):
                if stop > start:
                    sink.write_table(rows.slice(start, stop - start))


def _part(path: Path, table: Table) -> pa.Table:
    return pq.read_table(path).cast(schema_of(table))


def _sorted(parts: Sequence[pa.Table], table: Table) -> pa.Table:
    rows = sort_rows(pa.concat_tables([schema_of(table).empty_table(), *parts]), table.key)
    return first_of_key(rows, table.key) if table.is_shared and len(rows) else rows
