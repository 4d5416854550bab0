"""The remainder by PostGIS, measured apart because it is a server of its own: wall and CPU seconds of each step.

    python -m tests.benchmarks._exclusion_postgis "host=/tmp/pg port=5544 dbname=bench" 100000

The database needs the extension postgis, on a server of this machine whose files may be read: CPU seconds are those of
the server's finished processes. The tables ``parcels`` and ``taken`` are made anew.
"""

from __future__ import annotations

import functools
import io
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from flexsites.geometry.lattice import subdivide
from tests.benchmarks._exclusion_ground import make
from tests.benchmarks._exclusion_peers import CUT
from tests.benchmarks.exclusion import remainder

SETTLE_S = 0.5
"""How long the server takes at most to note that a process of its own has ended."""

QUERY = """
    SELECT p.id, ST_Area(ST_Difference(p.geom, u.geom)) FROM parcels p
    CROSS JOIN LATERAL (SELECT ST_Union(c.geom) AS geom FROM taken c WHERE ST_Intersects(c.geom, p.geom)) u
    WHERE u.geom IS NOT NULL
"""


@dataclass(frozen=True)
class _Told:
    """What one connection answered, and what it took: wall seconds, and CPU seconds of the server."""

    wall: float
    cpu: float
    answer: str = ""

    def __add__(self, other: _Told) -> _Told:
        return _Told(self.wall + other.wall, self.cpu + other.cpu, other.answer)

    def __str__(self) -> str:
        return f"{self.wall:.1f} ({self.cpu:.1f} CPU)"


def _psql(dsn: str, statements: Sequence[str], given: str | None) -> str:
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", dsn]
    for statement in statements:
        command += ["-c", statement]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


@functools.cache
def _server(dsn: str) -> Path:
    folder = _psql(dsn, ["SHOW data_directory"], None).strip()
    return Path("/proc", Path(folder, "postmaster.pid").read_text().split()[0], "stat")


def _cpu_s(dsn: str) -> float:
    """Return the CPU seconds of all processes of the server that ended: connections and their workers."""
    time.sleep(SETTLE_S)
    fields = _server(dsn).read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _ask(dsn: str, *statements: str, given: str | None = None) -> _Told:
    before, start = _cpu_s(dsn), time.perf_counter()
    answer = _psql(dsn, statements, given)
    wall = time.perf_counter() - start
    return _Told(wall, _cpu_s(dsn) - before, answer)


def _load(dsn: str, table: str, polygons: np.ndarray) -> _Told:
    rows = "".join(f"{i}\t{wkb}\n" for i, wkb in enumerate(shapely.to_wkb(polygons, hex=True)))
    made = _ask(dsn, f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} (id int, geom geometry)")
    return made + _ask(dsn, f"COPY {table} FROM STDIN", given=rows)


def main(dsn: str, size: int) -> None:
    place = make(size)
    start, start_cpu = time.perf_counter(), time.process_time()
    own = remainder(place, 1)
    print(f"flexsites, one thread: {time.perf_counter() - start:.1f} ({time.process_time() - start_cpu:.1f} CPU) s")
    start_cpu = time.process_time()
    cut, _, _ = subdivide(place.areas, max_vertices=CUT)
    cutting = time.process_time() - start_cpu
    loading = _load(dsn, "parcels", place.parcels) + _load(dsn, "taken", np.concatenate([cut, place.buildings]))
    indexing = _ask(dsn, "CREATE INDEX ON taken USING gist (geom)", "ANALYZE taken", "ANALYZE parcels")
    print(f"PostGIS: cut {cutting:.1f} CPU, load {loading}, index {indexing} s", flush=True)
    for threads in (1, 2):
        workers = f"SET max_parallel_workers_per_gather = {threads - 1}"
        asked = _ask(dsn, workers, "SET parallel_tuple_cost = 0", f"COPY ({QUERY}) TO STDOUT")
        left = shapely.area(place.parcels)
        rows = np.loadtxt(io.StringIO(asked.answer))
        left[rows[:, 0].astype(int)] = rows[:, 1]
        off = np.abs(left - own).max()
        print(f"{threads} process(es): query {asked} s; largest difference {off:.2g} m2", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
