"""Columns of what is told of a parcel or a location: restrictions, years, what was checked, the verdict."""

from __future__ import annotations

from flexsites.tables.field import Field

restrictions = Field(
    "restrictions",
    "list",
    "restrict rules that touch it, of a parcel what counts of it (consent needed); empty: none of those whose source "
    "speaks here",
    names="rule",
    empty_is="none_known",
    not_of=("verdict", "excluded"),
)
flags = Field(
    "flags",
    "list",
    "flag rules that touch it, of a parcel what counts of it; empty: none of those whose source speaks here",
    names="rule",
    empty_is="none_known",
    not_of=("verdict", "excluded"),
)
bridged_for = Field(
    "bridged_for",
    "list",
    "flexmilieus for which a bridging variant counts land under a hard plan here: the verdict stays; empty: none",
    names="flexmilieu",
    source="METHOD 0: bridging",
)
available_years_low = Field(
    "available_years_low",
    "float",
    "max(0, min(term, plan_start - reference_date - preparation)), all plans counted, hard and soft",
    null="plan capacity is not covered here, or a plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
available_years_expected = Field(
    "available_years_expected",
    "float",
    "the same, soft plans counted from the year in which the chance that one has started reaches one half",
    null="plan capacity is not covered here, or a hard plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
available_years_high = Field(
    "available_years_high",
    "float",
    "the same, hard plans counted only",
    null="plan capacity is not covered here, or a hard plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
n_rules_checked = Field(
    "n_rules_checked",
    "int",
    "excluding rules whose source covers the parcel in full",
    low=0,
    source="METHOD 0: checked",
)
n_rules_excluding = Field("n_rules_excluding", "int", "excluding rules of the reading", low=0)
unchecked_rules = Field(
    "unchecked_rules",
    "list",
    "excluding rules whose source does not cover the parcel in full; empty: none",
    source="METHOD 0: checked",
    names="rule",
)
rule_coverage_id = Field(
    "rule_coverage_id",
    "str",
    "which rules' sources speak here: a combination of rule_coverage, the same for parcels alike in it; one without "
    "rows there: every rule's source covers the parcel in full",
    format="code",
)
plan_coverage = Field(
    "plan_coverage",
    "str",
    "whether plan capacity is known here",
    values=("covered", "partly", "not"),
    source="METHOD 1",
    names="coverage",
)
provincial_coverage = Field(
    "provincial_coverage",
    "str",
    "whether the provincial restrictions of the rule set are known here",
    values=("covered", "partly", "not"),
    source="METHOD 1",
    names="coverage",
)
n_pieces = Field("n_pieces", "int", "valid pieces of the parcel", low=0, kind="extensive")
verdict = Field(
    "verdict",
    "str",
    "excluded, unknown, conditional or eligible",
    values=("excluded", "unknown", "conditional", "eligible"),
    source="METHOD 0",
    names="verdict",
)
neighbour_piece_id = Field(
    "neighbour_piece_id", "str", "another piece of the same location: the higher piece_id", format="code"
)
entrance_street_name = Field(
    "entrance_street_name",
    "str",
    "name of the street that the entrance leads to, or else of the nearest street with a name",
    null="no street with a name is near",
)
location_x_m = Field("location_x_m", "float", "RD x of a point on the largest piece", unit="m")
location_y_m = Field("location_y_m", "float", "RD y of a point on the largest piece", unit="m")
is_cut = Field(
    "is_cut", "bool", "it goes on outside the area of the run: its core lies on a piece there too", source="METHOD 0"
)
n_location_pieces = Field("n_location_pieces", "int", "valid pieces of the location", low=1, kind="extensive")
n_location_parcels = Field("n_location_parcels", "int", "parcels with a piece of it", low=1)
eligible_area_m2 = Field(
    "eligible_area_m2", "float", "core area of its pieces on eligible parcels", unit="m2", low=0, kind="extensive"
)
conditional_area_m2 = Field(
    "conditional_area_m2", "float", "core area of its pieces on conditional parcels", unit="m2", low=0, kind="extensive"
)
unknown_area_m2 = Field(
    "unknown_area_m2",
    "float",
    "core area of its pieces where the verdict is unknown",
    unit="m2",
    low=0,
    kind="extensive",
)
owner_classes = Field(
    "owner_classes",
    "list",
    "owner classes of its parcels; a null one is told as onbekend",
    names="owner",
)
owner_class_largest = Field(
    "owner_class_largest",
    "str",
    "owner class of its largest piece",
    null="unknown: no ownership was given",
    names="owner",
)
location_id = Field(
    "location_id",
    "str",
    "group of pieces within the gap of each other and not across a barrier",
    null="of no piece is it known that it is valid",
    format="code",
    not_of=("verdict", "excluded"),
)
