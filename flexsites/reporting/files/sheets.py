"""Tables as sheets of a spreadsheet: frozen headings, number formats, names for codes, and texts that stay texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import xlsxwriter

from flexsites.reporting.words import Words, criterion_name
from flexsites.tables import Frame, demand_tables, roof_fields
from flexsites.tables import parcel_fields as fields

_MAX_ROWS = 1_048_575
A4 = 9
_PAGE_WIDTH = 190
"""Characters across a printed page of A4, landscape, at which a table is still read: about two thirds of full size."""
_DECIMAL = ("score", "score_best", "score_known_share", "compactness", "series_confidence")
_IDENTIFIERS = ("year_built", "year_from", "year_until", "rank", "order", "portfolio_row")
_NAMED = {
    "verdict": "verdict",
    "owner_class": "owner",
    "tenure": "tenure",
    "flexmilieu": "flexmilieu",
    "flexmilieu_best": "flexmilieu",
    "flexmilieu_units": "flexmilieu",
    "population": "population",
    "coverage_scope": "coverage_scope",
    "plan_coverage": "coverage",
    "provincial_coverage": "coverage",
    "effect": "effect",
    "hardness": "hardness",
    "variant": "variant",
    "age_rule": "age_rule",
    "roof_variant": "roof_variant",
    "area_kind": "area_kind",
    "quantity": "quantity",
    "bound_by": "bound",
    "target_group": "target_group",
    "demand_outcome": "demand_outcome",
    "roof_type": "roof_type",
    "roof_area_source": "roof_area_source",
}
_LISTED = {
    "restrictions": "rule",
    "flags": "rule",
    "failed_rules": "rule",
    "missing_evidence": "evidence",
    "lift_measure": "roof_term",
    "block_type": "roof_term",
    "block_form": "roof_term",
    "roof_quality": "roof_term",
    "n_storeys_source": "roof_term",
    "usable_roof_source": "roof_term",
}
# Null is not unknown here: nothing resembles the building.
_NONE = ("series_id", "series_confidence", "series_n_storeys")


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
        self.whole = book.add_format({**base, "num_format": "#,##0"})
        self.plain = book.add_format({**base, "num_format": "0"})
        self.decimal = book.add_format({**base, "num_format": "0.00"})
        self.share = book.add_format({**base, "num_format": "0.0%"})
        self.general = book.add_format({**base, "num_format": "#,##0.###"})

    def table(self, name: str, table: Frame, note: str = "") -> None:
        """Write a table as a sheet: headings frozen, each with its definition as a comment, and a filter."""
        shown = pd.DataFrame(table.drop(columns=[c for c in ("geometry",) if c in table]))
        sheet = self.book.add_worksheet(sheet_name(self.words.text(f"workbook.{name}")))
        first = 0
        if note or len(shown) > _MAX_ROWS - 2:
            sheet.write_string(0, 0, note, self.strong)
            first = 1
        known: Mapping[str, str] = self.words.texts["columns"]
        widths: list[int] = []
        for j, column in enumerate(map(str, shown.columns)):
            base, _, rule = column.partition("@")
            heading = known.get(base, base.replace("_", " ")) + (
                f", {self.words.name('age_rule', rule)}" if rule else ""
            )
            sheet.write_string(first, j, heading, self.head)
            _comment(sheet, first, j, column)
            values = [_value(self.words, column, value) for value in shown[column].head(_MAX_ROWS - first - 1)]
            for i, value in enumerate(values, first + 1):
                self._cell(sheet, i, j, column, value)
            longest = max((len(str(value)) for value in values[:500]), default=0)
            widths.append(min(max(longest + 2, 11), 44))
            sheet.set_column(j, j, widths[-1])
        sheet.set_row(first, 32)
        sheet.freeze_panes(first + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(max(1, math.ceil(sum(widths) / _PAGE_WIDTH)), 0)
        sheet.repeat_rows(first)
        sheet.repeat_columns(0)
        if len(shown.columns):
            sheet.autofilter(first, 0, first + min(len(shown), _MAX_ROWS - 2), len(shown.columns) - 1)

    def _cell(self, sheet: Any, row: int, column: int, name: str, value: object) -> None:  # noqa: ANN401
        """Write one cell in the format of its column."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(row, column, value, self._format(name))
        else:
            text = str(value)
            sheet.write_string(row, column, text, self.unknown if text == self.words.unknown else self.text)

    def _format(self, name: str) -> Any:  # noqa: ANN401
        if name in _IDENTIFIERS:
            return self.plain
        if name in _DECIMAL:
            return self.decimal
        if name.startswith("share_") or name.endswith("_share"):
            return self.share
        return self.whole if name.startswith(("n_", "change_n_")) or name.endswith("_m2") else self.general


def _value(words: Words, column: str, value: Any) -> object:  # noqa: ANN401 - a cell
    """Return what a cell shows: names for codes, the word for null, yes and no in words."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return words.text("none") if column in _NONE else words.unknown
    if isinstance(value, str):
        return _text(words, column, value)
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return words.yes_no(value)
    return float(value) if float(value) != int(value) else int(value)


def _text(words: Words, column: str, value: str) -> str:
    """Return what a cell of text shows."""
    if column in _LISTED:
        return ", ".join(_listed_name(words, _LISTED[column], name) for name in value.split("|") if name)
    if column in ("failed_criterion", "unknown_criteria", "criterion"):
        return ", ".join(criterion_name(words, name) for name in value.split("|") if name)
    if column == "population":
        spanning: Mapping[str, str] = words.texts["names"]["population"]
        return spanning.get(value) or words.name("flexmilieu", value)
    return words.name(_NAMED[column], value) if column in _NAMED else value


def _listed_name(words: Words, kind: str, name: str) -> str:
    """Return the name of one entry of a list; a flag that is itself unknown (``<id>_unknown``) says so."""
    flag = name.removesuffix("_unknown")
    return words.name(kind, name) if flag == name else f"{words.name(kind, flag)}: {words.unknown}"


def _comment(sheet: Any, row: int, column: int, name: str) -> None:  # noqa: ANN401
    """Attach the definition of a field to its heading, where the package defines it."""
    defined = next((getattr(one, name) for one in (fields, roof_fields, demand_tables) if hasattr(one, name)), None)
    if isinstance(defined, fields.Field):
        null = f" Null: {defined.null}." if defined.null else ""
        sheet.write_comment(row, column, f"{defined.name}: {defined.description}.{null}", {"x_scale": 2})


def sheet_name(text: str) -> str:
    """Return a name that a spreadsheet allows."""
    kept = "".join(c for c in text if c not in "[]:*?/\\")
    return kept[:31]
