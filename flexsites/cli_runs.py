"""Commands on runs that are there: their report in another language, how far they are, and clearing them away."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

_out = Console()
_GB, _MB = 1e9, 1e6

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of a run.")]


class ReportLang(StrEnum):
    """The languages of reports."""

    nl = "nl"
    en = "en"


def report(
    run: Directory,
    lang: Annotated[
        ReportLang, typer.Option("--lang", help="Language of the report and the factsheets.")
    ] = ReportLang.nl,
) -> None:
    """Write the report of a finished run, and its factsheets, in a language: nothing is computed anew."""
    from flexsites import reporting  # noqa: PLC0415 - loading it takes seconds that --help does not need
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    with adding(reporting.open_results(run).directory):
        told = [reporting.rewrite_factsheets(run, lang.value), reporting.write_report(run, lang.value)]
    for name, path in zip(("Factsheets", "Report"), told, strict=True):
        if path is not None:
            _out.print(f"{name}: {path}", highlight=False, markup=False, soft_wrap=True)


def status(
    outputs: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where results go, or one run.")] = Path("outputs"),
) -> None:
    """List the runs in a folder of results: finished, running, or stopped (to go on with --resume)."""
    from flexsites.runs.overview import runs_in  # noqa: PLC0415

    runs = runs_in(outputs)
    if not runs:
        _out.print(f"No run in {outputs}.", highlight=False, markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("run", "left"), ("state", "left"), ("changed (UTC)", "left"), ("size", "right")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for one in runs:
        size = f"{one.n_bytes / _GB:.1f} GB" if one.n_bytes >= _GB else f"{one.n_bytes / _MB:.1f} MB"
        table.add_row(one.name, one.state, f"{one.changed:%Y-%m-%d %H:%M}", size)
    _out.print(table, highlight=False, markup=False)


def reset(
    run: Directory,
    everything: Annotated[
        bool, typer.Option("--everything", help="Its results too, not only what it resumes from.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what a run keeps to go on with (prepared inputs, parts); with --everything all that it wrote.

    Files that others put in its directory stay.
    """
    from flexsites.runs.overview import reset as remove  # noqa: PLC0415

    what = "everything that this run wrote" if everything else "what this run keeps to go on with"
    if not yes:
        typer.confirm(f"Remove {what} in {run}?", abort=True)
    freed = remove(run, keeps_results=not everything)
    _out.print(f"Removed: {freed / _MB:,.1f} MB.", highlight=False)
