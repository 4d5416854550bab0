"""Cells assessed by workers that share nothing with the run but a store; parts and results in it.

In the store stand::

    <pipeline>/<run_id>/parts/<key>/<cell>/   as in the run's directory: tables, and the row that vouches for them
    <pipeline>/<run_id>/                      the results, put when the run is done; the manifest last

A worker computes a cell in a scratch folder of its own and puts its parts, then the row with their hashes: a cell
without one is not done. Two workers that do the same cell put the same bytes. The run takes the parts, held to those
hashes, into its own directory and merges them there; a cell whose parts are not what the row says is assessed again.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexsites.digest import digests_of
from flexsites.errors import Fault, RunError
from flexsites.inputs.prepared import Prepared
from flexsites.runs.lattice import Cell
from flexsites.runs.memory import TooLarge
from flexsites.runs.mirror import Published, publish
from flexsites.runs.on_cluster import OnDone
from flexsites.runs.run import Options, Place, vouched
from flexsites.runs.store import Damaged, Store, at_once
from flexsites.tables.manifest import MANIFEST
from flexsites.tables.run_directory import own_files
from flexsites.tables.whole_files import state_of, write_whole

Row = dict[str, Any]
Assess = Callable[..., Row]
"""What assesses a cell, given it, a place and inputs: its tables and the row that vouches for them are left there."""

_PART = re.compile(r"\w[\w.-]*/\w+\.parquet")
_ROUNDS = 3
"""How often a cell is assessed whose parts did not come back from the store as they were put."""


@dataclass(frozen=True, slots=True)
class InStore:
    """How the cells of one kind are assessed through a store; called with a cell, on a worker.

    Attributes
    ----------
    assess
        See :data:`Assess`.
    kind
        What the cells are of.
    inputs
        The prepared inputs, in the store.
    folder
        Where the parts of this run's key stand in the store.
    run_id, key
        Of the run's place.
    """

    assess: Assess
    kind: str
    inputs: Published
    folder: str
    run_id: str
    key: str

    def __call__(self, cell: Cell) -> Row:
        """Assess a cell and put its parts into the store; return its row. One that is there is not done again."""
        store, name = self.inputs.store, f"{self.folder}/{cell.id}"
        if (done := self.row_of(cell)) is not None:
            return done
        inputs = self.inputs.here()
        with tempfile.TemporaryDirectory(prefix="flexsites-") as scratch:
            place = Place(Path(scratch), self.run_id, self.key)
            row = self.assess(cell, place=place, inputs=inputs)
            made = place.parts / cell.id
            parts = [path for path in made.rglob("*.parquet") if path.is_file()]
            at_once(lambda path: store.put(path, f"{name}/{path.relative_to(made).as_posix()}"), parts)
            store.put(made / f"{self.kind}.json", f"{name}/{self.kind}.json")
        return row

    def row_of(self, cell: Cell) -> Row | None:
        """Return the row of a cell that is done, as the store says; else None."""
        told = self._told(cell)
        return None if told is None else dict(told[0]["row"])

    def take(self, cell: Cell, place: Place) -> Row | None:
        """Take the parts of a cell into the run's directory; None: it is not done, or was not kept as it was put."""
        folder, marker = place.parts / cell.id, place.parts / cell.id / f"{self.kind}.json"
        if (done := vouched(place, marker)) is not None:
            return dict(done["row"])
        if (told := self._told(cell)) is None:
            return None
        done, content = told
        # From here on the parts may be of two times: the row that vouches for them goes first.
        marker.unlink(missing_ok=True)
        try:
            for name, expected in done["parts"].items():
                self.inputs.store.take(f"{self.folder}/{cell.id}/{name}", folder / name, expected)
        except Damaged:
            self.inputs.store.remove([f"{self.folder}/{cell.id}/{self.kind}.json"])
            return None
        write_whole(marker, content)
        return dict(done["row"])

    def _told(self, cell: Cell) -> tuple[dict[str, Any], bytes] | None:
        """Return what the row of a cell in the store says, and its bytes; None: there is none that may be believed."""
        content = self.inputs.store.read(f"{self.folder}/{cell.id}/{self.kind}.json")
        done = None if content is None else state_of(content)
        if content is None or done is None or done.get("key") != self.key:
            return None
        return (done, content) if all(map(_PART.fullmatch, done["parts"])) else None


def assess_in_store(
    task: InStore,
    cells: Sequence[Cell],
    place: Place,
    *,
    names: Sequence[str],
    on_workers: Callable[..., Sequence[Row | TooLarge]],
    on_done: OnDone,
) -> list[Row | TooLarge]:
    """Assess cells on workers and take their parts; return their rows, in the order of the cells.

    Of a cell that did not fit in the memory of its worker that is returned.

    Parameters
    ----------
    task
        What workers do with each.
    cells, names
        All cells of a kind, and what their tasks are called. What stands in the run's directory or in the store, done,
        is taken.
    place
        The run's own directory.
    on_workers
        :func:`flexsites.runs.parallel.map_cells`, told where.
    on_done
        Told how many are done.

    Raises
    ------
    RunError
        If parts come back from the store damaged, however often.
    """
    named, taken = dict(zip(cells, names, strict=True)), dict[Cell, Row | TooLarge]()
    waiting = list(cells)
    for n_round in range(_ROUNDS + 1):
        waiting = [cell for cell in cells if cell not in taken]
        rows = at_once(lambda cell: task.take(cell, place), waiting)
        taken |= {cell: row for cell, row in zip(waiting, rows, strict=True) if row is not None}
        on_done(n_done := len(taken))
        waiting = [cell for cell in waiting if cell not in taken]
        if not waiting:
            return [taken[cell] for cell in cells]
        if n_round < _ROUNDS:
            tasks = [named[cell] for cell in waiting]
            told = on_workers(task, waiting, names=tasks, on_done=lambda n, before=n_done: on_done(before + n))
            taken |= {cell: one for cell, one in zip(waiting, told, strict=True) if isinstance(one, TooLarge)}
    ids = [cell.id for cell in waiting]
    what = "parts in the store are not what the cells put there"
    remedy = "check the store, and continue with --resume"
    raise RunError(Fault(what, f"{task.inputs.store.shown}/{task.folder}", remedy, len(ids), ids))


def stored(assess: Assess, kind: str, inputs: Published, place: Place, options: Options) -> InStore:
    """Return how the cells of a kind are assessed through the store of the options."""
    folder = f"{_folder_of(place.directory, options)}/parts/{place.parts.name}"
    return InStore(assess, kind, inputs, folder, place.run_id, place.key)


def publish_inputs(inputs: Prepared, place: Place, options: Options) -> Published:
    """Put the inputs of a run into its store; without ``resume``, no part of the run's key stays there."""
    store = Store(options.store)
    if not options.resume:
        store.remove(store.names(f"{_folder_of(place.directory, options)}/parts/{place.parts.name}"))
    return publish(inputs, store)


def results_at(directory: Path, options: Options) -> str:
    """Return where the results of a run stand in its store, as it may be told."""
    return f"{Store(options.store).shown.rstrip('/')}/{_folder_of(directory, options)}"


def publish_results(directory: Path, options: Options) -> None:
    """Put the results of a finished run into the store, its manifest last.

    What an earlier run put there and this one has not is removed; while the manifest is away it is no finished run.
    """
    store, folder = Store(options.store), _folder_of(directory, options)
    wanted = digests_of([directory / name for name in own_files(directory) if (directory / name).is_file()], directory)
    store.remove([f"{folder}/{MANIFEST}"])
    names = sorted(set(wanted) - {MANIFEST})
    at_once(lambda name: store.put(directory / name, f"{folder}/{name}"), names)
    kept = {f"{folder}/{name}" for name in wanted}
    store.remove([one for one in store.names(folder) if one not in kept and "/parts/" not in one.removeprefix(folder)])
    store.put(directory / MANIFEST, f"{folder}/{MANIFEST}")


def _folder_of(directory: Path, options: Options) -> str:
    return directory.resolve().relative_to(options.outputs.resolve()).as_posix()
