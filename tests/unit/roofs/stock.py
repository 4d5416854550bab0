"""A few buildings of which everything is known by hand, and the rules as the project ships them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
import yaml

from flexsites.config.roofs import TopUpRules, assemble
from flexsites.tables import Buildings, Frame, conform

PROJECT = Path(__file__).resolve().parents[3]

FOUR_STOREYS_M = 4 * 2.8
HALF_SUNK_STORAGE_M = 1.3


@cache
def rules() -> TopUpRules:
    folder = PROJECT / "configs" / "rules" / "optoppen"
    return assemble({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})


def pand_id(number: int) -> str:
    return f"051810{number:010d}"


def flat_block(number: int = 1, *, length_m: float = 60.0, depth_m: float = 12.0, **known: object) -> dict[str, object]:
    """Return a gallery block of 1970 with a flat roof; every fact can be set, None makes it unknown."""
    area = length_m * depth_m
    row: dict[str, object] = {
        "bag_pand_id": pand_id(number),
        "geometry": shapely.box(100_000, 400_000 + 50 * number, 100_000 + length_m, 400_000 + 50 * number + depth_m),
        "year_built": 1970,
        "pand_status": "Pand in gebruik",
        "n_dwellings": 32,
        "building_height_m": FOUR_STOREYS_M,
        "roof_flat_area_m2": area,
        "roof_sloped_area_m2": 0.0,
        "has_lift": False,
        "is_monument": False,
        "owner_class": "corporatie",
    }
    return {**row, **known}


def buildings(*rows: dict[str, object]) -> Frame:
    frame = pd.DataFrame(list(rows)).reindex(columns=Buildings.columns)
    return conform(gpd.GeoDataFrame(frame, geometry="geometry", crs=28992), Buildings, where="test")
