"""What one rule covers of one parcel, by shapely and the sources' own files: nothing of flexsites is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

RD = 28992
QUAD_SEGS, FINE_SEGS = 16, 256
CHORD_ANGLES = 1.5
"""A corner gets the whole number of chords nearest to what its angle asks: one of up to one and a half gets one."""

PLAIN_SOURCE = {
    "reader",
    "about",
    "path",
    "id_column",
    "keep",
    "rename",
    "recode",
    "coverage",
    "unit",
    "notes",
    "id_prefix",
}
"""What an entry of a source may say; anything else changes what is read, and is not redone here."""

OF_READER = {"osm_layer": {"geometry", "tags", "without"}}

PLAIN_RULE = {
    "rule_id", "label", "effect", "hardness", "scope", "required", "valid_from", "valid_to", "for_terms", "source",
    "assumption", "why", "overrides", "procedure", "is_on", "kind", "layer",
}  # fmt: skip
OF_KIND = {
    "inside": {"where"},
    "within_distance": {"where", "distance_m", "by_class", "quad_segs"},
    "planned_capacity": {"plan_hardness", "unknown_start", "horizon_years"},
    "land_use": {"attribute", "candidates"},
    "in_use": {
        "where", "yard_layer", "yard_buffer_m", "least_overlap_m2", "around_m", "around_from_m2", "width_m",
        "built_share", "on_land_use", "land_use_layer", "land_use_share", "quad_segs",
    },
    "raster_above": {"raster", "unit", "threshold", "comparison"},
}  # fmt: skip

NOTHING = shapely.Polygon()

NOT_KNOWN = "not known"
"""Own use of a parcel whose row could not be read: what hangs on it is not redone."""


class NotRedone(Exception):  # noqa: N818 - no error: what is said of a rule
    """Why a rule or source is not recomputed."""


def figure(value: Any) -> float:
    """Return a figure: a number, or what says it with its unit and its source."""
    return float(value["value"] if isinstance(value, dict) else value)


def polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a shape, made valid."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def text(value: Any) -> str:
    """Return a value as text, a whole number without its fraction."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


@dataclass
class Files:
    """The sources of a run, each read once."""

    sources: Mapping[str, Any]
    base: Path
    read: dict[str, tuple[gpd.GeoDataFrame, shapely.STRtree]] = field(default_factory=dict)

    def layer(self, name: str) -> tuple[gpd.GeoDataFrame, shapely.STRtree] | None:
        """Return a layer as it was delivered, and an index on it; None: the run has no such source."""
        entry = self.sources["parcels"] if name == "parcels" else self.sources.get("layers", {}).get(name)
        if entry is not None and name not in self.read:
            frame = self._read(entry)
            self.read[name] = frame, shapely.STRtree(frame.geometry.to_numpy())
        return self.read.get(name)

    def near(self, name: str, shape: shapely.Geometry, distance_m: float = 0.0) -> gpd.GeoDataFrame | None:
        """Return the features of a layer within a distance."""
        found = self.layer(name)
        if found is None:
            return None
        frame, tree = found
        return frame.iloc[np.sort(tree.query(shape, predicate="dwithin", distance=distance_m))]

    def path_of(self, entry: Mapping[str, Any], reader: str) -> Path:
        """Return the file of an entry that is read as it stands; columns may have other names and words."""
        if entry.get("reader") != reader:
            raise NotRedone(f"its source is read by {entry.get('reader')}")
        if more := sorted(set(entry) - PLAIN_SOURCE - OF_READER.get(reader, set())):
            raise NotRedone(f"its source says {', '.join(more)}")
        if not isinstance(entry["path"], str):
            raise NotRedone("its source has several files")
        return self.base / entry["path"].replace("world://", "world/")

    def _read(self, entry: Mapping[str, Any]) -> gpd.GeoDataFrame:
        frame = self._map(entry) if entry.get("reader") == "osm_layer" else self._vector(entry)
        if frame.crs is None or frame.crs.to_epsg() != RD:
            raise NotRedone("its source is not in RD New")
        frame = frame.rename(columns=entry.get("rename", {}))
        for name, words in entry.get("recode", {}).items():
            frame[name] = frame[name].map(words)
        # What was drawn crossing itself is mended in a run; here only its polygons count.
        geometry = frame.geometry.to_numpy().copy()
        is_wrong = ~shapely.is_valid(geometry)
        geometry[is_wrong] = [polygonal(one) for one in geometry[is_wrong]]
        return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))

    def _vector(self, entry: Mapping[str, Any]) -> gpd.GeoDataFrame:
        path = self.path_of(entry, "vector")
        return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)

    def _map(self, entry: Mapping[str, Any]) -> gpd.GeoDataFrame:
        """Return lines of OpenStreetMap as GDAL reads them, of tags that are columns to it."""
        path = self.path_of(entry, "osm_layer")
        if entry.get("geometry") != "line":
            raise NotRedone("polygons of OpenStreetMap: of relations that an extract cuts GDAL tells nothing")
        rows = gpd.read_file(path, layer="lines")
        if more := sorted({*entry["tags"], *entry.get("without", {})} - set(rows.columns)):
            raise NotRedone(f"of OpenStreetMap GDAL tells no {', '.join(more)}")
        is_meant = np.logical_or.reduce([_has(rows[key], values) for key, values in entry["tags"].items()])
        for key, values in entry.get("without", {}).items():
            is_meant &= ~_has(rows[key], values)
        return rows[is_meant].to_crs(RD)


def _has(column: pd.Series[Any], values: Iterable[str]) -> Any:
    """Return which rows have one of the values; ``*`` is any."""
    return (column.notna() if "*" in values else column.isin(list(values))).to_numpy(dtype=bool)


@dataclass
class Naive:
    """What rules cover of one parcel after another."""

    files: Files
    rule_set: Mapping[str, Any]

    def parcel(self, site: str) -> tuple[shapely.Geometry, str | None]:
        """Return a parcel as it was delivered, and its own land use if that is known."""
        found = self.files.layer("parcels")
        if found is None:
            raise NotRedone("the run has no parcels")
        entry = self.files.sources["parcels"]
        if "id_column" not in entry:
            raise NotRedone("the source of parcels has no ids")
        ids = entry.get("id_prefix", "") + found[0][entry["id_column"]].astype(str)
        drawn = found[0][(ids == site).to_numpy()]
        if len(drawn) != 1:
            raise NotRedone(f"{len(drawn)} parcels are delivered as {site}")
        use = drawn["land_use"].iloc[0] if "land_use" in drawn else None
        return drawn.geometry.iloc[0], None if pd.isna(use) else use

    def cover(self, rule: Mapping[str, Any], parcel: shapely.Geometry, use: str | None) -> shapely.Geometry:
        """Return the part of a parcel that a rule covers; ``use`` is the parcel's own, null where it has none."""
        ways: dict[str, Callable[..., Iterable[shapely.Geometry]]] = {
            "inside": self._inside, "within_distance": self._within, "planned_capacity": self._planned,
            "land_use": self._land_use, "in_use": self._in_use, "raster_above": self._raster,
        }  # fmt: skip
        kind = rule["kind"]
        if kind not in ways:
            raise NotRedone(f"its kind is {kind}")
        if more := sorted(name for name in set(rule) - PLAIN_RULE - OF_KIND[kind] if rule[name]):
            raise NotRedone(f"it says {', '.join(more)}")
        asks_use = (kind == "land_use" and not rule.get("layer")) or rule.get("on_land_use")
        if use == NOT_KNOWN and asks_use:
            raise NotRedone("own land use of parcels is not known here")
        shapes = [one for one in ways[kind](rule, parcel, use) if shapely.get_dimensions(one) == 2]
        return polygonal(shapely.intersection(parcel, shapely.union_all(shapes))) if shapes else NOTHING

    def _meant(self, rule: Mapping[str, Any], parcel: shapely.Geometry, reach_m: float = 0.0) -> gpd.GeoDataFrame:
        """Return the features of a rule's layer near a parcel that its where-clause means."""
        rows = self.files.near(rule["layer"], parcel, reach_m)
        if rows is None:
            return gpd.GeoDataFrame(geometry=[], crs=RD)
        if more := sorted(set(rule.get("where", {})) - set(rows.columns)):
            raise NotRedone(f"its source has no {', '.join(more)}")
        for name, values in rule.get("where", {}).items():
            wanted = {text(value) for value in values}
            is_meant = [not pd.isna(value) and text(value) in wanted for value in rows[name]]
            rows = rows[np.array(is_meant, dtype=bool)]
        return rows

    def _inside(self, rule: Mapping[str, Any], parcel: shapely.Geometry, _use: str | None) -> list[shapely.Geometry]:
        return list(self._meant(rule, parcel).geometry)

    def _within(self, rule: Mapping[str, Any], parcel: shapely.Geometry, _use: str | None) -> list[shapely.Geometry]:
        return self._grown(rule, parcel, rule.get("quad_segs", QUAD_SEGS), 1.0)

    def _grown(
        self, rule: Mapping[str, Any], parcel: shapely.Geometry, segs: int, part: float
    ) -> list[shapely.Geometry]:
        """Return features grown by a part of the distance of the rule, or of that of their class."""
        if rule.get("distance_m") is not None:
            distance = figure(rule["distance_m"])
            rows = self._meant(rule, parcel, distance)
            return [one.buffer(distance * part, quad_segs=segs) for one in rows.geometry]
        by, of = _by_class(rule["by_class"])
        rows = self._meant(rule, parcel, max(of.values()))
        known = zip(rows.geometry, _column(rows, by), strict=True)
        return [one.buffer(of[text(which)] * part, quad_segs=segs) for one, which in known if text(which) in of]

    def between(self, rule: Mapping[str, Any], parcel: shapely.Geometry) -> tuple[float, float]:
        """Return the least and the most of a parcel that lies within the distance of a rule, in m2.

        Round corners are drawn by chords, which fall short of the circle: by how much depends on where they begin, and
        so on whether a shape was grown whole or in parts. The most is what a circle gives, the least what chords do.
        """
        angle = np.pi / 2.0 / rule.get("quad_segs", QUAD_SEGS)
        short = 1.0 - float(np.cos(CHORD_ANGLES * angle / 2.0))
        grown = (shapely.union_all(self._grown(rule, parcel, FINE_SEGS, part)) for part in (1.0 - short, 1.0))
        least, most = (shapely.intersection(parcel, one).area for one in grown)
        return least, most

    def _planned(self, rule: Mapping[str, Any], parcel: shapely.Geometry, _use: str | None) -> list[shapely.Geometry]:
        time = self.rule_set["time"]
        day = date.fromisoformat(str(time["reference_date"]))
        if (day.month, day.day) != (1, 1):
            raise NotRedone("the reference date is not the first day of a year")
        horizon = figure(rule.get("horizon_years") or time["horizon_years"])
        found = []
        for _, plan in self._meant(rule, parcel).iterrows():
            start, done = (plan.get(name, np.nan) for name in ("plan_start_year", "plan_completion_year"))
            is_near = (
                rule.get("unknown_start", "excludes") == "excludes" if pd.isna(start) else start - day.year <= horizon
            )
            is_open = pd.isna(done) or done >= day.year
            if plan["plan_hardness"] in rule["plan_hardness"] and is_near and is_open:
                found.append(plan.geometry)
        return found

    def _land_use(self, rule: Mapping[str, Any], parcel: shapely.Geometry, use: str | None) -> list[shapely.Geometry]:
        if rule.get("layer") is None:
            return [parcel] if use is not None and use not in rule["candidates"] else []
        rows, name = self._meant(rule, parcel), rule.get("attribute", "land_use")
        return [one for one, of in zip(rows.geometry, _column(rows, name), strict=True)
                if not pd.isna(of) and of not in rule["candidates"]]  # fmt: skip

    def _in_use(self, rule: Mapping[str, Any], parcel: shapely.Geometry, use: str | None) -> list[shapely.Geometry]:
        segs, least = rule.get("quad_segs", QUAD_SEGS), figure(rule.get("least_overlap_m2") or 1e-6)

        def is_on(one: shapely.Geometry) -> bool:
            return bool(shapely.intersection(one, parcel).area >= least)

        if rule.get("around_m") is not None:
            around, from_m2 = figure(rule["around_m"]), figure(rule.get("around_from_m2") or 0.0)
            rows = self._meant(rule, parcel, around).geometry
            grown = [one.buffer(around, quad_segs=segs) if one.area >= from_m2 else one for one in rows]
            return [one for one in grown if is_on(one)]
        if rule.get("width_m") is not None:
            return self._strips(rule, parcel, segs)
        if rule.get("built_share") is not None:
            return self._built(rule, parcel, use)
        used = list(self._meant(rule, parcel).geometry)
        lived_on = [one for one in used if is_on(one)]
        yards = self.files.near(rule["yard_layer"], parcel) if rule.get("yard_layer") else None
        on_it = [] if yards is None else [one for one in yards.geometry if is_on(one)]
        if lived_on and on_it:
            return used + list(yards.geometry)  # type: ignore[union-attr] - there are some on it
        if rule.get("yard_buffer_m") is None:
            return used
        return used + [one.buffer(figure(rule["yard_buffer_m"]), quad_segs=segs) for one in lived_on]

    def _built(self, rule: Mapping[str, Any], parcel: shapely.Geometry, use: str | None) -> list[shapely.Geometry]:
        """Return the parcel where enough of it is built on, else what is."""
        if not self._is_of_use(rule, parcel, use):
            return []
        used = list(self._meant(rule, parcel).geometry)
        share = shapely.intersection(parcel, shapely.union_all(used)).area / parcel.area
        return [parcel] if share >= figure(rule["built_share"]) else used

    def _strips(self, rule: Mapping[str, Any], parcel: shapely.Geometry, segs: int) -> list[shapely.Geometry]:
        """Return lines as strips with flat ends, and a disc where ends meet, as wide as the second widest there."""
        by, of = _by_class(rule["width_m"])
        rows = self._meant(rule, parcel, max(of.values()))
        found: list[shapely.Geometry] = []
        ends: dict[tuple[float, float], list[float]] = {}
        for shape, which in zip(rows.geometry, _column(rows, by), strict=True):
            if shapely.get_dimensions(shape) == 2:
                found.append(shape)
            elif text(which) in of:
                width = of[text(which)]
                found.append(shape.buffer(width / 2.0, quad_segs=segs, cap_style="flat"))
                for line in shapely.get_parts(shape):
                    for end in (line.coords[0], line.coords[-1]):
                        ends.setdefault(end[:2], []).append(width)
        meet = {end: sorted(widths)[-2] for end, widths in ends.items() if len(widths) > 1}
        return found + [shapely.Point(end).buffer(width / 2.0, quad_segs=segs) for end, width in meet.items()]

    def _is_of_use(self, rule: Mapping[str, Any], parcel: shapely.Geometry, use: str | None) -> bool:
        wanted = rule.get("on_land_use", ())
        if not wanted or use is not None:
            return not wanted or use in wanted
        if rule.get("land_use_layer") is None:
            return False
        rows = self._meant({"layer": rule["land_use_layer"], "where": {"land_use": wanted}}, parcel)
        share = shapely.intersection(parcel, shapely.union_all(rows.geometry.to_numpy())).area / parcel.area
        return bool(share >= figure(rule["land_use_share"]))

    def _raster(self, rule: Mapping[str, Any], parcel: shapely.Geometry, _use: str | None) -> list[shapely.Geometry]:
        """Return the cells above the threshold, as squares."""
        import rasterio  # noqa: PLC0415 - only where a rule asks for one

        entry = self.files.sources.get("layers", {}).get(rule["raster"])
        if entry is None:
            return []
        with rasterio.open(self.files.path_of(entry, "raster")) as opened:
            at = opened.transform
            if opened.crs is None or opened.crs.to_epsg() != RD or at.b or at.d:
                raise NotRedone("its source is not in RD New, or is turned")
            west, south, east, north = parcel.bounds
            left, right = (int(np.clip((x - at.c) / at.a + by, 0, opened.width)) for x, by in ((west, -1), (east, 2)))
            top, end = (int(np.clip((y - at.f) / at.e + by, 0, opened.height)) for y, by in ((north, -1), (south, 2)))
            if left == right or top == end:
                return []
            cells = opened.read(1, window=((top, end), (left, right)), masked=True)
        limit = figure(rule["threshold"])
        is_met = cells >= limit if rule.get("comparison") == "at_least" else cells > limit
        row, column = np.nonzero(np.ma.filled(is_met, fill_value=False))
        x, y = at.c + at.a * (left + column), at.f + at.e * (top + row)
        return list(shapely.box(x, y + at.e, x + at.a, y))


def _column(rows: gpd.GeoDataFrame, name: str) -> Any:
    """Return a column of some rows; of none nothing."""
    if len(rows) and name not in rows:
        raise NotRedone(f"its source has no {name}")
    return rows[name] if len(rows) else []


def _by_class(by: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    if by.get("other") is not None:
        raise NotRedone("classes that it does not name have a figure")
    return by["attribute"], {text(name): figure(value) for name, value in by["values"].items()}
