"""Facilities with their capacity, and where residents live: two small tables of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.tables import RD_BOUNDS, Frame, conform
from flexsites.tables.catchment_tables import Facilities, Residents

__all__ = ["FACILITIES_TEMPLATE", "RESIDENTS_TEMPLATE", "read_facilities", "read_residents"]

FACILITIES_TEMPLATE = """facility_id,x,y,kind,capacity
Practice North,190500,507200,gp,2100
Practice South,191200,506100,gp,1400
School,190900,506800,primary_school,240
"""
"""A table to start from; its rows are invented."""
RESIDENTS_TEMPLATE = """x,y,residents
190550,507150,310
190650,507150,285
"""
"""A table to start from, such as the squares of 100 m of CBS: a point, and how many live there. Invented rows."""


def read_facilities(path: Path) -> Frame:
    """Read facilities: facility_id, x and y (RD New, in metres), kind, and capacity in whatever it is counted in.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, coordinates outside the Netherlands, a capacity that
        is no number or below 0, a facility said twice.
    """
    rows = _read(path, ("facility_id", "x", "y", "kind", "capacity"))
    x, y, capacity = (pd.to_numeric(rows[name], errors="coerce") for name in ("x", "y", "capacity"))
    tests = (
        (_is_elsewhere(x, y), "x, y", "RD New, in metres"),
        (~(capacity >= 0), "capacity", "a number, 0 or more"),
        (rows["kind"].isna(), "kind", "a kind, such as gp"),
        (rows["facility_id"].isna() | rows["facility_id"].duplicated(), "facility_id", "a name of its own for each"),
    )
    faults = [
        Fault(f"{int(wrong.sum())} rows that cannot be read", f"{path}: {name}", f"give {what}")
        for wrong, name, what in tests
        if wrong.any()
    ]
    if faults:
        raise InputError(faults)
    named = {"facility_id": rows["facility_id"], "x_m": x, "y_m": y, "facility_kind": rows["kind"]}
    return conform(pd.DataFrame({**named, "capacity": capacity.astype(float)}), Facilities, where=str(path))


def read_residents(path: Path) -> Frame:
    """Read where residents live: x and y (RD New, in metres) and residents.

    Raises
    ------
    InputError
        As :func:`read_facilities`.
    """
    rows = _read(path, ("x", "y", "residents"))
    x, y, n = (pd.to_numeric(rows[name], errors="coerce") for name in ("x", "y", "residents"))
    tests = ((_is_elsewhere(x, y), "x, y", "RD New, in metres"), (~(n >= 0), "residents", "a number, 0 or more"))
    faults = [
        Fault(f"{int(wrong.sum())} rows that cannot be read", f"{path}: {name}", f"give {what}")
        for wrong, name, what in tests
        if wrong.any()
    ]
    if faults:
        raise InputError(faults)
    counted = {"resident_place": range(len(rows)), "x_m": x, "y_m": y, "n_residents": n.astype(float)}
    return conform(pd.DataFrame(counted), Residents, where=str(path))


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(Fault("no such file", str(path), "write one with `flexsites catchment --template FILE.csv`"))
    rows = read_text(path, str(path))
    if missing := [name for name in columns if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    if rows.empty:
        raise InputError(Fault("it has no rows", str(path), "give at least one row"))
    return rows


def _is_elsewhere(x: pd.Series, y: pd.Series) -> pd.Series:
    west, south, east, north = RD_BOUNDS
    return ~x.between(west, east) | ~y.between(south, north)
