"""Benchmark: the whole chain, cell by cell, on a synthetic country; memory of every process watched."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from flexsites.config.study import Study, resolve
from flexsites.inputs.prepared import Prepared
from flexsites.runs.across_cells import gather_sites
from flexsites.runs.cells import assess, keyed, merge_parts
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.run import Options, Place, start
from flexsites.worlds.country import Country
from flexsites.worlds.country_files import write_country
from tests.benchmarks.registry import Comparison, Measurements, Peak, Timing, benchmark

WORKERS = 2
SAMPLE_S = 0.2
CELL_M = 5_000.0

ABOUT = {"title": "Synthetic country", "provider": "flexsites", "licence": "MIT", "attribution": "", "edition": "1"}


class Watch:
    """Highest resident memory of this process, of any child and of all together, by sampling, phase by phase."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.phases: list[dict[str, float | str]] = []
        self.begin("start")

    def begin(self, name: str) -> None:
        """Begin a phase: what was highest is kept with the one before, and counted anew."""
        now = time.perf_counter()
        if self.phases:
            self.phases[-1] |= self._highest() | {"seconds": round(now - self._since, 2)}
        self.phases.append({"phase": name})
        self._since, self.main_mib, self.worker_mib, self.all_mib = now, 0.0, 0.0, 0.0
        self.sample()

    def _highest(self) -> dict[str, float | str]:
        names = ("main_mib", "worker_mib", "all_mib")
        return {f"peak_{name}": round(getattr(self, name)) for name in names}

    def sample(self) -> None:
        """Look once."""
        own = psutil.Process()
        main, workers = own.memory_info().rss / 2**20, []
        for child in own.children(recursive=True):
            try:
                workers.append(child.memory_info().rss / 2**20)
            except psutil.NoSuchProcess:
                continue
        self.main_mib = max(self.main_mib, main)
        self.worker_mib = max([self.worker_mib, *workers])
        self.all_mib = max(self.all_mib, main + sum(workers))


@contextmanager
def watching() -> Iterator[Watch]:
    """Sample memory while the block runs."""
    watch, done = Watch(), threading.Event()

    def look() -> None:
        while not done.wait(SAMPLE_S):
            watch.sample()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.sample()
        done.set()
        thread.join()


def run_file(folder: Path, paths: dict[str, Path]) -> Path:
    """Write the run: the rules of today, six flexmilieus, no timetable."""

    def vector(name: str, **more: Any) -> dict[str, Any]:
        return {"reader": "vector", "about": ABOUT, "path": str(paths[name]), **more}

    areas = {kind: vector(kind) for kind in ("gemeenten", "provincies", "buurten")}
    layers = {
        "natura2000": vector("natura2000", id_column="id", coverage="run"),
        "nnn": vector("nnn", id_column="id", coverage="run"),
        "water": vector("water", id_column="id", coverage="run"),
        "buildings": vector("buildings", id_column="identificatie", keep=["has_dwelling"], coverage="run"),
        "land_use": vector("parcels", id_column="site_id", keep=["land_use"], coverage="run"),
    }
    sources = {
        "parcels": vector("parcels", id_column="site_id", keep=["land_use"]),
        "layers": layers,
        "streets": {
            "reader": "lines", "about": ABOUT, "path": str(paths["streets"]),
            "id_column": "street_id", "class_column": "road_class",
        },
        "amenities": {
            "all": {"reader": "points", "about": ABOUT, "path": str(paths["amenities"]),
                    "id_column": "amenity_id", "category_column": "category"},
        },
        "stops": {
            "all": {"reader": "stops", "about": ABOUT, "path": str(paths["stops"]),
                    "id_column": "stop_id", "mode_column": "mode"},
        },
        "areas": areas,
    }  # fmt: skip
    run = {
        "name": "national", "title": {"nl": "Verzonnen land", "en": "Synthetic country"},
        "pipeline": "provincial_sweep", "reference_date": "2026-01-01", "cell_size_m": CELL_M, "sources": sources,
    }  # fmt: skip
    path = folder / "national.yaml"
    path.write_text(yaml.safe_dump(run, sort_keys=False), encoding="utf-8")
    return path


def run_through(
    path: Path, outputs: Path, watch: Watch
) -> tuple[Place, Study, Prepared, list[dict[str, Any]], Options]:
    """Prepare, assess and merge a run with two worker processes, phase by phase; what gathers is left to who asks."""
    watch.begin("prepare")
    study = resolve(str(path))
    options = Options(outputs, scheduler="processes", workers=WORKERS, quiet=True)
    place = start(study, options)
    inputs = prepare_inputs(place, study, options)
    place = keyed(place, study, inputs)
    watch.begin("cells")
    rows = assess(place, study, inputs, options)
    watch.begin("merge")
    merge_parts(place, study, rows, options)
    return place, study, inputs, rows, options


@benchmark(name="national", sizes=(200, 2_000, 20_000, 200_000, 1_000_000, 8_400_000), unit="parcels")
def national(size: int) -> Measurements:
    """Assess a synthetic country from its files to located and ranked sites, by cells, with two worker processes."""
    country = Country(size)
    with tempfile.TemporaryDirectory(prefix="flexsites-national-") as name, watching() as watch:
        folder = Path(name)
        watch.begin("write the country")
        paths = write_country(folder / "sources", country)
        place, study, inputs, rows, options = run_through(run_file(folder, paths), folder / "outputs", watch)
        watch.begin("gather")
        gather_sites(place, study, inputs, rows, options)
        watch.begin("end")
    phases = {str(one.pop("phase")): one for one in watch.phases[1:-1]}
    work = {name: one for name, one in phases.items() if name != "write the country"}
    n_sites = sum(row["n_sites"] for row in rows)
    lost = sum(row["area_in_m2"] - row["buildable_area_m2"] - row["attributed_area_m2"] for row in rows)
    notes = {
        "n_parcels": country.count(), "n_sites": n_sites, "n_cells": len(rows), "workers": WORKERS,
        "sites_of_the_largest_cell": max(row["n_sites"] for row in rows), "phases": phases,
        "milliseconds_per_parcel_cells": round(1_000 * float(phases["cells"]["seconds"]) / max(n_sites, 1), 4),
        "area_not_accounted_for_m2": round(lost, 6), "seconds_by_stage_all_workers": by_stage(rows),
    }  # fmt: skip
    total = sum(float(one["seconds"]) for one in work.values())
    largest = max(float(one[f"peak_{which}_mib"]) for one in work.values() for which in ("main", "worker"))
    comparison = Comparison(
        "prepare, assess, merge and gather, two processes (memory: largest process)",
        {"flexsites": Timing((total,))},
        {"flexsites": Peak(peak_mib=largest, imports_mib=0.0, seconds=total)},
    )
    return Measurements((comparison,), packages=("distributed", "psutil"), notes=notes)


def by_stage(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the seconds of every stage, summed over cells and workers."""
    stages: dict[str, float] = {}
    for row in rows:
        for stage, seconds in row["stages"].items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    return {stage: round(taken, 2) for stage, taken in sorted(stages.items())}
