"""Streets, amenities and stops: read from their sources, every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import shapely

from flexsites.arrays import GeometryArray
from flexsites.config.access import AmenityCategories, Mode, ModeOfTravel, StreetMeasure, StreetRules, TravelTime
from flexsites.config.sources import Gtfs, OsmPbf, OsmPlace, Points, Row, Sources
from flexsites.config.sources import Stops as StopPoints
from flexsites.config.transit import Transit
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.osm.graph import amenities_from_place
from flexsites.inputs.osm.sources import read_amenities, read_osm_stops, read_streets
from flexsites.inputs.osm.streets_lines import street_lines
from flexsites.inputs.osm.streets_pbf import StreetReading, file_box, project_shape
from flexsites.inputs.rows.ingest import Told, open_source, read_rows
from flexsites.inputs.rows.records import Hashes, SourceRecord, record_of
from flexsites.inputs.rows.steps import files_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.inputs.transit.timetable import Service, read_service
from flexsites.tables import CRS, Amenities, Frame, Stops, StreetLines, empty, together
from flexsites.tables.contract import require_any_in_rd

T = TypeVar("T")


_ID = "_id"


STREETS = "streets"
"""The name of the streets as a layer: piece tests ask its coverage."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run asks of the streets and the timetable."""

    measures: tuple[StreetMeasure, ...]
    travel: tuple[TravelTime, ...]
    egress_reach_m: float
    modes: Mapping[Mode, ModeOfTravel]
    rules: StreetRules
    categories: AmenityCategories
    transit: Transit

    def key(self) -> Any:  # noqa: ANN401 - JSON
        """Return what prepared files depend on besides the sources."""
        parts = [*self.measures, *self.travel, *self.modes.values(), self.rules, self.categories, self.transit]
        return [self.egress_reach_m, *(part.model_dump(mode="json") for part in parts)]


@dataclass(slots=True)
class _Found:
    """What the sources hold."""

    reading: StreetReading
    lines: Frame
    amenities: Frame
    stops: Frame
    service: Service | None


@dataclass(slots=True)
class StreetsReader:
    """Reads the sources one by one and remembers what the manifest tells of them; faults are collected."""

    sources: Sources
    places: Places
    asked: Asked
    hashes: Hashes
    report: Callable[[str], None]
    records: dict[str, SourceRecord] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    faults: list[Fault | str] = field(default_factory=list)
    extents: list[shapely.Geometry] = field(default_factory=list)

    def read(self) -> _Found:
        """Read all of them.

        Raises
        ------
        InputError
            With every fault.
        """
        reading = self._attempt(self._streets)
        lines = empty(StreetLines) if reading is None else street_lines(reading.graph)
        walkable = lines.geometry.to_numpy()[lines["is_walk"].to_numpy(dtype=bool)]
        amenities = self._amenities(walkable)
        stops, service = self._stops()
        if self.faults or reading is None:
            raise InputError(list(dict.fromkeys(self.faults)))
        return _Found(reading, lines, amenities, stops, service)

    def _attempt(self, read: Callable[[], T]) -> T | None:
        """Return what is read, or None when a fault was told."""
        try:
            return read()
        except FlexsitesError as error:
            self.faults.extend(error.faults)
            return None

    def _files(self, name: str, row: Row) -> tuple[str, ...]:
        self.report(name)
        return files_of(name, row, self.places, bounds=None)

    def _tell(self, name: str, row: Row, paths: tuple[str, ...], n: int, notes: str = "") -> None:
        ledger = Ledger(name)
        ledger.n_read = ledger.n_kept = n
        self.records[name] = record_of(name, row, digest=self.hashes.of(paths), ledger=ledger, notes=notes)

    def _streets(self) -> StreetReading:
        row = self.sources.streets
        if row is None:
            raise InputError(Fault("the run has no streets", "sources.streets", "add them"))
        paths = self._files(STREETS, row)
        reading = read_streets(row, paths, rules=self.asked.rules)
        require_any_in_rd(reading.graph.node_xy, "corners of streets", where=", ".join([STREETS, *paths]))
        self._tell(STREETS, row, paths, reading.graph.n_edges, "; ".join(reading.notes))
        return reading

    def _amenities(self, walkable: GeometryArray) -> Frame:
        found = [self._attempt(lambda k=key: self._amenity(k, walkable)) for key in self.sources.amenities]  # type: ignore[misc]
        return together([one for one in found if one is not None], Amenities)

    def _amenity(self, key: str, walkable: GeometryArray) -> Frame:
        name, row = f"amenities.{key}", self.sources.amenities[key]
        paths, notes = self._files(name, row), ""
        if isinstance(row, OsmPbf):
            told = read_amenities(paths, categories=self.asked.categories, walkable=walkable, where=name)
            amenities, notes = told[0], "; ".join(told[2])
            require_any_in_rd(shapely.get_coordinates(amenities.geometry), "amenities", where=", ".join([name, *paths]))
        elif isinstance(row, Points):
            amenities = self._points_as_amenities(key, row, paths)
        else:
            amenities, extent = amenities_from_place(row.place, categories=self.asked.categories, walkable=walkable)
            self.extents.append(extent)
        self._tell(name, row, paths, len(amenities), notes)
        return amenities

    def _points_as_amenities(self, key: str, row: Points, paths: tuple[str, ...]) -> Frame:
        points = self._points(f"amenities.{key}", row, paths)
        category = points[row.category_column] if row.category_column else row.category
        weight = points[row.weight_column].astype("float64") if row.weight_column else 1.0
        name = points[row.name_column].astype("str") if row.name_column else None
        ids = f"{key}/" + points[_ID].astype("str")
        return points.assign(amenity_id=ids, category=category, weight=weight, amenity_name=name)[Amenities.columns]

    def _points(self, name: str, row: Points | StopPoints, paths: tuple[str, ...]) -> Frame:
        """Read sound points in RD New with all columns that the row names."""
        named = ("category_column", "weight_column", "name_column", "mode_column", "kind_column")
        needed = [column for one in named if (column := getattr(row, one, None))]
        opened = open_source(name, row, paths, self.places, needed=needed)
        frames = [
            gpd.GeoDataFrame(rows.columns.assign(**{_ID: rows.ids.to_numpy()}), geometry=rows.geometry, crs=CRS)
            for rows in read_rows(opened, "point", Told(Ledger(name)))
        ]
        return together(frames, Amenities)

    def _stops(self) -> tuple[Frame, Service | None]:
        """Read all stops; all timetables together stand for one."""
        feeds = {key: row for key, row in self.sources.stops.items() if isinstance(row, Gtfs)}
        service = self._attempt(lambda: self._service(feeds)) if feeds else None
        others = [key for key in self.sources.stops if key not in feeds]
        found = [self._attempt(lambda k=key: self._stops_without_times(k)) for key in others]  # type: ignore[misc]
        frames = [service.stops] if service is not None else []
        return together([*frames, *(one for one in found if one is not None)], Stops), service

    def _service(self, feeds: Mapping[str, Gtfs]) -> Service:
        files = {key: self._files(f"stops.{key}", row) for key, row in feeds.items()}
        paths = {f"{key}.{i}": Path(path) for key, found in files.items() for i, path in enumerate(found)}
        days = {row.reference_date for row in feeds.values()} - {None}
        if len(days) > 1:
            remedy = "give all feeds the same reference_date"
            raise InputError(Fault("several reference dates", "sources.stops", remedy))
        only = next(iter(paths.values())) if len(paths) == 1 else paths
        try:
            service = read_service(only, transit=self.asked.transit, reference_date=next(iter(days), None))
        except InputError as error:
            # What is wrong with all feeds together is told of all their files.
            where = f"{', '.join(f'stops.{key}' for key in feeds)} ({', '.join(path.name for path in paths.values())})"
            raise InputError([_at(fault, where) for fault in error.faults]) from error
        self.warnings += [f"timetable: {finding}" for finding in service.findings]
        notes = f"service of {service.days.weekday}; publisher {service.publisher or 'not stated'}"
        for key, row in feeds.items():
            self._tell(f"stops.{key}", row, files[key], len(service.stops), notes)
        return service

    def _stops_without_times(self, key: str) -> Frame:
        name, row = f"stops.{key}", self.sources.stops[key]
        paths = self._files(name, row)
        if isinstance(row, OsmPbf):
            stops = read_osm_stops(paths, categories=self.asked.categories, where=name)
        elif isinstance(row, StopPoints):
            points = self._points(name, row, paths)
            names = ("mode", "mode_column", "modes", "name_column", "kind_column", "kinds", "area_prefixes")
            told = {one: getattr(row, one) for one in names}
            stops, findings = stops_without_times(points, id_column=_ID, where=name, **told)
            self.warnings += [f"{name}: {finding}" for finding in findings]
        else:
            raise InputError(Fault("not a source of stops", name, "use gtfs, stops or osm_pbf"))
        self._tell(name, row, paths, len(stops), "no timetable: service unknown")
        return stops


def check_reach(sources: Sources, *, places: Places, asked: Asked, report: Callable[[str], None]) -> None:
    """Read streets, amenities and stops as a run would, and write nothing.

    Raises
    ------
    InputError
        With every fault of every source.
    """
    places.scratch.mkdir(parents=True, exist_ok=True)
    StreetsReader(sources, places, asked, Hashes(places.scratch / "hashes.json"), report).read()


def read_stops_alone(key: str, sources: Sources, *, places: Places, asked: Asked) -> tuple[Frame, SourceRecord]:
    """Read the stops of one source that has no timetable, and what the manifest tells of it."""
    reader = StreetsReader(sources, places, asked, Hashes(places.scratch / "hashes.json"), lambda _: None)
    return reader._stops_without_times(key), reader.records[f"stops.{key}"]  # noqa: SLF001 - its own class


def _at(fault: Fault | str, where: str) -> Fault | str:
    """Return a fault of the timetable as one of the files it was read from."""
    return replace(fault, where=where) if isinstance(fault, Fault) and fault.where == "timetable" else fault


def source_key(sources: Sources, places: Places, hashes: Hashes) -> Any:  # noqa: ANN401 - JSON
    """Return what the sources are: their rows and the hashes of their files."""
    kinds = ("streets", "amenities", "stops")
    rows = {name: row for name, row in sources.rows().items() if name.split(".")[0] in kinds}
    return {
        name: [row.model_dump(mode="json"), hashes.of(files_of(name, row, places, bounds=None))]
        for name, row in rows.items()
    }


def spoken_of(sources: Sources, asked: Asked, amenities: Frame) -> set[str]:
    """Return the kinds of opportunity that some source speaks about: what none does is unknown, not absent."""
    covered = {f"amenity:{category}" for category in amenities["category"].unique()}
    if any(isinstance(row, OsmPbf | OsmPlace) for row in sources.amenities.values()):
        covered |= {f"amenity:{category}" for category in asked.categories.categories}
    covered |= {name for name in ("jobs", "centres") if f"amenity:{name}" in covered}
    return covered | ({"stop"} if sources.stops else set())


def extent_of_sources(reader: StreetsReader) -> shapely.Geometry | None:
    """Return where amenities and stops are complete: in the boxes of files and outlines of places; None: everywhere."""
    shapes = list(reader.extents)
    for name, row in reader.sources.rows().items():
        if name.split(".")[0] in ("amenities", "stops") and isinstance(row, OsmPbf):
            paths = files_of(name, row, reader.places, bounds=None)
            boxes = [(file_box(Path(path)), path) for path in paths]
            shapes += [project_shape(box, CRS, where=path) for box, path in boxes if box is not None]
    return shapely.intersection_all(shapes) if shapes else None
