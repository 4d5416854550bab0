"""The files of a GTFS feed, from a zip or a folder, as text columns; nothing is interpreted yet.

Rows with the wrong number of columns are left out and counted; a file that cannot be read is an error.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from flexsites.errors import Fault, InputError
from flexsites.tables import Frame

# What opening or reading a zip may raise besides its own error: a password, a method or a checksum that is not known.
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, RuntimeError, NotImplementedError, zlib.error, EOFError)
_JUNK = "__macosx"
_WEEK_H, _DIGITS = 168, 4


@dataclass(frozen=True)
class GtfsFiles:
    """The text files of one feed by name.

    Attributes
    ----------
    path
        The zip or folder.
    members
        Per file name (``stops.txt``) its place inside the zip or folder; a feed inside a subfolder is found too.
    inner
        The zip within the zip or folder that holds them; null: they lie there themselves.
    findings
        Rows that were left out while reading: appended to by :func:`read_file`.
    faults
        What makes the feed unusable, of all its files: appended to by readers, raised together.
    """

    path: Path
    members: dict[str, str]
    inner: str | None = None
    findings: list[Fault] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def where(self, name: str) -> str:
        """Return how a file of the feed is called in faults."""
        return f"{self.path.name}: {name}"

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open one of the files, in bytes."""
        with ExitStack() as stack:
            archive = _archive(self.path, self.inner, stack)
            if archive is None:
                yield stack.enter_context((self.path / self.members[name]).open("rb"))
            else:
                yield stack.enter_context(archive.open(self.members[name]))


def _archive(path: Path, inner: str | None, stack: ExitStack) -> zipfile.ZipFile | None:
    """Return the zip that holds the files; None: they lie in a folder."""
    if path.is_dir():
        return None if inner is None else stack.enter_context(zipfile.ZipFile(path / inner))
    outer = stack.enter_context(zipfile.ZipFile(path))
    if inner is None:
        return outer
    return stack.enter_context(zipfile.ZipFile(stack.enter_context(outer.open(inner))))


def list_files(path: Path) -> GtfsFiles:
    """Find the files of a feed: in a zip or a folder, in a subfolder of it, or in the one zip that it holds.

    Raises
    ------
    InputError
        If the path is neither a folder nor a readable zip, or holds no feed, or several.
    """
    where, remedy = str(path), "give a GTFS zip, or the folder of its .txt files"
    if not path.exists():
        raise InputError(Fault("there is no such file or folder", where, remedy))
    try:
        names, inner = _names(path, None), None
        archives = [name for name in names if name.lower().endswith(".zip")]
        if not any(name.lower().endswith(".txt") for name in names) and archives:
            if len(archives) > 1:
                fault = Fault(f"holds several zips: {_some(archives)}", where, "give each as a feed of its own")
                raise InputError(fault)
            inner = archives[0]
            names = _names(path, inner)
    except _BROKEN as error:
        raise InputError(Fault(f"not a readable zip ({error})", where, remedy)) from error
    texts = [name for name in names if name.lower().endswith(".txt")]
    if not texts:
        raise InputError(Fault("holds no .txt file", where, remedy))
    folders = sorted({_folder(name) for name in texts if Path(name).name.lower() == "stop_times.txt"})
    if len(folders) > 1:
        fault = Fault(f"holds several feeds, in {_some(folders)}", where, "give each as a feed of its own")
        raise InputError(fault)
    # Without one the files lie where most of a feed does; what is missing is told when it is read.
    home = folders[0] if folders else min(map(_folder, texts), key=lambda name: (name.count("/"), name))
    members = {Path(name).name.lower(): name for name in sorted(texts) if _folder(name) == home}
    return GtfsFiles(path, members, inner)


def _names(path: Path, inner: str | None) -> list[str]:
    """Return the names of what a zip or folder holds, without what a Mac adds to zips."""
    with ExitStack() as stack:
        archive = _archive(path, inner, stack)
        if archive is None:
            found = [str(one.relative_to(path)) for one in path.rglob("*") if one.is_file()]
        else:
            found = [name for name in archive.namelist() if not name.endswith("/")]
    return sorted(name for name in found if _JUNK not in name.lower() and not Path(name).name.startswith("."))


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _some(names: Sequence[str]) -> str:
    return ", ".join(name or "the top" for name in names[:3]) + (", ..." if len(names) > 3 else "")  # noqa: PLR2004


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
    where = files.where(name)
    if name not in files.members:
        raise InputError(Fault("the file is missing", where, "a GTFS feed needs it"))
    try:
        with files.open(name) as stream:
            columns = _header(stream)
        _require_columns(columns, required, where)
        with files.open(name) as stream:
            table, skipped = _parse(stream, columns, tuple(c for c in (*required, *optional) if c in columns), coded)
    except (pa.ArrowException, UnicodeDecodeError, csv.Error, *_BROKEN) as error:
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

    # Arrow cannot skip a header that no line end follows: a table without rows may be written so.
    first = stream.readline()
    is_header_alone = b"\n" not in first and b"\r" not in first
    stream.seek(0)
    if is_header_alone:
        return pa.table({column: pa.array([], type=pa.string()) for column in wanted}), []
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


def refuse_words(files: GtfsFiles, name: str, column: pd.Series, known: tuple[str, ...], what: str) -> None:
    """Make a fault of values that GTFS does not list; a blank is none of them.

    Examples
    --------
    >>> files = GtfsFiles(Path("feed.zip"), {})
    >>> refuse_words(files, "calendar.txt", pd.Series(["1", "yes", None]), ("0", "1"), "monday")
    >>> print(files.faults[0])
    feed.zip: calendar.txt: monday is neither 0 nor 1 (1 row: yes). Remedy: write one of these.
    """
    is_other = column.notna() & ~column.isin(known)
    if is_other.any():
        listed = f"{', '.join(known[:-1])} nor {known[-1]}"
        words = tuple(dict.fromkeys(column[is_other].tolist()))
        told = f"{what} is neither {listed}"
        files.faults.append(Fault(told, files.where(name), "write one of these", int(is_other.sum()), words))


def clock_seconds(text: str | None) -> int:
    """Return seconds after the start of the service day; -1 for a blank, -2 for what is no time.

    Times past 24:00 belong to the night after the service day; no service day lasts longer than a week.

    Examples
    --------
    >>> clock_seconds("25:10:00"), clock_seconds(" 7:05:30"), clock_seconds(""), clock_seconds("7h")
    (90600, 25530, -1, -2)
    >>> clock_seconds("99999999:00:00")
    -2
    """
    if text is None or not text.strip():
        return -1
    parts = text.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - H:M:S
        return -2
    hours, minutes, seconds = (int(part[:_DIGITS]) for part in parts)
    is_clock = hours < _WEEK_H and minutes < 60 and seconds < 60 and max(map(len, parts)) <= _DIGITS  # noqa: PLR2004
    return hours * 3600 + minutes * 60 + seconds if is_clock else -2
