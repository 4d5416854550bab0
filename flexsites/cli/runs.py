"""Commands on runs that are there: their report in another language, how far they are, and clearing them away."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from flexsites.cli.words import Lang, MessageLang, lang_option, said

if TYPE_CHECKING:
    from flexsites.runs.overview import Standing

_out = Console()
_GB, _MB = 1e9, 1e6

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The directory of a run.")]


def report(
    run: Directory,
    lang: Annotated[Lang, lang_option("Language of the report and the factsheets; given, of messages too.")] = Lang.nl,
    charts: Annotated[bool, typer.Option("--charts", help="Its charts too, as PNG and SVG, in DIR/charts.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Its factsheets as PDF too, a page for each place.")] = False,
) -> None:
    """Write the report of a finished run, and its factsheets, in a language: nothing is computed anew."""
    from flexsites import reporting  # noqa: PLC0415 - loading it takes seconds that --help does not need
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    with adding(reporting.open_results(run).directory):
        told = [reporting.rewrite_factsheets(run, lang.value), reporting.write_report(run, lang.value)]
        drawn = reporting.write_charts(run, lang.value) if charts else []
        printed = reporting.write_pdf(told[0]) if pdf and told[0] is not None else None
    told += [drawn[0].parent if drawn else None, printed]
    for name, path in zip(("Factsheets", "Report", "Charts", "Factsheets as PDF"), told, strict=True):
        if path is not None:
            _out.print(f"{said(name)}: {path}", highlight=False, markup=False, soft_wrap=True)
    if pdf and printed is None:
        nothing = said("No PDF: this run wrote no factsheets; flexsites shortlist DIR --pdf writes some.")
        _out.print(nothing, highlight=False, markup=False, soft_wrap=True)


def status(
    outputs: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where results go, or one run.")] = Path("outputs"),
    _lang: MessageLang = None,
) -> None:
    """List the runs in a folder of results: finished, running, or stopped (to go on with --resume)."""
    from flexsites.runs.overview import runs_in  # noqa: PLC0415

    runs = runs_in(outputs)
    if not runs:
        _out.print(said(f"No run in {outputs}."), highlight=False, markup=False)
        return

    def above(run: Standing) -> str:
        """Return the folder of a run's pipeline as it is found from here."""
        above, here = run.directory.parent.absolute(), outputs.absolute()
        return str(above.relative_to(here)) if here in above.parents else above.name

    for pipeline, some in groupby(sorted(runs, key=above), key=above):
        _out.print(f"{pipeline}/", style="bold", highlight=False, markup=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(overflow="fold")
        for one in some:
            size = f"{one.n_bytes / _GB:.1f} GB" if one.n_bytes >= _GB else f"{one.n_bytes / _MB:.1f} MB"
            table.add_row(f"  {one.directory.name}", said(one.state), f"{one.changed:%Y-%m-%d %H:%M} UTC", size)
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
        typer.confirm(said(f"Remove {what} in {run}?"), abort=True)
    freed = remove(run, keeps_results=not everything)
    _out.print(said(f"Removed: {freed / _MB:,.1f} MB."), highlight=False)
