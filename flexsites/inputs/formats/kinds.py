"""Whether a file that was fetched is what its name says: an error page is none, nor is a file whose end is missing."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.web import is_web_page

_HEAD_BYTES = 2048
_PARQUET, _SQLITE = b"PAR1", b"SQLite format 3\x00"
_BEGINS_WITHIN = 64
_BEGINNINGS = {
    ".zip": ("zip", (b"PK",)),
    ".parquet": ("Parquet", (_PARQUET,)),
    ".geoparquet": ("Parquet", (_PARQUET,)),
    ".gpkg": ("GeoPackage", (_SQLITE,)),
    ".sqlite": ("SQLite file", (_SQLITE,)),
    ".pbf": ("OpenStreetMap file", (b"OSMHeader",)),
    ".json": ("JSON", (b"{", b"[")),
    ".geojson": ("GeoJSON", (b"{",)),
    ".gml": ("XML", (b"<",)),
    ".xml": ("XML", (b"<",)),
    ".gz": ("gzip", (b"\x1f\x8b",)),
    ".fgb": ("FlatGeobuf", (b"fgb",)),
    ".tif": ("TIFF", (b"II", b"MM")),
}
"""What files of a suffix begin with, or hold within their first bytes."""
_PAGE_AT, _COUNT_AT, _WHOLE_PAGE = 16, 28, 65_536
_REMEDY = "check the address, and fetch it again"


def remedy_of_nothing(where: str) -> str:
    """Return what to do where a file holds nothing: only what a run can do without may be left out.

    Examples
    --------
    >>> remedy_of_nothing("parcels (a.gpkg)")
    'give a file that holds the parcels of the area: without parcels there is nothing to assess'
    >>> remedy_of_nothing("layers.water (a.gpkg)")
    'fetch it again, or leave the source out: that means unknown'
    """
    name = where.partition(" ")[0]
    if name == "parcels":
        return "give a file that holds the parcels of the area: without parcels there is nothing to assess"
    if name.startswith("areas."):
        return "fetch it again, or leave it out where neither the area of the run nor a coverage names such areas"
    return "fetch it again, or leave the source out: that means unknown"


def require_file(path: Path, name: str, *, where: str) -> None:
    """Refuse what is no file of data: nothing, or a page for people.

    Parameters
    ----------
    path
        The file.
    name
        The name it goes by.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If it is empty, or a web page.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise InputError(Fault("nothing came: the file is empty", where, _REMEDY))
    if is_web_page(head) and PurePosixPath(name.lower()).suffix not in (".html", ".htm"):
        text = head[:120].decode("utf-8", "replace")
        raise InputError(Fault(f"a web page (HTML) came instead of a file: {text!r}", where, _REMEDY))


def require_kind(path: Path, name: str, *, where: str) -> None:
    """Refuse a file that is not what its name's suffix says, as far as its first and last bytes tell.

    Parameters
    ----------
    path, name, where
        As :func:`require_file` has them.

    Raises
    ------
    InputError
        If it is of another kind, or breaks off.
    """
    require_file(path, name, where=where)
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if told := _wrong(path, head, PurePosixPath(name.lower()).suffix):
        raise InputError(Fault(told, where, _REMEDY))


def _wrong(path: Path, head: bytes, suffix: str) -> str | None:
    """Return what is wrong with a file of that suffix; None: nothing that its ends tell."""
    if suffix in _BEGINNINGS:
        kind, beginnings = _BEGINNINGS[suffix]
        if not any(beginning in head[:_BEGINS_WITHIN] for beginning in beginnings):
            return f"what came is no {kind}"
    size = path.stat().st_size
    if suffix == ".zip" and not zipfile.is_zipfile(path):
        return f"the zip breaks off after {size} bytes"
    if suffix in (".parquet", ".geoparquet"):
        with path.open("rb") as stream:
            stream.seek(max(0, size - len(_PARQUET)))
            return None if stream.read() == _PARQUET else f"the Parquet breaks off after {size} bytes"
    if suffix in (".gpkg", ".sqlite"):
        page = int.from_bytes(head[_PAGE_AT : _PAGE_AT + 2], "big")
        expected = int.from_bytes(head[_COUNT_AT : _COUNT_AT + 4], "big") * (_WHOLE_PAGE if page == 1 else page)
        return f"the GeoPackage breaks off: {size} of {expected} bytes" if size < expected else None
    return None
