"""`flexsites world`: a synthetic place of any size, with its data, its run file and what is known of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from flexsites.cli.words import said
from flexsites.errors import writing

_out = Console()


class Size(StrEnum):
    """How large a synthetic place is."""

    nederland = "nederland"
    provincie = "provincie"
    gemeente = "gemeente"


def world(
    size: Annotated[Size, typer.Option(help="8.4 million, 700,000 or 25,000 parcels.")] = Size.gemeente,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("world"),
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal files.")] = 1,
    parcels: Annotated[
        int | None, typer.Option(min=1_000, help="About how many parcels, instead of the size's.")
    ] = None,
    boundaries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Real gemeenten (statcode, statnaam), to lay the place within.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="How many processes make it; the files are the same.")] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Write a synthetic place: a source for every rule, streets, a timetable, dirty rows, known answers, a run file."""
    from flexsites.worlds.country_files import n_batches, write_country  # noqa: PLC0415
    from flexsites.worlds.country_places import place_of  # noqa: PLC0415 - --help need not load it

    country, places = place_of(size.value, seed=seed, n_parcels=parcels, boundaries=boundaries)
    with writing(out), Progress(disable=quiet, transient=True) as bar:
        task = bar.add_task(f"world: {size.value}", total=n_batches(country))
        written = write_country(
            out,
            country,
            size=size.value,
            places=places,
            workers=workers,
            on_done=lambda n: bar.update(task, completed=n),
        )
    n_rows = written.n_rows
    for line in (
        f"{n_rows['parcels']:,} parcels, {n_rows['buildings']:,} buildings, {n_rows['streets']:,} streets",
        f"Run it:  flexsites run {written.paths['run']}",
        f"Known:   {written.paths['truth']}",
    ):
        _out.print(said(line), highlight=False, soft_wrap=True)
