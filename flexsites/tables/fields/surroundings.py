"""Columns of streets, amenities and stops."""

from __future__ import annotations

from flexsites.tables.field import Field

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
