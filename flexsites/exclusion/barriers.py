"""What an entrance does not cross, and the streets it leads to: from layers and streets to arrays. Source: METHOD 0."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import BoolArray, GeometryArray
from flexsites.config.rule_sets import Barrier, LocationModel, PieceTests
from flexsites.config.rules import ExclusionRule, InUse
from flexsites.exclusion.kernels.entrances import Barriers, enclosing_faces
from flexsites.exclusion.kernels.land import Ways
from flexsites.exclusion.selection import figures_by_class, geometry_of, is_of_layer
from flexsites.geometry.buffers import joints, strip
from flexsites.tables import Frame

_AREA = 2
_NO = ("no", "false", "0", "")


def barriers_of(
    layers: Frame, *, rules: tuple[ExclusionRule, ...], locations: LocationModel, tests: PieceTests
) -> Barriers:
    """Return the polygons that no entrance crosses, and all water.

    Lines get the width of their class from the rule that the barrier names, and the narrowest of all widths where the
    class is unknown: what is there bars, however little is told of it. What lies in a tunnel bars nothing.
    """
    rows = {one.layer: _above_ground(layers[is_of_layer(layers, one.layer)]) for one in locations.barriers}
    closed = [_areas(rows[one.layer], one, rules) for one in locations.barriers if not one.is_water]
    water = [_areas(rows[one.layer], one, rules) for one in locations.barriers if one.is_water]
    none = np.array([], dtype=object)
    return Barriers(
        np.concatenate([none, *closed]),
        np.concatenate([none, *water]),
        wide_m=float(tests.wide_water_m),
        crossing_m=float(tests.crossing_m),
    )


def _above_ground(rows: Frame) -> Frame:
    ordered = rows.sort_values(["feature_id", "part"], kind="stable")
    if "tunnel" not in ordered.columns:
        return ordered
    stated = ordered["tunnel"].astype("str").fillna("no").str.lower()
    above: Frame = ordered[stated.isin(_NO).to_numpy()]
    return above


def _areas(rows: Frame, barrier: Barrier, rules: tuple[ExclusionRule, ...]) -> GeometryArray:
    shapes = geometry_of(rows)
    areas = shapes[shapely.get_dimensions(shapes) >= _AREA]
    rule = next((one for one in rules if one.rule_id == barrier.width_of), None)
    if not isinstance(rule, InUse) or rule.width_m is None or len(areas) == len(shapes):
        return areas
    is_line = shapely.get_dimensions(shapes) < _AREA
    width = figures_by_class(rows[is_line], rule.width_m, barrier.layer, rule.rule_id)
    lines, width = shapes[is_line], np.where(np.isnan(width), min(map(float, rule.width_m.values.values())), width)
    strips = strip(lines, width, quad_segs=rule.quad_segs)
    bends = joints(lines, width, quad_segs=rule.quad_segs)
    return np.concatenate([areas, strips, bends[shapely.get_dimensions(bends) >= _AREA]])


def ways_of(streets: Frame, *, tests: PieceTests) -> Ways:
    """Return the streets as entrances see them.

    A street gives access if a car or a foot may use it, and if it is no motorway, trunk road or slip road.
    """
    ordered = streets.sort_values("street_id", kind="stable", ignore_index=True)
    lines = geometry_of(ordered)
    is_car, is_walk = _flag(ordered, "is_car"), _flag(ordered, "is_walk")
    is_usable = (is_car | is_walk) & (ordered["road_kind"] == "street").to_numpy()
    ids = ordered["street_id"].to_numpy(dtype=object)
    segments, street = _segments(lines[is_usable])
    return Ways(
        segments=segments,
        street=np.flatnonzero(is_usable)[street],
        ids=ids,
        every=lines,
        is_usable=is_usable,
        enclosing=enclosing_faces(
            lines[is_car],
            lines[_flag(ordered, "is_roundabout")],
            most_area_m2=float(tests.enclosed_area_m2),
            least_compactness=float(tests.enclosed_compactness),
        ),
    )


def _flag(streets: Frame, name: str) -> BoolArray:
    found: pd.Series = streets[name]
    return found.to_numpy(dtype=bool, na_value=False)


def _segments(lines: GeometryArray) -> tuple[GeometryArray, np.ndarray]:
    """Cut lines into their straight segments; return which line each is of."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    joins = np.flatnonzero(line[1:] == line[:-1]) if len(line) else np.zeros(0, dtype=np.int64)
    pairs = np.stack([xy[joins], xy[joins + 1]], axis=1) if len(joins) else np.zeros((0, 2, 2))
    return np.asarray(shapely.linestrings(pairs), dtype=object), line[joins]
