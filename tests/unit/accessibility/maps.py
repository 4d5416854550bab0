"""Small maps of OpenStreetMap written by hand, and how far it is from one node to another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.network import Mode, build_network
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.opportunities import place
from flexsites.geometry.street_graph import StreetGraph
from flexsites.inputs.osm.streets_pbf import RD, project

Tags = dict[str, str]
# A street of 1 km in two halves, and a way round by the north of 3 km.
PLACES = {
    1: (5.3872, 52.1552), 2: (5.3945217, 52.1552), 3: (5.4018434, 52.1552),
    4: (5.3872, 52.1641888), 5: (5.4018434, 52.1641888),
}  # fmt: skip
STRAIGHT, ROUND = 1_002.0, 3_003.0


def write_map(
    path: Path,
    ways: dict[int, tuple[list[int], Tags]],
    *,
    places: dict[int, tuple[float, float]] = PLACES,
    tagged: dict[int, Tags] | None = None,
    relations: dict[int, tuple[list[tuple[str, int, str]], Tags]] | None = None,
    box: tuple[float, float, float, float] | None = None,
    options: str = "",
) -> Path:
    """Write a map; ``options`` are osmium's of the format, as in ``pbf,locations_on_ways=true``."""
    header = osmium.io.Header()
    if box is not None:
        header.add_box(osmium.osm.Box(*box))
    target = osmium.io.File(str(path), options) if options else str(path)
    with osmium.SimpleWriter(target, header=header, overwrite=True) as writer:
        for number, where in places.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=where, tags=(tagged or {}).get(number, {})))
        for number, (refs, tags) in ways.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
        for number, (members, tags) in (relations or {}).items():
            writer.add_relation(osmium.osm.mutable.Relation(id=number, members=members, tags=tags))
    return path


def write_street(path: Path, tags: Tags, *, tagged: dict[int, Tags] | None = None) -> Path:
    """Write the straight street with some tags, and the way round as a residential street."""
    ways = {10: ([1, 2, 3], {"highway": "residential"} | tags), 91: ([1, 4, 5, 3], {"highway": "residential"})}
    return write_map(path, ways, tagged=tagged)


def metres(
    graph: StreetGraph, mode: Mode, start: int, end: int, places: dict[int, tuple[float, float]] = PLACES
) -> int:
    """Return how far it is over the streets, to the metre; -1: there is no way."""
    network = build_network(graph, mode=mode, min_component_m=0.0)
    xy = project(np.array([places[start], places[end]]), RD, where="test")
    shop = place(network, xy[1:], np.ones(1), np.zeros(1, np.int64), max_snap_m=1.0).opportunities
    site = snap(network, xy[:1], max_snap_m=1.0)
    cost = cost_to_closest(network.graph, closest_field(network.graph, shop, 1e4), shop, site, 1e4)[0]
    return round(cost) if np.isfinite(cost) else -1
