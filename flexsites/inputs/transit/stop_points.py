"""Stops without a timetable, and degrees to RD New: where the stops are, while what stops there stays unknown."""

from __future__ import annotations

from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.errors import CrsError, Fault, InputError
from flexsites.inputs.formats.projection import Projection, outside_rd, to_rd
from flexsites.tables import CRS, Frame, Stops, conform, require_rd

# The tower of Amersfoort, by which RD New is defined: (155000, 463000) in RD New, in degrees of WGS84 as below.
_AMERSFOORT_RD, _AMERSFOORT_DEGREES = (155_000.0, 463_000.0), (5.387203658, 52.155172897)
_TOLERANCE_M = 1.0
_SERVICE = (
    "n_departures_day",
    "departures_per_hour_peak",
    "departures_per_hour_day",
    "departures_per_hour_evening",
    "departures_per_hour_weekend",
    "n_lines",
    "n_directions",
    "is_hub",
)


@lru_cache(maxsize=1)
def _from_wgs84() -> Projection:
    """Return the projection of degrees to RD New, checked where its answer is known."""
    projection = to_rd("EPSG:4326", where="timetable: stops")
    tower = projection.apply(shapely.points([_AMERSFOORT_DEGREES]))[0]
    off = np.hypot(tower.x - _AMERSFOORT_RD[0], tower.y - _AMERSFOORT_RD[1])
    if not off <= _TOLERANCE_M:
        what = f"the transformation from WGS84 puts Amersfoort {off:.1f} m off"
        raise CrsError(Fault(what, "pyproj", "reinstall pyproj with its data files"))
    return projection


def rd_points(
    lon: NDArray[np.float64], lat: NDArray[np.float64], ids: NDArray[np.object_], *, where: str = "timetable: stops"
) -> tuple[NDArray[np.object_], tuple[Fault, ...]]:
    """Return points in RD New for degrees of WGS84, null where they lie outside the Netherlands, and what was so.

    Raises
    ------
    CrsError
        If no point at all lies in the Netherlands.

    Examples
    --------
    >>> lon, lat = np.array([5.387203658, -51.2]), np.array([52.155172897, -30.0])
    >>> points, findings = rd_points(lon, lat, np.array(["a", "b"]))
    >>> shapely.set_precision(points[0], 1.0).wkt, points[1], findings[0].count
    ('POINT (155000 463000)', None, 1)
    """
    points = _from_wgs84().apply(np.asarray(shapely.points(lon, lat), dtype=object))
    is_inside = ~outside_rd(points)
    if len(ids) and not is_inside.any():
        what = "no stop lies in the Netherlands"
        raise CrsError(
            Fault(what, where, "give a timetable of the Netherlands, in degrees of WGS84", len(ids), tuple(ids[:3]))
        )
    points[~is_inside] = None
    if is_inside.all():
        return points, ()
    outside = Fault("stops outside the Netherlands, left out", where, "none, if abroad", int((~is_inside).sum()),
                    tuple(ids[~is_inside][:3]))  # fmt: skip
    return points, (outside,)


def stops_without_times(
    points: gpd.GeoDataFrame,
    *,
    id_column: str,
    mode: str | None = None,
    mode_column: str | None = None,
    modes: dict[str, str] | None = None,
    name_column: str | None = None,
    kind_column: str | None = None,
    kinds: tuple[str, ...] = (),
    area_prefixes: tuple[str, ...] = (),
    where: str = "stops",
) -> tuple[Frame, tuple[Fault, ...]]:
    """Make the Stops table of points that have no timetable: every column of service is null, which is unknown.

    Parameters
    ----------
    points
        Point features in EPSG:28992; parent areas may be among them.
    id_column, name_column
        Which columns hold id and name; no name column: names are null.
    mode, mode_column, modes
        The mode of all stops; or the column of it, and what its values mean (theirs: ours).
    kind_column, kinds
        The column that tells stops from stop areas (GTFS ``location_type``) and the values kept; none: all are stops.
    area_prefixes
        How the ids of stop areas begin, where no column tells them.
    where
        What to name in an error.

    Returns
    -------
    stops : Frame
        Stops, ordered by id.
    findings : tuple of Fault
        What was left out: stop areas, double ids, features without a place.

    Raises
    ------
    InputError
        If a column is missing, or a value of the mode column is not told what it means.
    CrsError
        If the points are not RD New.
    """
    wanted = [column for column in (id_column, mode_column, name_column, kind_column) if column]
    missing = [column for column in wanted if column not in points.columns]
    if missing or (mode is None) == (mode_column is None):
        what = f"columns missing: {', '.join(missing)}" if missing else "the mode is not told, or told twice"
        raise InputError(Fault(what, where, f"there are: {', '.join(map(str, points.columns))}"))
    require_rd(points[points.geometry.notna() & ~points.geometry.is_empty], where=where)
    findings: list[Fault] = []
    kept = points
    if kind_column:
        kept = _leave_out(kept, ~kept[kind_column].astype("str").isin(kinds), "areas and entrances", where, findings)
    if area_prefixes:
        is_area = kept[id_column].astype("str").str.startswith(area_prefixes).fillna(value=False).astype(bool)
        kept = _leave_out(kept, is_area, "stop areas", where, findings)
    kept = _leave_out(kept, kept.geometry.isna() | kept.geometry.is_empty, "stops without a place", where, findings)
    kept = _leave_out(kept, kept[id_column].isna(), "stops without an id", where, findings)
    mode_of = _mode_of(kept, mode, mode_column, modes, where)
    is_double = pd.DataFrame({"id": kept[id_column].astype("str"), "mode": mode_of}).duplicated()
    kept, mode_of = _leave_out(kept, is_double, "stops whose id came before", where, findings), mode_of[~is_double]
    columns = {
        "stop_id": kept[id_column].astype("str"),
        "mode": mode_of,
        "stop_name": kept[name_column].astype("str") if name_column else pd.Series(None, kept.index, dtype="str"),
        **dict.fromkeys(_SERVICE, np.nan),
    }
    stops = gpd.GeoDataFrame(columns, geometry=shapely.centroid(kept.geometry.to_numpy()), crs=CRS)
    stops = stops.sort_values(["stop_id", "mode"], ignore_index=True)
    return conform(stops, Stops, where=where), tuple(findings)


def _leave_out(
    frame: gpd.GeoDataFrame, is_out: pd.Series, what: str, where: str, findings: list[Fault]
) -> gpd.GeoDataFrame:
    if is_out.any():
        findings.append(Fault(f"{what}, left out", where, "none, if they are meant to be", int(is_out.sum())))
    return frame[~is_out.to_numpy()]


def _mode_of(
    points: gpd.GeoDataFrame, mode: str | None, column: str | None, modes: dict[str, str] | None, where: str
) -> pd.Series:
    if column is None:
        return pd.Series(mode, index=points.index, dtype="object")
    given = points[column].astype("object")
    told = given.map(modes) if modes is not None else given
    unknown = sorted({str(value) for value in given[told.isna()]})
    if unknown:
        what = f"modes that are not told what they mean: {', '.join(unknown[:10])}"
        raise InputError(Fault(what, f"{where}.{column}", "add them to the recode of this source"))
    return pd.Series(told)
