"""Benchmark: a whole run on a synthetic country, from its files to its report; every process watched."""

from __future__ import annotations

import json
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from flexsites.compiled import CACHE_DIRECTORY
from flexsites.config.study import Study, resolve
from flexsites.inputs.prepared import Prepared
from flexsites.reporting.files.geopackage import write_geopackage
from flexsites.reporting.files.workbook import write_workbook
from flexsites.reporting.report.page import write_report
from flexsites.reporting.summaries.all_tables import write_tables
from flexsites.runs.across_cells import gather_sites, match
from flexsites.runs.cells import assess, keyed, merge_parts
from flexsites.runs.manifest import write_manifest
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.run import Options, Place, start
from flexsites.worlds.country import Country
from flexsites.worlds.country_files import Written, n_batches, write_country
from tests.benchmarks import measuring
from tests.benchmarks.registry import SUBJECT, Comparison, Measurements, Peak, Timing, benchmark

WORKERS = 2
SAMPLE_S = 0.2

ENOUGH_PARCELS = 15_000
"""From so many parcels on a country has towns with what every flexmilieu asks, and places that suit one."""

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
            spent = {"seconds": round(now - self._since, 2), "cpu_seconds": round(_cpu_s() - self._spent, 2)}
            self.phases[-1] |= self._highest() | spent
        self.phases.append({"phase": name})
        self._since, self._spent = now, _cpu_s()
        self.main_mib, self.worker_mib, self.all_mib = 0.0, 0.0, 0.0
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


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


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


def run_through(
    path: Path, outputs: Path, watch: Watch
) -> tuple[Place, Study, Prepared, list[dict[str, Any]], Options]:
    """Prepare, assess and merge a run with two worker processes, phase by phase; what gathers is left to who asks."""
    watch.begin("prepare")
    study = resolve(str(path))
    # Where only is asked whether it runs, the start of two processes would take as long as what they do.
    scheduler = "processes" if measuring.ONCE_ABOVE_S else "synchronous"
    options = Options(outputs, scheduler=scheduler, workers=WORKERS, quiet=True)
    place = start(study, options)
    inputs = prepare_inputs(place, study, options)
    place = keyed(place, study, inputs)
    watch.begin("cells")
    rows = assess(place, study, inputs, options)
    watch.begin("merge")
    merge_parts(place, study, rows, options)
    return place, study, inputs, rows, options


@dataclass(frozen=True)
class Run:
    """What one run of the country took, phase by phase, and what it counted."""

    phases: dict[str, dict[str, float | str]]
    rows: list[dict[str, Any]]
    n_bytes: dict[str, int]

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all phases."""
        return sum(float(one["cpu_seconds"]) for one in self.phases.values())

    @property
    def wall_s(self) -> float:
        """Wall seconds of all phases."""
        return sum(float(one["seconds"]) for one in self.phases.values())


def run_once(written: Written, outputs: Path, *, n_parcels: int) -> Run:
    """Run the country from its files to its reports, where nothing stands of an earlier run; refuse wrong answers."""
    with watching() as watch:
        place, study, inputs, rows, options = run_through(written.paths["run"], outputs, watch)
        watch.begin("gather")
        gather_sites(place, study, inputs, rows, options)
        watch.begin("demand")
        match(place, study, inputs, options)
        write_manifest(place, study, inputs, rows)
        for step in (write_tables, write_report, write_workbook, write_geopackage):
            watch.begin(f"reporting: {step.__name__}")
            step(place.directory)
        watch.begin("end")
        check_answers(written, place.directory)
        if n_parcels >= ENOUGH_PARCELS:
            check_verdicts(place.directory)
        n_bytes = {path.name: path.stat().st_size for path in sorted(place.directory.glob("*.*")) if path.is_file()}
    return Run({str(one.pop("phase")): one for one in watch.phases[1:-1]}, rows, n_bytes)


@benchmark(name="national", sizes=(1_000, 20_000, 100_000, 500_000, 8_400_000), unit="parcels")
def national(size: int) -> Measurements:
    """Assess a synthetic country from its files to its report, workbook and GeoPackage, with two worker processes."""
    country, is_warm = Country(size), any(CACHE_DIRECTORY.rglob("*.nbi"))
    with tempfile.TemporaryDirectory(prefix="flexsites-national-") as name:
        folder, runs = Path(name), []
        # Of one batch another process would make all of it, once it had loaded what that takes.
        written = write_country(folder / "sources", country, size=str(size), workers=min(WORKERS, n_batches(country)))
        for _ in range(measuring.WHOLE_RUNS):
            with tempfile.TemporaryDirectory(dir=folder) as outputs:  # gone before the next: of a country many GB
                runs.append(run_once(written, Path(outputs), n_parcels=country.count()))
    rows, n_sites = runs[-1].rows, sum(row["n_sites"] for row in runs[-1].rows)
    cpu_s = {phase: [float(run.phases[phase]["cpu_seconds"]) for run in runs] for phase in runs[0].phases}
    per_site = {phase: round(1_000 * statistics.median(spent) / max(n_sites, 1), 4) for phase, spent in cpu_s.items()}
    lost = sum(row["area_in_m2"] - row["buildable_area_m2"] - row["attributed_area_m2"] for row in rows)
    notes = {
        "kernels": "warm" if is_warm else "cold", "runs": len(runs), "n_parcels": country.count(), "n_sites": n_sites,
        "n_cells": len(rows), "workers": WORKERS, "sites_of_the_largest_cell": max(row["n_sites"] for row in rows),
        "cpu_seconds": {phase: measuring.spread(spent) for phase, spent in cpu_s.items()}
        | {"all": measuring.spread([run.cpu_s for run in runs])},
        "phases_of_the_last_run": runs[-1].phases,
        "cpu_milliseconds_per_parcel": per_site, "known_answers": len(written.answers), "bytes": runs[-1].n_bytes,
        "area_not_accounted_for_m2": round(lost, 6), "cpu_milliseconds_per_parcel_by_stage": by_stage(rows),
    }  # fmt: skip
    largest = max(
        float(one[f"peak_{which}_mib"]) for run in runs for one in run.phases.values() for which in ("main", "worker")
    )
    peaks = {SUBJECT: Peak(peak_mib=largest, imports_mib=0.0, seconds=runs[0].wall_s)}
    how = "two processes" if measuring.ONCE_ABOVE_S else "one process"
    what = f"from files to report, {how} (memory: largest process)"
    comparisons = (
        Comparison(what, {SUBJECT: Timing(tuple(run.wall_s for run in runs))}, peaks),
        Comparison(f"{what}, CPU seconds", {SUBJECT: Timing(tuple(run.cpu_s for run in runs))}, peaks),
    )
    return Measurements(comparisons, packages=("distributed", "psutil"), notes=notes)


def check_answers(written: Written, directory: Path) -> None:
    """Refuse a run that does not cover of the sampled parcels what is known of them."""
    reasons = pd.read_parquet(directory / "reasons.parquet").set_index(["site_id", "rule_id"])["covered_area_m2"]
    for one in written.answers:
        found = reasons.get((one["site_id"], one["rule_id"]), 0.0)
        if not np.isclose(found, one["covered_area_m2"], atol=0.01):
            message = f"{json.dumps(one)}: found {found}"
            raise ValueError(message)


def check_verdicts(directory: Path) -> None:
    """Refuse a run in which nothing is known or suitable: spread supply and demand would have nothing to do."""
    suitability = pd.read_parquet(directory / "suitability.parquet", columns=["flexmilieu", "is_suitable"])
    is_known = suitability["is_suitable"].notna().groupby(suitability["flexmilieu"]).any()
    if not is_known.all() or not suitability["is_suitable"].fillna(value=False).any():
        message = f"an easier problem: of {sorted(is_known.index[~is_known])} nothing is known, or nothing is suitable"
        raise ValueError(message)


def by_stage(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the CPU milliseconds per site of every stage, over all cells: a partition of what cells spent."""
    stages: dict[str, float] = {}
    for row in rows:
        for stage, seconds in row["stages"].items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    n_sites = max(sum(row["n_sites"] for row in rows), 1)
    return {stage: round(1_000 * taken / n_sites, 4) for stage, taken in sorted(stages.items())}
