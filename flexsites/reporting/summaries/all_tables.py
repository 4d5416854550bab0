"""The tables that sum up a run, computed from its results and written beside them."""

from __future__ import annotations

from pathlib import Path

from flexsites.reporting.results import Results, open_results
from flexsites.reporting.summaries.anchors import compare_anchors
from flexsites.reporting.summaries.computed import COMPUTED, available_places
from flexsites.tables import Frame, conform
from flexsites.tables.files import write_chunks
from flexsites.tables.summary_tables import SUMMARIES

ANCHORS = "anchors"
"""The summing table that is made of others."""

_COMPUTED = ("totals", "verdicts", "drop", "requirements", "ownership", "variants")


def summary(results: Results, name: str) -> Frame:
    """Return a summing table: the one the run wrote, or computed from its results.

    Parameters
    ----------
    results
        An opened run.
    name
        ``totals``, ``verdicts``, ``drop``, ``requirements``, ``ownership``, ``variants``, ``transit``,
        ``anchors``, ``roof_totals`` or ``roof_groups``.
    """
    if results.has(name):
        where = str(results.directory / f"{name}.parquet")
        return results.once(f"checked {name}", lambda: _checked(results.table(name), name, where))
    return results.once(f"computed {name}", lambda: _compute(results, name))


def _compute(results: Results, name: str) -> Frame:
    """Compute a summing table from the results."""
    table = _anchors(results) if name == ANCHORS else COMPUTED[name](results)
    return _checked(table, name, "summaries")


def _checked(table: Frame, name: str, where: str) -> Frame:
    """Return a table in the types of its definition; refuse it if it breaks that, whoever wrote it."""
    return conform(table, SUMMARIES[name], where=where, is_result=True)


def run_wide(table: Frame) -> Frame:
    """Return the rows of a table that span the run."""
    return table[table["area_kind"] == "run"]


def write_tables(directory: Path | str) -> list[Path]:
    """Write every summing table of a run that its results allow; each appears whole or not at all.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    return [_write(results, name) for name in tables_of(results)]


def write_summary(directory: Path | str, name: str) -> Path:
    """Write one summing table of a run, as :func:`write_tables` writes all."""
    return _write(open_results(directory), name)


def tables_of(results: Results) -> list[str]:
    """Return the summing tables that a run's results allow, in the order they are written: anchors read others."""
    names = list(_COMPUTED) if results.has_sites else []
    if results.has_sites and results.has("accessibility"):
        names.append("transit")
    if results.has("roof_units"):
        names += ["roof_totals", "roof_groups"]
    if results.has_sites and results.manifest.anchors:
        names.append(ANCHORS)
    return names


def _anchors(results: Results) -> Frame:
    """Set the run beside the published answers that it names."""
    transit = run_wide(summary(results, "transit")) if results.has("accessibility") else None
    told = results.manifest.anchors
    anchors = told.anchors if told else ()
    sites, places = available_places(results)
    return compare_anchors(anchors, summary(results, "totals"), transit, sites, places=places)


def _write(results: Results, name: str) -> Path:
    """Write a table in its own order, which is that in which people read it."""
    path = results.directory / f"{name}.parquet"
    write_chunks([_compute(results, name)], SUMMARIES[name], path)
    return path
