"""Which of several rows of one object of the BAG is the object: occurrences in time, void ones, rows that repeat it.

The register keeps every occurrence (voorkomen) of an object. Those declared void (tijdstipInactief,
aanduidingRecordInactief) never count; of the others the one that is valid on the reference date does
(beginGeldigheid <= date < eindGeldigheid), and of several such the one with the highest number.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.rows.numbers import numbers
from flexsites.inputs.stock.files import first_column
from flexsites.tables import Frame

_NUMBER = ("voorkomenidentificatie",)
_VOID = ("tijdstipinactief", "tijdstipinactieflv", "tijdstipnietbaglv", "aanduidingrecordinactief")
_BEGIN = ("begingeldigheid", "datumbegingeldigheid", "begindatumtijdvakgeldigheid")
_END = ("eindgeldigheid", "datumeindegeldigheid", "einddatumtijdvakgeldigheid")
_WRITTEN = (
    (r"^(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?:\D.*|\d{8}(?:\.0)?|\.0)?$", r"\1-\2-\3"),
    (r"^(\d{2})-(\d{2})-(\d{4})(?:\D.*)?$", r"\3-\2-\1"),
)
_NOT_VOID = ("", "n", "nee", "false", "0")

OCCURRENCE_COLUMNS = (*_NUMBER, *_VOID, *_BEGIN, *_END)
"""Columns that tell occurrences apart; read where they are there."""

VOID = "declared void in the register"
NOT_VALID = "not valid on the reference date"
EARLIER = "an earlier version of the same object"
AGAIN = "the same id again, and nothing tells which row is valid"


def why_not(rows: Frame, ids: pd.Series, row_key: pd.Series, *, where: str, on: dt.date | None) -> NDArray[np.object_]:
    """Return per row why it does not stand for its object; null: it does.

    Parameters
    ----------
    rows
        Rows of the register, names in lower case.
    ids
        Their identifications.
    row_key
        What makes two rows of one occurrence the same row (an export may give a row per pand of a unit).
    where
        What to name in an error.
    on
        The reference date; None: what has no end is valid.

    Raises
    ------
    InputError
        If a number or a day cannot be read.

    Examples
    --------
    >>> rows = pd.DataFrame({"voorkomenidentificatie": [1, 2], "tijdstipinactief": [None, "2021-05-01"]})
    >>> ids = pd.Series(["a", "a"])
    >>> why_not(rows, ids, ids, where="panden", on=None).tolist()
    [None, 'declared void in the register']
    """
    reason = np.full(len(rows), None, dtype=object)
    reason[~_is_valid(rows, where, on)] = NOT_VALID
    reason[_is_void(rows)] = VOID
    name = first_column(rows, _NUMBER)
    version = numbers(rows[name], name, where).fillna(0) if name else pd.Series(0.0, index=rows.index)
    left = pd.Series(reason == np.array(None), index=rows.index)
    highest = version.where(left).groupby(ids).transform("max")
    reason[(left & (version != highest)).to_numpy()] = EARLIER
    left &= version == highest
    last = row_key[left].drop_duplicates(keep="last").index
    is_told = any(first_column(rows, names) for names in (_NUMBER, _BEGIN))
    reason[(left & ~rows.index.isin(last)).to_numpy()] = EARLIER if is_told else AGAIN
    return reason


def _is_void(rows: Frame) -> NDArray[np.bool_]:
    is_void = np.zeros(len(rows), dtype=bool)
    for one in _VOID:
        name = first_column(rows, (one,))
        if name is not None:
            text = rows[name].astype("str").str.strip().str.lower()
            is_void |= (rows[name].notna() & ~text.isin(list(_NOT_VOID))).to_numpy(dtype=bool)
    return is_void


def _is_valid(rows: Frame, where: str, on: dt.date | None) -> NDArray[np.bool_]:
    begin, end = (_dates(rows, names, where) for names in (_BEGIN, _END))
    day = None if on is None else on.isoformat()
    has_begun = np.ones(len(rows), dtype=bool) if begin is None or day is None else (begin.isna() | (begin <= day))
    if end is None:
        return np.asarray(has_begun, dtype=bool)
    is_open = end.isna() if day is None else end.isna() | (end > day)
    return np.asarray(has_begun & is_open, dtype=bool)


def _dates(rows: Frame, names: tuple[str, ...], where: str) -> pd.Series | None:
    """Return days as ISO text, which sorts as days do; null: none. A day that cannot be read is never none.

    Older extracts write 20210501, exports for people 01-05-2021.
    """
    name = first_column(rows, names)
    if name is None:
        return None
    text = rows[name].astype("str").str.strip().where(rows[name].notna())
    text = text.mask(text == "")
    for pattern, ordered in _WRITTEN:
        text = text.str.replace(pattern, ordered, regex=True)
    # 9999-12-31, an end that never comes, is beyond the dates that pandas counts in nanoseconds.
    is_day = text.str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])").fillna(value=False).astype(bool)
    if (strange := text[text.notna() & ~is_day]).size:
        what, remedy = "values that are no day", "write days as 2026-12-31, and leave the cell of no day empty"
        raise InputError(Fault(what, f"{where}.{name}", remedy, len(strange), strange.head(3).tolist()))
    return text
