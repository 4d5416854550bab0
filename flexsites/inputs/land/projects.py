"""Realised projects of temporary homes: a small table of the user's own, for a back-test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flexsites.inputs.rows.own_list import MOST_HOMES, Wrong, elsewhere, no_year, numbers, read_list, refuse, said_twice
from flexsites.tables import Frame, conform
from flexsites.tables.backtest_tables import Projects

TEMPLATE = """project_id,x,y,n_homes,area_m2,year,target_group
De Groote Wielen,153000,414400,200,66667,,
An invented example,190500,507200,40,,2021,
"""
"""A table to start from: the first row is a built example (200 homes at 30 a hectare, METHOD 6; its point is about
right only), the second is invented."""

_REQUIRED = ("project_id", "x", "y", "n_homes")
_FIRST_YEAR = 1900
"""Before it nothing that is counted here was built [A]."""
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
    rows = read_list(path, _REQUIRED, command="backtest", optional=("area_m2", "year", "target_group"))
    given = dict(zip(_NAMES, numbers(rows, *_NAMES), strict=True))
    homes, area, year = given["n_homes"], given["area_m2"], given["year"]
    refuse(
        path,
        elsewhere(given["x"], given["y"]),
        Wrong(~(homes.between(0, MOST_HOMES) & (homes % 1 == 0)), "n_homes", "a whole number, 0 or more"),
        Wrong(rows["area_m2"].notna() & ~(area > 0), "area_m2", "square metres, or leave it empty"),
        no_year(rows, "year", year, _FIRST_YEAR),
        said_twice(rows, "project_id"),
    )
    named = {new: given[old] for old, new in _NAMES.items()}
    frame = pd.DataFrame({"project_id": rows["project_id"], **named, "target_group": rows["target_group"]})
    return conform(frame, Projects, where=str(path))
