"""Facilities with a capacity, the residents who share it, and what is left of it where homes may stand."""

from __future__ import annotations

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

_NO_STREET = "no way in, or no street near it"

x_m = Field("x_m", "float", "RD x", unit="m")
y_m = Field("y_m", "float", "RD y", unit="m")
facility_id = Field("facility_id", "str", "the facility, as its table names it", format="code")
facility_kind = Field("facility_kind", "str", "what kind of facility it is, as its table names it", format="code")
capacity = Field("capacity", "float", "what it offers: places, patients, hours", low=0)
resident_place = Field("resident_place", "int", "where residents are counted, in the order of their table", low=0)
n_residents = Field("n_residents", "float", "residents counted there", low=0)
n_facilities = Field(
    "n_facilities", "int", "facilities of the kind within reach", null=_NO_STREET, low=0, format="count"
)
capacity_per_1000 = Field(
    "capacity_per_1000",
    "float",
    "capacity within reach per 1,000 residents who share it (2SFCA); 0: none within reach",
    null=_NO_STREET,
    low=0,
    source="Luo and Wang (2003)",
    format="amount",
)
is_cut_off = Field(
    "is_cut_off",
    "bool",
    "streets or residents of a catchment may lie outside the data, so that more may share, or be offered, than is told",
)

Facilities = Table("Facilities", ("facility_id",), (facility_id, x_m, y_m, facility_kind, capacity))
Residents = Table("Residents", ("resident_place",), (resident_place, x_m, y_m, n_residents))
Catchment = Table(
    "Catchment",
    ("site_id", "facility_kind"),
    (f.site_id, facility_kind, n_facilities, capacity_per_1000, is_cut_off),
)
