"""The shortest way inside a polygon: as short as all pairs of corners give it, and found by few of them."""

import itertools

import networkx as nx
import numpy as np
import pytest
import shapely

from flexsites.geometry import ways
from flexsites.geometry.sight import boundary_of, surely_leave
from flexsites.geometry.ways import way_inside


def _by_all_pairs(land: shapely.Polygon, begin: np.ndarray, room: shapely.Polygon) -> float:
    """Return how long the shortest way is, over all corners that see each other."""
    inside = land.buffer(0.01)
    corners = [tuple(begin), *dict.fromkeys(map(tuple, shapely.get_coordinates(land)))]
    graph = nx.Graph()
    for one, other in itertools.combinations(corners, 2):
        line = shapely.LineString([one, other])
        if inside.covers(line):
            graph.add_edge(one, other, weight=line.length)
    for one in corners:
        line = shapely.shortest_line(shapely.Point(one), room)
        if inside.covers(line):
            graph.add_edge(one, "room", weight=line.length)
    return float(nx.shortest_path_length(graph, corners[0], "room", weight="weight"))


@pytest.mark.parametrize("seed", range(12))
def test_a_way_is_as_short_as_over_all_pairs_of_corners(seed: int) -> None:
    rng = np.random.default_rng(seed)
    streets = [shapely.LineString(rng.integers(0, 12, (3, 2)) * 10.0) for _ in range(6)]
    land = max(shapely.get_parts(shapely.union_all(streets).buffer(2.0, quad_segs=2)), key=shapely.area)
    begin, there = rng.choice(shapely.get_coordinates(land), 2, replace=False)
    room = shapely.Point(there).buffer(1.5).intersection(land)
    found = way_inside(land, begin, room)
    assert found is not None
    assert land.buffer(0.011).covers(found)
    assert found.length == pytest.approx(_by_all_pairs(land, begin, room), abs=1e-6)


def test_a_network_of_narrow_land_is_searched_by_few_pairs_of_its_corners(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a narrow yard left of a town took minutes: all streets one piece of land, and every pair looked along."""
    asked: list[int] = []
    own = ways._is_in_sight
    monkeypatch.setattr(ways, "_is_in_sight", lambda *one: asked.append(1) or own(*one))
    streets = [shapely.LineString([(x, 0), (x, 200)]) for x in range(0, 201, 20)]
    streets += [shapely.LineString([(0, y), (200, y)]) for y in range(0, 201, 20)]
    land = shapely.union_all(streets).buffer(2.0, quad_segs=4)
    n_corners = len(shapely.get_coordinates(land))
    room = shapely.box(198.5, 198.5, 201.5, 201.5)
    found = way_inside(land, np.array([0.0, 0.0]), room)
    assert found is not None
    assert 283.0 < found.length < 396.0, "along streets, cut at their corners"
    assert len(asked) < n_corners


@pytest.mark.parametrize("seed", range(6))
def test_what_surely_leaves_a_polygon_is_not_covered_by_it_and_little_else_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    streets = [shapely.LineString(rng.integers(0, 12, (3, 2)) * 10.0 + 187_000.0) for _ in range(6)]
    land = max(shapely.get_parts(shapely.union_all(streets).buffer(2.0, quad_segs=2)), key=shapely.area)
    corners, inside = np.unique(shapely.get_coordinates(land), axis=0), land.buffer(0.01)
    boundary, n_doubted = boundary_of(inside), 0
    for begin in corners:
        lines = shapely.linestrings(np.stack([np.broadcast_to(begin, corners.shape), corners], axis=1))
        leaves, is_covered = surely_leave(begin, corners, boundary), shapely.covers(inside, lines)
        assert not (leaves & is_covered).any()
        n_doubted += int((~leaves & ~is_covered).sum())
    assert n_doubted <= 0.001 * len(corners) ** 2
