"""Columns of parcels and of the areas that they lie in."""

from __future__ import annotations

from flexsites.tables.field import Field

parcel_area_m2 = Field(
    "parcel_area_m2", "float", "geometric area of the parcel", unit="m2", low=0, kind="extensive", source="geometry"
)
registered_area_m2 = Field(
    "registered_area_m2",
    "float",
    "area as the cadastre registers it",
    null="the register gives none",
    unit="m2",
    low=0,
    kind="extensive",
    source="Kadaster: kadastraleGrootteWaarde",
)
gemeente_code = Field(
    "gemeente_code", "str", "municipality, e.g. GM0363", null="outside every municipality given", format="code"
)
provincie_code = Field(
    "provincie_code", "str", "province, e.g. PV27", null="outside every province given", format="code"
)
buurt_code = Field("buurt_code", "str", "CBS neighbourhood", null="outside every neighbourhood given", format="code")
owner_class = Field(
    "owner_class",
    "str",
    "class of owner",
    null="ownership is not known: open parcels carry no owner",
    values=(
        "gemeente",
        "corporatie",
        "rijk",
        "waterschap",
        "provincie",
        "natuurorganisatie",
        "commercieel",
        "particulier",
        "onbekend",
    ),
    source="the user's table",
    names="owner",
)
tenure = Field(
    "tenure",
    "str",
    "right on the land",
    null="tenure is not known",
    values=("vol eigendom", "erfpacht", "opstal", "onbekend"),
    source="the user's table",
    names="tenure",
)
land_use = Field("land_use", "str", "class of land use of the parcel itself", null="the parcels carry none")
area_kind = Field(
    "area_kind",
    "str",
    "kind of administrative area",
    values=("gemeente", "provincie", "wijk", "buurt"),
    names="area_kind",
)
area_code = Field(
    "area_code", "str", "code of the area, e.g. GM0363, PV27, BU03630000", source="CBS: statcode", format="code"
)
area_name = Field("area_name", "str", "name of the area", source="CBS: statnaam")
