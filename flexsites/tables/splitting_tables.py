"""Homes that may be split, and what they become: columns and tables (METHOD 7, after the core)."""

from __future__ import annotations

from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_NOT_GIVEN = "it is not given"
_UNKNOWN = "its type, its floor area or its year is not given"

dwelling_id = Field("dwelling_id", "str", "the home, as its list names it", format="code")
dwelling_type = Field(
    "dwelling_type",
    "str",
    "the type of home: portiekwoning (a flat on a shared staircase), eengezinswoning (a single-family home between "
    "others), hoekwoning (one at the end of a row), overig (another)",
    null=_NOT_GIVEN,
    values=("portiekwoning", "eengezinswoning", "hoekwoning", "overig"),
    names="dwelling_type",
)
dwelling_area_m2 = Field(
    "dwelling_area_m2", "float", "its usable floor area", null=_NOT_GIVEN, unit="m2", low=0, kind="extensive"
)
dwelling_year_built = Field(
    "dwelling_year_built", "int", "the year in which it was built", null=_NOT_GIVEN, format="year"
)
splitting_outcome = Field(
    "splitting_outcome",
    "str",
    "whether it may be split: may_split; too_small: even small homes do not fit; too_recent: it is not due; "
    "other_type: its type is not split",
    null=_UNKNOWN,
    values=("may_split", "too_small", "too_recent", "other_type"),
    names="splitting_outcome",
)
n_when_split = tuple(
    Field(
        f"n_when_split_{estimate}", "int", f"homes that it becomes if it is split, {estimate}; 1: it stays one",
        null=_UNKNOWN, low=1, kind="extensive", format="count",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip
extra_homes = tuple(
    Field(
        f"extra_homes_{estimate}", "float",
        f"homes more than there are, {estimate}, times the share of its type that lends itself to it: to add up, not "
        "to read of one home",
        null=_UNKNOWN, low=0, kind="extensive",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip

_LISTED = (dwelling_id, dwelling_type, dwelling_area_m2, dwelling_year_built)
ListedDwellings = Table("ListedDwellings", ("dwelling_id",), _LISTED)
Splitting = Table("Splitting", ("dwelling_id",), (*_LISTED, splitting_outcome, *n_when_split, *extra_homes))
