"""Tables of the user's by BAG id: what an owner, or a register such as that of monuments, knows of buildings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.config.input_rules import input_rules
from flexsites.config.sources import Table
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.rows.numbers import plain_numbers
from flexsites.inputs.rows.selection import Unlisted
from flexsites.inputs.rows.user_table import read_table
from flexsites.inputs.rows.words import booleans
from flexsites.inputs.stock.files import bag_ids, members
from flexsites.tables import Frame
from flexsites.tables.field import Field

__all__ = ["read_by_pand"]

_EXACT = 2.0**53
"""From here on a float does not hold every integer."""


def read_by_pand(name: str, row: Table, path: Path, fields: Sequence[Field], places: Places) -> Frame:
    """Read a table of the user's by BAG id, in our types.

    Parameters
    ----------
    name
        What to name in an error.
    row
        Its configuration.
    path
        Its file.
    fields
        What may be told, in our names.
    places
        What paths refer to.

    Raises
    ------
    InputError
        If a column is not known here, a word stands for nothing of ours, or a building is told of twice.
    """
    unlisted = Unlisted()
    rows = read_table(name, row, places, unlisted).rename(columns={row.key: "bag_pand_id"})
    faults: list[Fault | str] = list(unlisted.faults(f"{name}: {path.name}"))
    known = {field.name: field for field in fields}
    unknown = sorted(set(rows.columns) - set(known))
    if unknown:
        what = f"columns that are not known here: {', '.join(unknown)}"
        faults.append(Fault(what, f"{name}: {path.name}", f"use `keep` and `rename` for some of {', '.join(known)}"))
    typed = {}
    for column in [one for one in rows.columns if one in known]:
        typed[column], wrong = _typed(rows[column], known[column].dtype)
        if wrong.any():
            ids = rows.loc[wrong, column].head(3).tolist()
            what = f"cannot be read as {known[column].dtype}"
            faults.append(Fault(what, f"{name}: {path.name}.{column}", "mend these cells", int(wrong.sum()), ids))
        if (wrong := _impossible(typed[column], known[column])).any():
            ids = rows.loc[wrong, column].head(3).tolist()
            remedy = "mend these cells, or leave empty what is not known"
            faults.append(Fault("cannot be", f"{name}: {path.name}.{column}", remedy, int(wrong.sum()), ids))
    pand_ids = bag_ids(rows["bag_pand_id"])
    for is_wrong, what in (
        (pand_ids.isna(), "identifications that are not the register's 16 digits"),
        (pand_ids.duplicated(keep=False) & pand_ids.notna(), "the same building twice"),
    ):
        if is_wrong.any():
            ids = rows.loc[is_wrong, "bag_pand_id"].head(3).tolist()
            faults.append(Fault(what, f"{name}: {path.name}", "give one row per pand", int(is_wrong.sum()), ids))
    if faults:
        raise InputError(faults)
    return pd.DataFrame(typed).assign(bag_pand_id=pand_ids)


def _impossible(column: pd.Series, field: Field) -> pd.Series[bool]:
    """Return which values of a column lie outside its bounds, are none of its words, or are no year of a building."""
    rules = input_rules()
    low, high = {
        "year_built": (float(rules.years.built_from), float(rules.years.plan_to)),
        "n_storeys": (field.low, float(rules.heights.most_storeys)),
    }.get(field.name, (field.low, field.high))
    wrong = pd.Series(data=False, index=column.index)
    if low is not None:
        wrong |= (column < low).fillna(value=False).astype(bool)
    if high is not None:
        wrong |= (column > high).fillna(value=False).astype(bool)
    if field.values:
        wrong |= column.notna() & ~column.isin(field.values)
    return wrong


def _typed(column: pd.Series, dtype: str) -> tuple[pd.Series, pd.Series]:
    """Return a column of text in our type, and which cells could not be read."""
    is_null = column.isna() | (column.astype("str").str.strip() == "")
    read: pd.Series[Any]
    if dtype == "bool":
        read, _ = booleans(column)
    elif dtype in ("int", "float"):
        numbers = plain_numbers(column)
        is_whole = (numbers % 1 == 0) & (numbers.abs() < _EXACT)
        read = numbers.where(is_whole).astype("Int64") if dtype == "int" else numbers
    elif dtype == "list":
        read = members(column).map(tuple)
    else:
        read = column.astype("str")
    return read.mask(is_null), read.isna() & ~is_null
