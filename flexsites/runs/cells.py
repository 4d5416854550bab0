"""The cells of a run: assessed one by one, resumed, and merged into the tables of the run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites import tables as t
from flexsites.assess import assess_parcels, assess_roofs, place_roofs
from flexsites.config.study import BASE, Study
from flexsites.digest import code_digest, digest, digests_of, sha256
from flexsites.errors import Fault, RunError
from flexsites.inputs.prepared import Prepared
from flexsites.runs.fitting import assess_fitting
from flexsites.runs.lattice import Cell, plan_cells
from flexsites.runs.memory import bytes_of
from flexsites.runs.mirror import Published
from flexsites.runs.parallel import map_cells
from flexsites.runs.run import Options, Place, forget_parts, progress, say_of, vouched
from flexsites.runs.side_by_side import side_by_side
from flexsites.runs.stored import assess_in_store, publish_inputs, stored
from flexsites.surroundings import roof_surroundings_of, surroundings_of
from flexsites.tables import Frame, Table
from flexsites.tables.contract import frames_remembered
from flexsites.tables.files import merge, write_table
from flexsites.tables.stage import record_lineage, step
from flexsites.tables.versions import computed_by
from flexsites.tables.whole_files import write_state
from flexsites.tables.windows import window_of

PARCEL_TABLES: dict[str, Table] = {
    "sites": t.Sites,
    "suitability": t.Suitability,
    "reasons": t.Reasons,
    "rule_coverage": t.RuleCoverage,
    "pieces": t.Pieces,
    "accessibility": t.Accessibility,
    "transit_quality": t.TransitQuality,
    "units": t.Units,
}


BASE_TABLES: dict[str, Table] = PARCEL_TABLES | {
    "faces": t.Faces,
    "piece_suitability": t.PieceSuitability,
    "laid_out": t.LaidOut,
    "near_misses": t.NearMisses,
}


VARIANT_TABLES: dict[str, Table] = {
    name: PARCEL_TABLES[name] for name in ("sites", "suitability", "reasons", "rule_coverage", "pieces", "units")
}


ROOF_TABLES: dict[str, Table] = {"roofs": t.Roofs, "roof_units": t.RoofUnits, "roof_reasons": t.RoofReasons}


PIECE_PARTS: dict[str, Table] = {"piece_suitability": t.PieceSuitability}
"""What cells leave of pieces for the step across cells; of the base it becomes a table too."""


_LONGEST = ("faces", "pieces", "reasons")
"""The tables that take longest to merge, which is begun with."""


COMPLEX_PARTS: dict[str, Table] = {"complexes": t.Complexes, "complex_links": t.ComplexLinks}
"""What cells leave of complexes; they become one table when those over borders are grouped, see across_cells."""


_CODE = (
    "flexsites.assess",
    "flexsites.inputs.prepared",
    "flexsites.accessibility.contract_streets",
    "flexsites.accessibility.prepare_timetable",
    "flexsites.runs.lattice",
)
"""What a cell runs; this module besides."""


@cache
def _made_by() -> str:
    """Return a digest of all that computes: this package's code as far as a cell runs it, and the libraries."""
    return digest([code_digest(*_CODE), sha256(Path(__file__)), computed_by()])


def keyed(place: Place, study: Study, inputs: Prepared) -> Place:
    """Return where the run stands with what its parts are made of: content, prepared inputs, code and libraries."""
    return replace(place, key=digest([dict(study.content), dict(inputs.hashes), _made_by()]))


def assess(place: Place, study: Study, inputs: Prepared, options: Options) -> list[dict[str, Any]]:
    """Assess every cell and return its row of the manifest; cells that are done are skipped when resuming."""
    side_m = options.cell_size_m or study.run.cell_size_m
    if not options.resume:
        forget_parts(place, other=False)
    published = publish_inputs(inputs, place, options) if options.store else None
    rows: list[dict[str, Any]] = []
    for kind, table in _kinds(study):
        points = _representative_points(inputs, kind, table)
        most = study.run.max_sites_per_cell
        cells = plan_cells(points, max_sites=most, at_least=options.workers, side_m=side_m)
        task = partial(assess_cell, kind=kind, study=study, made_by=_made_by())
        attempt = partial(_attempt, task, kind, place, inputs, published, options)
        if options.memory:
            memory, say = bytes_of(options.memory), say_of(options)
            rows += assess_fitting(attempt, cells, points, place=place, kind=kind, memory=memory, say=say)
        else:
            rows += attempt(cells)
    return rows


def _attempt(
    task: Callable[..., dict[str, Any]],
    kind: str,
    place: Place,
    inputs: Prepared,
    published: Published | None,
    options: Options,
    cells: Sequence[Cell],
) -> list[Any]:
    """Assess cells by workers that see the run's directory, or its store; return a row of each, or a ``TooLarge``."""
    # On a scheduler that runs share, a task of this name is one of this directory and nothing else.
    names = [f"{kind}-{cell.id}-{digest([str(place.parts), kind, cell.id], length=12)}" for cell in cells]
    memory = bytes_of(options.memory) if options.memory else None
    asked = partial(map_cells, scheduler=options.scheduler, workers=options.workers, memory=memory)
    with progress(f"{kind}: cells", len(cells), quiet=options.quiet) as advance:
        if published is None:
            here = partial(task, place=place, inputs=inputs)
            return asked(here, cells, names=names, shared=place.directory, on_done=advance)
        away = stored(task, kind, published, place, options)
        return assess_in_store(away, cells, place, names=names, on_workers=asked, on_done=advance)


def assess_cell(cell: Cell, *, kind: str, place: Place, study: Study, inputs: Prepared, made_by: str) -> dict[str, Any]:
    """Read one cell's part of the inputs, run the whole chain, write its parts, return its row of the manifest.

    The row is written last, with the hash of every part: a cell without one is not done, whatever else it left.

    Raises
    ------
    RunError
        If this worker computes with another version of the code or of a library than the run.
    """
    _require_same(made_by)
    folder = place.parts / cell.id
    marker = folder / f"{kind}.json"
    if (done := vouched(place, marker)) is not None:
        return dict(done["row"])
    # From here on the parts may be of two times: the row that vouches for them goes first.
    marker.unlink(missing_ok=True)
    begin, spent = time.perf_counter(), time.thread_time()
    written: list[Path] = []
    with record_lineage() as lines:
        with frames_remembered():
            results = _CHAINS[kind](cell, study, inputs)
        with step("write"):
            for reading, tables in results.items():
                for name, frame in tables.items():
                    wanted = (_tables_of(kind, reading) | PIECE_PARTS | COMPLEX_PARTS).get(name)
                    if wanted is not None:
                        written.append(place.part(cell, reading, name))
                        write_table(frame, wanted, written[-1])
    row = _row(cell, kind, results[BASE], time.perf_counter() - begin)
    row["cpu_seconds"] = round(time.thread_time() - spent, 4)
    row["stages"] = _by_stage(lines)
    row["stages"]["rest"] = round(row["cpu_seconds"] - sum(row["stages"].values()), 4)
    write_state(marker, {"key": place.key, "row": row, "parts": digests_of(written, folder)})
    return row


def _require_same(made_by: str) -> None:
    if _made_by() != made_by:
        remedy = "install the same versions of flexsites and its dependencies on every worker"
        raise RunError(Fault("a worker computes with other code than the run", platform.node(), remedy))


def merge_parts(place: Place, study: Study, rows: Sequence[Mapping[str, Any]], options: Options) -> None:
    """Merge the parts of all cells into the tables of the run, sorted by key.

    Raises
    ------
    RunError
        If parts are not what their cells wrote, to the last bit.
    """
    _require_vouched(place, rows)
    wanted = [
        (kind, reading.id, name)
        for kind, _ in _kinds(study)
        for reading in (study.readings if kind == "parcels" else (study.base,))
        for name in _tables_of(kind, reading.id)
    ]
    wanted.sort(key=lambda one: one[2] not in _LONGEST)
    cells = {kind: [row["cell"] for row in rows if row["kind"] == kind] for kind, _ in _kinds(study)}
    steps = [partial(_merge, place, cells[kind], kind, reading, name) for kind, reading, name in wanted]
    n_sites = sum(row["n_sites"] for row in rows)
    with progress("tables", len(wanted), quiet=options.quiet) as advance:
        side_by_side(place.directory, steps, advance, n_sites=n_sites, options=options)


def _merge(place: Place, cells: Sequence[str], kind: str, reading: str, name: str) -> None:
    """Merge the parts of one table."""
    paths = [place.parts / cell / reading / f"{name}.parquet" for cell in cells]
    merge(paths, _tables_of(kind, reading)[name], place.result(reading, name))


def _require_vouched(place: Place, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse parts that are not what the cells of this run wrote."""
    cells = {(row["cell"], row["kind"]): place.parts / row["cell"] / f"{row['kind']}.json" for row in rows}
    spoilt = [f"{cell} ({kind})" for (cell, kind), marker in cells.items() if vouched(place, marker) is None]
    if spoilt:
        remedy = "check the disk, and continue with --resume: they will be rebuilt"
        what = "parts of cells changed after they were written"
        raise RunError(Fault(what, str(place.parts), remedy, len(spoilt), spoilt))


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
    with step("read"):
        parcels = _owned(cell, inputs, "parcels", t.Parcels)
        around = surroundings_of(parcels, inputs, study=study)
    return assess_parcels(parcels, around, study=study)


def _roof_chain(cell: Cell, study: Study, inputs: Prepared) -> dict[str, dict[str, Frame]]:
    rules = study.top_up
    assert rules is not None, "roofs are assessed only where the run says how"  # noqa: S101 - resolve() reads them
    buildings = _owned(cell, inputs, "buildings", t.Buildings)
    neighbours = inputs.read_near("buildings", t.Buildings, buildings, gap_m=float(rules.complexes.gap_m))
    ids = pd.concat([buildings["bag_pand_id"], neighbours["bag_pand_id"]])
    roof_parts = inputs.read("roof_parts", t.RoofParts, window_of(pd.concat([buildings, neighbours]), 0.0))
    mine = roof_parts[roof_parts["bag_pand_id"].isin(ids)]
    around = roof_surroundings_of(buildings, inputs, study=study)
    placed = place_roofs(buildings, around, study=study)
    return {BASE: assess_roofs(placed, neighbours, mine, rules=rules)}


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
        seconds[line.stage] = round(seconds.get(line.stage, 0.0) + line.cpu_seconds, 4)
    return seconds
