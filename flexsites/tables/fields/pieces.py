"""Columns of pieces: their shape, their entrance, and the tests that they pass."""

from __future__ import annotations

from flexsites.tables.field import Field

piece_number = Field(
    "piece_number", "int", "the piece within its parcel, by area; both readings count from 1", low=1, format="ordinal"
)
free_id = Field(
    "free_id",
    "str",
    "id of the piece in the second reading, in which every rule that asks consent excludes: site_id#k~",
    null="that reading leaves no such piece",
    format="code",
    null_is="none",
)
is_with_consent = Field("is_with_consent", "bool", "the rules leave it, consent given: a piece of the first reading")
is_without_consent = Field(
    "is_without_consent", "bool", "it is left where no consent is given: a piece of the second reading"
)
piece_area_m2 = Field("piece_area_m2", "float", "area of the whole piece", unit="m2", low=0, kind="extensive")
core_area_m2 = Field(
    "core_area_m2",
    "float",
    "area of its core part: what lies in a large and wide enough component of the core of its land; homes stand on it",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
compactness = Field("compactness", "float", "4 pi area / perimeter^2: 1 is a circle", low=0, high=1, format="score")
road_distance_m = Field(
    "road_distance_m",
    "float",
    "length of the entrance: the shortest line from a usable street to the piece that no barrier crosses",
    null="no entrance is known",
    unit="m",
    low=0,
    source="METHOD 0",
    null_is="none",
)
access_x_m = Field(
    "access_x_m",
    "float",
    "RD x of the entrance's point on the piece",
    null="no entrance",
    unit="m",
    null_is="not_applicable",
)
access_y_m = Field(
    "access_y_m",
    "float",
    "RD y of the entrance's point on the piece",
    null="no entrance",
    unit="m",
    null_is="not_applicable",
)
farthest_interior_m = Field(
    "farthest_interior_m",
    "float",
    "straight distance from the entrance to the farthest point of the piece",
    null="no entrance",
    unit="m",
    low=0,
    null_is="not_applicable",
)
access_street_id = Field(
    "access_street_id",
    "str",
    "the street that the entrance leads to",
    null="no entrance",
    format="code",
    null_is="none",
)
approach = Field(
    "approach",
    "str",
    "the middle of the lane from the entrance through the piece to the largest room of its core part that one leads "
    "to; of a borrowed entrance from where one comes over the lender's land (WKT)",
    null="no entrance, or no lane leads to any room",
    null_is="none",
    source="METHOD 0",
)
approach_width_m = Field(
    "approach_width_m",
    "float",
    "width of that lane: that of the narrowest lane of all layouts",
    null="no such lane",
    unit="m",
    low=0,
    null_is="none",
)
needs_culvert = Field("needs_culvert", "bool", "the entrance meets water that is not wide", source="METHOD 0")
needs_right_of_way = Field(
    "needs_right_of_way", "bool", "the entrance lies over land of others that is not road land", source="METHOD 0"
)
has_borrowed_entrance = Field(
    "has_borrowed_entrance",
    "bool",
    "it has no entrance of its own and uses that of a piece of another parcel, whose core part shares an edge with its",
    source="METHOD 0",
)
core_mates = Field(
    "core_mates",
    "list",
    "other pieces that a component of its core lies on too; empty: none or no core",
)
free_core_mates = Field("free_core_mates", "list", "the same in the second reading, by free_id; empty: none or no core")
is_valid = Field("is_valid", "bool", "the piece passes every piece test, and its entrance is known")
is_unknown = Field("is_unknown", "bool", "it passes size and width; whether a street is near is not known")
failed_test = Field(
    "failed_test",
    "str",
    "the first piece test that fails",
    null="none fails",
    values=("too_small", "too_thin", "enclosed", "landlocked"),
    names="failed_test",
    null_is="not_applicable",
)
