"""Sheets of workbooks as text, whatever a workbook has become on its way."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import as_text, with_heading

_MOST_ROWS = 1_048_576
"""Rows that a sheet can have, its heading among them. Source: ECMA-376, as Excel and LibreOffice keep to it."""


def read_sheet(path: Path | str, sheet: str | None, *, where: str, is_empty_null: bool = True) -> pd.DataFrame:
    """Return the cells of a sheet as text, its first row as names.

    Parameters
    ----------
    path
        The workbook (xlsx).
    sheet
        The name of the sheet; None: the first.
    where
        What to name in an error.
    is_empty_null
        Whether cells that are empty, or say NA, are null; else they are texts.

    Raises
    ------
    InputError
        If it cannot be read, has no such sheet, more rows than a sheet can have, or two columns of one name.
    """
    try:
        # What lies below the last row that a sheet can have is no data: gigabytes of it would be walked through.
        cells: pd.DataFrame = pd.read_excel(
            path,
            sheet_name=sheet or 0,
            header=None,
            dtype="object",
            keep_default_na=is_empty_null,
            nrows=_MOST_ROWS + 1,
        )
    except Exception as error:  # the parts of a damaged workbook fail wherever they are met, each in its own way
        what = f"cannot be read ({type(error).__name__}: {error})"
        raise InputError(Fault(what, where, "save it again as xlsx, or as csv (utf-8)")) from error
    found = with_heading(as_text(cells), where)
    if len(found) >= _MOST_ROWS:
        raise InputError(Fault(f"the sheet has more than {_MOST_ROWS} rows", where, "give csv or parquet"))
    return found
