"""One way to show a table: which columns, under which headings, with what written in their cells, and what they mean.

A column is written as its :class:`~flexsites.tables.field.Field` says: codes by their names, amounts in their format,
and null by what it tells about that row (unknown, none, or not applicable: empty). The workbook takes the cells as
plain numbers and texts, a page takes them written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Table
from flexsites.tables.dtypes import Dtype
from flexsites.tables.field import Field, Format, Null

Cell: TypeAlias = int | float | str
Column: TypeAlias = str | Field
"""What is shown: a column by its name, or in a way of the page's own."""
_TEXTS = ("text", "code", "list", "yes_no")
_DTYPES: dict[str, Dtype] = {"b": "bool", "i": "int", "u": "int", "f": "float"}


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column as people see it.

    Attributes
    ----------
    name
        The name in the table.
    heading, comment
        Its heading, and what it means; an empty comment where nothing defines it.
    format
        How numbers in it are written.
    cells
        Numbers as numbers, all else as text; null as the word for what it tells, empty where it does not apply.
    """

    name: str
    heading: str
    comment: str
    format: Format
    cells: Sequence[Cell]

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, which stand to the right."""
        return self.format not in _TEXTS


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as people see it.

    Attributes
    ----------
    columns
        Its columns, equally long.
    words
        The language in which a page writes its numbers.
    caption
        What it is; empty: the section says so.
    emphasis
        Indices of rows to set bold (totals).
    """

    columns: Sequence[ColumnView]
    words: Words
    caption: str = ""
    emphasis: frozenset[int] = frozenset()

    @property
    def headings(self) -> list[tuple[str, bool, str]]:
        """Per column its heading, whether it holds numbers, and what it means."""
        return [(column.heading, column.is_number, column.comment) for column in self.columns]

    @property
    def rows(self) -> list[list[str]]:
        """The rows with every cell written."""
        written = [[self.words.write(cell, column.format) for cell in column.cells] for column in self.columns]
        return [list(row) for row in zip(*written, strict=True)]


def table_view(
    frame: Frame,
    columns: Sequence[Column],
    words: Words,
    *tables: Table,
    headings: Mapping[str, str] | None = None,
    caption: str = "",
    emphasis: Iterable[int] = (),
) -> TableView:
    """Show columns of a table.

    Parameters
    ----------
    frame
        Rows; it may hold columns that are not shown but that say whether one that is shown applies.
    columns
        What is shown, in order: names, or fields where the page shows a column in its own way (an area in hectares).
    words
        The language, with the names of the run.
    tables
        Where the columns are defined; of the same name, the first. What none defines is a column of the report's own.
    headings
        Headings that are names of the run (of flexmilieus); the labels have the others.
    caption, emphasis
        See :class:`TableView`.

    Examples
    --------
    >>> from flexsites.tables import Sites
    >>> sites = pd.DataFrame({"site_id": ["a", "b", "c"], "verdict": ["eligible", "unknown", "excluded"],
    ...     "buildable_area_m2": [1234.5, 0.0, 0.0], "available_years_expected": [7.5, None, None]})
    >>> shown = table_view(sites, ["site_id", "buildable_area_m2", "available_years_expected"], Words("en"), Sites)
    >>> shown.rows
    [['a', '1,234', '7.5'], ['b', '0', 'unknown'], ['c', '0', '']]
    """
    fields = fields_of(frame, *tables)
    shown = [one if isinstance(one, Field) else fields[one] for one in columns]
    origin = {field.name: table.name for table in reversed(tables) for field in table.fields}
    built = [
        ColumnView(
            field.name,
            (headings or {}).get(field.name) or words.heading(field.name),
            words.meaning(field, origin.get(field.name, "")),
            field.written_as,
            cells(frame, field, fields, words),
        )
        for field in shown
    ]
    return TableView(built, words, caption, frozenset(emphasis))


def fields_of(frame: Frame, *tables: Table) -> dict[str, Field]:
    """Return the field of every column; one that nothing defines (an attribute of a source) by its dtype.

    A column ``name@id`` is the column ``name`` under another rule or flexmilieu.
    """
    known = SHOWN | {field.name: field for table in reversed(tables) for field in table.fields}
    found = {}
    for name in map(str, frame.columns):
        base = known.get(name.partition("@")[0])
        found[name] = Field(name, _dtype(frame[name]), "") if base is None else replace(base, name=name)
    return known | found


def _dtype(column: pd.Series[Any]) -> Dtype:
    """Return the dtype of a column as fields call it."""
    return _DTYPES.get(getattr(column.dtype, "kind", "O"), "str")


_KEPT: frozenset[type] = frozenset({str, bool, tuple})
"""Kinds of values of which a column has few different ones: each is written once."""


def cells(frame: Frame, field: Field, fields: Mapping[str, Field], words: Words) -> list[Cell]:
    """Return the cells of a column: numbers as numbers, codes by their names, nulls in words."""
    column = frame[field.name]
    nulls = null_states(frame, field, fields)
    told: dict[Null, str] = {"unknown": words.unknown, "not_applicable": ""}
    told |= {one: words.text(one) for one in ("none", "none_known", "never", "not_asked")}
    seen: dict[Any, Cell] = {}
    written: list[Cell] = []
    for value, null in zip(column.tolist(), nulls, strict=True):
        if null is not None:
            written.append(told[null])
            continue
        key = value if type(value) in _KEPT else None
        if key is None:
            written.append(_cell(value, field, words))
        else:
            if key not in seen:
                seen[key] = _cell(value, field, words)
            written.append(seen[key])
    return written


def _cell(value: Any, field: Field, words: Words) -> Cell:  # noqa: ANN401 - a cell
    """Return what one cell that is not null shows."""
    if isinstance(value, (tuple, list)):
        return ", ".join(words.entry(field.names, name) for name in entries(value))
    if isinstance(value, bool | np.bool_):
        return words.yes_no(value)
    if isinstance(value, str):
        return words.name(field.names, value) if field.names else value
    number = float(value)
    return int(number) if number.is_integer() else number


def entries(value: object) -> list[str]:
    """Return the entries of a list; none of null.

    Raises
    ------
    TypeError
        If it is a text: it would be shown as an empty list, of which it is known that there is none.

    Examples
    --------
    >>> entries(("noise", "zoning")), entries(()), entries(None)
    (['noise', 'zoning'], [], [])
    """
    if isinstance(value, str):
        raise TypeError(f"a list is a tuple of texts, not the text {value!r}")
    return [str(name) for name in value] if isinstance(value, (tuple, list)) else []


def null_states(frame: Frame, field: Field, fields: Mapping[str, Field]) -> npt.NDArray[np.object_]:
    """Return per row what null (or an empty list) tells of a column there; None where there is something.

    Examples
    --------
    >>> from flexsites.tables import Sites
    >>> by = {field.name: field for field in Sites.fields}
    >>> sites = pd.DataFrame({"verdict": ["eligible", "eligible", "excluded"], "is_suitable": [None, False, False],
    ...     "flexmilieu_first": [None, None, None]})
    >>> null_states(sites, by["flexmilieu_first"], by).tolist()
    ['unknown', 'none', 'not_applicable']
    """
    column = frame[field.name]
    states = np.full(len(frame), None, dtype=object)
    is_null = column.isna().to_numpy(dtype=bool)
    states[is_null] = field.null_is
    if field.written_as == "list":
        # An empty list says something, null does not; of a row that is not asked for it, neither does.
        told = zip(is_null, column, strict=True)
        is_empty = np.array([not null and not entries(value) for null, value in told], dtype=bool)
        states[is_empty] = field.empty_is
        is_null = is_null | is_empty
    if not is_null.any():
        return states
    if field.unknown_with is not None:
        other = field.unknown_with
        if other in frame:
            follows = null_states(frame, fields[other], fields)
            taken = is_null & np.array([one is not None for one in follows], dtype=bool)
            states[taken] = follows[taken]
        else:
            states[is_null] = "unknown"
    if field.not_of is not None and field.not_of[0] in frame:
        asked, value = field.not_of
        is_out = frame[asked].eq(value).fillna(value=False).to_numpy(dtype=bool)
        states[is_null & is_out] = "not_applicable"
    return states
