"""Ownership and tenure: an optional table of the user's, by parcel id or as polygons.

Open cadastral data carries no owners. Whoever has them maps their own words to the classes with `recode`; a parcel
that the table does not name keeps a null, which is: unknown.
"""

from __future__ import annotations

import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from flexsites.config.sources import Table, Vector
from flexsites.errors import Fault, InputError
from flexsites.inputs.files import Places, locate
from flexsites.inputs.ingest import Told, open_source, read_rows
from flexsites.inputs.projection import Geometries
from flexsites.inputs.selection import Unlisted, column_faults, kept_columns, matches, select
from flexsites.inputs.vector import Batch

_COLUMNS = ("owner_class", "tenure")
_SUFFIXES = (".parquet", ".xlsx", ".csv", ".txt", ".tsv")


@dataclass(frozen=True, slots=True)
class Owners:
    """Owner class and tenure, either by parcel id or by the polygon that holds the parcel's representative point."""

    rows: pd.DataFrame
    shapes: Geometries | None = None

    def of(self, site_ids: pd.Series, points: Geometries) -> pd.DataFrame:
        """Return owner_class and tenure per parcel; null where the table says nothing.

        Examples
        --------
        >>> owners = Owners(pd.DataFrame({"owner_class": ["gemeente"], "tenure": [None]}, index=["a"], dtype="str"))
        >>> owners.of(pd.Series(["b", "a"]), np.array([None, None]))["owner_class"].tolist()
        [nan, 'gemeente']
        """
        if self.shapes is None:
            return self.rows.reindex(site_ids).reset_index(drop=True)
        found = np.full(len(points), len(self.rows), dtype=np.int64)
        of_shape, of_point = shapely.STRtree(points).query(self.shapes, predicate="intersects")
        np.minimum.at(found, of_point, of_shape)
        return self.rows.reset_index(drop=True).reindex(found).reset_index(drop=True)


def read_owners(row: Table | Vector, places: Places, told: Told) -> Owners:
    """Read the table of owners.

    Raises
    ------
    InputError
        If a column is missing, a parcel is named twice with different owners, or a value is not mapped.
    """
    if isinstance(row, Vector):
        opened = open_source("ownership", row, row.paths, places, needed=("owner_class",))
        batches = list(read_rows(opened, "polygon", told))
        frames = pd.concat([_columns(batch.columns) for batch in batches], ignore_index=True)
        return Owners(frames, np.concatenate([batch.geometry for batch in batches]))
    frame = read_table("ownership", row, places, told.unlisted)
    told.ledger.n_read += len(frame)
    told.ledger.n_kept += len(frame)
    owners = _columns(frame).set_index(frame[row.key].astype("str"))
    owners = owners[~(owners.index.duplicated() & owners.duplicated())]
    twice = owners.index[owners.index.duplicated()].unique()
    if len(twice):
        fault = Fault(
            "parcels named twice with different owners", "ownership", "name each once", len(twice), list(twice)
        )
        raise InputError(fault)
    return Owners(owners)


def read_table(name: str, row: Table, places: Places, unlisted: Unlisted) -> pd.DataFrame:
    """Read a table without geometry (csv, xlsx, parquet): the rows and columns the mapping asks for, and its key.

    Identifications stay text: every cell of a csv or a spreadsheet is read as text first.

    Raises
    ------
    InputError
        If it cannot be read, or a column is missing.
    """
    frames = []
    for path in row.paths:
        where = f"{name} ({Path(path).name})"
        raw = _read(locate(path, places, where=name), row.sheet, where)
        names = tuple(map(str, raw.columns))
        faults = column_faults(row, names, (), where=where)
        if row.key not in names:
            faults.append(
                Fault(f"no column {row.key}, which `key` names", where, f"name one of its columns: {', '.join(names)}")
            )
        if faults:
            raise InputError(faults)
        kept = kept_columns(row, names)
        chosen, _ = select(Batch(raw, np.full(len(raw), None, dtype=object)), row, kept, unlisted)
        keep = np.ones(len(raw), dtype=bool)
        for column, values in row.where.items():
            keep &= matches(raw[column], values)
        keys = raw.loc[keep, row.key].astype("str").reset_index(drop=True)
        frames.append(chosen.columns.assign(**{row.key: keys}))
    return pd.concat(frames, ignore_index=True)


def _read(path: str, sheet: str | None, where: str) -> pd.DataFrame:
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(Fault(f"a table cannot be read from {suffix}", where, "give csv, xlsx or parquet"))
    try:
        match suffix:
            case ".parquet":
                return pd.read_parquet(path)
            case ".xlsx":
                return pd.read_excel(path, sheet_name=sheet or 0, dtype="str")
            case _:
                return pd.read_csv(path, sep=None, engine="python", dtype="str", encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Fault("its text is not UTF-8", where, "export it as UTF-8")) from error
    except (OSError, ValueError, pd.errors.ParserError, pa.ArrowException, csv.Error, zipfile.BadZipFile) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "export the file again")) from error


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    nothing = pd.Series([None] * len(frame), dtype="str")
    return pd.DataFrame({name: frame.get(name, nothing).astype("str") for name in _COLUMNS}).reset_index(drop=True)
