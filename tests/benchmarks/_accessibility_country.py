"""A network of the size of the Netherlands: 20 categories on foot and by bicycle for every site, with CPU and memory.

    python -m tests.benchmarks._accessibility_country make FOLDER [NODES]
    python -m tests.benchmarks._accessibility_country run FOLDER THREADS

``make`` draws the network and saves it as a run would; ``run`` memory-maps it in a process of its own, so that its peak
is that of the work. Fields are made on several threads, as ``prepare_access`` does; sites are looked up in turn.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from flexsites.accessibility.kernels.closest import closest_field, cost_to_closest
from flexsites.accessibility.kernels.network import Graph, open_array
from flexsites.accessibility.kernels.positions import Positions
from flexsites.worlds.graphs import street_graph
from tests.benchmarks.accessibility import MANY_SITES, NODES_A_SHOP, prepared, shops_at

CATEGORIES, MODES = 20, {"walk": 5_000.0, "bicycle": 15_000.0}
A_CELL = 50_000
"""Sites are asked in parts of this many: a run asks cell by cell."""


def make(folder: Path, n_nodes: int) -> None:
    """Draw the network, save it, and the sites on it."""
    began = time.process_time()
    streets = street_graph(n_nodes)
    drawn = time.process_time()
    graph, _ = prepared(streets)
    made = time.process_time()
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in graph._asdict().items():
        np.save(folder / f"{name}.npy", array)
    rng = np.random.default_rng(2)
    n_sites = int(n_nodes * MANY_SITES)
    # Sites of one place are asked together, as cells do.
    edge = np.sort(rng.integers(0, len(graph.edge_from), n_sites))
    np.save(folder / "site_edge.npy", edge)
    np.save(folder / "site_offset.npy", rng.uniform(0, 1, n_sites) * graph.edge_length[edge])
    np.save(folder / "site_leg.npy", rng.uniform(0, 40, n_sites))
    told = {"nodes": n_nodes, "directed_edges": len(graph.indices), "sites": n_sites}
    told |= {"draw_cpu_s": round(drawn - began, 1), "order_and_index_cpu_s": round(made - drawn, 1)}
    sys.stdout.write(json.dumps(told) + "\n")


def run(folder: Path, n_threads: int) -> None:
    """Make all fields, then look up all sites; tell seconds, the share of the kernels, and peak memory."""
    _warm()
    graph = Graph(*(open_array(folder / f"{name}.npy") for name in Graph._fields))
    sites = [open_array(folder / f"site_{name}.npy") for name in ("edge", "offset", "leg")]
    n_nodes, n_sites = len(graph.indptr) - 1, len(sites[0])
    rng = np.random.default_rng(3)
    began, began_cpu = time.perf_counter(), time.process_time()
    jobs = [
        (f"{mode}{i}", limit, shops_at(graph, np.sort(rng.choice(n_nodes, n_nodes // NODES_A_SHOP, replace=False))))
        for mode, limit in MODES.items()
        for i in range(CATEGORIES)
    ]
    kernels: list[float] = []

    def field(job: tuple[str, float, object]) -> None:
        name, limit, shops = job
        start = time.thread_time()
        found = closest_field(graph, shops, limit)
        kernels.append(time.thread_time() - start)
        np.save(folder / f"field_{name}.npy", found)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(field, jobs))
    fields, fields_cpu = time.perf_counter(), time.process_time()
    fields_kernel = sum(kernels)
    kernels.clear()
    opened = {name: open_array(folder / f"field_{name}.npy") for name, *_ in jobs}

    def cell(low: int) -> int:
        part = Positions(*(array[low : low + A_CELL] for array in sites))
        n_reached = 0
        for name, limit, shops in jobs:
            start = time.thread_time()
            found = cost_to_closest(graph, opened[name], shops, part, limit)
            kernels.append(time.thread_time() - start)
            n_reached += int(np.isfinite(found).sum())
        return n_reached

    with ThreadPoolExecutor(n_threads) as pool:
        n_reached = sum(pool.map(cell, range(0, n_sites, A_CELL)))
    ended, ended_cpu = time.perf_counter(), time.process_time()
    told = {
        "nodes": n_nodes, "directed_edges": len(graph.indices), "sites": n_sites, "threads": n_threads,
        "fields": len(jobs), "fields_wall_s": fields - began, "fields_cpu_s": fields_cpu - began_cpu,
        "sites_wall_s": ended - fields, "sites_cpu_s": ended_cpu - fields_cpu,
        "kernel_share_of_cpu": (fields_kernel + sum(kernels)) / (ended_cpu - began_cpu),
        "reached_share": n_reached / (n_sites * len(jobs)),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")


def _warm() -> None:
    graph, _ = prepared(street_graph(500))
    shops = shops_at(graph, np.array([3, 99]))
    part = Positions(np.array([1, 5]), np.zeros(2), np.zeros(2))
    cost_to_closest(graph, closest_field(graph, shops, 1e4), shops, part, 1e4)


if __name__ == "__main__":
    where = Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(where, int(sys.argv[3]) if len(sys.argv) > 3 else 5_000_000)
    else:
        run(where, int(sys.argv[3]))
