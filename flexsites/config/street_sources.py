"""The sources of streets, of what is reached over them, and of stops and timetables; see `flexsites.config.sources`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from flexsites.config.source_rows import CoverageOf, FileRow, Geometry, Row, Selection


class OsmPbf(FileRow):
    """OpenStreetMap from a `.osm.pbf` file: streets, amenities or stops, as the entry it stands in says.

    `coverage: extent` is the box that the file states. An extract that was cut along an outline states the box around
    that: then name the areas, or a file of polygons (also the `.poly` it was cut with).
    """

    reader: Literal["osm_pbf"]
    """How it is read."""
    coverage: Literal["extent"] | CoverageOf = "extent"
    """Where it is complete: the box that the file states, or areas, or polygons."""


class OsmPlace(Row):
    """OpenStreetMap of one named place, straight from Overpass through osmnx."""

    reader: Literal["osm_place"]
    """How it is read."""
    place: str
    """The name of the place, as OpenStreetMap knows it."""


class OsmGraph(FileRow):
    """A street graph that osmnx saved as GraphML."""

    reader: Literal["osm_graph"]
    """How it is read."""


class Lines(FileRow, Selection, Geometry):
    """Streets as plain lines: connected at every vertex that two lines share, passable by class of road.

    `classes` turn the file's words into OpenStreetMap's; a word that is neither is a fault, and so is a line without
    one. `oneway_column` speaks OpenStreetMap's words (yes, -1, no) or truth values. Where the words of
    `junction_column` are among `roundabouts` a line is one, elsewhere not; without the column that is unknown.
    """

    reader: Literal["lines"]
    """How it is read."""
    class_column: str
    """The column that holds the class of road."""
    classes: dict[str, str] = Field(default_factory=dict)
    """The class of OpenStreetMap that each of theirs stands for."""
    oneway_column: str | None = None
    """The column that says whether a line is one-way; left out: none is."""
    name_column: str | None = None
    """The column that holds the name of the street; left out: names are unknown."""
    junction_column: str | None = None
    """The column that tells roundabouts; left out: where they are is unknown."""
    roundabouts: tuple[str, ...] = Field(default=("roundabout", "circular"), min_length=1)
    """The words of that column that mean a roundabout."""


class Points(FileRow, Selection, Geometry):
    """Points of one category, or with the category in a column: amenities, jobs, places at schools."""

    reader: Literal["points"]
    """How it is read."""
    category: str | None = None
    """The category of all points."""
    category_column: str | None = None
    """The column that holds the category."""
    weight_column: str | None = None
    """The column that says how much a point counts, such as jobs; left out: 1 each."""
    name_column: str | None = None
    """The column that holds the name."""

    @model_validator(mode="after")
    def _has_one_category(self) -> Points:
        """Refuse a point whose category comes from two places, or from none."""
        if (self.category is None) == (self.category_column is None):
            msg = "give either `category` or `category_column`"
            raise ValueError(msg)
        return self


class Gtfs(FileRow):
    """A timetable: one or more GTFS zips. `reference_date` null is the run's own reference date."""

    reader: Literal["gtfs"]
    """How it is read."""
    reference_date: date | None = None
    """The day around which the timetable is read; left out: the run's own."""


class Stops(FileRow, Selection, Geometry):
    """Stops without a timetable: their service is null, so what depends on departures is unknown.

    `mode: unknown` where the file does not tell modes: such a stop may be of any. `area_prefixes` are how the ids of
    stop areas begin, where no column (`kind_column`) tells them from stops; areas are left out.
    """

    reader: Literal["stops"]
    """How it is read."""
    mode: Literal["bus", "tram", "metro", "train", "ferry", "unknown"] | None = None
    """The mode of all stops; `unknown` where the file does not tell."""
    mode_column: str | None = None
    """The column that holds the mode."""
    modes: dict[str, str] | None = None
    """Which of ours each of their modes is."""
    name_column: str | None = None
    """The column that holds the name."""
    kind_column: str | None = None
    """The column that tells stops from stop areas."""
    kinds: tuple[str, ...] = ()
    """The values of it that are stops."""
    area_prefixes: tuple[str, ...] = ()
    """How ids of stop areas begin, where no column tells them from stops."""
