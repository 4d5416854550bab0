"""Supply by year, and the chain of places that a programme of homes moves along: columns and tables (METHOD 9)."""

from __future__ import annotations

from dataclasses import replace

from flexsites.tables import parcel_fields as f
from flexsites.tables.contract import Table
from flexsites.tables.field import Field

# -- fields ----------------------------------------------------------------------------------------------------
year = Field("year", "int", "calendar year", format="year")
place_id = Field("place_id", "str", "a place for homes: a cluster, by the piece that it starts from", format="code")
n_homes_place = Field("n_homes", "int", "homes expected there, in the flexmilieu", low=1, kind="extensive")
opens_from = Field("opens_from", "int", "the first whole year in which homes may stand there", format="year")
closes_by = Field(
    "closes_by",
    "int",
    "the year in which the land is needed for a plan: no homes from its start on",
    null="no plan limits it, as far as plans are known",
    format="year",
    null_is="none",
)
longest_years = Field("longest_years", "int", "the longest that homes may stand there, in whole years", low=0)
n_places = Field("n_places", "int", "places whose window covers the year", low=0)
n_homes_supply = Field("n_homes", "int", "homes on them", low=0)
n_homes_uncertain = Field("n_homes_unknown", "int", "homes on places whose window is unknown", low=0)

_gemeente = Field("gemeente_code", "str", "the municipality, e.g. GM0363", format="code")
n_homes_needed = Field("n_homes_needed", "int", "homes that the programme needs that year", low=0)
n_homes_housed = Field("n_homes_housed", "int", "of these, homes that have a place", low=0)
n_homes_unhoused = Field("n_homes_unhoused", "int", "of these, homes without a place", low=0)
n_homes_moved = Field("n_homes_moved", "int", "homes that come from another place at the start of the year", low=0)
n_homes_new = Field("n_homes_new", "int", "homes that are new to the programme", low=0)
n_homes_left = Field("n_homes_left", "int", "homes that left the programme at the end of the year before", low=0)
n_places_open = Field("n_places_open", "int", "places that are open", low=0)
n_places_considered = Field("n_places_considered", "int", "places among which the chain was sought", low=0)
gap_unhoused = Field("gap_unhoused", "float", "home-years that another chain might house besides, at most", low=0)
gap_moves = Field("gap_moves", "float", "moves that another chain might save, at most", low=0)
gap_places = Field("gap_places", "float", "places that another chain might do without, at most", low=0)
is_reproducible = Field("is_reproducible", "bool", "the answer is the same again: no clock stopped the search")
opens_year = Field("opens_year", "int", "the year in which it opens", format="year")
closes_year = Field("closes_year", "int", "the first year in which it is closed again", format="year")
n_homes_most = Field("n_homes_most", "int", "the most homes that stand there", low=0)
from_place = Field("from_place", "str", "where they come from; new: they are new to the programme", format="code")
to_place = Field("to_place", "str", "where they go; leaves: out of the programme", format="code")
n_homes_move = Field("n_homes", "int", "homes that move", low=1)

# -- tables ----------------------------------------------------------------------------------------------------
Needed = Table("Needed", ("gemeente_code", "year"), (_gemeente, year, n_homes_needed))
SupplyPlaces = Table(
    "SupplyPlaces",
    ("place_id",),
    (
        place_id,
        f.site_id,
        replace(f.gemeente_code, null="outside every municipality given"),
        f.owner_class,
        f.verdict,
        f.score,
        n_homes_place,
        f.available_years_expected,
        opens_from,
        closes_by,
        longest_years,
    ),
)
SupplyYears = Table(
    "SupplyYears", ("gemeente_code", "year"), (_gemeente, year, n_places, n_homes_supply, n_homes_uncertain)
)
RelocationYears = Table(
    "RelocationYears",
    ("gemeente_code", "year"),
    (
        _gemeente,
        year,
        n_homes_needed,
        n_homes_housed,
        n_homes_unhoused,
        n_homes_moved,
        n_homes_new,
        n_homes_left,
        n_places_open,
        n_places_considered,
        gap_unhoused,
        gap_moves,
        gap_places,
        is_reproducible,
    ),
)
RelocationPlaces = Table(
    "RelocationPlaces",
    ("gemeente_code", "place_id"),
    (_gemeente, place_id, f.owner_class, f.verdict, opens_year, closes_year, n_homes_most, n_homes_place, closes_by),
)
RelocationMoves = Table(
    "RelocationMoves",
    ("gemeente_code", "year", "from_place", "to_place"),
    (_gemeente, year, from_place, to_place, n_homes_move),
)
