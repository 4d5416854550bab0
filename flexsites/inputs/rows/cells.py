"""What one cell of an outside table holds: nothing, a value, or a list of values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def holds_lists(column: pd.Series) -> bool:
    """Return whether a column holds lists, or the texts `{a,b}` in which a database writes them."""
    if isinstance(column.dtype, np.dtype) and column.dtype != np.dtype(object):
        return False
    at = column.first_valid_index()
    first = None if at is None else column.loc[at]
    return isinstance(first, list | tuple | np.ndarray) or (
        isinstance(first, str) and first.startswith("{") and first.endswith("}")
    )


def members(cell: Any) -> list[object]:  # noqa: ANN401 - a cell of an outside table
    """Return the members of a list, or of the text `{a,b}` in which a database writes one."""
    if is_null(cell):
        return []
    if isinstance(cell, str):
        return [part.strip().strip('"') for part in cell.strip("{}").split(",") if part.strip()]
    return list(cell)


def is_null(value: Any) -> bool:  # noqa: ANN401 - a cell of an outside table
    """Return whether a cell holds nothing; a list holds something."""
    return value is None or (not isinstance(value, list | tuple | np.ndarray) and bool(pd.isna(value)))


def written(value: object) -> str:
    """Return a value as it would be written: 1.0 as 1, True as true."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
