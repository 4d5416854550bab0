"""Ownership and tenure: an optional table of the user's, by parcel id or as polygons.

Open cadastral data carries no owners. Whoever has them maps their own words to the classes with `recode`; a parcel
that the table does not name keeps a null, which is: unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.config.sources import Table, Vector
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.rows.ingest import ReadReport, open_source, read_rows
from flexsites.inputs.rows.user_table import read_table
from flexsites.inputs.source_files import with_files

_COLUMNS = ("owner_class", "tenure")


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
        owners = self.rows.reset_index(drop=True).reindex(found).reset_index(drop=True)
        # Where polygons of several owners lie over each other nobody knows which of them holds the ground.
        owners.loc[self.is_disputed(points)] = None
        return owners

    def is_disputed(self, points: Geometries) -> NDArray[np.bool_]:
        """Return which points lie in polygons that name different owners."""
        disputed = np.zeros(len(points), dtype=bool)
        if self.shapes is None:
            return disputed
        codes = self.rows.groupby(list(self.rows.columns), dropna=False, sort=False).ngroup().to_numpy()
        of_shape, of_point = shapely.STRtree(points).query(self.shapes, predicate="intersects")
        least, most = np.full(len(points), len(codes)), np.full(len(points), -1)
        np.minimum.at(least, of_point, codes[of_shape])
        np.maximum.at(most, of_point, codes[of_shape])
        disputed[(most >= 0) & (least != most)] = True
        return disputed


def read_owners(row: Table | Vector, places: Places, told: ReadReport) -> Owners:
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
    is_again = owners.assign(key=owners.index).duplicated()
    owners = owners[~is_again.to_numpy()]
    twice = owners.index[owners.index.duplicated()].unique()
    if len(twice):
        where = f"{with_files('ownership', row)}.{row.key}"
        fault = Fault("parcels named twice with different owners", where, "name each once", len(twice), list(twice))
        raise InputError(fault)
    return Owners(owners)


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of an ownership table as text; a column that the user did not give is null."""
    nothing = pd.Series([None] * len(frame), dtype="str")
    return pd.DataFrame({name: frame.get(name, nothing).astype("str") for name in _COLUMNS}).reset_index(drop=True)
