"""The remainder by PostGIS, measured apart because it is a server of its own: wall seconds of each step.

    python -m tests.benchmarks._exclusion_postgis "host=/tmp/pg port=5544 dbname=bench" 100000

The database needs the extension postgis; the tables ``parcels`` and ``taken`` are made anew.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time

import numpy as np
import shapely

from flexsites.geometry.lattice import subdivide
from tests.benchmarks._exclusion_ground import make
from tests.benchmarks.exclusion import remainder

QUERY = """
    SELECT p.id, ST_Area(ST_Difference(p.geom, u.geom)) FROM parcels p
    CROSS JOIN LATERAL (SELECT ST_Union(c.geom) AS geom FROM taken c WHERE ST_Intersects(c.geom, p.geom)) u
    WHERE u.geom IS NOT NULL
"""


def _ask(dsn: str, *statements: str, given: str | None = None) -> tuple[float, str]:
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]
    for statement in statements:
        command += ["-c", statement]
    start = time.perf_counter()
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, done.stdout


def _load(dsn: str, table: str, polygons: np.ndarray) -> float:
    rows = "".join(f"{i}\t{wkb}\n" for i, wkb in enumerate(shapely.to_wkb(polygons, hex=True)))
    start, _ = _ask(dsn, f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} (id int, geom geometry)")
    return start + _ask(dsn, f"COPY {table} FROM STDIN", given=rows)[0]


def main(dsn: str, size: int) -> None:
    place = make(size)
    start = time.perf_counter()
    own = remainder(place, 1)
    print(f"flexsites, one thread: {time.perf_counter() - start:.1f} s")
    for max_vertices in (64, 128):
        start = time.perf_counter()
        cut, _, _ = subdivide(place.areas, max_vertices=max_vertices)
        cutting = time.perf_counter() - start
        loading = _load(dsn, "parcels", place.parcels) + _load(dsn, "taken", np.concatenate([cut, place.buildings]))
        indexing, _ = _ask(dsn, "CREATE INDEX ON taken USING gist (geom)", "ANALYZE taken", "ANALYZE parcels")
        for threads in (1, 2):
            workers = f"SET max_parallel_workers_per_gather = {threads - 1}"
            asking, found = _ask(dsn, workers, "SET parallel_tuple_cost = 0", f"COPY ({QUERY}) TO STDOUT")
            left = shapely.area(place.parcels)
            rows = np.loadtxt(io.StringIO(found))
            left[rows[:, 0].astype(int)] = rows[:, 1]
            steps = f"cut {cutting:.1f}, load {loading:.1f}, index {indexing:.1f}, query {asking:.1f} s"
            off = np.abs(left - own).max()
            print(
                f"{max_vertices} vertices, {threads} process(es): {steps}; largest difference {off:.2g} m2", flush=True
            )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
