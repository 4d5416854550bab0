"""Where an extract is complete: within the outline along which it was cut, which its header does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely

from flexsites.config.source_rows import Row
from flexsites.config.street_sources import OsmPbf
from flexsites.errors import Fault, InputError
from flexsites.geometry.robust import unite_all
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.coverages import coverage_of

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
        If the outline cannot be read, or names no place where the file is complete.
    """
    stated = row.coverage if isinstance(row, OsmPbf) else "extent"
    if stated == "extent":
        return None
    frame = coverage_of(name, stated, areas=areas, places=places, name=name)
    covered = frame[(frame["coverage"] == "covered").to_numpy(dtype=bool)]
    if not len(covered):
        fault = Fault("no place is named where the file is complete", f"{name}.coverage", "name areas or polygons")
        raise InputError(fault)
    return unite_all(covered.geometry.to_numpy())
