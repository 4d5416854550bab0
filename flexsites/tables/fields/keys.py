"""Columns that name a row, and its shape."""

from __future__ import annotations

from flexsites.tables.field import Field

site_id = Field(
    "site_id", "str", "the parcel: the key of a result", source="Kadaster: identificatieLokaalID", format="code"
)
piece_id = Field(
    "piece_id", "str", "a contiguous part of a parcel that the layer rules leave: site_id#k", format="code"
)
rule_id = Field("rule_id", "str", "a rule of the run's rule set, or a piece test", names="rule")
layer = Field("layer", "str", "the source layer", format="code")
feature_id = Field("feature_id", "str", "the feature within its layer", format="code")
part = Field("part", "int", "the part of a feature that was cut on the national lattice; 0 when it was not", low=0)
geometry = Field("geometry", "geometry", "the shape, in EPSG:28992 (RD New)")
