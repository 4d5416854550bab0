"""Where a file lies, in RD New, as far as that is told without reading its rows one by one."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import osmium
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from flexsites.inputs.formats.content import Content
from flexsites.inputs.formats.files import split_archive
from flexsites.inputs.formats.vector import Bounds

_MOST_BYTES = 256_000_000
_DEGREES = 100.0


def extent_of(content: Content) -> Bounds | None:
    """Return the box around a layer; None where only reading it would tell, or it says no reference system.

    Parameters
    ----------
    content
        What was found in a file.
    """
    archive, member = split_archive(content.path)
    if content.kind == "gtfs":
        return _of_gtfs(Path(archive))
    if content.kind == "osm":
        return _of_osm(Path(archive))
    if not content.has_geometry or content.kind not in ("vector", "gml"):
        return None
    if content.kind == "gml":
        return _of_gml(Path(archive), member)
    if archive.endswith((".parquet", ".geoparquet")):
        return _of_parquet(Path(archive))
    source = f"/vsizip/{archive}/{member}" if member else archive
    info = pyogrio.read_info(source, layer=content.layer, force_total_bounds=True)
    return _to_rd(info["total_bounds"], info["crs"])


def _to_rd(box: tuple[float, ...] | None, crs: str | None) -> Bounds | None:
    if box is None or crs is None or not np.isfinite(box).all():
        return None
    try:
        moving = Transformer.from_crs(CRS.from_user_input(crs), "EPSG:28992", always_xy=True)
    except CRSError:
        return None
    west, south, east, north = moving.transform_bounds(box[0], box[1], box[2], box[3])
    return (float(west), float(south), float(east), float(north))


def _of_osm(path: Path) -> Bounds | None:
    """Return the box that an extract of OpenStreetMap says it covers; it may hold less, and many say none."""
    try:
        reader = osmium.io.Reader(str(path), osmium.osm.NOTHING)
        try:
            box = reader.header().box()
        finally:
            reader.close()
    except RuntimeError:
        return None  # what is wrong with it, reading it tells
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return _to_rd((low.lon, low.lat, high.lon, high.lat), "EPSG:4326")


def _of_parquet(path: Path) -> Bounds | None:
    geo = json.loads((pq.read_schema(path).metadata or {}).get(b"geo", b"{}"))
    column = geo.get("columns", {}).get(geo.get("primary_column"), {})
    crs = column.get("crs", "OGC:CRS84")
    box = column.get("bbox")
    if box is None or crs is None:
        return None
    return _to_rd(tuple(box[:2] + box[len(box) // 2 :][:2]), json.dumps(crs) if isinstance(crs, dict) else crs)


def _of_gtfs(path: Path) -> Bounds | None:
    with zipfile.ZipFile(path) as packed:
        member = next(name for name in packed.namelist() if Path(name).name == "stops.txt")
        with packed.open(member) as stream:
            stops = pd.read_csv(stream, usecols=["stop_lon", "stop_lat"], skipinitialspace=True)
    numbers = stops.apply(pd.to_numeric, errors="coerce").dropna()
    low, high = numbers.min(), numbers.max()
    box = (low["stop_lon"], low["stop_lat"], high["stop_lon"], high["stop_lat"])
    return _to_rd(box, "EPSG:4326") if len(numbers) else None


def _of_gml(path: Path, member: str | None) -> Bounds | None:
    if member is not None:
        with zipfile.ZipFile(path) as packed:
            if member.count(".zip") or packed.getinfo(member).file_size > _MOST_BYTES:
                return None
            with packed.open(member) as stream:
                return _of_positions(stream)
    if path.suffix.lower() == ".zip" or path.stat().st_size > _MOST_BYTES:
        return None
    with path.open("rb") as stream:
        return _of_positions(stream)


def _of_positions(stream: IO[bytes]) -> Bounds | None:
    """Return the box around all positions of a GML; degrees come with latitude first, RD New with x."""
    corners: list[tuple[float, float, float, float]] = []
    depth = 2
    for _, element in ET.iterparse(stream):  # noqa: S314 - Python expands no entities
        name = element.tag.rpartition("}")[2]
        if name in ("pos", "posList") and element.text:
            depth = int(element.get("srsDimension", depth))
            numbers = np.array(element.text.split(), dtype=np.float64)
            points = numbers[: len(numbers) // depth * depth].reshape(-1, depth)[:, :2]
            if len(points):
                corners.append((*points.min(axis=0), *points.max(axis=0)))
        elif name not in ("LinearRing", "Ring"):
            element.clear()
    if not corners:
        return None
    boxes = np.array(corners)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    if (high < _DEGREES).all():
        return _to_rd((low[1], low[0], high[1], high[0]), "EPSG:4258")
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
