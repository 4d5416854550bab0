"""Streets from an OpenStreetMap file (``.osm.pbf``), in two passes that hold nothing but the streets.

The first pass reads ways that are streets, the second the places of their nodes; buildings and all else stream by.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely
from pyproj import Transformer

from flexsites.errors import Fault, InputError
from flexsites.geometry.street_graph import StreetGraph, graph_from_ways
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.osm.access import (
    NAME_KEY,
    NODE_KEYS,
    STREET_KEYS,
    is_closed,
    is_roundabout,
    permissions,
    road_kind,
    street_class,
)
from flexsites.inputs.osm.traits import TraitsOf

if TYPE_CHECKING:
    from pathlib import Path

    from flexsites.arrays import FloatArray, IntArray
    from flexsites.config.access import StreetRules

RD = "EPSG:28992"
_WGS84 = "EPSG:4326"
# The sides of the file's box are curves once projected; a vertex every hundredth of a degree keeps them within a metre.
_BOX_STEP_DEGREES = 0.01


@dataclass(frozen=True, slots=True)
class StreetReading:
    """Streets, and what a reader of the manifest should know of how they were read."""

    graph: StreetGraph
    notes: tuple[str, ...]


class _Ways:
    """What the first pass collects."""

    def __init__(self) -> None:
        self.refs = array("q")
        self.start = array("q", [0])
        self.allowed = array("B")
        self.traits = TraitsOf()

    def add(self, refs: list[int], bits: int) -> None:
        self.refs.extend(refs)
        self.start.append(len(self.refs))
        self.allowed.append(bits)


def read_pbf_streets(path: Path, *, rules: StreetRules, crs: str = RD) -> StreetReading:
    """Read the streets that somebody may walk, cycle or drive.

    Parameters
    ----------
    path
        An ``.osm.pbf`` (or ``.osm``) file.
    rules
        Who may use which street.
    crs
        The metric system to project to; another than RD New only for streets outside the Netherlands.

    Raises
    ------
    InputError
        If the file cannot be read or holds no streets.
    """
    try:
        ways, tracker = _read_ways(path, rules)
        ids, lonlat, closed = _read_nodes(path, tracker, rules)
    except (RuntimeError, OSError) as error:
        remedy = "give a complete .osm.pbf file"
        raise InputError(Fault(f"cannot be read as OpenStreetMap ({error})", str(path), remedy)) from error
    if not len(ways.allowed) or not len(ids):
        raise InputError(Fault("no streets", str(path), "give an extract that holds ways with a highway tag"))
    way_start, way_vertex, way, n_lost = _locate(ways, ids)
    way_start, way_vertex, way, lonlat = cut_at_gates(way_start, way_vertex, way, lonlat, closed)
    extent, extent_note = _extent(path, lonlat, crs)
    graph = graph_from_ways(
        way_start,
        way_vertex,
        project(lonlat, crs, where=str(path)),
        allowed=np.frombuffer(ways.allowed, dtype=np.uint8)[way],
        traits=ways.traits.whole().take(way),
        extent=extent,
    )
    lost = (f"{n_lost} vertices of streets lie outside the file: streets are cut there",) if n_lost else ()
    gates = (f"{len(closed)} closed gates: streets are cut there",) if len(closed) else ()
    return StreetReading(graph, (extent_note, *lost, *gates))


def project(lonlat: FloatArray, crs: str, *, where: str) -> FloatArray:
    """Return longitudes and latitudes, shape (n, 2), in a metric system."""
    if crs == RD:
        whole = np.array([shapely.multipoints(lonlat)], dtype=object)
        return np.asarray(shapely.get_coordinates(to_rd(_WGS84, where=where).apply(whole)), dtype=np.float64)
    x, y = Transformer.from_crs(_WGS84, crs, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, y])


def file_box(path: Path) -> shapely.Polygon | None:
    """Return the box in degrees that the file says it covers, with vertices along its sides; None: it does not say.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        reader = osmium.io.Reader(str(path))
        try:
            box = reader.header().box()
        finally:
            reader.close()
    except (RuntimeError, OSError) as error:
        raise InputError(Fault(f"cannot be read ({error})", str(path), "fetch or cut the file again")) from error
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return shapely.segmentize(shapely.box(low.lon, low.lat, high.lon, high.lat), _BOX_STEP_DEGREES)


def project_shape(shape: shapely.Geometry, crs: str, *, where: str) -> shapely.Geometry:
    """Return a shape in degrees in a metric system."""
    return shapely.transform(shape, lambda lonlat: project(lonlat, crs, where=where))


def _read_ways(path: Path, rules: StreetRules) -> tuple[_Ways, Any]:
    ways, tracker = _Ways(), osmium.IdTracker()
    keys = osmium.filter.KeyFilter("highway", "route")
    every: Any = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(keys)
    for way in every:
        tags = {tag.k: tag.v for tag in way.tags if tag.k in STREET_KEYS or tag.k == NAME_KEY}
        name, bits = street_class(tags, rules), permissions(tags, rules)
        if name is None or not bits:
            continue
        refs = [node.ref for node in way.nodes]
        distinct = refs[:1] + [after for before, after in pairwise(refs) if before != after]
        ways.add(distinct, bits)
        ways.traits.add(way.id, name, road_kind(tags, rules), tags.get(NAME_KEY), int(is_roundabout(tags)))
        tracker.add_references(way)
    return ways, tracker


def _read_nodes(
    path: Path,
    tracker: Any,  # noqa: ANN401 - osmium carries no types
    rules: StreetRules,
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the ids of nodes, ascending, their places, and which of them (by position) nobody passes."""
    ids, lonlat, closed = array("q", []), array("d", []), array("q", [])
    wanted: Any = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(tracker.id_filter())
    for node in wanted:
        ids.append(node.id)
        lonlat.extend((node.lon, node.lat))
        if "barrier" in node.tags and is_closed({tag.k: tag.v for tag in node.tags if tag.k in NODE_KEYS}, rules):
            closed.append(node.id)
    if not ids:
        return np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0, np.int64)
    found = np.frombuffer(ids, dtype=np.int64)
    order = np.argsort(found, kind="stable")
    barred = np.array(sorted(closed), dtype=np.int64)
    return found[order], np.frombuffer(lonlat).reshape(-1, 2)[order], np.searchsorted(found[order], barred)


def cut_at_gates(
    way_start: IntArray, way_vertex: IntArray, way: IntArray, lonlat: FloatArray, closed: IntArray
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return the ways cut at vertices that nobody passes, each end there with a place of its own.

    Parameters
    ----------
    way_start, way_vertex, way
        Ways over places, as :func:`flexsites.geometry.street_graph.graph_from_ways` takes them, and the number of each.
    lonlat
        Shape (n, 2), the places.
    closed
        Which places nobody passes.

    Examples
    --------
    >>> ways = np.array([0, 3]), np.array([0, 1, 2]), np.array([7])
    >>> start, vertex, way, lonlat = cut_at_gates(*ways, np.zeros((3, 2)), np.array([1]))
    >>> start.tolist(), vertex.tolist(), way.tolist(), len(lonlat)
    ([0, 2, 4], [0, 3, 4, 2], [7, 7], 5)
    """
    if not len(closed):
        return way_start, way_vertex, way, lonlat
    is_barred = np.isin(way_vertex, closed)
    is_end = np.zeros(len(way_vertex), dtype=bool)
    is_end[way_start[:-1]] = is_end[way_start[1:] - 1] = True
    copies = np.where(is_barred & ~is_end, 2, 1)
    row = np.repeat(np.arange(len(way_vertex)), copies)
    is_first = np.zeros(len(way_vertex), dtype=bool)
    is_first[way_start[:-1]] = True
    is_new = is_first[row]
    is_new[1:] |= row[1:] == row[:-1]
    vertex = way_vertex[row]
    ends = np.flatnonzero(is_barred[row])
    places = np.concatenate([lonlat, lonlat[vertex[ends]]])
    vertex[ends] = len(lonlat) + np.arange(len(ends))
    first = np.flatnonzero(is_new)
    number = way[np.searchsorted(way_start, row[first], side="right") - 1]
    return np.append(first, len(vertex)).astype(np.int64), vertex, number, places


def _locate(ways: _Ways, ids: IntArray) -> tuple[IntArray, IntArray, IntArray, int]:
    """Return the ways over the places of their nodes, cut where a node is not in the file, and how many are not."""
    refs = np.frombuffer(ways.refs, dtype=np.int64)
    start = np.frombuffer(ways.start, dtype=np.int64)
    vertex = np.minimum(np.searchsorted(ids, refs), len(ids) - 1)
    is_known = ids[vertex] == refs
    way = np.repeat(np.arange(len(start) - 1), np.diff(start))[is_known]
    # A run of known vertices of one way is a way of its own.
    run = np.cumsum(~is_known)[is_known]
    is_new = np.ones(len(way), dtype=bool)
    is_new[1:] = (way[1:] != way[:-1]) | (run[1:] != run[:-1])
    first = np.flatnonzero(is_new)
    way_start = np.append(first, len(way)).astype(np.int64)
    return way_start, vertex[is_known].astype(np.int64), way[first], int((~is_known).sum())


def _extent(path: Path, lonlat: FloatArray, crs: str) -> tuple[shapely.Geometry, str]:
    box = file_box(path)
    if box is not None:
        return project_shape(box, crs, where=str(path)), "complete within the box that the file states"
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    around = shapely.segmentize(shapely.box(west, south, east, north), _BOX_STEP_DEGREES)
    return (
        project_shape(around, crs, where=str(path)),
        "the file states no box: taken to be complete within the box around its streets",
    )
