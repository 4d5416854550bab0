"""Streets from lines and from osmnx's graphs, and the table of street lines that road access is tested with.

Streets of OpenStreetMap files are read by :mod:`flexsites.inputs.osm.streets_pbf`; all give the same street graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import Fault, InputError
from flexsites.geometry.street_graph import (
    BICYCLE_BACKWARD,
    BICYCLE_FORWARD,
    CAR,
    CROSSING,
    WALK_BACKWARD,
    WALK_FORWARD,
    StreetGraph,
    edge_lengths,
    graph_from_ways,
)
from flexsites.inputs.osm.access import permissions
from flexsites.inputs.osm.streets_pbf import StreetReading
from flexsites.tables import Frame, StreetLines, require_rd

if TYPE_CHECKING:
    from flexsites.arrays import GeometryArray
    from flexsites.config.access import StreetRules

_WALK = int(WALK_FORWARD | WALK_BACKWARD)
_BICYCLE = int(BICYCLE_FORWARD | BICYCLE_BACKWARD)


def streets_from_lines(
    lines: gpd.GeoDataFrame,
    *,
    class_column: str,
    classes: Mapping[str, str],
    rules: StreetRules,
    oneway_column: str | None = None,
    extent: shapely.Geometry | None = None,
    where: str = "streets",
) -> StreetReading:
    """Make a street graph of bare lines: they connect at every vertex that two of them share, not only at their ends.

    Parameters
    ----------
    lines
        Lines in RD New, any index.
    class_column
        Which column holds the class of road.
    classes
        Their word to a class of the rules (a ``highway`` value); a word that is not listed stands for itself.
    rules
        Who may use which class.
    oneway_column
        Which column says one-way, in OSM's words; None: every street both ways.
    extent
        Where the lines are complete; None: their bounding box.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If a column is missing, a line has no geometry, or classes are not known.
    CrsError
        If the lines are not in RD New.
    """
    require_rd(lines, where=where)
    raise_line_faults(lines, [class_column, *([oneway_column] if oneway_column else [])], where)
    parts = lines.explode(index_parts=False, ignore_index=True)
    theirs = parts[class_column].astype(str)
    ours = theirs.map(lambda word: classes.get(word, word)).to_numpy(dtype=object)
    unknown = sorted(set(ours) - set(rules.classes))
    if unknown:
        remedy = "map them with `classes` to values of OSM's highway"
        raise InputError(Fault(f"classes of road not known: {', '.join(unknown)}", f"{where}.{class_column}", remedy))
    oneway = parts[oneway_column].to_numpy(dtype=object) if oneway_column else np.full(len(parts), None, dtype=object)
    bits = np.array(
        [
            permissions({"highway": name, **({"oneway": str(value)} if isinstance(value, str) else {})}, rules)
            for name, value in zip(ours, oneway, strict=True)
        ],
        dtype=np.uint8,
    )
    names, road_class = np.unique(ours.astype(str), return_inverse=True)
    way_start, way_vertex, xy, way = _shared_vertices(parts.geometry.to_numpy()[bits > 0])
    box = shapely.box(*shapely.total_bounds(parts.geometry.to_numpy()))
    graph = graph_from_ways(
        way_start,
        way_vertex,
        xy,
        allowed=bits[bits > 0][way],
        street=np.flatnonzero(bits > 0)[way].astype(np.int64),
        road_class=road_class[bits > 0][way].astype(np.int64),
        road_classes=tuple(names.tolist()),
        extent=box if extent is None else extent,
    )
    note = "lines connected at every vertex they share"
    taken = "taken to be complete within the box around them" if extent is None else "complete within the extent given"
    return StreetReading(graph, (note, taken))


def raise_line_faults(lines: gpd.GeoDataFrame, columns: list[str], where: str) -> None:
    """Refuse lines without the columns or without geometry, all faults at once."""
    faults = [
        Fault(f"no column {name}", where, f"name one of {', '.join(map(str, lines.columns))}")
        for name in columns
        if name not in lines.columns
    ]
    is_line = np.isin(shapely.get_type_id(lines.geometry.to_numpy()), (1, 5)) & ~shapely.is_empty(
        lines.geometry.to_numpy()
    )
    if not is_line.all():
        ids = list(lines.index[~is_line][:3])
        faults.append(Fault("not a line, or empty", where, "remove or mend these rows", int((~is_line).sum()), ids))
    if len(lines) == 0:
        faults.append(Fault("no lines", where, "give at least one street"))
    if faults:
        raise InputError(faults)


def _shared_vertices(lines: GeometryArray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ways over distinct places; two vertices are one place if their coordinates are equal."""
    flat = shapely.force_2d(lines)
    xy, way = shapely.get_coordinates(flat, return_index=True)
    places, vertex = np.unique(xy, axis=0, return_inverse=True)
    vertex = vertex.reshape(-1)
    is_new = np.ones(len(way), dtype=bool)
    is_new[1:] = (vertex[1:] != vertex[:-1]) | (way[1:] != way[:-1])
    way, vertex = way[is_new], vertex[is_new]
    first = np.flatnonzero(np.append(True, way[1:] != way[:-1]))
    return np.append(first, len(way)).astype(np.int64), vertex.astype(np.int64), places, way[first]


def street_lines(graph: StreetGraph, *, crs: str = "EPSG:28992") -> Frame:
    """Return the table ``StreetLines``: one row per edge along which a site can lie; never of zero length."""
    lines = graph.lines()
    can_lie = (graph.allowed > 0) & (graph.allowed & CROSSING == 0)
    usable = np.asarray(can_lie & (edge_lengths(graph.vertex_xy, graph.vertex_start) > 0), dtype=bool)
    number = pd.Series(graph.street).groupby(graph.street).cumcount().to_numpy()
    names = np.array(graph.road_classes, dtype=object)
    table: Frame = gpd.GeoDataFrame(
        {
            "street_id": [f"{street}/{part}" for street, part in zip(graph.street, number, strict=True)],
            "road_class": names[graph.road_class],
            "is_walk": (graph.allowed & _WALK) > 0,
            "is_bicycle": (graph.allowed & _BICYCLE) > 0,
            "is_car": (graph.allowed & int(CAR)) > 0,
        },
        geometry=lines,
        crs=crs,
    )
    chosen: Frame = table[usable].reset_index(drop=True)[StreetLines.columns]
    return chosen
