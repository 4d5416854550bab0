"""Real streets: the same distances as networkx on the exported graph, with the same snapping."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.cumulative import cumulative_cutoff
from flexsites.accessibility.kernels.export import to_networkx
from flexsites.accessibility.kernels.network import Mode, Network
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.opportunities import place as place_on
from tests.unit.accessibility.places import network, random_points, streets

PLACES = ["kampen", "rotterdam", pytest.param("porto_alegre", marks=pytest.mark.deep)]
MODES: list[Mode] = ["walk", "bicycle"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PLACES)
def test_1000_random_pairs_are_within_a_centimetre_of_networkx(name: str, mode: Mode) -> None:
    streets_of_mode = network(name, mode)
    origins = snap(streets_of_mode, random_points(name, 50, 1), max_snap_m=150.0)
    targets = snap(streets_of_mode, random_points(name, 20, 2), max_snap_m=150.0)
    whole = to_networkx(streets_of_mode.graph, {"origin": origins, "target": targets})
    n_pairs = 0
    for j in range(20):
        if targets.edge[j] < 0:
            continue
        alone = place_on(
            streets_of_mode, random_points(name, 20, 2)[j : j + 1], np.ones(1), np.zeros(1, np.int64), max_snap_m=150.0
        ).opportunities
        field = closest_field(streets_of_mode.graph, alone, np.inf)
        ours = cost_to_closest(streets_of_mode.graph, field, alone, origins, np.inf)
        to_target = nx.single_source_dijkstra_path_length(whole.reverse(copy=False), ("target", j), weight="length")
        theirs = np.array([to_target.get(("origin", i), np.nan) for i in range(50)])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.01)
        n_pairs += int(np.isfinite(theirs).sum())
    assert n_pairs > 800


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PLACES)
def test_200_random_sites_have_networkxs_nearest_and_counts(name: str, mode: Mode) -> None:
    streets_of_mode = network(name, mode)
    shops = place_on(
        streets_of_mode, random_points(name, 60, 3), np.ones(60), np.arange(60), max_snap_m=150.0
    ).opportunities
    sites = snap(streets_of_mode, random_points(name, 200, 4), max_snap_m=150.0)
    whole = to_networkx(streets_of_mode.graph, {"site": sites, "shop": shops})
    matrix = np.full((200, len(shops.edge)), np.nan)
    for j in range(len(shops.edge)):
        found = nx.single_source_dijkstra_path_length(whole.reverse(copy=False), ("shop", j), weight="length")
        matrix[:, j] = [found.get(("site", i), np.inf) for i in range(200)]
    nearest = matrix.min(axis=1)
    field = closest_field(streets_of_mode.graph, shops, np.inf)
    ours = cost_to_closest(streets_of_mode.graph, field, shops, sites, np.inf)
    np.testing.assert_allclose(ours, np.where(np.isfinite(nearest), nearest, np.nan), rtol=0, atol=0.01)
    cutoffs = np.array([500.0, 1000.0, 2000.0])
    counts = cumulative_cutoff(streets_of_mode.graph, shops, sites, cutoffs)
    wanted = (matrix[:, :, None] <= cutoffs).sum(axis=1).astype(float)
    wanted[sites.edge < 0] = np.nan
    np.testing.assert_array_equal(counts, wanted)
    assert (sites.edge >= 0).sum() > 180


@pytest.mark.parametrize("name", PLACES)
def test_snapping_is_to_the_nearest_place_on_any_edge(name: str) -> None:
    walk = network(name, "walk")
    points = random_points(name, 300, 5)
    ours = snap(walk, points, max_snap_m=40.0)
    sizes = np.diff(walk.vertex_start)
    lines = shapely.linestrings(walk.vertex_xy, indices=np.repeat(np.arange(walk.n_edges), sizes))
    tree = shapely.STRtree(lines)
    nearest, distance = tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)
    within = distance <= 40.0
    np.testing.assert_array_equal(ours.edge >= 0, within)
    np.testing.assert_allclose(ours.leg[within], distance[within], rtol=0, atol=1e-6)
    touched = shapely.line_interpolate_point(lines[ours.edge[within]], ours.offset[within])
    np.testing.assert_allclose(shapely.distance(touched, shapely.points(points[within])), distance[within], atol=1e-6)
    assert within.any()
    assert not within.all()
    assert len(nearest[0]) == len(points)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PLACES)
def test_contraction_keeps_every_metre(name: str, mode: Mode) -> None:
    made: Network = network(name, mode)
    graph = streets(name).graph
    forward, backward = (1, 2) if mode == "walk" else (4, 8)
    is_used = (graph.allowed & (forward | backward)) > 0
    total = shapely.length(graph.lines()[is_used]).sum()
    kept = made.graph.edge_length.sum()
    assert kept + made.cut.cut_length_m == pytest.approx(total, rel=1e-9)
    sizes = np.diff(made.vertex_start)
    lines = shapely.linestrings(made.vertex_xy, indices=np.repeat(np.arange(made.n_edges), sizes))
    np.testing.assert_allclose(shapely.length(lines), made.graph.edge_length, rtol=1e-9)
    np.testing.assert_array_equal(made.vertex_xy[made.vertex_start[:-1]], made.node_xy[made.graph.edge_from])
    np.testing.assert_array_equal(made.vertex_xy[made.vertex_start[1:] - 1], made.node_xy[made.graph.edge_to])
    assert made.n_nodes < graph.n_nodes


def test_bare_lines_connect_at_all_shared_vertices() -> None:
    """By their end points alone a third of Rotterdam's streets would hang together; by all shared vertices most do."""
    cut = network("rotterdam", "walk").cut
    assert cut.largest_component_share > 0.85
