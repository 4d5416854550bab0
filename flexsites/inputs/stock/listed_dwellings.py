"""Homes that may be split: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.tables import Frame, conform
from flexsites.tables.splitting_tables import ListedDwellings, dwelling_type

__all__ = ["DWELLINGS_TEMPLATE", "read_dwellings"]

DWELLINGS_TEMPLATE = """dwelling_id,dwelling_type,floor_area_m2,year_built
Staircase Street 1,portiekwoning,72,1958
Corner Street 2,hoekwoning,95,1931
Row Street 3,eengezinswoning,84,1964
"""
"""A table to start from; its rows are invented."""
_COLUMNS = ("dwelling_id", "dwelling_type", "floor_area_m2", "year_built")
_YEARS = (1200, 2100)


def read_dwellings(path: Path) -> Frame:
    """Read homes: dwelling_id, dwelling_type, floor_area_m2 and year_built.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, a type that is not listed, an area or a year that
        cannot be, a home said twice.
    """
    if not path.is_file():
        remedy = "write one with `flexsites splitting --template FILE.csv`"
        raise InputError(Fault("no such file", str(path), remedy))
    rows = read_text(path, str(path))
    if missing := [name for name in _COLUMNS if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    area, year = (pd.to_numeric(rows[name], errors="coerce") for name in ("floor_area_m2", "year_built"))
    is_year = year.between(*_YEARS) & (year % 1 == 0)
    types = ", ".join(dwelling_type.values)
    is_strange = rows["dwelling_type"].notna() & ~rows["dwelling_type"].isin(dwelling_type.values)
    tests = (
        (rows["floor_area_m2"].notna() & ~(area >= 0), "floor_area_m2", "square metres, or leave it empty"),
        (rows["year_built"].notna() & ~is_year, "year_built", "a year such as 1958, or leave it empty"),
        (is_strange, "dwelling_type", f"one of {types}, or leave it empty"),
        (rows["dwelling_id"].isna() | rows["dwelling_id"].duplicated(), "dwelling_id", "a name of its own for each"),
    )
    faults = [
        Fault(f"{int(wrong.sum())} rows that cannot be read", f"{path}: {name}", f"give {what}")
        for wrong, name, what in tests
        if wrong.any()
    ]
    if faults or rows.empty:
        raise InputError(faults or [Fault("it has no rows", str(path), "give at least one row")])
    told = {
        "dwelling_id": rows["dwelling_id"],
        "dwelling_type": rows["dwelling_type"],
        "dwelling_area_m2": area.astype(float),
        "dwelling_year_built": year.astype("Int64"),
    }
    return conform(pd.DataFrame(told), ListedDwellings, where=str(path))
