"""Vacant buildings, and the homes that they may hold: columns and tables (METHOD 7, after the core)."""

from __future__ import annotations

from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_NOT_GIVEN = "it is not given"
_UNKNOWN = "its floor area or its function is not given"
_FUNCTIONS = (
    "woonfunctie", "bijeenkomstfunctie", "celfunctie", "gezondheidszorgfunctie", "industriefunctie", "kantoorfunctie",
    "logiesfunctie", "onderwijsfunctie", "overige gebruiksfunctie", "sportfunctie", "winkelfunctie",
)  # fmt: skip

building_id = Field("building_id", "str", "the building, as its table names it", format="code")
building_function = Field(
    "building_function", "str", "what it was built for, as the BAG says it", null=_NOT_GIVEN, values=_FUNCTIONS,
    source="BAG: gebruiksdoel", names="function",
)  # fmt: skip
vacant_area_m2 = Field(
    "vacant_area_m2", "float", "usable floor area that stands empty", null=_NOT_GIVEN, unit="m2", low=0,
    kind="extensive",
)  # fmt: skip
transformation_outcome = Field(
    "transformation_outcome",
    "str",
    "whether homes are counted in it: homes; too_small: it is no project; no_homes: its function becomes none",
    null=_UNKNOWN,
    values=("homes", "too_small", "no_homes"),
    names="transformation_outcome",
)
n_transformed = tuple(
    Field(
        f"n_transformed_{estimate}", "int", f"homes that it may hold, {estimate}", null=_UNKNOWN, low=0,
        kind="extensive", format="count",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip

VacantBuildings = Table("VacantBuildings", ("building_id",), (building_id, building_function, vacant_area_m2))
Transformation = Table(
    "Transformation",
    ("building_id",),
    (building_id, building_function, vacant_area_m2, transformation_outcome, *n_transformed),
)
