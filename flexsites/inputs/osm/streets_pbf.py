"""Streets from an OpenStreetMap file (``.osm.pbf``), in passes that hold nothing but the streets.

The first pass reads ways that are streets, the last the places of their nodes; buildings and all else stream by. Where
relations say what their ways do not (a square drawn as a multipolygon, a ferry as a route), one more pass reads these.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely
from pyproj import Transformer

from flexsites.errors import Fault, InputError, counted
from flexsites.geometry.robust import intersect_all
from flexsites.geometry.street_graph import (
    BICYCLE_BACKWARD,
    BICYCLE_FORWARD,
    WALK_BACKWARD,
    WALK_FORWARD,
    StreetGraph,
    graph_from_ways,
)
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.osm.access import (
    CONDITIONAL_KEYS,
    NAME_KEY,
    NODE_KEYS,
    STREET_KEYS,
    barred_modes,
    permissions,
    road_kind,
    street_class,
    words_of_no_list,
)
from flexsites.inputs.osm.directions import is_roundabout
from flexsites.inputs.osm.endings import Endings
from flexsites.inputs.osm.files import reading
from flexsites.inputs.osm.nodes import NodePlaces, WantedNodes
from flexsites.inputs.osm.traits import TraitsOf

if TYPE_CHECKING:
    from pathlib import Path

    from flexsites.arrays import FloatArray, IntArray
    from flexsites.config.openstreetmap import StreetRules
    from flexsites.geometry.street_graph import Bits

RD = "EPSG:28992"
_WGS84 = "EPSG:4326"
# The sides of the file's box are curves once projected; a vertex every hundredth of a degree keeps them within a metre.
_BOX_STEP_DEGREES = 0.01
_WALKERS = int(WALK_FORWARD | WALK_BACKWARD)
_CYCLISTS = int(BICYCLE_FORWARD | BICYCLE_BACKWARD)
_EVERYBODY = _WALKERS | _CYCLISTS


@dataclass(frozen=True, slots=True)
class StreetReading:
    """Streets, and what a reader of the manifest should know of how they were read."""

    graph: StreetGraph
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Ways:
    """What the passes over the ways collect."""

    rules: StreetRules
    on: dt.date | None = None
    endings: Endings = field(default_factory=Endings)
    refs: array[int] = field(default_factory=lambda: array("q"))
    start: array[int] = field(default_factory=lambda: array("q", [0]))
    allowed: array[int] = field(default_factory=lambda: array("B"))
    traits: TraitsOf = field(default_factory=TraitsOf)
    nodes: WantedNodes = field(default_factory=WantedNodes)
    of_no_list: Counter[str] = field(default_factory=Counter)
    n_unused: int = 0
    n_conditional: int = 0

    def add(self, way: Any, tags: dict[str, str]) -> None:  # noqa: ANN401 - osmium carries no types
        """Add a way if it is a street that somebody may use."""
        self.of_no_list.update(words_of_no_list(tags, self.rules))
        name, bits = street_class(tags, self.rules), permissions(tags, self.rules)
        if name is None or not bits or self.endings.leaves_out(tags, self.on):
            return
        self.refs.extend(self.nodes.of(way))
        self.start.append(len(self.refs))
        self.allowed.append(bits)
        self.traits.add(way.id, name, road_kind(tags, self.rules), tags.get(NAME_KEY), int(is_roundabout(tags)))
        self.n_unused += any(tags.get(key) == "yes" for key in self.rules.unused)
        self.n_conditional += not CONDITIONAL_KEYS.isdisjoint(tags)

    def notes(self) -> tuple[str, ...]:
        """Return what was read and does not decide."""
        shown = ", ".join(f"{word} {n:,}" for word, n in sorted(self.of_no_list.items(), key=lambda told: -told[1])[:5])
        words = f"{self.of_no_list.total():,} tags of streets hold values that no list of the rules holds ({shown}): "
        unused = counted(
            self.n_unused,
            "street is tagged as unused or abandoned: taken for a street",
            "streets are tagged as unused or abandoned: taken for streets",
        )
        taken = "access as of their class, and what is no known highway is no street"
        conditional = counted(
            self.n_conditional,
            "street is open on a condition that is not read: taken as its other tags say",
            "streets are open on a condition that is not read: taken as other tags say",
        )
        told = ((words + taken, self.of_no_list), (unused, self.n_unused), (conditional, self.n_conditional))
        return (*(note for note, n in told if n), *self.endings.notes())


def read_pbf_streets(
    path: Path,
    *,
    rules: StreetRules,
    crs: str = RD,
    outline: shapely.Geometry | None = None,
    on: dt.date | None = None,
) -> StreetReading:
    """Read the streets that somebody may walk, cycle or drive.

    Parameters
    ----------
    path
        An ``.osm.pbf`` (or ``.osm``) file.
    rules
        Who may use which street.
    crs
        The metric system to project to; another than RD New only for streets outside the Netherlands.
    outline
        Where the file is complete, in the metric system; None: within the box that it states.
    on
        The day on which streets must not have ended; None: any may have.

    Raises
    ------
    InputError
        If the file cannot be read or holds no streets, or most places of their nodes are missing.
    """
    with reading(path):
        ways = _read_ways(path, rules, on)
        barred: dict[int, int] = {}
        places = ways.nodes.read(path, lambda node: _notice_barrier(node, rules, barred))
    if not len(ways.allowed) or not len(places.ids):
        raise InputError(Fault("no streets", str(path), "give an extract that holds ways with a highway tag"))
    way_start, way_vertex, way, n_lost = _locate(ways, places.ids)
    if n_lost > len(way_vertex):
        remedy = "give an extract with the nodes of its ways (osmium extract, tags-filter without -R)"
        raise InputError(Fault("most nodes of streets are missing from the file", str(path), remedy, n_lost))
    xy = project(places.lonlat, crs, where=str(path))
    extent, notes = (outline, ("complete within the outline given",)) if outline else _extent(path, xy, crs, rules)
    graph = graph_from_ways(
        way_start,
        way_vertex,
        xy,
        allowed=np.frombuffer(ways.allowed, dtype=np.uint8)[way],
        traits=ways.traits.whole().take(way),
        extent=extent,
        barred=_barred(places, barred),
    )
    return StreetReading(graph, (*notes, *_place_notes(places, n_lost, barred), *ways.notes()))


def _place_notes(places: NodePlaces, n_lost: int, barred: dict[int, int]) -> tuple[str, ...]:
    told = (
        (n_lost, "vertices of streets lie outside the file: streets are cut there"),
        (places.n_on_ways, "nodes have their place on the ways only (locations on ways)"),
        (sum(bits == _EVERYBODY for bits in barred.values()), "closed gates: streets are cut there"),
        (sum(bits == _CYCLISTS for bits in barred.values()), "gates and stiles that only bicycles do not pass"),
        (sum(bits == _WALKERS for bits in barred.values()), "gates that only walkers do not pass"),
    )
    return tuple(f"{n:,} {what}" for n, what in told if n)


def project(lonlat: FloatArray, crs: str, *, where: str) -> FloatArray:
    """Return longitudes and latitudes, shape (n, 2), in a metric system."""
    if crs == RD:
        whole = np.array([shapely.multipoints(lonlat)], dtype=object)
        return np.asarray(shapely.get_coordinates(to_rd(_WGS84, where=where).apply(whole)), dtype=np.float64)
    x, y = Transformer.from_crs(_WGS84, crs, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, y])


def file_box(path: Path, source: str | None = None) -> shapely.Polygon | None:
    """Return the box in degrees that the file says it covers, with vertices along its sides; None: it does not say.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with reading(path, source):
        reader = osmium.io.Reader(str(path), osmium.osm.NOTHING)
        try:
            box = reader.header().box()
        finally:
            reader.close()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    if not (low.valid() and high.valid() and low.lon < high.lon and low.lat < high.lat):
        return None  # no area: a header that is not filled in
    return shapely.segmentize(shapely.box(low.lon, low.lat, high.lon, high.lat), _BOX_STEP_DEGREES)


def project_shape(shape: shapely.Geometry, crs: str, *, where: str) -> shapely.Geometry:
    """Return a shape in degrees in a metric system."""
    return shapely.transform(shape, lambda lonlat: project(lonlat, crs, where=where))


def _read_ways(path: Path, rules: StreetRules, on: dt.date | None) -> _Ways:
    """Read the ways that are streets by their own tags, then those that are streets by the tags of a relation."""
    ways, by_relation = _Ways(rules, on), dict[int, dict[str, str]]()
    keys = osmium.filter.KeyFilter("highway", "route")
    every: Any = osmium.FileProcessor(str(path), osmium.osm.WAY | osmium.osm.RELATION).with_filter(keys)
    for item in every:
        tags = _street_tags(item)
        if item.is_way():
            ways.add(item, tags)
        elif _is_street_relation(tags, rules):
            by_relation |= {member.ref: tags for member in item.members if member.type == "w"}
    if by_relation:
        others: Any = osmium.FileProcessor(str(path), osmium.osm.WAY)
        if min(by_relation) >= 0:
            others = others.with_filter(osmium.filter.IdFilter(by_relation))
        for way in others:
            # A way with a class of its own is what it says itself, whatever is made of it besides.
            if way.id in by_relation and "highway" not in way.tags and "route" not in way.tags:
                ways.add(way, by_relation[way.id] | _street_tags(way))
    return ways


def _street_tags(item: Any) -> dict[str, str]:  # noqa: ANN401 - osmium carries no types
    return {tag.k: tag.v for tag in item.tags if tag.k in STREET_KEYS or tag.k == NAME_KEY}


def _is_street_relation(tags: dict[str, str], rules: StreetRules) -> bool:
    """Return whether a relation makes streets of its ways: a square, or a ferry; a bus route does not."""
    if tags.get("type") == "multipolygon":
        return tags.get("highway") in rules.classes
    return tags.get("type") == "route" and tags.get("route") in rules.routes


def _notice_barrier(
    node: Any,  # noqa: ANN401 - osmium carries no types
    rules: StreetRules,
    barred: dict[int, int],
) -> None:
    if "barrier" in node.tags:
        bits = barred_modes({tag.k: tag.v for tag in node.tags if tag.k in NODE_KEYS}, rules)
        if bits:
            barred[node.id] = bits


def _barred(places: NodePlaces, barred: dict[int, int]) -> Bits:
    """Return who does not pass each place."""
    bits = np.zeros(len(places.ids), np.uint8)
    numbers = np.array(list(barred), dtype=np.int64)
    at = np.searchsorted(places.ids, numbers)
    is_placed = places.ids[np.minimum(at, len(places.ids) - 1)] == numbers
    bits[at[is_placed]] = np.array(list(barred.values()), dtype=np.uint8)[is_placed]
    return bits


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


def with_area(extent: shapely.Geometry) -> shapely.Geometry:
    """Return an extent that holds something: streets on one line say of a metre about them that they are complete.

    Examples
    --------
    >>> with_area(shapely.LineString([(0, 0), (10, 0)])).bounds
    (-1.0, -1.0, 11.0, 1.0)
    """
    return extent if shapely.area(extent) > 0 else shapely.buffer(extent, 1.0)


def _extent(path: Path, xy: FloatArray, crs: str, rules: StreetRules) -> tuple[shapely.Geometry, tuple[str, ...]]:
    """Return where a file is complete that states a box or nothing: not where that box plainly holds no streets."""
    hull = with_area(shapely.convex_hull(shapely.MultiPoint(xy)))
    box = file_box(path)
    if box is None:
        around = shapely.box(*shapely.bounds(hull))
        return around, ("the file states no box: taken to be complete within the box around its streets",)
    stated = project_shape(box, crs, where=str(path))
    within = intersect_all([stated, hull])
    share = float(shapely.area(within) / shapely.area(stated))
    if share >= float(rules.least_hull_share):
        return stated, ("complete within the box that the file states",)
    told = (
        f"the streets fill {100 * share:.0f} % of the box that the file states: it is cut along an outline, or borders "
        "on the sea; taken to be complete within the hull of its streets (state its `coverage` to do better)"
    )
    return within, (told,)
