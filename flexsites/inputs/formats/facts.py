"""What is known of a file that was fetched: when, which edition, how many rows, of which window; kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from flexsites.tables.spatial_files import Bounds
from flexsites.tables.whole_files import read_state, write_state


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fetch tells of the file that it gave.

    Attributes
    ----------
    time
        When it was fetched, in UTC.
    etag, last_modified
        The edition, as the service stated it; null: it stated none.
    n_rows
        How many features or rows there are; null: only reading tells.
    n_bytes_sent
        How many bytes travelled, where that is not the length of the file; null: it is.
    window
        The window that was asked, in RD New; null: the whole.
    columns
        The columns that were asked; null: all.
    notes
        What a reader of the results should know.
    """

    time: str
    etag: str | None = None
    last_modified: str | None = None
    n_rows: int | None = None
    n_bytes_sent: int | None = None
    window: Bounds | None = None
    columns: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def facts_path(path: Path) -> Path:
    """Return where the facts of a file are kept."""
    return path.with_name(f"{path.name}.facts.json")


def keep_facts(path: Path, facts: Facts) -> None:
    """Keep what is known of a file beside it, with its length: another file in its place is not known."""
    write_state(facts_path(path), {"length": path.stat().st_size, **asdict(facts)})


def facts_of(path: Path) -> Facts | None:
    """Return what is known of a file; None: nothing is, or it was written by another version."""
    try:
        known = read_state(facts_path(path))
    except NotADirectoryError:
        return None  # a path into a zip
    if known is None or not path.exists() or known.pop("length", None) != path.stat().st_size:
        return None
    return _read(known) if {field.name for field in fields(Facts)} == set(known) else None


def is_empty_answer(path: Path) -> bool:
    """Return whether a service was asked, and had nothing in the window: then nothing is there, and that is known."""
    known = facts_of(path)
    return known is not None and known.n_rows == 0


def _read(known: Mapping[str, Any]) -> Facts:
    lists: dict[str, Any] = {
        name: tuple(known[name]) for name in ("window", "columns", "notes") if known.get(name) is not None
    }
    return Facts(**(dict(known) | lists))
