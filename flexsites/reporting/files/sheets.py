"""Tables as sheets of a spreadsheet: frozen headings that say what they mean, number formats, texts that stay texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from textwrap import wrap
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
_PAGES_ACROSS = 2
"""Sheets of paper that are still laid side by side; columns beyond them stay on the screen."""
_KEYS = ("geometry", "rule_coverage_id", "demand_id")
"""Columns that a sheet has only where it is asked for them: tables are joined by them, they tell a person nothing."""
LINE_PT, _ARROW = 16, 2
"""Height of a line in points, and the width in characters of the arrow of a filter."""
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
        headings: Mapping[str, str] | None = None,
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
            Which of them, in order; when not given all but the geometry and keys that no person reads.
        note
            A line above the headings. Where the rows are more than a sheet carries it tells how many are shown. Where
            less is printed than shown the head of the page tells so: no line more stands above the headings for it.
        n_rows
            How many rows there are, where ``frame`` has the first of them only.
        headings
            Those that the labels have otherwise.
        """
        sheet = self.book.add_worksheet(sheet_name(self.words.text(f"workbook.{name}")))
        shown = frame.head(int(presentation().lists.max_sheet_rows))
        n_all = len(frame) if n_rows is None else n_rows
        if len(shown) < n_all:
            counts = {"shown": self.words.number(len(shown)), "n": self.words.number(n_all)}
            note = f"{note} {self.words.text('workbook.rows_limited', **counts)}".lstrip()
        chosen = [name for name in map(str, frame.columns) if name not in _KEYS] if columns is None else columns
        view = table_view(shown, chosen, self.words, *tables, headings=headings)
        widths = [_width(column) for column in view.columns]
        paper = _Paper.of(len(shown), widths)
        if note:
            sheet.write_string(0, 0, note, self.strong)
        first = 1 if note else 0
        for j, (column, width) in enumerate(zip(view.columns, widths, strict=True)):
            self._column(sheet, first, j, column)
            sheet.set_column(j, j, width)
        sheet.set_row(first, _height(view.columns, widths))
        sheet.freeze_panes(first + 1, 1)
        if widths:
            paper.lay(sheet, first, paper.told(len(shown), len(widths), self.words))
            sheet.autofilter(first, 0, first + len(shown), len(widths) - 1)

    def _column(self, sheet: Any, first: int, j: int, column: ColumnView) -> None:  # noqa: ANN401
        """Write a column below its heading."""
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


@dataclass(frozen=True)
class _Paper:
    """What of a sheet is printed, on A4 lying down: its first rows and columns. Thousands are for a screen."""

    n_rows: int
    n_columns: int
    n_across: int

    @classmethod
    def of(cls, n_rows: int, widths: Sequence[int]) -> _Paper:
        """Return what is printed of so many rows, and columns of such widths in characters."""
        across = list(accumulate(widths))
        n_columns = max(1, sum(width <= _PAGES_ACROSS * _PAGE_WIDTH for width in across))
        width = across[n_columns - 1] if across else 0
        n_printed = min(n_rows, int(presentation().lists.max_printed_rows))
        return cls(n_printed, n_columns, max(1, math.ceil(width / _PAGE_WIDTH)))

    def told(self, n_rows: int, n_columns: int, words: Words) -> str:
        """Return what tells that not all is printed; empty: all is."""
        if self.n_rows >= n_rows and self.n_columns >= n_columns:
            return ""
        counts = {"rows": self.n_rows, "n_rows": n_rows, "columns": self.n_columns, "n_columns": n_columns}
        return words.text("workbook.printed", **{name: words.number(count) for name, count in counts.items()})

    def lay(self, sheet: Any, first: int, told: str) -> None:  # noqa: ANN401
        """Lay the sheet on paper, with what is told over every page; ``first`` is the row of its headings."""
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.print_area(0, 0, first + self.n_rows, self.n_columns - 1)
        sheet.fit_to_pages(self.n_across, 0)
        sheet.repeat_rows(first)
        sheet.repeat_columns(0)
        if told:
            sheet.set_header(f"&L{told}")
        sheet.set_footer("&L&A&R&P / &N")


def _width(column: ColumnView) -> int:
    """Return the width of a column in characters."""
    longest = max((len(str(cell)) for cell in column.cells[:500]), default=0)
    return min(max(longest + 2, 11), 44)


def _height(columns: Sequence[ColumnView], widths: Sequence[int]) -> int:
    """Return the height in points of the row of headings: bold, and beside the arrow of a filter."""
    lines = [len(wrap(one.heading, width - _ARROW)) for one, width in zip(columns, widths, strict=True)]
    return LINE_PT * max(2, *lines) if lines else LINE_PT


def sheet_name(text: str) -> str:
    """Return a name that a spreadsheet allows.

    Examples
    --------
    >>> sheet_name("Parcels [all]: eligible, conditional, unknown")
    'Parcels all eligible, condition'
    """
    kept = "".join(c for c in text if c not in "[]:*?/\\")
    return kept[:31]
