"""What of a roof can be built on: flat, set back, in one part that is large enough, with daylight; and what fits there.

Stage side: knows tables and configuration. The shapes are measured in the kernels beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.roof_packing import layout_homes
from flexsites.capacity.kernels.roof_surfaces import (
    daylit_roofs,
    facade_lines,
    largest_parts,
    roof_levels,
    usable_roofs,
)
from flexsites.capacity.kernels.roof_verdicts import FAILED, MET, asks_at_least
from flexsites.capacity.kernels.roofs import flat_share
from flexsites.capacity.roof_rules import BOUNDS, floats, texts, whole
from flexsites.config.roofs import RoofRules, TopUpRules
from flexsites.tables import Frame

__all__ = ["roof_areas", "usable_areas"]

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]
Geometries = NDArray[np.object_]


def roof_areas(buildings: Frame, roof_parts: Frame, *, rules: RoofRules) -> Frame:
    """Return the buildings with footprint, flat and sloped area; from the surfaces where the attributes lack."""
    is_flat = (roof_parts["slope_deg"] <= float(rules.max_flat_slope_deg)).to_numpy()
    area = floats(roof_parts, "roof_part_area_m2")
    of_flat, of_sloped = (
        pd.Series(area * mask).groupby(roof_parts["bag_pand_id"].to_numpy()).sum() for mask in (is_flat, ~is_flat)
    )
    flat, sloped = floats(buildings, "roof_flat_area_m2"), floats(buildings, "roof_sloped_area_m2")
    is_given = ~np.isnan(flat) & ~np.isnan(sloped)
    flat = np.where(is_given, flat, of_flat.reindex(buildings["bag_pand_id"]).to_numpy())
    sloped = np.where(is_given, sloped, of_sloped.reindex(buildings["bag_pand_id"]).to_numpy())
    share = flat_share(flat, sloped)
    source = texts(np.where(np.isnan(share), -1, is_given.astype(np.int64)), ["surfaces", "attributes"])
    return buildings.assign(
        footprint_area_m2=shapely.area(buildings.geometry.to_numpy()),
        roof_flat_area_m2=flat,
        roof_sloped_area_m2=sloped,
        roof_flat_share=share,
        roof_area_source=source,
    )


def usable_areas(roofs: Frame, roof_parts: Frame, *, rules: TopUpRules) -> dict[str, Any]:
    """Return the columns of what can be used of each roof, what it was measured on, and the homes laid out per storey.

    The shape is measured only where the flat roof and the footprint reach the minimum: no shape makes a smaller roof
    large enough, whether or not its slopes are known.

    Parameters
    ----------
    roofs
        Buildings as `roof_areas` gives them, with the neighbours whose walls they share.
    roof_parts
        Surfaces of roofs (LoD2.2), for the buildings that have them.
    rules
        The rules for topping up.
    """
    roof, share = rules.roof, floats(roofs, "roof_flat_share")
    minimum, left = float(roof.min_usable_area_m2), 1.0 - float(roof.installations_share)
    most = np.fmin(floats(roofs, "roof_flat_area_m2"), floats(roofs, "footprint_area_m2"))
    is_below = asks_at_least(most, minimum) == FAILED
    is_measured = ~np.isnan(share) & ~is_below
    shapes, on_surfaces = _usable_shapes(roofs, roof_parts, is_measured, roof)
    flat = np.where(on_surfaces | ~is_measured, 1.0, share)
    largest, kept = largest_parts(shapes, area_min_m2=minimum / (flat * left))
    daylit = _daylit_shapes(roofs, kept, rules)
    # Of a footprint nobody knows where the roof is not flat: all of that is taken to lie where daylight is.
    ring = np.fmax(0.0, shapely.area(daylit) - (1.0 - flat) * shapely.area(kept))
    columns = {
        "usable_roof_area_m2": shapely.area(shapes) * flat * left,
        "largest_part_area_m2": largest * flat * left,
        "daylit_roof_area_m2": ring * left,
    }
    # A roof that fails on its flat share or has no part that is large enough holds no homes however they are laid out.
    qualifies = is_measured & (asks_at_least(share, float(roof.min_flat_share)) == MET)
    qualifies &= asks_at_least(columns["largest_part_area_m2"], minimum) == MET
    sources = ["footprint", "below_minimum", "surfaces"]
    source = np.select([is_below, np.isnan(share), on_surfaces], [1, -1, 2], default=0)
    return {
        **{name: np.where(is_measured, values, np.nan) for name, values in columns.items()},
        "usable_roof_source": texts(source, sources),
        **_layouts(daylit, ring, qualifies, rules),
    }


def _usable_shapes(roofs: Frame, roof_parts: Frame, wanted: Masks, roof: RoofRules) -> tuple[Geometries, Masks]:
    """Return the usable part of each roof that is wanted, and which were measured on surfaces, not on a footprint."""
    shapes = np.full(len(roofs), shapely.MultiPolygon(), dtype=object)
    on_surfaces = np.zeros(len(roofs), dtype=bool)
    is_flat = roof_parts["slope_deg"] <= float(roof.max_flat_slope_deg)
    flat_parts = roof_parts[is_flat & roof_parts["bag_pand_id"].isin(roofs["bag_pand_id"][wanted])]
    if len(flat_parts):
        flat_parts = flat_parts.sort_values(["bag_pand_id", "roof_part"], kind="stable")
        position = pd.Index(roofs["bag_pand_id"]).get_indexer(pd.Index(flat_parts["bag_pand_id"]))
        owners, owner = np.unique(position, return_inverse=True)
        height, tolerance_m = floats(flat_parts, "roof_part_height_m_nap"), float(roof.level_tolerance_m)
        level = roof_levels(owner, height, tolerance_m=tolerance_m)
        on_surfaces[owners] = True
        shapes[owners] = _usable(owner, level, flat_parts.geometry.to_numpy(), len(owners), roof)
    on_footprint = wanted & ~on_surfaces
    each = np.arange(int(on_footprint.sum()))
    shapes[on_footprint] = _usable(each, each, roofs.geometry.to_numpy()[on_footprint], len(each), roof)
    return shapes, on_surfaces


def _usable(
    owner: NDArray[np.int64], level: NDArray[np.int64], surfaces: Geometries, n_owners: int, roof: RoofRules
) -> Geometries:
    return usable_roofs(
        owner,
        level,
        surfaces,
        n_owners,
        setback_m=float(roof.edge_setback_m),
        slender_m=float(roof.slender_width_m),
        part_area_min_m2=float(roof.min_part_area_m2),
    )


def _daylit_shapes(roofs: Frame, kept: Geometries, rules: TopUpRules) -> Geometries:
    """Return what of the parts that are kept lies near enough to a facade of the building."""
    daylit = kept.copy()
    asked = np.flatnonzero(~shapely.is_empty(kept))
    if len(asked):
        facades = facade_lines(roofs.geometry.to_numpy(), asked, gap_m=float(rules.complexes.gap_m))
        setback_m, depth_m = float(rules.roof.edge_setback_m), float(rules.roof.daylight_depth_m)
        daylit[asked] = daylit_roofs(kept[asked], facades, setback_m=setback_m, depth_m=depth_m)
    return daylit


def _layouts(daylit: Geometries, ring_m2: Floats, wanted: Masks, rules: TopUpRules) -> dict[str, Any]:
    """Return the homes laid out per storey at each bound; on a footprint less what is not known to be flat."""
    units = rules.units
    gross = np.array([units.unit_m2.at(bound) for bound in BOUNDS]) / float(units.form_factor)
    counts = layout_homes(
        daylit[wanted],
        gross,
        depths_m=np.array([float(depth) for depth in units.module_depths_m]),
        row_gap_m=float(units.row_gap_m),
        row_step_m=float(units.row_step_m),
        band_m=float(rules.roof.daylight_depth_m),
    )
    area = shapely.area(daylit[wanted])
    known = np.divide(ring_m2[wanted], area, out=np.zeros(len(area)), where=area > 0)
    columns = {}
    for i, bound in enumerate(BOUNDS):
        homes = np.full(len(daylit), np.nan)
        homes[wanted] = np.floor(counts[:, i] * known + 1e-9)
        columns[f"n_layout_{bound}"] = whole(homes)
    return columns
