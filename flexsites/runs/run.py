"""A run: where it stands on disk, what it prepares, how its cells are assessed, resumed and put together.

    outputs/<pipeline>/<run_id>/
        canonical/   prepared inputs, each remembered by the hash of what it was made of
        access/      networks and fields, memory-mapped by all workers
        parts/       per cell and reading the tables of results, and the cell's row of the manifest
        *.parquet    the merged tables; variants/<id>/*.parquet

The run id is a name and a hash of everything that the run's files say, so a run of another content is another run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexsites.config.study import BASE, Study
from flexsites.digest import digest
from flexsites.errors import Fault, RunError
from flexsites.inputs.formats.files import REMOTE
from flexsites.runs.lattice import Cell
from flexsites.runs.lock import HELD
from flexsites.runs.parallel import require_scheduler
from flexsites.tables.whole_files import write_whole


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is run; none of it changes a result.

    Attributes
    ----------
    outputs
        Where results go: ``<outputs>/<pipeline>/<run_id>``.
    scheduler, workers
        See :func:`flexsites.runs.parallel.map_cells`.
    cell_size_m
        Side of a cell; None: the run's own.
    resume
        Keep the parts of cells whose inputs are unchanged.
    lang
        Language of the report and the workbook.
    quiet
        No progress bars.
    """

    outputs: Path
    scheduler: str = "processes"
    workers: int = 2
    cell_size_m: float | None = None
    resume: bool = False
    lang: str = "nl"
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown scheduler, or a store that results cannot go to, before hours of reading inputs."""
        require_scheduler(self.scheduler)
        if re.match(r"[a-z][a-z0-9+.-]+:/", str(self.outputs)):
            what = f"results cannot be written to {self.outputs}"
            raise RunError(
                Fault(what, "--outputs", "give a local folder, and copy the results to the store afterwards")
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands on disk."""

    directory: Path
    run_id: str

    @property
    def canonical(self) -> Path:
        """The prepared inputs."""
        return self.directory / "canonical"

    @property
    def parts(self) -> Path:
        """The parts of the cells."""
        return self.directory / "parts"

    def part(self, cell: Cell, reading: str, name: str) -> Path:
        """Return the part of one table that one cell writes."""
        return self.parts / cell.id / reading / f"{name}.parquet"

    def result(self, reading: str, name: str) -> Path:
        """Return a merged table."""
        folder = self.directory if reading == BASE else self.directory / "variants" / reading
        return folder / f"{name}.parquet"


def place_of(study: Study, options: Options) -> Place:
    """Return where a run stands: in the directory of its pipeline, by its name and the hash of its content."""
    run_id = f"{study.run.name}-{digest(study.content, length=8)}"
    return Place(options.outputs.resolve() / study.run.pipeline / run_id, run_id)


def start(study: Study, options: Options) -> Place:
    """Make the run's directory and write the resolved run into it.

    Without ``resume`` parts and results of an earlier run of the same content are removed, and copies of remote files,
    which may have changed; prepared inputs stay, because they are remembered by their own hashes.
    """
    place = place_of(study, options)
    if not options.resume and place.directory.exists():
        for leftover in place.directory.iterdir():
            if leftover.name in ("canonical", "access", "world", HELD):
                continue
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        for copies in REMOTE:
            shutil.rmtree(place.canonical / "scratch" / copies, ignore_errors=True)
    place.directory.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(dict(study.content), sort_keys=False, allow_unicode=True, width=120)
    write_whole(place.directory / "run.yaml", text.encode())
    return place


@contextmanager
def progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield what is told how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        yield lambda n_done: bar.update(task, completed=n_done)
