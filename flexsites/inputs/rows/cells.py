"""What one cell of an outside table holds: nothing, a value, or a list of values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

_LIST = re.compile(r"\{(.*)\}|\(\d+:(.*)\)", re.DOTALL)


def holds_lists(column: pd.Series) -> bool:
    """Whether a column holds lists, or the texts `{a,b}` and `(2:a,b)` in which databases and GDAL write them."""
    if isinstance(column.dtype, np.dtype) and column.dtype != np.dtype(object):
        return False
    at = column.first_valid_index()
    first = None if at is None else column.loc[at]
    return isinstance(first, (list, tuple, np.ndarray)) or (isinstance(first, str) and inside(first) != first)


def inside(text: str) -> str:
    """Return what is inside the signs in which a database writes a list, or GDAL; any other text as it is.

    Examples
    --------
    >>> inside("{a,b}"), inside("(2:a,b)"), inside("(a)")
    ('a,b', 'a,b', '(a)')
    """
    found = _LIST.fullmatch(text.strip())
    return text if found is None else str(found[1] if found[1] is not None else found[2])


def members(cell: Any) -> list[object]:  # noqa: ANN401 - a cell of an outside table
    """Return the members of a list, or of the text in which a database or GDAL writes one."""
    if is_null(cell):
        return []
    if isinstance(cell, str):
        return [part.strip().strip('"') for part in inside(cell).split(",") if part.strip()]
    return list(cell)


def is_null(value: Any) -> bool:  # noqa: ANN401 - a cell of an outside table
    """Return whether a cell holds nothing; a list holds something."""
    return value is None or (not isinstance(value, (list, tuple, np.ndarray)) and bool(pd.isna(value)))


def written(value: object) -> str:
    """Return a value as it would be written: 1.0 as 1, True as true."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
