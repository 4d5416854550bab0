"""The lock of a run: what was fetched for it, from where, when, which edition and bytes; read by whoever needs it.

It stands beside the run file (`RUN.lock.json`). Files within its folder are named from there; those in the cache that
runs share, as `cache:NAME`, so that both can be carried to a machine without internet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from flexsites.config.base import Model
from flexsites.errors import Fault, InputError
from flexsites.tables.contract import Bounds
from flexsites.tables.whole_files import write_json

CACHE = "cache:"


class Locked(Model):
    """What was fetched for one source, from one address."""

    source: str
    """The source's dotted name in the run."""
    question: str
    """What was asked, as a digest: another address, collection or filter is another question."""
    kind: str
    """How it was fetched: the reader or the kind of door."""
    address: str
    """From where, without keys."""
    time: str
    """When, in UTC."""
    edition: str
    """The edition: as the service states it (its ETag, or when it was last modified), else the day of the fetch."""
    etag: str | None = None
    """The ETag; left out: the service gave none."""
    rows: int | None = None
    """How many features or rows; left out: only reading tells."""
    n_bytes: int = 0
    """How long the files are."""
    n_bytes_sent: int | None = None
    """How many bytes travelled, where that is not their length."""
    window: Bounds | None = None
    """The window that was asked, in RD New; left out: the whole."""
    columns: tuple[str, ...] | None = None
    """The columns that were asked; left out: all."""
    files: Mapping[str, str]
    """The files, each with its SHA-256."""
    notes: tuple[str, ...] = ()
    """What a reader of the results should know."""


class Lock(Model):
    """All that was fetched for a run."""

    flexsites_version: str = ""
    """The version that fetched last."""
    sources: tuple[Locked, ...] = ()
    """One entry per source and address."""

    def of(self, source: str) -> tuple[Locked, ...]:
        """Return the entries of a source."""
        return tuple(one for one in self.sources if one.source == source)

    def with_entry(self, entry: Locked) -> Lock:
        """Return the lock with an entry in the place of the one for the same source and question."""
        kept = [one for one in self.sources if (one.source, one.question) != (entry.source, entry.question)]
        found = sorted([*kept, entry], key=lambda one: (one.source, one.question))
        return self.model_copy(update={"sources": tuple(found)})


def lock_path(run_file: Path) -> Path:
    """Return where the lock of a run stands.

    Examples
    --------
    >>> lock_path(Path("ede/run.yaml")).as_posix()
    'ede/run.lock.json'
    """
    return run_file.with_name(f"{run_file.stem}.lock.json")


def read_lock(path: Path) -> Lock:
    """Return a lock; an empty one where there is none.

    Raises
    ------
    InputError
        If it is not as this version writes it.
    """
    try:
        return Lock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Lock()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        remedy = "remove it, and `flexsites fetch` again"
        raise InputError(Fault(f"{where} is not as a lock has it ({first['msg']})", str(path), remedy)) from error


def write_lock(lock: Lock, path: Path) -> None:
    """Write a lock, whole or not at all."""
    write_json(path, lock.model_dump(mode="json", exclude_none=True))
