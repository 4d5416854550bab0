"""A user's own points and lines as amenities, stops and streets: read as every other source, every row told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.openstreetmap import StreetRules
from flexsites.config.source_rows import Selection
from flexsites.config.street_sources import Lines, Points, Stops
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.formats.files import Places
from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
from flexsites.inputs.osm.streets_pbf import StreetReading
from flexsites.inputs.rows.ingest import ReadReport, Rows, open_source, read_rows, set_apart
from flexsites.inputs.rows.validity import Kind
from flexsites.inputs.rows.words import strangers, written
from flexsites.tables import CRS, Amenities, Frame, concat

ID = "_id"
"""The column of the ids of rows, beside those that the source has."""


def read_points(
    name: str, row: Points | Stops, paths: tuple[str, ...], places: Places, report: ReadReport, *, kind: Kind = "point"
) -> Frame:
    """Read sound features with all columns that the row names, and their ids.

    Parameters
    ----------
    name, row, paths, places
        The source.
    report
        The log of its rows.
    kind
        What its geometries may be; what is no point counts as a point on it.
    """
    named = ("category_column", "weight_column", "name_column", "mode_column", "kind_column")
    needed = [column for one in named if (column := getattr(row, one, None))]
    opened = open_source(name, row, paths, places, needed=needed)
    frames = [_frame(rows) for rows in read_rows(opened, kind, report)]
    report.notes += [opened.notes] if opened.notes else []
    found = concat(frames, Amenities)
    is_other = shapely.get_type_id(found.geometry.to_numpy()) != 0
    if not is_other.any():
        return found
    report.notes.append(
        counted(int(is_other.sum()), "is no point: a point on it counts", "are no points: a point on them counts")
    )
    shapes = found.geometry.to_numpy().copy()
    shapes[is_other] = shapely.point_on_surface(shapes[is_other])
    moved: Frame = gpd.GeoDataFrame(found.drop(columns="geometry"), geometry=shapes, crs=CRS)
    return moved


def read_amenities(
    key: str, row: Points, paths: tuple[str, ...], places: Places, report: ReadReport, *, categories: frozenset[str]
) -> Frame:
    """Read points (or areas) as amenities.

    Parameters
    ----------
    key
        The source's key: ids begin with it.
    row, paths, places, report
        As `read_points` has them.
    categories
        The categories that are known: another is a fault.

    Returns
    -------
        The table Amenities.
    """
    points = read_points(f"amenities.{key}", row, paths, places, report, kind="place")
    columns, rows = points.drop(columns=["geometry", ID]), points.index
    reason = np.full(len(points), None, dtype=object)
    weight = pd.Series(1.0, index=rows)
    if row.weight_column:
        given = columns[row.weight_column]
        weight = report.unreadable.numbers(given, row.weight_column)
        reason[weight.isna().to_numpy() & (written(given).fillna("").str.strip() == "").to_numpy()] = "no weight"
        reason[(weight < 0).to_numpy() | np.isinf(weight.to_numpy())] = "a weight that is below zero or no amount"
    report.ledger.columns |= {
        "no weight": _theirs(row, row.weight_column),
        "a weight that is below zero or no amount": _theirs(row, row.weight_column),
        "no category": _theirs(row, row.category_column),
    }
    category = written(columns[row.category_column]) if row.category_column else pd.Series(row.category, index=rows)
    reason[category.isna().to_numpy()] = "no category"
    is_strange = strangers(category, categories)
    remedy = f"recode it to one of: {', '.join(sorted(categories))}; or take these rows out with `where`"
    report.strange(row.category_column or "category", category[is_strange], remedy, is_open=False)
    names = columns[row.name_column].astype("str") if row.name_column else pd.Series(None, index=rows, dtype="str")
    made = pd.DataFrame({"category": category, "weight": weight, "amenity_name": names})
    left = set_apart(Rows(points[ID], made, points.geometry.to_numpy()), reason, report)
    ids = f"{key}/" + left.ids.astype("str")
    table: Frame = gpd.GeoDataFrame(left.columns.assign(amenity_id=ids), geometry=left.geometry, crs=CRS)
    return table[Amenities.columns]


def read_lines(
    name: str, row: Lines, paths: tuple[str, ...], places: Places, report: ReadReport, *, rules: StreetRules
) -> StreetReading:
    """Read plain lines as streets.

    Raises
    ------
    InputError
        If a file cannot be read, several are given, a class is not known, or no line may be used.
    """
    if len(paths) != 1:
        raise InputError(Fault(f"{len(paths):,} files of streets", name, "merge them into one file first"))
    columns = LineColumns(
        row.class_column, row.classes, row.oneway_column, row.name_column, row.junction_column, row.roundabouts
    )
    opened = open_source(name, row, paths, places, needed=columns.asked())
    kept = []
    for rows in read_rows(opened, "line", report):
        reason = np.full(len(rows.ids), None, dtype=object)
        reason[rows.columns[row.class_column].isna().to_numpy()] = "no class of road"
        report.ledger.columns["no class of road"] = _theirs(row, row.class_column)
        kept.append(_frame(set_apart(rows, reason, report)))
    lines: Frame = pd.concat(kept, ignore_index=True)
    report.notes += [opened.notes] if opened.notes else []
    if report.faults(name):
        raise InputError(())  # they are told with the log
    if not len(lines):
        n = report.ledger.n_quarantined
        what = f"no line is left: {n:,} were set apart" if n else "no lines"
        raise InputError(Fault(what, name, "mend those that were set apart" if n else "give at least one street"))
    texts = {column: written(lines[column]) for column in columns.asked()}
    return streets_from_lines(lines.assign(**texts), columns=columns, rules=rules, where=name)


def _theirs(row: Selection, column: str | None) -> str:
    """Return how the user's file calls a column of ours."""
    return next((theirs for theirs, ours in row.rename.items() if ours == column), column or "")


def _frame(rows: Rows) -> Frame:
    columns = rows.columns.assign(**{ID: rows.ids.to_numpy()})
    frame: Frame = gpd.GeoDataFrame(columns, geometry=rows.geometry, crs=CRS)
    return frame
