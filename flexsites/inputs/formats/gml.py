"""GML as Dutch registers deliver it: several geometries in one feature, ids that look like numbers, arcs.

GDAL guesses a schema from the first pass over the file and gets two things wrong for registers: of two geometries it
takes the last it meets (the label point of a Perceel, not its boundary), and it reads identifications as integers
(which loses leading zeros). So the guess is written to a template, mended, and given back to GDAL.
"""

from __future__ import annotations

import hashlib
import mmap
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
_SHAPES = frozenset(
    (
        *("Point", "LineString", "Curve", "CompositeCurve", "OrientableCurve", "Polygon", "Surface"),
        *("CompositeSurface", "PolyhedralSurface", "Tin", "MultiPoint", "MultiLineString", "MultiCurve"),
        *("MultiPolygon", "MultiSurface", "MultiGeometry", "Solid"),
    )
)
_RINGS = frozenset({"LinearRing", "Ring", "exterior", "interior", "boundedBy"})
_NO_NUMBER = re.compile(
    rb"[<:](?:posList|pos|coordinates)(?:\s[^<>]*+)?>[0-9eE+.,\s-]*+(?!<)([^<\s]{1,40}+)",
)
"""What is no number where coordinates stand: GDAL reads it as 0, without a word."""
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Template:
    """A mended schema of a GML file, and the layers it names; no path: GDAL knows this kind of GML by itself.

    `is_bag`: an extract of the BAG, of which GDAL knows no options either.
    """

    path: Path | None
    layers: tuple[str, ...]
    is_bag: bool = False


def template(path: Path, folder: Path, *, geometry_column: str | None, where: str) -> Template:
    """Write a GDAL schema template for a GML file in which every column is text, and return it.

    Parameters
    ----------
    path
        The GML file; nothing is written beside it.
    folder
        Where the template goes.
    geometry_column
        The element that holds the geometry, as deep as it may lie (`vlak`, or `vlakGeometrie|Keuze|vlak`), or None for
        the one GDAL takes.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If GDAL cannot read the file, the file breaks off, a coordinate is no number, or it has no element of that name.
    """
    _require_end(path, where)
    _require_numbers(path, where)
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
    kinds = list(tree.getroot().iter("GMLFeatureClass"))
    if geometry_column is not None:
        features = {text.split("|")[-1] for kind in kinds if (text := kind.findtext("ElementPath"))}
        geometry_column = geometry_path(path, geometry_column, features, where=where)
    for kind in kinds:
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
    with path.open("rb") as stream:
        return Template(None, layers, is_bag=b"bagStand" in stream.read(1 << 12))


def _mend(kind: ET.Element, geometry_column: str | None) -> None:
    """Make every property text, a repeated one a list of texts, and take the geometry that is asked for."""
    for column in kind.iter("PropertyDefn"):
        text = "StringList" if (column.findtext("Type") or "").endswith("List") else "String"
        for name in ("Type", "Subtype", "Width", "Precision"):
            for found in column.findall(name):
                column.remove(found)
        ET.SubElement(column, "Type").text = text
    if geometry_column is None:
        return
    # Of features with polygons and points GDAL names no geometry at all, and would take the last it meets.
    told = {"GeometryName": geometry_column, "GeometryElementPath": geometry_column, "GeometryType": _WKB_UNKNOWN}
    for at, (name, text) in enumerate(told.items(), 2):
        if kind.find(name) is None:
            kind.insert(at, ET.Element(name))
        for found in kind.findall(name):
            found.text = text


def _require_end(path: Path, where: str) -> None:
    """Refuse a file that breaks off: GDAL gives the features before the break, or none, without a word."""
    with path.open("rb") as stream:
        opening = re.search(rb"<([A-Za-z_][^\s/>?!]*)", _COMMENT.sub(b"", stream.read(1 << 16)))
        stream.seek(max(0, path.stat().st_size - (1 << 12)))
        end = _COMMENT.sub(b"", stream.read()).rstrip(b"\0 \t\r\n")
    if opening is not None and not re.search(rb"</" + re.escape(opening[1]) + rb"\s*>$", end):
        what = f"the file breaks off: <{opening[1].decode(errors='replace')}> is not closed"
        raise InputError(Fault(what, where, "fetch or export the file again"))


def _require_numbers(path: Path, where: str) -> None:
    """Refuse a file in which something else than a number stands where coordinates do."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = _NO_NUMBER.search(content)
        word = None if found is None else found[1].decode("utf-8", "replace")
    if word is not None:
        remedy = "mend it in the file, or fetch or export the file again"
        raise InputError(Fault(f"a coordinate is no number: {word}", where, remedy))


def geometry_path(path: Path, asked: str, features: set[str], *, where: str) -> str:
    """Return the way from a feature to the geometry that an element holds, as GDAL writes it: `outer|choice|inner`.

    Parameters
    ----------
    path
        The GML file.
    asked
        An element, at any depth below the feature and above the geometry, or the whole way.
    features
        The elements that are features.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If no feature has it, it holds no geometry, or geometries at the end of several ways.
    """
    names = re.split(r"[|/]", asked)
    ways: dict[str, None] = {}
    stack: list[str] = []
    with path.open("rb") as stream:
        for event, element in ET.iterparse(stream, events=("start", "end")):  # noqa: S314 - Python expands no entities
            namespace, _, name = element.tag.rpartition("}")
            if event == "start":
                if "opengis.net/gml" in namespace and name in _SHAPES:
                    way = _below(stack, features)
                    if way and _is_asked(way, names):
                        ways["|".join(way)] = None
                stack.append(name)
            else:
                stack.pop()
                if name in features:
                    element.clear()
            if len(ways) > 1 or asked in ways:
                break
    if asked in ways or len(ways) == 1:
        return asked if asked in ways else next(iter(ways))
    if ways:
        what = f"{asked} holds geometries at the end of several ways"
        raise InputError(Fault(what, where, f"write `geometry_column:` {' or '.join(ways)}"))
    raise InputError(Fault(f"no element {asked} that holds a geometry", where, "mend `geometry_column`"))


def _below(stack: list[str], features: set[str]) -> list[str]:
    """Return the elements from below the feature down to the geometry; none within another geometry."""
    at = max((i for i, name in enumerate(stack) if name in features), default=None)
    if at is None:
        return []
    way = stack[at + 1 :]
    return [] if any(name in _SHAPES or name in _RINGS for name in way) else way


def _is_asked(way: list[str], names: list[str]) -> bool:
    return way == names if len(names) > 1 else names[0] in way
