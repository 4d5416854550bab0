"""A run: where it stands on disk, what it prepares, how its cells are assessed, resumed and put together.

    outputs/<pipeline>/<run_id>/
        canonical/   prepared inputs, each remembered by the hash of what it was made of
        access/      networks and fields, memory-mapped by all workers
        parts/       per cell and reading the tables of results, and the cell's row of the manifest
        *.parquet    the merged tables; variants/<id>/*.parquet

The run id is a name and a hash of everything that the run's files say, so a run of another content is another run.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexsites import tables as t
from flexsites.accessibility.prepare import open_access
from flexsites.assess import Surroundings, assess_parcels, assess_roofs
from flexsites.cells import Cell, plan_cells
from flexsites.config.study import BASE, Study
from flexsites.contract import frames_remembered
from flexsites.errors import Fault, FlexsitesError, RunError
from flexsites.first_run import compiling
from flexsites.inputs.check import check
from flexsites.inputs.files import REMOTE, Places
from flexsites.inputs.prepare import prepare
from flexsites.inputs.prepare_stock import prepare_stock
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.windows import window_of
from flexsites.invented import invent
from flexsites.parallel import map_cells, require_scheduler
from flexsites.parts import HELD, merge, read_json, write_json, write_table, write_whole
from flexsites.prepare_reach import Asked, check_reach, open_prepared_travel, prepare_reach
from flexsites.provenance import digest, versions
from flexsites.stages import record_lineage
from flexsites.tables import Frame, Table

PARCEL_TABLES: dict[str, Table] = {
    "sites": t.Sites,
    "suitability": t.Suitability,
    "reasons": t.Reasons,
    "pieces": t.Pieces,
    "accessibility": t.Accessibility,
    "transit_quality": t.TransitQuality,
    "units": t.Units,
}
BASE_TABLES: dict[str, Table] = PARCEL_TABLES | {
    "faces": t.Faces,
    "near_misses": t.NearMisses,
    "near_miss_units": t.NearMissUnits,
}
VARIANT_TABLES: dict[str, Table] = {
    name: PARCEL_TABLES[name] for name in ("sites", "suitability", "reasons", "pieces", "units")
}
ROOF_TABLES: dict[str, Table] = {"roofs": t.Roofs, "roof_units": t.RoofUnits, "roof_reasons": t.RoofReasons}
COMPLEX_PARTS: dict[str, Table] = {"complexes": t.Complexes, "complex_links": t.ComplexLinks}
"""What cells leave of complexes; they become one table when those over borders are grouped, see across_cells."""

_MIN_SIDE_M = 125.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is run; none of it changes a result.

    Attributes
    ----------
    outputs
        Where results go: ``<outputs>/<pipeline>/<run_id>``.
    scheduler, workers
        See :func:`flexsites.parallel.map_cells`.
    cell_size_m
        Side of a cell; None: the run's own.
    resume
        Keep the parts of cells whose inputs are unchanged.
    lang
        Language of the report and the workbook.
    quiet
        No progress bars.
    """

    outputs: Path
    scheduler: str = "processes"
    workers: int = 2
    cell_size_m: float | None = None
    resume: bool = False
    lang: str = "nl"
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown scheduler, or a store that results cannot go to, before hours of reading inputs."""
        require_scheduler(self.scheduler)
        if re.match(r"[a-z][a-z0-9+.-]+:/", str(self.outputs)):
            what = f"results cannot be written to {self.outputs}"
            raise RunError(
                Fault(what, "--outputs", "give a local folder, and copy the results to the store afterwards")
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands on disk."""

    directory: Path
    run_id: str

    @property
    def canonical(self) -> Path:
        """The prepared inputs."""
        return self.directory / "canonical"

    @property
    def parts(self) -> Path:
        """The parts of the cells."""
        return self.directory / "parts"

    def part(self, cell: Cell, reading: str, name: str) -> Path:
        """Return the part of one table that one cell writes."""
        return self.parts / cell.id / reading / f"{name}.parquet"

    def result(self, reading: str, name: str) -> Path:
        """Return a merged table."""
        folder = self.directory if reading == BASE else self.directory / "variants" / reading
        return folder / f"{name}.parquet"


def place_of(study: Study, options: Options) -> Place:
    """Return where a run stands: in the directory of its pipeline, by its name and the hash of its content."""
    run_id = f"{study.run.name}-{digest(study.content, length=8)}"
    return Place(options.outputs.resolve() / study.run.pipeline / run_id, run_id)


def start(study: Study, options: Options) -> Place:
    """Make the run's directory and write the resolved run into it.

    Without ``resume`` parts and results of an earlier run of the same content are removed, and copies of remote files,
    which may have changed; prepared inputs stay, because they are remembered by their own hashes.
    """
    place = place_of(study, options)
    if not options.resume and place.directory.exists():
        for leftover in place.directory.iterdir():
            if leftover.name in ("canonical", "access", "world", HELD):
                continue
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        for copies in REMOTE:
            shutil.rmtree(place.canonical / "scratch" / copies, ignore_errors=True)
    place.directory.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(dict(study.content), sort_keys=False, allow_unicode=True, width=120)
    write_whole(place.directory / "run.yaml", text.encode())
    return place


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


def assess(place: Place, study: Study, inputs: Prepared, options: Options) -> list[dict[str, Any]]:
    """Assess every cell and return its row of the manifest; cells that are done are skipped when resuming."""
    side_m = options.cell_size_m or study.run.cell_size_m
    key = digest([dict(study.content), dict(inputs.hashes), versions()["flexsites"]])
    rows: list[dict[str, Any]] = []
    for kind, table in _kinds(study):
        points = _representative_points(inputs, kind, table)
        cells = plan_cells(points, side_m=side_m, max_sites=study.run.max_sites_per_cell, min_side_m=_MIN_SIDE_M)
        task = partial(assess_cell, kind=kind, place=place, study=study, inputs=inputs, key=key)
        with progress(f"{kind}: cells", len(cells), quiet=options.quiet) as advance:
            rows += map_cells(task, cells, scheduler=options.scheduler, workers=options.workers, on_done=advance)
    return rows


def assess_cell(cell: Cell, *, kind: str, place: Place, study: Study, inputs: Prepared, key: str) -> dict[str, Any]:
    """Read one cell's part of the inputs, run the whole chain, write its parts, return its row of the manifest.

    The row is written last: a cell without one is not done, whatever else it left.
    """
    marker = place.parts / cell.id / f"{kind}.json"
    done = read_json(marker)
    if done is not None and done["key"] == key:
        parts = [place.part(cell, reading, name) for reading, name in done.get("parts", ())]
        if all(part.is_file() for part in parts):
            return dict(done["row"])
    # From here on the parts may be of two inputs: the row that vouches for them goes first.
    marker.unlink(missing_ok=True)
    begin = time.perf_counter()
    written: list[tuple[str, str]] = []
    with record_lineage() as lines, frames_remembered():
        results = _CHAINS[kind](cell, study, inputs)
    for reading, tables in results.items():
        for name, frame in tables.items():
            wanted = (_tables_of(kind, reading) | COMPLEX_PARTS).get(name)
            if wanted is not None:
                write_table(frame, wanted, place.part(cell, reading, name))
                written.append((reading, name))
    row = _row(cell, kind, results[BASE], time.perf_counter() - begin)
    row["stages"] = _by_stage(lines)
    write_json(marker, {"key": key, "row": row, "parts": written})
    return row


def merge_parts(place: Place, study: Study, rows: Sequence[Mapping[str, Any]], options: Options) -> None:
    """Merge the parts of all cells into the tables of the run, sorted by key."""
    wanted = [
        (kind, reading.id, name, table)
        for kind, _ in _kinds(study)
        for reading in (study.readings if kind == "parcels" else (study.base,))
        for name, table in _tables_of(kind, reading.id).items()
    ]
    with progress("tables", len(wanted), quiet=options.quiet) as advance:
        for n, (kind, reading, name, table) in enumerate(wanted, 1):
            cells = [row["cell"] for row in rows if row["kind"] == kind]
            paths = [place.parts / cell / reading / f"{name}.parquet" for cell in cells]
            merge(paths, table, place.result(reading, name))
            advance(n)


@contextmanager
def progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield what is told how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        yield lambda n_done: bar.update(task, completed=n_done)


def _kinds(study: Study) -> list[tuple[str, Table]]:
    kinds = [("parcels", t.Parcels)] if study.run.assesses_parcels else []
    return kinds + ([("roofs", t.Buildings)] if study.run.assesses_roofs else [])


def _tables_of(kind: str, reading: str) -> dict[str, Table]:
    if kind == "roofs":
        return ROOF_TABLES
    return BASE_TABLES if reading == BASE else VARIANT_TABLES


def _representative_points(inputs: Prepared, kind: str, table: Table) -> np.ndarray:
    """Return the point of each site that decides which cell owns it, shape (n, 2)."""
    name = "parcels" if kind == "parcels" else "buildings"
    # Geometry alone, some row groups at a time: a country's sites are never all in memory.
    points = [_points_of(sites) for sites in inputs.chunks(name, table)]
    if not points:
        raise RunError(Fault(f"no {name} lie in the area of the run", name, "check the area and the source"))
    return np.concatenate(points)


def _points_of(sites: Frame) -> np.ndarray:
    return shapely.get_coordinates(shapely.point_on_surface(gpd.GeoSeries(sites["geometry"]).to_numpy()))


def _owned(cell: Cell, inputs: Prepared, name: str, table: Table) -> Frame:
    """Return the sites that the cell owns, in the order of their key."""
    # One metre wider: corners of cells are rounded where their side is no round number.
    sites = inputs.read(name, table, cell.grow(1.0))
    return sites[cell.owns(_points_of(sites))].sort_values(list(table.key), ignore_index=True)


def _parcel_chain(cell: Cell, study: Study, inputs: Prepared) -> dict[str, dict[str, Frame]]:
    parcels = _owned(cell, inputs, "parcels", t.Parcels)
    # A parcel may stick out of its cell: the window is that of the parcels, not of the cell.
    window = window_of(parcels, halo_m(study))
    around = Surroundings(
        layers=inputs.read_layers(window),
        coverages=inputs.coverages(window),
        streets=inputs.read("streets", t.StreetLines, window),
        areas=inputs.areas(window),
        stops=inputs.read("stops", t.Stops, window_of(parcels, study.transit_reach_m)),
        destinations=inputs.read("amenities", t.Amenities, window_of(parcels, study.direct_reach_m)),
        access=open_access(inputs.directory / "access"),
        travel=open_prepared_travel(inputs),
    )
    return assess_parcels(parcels, around, study=study)


def _roof_chain(cell: Cell, study: Study, inputs: Prepared) -> dict[str, dict[str, Frame]]:
    rules = study.top_up
    assert rules is not None, "roofs are assessed only where the run says how"  # noqa: S101 - resolve() reads them
    buildings = _owned(cell, inputs, "buildings", t.Buildings)
    neighbours = inputs.read_near("buildings", t.Buildings, buildings, gap_m=float(rules.complexes.gap_m))
    ids = pd.concat([buildings["bag_pand_id"], neighbours["bag_pand_id"]])
    roof_parts = inputs.read("roof_parts", t.RoofParts, window_of(pd.concat([buildings, neighbours]), 0.0))
    mine = roof_parts[roof_parts["bag_pand_id"].isin(ids)]
    return {BASE: assess_roofs(buildings, neighbours, mine, rules=rules)}


_CHAINS = {"parcels": _parcel_chain, "roofs": _roof_chain}


def _row(cell: Cell, kind: str, tables: Mapping[str, Frame], seconds: float) -> dict[str, Any]:
    """Return the cell's row of the manifest."""
    row: dict[str, Any] = {"cell": cell.id, "kind": kind, "seconds": round(seconds, 3)}
    if kind == "roofs":
        return row | {"n_sites": len(tables["roofs"])}
    sites, reasons = tables["sites"], tables["reasons"]
    return row | {
        "n_sites": len(sites),
        "n_repairs": int(tables["faces"]["n_repairs"].sum()),
        "area_in_m2": float(sites["parcel_area_m2"].sum()),
        "buildable_area_m2": float(sites["buildable_area_m2"].sum()),
        "attributed_area_m2": float(reasons["attributed_area_m2"].sum()),
    }


def _by_stage(lines: Sequence[Any]) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for line in lines:
        seconds[line.stage] = round(seconds.get(line.stage, 0.0) + line.seconds, 4)
    return seconds
