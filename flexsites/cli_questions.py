"""Questions asked of finished runs: where homes move, what differs, a back-test, what facilities offer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flexsites.cli_words import Lang, lang_option, say, write_templates
from flexsites.config.relocation import Relocation

Directory = Annotated[Path, typer.Option("--run", metavar="DIR", help="The directory of a finished run.")]
LangOption = Annotated[Lang, lang_option("Language of the page; given, of messages too.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(relocation)
    app.command()(diff)
    app.command()(backtest)
    app.command()(catchment)


def relocation(
    need: Annotated[Path, typer.Argument(metavar="NEED.csv", help="Homes needed: gemeente_code, year, n_homes.")],
    run: Directory,
    flexmilieu: Annotated[str, typer.Option(help="The kind of homes: a flexmilieu of the run.")],
    owner: Annotated[list[str] | None, typer.Option(help="Only land of these owner classes.")] = None,
    known_windows: Annotated[
        bool, typer.Option("--known-windows", help="No place opens later than the run says it is free.")
    ] = False,
    max_seconds: Annotated[
        float | None, typer.Option(min=1, help="Stop the search by the clock; the answer may differ another time.")
    ] = None,
    lang: LangOption = Lang.nl,
) -> None:
    """Choose which places open when, and where homes move, so that a programme has room every year."""
    from flexsites.reporting.report.relocation import write_relocation  # noqa: PLC0415
    from flexsites.runs.relocation import relocation as choose  # noqa: PLC0415
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    asked = Relocation(
        flexmilieu=flexmilieu, owner_class=tuple(owner or ()), known_windows=known_windows, max_seconds=max_seconds
    )
    with adding(run):
        found = choose(run, need, asked)
        tables = (found.supply, found.years, found.opened, found.moves)
        path, lead = write_relocation(run, found.folder, flexmilieu, *tables, lang)
    say(lead)
    say(f"Page:   {path}")
    say(f"Tables: {found.folder}")


def diff(
    first: Annotated[Path, typer.Argument(metavar="RUN_A", help="The directory of a finished run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another, that gets the page and the tables.")],
    lang: LangOption = Lang.nl,
) -> None:
    """Compare two runs: sites won and lost with the rule or requirement that did it, homes per municipality, a map."""
    from flexsites.reporting.report.difference import write_difference  # noqa: PLC0415
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    with adding(second):
        path, lead = write_difference(first, second, lang)
    say(lead)
    say(f"Page:   {path}")
    say(f"Tables: {path.parent} (map: changes.geojson)")


def backtest(
    projects: Annotated[
        Path, typer.Argument(metavar="PROJECTS.csv", help="Realised projects: project_id, x, y, n_homes.")
    ],
    run: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The directory of a finished run.")] = None,
    template: Annotated[bool, typer.Option("--template", help="Write a table to start from to PROJECTS.csv.")] = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Tell what a run says of the places where projects stand: what excludes them, where they score, how dense."""
    from flexsites.errors import Fault, InputError  # noqa: PLC0415
    from flexsites.inputs.land.projects import TEMPLATE  # noqa: PLC0415
    from flexsites.reporting.report.backtest import write_backtest  # noqa: PLC0415
    from flexsites.runs.backtest import run_backtest  # noqa: PLC0415
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    if template:
        write_templates({projects: TEMPLATE})
        return
    if run is None:
        raise InputError(Fault("no run is named", "--run", "name the directory of a finished run"))
    with adding(run):
        path, lead = write_backtest(run, run_backtest(run, projects), lang)
    say(lead)
    say(f"Page:  {path}")
    say(f"Table: {path.parent / 'backtest.parquet'}")


def catchment(
    facilities: Annotated[
        Path, typer.Argument(metavar="FACILITIES.csv", help="Facilities: facility_id, x, y, kind, capacity.")
    ],
    run: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The directory of a finished run.")] = None,
    residents: Annotated[
        Path | None, typer.Option("--residents", metavar="RESIDENTS.csv", help="Where residents live: x, y, residents.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Write tables to start from to FACILITIES.csv and RESIDENTS.csv.")
    ] = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Tell what facilities offer where homes may stand, shared with the residents who reach them."""
    from flexsites.errors import Fault, InputError  # noqa: PLC0415
    from flexsites.inputs.land.facilities import FACILITIES_TEMPLATE, RESIDENTS_TEMPLATE  # noqa: PLC0415
    from flexsites.reporting.report.catchment import write_catchment  # noqa: PLC0415
    from flexsites.runs.catchment import run_catchment  # noqa: PLC0415
    from flexsites.tables.run_directory import adding  # noqa: PLC0415

    if template:
        write_templates(
            {facilities: FACILITIES_TEMPLATE} | ({} if residents is None else {residents: RESIDENTS_TEMPLATE})
        )
        return
    if run is None:
        raise InputError(Fault("no run is named", "--run", "name the directory of a finished run"))
    if residents is None:
        raise InputError(Fault("no residents are named", "--residents", "name a table of x, y and residents"))
    with adding(run):
        page, lead = write_catchment(run, *run_catchment(run, facilities, residents), lang)
    say(lead)
    say(f"Page:  {page}")
    say(f"Table: {page.parent / 'catchment.parquet'}")
