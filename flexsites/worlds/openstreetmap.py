"""Writing streets, amenities, stops and a few areas as an OpenStreetMap file (`.osm.pbf`), the way mappers tag them."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import osmium
import shapely
from pyproj import Transformer

from flexsites.errors import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_TO_WGS84 = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)


@dataclass
class OsmContent:
    """
    What goes into the file: tagged points, lines and areas in RD New.

    Parameters
    ----------
    bounds
        Extent that the file says it covers, in RD New.
    points, lines, areas
        Pairs of geometry and tags. Lines that share a vertex share a node; areas are written as closed ways, their
        holes left out.
    """

    bounds: tuple[float, float, float, float]
    points: list[tuple[shapely.Point, dict[str, str]]] = field(default_factory=list)
    lines: list[tuple[shapely.LineString, dict[str, str]]] = field(default_factory=list)
    areas: list[tuple[shapely.Polygon, dict[str, str]]] = field(default_factory=list)


def write_pbf(path: Path, content: OsmContent) -> None:
    """
    Write the content, nodes before ways, identifiers ascending; equal content gives equal elements.

    Parameters
    ----------
    path
        A name that ends in ``.osm.pbf``; an existing file is replaced.
    content
        What to write.
    """
    path.unlink(missing_ok=True)
    rings = [shapely.LineString(area.exterior.coords) for area, _ in content.areas]
    shapes = np.array([*(line for line, _ in content.lines), *rings], dtype=object)
    vertices, of_shape = shapely.get_coordinates(shapes, return_index=True)
    unique, number = np.unique(np.round(vertices, 2), axis=0, return_inverse=True)
    tags = [tags for _, tags in content.lines] + [tags for _, tags in content.areas]
    refs = np.split(number.ravel() + 1, np.flatnonzero(np.diff(of_shape)) + 1)
    points = shapely.get_coordinates(np.array([point for point, _ in content.points], dtype=object))
    header = osmium.io.Header()
    box = _TO_WGS84.transform_bounds(*content.bounds)
    header.add_box(osmium.osm.Box(*box))
    with writing(path.parent), _writer(path, header) as writer:
        _write_nodes(writer, unique, [{}] * len(unique), 1)
        _write_nodes(writer, points, [tags for _, tags in content.points], len(unique) + 1)
        for way, (way_refs, way_tags) in enumerate(zip(refs, tags, strict=True), start=1):
            nodes = [int(ref) for ref in way_refs]
            writer.add_way(osmium.osm.mutable.Way(id=way, version=1, nodes=nodes, tags=way_tags))


@contextmanager
def _writer(path: Path, header: osmium.io.Header) -> Iterator[osmium.SimpleWriter]:
    """Give a writer that ends a process of which the disk is full with an error, not with an abort of osmium's."""
    writer = osmium.SimpleWriter(str(path), header=header)
    try:
        yield writer
        writer.close()
    except BaseException:
        # What a writer does not write it tries to write once more when it is destroyed, and then aborts: so it is not.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
        raise


def _write_nodes(
    writer: osmium.SimpleWriter, places: NDArray[np.float64], tags: Iterable[dict[str, str]], first: int
) -> None:
    longitude, latitude = _TO_WGS84.transform(places[:, 0], places[:, 1])
    for order, (lon, lat, node_tags) in enumerate(zip(longitude, latitude, tags, strict=True)):
        node = osmium.osm.mutable.Node(id=first + order, version=1, location=(float(lon), float(lat)), tags=node_tags)
        writer.add_node(node)
