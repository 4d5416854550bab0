"""The command line: init, sources, fetch, check, run, status, explain, shortlist, view, report, reset and more."""

from __future__ import annotations

import gc
import sys
import unicodedata
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from flexsites import __version__
from flexsites.cli import config, questions, runs, start, world
from flexsites.cli.words import Lang, MessageLang, forget, lang_option, language, said, said_error
from flexsites.config.addresses import without_keys
from flexsites.config.run import Shortlist
from flexsites.config.study import resolve
from flexsites.config.unchecked import checked, elsewhere, uncovered
from flexsites.config.unreached import unreached
from flexsites.errors import FlexsitesError, InputError, fault_of_system
from flexsites.runs.run import Options
from flexsites.runs.stopping import Stopped, search_seldom, stoppable

if TYPE_CHECKING:
    from flexsites.reporting.story.shortlist_lines import Listed

# The order in which one comes to need the commands is the order in which they are listed.
_AS_NEEDED = (
    "demo", "init", "fetch", "check", "run", "status", "view", "explain", "shortlist", "certainty", "report", "diff",
    "relocation", "backtest", "catchment", "transformation", "splitting", "gardens", "homelessness", "sources",
    "config", "docs", "world", "reset",
)  # fmt: skip


app = typer.Typer(
    name="flexsites",
    help="Where temporary homes fit in the Netherlands: per parcel and per roof, per kind of resident.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(config.app, name="config")
for _command in (start.init, start.sources, runs.report, runs.status, runs.reset):
    app.command()(_command)
questions.add_to(app)
_out = Console()
_err = Console(stderr=True)


RunFile = Annotated[str, typer.Argument(metavar="RUN.yaml", help="A run file, or the name of a bundled run.")]
Directory = Annotated[Path, typer.Option("--run", metavar="DIR", help="The directory of a finished run.")]
Outputs = Annotated[Path, typer.Option("--outputs", metavar="DIR", help="Where results go.")]
Scheduler = Annotated[
    str, typer.Option(help="synchronous, threads, processes, cluster, or an address such as tcp://host:8786.")
]
Workers = Annotated[int, typer.Option(min=1, help="How many cells are assessed at once.")]
CellSize = Annotated[
    float | None, typer.Option("--cell-size", min=250, help="Side of a cell in metres; none: by number of sites.")
]
StoreOption = Annotated[
    str, typer.Option("--store", metavar="URL", help="Object store between workers that share no disk (s3://...).")
]
Memory = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="What a worker may hold (4GiB); larger cells are cut in two.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue where a run was stopped.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Assess everything, whatever a finished run beside it holds.")]
LangOption = Annotated[Lang, lang_option("Language of the report and the workbook; given, of messages too.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
SiteId = Annotated[str, typer.Argument(metavar="SITE_ID", help="A parcel (site_id) or a building (bag_pand_id).")]


@app.command()
def demo(
    outputs: Outputs = Path("outputs"),
    scheduler: Scheduler = "processes",
    workers: Workers = 2,
    cell_size: CellSize = None,
    memory: Memory = "",
    store: StoreOption = "",
    resume: Resume = False,
    fresh: Fresh = False,
    lang: LangOption = Lang.nl,
    quiet: Quiet = False,
) -> None:
    """Assess a synthetic municipality: parcels and roofs, without internet."""
    how = Options(outputs, scheduler, workers, cell_size, resume, store=store, memory=memory)
    options = replace(how, lang=lang.value, quiet=quiet, reuse=not fresh, messages=language())
    _run("demo", options)


@app.command()
def run(
    run_file: RunFile,
    outputs: Outputs = Path("outputs"),
    scheduler: Scheduler = "processes",
    workers: Workers = 2,
    cell_size: CellSize = None,
    memory: Memory = "",
    store: StoreOption = "",
    resume: Resume = False,
    fresh: Fresh = False,
    lang: LangOption = Lang.nl,
    quiet: Quiet = False,
) -> None:
    """Run what a run file says."""
    how = Options(outputs, scheduler, workers, cell_size, resume, store=store, memory=memory)
    options = replace(how, lang=lang.value, quiet=quiet, reuse=not fresh, messages=language())
    _run(run_file, options)


@app.command()
def check(run_file: RunFile, _lang: MessageLang = None) -> None:
    """Check a run's configuration, inputs, CRS and coverage: all faults at once, nothing is run."""
    from flexsites.runs.prepare import check_inputs, margins_told, not_asked  # noqa: PLC0415 - loading the chain takes seconds that --help does not need

    study = resolve(run_file)
    with _err.status("inputs") as status:
        found = check_inputs(study, report=lambda name: status.update(plain(f"inputs: {name}")))
    n_rules = len({rule.part_of or rule.rule_id for rule in study.base.rules})
    asked = f"{n_rules:,} rules" if study.run.assesses_parcels else "roofs"
    table = Table(*map(said, ("source", "reader", "edition or path")), title=plain(said(f"{run_file}: {asked}")))
    for name, row in study.run.sources.rows().items():
        place = str(without_keys(getattr(row, "path", getattr(row, "url", ""))))
        table.add_row(*map(plain, (name, getattr(row, "reader", ""), place)))
    _out.print(table)
    for line in uncovered(study):
        _say(f"not covered: {line}")
    for line in unreached(study, language()):
        _say(f"not reached: {line}")
    for line in elsewhere(study):
        _say(f"of another municipality than this run assesses: rule {line}")
    for line in margins_told(study):
        _say(f"margin: {line}; what lies there is unknown")
    if unasked := not_asked(study):
        _say(f"not read: {', '.join(unasked)}: a run asks services of them, `flexsites fetch` does so before")
    for line in found.warnings:
        _say(f"the report will tell: {line}")
    if found.faults:
        raise InputError(found.faults)
    _say(f"{run_file} can be run: no fault in its configuration and inputs.")
    if told := checked(study, language()):
        _say(told)


@app.command()
def fetch(
    run_file: RunFile,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would come, from where and how much; fetch nothing.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask anew for what is there already.")] = False,
    quiet: Quiet = False,
    _lang: MessageLang = None,
) -> None:
    """Bring what open sources offer for a run, and lock it; what only you can bring is told, and where it goes."""
    from flexsites.runs.fetch import fetch as bring  # noqa: PLC0415

    bring(resolve(run_file), _out, _err, dry_run=dry_run, refresh=refresh, quiet=quiet, lang=language())


@app.command()
def explain(site_id: SiteId, run: Directory, lang: LangOption = Lang.nl) -> None:
    """Tell the whole story of one site: rule by rule, criterion by criterion."""
    from flexsites import reporting  # noqa: PLC0415

    _out.print(Markdown(_without_controls(reporting.explain(run, site_id, lang.value))))


@app.command()
def shortlist(
    run: Directory,
    flexmilieu: Annotated[str | None, typer.Option(help="Sites for one flexmilieu; else the best of each.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many sites.")] = 10,
    owner: Annotated[list[str] | None, typer.Option(help="Only land of these owner classes.")] = None,
    min_units: Annotated[int, typer.Option(min=1, help="Only sites that hold at least this many homes.")] = 1,
    min_years: Annotated[
        float | None, typer.Option(min=0, help="Only sites known to be available for this many years.")
    ] = None,
    apart: Annotated[float, typer.Option(min=0, help="Only sites so many metres from every better one.")] = 0.0,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Only sites on which this rule asks no consent, no attention."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="The factsheets as PDF too, a page for each place.")] = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Show the best sites of a finished run with their reasons; write their factsheets and layouts."""
    from flexsites import reporting  # noqa: PLC0415
    from flexsites.runs.shortlist import folder_beside, sites_of  # noqa: PLC0415
    from flexsites.runs.shortlist import shortlist as choose  # noqa: PLC0415
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    asked = Shortlist(
        flexmilieus=(flexmilieu,) if flexmilieu else (),
        n=n,
        owner_class=tuple(owner or ()),
        min_units=min_units,
        min_available_years=min_years,
        apart_m=apart,
        without_rules=tuple(without or ()),
    )
    folder = folder_beside(run, asked)
    with adding(run):
        chosen = choose(run, asked, folder)
        path = reporting.write_factsheets(run, sites_of(chosen), lang.value, folder=folder)
        printed = reporting.write_pdf(path) if pdf else None
    listed, notes = reporting.shortlist_lines(run, chosen.rows, chosen.n_unknown, lang.value)
    _show_listed(listed)
    for note in notes:
        _say(note)
    _say(f"Factsheets: {path}")
    if printed is not None:
        _say(f"Factsheets as PDF: {printed}")
    _say(f"Layouts:    {folder / 'layouts.parquet'}")


@app.command()
def view(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="The directory of a finished run.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to serve; 0: any free port.")] = 0,
    lang: LangOption = Lang.nl,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    workers: Annotated[
        int, typer.Option(min=1, help="How many processes answer a question of rules; each holds the land of the run.")
    ] = 2,
) -> None:
    """Look at a finished run in the browser: map, tables, stories, downloads. Served on this machine alone."""
    from flexsites.view.serve import serve  # noqa: PLC0415

    serve(run, port=port, lang=lang.value, opens=browser, workers=workers, say=_say)


@app.command()
def certainty(
    run: Directory,
    draws: Annotated[int, typer.Option(min=20, help="How many draws.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same answer.")] = 1,
    sobol: Annotated[
        int | None,
        typer.Option(min=16, help="Sobol's indices of total order too: the size of their design, a power of two."),
    ] = None,
    lang: LangOption = Lang.nl,
) -> None:
    """Say how sure the answers of a finished run are: draws of the figures they hang on, and what moves them most."""
    from flexsites.config.certainty import Draws  # noqa: PLC0415
    from flexsites.finished.made_by import is_of_other_code  # noqa: PLC0415
    from flexsites.reporting import certainty_lines  # noqa: PLC0415
    from flexsites.runs.certainty import draw  # noqa: PLC0415

    if sobol is not None and sobol & (sobol - 1):
        raise typer.BadParameter(f"a power of two, such as {1 << (sobol.bit_length() - 1)}", param_hint="--sobol")
    asked = Draws(draws=draws, seed=seed, sobol=sobol)
    with _err.status("draws") as status:
        folder = draw(run, draws=asked, report=lambda name: status.update(plain(f"draws: {name}")))
    headings, rows, notes = certainty_lines(run, lang.value)
    table = Table(title=said("Certainty"))
    for heading in headings:
        table.add_column(plain(heading), overflow="fold")
    for row in rows:
        table.add_row(*map(plain, row))
    _out.print(table)
    for note in notes:
        _say(note)
    if is_of_other_code(run):
        _say("Another version of this software made this run: run it again for draws that hold together.")
    _say(f"Tables: {folder}")
    _say(f"The report tells it once it is written anew: flexsites report {run}")


@app.command()
def docs(
    path: Annotated[bool, typer.Option("--path", help="Print where the first page is, and open nothing.")] = False,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the pages go; else the user's cache.")] = None,
) -> None:
    """Open the documentation in the browser: method, columns, keys of the configuration. No internet is needed."""
    from flexsites.docs.site import build  # noqa: PLC0415

    first = build(app, to)
    if path:
        typer.echo(first)
    else:
        _say(f"Documentation: {first}")
        webbrowser.open(first.as_uri())


app.command()(world.world)


app.registered_commands.sort(key=lambda one: _AS_NEEDED.index(one.name or getattr(one.callback, "__name__", "")))


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


def _run(name: str, options: Options) -> None:
    search_seldom()
    from flexsites.reporting import report_path  # noqa: PLC0415
    from flexsites.runs.stored import results_at  # noqa: PLC0415
    from pipelines import PIPELINES  # noqa: PLC0415

    if not gc.get_freeze_count():
        gc.freeze()  # what was imported stays: it need not be searched for garbage over and over
    study = resolve(name)
    pipeline: Callable[..., Path] = PIPELINES[study.run.pipeline]
    with stoppable():
        directory = pipeline(study, options)
    _say(f"Results: {directory}")
    _say(f"Report:  {report_path(directory, options.lang)}")
    if options.store:
        _say(f"Store:   {results_at(directory, options)}")


def _show_listed(listed: Sequence[Listed]) -> None:
    """Show a shortlist, narrow on purpose: an id that is cut off cannot be asked for, and reasons wrap beside it."""
    for flexmilieu, sites in groupby(listed, key=lambda one: one.flexmilieu):
        _out.print(Text(f"\n{_without_controls(flexmilieu)}", style="bold"))
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for one in sites:
            table.add_row(plain(one.rank), plain(one.site_id), plain("\n".join(one.lines)))
        _out.print(table)


def _without_controls(text: str) -> str:
    """Return a text without signs that would steer a terminal: names and ids are of others' making."""
    return "".join(sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cf"))


def plain(text: object) -> Text:
    r"""Return a text of others' making as it is: square brackets are no markup, and nothing in it steers a terminal.

    Examples
    --------
    >>> plain("b[/red]\x1b[31mc").plain
    'b[/red][31mc'
    """
    return Text(_without_controls(str(text)))


def _say(text: str) -> None:
    _out.print(plain(said(text)), highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command line; what is raised on purpose is shown as sentences, not as a traceback."""
    forget()
    try:
        app(standalone_mode=True, prog_name="flexsites")
    except FlexsitesError as error:
        _leave(said_error(error))
    except OSError as error:
        _leave(fault_of_system(error).told(said))
    except Stopped as stop:
        _leave(said(f"{stop}. Continue with --resume."), 128 + stop.number)


def _leave(told: str, code: int = 2) -> NoReturn:
    _err.print("flexsites:", style="bold red", end=" ")
    _err.print(plain(told), highlight=False, soft_wrap=True)
    sys.exit(code)
