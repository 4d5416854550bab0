"""A small list of the user's own: read whole, or told in full what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flexsites.config.input_rules import input_rules
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.inputs.rows.numbers import plain_numbers
from flexsites.inputs.rows.words import booleans
from flexsites.tables import RD_BOUNDS

__all__ = [
    "MOST_HOMES", "Wrong", "area_or_nothing", "elsewhere", "no_year", "numbers", "or_nothing", "read_list", "refuse",
    "said_twice", "yes_no_or_nothing",
]  # fmt: skip


MOST_HOMES = 10**7
"""More than there are in the country is no number of homes of a place. [A]"""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Rows of a list that cannot be read.

    Attributes
    ----------
    rows
        Which they are.
    column
        In which column, or columns.
    remedy
        What stands there instead.
    """

    rows: pd.Series[bool]
    column: str
    remedy: str


def read_list(path: Path, columns: Sequence[str], *, command: str, optional: Sequence[str] = ()) -> pd.DataFrame:
    """Read a list as text.

    Parameters
    ----------
    path
        The file.
    columns, optional
        The columns that it must have, and those that are null where it has not.
    command
        The command that writes a list to start from.

    Raises
    ------
    InputError
        If there is no such file, a column is missing, or it has no rows.
    """
    if not path.is_file():
        remedy = f"write one with `flexsites {command} --template FILE.csv`"
        raise InputError(Fault("no such file", str(path), remedy))
    rows = read_text(path, str(path))
    if missing := [name for name in columns if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    if rows.empty:
        raise InputError(Fault("it has no rows", str(path), "give at least one row"))
    return rows.reindex(columns=list(dict.fromkeys((*rows.columns, *optional))))


def refuse(path: Path, *found: Wrong) -> None:
    """Refuse a list of which rows cannot be read.

    Raises
    ------
    InputError
        With every kind of fault, and how many rows have it.
    """
    faults = [
        Fault("cannot be read", f"{path}: {one.column}", f"give {one.remedy}", int(one.rows.sum()))
        for one in found
        if one.rows.any()
    ]
    if faults:
        raise InputError(faults)


def numbers(rows: pd.DataFrame, *names: str) -> list[pd.Series[float]]:
    """Return columns as numbers; null where there is none, or one that is infinite or may be of thousands (1.250)."""
    return [plain_numbers(rows[name]) for name in names]


def said_twice(rows: pd.DataFrame, column: str) -> Wrong:
    """Return the rows without a name of their own."""
    return Wrong(rows[column].isna() | rows[column].duplicated(), column, "a name of its own for each")


def area_or_nothing(rows: pd.DataFrame, column: str, area: pd.Series[float]) -> Wrong:
    """Return the rows that give an area which is none."""
    return Wrong(rows[column].notna() & ~(area >= 0), column, "square metres, or leave it empty")


def no_year(rows: pd.DataFrame, column: str, year: pd.Series[float], first: float) -> Wrong:
    """Return the rows that give what is no year from the first on, up to the last that a plan may have."""
    last = float(input_rules().years.plan_to)
    is_year = year.between(first, last) & (year % 1 == 0)
    remedy = f"a year from {first:.0f} to {last:.0f}, or leave it empty"
    return Wrong(rows[column].notna() & ~is_year, column, remedy)


def or_nothing(rows: pd.DataFrame, column: str, values: Sequence[str]) -> Wrong:
    """Return the rows that give a word which is not listed."""
    listed = ", ".join(values)
    return Wrong(rows[column].notna() & ~rows[column].isin(values), column, f"one of {listed}, or leave it empty")


def yes_no_or_nothing(rows: pd.DataFrame, column: str) -> Wrong:
    """Return the rows that give what is neither yes nor no."""
    return Wrong(pd.Series(booleans(rows[column])[1], index=rows.index), column, "yes or no, or leave it empty")


def elsewhere(x: pd.Series[float], y: pd.Series[float]) -> Wrong:
    """Return the rows whose point lies outside the Netherlands, or that have none."""
    west, south, east, north = RD_BOUNDS
    return Wrong(~x.between(west, east) | ~y.between(south, north), "x, y", "RD New, in metres")
