"""Where an extract is complete: within the outline along which it was cut, which its header does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flexsites.config.sources import OsmPbf, Row
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places, locate
from flexsites.inputs.land.coverages import coverage_of
from flexsites.inputs.osm.streets_pbf import RD, project_shape

if TYPE_CHECKING:
    from flexsites.tables import Frame


def outline_of(row: Row, name: str, *, places: Places, areas: Frame | None) -> shapely.Geometry | None:
    """Return the outline that a source's entry states, in RD New; None: it states none, so the file's header counts.

    Parameters
    ----------
    row
        The entry; the ``coverage`` of an OpenStreetMap file names areas, or a file of polygons, also a ``.poly`` as
        extracts are cut with.
    name
        Its dotted name, for errors.
    places
        What paths refer to.
    areas
        Table ``Areas``, for outlines named by gemeente or provincie.

    Raises
    ------
    InputError
        If the outline cannot be read.
    """
    stated = row.coverage if isinstance(row, OsmPbf) else "extent"
    if stated == "extent":
        return None
    if stated.path is not None and stated.path.endswith(".poly"):
        path = Path(locate(stated.path, places, where=f"{name}.coverage"))
        drawn = project_shape(shapely.segmentize(read_poly(path), 0.01), RD, where=str(path))
        if stated.model_fields_set != {"path"}:
            raise InputError(Fault("a polygon filter file and areas besides", f"{name}.coverage", "give one of them"))
        return drawn
    frame = coverage_of(name, stated, extent=None, areas=areas, places=places)
    covered = frame[(frame["coverage"] == "covered").to_numpy(dtype=bool)]
    return shapely.union_all(covered.geometry.to_numpy()) if len(covered) else None


def read_poly(path: Path) -> shapely.Geometry:
    """Return the area of a polygon filter file, in degrees.

    Its first line is a name; then come rings, each a name (``!`` before it: a hole), lines of longitude and latitude,
    and END; a last END closes the file.

    Raises
    ------
    InputError
        If it is none.
    """
    outer: list[shapely.Polygon] = []
    holes: list[shapely.Polygon] = []
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()][1:]
        ring: list[tuple[float, float]] | None = None
        is_hole = False
        for line in filter(None, lines):
            if ring is None and line != "END":
                ring, is_hole = [], line.startswith("!")
            elif ring is not None and line == "END":
                (holes if is_hole else outer).append(shapely.Polygon(ring))
                ring = None
            elif ring is not None:
                lon, lat = (float(number) for number in line.split()[:2])
                ring.append((lon, lat))
        area = shapely.difference(shapely.union_all(outer), shapely.union_all(holes))
    except (ValueError, OSError, shapely.errors.GEOSException) as error:
        fault = Fault(f"cannot be read as a polygon filter file ({error})", str(path), "give a .poly file, or polygons")
        raise InputError(fault) from error
    if shapely.is_empty(area) or not np.isfinite(shapely.bounds(area)).all():
        raise InputError(Fault("the polygon filter file holds no area", str(path), "give a .poly file, or polygons"))
    return area
