"""Usable roofs and homes laid out on them, on shapes one can measure in the head."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels.roof_packing import layout_homes
from flexsites.capacity.kernels.roof_surfaces import erode_roofs, roof_levels, usable_roofs
from flexsites.capacity.roofs import top_up
from flexsites.tables import Frame, RoofParts, conform
from tests.unit.roofs.stock import buildings, flat_block, pand_id, rules

RULE = {"depths_m": np.array([10.0]), "row_gap_m": 2.0, "row_step_m": 0.5, "band_m": 7.5}
USABLE = {"setback_m": 1.0, "slender_m": 5.0, "part_area_min_m2": 25.0}


def homes(shape: shapely.Geometry, gross_m2: float = 60.0) -> int:
    return int(layout_homes(np.array([shape]), np.array([gross_m2]), **RULE)[0, 0])


@pytest.mark.parametrize(
    ("shape", "n_homes"),
    [
        (shapely.box(0, 0, 60, 10), 10),  # ten of 6 m
        (shapely.box(0, 0, 59.9, 10), 9),
        (shapely.box(0, 0, 60, 9.9), 5),  # too shallow: five rows across, one of 6 m each
        (shapely.box(0, 0, 60, 22), 20),  # two rows and a gap of 2 m
        (shapely.box(0, 0, 60, 21.9), 15),  # the gap does not fit: five rows across of three
        (shapely.box(0, 0, 60, 10).difference(shapely.box(29, 4, 31, 6)), 8),  # a lift shaft: 29 m on either side
        (
            shapely.box(0, 0, 60, 10).union(shapely.box(0, 0, 10, 40)),
            12,
        ),  # an L: ten along the foot, two rows of one above
        # A row has half a metre of play between a notch below and one above: five starting positions all miss it.
        (shapely.box(0, 0, 60, 14) - shapely.box(0, 0, 30, 2.4) - shapely.box(30, 12.9, 60, 14), 10),
        (shapely.MultiPolygon([shapely.box(0, 0, 12, 10), shapely.box(20, 0, 32, 10)]), 4),
        (shapely.MultiPolygon(), 0),
    ],
)
def test_homes_are_counted_on_the_shape(shape: shapely.Geometry, n_homes: int) -> None:
    assert homes(shape) == n_homes


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 90.0, 133.0])
def test_a_turned_and_moved_roof_holds_the_same(angle: float) -> None:
    turned = affinity.translate(affinity.rotate(shapely.box(0, 0, 60.01, 22.01), angle), 155_000, 463_000)
    assert homes(turned) == 20


def test_a_hole_in_the_roof_counts_with_its_setback() -> None:
    roof = shapely.box(0, 0, 40, 22).difference(shapely.box(19, 10, 21, 12))
    eroded = erode_roofs(np.array([roof]), setback_m=1.0, slender_m=5.0)[0]
    assert eroded.area == pytest.approx(38 * 20 - 4 * 4)


def test_levels_are_built_over_apart() -> None:
    low, high = shapely.box(0, 0, 20, 12), shapely.box(20, 0, 40, 12)
    level = roof_levels(np.array([0, 0]), np.array([9.0, 12.0]), tolerance_m=0.5)
    apart = usable_roofs(np.array([0, 0]), level, np.array([low, high]), 1, **USABLE)[0]
    assert apart.area == pytest.approx(2 * 18 * 10)
    assert shapely.get_num_geometries(apart) == 2


def roof_parts_of(*parts: tuple[shapely.Polygon, float]) -> Frame:
    frame = gpd.GeoDataFrame(
        {
            "bag_pand_id": pand_id(1),
            "roof_part": range(len(parts)),
            "slope_deg": [slope for _, slope in parts],
            "roof_part_area_m2": [shape.area for shape, _ in parts],
            "roof_part_height_m_nap": 11.2,
        },
        geometry=[shape for shape, _ in parts],
        crs=28992,
    )
    return conform(frame, RoofParts, where="test")


def test_surfaces_are_used_where_there_are_and_said_so() -> None:
    left, right = shapely.box(100_000, 400_050, 100_045, 400_062), shapely.box(100_045, 400_050, 100_060, 400_062)
    stock = buildings(flat_block(roof_flat_area_m2=540.0, roof_sloped_area_m2=180.0))
    roof = top_up(stock, roof_parts_of((left, 0.2), (right, 20.0)), rules=rules()).iloc[0]
    assert (roof["roof_area_source"], roof["usable_roof_source"]) == ("attributes", "surfaces")
    assert roof["usable_roof_area_m2"] == pytest.approx(43 * 10 * 0.95)


def test_surfaces_give_the_areas_where_the_attributes_lack_them() -> None:
    left, right = shapely.box(100_000, 400_050, 100_045, 400_062), shapely.box(100_045, 400_050, 100_060, 400_062)
    stock = buildings(flat_block(roof_flat_area_m2=None, roof_sloped_area_m2=None))
    roof = top_up(stock, roof_parts_of((left, 0.2), (right, 20.0)), rules=rules()).iloc[0]
    assert roof["roof_area_source"] == "surfaces"
    assert roof["roof_flat_share"] == pytest.approx(0.75)


def test_without_surfaces_the_footprint_counts_by_its_flat_share() -> None:
    stock = buildings(flat_block(roof_flat_area_m2=576.0, roof_sloped_area_m2=144.0))
    roof = top_up(stock, roof_parts_of().iloc[:0], rules=rules()).iloc[0]
    assert roof["usable_roof_source"] == "footprint"
    assert roof["usable_roof_area_m2"] == pytest.approx(58 * 10 * 0.95 * 0.8)
