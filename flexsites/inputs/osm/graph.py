"""Streets from osmnx: a place straight from Overpass, a saved GraphML file, or a graph that the caller has.

A place is for towns; a country is read from a file. Lengths are measured anew in the plane of RD New;
osmnx's own are on a sphere and differ by metres.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import Fault, InputError
from flexsites.geometry.street_graph import NOT_TOLD, StreetGraph, Traits, graph_from_ways
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.osm.access import (
    NAME_KEY,
    NODE_KEYS,
    STREET_KEYS,
    barred_modes,
    permissions,
    road_kind,
    street_class,
)
from flexsites.inputs.osm.amenities import amenity_table, classify
from flexsites.inputs.osm.directions import is_roundabout, turned
from flexsites.inputs.osm.endings import Endings
from flexsites.inputs.osm.features import telling_key
from flexsites.inputs.osm.streets_pbf import RD, StreetReading, project, project_shape
from flexsites.inputs.osm.traits import TraitsOf

if TYPE_CHECKING:
    from pathlib import Path

    from flexsites.arrays import GeometryArray
    from flexsites.config.openstreetmap import AmenityCategories, StreetRules
    from flexsites.geometry.street_graph import Bits
    from flexsites.tables import Frame


def streets_from_place(place: str, *, rules: StreetRules, crs: str = RD, on: dt.date | None = None) -> StreetReading:
    """Read the streets of a named place from Overpass, with every tag that decides who may use them.

    Raises
    ------
    InputError
        If the service cannot be reached or knows no such place.
    """
    import osmnx as ox  # noqa: PLC0415 - dear to import, and most runs read a file

    before = ox.settings.useful_tags_way, ox.settings.useful_tags_node
    ox.settings.useful_tags_way = list(dict.fromkeys([*before[0], *sorted(STREET_KEYS), NAME_KEY]))
    ox.settings.useful_tags_node = list(dict.fromkeys([*before[1], *sorted(NODE_KEYS)]))
    try:
        outline, graph = _from_overpass(
            place,
            lambda outline: ox.graph_from_polygon(
                outline, network_type="all", simplify=False, retain_all=True, truncate_by_edge=True
            ),
        )
    finally:
        ox.settings.useful_tags_way, ox.settings.useful_tags_node = before
    extent = project_shape(outline, crs, where=place)
    return streets_from_graph(graph, rules=rules, extent=extent, crs=crs, where=place, on=on)


def amenities_from_place(
    place: str, *, categories: AmenityCategories, walkable: GeometryArray, on: dt.date | None = None
) -> tuple[Frame, shapely.Geometry, tuple[str, ...]]:
    """Read all categories of amenity of a named place from Overpass.

    Parameters
    ----------
    place
        Its name, as Nominatim knows it.
    categories
        Tags by category.
    walkable
        Lines of streets that may be walked: where they cross the edge of a large area are its entrances.
    on
        The day on which they must not have ended; None: any may have.

    Returns
    -------
    Table ``Amenities`` with the ids that the same features of a file would have, the outline of the place in RD New,
    within which they are complete, and notes for the manifest.

    Raises
    ------
    InputError
        If the service cannot be reached or knows no such place.
    """
    import osmnx as ox  # noqa: PLC0415 - dear to import, and most runs read a file

    asked = {telling_key(wanted) for one in categories.categories.values() for wanted in one.any_of}
    tags: dict[str, bool | str | list[str]] = {**dict.fromkeys(sorted(asked), True)}
    outline, found = _from_overpass(place, lambda outline: ox.features_from_polygon(outline, tags))
    extent = project_shape(outline, RD, where=place)
    features = found.reset_index().rename(columns={"id": "osm_id"})
    features = features[features.geometry.geom_type.isin(("Point", "Polygon", "MultiPolygon"))].reset_index(drop=True)
    features["osm_id"] = features["element"].str[0] + features["osm_id"].astype(str)
    if "name" not in features.columns:
        features["name"] = None
    shapes = to_rd("EPSG:4326", where=place).apply(features.geometry.to_numpy())
    chosen = classify(_tags_of(features), categories.categories, categories.gone, on, entry=categories.entry)
    moved = gpd.GeoDataFrame(features[["osm_id", "name"]], geometry=shapes, crs=RD)
    return amenity_table(moved, chosen.of, categories=categories, walkable=walkable), extent, chosen.notes()


def _tags_of(features: gpd.GeoDataFrame) -> list[dict[str, str]]:
    """Return the tags of every feature: osmnx gives a column per key."""
    rows = pd.DataFrame(features.drop(columns="geometry")).to_dict("records")
    return [{str(key): value for key, value in row.items() if isinstance(value, str)} for row in rows]


def _from_overpass(place: str, read: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return the outline of a place and what is read within it."""
    import osmnx as ox  # noqa: PLC0415 - dear to import, and most runs read a file

    try:
        outline = ox.geocode_to_gdf(place).union_all()
        return outline, read(outline)
    except Exception as error:  # osmnx and requests raise many kinds
        remedy = "check the place's name and the connection, or use a .osm.pbf file"
        raise InputError(Fault(f"cannot be read from Overpass ({error})", place, remedy)) from error


def streets_from_graphml(path: Path, *, rules: StreetRules, crs: str = RD, on: dt.date | None = None) -> StreetReading:
    """Read the streets of a graph that osmnx saved.

    Raises
    ------
    InputError
        If the file is no such graph.
    """
    import osmnx as ox  # noqa: PLC0415 - dear to import, and most runs read a file

    try:
        graph = ox.load_graphml(path)
    except Exception as error:  # xml, networkx and osmnx raise many kinds
        raise InputError(Fault(f"cannot be read as GraphML ({error})", str(path), "save it with osmnx")) from error
    return streets_from_graph(graph, rules=rules, extent=None, crs=crs, where=str(path), on=on)


def streets_from_graph(
    graph: Any,  # noqa: ANN401 - a networkx graph, of an optional dependency
    *,
    rules: StreetRules,
    extent: shapely.Geometry | None,
    crs: str = RD,
    where: str = "osmnx graph",
    on: dt.date | None = None,
) -> StreetReading:
    """Make a street graph of an osmnx graph in degrees, simplified or not.

    osmnx keeps a directed edge for each way of travel; of these one is kept, with the tags of its street, and who may
    use it in which direction follows from the tags alone. An edge that osmnx joined of ways with different tags
    carries lists: it may be used by whoever may use every one of them.

    Parameters
    ----------
    graph
        A MultiDiGraph of osmnx, in EPSG:4326.
    rules
        Who may use which street.
    extent
        Where the graph is complete, in the metric system; None: the box around its nodes.
    crs
        The metric system to project to.
    where
        What to name in an error.
    on
        The day on which streets must not have ended; None: any may have.

    Raises
    ------
    InputError
        If the graph has no streets, or is not in degrees.
    """
    if str(graph.graph.get("crs", "")).lower() != "epsg:4326":
        raise InputError(Fault(f"the graph's crs is {graph.graph.get('crs')}", where, "give it as osmnx downloads it"))
    places: dict[Any, int] = {}
    lonlat: list[tuple[float, float]] = []
    ways: list[tuple[list[int], int]] = []
    traits, tells_junctions = TraitsOf(), any("junction" in tags for *_, tags in graph.edges(data=True))
    seen: set[tuple[Any, ...]] = set()
    endings = Endings()
    barred = {n: bits for n, tags in graph.nodes(data=True) if (bits := barred_modes(_node_tags(tags), rules))}
    for u, v, tags in graph.edges(data=True):
        line = _line(graph, u, v, tags)
        key = _identity(u, v, tags, line)
        each = _streets_of(tags)
        bits, name = _permissions(each, rules)
        if key in seen or not bits or name is None:
            continue
        seen.add(key)
        if sum(endings.leaves_out(one, on) for one in each):  # all are counted
            continue
        # Ends are known by their node, inner vertices by their edge: lines that only cross do not connect.
        keys = [u, *((*key, i) for i in range(1, len(line) - 1)), v]
        for key_of_place, place in zip(keys, line, strict=True):
            if key_of_place not in places:
                places[key_of_place] = len(lonlat)
                lonlat.append(place)
        osmid = tags.get("osmid", 0)
        number = osmid[0] if isinstance(osmid, list) else osmid
        ways.append(([places[k] for k in keys], bits))
        roundabout = int(any(is_roundabout(one) for one in each)) if tells_junctions else NOT_TOLD
        kind = max(road_kind(one, rules) for one in each)
        traits.add(int(number), name, kind, _name(tags), roundabout)
    if not ways:
        raise InputError(Fault("no streets", where, "give a graph with highway tags"))
    bits_of_place = np.array([barred.get(key, 0) for key in places], dtype=np.uint8)
    reading = _reading(ways, traits.whole(), np.array(lonlat), bits_of_place, extent, crs, where)
    return replace(reading, notes=(*reading.notes, *endings.notes()))


def _reading(
    ways: list[tuple[list[int], int]],
    traits: Traits,
    lonlat: np.ndarray,
    barred: Bits,
    extent: shapely.Geometry | None,
    crs: str,
    where: str,
) -> StreetReading:
    xy = project(lonlat, crs, where=where)
    given: StreetGraph = graph_from_ways(
        np.concatenate([[0], np.cumsum([len(vertices) for vertices, _ in ways])]).astype(np.int64),
        np.concatenate([np.array(vertices, dtype=np.int64) for vertices, _ in ways]),
        xy,
        allowed=np.array([bits for _, bits in ways], dtype=np.uint8),
        traits=traits,
        extent=shapely.box(*xy.min(axis=0), *xy.max(axis=0)) if extent is None else extent,
        barred=barred,
    )
    taken = "taken to be complete within the box around its nodes" if extent is None else "complete within the place"
    return StreetReading(given, (taken, "lengths are measured in the plane, not osmnx's on a sphere"))


def _line(graph: Any, u: Any, v: Any, tags: dict[str, Any]) -> list[tuple[float, float]]:  # noqa: ANN401
    ends = [(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in (u, v)]
    geometry = tags.get("geometry")
    if geometry is None:
        return ends
    return [ends[0], *[(x, y) for x, y in shapely.get_coordinates(geometry)[1:-1]], ends[1]]


def _identity(u: Any, v: Any, tags: dict[str, Any], line: list[tuple[float, float]]) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the same key for both directed edges of one street."""
    osmid = tags.get("osmid")
    inner = tuple(line[1:-1])
    forward = (v, u, inner[::-1]) if tags.get("reversed") is True else (u, v, inner)
    return (str(osmid), *forward)


def _streets_of(tags: dict[str, Any]) -> list[dict[str, str]]:
    """Return the tags of every street that an edge was joined of, along the edge's own direction."""
    lists = {key: value if isinstance(value, list) else [value] for key, value in tags.items() if key in STREET_KEYS}
    of_each = max((len(values) for values in lists.values()), default=1)
    each = [{key: _word(values[min(i, len(values) - 1)]) for key, values in lists.items()} for i in range(of_each)]
    if tags.get("reversed") is not True:
        return each
    return [turned(one) for one in each]


def _permissions(each: list[dict[str, str]], rules: StreetRules) -> tuple[int, str | None]:
    """Return the bits of whoever may use every one of the streets, and the class of the first that has one."""
    bits = 255
    for one in each:
        bits &= permissions(one, rules)
    return bits, next((name for one in each if (name := street_class(one, rules)) is not None), None)


def _name(tags: dict[str, Any]) -> str | None:
    """Return the name of an edge; of one joined of streets with several names all of them."""
    names = tags.get(NAME_KEY)
    return " / ".join(sorted({str(one) for one in names})) if isinstance(names, list) else names


def _node_tags(attributes: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if key in NODE_KEYS and isinstance(value, str)}


def _word(value: object) -> str:
    """Return OSM's word for a value: osmnx turns oneway into a truth value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
