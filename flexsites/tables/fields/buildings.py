"""Columns of buildings: what they are, how high, and what is known of them."""

from __future__ import annotations

from flexsites.tables.field import Field

bag_pand_id = Field(
    "bag_pand_id", "str", "the building: 16 digits, leading zeros kept", source="BAG: identificatie", format="code"
)
bag_verblijfsobject_id = Field(
    "bag_verblijfsobject_id", "str", "the dwelling or other unit: 16 digits", source="BAG: identificatie", format="code"
)
year_built = Field(
    "year_built",
    "int",
    "building year",
    null="not known (9999 in the register)",
    low=0,
    source="BAG: bouwjaar",
    format="year",
)
pand_status = Field(
    "pand_status",
    "str",
    "status of the building",
    null="the source gives none",
    source="BAG: status",
    names="pand_status",
)
n_dwellings = Field(
    "n_dwellings",
    "int",
    "units in use with a dwelling function; a unit in several buildings counts in one",
    null="no verblijfsobjecten were given",
    low=0,
    kind="extensive",
    source="BAG: verblijfsobject",
)
n_other_units = Field(
    "n_other_units",
    "int",
    "units in use without a dwelling function",
    null="no verblijfsobjecten were given",
    low=0,
    kind="extensive",
    source="BAG: verblijfsobject",
)
functions = Field(
    "functions",
    "list",
    "functions in the building, sorted",
    null="it has no unit, or none were given",
    names="function",
)
floor_area_m2 = Field(
    "floor_area_m2",
    "float",
    "sum of the registered areas of its units",
    null="it has no unit, or none were given",
    unit="m2",
    low=0,
    kind="extensive",
    source="BAG: oppervlakte",
)
NO_HEIGHT = "no height is known for this building"
ground_height_m_nap = Field(
    "ground_height_m_nap", "float", "ground level", null=NO_HEIGHT, unit="m", source="3DBAG: b3_h_maaiveld"
)
roof_height_m_nap = Field(
    "roof_height_m_nap", "float", "median height of the roof", null=NO_HEIGHT, unit="m", source="3DBAG: b3_h_dak_50p"
)
building_height_m = Field(
    "building_height_m", "float", "roof less ground level", null=NO_HEIGHT, unit="m", low=0, source="3DBAG"
)
entrance_height_m = Field(
    "entrance_height_m",
    "float",
    "height of the main entrance above (or below, negative) ground level",
    null="not given: taken to be at the level that the lift rules assume",
    unit="m",
    source="the owner's table",
)
roof_type = Field(
    "roof_type",
    "str",
    "type of roof in the source's words",
    null="not known",
    source="3DBAG: b3_dak_type",
    names="roof_type",
)
NO_ROOF = "the roof was not reconstructed"
roof_flat_area_m2 = Field(
    "roof_flat_area_m2", "float", "flat roof", null=NO_ROOF, unit="m2", low=0, source="3DBAG: b3_opp_dak_plat"
)
roof_sloped_area_m2 = Field(
    "roof_sloped_area_m2", "float", "sloped roof", null=NO_ROOF, unit="m2", low=0, source="3DBAG: b3_opp_dak_schuin"
)
roof_quality = Field(
    "roof_quality",
    "str",
    "what 3DBAG states of its own reconstruction: sound or doubtful (possibly incorrect); where it has no indicator, by"
    " the same formula: no overlap in the BAG, a valid model, a point cloud that covers it and is not outdated",
    null="the source states nothing that decides",
    values=("sound", "doubtful"),
    source="3DBAG: b3_kwaliteitsindicator",
    names="roof_term",
)
roof_rmse_m = Field(
    "roof_rmse_m",
    "float",
    "root mean square distance of the point cloud to the roof's model",
    null="not stated",
    unit="m",
    low=0,
    source="3DBAG: b3_rmse_lod22",
)
roof_nodata_share = Field(
    "roof_nodata_share",
    "float",
    "share of the footprint without points in the point cloud that was used",
    null="not stated, or not for that point cloud",
    low=0,
    high=1,
    source="3DBAG: b3_nodata_fractie_*, b3_pw_bron",
    format="share",
)
has_pv = Field(
    "has_pv",
    "bool",
    "solar panels on the roof",
    null="no layer of panels says anything here",
    source="a layer of the run",
)
has_plant = Field(
    "has_plant", "bool", "plant on the roof", null="no layer of plant says anything here", source="a layer of the run"
)
n_storeys = Field("n_storeys", "int", "storeys above ground", null="neither given nor to be had from a height", low=1)
n_storeys_source = Field(
    "n_storeys_source",
    "str",
    "where the storeys come from",
    null="the storeys are not known",
    values=("owner", "3dbag", "height"),
    names="roof_term",
)
is_monument = Field("is_monument", "bool", "listed", null="not known")
has_lift = Field("has_lift", "bool", "has a lift", null="not known", source="the owner's table")
is_parking_regulated = Field(
    "is_parking_regulated", "bool", "parking in the street is regulated", null="not known", source="the user's table"
)
plan_height_limit_m = Field(
    "plan_height_limit_m", "float", "height that the plan allows above ground", null="not known", unit="m", low=0
)
consent_share = Field(
    "consent_share",
    "float",
    "share of sitting tenants (or owners) that consents",
    null="not asked yet",
    low=0,
    high=1,
    format="share",
)
owner_complex_code = Field(
    "owner_complex_code",
    "str",
    "the owner's own code of the complex",
    null="none given",
    format="code",
    null_is="not_applicable",
)
