"""Tables as sheets of a spreadsheet: frozen headings that say what they mean, number formats, texts that stay texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from flexsites.reporting.presentation import presentation
from flexsites.reporting.table_view import Column, ColumnView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Table
from flexsites.tables.field import Format

A4 = 9
_PAGE_WIDTH = 190
"""Characters across a printed page of A4, landscape, at which a table is still read: about two thirds of full size."""
_NUMBERS: dict[Format, str] = {
    "count": "#,##0",
    "change": "+#,##0;−#,##0;0",
    "area": "#,##0",
    "hectares": "#,##0",
    "ordinal": "0",
    "year": "0",
    "score": "0.00",
    "share": "0.0%",
    "length": "#,##0.0",
    "term": "#,##0.0",
    "euro": "€ #,##0;−€ #,##0",
}
_OTHER_NUMBER = "#,##0.###"


class Sheets:
    """Writes tables as sheets, in one set of formats.

    Parameters
    ----------
    book
        The open workbook.
    words
        The language.
    """

    def __init__(self, book: xlsxwriter.Workbook, words: Words) -> None:
        self.book, self.words = book, words
        base = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
        self.head = book.add_format(
            {**base, "bold": True, "bg_color": "#14506a", "font_color": "#ffffff", "text_wrap": True}
        )
        self.title = book.add_format({**base, "bold": True, "font_size": 16, "font_color": "#14506a"})
        self.strong = book.add_format({**base, "bold": True})
        self.wrapped = book.add_format({**base, "text_wrap": True})
        self.warning = book.add_format({**base, "text_wrap": True, "bg_color": "#fbeee6", "font_color": "#8c3b1f"})
        self.text = book.add_format(base)
        self.unknown = book.add_format({**base, "italic": True, "font_color": "#8064a8"})
        self.number = {how: book.add_format({**base, "num_format": code}) for how, code in _NUMBERS.items()}
        self.other = book.add_format({**base, "num_format": _OTHER_NUMBER})

    def table(
        self,
        name: str,
        frame: Frame,
        *tables: Table,
        columns: Sequence[Column] | None = None,
        note: str = "",
        n_rows: int | None = None,
    ) -> None:
        """Write a table as a sheet: headings frozen, each with its meaning as a comment, and a filter.

        Parameters
        ----------
        name
            Of the sheet: a key of the labels.
        frame
            Its rows.
        tables
            Where its columns are defined.
        columns
            Which of them, in order; all but the geometry when not given.
        note
            A line above the headings. Where the rows are more than a sheet carries it tells how many are shown.
        n_rows
            How many rows there are, where ``frame`` has the first of them only.
        """
        sheet = self.book.add_worksheet(sheet_name(self.words.text(f"workbook.{name}")))
        first = 0
        shown = frame.head(int(presentation().lists.max_sheet_rows))
        n_all = len(frame) if n_rows is None else n_rows
        if len(shown) < n_all:
            counts = {"shown": self.words.number(len(shown)), "n": self.words.number(n_all)}
            note = f"{note} {self.words.text('workbook.rows_limited', **counts)}".lstrip()
        if note:
            sheet.write_string(0, 0, note, self.strong)
            first = 1
        chosen = [name for name in map(str, frame.columns) if name != "geometry"] if columns is None else columns
        view = table_view(shown, chosen, self.words, *tables)
        widths = [self._column(sheet, first, j, column) for j, column in enumerate(view.columns)]
        sheet.set_row(first, 32)
        sheet.freeze_panes(first + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(max(1, math.ceil(sum(widths) / _PAGE_WIDTH)), 0)
        sheet.repeat_rows(first)
        sheet.repeat_columns(0)
        if widths:
            sheet.autofilter(first, 0, first + len(shown), len(widths) - 1)

    def _column(self, sheet: Any, first: int, j: int, column: ColumnView) -> int:  # noqa: ANN401
        """Write a column below its heading, and return its width in characters."""
        sheet.write_string(first, j, column.heading, self.head)
        if column.comment:
            sheet.write_comment(first, j, column.comment, {"x_scale": 2})
        number = self.number.get(column.format, self.other)
        for i, cell in enumerate(column.cells, first + 1):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(i, j, cell, self.unknown if cell == self.words.unknown else self.text)
            else:
                sheet.write_number(i, j, cell, number)
        longest = max((len(str(cell)) for cell in column.cells[:500]), default=0)
        width = min(max(longest + 2, 11), 44)
        sheet.set_column(j, j, width)
        return width


def sheet_name(text: str) -> str:
    """Return a name that a spreadsheet allows.

    Examples
    --------
    >>> sheet_name("Parcels [all]: eligible, conditional, unknown")
    'Parcels all eligible, condition'
    """
    kept = "".join(c for c in text if c not in "[]:*?/\\")
    return kept[:31]
