"""Numbers of one kind out of columns of kinds and values: a zoning plan tells several dimensions of one area."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from flexsites.config.source_rows import Pairs
from flexsites.inputs.rows.cells import is_null, written
from flexsites.inputs.rows.numbers import Unreadable

__all__ = ["of_kind"]

_WRITTEN_PAIR = re.compile(r'"([^"]*)"\s*=\s*"([^"]*)"')
_DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)")


def of_kind(rows: pd.DataFrame, pairs: Pairs, name: str, unreadable: Unreadable) -> pd.Series[float]:
    """Return the least value of the kinds asked for, per row.

    Parameters
    ----------
    rows
        The source's rows, with the columns that `pairs` names.
    pairs
        Which columns hold kinds and values, and which kinds are asked for.
    name
        What the column is called, for what cannot be read.
    unreadable
        Takes what is no number, and rows whose kinds and values are not as many.

    Returns
    -------
        float64; null where no kind asked for is named, or where its value is empty or cannot be read.

    Examples
    --------
    >>> kinds, values = [["goothoogte", "bouwhoogte"], ["bouwhoogte"], None], [["4", "7,5"], ["11"], None]
    >>> rows = pd.DataFrame({"type": kinds, "waarde": values})
    >>> of_kind(rows, Pairs(kind="type", value="waarde", of=("bouwhoogte",)), "height_max_m", Unreadable()).tolist()
    [7.5, 11.0, nan]
    >>> rows = pd.DataFrame({"maten": ['"bouwhoogte"="9", "bebouwd (%)"="60"', "", None]})
    >>> of_kind(rows, Pairs(kind="maten", of=("Bouwhoogte",)), "height_max_m", Unreadable()).tolist()
    [9.0, nan, nan]
    """
    asked = {_plain(one) for one in pairs.of}
    at: list[int] = []
    texts: list[str] = []
    for row, (kinds, values) in enumerate(_cells(rows, pairs, name, unreadable)):
        for kind, value in zip(kinds, values, strict=True):
            if _plain(kind) in asked:
                at.append(row)
                texts.append(_DECIMAL_COMMA.sub(r"\1.\2", value.strip()))
    found = np.full(len(rows), np.inf)
    numbers = unreadable.numbers(pd.Series(texts, dtype="str"), name).to_numpy()
    is_number = ~np.isnan(numbers)
    np.minimum.at(found, np.asarray(at, dtype=np.int64)[is_number], numbers[is_number])
    return pd.Series(np.where(np.isinf(found), np.nan, found), index=rows.index)


def _plain(kind: str) -> str:
    """Return the last part of a kind that is written as a path (IMRO2006), whatever its capitals."""
    return kind.rpartition(";")[2].strip().casefold()


def _cells(
    rows: pd.DataFrame, pairs: Pairs, name: str, unreadable: Unreadable
) -> Iterator[tuple[list[str], list[str]]]:
    if pairs.value is None:
        for cell in rows[pairs.kind]:
            text = "" if is_null(cell) else str(cell)
            found = _WRITTEN_PAIR.findall(text)
            if not found and text.strip():
                unreadable.count(name, text)
            yield [kind for kind, _ in found], [value for _, value in found]
        return
    for kinds, values in zip(_texts(rows[pairs.kind]), _texts(rows[pairs.value]), strict=True):
        if len(kinds) != len(values):
            unreadable.count(name, f"{', '.join(kinds)}: {', '.join(values)}")
            yield [], []
        else:
            yield kinds, values


def _texts(column: pd.Series[Any]) -> Iterable[list[str]]:
    for cell in column:
        if is_null(cell):
            yield []
        else:
            yield [written(one) for one in (cell if isinstance(cell, (list, tuple, np.ndarray)) else [cell])]
