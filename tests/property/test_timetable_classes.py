"""Laws of the classes of service quality, and of walks to stops over random streets."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flexsites.accessibility.kernels.network import make_graph
from flexsites.accessibility.kernels.positions import Positions
from flexsites.accessibility.kernels.service_class import CLASSES, NONE, best_classes
from flexsites.accessibility.kernels.walk_legs import walk_legs
from flexsites.accessibility.transit import class_table
from flexsites.config.load import configs_directory, read_model
from flexsites.config.transit import TransitClasses

TABLE = class_table(read_model(configs_directory() / "transit_classes.yaml", TransitClasses))
RANK = {name: i for i, name in enumerate((*CLASSES, NONE))}
Stop = tuple[str, float, float]

stops = st.tuples(
    st.sampled_from(["bus", "tram", "metro", "train", "ferry"]),
    st.floats(0, 1500),
    st.one_of(st.just(float("nan")), st.floats(0, 60)),
)


def told(walks: list[Stop], complete_m: float = float("nan")) -> str | None:
    n = len(walks)
    return best_classes(
        TABLE, place=np.zeros(n, np.int64), mode=np.array([w[0] for w in walks], dtype=object),
        walk_m=np.array([w[1] for w in walks]), per_hour=np.array([w[2] for w in walks]),
        complete_m=np.full(n, complete_m), is_unknown=np.zeros(n, bool), n_places=1,
    )[0]  # fmt: skip


@given(st.lists(stops, min_size=1, max_size=5), stops)
def test_another_stop_never_makes_a_known_class_worse(walks: list[Stop], another: Stop) -> None:
    before, after = told(walks), told([*walks, another])
    if before is not None and after is not None:
        assert RANK[after] <= RANK[before]


@given(st.lists(stops, min_size=1, max_size=5), st.floats(0, 1), st.floats(1, 5))
def test_nearer_and_more_often_never_makes_it_worse(walks: list[Stop], nearer: float, more: float) -> None:
    before, after = told(walks), told([(mode, walk * nearer, often * more) for mode, walk, often in walks])
    if before is not None and after is not None:
        assert RANK[after] <= RANK[before]


@given(st.lists(stops, min_size=1, max_size=5), st.lists(st.floats(0, 60), min_size=5, max_size=5))
def test_what_is_told_as_known_holds_whatever_the_unknown_turns_out_to_be(
    walks: list[Stop], turned_out: list[float]
) -> None:
    before = told(walks)
    resolved = [(m, w, often if often == often else turned_out[i]) for i, (m, w, often) in enumerate(walks)]  # noqa: PLR0124
    if before is not None:
        assert told(resolved) == before
    assert told(resolved) is not None


@given(st.lists(stops, min_size=1, max_size=4), st.floats(0, 1200), stops)
def test_what_is_told_near_the_edge_holds_whatever_lies_beyond(
    walks: list[Stop], complete_m: float, beyond: Stop
) -> None:
    before = told(walks, complete_m)
    if before is not None and beyond[1] > complete_m and beyond[2] == beyond[2]:
        assert told([*walks, beyond]) == before


@st.composite
def street_plans(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_nodes = draw(st.integers(2, 8))
    n_edges = draw(st.integers(1, 14))
    node = st.integers(0, n_nodes - 1)
    ends = [draw(st.tuples(node, node)) for _ in range(n_edges)]
    length = [float(draw(st.integers(1, 40))) for _ in range(n_edges)]
    flags = [draw(st.sampled_from([1, 2, 3, 3, 3])) for _ in range(n_edges)]
    first, second = (np.array([pair[i] for pair in ends], np.int64) for i in (0, 1))
    return n_nodes, first, second, np.array(length), np.array(flags, np.uint8)


@given(street_plans(), st.data())
def test_walks_to_stops_equal_networkx(plan: tuple, data: st.DataObject) -> None:
    n_nodes, first, second, length, flags = plan
    graph = make_graph(n_nodes, first, second, length, flags)

    def positions(n: int) -> Positions:
        edge = np.array([data.draw(st.integers(-1, len(length) - 1)) for _ in range(n)], np.int64)
        share = np.array([data.draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) for _ in range(n)])
        leg = np.array([float(data.draw(st.integers(0, 5))) for _ in range(n)])
        known = edge >= 0
        return Positions(edge, np.where(known, share * length[edge], np.nan), np.where(known, leg, np.nan))

    places, halts = positions(data.draw(st.integers(1, 4))), positions(data.draw(st.integers(1, 4)))
    reach = float(data.draw(st.integers(1, 120)))
    expected = {}
    for p in range(len(places.edge)):
        for s in range(len(halts.edge)):
            if places.edge[p] >= 0 and halts.edge[s] >= 0:
                metres = along_streets(n_nodes, first, second, length, flags, places, p, halts, s)
                if metres <= reach:
                    expected[p, s] = metres
    legs = walk_legs(graph, places, halts, reach)
    found = {(int(p), int(s)): float(m) for p, s, m in zip(*legs, strict=True)}
    assert found.keys() == expected.keys()
    assert all(abs(found[pair] - expected[pair]) < 1e-9 for pair in found)
    assert len(found) == len(legs.place)


def along_streets(n_nodes, first, second, length, flags, places, p, halts, s) -> float:
    """Cut the edges at both positions and let networkx walk."""
    streets = nx.MultiDiGraph()
    streets.add_nodes_from(range(n_nodes))
    streets.add_nodes_from(["place", "stop"])
    for e in range(len(length)):
        cuts = [(0.0, int(first[e])), (float(length[e]), int(second[e]))]
        cuts += [
            (float(at.offset[i]), name) for at, i, name in ((places, p, "place"), (halts, s, "stop")) if at.edge[i] == e
        ]
        cuts.sort(key=lambda cut: (cut[0], cut[0] > 0 and cut[1] == int(second[e])))
        for (a, here), (b, there) in itertools.pairwise(cuts):
            for way, start, end in ((1, here, there), (2, there, here)):
                if flags[e] & way or a == b:
                    streets.add_edge(start, end, weight=b - a)
    try:
        along = nx.dijkstra_path_length(streets, "place", "stop")
    except nx.NetworkXNoPath:
        return float("inf")
    return along + places.leg[p] + halts.leg[s]
