"""Contraction changes no distance: between nodes that stay it is that of the streets, and no metre is lost."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from flexsites.accessibility.kernels.export import to_networkx
from flexsites.accessibility.kernels.network import build_network
from flexsites.accessibility.kernels.snap import snap
from flexsites.geometry.street_graph import StreetGraph, Traits, edge_lengths, graph_from_ways

FORWARD, BACKWARD = 4, 8
_SIDE = 4


@st.composite
def street_graphs(draw: DrawFn) -> StreetGraph:
    """Streets that step over a small grid: many meet, some run on into each other, some are rings."""
    ways = draw(st.lists(st.lists(st.integers(0, _SIDE**2 - 1), min_size=2, max_size=6), min_size=1, max_size=7))
    chained = [[a for i, a in enumerate(way) if i == 0 or a != way[i - 1]] for way in ways]
    kept = [way for way in chained if len(way) > 1] or [[0, 1]]
    allowed = draw(st.lists(st.sampled_from([4, 8, 12, 12, 12]), min_size=len(kept), max_size=len(kept)))
    # Irregular places, so that no two streets overlap and every distance is its own.
    rng = np.random.default_rng(7)
    xy = np.stack(np.meshgrid(np.arange(_SIDE), np.arange(_SIDE)), axis=-1).reshape(-1, 2) * 100.0
    return graph_from_ways(
        np.concatenate([[0], np.cumsum([len(way) for way in kept])]).astype(np.int64),
        np.concatenate([np.array(way, dtype=np.int64) for way in kept]),
        xy + rng.uniform(-30, 30, xy.shape),
        allowed=np.array(allowed, dtype=np.uint8),
        traits=Traits.plain(np.arange(len(kept), dtype=np.int64), "cycleway"),
        extent=None,
    )


def as_networkx(graph: StreetGraph) -> nx.MultiDiGraph:
    out = nx.MultiDiGraph()
    out.add_nodes_from(range(graph.n_nodes))
    length = edge_lengths(graph.vertex_xy, graph.vertex_start)
    for a, b, cost, bits in zip(graph.edge_from, graph.edge_to, length, graph.allowed, strict=True):
        if bits & FORWARD:
            out.add_edge(int(a), int(b), length=float(cost))
        if bits & BACKWARD:
            out.add_edge(int(b), int(a), length=float(cost))
    return out


@given(street_graphs())
def test_distances_between_nodes_that_stay_are_those_of_the_streets(graph: StreetGraph) -> None:
    made = build_network(graph, mode="bicycle", min_component_m=0.0)
    streets, contracted = as_networkx(graph), to_networkx(made.graph)
    number = {tuple(xy): n for n, xy in enumerate(graph.node_xy)}
    theirs = [number[tuple(xy)] for xy in made.node_xy]
    assert made.n_nodes <= graph.n_nodes
    for n, street_node in enumerate(theirs):
        wanted = nx.single_source_dijkstra_path_length(streets, street_node, weight="length")
        found = nx.single_source_dijkstra_path_length(contracted, n, weight="length")
        for m, other in enumerate(theirs):
            np.testing.assert_allclose(found.get(m, np.inf), wanted.get(other, np.inf), rtol=1e-12)


@given(street_graphs())
def test_every_metre_of_street_is_kept_once(graph: StreetGraph) -> None:
    made = build_network(graph, mode="bicycle", min_component_m=0.0)
    total = edge_lengths(graph.vertex_xy, graph.vertex_start).sum()
    np.testing.assert_allclose(made.graph.edge_length.sum(), total, rtol=1e-12)
    sizes = np.diff(made.vertex_start)
    assert (sizes >= 2).all()
    assert len(made.vertex_xy) == sizes.sum()


@given(street_graphs(), st.integers(1, 12), st.integers(0, 2**31))
def test_a_point_snaps_the_same_whichever_others_are_asked(graph: StreetGraph, n: int, seed: int) -> None:
    made = build_network(graph, mode="bicycle", min_component_m=0.0)
    points = np.random.default_rng(seed).uniform(-6_000, 6_000, (n, 2))
    points[::2] /= 20
    whole = snap(made, points, max_snap_m=400.0)
    for i in range(n):
        alone = snap(made, points[i : i + 1], max_snap_m=400.0)
        for ours, own in zip(whole, alone, strict=True):
            np.testing.assert_array_equal(ours[i : i + 1], own)
