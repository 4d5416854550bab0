"""The tables of a run, each by its fields, key and kind of geometry (roofs: :mod:`flexsites.tables.roof_tables`).

What a definition is, and the checks that a table passes, is in :mod:`flexsites.tables.contract`.
"""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Frame, Table, rows_of

# -- inputs -------------------------------------------------------------------------------------------------------
Parcels = Table(
    "Parcels",
    ("site_id",),
    (
        f.site_id,
        f.parcel_area_m2,
        f.registered_area_m2,
        f.gemeente_code,
        f.provincie_code,
        f.buurt_code,
        f.owner_class,
        f.tenure,
        f.land_use,
        f.geometry,
    ),
    "polygon",
)
Layers = Table(
    "Layers", ("layer", "feature_id", "part"), (f.layer, f.feature_id, f.part, f.geometry), "any", is_open=True
)
Coverages = Table(
    "Coverages", ("layer", "coverage_id"), (f.layer, f.coverage_id, f.coverage_given, f.geometry), "polygon"
)
Areas = Table(
    "Areas",
    ("area_kind", "area_code"),
    (f.area_kind, f.area_code, f.area_name, f.geometry),
    "polygon",
    is_open=True,
)
StreetLines = Table(
    "StreetLines",
    ("street_id",),
    (
        f.street_id,
        f.road_class,
        f.road_kind,
        f.street_name,
        f.is_roundabout,
        f.is_walk,
        f.is_bicycle,
        f.is_car,
        f.geometry,
    ),
    "line",
)
Amenities = Table(
    "Amenities", ("amenity_id",), (f.amenity_id, f.category, f.weight, f.amenity_name, f.geometry), "point"
)
Stops = Table(
    "Stops",
    ("stop_id", "mode"),
    (
        f.stop_id,
        f.mode,
        f.stop_name,
        f.n_departures_day,
        f.departures_per_hour_peak,
        f.departures_per_hour_day,
        f.departures_per_hour_evening,
        f.departures_per_hour_weekend,
        f.n_lines,
        f.n_directions,
        f.is_hub,
        f.geometry,
    ),
    "point",
)

# -- exclusion ----------------------------------------------------------------------------------------------------
Faces = Table("Faces", ("site_id", "rules"), (f.site_id, f.rules, f.face_area_m2, f.n_repairs, f.geometry), "polygon")
Pieces = Table(
    "Pieces",
    ("piece_id",),
    (
        f.piece_id,
        f.site_id,
        f.piece_number,
        f.free_id,
        f.is_with_consent,
        f.is_without_consent,
        f.piece_area_m2,
        f.core_area_m2,
        f.compactness,
        f.road_distance_m,
        f.access_x_m,
        f.access_y_m,
        f.farthest_interior_m,
        f.access_street_id,
        f.approach,
        f.approach_width_m,
        f.needs_culvert,
        f.needs_right_of_way,
        f.has_borrowed_entrance,
        f.core_mates,
        f.free_core_mates,
        f.is_valid,
        f.is_unknown,
        f.failed_test,
        f.restrictions,
        f.flags,
        f.available_years_low,
        f.available_years_expected,
        f.available_years_high,
        f.plan_coverage,
        f.geometry,
    ),
    "polygon",
)
NearMisses = Table("NearMisses", ("piece_id", "rule_id"), (f.rule_id, *Pieces.fields), "polygon")
Reasons = Table(
    "Reasons",
    ("site_id", "rule_id"),
    (
        f.site_id,
        f.rule_id,
        f.effect,
        f.hardness,
        f.covered_area_m2,
        f.attributed_area_m2,
        f.unique_area_m2,
        f.coverage,
        f.covered_share,
    ),
)
RuleCoverage = Table(
    "RuleCoverage",
    ("rule_coverage_id", "rule_id"),
    (f.rule_coverage_id, f.rule_id, f.effect, f.hardness, f.coverage, f.covered_share),
    is_shared=True,
)
Exclusions = Table(
    "Exclusions",
    ("site_id",),
    (
        f.site_id,
        f.buildable_area_m2,
        f.buildable_without_consent_m2,
        f.n_pieces,
        f.verdict,
        f.n_rules_checked,
        f.n_rules_excluding,
        f.unchecked_rules,
        f.rule_coverage_id,
        f.available_years_low,
        f.available_years_expected,
        f.available_years_high,
        f.plan_coverage,
        f.provincial_coverage,
        f.restrictions,
        f.flags,
    ),
)
ValidPieces = Table("ValidPieces", ("piece_id",), (f.piece_id, f.site_id, f.core_area_m2))
PieceLinks = Table("PieceLinks", ("piece_id", "neighbour_piece_id"), (f.piece_id, f.neighbour_piece_id))
LocatedPieces = Table(
    "LocatedPieces",
    ("piece_id",),
    (
        f.piece_id,
        f.site_id,
        f.piece_number,
        f.piece_area_m2,
        f.core_area_m2,
        f.entrance_street_name,
        f.location_x_m,
        f.location_y_m,
        f.is_cut,
    ),
)
LocatedSites = Table(
    "LocatedSites", ("site_id",), (f.site_id, f.verdict, f.gemeente_code, f.buurt_code, f.owner_class), is_open=True
)
_ROOM = (f.n_room_low, f.n_room_expected, f.n_room_high)
_PER_CLUSTER = (f.n_per_cluster_low, f.n_per_cluster_expected, f.n_per_cluster_high)
_COMMON = (f.programme_area_m2, f.n_common_low, f.n_common_expected, f.n_common_high)
_LOCATION = replace(f.location_id, null=None)  # a key
Locations = Table(
    "Locations",
    ("location_id",),
    (
        _LOCATION,
        f.verdict,
        f.entrance_street_name,
        f.gemeente_code,
        f.buurt_code,
        f.location_x_m,
        f.location_y_m,
        f.n_location_pieces,
        f.n_location_parcels,
        f.piece_area_m2,
        f.core_area_m2,
        f.eligible_area_m2,
        f.conditional_area_m2,
        f.unknown_area_m2,
        f.owner_class_largest,
        f.owner_classes,
        f.is_cut,
    ),
)
LocationSuitability = Table(
    "LocationSuitability",
    ("location_id", "flexmilieu"),
    (
        _LOCATION,
        f.flexmilieu,
        f.site_id,
        f.is_suitable,
        f.score,
        f.rank,
        *(
            replace(one, description=f"{one.description}; of the whole location, land that needs consent included")
            for one in (*_ROOM, *_PER_CLUSTER)
        ),
        f.n_room_without_consent_low,
        f.n_room_without_consent_expected,
        f.n_room_without_consent_high,
        f.n_per_cluster_without_consent_low,
        f.n_per_cluster_without_consent_expected,
        f.n_per_cluster_without_consent_high,
    ),
)
Clusters = Table(
    "Clusters",
    ("consent", "flexmilieu", "seed_piece_id"),
    (
        f.consent,
        f.flexmilieu,
        f.seed_piece_id,
        f.site_id,
        _LOCATION,
        f.verdict,
        f.score,
        f.location_x_m,
        f.location_y_m,
        f.n_cluster_pieces,
        f.cluster_pieces,
        f.core_area_m2,
        f.n_spread_low,
        f.n_spread_expected,
        f.n_spread_high,
    ),
)
PieceLocations = Table("PieceLocations", ("piece_id",), (f.piece_id, f.location_id))

# -- accessibility ------------------------------------------------------------------------------------------------
Accessibility = Table(
    "Accessibility",
    ("piece_id", "measure"),
    (f.piece_id, f.site_id, f.measure, f.value, f.status, f.is_truncated, f.complete_to_m, f.why),
)
StopLegs = Table(
    "StopLegs", ("piece_id", "stop_id"), (f.piece_id, f.leg_stop_id, f.walk_distance_m, f.complete_m, f.why)
)
DirectLegs = Table("DirectLegs", ("piece_id", "amenity_id"), (f.piece_id, f.amenity_id, f.walk_distance_m))
TransitQuality = Table("TransitQuality", ("piece_id",), (f.piece_id, f.transit_class, f.urbanity_class))

# -- capacity of parcels ------------------------------------------------------------------------------------------
LaidOut = Table(
    "LaidOut",
    ("piece_id", "flexmilieu"),
    (f.piece_id, f.flexmilieu, f.n_modules_low, f.n_modules_expected, f.n_modules_high),
)
Units = Table(
    "Units",
    ("piece_id", "flexmilieu"),
    (
        f.piece_id,
        f.site_id,
        f.flexmilieu,
        f.dwelling_mix,
        *_ROOM,
        *_PER_CLUSTER,
        f.n_room_clusters,
        f.n_units_density,
        f.n_units_layout,
        f.is_layout_least,
        f.bound_by,
        f.n_parking,
    ),
)

Layouts = Table(
    "Layouts",
    ("piece_id", "flexmilieu", "part"),
    (f.piece_id, f.site_id, f.flexmilieu, f.part, f.layout_kind, f.n_stacked, f.is_expected, f.geometry),
    "polygon",
)

# -- suitability --------------------------------------------------------------------------------------------------
PieceSuitability = Table(
    "PieceSuitability",
    ("piece_id", "flexmilieu"),
    (
        f.piece_id,
        f.site_id,
        f.flexmilieu,
        f.is_suitable,
        f.failed_criterion,
        f.failed_by,
        f.unknown_criteria,
        f.score,
        f.score_known_share,
    ),
)
Suitability = Table(
    "Suitability",
    ("site_id", "flexmilieu"),
    (
        f.site_id,
        f.flexmilieu,
        f.is_suitable,
        f.failed_criterion,
        f.failed_by,
        f.unknown_criteria,
        f.score,
        f.score_known_share,
        f.rank,
        *_ROOM,
        *_PER_CLUSTER,
    ),
)
CommonProgrammes = Table("CommonProgrammes", ("site_id",), (f.site_id, *_COMMON))
Sites = Table(
    "Sites",
    ("site_id",),
    (
        f.site_id,
        f.gemeente_code,
        f.provincie_code,
        f.buurt_code,
        f.owner_class,
        f.tenure,
        f.parcel_area_m2,
        f.registered_area_m2,
        f.buildable_area_m2,
        f.buildable_without_consent_m2,
        f.n_pieces,
        f.location_id,
        f.verdict,
        f.n_rules_checked,
        f.n_rules_excluding,
        f.unchecked_rules,
        f.rule_coverage_id,
        f.is_suitable_any,
        f.is_suitable_demanding,
        f.available_years_low,
        f.available_years_expected,
        f.available_years_high,
        f.plan_coverage,
        f.provincial_coverage,
        *_COMMON,
        f.flexmilieu_first,
        *(replace(marks, unknown_with="location_id") for marks in (f.restrictions, f.flags)),
        f.bridged_for,
        f.geometry,
    ),
    "polygon",
)


def valid(pieces: Frame) -> Frame:
    """Return the pieces that pass every piece test, in their order.

    Examples
    --------
    >>> import pandas as pd
    >>> valid(pd.DataFrame({"piece_id": ["a#1", "a#2"], "is_valid": [False, True]}))["piece_id"].tolist()
    ['a#2']
    """
    return rows_of(pieces, pieces["is_valid"].to_numpy(), Pieces)
