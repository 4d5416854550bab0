"""Read canonical tables window by window: a cell reads the row groups that meet it, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fsspec
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from flexsites.errors import Fault, NotFoundError
from flexsites.tables import CRS as RD
from flexsites.tables import Frame

Bounds = tuple[float, float, float, float]

BBOX = "bbox"
"""The column that holds the bounding box of each row's geometry."""

CORNERS = ("xmin", "ymin", "xmax", "ymax")
"""Its fields."""

_CHUNK_ROWS = 262_144


def window_of(rows: Frame, reach_m: float) -> Bounds:
    """Return the window that holds all that lies within a reach of rows with geometry."""
    x0, y0, x1, y1 = (float(edge) for edge in rows.total_bounds)
    return x0 - reach_m, y0 - reach_m, x1 + reach_m, y1 + reach_m


def read_window(path: str | Path, bounds: Bounds | None = None, *, columns: Sequence[str] | None = None) -> Frame:
    """Read the rows whose bounding box meets a window, edges included; row groups that lie away are not read.

    Parameters
    ----------
    path
        A canonical file: a local path or an fsspec URL.
    bounds
        (xmin, ymin, xmax, ymax) in RD New; None: everything.
    columns
        The columns wanted; None: all. The geometry is always among them, if the table has one.

    Returns
    -------
    Frame
        In the order of the file (along the curve, then by key): the same rows in the same order for any window that
        holds them.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    try:
        footer = _footer(str(path))
        with fsspec.open(str(path), "rb") as stream:
            source = pq.ParquetFile(stream, metadata=footer.metadata)
            names = source.schema_arrow.names
            has_geometry = b"geo" in (source.schema_arrow.metadata or {})
            wanted = [n for n in names if columns is None or n in columns or (has_geometry and n in ("geometry", BBOX))]
            if bounds is None or not has_geometry:
                rows = source.read(columns=[n for n in wanted if n != BBOX])
            else:
                rows = source.read_row_groups(footer.groups_in(bounds), columns=wanted)
                rows = rows.filter(_meets(rows.column(BBOX).combine_chunks(), bounds)).drop_columns([BBOX])
    except FileNotFoundError as error:
        raise NotFoundError(Fault("no such canonical table", str(path), "prepare the inputs first")) from error
    if not has_geometry:
        return pd.DataFrame(rows.to_pandas())
    shapes = shapely.from_wkb(rows.column("geometry").to_numpy())
    plain = pd.DataFrame(rows.drop_columns(["geometry"]).to_pandas())
    return gpd.GeoDataFrame(plain, geometry=shapes, crs=RD)  # type: ignore[no-any-return]


def read_chunks(path: str | Path, *, columns: Sequence[str], rows: int = _CHUNK_ROWS) -> Iterator[Frame]:
    """Give the rows of a table with geometry in the order of the file, so many at a time: the columns and the geometry.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    try:
        with fsspec.open(str(path), "rb") as stream:
            source = pq.ParquetFile(stream)
            for batch in source.iter_batches(batch_size=rows, columns=[*columns, "geometry"]):
                plain = pd.DataFrame(pa.Table.from_batches([batch]).drop_columns(["geometry"]).to_pandas())
                shapes = shapely.from_wkb(batch.column("geometry").to_numpy(zero_copy_only=False))
                yield gpd.GeoDataFrame(plain, geometry=shapes, crs=RD)
    except FileNotFoundError as error:
        raise NotFoundError(Fault("no such canonical table", str(path), "prepare the inputs first")) from error


@dataclass(frozen=True, slots=True)
class Footer:
    """What the end of a file says.

    Attributes
    ----------
    metadata
        As pyarrow reads it.
    boxes
        Per row group the box that its rows lie in (no rows: NaN).
    empty_columns
        The columns that are null in every row.
    """

    metadata: Any
    boxes: npt.NDArray[np.float64]
    empty_columns: frozenset[str]

    def groups_in(self, bounds: Bounds) -> list[int]:
        """Return the row groups that may hold something in the window."""
        xmin, ymin, xmax, ymax = self.boxes.T
        meets = (xmin <= bounds[2]) & (xmax >= bounds[0]) & (ymin <= bounds[3]) & (ymax >= bounds[1])
        return [int(number) for number in np.flatnonzero(meets)]


def _footer(path: str) -> Footer:
    """Return a file's footer; a worker that reads many windows of a local file reads it once."""
    local = Path(path)
    if local.is_file():
        stat = local.stat()
        return _remembered_footer(path, stat.st_size, stat.st_mtime_ns)
    with fsspec.open(path, "rb") as stream:
        return _read_footer(pq.read_metadata(stream))


@lru_cache(maxsize=512)
def _remembered_footer(path: str, _size: int, _changed_ns: int) -> Footer:
    return _read_footer(pq.read_metadata(path))


def _read_footer(metadata: Any) -> Footer:  # noqa: ANN401 - pyarrow carries no types
    at = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    columns = [at[f"{BBOX}.{corner}"] for corner in CORNERS if f"{BBOX}.{corner}" in at]
    boxes = np.full((metadata.num_row_groups, 4), np.nan)
    for number in range(metadata.num_row_groups if columns else 0):
        group = metadata.row_group(number)
        told = [group.column(i).statistics for i in columns]
        if group.num_rows:
            boxes[number] = told[0].min, told[1].min, told[2].max, told[3].max
    groups = [group for n in range(metadata.num_row_groups) if (group := metadata.row_group(n)).num_rows]
    nothing = frozenset(
        name
        for name, i in at.items()
        if all((told := group.column(i).statistics) and told.null_count == group.num_rows for group in groups)
    )
    return Footer(metadata, boxes, nothing)


def empty_columns(path: str | Path) -> frozenset[str]:
    """Return the columns of a canonical file that are null in every row: their type says nothing."""
    return _footer(str(path)).empty_columns


def _meets(boxes: pa.StructArray, bounds: Bounds) -> pa.Array:
    xmin, ymin, xmax, ymax = (boxes.field(corner).to_numpy(zero_copy_only=False) for corner in CORNERS)
    return pa.array((xmin <= bounds[2]) & (xmax >= bounds[0]) & (ymin <= bounds[3]) & (ymax >= bounds[1]))
