"""The streets and amenities of a run, whichever way its configuration says they are read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from flexsites.config.street_sources import OsmGraph, OsmPbf, OsmPlace
from flexsites.errors import Fault, InputError
from flexsites.inputs.osm.amenities import amenities_from_pbf, stops_from_pbf
from flexsites.inputs.osm.files import reading
from flexsites.inputs.osm.graph import streets_from_graphml, streets_from_place
from flexsites.inputs.osm.selectors import of_categories, of_streets, require_held
from flexsites.inputs.osm.streets_pbf import StreetReading, read_pbf_streets
from flexsites.tables import Frame

if TYPE_CHECKING:
    from flexsites.arrays import GeometryArray
    from flexsites.config.openstreetmap import AmenityCategories, StreetRules


def read_streets(
    row: OsmPbf | OsmPlace | OsmGraph,
    paths: tuple[str, ...],
    *,
    rules: StreetRules,
    where: str = "streets",
    outline: shapely.Geometry | None = None,
    on: dt.date | None = None,
) -> StreetReading:
    """Read the streets of a source entry.

    Parameters
    ----------
    row
        The entry.
    paths
        Its local files; none for a place.
    rules
        Who may use which street.
    where
        The entry's dotted name, for errors.
    outline
        Where a ``.osm.pbf`` file is complete, in RD New; None: as its header says.
    on
        The day on which they must not have ended; None: any may have.

    Raises
    ------
    InputError
        If the source cannot be used; also if several files are given, because streets of two files do not connect.
    """
    if isinstance(row, OsmPlace):
        return streets_from_place(row.place, rules=rules, on=on)
    if len(paths) != 1:
        raise InputError(Fault(f"{len(paths):,} files of streets", where, "merge them into one file first"))
    path = Path(paths[0])
    if isinstance(row, OsmPbf):
        with reading(path, where):
            require_held(path, of_streets(rules), where=where)
            return read_pbf_streets(path, rules=rules, outline=outline, on=on)
    return streets_from_graphml(path, rules=rules, on=on)


def read_amenities(
    paths: tuple[str, ...],
    *,
    categories: AmenityCategories,
    walkable: GeometryArray,
    where: str = "amenities",
    on: dt.date | None = None,
) -> tuple[Frame, frozenset[str], tuple[str, ...]]:
    """Read the amenities of an OpenStreetMap file that have not ended on a day.

    Returns
    -------
    tuple
        Table ``Amenities``; what it covers (every category, found or not), as ``prepare_access`` asks it; notes.

    Raises
    ------
    InputError
        If not one file is given, or it cannot be read.
    """
    path = _only(paths, where)
    with reading(path, where):
        require_held(path, of_categories(categories.categories.values()), where=where)
        table, notes = amenities_from_pbf(path, categories=categories, walkable=walkable, on=on)
    return table, frozenset(f"amenity:{name}" for name in categories.categories), notes


def read_osm_stops(
    paths: tuple[str, ...], *, categories: AmenityCategories, where: str = "stops", on: dt.date | None = None
) -> tuple[Frame, tuple[str, ...]]:
    """Read the stops of an OpenStreetMap file: where they are, not what stops there; and notes for the manifest.

    Raises
    ------
    InputError
        If not one file is given, or it cannot be read.
    """
    path = _only(paths, where)
    with reading(path, where):
        require_held(path, of_categories(categories.stops.values()), where=where)
        return stops_from_pbf(path, categories=categories, on=on)


def _only(paths: tuple[str, ...], where: str) -> Path:
    if len(paths) != 1:
        raise InputError(Fault(f"{len(paths):,} files of OpenStreetMap", where, "merge them into one file first"))
    return Path(paths[0])
