"""The synthetic country written as files that a real run reads, tile by tile: memory does not grow with the country.

Tiles are made by several processes and written in their order, so that equal seeds give equal files whatever the number
of processes. What has geometry is GeoParquet; the timetable is a GTFS zip, noise and flood are GeoTIFFs.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from flexsites.tables.arrow import geo_metadata
from flexsites.worlds.country_areas import AREA_LAYERS, anchored
from flexsites.worlds.country_content import Rows, content, known_answers
from flexsites.worlds.country_places import Places, squares
from flexsites.worlds.country_rasters import RASTERS, write_raster
from flexsites.worlds.country_run import write_run_file
from flexsites.worlds.gtfs_zip import write_synthetic_timetable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flexsites.worlds.country import Country

CRS = "EPSG:28992"

BATCH = 100
"""Tiles made at once: about 25,000 parcels, a row group of their file."""

TRUTH_FILE = "truth.json"

TIMETABLE_YEAR = 2026

_INTO = {"ditches": "water"}
"""Layers that are written into the file of another."""


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes
    ----------
    paths
        The file of each name.
    n_rows
        Rows per name.
    answers
        Known answers, see :func:`flexsites.worlds.country_content.known_answers`.
    """

    paths: dict[str, Path] = field(default_factory=dict)
    n_rows: dict[str, int] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Batch:
    tables: dict[str, pa.Table]
    answers: list[dict[str, Any]]


def write_country(
    directory: Path,
    country: Country,
    *,
    size: str = "country",
    places: Places | None = None,
    workers: int = 1,
    on_done: Callable[[int], None] | None = None,
) -> Written:
    """
    Write the country's sources, its run file ``run.yaml``, and ``truth.json``: what is known of it by construction.

    Parameters
    ----------
    directory
        Made when absent; files of the same names are replaced.
    country
        What to write.
    size
        What the run is called after.
    places
        Its gemeenten, provinces and neighbourhoods; squares where not given.
    workers
        Processes that make tiles; the files do not depend on it.
    on_done
        Told after every batch how many are done, of :func:`n_batches`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = Written()
    with ExitStack() as stack:
        sinks: dict[str, pq.ParquetWriter] = {}
        starts = range(0, country.n_tiles, BATCH)
        tasks = [(country, start, min(start + BATCH, country.n_tiles)) for start in starts]
        for n, batch in enumerate(_in_order(_made, tasks, workers), 1):
            for name, rows in batch.tables.items():
                if name not in sinks:
                    written.paths[name] = path = directory / f"{name}.parquet"
                    sinks[name] = stack.enter_context(pq.ParquetWriter(path, rows.schema, compression="zstd"))
                if len(rows):
                    sinks[name].write_table(rows)
                written.n_rows[name] = written.n_rows.get(name, 0) + len(rows)
            written.answers += batch.answers
            if on_done is not None:
                on_done(n)
    for name in RASTERS:
        written.paths[name] = directory / f"{name}.tif"
        write_raster(written.paths[name], country, name)
    _write_places(directory, country, places or squares(country), written)
    _write_timetable(directory, country, written)
    written.paths["run"] = write_run_file(directory, written.n_rows, size=size)
    _write_truth(directory, country, written)
    return written


def n_batches(country: Country) -> int:
    """Return in how many batches the country is written."""
    return -(-country.n_tiles // BATCH)


def _in_order(make: Callable[[Any], _Batch], tasks: list[Any], workers: int) -> Iterator[_Batch]:
    """Give results in the order of the tasks; a few more than there are processes are held."""
    if workers == 1:
        yield from map(make, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[Any] = deque()
        for task in tasks:
            waiting.append(pool.submit(make, task))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _made(task: tuple[Country, int, int]) -> _Batch:
    """Make a batch of tiles; the first has the large areas too, which are anchored in no tile."""
    country, start, stop = task
    held: dict[str, list[pa.Table]] = {}
    answers = []
    for number in range(start, stop):
        for name, rows in content(country, number).items():
            held.setdefault(_INTO.get(name, name), []).append(_as_arrow(rows))
        answers += known_answers(country, number)
    if start == 0:
        n_rows, n_columns = country.squares
        for name, square in product(AREA_LAYERS, product(range(n_rows), range(n_columns))):
            shapes, columns = anchored(country, name, square)
            held.setdefault(name, []).append(_as_arrow(Rows(shapes, columns)))
    return _Batch({name: pa.concat_tables(tables) for name, tables in held.items()}, answers)


def _as_arrow(rows: Rows) -> pa.Table:
    """Return rows as a table; an empty text is null."""
    columns = {name: _column(values) for name, values in rows.columns.items()}
    if rows.shapes is None:
        return pa.table(columns)
    shapes = pa.array(shapely.to_wkb(rows.shapes), type=pa.binary())
    return pa.table({**columns, "geometry": shapes}).replace_schema_metadata({"geo": geo_metadata()})


def _column(values: Any) -> pa.Array:  # noqa: ANN401 - numpy's kinds of arrays
    if values.dtype.kind == "U":
        return pa.array([value or None for value in values.tolist()], type=pa.string())
    return pa.array(values)


def _write_places(directory: Path, country: Country, places: Places, written: Written) -> None:
    """Write the areas, and how many homes their gemeenten ask."""
    for name in ("gemeenten", "provincies", "buurten"):
        written.paths[name] = directory / f"{name}.parquet"
        frame = getattr(places, name)
        frame.to_parquet(written.paths[name], index=False)
        written.n_rows[name] = len(frame)
    rng = np.random.default_rng((country.seed, 7))
    lines = ["gemeente_code,target_group,n_homes"]
    for code in places.gemeenten["statcode"]:
        lines += [f"{code},{group},{rng.integers(5, most)}" for group, most in places.asked]
    written.paths["demand"] = directory / "demand.csv"
    written.paths["demand"].write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_timetable(directory: Path, country: Country, written: Written) -> None:
    """Write a timetable on the stops that the tiles hold."""
    stops = gpd.read_parquet(written.paths.pop("stops"))
    (directory / "stops.parquet").unlink()
    written.paths["timetable"] = directory / "timetable.zip"
    first, last = dt.date(TIMETABLE_YEAR, 1, 1), dt.date(TIMETABLE_YEAR, 12, 31)
    path = written.paths["timetable"]
    write_synthetic_timetable(path, stops, seed=country.seed, start_date=first, end_date=last)


def _write_truth(directory: Path, country: Country, written: Written) -> None:
    truth = {
        "seed": country.seed,
        "n_parcels": country.count(),
        "n_rows": dict(sorted(written.n_rows.items())),
        "covered": written.answers,
    }
    written.paths["truth"] = directory / TRUTH_FILE
    written.paths["truth"].write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
