"""Columns of the surfaces of a roof, and of the area that can be used."""

from __future__ import annotations

from flexsites.tables.field import Field
from flexsites.tables.fields.buildings import NO_ROOF

roof_part = Field("roof_part", "int", "a surface of the roof", low=0)
slope_deg = Field("slope_deg", "float", "angle with the horizontal", unit="deg", low=0, high=90)
roof_part_area_m2 = Field("roof_part_area_m2", "float", "area of the surface seen from above", unit="m2", low=0)
roof_part_height_m_nap = Field("roof_part_height_m_nap", "float", "mean height of the surface", unit="m")
footprint_area_m2 = Field("footprint_area_m2", "float", "area of the footprint", unit="m2", low=0, kind="extensive")
roof_flat_share = Field(
    "roof_flat_share",
    "float",
    "flat / (flat + sloped)",
    null=NO_ROOF,
    low=0,
    high=1,
    source="[R] Stec 2023",
    format="share",
)
roof_area_source = Field(
    "roof_area_source",
    "str",
    "what the flat and sloped areas rest on",
    null=NO_ROOF,
    values=("attributes", "surfaces"),
    names="roof_area_source",
)
usable_roof_area_m2 = Field(
    "usable_roof_area_m2",
    "float",
    "flat roof less setback, slender parts, small parts and installations",
    null="not known, or not measured because the flat roof is already below the minimum: see usable_roof_source",
    unit="m2",
    low=0,
    kind="extensive",
    not_of=("usable_roof_source", "below_minimum"),
)
largest_part_area_m2 = Field(
    "largest_part_area_m2",
    "float",
    "largest connected part of the usable roof: the minimum is asked of one part",
    null="not known, or not measured because the flat roof is already below the minimum: see usable_roof_source",
    unit="m2",
    low=0,
    not_of=("usable_roof_source", "below_minimum"),
)
daylit_roof_area_m2 = Field(
    "daylit_roof_area_m2",
    "float",
    "what homes are counted on: of the parts that reach the minimum, what lies near enough to a facade to have"
    " daylight. Measured on the roof's surfaces; on a footprint a lower bound: what is not flat is taken to lie there",
    null="not known, or not measured because the flat roof is already below the minimum: see usable_roof_source",
    unit="m2",
    low=0,
    kind="extensive",
    not_of=("usable_roof_source", "below_minimum"),
)
usable_roof_source = Field(
    "usable_roof_source",
    "str",
    "surfaces: measured on the roof's surfaces; footprint: on the footprint, times the flat share; below_minimum: the"
    " flat roof, or the footprint itself, is smaller than the minimum, so not measured",
    null="the roof was not reconstructed, and its footprint is large enough",
    values=("surfaces", "footprint", "below_minimum"),
    names="roof_term",
)
_NOT_MEASURED = "not known, or the roof fails on its flat share or usable area"
n_layout_low = Field(
    "n_layout_low",
    "int",
    "homes laid out on one storey, large homes",
    null=_NOT_MEASURED,
    low=0,
    not_of=("verdict", "excluded"),
)
n_layout_expected = Field(
    "n_layout_expected",
    "int",
    "homes laid out on one storey",
    null=_NOT_MEASURED,
    low=0,
    not_of=("verdict", "excluded"),
)
n_layout_high = Field(
    "n_layout_high",
    "int",
    "homes laid out on one storey, small homes",
    null=_NOT_MEASURED,
    low=0,
    not_of=("verdict", "excluded"),
)
