"""Files that were fetched for a run before it: found by its lock, and held to it to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flexsites.digest import sha256
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.windows import beyond, holds
from flexsites.tables.contract import Bounds
from flexsites.tables.lock import CACHE, Lock, Locked

SAYING_THEIR_BOX = ("overpass",)
"""Kinds of which the file itself says how far it reaches, and is read so: asked for the whole, it is what there is."""
_AGAIN = "`flexsites fetch --refresh` the run; or remove its lock, and files count as they are"


@dataclass(slots=True)
class Fetched:
    """What a run's lock says, and where its files are.

    Attributes
    ----------
    lock
        The lock.
    base
        The folder of the run file.
    cache
        The folder that runs share.
    used
        The entries that were asked for so far.
    """

    lock: Lock
    base: Path
    cache: Path
    used: dict[tuple[str, str], Locked] = field(default_factory=dict)

    def answer(
        self, source: str, question: str, window: Bounds | None, columns: tuple[str, ...] | None = None
    ) -> tuple[Path, ...] | None:
        """Return the files that answer a question; None: the lock has no such question.

        Raises
        ------
        InputError
            If they are not there, are not what was fetched, or are of too small a window or too few columns.
        """
        entry = next((one for one in self.lock.of(source) if one.question == question), None)
        if entry is None:
            return None
        is_as_far_as_it_says = window is None and entry.kind in SAYING_THEIR_BOX
        if not is_as_far_as_it_says and not holds(entry.window, window):
            what = f"what was fetched ends within what the run looks at ({beyond(entry.window, window)})"
            raise InputError(Fault(what, source, _AGAIN))
        if entry.columns is not None and (lacking := set(columns or ()) - set(entry.columns)):
            what = f"columns were not fetched that are asked now ({', '.join(sorted(lacking))})"
            raise InputError(Fault(what, source, _AGAIN))
        return self.files(entry)

    def file_at(self, question: str) -> Path | None:
        """Return the whole file of an address, whoever it was fetched for; None: it was not.

        Raises
        ------
        InputError
            If it is not there, or is not what was fetched.
        """
        fitting = [one for one in self.lock.sources if one.question == question and one.window is None]
        return self.files(fitting[0])[0] if fitting else None

    def files(self, entry: Locked) -> tuple[Path, ...]:
        """Return the files of an entry, held to it."""
        paths = tuple(self.path(name) for name in entry.files)
        for path, digest in zip(paths, entry.files.values(), strict=True):
            require_bytes(path, digest, source=entry.source, address=entry.address)
        self.used[entry.source, entry.question] = entry
        return paths

    def path(self, name: str) -> Path:
        """Return where a file of the lock is."""
        return self.cache / name.removeprefix(CACHE) if name.startswith(CACHE) else self.base / name

    def name(self, path: Path) -> str:
        """Return how the lock names a file."""
        for folder, prefix in ((self.cache, CACHE), (self.base, "")):
            if path.resolve().is_relative_to(folder.resolve()):
                return prefix + path.resolve().relative_to(folder.resolve()).as_posix()
        return str(path.resolve())

    def require_unchanged(self, source: str, paths: Sequence[str]) -> None:
        """Refuse a file of the user's folder that the lock knows, and that is not what was fetched.

        Raises
        ------
        InputError
            If it is another.
        """
        for entry in self.lock.of(source):
            known = {self.path(name).resolve() for name in entry.files}
            if any(Path(path).resolve() in known for path in paths):
                self.files(entry)


def require_bytes(path: Path, digest: str, *, source: str, address: str) -> None:
    """Refuse a file that is not there, or is not what was fetched.

    Raises
    ------
    InputError
        If so.
    """
    if not path.exists():
        what = f"what was fetched is not there ({path})"
        remedy = f"bring it there from {address}; or set FLEXSITES_CACHE to where it was fetched to; or {_AGAIN}"
        raise InputError(Fault(what, source, remedy))
    stat = path.stat()
    if (found := _sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)) != digest:
        what = f"{path.name} is not what was fetched: its SHA-256 is {found[:12]}, in the lock {digest[:12]}"
        raise InputError(Fault(what, source, _AGAIN))


@lru_cache(maxsize=1024)
def _sha256(path: Path, *_stamps: int) -> str:
    return sha256(path)
