"""Whether extracts of OpenStreetMap reach as far around the area of a run as streets, stops and amenities matter."""

from __future__ import annotations

from pathlib import Path

import shapely

from flexsites.config.sources import Sources
from flexsites.config.street_sources import OsmPbf
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.windows import around, beyond
from flexsites.inputs.osm.streets_pbf import file_box, project_shape
from flexsites.inputs.source_files import files_of
from flexsites.tables import CRS
from flexsites.tables.contract import Bounds

_GROUPS = ("streets", "amenities", "stops")


def short_margins(sources: Sources, area: Bounds, *, reach_m: float, places: Places) -> list[str]:
    """Return a sentence per source whose file ends nearer to the area than what is reached from it.

    Parameters
    ----------
    sources
        The sources of the run; those that state an outline of their own speak for themselves.
    area
        The box around the area of the run.
    reach_m
        How far around it streets, stops and amenities matter.
    places
        What paths refer to.

    Raises
    ------
    InputError
        If a file is not there, or cannot be read.
    """
    asked = around(area, reach_m)
    told: list[str] = []
    for name, row in sources.rows().items():
        if name.split(".")[0] not in _GROUPS or not isinstance(row, OsmPbf) or row.coverage != "extent":
            continue
        for path in files_of(name, row, places, bounds=None):
            box = file_box(Path(path))
            if box is None:
                told.append(f"{name}: the file does not say where it ends")
                continue
            inside = shapely.bounds(project_shape(box, CRS, where=path))
            if missing := beyond((inside[0], inside[1], inside[2], inside[3]), asked):
                told.append(f"{name}: the file ends within {reach_m / 1000:g} km of the area; asked is {missing}")
    return told
