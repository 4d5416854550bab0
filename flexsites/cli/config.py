"""`flexsites config`: what is shipped, to read or to copy into a folder of one's own and change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from flexsites.cli.words import said
from flexsites.config.copies import copy, named, names
from flexsites.config.shelf import OWN_FOLDER, Shelf

app = typer.Typer(help="Show or copy the configuration: rules, flexmilieus, measures and all other assumptions.")
_out = Console()

Own = Annotated[
    Path | None, typer.Option("--config", metavar="DIR", help="A folder of your own configuration, to look in first.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as flexmilieus/campus, pbl_2020 or measures.")]


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="As for copy; left out: list the names.")] = None,
    config: Own = None,
) -> None:
    """Print a file of configuration, or list the names of all."""
    shelf = Shelf(config.resolve() if config else None)
    if name is None:
        for one in names(shelf):
            _out.print(one, highlight=False)
        return
    _, path = named(name, shelf)
    typer.echo(path.read_text(encoding="utf-8"), nl=False)


@app.command(name="copy")
def copy_command(
    name: Name,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Your folder; a run finds it beside itself.")] = Path(
        OWN_FOLDER
    ),
    new_id: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="The id of the copy, beside the original.")
    ] = None,
    config: Own = None,
) -> None:
    """Copy a file of configuration into your own folder: it takes the place of the original, or stands beside it."""
    path = copy(name, to, shelf=Shelf(config.resolve() if config else None), new_id=new_id)
    _out.print(said(f"Copied: {path}"), highlight=False, soft_wrap=True)
    if new_id is not None:
        _tell_next(path.parent.name, new_id)


def _tell_next(kind: str, new_id: str) -> None:
    """Tell how a copy that stands beside the original comes to be used."""
    told = {
        "exclusion": said(f"Next: give it a label of its own, and name it in the run file: `rules: {new_id}`"),
        "flexmilieus": said("Next: give it a label of its own. A run that lists `flexmilieus` names it there."),
        "target_groups": said(
            f"Next: give it a label of its own, and name it in a flexmilieu: `target_groups: [{new_id}]`"
        ),
    }
    if kind in told:
        _out.print(Text(told[kind]), soft_wrap=True)
