"""Features of an OpenStreetMap file chosen by tag: points, lines and polygons, in memory for what is chosen only.

Lines are made of the ways and the places of their nodes. For anything else what has the wanted tags, and what that
refers to, is first cut out of the file (:mod:`flexsites.inputs.osm.excerpt`); areas are then put together from that, by
osmium, multipolygon relations included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.errors import counted
from flexsites.inputs.osm.excerpt import Excerpt, cut_out, find_ways
from flexsites.inputs.osm.files import reading
from flexsites.inputs.osm.mending import mend_areas
from flexsites.inputs.osm.streets_pbf import RD, project
from flexsites.inputs.osm.tags import Tags, has_tags, is_all_among

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["point", "line", "polygon", "place"]
"""``place`` is points and polygons: whatever stands for a thing at a place."""


@dataclass(frozen=True, slots=True)
class FeatureReading:
    """Features (osm_id, the tags kept, geometry), all tags of each, and what a reader of the manifest should know."""

    features: gpd.GeoDataFrame
    tags: tuple[Tags, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Feature:
    osm_id: str
    tags: dict[str, str]
    geometry: bytes
    is_cut: bool = False


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
    keys = sorted({telling_key(wanted) for wanted in any_of})
    with reading(path):
        if kind == "line":
            found, n_mended, n_broken = _lines(path, keys, any_of, without or {}), 0, 0
        else:
            excerpt = cut_out(path, keys, lambda tags: matches(tags, any_of, {}))
            whole, broken = _collect(excerpt, keys, any_of, without or {}, kind)
            mended = _mend(excerpt, broken)
            found, n_mended, n_broken = [*whole, *mended], len(mended), len(broken)
    found = sorted(found, key=lambda feature: (feature.osm_id[0], int(feature.osm_id[1:])))
    shapes = shapely.from_wkb(np.array([feature.geometry for feature in found], dtype=object))
    shapes = np.array([one_part(shape) for shape in shapes], dtype=object)
    geometry = shapely.transform(shapes, lambda lonlat: project(lonlat, crs, where=str(path)))
    columns: dict[str, Any] = {"osm_id": np.array([feature.osm_id for feature in found], dtype=object)}
    columns |= {key: np.array([feature.tags.get(key) for feature in found], dtype=object) for key in keep}
    features = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    n_cut = sum(feature.is_cut for feature in found)
    return FeatureReading(features, tuple(one.tags for one in found), _notes(n_mended, n_broken, n_cut))


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


def _mend(excerpt: Excerpt, broken: Mapping[str, dict[str, str]]) -> list[_Feature]:
    if not broken:
        return []
    numbers = {kind: {int(name[1:]) for name in broken if name[0] == kind} for kind in "wr"}
    made = mend_areas(excerpt, numbers["w"], numbers["r"])
    return [
        _Feature(excerpt.name_of(name[0], int(name[1:])), broken[name], shapely.to_wkb(shape))
        for name, shape in made.items()
    ]


def _notes(n_mended: int, n_broken: int, n_cut: int) -> tuple[str, ...]:
    mended = counted(
        n_mended,
        "area is cut by the file's edge or crosses itself: closed straight, repaired later",
        "areas are cut by the file's edge or cross themselves: closed straight, repaired later",
    )
    lost = counted(
        n_broken - n_mended,
        "area is not whole in the file and is left out",
        "areas are not whole in the file and are left out",
    )
    cut = f"{counted(n_cut, 'line goes on', 'lines go on')} outside the file: what lies in it is read"
    told = ((mended, n_mended), (lost, n_broken - n_mended), (cut, n_cut))
    return tuple(note for note, n in told if n)


def matches(tags: Tags, any_of: Sequence[Mapping[str, Sequence[str]]], without: Mapping[str, Sequence[str]]) -> bool:
    """Return whether tags match one of the alternatives and none of what is left out.

    Examples
    --------
    >>> matches({"shop": "bakery"}, [{"shop": ["*"]}], {"shop": ["vacant"]})
    True
    >>> matches({"shop": "vacant"}, [{"shop": ["*"]}], {"shop": ["vacant"]})
    False

    Of a list of values all must be among what is left out: a school of two levels is of both.

    >>> matches({"amenity": "school", "isced:level": "1;2"}, [{"amenity": ["school"]}], {"isced:level": ["2", "3"]})
    True
    """
    if any((value := tags.get(key)) is not None and is_all_among(value, values) for key, values in without.items()):
        return False
    return any(has_tags(tags, wanted) for wanted in any_of)


def telling_key(wanted: Mapping[str, Sequence[str]]) -> str:
    """Return the key of an alternative that fewest features have: one with words for values rather than patterns."""
    return min(wanted, key=lambda key: any("*" in value for value in wanted[key]))


def _collect(
    excerpt: Excerpt,
    keys: Sequence[str],
    any_of: Sequence[Mapping[str, Sequence[str]]],
    without: Mapping[str, Sequence[str]],
    kind: Kind,
) -> tuple[list[_Feature], dict[str, dict[str, str]]]:
    """Return the features, and the tags of areas that are not whole, by kind and number in the excerpt."""
    found: list[_Feature] = []
    broken: dict[str, dict[str, str]] = {}
    factory = osmium.geom.WKBFactory()
    for item in _items(excerpt, keys, with_areas=kind in ("polygon", "place")):
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_relation() or not matches(tags, any_of, without):
            continue
        feature = _feature(excerpt, factory, item, tags, kind)
        if feature is not None:
            found.append(feature)
        elif item.is_area():
            broken[f"{'w' if item.from_way() else 'r'}{item.orig_id()}"] = tags
    return found, broken


def _items(excerpt: Excerpt, keys: Sequence[str], *, with_areas: bool) -> Iterator[Any]:
    key_filter = osmium.filter.KeyFilter(*keys)
    every: Any = osmium.FileProcessor(excerpt.open())
    if with_areas:
        return iter(every.with_areas(key_filter).with_filter(key_filter))
    return iter(every.with_locations().with_filter(key_filter))


def _feature(
    excerpt: Excerpt,
    factory: osmium.geom.WKBFactory,
    item: Any,  # noqa: ANN401 - osmium carries no types
    tags: dict[str, str],
    kind: Kind,
) -> _Feature | None:
    """Return an item in the wanted geometry; None: it has none of that kind."""
    try:
        if item.is_node() and kind in ("point", "place"):
            return _Feature(excerpt.name_of("n", item.id), tags, bytes.fromhex(factory.create_point(item)))
        if item.is_area() and kind in ("polygon", "place"):
            name = excerpt.name_of("w" if item.from_way() else "r", item.orig_id())
            return _Feature(name, tags, bytes.fromhex(factory.create_multipolygon(item)))
    except (RuntimeError, osmium.InvalidLocationError):
        return None  # an area that is not whole
    return None


def _lines(
    path: Path,
    keys: Sequence[str],
    any_of: Sequence[Mapping[str, Sequence[str]]],
    without: Mapping[str, Sequence[str]],
) -> list[_Feature]:
    """Return ways as lines: the parts whose places are in the file; a way of which no two in a row are is left out."""
    ways, places = find_ways(path, keys, lambda tags: matches(tags, any_of, without))
    numbers = list(ways)
    refs = np.array([ref for number in numbers for ref in ways[number][0]], dtype=np.int64)
    way = np.repeat(np.arange(len(numbers)), [len(ways[number][0]) for number in numbers])
    is_known = np.isin(refs, places.ids)
    xy = places.lonlat[np.searchsorted(places.ids, refs[is_known])]
    is_cut = np.bincount(way[~is_known], minlength=len(numbers)) > 0
    # A part is a run of known places of one way.
    owner, run = way[is_known], np.cumsum(~is_known)[is_known]
    part = np.cumsum((np.diff(owner, prepend=-1) != 0) | (np.diff(run, prepend=-1) != 0)) - 1
    is_line = np.bincount(part)[part] > 1 if len(part) else np.zeros(0, dtype=bool)
    _, first, number_of = np.unique(part[is_line], return_index=True, return_inverse=True)
    lines = np.asarray(shapely.linestrings(xy[is_line], indices=number_of))
    parts: dict[int, list[shapely.LineString]] = {}
    for line, at_way in zip(lines, owner[is_line][first].tolist(), strict=True):
        parts.setdefault(at_way, []).append(line)
    shapes = [own[0] if len(own) == 1 else shapely.MultiLineString(own) for own in parts.values()]
    wkb = shapely.to_wkb(np.array(shapes, dtype=object))
    return [
        _Feature(f"w{numbers[i]}", ways[numbers[i]][1], geometry, is_cut=bool(is_cut[i]))
        for i, geometry in zip(parts, wkb, strict=True)
    ]
