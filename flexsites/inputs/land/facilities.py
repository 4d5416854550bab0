"""Facilities with their capacity, and where residents live: two small tables of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.inputs.rows.own_list import Wrong, elsewhere, numbers, read_list, refuse, said_twice
from flexsites.tables import Frame, conform
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
    rows = read_list(path, ("facility_id", "x", "y", "kind", "capacity"), command="catchment")
    x, y, capacity = numbers(rows, "x", "y", "capacity")
    refuse(
        path,
        elsewhere(x, y),
        Wrong(~(capacity >= 0), "capacity", "a number, 0 or more"),
        Wrong(rows["kind"].isna(), "kind", "a kind, such as gp"),
        said_twice(rows, "facility_id"),
    )
    named = {"facility_id": rows["facility_id"], "x_m": x, "y_m": y, "facility_kind": rows["kind"]}
    return conform(pd.DataFrame({**named, "capacity": capacity}), Facilities, where=str(path))


def read_residents(path: Path) -> Frame:
    """Read where residents live: x and y (RD New, in metres) and residents.

    Raises
    ------
    InputError
        As :func:`read_facilities`.
    """
    rows = read_list(path, ("x", "y", "residents"), command="catchment")
    x, y, n = numbers(rows, "x", "y", "residents")
    refuse(path, elsewhere(x, y), Wrong(~(n >= 0), "residents", "a number, 0 or more"))
    counted = {"resident_place": range(len(rows)), "x_m": x, "y_m": y, "n_residents": n}
    return conform(pd.DataFrame(counted), Residents, where=str(path))
