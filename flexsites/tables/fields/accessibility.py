"""Columns of measures, of walks to stops, and of the quality of public transport."""

from __future__ import annotations

from flexsites.tables.field import Field

measure = Field("measure", "str", "an id of configs/measures.yaml; its unit is in the id", names="measure")
value = Field("value", "float", "the measured value", null="not reached within the cut-off, or unknown: see status")
status = Field(
    "status",
    "str",
    "reached; unreached (searched completely, a no); unknown (no source, no timetable, edge of the data, no street)",
    values=("reached", "unreached", "unknown"),
    names="reach_status",
)
is_truncated = Field("is_truncated", "bool", "the reach leaves the extent of the data: a count is a lower bound")
why = Field("why", "str", "the reason when it is unknown", null="it is known", names="why", null_is="not_applicable")
leg_stop_id = Field("stop_id", "str", "a stop within walking reach; empty: the row stands for a place without one")
walk_distance_m = Field(
    "walk_distance_m", "float", "walk over the streets", null="the row is of a place without a stop", unit="m", low=0
)
complete_m = Field(
    "complete_m", "float", "up to this walk every stop is among the rows", null="all within reach are", unit="m", low=0
)
complete_to_m = Field(
    "complete_to_m",
    "float",
    "nothing that counts lies nearer but what was found: a limit up to here is surely missed (a travel time: min)",
    null="searched as far as the measure goes, or neither a distance nor a travel time",
    unit="m",
    low=0,
    null_is="not_applicable",
)
urbanity_class = Field(
    "urbanity_class",
    "int",
    "how urban the neighbourhood is, as parking norms ask it: 1 very strong, 5 none",
    null="not asked in this run, or the neighbourhood or its figure is not known",
    low=1,
    high=5,
    source="measure area_urbanity_class",
)
transit_class = Field(
    "transit_class",
    "str",
    "class of service quality from mode, frequency and walking distance; geen: no served stop within reach",
    null="no timetable, or the access is unknown",
    values=("A", "B", "C", "D", "E", "F", "geen"),
    source="configs/transit_classes.yaml",
    names="transit_class",
)
