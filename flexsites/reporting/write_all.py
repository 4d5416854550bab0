"""Everything that people open, written at once, with a bar to see how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexsites.reporting.files.geopackage import write_geopackage
from flexsites.reporting.files.qgis_project import write_qgis_project
from flexsites.reporting.files.workbook import write_workbook
from flexsites.reporting.report.page import write_report
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.all_tables import ANCHORS, tables_of, write_summary

Step: TypeAlias = Callable[[], list[Path]]
AtOnce: TypeAlias = Callable[[Sequence[Step], Callable[[int], None]], list[list[Path]]]
"""Does steps that need nothing of each other; told how many are done, it returns what each wrote."""


def write_all(
    directory: Path | str, *, lang: str = "nl", quiet: bool = False, at_once: AtOnce | None = None
) -> list[Path]:
    """Write the summing tables, the report, the workbook, the GeoPackage and the QGIS project of a run.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        ``nl`` or ``en``.
    quiet
        No progress bar.
    at_once
        What does steps that need nothing of each other, by several processes; None: they are done in turn.

    Returns
    -------
        The files written.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    place, names = results.directory, tables_of(results)
    of_tables = [partial(_of_table, place, name) for name in names if name != ANCHORS]
    steps: tuple[tuple[str, Sequence[Step]], ...] = (
        ("totals", of_tables),
        ("anchors", [partial(_of_table, place, ANCHORS)] if ANCHORS in names else []),
        ("report, workbook, geopackage", [partial(write, place, lang) for write in (_report, _workbook, _layers)]),
    )
    written: list[Path] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet, transient=False) as bar:
        task = bar.add_task("reporting", total=sum(len(some) for _, some in steps))
        n_before = 0
        for name, some in steps:

            def advance(n: int, n_before: int = n_before) -> None:
                """Show how many steps are done in all."""
                bar.update(task, completed=n_before + n)

            bar.update(task, description=f"reporting: {name}")
            written += [path for paths in (at_once or _in_turn)(some, advance) for path in paths]
            n_before += len(some)
    return written


def _of_table(place: Path, name: str) -> list[Path]:
    return [write_summary(place, name)]


def _report(place: Path, lang: str) -> list[Path]:
    return [write_report(place, lang)]


def _workbook(place: Path, lang: str) -> list[Path]:
    return [write_workbook(place, lang)]


def _layers(place: Path, lang: str) -> list[Path]:
    """Write the GeoPackage, and the project that looks at its layers."""
    return [write_geopackage(place, lang), write_qgis_project(place, lang)]


def _in_turn(steps: Sequence[Step], on_done: Callable[[int], None]) -> list[list[Path]]:
    """Do steps one after the other."""
    written: list[list[Path]] = []
    for step in steps:
        written.append(step())
        on_done(len(written))
    return written
