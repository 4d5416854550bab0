"""Back gardens in which a home may stand: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.inputs.rows.own_list import (
    Wrong,
    area_or_nothing,
    numbers,
    read_list,
    refuse,
    said_twice,
    yes_no_or_nothing,
)
from flexsites.inputs.rows.words import booleans
from flexsites.tables import Frame, conform
from flexsites.tables.gardens_tables import ListedGardens

__all__ = ["GARDENS_TEMPLATE", "read_gardens"]

GARDENS_TEMPLATE = """garden_id,is_corner,garden_area_m2,width_m,built_m2
Corner Street 2,yes,185,9.5,12
Row Street 3,no,90,5.4,8
Dyke Road 14,yes,110,6,40
"""
"""A table to start from; its rows are invented."""
_COLUMNS = ("garden_id", "is_corner", "garden_area_m2", "width_m", "built_m2")


def read_gardens(path: Path) -> Frame:
    """Read back gardens: garden_id, is_corner (yes or no), garden_area_m2, width_m and built_m2.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, an area or a width that cannot be, more built than
        there is garden, a garden said twice.
    """
    rows = read_list(path, _COLUMNS, command="gardens")
    area, width, built = numbers(rows, "garden_area_m2", "width_m", "built_m2")
    is_corner, _ = booleans(rows["is_corner"])
    refuse(
        path,
        area_or_nothing(rows, "garden_area_m2", area),
        area_or_nothing(rows, "built_m2", built),
        Wrong(built > area, "built_m2", "no more than the garden_area_m2, of which it is a part"),
        Wrong(rows["width_m"].notna() & ~(width > 0), "width_m", "metres, or leave it empty"),
        yes_no_or_nothing(rows, "is_corner"),
        said_twice(rows, "garden_id"),
    )
    told = {
        "garden_id": rows["garden_id"],
        "is_corner": is_corner,
        "garden_area_m2": area,
        "garden_width_m": width,
        "garden_built_m2": built,
    }
    return conform(pd.DataFrame(told), ListedGardens, where=str(path))
