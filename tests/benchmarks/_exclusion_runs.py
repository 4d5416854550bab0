"""Runs of one contender in a process of its own: wall and CPU seconds, peak memory, and what it found."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from tests.benchmarks._exclusion_ground import Ground
from tests.benchmarks.measuring import measure_peak
from tests.benchmarks.registry import Peak, Timing

ENOUGH_S = 20.0
"""Repeats of a contender end once they took so long together."""

REPEATS, WARM = 3, 300


@dataclass(frozen=True)
class Run:
    """What a contender took and found; ``around_cpu_s`` is reading, decoding and writing, which the times leave out."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    around_cpu_s: float
    peak: Peak
    result: NDArray[np.float64]

    def timing(self, *, cpu: bool) -> Timing:
        return Timing(self.cpu if cpu else self.wall)


def run_here(work: Callable[[Ground], NDArray[np.float64]], folder: str, read: Callable[[str], Ground]) -> None:
    """Read, warm up on a little land, repeat, write; times in ``run.json``, the result in ``run.npy``."""
    start = time.process_time()
    place = read(folder)
    around = time.process_time() - start
    corner = shapely.box(*shapely.total_bounds(place.parcels[:WARM]))
    near = place.buildings[shapely.intersects(place.buildings, corner)]
    work(Ground(place.parcels[:WARM], place.areas[:1], near, place.zones[:1]))
    wall: list[float] = []
    cpu: list[float] = []
    while len(wall) < REPEATS and sum(wall) < ENOUGH_S:
        start, start_cpu = time.perf_counter(), time.process_time()
        result = work(place)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    start = time.process_time()
    pq.write_table(pa.table({"left_m2": result.ravel()}), Path(folder) / "result.parquet")
    around += time.process_time() - start
    np.save(Path(folder) / "run.npy", result)
    (Path(folder) / "run.json").write_text(json.dumps({"wall": wall, "cpu": cpu, "around_cpu_s": around}))


def run_apart(alone: Callable[[str, str, int], None], folder: str, name: str, threads: int) -> Run:
    """Run a contender in a fresh process, and tell of it as it is done: a large size takes long."""
    peak = measure_peak(alone, folder, name, threads)
    told = json.loads((Path(folder) / "run.json").read_text())
    run = Run(tuple(told["wall"]), tuple(told["cpu"]), told["around_cpu_s"], peak, np.load(Path(folder) / "run.npy"))
    wall, cpu = statistics.median(run.wall), statistics.median(run.cpu)
    print(f"{name}, {threads} thread(s): wall {wall:.2f} s, CPU {cpu:.2f} s, {peak.peak_mib:.0f} MiB", flush=True)
    return run
