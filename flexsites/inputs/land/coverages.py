"""Where a source speaks: the table Coverages of every layer, from what the user says of it.

A source that holds nothing at a place either says "there is nothing here" (covered) or says nothing at all (not
covered). The file cannot tell, nor can its features; the configuration does. A layer without rows in the table is
covered nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.config.source_rows import CoverageOf
from flexsites.config.sources import Vector
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places, locate
from flexsites.inputs.formats.polygon_filter import read_poly
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.land.areas import area_of
from flexsites.inputs.land.layers import cut
from flexsites.inputs.rows.ingest import ReadReport, open_source, read_rows
from flexsites.inputs.rows.validity import Ledger
from flexsites.tables import RD_BOUNDS, Coverages, Frame, concat, conform, empty
from flexsites.tables.contract import with_shapes


def coverage_of(
    layer: str,
    stated: str | CoverageOf,
    *,
    areas: Frame | None,
    places: Places,
    name: str | None = None,
) -> Frame:
    """Return where one layer is covered, as the table Coverages, cut on the national lattice.

    Parameters
    ----------
    layer
        The layer's name (of a raster, the key of its rule).
    stated
        What the configuration says.
    areas
        The table Areas, for coverage named by gemeente or provincie.
    places
        What relative paths refer to.
    name
        The dotted name of the entry, for errors; None: that of a layer.

    Raises
    ------
    InputError
        If coverage is named by area and there are no areas, or by a file that cannot be read.
    NotFoundError
        If an area is named that does not exist.
    """
    if stated == "none":
        return empty(Coverages)
    if not isinstance(stated, CoverageOf):
        # What is complete for the run is so wherever the run looks: no more is ever asked of it.
        return coverage_frame(layer, [shapely.box(*RD_BOUNDS)], "covered")
    where = f"{name or f'layers.{layer}'}.coverage"
    boxes = [] if stated.bbox is None else [shapely.box(*stated.bbox)]
    full = [*_named(where, (*stated.gemeenten, *stated.provincies), areas), *boxes, *_drawn(where, stated, places)]
    partly = _named(where, (*stated.gemeenten_partly, *stated.provincies_partly), areas)
    frames = [coverage_frame(layer, full, "covered"), coverage_frame(layer, partly, "partly")]
    # A file of coverage that holds no polygon, or areas without extent, cover nothing.
    return conform(concat(frames, Coverages), Coverages, where=layer)


def coverage_frame(layer: str, shapes: Iterable[BaseGeometry], coverage: str) -> Frame:
    """Return polygons as coverage of a layer, cut on the national lattice; their order gives the ids.

    Examples
    --------
    >>> coverage_frame("plans", [shapely.box(0, 0, 9, 9)], "partly")[["coverage_id", "coverage"]].values.tolist()
    [['partly-0.0', 'partly']]
    """
    there = [one for one in shapes if not one.is_empty]
    parts, owner, part = cut(np.array([*there, None], dtype=object)[:-1])
    ids = [f"{coverage}-{o}.{p}" for o, p in zip(owner, part, strict=True)]
    columns = {
        "layer": pd.Series([layer] * len(parts), dtype="str"),
        "coverage_id": pd.Series(ids, dtype="str"),
        "coverage": pd.Series([coverage] * len(parts), dtype="str"),
    }
    return with_shapes(columns, parts)


def _named(where: str, codes: tuple[str, ...], areas: Frame | None) -> list[BaseGeometry]:
    if not codes:
        return []
    if areas is None:
        what = "the coverage is given by area, and the run has no areas"
        raise InputError(Fault(what, where, "add sources.areas.gemeenten or .provincies"))
    return [area_of(areas, [code]) for code in codes]


def _drawn(where: str, stated: CoverageOf, places: Places) -> list[BaseGeometry]:
    if stated.path is None:
        return []
    if stated.path.endswith(".poly"):
        file = Path(locate(stated.path, places, where=where))
        # The sides are straight in degrees: with a corner every hundredth of one they stay within a metre.
        shape = shapely.segmentize(read_poly(file), 0.01)
        return list(to_rd("EPSG:4326", where=str(file)).apply(np.array([shape], dtype=object)))
    row = Vector(reader="vector", about="coverage", path=stated.path, layer=stated.layer)
    opened = open_source(where, row, row.paths, places)
    told = ReadReport(Ledger(Path(stated.path).stem))
    shapes = [shape for rows in read_rows(opened, "polygon", told) for shape in rows.geometry]
    if faults := told.ledger.faults(where, [Path(stated.path).name]):
        raise InputError(faults)
    return shapes
