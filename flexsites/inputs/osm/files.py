"""An OpenStreetMap file as such: whatever is wrong with it is told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import osmium

from flexsites.errors import Fault, FlexsitesError, InputError

_DELETED = re.compile(rb"""\baction\s*=\s*["']delete["']""")
_LONGEST = 30


@contextmanager
def reading(path: Path, source: str | None = None) -> Iterator[None]:
    """Tell in words why a file cannot be read as OpenStreetMap; every reader of one works within this.

    Parameters
    ----------
    path
        The file.
    source
        The source it is read for, to name beside it: one file serves many.

    Raises
    ------
    InputError
        Instead of what osmium raises; also for an empty file, and for one that holds a history: of every street each
        version would count.
    """
    where = str(path) if source is None else f"{source}: {path}"
    try:
        if path.stat().st_size == 0:
            raise InputError(Fault("the file is empty", where, "give a complete .osm.pbf file"))
        _refuse_history(path, where)
        _refuse_deleted(path, where)
        yield
    except FlexsitesError:
        raise
    except (RuntimeError, OSError, ValueError, OverflowError, osmium.InvalidLocationError) as error:
        fault = Fault(f"cannot be read as OpenStreetMap ({error})", where, "give a complete .osm.pbf file")
        raise InputError(fault) from error


def _refuse_deleted(path: Path, where: str) -> None:
    """Refuse what an editor wrote down and did not upload: what is deleted in it still stands in the file."""
    if path.suffix.lower() != ".osm":
        return
    n_deleted, tail = 0, b""
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            n_deleted += len(_DELETED.findall(tail + chunk))
            tail = chunk[-_LONGEST:]
            n_deleted -= len(_DELETED.findall(tail))  # counted again with what follows
        n_deleted += len(_DELETED.findall(tail))
    if n_deleted:
        what = "the file is of an editor (JOSM) and holds elements that were deleted in it"
        raise InputError(Fault(what, where, "upload or purge them, save anew, and export that", n_deleted))


def _refuse_history(path: Path, where: str) -> None:
    # Of a reader of nothing only the header is read; any other begins to unpack the whole file beside us.
    reader = osmium.io.Reader(str(path), osmium.osm.NOTHING)
    try:
        is_history = reader.header().has_multiple_object_versions
    finally:
        reader.close()
    if is_history:
        remedy = "cut one moment out of it (osmium time-filter), or give an ordinary extract"
        raise InputError(Fault("the file holds the history of the map, not one state of it", where, remedy))
