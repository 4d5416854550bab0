"""Read canonical tables window by window: a cell reads the row groups that meet it, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flexsites.tables.arrow import BBOX, CORNERS, opened, to_frame
from flexsites.tables.contract import Bounds, Frame


def window_of(rows: Frame, reach_m: float) -> Bounds:
    """Return the window that holds all that lies within a reach of rows with geometry."""
    x0, y0, x1, y1 = (float(edge) for edge in rows.total_bounds)
    return x0 - reach_m, y0 - reach_m, x1 + reach_m, y1 + reach_m


def has_boxes(path: str | Path) -> bool:
    """Return whether a file tells the bounding box of each row: what a window is read by."""
    return BBOX in _footer(str(path)).metadata.schema.to_arrow_schema().names


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
    return to_frame(window_rows(path, bounds, columns=columns))


def window_rows(path: str | Path, bounds: Bounds | None = None, *, columns: Sequence[str] | None = None) -> pa.Table:
    """Read what :func:`read_window` does, as arrow says it: geometry as WKB."""
    footer = _footer(str(path))
    with opened(path, footer.metadata) as source:
        names = source.schema_arrow.names
        has_geometry = "geometry" in names
        wanted = [n for n in names if columns is None or n in columns or (has_geometry and n in ("geometry", BBOX))]
        if bounds is None or not has_geometry:
            return source.read(columns=[n for n in wanted if n != BBOX])
        rows = source.read_row_groups(footer.groups_in(bounds), columns=wanted)
    return rows.filter(_meets(rows.column(BBOX).combine_chunks(), bounds)).drop_columns([BBOX])


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
    with opened(path) as source:
        return _read_footer(source.metadata)


@lru_cache(maxsize=512)
def _remembered_footer(path: str, _size: int, _changed_ns: int) -> Footer:
    with opened(path) as source:
        return _read_footer(source.metadata)


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
