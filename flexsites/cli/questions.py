"""Questions asked of finished runs, or of a list of your own: where homes move, what differs, a back-test, and more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flexsites.cli.words import Lang, lang_option, say, write_templates
from flexsites.config.relocation import Relocation

Directory = Annotated[Path, typer.Option("--run", metavar="DIR", help="The directory of a finished run.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where table and page go.")]
Template = Annotated[bool, typer.Option("--template", help="Write a list to start from to this file.")]
LangOption = Annotated[Lang, lang_option("Language of the page; given, of messages too.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (relocation, diff, backtest, catchment, transformation, splitting, gardens, homelessness):
        app.command()(command)


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


def transformation(
    vacant: Annotated[
        Path, typer.Argument(metavar="VACANT.csv", help="Vacant buildings: building_id, function, floor_area_m2.")
    ],
    out: Out = None,
    template: Template = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Tell how many homes vacant buildings may hold, by what they were built for and their floor area."""
    _answer("transformation", vacant, out, lang, is_template=template)


def splitting(
    dwellings: Annotated[
        Path,
        typer.Argument(metavar="DWELLINGS.csv", help="Homes: dwelling_id, dwelling_type, floor_area_m2, year_built."),
    ],
    out: Out = None,
    template: Template = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Tell how many more homes a list of homes may become when large ones are split, by type and year."""
    _answer("splitting", dwellings, out, lang, is_template=template)


def gardens(
    gardens: Annotated[
        Path,
        typer.Argument(
            metavar="GARDENS.csv", help="Back gardens: garden_id, is_corner, garden_area_m2, width_m, built_m2."
        ),
    ],
    out: Out = None,
    template: Template = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Tell how many small homes may stand in back gardens of corner homes, by area, width and what stands there."""
    _answer("gardens", gardens, out, lang, is_template=template)


def homelessness(
    counts: Annotated[
        Path,
        typer.Argument(
            metavar="COUNTS.csv",
            help="A count: gemeente_code, homelessness_type, n_people, and what else is known.",
        ),
    ],
    out: Out = None,
    template: Template = False,
    lang: LangOption = Lang.nl,
) -> None:
    """Turn a count of homeless people by type into the homes that are short, as the demand of a run."""
    folder = _answer("homelessness", counts, out, lang, is_template=template)
    if folder is not None:
        from flexsites.runs.listed import write_demand  # noqa: PLC0415

        say(f"Demand: {write_demand(folder)}")


def _answer(name: str, path: Path, out: Path | None, lang: Lang, *, is_template: bool) -> Path | None:
    """Answer a list, or write one to start from; return the folder of what was written."""
    from flexsites.reporting.report.listed import write_listed  # noqa: PLC0415
    from flexsites.runs.listed import QUESTIONS, answer_list  # noqa: PLC0415

    if is_template:
        write_templates({path: QUESTIONS[name].template})
        return None
    folder = out or path.parent / name
    page, lead = write_listed(name, folder, answer_list(name, path, folder), lang)
    say(lead)
    say(f"Page:  {page}")
    say(f"Table: {folder / f'{name}.parquet'}")
    return folder
