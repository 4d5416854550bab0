"""Areas, parcels, owners and demand: where the run lies, its sites, and what is asked of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.arrays import GeometryArray
from flexsites.config.run import Area
from flexsites.config.source_rows import Row
from flexsites.errors import ConfigError, Fault, counted
from flexsites.geometry.robust import intersect_all, unite_all
from flexsites.inputs.features import open_features, read_features
from flexsites.inputs.land.areas import CODE_NAMES, KINDS, NAME_NAMES, area_of, read_areas
from flexsites.inputs.land.demand import read_demand
from flexsites.inputs.land.ownership import Owners, read_owners
from flexsites.inputs.land.parcels import OPTIONAL_COLUMNS, parcel_frames, write_parcels
from flexsites.inputs.preparation import Preparation
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.selection import EVERY_COLUMN
from flexsites.inputs.rows.validity import Ledger
from flexsites.tables import Areas, Demand, Frame, Parcels, concat
from flexsites.tables.files import write_table
from flexsites.tables.spatial_files import Bounds, Written, read_window, write_canonical

CONTEXT_M = 500.0
"""How far around the area parcels are read, whole: near ones, and what is near those. METHOD 0 asks all within 100 m of
a parcel, and a lender's own neighbours: what reaches so far out that this is too little is told."""

_NEAR_M = 100.0


@dataclass(frozen=True, slots=True)
class RunArea:
    """Where the sites of a run lie, in RD New.

    Attributes
    ----------
    extent
        Sites whose representative point lies in it are the run's; null: wherever the source has them.
    within
        Parcels are cut off at its edge, buildings are not; null: nothing is cut off.
    """

    extent: BaseGeometry | None = None
    within: BaseGeometry | None = None

    @property
    def whole(self) -> BaseGeometry | None:
        """Where whole sites lie: both together; null: anywhere."""
        shapes = [shape for shape in (self.extent, self.within) if shape is not None]
        return intersect_all(shapes) if shapes else None


def prepare_areas(preparation: Preparation) -> Frame | None:
    """Read the areas, whole: the extent of the run and the coverages are named by them. None: the run has none."""
    frames = [
        frame
        for source in KINDS
        if (row := getattr(preparation.sources.areas, source)) is not None
        and (frame := _prepare_kind(preparation, source, row)) is not None
    ]
    if not frames:
        return None
    joined = concat(frames, Areas)
    preparation.write(joined, "areas", Areas)
    return joined


def _prepare_kind(preparation: Preparation, source: str, row: Row) -> Frame | None:
    name = f"areas.{source}"

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        paths = preparation.files(name, row)
        every = row if getattr(row, "keep", ()) else row.model_copy(update={"keep": (EVERY_COLUMN,)})
        names = [one.format(kind=KINDS[source]) for one in (*CODE_NAMES, *NAME_NAMES)]
        opened = open_features(name, every, paths, preparation.places, optional=names)
        return write_canonical(read_areas(source, opened, report), path, Areas), opened.notes

    return read_window(preparation.tables.pop(name)) if preparation.step(name, row, name, make, depends=None) else None


def resolve_area(preparation: Preparation, area: Area, areas: Frame | None) -> RunArea | None:
    """Return where the run lies; None when that cannot be told, which is a fault."""
    n_before = len(preparation.faults)
    found = preparation.attempt(lambda: _resolve(preparation, area, areas))
    return None if found is None or len(preparation.faults) > n_before else found


def _resolve(preparation: Preparation, area: Area, areas: Frame | None) -> RunArea | None:
    extent: BaseGeometry | None = None
    within: BaseGeometry | None = None
    if codes := (*area.gemeenten, *area.provincies):
        if areas is None and preparation.faults:
            return None  # that the areas cannot be read was told
        if areas is not None:
            extent = area_of(areas, codes)
        elif not preparation.has_unasked_areas:
            what = "the area is named by gemeente or provincie, and the run has no areas"
            raise ConfigError(Fault(what, "area", "add sources.areas.gemeenten or .provincies"))
    if area.bbox is not None:
        box = shapely.box(*area.bbox)
        extent = box if extent is None else intersect_all([extent, box])
        within = box if area.is_cut else None
    if area.within is not None and f"layers.{area.within}" not in preparation.unasked:
        within = _union_of(preparation, area.within)
    return RunArea(extent, within)


def _union_of(preparation: Preparation, name: str) -> BaseGeometry:
    row = preparation.sources.layers.get(name)
    if row is None:
        raise ConfigError(Fault(f"no layer {name}", "area.within", f"use: {', '.join(preparation.sources.layers)}"))
    opened = open_features(name, row, preparation.files(name, row), preparation.places)
    report = ReadReport(Ledger(f"area.within {name}"))  # its rows are logged when the layer itself is read
    shapes = [shape for rows in read_features(opened, "polygon", report) for shape in rows.geometry]
    return unite_all(np.array(shapes, dtype=object))


def prepare_parcels(preparation: Preparation, area: RunArea, areas: Frame | None) -> None:
    """Write the parcels of the area, with the codes of areas and what the table of owners says of them."""
    owners = _prepare_owners(preparation)
    row = preparation.sources.parcels
    if row is None:
        return
    is_bound = area.extent is not None or area.within is not None
    bounds = shapely.box(*_smallest(area.extent, area.within)).bounds if is_bound else None

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        paths = preparation.files("parcels", row, bounds=bounds)
        opened = open_features("parcels", row, paths, preparation.places, optional=OPTIONAL_COLUMNS)
        written = write_parcels(opened, report, path, area=area.extent, within=area.within, areas=areas, owners=owners)
        return written, opened.notes

    shapes = [None if shape is None else shape.wkb_hex for shape in (area.extent, area.within)]
    owned = preparation.records.get("ownership")
    depends = [
        hashlib.sha256(str(shapes).encode()).hexdigest(),
        [preparation.digests.get("areas"), None if owned is None else owned.sha256],
        str(preparation.sources.ownership),
    ]
    preparation.step("parcels", row, "parcels", make, depends=depends, bounds=bounds)
    if area.extent is not None and area.within is None:
        _prepare_context(preparation, row, area.extent, areas, owners, depends)


def _prepare_context(
    preparation: Preparation,
    row: Row,
    extent: BaseGeometry,
    areas: Frame | None,
    owners: Owners | None,
    depends: Sequence[object],
) -> None:
    """Write the parcels around the area, whole: they bear on pieces at its edge, and are never reported (METHOD 0)."""
    around = extent.buffer(CONTEXT_M)
    own = preparation.bounds.get("parcels")

    paths = preparation.attempt(lambda: preparation.files("parcels", row, bounds=around.bounds))
    if paths is None:
        return

    def make(path: Path, report: ReadReport) -> tuple[Written, str]:
        opened = open_features("parcels", row, paths, preparation.places, optional=OPTIONAL_COLUMNS)
        report.told_within = extent.bounds  # it is the file of the parcels, and these were read there
        frames = list(parcel_frames(opened, report, area=extent, around=around, areas=areas, owners=owners))
        found = concat(frames, Parcels)
        tell_reach(np.asarray(found.geometry.to_numpy(), dtype=object), extent, own, report)
        return write_canonical(found, path, Parcels), opened.notes

    asked = [*depends, hashlib.sha256(around.wkb).hexdigest(), own]
    preparation.step("context_parcels", row, "context_parcels", make, depends=asked, paths=paths)


def tell_reach(context: GeometryArray, extent: BaseGeometry, own: Bounds | None, report: ReadReport) -> None:
    """Tell of parcels that reach so far out that not all that is near them was read.

    Parameters
    ----------
    context
        Shape (n,), the parcels around the area.
    extent
        The area.
    own
        The box around its own parcels, whole.
    report
        Told what may be missing.

    Examples
    --------
    >>> extent, report = shapely.box(0, 0, 1000, 1000), ReadReport(Ledger("context_parcels"))
    >>> small, long = shapely.box(1000, 0, 1100, 100), shapely.box(1000, 0, 2000, 100)
    >>> tell_reach(np.array([small]), extent, (0, 0, 1010, 1000), report)
    >>> tell_reach(np.array([small, long]), extent, (0, 0, 1600, 1000), report)
    >>> [told.partition(":")[0] for told in report.doubts]
    ['1 parcel beside the area reaches over 400 m beyond it', 'a parcel of the area reaches over 400 m beyond it']
    """
    known_m = CONTEXT_M - _NEAR_M
    known = extent.buffer(known_m)
    shapely.prepare([known, extent])
    beside = context[shapely.dwithin(extent, context, _NEAR_M)]
    if n := int((~shapely.contains(known, beside)).sum()):
        report.doubts.append(
            f"{counted(n, 'parcel beside the area reaches', 'parcels beside the area reach')} over {known_m:,.0f} m "
            "beyond it: what is near their far end was not read"
        )
    west, south, east, north = extent.bounds
    if own is not None and min(own[0] - west, own[1] - south, east - own[2], north - own[3]) < -known_m:
        report.doubts.append(
            f"a parcel of the area reaches over {known_m:,.0f} m beyond it: what is near its far end was not read"
        )


def _smallest(*shapes: BaseGeometry | None) -> Bounds:
    """Return the box that all of the shapes given share; their own edges where they share none."""
    boxes = [shape.bounds for shape in shapes if shape is not None]
    west, south = (max(box[i] for box in boxes) for i in (0, 1))
    east, north = (min(box[i] for box in boxes) for i in (2, 3))
    return (west, south, east, north) if west <= east and south <= north else boxes[0]


def _prepare_owners(preparation: Preparation) -> Owners | None:
    row = preparation.sources.ownership
    if row is None:
        return None
    report = ReadReport(Ledger("ownership"))
    paths = preparation.attempt(lambda: preparation.files("ownership", row))
    owners = None if paths is None else preparation.attempt(lambda: read_owners(row, preparation.places, report))
    return owners if paths and owners and preparation.log("ownership", row, paths, report) else None


def prepare_demand(preparation: Preparation) -> None:
    """Read the demand and write it beside the other inputs. It is small and no cell reads it: it is read each time."""
    row = preparation.sources.demand
    if row is None:
        return
    report = ReadReport(Ledger("demand"))
    paths = preparation.attempt(lambda: preparation.files("demand", row))
    demand = None if paths is None else preparation.attempt(lambda: read_demand(row, preparation.places, report))
    if paths is None or demand is None or not preparation.log("demand", row, paths, report):
        return
    path = preparation.directory / "demand.parquet"
    write_table(demand, Demand, path)
    preparation.tables["demand"] = path


def window_around(preparation: Preparation, area: RunArea, halo_m: float) -> Bounds | None:
    """Return the window that layers are read in: the parcels themselves, or else the area, and the halo around it."""
    shape = area.extent if area.within is None else area.within
    box = preparation.bounds.get("parcels") or (None if shape is None else shape.bounds)
    if box is None:
        return None
    return box[0] - halo_m, box[1] - halo_m, box[2] + halo_m, box[3] + halo_m
