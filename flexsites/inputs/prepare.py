"""Prepare the inputs of a run: every source read once, told about, and written as canonical tables.

Nothing of a source is lost in silence. The faults of all sources are raised together, after all of them were read.
A source whose files, configuration and area are unchanged is not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.config.rules import ExclusionRule
from flexsites.config.run import Area
from flexsites.config.sources import Fetched, Row, Sources
from flexsites.errors import ConfigError, Fault, FlexsitesError, InputError
from flexsites.inputs.features import open_features, read_features
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.areas import CODE_NAMES, KINDS, NAME_NAMES, area_of, read_areas
from flexsites.inputs.land.demand import read_demand
from flexsites.inputs.land.ownership import Owners, read_owners
from flexsites.inputs.land.parcels import OPTIONAL_COLUMNS, write_parcels
from flexsites.inputs.prepare_layers import prepare_coverages, prepare_layer
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.ingest import Told
from flexsites.inputs.rows.records import Hashes, record_of
from flexsites.inputs.rows.selection import EVERY_COLUMN
from flexsites.inputs.rows.steps import Kitchen, files_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.tables import CRS, Areas, Demand, Frame
from flexsites.tables.files import write_table
from flexsites.tables.spatial_files import Bounds, Written, read_window, write_canonical


def prepare(
    sources: Sources,
    *,
    directory: Path,
    base: Path,
    area: Area | None = None,
    rules: Iterable[ExclusionRule] = (),
    halo_m: float = 0.0,
    world: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Read the sources of a run and write their canonical tables.

    Parameters
    ----------
    sources
        The sources.
    directory
        Where canonical files go, with a folder `quarantine` and a folder `scratch`.
    base
        The folder of the run file.
    area
        The extent of the run; None: everything the parcels hold.
    rules
        Every rule of every variant: they say which attributes layers must have, and which cells of rasters count.
    halo_m
        How far outside the area layers are read: the longest reach of any rule.
    world
        The folder of the synthetic place that `world://` names.
    report
        Told each source as its turn comes.

    Returns
    -------
    Prepared
        What was written, and what was told.

    Raises
    ------
    InputError
        With every fault of every source.
    """
    directory.mkdir(parents=True, exist_ok=True)
    places = Places(base=base, scratch=directory / "scratch", world=world)
    kitchen = Kitchen(directory, places, sources.faulty_rows == "stop", report, Hashes(directory / "hashes.json"))
    rules = tuple(rules)
    areas = _prepare_areas(kitchen, sources)
    extent, within = _extent(kitchen, sources, area or Area(), areas)
    if not kitchen.faults:
        _prepare_parcels(kitchen, sources, extent, within, areas)
    around = _around(kitchen, extent if within is None else within, halo_m)
    for name, row in sources.layers.items():
        prepare_layer(kitchen, name, row, rules, around)
    prepare_coverages(kitchen, sources, rules, areas, around)
    _prepare_demand(kitchen, sources)
    if kitchen.faults:
        raise _as_error(kitchen.faults)
    return Prepared(
        directory=directory,
        tables={name: path for name, path in kitchen.tables.items() if not name.startswith("layers/")},
        layers=dict(kitchen.layers),
        records=tuple(kitchen.records[name] for name in sources.rows() if name in kitchen.records),
        warnings=tuple(dict.fromkeys(kitchen.warnings)),
        hashes=dict(sorted(kitchen.digests.items())),
    )


def _as_error(faults: list[Fault | str]) -> InputError:
    return InputError(list({str(fault): fault for fault in faults}.values()))


def _prepare_areas(kitchen: Kitchen, sources: Sources) -> Frame | None:
    """Read the areas, whole: the extent of the run and the coverages are named by them. None: the run has none."""
    frames = []
    for source in KINDS:
        row = getattr(sources.areas, source)
        if row is None:
            continue
        name = f"areas.{source}"

        def make(
            path: Path, told: Told, name: str = name, row: Fetched = row, source: str = source
        ) -> tuple[Written, str]:
            """Read one source and write it as a canonical table."""
            paths = files_of(name, row, kitchen.places, bounds=None)
            every = row if row.keep else row.model_copy(update={"keep": (EVERY_COLUMN,)})
            opened = open_features(
                name,
                every,
                paths,
                kitchen.places,
                optional=[n.format(kind=KINDS[source]) for n in (*CODE_NAMES, *NAME_NAMES)],
            )
            return write_canonical(read_areas(source, opened, told), path, Areas), opened.notes

        if kitchen.run(name, row, name, make, depends=None):
            frames.append(read_window(kitchen.tables.pop(name)))
    if not frames:
        return None
    joined: Frame = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=CRS)
    kitchen.write(joined, "areas", Areas)
    return joined


def _extent(
    kitchen: Kitchen, sources: Sources, area: Area, areas: Frame | None
) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """Return the extent of the run (None: all that the parcels hold), and the polygons sites are cut off at."""
    extent: BaseGeometry | None = None
    codes = (*area.gemeenten, *area.provincies)
    try:
        if codes and areas is None and not kitchen.faults:
            what = "the area is named by gemeente or provincie, and the run has no areas"
            raise ConfigError(Fault(what, "area", "add sources.areas.gemeenten or .provincies"))
        if codes and areas is not None:
            extent = area_of(areas, codes)
        if area.bbox is not None:
            box = shapely.box(*area.bbox)
            extent = box if extent is None else extent.intersection(box)
        within: BaseGeometry | None = shapely.box(*area.bbox) if area.is_cut and area.bbox is not None else None
        if area.within is not None:
            row = sources.layers.get(area.within)
            if row is None:
                raise ConfigError(Fault(f"no layer {area.within}", "area.within", f"use: {', '.join(sources.layers)}"))
            within = _union_of(kitchen, area.within, row)
    except FlexsitesError as error:
        kitchen.faults.extend(error.faults)
        return extent, None
    return extent, within


def _union_of(kitchen: Kitchen, name: str, row: Row) -> BaseGeometry:
    paths = files_of(name, row, kitchen.places, bounds=None)
    told = Told(Ledger(f"area.within {name}"))
    opened = open_features(name, row, paths, kitchen.places)
    return shapely.union_all([shape for rows in read_features(opened, "polygon", told) for shape in rows.geometry])


def _prepare_parcels(
    kitchen: Kitchen,
    sources: Sources,
    extent: BaseGeometry | None,
    within: BaseGeometry | None,
    areas: Frame | None,
) -> None:
    owners = _prepare_owners(kitchen, sources)
    row = sources.parcels
    if row is None:
        return
    bounds = None if extent is None and within is None else shapely.box(*_smallest(extent, within)).bounds

    def make(path: Path, told: Told) -> tuple[Written, str]:
        paths = files_of("parcels", row, kitchen.places, bounds=bounds)
        opened = open_features("parcels", row, paths, kitchen.places, optional=OPTIONAL_COLUMNS)
        written = write_parcels(opened, told, path, area=extent, within=within, areas=areas, owners=owners)
        return written, opened.notes

    shapes = [None if shape is None else shape.wkb_hex for shape in (extent, within)]
    known = [
        kitchen.digests.get("areas"),
        kitchen.records["ownership"].sha256 if "ownership" in kitchen.records else None,
    ]
    depends = [hashlib.sha256(str(shapes).encode()).hexdigest(), known, str(sources.ownership)]
    kitchen.run("parcels", row, "parcels", make, depends=depends, bounds=bounds)


def _smallest(*shapes: BaseGeometry | None) -> Bounds:
    """Return the box that all of the shapes given share; their own edges where they share none."""
    boxes = [shape.bounds for shape in shapes if shape is not None]
    west, south = (max(box[i] for box in boxes) for i in (0, 1))
    east, north = (min(box[i] for box in boxes) for i in (2, 3))
    return (west, south, east, north) if west <= east and south <= north else boxes[0]


def _prepare_owners(kitchen: Kitchen, sources: Sources) -> Owners | None:
    row = sources.ownership
    if row is None:
        return None
    kitchen.report("ownership")
    told = Told(Ledger("ownership"))
    try:
        owners = read_owners(row, kitchen.places, told)
        digest = kitchen.hashes.of(files_of("ownership", row, kitchen.places, bounds=None))
    except FlexsitesError as error:
        kitchen.faults.extend(error.faults)
        return None
    kitchen.faults.extend(told.unlisted.faults("ownership"))
    kitchen.records["ownership"] = record_of("ownership", row, digest=digest, ledger=told.ledger)
    return owners


def _prepare_demand(kitchen: Kitchen, sources: Sources) -> None:
    """Read the demand and write it beside the other inputs. It is small and no cell reads it: it is read each time."""
    row = sources.demand
    if row is None:
        return
    kitchen.report("demand")
    told = Told(Ledger("demand"))
    try:
        demand = read_demand(row, kitchen.places, told)
        digest = kitchen.hashes.of(files_of("demand", row, kitchen.places, bounds=None))
    except FlexsitesError as error:
        kitchen.faults.extend(error.faults)
        return
    kitchen.faults.extend(told.unlisted.faults("demand"))
    kitchen.records["demand"] = record_of("demand", row, digest=digest, ledger=told.ledger)
    path = kitchen.directory / "demand.parquet"
    write_table(demand, Demand, path)
    kitchen.tables["demand"] = path


def _around(kitchen: Kitchen, extent: BaseGeometry | None, halo_m: float) -> Bounds | None:
    """Return the window that layers are read in: the parcels themselves, or else the area, and the halo around it."""
    box = kitchen.bounds.get("parcels") or (None if extent is None else extent.bounds)
    if box is None:
        return None
    return box[0] - halo_m, box[1] - halo_m, box[2] + halo_m, box[3] + halo_m
