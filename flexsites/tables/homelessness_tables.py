"""Homeless people by type and place, and the homes that are short: columns and tables (METHOD 5 and 9)."""

from __future__ import annotations

from dataclasses import replace

from flexsites.config.homelessness import TYPES
from flexsites.tables import demand_tables as d
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_UNKNOWN = "how many people there are is not given"

homelessness_type = Field(
    "homelessness_type",
    "str",
    "where somebody stays, by ETHOS Light: public_space; night_shelter (emergency accommodation); shelter (a temporary "
    "place for homeless people); institution (about to leave one, without a home to go to); unconventional (a car, a "
    "squat, a holiday home); family_or_friends (for the time being); and eviction (about to be evicted)",
    values=TYPES,
    source="[R] ETHOS Light, with the seventh type of the counts of Hogeschool Utrecht and KU Leuven",
    names="homelessness_type",
)
given_group = replace(
    d.target_group,
    name="given_group",
    description="the target group that the list gives, an id of configs/target_groups",
    null="none is given: that of its type",
    null_is="none",
)
n_people = Field(
    "n_people", "int", "adults who were counted; children who live with them are not", null="it is not given", low=0,
    kind="extensive", format="count",
)  # fmt: skip
n_homes_planned = Field(
    "n_homes_planned", "int", "homes that are promised to them elsewhere", null="none is given: none is subtracted",
    low=0, kind="extensive", format="count", null_is="none",
)  # fmt: skip
target_group = replace(d.target_group, description="the group as which they ask for homes: the demand of a run")
shortage_outcome = Field(
    "shortage_outcome",
    "str",
    "whether homes are short, as expected: short; enough: what is planned is enough",
    null=_UNKNOWN,
    values=("short", "enough"),
    names="shortage_outcome",
)
n_homes_short = tuple(
    Field(
        f"n_homes_short_{estimate}", "int", f"homes that are short, {estimate}: those needed less those planned",
        null=_UNKNOWN, low=0, kind="extensive", format="count",
    )
    for estimate in ("low", "expected", "high")
)  # fmt: skip

_KEY = (d.gemeente_of_demand, homelessness_type)
HomelessCounts = Table(
    "HomelessCounts",
    ("gemeente_code", "homelessness_type", "count_id"),
    (
        *_KEY,
        Field("count_id", "int", "the row of the list", low=0, format="ordinal"),
        n_people,
        n_homes_planned,
        given_group,
    ),
)
HomesShort = Table(
    "HomesShort",
    ("gemeente_code", "homelessness_type", "target_group"),
    (*_KEY, target_group, n_people, n_homes_planned, shortage_outcome, *n_homes_short),
)
