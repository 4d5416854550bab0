"""Where in a source something is, and what is told of a file as a whole."""

from __future__ import annotations

from flexsites.config.source_rows import Selection
from flexsites.errors import Fault, counted
from flexsites.inputs.formats.kinds import remedy_of_nothing
from flexsites.inputs.formats.vector import VectorFile


def columns_of(row: Selection) -> dict[str, str]:
    """Return where a source has ids and geometry, as its files call it."""
    ids = {"id": ", ".join(row.identifying)} if row.identifying else {}
    shape = getattr(row, "geometry_column", None)
    return ids | ({"geometry": shape} if shape else {})


def exchanged(n: int, of: str) -> str:
    """Return what to know of rows of a file that lie outside the area only because y stands before x."""
    return f"{of}: x and y seem exchanged in {counted(n, 'row', 'rows')} outside the area, not used: put x first there"


def shape_faults(found: VectorFile, where: str) -> list[Fault]:
    """Return what is wrong with the shapes of a file: it has none, or no rows."""
    faults = []
    if not found.has_geometry:
        faults.append(Fault("no geometry", where, "name a layer that has geometry"))
    if found.n_features == 0:
        faults.append(Fault("the layer is empty", where, remedy_of_nothing(where)))
    return faults
