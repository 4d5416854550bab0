"""Realised projects, and what the model says of the places where they stand: columns and tables (METHOD 9)."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_ELSEWHERE = "no parcel of the run lies there"
_NO_AREA = "the project's area is not given"

project_id = Field("project_id", "str", "the project, as its table names it", format="code")
x_m = Field("x_m", "float", "RD x of a point on the project's site", unit="m")
y_m = Field("y_m", "float", "RD y of a point on the project's site", unit="m")
n_homes_built = Field("n_homes_built", "int", "homes that were built", low=0)
built_area_m2 = Field("built_area_m2", "float", "area of the project's site", null=_NO_AREA, unit="m2", low=0)
year_opened = Field("year_opened", "int", "year in which it opened", null="it is not given", format="year")
project_group = Field("target_group", "str", "the group it is for", null="it is not given", names="target_group")
excluded_by = Field(
    "excluded_by",
    "list",
    "excluding rules and piece tests that take land there, most first; empty: none",
    names="rule",
)
best_score = Field(
    "best_score", "float", "its highest score in a flexmilieu that serves the group, or in any where no group is given",
    null="no score is known there", low=0, high=1, format="score",
)  # fmt: skip
score_share = Field(
    "score_share", "float", "share of the scored parcels of the run, in that flexmilieu, that score lower",
    null="no score is known there", low=0, high=1, format="share",
)  # fmt: skip
homes_per_ha = Field(
    "homes_per_ha", "float", "homes built per hectare of its site", null=_NO_AREA, low=0, format="count"
)
model_homes_per_ha_low = Field(
    "model_homes_per_ha_low", "float", "the lowest density of that flexmilieu", null="none", low=0, format="count"
)
model_homes_per_ha_high = Field(
    "model_homes_per_ha_high", "float", "its highest density", null="none", low=0, format="count"
)
density_outcome = Field(
    "density_outcome",
    "str",
    "whether the density that was built lies within that of the flexmilieu",
    null=_NO_AREA,
    values=("below", "within", "above"),
    names="density_outcome",
)

Projects = Table(
    "Projects", ("project_id",), (project_id, x_m, y_m, n_homes_built, built_area_m2, year_opened, project_group)
)
Backtest = Table(
    "Backtest",
    ("project_id",),
    (
        project_id,
        n_homes_built,
        year_opened,
        project_group,
        replace(f.site_id, null=_ELSEWHERE),
        replace(f.verdict, null=_ELSEWHERE),
        replace(f.is_suitable, null="unknown, or no parcel of the run lies there"),
        excluded_by,
        replace(f.flexmilieu, null="no score is known there"),
        best_score,
        score_share,
        homes_per_ha,
        model_homes_per_ha_low,
        model_homes_per_ha_high,
        density_outcome,
    ),
)
