"""What follows on the cells of a large run, by worker processes: steps that need nothing of each other.

A step writes whole files into the run's directory, as this process would: workers of this machine do so on its behalf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from flexsites.runs.memory import TooLarge
from flexsites.runs.parallel import map_cells
from flexsites.runs.run import Options
from flexsites.tables.run_directory import Holding, holding_of, lent

R = TypeVar("R")

FEWEST_SITES = 100_000
"""[A] From so many sites on a worker for part of a step pays: it takes some two seconds to load what it works with."""


def side_by_side(
    directory: Path,
    steps: Sequence[Callable[[], R]],
    on_done: Callable[[int], None],
    *,
    n_sites: int,
    options: Options,
) -> list[R]:
    """Do steps at once where a run is large enough, else one after the other; return what they give, in their order.

    Parameters
    ----------
    directory
        The run's, which this process holds; or a folder in it.
    steps
        Picklable where a run is large: partials of functions of a module. They are begun in their order, the longest
        are best first, and none reads what another writes.
    on_done
        Told how many are done.
    n_sites
        How many the run has.
    options
        How many workers there are, and whether processes may be started at all.

    Raises
    ------
    FlexsitesError
        What a step raises, after no further one is begun.
    """
    holding = next((one for folder in (directory, *directory.parents) if (one := holding_of(folder))), None)
    is_alone = options.workers == 1 or options.scheduler in ("synchronous", "threads")
    found: list[R] = []
    if holding is None or is_alone or len(steps) <= 1 or n_sites < FEWEST_SITES:
        for step in steps:
            found.append(step())
            on_done(len(found))
        return found
    # What is begun first goes by the names: the last.
    names = [f"step-{len(steps) - n:03d}" for n in range(len(steps))]
    done = map_cells(partial(_done, holding), steps, names=names, workers=options.workers, on_done=on_done)
    for told in done:
        assert not isinstance(told, TooLarge), "no limit of memory is asked"  # noqa: S101 - tells types
        found.append(told[0])
        holding.written.update(told[1])
    return found


def of_run(directory: Path, options: Options) -> Callable[[Sequence[Callable[[], R]], Callable[[int], None]], list[R]]:
    """Return what does steps so on results of a run that this process holds, by the number of sites it tells."""
    holding = holding_of(directory)
    manifest = None if holding is None else holding.manifest
    n_sites = sum(cell.n_sites for cell in manifest.cells) if manifest else 0
    return partial(side_by_side, directory, n_sites=n_sites, options=options)


def _done(holding: Holding, step: Callable[[], R]) -> tuple[R, set[str]]:
    """Do a step in a worker; return what it gives, and the names of the files that were written."""
    with lent(holding):
        return step(), holding.written
