"""Real streets for the tests of accessibility, read once."""

from __future__ import annotations

from functools import lru_cache

import geopandas as gpd
import numpy as np
import shapely

from flexsites.accessibility.kernels.network import Mode, Network, build_network
from flexsites.config.access import Measures
from flexsites.config.load import read_model
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
from flexsites.inputs.osm.streets_pbf import StreetReading, read_pbf_streets
from flexsites.tables import Frame
from tests.conftest import PROJECT, real_data
from tests.piece_rows import pieces_of

PORTO_ALEGRE_CRS = "EPSG:31982"


@lru_cache
def rules() -> StreetRules:
    return read_model(PROJECT / "configs" / "streets.yaml", StreetRules)


@lru_cache
def categories() -> AmenityCategories:
    return read_model(PROJECT / "configs" / "amenities.yaml", AmenityCategories)


@lru_cache
def measures() -> Measures:
    return read_model(PROJECT / "configs" / "measures.yaml", Measures)


@lru_cache
def streets(place: str) -> StreetReading:
    if place == "kampen":
        return read_pbf_streets(real_data("kampen/kampen.osm.pbf"), rules=rules())
    if place == "porto_alegre":
        return read_pbf_streets(real_data("porto_alegre/poa_osm.pbf"), rules=rules(), crs=PORTO_ALEGRE_CRS)
    lines = gpd.read_file(real_data("rotterdam/rotterdam_centrum.gpkg"), layer="roads")
    return streets_from_lines(lines, columns=LineColumns("highway"), rules=rules())


@lru_cache
def network(place: str, mode: Mode) -> Network:
    return build_network(streets(place).graph, mode=mode, min_component_m=float(rules().min_component_m))


def random_points(place: str, n: int, seed: int) -> np.ndarray:
    """Points near streets, anywhere in the place."""
    rng = np.random.default_rng(seed)
    xy = streets(place).graph.vertex_xy
    return xy[rng.integers(0, len(xy), n)] + rng.uniform(-60, 60, (n, 2))


def pieces_at(points: np.ndarray) -> Frame:
    """Small square pieces whose access points are the points."""
    n = len(points)
    columns = {
        "piece_id": [f"p{i:05}#0" for i in range(n)],
        "site_id": [f"p{i:05}" for i in range(n)],
        "access_x_m": points[:, 0],
        "access_y_m": points[:, 1],
    }
    x, y = np.nan_to_num(points, nan=150_000.0).T
    square = shapely.box(x - 10, y - 10, x + 10, y + 10)
    return pieces_of(columns, square)
