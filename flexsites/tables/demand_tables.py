"""Demand for homes, what it may be met on, and what is matched to it: columns and tables (METHOD 9)."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

# -- what is asked -----------------------------------------------------------------------------------------------
demand_id = Field(
    "demand_id", "str", "the row of the demand: its municipality, its group and what else it asks", format="code"
)
target_group = Field("target_group", "str", "an id of configs/target_groups", names="target_group")
gemeente_of_demand = Field("gemeente_code", "str", "the municipality that asks for homes, e.g. GM0363", format="code")
n_homes_asked = Field("n_homes_asked", "int", "homes asked for", low=0, kind="extensive")
household_size = Field(
    "household_size",
    "int",
    "persons of each household",
    "not asked: any home",
    low=1,
    null_is="not_asked",
    format="ordinal",
)
years_asked = Field(
    "years_asked", "int", "years that the homes must be able to stand there", "not asked", low=1, null_is="not_asked"
)
from_year = Field(
    "from_year",
    "int",
    "the year from whose start the homes are needed",
    "not asked: whenever the place opens",
    format="year",
    null_is="not_asked",
)
is_level_asked = Field(
    "is_level_asked",
    "bool",
    "whether it must be a home on the ground floor or with a lift",
    "as the target group needs",
    null_is="not_asked",
)
most_share = Field(
    "most_share",
    "float",
    "the largest share of the homes of a place for the group",
    "as the target group says",
    low=0,
    high=1,
    format="share",
    null_is="not_asked",
)
most_homes_near = Field(
    "most_homes_near",
    "int",
    "the most homes for the group within near_m",
    "as the target group says",
    low=1,
    null_is="not_asked",
)
near_m = Field(
    "near_m", "float", "how far that reaches", "as the target group says", unit="m", low=0, null_is="not_asked"
)
also_in = Field("also_in", "list", "other municipalities where it may be met too; adjoining: those that border on it")

# -- what it is met on -------------------------------------------------------------------------------------------
place_id = Field(
    "place_id", "str", "a place: a cluster by the piece that it starts from, or an unknown parcel", format="code"
)
place_kind = Field(
    "place_kind",
    "str",
    "without: a cluster of spread supply on land that needs no consent; with: one of the arrangement with consent; "
    "unknown: a parcel of which it is unknown whether it is available and suitable",
    values=("without", "with", "unknown"),
    names="place_kind",
)
place_gemeente = Field(
    "place_gemeente_code",
    "str",
    "the municipality of the parcel that the place starts from",
    "outside every municipality given",
    format="code",
)
n_homes_place = Field("n_homes_place", "int", "homes expected there, in the flexmilieu", low=1, kind="extensive")
n_parcels = Field("n_parcels", "int", "parcels of the place", low=1)
n_parcels_consent = Field("n_parcels_consent", "int", "of these, parcels whose land needs consent", low=0)
n_parcels_private = Field("n_parcels_private", "int", "of these, parcels not known to be the municipality's", low=0)
years_free = Field(
    "available_years_expected",
    "float",
    "years that the place is free, the least of its land",
    "not known of all its land",
    unit="year",
    low=0,
    format="term",
)
land = Field("land", "list", "the land that it takes: pieces, or whole parcels where pieces of two readings overlap")
place_pieces = Field("place_pieces", "list", "the pieces of the place, by id; of an unknown parcel the parcel")

# -- what became of it -------------------------------------------------------------------------------------------
_NOWHERE = "the run has no site in this municipality"
n_homes_given = Field("n_homes_given", "int", "homes of the place that the row is given", low=1, kind="extensive")
n_homes_met = Field(
    "n_homes_met",
    "int",
    "homes given on places known to be available and suitable; no land counts twice",
    null=_NOWHERE,
    low=0,
    kind="extensive",
)
n_homes_elsewhere = Field(
    "n_homes_elsewhere", "int", "of these, homes in another municipality", null=_NOWHERE, low=0, kind="extensive"
)
n_homes_possible = Field(
    "n_homes_possible",
    "int",
    "homes met besides, at most, if every unknown site turned out to be available and suitable, and every unknown "
    "term long enough",
    null=_NOWHERE,
    low=0,
    kind="extensive",
)
n_homes_unmet = Field(
    "n_homes_unmet",
    "int",
    "homes asked that the sites of the run do not meet, whatever is still unknown",
    null=_NOWHERE,
    low=0,
    kind="extensive",
)
n_homes_fit = Field(
    "n_homes_fit",
    "int",
    "homes of the spread supply of the flexmilieu that offers the group most, if all were for this row: rows overlap, "
    "never added",
    null=_NOWHERE,
    low=0,
    kind="intensive",
)
n_places_given = Field(
    "n_places",
    "int",
    "places on which it is met",
    null="the run has no site in this municipality",
    low=0,
    kind="intensive",
)
n_homes_gap = Field(
    "n_homes_gap",
    "int",
    "homes that another choice might give besides, at most, to all that is asked together with this row; 0: none",
    low=0,
    kind="intensive",
)
demand_outcome = Field(
    "demand_outcome",
    "str",
    "what became of the demand; unknown: the rest hangs on sites of which it is not known whether they suit",
    values=("met", "partly", "unknown", "unmet", "no_flexmilieu", "not_assessed"),
    names="demand_outcome",
)
is_most = Field("is_most", "bool", "proven: no other choice of places meets more of what is asked together")
is_best = Field(
    "is_best", "bool", "proven: of the places considered no choice meets as much with less of what is kept small"
)

_ASKED = (
    gemeente_of_demand,
    target_group,
    household_size,
    years_asked,
    from_year,
    is_level_asked,
    most_share,
    most_homes_near,
    near_m,
    also_in,
)
_PLACE = (
    place_gemeente,
    f.site_id,
    f.flexmilieu,
    place_kind,
    n_homes_place,
    n_parcels,
    n_parcels_consent,
    n_parcels_private,
    replace(f.score, null="none is known"),
    years_free,
    place_pieces,
)
Demand = Table("Demand", ("demand_id",), (demand_id, *_ASKED, n_homes_asked))
DemandPlaces = Table(
    "DemandPlaces",
    ("place_kind", "flexmilieu", "place_id"),
    (
        place_id,
        *_PLACE,
        f.location_id,
        replace(f.location_x_m, null="an unknown parcel"),
        replace(f.location_y_m, null="an unknown parcel"),
        land,
    ),
)
DemandSites = Table(
    "DemandSites",
    ("demand_id", "place_id"),
    (demand_id, place_id, gemeente_of_demand, target_group, n_homes_given, *_PLACE, n_homes_gap, is_best),
)
DemandTotals = Table(
    "DemandTotals",
    ("demand_id",),
    (
        demand_id,
        *_ASKED,
        n_homes_asked,
        n_homes_met,
        n_homes_elsewhere,
        n_homes_possible,
        n_homes_unmet,
        n_homes_fit,
        n_places_given,
        n_homes_gap,
        demand_outcome,
        is_most,
    ),
)
