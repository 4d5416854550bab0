"""Homes that may be split: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.config.input_rules import input_rules
from flexsites.inputs.rows.own_list import area_or_nothing, no_year, numbers, or_nothing, read_list, refuse, said_twice
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


def read_dwellings(path: Path) -> Frame:
    """Read homes: dwelling_id, dwelling_type, floor_area_m2 and year_built.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, a type that is not listed, an area or a year that
        cannot be, a home said twice.
    """
    rows = read_list(path, _COLUMNS, command="splitting")
    area, year = numbers(rows, "floor_area_m2", "year_built")
    refuse(
        path,
        area_or_nothing(rows, "floor_area_m2", area),
        no_year(rows, "year_built", year, float(input_rules().years.built_from)),
        or_nothing(rows, "dwelling_type", dwelling_type.values),
        said_twice(rows, "dwelling_id"),
    )
    told = {
        "dwelling_id": rows["dwelling_id"],
        "dwelling_type": rows["dwelling_type"],
        "dwelling_area_m2": area,
        "dwelling_year_built": year.astype("Int64"),
    }
    return conform(pd.DataFrame(told), ListedDwellings, where=str(path))
