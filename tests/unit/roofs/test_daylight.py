"""Homes with daylight: a deep roof holds a ring of them, a shared wall is no facade, one part must be large enough."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from flexsites.capacity.kernels.roof_surfaces import daylit_roofs, erode_roofs, facade_lines
from flexsites.capacity.roofs import top_up
from flexsites.tables import Frame, RoofParts, empty
from tests.unit.roofs.stock import buildings, flat_block, rules
from tests.unit.roofs.test_roof_shapes import roof_parts_of

SETBACK_M, DEPTH_M = 1.0, 7.5


def daylit(roof: shapely.Polygon, *neighbours: shapely.Polygon) -> shapely.Geometry:
    footprints = np.array([roof, *neighbours])
    usable = erode_roofs(footprints[:1], setback_m=SETBACK_M, slender_m=5.0)
    facades = facade_lines(footprints, np.array([0]), gap_m=0.1)
    return daylit_roofs(usable, facades, setback_m=SETBACK_M, depth_m=DEPTH_M)[0]


def shop(length_m: float, depth_m: float, **known: object) -> dict[str, object]:
    """Return a shop of 1985 of one storey: Stec's rule gives one storey, no lift is needed."""
    shop = {"n_dwellings": 0, "n_other_units": 1, "functions": ("winkelfunctie",), "building_height_m": 4.0}
    return flat_block(length_m=length_m, depth_m=depth_m, **{"year_built": 1985, **shop, **known})


def roof_of(*rows: dict[str, object], parts: Frame | None = None) -> Frame:
    return top_up(buildings(*rows), empty(RoofParts) if parts is None else parts, rules=rules())


@pytest.mark.parametrize(
    ("length_m", "depth_m", "daylit_m2"),
    [
        (60, 12, 58 * 10),  # a usual block: no point lies deeper than 6 m
        (60, 17, 58 * 15),  # 15 m of usable depth: the two sides meet in the middle
        (60, 42, 58 * 40 - 43 * 25),
        (100, 80, 98 * 78 - 83 * 63),
    ],
)
def test_a_deep_roof_holds_a_ring(length_m: float, depth_m: float, daylit_m2: float) -> None:
    assert daylit(shapely.box(0, 0, length_m, depth_m)).area == pytest.approx(daylit_m2)


def test_no_point_of_a_home_lies_farther_than_seven_and_a_half_metres_from_the_new_facade() -> None:
    ring = daylit(shapely.box(0, 0, 60, 42))
    new_facade = shapely.box(1, 1, 59, 41).exterior
    assert max(new_facade.distance(shapely.Point(xy)) for xy in shapely.get_coordinates(ring)) <= DEPTH_M + 1e-9
    assert not ring.contains(shapely.Point(30, 21))


def test_a_courtyard_gives_daylight_and_what_rises_from_the_roof_does_not() -> None:
    """A hole in the footprint is a courtyard; one in the roof's surfaces alone is a lift head."""
    block = shapely.box(0, 0, 60, 42)
    with_courtyard = block.difference(shapely.box(20, 15, 40, 27))
    assert daylit(with_courtyard).area > daylit(block).area
    usable = erode_roofs(np.array([with_courtyard]), setback_m=SETBACK_M, slender_m=5.0)
    outline = facade_lines(np.array([block]), np.array([0]), gap_m=0.1)
    on_roof = daylit_roofs(usable, outline, setback_m=SETBACK_M, depth_m=DEPTH_M)[0]
    assert on_roof.area == pytest.approx(58 * 40 - 43 * 25)


def test_a_wall_shared_with_another_building_carries_no_window() -> None:
    """A shop of 20 x 40 m: alone a ring; wall to wall on one side a U; on both sides a strip at either end."""
    middle, left, right = (shapely.box(x, 0, x + 20, 40) for x in (20, 0, 40))
    assert daylit(middle).area == pytest.approx(18 * 38 - 3 * 23)
    assert daylit(middle, left).area == pytest.approx(7.5 * 38 + 2 * 10.5 * 7.5)
    assert daylit(middle, left, right).area == pytest.approx(2 * 18 * 7.5)
    assert daylit(middle, left, right, shapely.box(20, 40, 40, 50), shapely.box(20, -9, 40, 0)).is_empty


def test_homes_on_a_deep_shop_are_counted_on_its_ring() -> None:
    """By area 0.95 x 1,245 x 0.78 / 50 = 18.4; as a field it would be 34. Laid out: 7 + 7 and 2 + 2."""
    found = roof_of(shop(60.0, 42.0)).iloc[0]
    assert found["usable_roof_area_m2"] == pytest.approx(0.95 * 58 * 40)
    assert found["daylit_roof_area_m2"] == pytest.approx(0.95 * 1_245)
    assert (found["n_layout_expected"], found["n_units_expected"]) == (18, 18)


def test_a_row_of_shops_in_one_table_shares_its_walls() -> None:
    rows = [
        shop(20.0, 40.0, bag_pand_id=f"051810000000000{n}", geometry=shapely.box(20 * n, 400_000, 20 * n + 20, 400_040))
        for n in (1, 2, 3)
    ]
    assert roof_of(*rows)["n_units_expected"].tolist() == [6, 4, 6]
    alone = roof_of(rows[1]).iloc[0]
    # Windows all round: 0.95 x (18 x 38 - 3 x 23) x 0.78 / 50 = 9.1; in rows 4 along either long side, told beside it.
    assert (alone["n_layout_expected"], alone["n_units_expected"]) == (8, 9)


def test_on_a_footprint_what_is_not_flat_is_taken_to_lie_where_daylight_is() -> None:
    """Of 60 x 42 m a fifth is sloped, nobody knows where: 1,245 less 0.2 x 2,320."""
    found = roof_of(shop(60.0, 42.0, roof_flat_area_m2=2_016.0, roof_sloped_area_m2=504.0)).iloc[0]
    assert found["usable_roof_source"] == "footprint"
    assert found["daylit_roof_area_m2"] == pytest.approx(0.95 * (1_245 - 0.2 * 2_320))


def test_two_parts_that_are_too_small_do_not_add_up_to_one_that_is_large_enough() -> None:
    """Two of 13 x 10 m are 247 m2 together; the minimum of 200 m2 is asked of one."""
    low = shapely.box(100_000, 400_050, 100_015, 400_062)
    high = shapely.box(100_015, 400_050, 100_030, 400_062)
    parts = roof_parts_of((low, 0.0), (high, 0.0)).assign(roof_part_height_m_nap=[11.2, 14.0])
    found = roof_of(flat_block(length_m=30.0), parts=parts).iloc[0]
    assert found["usable_roof_area_m2"] == pytest.approx(2 * 123.5)
    assert found["largest_part_area_m2"] == pytest.approx(123.5)
    assert (found["verdict"], found["failed_rules"]) == ("excluded", ("usable_roof_area",))
    level = parts.assign(roof_part_height_m_nap=11.2)
    assert roof_of(flat_block(length_m=30.0), parts=level).iloc[0]["verdict"] == "eligible"


def test_homes_are_counted_on_the_parts_that_are_large_enough_alone() -> None:
    large = shapely.box(100_000, 400_050, 100_060, 400_062)
    small = shapely.box(100_060, 400_050, 100_075, 400_062)
    parts = roof_parts_of((large, 0.0), (small, 0.0)).assign(roof_part_height_m_nap=[11.2, 14.0])
    found = roof_of(flat_block(length_m=75.0), parts=parts).iloc[0]
    assert found["usable_roof_area_m2"] == pytest.approx(0.95 * (58 * 10 + 13 * 10))
    assert found["daylit_roof_area_m2"] == pytest.approx(0.95 * 58 * 10)
