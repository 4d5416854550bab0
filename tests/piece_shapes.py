"""Pieces of land for the tests of capacity: plain shapes with a name, random ones, and the table of them."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import affinity

from flexsites.capacity.kernels.layout import count_modules
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.config.load import available, configs_directory, read_model, read_yaml
from flexsites.exclusion.kernels.lanes import approach_to
from flexsites.geometry.ways import Lane
from tests.piece_rows import pieces_of

CORNER = (150_000.0, 450_000.0)
"""Where pieces lie: coordinates as large as real ones."""

FLEXMILIEUS = ("stedelijk_ov", "campus", "fietsstad", "zorg_nabij", "werk_nabij", "groen_tiny")

PLAIN = Layout(
    3.5,
    0.0,
    8.0,
    1,
    1,
    1.0,
    3.0,
    9.0,
    3.0,
    3.0,
    1,
    0.0,
    2.5,
    5.0,
    6.0,
    100.0,
    40.0,
    5.0,
    2.5,
    1.5,
    4.0,
    0.02,
    2.0,
    1.0,
    1.0,
    1.0,
)
"""One storey, no parking: everything can be counted by hand."""


def named_shapes() -> dict[str, shapely.Polygon]:
    """Return shapes that differ in what they do to rows."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ragged = np.column_stack([(60 + 8 * np.cos(7 * turn)) * np.cos(turn), (45 + 6 * np.sin(5 * turn)) * np.sin(turn)])
    shapes = {
        "square": shapely.box(0, 0, 100, 100),
        "l_shape": shapely.Polygon([(0, 0), (120, 0), (120, 40), (45, 40), (45, 110), (0, 110)]),
        "triangle": shapely.Polygon([(0, 0), (130, 10), (50, 110)]),
        "strip": affinity.rotate(shapely.box(0, 0, 200, 18), 25, origin=(0, 0)),
        "hole": affinity.rotate(
            shapely.Polygon([(0, 0), (120, 0), (120, 90), (0, 90)], [[(45, 30), (45, 65), (80, 65), (80, 30)]]),
            12,
            origin=(0, 0),
        ),
        "u_shape": shapely.Polygon([(0, 0), (120, 0), (120, 90), (85, 90), (85, 35), (35, 35), (35, 90), (0, 90)]),
        "ragged": shapely.Polygon(ragged),
        "small": shapely.box(0, 0, 45, 25),
    }
    return {name: affinity.translate(shape, *CORNER) for name, shape in shapes.items()}


def random_piece(seed: int, *, has_hole: bool = False) -> shapely.Polygon:
    """Return a valid star-shaped piece of some 500 m2 to 4 ha, perhaps with a hole, turned anyhow."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 30))
    turn = (np.arange(n) + rng.uniform(0.1, 0.9, n)) * 2 * np.pi / n
    radius = rng.uniform(15, 100) * rng.uniform(0.4, 1.0, n)
    outline = np.column_stack([radius * np.cos(turn) * rng.uniform(0.4, 1), radius * np.sin(turn)])
    piece = shapely.Polygon(outline)
    if has_hole:
        size = np.sqrt(piece.area) / 6
        spot = shapely.point_on_surface(piece)
        cut = shapely.difference(piece, shapely.box(spot.x - size, spot.y - size / 2, spot.x + size, spot.y + size / 2))
        piece = max(shapely.get_parts(cut), key=lambda part: part.area)
    moved = affinity.translate(affinity.rotate(piece, rng.uniform(0, 180), origin=(0, 0)), *CORNER)
    return shapely.normalize(moved)


def regular_piece(seed: int) -> shapely.Polygon:
    """Return a turned box, trapezoid or L-shape: edges that are level but for rounding once rows follow them."""
    rng = np.random.default_rng(seed)
    width, depth = rng.uniform(20, 150), rng.uniform(12, 90)
    outlines = (
        [(0, 0), (1, 0), (1, 1), (0, 1)],
        [(0, 0), (1, 0), (0.9, 1), (0.2, 1)],
        [(0, 0), (1, 0), (1, 0.5), (0.4, 0.5), (0.4, 1), (0, 1)],
    )
    piece = shapely.Polygon(np.array(outlines[seed % 3]) * (width, depth))
    moved = affinity.translate(affinity.rotate(piece, rng.uniform(0, 180), origin=(0, 0)), *CORNER)
    return shapely.normalize(moved)


ALL = 1_000_000
"""More modules than any piece of the tests holds."""


def count(
    piece: shapely.Geometry, layout: Layout, entrance: NDArray[np.float64] | None = None, enough: int = ALL
) -> int:
    """Return the modules on one piece under one layout; no entrance: lanes begin at its longest edge."""
    entrances = no_access(1) if entrance is None else np.asarray(entrance, dtype=np.float64)[None, :]
    asked = np.array([[enough]])
    return int(count_modules(np.array([piece]), entrances, [layout], asked, n_turns=2, n_spines=4)[0, 0])


LEAST_M = 3.0
"""The least lane of all layouts of the tests."""


def lane_from(piece: shapely.Polygon, entrance: NDArray[np.float64]) -> Lane | None:
    """Return the lane that is told of a piece: as wide as the least, to the largest room that one leads to."""
    rooms = sorted(shapely.get_parts(shapely.buffer(piece, -7.48)), key=lambda room: -room.area)
    lines = (approach_to(piece, room, shapely.Point(entrance), lane_m=LEAST_M) for room in rooms if room.area > 0)
    line = next((one for one in lines if one is not None), None)
    return None if line is None else Lane(line, LEAST_M)


def no_access(n: int) -> NDArray[np.float64]:
    """Return entrances of pieces that have none."""
    return np.full((n, 2), np.nan)


def pieces_table(shapes: list[shapely.Polygon], **columns: object) -> gpd.GeoDataFrame:
    """Return a table of valid pieces, one per parcel, with columns overwritten."""
    ids = [f"parcel{i:02d}" for i in range(len(shapes))]
    given = {
        "piece_id": [f"{site}#1" for site in ids],
        "site_id": ids,
        "compactness": 0.5,
        "farthest_interior_m": 50.0,
    }
    return pieces_of(given | columns, list(shapes))


def transit_table(pieces: pd.DataFrame, transit_class: object = None, urbanity_class: object = None) -> pd.DataFrame:
    """Return one class of service quality for all pieces, or a list of them."""
    told = {"piece_id": pieces["piece_id"], "transit_class": transit_class, "urbanity_class": urbanity_class}
    return pd.DataFrame(told)


@cache
def dwelling_types() -> dict[str, DwellingType]:
    """Return the dwelling types of the package."""
    return {name: read_model(path, DwellingType) for name, path in available("dwelling_types").items()}


@cache
def layout_standard() -> LayoutStandard:
    """Return the layout standard of the package."""
    return read_model(configs_directory() / "layout.yaml", LayoutStandard)


@cache
def programme(flexmilieu: str) -> Programme:
    """Return the programme of a flexmilieu of the package."""
    content = read_yaml(available("flexmilieus")[flexmilieu])
    return Programme.model_validate(content["programme"])


def all_programmes() -> dict[str, Programme]:
    """Return the programmes of the six flexmilieus."""
    return {name: programme(name) for name in FLEXMILIEUS}


def cut_otherwise(shape: shapely.Geometry, seed: int, noise_m: float = 1e-9) -> shapely.Geometry:
    """Return land as other cuts leave it: more corners on its edges, all off by noise, its rings begun anywhere."""
    rng = np.random.default_rng(seed)

    def again(ring: shapely.LinearRing) -> NDArray[np.float64]:
        corners = shapely.get_coordinates(ring)[:-1]
        at = [np.r_[0.0, np.sort(rng.uniform(0.0, 1.0, rng.integers(0, 3)))] for _ in corners]
        there = [
            one + (other - one) * share[:, None]
            for one, other, share in zip(corners, np.roll(corners, -1, 0), at, strict=True)
        ]
        points = np.roll(np.concatenate(there), rng.integers(len(corners)), axis=0)
        return points + rng.uniform(-noise_m, noise_m, points.shape)

    parts = [
        shapely.Polygon(again(one.exterior), [again(hole) for hole in one.interiors])
        for one in shapely.get_parts(shape)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
