"""Tables of the building stock as they come: whatever GDAL or pyarrow reads, names in lower case, geometry in RD New.

What the columns mean is in buildings.py (BAG) and roofs_3d.py (3DBAG); here only the file is read and its CRS judged.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import CrsError, Fault, InputError
from flexsites.inputs.projection import coordinate_faults, to_rd
from flexsites.inputs.vector import open_vector
from flexsites.tables import CRS, Frame

__all__ = ["bag_ids", "first_column", "members", "read_stock_file", "require_columns"]

_ID_DIGITS = 16


def read_stock_file(
    path: Path, *, where: str, layer: str | None = None, crs: str | None = None, scratch: Path | None = None
) -> Frame:
    """Read all rows of a file: gpkg, parquet, gml, geojson, or a zip of one.

    Parameters
    ----------
    path
        The file.
    where
        What to name in an error.
    layer
        The layer, when the file has several.
    crs
        The reference system of a file that does not say.
    scratch
        Where archives are unpacked; None: a temporary folder.

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
    if scratch is None:
        with tempfile.TemporaryDirectory() as folder:
            return read_stock_file(path, where=where, layer=layer, crs=crs, scratch=Path(folder))
    opened = open_vector(str(path), where=where, scratch=scratch, layer=layer, crs=crs)
    text = tuple(name for name in opened.columns if name.lower().endswith(("identificatie", "ref", "_id", "status")))
    tables, shapes = [], []
    for batch in opened.batches(opened.columns, text=text):
        tables.append(batch.columns)
        shapes.append(batch.geometry)
    if not tables:
        raise InputError(Fault("the layer is empty", where, "fetch or export it again"))
    rows = pd.concat(tables, ignore_index=True).rename(columns=str.lower)
    if not opened.has_geometry:
        return rows
    geometry = np.concatenate(shapes)
    if wrong := coordinate_faults(shapely.bounds(geometry), opened.crs or "", where=where):
        raise CrsError(wrong)
    moved = to_rd(opened.crs or "", where=where).apply(geometry)
    frame: Frame = gpd.GeoDataFrame(rows, geometry=moved, crs=CRS)
    return frame


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
    text = column.astype("str").str.strip().str.rsplit(".", n=1)
    # 518100000234422.0 is what a spreadsheet makes of a number: the part after the point is then a zero.
    last = text.str[-1].where(text.str[-1] != "0", text.str[0])
    is_id = last.str.fullmatch(r"\d{13,16}").fillna(value=False).astype(bool)
    return last.where(is_id).str.zfill(_ID_DIGITS)


def members(column: pd.Series) -> pd.Series:
    """Return lists as they are written in several exports: ``{a,b}``, ``[a, b]``, ``a|b``, ``a,b``, or lists.

    Null and empty become an empty list.

    Examples
    --------
    >>> members(pd.Series(["{woonfunctie,winkelfunctie}", "woonfunctie", None, ["kantoorfunctie"]])).tolist()
    [['woonfunctie', 'winkelfunctie'], ['woonfunctie'], [], ['kantoorfunctie']]
    """

    def split(cell: object) -> list[str]:
        """Return the parts of one cell; a null has none."""
        if isinstance(cell, list | tuple | np.ndarray):
            return [str(part).strip() for part in cell]
        if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
            return []
        parts = str(cell).strip("{}[]() ").replace("|", ",").split(",")
        return [part.strip(" \"'") for part in parts if part.strip(" \"'")]

    if column.dtype == object:
        return pd.Series([split(cell) for cell in column], index=column.index, dtype=object)
    codes, distinct = pd.factorize(column)
    lists = [*(split(cell) for cell in list(distinct)), []]
    return pd.Series([lists[code] for code in codes], index=column.index, dtype=object)
