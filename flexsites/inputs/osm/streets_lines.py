"""Streets from lines and from osmnx's graphs, and the table of street lines that road access is tested with.

Streets of OpenStreetMap files are read by :mod:`flexsites.inputs.osm.streets_pbf`; all give the same street graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import Fault, InputError, counted
from flexsites.geometry.street_graph import (
    BICYCLE_BACKWARD,
    BICYCLE_FORWARD,
    CAR,
    CROSSING,
    NOT_TOLD,
    ROAD_KINDS,
    WALK_BACKWARD,
    WALK_FORWARD,
    StreetGraph,
    Traits,
    edge_lengths,
    graph_from_ways,
)
from flexsites.inputs.osm.access import permissions, road_kind
from flexsites.inputs.osm.directions import ROUNDABOUTS
from flexsites.inputs.osm.streets_pbf import StreetReading, with_area
from flexsites.inputs.osm.traits import TraitsOf
from flexsites.tables import Frame, StreetLines, require_rd

if TYPE_CHECKING:
    from flexsites.arrays import GeometryArray
    from flexsites.config.openstreetmap import StreetRules

_WALK = int(WALK_FORWARD | WALK_BACKWARD)
_BICYCLE = int(BICYCLE_FORWARD | BICYCLE_BACKWARD)
# What a column of one-way may say, and OpenStreetMap's word for it; a closed list.
_ONEWAY = {
    **dict.fromkeys(("yes", "true", "1"), "yes"),
    **dict.fromkeys(("-1", "reverse"), "-1"),
    **dict.fromkeys(("no", "false", "0", "reversible", "alternating"), "no"),
}


@dataclass(frozen=True, slots=True)
class LineColumns:
    """Which columns of a file of lines say what; see :class:`flexsites.config.street_sources.Lines`."""

    road_class: str
    classes: Mapping[str, str] = field(default_factory=dict)
    oneway: str | None = None
    name: str | None = None
    junction: str | None = None
    roundabouts: tuple[str, ...] = ROUNDABOUTS

    def asked(self) -> list[str]:
        """Return the columns that the file must have."""
        return [name for name in (self.road_class, self.oneway, self.name, self.junction) if name is not None]


def streets_from_lines(
    lines: gpd.GeoDataFrame,
    *,
    columns: LineColumns,
    rules: StreetRules,
    extent: shapely.Geometry | None = None,
    where: str = "streets",
) -> StreetReading:
    """Make a street graph of bare lines: they connect at every vertex that two of them share, not only at their ends.

    Parameters
    ----------
    lines
        Lines in RD New, any index.
    columns
        Which columns hold the class of road, one-way, name and junction. A word for a class that is not listed stands
        for itself; without a column of one-way every street goes both ways; without one of junctions it is unknown
        which are roundabouts.
    rules
        Who may use which class.
    extent
        Where the lines are complete; None: their bounding box.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If a column is missing, a line has no geometry or no class, or words are not known; every fault at once.
    CrsError
        If the lines are not in RD New.
    """
    require_rd(lines, where=where)
    raise_line_faults(lines, columns.asked(), where)
    parts = lines.explode(index_parts=False, ignore_index=True)
    ours = _words(parts[columns.road_class]).map(lambda word: columns.classes.get(word, word), na_action="ignore")
    oneway = _oneway_words(_words(_column(parts, columns.oneway)))
    _raise_word_faults(ours, oneway, columns, rules, where)
    bits = np.array(
        [
            permissions({"highway": name, **({"oneway": value} if isinstance(value, str) else {})}, rules)
            for name, value in zip(ours, oneway, strict=True)
        ],
        dtype=np.uint8,
    )
    used = np.flatnonzero(bits > 0)
    if not len(used):
        remedy = f"give streets that may be walked, cycled or driven, not only {', '.join(sorted(set(ours)))}"
        raise InputError(Fault("no line may be used by anybody", f"{where}.{columns.road_class}", remedy, len(lines)))
    traits, n_roundabouts = _traits(parts, ours, columns, rules)
    way_start, way_vertex, xy, way = _shared_vertices(parts.geometry.to_numpy()[used])
    box = with_area(shapely.box(*shapely.total_bounds(parts.geometry.to_numpy())))
    graph = graph_from_ways(
        way_start,
        way_vertex,
        xy,
        allowed=bits[used][way],
        traits=traits.take(used[way]),
        extent=box if extent is None else extent,
    )
    taken = "taken to be complete within the box around them" if extent is None else "complete within the extent given"
    told = "which are roundabouts is not told"
    if columns.junction:
        told = counted(n_roundabouts, "line is a roundabout", "lines are roundabouts")
    return StreetReading(graph, ("lines connected at every vertex they share", taken, told))


def raise_line_faults(lines: gpd.GeoDataFrame, columns: list[str], where: str) -> None:
    """Refuse lines without the columns or without geometry, all faults at once."""
    faults = [
        Fault(f"no column {name}", where, f"name one of {', '.join(map(str, lines.columns))}")
        for name in columns
        if name not in lines.columns
    ]
    is_line = np.isin(shapely.get_type_id(lines.geometry.to_numpy()), (1, 5)) & ~shapely.is_empty(
        lines.geometry.to_numpy()
    )
    if not is_line.all():
        ids = list(lines.index[~is_line][:3])
        faults.append(Fault("not a line, or empty", where, "remove or mend these rows", int((~is_line).sum()), ids))
    if len(lines) == 0:
        faults.append(Fault("no lines", where, "give at least one street"))
    if faults:
        raise InputError(faults)


def _words(column: pd.Series) -> pd.Series:
    """Return what a column says as text; null where it says nothing, or blanks."""
    text = column.astype("object").map(lambda value: str(value).strip(), na_action="ignore")
    words: pd.Series = text.mask(text.isna() | (text == ""), None)
    return words


def _column(parts: gpd.GeoDataFrame, name: str | None) -> pd.Series:
    """Return a column, or one that says nothing where none is named."""
    return pd.Series(None, index=parts.index, dtype=object) if name is None else parts[name]


def _oneway_words(words: pd.Series) -> pd.Series:
    """Return OpenStreetMap's words for one-way; numbers and truth values are such words too."""
    return words.map(lambda word: _ONEWAY.get(word.lower().removesuffix(".0"), word), na_action="ignore")


def _raise_word_faults(
    ours: pd.Series, oneway: pd.Series, columns: LineColumns, rules: StreetRules, where: str
) -> None:
    """Refuse lines without a class, and words that no list holds."""
    faults = []
    lost = np.flatnonzero(ours.isna())
    if len(lost):
        remedy = "give each a class, or leave these lines out of the file"
        ids = [str(row) for row in lost[:3]]
        faults.append(Fault("lines without a class of road", f"{where}.{columns.road_class}", remedy, len(lost), ids))
    to_ours = "map them with `classes` to values of OSM's highway"
    for words, known, column, what, remedy in (
        (ours, rules.classes, columns.road_class, "classes of road", to_ours),
        (oneway, _ONEWAY.values(), columns.oneway, "words for one-way", "write yes, -1 or no"),
    ):
        unknown = sorted(set(words.dropna()) - set(known))
        if unknown:
            count = int(words.isin(unknown).sum())
            faults.append(Fault(f"{what} not known: {', '.join(unknown)}", f"{where}.{column}", remedy, count))
    if faults:
        raise InputError(faults)


def _traits(parts: gpd.GeoDataFrame, ours: pd.Series, columns: LineColumns, rules: StreetRules) -> tuple[Traits, int]:
    """Return the traits of every line, numbered from 0, and how many are roundabouts."""
    name = _words(_column(parts, columns.name))
    roundabout = np.full(len(parts), NOT_TOLD)
    if columns.junction:
        roundabout = _words(parts[columns.junction]).isin(columns.roundabouts).to_numpy(dtype=np.int64)
    found = TraitsOf()
    for i, (road_class, told, is_one) in enumerate(zip(ours, name, roundabout, strict=True)):
        kind = road_kind({"highway": road_class}, rules)
        found.add(i, road_class, kind, told if isinstance(told, str) else None, int(is_one))
    return found.whole(), int((roundabout == 1).sum())


def _shared_vertices(lines: GeometryArray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ways over distinct places; two vertices are one place if their coordinates are equal."""
    flat = shapely.force_2d(lines)
    xy, way = shapely.get_coordinates(flat, return_index=True)
    places, vertex = np.unique(xy, axis=0, return_inverse=True)
    vertex = vertex.reshape(-1)
    is_new = np.ones(len(way), dtype=bool)
    is_new[1:] = (vertex[1:] != vertex[:-1]) | (way[1:] != way[:-1])
    way, vertex = way[is_new], vertex[is_new]
    first = np.flatnonzero(np.append(True, way[1:] != way[:-1]))
    return np.append(first, len(way)).astype(np.int64), vertex.astype(np.int64), places, way[first]


def street_lines(graph: StreetGraph, *, crs: str = "EPSG:28992") -> Frame:
    """Return the table ``StreetLines``: one row per edge along which a site can lie; never of zero length."""
    lines = graph.lines()
    can_lie = (graph.allowed > 0) & (graph.allowed & CROSSING == 0)
    usable = np.asarray(can_lie & (edge_lengths(graph.vertex_xy, graph.vertex_start) > 0), dtype=bool)
    traits = graph.traits
    number = pd.Series(traits.number).groupby(traits.number).cumcount().to_numpy()
    # Position -1, not told, is the last of each.
    names = np.array([*traits.names, None], dtype=object)
    roundabout = pd.array([False, True, None], dtype="boolean")[traits.is_roundabout]
    table: Frame = gpd.GeoDataFrame(
        {
            "street_id": [f"{street}/{part}" for street, part in zip(traits.number, number, strict=True)],
            "road_class": np.array(traits.road_classes, dtype=object)[traits.road_class],
            "road_kind": np.array(ROAD_KINDS, dtype=object)[traits.road_kind],
            "street_name": pd.Series(names[traits.name], dtype="str"),
            "is_roundabout": roundabout,
            "is_walk": (graph.allowed & _WALK) > 0,
            "is_bicycle": (graph.allowed & _BICYCLE) > 0,
            "is_car": (graph.allowed & int(CAR)) > 0,
        },
        geometry=lines,
        crs=crs,
    )
    chosen: Frame = table[usable].reset_index(drop=True)[StreetLines.columns]
    return chosen
