"""What a benchmark writes: one JSON document, and the same as lines for a person."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from typing import Any

from tests.benchmarks.registry import NOT_INSTALLED, Benchmark, Comparison, Measurements

STANDING = ("flexsites", "numpy", "shapely", "geopandas", "pandas", "pyarrow", "numba", "dask")
"""Distributions whose versions stand in every report."""


def versions(packages: Iterable[str]) -> dict[str, str | None]:
    """
    Return the installed version of each distribution; null where it is not installed.

    Examples
    --------
    >>> versions(["no-such-distribution"])
    {'no-such-distribution': None}
    """
    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, Any]:
    """Describe the machine: figures of two machines are not to be compared, ratios with care."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "n_cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _comparison_report(comparison: Comparison) -> dict[str, Any]:
    ratios = comparison.ratios
    contenders: dict[str, Any] = {}
    for name, timing in comparison.timings.items():
        peak = comparison.peaks.get(name)
        contenders[name] = {
            "median_seconds": timing.median_s,
            "seconds": list(timing.seconds),
            "peak_memory_mib": None if peak is None else peak.peak_mib,
            "imports_memory_mib": None if peak is None else peak.imports_mib,
            "cold_seconds": None if peak is None else peak.seconds,
            "ratio": ratios.get(name),
            "difference": comparison.differences.get(name),
        }
    absent = [{"name": peer.name, "pip": peer.pip, "why": peer.why} for peer in comparison.absent]
    return {"name": comparison.name, "subject": comparison.subject, "contenders": contenders, "absent": absent}


def report(benchmark: Benchmark, size: int, measurements: Measurements) -> dict[str, Any]:
    """
    Return the report of one run as plain values.

    The headline ``median_seconds``, ``peak_memory_mib`` and ``ratios`` are those of the first comparison; a ratio is
    the seconds of the peer divided by those of the subject.
    """
    first = measurements.comparisons[0]
    peak = first.peaks.get(first.subject)
    packages = dict.fromkeys([*STANDING, *measurements.packages])
    absent = {peer.pip: peer for comparison in measurements.comparisons for peer in comparison.absent}
    return {
        "subject": benchmark.name,
        "size": size,
        "unit": benchmark.unit,
        "median_seconds": first.timings[first.subject].median_s,
        "peak_memory_mib": None if peak is None else peak.peak_mib,
        "ratios": first.ratios,
        "absent": [{"name": peer.name, "pip": peer.pip, "why": peer.why} for peer in absent.values()],
        "versions": versions(packages),
        "machine": machine(),
        "comparisons": [_comparison_report(comparison) for comparison in measurements.comparisons],
        "notes": dict(measurements.notes),
    }


def lines(written: dict[str, Any]) -> list[str]:
    """Return a report as lines of text: one table per comparison, absent peers named under it."""
    text = [f"{written['subject']}  {written['size']:,} {written['unit']}"]
    for comparison in written["comparisons"]:
        text.append(f"  {comparison['name']}")
        for name, row in comparison["contenders"].items():
            ratio = "" if row["ratio"] is None else f"  {row['ratio']:8.2f} x {comparison['subject']}"
            memory = "" if row["peak_memory_mib"] is None else f"  {row['peak_memory_mib']:8.0f} MiB"
            differs = "" if row["difference"] is None else f"  difference {row['difference']}"
            text.append(f"    {name:<28}{row['median_seconds']:10.3f} s{memory}{ratio}{differs}")
        for peer in comparison["absent"]:
            remedy = f" (pip install {peer['pip']})" if peer["why"] == NOT_INSTALLED else ""
            text.append(f"    {peer['name']:<28}absent: {peer['why']}{remedy}")
    text.extend(f"  {name}: {value}" for name, value in written["notes"].items())
    return text
