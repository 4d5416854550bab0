"""The contract of a table: its fields, key and kind of geometry; and the two checks every table passes.

``conform`` casts to the defined types and refuses what breaks the definition; ``require_rd`` refuses coordinates that
cannot be RD New. Both collect all faults and report once.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pandas.api.extensions import ExtensionArray

from flexsites.errors import ContractError, CrsError, Fault, raise_faults
from flexsites.tables.dtypes import NEVER_NULL, PANDAS
from flexsites.tables.field import Field

Frame: TypeAlias = pd.DataFrame
"""A pandas or geopandas table (a GeoDataFrame is a DataFrame)."""

Bounds: TypeAlias = tuple[float, float, float, float]
"""Minimum x, minimum y, maximum x, maximum y in metres."""

CRS = "EPSG:28992"
# The validity area of RD New with the waters around it, in metres. Wider than the country's land, far narrower than
# degrees (0..180) could ever reach: WGS84 numbers labelled as RD fall outside.
RD_BOUNDS = (-7_000.0, 289_000.0, 300_000.0, 629_000.0)

GeometryKind = Literal["polygon", "point", "line", "any"]
_GEOMETRY_TYPES: dict[str, tuple[int, ...]] = {"polygon": (3, 6), "point": (0, 4), "line": (1, 5)}
_WORDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Table:
    """The definition of a table.

    Attributes
    ----------
    name
        Its name, a plural noun.
    key
        The columns that identify a row.
    fields
        Its columns, in order.
    geometry
        The kind of geometry, or None for a table without.
    is_open
        Further columns may come with them (attributes of a source).
    is_shared
        Cells may have the same rows, which then stand once in the table of the run.
    """

    name: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    geometry: GeometryKind | None = None
    is_open: bool = False
    is_shared: bool = False

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]


def dtype_of(field: Field) -> str | None:
    """Return the dtype that a field's column has in pandas; None: that of geometry."""
    return (NEVER_NULL if field.null is None else PANDAS).get(field.dtype)


def empty(table: Table) -> Frame:
    """Return the table without rows.

    Examples
    --------
    >>> from flexsites.tables.parcel_fields import n_units_low, site_id
    >>> homes = Table("Homes", ("site_id",), (site_id, n_units_low))
    >>> len(empty(homes)), list(empty(homes).columns)
    (0, ['site_id', 'n_units_low'])
    """
    return _no_rows(table).copy()


@cache
def _no_rows(table: Table) -> Frame:
    """Return the table without rows, made once: what is given of it is a copy, which a caller may change."""
    frame: Frame = pd.DataFrame({one.name: pd.Series([], dtype=dtype_of(one) or "object") for one in table.fields})
    return frame if table.geometry is None else gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)


def with_shapes(columns: Mapping[str, Any] | pd.DataFrame, shapes: npt.NDArray[np.object_]) -> Frame:
    """Return columns with their geometry in RD New, which comes last where there was none.

    As ``GeoDataFrame(columns, geometry=shapes, crs=CRS)``, which takes three times as long: there are hundreds of small
    tables in a run.

    Examples
    --------
    >>> made = with_shapes({"n": [1]}, np.array([shapely.box(0, 0, 1, 1)]))
    >>> list(made.columns), made.crs.to_epsg()
    (['n', 'geometry'], 28992)
    """
    geometry = gpd.array.from_shapely(shapes, crs=CRS)
    if not isinstance(columns, pd.DataFrame):
        of_columns: Frame = gpd.GeoDataFrame({**columns, "geometry": geometry}, geometry="geometry")
        return of_columns
    frame = pd.DataFrame(columns)
    frame["geometry"] = geometry
    of_frame: Frame = gpd.GeoDataFrame(frame, geometry="geometry")
    return of_frame


def concat(frames: Sequence[Frame], table: Table) -> Frame:
    """Return the rows of frames under each other, in their order; the empty table where there are none.

    Frames without rows are passed over: their columns may have no type, which would change that of the others.
    """
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else empty(table)


def conform(frame: Frame, table: Table, *, where: str, is_result: bool = False) -> Frame:
    """Return the frame in the table's types and column order; refuse it if it breaks the definition.

    Rows keep their order and index is reset. A frame that already conforms is returned as it is.

    Parameters
    ----------
    frame
        The table to check.
    table
        Its definition.
    where
        What to name in an error: a file or a stage.
    is_result
        Drop nothing silently: a result may not carry columns that its table does not define.

    Raises
    ------
    ContractError
        With every fault: missing columns, nulls where none may be, values out of bounds or off the list, a double
        key, the wrong kind of geometry.
    CrsError
        If the geometry has no CRS or another one than EPSG:28992.
    """
    if is_remembered(frame, table):
        return frame
    missing = [field.name for field in table.fields if field.name not in frame.columns]
    if missing:
        what = f"column{'s' if len(missing) > 1 else ''} missing: {', '.join(missing)}"
        raise ContractError(Fault(what, f"{where}: {table.name}", f"give all of {', '.join(table.columns)}"))
    defined = set(table.columns)
    extra = [name for name in frame.columns if name not in defined]
    if extra and is_result and not table.is_open:
        what = f"columns that {table.name} does not define: {', '.join(map(str, extra))}"
        raise ContractError(Fault(what, where, "define them in fields.py and tables.py, or do not return them"))
    if table.geometry is not None:
        _require_crs(frame, where=f"{where}: {table.name}.geometry")
    cast = _cast(frame, table, where=where, extra=extra)
    if not len(cast):  # no rows, no faults
        remember(cast, table)
        return cast
    # As a plain frame: one with geometry takes several times as long to give a column.
    columns = pd.DataFrame(cast)
    faults = [fault for field in table.fields for fault in _field_faults(columns, field, table, where)]
    if _may_be_double(columns, table) and (is_double := columns.duplicated(list(table.key)).to_numpy()).any():
        double = columns.loc[is_double, list(table.key)]
        ids = ["/".join(map(str, row)) for row in double.head(3).itertuples(index=False)]
        faults.append(Fault("the same key twice", f"{where}: {table.name}", "make the key unique", len(double), ids))
    raise_faults(faults, ContractError)
    remember(cast, table)
    return cast


def _may_be_double(columns: pd.DataFrame, table: Table) -> bool:
    """Return whether a key may stand there twice: of a single column its distinct values, quickly counted, tell."""
    return len(table.key) > 1 or any(len(columns[name].array.unique()) < len(columns) for name in table.key)


Remembered = dict[int, tuple["weakref.ref[Frame]", str]]
_conforming: ContextVar[Remembered | None] = ContextVar("conforming", default=None)


@contextmanager
def frames_remembered(known: Remembered | None = None) -> Iterator[None]:
    """Look at no frame twice inside the block: for a chain of stages, which change nothing that they are given.

    Outside it every frame is looked at each time: a caller may have changed one that conformed before.

    Parameters
    ----------
    known
        What blocks before this one remembered, and this one adds to; None: nothing.
    """
    token = _conforming.set({} if known is None else known)
    try:
        yield
    finally:
        _conforming.reset(token)


def remember(frame: Frame, table: Table) -> None:
    """Take a frame for one that conforms: it was checked, or holds rows of one that was."""
    known, number = _conforming.get(), id(frame)
    if known is not None:
        known[number] = weakref.ref(frame, lambda _: known.pop(number, None)), table.name


def is_remembered(frame: Frame, table: Table) -> bool:
    """Return whether this very frame is known to conform to the table."""
    found = (_conforming.get() or {}).get(id(frame))
    return found is not None and found[0]() is frame and found[1] == table.name


def rows_of(frame: Frame, which: npt.NDArray[np.bool_], table: Table) -> Frame:
    """Return some rows of a frame; where the frame conforms they do too, because leaving rows out doubles no key."""
    some = frame[which].reset_index(drop=True)
    if is_remembered(frame, table):
        remember(some, table)
    return some


def is_true(column: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Return where something is known to be true, shape (n,): null is not known, so not known to be true.

    Examples
    --------
    >>> is_true(pd.Series([True, False, None], dtype="boolean")).tolist()
    [True, False, False]
    """
    return np.asarray(column.astype("boolean").fillna(value=False), dtype=bool)


def is_among(column: pd.Series[Any], values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Return which texts of a column are among others: what pandas' isin says, without making a scalar of each.

    Examples
    --------
    >>> is_among(pd.Series(["a", "b", "a"]), pd.Series(["a"])).tolist()
    [True, False, True]
    """
    found = pc.is_in(pa.array(column.array), value_set=pa.array(values.array))
    return np.asarray(found, dtype=bool)


def require_rd(frame: gpd.GeoDataFrame, *, where: str) -> None:
    """Refuse geometry that is not RD New, whatever its label says.

    Raises
    ------
    CrsError
        If there is no CRS, another CRS, or coordinates outside the Netherlands (WGS84 numbers labelled as RD).
    """
    _require_crs(frame, where=where)
    bounds = shapely.bounds(frame.geometry.to_numpy())
    low, high = np.array(RD_BOUNDS[:2] * 2), np.array(RD_BOUNDS[2:] * 2)
    with np.errstate(invalid="ignore"):
        outside = ((bounds < low) | (bounds > high)).any(axis=1)
    if not outside.any():
        return
    looks_like_degrees = bool((np.abs(bounds[outside]) <= 180).all())  # noqa: PLR2004 - degrees
    what = (
        "coordinates in degrees, labelled EPSG:28992" if looks_like_degrees else "coordinates outside the Netherlands"
    )
    remedy = "set the right crs for this source" if looks_like_degrees else "check the source's crs, or cut it"
    raise CrsError(Fault(what, where, remedy, int(outside.sum()), list(frame.index[outside][:3])))


def require_any_in_rd(xy: npt.NDArray[np.float64], what: str, *, where: str) -> None:
    """Refuse points, shape (n, 2), of which none lies in the Netherlands: no site would have any near, without a word.

    Raises
    ------
    CrsError
        If there are points and all lie outside.
    """
    is_inside = ((xy >= RD_BOUNDS[:2]) & (xy <= RD_BOUNDS[2:])).all(axis=1)
    if len(xy) and not is_inside.any():
        remedy = "give the file of the area of the run, or its right crs"
        raise CrsError(Fault(f"none of the {what} lies in the Netherlands", where, remedy, len(xy)))


def _require_crs(frame: Frame, *, where: str) -> None:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name != "geometry":
        raise ContractError(Fault("no geometry", where, "give a GeoDataFrame whose geometry column is 'geometry'"))
    if frame.crs is None:
        raise CrsError(Fault("the CRS is missing", where, "state it in the source's entry (crs: EPSG:28992)"))
    if frame.crs.srs != CRS and frame.crs.to_epsg() != 28992:  # noqa: PLR2004 - RD New
        raise CrsError(Fault(f"the CRS is {frame.crs.to_string()}", where, "reproject to EPSG:28992 first"))


def _cast(frame: Frame, table: Table, *, where: str, extra: list[str]) -> Frame:
    """Return the frame with the table's dtypes, its columns first; the same frame if nothing changes."""
    order = table.columns + (extra if table.is_open else [])
    changed: dict[str, pd.Series] = {}
    columns = pd.DataFrame(frame)
    kinds = {name: str(kind) for name, kind in columns.dtypes.items()}
    for field in table.fields:
        wanted = dtype_of(field)
        if wanted is None or (kinds[field.name] == wanted and field.dtype != "list"):
            continue  # a column is taken only where there is something to do
        column = columns[field.name]
        if field.dtype == "list" and kinds[field.name] == wanted and not _has_others(column):
            continue
        try:
            changed[field.name] = _as_tuples(column) if field.dtype == "list" else _as(column, wanted)
        except (TypeError, ValueError) as error:
            fault = Fault(
                f"cannot be read as {field.dtype} ({error})", f"{where}: {table.name}.{field.name}", "mend it"
            )
            raise ContractError(fault) from error
    if changed:
        frame = frame.assign(**changed)
    if list(frame.columns) != order:
        frame = frame[order]
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.start == 0 and frame.index.step == 1):
        frame = frame.reset_index(drop=True)
    return frame


def _as(column: pd.Series[Any], wanted: str) -> pd.Series[Any]:
    """Return a column in the type wanted; a null that it may not hold stays, to be told."""
    if wanted == "bool":
        # By way of what knows null: an object's None would become False.
        column = column.astype("boolean")
        wanted = "boolean" if column.hasnans else wanted
    return column.astype(wanted)  # type: ignore[call-overload, no-any-return]


def _has_others(column: pd.Series[Any]) -> bool:
    """Whether there is anything but tuples and None in a column."""
    # Row by row in Python this took longer than all other checks together.
    return not {tuple, type(None)}.issuperset(map(type, column.to_numpy(dtype=object)))


def _as_tuples(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return lists as tuples; a text is no list of its letters."""
    found: list[tuple[str, ...] | None] = []
    for one in column:
        if isinstance(one, str):
            message = f"'{one}' is a text, not a list of texts"
            raise TypeError(message)
        is_null = one is None or one is pd.NA or isinstance(one, float)
        found.append(None if is_null else tuple(one))
    return pd.Series(found, index=column.index, dtype="object")


def _field_faults(frame: pd.DataFrame, field: Field, table: Table, where: str) -> list[Fault]:
    is_bounded = field.dtype in ("int", "float") and (field.low is not None or field.high is not None)
    if field.null and not is_bounded and not field.values and field.dtype != "geometry":
        return []  # whatever it holds
    # On the array: of a table of few rows a column's own methods take several times as long as what they ask.
    array = frame[field.name].array

    def fault(what: str, mask: np.ndarray, remedy: str) -> list[Fault]:
        if not mask.any():
            return []
        key = frame[table.key[0]] if table.key else frame.index.to_series()
        return [Fault(what, f"{where}: {table.name}.{field.name}", remedy, int(mask.sum()), list(key[mask].head(3)))]

    is_null = np.asarray(array.isna())
    faults = [] if field.null else fault("null", is_null, "this column is never null: fill or remove these rows")
    if field.dtype == "geometry":
        wrong = ~np.isin(shapely.get_type_id(np.asarray(array)), _GEOMETRY_TYPES.get(table.geometry or "any", range(8)))
        return faults + fault(f"not a {table.geometry}", wrong & ~is_null, "give the right kind of geometry")
    if is_bounded:
        numbers = array.to_numpy(dtype="float64", na_value=np.nan)
        low, high = (-np.inf if field.low is None else field.low), (np.inf if field.high is None else field.high)
        with np.errstate(invalid="ignore"):
            outside = (numbers < low) | (numbers > high)
        infinite = np.isinf(numbers)
        faults += fault(f"outside [{field.low}, {field.high}]", outside, "mend the values; null is for unknown")
        faults += fault("infinite", infinite & ~outside, "null is for unreachable")
    if field.values:
        wrong = ~_is_one_of(array, field.values) & ~is_null
        if wrong.any():
            words = ", ".join(sorted({str(word) for word in array[wrong]})[:_WORDS_SHOWN])
            faults += fault(f"{words}: not one of {', '.join(field.values)}", wrong, "map the source's words to these")
    return faults


def _is_one_of(array: ExtensionArray, words: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which texts are among some words, shape (n,); null is not."""
    told = pa.array(array)
    return np.asarray(pc.is_in(told, value_set=pa.array(words, type=told.type)), dtype=bool)
