"""Columns that say where a layer is complete."""

from __future__ import annotations

from flexsites.tables.field import Field

coverage_id = Field("coverage_id", "str", "one statement of coverage within its layer")
coverage = Field(
    "coverage",
    "str",
    "whether the source speaks about this place: covered, partly, or not",
    values=("covered", "partly", "not"),
    source="METHOD 0",
    names="coverage",
)
coverage_given = Field(
    "coverage",
    "str",
    "whether the source covers this polygon wholly or partly",
    values=("covered", "partly"),
    names="coverage",
)
covered_share = Field(
    "covered_share",
    "float",
    "share of the parcel that the source covers",
    low=0,
    high=1,
    kind="intensive",
    format="share",
)
