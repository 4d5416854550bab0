"""A ferry joins two banks and costs a wait; nothing touches the streets in the middle of the water."""

from __future__ import annotations

import numpy as np
import osmium
import pytest
import shapely

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.network import Network, build_network
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.opportunities import place
from flexsites.geometry.street_graph import StreetGraph
from flexsites.inputs.osm.streets_lines import street_lines
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from tests.unit.accessibility.places import rules

WAIT_M = 750.0


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> StreetGraph:
    """A street on either side of a river of 445 m, and a ferry drawn as two ways between them."""
    path = tmp_path_factory.mktemp("banks") / "banks.osm.pbf"
    places = {
        1: (5.9, 52.549), 2: (5.9, 52.550), 3: (5.9, 52.552), 4: (5.9, 52.554), 5: (5.9, 52.555),
        6: (5.903, 52.5498),
    }  # fmt: skip
    ways = {
        21: ([1, 2], {"highway": "residential"}),
        22: ([2, 3], {"route": "ferry"}),
        23: ([3, 4], {"route": "ferry"}),
        24: ([4, 5], {"highway": "cycleway", "foot": "yes"}),
        25: ([2, 6], {"highway": "footway"}),
    }
    with osmium.SimpleWriter(str(path)) as writer:
        for number, where in places.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=where))
        for number, (refs, tags) in ways.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
    return read_pbf_streets(path, rules=rules()).graph


def made(banks: StreetGraph, wait_m: float = WAIT_M) -> Network:
    return build_network(banks, mode="walk", min_component_m=0.0, wait_m=wait_m)


def on_the_river(banks: StreetGraph) -> np.ndarray:
    """40 m from the southern bank, beside the ferry."""
    south = banks.node_xy[np.argsort(banks.node_xy[:, 1])]
    landing = south[np.argmin(np.abs(south[:, 1] - (banks.vertex_xy[:, 1].min() + 111.0)))]
    return np.array([landing]) + np.array([3.0, 40.0])


def test_a_point_beside_a_ferry_touches_the_bank(banks: StreetGraph) -> None:
    network, point = made(banks), on_the_river(banks)
    at = snap(network, point, max_snap_m=150.0)
    assert at.leg[0] == pytest.approx(40.0, abs=2.0)
    assert network.graph.edge_flags[at.edge[0]] == 3
    far = snap(network, point + np.array([0.0, 180.0]), max_snap_m=150.0)
    assert far.edge[0] == -1, "in the middle of the river there is no street"


def test_crossing_costs_the_water_and_one_wait(banks: StreetGraph) -> None:
    ends = banks.vertex_xy[[np.argmin(banks.vertex_xy[:, 1]), np.argmax(banks.vertex_xy[:, 1])]]
    costs = []
    for wait_m in (0.0, WAIT_M):
        network = made(banks, wait_m)
        shop = place(network, ends[1:], np.ones(1), np.zeros(1, np.int64), max_snap_m=1.0).opportunities
        site = snap(network, ends[:1], max_snap_m=1.0)
        costs.append(cost_to_closest(network.graph, closest_field(network.graph, shop, 5e3), shop, site, 5e3)[0])
    assert costs[0] == pytest.approx(np.hypot(*(ends[1] - ends[0])), abs=0.1)
    assert costs[1] - costs[0] == pytest.approx(WAIT_M)


def test_no_site_has_its_entrance_on_a_ferry(banks: StreetGraph) -> None:
    lines = street_lines(banks)
    assert set(lines["road_class"]) == {"residential", "cycleway", "footway"}
    assert shapely.distance(lines.geometry.to_numpy(), shapely.Point(*on_the_river(banks)[0])).min() > 35.0
