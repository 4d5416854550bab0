"""Streets and timetable of a large run, made ready by a process of its own while this one reads parcels and layers.

Of a country they take as long as all other sources together, and most of the memory, which a process gives back when it
ends. It is a help, not a need: what it has not made whole is made by who started it, when its turn comes, and what is
wrong is told then. So the files, the faults and the warnings are those of one process.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from flexsites.config.source_rows import FileRow
from flexsites.config.sources import Sources
from flexsites.errors import FlexsitesError
from flexsites.inputs.formats.files import Places, content_of, is_remote
from flexsites.inputs.preparation import Preparation
from flexsites.inputs.prepare import Beside
from flexsites.inputs.prepare_streets import ReachRequest, is_reach_made, prepare_streets, rows_of_reach
from flexsites.runs.make_ready import make_ready
from flexsites.runs.stopping import begin_worker, unstoppable
from flexsites.tables import Frame

_LEAST_BYTES = 20_000_000
"""Of less, the files are read sooner than a process starts and finds its libraries [A]."""


def streets_beside(request: ReachRequest | None, n_workers: int) -> Beside | None:
    """Return what makes streets and stops ready beside the other sources; None: nothing asks, or one process is to.

    Parameters
    ----------
    request
        How they are read; None: they are not.
    n_workers
        How many processes the run may use at once.
    """
    if request is None or n_workers < 2:  # noqa: PLR2004 - beside this one
        return None
    asked = request

    @contextmanager
    def beside(preparation: Preparation, areas: Frame | None) -> Iterator[None]:
        """Make them ready while the block lasts, and wait for that at its end; stop it where the block fails."""
        if not _pays(preparation, asked, areas):
            yield
            return
        given = (preparation.sources, preparation.directory, preparation.places, preparation.asked, areas)
        with tempfile.TemporaryFile() as told, unstoppable():
            pickle.dump((*given, asked, n_workers), told)
            told.seek(0)
            command, nowhere = [sys.executable, "-m", __name__], subprocess.DEVNULL
            process = subprocess.Popen(command, stdin=told, stdout=nowhere, stderr=nowhere)  # noqa: S603 - ourselves
        try:
            yield
            preparation.report("streets")
            process.wait()
        finally:
            process.kill()
            process.wait()

    return beside


def _pays(preparation: Preparation, request: ReachRequest, areas: Frame | None) -> bool:
    """Whether streets and stops are yet to be made, of files that are at hand and large.

    What is fetched in its turn is not fetched here: a service that fails would be asked, and waited for, twice.
    """
    rows = rows_of_reach(preparation.sources)
    is_held = preparation.places.fetched is not None
    if not all(isinstance(row, FileRow) and (is_held or not any(map(is_remote, row.paths))) for row in rows.values()):
        return False
    try:
        paths = {path for name, row in rows.items() for path in preparation.files(name, row)}
        n_bytes = sum(one.stat().st_size for path in paths for one in content_of(path))
        return n_bytes >= _LEAST_BYTES and not is_reach_made(preparation, request, areas)
    except FlexsitesError:
        return False


def make(
    sources: Sources,
    directory: Path,
    places: Places,
    columns: Mapping[str, tuple[str, ...] | None],
    areas: Frame | None,
    request: ReachRequest,
    n_threads: int,
) -> None:
    """Make streets and stops ready; what is wrong is left to who finds nothing made when their turn comes.

    Parameters
    ----------
    sources, directory, places, columns
        As the preparation has them, the last as what is asked of each source.
    areas
        Table ``Areas``; None: the run has none.
    request
        How they are read.
    n_threads
        Fields that are made at the same time.
    """
    preparation = Preparation(sources, directory, places, asked=columns)
    with suppress(FlexsitesError):
        prepare_streets(preparation, request, make_ready(request, n_threads), areas)


if __name__ == "__main__":
    begin_worker(os.getppid())
    make(*pickle.load(sys.stdin.buffer))  # noqa: S301 - of the process that started this one
