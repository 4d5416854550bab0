"""Vacant buildings: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.inputs.rows.own_list import Wrong, area_or_nothing, numbers, read_list, refuse, said_twice
from flexsites.inputs.stock.bag_words import UNIT_FUNCTIONS
from flexsites.tables import Frame, conform
from flexsites.tables.transformation_tables import VacantBuildings

__all__ = ["VACANT_TEMPLATE", "read_vacant"]

VACANT_TEMPLATE = """building_id,function,floor_area_m2
Office on Station Street,kantoorfunctie,2400
Old school,onderwijsfunctie,1350
"""
"""A table to start from; its rows are invented."""
_COLUMNS = ("building_id", "function", "floor_area_m2")


def read_vacant(path: Path) -> Frame:
    """Read vacant buildings: building_id, function (a gebruiksdoel of the BAG) and floor_area_m2.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, a function that the BAG does not have, an area that is
        no number or below 0, a building said twice.
    """
    rows = read_list(path, _COLUMNS, command="transformation")
    (area,) = numbers(rows, "floor_area_m2")
    strange = rows["function"].notna() & ~rows["function"].isin(UNIT_FUNCTIONS)
    refuse(
        path,
        area_or_nothing(rows, "floor_area_m2", area),
        Wrong(strange, "function", "a function of the BAG, such as kantoorfunctie, or leave it empty"),
        said_twice(rows, "building_id"),
    )
    named = {"building_id": rows["building_id"], "building_function": rows["function"]}
    return conform(pd.DataFrame({**named, "vacant_area_m2": area}), VacantBuildings, where=str(path))
