"""What was assessed ahead, kept beside the run: at its next opening nothing of it is assessed again.

It is a help, not a need: what cannot be read, or is not what was written for this run by this code, is no answer and is
assessed anew; where nothing can be written nothing is kept. It holds tables and no objects: a run may come from others.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from flexsites.config.readings import Reading
from flexsites.digest import code_digest, digest, sha256
from flexsites.finished.assessed import ASSESSED
from flexsites.finished.partner import Share
from flexsites.tables.arrow import to_arrow, to_frame
from flexsites.tables.manifest import MANIFEST
from flexsites.tables.run_directory import adding
from flexsites.tables.versions import computed_by
from flexsites.tables.whole_files import write_whole

__all__ = ["Stored", "packed", "unpacked"]

_CODE = "flexsites.finished.by_gemeente"
"""What assesses: this module and all that it imports."""

_ENDING = ".ahead"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


def packed(share: Share) -> bytes:
    """Return a share as bytes."""
    is_mine, tables = share
    told = {name: [_bytes_of(to_arrow(tables[name], table))] for name, table in ASSESSED.items()}
    return _bytes_of(pa.table({"is_mine": [is_mine.tolist()], **told}))


def unpacked(content: bytes) -> Share:
    """Return the share that `packed` packed."""
    (row,) = _rows_of(content).to_pylist()
    tables = {name: to_frame(_rows_of(row[name])) for name in ASSESSED}
    return np.array(row["is_mine"], dtype=bool), tables


@dataclass(frozen=True)
class Stored:
    """The answers that are kept of one state of a run.

    Attributes
    ----------
    directory
        The run.
    folder
        Where they stand in it.
    base
        The reading of the run itself.
    mark
        Of the run, of the code that assesses, and of the libraries that compute: what others made is no answer.
    """

    directory: Path
    folder: Path
    base: Reading
    mark: str

    @classmethod
    def of(cls, directory: Path, folder: Path, base: Reading) -> Stored | None:
        """Return what is kept of a run; None: it is not finished. What was kept of another state of it is removed."""
        try:
            made_of = [sha256(directory / MANIFEST), code_digest(_CODE), computed_by()]
        except OSError:
            return None
        found = cls(directory, folder, base, digest(made_of))
        with suppress(OSError):
            for path in folder.glob(f"*{_ENDING}"):
                if not path.name.startswith(found._prefix):
                    path.unlink()
        return found

    def read(self, reading: Reading) -> bytes | None:
        """Return the packed share of a reading; None: it is not there, or is not what was written."""
        if (key := self._key(reading)) is None:
            return None
        try:
            written = self._path(key).read_bytes()
        except OSError:
            return None
        seal, content = written[:_SEAL], written[_SEAL:]
        return content if seal == _seal(key, content) else None

    def write(self, reading: Reading, content: bytes) -> None:
        """Keep the packed share of a reading, whole or not at all, where the folder can be written to and has room."""
        if (key := self._key(reading)) is None:
            return
        with suppress(OSError), adding(self.directory):
            write_whole(self._path(key), _seal(key, content) + content)

    def _key(self, reading: Reading) -> str | None:
        """Return what tells a reading from others of this run; None: other things than rules differ, none is kept."""
        if {path.partition(".")[0] for path in reading.leaves_otherwise(self.base)} - {"rules"}:
            return None
        return digest([self.mark, reading.id, [rule.model_dump(mode="json") for rule in reading.rules]])

    def _path(self, key: str) -> Path:
        return self.folder / f"{self._prefix}{key[:16]}{_ENDING}"

    @property
    def _prefix(self) -> str:
        return f"{self.mark[:16]}-"


_SEAL = 32


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).digest()


def _bytes_of(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as stream:
        stream.write_table(rows)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _rows_of(content: bytes) -> pa.Table:
    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()
