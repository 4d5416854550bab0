"""Back gardens of corner homes, and the small homes that may stand in them: columns and tables (METHOD 7)."""

from __future__ import annotations

from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_NOT_GIVEN = "it is not given"
_UNKNOWN = "what is given of the garden does not decide"

garden_id = Field("garden_id", "str", "the garden, as its list names it", format="code")
is_corner = Field("is_corner", "bool", "whether its home stands at the end of a row", null=_NOT_GIVEN)
garden_area_m2 = Field(
    "garden_area_m2", "float", "the yard behind and beside the home (achtererf), what is built on it too",
    null=_NOT_GIVEN, unit="m2", low=0, kind="extensive",
)  # fmt: skip
garden_width_m = Field(
    "garden_width_m", "float", "its width where a home would stand", null=_NOT_GIVEN, unit="m", low=0
)
garden_built_m2 = Field(
    "garden_built_m2", "float", "sheds and extensions that stand on it", null=_NOT_GIVEN, unit="m2", low=0,
    kind="extensive",
)  # fmt: skip
garden_outcome = Field(
    "garden_outcome",
    "str",
    "whether a home may stand there: fits; too_full: too little of the yard is left or may be built on, even for the "
    "smallest home; too_narrow: no home fits in its width; no_corner: its home does not stand at the end of a row",
    null=_UNKNOWN,
    values=("fits", "too_full", "too_narrow", "no_corner"),
    names="garden_outcome",
)
n_that_fit = tuple(
    Field(
        f"n_that_fit_{estimate}", "int", f"homes that fit, {estimate}: 0 or 1", null=_UNKNOWN, low=0, high=1,
        kind="extensive", format="count",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip
garden_homes = tuple(
    Field(
        f"garden_homes_{estimate}", "float",
        f"homes that fit, {estimate}, times the share of tenants who give up a part of their garden: to add up, not to "
        "read of one garden",
        null=_UNKNOWN, low=0, kind="extensive",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip

_LISTED = (garden_id, is_corner, garden_area_m2, garden_width_m, garden_built_m2)
ListedGardens = Table("ListedGardens", ("garden_id",), _LISTED)
GardenHomes = Table("GardenHomes", ("garden_id",), (*_LISTED, garden_outcome, *n_that_fit, *garden_homes))
