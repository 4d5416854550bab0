"""On any small network, with one-way streets, loops and parallel streets, the kernels agree with plain Dijkstra."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.cumulative import cumulative_cutoff, gravity
from flexsites.accessibility.kernels.decay import EXPONENTIAL, LINEAR
from flexsites.accessibility.kernels.export import to_networkx
from flexsites.accessibility.kernels.k_closest import k_closest, k_closest_field
from flexsites.accessibility.kernels.network import Graph, make_graph
from flexsites.accessibility.kernels.positions import Opportunities, Positions

# Whole metres: sums are exact, so that "within the cut-off" is never a question of last digits.
METRES = st.integers(1, 40)


@st.composite
def places(draw: DrawFn, graph: Graph, n_max: int) -> Positions:
    edge = draw(st.lists(st.integers(0, len(graph.edge_from) - 1), min_size=1, max_size=n_max))
    offset = [draw(st.integers(0, int(graph.edge_length[e]))) for e in edge]
    leg = [draw(st.integers(0, 9)) for _ in edge]
    return Positions(np.array(edge, np.int64), np.array(offset, float), np.array(leg, float))


@st.composite
def worlds(draw: DrawFn) -> tuple[Graph, Opportunities, Positions]:
    n_nodes = draw(st.integers(1, 7))
    node = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, METRES, st.sampled_from([1, 2, 3, 3])), min_size=1, max_size=12))
    ends = np.array([(a, b) for a, b, _, _ in edges], dtype=np.int64)
    length = np.array([length for _, _, length, _ in edges], dtype=np.float64)
    flags = np.array([flags for *_, flags in edges], dtype=np.uint8)
    graph = make_graph(n_nodes, ends[:, 0].copy(), ends[:, 1].copy(), length, flags)
    found = draw(places(graph, 6))
    n = len(found.edge)
    group = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=np.int64)
    weight = group + 1.0  # what is one opportunity has one weight
    order = np.lexsort((group, found.offset, found.edge))
    sorted_by_edge = (found.edge[order], found.offset[order], found.leg[order], weight[order], group[order])
    return graph, Opportunities(*sorted_by_edge), draw(places(graph, 6))


def distances(graph: Graph, opportunities: Opportunities, sites: Positions) -> np.ndarray:
    """Every site to every opportunity, one search a site."""
    whole = to_networkx(graph, {"site": sites, "opportunity": opportunities})
    out = np.full((len(sites.edge), len(opportunities.edge)), np.inf)
    for i in range(len(sites.edge)):
        found = nx.single_source_dijkstra_path_length(whole, ("site", i), weight="length")
        for j in range(len(opportunities.edge)):
            out[i, j] = found.get(("opportunity", j), np.inf)
    return out


def by_group(matrix: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    names = np.unique(group)
    return names, np.column_stack([matrix[:, group == name].min(axis=1) for name in names])


LIMITS = st.one_of(st.integers(0, 120).map(float), st.just(np.inf))


@given(worlds(), LIMITS)
def test_the_nearest_is_dijkstras(world: tuple[Graph, Opportunities, Positions], limit: float) -> None:
    graph, opportunities, sites = world
    wanted = distances(graph, opportunities, sites).min(axis=1)
    wanted[(wanted > limit) | np.isinf(wanted)] = np.nan
    field = closest_field(graph, opportunities, limit)
    np.testing.assert_array_equal(cost_to_closest(graph, field, opportunities, sites, limit), wanted)


@given(worlds(), st.integers(1, 4), LIMITS)
def test_the_k_nearest_are_dijkstras(world: tuple[Graph, Opportunities, Positions], k: int, limit: float) -> None:
    graph, opportunities, sites = world
    _, matrix = by_group(distances(graph, opportunities, sites), opportunities.group)
    wanted = np.full((len(sites.edge), k), np.inf)
    width = min(k, matrix.shape[1])
    wanted[:, :width] = np.sort(matrix, axis=1)[:, :width]
    wanted[(wanted > limit) | np.isinf(wanted)] = np.nan
    field = k_closest_field(graph, opportunities, k, limit)
    np.testing.assert_array_equal(k_closest(graph, field, opportunities, sites, limit), wanted)


@given(worlds(), st.lists(st.integers(0, 120), min_size=1, max_size=3))
def test_sums_within_cut_offs_are_dijkstras(world: tuple[Graph, Opportunities, Positions], cutoffs: list[int]) -> None:
    graph, opportunities, sites = world
    names, matrix = by_group(distances(graph, opportunities, sites), opportunities.group)
    wanted = np.column_stack([((matrix <= cutoff) * (names + 1.0)).sum(axis=1) for cutoff in cutoffs])
    np.testing.assert_array_equal(cumulative_cutoff(graph, opportunities, sites, np.array(cutoffs, float)), wanted)


@given(worlds(), st.integers(1, 120), st.sampled_from([LINEAR, EXPONENTIAL]))
def test_gravity_is_the_sum_of_decayed_weights(
    world: tuple[Graph, Opportunities, Positions], cutoff: int, kind: int
) -> None:
    graph, opportunities, sites = world
    names, matrix = by_group(distances(graph, opportunities, sites), opportunities.group)
    with np.errstate(over="ignore"):
        weight = 1 - matrix / cutoff if kind == LINEAR else np.exp(-matrix / 30.0)
    wanted = np.where(matrix <= cutoff, weight * (names + 1.0), 0.0).sum(axis=1)
    result = gravity(graph, opportunities, sites, float(cutoff), kind, 0.0, 30.0)
    np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-12)


@given(worlds(), st.integers(0, 120), st.randoms(use_true_random=False))
def test_a_site_answers_for_itself(world: tuple[Graph, Opportunities, Positions], cutoff: int, random: object) -> None:
    """Whichever other sites are asked for, and in whichever order, the answer is the same to the last bit."""
    graph, opportunities, sites = world
    whole = gravity(graph, opportunities, sites, float(cutoff) + 1, EXPONENTIAL, 0.0, 30.0)
    order = np.arange(len(sites.edge))
    random.shuffle(order)  # type: ignore[attr-defined]
    for chosen in (order, order[:1], order[::2]):
        some = Positions(*(array[chosen] for array in sites))
        result = gravity(graph, opportunities, some, float(cutoff) + 1, EXPONENTIAL, 0.0, 30.0)
        np.testing.assert_array_equal(result, whole[chosen])


@given(worlds())
def test_a_longer_cut_off_never_holds_less(world: tuple[Graph, Opportunities, Positions]) -> None:
    graph, opportunities, sites = world
    result = cumulative_cutoff(graph, opportunities, sites, np.array([10.0, 20.0, 40.0, 80.0]))
    assert (np.diff(result, axis=1) >= 0).all()


@pytest.mark.parametrize("kernel", ["closest", "cumulative"])
def test_a_site_without_a_street_is_null(kernel: str) -> None:
    graph = make_graph(2, np.array([0]), np.array([1]), np.array([10.0]), np.uint8([3]))
    shop = Opportunities(np.array([0]), np.array([1.0]), np.zeros(1), np.ones(1), np.array([0]))
    nowhere = Positions(np.array([-1]), np.array([np.nan]), np.array([np.nan]))
    if kernel == "closest":
        result = cost_to_closest(graph, closest_field(graph, shop, 50.0), shop, nowhere, 50.0)
    else:
        result = cumulative_cutoff(graph, shop, nowhere, np.array([50.0]))[:, 0]
    assert np.isnan(result).all()
