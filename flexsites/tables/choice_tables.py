"""What a choice between sites rests on: the parts of a score, and the sites that no other beats in all respects."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.exploitation_tables import shortfall_eur_home
from flexsites.tables.field import Field

_UNKNOWN = "the measure is unknown there, and does not count"

measured_value = replace(
    f.value, name="measured_value", format="length", null="not reached within the cut-off, or unknown: see status"
)
full_at = Field("full_at", "float", "the value from which on it counts in full", format="amount")
zero_at = Field("zero_at", "float", "the value from which on it counts for nothing", format="amount")
weight = Field("weight_share", "float", "its share of the weights that are known there", low=0, high=1, format="share")
worth = Field("worth", "float", "what the value is worth, 0 to 1", null=_UNKNOWN, low=0, high=1, format="score")
contribution = Field(
    "contribution", "float", "what it adds, worth times share: in all the score, unrounded", null=_UNKNOWN, low=0,
    high=1, format="score",
)  # fmt: skip
better_in = Field(
    "better_in",
    "list",
    "in what it is better than the best-ranked unbeaten site of the flexmilieu: consent (it needs none), score, homes, "
    "years, shortfall (per home); none: it is that site, or its equal",
    names="respect",
)

ScoreParts = Table(
    "ScoreParts",
    ("site_id", "flexmilieu", "measure"),
    (
        f.site_id,
        f.flexmilieu,
        f.measure,
        measured_value,
        f.status,
        full_at,
        zero_at,
        weight,
        worth,
        contribution,
    ),
)
ParetoSites = Table(
    "ParetoSites",
    ("site_id", "flexmilieu"),
    (
        f.site_id,
        f.flexmilieu,
        f.rank,
        better_in,
        f.verdict,
        f.score,
        f.n_per_cluster_expected,
        f.available_years_expected,
        shortfall_eur_home,
    ),
)
