"""Sheets of workbooks as text, whatever a workbook has become on its way."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import as_text, with_heading

_MOST_ROWS = 1_048_576
"""Rows that a sheet can have, its heading among them. Source: ECMA-376, as Excel and LibreOffice keep to it."""
_SHEETS = "xl/worksheets/"
_COMPUTED = re.compile(rb"""<(\w+:)?f[ />]|t=["']e["']""")
"""Whether a sheet has a formula, or a cell with an error, in its XML."""
_NEVER_COMPUTED = re.compile(rb"""fullCalcOnLoad=["'](1|true)["']""")
"""What a program that computes nothing writes into the workbook: its formulas hold nothing, or 0, till they are."""
_CHUNK, _LAP = 1 << 22, 16
_NOT_AVAILABLE = "#N/A"
"""What a spreadsheet writes on purpose where there is no value: null, as it says."""


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


def require_values(path: Path | str, sheet: str | None, columns: Collection[str], *, where: str) -> None:
    """Refuse a sheet in which cells of these columns have no value but should have: they would be read as empty.

    A formula has the value that a spreadsheet last gave it; a program that only writes the file gives it none, or 0 and
    a mark that all is yet to be computed.

    Parameters
    ----------
    path
        The workbook (xlsx), which can be read.
    sheet
        The name of the sheet; None: the first.
    columns
        The names of the columns that are used.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If so, with the sheet, the column and how many cells.
    """
    if not _is_computed(path):
        return
    faults = []
    remedy = "open it in a spreadsheet, mend what it cannot compute, and save it"
    for title, column, without, errors in _wrong_cells(path, sheet, columns):
        if without:
            what = f"formulas of column {column} (sheet {title}) have no value: the workbook was never computed"
            faults.append(Fault(what, where, remedy, len(without), without[:3]))
        if errors:
            what = f"column {column} (sheet {title}) holds errors where values belong"
            faults.append(Fault(what, where, remedy, len(errors), errors[:3]))
    if faults:
        raise InputError(faults)


def _wrong_cells(
    path: Path | str, sheet: str | None, columns: Collection[str]
) -> list[tuple[str, str, list[str], list[str]]]:
    """Return per column the sheet, its name, the formulas without a value and the cells that hold an error."""
    values, formulas = (_rows_of(path, sheet, data_only=one) for one in (True, False))
    (title, names), _ = next(values), next(formulas)
    found: dict[int, tuple[str, str, list[str], list[str]]]
    found = {i: (title, str(name.value), [], []) for i, name in enumerate(names) if str(name.value) in columns}
    is_new = _is_never_computed(path)
    for (_, told), (_, written) in zip(values, formulas, strict=False):
        for i, (value, formula) in enumerate(zip(told, written, strict=False)):
            if i not in found:
                continue
            if value.data_type == "e" and value.value != _NOT_AVAILABLE:
                found[i][3].append(f"{value.coordinate} {value.value}")
            elif formula.data_type == "f" and (is_new or value.value is None):
                found[i][2].append(formula.coordinate)
    return list(found.values())


def _is_computed(path: Path | str) -> bool:
    """Return whether a sheet of a workbook has formulas or errors: few have, and to look is cheap."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith(_SHEETS):
                continue
            with archive.open(name) as member:
                before = b""
                while chunk := member.read(_CHUNK):
                    if _COMPUTED.search(before + chunk):
                        return True
                    before = chunk[-_LAP:]
    return False


def _is_never_computed(path: Path | str) -> bool:
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" in archive.namelist() and bool(_NEVER_COMPUTED.search(archive.read("xl/workbook.xml")))


def _rows_of(path: Path | str, sheet: str | None, *, data_only: bool) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give the rows of a sheet as cells, each with the name of the sheet; its heading first."""
    from openpyxl import load_workbook  # noqa: PLC0415 - dear to import, and few inputs are workbooks

    book = load_workbook(path, read_only=True, data_only=data_only)
    try:
        chosen = book[sheet] if sheet else book.worksheets[0]
        for row in chosen.iter_rows(max_row=_MOST_ROWS):
            yield chosen.title, row
    finally:
        book.close()
