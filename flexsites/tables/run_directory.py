"""The directory of a run: held by one run at a time, its own files known, finished when its manifest stands there.

A run that starts sets the manifest aside and writes it last: what stands there meanwhile is no finished run. It removes
only files that it, or an earlier run, wrote there itself, and only once it has replaced what it could.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from flexsites.digest import digests_of
from flexsites.errors import Fault, RunError
from flexsites.tables.manifest import MANIFEST, Manifest, write_manifest
from flexsites.tables.whole_files import noted, write_whole

HELD = ".held"
"""The file in a run's directory by which the run that writes there holds it."""

OWN_FILES = ".own_files"
"""The file in a run's directory that lists what runs wrote there: a name per line, relative to it."""

_SET_ASIDE = ".manifest.json"
_STATE = ("canonical", "parts", "world")
"""Folders that are a run's alone: what they hold is remembered by its own hashes, and listed nowhere."""

_HALF_WRITTEN = re.compile(r"\..+\.\d+\.part")

_holdings: dict[Path, Holding] = {}


@dataclass(slots=True)
class Holding:
    """A directory that this process holds.

    Attributes
    ----------
    directory
        The directory.
    manifest
        That of the run that is on its way; null: nothing can be told yet.
    earlier
        The files that runs wrote there before.
    written
        Those that this run wrote.
    before
        The hashes of the tables that the earlier run finished with; empty: none did.
    """

    directory: Path
    manifest: Manifest | None = None
    earlier: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    before: Mapping[str, str] = field(default_factory=dict)

    def set_aside(self) -> None:
        """Take the manifest away: from here on the directory is not that of a finished run."""
        with suppress(FileNotFoundError):
            (self.directory / MANIFEST).replace(self.directory / _SET_ASIDE)

    def note(self, temporary: Path, path: Path) -> None:
        """Note that a file is about to get its name; the first table that differs makes the old manifest untrue."""
        if self.directory not in path.parents:
            return
        name = path.relative_to(self.directory)
        if any(part.startswith(".") for part in name.parts) or name.parts[0] in ("parts", "world"):
            return
        aside = self.directory / _SET_ASIDE
        if path.suffix == ".parquet" and aside.exists():
            is_same = path.is_file() and filecmp.cmp(temporary, path, shallow=False)
            if not is_same:
                aside.unlink(missing_ok=True)
        if name.parts[0] not in _STATE and name.as_posix() not in self.written:
            self.written.add(name.as_posix())
            with (self.directory / OWN_FILES).open("a", encoding="utf-8") as listed:
                listed.write(f"{name.as_posix()}\n")

    def finish(self) -> None:
        """Write the manifest, last; before it, remove what earlier runs wrote and this one left, if results changed.

        Raises
        ------
        RunError
            If the run has no manifest.
        """
        if self.manifest is None:
            raise RunError(Fault("no manifest", str(self.directory), "finish the run first, with --resume"))
        tables = digests_of(
            (self.directory / name for name in self.written if name.endswith(".parquet")), self.directory
        )
        inputs = digests_of(_inputs(self.directory), self.directory)
        kept = self.earlier
        if tables != self.before:
            for name in sorted(self.earlier - self.written):
                _remove(self.directory, name)
            kept = set()
        own = "".join(f"{name}\n" for name in sorted({*kept, *self.written, MANIFEST}))
        write_whole(self.directory / OWN_FILES, own.encode())
        write_manifest(self.manifest.model_copy(update={"tables": tables, "inputs": inputs}), self.directory)
        (self.directory / _SET_ASIDE).unlink(missing_ok=True)

    def give_back(self) -> None:
        """Put the manifest back, if it is still true: the run ended before it changed what results tell."""
        with suppress(FileNotFoundError):
            (self.directory / _SET_ASIDE).replace(self.directory / MANIFEST)


@contextmanager
def alone(directory: Path) -> Iterator[Holding]:
    """Hold a directory for as long as the block lasts, so that no second run writes into it.

    The system lets go of it when the process ends, however that ends: a killed run stands in nobody's way. What it left
    half written is removed.

    Raises
    ------
    RunError
        If another process, or another part of this one, holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    held = FileLock(directory / HELD)
    try:
        held.acquire(blocking=False)
    except Timeout as error:
        remedy = "wait until it has ended, or give another --outputs"
        raise RunError(Fault("another run is writing here", str(directory), remedy)) from error
    holding = Holding(directory, earlier=own_files(directory), before=_finished_with(directory))
    _holdings[directory.resolve()] = holding
    try:
        _remove_half_written(directory)
        with noted(holding.note):
            yield holding
    finally:
        holding.give_back()
        del _holdings[directory.resolve()]
        held.release()


@contextmanager
def lent(holding: Holding) -> Iterator[None]:
    """Write into a directory that another process holds, as its worker: by a copy of its holding, which notes it all.

    Who holds it waits, and notes afterwards what the copy tells was written.
    """
    directory = holding.directory.resolve()
    _holdings[directory] = holding
    try:
        with noted(holding.note):
            yield
    finally:
        del _holdings[directory]


@contextmanager
def adding(directory: Path) -> Iterator[None]:
    """Note files that are added to a finished run, without holding it: a later run may remove them as its own."""
    holding = Holding(directory, written=own_files(directory))
    with noted(holding.note):
        yield


def holding_of(directory: Path) -> Holding | None:
    """Return how this process holds a directory; None: it does not."""
    return _holdings.get(directory.resolve())


def is_held(directory: Path) -> bool:
    """Return whether some process holds a directory."""
    if holding_of(directory) is not None:
        return True
    if not (directory / HELD).is_file() or not os.access(directory / HELD, os.W_OK):
        return False
    held = FileLock(directory / HELD)
    try:
        held.acquire(blocking=False)
    except Timeout:
        return True
    held.release()
    return False


def clear(directory: Path, *, keeps_results: bool) -> None:
    """Remove the state of a run, and its results too if asked; for who holds the directory.

    Only what runs listed as theirs, and the folders that are a run's alone: a file that somebody put there stays.
    """
    for name in _STATE:
        shutil.rmtree(directory / name, ignore_errors=True)
    if keeps_results:
        return
    for name in sorted(own_files(directory)):
        _remove(directory, name)
    for name in (MANIFEST, _SET_ASIDE, OWN_FILES):
        (directory / name).unlink(missing_ok=True)


def _inputs(directory: Path) -> list[Path]:
    """Return the files that those who read a finished run read beside its tables of results."""
    resolved, canonical = directory / "run.yaml", directory / "canonical"
    prepared = [one for one in canonical.rglob("*.parquet") if one.relative_to(canonical).parts[0] != "scratch"]
    return [*([resolved] if resolved.is_file() else []), *prepared]


def own_files(directory: Path) -> set[str]:
    """Return the names of the files that runs wrote in a directory, within it; none where the list is lost."""
    try:
        names = (directory / OWN_FILES).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return set()
    return {name for name in names if name.isprintable() and name and _is_within(Path(name))}


def _is_within(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts


def _finished_with(directory: Path) -> Mapping[str, str]:
    """Return the hashes of the tables that the run in a directory finished with; nothing where none did."""
    for name in (MANIFEST, _SET_ASIDE):
        try:
            return Manifest.model_validate_json((directory / name).read_bytes()).tables
        except (FileNotFoundError, ValidationError):
            continue
    return {}


def _remove(directory: Path, name: str) -> None:
    """Remove a file, and the folders that are empty then."""
    path = directory / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == directory:
            return
        with suppress(OSError):  # not empty: it holds something of others
            folder.rmdir()


def _remove_half_written(directory: Path) -> None:
    """Remove what a killed run left half written, by the names that are given to nothing else.

    Only for who holds the directory: the names may be those of another run's files. What archives held is unpacked in
    ``scratch``, under names of others' choosing: that is left alone, as are hidden folders.
    """
    for folder, folders, files in os.walk(directory):
        half = [name for name in folders if _HALF_WRITTEN.fullmatch(name)]
        for name in half:
            shutil.rmtree(Path(folder, name))
        folders[:] = [name for name in folders if name != "scratch" and not name.startswith(".")]
        for name in files:
            if _HALF_WRITTEN.fullmatch(name):
                Path(folder, name).unlink()
