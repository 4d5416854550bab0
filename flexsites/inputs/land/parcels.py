"""Parcels: the sites of a run, with the codes of the areas they lie in and what is known of their owners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from flexsites.errors import ContractError, Fault, InputError, counted
from flexsites.geometry.robust import intersect
from flexsites.inputs.features import Features, read_features
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.areas import CODE_COLUMNS, codes_and_doubts
from flexsites.inputs.land.overlaps import Ground, once_each, told_overlaps
from flexsites.inputs.land.ownership import Owners
from flexsites.inputs.rows.ingest import ReadReport, Rows
from flexsites.tables import CRS, Frame, Parcels, conform
from flexsites.tables.spatial_files import Writer, Written

_REGISTERED = "registered_area_m2"

OPTIONAL_COLUMNS = (_REGISTERED, *CODE_COLUMNS.values(), "owner_class", "tenure", "land_use")
"""Columns of a parcel that its own source may give; the areas and the table of owners fill what it leaves null."""


def write_parcels(
    opened: Features,
    told: ReadReport,
    path: Path,
    *,
    area: BaseGeometry | None = None,
    within: BaseGeometry | None = None,
    areas: Frame | None = None,
    owners: Owners | None = None,
) -> Written:
    """Read the parcels whose representative point lies in the area, and write them.

    Parameters
    ----------
    opened
        The source of parcels.
    told
        Filled with what happened to the rows.
    path
        The canonical file to write.
    area
        The extent of the run, in RD New; its edge belongs to it. None: everything the source holds.
    within
        Parcels are cut off at the edge of it, and count with what is left. None: they are not.
    areas
        The table Areas, for codes that the source does not give.
    owners
        What is known of owners and tenure.

    Raises
    ------
    InputError
        If no parcel lies in the area, or a column holds what the table Parcels does not allow.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    n_rows = n_owned = 0
    n_in_areas: Counter[str] = Counter()
    ground = Ground()
    with Writer(path, Parcels) as writer:
        for frame in parcel_frames(opened, told, area=area, within=within, areas=areas, owners=owners):
            n_rows += len(frame)
            n_owned += int(frame["owner_class"].notna().sum())
            n_in_areas.update({kind: int(frame[name].notna().sum()) for kind, name in CODE_COLUMNS.items()})
            ground.add(frame.geometry.to_numpy())
            writer.add(frame)
        if n_rows == 0:
            read = f"{told.ledger.n_read:,} rows read, {told.ledger.n_left_out:,} left out by `where`"
            what = f"no parcel lies in the area of the run ({read})"
            fault = Fault(what, opened.where, "compare the extent of the file with the area")
            raise InputError(told.ledger.faults(opened.name, [Path(path).name for path in opened.paths]) or [fault])
    if owners is not None:
        known = f"the class of owner is known of {n_owned:,} of {n_rows:,} parcels"
        (told.notes if n_owned else told.doubts).append(known)
    if areas is not None:
        told.doubts += _area_doubts(set(areas["area_kind"]), n_in_areas, told.in_several_areas)
    if told.n_disputed:
        told.doubts.append(
            f"{counted(told.n_disputed, 'parcel lies', 'parcels lie')} in polygons of several owners: theirs is unknown"
        )
    return told_overlaps(once_each(writer.result(), ground, told), told)


def _area_doubts(kinds: set[str], n_in: Counter[str], n_in_several: Counter[str]) -> list[str]:
    """Return what is to be known of areas that overlap, or that are of another place than the parcels."""
    elsewhere = [
        f"no parcel lies in an area of kind {kind}: they are of another place, and nothing is totalled by them"
        for kind in CODE_COLUMNS
        if kind in kinds and not n_in[kind]
    ]
    several = [
        f"{n:,} parcels lie in several areas of kind {kind}, which overlap: each counts in the first by code"
        for kind, n in n_in_several.items()
        if n
    ]
    return [*elsewhere, *several]


def parcel_frames(
    opened: Features,
    told: ReadReport,
    *,
    area: BaseGeometry | None = None,
    within: BaseGeometry | None = None,
    around: BaseGeometry | None = None,
    areas: Frame | None = None,
    owners: Owners | None = None,
) -> Iterator[Frame]:
    """Give the parcels batch by batch, as the table Parcels; with ``around`` those that meet it and are not the area's.

    A parcel around the area counts with any part of it: one that is large may have its representative point far away.
    """
    shape = next((one for one in (around, area, within) if one is not None), None)
    bounds: Bounds | None = None if shape is None else shape.bounds
    for found in read_features(opened, "polygon", told, bounds=bounds):
        rows = found if within is None else _cut_off(found, within, told)
        points = representative_points(rows.geometry)
        if area is not None:
            shapely.prepare(area)
            is_in = shapely.intersects(area, points)
            if around is not None:
                shapely.prepare(around)
                is_in = ~is_in & shapely.intersects(around, rows.geometry)
            rows, points = _those(rows, is_in, told), points[is_in]
        if owners is not None:
            told.n_disputed += int(owners.is_disputed(points).sum())
        theirs = {ours: name for name, ours in opened.row.rename.items()}.get(_REGISTERED, _REGISTERED)
        given = rows.columns.get(_REGISTERED, pd.Series([np.nan] * len(rows.ids)))
        registered = told.unreadable.numbers(given, theirs)
        registered = told.impossible.left_out(registered, registered < 0, theirs)
        frame = _frame(rows, points, areas, owners, told).assign(**{_REGISTERED: registered.to_numpy()})
        try:
            yield conform(frame, Parcels, where=opened.where)
        except ContractError as error:
            raise InputError(error.faults) from error


def representative_points(geometry: Geometries) -> Geometries:
    """Return a point inside each polygon, always the same one: by it a parcel belongs to an area and to a cell.

    Examples
    --------
    >>> representative_points(np.array([shapely.box(0, 0, 2, 2)])).tolist()
    [<POINT (1 1)>]
    """
    return np.asarray(shapely.point_on_surface(geometry), dtype=object)


def _cut_off(rows: Rows, within: BaseGeometry, told: ReadReport) -> Rows:
    """Return what lies within; a parcel of which nothing does is outside the area."""
    shapely.prepare(within)
    left = np.asarray(rows.geometry, dtype=object).copy()
    crosses = ~shapely.contains_properly(within, left)
    left[crosses], _ = intersect(left[crosses], np.full(int(crosses.sum()), within, dtype=object))
    return _those(Rows(rows.ids, rows.columns, left), ~shapely.is_empty(left), told)


def _those(rows: Rows, is_in: NDArray[np.bool_], told: ReadReport) -> Rows:
    """Return the rows in the area; the others are counted as outside of it."""
    told.ledger.n_outside_area += int((~is_in).sum())
    told.ledger.n_kept -= int((~is_in).sum())
    ids, columns = rows.ids[is_in].reset_index(drop=True), rows.columns[is_in].reset_index(drop=True)
    return Rows(ids, columns, rows.geometry[is_in])


def _frame(rows: Rows, points: Geometries, areas: Frame | None, owners: Owners | None, told: ReadReport) -> Frame:
    columns: dict[str, Any] = {"site_id": rows.ids, "parcel_area_m2": shapely.area(rows.geometry)}
    nothing = pd.Series([None] * len(rows.ids), dtype="str")
    for name in OPTIONAL_COLUMNS:
        columns[name] = rows.columns.get(name, nothing)
    for kind, name in CODE_COLUMNS.items():
        if areas is not None:
            found, n_several = codes_and_doubts(points, areas, kind)
            told.in_several_areas[kind] += n_several
            columns[name] = pd.Series(columns[name]).fillna(found)
    if owners is not None:
        owned = owners.of(rows.ids, points)
        for name in ("owner_class", "tenure"):
            columns[name] = pd.Series(columns[name]).fillna(owned[name])
    return gpd.GeoDataFrame(columns, geometry=rows.geometry, crs=CRS)  # type: ignore[no-any-return]
