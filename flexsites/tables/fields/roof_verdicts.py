"""Columns of what a roof can carry: access, rules, storeys and homes that can be added."""

from __future__ import annotations

from flexsites.tables.field import Field
from flexsites.tables.fields.buildings import NO_HEIGHT

access_height_m = Field(
    "access_height_m",
    "float",
    "front door of the first new storey above the main entrance",
    null=NO_HEIGHT,
    unit="m",
    source="Bouwbesluit 4.4",
)
is_lift_needed = Field(
    "is_lift_needed", "bool", "the first new storey lies above the lift limit", null=NO_HEIGHT, source="[O]"
)
is_lift_uncertain = Field(
    "is_lift_uncertain", "bool", "the first new storey lies so near the limit that measuring decides", null=NO_HEIGHT
)
missing_evidence = Field(
    "missing_evidence",
    "list",
    "evidence that would decide and nobody gave; empty: none, or a rule fails whatever it would say",
    names="evidence",
)
failed_rules = Field("failed_rules", "list", "rules that fail on what is known; empty: none", names="rule")
age_rule = Field(
    "age_rule", "str", "the rule for the storeys to add: an id of configs/rules/optoppen", names="age_rule"
)
roof_variant = Field(
    "roof_variant", "str", "the way of topping up: an id of configs/rules/optoppen/variants.yaml", names="roof_variant"
)
_NO_VERDICT = "evidence is missing and no rule fails without it"
n_storeys_added_low = Field("n_storeys_added_low", "int", "storeys that can be added", null=_NO_VERDICT, low=0)
n_storeys_added_expected = Field(
    "n_storeys_added_expected", "int", "storeys that can be added", null=_NO_VERDICT, low=0
)
n_storeys_added_high = Field("n_storeys_added_high", "int", "storeys that can be added", null=_NO_VERDICT, low=0)
n_roof_units_low = Field("n_units_low", "int", "homes at the low bounds", null=_NO_VERDICT, low=0, kind="extensive")
n_roof_units_expected = Field(
    "n_units_expected",
    "int",
    "homes: floor(storeys x daylit x form factor / m2)",
    null=_NO_VERDICT,
    low=0,
    kind="extensive",
)
n_roof_units_high = Field("n_units_high", "int", "homes at the high bounds", null=_NO_VERDICT, low=0, kind="extensive")
extra_floor_area_m2 = Field(
    "extra_floor_area_m2",
    "float",
    "usable floor area added, joined to the homes below or in new ones",
    null=_NO_VERDICT,
    unit="m2",
    low=0,
    kind="extensive",
)
lift_measure = Field(
    "lift_measure",
    "str",
    "none: no door above the limit; existing: a lift is there; new or demountable: to be placed; uncertain: near the"
    " limit; not_allowed: needed, and this variant places none",
    null="the height, or whether there is a lift, is not known",
    values=("none", "existing", "new", "demountable", "uncertain", "not_allowed"),
    names="roof_term",
)
outcome = Field(
    "outcome",
    "str",
    "whether the building has what the rule names: met (no), failed (yes) or unknown (evidence is missing)",
    values=("met", "failed", "unknown"),
    names="rule_outcome",
)
observed = Field("observed", "float", "what the building has, in the unit of the rule", null="unknown, or no number")
limit = Field("limit", "float", "what the rule asks", null="the rule asks no number", null_is="not_applicable")
evidence = Field(
    "evidence",
    "str",
    "the evidence that is missing",
    null="none is missing",
    names="evidence",
    null_is="not_applicable",
)
