"""Readers of the formats that flexsites reads, written anew with the standard library: what theirs are compared with.

Each reads the bytes by the format's own description, knows nothing of GDAL, openpyxl or osmium (nor of arrow, but for
GeoParquet), and returns rows as plain values: a dictionary per row, with its shape under ``shape`` where it has one.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import shapely
from pyarrow import parquet

Row = dict[str, Any]
SHAPE = "shape"
_GML = "{http://www.opengis.net/gml/3.2}"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BOX_BYTES = (0, 32, 48, 48, 64)
"""Of a GeoPackage's geometry: the length of the box before it, by the kind of box that its flags tell."""


def of_geopackage(path: Path) -> list[Row]:
    """Read the only layer of a GeoPackage: rows of SQLite, a header and WKB for each shape."""
    with sqlite3.connect(path) as base:
        ((table, column),) = base.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        booleans = [one[1] for one in base.execute(f'PRAGMA table_info("{table}")') if one[2] == "BOOLEAN"]
        base.row_factory = sqlite3.Row
        rows = [dict(one) for one in base.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - of a test's own file
    for row in rows:
        blob = row.pop(column)
        row[SHAPE] = shapely.from_wkb(blob[8 + _BOX_BYTES[blob[3] >> 1 & 7] :])
        row |= {name: bool(row[name]) for name in booleans if row[name] is not None}
    return rows


def of_geoparquet(path: Path) -> list[Row]:
    """Read a GeoParquet file: the rows of arrow, the one format that the standard library does not read, and WKB."""
    table = parquet.read_table(path)
    column = json.loads(table.schema.metadata[b"geo"])["primary_column"]
    return [row | {SHAPE: shapely.from_wkb(row.pop(column))} for row in table.to_pylist()]


def of_geojson(path: Path) -> list[Row]:
    """Read a feature collection."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return [one["properties"] | {SHAPE: shapely.from_geojson(json.dumps(one["geometry"]))} for one in features]


def of_shapefile(path: Path) -> list[Row]:
    """Read the shapefile of polygons in a zip: rings of the one file, fixed columns of the other."""
    with zipfile.ZipFile(path) as packed:
        (name,) = (one for one in packed.namelist() if one.endswith(".shp"))
        shapes, table = packed.read(name), packed.read(name[:-4] + ".dbf")
    rows = list(_of_dbase(table))
    for row, rings in zip(rows, _rings(shapes), strict=True):
        # Outer rings go clockwise, holes against it: the rings together, each once, are the shape.
        row[SHAPE] = shapely.build_area(shapely.multilinestrings([shapely.linestrings(one) for one in rings]))
    return rows


def _rings(content: bytes) -> Iterator[list[list[tuple[float, float]]]]:
    at = 100
    while at < len(content):
        (length,) = struct.unpack_from(">i", content, at + 4)
        n_parts, n_points = struct.unpack_from("<2i", content, at + 44)
        starts = [*struct.unpack_from(f"<{n_parts}i", content, at + 52), n_points]
        numbers = struct.unpack_from(f"<{2 * n_points}d", content, at + 52 + 4 * n_parts)
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        yield [points[first:last] for first, last in pairwise(starts)]
        at += 8 + 2 * length


def _of_dbase(content: bytes) -> Iterator[Row]:
    n_rows, begin, length = struct.unpack_from("<IHH", content, 4)
    fields = [content[at : at + 32] for at in range(32, begin - 1, 32)]
    for i in range(n_rows):
        at, row = begin + i * length + 1, {}
        for field in fields:
            text = content[at : at + field[16]].decode("utf-8").strip()
            name, at = field[:11].rstrip(b"\0").decode(), at + field[16]
            if field[11:12] == b"N" and text.strip("*"):
                row[name] = float(text) if field[17] else int(text)
            else:
                row[name] = (text or None) if field[11:12] == b"C" else None
        yield row


def of_gml(path: Path) -> list[Row]:
    """Read features of GML whose properties are simple elements and one polygon, or several."""
    rows = []
    for member in _tree(path.read_bytes()).iter(f"{_GML}featureMember"):
        row: Row = {}
        for element in member[0]:
            polygons = [_polygon(one) for one in element.iter(f"{_GML}Polygon")]
            text = (element.text or "").strip()  # blanks around a text are those of its layout
            row[SHAPE if polygons else _local(element.tag)] = shapely.union_all(polygons) if polygons else text
        rows.append(row)
    return rows


def _polygon(element: ET.Element) -> shapely.Polygon:
    rings = [[float(one) for one in (found.text or "").split()] for found in element.iter(f"{_GML}posList")]
    outer, *holes = [list(zip(one[::2], one[1::2], strict=True)) for one in rings]
    return shapely.Polygon(outer, holes)


def _tree(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - of a test's own file


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def of_csv(path: Path) -> list[Row]:
    """Read a table of text; what is empty is not told."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [{name: text or None for name, text in row.items()} for row in csv.DictReader(stream)]


def of_workbook(path: Path) -> list[Row]:
    """Read the first sheet of a workbook: cells that hold text, or point at shared text, below a row of names."""
    with zipfile.ZipFile(path) as packed:
        shared = [
            "".join(text.text or "" for text in one.iter(f"{_SHEET}t"))
            for one in _tree(packed.read("xl/sharedStrings.xml"))
        ]  # fmt: skip
        sheet = _tree(packed.read("xl/worksheets/sheet1.xml"))
    rows = [dict(_cell(cell, shared) for cell in row) for row in sheet.iter(f"{_SHEET}row")]
    names, *others = rows
    return [{name: row.get(column) for column, name in names.items()} for row in others]


def _cell(cell: ET.Element, shared: list[str]) -> tuple[str, Any]:
    column = (cell.get("r") or "").rstrip("0123456789")
    value = cell.findtext(f"{_SHEET}v")
    if cell.get("t") == "s" and value is not None:
        return column, shared[int(value)]
    return column, value if value is None or cell.get("t") == "str" else float(value)
