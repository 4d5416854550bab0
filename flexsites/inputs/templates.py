"""Empty files with the columns of a register that comes only from its owner: to send out, and to fill in."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd

from flexsites.config.presets import Template
from flexsites.errors import Fault, RunError
from flexsites.tables import CRS

_TYPES = {"text": "str", "number": "Int64", "truth": "boolean"}


def write_template(template: Template, path: Path) -> None:
    """Write an empty file: a GeoPackage of polygons in RD New, or a text table.

    Parameters
    ----------
    template
        Its columns.
    path
        Where it goes; `.gpkg` for what has geometry, `.csv` for what has not.

    Raises
    ------
    RunError
        If the name is of another form.
    """
    suffix = ".gpkg" if template.has_geometry else ".csv"
    if path.suffix.lower() != suffix:
        raise RunError(
            Fault(f"a template of this kind is written as {suffix}", str(path), f"give a name with {suffix}")
        )
    columns = {name: pd.Series([], dtype=_TYPES[kind]) for name, kind in template.columns.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    if not template.has_geometry:
        pd.DataFrame(columns).to_csv(path, index=False, encoding="utf-8-sig")
        return
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=CRS), crs=CRS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that there are no rows is the point
        frame.to_file(path, driver="GPKG", geometry_type="MultiPolygon")
