"""GML as Dutch registers deliver it: several geometries in one feature, ids that look like numbers, arcs.

GDAL guesses a schema from the first pass over the file and gets two things wrong for registers: of two geometries it
takes the last it meets (the label point of a Perceel, not its boundary), and it reads identifications as integers
(which loses leading zeros). So the guess is written to a template, mended, and given back to GDAL.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
import xml.etree.ElementTree as ET  # reads only templates that GDAL has just written
from dataclasses import dataclass
from pathlib import Path

import pyogrio
from pyogrio.errors import DataSourceError

from flexsites.errors import Fault, InputError

_WKB_UNKNOWN = "0"
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """A mended schema of a GML file, and the layers it names; no path: GDAL knows this kind of GML by itself."""

    path: Path | None
    layers: tuple[str, ...]


def template(path: Path, folder: Path, *, geometry_column: str | None, where: str) -> Template:
    """Write a GDAL schema template for a GML file in which every column is text, and return it.

    Parameters
    ----------
    path
        The GML file; nothing is written beside it.
    folder
        Where the template goes.
    geometry_column
        The element that holds the geometry, or None for the one GDAL takes.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If GDAL cannot read the file, the file breaks off, or it has no element of that name.
    """
    _require_end(path, where)
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{path.stem}-{os.getpid()}"
    link, guess = folder / f"{stem}.gml", folder / f"{stem}.gfs"
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            layers = tuple(str(name) for name, kind in pyogrio.list_layers(link) if kind is not None)
        if not guess.exists():
            return _without(path, layers, geometry_column, where)
        tree = ET.parse(guess)  # noqa: S314 - written by GDAL a moment ago
    except (DataSourceError, ET.ParseError) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "fetch or export the file again")) from error
    finally:
        link.unlink(missing_ok=True)
        guess.unlink(missing_ok=True)
    if geometry_column is not None:
        _require_element(path, geometry_column, where)
    for kind in tree.getroot().iter("GMLFeatureClass"):
        _mend(kind, geometry_column)
    name = hashlib.sha256(f"{path.resolve()}:{geometry_column}".encode()).hexdigest()[:16]
    target = folder / f"{path.stem}-{name}.gfs"
    tree.write(target)
    return Template(target, layers)


def _without(path: Path, layers: tuple[str, ...], geometry_column: str | None, where: str) -> Template:
    """Return the template of a GML that GDAL reads by a schema of its own (INSPIRE): none is needed."""
    if not layers:
        raise InputError(Fault("GDAL finds no features in this GML", where, "check that the file is complete"))
    if geometry_column is not None:
        what = f"`geometry_column` cannot be chosen in {path.name}, which GDAL reads by a schema of its own"
        raise InputError(Fault(what, where, "leave it out"))
    return Template(None, layers)


def _mend(kind: ET.Element, geometry_column: str | None) -> None:
    """Make every property text, and take the geometry that is asked for."""
    for column in kind.iter("PropertyDefn"):
        for name in ("Type", "Subtype", "Width", "Precision"):
            for found in column.findall(name):
                column.remove(found)
        ET.SubElement(column, "Type").text = "String"
    if geometry_column is None:
        return
    for name in ("GeometryName", "GeometryElementPath"):
        for found in kind.findall(name):
            found.text = geometry_column
    for found in kind.findall("GeometryType"):
        found.text = _WKB_UNKNOWN


def _require_end(path: Path, where: str) -> None:
    """Refuse a file that breaks off: GDAL gives the features before the break, or none, without a word."""
    with path.open("rb") as stream:
        opening = re.search(rb"<([A-Za-z_][^\s/>?!]*)", _COMMENT.sub(b"", stream.read(1 << 16)))
        stream.seek(max(0, path.stat().st_size - (1 << 12)))
        end = _COMMENT.sub(b"", stream.read()).rstrip(b"\0 \t\r\n")
    if opening is not None and not re.search(rb"</" + re.escape(opening[1]) + rb"\s*>$", end):
        what = f"the file breaks off: <{opening[1].decode(errors='replace')}> is not closed"
        raise InputError(Fault(what, where, "fetch or export the file again"))


def _require_element(path: Path, name: str, where: str) -> None:
    """Refuse a geometry column that the file does not have; GDAL would give null geometry without a word."""
    wanted = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?" + re.escape(name.encode()) + rb"[\s>/]")
    overlap = len(name) + 64
    tail = b""
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            if wanted.search(tail + chunk):
                return
            tail = chunk[-overlap:]
    raise InputError(Fault(f"no element {name}", where, "mend `geometry_column`"))
