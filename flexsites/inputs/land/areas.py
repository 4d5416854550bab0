"""Administrative areas: gemeenten, provincies, wijken and buurten, and the codes they give to places.

A place has the code of the area that holds its representative point. Where several do (areas drawn with overlaps, a
point on a border) the first by code holds it; where none does the code is null.
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.errors import Fault, InputError, NotFoundError, raise_faults
from flexsites.geometry.robust import unite, unite_all
from flexsites.inputs.features import Features, read_features
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.rows.ingest import ReadReport, Rows
from flexsites.tables import CRS, Areas, Frame, conform

KINDS = {"gemeenten": "gemeente", "provincies": "provincie", "wijken": "wijk", "buurten": "buurt"}
"""The sources of areas, and the kind of area each holds."""

CODE_COLUMNS = {"gemeente": "gemeente_code", "provincie": "provincie_code", "buurt": "buurt_code"}
"""The column of a parcel that each kind of area fills."""

# The names under which CBS, PDOK and the wijk- en buurtkaart publish codes and names, in the order they are looked for.
CODE_NAMES = ("area_code", "statcode", "{kind}code", "code")
NAME_NAMES = ("area_name", "statnaam", "{kind}naam", "naam", "name")
_PREFIXES = {"gemeente": "GM", "provincie": "PV", "wijk": "WK", "buurt": "BU"}
# CBS writes -99995, -99997 and the like where a figure is withheld or does not exist.
_CBS_NULL_BELOW = -99_990


def read_areas(source: str, opened: Features, told: ReadReport, *, bounds: Bounds | None = None) -> Frame:
    """Return the areas of a source as the table Areas, sorted by code; numbers travel as statistics.

    Raises
    ------
    InputError
        If there is no column of codes, or codes are null, of another kind, or of two places.
    """
    kind = KINDS[source]
    frames = [_frame(kind, rows, opened, told) for rows in read_features(opened, "polygon", told, bounds=bounds)]
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return conform(
            gpd.GeoDataFrame(
                {name: pd.Series([], dtype="str") for name in ("area_kind", "area_code", "area_name")},
                geometry=gpd.GeoSeries([], crs=CRS),
            ),
            Areas,
            where=opened.where,
        )
    joined = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=CRS)
    joined = _dissolved(joined)
    return conform(joined.sort_values("area_code", ignore_index=True), Areas, where=opened.where)


def _frame(kind: str, rows: Rows, opened: Features, told: ReadReport) -> Frame:
    where = opened.where
    code_column = _first(rows.columns, CODE_NAMES, kind)
    if code_column is None:
        has = f"`rename` the column of codes to area_code; it has: {', '.join(rows.columns.columns)}"
        raise InputError(Fault("no column of codes", where, has))
    name_column = _first(rows.columns, NAME_NAMES, kind) or code_column
    theirs = {ours: name for name, ours in opened.row.rename.items()}
    codes = _codes(rows.columns[code_column], kind)
    wrong = codes.isna() | ~codes.fillna("").str.match(rf"{_PREFIXES[kind]}\w+$")
    if wrong.any():
        shown = rows.columns.loc[wrong, code_column].astype("str").head(3).tolist()
        remedy = f"codes of a {kind} look like {_PREFIXES[kind]}0363"
        place = f"{where}.{theirs.get(code_column, code_column)}"
        raise_faults([Fault(f"codes that are not of a {kind}", place, remedy, int(wrong.sum()), shown)], InputError)
    columns: dict[str, object] = {
        "area_kind": pd.Series([kind] * len(codes), dtype="str"),
        "area_code": codes.astype("str"),
        "area_name": rows.columns[name_column].fillna(codes).astype("str"),
    }
    mapped = {name: name for name in opened.row.keep} | theirs
    for name in [name for name in map(str, rows.columns.columns) if name not in (code_column, name_column)]:
        if (numbers := _numbers(rows.columns[name])) is not None:
            columns[name] = _statistic(numbers)
        elif name in mapped and _is_meant_as_numbers(rows.columns[name]):
            told.unreadable.numbers(rows.columns[name], mapped[name])
    return gpd.GeoDataFrame(columns, geometry=rows.geometry, crs=CRS)  # type: ignore[no-any-return]


def _codes(column: pd.Series, kind: str) -> pd.Series:
    """Return codes with their prefix: CBS writes GM0363, older tables 363 or 0363."""
    text = column.astype("str").str.strip()
    is_bare = text.str.fullmatch(r"\d+").fillna(value=False).to_numpy(dtype=bool)
    width = {"gemeente": 4, "provincie": 2, "wijk": 6, "buurt": 8}[kind]
    return text.where(~is_bare, _PREFIXES[kind] + text.str.zfill(width))


def _numbers(column: pd.Series) -> pd.Series | None:
    """Return a column of numbers; None for one that is none. What a recode made of words is numbers in text.

    Examples
    --------
    >>> _numbers(pd.Series(["5", None, "3"], dtype="str")).tolist()
    [5.0, nan, 3.0]
    >>> _numbers(pd.Series(["0363", "0518"], dtype="str")) is None  # a code
    True
    """
    if pd.api.types.is_bool_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        return column
    if not pd.api.types.is_string_dtype(column):
        return None
    text = column.astype("str")
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    is_code = text.str.match(r"0\d").fillna(value=False).astype(bool)
    if is_code.any() or text.isna().all() or (numbers.isna() & text.notna()).any():
        return None
    return numbers


def _is_meant_as_numbers(column: pd.Series) -> bool:
    """Whether a text column holds numbers among other words, and no code that begins with a zero.

    Examples
    --------
    >>> _is_meant_as_numbers(pd.Series(["5", "veel"], dtype="str"))
    True
    >>> _is_meant_as_numbers(pd.Series(["veel", "weinig"], dtype="str"))
    False
    """
    if not pd.api.types.is_string_dtype(column):
        return False
    text = column.dropna().astype("str")
    return bool(pd.to_numeric(text, errors="coerce").notna().any() and not text.str.match(r"0\d").any())


def _statistic(column: pd.Series) -> pd.Series:
    numbers = column.to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(np.where(numbers <= _CBS_NULL_BELOW, np.nan, numbers))


def _first(columns: pd.DataFrame, names: Iterable[str], kind: str) -> str | None:
    return next((found for name in names if (found := name.format(kind=kind)) in columns.columns), None)


def _dissolved(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Unite the rows of one code (an area delivered in several parts, or land and water apart)."""
    if not frame["area_code"].duplicated().any():
        return frame
    codes, group = np.unique(frame["area_code"].to_numpy(dtype=str), return_inverse=True)
    told = pd.DataFrame(frame.drop(columns="geometry")).groupby("area_code", sort=True).first().reset_index()
    return gpd.GeoDataFrame(told, geometry=unite(frame.geometry.to_numpy(), group, len(codes))[0], crs=frame.crs)


def codes_at(points: Geometries, areas: Frame, kind: str) -> pd.Series:
    """Return the code of the area of one kind that holds each point; null where none does.

    Parameters
    ----------
    points
        Shape (n,), in RD New.
    areas
        The table Areas; other kinds in it do not count.
    kind
        gemeente, provincie, wijk or buurt.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame({"area_kind": ["gemeente"] * 2, "area_code": ["GM0002", "GM0001"]},
    ...     geometry=[shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)])
    >>> codes_at(shapely.points([[0.5, 1], [1.5, 1], [9, 9]]), squares, "gemeente").tolist()
    ['GM0002', 'GM0001', nan]
    """
    return codes_and_doubts(points, areas, kind)[0]


def codes_and_doubts(points: Geometries, areas: Frame, kind: str) -> tuple[pd.Series, int]:
    """Return what `codes_at` does, and how many points lie in several areas: those count in the first by code."""
    chosen = areas[areas["area_kind"] == kind].sort_values("area_code", ignore_index=True)
    found = np.full(len(points), len(chosen), dtype=np.int64)
    n_several = 0
    if len(chosen):
        shapes = chosen.geometry.to_numpy()
        shapely.prepare(shapes)
        of_point, of_area = shapely.STRtree(points).query(shapes, predicate="intersects")[::-1]
        np.minimum.at(found, of_point, of_area)
        n_several = int((np.bincount(of_point, minlength=len(points)) > 1).sum())
    codes = np.append(chosen["area_code"].to_numpy(dtype=object), np.nan)
    return pd.Series(codes[found], dtype="str"), n_several


def area_of(areas: Frame, codes: Iterable[str]) -> BaseGeometry:
    """Return the union of the areas with these codes: the extent of a run.

    Raises
    ------
    NotFoundError
        Naming the codes that are not among the areas.
    """
    wanted = tuple(codes)
    known = areas[areas["area_code"].isin(wanted)].sort_values("area_code")
    missing = sorted(set(wanted) - set(known["area_code"]))
    if missing:
        some = ", ".join(sorted(areas["area_code"])[:5])
        raise NotFoundError(Fault(f"no area {', '.join(missing)}", "areas", f"codes look like these: {some}"))
    return unite_all(known.geometry.to_numpy())
