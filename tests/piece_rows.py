"""Rows of the table of pieces, for tests that care for a few of its columns only."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from flexsites.tables import CRS, Pieces


def pieces_of(columns: dict[str, object], geometry: object) -> gpd.GeoDataFrame:
    """Return pieces that count with and without consent, each its own core, unless columns say otherwise."""
    area = shapely.area(np.asarray(geometry, dtype=object))
    none: list[tuple[str, ...]] = [()] * np.size(area)
    plain: dict[str, object] = {
        "piece_number": 1, "free_id": None, "is_with_consent": True, "is_without_consent": True,
        "piece_area_m2": area, "compactness": 0.7,
        "road_distance_m": 0.0, "access_x_m": np.nan, "access_y_m": np.nan, "farthest_interior_m": 20.0,
        "access_street_id": None, "approach": None, "approach_width_m": np.nan, "needs_culvert": False,
        "needs_right_of_way": False, "has_borrowed_entrance": False, "core_mates": none, "free_core_mates": none,
        "is_valid": True, "is_unknown": False, "failed_test": None, "restrictions": none, "flags": none,
        "available_years_low": 10.0, "available_years_expected": 10.0, "available_years_high": 10.0,
        "plan_coverage": "covered",
    }  # fmt: skip
    given = plain | columns
    given.setdefault("core_area_m2", given["piece_area_m2"])
    return gpd.GeoDataFrame(given, geometry=geometry, crs=CRS)[Pieces.columns]
