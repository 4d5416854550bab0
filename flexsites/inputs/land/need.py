"""The homes that a programme needs over the years: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.config.input_rules import input_rules
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.inputs.rows.numbers import plain_numbers
from flexsites.inputs.rows.own_list import MOST_HOMES
from flexsites.tables import Frame, conform
from flexsites.tables.relocation_tables import Needed

_COLUMNS = ("gemeente_code", "year", "n_homes")


def read_need(path: Path) -> Frame:
    """Read how many homes each gemeente needs in each year; years between two that are given take the earlier number.

    Parameters
    ----------
    path
        A text file with the columns gemeente_code, year and n_homes.

    Raises
    ------
    InputError
        With every fault: a column that is missing, a code, year or number that cannot be, a year said twice.
    """
    if not path.is_file():
        raise InputError(Fault("no such file", str(path), "give a csv with gemeente_code, year and n_homes"))
    rows = read_text(path, str(path))
    if missing := [name for name in _COLUMNS if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    year, homes = (plain_numbers(rows[name]) for name in ("year", "n_homes"))
    last = float(input_rules().years.plan_to)
    tests = (
        (~rows["gemeente_code"].str.fullmatch(r"GM\d{4}").fillna(value=False).astype(bool), "gemeente_code", "GM0363"),
        (~(year.between(1900, last) & (year % 1 == 0)), "year", "2030"),
        (~(homes.between(0, MOST_HOMES) & (homes % 1 == 0)), "n_homes", "120"),
        (rows.duplicated(["gemeente_code", "year"]), "year", "each year of a gemeente once"),
    )
    faults = [
        Fault(f"an impossible {name}", f"{path}: {name}", f"write it as {example}", int(wrong.sum()))
        for wrong, name, example in tests
        if wrong.any()
    ]
    if faults or rows.empty:
        raise InputError(faults or [Fault("it has no rows", str(path), "give a row per year")])
    given = pd.DataFrame(
        {"gemeente_code": rows["gemeente_code"], "year": year.astype("int64"), "n_homes_needed": homes.astype("int64")}
    )
    whole = [_every_year(own) for _, own in given.groupby("gemeente_code", sort=True)]
    return conform(pd.concat(whole, ignore_index=True), Needed, where=str(path))


def _every_year(own: Frame) -> Frame:
    """Return a row for every year from the first to the last."""
    indexed = own.sort_values("year").set_index("year")
    years = range(int(indexed.index.min()), int(indexed.index.max()) + 1)
    return indexed.reindex(pd.Index(years, name="year"), method="ffill").reset_index()
