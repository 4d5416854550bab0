"""What a second thread gives: one thread, two threads and two processes in turn, on the same blocks of parcels.

    python -m tests.benchmarks._exclusion_threads 100000

Two processes share nothing, not even a lock of the interpreter: what two threads lack of them is what the lock costs.
In turn and by medians, because on a machine that others use a wall second is not the same a minute later.
"""

from __future__ import annotations

import functools
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.exclusion.kernels.faces import Constraint
from flexsites.geometry.lattice import subdivide
from tests.benchmarks._exclusion_ground import make
from tests.benchmarks._exclusion_peers import Areas, Geometries
from tests.benchmarks.exclusion import left_of, squares_of

ROUNDS = 7

_BLOCKS: list[tuple[Geometries, Geometries]] = []
"""Parcels of each block and the constraints near them, made before processes are forked: no one sends them around."""


def _fill(size: int) -> None:
    place = make(size)
    cut, _, _ = subdivide(place.areas)
    tree = shapely.STRtree(np.concatenate([cut, place.buildings]))
    for rows in squares_of(place.parcels):
        parcels = place.parcels[rows]
        near = tree.query(shapely.box(*shapely.total_bounds(parcels)))
        _BLOCKS.append((parcels, tree.geometries[np.sort(near)]))


def _one(block: int) -> Areas:
    parcels, polygons = _BLOCKS[block]
    return left_of(parcels, [Constraint(0, polygons)])


def _all(pool: Callable[[], Executor]) -> Sequence[NDArray[np.float64]]:
    with pool() as workers:
        return list(workers.map(_one, range(len(_BLOCKS))))


def main(size: int) -> None:
    _fill(size)
    expected = [_one(block) for block in range(len(_BLOCKS))]
    forked = functools.partial(ProcessPoolExecutor, 2, mp_context=multiprocessing.get_context("fork"))
    ways: dict[str, Callable[[], Executor]] = {
        "one thread": functools.partial(ThreadPoolExecutor, 1),
        "two threads": functools.partial(ThreadPoolExecutor, 2),
        "two processes": forked,
    }
    wall: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name, pool in ways.items():
            start = time.perf_counter()
            found = _all(pool)
            wall[name].append(time.perf_counter() - start)
            if not all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True)):
                message = f"{name} found something else"
                raise SystemExit(message)
        print(f"round {number + 1}: " + ", ".join(f"{name} {wall[name][-1]:.2f} s" for name in ways), flush=True)
    medians = {name: statistics.median(found) for name, found in wall.items()}
    gains = [one / two for one, two in zip(wall["one thread"], wall["two threads"], strict=True)]
    print({name: round(found, 2) for name, found in medians.items()})
    print(f"one over two threads, median of rounds: {statistics.median(gains):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
