"""A user's own table: spreadsheet, text or Parquet, its columns by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flexsites.config.sources import Table
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.arrow import exact
from flexsites.inputs.formats.cells import read_text, require_exact
from flexsites.inputs.formats.files import Places, locate
from flexsites.inputs.formats.vector import Batch
from flexsites.inputs.formats.workbook import read_sheet, require_values
from flexsites.inputs.rows.selection import Unlisted, column_faults, kept_columns, matches, select

_SUFFIXES = (".parquet", ".xlsx", ".csv", ".txt", ".tsv")


def read_table(name: str, row: Table, places: Places, unlisted: Unlisted) -> pd.DataFrame:
    """Read a table without geometry (csv, xlsx, parquet): the rows and columns the mapping asks for, and its key.

    Identifications stay text: every cell of a csv or a spreadsheet is read as text first.

    Raises
    ------
    InputError
        If it cannot be read, or a column is missing.
    """
    frames = []
    for path in row.paths:
        where = f"{name} ({Path(path).name})"
        file = locate(path, places, where=name)
        raw = _read(file, row.sheet, where)
        names = tuple(map(str, raw.columns))
        faults = column_faults(row, names, (), where=where)
        if row.key not in names:
            faults.append(
                Fault(f"no column {row.key}, which `key` names", where, f"name one of its columns: {', '.join(names)}")
            )
        if faults:
            raise InputError(faults)
        kept = kept_columns(row, names)
        if Path(file).suffix.lower() == ".xlsx":
            require_values(file, row.sheet, {*kept, *row.where, row.key}, where=where)
        chosen, _ = select(Batch(raw, np.full(len(raw), None, dtype=object)), row, kept, unlisted)
        keep = np.ones(len(raw), dtype=bool)
        for column, values in row.where.items():
            keep &= matches(raw[column], values)
        keys = raw.loc[keep, row.key].astype("str").reset_index(drop=True)
        require_exact(keys, f"{where}.{row.key}")
        frames.append(chosen.columns.assign(**{row.key: keys}))
    return pd.concat(frames, ignore_index=True)


def _read(path: str, sheet: str | None, where: str) -> pd.DataFrame:
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(Fault(f"a table cannot be read from {suffix}", where, "give csv, xlsx or parquet"))
    try:
        match suffix:
            case ".parquet":
                table = pq.read_table(path)
                table.validate(full=True)  # text that is no UTF-8 would fail wherever it is first compared
                return exact(table)
            case ".xlsx":
                return read_sheet(path, sheet, where=where)
            case _:
                return read_text(path, where)
    except InputError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "export the file again")) from error
