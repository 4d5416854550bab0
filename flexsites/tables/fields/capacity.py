"""Columns of homes, parking places and layouts."""

from __future__ import annotations

from flexsites.tables.field import Field

flexmilieu = Field("flexmilieu", "str", "an id of configs/flexmilieus", names="flexmilieu")
dwelling_mix = Field("dwelling_mix", "str", "dwelling types and their shares, e.g. studio:1.00")
n_units_low = Field("n_units_low", "int", "homes on the roof, at the low bounds", low=0, kind="extensive")
n_units_expected = Field("n_units_expected", "int", "homes on the roof, at the default", low=0, kind="extensive")
n_units_high = Field("n_units_high", "int", "homes on the roof, at the high bounds", low=0, kind="extensive")
n_units_density = Field("n_units_density", "float", "homes by the density route, not rounded", low=0, kind="extensive")
n_units_layout = Field(
    "n_units_layout",
    "int",
    "homes by the layout route, counted up to what the top of the range of density asks",
    low=0,
    kind="extensive",
)
bound_by = Field(
    "bound_by",
    "str",
    "what bounds the room",
    values=("density", "layout"),
    names="bound",
)
n_parking = Field("n_parking", "int", "parking places that the norm asks of the homes of one place", low=0)
layout_kind = Field(
    "layout_kind",
    "str",
    "what stands on the polygon",
    values=("module", "stairs", "gallery", "parking", "yard", "water", "lane"),
    names="layout_kind",
)
n_stacked = Field("n_stacked", "int", "modules on each other; 0 for what is no module", low=0)
is_expected = Field("is_expected", "bool", "one of those that make up the expected number of homes and parking places")
