"""Sources of features, whatever reader they have: the one place that knows which reader reads which kind.

To add a reader of features: a model with a `reader` of its own in config/sources.py, and a case in each of these two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from flexsites.config.source_rows import Selection
from flexsites.config.sources import OsmLayer
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.osm.layers import OsmSource, open_osm, read_osm_rows
from flexsites.inputs.rows.ingest import ReadReport, Rows, VectorSource, open_source, read_rows
from flexsites.inputs.rows.validity import Kind

Features = VectorSource | OsmSource


def open_features(
    name: str,
    row: object,
    paths: tuple[str, ...],
    places: Places,
    *,
    needed: Iterable[str] = (),
    optional: Iterable[str] = (),
    on: dt.date | None = None,
) -> Features:
    """Open a source whose files are here; see `ingest.open_source`. What OpenStreetMap says to have ended is left out.

    Raises
    ------
    InputError
        With every fault of its files and columns; or if the source holds no features at all (a raster).
    """
    if isinstance(row, OsmLayer):
        return open_osm(name, row, paths, needed=needed, optional=optional, on=on)
    if isinstance(row, Selection):
        return open_source(name, row, paths, places, needed=needed, optional=optional)
    raise InputError(Fault("not a source of features", name, "use the reader vector, ogc_features or osm_layer"))


def read_features(source: Features, kind: Kind, told: ReadReport, *, bounds: Bounds | None = None) -> Iterator[Rows]:
    """Give the sound rows of a source; what is not sound is counted and set apart in `told`."""
    if isinstance(source, OsmSource):
        return read_osm_rows(source, told, bounds=bounds)
    return read_rows(source, kind, told, bounds=bounds)
