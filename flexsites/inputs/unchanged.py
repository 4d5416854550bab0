"""Whether a run's sources are still what a finished run read: told by their hashes, without reading them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from flexsites.config.source_rows import FileRow
from flexsites.config.sources import Sources
from flexsites.errors import InputError
from flexsites.inputs.formats.files import Places, is_remote, locate
from flexsites.inputs.rows.records import Hashes


def changed_sources(sources: Sources, digests: Mapping[str, str], *, places: Places, memory: Path) -> Iterator[str]:
    """Give the names of sources whose files on this machine are no longer those that were read.

    What is remote counts as it was read: to ask for it again is to read it again.

    Parameters
    ----------
    sources
        The sources of the run.
    digests
        By source that was read the SHA-256 that the finished run tells of its files.
    places
        Where their paths lead.
    memory
        A file that remembers the hashes of files by their size and times.
    """
    hashes = Hashes(memory)
    for name, row in sources.rows().items():
        if name not in digests or not isinstance(row, FileRow) or any(is_remote(path) for path in row.paths):
            continue
        try:
            found = hashes.of(tuple(locate(path, places, where=name) for path in row.paths))
        except (InputError, OSError):
            found = ""
        if found != digests[name]:
            yield name
