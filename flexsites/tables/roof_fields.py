"""The columns of buildings, roofs and portfolios, each once (parcels: :mod:`flexsites.tables.parcel_fields`)."""

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
_NO_HEIGHT = "no height is known for this building"
ground_height_m_nap = Field(
    "ground_height_m_nap", "float", "ground level", null=_NO_HEIGHT, unit="m", source="3DBAG: b3_h_maaiveld"
)
roof_height_m_nap = Field(
    "roof_height_m_nap", "float", "median height of the roof", null=_NO_HEIGHT, unit="m", source="3DBAG: b3_h_dak_50p"
)
building_height_m = Field(
    "building_height_m", "float", "roof less ground level", null=_NO_HEIGHT, unit="m", low=0, source="3DBAG"
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
_NO_ROOF = "the roof was not reconstructed"
roof_flat_area_m2 = Field(
    "roof_flat_area_m2", "float", "flat roof", null=_NO_ROOF, unit="m2", low=0, source="3DBAG: b3_opp_dak_plat"
)
roof_sloped_area_m2 = Field(
    "roof_sloped_area_m2", "float", "sloped roof", null=_NO_ROOF, unit="m2", low=0, source="3DBAG: b3_opp_dak_schuin"
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
roof_part = Field("roof_part", "int", "a surface of the roof", low=0)
slope_deg = Field("slope_deg", "float", "angle with the horizontal", unit="deg", low=0, high=90)
roof_part_area_m2 = Field("roof_part_area_m2", "float", "area of the surface seen from above", unit="m2", low=0)
roof_part_height_m_nap = Field("roof_part_height_m_nap", "float", "mean height of the surface", unit="m")
footprint_area_m2 = Field("footprint_area_m2", "float", "area of the footprint", unit="m2", low=0, kind="extensive")
roof_flat_share = Field(
    "roof_flat_share",
    "float",
    "flat / (flat + sloped)",
    null=_NO_ROOF,
    low=0,
    high=1,
    source="[R] Stec 2023",
    format="share",
)
roof_area_source = Field(
    "roof_area_source",
    "str",
    "what the flat and sloped areas rest on",
    null=_NO_ROOF,
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
access_height_m = Field(
    "access_height_m",
    "float",
    "front door of the first new storey above the main entrance",
    null=_NO_HEIGHT,
    unit="m",
    source="Bouwbesluit 4.4",
)
is_lift_needed = Field(
    "is_lift_needed", "bool", "the first new storey lies above the lift limit", null=_NO_HEIGHT, source="[O]"
)
is_lift_uncertain = Field(
    "is_lift_uncertain", "bool", "the first new storey lies so near the limit that measuring decides", null=_NO_HEIGHT
)
missing_evidence = Field(
    "missing_evidence",
    "list",
    "evidence that would decide and nobody gave; empty: none, or a rule fails whatever it would say",
    names="evidence",
)
failed_rules = Field("failed_rules", "list", "rules that fail on what is known; empty: none", names="rule")
age_rule = Field(
    "age_rule", "str", "the rule for the storeys to add: an id of configs/rules/optoppen", names="age_rule"
)
roof_variant = Field(
    "roof_variant", "str", "the way of topping up: an id of configs/rules/optoppen/variants.yaml", names="roof_variant"
)
_NO_VERDICT = "unknown, because evidence is missing and no rule fails without it"
n_storeys_added_low = Field("n_storeys_added_low", "int", "storeys that can be added", null=_NO_VERDICT, low=0)
n_storeys_added_expected = Field(
    "n_storeys_added_expected", "int", "storeys that can be added", null=_NO_VERDICT, low=0
)
n_storeys_added_high = Field("n_storeys_added_high", "int", "storeys that can be added", null=_NO_VERDICT, low=0)
n_roof_units_low = Field("n_units_low", "int", "homes at the low bounds", null=_NO_VERDICT, low=0, kind="extensive")
n_roof_units_expected = Field(
    "n_units_expected", "int", "homes: min(density, layout)", null=_NO_VERDICT, low=0, kind="extensive"
)
n_roof_units_high = Field("n_units_high", "int", "homes at the high bounds", null=_NO_VERDICT, low=0, kind="extensive")
n_roof_units_density = Field(
    "n_units_density",
    "int",
    "homes by area alone: floor(storeys x daylit x form factor / m2)",
    null=_NO_VERDICT,
    low=0,
    kind="extensive",
)
roof_bound_by = Field(
    "bound_by",
    "str",
    "which route bounds the expected number",
    null="no homes",
    values=("density", "layout"),
    names="bound",
    null_is="not_applicable",
    unknown_with="n_units_expected",
)
extra_floor_area_m2 = Field(
    "extra_floor_area_m2",
    "float",
    "usable floor area added, joined to the homes below or in new ones",
    null=_NO_VERDICT,
    unit="m2",
    low=0,
    kind="extensive",
)
lift_measure = Field(
    "lift_measure",
    "str",
    "none: no door above the limit; existing: a lift is there; new or demountable: to be placed; uncertain: near the"
    " limit; not_allowed: needed, and this variant places none",
    null="the height, or whether there is a lift, is not known",
    values=("none", "existing", "new", "demountable", "uncertain", "not_allowed"),
    names="roof_term",
)
outcome = Field(
    "outcome",
    "str",
    "met, failed or unknown (evidence is missing)",
    values=("met", "failed", "unknown"),
    names="rule_outcome",
)
observed = Field("observed", "float", "what the building has, in the unit of the rule", null="unknown, or no number")
limit = Field("limit", "float", "what the rule asks", null="the rule asks no number", null_is="not_applicable")
evidence = Field(
    "evidence",
    "str",
    "the evidence that is missing",
    null="none is missing",
    names="evidence",
    null_is="not_applicable",
)
complex_id = Field(
    "complex_id", "str", "neighbouring buildings of one construction: the lowest bag_pand_id of them", format="code"
)
neighbour_id = Field(
    "neighbour_id", "str", "a neighbouring building of the same construction: the higher bag_pand_id", format="code"
)
n_buildings = Field("n_buildings", "int", "buildings in the complex", low=1)
block_form = Field(
    "block_form",
    "str",
    "portiek, galerij or other, by its proportions",
    null="storeys or dwellings are not known",
    values=("portiek", "galerij", "other"),
    names="roof_term",
)
block_type = Field(
    "block_type",
    "str",
    "what its units are used for: dwellings (at least half of them), shops, offices, several of these, or none of them;"
    " counted apart",
    null="neither its functions nor its units are known",
    values=("dwellings", "shops", "offices", "mixed", "other"),
    source="METHOD 7; BAG: gebruiksdoel",
    names="roof_term",
)
is_prime_stock = Field(
    "is_prime_stock",
    "bool",
    "a post-war portiek or galerij block of a corporation",
    null="block type, year or owner is not known",
    source="[O]",
)
series_id = Field(
    "series_id",
    "str",
    "the known building that it resembles, by bag_pand_id",
    null="none resembles",
    format="code",
    null_is="none",
)
n_storeys_carried = Field("n_storeys_carried", "int", "storeys it can carry, from drawings or a calculation", low=0)
series_confidence = Field(
    "series_confidence",
    "float",
    "confidence in the resemblance",
    null="none resembles",
    low=0,
    high=1,
    format="score",
    null_is="not_applicable",
)
series_n_storeys = Field(
    "series_n_storeys",
    "int",
    "storeys that the known building of the series carries",
    null="none resembles",
    low=0,
    null_is="not_applicable",
)
address_id = Field("address_id", "str", "an address", source="BAG: nummeraanduiding or verblijfsobject", format="code")
postcode = Field("postcode", "str", "four digits and two letters", null="the register gives none", format="code")
house_number = Field("house_number", "int", "house number", null="the register gives none", low=1, format="ordinal")
house_addition = Field("house_addition", "str", "letter and addition, upper case, without separators; empty: none")
portfolio_row = Field(
    "portfolio_row", "int", "row of the portfolio file, 1 for the first below its heading", low=1, format="ordinal"
)
portfolio_key = Field("portfolio_key", "str", "what the row was looked up by, as it was written")
unmatched_reason = Field("unmatched_reason", "str", "why no building was found for the row", names="message")
