"""Everything that people open, written at once, with a bar to see how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexsites.reporting.files.geopackage import write_geopackage
from flexsites.reporting.files.qgis_project import write_qgis_project
from flexsites.reporting.files.workbook import write_workbook
from flexsites.reporting.report.page import write_report
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.all_tables import write_tables


def write_all(directory: Path | str, *, lang: str = "nl", quiet: bool = False) -> list[Path]:
    """Write the summing tables, the report, the workbook, the GeoPackage and the QGIS project of a run.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        ``nl`` or ``en``.
    quiet
        No progress bar.

    Returns
    -------
        The files written.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    place = open_results(directory).directory
    steps: tuple[tuple[str, Callable[[], list[Path]]], ...] = (
        ("totals", lambda: write_tables(place)),
        ("report", lambda: [write_report(place, lang)]),
        ("workbook", lambda: [write_workbook(place, lang)]),
        ("geopackage", lambda: [write_geopackage(place, lang), write_qgis_project(place, lang)]),
    )
    written: list[Path] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet, transient=False) as bar:
        task = bar.add_task("reporting", total=len(steps))
        for name, step in steps:
            bar.update(task, description=f"reporting: {name}")
            written += step()
            bar.advance(task)
    return written
