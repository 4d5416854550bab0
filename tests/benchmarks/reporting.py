"""Benchmark: reporting. Tables of totals, report, workbook and GeoPackage of a finished run."""

from __future__ import annotations

import time
from pathlib import Path

from flexsites.reporting.files.geopackage import write_geopackage
from flexsites.reporting.files.workbook import write_workbook
from flexsites.reporting.report.page import write_report
from flexsites.reporting.summaries.all_tables import write_tables
from tests.benchmarks._stages import SIZES, assessed, compare, per_parcel
from tests.benchmarks.registry import SUBJECT, Measurements, benchmark

STEPS = (write_tables, write_report, write_workbook, write_geopackage)


def own(directory: str) -> dict[str, float]:
    """Write all of it, and return the CPU seconds of each step."""
    taken = {}
    for step in STEPS:
        begin = time.process_time()
        step(Path(directory))
        taken[step.__name__] = round(time.process_time() - begin, 3)
    return taken


@benchmark(name="reporting", sizes=SIZES, unit="parcels")
def reporting(size: int) -> Measurements:
    """Totals, report, workbook and GeoPackage of a finished run; no peer writes these."""
    country = assessed(size)
    comparison, done = compare("reporting", country, str(country.directory), {SUBJECT: own})
    n_bytes = {path.name: path.stat().st_size for path in sorted(country.directory.glob("*.*")) if path.is_file()}
    notes = {"cpu_seconds_by_step_of_the_last_repeat": done[SUBJECT].result, "bytes": n_bytes}
    return Measurements((comparison,), (), per_parcel(comparison, country) | notes)
