"""Amenities, and stops without a timetable, from an OpenStreetMap file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import counted
from flexsites.inputs.osm.endings import Endings
from flexsites.inputs.osm.features import FeatureReading, matches, read_osm_features, telling_key
from flexsites.inputs.osm.streets_pbf import RD
from flexsites.inputs.osm.tags import Tags, has_tags, is_all_among, members
from flexsites.tables import Amenities, Frame, Stops, empty
from flexsites.tables.dtypes import PANDAS

if TYPE_CHECKING:
    from flexsites.arrays import BoolArray, GeometryArray
    from flexsites.config.openstreetmap import AmenityCategories, AmenityCategory, Entry, Lifecycle

_NAME = "name"
_ACCESS = "access"
_CONDITIONAL = "access:conditional"
# Crossings this near to each other (a millimetre) are one entrance.
_ENTRANCE_DECIMALS = 3


def amenities_from_pbf(
    path: Path,
    *,
    categories: AmenityCategories,
    walkable: GeometryArray,
    crs: str = RD,
    on: dt.date | None = None,
) -> tuple[Frame, tuple[str, ...]]:
    """Read all categories of amenity in one go.

    Parameters
    ----------
    path
        An ``.osm.pbf`` file.
    categories
        Tags by category.
    walkable
        Lines of streets that may be walked: where they cross the edge of a large area are its entrances.
    crs
        The metric system to project to.
    on
        The day on which they must not have ended; None: any may have.

    Returns
    -------
    tuple
        Table ``Amenities`` ordered by id, and notes for the manifest. An id is the category, a slash and OSM's id; an
        entrance adds # and a number, so that entrances of one area are known to be one.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    reading, chosen = _read_once(path, categories.categories, categories, crs, on)
    notes = tuple(f"amenities: {note}" for note in (*reading.notes, *chosen.notes()))
    return amenity_table(reading.features, chosen.of, categories=categories, walkable=walkable, crs=crs), notes


def amenity_table(
    features: gpd.GeoDataFrame,
    chosen: Mapping[Any, BoolArray],
    *,
    categories: AmenityCategories,
    walkable: GeometryArray,
    crs: str = RD,
) -> Frame:
    """Return the table ``Amenities`` of features (osm_id, name, geometry) and, per category, which of them it has."""
    tree = shapely.STRtree(walkable)
    frames = [
        _amenities(name, category, features[chosen[name]], tree) for name, category in categories.categories.items()
    ]
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return empty(Amenities)
    table = gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), geometry="geometry", crs=crs)
    whole: Frame = table.sort_values("amenity_id", ignore_index=True)[Amenities.columns]
    return whole


def stops_from_pbf(
    path: Path, *, categories: AmenityCategories, crs: str = RD, on: dt.date | None = None
) -> tuple[Frame, tuple[str, ...]]:
    """Read stops by mode; without a timetable their service is null: unknown, not none.

    Returns
    -------
    tuple
        Table ``Stops``, ordered by id, and notes for the manifest.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    reading, classes = _read_once(path, categories.stops, categories, crs, on)
    chosen, notes = classes.of, (*reading.notes, *classes.notes())
    frames = [
        pd.DataFrame(
            {
                "stop_id": reading.features["osm_id"][chosen[mode]],
                "mode": mode,
                "stop_name": reading.features[_NAME][chosen[mode]],
                "geometry": shapely.point_on_surface(reading.features.geometry.to_numpy()[chosen[mode]]),
            }
        )
        for mode in categories.stops
        if chosen[mode].any()
    ]
    if not frames:
        return empty(Stops), notes
    table = pd.concat(frames, ignore_index=True).sort_values(["stop_id", "mode"], ignore_index=True)
    unknown = {
        field.name: pd.Series(np.nan if field.dtype == "float" else pd.NA, index=table.index, dtype=PANDAS[field.dtype])
        for field in Stops.fields
        if field.name not in table.columns
    }
    whole: Frame = gpd.GeoDataFrame(table.assign(**unknown), geometry="geometry", crs=crs)[Stops.columns]
    return whole, notes


def _read_once(
    path: Path, chosen: Mapping[Any, AmenityCategory], rules: AmenityCategories, crs: str, on: dt.date | None
) -> tuple[FeatureReading, Classes]:
    """Read whatever matches a category; return it, and per category which rows it has."""
    any_of = [wanted for category in chosen.values() for wanted in category.any_of]
    reading = read_osm_features(path, any_of=any_of, kind="place", keep=(_NAME,), crs=crs)
    return reading, classify(reading.tags, chosen, rules.gone, on, entry=rules.entry)


@dataclass(frozen=True, slots=True)
class Classes:
    """Per category which features it has, and how many features are of none because they are gone, or not there yet.

    ``n_closed`` are those that are there and closed to the public, ``n_conditional`` those whose ``access:conditional``
    was not read, ``of_no_list`` the words of ``access`` that no list holds.
    """

    of: Mapping[Any, BoolArray]
    n_gone: int
    endings: Endings = field(default_factory=Endings)
    n_closed: int = 0
    n_conditional: int = 0
    of_no_list: Counter[str] = field(default_factory=Counter)

    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the manifest should know."""
        shown = ", ".join(f"{word} {n:,}" for word, n in sorted(self.of_no_list.items(), key=lambda told: -told[1])[:5])
        told = (
            (
                counted(
                    self.n_gone,
                    "is tagged as closed, gone or not yet built, and is left out",
                    "are tagged as closed, gone or not yet built, and are left out",
                ),
                self.n_gone,
            ),
            (
                counted(
                    self.n_closed,
                    "is not open to the public (access), and is left out",
                    "are not open to the public (access), and are left out",
                ),
                self.n_closed,
            ),
            (
                counted(
                    self.n_conditional,
                    "is open on a condition that is not read, and is kept",
                    "are open on a condition that is not read, and are kept",
                ),
                self.n_conditional,
            ),
            (f"words of access that no list holds do not decide ({shown})", self.of_no_list.total()),
        )
        return (*(note for note, n in told if n), *self.endings.notes())


def classify(
    tags: Sequence[Tags],
    categories: Mapping[Any, AmenityCategory],
    lifecycle: Lifecycle,
    on: dt.date | None = None,
    *,
    entry: Entry | None = None,
) -> Classes:
    """Return per category which features it has, by their tags, on a day."""
    by_tags = {
        name: np.array([matches(one, category.any_of, category.without) for one in tags], dtype=bool)
        for name, category in categories.items()
    }
    gone = {
        name: np.array([is_gone(one, category.any_of, lifecycle) for one in tags], dtype=bool)
        for name, category in categories.items()
    }
    there = {name: is_one & ~gone[name] for name, is_one in by_tags.items()}
    none = np.zeros(len(tags), dtype=bool)
    is_closed = np.array([is_closed_to_all(one, entry) for one in tags], dtype=bool)
    open_ = {name: mask & ~(is_closed & categories[name].is_public) for name, mask in there.items()}
    ever, now, kept = (np.logical_or.reduce([none, *masks.values()]) for masks in (by_tags, there, open_))
    ended, endings = Endings.of((one if is_kept else {} for one, is_kept in zip(tags, kept, strict=True)), on)
    stays = [one for one, is_one in zip(tags, kept & ~ended, strict=True) if is_one]
    return Classes(
        {name: mask & ~ended for name, mask in open_.items()},
        int((ever & ~now).sum()),
        endings,
        n_closed=int((now & ~kept).sum()),
        n_conditional=sum(_CONDITIONAL in one for one in stays),
        of_no_list=Counter(word for one in stays for word in _words_of_no_list(one, entry)),
    )


def is_closed_to_all(tags: Tags, entry: Entry | None) -> bool:
    """Return whether the public may not come in; of a list all must say so.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import Entry
    >>> entry = Entry(closed=("no", "private"), known=("yes", "customers"))
    >>> [is_closed_to_all({"access": word}, entry) for word in ("private", "no;private", "private;customers", "club")]
    [True, True, False, False]
    """
    return entry is not None and _ACCESS in tags and is_all_among(tags[_ACCESS], entry.closed)


def _words_of_no_list(tags: Tags, entry: Entry | None) -> list[str]:
    if entry is None or _ACCESS not in tags:
        return []
    return [word for word in members(tags[_ACCESS]) if not is_all_among(word, (*entry.closed, *entry.known))]


def is_gone(tags: Tags, any_of: Sequence[Mapping[str, Sequence[str]]], lifecycle: Lifecycle) -> bool:
    """Return whether what tags would make of a category is closed or gone, or not there yet.

    Examples
    --------
    >>> from flexsites.config.openstreetmap import Lifecycle
    >>> closed = Lifecycle(keys=("disused",), prefixes=("disused",))
    >>> pharmacy = [{"amenity": ["pharmacy"]}, {"healthcare": ["pharmacy"]}]
    >>> is_gone({"healthcare": "pharmacy", "disused:amenity": "pharmacy"}, pharmacy, closed)
    True
    >>> closed = Lifecycle(keys=("disused",), prefixes=("disused",), words={"opening_hours": ("off",)})
    >>> is_gone({"amenity": "pharmacy", "opening_hours": "off"}, pharmacy, closed)
    True
    >>> is_gone({"shop": "supermarket", "disused:shop": "bakery"}, [{"shop": ["supermarket", "bakery"]}], closed)
    False
    """
    if any(tags.get(key, "").lower() == "yes" for key in lifecycle.keys):
        return True
    if any(tags.get(key, "").strip('" ').lower() in words for key, words in lifecycle.words.items()):
        return True
    for wanted in any_of:
        key = telling_key(wanted)
        for prefix in lifecycle.prefixes:
            former = tags.get(f"{prefix}:{key}")
            # A bakery that became a supermarket is a supermarket: the key says what is there now.
            if former is not None and tags.get(key) in (None, former) and has_tags({key: former}, {key: wanted[key]}):
                return True
    return False


def _amenities(name: str, category: AmenityCategory, features: gpd.GeoDataFrame, walkable: shapely.STRtree) -> Frame:
    if category.points == "point":
        features = features[told_once(features)]
    shapes = features.geometry.to_numpy()
    if category.min_area_m2 is not None:
        is_large = shapely.area(shapes) >= float(category.min_area_m2)
        features, shapes = features[is_large], shapes[is_large]
    is_entered = category.points == "entrances"
    points = [
        entrances(shape, walkable) if is_entered else np.array([shapely.point_on_surface(shape)], dtype=object)
        for shape in shapes
    ]
    sizes = np.array([len(of_one) for of_one in points], dtype=np.int64)
    number = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    ids = np.repeat((name + "/" + features["osm_id"].astype(str)).to_numpy(dtype=object), sizes)
    marks = [f"#{i}" if is_entered else "" for i in number]
    return pd.DataFrame(
        {
            "amenity_id": [one + mark for one, mark in zip(ids, marks, strict=True)],
            "category": name,
            "weight": 1.0,
            "amenity_name": np.repeat(features[_NAME].to_numpy(dtype=object), sizes),
            "geometry": np.concatenate(points) if points else np.array([], dtype=object),
        }
    )


def told_once(features: gpd.GeoDataFrame) -> BoolArray:
    """Return which features of one category stay: not those inside another that bears the same name, or that have none.

    A school is often drawn as its grounds and as its building; it is one school. Two names are two schools.

    Examples
    --------
    >>> grounds, room, sister = shapely.box(0, 0, 9, 9), shapely.box(1, 1, 2, 2), shapely.box(5, 5, 6, 6)
    >>> table = gpd.GeoDataFrame({"name": ["De Brug", None, "De Boog"]}, geometry=[grounds, room, sister])
    >>> told_once(table).tolist()
    [True, False, True]
    """
    shapes = features.geometry.to_numpy()
    inner, outer = shapely.STRtree(shapes).query(shapely.point_on_surface(shapes), predicate="intersects")
    size = shapely.area(shapes)
    # Of two that cover one another the larger stays, or the first.
    is_inside = (inner != outer) & ((size[inner] < size[outer]) | ((size[inner] == size[outer]) & (inner > outer)))
    name = features[_NAME].astype("object").where(features[_NAME].notna(), None).to_numpy(dtype=object)
    is_same = np.array([name[i] is None or name[i] == name[j] for i, j in zip(inner, outer, strict=True)], dtype=bool)
    stays = np.ones(len(features), dtype=bool)
    stays[inner[is_inside & is_same]] = False
    return stays


def told_twice(amenities: Frame, within_m: float) -> dict[str, int]:
    """Return, per category, how many amenities have one of another source no farther away: they may be one.

    Examples
    --------
    >>> points = shapely.points([[0, 0], [0, 3], [0, 60]])
    >>> ids = ["own/1", "supermarket/n7", "supermarket/n8"]
    >>> told_twice(gpd.GeoDataFrame({"amenity_id": ids, "category": "supermarket"}, geometry=points), 10.0)
    {'supermarket': 2}
    """
    found = {}
    for category, rows in amenities.groupby("category", observed=True):
        shapes, source = rows.geometry.to_numpy(), rows["amenity_id"].str.partition("/")[0].to_numpy(dtype=object)
        one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
        if n := len(np.unique(one[source[one] != source[other]])):
            found[str(category)] = n
    return found


def entrances(shape: shapely.Geometry, walkable: shapely.STRtree) -> GeometryArray:
    """Return where streets cross the edge of an area, ordered by x and y; its representative point where none does.

    Examples
    --------
    >>> street = shapely.STRtree([shapely.LineString([(-5, 5), (15, 5)])])
    >>> [point.wkt for point in entrances(shapely.box(0, 0, 10, 10), street)]
    ['POINT (0 5)', 'POINT (10 5)']
    """
    edge = shapely.boundary(shape)
    near = walkable.geometries[walkable.query(edge, predicate="intersects")]
    crossings = shapely.get_coordinates(shapely.intersection(edge, near))
    if len(crossings) == 0:
        return np.array([shapely.point_on_surface(shape)], dtype=object)
    return np.asarray(shapely.points(np.unique(np.round(crossings, _ENTRANCE_DECIMALS), axis=0)), dtype=object)
