"""Columns of rules that exclude, of their faces, and of the area that they leave."""

from __future__ import annotations

from flexsites.tables.field import Field

rules = Field(
    "rules",
    "list",
    "ids of the rules that cover this face, sorted; empty: none",
    names="rule",
)
face_area_m2 = Field("face_area_m2", "float", "area of the face", unit="m2", low=0, kind="extensive")
n_repairs = Field(
    "n_repairs",
    "int",
    "pairs of geometries repaired after a topology error while cutting the parcel; on its first face, 0 on the others",
    low=0,
    kind="extensive",
)
effect = Field(
    "effect",
    "str",
    "exclude takes area; restrict needs consent; flag marks; include lifts the rules it names; test is a piece test",
    values=("exclude", "restrict", "flag", "include", "test"),
    source="METHOD 0",
    names="effect",
)
hardness = Field(
    "hardness",
    "str",
    "hardness of the restriction",
    null="the rule has none (piece tests, includes)",
    values=("zeer_hard", "hard", "middel", "zacht"),
    source="[R] RuimteScanner",
    names="hardness",
    null_is="not_applicable",
)
covered_area_m2 = Field(
    "covered_area_m2", "float", "what the rule covers alone", unit="m2", low=0, kind="extensive", source="METHOD 0"
)
attributed_area_m2 = Field(
    "attributed_area_m2",
    "float",
    "what the rule takes first, in rule order; exclude rules and piece tests only",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
unique_area_m2 = Field(
    "unique_area_m2", "float", "what only this rule takes", unit="m2", low=0, kind="extensive", source="METHOD 0"
)
buildable_area_m2 = Field(
    "buildable_area_m2",
    "float",
    "core area of the pieces that are valid or unknown, consent or not: the parcel less all attributed area",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
buildable_without_consent_m2 = Field(
    "buildable_without_consent_m2",
    "float",
    "the same of the second reading, in which every rule that asks consent excludes; of an excluded parcel none",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
