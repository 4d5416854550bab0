"""Questions asked of a list of one's own, without a run: what buildings, homes and gardens hold, and what is short."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flexsites.cli_words import Lang, lang_option, say, write_templates

Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where table and page go.")]
Template = Annotated[bool, typer.Option("--template", help="Write a list to start from to this file.")]
LangOption = Annotated[Lang, lang_option("Language of the page; given, of messages too.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (transformation, splitting, gardens, homelessness):
        app.command()(command)


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
