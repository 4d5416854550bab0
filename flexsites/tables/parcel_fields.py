"""Every column once: its type, unit, bounds, what null means, where it comes from, how it adds up.

A table (:mod:`flexsites.tables`) is a list of these; what a :class:`~flexsites.tables.field.Field` says is there.
"""

from __future__ import annotations

from flexsites.tables.field import Field

# -- keys and geometry ------------------------------------------------------------------------------------------
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

# -- parcels and areas ------------------------------------------------------------------------------------------
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

# -- coverage -----------------------------------------------------------------------------------------------------
coverage_id = Field("coverage_id", "str", "one statement of coverage within its layer")
coverage = Field(
    "coverage",
    "str",
    "whether the source speaks about this place: covered, partly, or not",
    values=("covered", "partly", "not"),
    source="METHOD 0",
    names="coverage",
)
coverage_given = Field(
    "coverage",
    "str",
    "whether the source covers this polygon wholly or partly",
    values=("covered", "partly"),
    names="coverage",
)
covered_share = Field(
    "covered_share",
    "float",
    "share of the parcel that the source covers",
    low=0,
    high=1,
    kind="intensive",
    format="share",
)

# -- streets, amenities, stops -------------------------------------------------------------------------------------
street_id = Field("street_id", "str", "a street segment")
road_class = Field("road_class", "str", "class of road, the value of OSM's highway or of the source", format="code")
road_kind = Field(
    "road_kind",
    "str",
    "motorway, trunk (a street with motorroad=yes too), slip_road (the links of those), or street: any other road, the "
    "only one on which METHOD 0 makes an entrance",
    values=("street", "slip_road", "trunk", "motorway"),
    source="METHOD 0; configs/streets.yaml",
)
street_name = Field("street_name", "str", "name of the street", null="the source gives none")
is_roundabout = Field(
    "is_roundabout",
    "bool",
    "the way is tagged as a roundabout (of OSM: junction=roundabout or circular)",
    null="the source does not tell junctions of its streets",
    source="METHOD 0",
)
is_walk = Field("is_walk", "bool", "may be walked, in one direction at least")
is_bicycle = Field("is_bicycle", "bool", "may be cycled, in one direction at least")
is_car = Field("is_car", "bool", "may be driven: part of the car network, motorways among it (see road_kind)")
amenity_id = Field("amenity_id", "str", "an amenity")
category = Field("category", "str", "category of amenity: an id of configs/amenities.yaml")
weight = Field("weight", "float", "how much one opportunity counts", low=0)
amenity_name = Field("amenity_name", "str", "name of the amenity", null="the source gives none")
stop_id = Field("stop_id", "str", "a stop of public transport")
stop_name = Field("stop_name", "str", "name of the stop", null="the source gives none")
mode = Field(
    "mode",
    "str",
    "mode that serves the stop; unknown: its source does not tell, it may be any",
    values=("bus", "tram", "metro", "train", "ferry", "unknown"),
)
_NO_TIMETABLE = "no timetable is known for this stop"
n_departures_day = Field("n_departures_day", "float", "departures on the reference day", null=_NO_TIMETABLE, low=0)
departures_per_hour_peak = Field(
    "departures_per_hour_peak", "float", "departures per hour in the peak band", null=_NO_TIMETABLE, unit="1/h", low=0
)
departures_per_hour_day = Field(
    "departures_per_hour_day", "float", "departures per hour in the day band", null=_NO_TIMETABLE, unit="1/h", low=0
)
departures_per_hour_evening = Field(
    "departures_per_hour_evening", "float", "departures per hour in the evening", null=_NO_TIMETABLE, unit="1/h", low=0
)
departures_per_hour_weekend = Field(
    "departures_per_hour_weekend", "float", "departures per hour at weekends", null=_NO_TIMETABLE, unit="1/h", low=0
)
n_lines = Field("n_lines", "int", "lines that call at the stop on the reference day", null=_NO_TIMETABLE, low=0)
n_directions = Field("n_directions", "int", "directions that leave the stop", null=_NO_TIMETABLE, low=0)
is_hub = Field(
    "is_hub",
    "bool",
    "a hub: at least 8 lines, 150 departures a day, 3 directions",
    null=_NO_TIMETABLE,
    source="[R] METHOD 4",
)

# -- exclusion ----------------------------------------------------------------------------------------------------
rules = Field(
    "rules",
    "list",
    "ids of the rules that cover this face, sorted; empty: none",
    names="rule",
)
face_area_m2 = Field("face_area_m2", "float", "area of the face", unit="m2", low=0, kind="extensive")
n_repairs = Field(
    "n_repairs",
    "int",
    "pairs of geometries repaired after a topology error while cutting the parcel; on its first face, 0 on the others",
    low=0,
    kind="extensive",
)
effect = Field(
    "effect",
    "str",
    "exclude takes area; restrict needs consent; flag marks; include lifts the rules it names; test is a piece test",
    values=("exclude", "restrict", "flag", "include", "test"),
    source="METHOD 0",
    names="effect",
)
hardness = Field(
    "hardness",
    "str",
    "hardness of the restriction",
    null="the rule has none (piece tests, includes)",
    values=("zeer_hard", "hard", "middel", "zacht"),
    source="[R] RuimteScanner",
    names="hardness",
    null_is="not_applicable",
)
covered_area_m2 = Field(
    "covered_area_m2", "float", "what the rule covers alone", unit="m2", low=0, kind="extensive", source="METHOD 0"
)
attributed_area_m2 = Field(
    "attributed_area_m2",
    "float",
    "what the rule takes first, in rule order; exclude rules and piece tests only",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
unique_area_m2 = Field(
    "unique_area_m2", "float", "what only this rule takes", unit="m2", low=0, kind="extensive", source="METHOD 0"
)
buildable_area_m2 = Field(
    "buildable_area_m2",
    "float",
    "core area of the pieces that are valid or unknown, consent or not: the parcel less all attributed area",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
buildable_without_consent_m2 = Field(
    "buildable_without_consent_m2",
    "float",
    "the same of the second reading, in which every rule that asks consent excludes",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
piece_number = Field(
    "piece_number", "int", "the piece within its parcel, by area; both readings count from 1", low=1, format="ordinal"
)
free_id = Field(
    "free_id",
    "str",
    "id of the piece in the second reading, in which every rule that asks consent excludes: site_id#k~",
    null="that reading leaves no such piece",
    format="code",
    null_is="none",
)
is_with_consent = Field("is_with_consent", "bool", "the rules leave it, consent given: a piece of the first reading")
is_without_consent = Field(
    "is_without_consent", "bool", "it is left where no consent is given: a piece of the second reading"
)
piece_area_m2 = Field("piece_area_m2", "float", "area of the whole piece", unit="m2", low=0, kind="extensive")
core_area_m2 = Field(
    "core_area_m2",
    "float",
    "area of its core part: what lies in a large and wide enough component of the core of its land; homes stand on it",
    unit="m2",
    low=0,
    kind="extensive",
    source="METHOD 0",
)
compactness = Field("compactness", "float", "4 pi area / perimeter^2: 1 is a circle", low=0, high=1, format="score")
road_distance_m = Field(
    "road_distance_m",
    "float",
    "length of the entrance: the shortest line from a usable street to the piece that no barrier crosses",
    null="no entrance is known",
    unit="m",
    low=0,
    source="METHOD 0",
    null_is="none",
)
access_x_m = Field(
    "access_x_m",
    "float",
    "RD x of the entrance's point on the piece",
    null="no entrance",
    unit="m",
    null_is="not_applicable",
)
access_y_m = Field(
    "access_y_m",
    "float",
    "RD y of the entrance's point on the piece",
    null="no entrance",
    unit="m",
    null_is="not_applicable",
)
farthest_interior_m = Field(
    "farthest_interior_m",
    "float",
    "straight distance from the entrance to the farthest point of the piece",
    null="no entrance",
    unit="m",
    low=0,
    null_is="not_applicable",
)
access_street_id = Field(
    "access_street_id",
    "str",
    "the street that the entrance leads to",
    null="no entrance",
    format="code",
    null_is="none",
)
needs_culvert = Field("needs_culvert", "bool", "the entrance meets water that is not wide", source="METHOD 0")
needs_right_of_way = Field(
    "needs_right_of_way", "bool", "the entrance lies over land of others that is not road land", source="METHOD 0"
)
has_borrowed_entrance = Field(
    "has_borrowed_entrance",
    "bool",
    "it has no entrance of its own and uses that of a piece of another parcel, whose core part shares an edge with its",
    source="METHOD 0",
)
core_mates = Field(
    "core_mates",
    "list",
    "other pieces that a component of its core lies on too; empty: none or no core",
)
free_core_mates = Field("free_core_mates", "list", "the same in the second reading, by free_id; empty: none or no core")
is_valid = Field("is_valid", "bool", "the piece passes every piece test, and its entrance is known")
is_unknown = Field("is_unknown", "bool", "it passes size and width; whether a street is near is not known")
failed_test = Field(
    "failed_test",
    "str",
    "the first piece test that fails",
    null="none fails",
    values=("too_small", "too_thin", "enclosed", "landlocked"),
    names="failed_test",
    null_is="not_applicable",
)
restrictions = Field(
    "restrictions",
    "list",
    "restrict rules that touch it (consent needed); empty: none",
    names="rule",
    not_of=("verdict", "excluded"),
)
flags = Field(
    "flags",
    "list",
    "flag rules that touch it; empty: none",
    names="rule",
    not_of=("verdict", "excluded"),
)
available_years_low = Field(
    "available_years_low",
    "float",
    "max(0, min(term, plan_start - reference_date - preparation)), all plans counted, hard and soft",
    null="plan capacity is not covered here, or a plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
available_years_expected = Field(
    "available_years_expected",
    "float",
    "the same, soft plans counted from the year in which the chance that one has started reaches one half",
    null="plan capacity is not covered here, or a hard plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
available_years_high = Field(
    "available_years_high",
    "float",
    "the same, hard plans counted only",
    null="plan capacity is not covered here, or a hard plan has no known start",
    unit="year",
    low=0,
    source="METHOD 0",
    format="term",
    not_of=("verdict", "excluded"),
)
n_rules_checked = Field(
    "n_rules_checked",
    "int",
    "excluding rules whose source covers the parcel in full",
    low=0,
    source="METHOD 0: checked",
)
n_rules_excluding = Field("n_rules_excluding", "int", "excluding rules of the reading", low=0)
unchecked_rules = Field(
    "unchecked_rules",
    "list",
    "excluding rules whose source does not cover the parcel in full; empty: none",
    source="METHOD 0: checked",
    names="rule",
)
plan_coverage = Field(
    "plan_coverage",
    "str",
    "whether plan capacity is known here",
    values=("covered", "partly", "not"),
    source="METHOD 1",
    names="coverage",
)
provincial_coverage = Field(
    "provincial_coverage",
    "str",
    "whether the provincial restrictions of the rule set are known here",
    values=("covered", "partly", "not"),
    source="METHOD 1",
    names="coverage",
)
n_pieces = Field("n_pieces", "int", "valid pieces of the parcel", low=0, kind="extensive")
verdict = Field(
    "verdict",
    "str",
    "excluded, unknown, conditional or eligible",
    values=("excluded", "unknown", "conditional", "eligible"),
    source="METHOD 0",
    names="verdict",
)
neighbour_piece_id = Field(
    "neighbour_piece_id", "str", "another piece of the same location: the higher piece_id", format="code"
)
entrance_street_name = Field(
    "entrance_street_name",
    "str",
    "name of the street that the entrance leads to",
    null="no entrance, or no name is known",
)
location_x_m = Field("location_x_m", "float", "RD x of a point on the largest piece", unit="m")
location_y_m = Field("location_y_m", "float", "RD y of a point on the largest piece", unit="m")
is_cut = Field(
    "is_cut", "bool", "it goes on outside the area of the run: its core lies on a piece there too", source="METHOD 0"
)
n_location_pieces = Field("n_location_pieces", "int", "valid pieces of the location", low=1, kind="extensive")
n_location_parcels = Field("n_location_parcels", "int", "parcels with a piece of it", low=1)
eligible_area_m2 = Field(
    "eligible_area_m2", "float", "core area of its pieces on eligible parcels", unit="m2", low=0, kind="extensive"
)
conditional_area_m2 = Field(
    "conditional_area_m2", "float", "core area of its pieces on conditional parcels", unit="m2", low=0, kind="extensive"
)
unknown_area_m2 = Field(
    "unknown_area_m2",
    "float",
    "core area of its pieces where the verdict is unknown",
    unit="m2",
    low=0,
    kind="extensive",
)
owner_classes = Field(
    "owner_classes",
    "list",
    "owner classes of its parcels; a null one is told as onbekend",
    names="owner",
)
owner_class_largest = Field(
    "owner_class_largest",
    "str",
    "owner class of its largest piece",
    null="unknown: no ownership was given",
    names="owner",
)
location_id = Field(
    "location_id",
    "str",
    "group of pieces within the gap of each other and not across a barrier",
    null="no valid piece",
    format="code",
    null_is="not_applicable",
)

# -- accessibility ------------------------------------------------------------------------------------------------
measure = Field("measure", "str", "an id of configs/measures.yaml; its unit is in the id", names="measure")
value = Field("value", "float", "the measured value", null="not reached within the cut-off, or unknown: see status")
status = Field(
    "status",
    "str",
    "reached; unreached (searched completely, a no); unknown (no source, no timetable, edge of the data, no street)",
    values=("reached", "unreached", "unknown"),
)
is_truncated = Field("is_truncated", "bool", "the reach leaves the extent of the data: a count is a lower bound")
why = Field("why", "str", "the reason when it is unknown", null="it is known", names="why", null_is="not_applicable")
leg_stop_id = Field("stop_id", "str", "a stop within walking reach; empty: the row stands for a place without one")
walk_distance_m = Field(
    "walk_distance_m", "float", "walk over the streets", null="the row is of a place without a stop", unit="m", low=0
)
complete_m = Field(
    "complete_m", "float", "up to this walk every stop is among the rows", null="all within reach are", unit="m", low=0
)
complete_to_m = Field(
    "complete_to_m",
    "float",
    "nothing that counts lies nearer but what was found: a limit up to here is surely missed (a travel time: min)",
    null="searched as far as the measure goes, or neither a distance nor a travel time",
    unit="m",
    low=0,
    null_is="not_applicable",
)
transit_class = Field(
    "transit_class",
    "str",
    "class of service quality from mode, frequency and walking distance; geen: no served stop within reach",
    null="no timetable, or the access is unknown",
    values=("A", "B", "C", "D", "E", "F", "geen"),
    source="configs/transit_classes.yaml",
    names="transit_class",
)

# -- capacity -----------------------------------------------------------------------------------------------------
flexmilieu = Field("flexmilieu", "str", "an id of configs/flexmilieus", names="flexmilieu")
dwelling_mix = Field("dwelling_mix", "str", "dwelling types and their shares, e.g. studio:1.00")
n_units_low = Field("n_units_low", "int", "homes that fit, at the low bounds", low=0, kind="extensive")
n_units_expected = Field(
    "n_units_expected", "int", "homes that fit: min(density, layout) at the default", low=0, kind="extensive"
)
n_units_high = Field("n_units_high", "int", "homes that fit, at the high bounds", low=0, kind="extensive")
n_units_density = Field("n_units_density", "float", "homes by the density route, not rounded", low=0, kind="extensive")
n_units_layout = Field("n_units_layout", "int", "homes by the layout route", low=0, kind="extensive")
bound_by = Field(
    "bound_by",
    "str",
    "what bounds the expected number",
    values=("density", "layout", "min_cluster", "max_cluster"),
    names="bound",
)
n_parking = Field("n_parking", "int", "parking places the norm asks", low=0, kind="extensive")
layout_kind = Field(
    "layout_kind",
    "str",
    "what stands on the polygon",
    values=("module", "stairs", "gallery", "parking", "yard", "water", "lane"),
    names="layout_kind",
)
n_stacked = Field("n_stacked", "int", "modules on each other; 0 for what is no module", low=0)
is_expected = Field("is_expected", "bool", "one of those that make up the expected number of homes and parking places")

# -- suitability ----------------------------------------------------------------------------------------------------
_UNKNOWN_CRITERION = "a required criterion is unknown"
is_suitable = Field("is_suitable", "bool", "meets all required criteria of the flexmilieu", null=_UNKNOWN_CRITERION)
is_suitable_any = Field(
    "is_suitable",
    "bool",
    "suitable for at least one flexmilieu",
    null=_UNKNOWN_CRITERION,
    not_of=("verdict", "excluded"),
)
is_suitable_demanding = Field(
    "is_suitable_demanding",
    "bool",
    "suitable for at least one flexmilieu that is not marked undemanding (nearly everything passes those)",
    null=_UNKNOWN_CRITERION,
    source="METHOD 0",
    not_of=("verdict", "excluded"),
)
failed_criterion = Field(
    "failed_criterion",
    "str",
    "the required criterion that fails worst",
    null="none fails",
    names="criterion",
    null_is="none",
)
failed_by = Field(
    "failed_by",
    "float",
    "by how much it fails, in the criterion's unit",
    null="none fails, or it was not reached at all",
    low=0,
    null_is="not_applicable",
)
unknown_criteria = Field(
    "unknown_criteria",
    "list",
    "required criteria that are unknown; empty: none",
    names="criterion",
)
score = Field(
    "score",
    "float",
    "weighted mean of the value functions",
    null="no weighted criterion is known",
    low=0,
    high=1,
    kind="intensive",
    format="score",
)
rank = Field(
    "rank",
    "int",
    "1 is best, over the run; ties by site_id",
    null="not suitable",
    format="ordinal",
    null_is="not_applicable",
    unknown_with="is_suitable",
)
flexmilieu_best = Field(
    "flexmilieu_best",
    "str",
    "the suitable flexmilieu of the highest score, ties in config order",
    null="none is suitable",
    names="flexmilieu",
    null_is="none",
    unknown_with="is_suitable",
    not_of=("verdict", "excluded"),
)
flexmilieu_units = Field(
    "flexmilieu_units",
    "str",
    "the flexmilieu that the site's own n_units are of: the best; where none suits, the unknown or else failing one of"
    " the highest score, so that homes before any target-group requirement can be counted",
    null="no valid piece",
    names="flexmilieu",
    null_is="not_applicable",
)
score_best = Field(
    "score_best",
    "float",
    "the score in the best flexmilieu",
    null="none is suitable",
    low=0,
    high=1,
    format="score",
    null_is="not_applicable",
    unknown_with="is_suitable",
)
score_known_share = Field(
    "score_known_share",
    "float",
    "share of the weights whose criterion is known",
    low=0,
    high=1,
    kind="intensive",
    format="share",
)
