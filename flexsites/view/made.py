"""What the viewer makes of a run and keeps beside it: used again only where it is what was written, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flexsites.digest import are_as_written, digests_of
from flexsites.tables.run_directory import adding
from flexsites.tables.whole_files import read_state, whole_file, write_state


def is_made(path: Path) -> bool:
    """Return whether a file is there as it was made; one that is not vouched for is made anew."""
    known = read_state(_memory(path))
    return known is not None and are_as_written(known["files"], path.parent)


@contextmanager
def making(directory: Path, path: Path) -> Iterator[Path]:
    """Yield a temporary name that becomes the path, a file of the run in the directory, and is vouched for."""
    path.parent.mkdir(exist_ok=True)
    with adding(directory):
        with whole_file(path) as temporary:
            yield temporary
        write_state(_memory(path), {"files": digests_of([path], path.parent)})


def _memory(path: Path) -> Path:
    return path.with_suffix(".json")
