"""The tables of a run as pages: filtered, sorted, some rows at a time, written as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.results import Results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.arrow import BBOX, to_frame
from flexsites.tables.defined import table_of

ROWS = 50
MOST_ROWS = 1000
_READ_AT_ONCE = 32_768
"""Rows that a scan passes over at a time: of few at a time the last page of a million rows took seconds."""
_AREAS = ("area_code", "provincie_code", "gemeente_code", "wijk_code", "buurt_code")
_HIDDEN = ("geometry", BBOX)


@dataclass(frozen=True)
class Page:
    """Some rows of a table.

    Attributes
    ----------
    name
        The table.
    view
        Its rows as people see them.
    columns
        The names of its columns.
    total
        How many rows the filters leave.
    offset, limit
        Which of them these are.
    filters
        Per column what was asked.
    """

    name: str
    view: TableView
    columns: list[str]
    total: int
    offset: int
    limit: int
    filters: Mapping[str, str]


def names_of(results: Results) -> list[str]:
    """Return the tables of a run, those of variants by ``variants/<id>/<table>``."""
    found = results.directory.glob("*.parquet"), results.directory.glob("variants/*/*.parquet")
    return sorted(one.relative_to(results.directory).with_suffix("").as_posix() for some in found for one in some)


def title_of(name: str, words: Words) -> str:
    """Return what a table is called; of a variant with the name of the variant.

    Examples
    --------
    >>> words = Words("nl", {("variant", "strict"): "Streng"})
    >>> title_of("totals", words), title_of("variants/strict/sites", words)
    ('Totalen', 'Percelen – Streng')
    """
    *folders, table = name.split("/")
    title = words.name("table", table)
    return f"{title} – {words.name('variant', folders[-1])}" if folders else title


def page_of(
    results: Results,
    name: str,
    words: Words,
    *,
    offset: int = 0,
    limit: int = ROWS,
    filters: Mapping[str, str] | None = None,
) -> Page:
    """Return a page of a table.

    Parameters
    ----------
    results
        The run.
    name
        One of :func:`names_of`.
    words
        The language.
    offset, limit
        Which rows; at most 1,000 at a time, and beyond the end those of the last page.
    filters
        Per column: a text that it holds as it is shown or as it is stored (upper and lower case alike), or a number, as
        the language writes it, with ``>=`` or ``<=`` before it.

    Raises
    ------
    NotFoundError
        When the run has no such table, or the table no such column.
    """
    if name not in names_of(results):
        raise NotFoundError(Fault(f"no table '{name}'", str(results.directory), "choose one that the run has"))
    rows = ds.dataset(Path(results.directory, f"{name}.parquet"), format="parquet")
    columns = [one for one in rows.schema.names if one not in _HIDDEN]
    asked = {column: text.strip() for column, text in (filters or {}).items() if text.strip()}
    if unknown := sorted(set(asked) - set(columns)):
        raise NotFoundError(Fault(f"no column {', '.join(unknown)}", name, f"choose from {', '.join(columns)}"))
    known = table_of(rows.schema)
    named = {field.name: field.names for field in known.fields} if known else {}
    condition: Any = None
    for column, text in asked.items():
        shown = "area" if column in _AREAS else named.get(column)
        one = _condition(column, rows.schema.field(column).type, text, shown, words)
        condition = one if condition is None else condition & one
    size, total = min(max(limit, 1), MOST_ROWS), rows.count_rows(filter=condition)
    at = max(offset, 0) if offset < total else max(total - 1, 0) // size * size
    scanner = rows.scanner(columns=columns, filter=condition, batch_size=_READ_AT_ONCE)
    frame = _with_names(to_frame(_slice(scanner, at, size, rows.schema, columns)), words)
    view = table_view(pd.DataFrame(frame), columns, words, *([known] if known else []))
    return Page(name, view, columns, total, at, size, asked)


def _with_names(rows: Frame, words: Words) -> Frame:
    """Return rows with the name of each area before its code, as far as the run has one."""
    names = {code: f"{name} ({code})" for (kind, code), name in words.names.items() if kind == "area"}
    areas = [column for column in map(str, rows.columns) if column in _AREAS]
    named = {column: [names.get(code, code) for code in rows[column]] for column in areas}
    return rows.assign(**named)


def _slice(scanner: Any, offset: int, limit: int, schema: pa.Schema, columns: list[str]) -> pa.Table:  # noqa: ANN401 - pyarrow carries no types
    """Return some rows of a scan, reading no further than they stand."""
    found, passed = [], 0
    for batch in scanner.to_batches():
        first, last = max(offset - passed, 0), min(offset + limit - passed, batch.num_rows)
        if last > first:
            found.append(batch.slice(first, last - first))
        passed += batch.num_rows
        if passed >= offset + limit:
            break
    return pa.Table.from_batches(found, pa.schema([schema.field(name) for name in columns]))


def _condition(column: str, kind: pa.DataType, text: str, shown: str | None, words: Words) -> Any:  # noqa: ANN401
    """Return what a column is asked, as arrow asks it; ``shown``: by which names its values are shown."""
    field = pc.field(column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        operator, number = (text[:2], text[2:]) if text[:2] in (">=", "<=") else ("", text)
        try:
            value = words.read_number(number.strip())
        except ValueError:
            fault = Fault(f"'{text}' is no number", column, "give a number, or >= or <= and a number")
            raise NotFoundError(fault) from None
        return field >= value if operator == ">=" else field <= value if operator == "<=" else field == value
    if pa.types.is_boolean(kind) and (meant := [one for one in (True, False) if words.yes_no(one) == text.casefold()]):
        return field == meant[0]
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    told = pc.binary_join(field, "|") if is_list else field.cast(pa.string())
    found = pc.match_substring(told, text, ignore_case=True)
    for key in words.keys(shown, text) if shown else ():
        # Of a list whole entries are asked: one id may be the beginning of another.
        entry = rf"(^|\|){re.escape(key)}(_unknown)?($|\|)"
        found |= pc.match_substring_regex(told, entry)
    return found
