"""Features of an OpenStreetMap file chosen by tag: points, lines and polygons, in memory for what is chosen only.

The file is first reduced to what has the wanted tags and what that refers to (in a temporary file); areas are then
put together from that, by osmium, multipolygon relations included.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.errors import Fault, InputError
from flexsites.inputs.osm.access import Tags, has_tags
from flexsites.inputs.osm.mending import mend_areas
from flexsites.inputs.osm.streets_pbf import RD, project

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["point", "line", "polygon", "place"]
"""``place`` is points and polygons: whatever stands for a thing at a place."""


@dataclass(frozen=True, slots=True)
class FeatureReading:
    """Features (osm_id, the tags kept, geometry), and what a reader of the manifest should know."""

    features: gpd.GeoDataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Feature:
    osm_id: str
    tags: dict[str, str]
    geometry: bytes


def read_osm_features(
    path: Path,
    *,
    any_of: Sequence[Mapping[str, Sequence[str]]],
    kind: Kind,
    without: Mapping[str, Sequence[str]] | None = None,
    keep: Sequence[str] = (),
    crs: str = RD,
) -> FeatureReading:
    """Read the features that match one of several sets of tags.

    Parameters
    ----------
    path
        An ``.osm.pbf`` file.
    any_of
        Alternatives: of one alternative every key must have one of the values (``*`` is any text).
    kind
        Which geometry: closed ways and multipolygon relations are polygons, other ways lines.
    without
        A feature that has one of these keys with one of these values is left out.
    keep
        Tags that become columns; null where a feature has none.
    crs
        The metric system to project to.

    Returns
    -------
    FeatureReading
        ``osm_id`` is n, w or r with OSM's number; rows are ordered by it.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    keys = sorted({_telling_key(wanted) for wanted in any_of})
    try:
        with tempfile.TemporaryDirectory() as folder:
            reduced = _reduce(path, Path(folder) / "reduced.osm.pbf", keys, any_of)
            found, broken = _collect(reduced, keys, any_of, without or {}, kind)
            mended = _mend(reduced, broken)
    except (RuntimeError, OSError) as error:
        fault = Fault(f"cannot be read as OpenStreetMap ({error})", str(path), "give a complete .osm.pbf file")
        raise InputError(fault) from error
    found = sorted([*found, *mended], key=lambda feature: (feature.osm_id[0], int(feature.osm_id[1:])))
    shapes = shapely.from_wkb(np.array([feature.geometry for feature in found], dtype=object))
    shapes = np.array([one_part(shape) for shape in shapes], dtype=object)
    geometry = shapely.transform(shapes, lambda lonlat: project(lonlat, crs, where=str(path)))
    columns: dict[str, Any] = {"osm_id": np.array([feature.osm_id for feature in found], dtype=object)}
    columns |= {key: np.array([feature.tags.get(key) for feature in found], dtype=object) for key in keep}
    features = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    return FeatureReading(features, _notes(len(mended), len(broken)))


def one_part(shape: BaseGeometry) -> BaseGeometry:
    """Return the only part of a multipolygon of one part; any other shape as it is.

    Examples
    --------
    >>> one_part(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])).geom_type
    'Polygon'
    """
    if isinstance(shape, shapely.MultiPolygon) and len(shape.geoms) == 1:
        return shape.geoms[0]
    return shape


def _mend(path: Path, broken: Mapping[str, dict[str, str]]) -> list[_Feature]:
    numbers = {kind: {int(name[1:]) for name in broken if name[0] == kind} for kind in "wr"}
    if not broken:
        return []
    made = mend_areas(path, numbers["w"], numbers["r"])
    return [_Feature(name, broken[name], shapely.to_wkb(shape)) for name, shape in made.items()]


def _notes(n_mended: int, n_broken: int) -> tuple[str, ...]:
    mended = f"{n_mended} areas are cut by the file's edge or cross themselves: closed straight, repaired later"
    lost = f"{n_broken - n_mended} areas are not whole in the file and are left out"
    return ((mended,) if n_mended else ()) + ((lost,) if n_broken > n_mended else ())


def matches(tags: Tags, any_of: Sequence[Mapping[str, Sequence[str]]], without: Mapping[str, Sequence[str]]) -> bool:
    """Return whether tags match one of the alternatives and none of what is left out.

    Examples
    --------
    >>> matches({"shop": "bakery"}, [{"shop": ["*"]}], {"shop": ["vacant"]})
    True
    >>> matches({"shop": "vacant"}, [{"shop": ["*"]}], {"shop": ["vacant"]})
    False
    """
    if any(has_tags(tags, {key: values}) for key, values in without.items()):
        return False
    return any(has_tags(tags, wanted) for wanted in any_of)


def _telling_key(wanted: Mapping[str, Sequence[str]]) -> str:
    """Return the key of an alternative that fewest features have: one with words for values rather than patterns."""
    return min(wanted, key=lambda key: any("*" in value for value in wanted[key]))


def _reduce(path: Path, target: Path, keys: Sequence[str], any_of: Sequence[Mapping[str, Sequence[str]]]) -> Path:
    """Write what is wanted and what that refers to; not all streets for their bus stops, nor all that has a name."""
    with osmium.BackReferenceWriter(str(target), ref_src=str(path), overwrite=True) as writer:
        for item in osmium.FileProcessor(str(path)).with_filter(osmium.filter.KeyFilter(*keys)):
            if matches({tag.k: tag.v for tag in item.tags}, any_of, {}):
                writer.add(item)
    return target


def _collect(
    path: Path,
    keys: Sequence[str],
    any_of: Sequence[Mapping[str, Sequence[str]]],
    without: Mapping[str, Sequence[str]],
    kind: Kind,
) -> tuple[list[_Feature], dict[str, dict[str, str]]]:
    """Return the features, and the tags of areas that are not whole, by osm_id."""
    found: list[_Feature] = []
    broken: dict[str, dict[str, str]] = {}
    for item in _items(path, keys, with_areas=kind in ("polygon", "place")):
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_relation() or not matches(tags, any_of, without):
            continue
        feature = _feature(item, tags, kind)
        if feature is not None:
            found.append(feature)
        elif item.is_area():
            broken[_area_name(item)] = tags
    return found, broken


def _items(path: Path, keys: Sequence[str], *, with_areas: bool) -> Iterator[Any]:
    key_filter = osmium.filter.KeyFilter(*keys)
    if with_areas:
        return iter(osmium.FileProcessor(str(path)).with_areas(key_filter).with_filter(key_filter))
    return iter(osmium.FileProcessor(str(path)).with_locations().with_filter(key_filter))


def _feature(item: Any, tags: dict[str, str], kind: Kind) -> _Feature | None:  # noqa: ANN401 - osmium carries no types
    """Return an item in the wanted geometry; None: it has none of that kind."""
    factory = osmium.geom.WKBFactory()
    try:
        if item.is_node() and kind in ("point", "place"):
            return _Feature(f"n{item.id}", tags, bytes.fromhex(factory.create_point(item)))
        if item.is_area() and kind in ("polygon", "place"):
            return _Feature(_area_name(item), tags, bytes.fromhex(factory.create_multipolygon(item)))
        if item.is_way() and kind == "line":
            return _Feature(f"w{item.id}", tags, bytes.fromhex(factory.create_linestring(item)))
    except (RuntimeError, osmium.InvalidLocationError):
        return None  # an area that is not whole, or a way of which fewer than two places are in the file
    return None


def _area_name(area: Any) -> str:  # noqa: ANN401 - osmium carries no types
    return f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
