"""What a file holds, by looking into it: its layers, and the columns and geometry of each. No rows are judged.

Of GML the first features tell, by the names of their elements at any depth: GDAL's own names depend on what else stands
in the file, and it reads the whole of it to tell them.
"""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.archives import delivery_of, is_data, meant

_GDAL = (".gpkg", ".geojson", ".json", ".shp", ".fgb")
_GML = (".gml", ".xml")
_PARQUET = (".parquet", ".geoparquet")
_FEATURES_LOOKED_AT = 200
_GML_NAMESPACE = "opengis.net/gml"
_MEMBERS = frozenset(
    {"member", "featureMember", "featureMembers", "cityObjectMember", "perceelMember", "bagObject", "stand"}
)

# pyogrio itself fails, with a variable that it has not, where the text of a reference system is no UTF-8.
_UNREADABLE = (
    DataSourceError, DataLayerError, pa.ArrowException, ET.ParseError, zipfile.BadZipFile, OSError, UnboundLocalError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """One layer of a file.

    Attributes
    ----------
    path
        The file, or the way into a zip (`bgt.zip/bgt_pand.gml`).
    layer
        Its layer; null: the format has none.
    columns
        Its columns; of GML the names of all elements of its first features.
    has_geometry
        Whether its rows lie somewhere.
    kind
        The form of the file: vector, gml, cityjson, osm, gtfs, raster, table.
    n_rows
        How many rows it has; null: only reading tells.
    sample
        The first value of its columns, as text, where that costs little.
    """

    path: str
    layer: str | None
    columns: frozenset[str]
    has_geometry: bool
    kind: str
    n_rows: int | None = None
    sample: Mapping[str, str] = field(default_factory=dict, compare=False)


def contents_of(path: Path, member: str | None = None) -> tuple[Content, ...]:
    """Return what a file holds, layer by layer; nothing for a file of no form that is known.

    Parameters
    ----------
    path
        A file on disk.
    member
        A member of it, if it is a zip; None: all of them.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if path.suffix.lower() == ".zip":
            return tuple(_of_zip(path, member))
        return tuple(_of_file(path))
    except _UNREADABLE as error:
        raise InputError(Fault(f"cannot be read ({error})", str(path), "fetch or export the file again")) from error


def members_of(path: Path) -> list[str]:
    """Return the names of the data in a zip; none, if it cannot be read."""
    try:
        with zipfile.ZipFile(path) as packed:
            return [name for name in packed.namelist() if is_data(name)]
    except (zipfile.BadZipFile, OSError):
        return []


def _of_file(path: Path) -> Iterator[Content]:
    suffix = path.suffix.lower()
    if suffix in _PARQUET:
        yield _of_parquet(path)
    elif suffix in _GML:
        with path.open("rb") as stream:
            yield from _of_gml(stream, str(path))
    elif _is_cityjson(path):
        yield Content(str(path), None, frozenset({"cityobjects"}), has_geometry=True, kind="cityjson")
    elif path.name.lower().endswith(".osm.pbf"):
        yield Content(str(path), None, frozenset(), has_geometry=True, kind="osm")
    elif suffix in (".tif", ".tiff"):
        yield Content(str(path), None, frozenset(), has_geometry=True, kind="raster")
    elif suffix in (".csv", ".xlsx"):
        yield _of_table(path)
    elif suffix in _GDAL:
        yield from _of_gdal(str(path), str(path))


def _of_table(path: Path) -> Content:
    try:
        if path.suffix.lower() == ".xlsx":
            rows = pd.read_excel(path, dtype="str", nrows=1)
        else:
            rows = pd.read_csv(path, sep=None, engine="python", dtype="str", encoding="utf-8-sig", nrows=1)
    except (ValueError, csv.Error) as error:  # no text, no table, an empty file
        raise InputError(Fault(f"cannot be read ({error})", str(path), "export the file again")) from error
    columns = frozenset(map(str, rows.columns))
    return Content(str(path), None, columns, has_geometry=False, kind="table", sample=_first_of(rows))


def _first_of(rows: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(rows[name].iloc[0]) for name in rows.columns if len(rows) and pd.notna(rows[name].iloc[0])}


def _of_parquet(path: Path) -> Content:
    found = pq.ParquetFile(path)
    metadata = found.schema_arrow.metadata or {}
    columns = frozenset(found.schema_arrow.names)
    texts = [
        one.name for one in found.schema_arrow if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
    ]
    head = next(found.iter_batches(1, columns=texts), None)
    sample = {} if head is None else _first_of(head.to_pandas())
    return Content(str(path), None, columns, b"geo" in metadata, "vector", found.metadata.num_rows, sample)


def _of_gdal(source: str, told: str) -> Iterator[Content]:
    for layer, kind in pyogrio.list_layers(source):
        info = pyogrio.read_info(source, layer=str(layer))
        n_rows = int(info["features"]) if info["features"] >= 0 else None
        first = pyogrio.read_dataframe(source, layer=str(layer), max_features=1, read_geometry=False)
        columns = frozenset(map(str, info["fields"]))
        yield Content(told, str(layer), columns, kind is not None, "vector", n_rows, _first_of(first))


def _is_cityjson(path: Path) -> bool:
    """Whether a file is CityJSON, whole or feature by feature: by its name, or because it says so at its beginning."""
    name = path.name.lower()
    if not name.endswith((".json", ".jsonl")):
        return False
    with path.open("rb") as stream:
        return ".city." in name or b'"CityJSON' in stream.read(1 << 12)


def _of_zip(path: Path, member: str | None) -> Iterator[Content]:
    inner, _, rest = (member or "").partition(".zip/")
    with zipfile.ZipFile(path) as packed:
        names = [name for name in packed.namelist() if is_data(name)]
        if rest or (member or "").lower().endswith(".zip"):
            with packed.open(f"{inner}.zip" if rest else inner) as stream:
                yield from _of_members(stream, f"{path}/{inner.removesuffix('.zip')}.zip", rest or None)
            return
        if {"stops.txt", "trips.txt"} <= {Path(name).name for name in names}:
            yield Content(str(path), None, frozenset({"stop_id", "trip_id"}), has_geometry=True, kind="gtfs")
            return
        for name in names:
            if Path(name).suffix.lower() in _GDAL and member in (None, name):
                yield from _of_gdal(f"/vsizip/{path}/{name}", f"{path}/{name}")
        yield from _of_members(packed, str(path), member)


def _of_members(source: zipfile.ZipFile | IO[bytes], told: str, member: str | None) -> Iterator[Content]:
    """Tell what the GML in a zip holds, and in zips within it: of numbered parts the first that holds a feature tells.

    Parts that are all of a zip are named by the zip, others by the name that they share.
    """
    packed = source if isinstance(source, zipfile.ZipFile) else zipfile.ZipFile(source)
    names = sorted(meant([name for name in packed.namelist() if is_data(name)], member))
    names = [name for name in names if Path(name).suffix.lower() in (*_GML, ".zip")]
    is_alone = member is None and len({delivery_of(name) for name in names}) == 1
    seen: set[str] = set()
    for name in names:
        delivery = delivery_of(name)
        if delivery in seen:
            continue
        with packed.open(name) as stream:
            if name.lower().endswith(".zip"):
                found = list(_of_members(stream, f"{told}/{name}", None))
            else:
                is_whole = is_alone and delivery != name
                found = list(_of_gml(stream, told if is_whole else f"{told}/{delivery}"))
        if found:
            seen.add(delivery)
        yield from found


def _of_gml(stream: IO[bytes], told: str) -> Iterator[Content]:
    """Tell the kinds of feature among the first of a GML, each with the names of its elements."""
    found: dict[str, set[str]] = {}
    has_geometry: set[str] = set()
    stack: list[str] = []
    n_features = 0
    for event, element in ET.iterparse(stream, events=("start", "end")):  # noqa: S314 - Python expands no entities
        namespace, _, name = element.tag.rpartition("}")
        if event == "start":
            stack.append(name)
            at = max((i for i, one in enumerate(stack) if one in _MEMBERS), default=None)
            if at is None or len(stack) <= at + 1:
                continue
            feature = stack[at + 1]
            n_features += len(stack) == at + 2
            elements = found.setdefault(feature, set())
            if _GML_NAMESPACE in namespace:
                has_geometry.add(feature)
            elif len(stack) > at + 2:
                elements.add(name)
            if n_features > _FEATURES_LOOKED_AT:
                break
        else:
            stack.pop()
            if stack and stack[-1] in _MEMBERS:
                element.clear()
    for feature, elements in found.items():
        yield Content(told, feature, frozenset(elements), feature in has_geometry, "gml")
