"""What a run prepares once: every source read, streets and timetable made ready; and the same walk as a check."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely
from rich.console import Console

from flexsites.accessibility.contract_streets import prepare_access
from flexsites.accessibility.kernels.network import Mode, Network, build_network
from flexsites.accessibility.prepare_timetable import PreparedTravel, open_travel, prepare_travel
from flexsites.config.sources import Sources
from flexsites.config.study import Study
from flexsites.digest import digest
from flexsites.errors import Fault, FlexsitesError
from flexsites.inputs.check import check
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.coverages import coverage_frame
from flexsites.inputs.prepare import prepare
from flexsites.inputs.prepare_stock import prepare_stock
from flexsites.inputs.prepare_streets import (
    STREETS,
    Asked,
    StreetsReader,
    check_reach,
    extent_of_sources,
    source_key,
    spoken_of,
)
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.records import Hashes, SourceRecord
from flexsites.runs.run import Options, Place
from flexsites.runs.synthetic import invent
from flexsites.runs.warm_up import compiling
from flexsites.tables import RD_BOUNDS, Amenities, Coverages, Stops, StreetLines, together
from flexsites.tables.files import read_json, write_json
from flexsites.tables.spatial_files import write_canonical


def prepare_inputs(place: Place, study: Study, options: Options) -> Prepared:
    """Read every source once and write what the cells will read; what is unchanged is not read again."""
    run = study.run
    with Console(stderr=True, quiet=options.quiet).status("inputs") as status, compiling(study):

        def report(name: str) -> None:
            status.update(f"inputs: {name}")

        asked = _asked(study)
        invented = invent(run, place.directory / "world", base=study.path.parent, asked=asked)
        sources = invented.sources
        places = Places(base=study.path.parent, scratch=place.canonical / "scratch", world=invented.folder)
        inputs = prepare(
            sources,
            directory=place.canonical,
            base=study.path.parent,
            area=run.area,
            rules=study.all_rules if run.assesses_parcels else (),
            halo_m=halo_m(study),
            world=invented.folder,
            report=report,
        )
        if run.assesses_parcels:
            inputs = prepare_reach(
                inputs, sources, places=places, asked=asked, n_threads=options.workers, report=report
            )
        if run.assesses_roofs:
            inputs = prepare_stock(inputs, sources, places=places, area=run.area, report=report)
    return replace(inputs, records=(*inputs.records, *invented.records))


def check_inputs(study: Study, *, report: Callable[[str], None] = lambda _: None) -> list[Fault | str]:
    """Read every source as a run would, in a folder of its own; return every fault, run nothing."""
    with tempfile.TemporaryDirectory(prefix="flexsites-check-") as folder:
        rules = study.all_rules if study.run.assesses_parcels else ()
        base, asked = study.path.parent, _asked(study)
        try:
            invented = invent(study.run, Path(folder) / "world", base=base, asked=asked)
        except FlexsitesError as error:
            return list(error.faults)
        sources, world = invented.sources, invented.folder
        faults = check(sources, base=base, area=study.run.area, rules=rules, world=world, report=report)
        places = Places(base=base, scratch=Path(folder) / "scratch", world=world)
        empty = Prepared(directory=Path(folder) / "more")
        empty.directory.mkdir()
        if study.run.assesses_parcels:
            try:
                check_reach(sources, places=places, asked=asked, report=report)
            except FlexsitesError as error:
                faults.extend(error.faults)
        if study.run.assesses_roofs:
            try:
                prepare_stock(empty, sources, places=places, area=study.run.area, report=report)
            except FlexsitesError as error:
                faults.extend(error.faults)
    return list({str(fault): fault for fault in faults}.values())


def _asked(study: Study) -> Asked:
    return Asked(
        measures=study.street_measures,
        travel=study.travel_measures,
        egress_reach_m=study.transit_reach_m,
        modes=study.measures.modes,
        rules=study.streets,
        categories=study.amenities,
        transit=study.transit,
    )


def halo_m(study: Study) -> float:
    """Return how far from a site a feature can matter to it: the longest reach of any rule or piece test."""
    reaches = [rule.reach_m for rule in study.all_rules]
    # A buffer is built from chords and edges are found by index: one metre keeps the halo wider than any rounding.
    return max([*reaches, float(study.tests.road_reach_m), 0.0]) + 1.0


def prepare_reach(
    prepared: Prepared,
    sources: Sources,
    *,
    places: Places,
    asked: Asked,
    n_threads: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Add streets, stops and access to the prepared inputs.

    Parameters
    ----------
    prepared
        Parcels, layers and coverages, as :func:`flexsites.inputs.prepare.prepare` gives them.
    sources
        The sources of the run.
    places
        What paths refer to.
    asked
        The measures of the run, and how streets and timetables are read.
    n_threads
        Fields that are made at the same time.
    report
        Told each source as its turn comes.

    Raises
    ------
    InputError
        With every fault of every source.
    """
    hashes = Hashes(prepared.directory / "hashes.json")
    key = digest([asked.key(), source_key(sources, places, hashes)])
    memory = prepared.directory / "reach.json"
    known = read_json(memory)
    if known is None or known["key"] != key:
        reader = StreetsReader(sources, places, asked, hashes, report)
        memory.unlink(missing_ok=True)  # the files it speaks of are written over
        known = _write(prepared.directory, reader, n_threads) | {"key": key}
        write_json(memory, known)
    return _joined(prepared, known)


def open_prepared_travel(prepared: Prepared) -> PreparedTravel | None:
    """Return what was prepared for travel times; None: the run has no timetable."""
    known = read_json(prepared.directory / "reach.json")
    return open_travel(prepared.directory / "travel") if known and known["has_timetable"] else None


def _write(directory: Path, reader: StreetsReader, n_threads: int) -> dict[str, Any]:
    """Read everything, write everything, and return what is remembered."""
    found, asked = reader.read(), reader.asked
    tables = (
        ("streets", found.lines, StreetLines),
        ("amenities", found.amenities, Amenities),
        ("stops", found.stops, Stops),
    )
    for name, frame, table in tables:
        write_canonical(frame, directory / f"{name}.parquet", table)
    networks: dict[Mode, Network] = {
        mode: build_network(
            found.reading.graph,
            mode=mode,
            min_component_m=float(asked.rules.min_component_m),
            wait_m=float(asked.rules.ferry_wait_min) / 60.0 * float(asked.modes[mode].speed_km_h) * 1000.0,
        )
        for mode in sorted({"walk", *(measure.mode for measure in asked.measures)})
    }
    reader.report("access")
    access = prepare_access(
        directory / "access",
        networks=networks,
        amenities=found.amenities,
        stops=found.stops,
        covered=frozenset(spoken_of(reader.sources, asked, found.amenities)),
        extent=extent_of_sources(reader),
        measures=asked.measures,
        modes=asked.modes,
        n_threads=n_threads,
    )
    if found.service is not None:
        walk = asked.modes["walk"]
        prepare_travel(
            directory / "travel",
            found.service.trips.arrays(),
            found.stops,
            found.amenities,
            network=networks["walk"],
            transfers=asked.transit.transfers,
            measures=asked.travel,
            walk_speed_km_h=float(walk.speed_km_h),
            egress_reach_m=asked.egress_reach_m,
            max_snap_m=float(walk.max_snap_m),
            station=found.service.trips.station,
            extent=access.extent,
        )
    warnings = [f"network of {mode}: {network.cut}" for mode, network in networks.items()]
    warnings += [
        f"{name}: {n} lie farther from a street than is walked to one" for name, n in access.n_lost.items() if n
    ]
    extent = found.reading.graph.extent
    return {
        "extent": shapely.to_wkt(shapely.box(*RD_BOUNDS) if extent is None else extent, rounding_precision=-1),
        "tables": [name for name, *_ in tables],
        "records": [record.as_dict() for record in reader.records.values()],
        "warnings": [*reader.warnings, *warnings],
        "has_timetable": found.service is not None,
    }


def _joined(prepared: Prepared, known: Mapping[str, Any]) -> Prepared:
    """Return the prepared inputs with what was made; the streets' extent becomes their coverage."""
    covered = coverage_frame(STREETS, [shapely.from_wkt(known["extent"])], "covered")
    before = prepared.coverages()
    joined = together([before[before["layer"] != STREETS], covered], Coverages)
    written = write_canonical(joined, prepared.directory / "coverages.parquet", Coverages)
    tables = {name: prepared.directory / f"{name}.parquet" for name in known["tables"]}
    return replace(
        prepared,
        tables={**prepared.tables, **tables, "coverages": written.path},
        records=(*prepared.records, *(SourceRecord(**record) for record in known["records"])),
        warnings=tuple(dict.fromkeys((*prepared.warnings, *known["warnings"]))),
        hashes=dict(sorted({**prepared.hashes, "coverages": written.sha256, "reach": known["key"]}.items())),
    )
