"""One's own rows as a table, so that a stage can be called on them: what is not given is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.arrays import lists
from flexsites.tables.contract import CRS, Frame, Table, conform, require_rd

__all__ = ["own"]


def own(table: Table, geometry: gpd.GeoSeries | Sequence[shapely.Geometry] | None = None, **columns: object) -> Frame:
    """Return one's own rows as a table.

    Parameters
    ----------
    table
        The table that they are to be, such as ``Parcels``.
    geometry
        The geometry of each row: a column of a GeoDataFrame in RD New, or shapes, whose coordinates are RD New then.
    columns
        The columns that are known, one value for all rows or one for each. A column that is not given is null where it
        may be null, and a list without names; any other must be given.

    Raises
    ------
    ContractError
        Naming the columns that are missing, or what breaks the definition of the table.
    CrsError
        If the geometry does not lie in RD New.

    Examples
    --------
    >>> from flexsites.tables import Parcels
    >>> field = shapely.box(150_000, 450_000, 150_100, 450_050)
    >>> parcels = own(Parcels, [field], site_id=["field"], parcel_area_m2=field.area)
    >>> parcels[["site_id", "parcel_area_m2", "owner_class"]].to_numpy().tolist()
    [['field', 5000.0, nan]]
    """
    return conform(as_frame(table, geometry, columns), table, where="own rows")


def as_frame(
    table: Table, geometry: gpd.GeoSeries | Sequence[shapely.Geometry] | None, columns: dict[str, object]
) -> Frame:
    """Return the frame of some columns, with null or no names in those that are absent and may be so."""
    shapes = None if geometry is None else _in_rd(geometry)
    own_index = None if shapes is None else shapes.index
    given = {name: one.to_numpy() if isinstance(one, pd.Series) else one for name, one in columns.items()}
    frame: Frame = pd.DataFrame(given, index=own_index)
    absent: dict[str, Any] = {
        field.name: lists(((),) * len(frame), len(frame)) if field.dtype == "list" and field.null is None else None
        for field in table.fields
        if field.name not in given and field.dtype != "geometry" and (field.null or field.dtype == "list")
    }
    frame = frame.assign(**absent)
    return frame if shapes is None else gpd.GeoDataFrame(frame, geometry=shapes)


def _in_rd(geometry: gpd.GeoSeries | Sequence[shapely.Geometry]) -> gpd.GeoSeries:
    """Return shapes that were seen to lie in RD New."""
    shapes = geometry if isinstance(geometry, gpd.GeoSeries) else gpd.GeoSeries(list(geometry), crs=CRS)
    shapes = shapes.reset_index(drop=True)
    require_rd(gpd.GeoDataFrame(geometry=shapes), where="own rows")
    return shapes
