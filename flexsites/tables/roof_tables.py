"""The tables of buildings, roofs, complexes and portfolios; see :mod:`flexsites.tables` for those of parcels."""

from __future__ import annotations

from flexsites.tables import parcel_fields as f
from flexsites.tables import roof_fields as r
from flexsites.tables.contract import Table

Buildings = Table(
    "Buildings",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        r.year_built,
        r.pand_status,
        r.n_dwellings,
        r.n_other_units,
        r.functions,
        r.floor_area_m2,
        r.ground_height_m_nap,
        r.roof_height_m_nap,
        r.building_height_m,
        r.entrance_height_m,
        r.roof_type,
        r.roof_flat_area_m2,
        r.roof_sloped_area_m2,
        r.n_storeys,
        r.n_storeys_source,
        r.roof_quality,
        r.roof_rmse_m,
        r.roof_nodata_share,
        r.has_pv,
        r.has_plant,
        r.is_monument,
        r.has_lift,
        r.is_parking_regulated,
        f.transit_class,
        r.plan_height_limit_m,
        r.consent_share,
        f.owner_class,
        r.owner_complex_code,
        f.gemeente_code,
        f.geometry,
    ),
    "polygon",
)
RoofParts = Table(
    "RoofParts",
    ("bag_pand_id", "roof_part"),
    (
        r.bag_pand_id,
        r.roof_part,
        r.slope_deg,
        r.roof_part_area_m2,
        r.roof_part_height_m_nap,
        f.geometry,
    ),
    "polygon",
)
Roofs = Table(
    "Roofs",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        f.gemeente_code,
        f.owner_class,
        r.owner_complex_code,
        r.year_built,
        r.pand_status,
        r.n_dwellings,
        r.functions,
        r.block_type,
        r.floor_area_m2,
        r.footprint_area_m2,
        r.building_height_m,
        r.n_storeys,
        r.n_storeys_source,
        r.roof_type,
        r.roof_flat_area_m2,
        r.roof_sloped_area_m2,
        r.roof_flat_share,
        r.roof_area_source,
        r.usable_roof_area_m2,
        r.usable_roof_source,
        r.largest_part_area_m2,
        r.daylit_roof_area_m2,
        r.roof_quality,
        r.roof_rmse_m,
        r.roof_nodata_share,
        r.has_pv,
        r.has_plant,
        r.n_layout_low,
        r.n_layout_expected,
        r.n_layout_high,
        r.entrance_height_m,
        r.access_height_m,
        r.is_lift_needed,
        r.is_lift_uncertain,
        r.has_lift,
        r.is_monument,
        r.is_parking_regulated,
        f.transit_class,
        r.plan_height_limit_m,
        r.consent_share,
        f.verdict,
        r.n_roof_units_low,
        r.n_roof_units_expected,
        r.n_roof_units_high,
        r.failed_rules,
        r.missing_evidence,
        f.flags,
        f.geometry,
    ),
    "polygon",
)
RoofUnits = Table(
    "RoofUnits",
    ("bag_pand_id", "age_rule", "roof_variant"),
    (
        r.bag_pand_id,
        r.age_rule,
        r.roof_variant,
        r.block_type,
        r.roof_quality,
        f.verdict,
        r.n_storeys_added_low,
        r.n_storeys_added_expected,
        r.n_storeys_added_high,
        r.n_roof_units_low,
        r.n_roof_units_expected,
        r.n_roof_units_high,
        r.extra_floor_area_m2,
        r.lift_measure,
        r.failed_rules,
        r.missing_evidence,
    ),
)
RoofTransit = Table("RoofTransit", ("bag_pand_id",), (r.bag_pand_id, f.transit_class))
RoofReasons = Table(
    "RoofReasons",
    ("bag_pand_id", "rule_id"),
    (
        r.bag_pand_id,
        f.rule_id,
        f.effect,
        r.outcome,
        r.observed,
        r.limit,
        r.evidence,
    ),
)
Complexes = Table(
    "Complexes",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        r.complex_id,
        r.n_buildings,
        r.block_form,
        r.is_prime_stock,
    ),
)
ComplexLinks = Table(
    "ComplexLinks",
    ("bag_pand_id", "neighbour_id"),
    (
        r.bag_pand_id,
        r.neighbour_id,
    ),
)
KnownRoofs = Table(
    "KnownRoofs",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        r.n_storeys_carried,
    ),
)
References = Table(
    "References",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        r.n_storeys_carried,
        r.year_built,
        r.n_storeys,
        r.block_form,
        f.geometry,
    ),
    "polygon",
)
Lookalikes = Table(
    "Lookalikes",
    ("bag_pand_id",),
    (
        r.bag_pand_id,
        r.series_id,
        r.series_confidence,
        r.series_n_storeys,
    ),
)
Addresses = Table(
    "Addresses",
    ("address_id",),
    (
        r.address_id,
        r.bag_verblijfsobject_id,
        r.bag_pand_id,
        r.postcode,
        r.house_number,
        r.house_addition,
    ),
)
PortfolioMatches = Table(
    "PortfolioMatches",
    ("portfolio_row", "bag_pand_id"),
    (
        r.portfolio_row,
        r.portfolio_key,
        r.bag_pand_id,
        r.owner_complex_code,
    ),
)
PortfolioUnmatched = Table(
    "PortfolioUnmatched",
    ("portfolio_row",),
    (
        r.portfolio_row,
        r.portfolio_key,
        r.unmatched_reason,
    ),
)
