"""A gate ends the streets on both sides of it for those to whom it is closed, and for nobody else."""

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
    ("gate", "on_foot", "by_bicycle", "told"),
    [
        ({"barrier": "gate", "access": "private"}, 2, 2, "closed gates"),
        ({"barrier": "gate", "access": "no"}, 2, 2, "closed gates"),
        ({"barrier": "gate", "access": "no;private"}, 2, 2, "closed gates"),
        ({"barrier": "gate", "access": "private;yes"}, 1, 1, None),
        ({"barrier": "gate", "access": "private", "bicycle": "yes"}, 2, 1, "only walkers"),
        ({"barrier": "gate", "access": "no", "foot": "permissive"}, 1, 2, "only bicycles"),
        ({"barrier": "gate", "bicycle": "no"}, 1, 2, "only bicycles"),
        ({"barrier": "gate"}, 1, 1, None),
        ({"barrier": "bollard", "motor_vehicle": "no"}, 1, 1, None),
        ({"barrier": "kissing_gate"}, 1, 2, "only bicycles"),
        ({"barrier": "stile"}, 1, 2, "only bicycles"),
        ({"barrier": "turnstile"}, 1, 2, "only bicycles"),
        ({"barrier": "full-height_turnstile"}, 1, 2, "only bicycles"),
        ({"barrier": "kissing_gate", "bicycle": "yes"}, 1, 1, None),
        ({"barrier": "gate", "locked": "yes"}, 2, 2, "closed gates"),
        ({"barrier": "gate", "locked": "yes", "foot": "yes"}, 1, 2, "only bicycles"),
        ({"barrier": "gate", "locked": "no"}, 1, 1, None),
        ({"barrier": "kissing_gate;stile"}, 1, 2, "only bicycles"),
        ({"barrier": "stile;gate"}, 1, 1, None),
        ({"access": "private"}, 1, 1, None),
    ],
)
def test_a_gate_is_closed_to_those_it_is_closed_to(
    tmp_path: Path, gate: dict[str, str], on_foot: int, by_bicycle: int, told: str | None
) -> None:
    reading = read_pbf_streets(write(tmp_path / "gate.osm.pbf", gate), rules=rules())
    open_gate = read_pbf_streets(write(tmp_path / "open.osm.pbf", {}), rules=rules()).graph
    for mode, n_parts in (("walk", on_foot), ("bicycle", by_bicycle)):
        made = build_network(reading.graph, mode=mode, min_component_m=0.0)  # type: ignore[arg-type]
        assert made.cut.n_components == n_parts
        whole = build_network(open_gate, mode=mode, min_component_m=0.0)  # type: ignore[arg-type]
        assert made.graph.edge_length.sum() == pytest.approx(whole.graph.edge_length.sum())
    assert [note for note in reading.notes if "gates" in note and (told is None or told not in note)] == []
    assert any("gates" in note for note in reading.notes) == (told is not None)


def test_osmnx_gives_the_same_gate(tmp_path: Path) -> None:
    import osmnx as ox  # noqa: PLC0415

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
