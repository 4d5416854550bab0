"""Benchmark: the nearest of ten categories, the third nearest and counts within a kilometre, over a street network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.cumulative import cumulative_cutoff
from flexsites.accessibility.kernels.k_closest import k_closest, k_closest_field
from flexsites.accessibility.kernels.network import Graph, make_graph, morton
from flexsites.accessibility.kernels.positions import Opportunities, Positions
from flexsites.worlds.graphs import StreetGraph, street_graph
from tests.benchmarks.measuring import Peer, find_peers, interleave, measure_peak
from tests.benchmarks.registry import Absent, Comparison, Measurements, Peak, benchmark

# Figures are per core: peers that would take several are held to one. OpenMP reads this when it is first loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

PEERS = (
    Peer("rustworkx", "rustworkx", "rustworkx"),
    Peer("igraph", "igraph", "igraph"),
    Peer("networkit", "networkit", "networkit"),
    Peer("pandana", "pandana", "pandana"),
)
N_CATEGORIES = 10
NODES_A_SHOP = 4_000
CUTOFF_M = 1_000.0
FAR_M = 100_000.0
# Above these, peers would take hours: whole graphs of objects, contraction, a search of its own per opportunity.
PEERS_UP_TO = 1_000_000
PANDANA_UP_TO = 200_000
EACH_UP_TO = 200_000
MANY_SITES = 1.7
"""Sites per node in the Netherlands: 8.4 million parcels on 5 million nodes."""


@dataclass(frozen=True)
class Place:
    """A network with shops at nodes, one array of nodes a category; every node asks."""

    streets: StreetGraph
    shops: tuple[NDArray[np.int64], ...]

    @property
    def n_nodes(self) -> int:
        return len(self.streets.x)


def make_place(n_nodes: int) -> Place:
    streets = street_graph(n_nodes, is_shuffled=True)
    rng = np.random.default_rng(1)
    n_shops = max(n_nodes // NODES_A_SHOP, 5)
    shops = tuple(np.sort(rng.choice(n_nodes, n_shops, replace=False)) for _ in range(N_CATEGORIES))
    return Place(streets, shops)


# -- flexsites ------------------------------------------------------------------------------------------------
def prepared(streets: StreetGraph) -> tuple[Graph, NDArray[np.int64]]:
    """The network as flexsites orders it, and each node's number in it."""
    rank = np.empty(len(streets.x), dtype=np.int64)
    rank[np.argsort(morton(np.column_stack([streets.x, streets.y])))] = np.arange(len(rank))
    ends = rank[streets.source], rank[streets.target]
    both = np.full(len(ends[0]), 3, dtype=np.uint8)
    return make_graph(len(rank), *ends, streets.length_m, both), rank


def at_nodes(graph: Graph, nodes: NDArray[np.int64]) -> Positions:
    edge = graph.incident_edge[graph.incident_start[nodes]].astype(np.int64)
    offset = np.where(graph.edge_from[edge] == nodes, 0.0, graph.edge_length[edge])
    return Positions(edge, offset, np.zeros(len(nodes)))


def shops_at(graph: Graph, nodes: NDArray[np.int64]) -> Opportunities:
    found = at_nodes(graph, nodes)
    order = np.lexsort((found.offset, found.edge))
    return Opportunities(
        found.edge[order], found.offset[order], found.leg[order], np.ones(len(nodes)), order.astype(np.int64)
    )


def ours_nearest(place: Place) -> NDArray[np.float64]:
    graph, rank = prepared(place.streets)
    sites = at_nodes(graph, rank)
    out = np.empty((place.n_nodes, len(place.shops)))
    for i, nodes in enumerate(place.shops):
        shops = shops_at(graph, rank[nodes])
        out[:, i] = cost_to_closest(graph, closest_field(graph, shops, np.inf), shops, sites, np.inf)
    return out


def ours_field(graph: Graph, shops: Opportunities) -> NDArray[np.float64]:
    return closest_field(graph, shops, np.inf)


def ours_third(place: Place) -> NDArray[np.float64]:
    graph, rank = prepared(place.streets)
    shops = shops_at(graph, rank[place.shops[0]])
    return k_closest(graph, k_closest_field(graph, shops, 3, np.inf), shops, at_nodes(graph, rank), np.inf)[:, 2]


def ours_counts(place: Place) -> NDArray[np.float64]:
    graph, rank = prepared(place.streets)
    shops = shops_at(graph, rank[place.shops[0]])
    return cumulative_cutoff(graph, shops, at_nodes(graph, rank), np.array([CUTOFF_M]))[:, 0]


# -- peers ----------------------------------------------------------------------------------------------------
def arcs(place: Place) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Both directions of every street, and from an extra node per category free arcs to its shops."""
    streets, n = place.streets, place.n_nodes
    extra = [np.full(len(nodes), n + i) for i, nodes in enumerate(place.shops)]
    source = np.concatenate([streets.source, streets.target, *extra])
    target = np.concatenate([streets.target, streets.source, *place.shops])
    free = np.zeros(sum(map(len, place.shops)))
    return source, target, np.concatenate([streets.length_m, streets.length_m, free])


def matrix(place: Place) -> csr_array:
    streets, n = place.streets, place.n_nodes
    source = np.concatenate([streets.source, streets.target])
    target = np.concatenate([streets.target, streets.source])
    return csr_array((np.concatenate([streets.length_m, streets.length_m]), (source, target)), shape=(n, n))


def scipy_nearest(place: Place) -> NDArray[np.float64]:
    whole = matrix(place)
    return np.column_stack([dijkstra(whole, indices=nodes, min_only=True) for nodes in place.shops])


def scipy_each(place: Place, limit: float) -> Iterator[NDArray[np.float64]]:
    """Distances from every shop of the first category, a hundred at a time."""
    whole = matrix(place)
    nodes = place.shops[0]
    for low, high in pairwise([*range(0, len(nodes), 100), len(nodes)]):
        yield dijkstra(whole, indices=nodes[low:high], limit=limit)


def scipy_third(place: Place) -> NDArray[np.float64]:
    best = np.full((3, place.n_nodes), np.inf)
    for found in scipy_each(place, np.inf):
        best = np.sort(np.vstack([best, found]), axis=0)[:3]
    return best[2]


def scipy_counts(place: Place) -> NDArray[np.float64]:
    return np.sum([(found <= CUTOFF_M).sum(axis=0) for found in scipy_each(place, CUTOFF_M)], axis=0).astype(float)


def rustworkx_nearest(place: Place) -> NDArray[np.float64]:
    import rustworkx as rx  # noqa: PLC0415

    source, target, length = arcs(place)
    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(place.n_nodes + len(place.shops)))
    graph.add_edges_from(list(zip(source.tolist(), target.tolist(), length.tolist(), strict=True)))
    out = np.full((place.n_nodes, len(place.shops)), np.nan)
    for i in range(len(place.shops)):
        found = rx.dijkstra_shortest_path_lengths(graph, place.n_nodes + i, float)
        nodes = np.fromiter(found.keys(), dtype=np.int64, count=len(found))
        values = np.fromiter(found.values(), dtype=np.float64, count=len(found))
        of_street = nodes < place.n_nodes
        out[nodes[of_street], i] = values[of_street]
    return out


def igraph_nearest(place: Place) -> NDArray[np.float64]:
    import igraph  # noqa: PLC0415

    source, target, length = arcs(place)
    graph = igraph.Graph(n=place.n_nodes + len(place.shops), edges=np.column_stack([source, target]), directed=True)
    weights = length.tolist()
    found = [graph.distances(source=place.n_nodes + i, weights=weights)[0] for i in range(len(place.shops))]
    return np.array(found).T[: place.n_nodes]


def networkit_nearest(place: Place) -> NDArray[np.float64]:
    import networkit as nk  # noqa: PLC0415

    nk.setNumberOfThreads(1)
    source, target, length = arcs(place)
    n = place.n_nodes + len(place.shops)
    graph = nk.GraphFromCoo(
        (length, (source.astype(np.uint64), target.astype(np.uint64))), n=n, weighted=True, directed=True
    )
    out = np.empty((place.n_nodes, len(place.shops)))
    for i in range(len(place.shops)):
        search = nk.distance.Dijkstra(graph, place.n_nodes + i, storePaths=False)
        search.run()
        out[:, i] = np.asarray(search.getDistances())[: place.n_nodes]
    return out


def pandana_network(place: Place) -> Any:
    import pandana  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    streets = place.streets
    weights = pd.DataFrame({"length": streets.length_m})
    nodes = pd.Series(streets.x), pd.Series(streets.y)
    ends = pd.Series(streets.source), pd.Series(streets.target)
    return pandana.Network(*nodes, *ends, weights, twoway=True)


def pandana_nearest(place: Place) -> NDArray[np.float64]:
    network = pandana_network(place)
    out = np.empty((place.n_nodes, len(place.shops)))
    for i, nodes in enumerate(place.shops):
        network.set_pois(f"c{i}", FAR_M, 3, *shop_places(place, nodes))
        out[:, i] = network.nearest_pois(FAR_M, f"c{i}", num_pois=1)[1].to_numpy()
    return out


def shop_places(place: Place, nodes: NDArray[np.int64]) -> tuple[Any, Any]:
    import pandas as pd  # noqa: PLC0415

    return pd.Series(place.streets.x[nodes]), pd.Series(place.streets.y[nodes])


def pandana_third(place: Place) -> NDArray[np.float64]:
    network = pandana_network(place)
    network.set_pois("shops", FAR_M, 3, *shop_places(place, place.shops[0]))
    third: NDArray[np.float64] = network.nearest_pois(FAR_M, "shops", num_pois=3)[3].to_numpy()
    return third


def pandana_counts(place: Place) -> NDArray[np.float64]:
    import pandas as pd  # noqa: PLC0415

    network = pandana_network(place)
    network.set(pd.Series(place.shops[0]))
    counts: NDArray[np.float64] = network.aggregate(CUTOFF_M, type="count").to_numpy()
    return counts


NEAREST: dict[str, Callable[[Place], NDArray[np.float64]]] = {
    "rustworkx": rustworkx_nearest,
    "igraph": igraph_nearest,
    "networkit": networkit_nearest,
    "pandana": pandana_nearest,
}


def compare(
    name: str,
    contenders: dict[str, Callable[[], NDArray[np.float64]]],
    absent: tuple[Absent, ...],
    peaks: Mapping[str, Peak] | None = None,
) -> Comparison:
    timings = interleave(contenders, repeats=3)
    own = np.asarray(timings["flexsites"].result)
    differences = {}
    for peer, timing in timings.items():
        gap = np.abs(np.asarray(timing.result) - own).max()
        if not gap <= (0.5 if peer == "pandana" and "count" not in name else 1e-6):
            message = f"{name}: {peer} differs from flexsites by {gap}"
            raise AssertionError(message)
        differences[peer] = f"{gap:.3g} m at most" if "count" not in name else f"{gap:g} at most"
    return Comparison(name, timings, peaks or {}, absent, {k: v for k, v in differences.items() if k != "flexsites"})


def run_alone(n_nodes: int) -> None:
    ours_nearest(make_place(n_nodes))


def country_alone(n_nodes: int) -> None:
    """Twenty categories by two modes over the whole network, and a look-up for all sites: in one process."""
    streets = street_graph(n_nodes)
    graph, _ = prepared(streets)
    del streets
    rng = np.random.default_rng(2)
    n_sites = int(n_nodes * MANY_SITES)
    edge = rng.integers(0, len(graph.edge_from), n_sites)
    sites = Positions(edge, rng.uniform(0, 1, n_sites) * graph.edge_length[edge], rng.uniform(0, 40, n_sites))
    for _ in range(2 * 20):
        shops = shops_at(graph, np.sort(rng.choice(n_nodes, max(n_nodes // NODES_A_SHOP, 5), replace=False)))
        cost_to_closest(graph, closest_field(graph, shops, 15_000.0), shops, sites, 15_000.0)


@benchmark(name="accessibility", sizes=(500, 2_000, 20_000, 200_000, 1_000_000, 5_000_000), unit="nodes")
def accessibility(size: int) -> Measurements:
    """Nearest of ten categories, third nearest and counts within 1 km, all nodes asking, one core."""
    place = make_place(size)
    peers = [peer for peer in PEERS if size <= (PANDANA_UP_TO if peer.name == "pandana" else PEERS_UP_TO)]
    present, absent = find_peers(peers)
    absent += tuple(Absent(peer.name, peer.pip, "takes too long at this size") for peer in PEERS if peer not in peers)
    contenders: dict[str, Callable[[], NDArray[np.float64]]] = {"flexsites": partial(ours_nearest, place)}
    contenders["scipy"] = partial(scipy_nearest, place)
    contenders |= {name: partial(NEAREST[name], place) for name in present}
    nearest = compare(
        "nearest of 10 categories, preparation included",
        contenders,
        absent,
        {"flexsites": measure_peak(run_alone, size)},
    )
    graph, rank = prepared(place.streets)
    shops, whole = shops_at(graph, rank[place.shops[0]]), matrix(place)
    bare = compare(
        "nearest of one category, network ready",
        {
            "flexsites": lambda: ours_field(graph, shops)[rank],
            "scipy": lambda: dijkstra(whole, indices=place.shops[0], min_only=True),
        },
        (),
    )
    none = tuple(
        Absent(name, name, "offers neither the third nearest nor a bounded search")
        for name in ("rustworkx", "igraph", "networkit")
    )
    third: dict[str, Callable[[], NDArray[np.float64]]] = {"flexsites": partial(ours_third, place)}
    counts: dict[str, Callable[[], NDArray[np.float64]]] = {"flexsites": partial(ours_counts, place)}
    if size <= EACH_UP_TO:
        third["scipy"], counts["scipy"] = partial(scipy_third, place), partial(scipy_counts, place)
    if "pandana" in present:
        third["pandana"], counts["pandana"] = partial(pandana_third, place), partial(pandana_counts, place)
    comparisons = (
        nearest,
        bare,
        compare("third nearest, preparation included", third, none),
        compare("count within 1 km, preparation included", counts, none),
    )
    peak = measure_peak(country_alone, size)
    return Measurements(
        comparisons,
        packages=("scipy", "numba", "rustworkx", "igraph", "networkit", "pandana"),
        notes={
            "arcs": 2 * len(place.streets.source),
            "shops_a_category": len(place.shops[0]),
            "country_20_categories_2_modes_all_sites_seconds": round(peak.seconds, 1),
            "country_peak_mib": round(peak.peak_mib),
            "country_sites": int(size * MANY_SITES),
        },
    )
