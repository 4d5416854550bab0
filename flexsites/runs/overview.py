"""What runs stand in a folder of results, how far each is, and how one is cleared away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from flexsites.errors import Fault, InputError
from flexsites.tables.manifest import MANIFEST
from flexsites.tables.run_directory import OWN_FILES, alone, clear, is_held

State = Literal["finished", "running", "stopped"]
_RUN_FILE = "run.yaml"
_BELOW = ("*", "*/*", "*/*/*")
"""Where runs lie below a pipeline's folder, a folder of results, and the folder above that."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A run as it stands.

    Attributes
    ----------
    directory
        Where.
    state
        ``finished``; ``running``: a process holds it; ``stopped``: it did not finish, and may be resumed.
    n_bytes
        What it takes on disk.
    changed
        When its manifest, or else its run file, was written.
    """

    directory: Path
    state: State
    n_bytes: int
    changed: datetime

    @property
    def name(self) -> str:
        """Pipeline and run id."""
        return f"{self.directory.parent.name}/{self.directory.name}"


def runs_in(folder: Path) -> list[Standing]:
    """Return the runs in a folder of results, or the one that the folder is, the last changed first.

    A folder of results has a folder per pipeline; one of these, and the folder above, are looked through as well.

    Raises
    ------
    InputError
        When there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(Fault("no such folder", str(folder), "give the folder that runs write to (--outputs)"))
    places = [folder] if _is_run(folder) else [one for depth in _BELOW for one in folder.glob(depth) if _is_run(one)]
    found = [_standing(one) for one in places]
    return sorted(found, key=lambda one: (one.changed, one.name), reverse=True)


def reset(directory: Path, *, keeps_results: bool) -> int:
    """Remove what runs wrote in a directory, and return how many bytes that gives back; what others put there stays.

    Parameters
    ----------
    directory
        The run's directory.
    keeps_results
        Remove only what a run keeps to go on with (prepared inputs, parts of cells): results stay as they are.

    Raises
    ------
    InputError
        When no run wrote there.
    RunError
        When a run is writing there.
    """
    if not directory.is_dir() or not _is_run(directory):
        raise InputError(Fault("no run wrote here", str(directory), "name the directory of one run"))
    before = _size(directory)
    with alone(directory):
        clear(directory, keeps_results=keeps_results)
    return before - (_size(directory) if directory.is_dir() else 0)


def _is_run(folder: Path) -> bool:
    return (folder / _RUN_FILE).is_file() and any((folder / one).exists() for one in (MANIFEST, OWN_FILES))


def _standing(directory: Path) -> Standing:
    is_finished = (directory / MANIFEST).exists()
    state: State = "running" if is_held(directory) else "finished" if is_finished else "stopped"
    told = directory / (MANIFEST if is_finished else _RUN_FILE)
    return Standing(directory, state, _size(directory), datetime.fromtimestamp(told.stat().st_mtime, tz=UTC))


def _size(directory: Path) -> int:
    return sum(one.stat().st_size for one in directory.rglob("*") if one.is_file() and not one.is_symlink())
