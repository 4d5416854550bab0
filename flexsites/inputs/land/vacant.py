"""Vacant buildings: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
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
    if not path.is_file():
        remedy = "write one with `flexsites transformation --template FILE.csv`"
        raise InputError(Fault("no such file", str(path), remedy))
    rows = read_text(path, str(path))
    if missing := [name for name in _COLUMNS if name not in rows]:
        raise InputError([Fault(f"no column {name}", str(path), "add it") for name in missing])
    area = pd.to_numeric(rows["floor_area_m2"], errors="coerce")
    strange = rows["function"].notna() & ~rows["function"].isin(UNIT_FUNCTIONS)
    tests = (
        (rows["floor_area_m2"].notna() & ~(area >= 0), "floor_area_m2", "square metres, or leave it empty"),
        (strange, "function", "a function of the BAG, such as kantoorfunctie, or leave it empty"),
        (rows["building_id"].isna() | rows["building_id"].duplicated(), "building_id", "a name of its own for each"),
    )
    faults = [
        Fault(f"{int(wrong.sum())} rows that cannot be read", f"{path}: {name}", f"give {what}")
        for wrong, name, what in tests
        if wrong.any()
    ]
    if faults or rows.empty:
        raise InputError(faults or [Fault("it has no rows", str(path), "give at least one row")])
    named = {"building_id": rows["building_id"], "building_function": rows["function"]}
    return conform(pd.DataFrame({**named, "vacant_area_m2": area.astype(float)}), VacantBuildings, where=str(path))
