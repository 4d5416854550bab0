"""Homeless people by type and place: a small table of the user's own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.config.homelessness import TYPES
from flexsites.config.load import available
from flexsites.inputs.rows.own_list import Wrong, numbers, or_nothing, read_list, refuse
from flexsites.tables import Frame, conform
from flexsites.tables.homelessness_tables import HomelessCounts

__all__ = ["COUNTS_TEMPLATE", "read_counts"]

COUNTS_TEMPLATE = """gemeente_code,homelessness_type,n_people,target_group,n_homes_planned
GM0166,public_space,6,,
GM0166,shelter,22,,10
GM0166,unconventional,19,,
GM0166,family_or_friends,31,,
GM0166,family_or_friends,17,bankslapers,
"""
"""A table to start from; its rows are invented."""
_COLUMNS = ("gemeente_code", "homelessness_type", "n_people")
_MOST = 10**6
"""More than there are in the country is no count of a gemeente."""


def read_counts(path: Path) -> Frame:
    """Read a count: gemeente_code, homelessness_type and n_people; where given, target_group and n_homes_planned.

    Raises
    ------
    InputError
        With every fault: no such file, a column that is missing, a code, a type or a group that there is not, a number
        that cannot be, a type of a gemeente said twice.
    """
    rows = read_list(path, _COLUMNS, command="homelessness", optional=("target_group", "n_homes_planned"))
    people, planned = numbers(rows, "n_people", "n_homes_planned")
    rows["target_group"] = rows["target_group"].astype("str")
    is_code = rows["gemeente_code"].astype("str").str.fullmatch(r"GM\d{4}").fillna(value=False).astype(bool)
    refuse(
        path,
        Wrong(~is_code, "gemeente_code", "a code such as GM0166"),
        Wrong(rows["homelessness_type"].isna(), "homelessness_type", "a type, such as shelter"),
        or_nothing(rows, "homelessness_type", TYPES),
        or_nothing(rows, "target_group", sorted(available("target_groups"))),
        _no_number(rows, "n_people", people),
        _no_number(rows, "n_homes_planned", planned),
        Wrong(
            rows.duplicated(["gemeente_code", "homelessness_type", "target_group"]),
            "homelessness_type",
            "each type and target group of a municipality once",
        ),
    )
    told = {
        "gemeente_code": rows["gemeente_code"],
        "homelessness_type": rows["homelessness_type"],
        "count_id": range(len(rows)),
        "n_people": people.astype("Int64"),
        "n_homes_planned": planned.astype("Int64"),
        "given_group": rows["target_group"],
    }
    return conform(pd.DataFrame(told), HomelessCounts, where=str(path))


def _no_number(rows: pd.DataFrame, column: str, number: pd.Series[float]) -> Wrong:
    """Return the rows that give what is no whole number."""
    is_whole = number.between(0, _MOST) & (number % 1 == 0)
    return Wrong(rows[column].notna() & ~is_whole, column, "a whole number, 0 or more, or leave it empty")
