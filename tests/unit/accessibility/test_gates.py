"""A gate that is closed to all ends the streets on both sides of it; one that lets somebody pass does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
import pytest

from flexsites.accessibility.kernels.network import build_network
from flexsites.inputs.osm.graph import streets_from_graph
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from tests.unit.accessibility.places import rules

PLACES = {1: (5.900, 52.550), 2: (5.901, 52.550), 3: (5.902, 52.550), 4: (5.901, 52.551), 5: (5.902, 52.551)}


def write(path: Path, gate: dict[str, str]) -> Path:
    """One street through the gate, another that ends at it, and a way round."""
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for number, where in PLACES.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=where, tags=gate if number == 2 else {}))
        for number, refs in {11: [1, 2, 3], 12: [4, 2], 13: [3, 5, 4]}.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags={"highway": "residential"}))
    return path


@pytest.mark.parametrize(
    ("gate", "n_parts"),
    [
        ({"barrier": "gate", "access": "private"}, 2),
        ({"barrier": "gate", "access": "no"}, 2),
        ({"barrier": "gate", "access": "private", "bicycle": "yes"}, 1),
        ({"barrier": "gate", "access": "no", "foot": "permissive"}, 1),
        ({"barrier": "gate"}, 1),
        ({"barrier": "bollard", "motor_vehicle": "no"}, 1),
        ({"access": "private"}, 1),
    ],
)
def test_a_closed_gate_joins_nothing(tmp_path: Path, gate: dict[str, str], n_parts: int) -> None:
    reading = read_pbf_streets(write(tmp_path / "gate.osm.pbf", gate), rules=rules())
    walk = build_network(reading.graph, mode="walk", min_component_m=0.0)
    assert walk.cut.n_components == n_parts
    assert any("closed gates" in note for note in reading.notes) == (n_parts > 1)
    open_gate = read_pbf_streets(write(tmp_path / "open.osm.pbf", {}), rules=rules()).graph
    whole = build_network(open_gate, mode="walk", min_component_m=0.0)
    assert walk.graph.edge_length.sum() == pytest.approx(whole.graph.edge_length.sum())


def test_osmnx_gives_the_same_gate(tmp_path: Path) -> None:
    ox = pytest.importorskip("osmnx")
    gate = {"barrier": "gate", "access": "private"}
    path = write(tmp_path / "gate.osm.pbf", gate)
    xml = write(tmp_path / "gate.osm", gate)
    before = ox.settings.useful_tags_node
    ox.settings.useful_tags_node = [*before, "barrier", "access"]
    try:
        graph = ox.graph_from_xml(xml, bidirectional=False, simplify=False, retain_all=True)
    finally:
        ox.settings.useful_tags_node = before
    ours = build_network(read_pbf_streets(path, rules=rules()).graph, mode="walk", min_component_m=0.0)
    theirs = build_network(
        streets_from_graph(graph, rules=rules(), extent=None).graph, mode="walk", min_component_m=0.0
    )
    assert theirs.cut.n_components == 2
    np.testing.assert_allclose(np.sort(theirs.graph.edge_length), np.sort(ours.graph.edge_length), atol=1e-6)
