"""Tables larger than memory, spread over buckets by key on disk, so that what belongs together is read together.

Rows of one key are always in one bucket, whatever batch they came in. A bucket is read whole; how many there are
decides how much memory that takes. Nothing about the rows is judged here.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from flexsites.tables import Frame
from flexsites.tables.arrow import to_frame

__all__ = ["Buckets", "bucket_numbers"]

_GEOMETRY = "geometry"


def bucket_numbers(keys: pd.Series, n_buckets: int) -> NDArray[np.int64]:
    """Return the bucket of each key: the same for equal keys in any run; null is a key too.

    Examples
    --------
    >>> bucket_numbers(pd.Series(["a", "b", "a"]), 1).tolist()
    [0, 0, 0]
    >>> numbers = bucket_numbers(pd.Series(["a", "b", "a"]), 64)
    >>> bool(numbers[0] == numbers[2])
    True
    """
    hashes = np.asarray(pd.util.hash_array(keys.astype("object").to_numpy(), categorize=False), dtype=np.uint64)
    return np.asarray(hashes % np.uint64(n_buckets), dtype=np.int64)


class Buckets:
    """Rows of one table in `n` buckets below a folder; a file per batch, with a slice per bucket."""

    def __init__(self, folder: Path, n: int) -> None:
        """Prepare to take rows; the folder is made."""
        folder.mkdir(parents=True)
        self.n = n
        self._folder = folder
        self._files: list[Path] = []

    def add(self, rows: Frame, numbers: NDArray[np.int64]) -> None:
        """Add rows, each to the bucket of its number; geometry must be in RD New."""
        order = np.argsort(numbers, kind="stable")
        table = _to_arrow(rows).take(pa.array(order))
        edges = np.searchsorted(numbers[order], np.arange(self.n + 1))
        path = self._folder / f"{len(self._files):05d}.arrow"
        with pa.ipc.new_file(path, table.schema) as sink:
            for start, stop in itertools.pairwise(edges.tolist()):
                part = table.slice(start, stop - start).combine_chunks()
                sink.write_batch(part.to_batches()[0] if len(part) else _no_rows(table.schema))
        self._files.append(path)

    def read(self, number: int) -> Frame | None:
        """Return the rows of a bucket in the order in which they were added; None if it has none."""
        frames = []
        for path in self._files:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as stream:
                batch = stream.get_batch(number)
                if batch.num_rows:
                    frames.append(to_frame(pa.Table.from_batches([batch])))
        if not frames:
            return None
        joined: Frame = pd.concat(frames, ignore_index=True)
        return joined


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def _to_arrow(rows: Frame) -> pa.Table:
    arrays = {str(name): _column(rows[name]) for name in rows.columns if name != _GEOMETRY}
    if _GEOMETRY in rows:
        arrays[_GEOMETRY] = pa.array(shapely.to_wkb(rows[_GEOMETRY].to_numpy()), pa.binary())
    return pa.table(arrays)


def _column(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    """Return a column as arrow; one of several types (a number here, a word there) as text."""
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(column.astype("str"), from_pandas=True)
