"""The files of a GTFS feed, from a zip or a folder, as text columns; nothing is interpreted yet.

Rows with the wrong number of columns are left out and counted; a file that cannot be read is an error.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from flexsites.errors import Fault, InputError
from flexsites.tables import Frame


@dataclass(frozen=True)
class GtfsFiles:
    """The text files of one feed by name.

    Attributes
    ----------
    path
        The zip or folder.
    members
        Per file name (``stops.txt``) its place inside the zip or folder; a feed inside a subfolder is found too.
    findings
        Rows that were left out while reading: appended to by :func:`read_file`.
    """

    path: Path
    members: dict[str, str]
    findings: list[Fault] = field(default_factory=list)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open one of the files, in bytes."""
        if self.path.is_dir():
            with (self.path / self.members[name]).open("rb") as stream:
                yield stream
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.members[name]) as stream:
                yield stream


def list_files(path: Path) -> GtfsFiles:
    """Find the files of a feed.

    Raises
    ------
    InputError
        If the path is neither a folder nor a readable zip, or holds no ``.txt`` file.
    """
    where, remedy = str(path), "give a GTFS zip, or the folder of its .txt files"
    if not path.exists():
        raise InputError(Fault("there is no such file or folder", where, remedy))
    if path.is_dir():
        names = sorted(str(p.relative_to(path)) for p in path.rglob("*.txt"))
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                names = sorted(name for name in archive.namelist() if name.endswith(".txt"))
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(Fault(f"not a readable zip ({error})", where, remedy)) from error
    members: dict[str, str] = {}
    for name in sorted(names, key=lambda n: (n.count("/"), n)):
        members.setdefault(Path(name).name.lower(), name)
    if not members:
        raise InputError(Fault("holds no .txt file", where, remedy))
    return GtfsFiles(path, members)


def _header(stream: IO[bytes]) -> list[str]:
    """Return the column names: no byte-order mark, no stray spaces, lower case."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    first = text.readline()
    text.detach()  # the stream is its opener's to close
    return [name.strip().lower() for name in next(csv.reader([first]), [])]


def read_file(
    files: GtfsFiles,
    name: str,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    coded: tuple[str, ...] = (),
) -> pa.Table:
    """Read columns of a file as text; a blank is null, an optional column that is absent is all null.

    Parameters
    ----------
    files
        The feed; rows left out are noted in its findings.
    name
        The file, e.g. ``stop_times.txt``.
    required, optional
        The columns wanted.
    coded
        Those to keep as dictionaries (a number per distinct text), for files of millions of rows.

    Raises
    ------
    InputError
        If the file or a required column is missing, or the text is not UTF-8.
    """
    where = f"{files.path.name}: {name}"
    if name not in files.members:
        raise InputError(Fault("the file is missing", where, "a GTFS feed needs it"))
    try:
        with files.open(name) as stream:
            columns = _header(stream)
        _require_columns(columns, required, where)
        with files.open(name) as stream:
            table, skipped = _parse(stream, columns, tuple(c for c in (*required, *optional) if c in columns), coded)
    except (pa.ArrowInvalid, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "mend the file; GTFS is CSV in UTF-8")) from error
    if skipped:
        what = "rows with the wrong number of columns, left out"
        files.findings.append(Fault(what, where, "mend these lines", len(skipped), tuple(skipped[:3])))
    for column in optional:
        if column not in columns:
            table = table.append_column(column, pa.nulls(len(table), pa.string()))
    return table


def _require_columns(columns: list[str], required: tuple[str, ...], where: str) -> None:
    missing = [column for column in required if column not in columns]
    if missing:
        raise InputError(Fault(f"columns missing: {', '.join(missing)}", where, "a GTFS feed needs them"))
    double = sorted({column for column in columns if columns.count(column) > 1})
    if double:
        raise InputError(Fault(f"columns named twice: {', '.join(double)}", where, "name every column once"))


def _parse(
    stream: IO[bytes], columns: list[str], wanted: tuple[str, ...], coded: tuple[str, ...]
) -> tuple[pa.Table, list[str]]:
    skipped: list[str] = []

    def leave_out(row: pa.csv.InvalidRow) -> str:
        if row.text.strip():
            skipped.append(f"{row.actual_columns} columns instead of {row.expected_columns}: {row.text[:40]}")
        return "skip"

    text = pa.string()
    types = {column: pa.dictionary(pa.int32(), text) if column in coded else text for column in wanted}
    table = pa.csv.read_csv(
        stream,
        read_options=pa.csv.ReadOptions(column_names=columns, skip_rows=1, block_size=1 << 24),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=leave_out),
        convert_options=pa.csv.ConvertOptions(
            column_types=types, include_columns=list(wanted), strings_can_be_null=True, null_values=[""]
        ),
    )
    return table.unify_dictionaries().combine_chunks(), sorted(skipped)


def text_frame(table: pa.Table) -> Frame:
    """Return a small table as a frame of stripped text; a blank is null."""
    frame = pd.DataFrame({name: table[name].to_pandas().astype("str") for name in table.column_names})
    for name in frame.columns:
        stripped = frame[name].str.strip()
        frame[name] = stripped.mask(stripped == "")
    return frame


def clock_seconds(text: str | None) -> int:
    """Return seconds after the start of the service day; -1 for a blank, -2 for what is no time.

    Times past 24:00 belong to the night after the service day.

    Examples
    --------
    >>> clock_seconds("25:10:00"), clock_seconds(" 7:05:30"), clock_seconds(""), clock_seconds("7h")
    (90600, 25530, -1, -2)
    """
    if text is None or not text.strip():
        return -1
    parts = text.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - H:M:S
        return -2
    hours, minutes, seconds = (int(part) for part in parts)
    return hours * 3600 + minutes * 60 + seconds if minutes < 60 and seconds < 60 else -2  # noqa: PLR2004 - clock
