"""Tables of the building stock as they come: whatever GDAL or pyarrow reads, names in lower case, geometry in RD New.

What the columns mean is in buildings.py (BAG) and roofs_3d.py (3DBAG); here only the file is read and its CRS judged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from flexsites.config.source_rows import Geometry
from flexsites.errors import CrsError, Fault, InputError, raise_faults
from flexsites.inputs.formats.projection import coordinate_faults, to_rd
from flexsites.inputs.formats.vector import Bounds, VectorFile, open_vector
from flexsites.inputs.rows.cells import inside
from flexsites.inputs.rows.ingest import WHOLE_FILE_ROWS
from flexsites.tables import CRS, Frame

__all__ = [
    "StockFile",
    "bag_ids",
    "first_column",
    "is_among",
    "members",
    "open_stock_file",
    "read_stock_file",
    "require_bag_ids",
    "require_columns",
]

_ID_DIGITS = 16
_SHAPEFILE_LETTERS = 10


def read_stock_file(path: Path, *, where: str, layer: str | None = None, crs: str | None = None) -> Frame:
    """Read all rows of a file: gpkg, parquet, gml, geojson, or a zip of one.

    Returns
    -------
        A GeoDataFrame in EPSG:28992 (a plain table when the file has no geometry); identifications stay text.

    Raises
    ------
    InputError
        If the file cannot be read.
    CrsError
        If its CRS is missing, wrong, or contradicted by its coordinates.
    """
    with tempfile.TemporaryDirectory() as folder:
        opened = open_stock_file(path, where=where, scratch=Path(folder), layer=layer, crs=crs)
        joined: Frame = pd.concat(list(opened.batches()), ignore_index=True)
    return joined


@dataclass(frozen=True, slots=True)
class StockFile:
    """A file of the stock that can be read, batch by batch; its columns are as asked."""

    file: VectorFile
    columns: tuple[str, ...]
    where: str
    names: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case that the file cuts off or writes in parts: the register's."""

    def batches(self, bounds: Bounds | None = None) -> Iterator[Frame]:
        """Give the rows, names in lower case, geometry in RD New; at least one batch.

        Of a large file only what lies about the bounds (in RD New) is read, if any are given: filter after.

        Raises
        ------
        InputError
            If there are no rows, or the file breaks off.
        CrsError
            If its coordinates contradict its CRS.
        """
        ends = ("identificatie", "ref", "_id", "status")
        text = tuple(name for name in self.columns if name.lower().endswith(ends))
        moving = to_rd(self.file.crs or "", where=self.where) if self.file.has_geometry else None
        is_big = (self.file.n_features or 0) > WHOLE_FILE_ROWS
        window = moving.window(bounds) if moving is not None and bounds is not None and is_big else None
        n_batches = 0
        for batch in self.file.batches(self.columns, bounds=window, text=text):
            rows = batch.columns.rename(columns=str.lower).rename(columns=self.names)
            if moving is None:
                yield rows
            else:
                if n_batches == 0:
                    boxes = shapely.bounds(batch.geometry)
                    raise_faults(coordinate_faults(boxes, self.file.crs or "", where=self.where), CrsError)
                yield gpd.GeoDataFrame(rows, geometry=moving.apply(batch.geometry), crs=CRS)
            n_batches += 1
        if n_batches == 0 and window is None:
            raise InputError(Fault("the layer is empty", self.where, "fetch or export it again"))


def open_stock_file(
    path: Path,
    *,
    where: str,
    scratch: Path,
    layer: str | None = None,
    crs: str | None = None,
    shape: Geometry | None = None,
    needed: Mapping[str, tuple[str, ...]] | None = None,
    optional: Iterable[str] = (),
) -> StockFile:
    """Open a file and choose its columns.

    Parameters
    ----------
    path
        The file.
    where
        What to name in an error.
    scratch
        Where archives are unpacked.
    layer
        The layer, when the file has several.
    crs
        The reference system of a file that does not say.
    shape
        How its geometry is understood: `crs` again, `geometry_column` and `arc_step_degrees`.
    needed
        Ours: theirs in every dialect, of the columns that must be there; None: every column is read.
    optional
        Columns that are read where they are there, in every dialect.

    Raises
    ------
    InputError
        If the file cannot be read, or a column that is needed is not there.
    CrsError
        If its CRS is missing or wrong.
    """
    shape = Geometry() if shape is None else shape
    opened = open_vector(
        str(path),
        where=where,
        scratch=scratch,
        layer=layer,
        crs=crs or shape.crs,
        geometry_column=shape.geometry_column,
        arc_step_degrees=None if shape.arc_step_degrees is None else float(shape.arc_step_degrees),
    )
    if needed is None:
        return StockFile(opened, opened.columns, where)
    lower = [name.lower() for name in opened.columns]
    known = tuple(dict.fromkeys((*(name for names in needed.values() for name in names), *optional)))
    spelt = spelt_out(lower, known, is_cut=opened.path.lower().endswith((".shp", ".dbf")))
    require_columns(pd.DataFrame(columns=[spelt.get(name, name) for name in lower]), dict(needed), where=where)
    chosen = tuple(
        name for name in opened.columns if spelt.get(name.lower(), name.lower()).removeprefix("b3_") in known
    )
    return StockFile(opened, chosen, where, spelt)


def spelt_out(columns: Iterable[str], known: Iterable[str], *, is_cut: bool) -> dict[str, str]:
    """Return the register's names of columns that are written in parts or, in a shapefile, cut off at ten letters.

    Examples
    --------
    >>> spelt_out(["voorkomen_identificatie", "status"], ["voorkomenidentificatie", "status"], is_cut=False)
    {'voorkomen_identificatie': 'voorkomenidentificatie'}
    >>> spelt_out(["tijdstipin", "tijdstipni"], ["tijdstipinactief", "tijdstipnietbaglv"], is_cut=True)
    {'tijdstipin': 'tijdstipinactief', 'tijdstipni': 'tijdstipnietbaglv'}
    """
    columns, known = tuple(columns), tuple(known)
    found: dict[str, str] = {}
    for column in (one for one in columns if one not in known):
        joined = column.replace("_", "")
        meant = [name for name in known if name.replace("_", "") == joined]
        if is_cut and len(column) == _SHAPEFILE_LETTERS:
            meant += [name for name in known if name.startswith(column)]
        left = [name for name in meant if name not in columns and name not in found.values()]
        if left:
            found[column] = left[0]
    return found


def first_column(rows: Frame, names: tuple[str, ...]) -> str | None:
    """Return the first of the names that the table has, in lower case and with or without the prefix of 3DBAG.

    Examples
    --------
    >>> first_column(pd.DataFrame(columns=["b3_h_maaiveld"]), ("h_maaiveld", "ground-0.50"))
    'b3_h_maaiveld'
    """
    for name in names:
        for written in (f"b3_{name}", name):
            if written in rows.columns:
                return written
    return None


def require_columns(rows: Frame, asked: dict[str, tuple[str, ...]], *, where: str) -> dict[str, str]:
    """Return our name: theirs for every column asked.

    Raises
    ------
    InputError
        Naming every column that is not there, and those that are.
    """
    found = {ours: first_column(rows, names) for ours, names in asked.items()}
    has = f"it has: {', '.join(map(str, rows.columns))}"
    faults = [
        Fault(f"no column {' or '.join(asked[ours])}", where, has) for ours, name in found.items() if name is None
    ]
    if faults:
        raise InputError(faults)
    return {ours: name for ours, name in found.items() if name is not None}


def bag_ids(column: pd.Series) -> pd.Series:
    """Return identifications of the BAG as 16 digits: without NL.IMBAG prefix, leading zeros put back; else null.

    Examples
    --------
    >>> bag_ids(pd.Series(["NL.IMBAG.Pand.0518100000234422", "518100000234422", None, "x"])).tolist()
    ['0518100000234422', '0518100000234422', nan, nan]
    """
    plain = pa.array(column.astype("str"), pa.string(), from_pandas=True)
    # Nearly all are written as the register or 3DBAG does; only the rest is looked at one by one.
    short = pc.replace_substring_regex(plain, pattern=r"^NL\.IMBAG\.[A-Za-z]+\.", replacement="")
    is_plain = np.asarray(pc.fill_null(pc.match_substring_regex(short, r"^[0-9]{16}$"), fill_value=False))
    ids = pd.Series(short, index=column.index, dtype="str")
    is_other = ~is_plain & np.asarray(plain.is_valid())
    ids[~is_plain] = None
    if is_other.any():
        ids[is_other] = _mended_ids(column[is_other])
    return ids


def require_bag_ids(ids: pd.Series, written: pd.Series, *, where: str) -> None:
    """Refuse rows whose identification is none of the BAG.

    Raises
    ------
    InputError
        If `ids`, of `bag_ids`, holds a null; it shows what was `written` there.
    """
    bad = ids.isna()
    if bad.any():
        what = "identifications that are not the register's 16 digits"
        remedy = "give the identificatie of the BAG as text"
        raise InputError(Fault(what, where, remedy, int(bad.sum()), written[bad].head(3).tolist()))


def _mended_ids(column: pd.Series) -> pd.Series:
    text = column.astype("str").str.strip().str.rsplit(".", n=1)
    # 518100000234422.0 is what a spreadsheet makes of a number: the part after the point is then a zero.
    last = text.str[-1].where(text.str[-1] != "0", text.str[0])
    is_id = last.str.fullmatch(r"\d{13,16}").fillna(value=False).astype(bool)
    return last.where(is_id).str.zfill(_ID_DIGITS)


def is_among(column: pd.Series, values: pd.Series | pd.Index) -> NDArray[np.bool_]:
    """Return which texts are among others; null never is. Many times faster than ``isin`` for millions of both.

    Examples
    --------
    >>> is_among(pd.Series(["a", "b", None]), pd.Series(["b", None])).tolist()
    [False, True, False]
    """
    asked = pa.array(values, pa.string(), from_pandas=True).drop_null()
    found = pc.is_in(pa.array(column, pa.string(), from_pandas=True), value_set=asked)
    return np.asarray(found, dtype=bool)


def members(column: pd.Series) -> pd.Series:
    """Return lists as exports write them: ``{a,b}``, ``(2:a,b)``, ``[a, b]``, ``a|b``, ``a,b``, or lists.

    Null and empty become an empty list.

    Examples
    --------
    >>> members(pd.Series(["{woonfunctie,winkelfunctie}", "woonfunctie", None, ["kantoorfunctie"]])).tolist()
    [['woonfunctie', 'winkelfunctie'], ['woonfunctie'], [], ['kantoorfunctie']]
    """

    def split(cell: object) -> list[str]:
        """Return the parts of one cell; a null has none."""
        if isinstance(cell, (list, tuple, np.ndarray)):
            return [str(part).strip() for part in cell]
        if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
            return []
        parts = inside(str(cell)).strip("{}[]() ").replace("|", ",").split(",")
        return [part.strip(" \"'") for part in parts if part.strip(" \"'")]

    if column.dtype == object:
        return pd.Series([split(cell) for cell in column], index=column.index, dtype=object)
    codes, distinct = pd.factorize(column)
    lists = [*(split(cell) for cell in list(distinct)), []]
    return pd.Series([lists[code] for code in codes], index=column.index, dtype=object)
