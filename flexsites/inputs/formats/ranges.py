"""Range reads of GeoParquet on the web: the footer, and the row groups and columns that are asked, nothing else.

So a register of gigabytes is a few megabytes for a municipality. Which row groups meet a window, their statistics on
the covering column say (GeoParquet 1.1); a file without them cannot be read in part. All ranges are of one edition.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import requests
import shapely

from flexsites.config.addresses import without_secrets
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.download import Edition, edition_of
from flexsites.inputs.formats.facts import Facts, keep_facts
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.formats.vector import Bounds, parquet_crs
from flexsites.inputs.formats.web import TIMEOUT_S, TROUBLE, Told, open_session, received, said_of
from flexsites.tables.whole_files import whole_file

PARQUET = (".parquet", ".geoparquet")
"""How names of such files end."""
_TAIL_BYTES, _MAGIC = 8, b"PAR1"
_MOST_FOOTER_BYTES = 200_000_000
_TRIES, _PARTIAL = 3, 206
_GAP_BYTES = 4_096
"""Ranges that lie closer are fetched in one."""


class NotInPartsError(Exception):
    """A file that cannot be read in part: the service gives no ranges, or the file does not say what lies where."""


class _OtherEditionError(Exception):
    """The file changed while it was read."""


class RangeFile(io.RawIOBase):
    """A file of the web, of which only what is read travels, all of one edition.

    Parameters
    ----------
    url
        Its address.
    session
        The session.
    told
        Told how many bytes came, as they come.

    Raises
    ------
    NotInPartsError
        If the service gives no ranges.
    InputError
        If it cannot be reached, or refuses.
    """

    def __init__(self, url: str, session: requests.Session, told: Told | None = None) -> None:
        super().__init__()
        self._url, self._session, self._told = url, session, told
        self._held: dict[int, bytes] = {}
        self._at, self.n_bytes, self.edition = 0, 0, Edition()
        tail = self._get(f"bytes=-{_TAIL_BYTES}", None)
        self.size = int(self.edition.n_bytes or 0)
        self._held[self.size - len(tail)] = tail

    def fetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch ranges (first byte, byte after the last) and hold them; close ones in one."""
        for first, end in _joined(ranges):
            if not self._is_held(first, end):
                self._held[first] = self._get(f"bytes={first}-{end - 1}", (first, end))

    def forget(self) -> None:
        """Let go of what is held."""
        self._held.clear()

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether any part of it can be read."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Say where the next read begins."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return bytes: held ones, or fetched now."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        first, self._at = self._at, max(self._at, end)
        if first >= end:
            return b""
        if not self._is_held(first, end):
            self.fetch([(first, end)])
        start, content = next((s, c) for s, c in self._held.items() if s <= first and end <= s + len(c))
        return content[first - start : end - start]

    def _is_held(self, first: int, end: int) -> bool:
        return any(start <= first and end <= start + len(content) for start, content in self._held.items())

    def _get(self, asked: str, span: tuple[int, int] | None) -> bytes:
        """Fetch one range; one that breaks off is asked again."""
        shown, trouble = without_secrets(self._url), ""
        for _ in range(_TRIES):
            try:
                headers = {"Range": asked} | ({"If-Range": self.edition.validator} if self.edition.validator else {})
                with self._session.get(self._url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
                    answer.raise_for_status()
                    most = self._judge(answer, span)
                    content = b"".join(received(answer, shown, most_bytes=most, told=self._told))
                    self.n_bytes += len(content)
                    if len(content) == most:
                        return content
                    trouble = f"{len(content):,} of {most:,} bytes came"
            except requests.HTTPError as error:
                what = f"the service cannot be used ({said_of(error, self._url)})"
                raise InputError(Fault(what, shown, "check the address")) from error
            except TROUBLE as error:
                trouble = said_of(error, self._url)
        raise InputError(Fault(f"the service cannot be used ({trouble})", shown, "try later, or give a file"))

    def _judge(self, answer: requests.Response, span: tuple[int, int] | None) -> int:
        """Refuse what is not the range that was asked, of the same edition; return how many bytes it is."""
        here = edition_of(answer)
        if span is not None and (self.edition.etag, self.edition.last_modified) != (here.etag, here.last_modified):
            raise _OtherEditionError
        if answer.status_code != _PARTIAL or answer.headers.get("Content-Encoding", "identity") != "identity":
            if span is not None:
                raise _OtherEditionError
            raise NotInPartsError("the service gives no ranges")
        told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range", ""))
        if told is None:
            raise NotInPartsError("the service does not say which range it gives")
        first, end, size = int(told[1]), int(told[2]) + 1, int(told[3])
        if span is None:
            self.edition = Edition(here.etag, here.last_modified, size)
            span = (max(0, size - _TAIL_BYTES), size)
        if size != self.edition.n_bytes:
            raise _OtherEditionError
        if (first, end) != span:
            raise NotInPartsError(f"the service gave bytes {first} to {end}, asked for {span[0]} to {span[1]}")
        return end - first


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges in order, close ones as one.

    Examples
    --------
    >>> _joined([(100_000, 100_010), (0, 10), (20, 30)])
    [(0, 30), (100000, 100010)]
    """
    found: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if found and first - found[-1][1] <= _GAP_BYTES:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """What of a GeoParquet file is asked: its row groups that meet a window, and some of its columns.

    Attributes
    ----------
    groups
        The numbers of the row groups.
    columns
        The columns, with the geometry.
    ranges
        Where these lie in the file: first byte, byte after the last.
    n_rows, n_rows_whole
        How many rows the row groups hold, and the whole file.
    """

    groups: tuple[int, ...]
    columns: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    n_rows: int
    n_rows_whole: int

    @property
    def n_bytes(self) -> int:
        """How many bytes travel for it, besides the footer."""
        return sum(end - first for first, end in self.ranges)


def fetch_part(
    url: str,
    target: Path,
    *,
    bounds: Bounds | None,
    columns: tuple[str, ...] | None,
    session: requests.Session | None = None,
    told: Told | None = None,
) -> Path:
    """Fetch the rows of a GeoParquet file of the web that may meet a window, and write them as a GeoParquet file.

    Parameters
    ----------
    url
        Its address.
    target
        Where they go.
    bounds
        The window in RD New; None: all rows.
    columns
        The columns that are asked, those that it has; None: all but the covering one.
    session
        The session; None: a new one.
    told
        Told how many bytes came, as they come.

    Raises
    ------
    NotInPartsError
        If it cannot be read in part.
    InputError
        If it cannot be fetched, is no GeoParquet, or changes each time it is read.
    """
    session = session or open_session()
    for _ in range(_TRIES):
        try:
            source = RangeFile(url, session, told)
            parquet, part = _open(source, url, bounds, columns)
            return _write(source, parquet, part, target, bounds, columns, _in_its_system(parquet, bounds, url))
        except _OtherEditionError:
            continue
        except (pa.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            what = f"cannot be read in part ({type(error).__name__}: {error})"
            raise InputError(Fault(what, without_secrets(url), "fetch the whole file, or another door")) from error
    what = f"the file changed {_TRIES} times while it was read"
    raise InputError(Fault(what, without_secrets(url), "try again later"))


def ask_part(
    url: str, *, bounds: Bounds | None, columns: tuple[str, ...] | None, session: requests.Session
) -> tuple[Part, int]:
    """Return what would travel for a window, and how many bytes the footer had that was read for it.

    Raises
    ------
    NotInPartsError, InputError
        As :func:`fetch_part`.
    """
    source = RangeFile(url, session)
    try:
        return _open(source, url, bounds, columns)[1], source.n_bytes
    except _OtherEditionError as error:
        raise InputError(Fault("the file changed while it was read", without_secrets(url), "try again")) from error


def _open(
    source: RangeFile, url: str, bounds: Bounds | None, columns: tuple[str, ...] | None
) -> tuple[pq.ParquetFile, Part]:
    """Read the footer, and choose row groups and columns by it."""
    source.seek(-_TAIL_BYTES, io.SEEK_END)
    tail = source.read()
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length + _TAIL_BYTES > source.size or length > _MOST_FOOTER_BYTES:
        raise InputError(Fault("what came is no Parquet", without_secrets(url), "check the address"))
    source.fetch([(source.size - _TAIL_BYTES - length, source.size)])
    source.seek(-_TAIL_BYTES - length, io.SEEK_END)
    # By itself pyarrow would read more than the footer.
    meta = pq.read_metadata(pa.BufferReader(_MAGIC + source.read()))
    parquet = pq.ParquetFile(pa.PythonFile(source, mode="r"), metadata=meta, pre_buffer=False)
    return parquet, _part_of(parquet, _in_its_system(parquet, bounds, url), columns)


def _in_its_system(parquet: pq.ParquetFile, bounds: Bounds | None, url: str) -> Bounds | None:
    """Return a window in the system of the file."""
    geo = json.loads((parquet.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    crs = parquet_crs(geo["columns"][geo["primary_column"]]) if geo else None
    return bounds if bounds is None or crs is None else to_rd(crs, where=without_secrets(url)).window(bounds)


def _part_of(parquet: pq.ParquetFile, bounds: Bounds | None, columns: tuple[str, ...] | None) -> Part:
    geo = json.loads((parquet.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    geometry = geo.get("primary_column")
    covering = _covering(geo, geometry)
    names = parquet.schema_arrow.names
    apart = {path[0] for path in covering.values() if len(path) > 1}
    wanted = tuple(n for n in names if n == geometry or (n not in apart and (columns is None or n in columns)))
    meta = parquet.metadata
    if bounds is not None and not covering:
        raise NotInPartsError("the file does not say which rows lie where (no covering column)")
    groups = [i for i in range(meta.num_row_groups) if bounds is None or _meets(meta.row_group(i), covering, bounds)]
    ranges = []
    for number in groups:
        group = meta.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        ranges += [_range_of(chunk) for chunk in chunks if chunk.path_in_schema.split(".")[0] in wanted]
    n_rows = sum(meta.row_group(number).num_rows for number in groups)
    return Part(tuple(groups), wanted, tuple(_joined(ranges)), n_rows, meta.num_rows)


def _covering(geo: Mapping[str, Any], geometry: str | None) -> dict[str, list[str]]:
    """Return the columns that hold the box of each row, by side; none where the file has none."""
    if geometry is None:
        return {}
    box = geo["columns"][geometry].get("covering", {}).get("bbox", {})
    return {side: list(box[side]) for side in ("xmin", "ymin", "xmax", "ymax") if side in box}


def _range_of(chunk: Any) -> tuple[int, int]:  # noqa: ANN401 - pyarrow's own class
    first = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        first = min(first, chunk.dictionary_page_offset)
    return first, first + chunk.total_compressed_size


def _meets(group: Any, covering: Mapping[str, list[str]], bounds: Bounds) -> bool:  # noqa: ANN401 - pyarrow's own class
    """Return whether a row group may hold a row in the window; without statistics it may."""
    paths = {".".join(path): side for side, path in covering.items()}
    for i in range(group.num_columns):
        chunk = group.column(i)
        side, stats = paths.get(chunk.path_in_schema), chunk.statistics
        if side is None or stats is None or not stats.has_min_max:
            continue
        at = {"xmin": 2, "ymin": 3, "xmax": 0, "ymax": 1}[side]
        if (stats.min > bounds[at]) if side.endswith("min") else (stats.max < bounds[at]):
            return False
    return True


def _write(
    source: RangeFile,
    parquet: pq.ParquetFile,
    part: Part,
    target: Path,
    bounds: Bounds | None,
    columns: tuple[str, ...] | None,
    window: Bounds | None,
) -> Path:
    """Fetch row group after row group, and write the rows that may meet the window."""
    meta = parquet.schema_arrow.metadata or {}
    geo = json.loads(meta.get(b"geo", b"{}"))
    geometry = geo.get("primary_column")
    for column in geo.get("columns", {}).values():
        column.pop("covering", None)
        column.pop("bbox", None)
    schema = pa.schema([parquet.schema_arrow.field(name) for name in part.columns], {b"geo": json.dumps(geo).encode()})
    n_rows = 0
    with whole_file(target) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for table in _tables(source, parquet, part):
            kept = table if window is None or geometry is None else _within(table, geometry, window)
            writer.write_table(kept.cast(schema))
            n_rows += kept.num_rows
    time = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    facts = Facts(time, source.edition.etag, source.edition.last_modified, n_rows, source.n_bytes, bounds, columns)
    keep_facts(target, facts)
    return target


def _tables(source: RangeFile, parquet: pq.ParquetFile, part: Part) -> Iterator[pa.Table]:
    meta = parquet.metadata
    for number in part.groups:
        group = meta.row_group(number)
        chunks = [group.column(i) for i in range(group.num_columns)]
        source.fetch(_range_of(chunk) for chunk in chunks if chunk.path_in_schema.split(".")[0] in part.columns)
        yield parquet.read_row_group(number, columns=list(part.columns), use_threads=False)
        source.forget()


@np.errstate(invalid="ignore")
def _within(table: pa.Table, geometry: str, bounds: Bounds) -> pa.Table:
    shapes = shapely.from_wkb(table.column(geometry).to_numpy(), on_invalid="ignore")
    west, south, east, north = np.moveaxis(shapely.bounds(shapes), -1, 0)
    away = (east < bounds[0]) | (west > bounds[2]) | (north < bounds[1]) | (south > bounds[3])
    return table.filter(pa.array(~away))
