"""One contender of the accessibility benchmark alone in a process: CPU and wall seconds, peak memory, its answers.

    python -m tests.benchmarks._accessibility_runs WORK NAME PLACE FOLDER

WORK is nearest, bare, third or counts; NAME flexsites, scipy or a peer; PLACE a number of nodes, or a town of the test
data (kampen, rotterdam, porto_alegre). Answers are written to FOLDER and compared with those of flexsites; figures
go to results.jsonl there, a line a run, because peers print of their own accord.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from flexsites.worlds.graphs import StreetGraph
from tests.benchmarks import accessibility as bench

REPEATS, ENOUGH_S = 5, 60.0
WARM_NODES = 2_000
Work = Callable[[], NDArray[np.float64]]


def place_of(name: str) -> bench.Place:
    """A synthetic network of so many nodes, or the walking network of a real town with ten sets of random shops."""
    if name.isdigit():
        return bench.make_place(int(name))
    from tests.unit.accessibility import places  # noqa: PLC0415 - needs the real data

    town = places.network(name, "walk")
    ends = town.graph.edge_from.astype(np.int64), town.graph.edge_to.astype(np.int64)
    # Peers know one edge between two nodes and none from a node to itself: the shortest stands for them all.
    pairs = np.sort(np.column_stack(ends), axis=1)
    order = np.lexsort((town.graph.edge_length, pairs[:, 1], pairs[:, 0]))
    pairs, length = pairs[order], town.graph.edge_length[order]
    keep = np.append(True, (np.diff(pairs, axis=0) != 0).any(axis=1)) & (pairs[:, 0] != pairs[:, 1])
    used, ends_used = np.unique(pairs[keep], return_inverse=True)
    number = np.random.default_rng(3).permutation(len(used))
    source, target = number[ends_used.reshape(-1, 2)].T
    xy = np.empty((len(used), 2))
    xy[number] = town.node_xy[used]
    streets = StreetGraph(xy[:, 0], xy[:, 1], source.copy(), target.copy(), length[keep])
    rng = np.random.default_rng(1)
    shops = tuple(np.sort(rng.choice(len(used), 30, replace=False)) for _ in range(bench.N_CATEGORIES))
    return bench.Place(streets, shops)


def work_of(work: str, name: str, place: bench.Place) -> Work:
    if work == "nearest":
        every = {"flexsites": bench.ours_nearest, "scipy": bench.scipy_nearest} | bench.NEAREST
        return partial(every[name], place)
    if work == "third":
        thirds = {"flexsites": bench.ours_third, "scipy": bench.scipy_third, "pandana": bench.pandana_third}
        return partial(thirds[name], place)
    if work == "counts":
        counts = {"flexsites": bench.ours_counts, "scipy": bench.scipy_counts, "pandana": bench.pandana_counts}
        return partial(counts[name], place)
    if name == "scipy":
        whole = bench.matrix(place)
        return lambda: dijkstra(whole, indices=place.shops[0], min_only=True)
    graph, rank = bench.prepared(place.streets)
    shops = bench.shops_at(graph, rank[place.shops[0]])
    return lambda: bench.ours_field(graph, shops)[rank]


def main(work: str, name: str, where: str, folder: str) -> None:
    """Warm up small, repeat, write answers, compare, and add one line of JSON."""
    if work != "bare":
        work_of(work, name, bench.make_place(WARM_NODES))()
    place = place_of(where)
    run = work_of(work, name, place)
    if work == "bare":
        run()
    wall: list[float] = []
    cpu: list[float] = []
    while len(wall) < REPEATS and sum(wall) < ENOUGH_S:
        began, began_cpu = time.perf_counter(), time.process_time()
        found = run()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    own = Path(folder) / f"{work}-{where}-flexsites.npy"
    told: dict[str, object] = {"work": work, "name": name, "place": where, "n": place.n_nodes, "runs": len(wall)}
    if name == "flexsites":
        np.save(own, found)
    else:
        theirs, ours = np.asarray(found, dtype=np.float64), np.load(own)
        # A peer says infinite, or its limit, where nothing is reached.
        unreached = ~np.isfinite(ours)
        told["differs_at_most"] = float(np.abs(theirs - ours)[~unreached].max())
        told["reached_differently"] = int((np.isfinite(theirs) & (theirs < bench.FAR_M))[unreached].sum())
    told["wall_s"], told["cpu_s"] = float(np.median(wall)), float(np.median(cpu))
    told["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with (Path(folder) / "results.jsonl").open("a", encoding="utf-8") as results:
        results.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
