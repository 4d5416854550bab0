"""Streets, amenities and stops: read from their sources, every fault at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import shapely

from flexsites.arrays import GeometryArray
from flexsites.config.access import Mode, ModeOfTravel, StreetMeasure, TravelTime
from flexsites.config.addresses import without_keys
from flexsites.config.input_rules import input_rules
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.config.opportunities import ToStop
from flexsites.config.source_rows import Row
from flexsites.config.sources import Sources
from flexsites.config.street_sources import Gtfs, Lines, OsmPbf, OsmPlace, Points
from flexsites.config.street_sources import Stops as StopPoints
from flexsites.config.transit import Transit
from flexsites.digest import digests_of
from flexsites.errors import Fault, InputError
from flexsites.geometry.robust import intersect_all
from flexsites.geometry.street_graph import no_streets
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.coverages import coverage_frame
from flexsites.inputs.osm.amenities import told_twice
from flexsites.inputs.osm.graph import amenities_from_place
from flexsites.inputs.osm.outline import outline_of
from flexsites.inputs.osm.sources import read_amenities, read_osm_stops, read_streets
from flexsites.inputs.osm.streets_lines import street_lines
from flexsites.inputs.osm.streets_pbf import StreetReading, file_box, project_shape
from flexsites.inputs.preparation import Preparation, key_of, remembered
from flexsites.inputs.prepared import MEMORY_OF_REACH
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.records import SourceRecord
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.transit.stop_points import stops_without_times
from flexsites.inputs.transit.timetable import Service, read_service
from flexsites.inputs.user_features import ID, read_lines, read_points
from flexsites.inputs.user_features import read_amenities as read_points_of_user
from flexsites.tables import CRS, RD_BOUNDS, Amenities, Frame, Stops, StreetLines, concat, empty
from flexsites.tables.contract import require_any_in_rd
from flexsites.tables.spatial_files import write_canonical
from flexsites.tables.whole_files import write_state

_NO_TIMES = "no timetable: service unknown"

STREETS = "streets"
"""The name of the streets as a layer: piece tests ask its coverage."""

_TABLES = ("streets", "amenities", "stops")
_FOLDERS = ("access", "travel")
"""What cells search in, made of them."""


@dataclass(frozen=True, slots=True)
class ReachRequest:
    """What the run asks of the streets and the timetable."""

    measures: tuple[StreetMeasure, ...]
    travel: tuple[TravelTime, ...]
    egress_reach_m: float
    modes: Mapping[Mode, ModeOfTravel]
    rules: StreetRules
    categories: AmenityCategories
    transit: Transit
    on: dt.date | None = None
    """The day on which streets and amenities must not have ended; None: any may have."""

    @property
    def categories_asked(self) -> frozenset[str]:
        """The kinds of amenity that measures ask for, also those that no map has: jobs, places of work."""
        asked = [measure.to for measure in (*self.measures, *self.travel)]
        return frozenset({"jobs", "centres", *(to.category for to in asked if not isinstance(to, ToStop))})

    def key(self) -> Any:  # noqa: ANN401 - JSON
        """Return what prepared files depend on besides the sources."""
        parts = [*self.measures, *self.travel, *self.modes.values(), self.rules, self.categories, self.transit]
        return [self.egress_reach_m, str(self.on), *(part.model_dump(mode="json") for part in parts)]


@dataclass(frozen=True, slots=True)
class Reach:
    """What the sources of reach hold.

    Attributes
    ----------
    reading
        The street graph.
    lines, amenities, stops
        Their tables.
    service
        The timetable; null: the run has none.
    covered
        The kinds of opportunity that some source speaks about: what none does is unknown, not absent.
    extent
        Where amenities and stops are complete; null: everywhere.
    """

    reading: StreetReading
    lines: Frame
    amenities: Frame
    stops: Frame
    service: Service | None
    covered: frozenset[str]
    extent: shapely.Geometry | None


MakeReady = Callable[[Path, Reach], list[str]]
"""Makes of what was read, in the folder of prepared files, what cells search in; returns what a reader should know."""


def prepare_streets(
    preparation: Preparation, request: ReachRequest, make_ready: MakeReady | None, areas: Frame | None = None
) -> None:
    """Read streets, amenities and stops, write their tables, and make them ready to be searched.

    Unless a file, its configuration or what is asked changed, what is there is used again.

    Parameters
    ----------
    preparation
        The preparation of the run.
    request
        How they are read.
    make_ready
        Called where no source has a fault; None: nothing is made.
    areas
        Table ``Areas``: outlines of extracts may be named by them; None: the run has none.
    """
    memory = preparation.directory / MEMORY_OF_REACH
    key = preparation.attempt(lambda: _key(preparation, request, areas))
    known = None if key is None else remembered(memory, key)
    n_told = len(preparation.warnings)
    if known is None:
        memory.unlink(missing_ok=True)  # the files it speaks of are written over
        reader = _ReachReader(preparation, request, areas)
        reach = reader.read()
        if reach is None or preparation.faults:
            return
        told = preparation.warnings[n_told:]
        known = _write(preparation, reader, reach, make_ready, told)
        known |= {"key": key, "files": _digests(preparation.directory)}
        write_state(memory, known)
    else:
        preparation.recall(known["records"])
    # Told as they were when it was read, in that order, whoever read it.
    preparation.warnings[n_told:] = known["warnings"]
    preparation.coverages.append(coverage_frame(STREETS, [shapely.from_wkt(known["extent"])], "covered"))
    preparation.tables |= {name: preparation.directory / f"{name}.parquet" for name in _TABLES}
    preparation.digests["reach"] = known["key"]


def rows_of_reach(sources: Sources) -> dict[str, Row]:
    """Return the sources of streets, amenities and stops, by dotted name."""
    return {name: row for name, row in sources.rows().items() if name.split(".")[0] in _TABLES}


def is_reach_made(preparation: Preparation, request: ReachRequest, areas: Frame | None) -> bool:
    """Whether streets, amenities and stops stand there as they are asked for.

    Raises
    ------
    InputError
        If a file of theirs is not there.
    """
    return remembered(preparation.directory / MEMORY_OF_REACH, _key(preparation, request, areas)) is not None


def _digests(directory: Path) -> dict[str, str]:
    """Return the hash of every file that was made."""
    made = [path for name in _FOLDERS for path in (directory / name).rglob("*") if path.is_file()]
    return digests_of([*(directory / f"{name}.parquet" for name in _TABLES), *made], directory)


def _write(
    preparation: Preparation, reader: _ReachReader, reach: Reach, make_ready: MakeReady | None, told: list[str]
) -> dict[str, Any]:
    """Write what was read, make it ready, and return what is remembered of it and of what its sources told."""
    frames = zip(_TABLES, (reach.lines, reach.amenities, reach.stops), (StreetLines, Amenities, Stops), strict=True)
    for name, frame, table in frames:
        write_canonical(frame, preparation.directory / f"{name}.parquet", table)
    made: list[str] = []
    if make_ready is not None:
        preparation.report("access")
        made = make_ready(preparation.directory, reach)
    extent = reach.reading.graph.extent
    return {
        "extent": shapely.to_wkt(shapely.box(*RD_BOUNDS) if extent is None else extent, rounding_precision=-1),
        "records": [asdict(preparation.records[name]) for name in reader.names],
        "warnings": [*told, *reader.warnings, *made],
        "has_timetable": reach.service is not None,
    }


class _ReachReader:
    """Reads streets, amenities and stops, source by source."""

    def __init__(self, preparation: Preparation, request: ReachRequest, areas: Frame | None = None) -> None:
        self.preparation, self.request, self.areas = preparation, request, areas
        self.sources = preparation.sources
        self.names: list[str] = []
        self.warnings: list[str] = []
        self.extents: list[shapely.Geometry] = []

    def read(self) -> Reach | None:
        """Read all of them; None when there are no streets to speak of, or they have faults."""
        attempt = self.preparation.attempt
        reading = None if STREETS in self.preparation.unasked else attempt(self._streets)
        lines = empty(StreetLines) if reading is None else street_lines(reading.graph)
        walkable = lines.geometry.to_numpy()[lines["is_walk"].to_numpy()]
        found = [attempt(lambda k=key: self._amenity(k, walkable)) for key in self.sources.amenities]  # type: ignore[misc]
        amenities = concat([one for one in found if one is not None], Amenities)
        within_m = float(input_rules().doubts.same_amenity_m)
        self.warnings += [
            f"amenities: {n:,} of {category} lie within {within_m:g} m of one of another source: each counts"
            for category, n in told_twice(amenities, within_m).items()
        ]
        stops, service = self._stops()
        extent = attempt(self._extent)
        if reading is None:
            return None
        return Reach(reading, lines, amenities, stops, service, self._covered(amenities), extent)

    def _log(self, name: str, row: Row, paths: tuple[str, ...], found: int | ReadReport, notes: str = "") -> None:
        """End the log of a source: of its rows, or of as many as were found where its reader keeps no log of rows."""
        report = found if isinstance(found, ReadReport) else ReadReport(Ledger(name))
        if isinstance(found, int):
            report.ledger.n_read = report.ledger.n_kept = found
        self.preparation.log(name, row, paths, report, notes=notes)
        self.names.append(name)

    def _streets(self) -> StreetReading:
        row = self.sources.streets
        if row is None:
            self.warnings.append("streets: the run has none; what is reached, and whether land lies on one, is unknown")
            return StreetReading(no_streets(), ())
        paths = self.preparation.files(STREETS, row)
        report = ReadReport(Ledger(STREETS))
        if isinstance(row, Lines):
            try:
                reading = read_lines(STREETS, row, paths, self.preparation.places, report, rules=self.request.rules)
            except InputError:
                self.preparation.log(STREETS, row, paths, report)
                raise
            self._log(STREETS, row, paths, report, "; ".join(reading.notes))
            return reading
        outline = outline_of(row, STREETS, places=self.preparation.places, areas=self.areas)
        reading = read_streets(row, paths, rules=self.request.rules, outline=outline, on=self.request.on)
        require_any_in_rd(reading.graph.node_xy, "corners of streets", where=", ".join([STREETS, *paths]))
        self._log(STREETS, row, paths, reading.graph.n_edges, "; ".join(reading.notes))
        return reading

    def _amenity(self, key: str, walkable: GeometryArray) -> Frame:
        name, row = f"amenities.{key}", self.sources.amenities[key]
        paths, notes = self.preparation.files(name, row), ""
        report = ReadReport(Ledger(name))
        if isinstance(row, Points):
            known = frozenset(self.request.categories.categories) | self.request.categories_asked
            amenities = read_points_of_user(key, row, paths, self.preparation.places, report, categories=known)
            self._log(name, row, paths, report)
            return amenities
        asked: dict[str, Any] = {"categories": self.request.categories, "on": self.request.on}
        if isinstance(row, OsmPbf):
            found = read_amenities(paths, walkable=walkable, where=name, **asked)
            amenities, notes = found[0], "; ".join(found[2])
            require_any_in_rd(shapely.get_coordinates(amenities.geometry), "amenities", where=", ".join([name, *paths]))
        else:
            of_place = amenities_from_place(row.place, walkable=walkable, **asked)
            amenities, notes = of_place[0], "; ".join(of_place[2])
            self.extents.append(of_place[1])
        self._log(name, row, paths, len(amenities), notes)
        return amenities

    def _stops(self) -> tuple[Frame, Service | None]:
        """Read all stops; all timetables together stand for one."""
        attempt = self.preparation.attempt
        feeds = {key: row for key, row in self.sources.stops.items() if isinstance(row, Gtfs)}
        service = attempt(lambda: self._service(feeds)) if feeds else None
        others = [key for key in self.sources.stops if key not in feeds]
        found = [attempt(lambda k=key: self.stops_without_times(k)) for key in others]  # type: ignore[misc]
        frames = [service.stops] if service is not None else []
        return concat([*frames, *(one for one in found if one is not None)], Stops), service

    def _service(self, feeds: Mapping[str, Gtfs]) -> Service:
        files = {key: self.preparation.files(f"stops.{key}", row) for key, row in feeds.items()}
        paths = {f"{key}.{i}": Path(path) for key, found in files.items() for i, path in enumerate(found)}
        days = {row.reference_date for row in feeds.values()} - {None}
        if len(days) > 1:
            remedy = "give all feeds the same reference_date"
            raise InputError(Fault("several reference dates", "sources.stops", remedy))
        only = next(iter(paths.values())) if len(paths) == 1 else paths
        try:
            chosen = next(iter(days), None)
            service = read_service(only, transit=self.request.transit, reference_date=chosen, on=self.request.on)
        except InputError as error:
            # What is wrong with all feeds together is told of all their files.
            where = f"{', '.join(f'stops.{key}' for key in feeds)} ({', '.join(path.name for path in paths.values())})"
            raise InputError([_at(fault, where) for fault in error.faults]) from error
        self.warnings += [f"timetable: {finding}" for finding in service.findings]
        notes = f"service of {service.days.weekday}; publisher {service.publisher or 'not stated'}"
        for key, row in feeds.items():
            self._log(f"stops.{key}", row, files[key], len(service.stops), notes)
        return service

    def stops_without_times(self, key: str) -> Frame:
        """Read the stops of one source that has no timetable."""
        name, row = f"stops.{key}", self.sources.stops[key]
        paths = self.preparation.files(name, row)
        report = ReadReport(Ledger(name))
        if isinstance(row, OsmPbf):
            stops, notes = read_osm_stops(paths, categories=self.request.categories, where=name, on=self.request.on)
        elif isinstance(row, StopPoints):
            points = read_points(name, row, paths, self.preparation.places, report)
            names = ("mode", "mode_column", "modes", "name_column", "kind_column", "kinds", "area_prefixes")
            given = {one: getattr(row, one) for one in names}
            stops, findings = stops_without_times(points, id_column=ID, where=name, **given)
            self.warnings += [f"{name}: {finding}" for finding in findings]
            report.ledger.n_left_out += report.ledger.n_kept - len(stops)
            report.ledger.n_kept = len(stops)
            self._log(name, row, paths, report, _NO_TIMES)
            return stops
        else:
            raise InputError(Fault("not a source of stops", name, "use gtfs, stops or osm_pbf"))
        self._log(name, row, paths, len(stops), "; ".join([_NO_TIMES, *notes]))
        return stops

    def _covered(self, amenities: Frame) -> frozenset[str]:
        """Return the kinds of opportunity that some source speaks about: what none does is unknown, not absent."""
        covered = {f"amenity:{category}" for category in amenities["category"].unique()}
        if any(isinstance(row, OsmPbf | OsmPlace) for row in self.sources.amenities.values()):
            covered |= {f"amenity:{category}" for category in self.request.categories.categories}
        covered |= {name for name in ("jobs", "centres") if f"amenity:{name}" in covered}
        return frozenset(covered | ({"stop"} if self.sources.stops else set()))

    def _extent(self) -> shapely.Geometry | None:
        """Return where amenities and stops are complete: in boxes of files and outlines of places; None: everywhere."""
        shapes = list(self.extents)
        for name, row in self.sources.rows().items():
            if name.split(".")[0] in ("amenities", "stops") and isinstance(row, OsmPbf):
                outline = outline_of(row, name, places=self.preparation.places, areas=self.areas)
                if outline is not None:
                    shapes.append(outline)
                    continue
                boxes = [(file_box(Path(path)), path) for path in self.preparation.files(name, row)]
                shapes += [project_shape(box, CRS, where=path) for box, path in boxes if box is not None]
        return intersect_all(shapes) if shapes else None


def read_stops_alone(
    key: str, sources: Sources, *, places: Places, request: ReachRequest
) -> tuple[Frame, SourceRecord]:
    """Read the stops of one source that has no timetable, and what the manifest tells of it.

    Raises
    ------
    InputError
        With every fault of the source.
    """
    preparation = Preparation(sources, places.scratch, places)
    stops = _ReachReader(preparation, request).stops_without_times(key)
    if preparation.faults:
        raise InputError(preparation.faults)
    return stops, preparation.records[f"stops.{key}"]


def _key(preparation: Preparation, request: ReachRequest, areas: Frame | None) -> str:
    """Return the key of what is made of the sources: their rows and files, their outlines, and what is asked."""
    rows = rows_of_reach(preparation.sources)
    outlines = {name: outline_of(row, name, places=preparation.places, areas=areas) for name, row in rows.items()}
    sources = {
        name: [
            without_keys(row.model_dump(mode="json")),
            preparation.hashes.of(preparation.files(name, row)),
            None if (outline := outlines[name]) is None else shapely.to_wkt(outline, rounding_precision=-1),
        ]
        for name, row in rows.items()
    }
    return key_of([request.key(), sources])


def _at(fault: Fault | str, where: str) -> Fault | str:
    """Return a fault of the timetable as one of the files it was read from."""
    return replace(fault, where=where) if isinstance(fault, Fault) and fault.where == "timetable" else fault
