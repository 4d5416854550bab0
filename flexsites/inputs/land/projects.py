"""Realised projects of temporary homes: a small table of the user's own, for a back-test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.tables import RD_BOUNDS, Frame, conform
from flexsites.tables.backtest_tables import Projects

TEMPLATE = """project_id,x,y,n_homes,area_m2,year,target_group
De Groote Wielen,153000,414400,200,66667,,
An invented example,190500,507200,40,,2021,
"""
"""A table to start from: the first row is a built example (200 homes at 30 a hectare, METHOD 6; its point is about
right only), the second is invented."""

_REQUIRED = ("project_id", "x", "y", "n_homes")
_NAMES = {"x": "x_m", "y": "y_m", "n_homes": "n_homes_built", "area_m2": "built_area_m2", "year": "year_opened"}


def read_projects(path: Path) -> Frame:
    """Read realised projects.

    Parameters
    ----------
    path
        A text file with project_id, x and y (RD New, in metres) and n_homes; and, where known, area_m2, year and
        target_group.

    Raises
    ------
    InputError
        With every fault: a column that is missing, coordinates outside the Netherlands, a number that is none, a
        project said twice.
    """
    if not path.is_file():
        raise InputError(Fault("no such file", str(path), "write one with `flexsites backtest --template FILE.csv`"))
    rows = read_text(path, str(path))
    if missing := [name for name in _REQUIRED if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    for name in ("area_m2", "year", "target_group"):
        if name not in rows:
            rows[name] = None
    given = {name: pd.to_numeric(rows[name], errors="coerce") for name in _NAMES}
    west, south, east, north = RD_BOUNDS
    tests = (
        (~given["x"].between(west, east) | ~given["y"].between(south, north), "x, y", "RD New, in metres"),
        (~(given["n_homes"] >= 0), "n_homes", "a whole number"),
        (rows["area_m2"].notna() & ~(given["area_m2"] > 0), "area_m2", "square metres, or leave it empty"),
        (rows["year"].notna() & ~given["year"].between(1900, 2200), "year", "a year such as 2021, or leave it empty"),
        (rows["project_id"].isna() | rows["project_id"].duplicated(), "project_id", "a name of its own for each"),
    )
    faults = [
        Fault(f"{int(wrong.sum())} rows that cannot be read", f"{path}: {name}", f"give {what}")
        for wrong, name, what in tests
        if wrong.any()
    ]
    if faults or rows.empty:
        raise InputError(faults or [Fault("it has no rows", str(path), "give a row per project")])
    named = {new: given[old] for old, new in _NAMES.items()}
    frame = pd.DataFrame({"project_id": rows["project_id"], **named, "target_group": rows["target_group"]})
    return conform(frame, Projects, where=str(path))
