"""Roofs of 3DBAG as attributes, in its dialects: names with and without ``b3_``, and those of the first release.

Heights in the source are above NAP; here they become heights above the ground as well. What is missing stays null.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from flexsites.config.input_rules import input_rules
from flexsites.errors import Fault, InputError
from flexsites.inputs.rows.numbers import Impossible, numbers
from flexsites.inputs.rows.validity import make_sound
from flexsites.inputs.stock.files import bag_ids, first_column, read_stock_file, require_columns
from flexsites.inputs.stock.roof_quality import QUALITY_OPTIONAL, roof_quality
from flexsites.tables import Frame, RoofParts, conform, empty

__all__ = [
    "PLANE_NEEDED",
    "ROOF_NEEDED",
    "ROOF_OPTIONAL",
    "pand_layer",
    "plane_layer",
    "read_bag3d",
    "read_bag3d_parts",
    "roof_attributes",
    "roof_planes",
]

_DIALECTS = {
    "ground_height_m_nap": ("h_maaiveld", "ground-0.50"),
    "roof_height_m_nap": ("h_dak_50p", "roof-0.50", "h_50p"),
    "roof_flat_area_m2": ("opp_dak_plat",),
    "roof_sloped_area_m2": ("opp_dak_schuin",),
}
_STOREYS = ("bouwlagen",)
_ROOF_TYPE = ("dak_type",)
_PLANES = "lod22_2d"
_SLOPE = ("hellingshoek",)
_PART_HEIGHT = ("h_dak_50p", "h_50p", "h_dak_70p")

ROOF_NEEDED: dict[str, tuple[str, ...]] = {
    "id": ("identificatie", "bag_pand_id"),
    **{name: _DIALECTS[name] for name in ("ground_height_m_nap", "roof_height_m_nap")},
}
ROOF_OPTIONAL = (
    *(name for names in _DIALECTS.values() for name in names), *_STOREYS, *_ROOF_TYPE, *QUALITY_OPTIONAL,
)  # fmt: skip
"""Columns of 3DBAG, ours: theirs in every dialect, and those that are read where they are there."""

PLANE_NEEDED: dict[str, tuple[str, ...]] = {"id": ("identificatie",), "slope": _SLOPE, "height": _PART_HEIGHT}
"""The same of its roof planes."""


def roof_attributes(rows: Frame, *, where: str, impossible: Impossible | None = None) -> Frame:
    """Return heights, roof areas, roof type and storeys per building, in our names.

    Parameters
    ----------
    rows
        Attributes of buildings in one of 3DBAG's dialects, names in lower case.
    where
        What to name in an error.
    impossible
        Told of storeys and areas that no building can have.

    Returns
    -------
        bag_pand_id, ground_height_m_nap, roof_height_m_nap (null when they cannot be), building_height_m (null when a
        height is missing or the roof lies below the ground), roof_type, roof_flat_area_m2, roof_sloped_area_m2,
        n_storeys, n_storeys_source, and what is stated of their quality (`roof_quality`).

    Raises
    ------
    InputError
        If there is no identification or no height at all in any dialect, a value is no number, or an id occurs twice.
    """
    theirs = require_columns(rows, ROOF_NEEDED, where=where)
    impossible = impossible or Impossible()
    roofs = pd.DataFrame({"bag_pand_id": bag_ids(rows[theirs["id"]])})
    for ours, names in _DIALECTS.items():
        name = first_column(rows, names)
        found = numbers(rows[name], name, where) if name else pd.Series(np.nan, index=rows.index)
        is_area = ours.endswith("_m2")
        roofs[ours] = impossible.left_out(found, found < 0, f"{where}: {name}") if is_area else found
    plausible = input_rules().heights
    for ours in ("ground_height_m_nap", "roof_height_m_nap"):
        roofs[ours] = roofs[ours].where(roofs[ours].between(float(plausible.nap_from_m), float(plausible.nap_to_m)))
    height = roofs["roof_height_m_nap"] - roofs["ground_height_m_nap"]
    roofs["building_height_m"] = height.where(height > 0)
    name = first_column(rows, _ROOF_TYPE)
    roofs["roof_type"] = rows[name].astype("str") if name else pd.Series(np.nan, index=rows.index, dtype="str")
    name = first_column(rows, _STOREYS)
    storeys = numbers(rows[name], name, where) if name else pd.Series(np.nan, index=rows.index)
    storeys = storeys.where(storeys != 0)  # of a building without a roof they are not known
    wrong = (storeys < 0) | (storeys > float(plausible.most_storeys)) | (storeys % 1 != 0) & storeys.notna()
    roofs["n_storeys"] = impossible.left_out(storeys, wrong, f"{where}: {name}").astype("Int64")
    roofs["n_storeys_source"] = pd.Series(None, index=rows.index, dtype=object).mask(
        roofs["n_storeys"].notna(), "3dbag"
    )
    quality = roof_quality(rows, where=where)
    roofs = roofs.assign(**{str(name): quality[name].to_numpy() for name in quality})
    roofs = roofs[~roofs.duplicated()].reset_index(drop=True)  # a building on the edge of two tiles is in both
    double = roofs["bag_pand_id"].duplicated(keep=False)
    if double.any():
        ids = roofs.loc[double, "bag_pand_id"].head(3).tolist()
        raise InputError(Fault("the same building twice", where, "give one row per pand", int(double.sum()), ids))
    return roofs


def read_bag3d(path: Path, *, where: str | None = None, layer: str | None = None, crs: str | None = None) -> Frame:
    """Read the attributes and footprints of a 3DBAG GeoPackage (or parquet); its layer ``pand`` unless told.

    Returns
    -------
        The rows as they are, names in lower case, geometry in RD New: for `roof_attributes` and `panden`.

    Raises
    ------
    InputError
        If the file cannot be read, or has several layers and none of them is ``pand``.
    """
    return read_stock_file(path, where=where or path.name, layer=layer or pand_layer(path), crs=crs)


def pand_layer(path: Path, *, where: str | None = None) -> str | None:
    """Return the layer of a 3DBAG GeoPackage that holds its buildings; None where only one can be meant."""
    return "pand" if "pand" in _layers(path, where or path.name) else None


def plane_layer(path: Path, *, where: str | None = None) -> str | None:
    """Return the layer of a 3DBAG GeoPackage that holds its roof planes; None where it has none."""
    return _PLANES if _PLANES in _layers(path, where or path.name) else None


def _layers(path: Path, where: str) -> set[str]:
    if path.suffix.lower() != ".gpkg":
        return set()
    try:
        return {str(name) for name, _ in pyogrio.list_layers(path)}
    except (DataSourceError, DataLayerError, OSError) as error:
        said = str(error).partition(".;")[0]
        raise InputError(Fault(f"cannot be read ({said})", where, "fetch or export the file again")) from error


def read_bag3d_parts(path: Path, *, where: str | None = None) -> Frame:
    """Read the roof planes (layer ``lod22_2d``) of a 3DBAG GeoPackage; no rows when it has no such layer.

    Returns
    -------
        Canonical RoofParts.
    """
    where = where or path.name
    layer = plane_layer(path)
    if layer is None:
        return empty(RoofParts)
    return roof_planes(read_stock_file(path, where=where, layer=layer), where=f"{where}: {layer}")


def roof_planes(rows: Frame, *, where: str) -> Frame:
    """Return the roof planes of whole buildings as canonical RoofParts; what has no shape, slope or height is left out.

    Raises
    ------
    InputError
        If there is no identification, slope or height in any dialect, or a slope or height is no number.
    """
    theirs = require_columns(rows, PLANE_NEEDED, where=where)
    sound = make_sound(rows.geometry.to_numpy(), "polygon")
    planes = rows.assign(
        bag_pand_id=bag_ids(rows[theirs["id"]]),
        slope_deg=numbers(rows[theirs["slope"]], theirs["slope"], where),
        roof_part_height_m_nap=numbers(rows[theirs["height"]], theirs["height"], where),
        geometry=sound.geometry,
    )
    usable = (sound.reason == np.array(None)) & planes[["slope_deg", "roof_part_height_m_nap"]].notna().all(axis=1)
    planes = planes[usable]
    known = pd.DataFrame({"id": planes["bag_pand_id"], "wkb": shapely.to_wkb(planes.geometry.to_numpy())})
    is_again = known.assign(height=planes["roof_part_height_m_nap"]).duplicated().to_numpy()
    planes = planes[~is_again].sort_values("bag_pand_id", kind="stable").reset_index(drop=True)
    planes["roof_part"] = planes.groupby("bag_pand_id").cumcount()
    planes["roof_part_area_m2"] = shapely.area(planes.geometry.to_numpy())
    return conform(planes[RoofParts.columns], RoofParts, where=where)
