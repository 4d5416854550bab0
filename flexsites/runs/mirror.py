"""Prepared inputs in a store: put there once by the run, mirrored once on every machine that works for it.

In the store stand::

    inputs/<ab>/<sha256>     each file under its own hash, so that what two preparations share is put and taken once
    inputs/<sha256>.json     the files of one preparation: their names and hashes; named by its own hash
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from flexsites.compiled import user_cache
from flexsites.digest import are_as_written, digest, digests_of
from flexsites.errors import Fault, RunError
from flexsites.inputs.prepared import Prepared
from flexsites.runs.store import Damaged, Store, at_once
from flexsites.tables.whole_files import take_over

_NOT_READ = ("scratch", "quarantine")
"""Folders of prepared inputs that no cell reads; all else is put there, so that nothing is taken for absent."""
_NAME_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Published:
    """Prepared inputs that stand in a store; it travels to workers.

    Attributes
    ----------
    store
        Where.
    name
        The hash of the list of its files.
    inputs
        As prepared, with paths relative to wherever they are mirrored: nothing of the run's own disk is named.
    """

    store: Store
    name: str
    inputs: Prepared

    def here(self) -> Prepared:
        """Return the inputs as this machine has them; what it lacks is taken from the store.

        Raises
        ------
        RunError
            If the store has not what was put.
        """
        root, inputs = _mirrored(self.store, self.name), self.inputs
        return replace(
            inputs,
            directory=root,
            tables={name: root / path for name, path in inputs.tables.items()},
            layers={key: None if path is None else root / path for key, path in inputs.layers.items()},
        )


def publish(inputs: Prepared, store: Store) -> Published:
    """Put what cells read into a store, as far as it is not there."""
    root = inputs.directory
    files = digests_of(_read_by_cells(root), root)
    named = {expected: root / name for name, expected in files.items()}  # two of one content are one object
    at_once(lambda expected: store.put_if_absent(named[expected], _object(expected)), named)
    name = digest(files)
    store.write(f"inputs/{name}.json", json.dumps(files, sort_keys=True).encode())
    relative = replace(
        inputs,
        directory=Path(),
        tables={name: path.relative_to(root) for name, path in inputs.tables.items()},
        layers={key: None if path is None else path.relative_to(root) for key, path in inputs.layers.items()},
        records=(),
        warnings=(),
        fetched=(),
    )
    return Published(store, name, relative)


def mirrors_folder() -> Path:
    """Return where this machine keeps mirrors, which may be removed: in FLEXSITES_CACHE, else the user's cache."""
    named = os.environ.get("FLEXSITES_CACHE")
    return (Path(named) if named else user_cache() / "flexsites") / "mirrors"


@lru_cache(maxsize=8)
def _mirrored(store: Store, name: str) -> Path:
    """Mirror a preparation, one process of this machine at a time; each process checks once what stands there."""
    folder = mirrors_folder()
    root = folder / name[:_NAME_LENGTH]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{root.name}.lock"):
        files = _files_of(store, name)
        lacking = [one for one, expected in files.items() if not are_as_written({one: expected}, root)]
        objects = folder / "objects"
        at_once(lambda expected: _bring(store, expected, objects), {files[one] for one in lacking})
        for one in lacking:
            take_over(objects / files[one], root / one)
    return root


def _bring(store: Store, expected: str, objects: Path) -> None:
    """Take one file from the store; one that is here already, of another preparation or name, is not taken twice."""
    if are_as_written({expected: expected}, objects):
        return
    try:
        store.take(_object(expected), objects / expected, expected)
    except Damaged as error:
        what = "a prepared input in the store is gone, or is not what was put there"
        remedy = "remove it there, and continue with --resume: it is put again"
        raise RunError(Fault(what, f"{store.shown}/{error}", remedy)) from error


def _files_of(store: Store, name: str) -> dict[str, str]:
    try:
        files: dict[str, str] = json.loads(store.read(f"inputs/{name}.json") or b"null")
    except ValueError:
        files = {}
    if digest(files) != name:
        what = "the list of prepared inputs in the store is gone, or is not what was put there"
        remedy = "continue with --resume: it is put again"
        raise RunError(Fault(what, f"{store.shown}/inputs/{name}.json", remedy))
    return files


def _object(expected: str) -> str:
    return f"inputs/{expected[:2]}/{expected}"


def _read_by_cells(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*"):
        parts = path.relative_to(directory).parts
        if path.is_file() and parts[0] not in _NOT_READ and not any(part.startswith(".") for part in parts):
            yield path
