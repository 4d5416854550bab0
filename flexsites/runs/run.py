"""A run: where it stands on disk, what it prepares, how its cells are assessed, resumed and put together.

    outputs/<pipeline>/<run_id>/
        canonical/   prepared inputs, each remembered by the hash of what it was made of
        access/      networks and fields, memory-mapped by all workers
        parts/<key>/ per cell and reading the tables of results, and the cell's row of the manifest; the key tells all
                     that they are made of, so that nothing made of something else can come among them
        *.parquet    the merged tables; variants/<id>/*.parquet
        .held        held by the run that writes here; .own_files lists what runs wrote

The run id is a name and a hash of everything that the run's files say, so a run of another content is another run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flexsites.config.plain_yaml import write_plain
from flexsites.config.study import BASE, Study
from flexsites.digest import are_as_written, digest
from flexsites.errors import Fault, RunError
from flexsites.inputs.formats.files import REMOTE
from flexsites.runs.lattice import Cell
from flexsites.runs.memory import require_enforceable
from flexsites.runs.parallel import require_scheduler
from flexsites.runs.store import Store, require_address
from flexsites.tables.run_directory import alone, holding_of
from flexsites.tables.whole_files import read_state, write_whole

_KEY_LENGTH = 16


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
        Side of a cell; None: the run's own, if it has one.
    resume
        Keep the parts of cells whose inputs are unchanged.
    lang
        Language of the report and the workbook.
    quiet
        No progress bars.
    reuse
        Take over what a finished run beside it made of the same; else all is assessed.
    messages
        Language of what is said on the screen.
    store
        Address of an object store (``s3://bucket/folder``) through which workers get inputs and give parts, and where
        the results go too; empty: workers see the folder of the outputs.
    memory
        What a worker may hold (``4GiB``): a cell that asks for more is cut in two; empty: no limit.
    """

    outputs: Path
    scheduler: str = "processes"
    workers: int = 2
    cell_size_m: float | None = None
    resume: bool = False
    lang: str = "nl"
    quiet: bool = False
    reuse: bool = True
    messages: str = "en"
    store: str = ""
    memory: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown scheduler, or a store that results cannot go to, before hours of reading inputs."""
        require_scheduler(self.scheduler)
        if re.match(r"[a-z][a-z0-9+.-]+:/", str(self.outputs)):
            what = f"results cannot be written to {self.outputs}"
            raise RunError(Fault(what, "--outputs", "give a local folder, and the store with --store"))
        if self.store:
            require_address(self.store)
        if self.memory:
            require_enforceable(self.memory, self.scheduler)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands on disk.

    Attributes
    ----------
    directory, run_id
        The directory, and its name.
    key
        What the parts of its cells are made of, as a digest; empty before the inputs were read.
    """

    directory: Path
    run_id: str
    key: str = ""

    @property
    def canonical(self) -> Path:
        """The prepared inputs."""
        return self.directory / "canonical"

    @property
    def parts(self) -> Path:
        """The parts of the cells."""
        return self.directory / "parts" / self.key[:_KEY_LENGTH]

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
    """Make the run's directory, write the resolved run into it, and set the manifest of an earlier run aside.

    Results of an earlier run stay until this one replaces them. Without ``resume`` copies of remote files, which may
    have changed, are removed; prepared inputs stay, because they are remembered by their own hashes.
    """
    place = place_of(study, options)
    if options.store:
        Store(options.store).require_open()
    if not options.resume:
        for copies in REMOTE:
            shutil.rmtree(place.canonical / "scratch" / copies, ignore_errors=True)
    if holding := holding_of(place.directory):
        holding.set_aside()
    text = write_plain(dict(study.content), width=120)
    write_whole(place.directory / "run.yaml", text.encode())
    return place


def forget_parts(place: Place, *, other: bool) -> None:
    """Remove the parts of the run's cells, or those of any other key; what else stands there stays."""
    if not other:
        shutil.rmtree(place.parts, ignore_errors=True)
        return
    for folder in (place.directory / "parts").iterdir():
        if re.fullmatch(f"[0-9a-f]{{{_KEY_LENGTH}}}", folder.name) and folder != place.parts:
            shutil.rmtree(folder, ignore_errors=True)


def vouched(place: Place, marker: Path) -> dict[str, Any] | None:
    """Return what a cell's marker says, if its parts are of this run's key and are as they were written; else None."""
    done = read_state(marker)
    if done is None or done.get("key") != place.key or not are_as_written(done.get("parts", {}), marker.parent):
        return None
    return done


@contextmanager
def held(place: Place) -> Iterator[None]:
    """Hold a run's directory; when the block ends well the run is finished, and has its manifest.

    Raises
    ------
    RunError
        If another run holds it.
    """
    with alone(place.directory) as holding:
        yield
        holding.finish()


@contextmanager
def progress(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield what is told how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        yield lambda n_done: bar.update(task, completed=min(n_done, total))


def say_of(options: Options) -> Callable[[str], None]:
    """Return what says a sentence beside the progress, in the language of messages."""
    from flexsites.reporting.told import translated  # noqa: PLC0415 - reports load what no worker uses

    err = Console(stderr=True, quiet=options.quiet, soft_wrap=True, highlight=False, markup=False)
    return lambda text: err.print(translated(text, options.messages, of="faults"))
