"""Complexes and look-alikes on rows of blocks that one can draw on paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.capacity import complexes as stages
from flexsites.capacity.roofs import top_up
from flexsites.tables import Complexes, Frame, KnownRoofs, References, RoofParts, conform, empty
from tests.conftest import real_data
from tests.unit.roofs.stock import buildings, flat_block, pand_id, rules
from tests.unit.roofs.test_real_stock import den_haag


def porch(number: int, x: float, *, y: float = 400_000.0, **known: object) -> dict[str, object]:
    """Return one porch of 18 x 10 m, the part of a portiek block that the register calls a pand."""
    shape = shapely.box(100_000 + x, y, 100_000 + x + 18, y + 10)
    return flat_block(number, **{"geometry": shape, "n_dwellings": 8, "building_height_m": 11.2, **known})


def roofs_of(*rows: dict[str, object]) -> Frame:
    return top_up(buildings(*rows), empty(RoofParts), rules=rules())


def group_complexes(roofs: Frame) -> Frame:
    links = stages.link_neighbours(roofs, rules=rules().complexes)
    return stages.group_complexes(roofs, links, rules=rules().complexes)


def find_lookalikes(roofs: Frame, known: Frame) -> Frame:
    complexes = group_complexes(roofs)
    references = stages.describe_references(roofs, complexes, known)
    return stages.find_lookalikes(roofs, complexes, references, rules=rules().complexes)


def complexes_of(*rows: dict[str, object]) -> list[int]:
    grouped = group_complexes(roofs_of(*rows))
    return [int(number[6:]) for number in grouped["complex_id"]]


def test_porches_in_a_row_are_one_complex() -> None:
    assert complexes_of(porch(1, 0), porch(2, 18), porch(3, 36)) == [1, 1, 1]


@pytest.mark.parametrize(
    ("known", "is_same"),
    [
        ({}, True),
        ({"year_built": 1971}, True),
        ({"year_built": 1975}, False),
        ({"year_built": None}, False),  # nothing says that it was built together
        ({"building_height_m": 11.9}, True),
        ({"building_height_m": 14.0}, False),
        ({"building_height_m": None}, True),  # unknown contradicts nothing
        ({"n_dwellings": 0}, False),  # a row of sheds
        ({"n_dwellings": None}, True),
    ],
)
def test_a_neighbour_is_one_construction_when_nothing_contradicts(known: dict[str, object], *, is_same: bool) -> None:
    assert (complexes_of(porch(1, 0), porch(2, 18, **known)) == [1, 1]) == is_same


@pytest.mark.parametrize(
    ("x", "y", "is_same"),
    [(18.0, 400_000.0, True), (18.05, 400_000.0, True), (19.0, 400_000.0, False), (18.0, 400_009.5, False)],
)
def test_walls_are_shared_not_corners(x: float, y: float, *, is_same: bool) -> None:
    assert (complexes_of(porch(1, 0), porch(2, x, y=y)) == [1, 1]) == is_same


@pytest.mark.parametrize(
    ("known", "block_form"),
    [
        ({}, "portiek"),
        ({"building_height_m": 28.0}, "galerij"),
        ({"n_dwellings": 1}, "other"),
        ({"building_height_m": None}, None),
        ({"n_dwellings": None}, None),
    ],
)
def test_the_type_of_a_block_by_its_proportions(known: dict[str, object], block_form: str | None) -> None:
    rows = [porch(number, 18 * (number - 1), **known) for number in (1, 2, 3)]
    found = group_complexes(roofs_of(*rows))["block_form"]
    assert [None if pd.isna(kind) else kind for kind in found] == [block_form] * 3


@pytest.mark.parametrize(
    ("known", "is_prime"),
    [
        ({}, True),
        ({"building_height_m": 28.0}, True),
        ({"year_built": 1940}, False),
        ({"year_built": 1980}, False),
        ({"owner_class": "particulier"}, False),
        ({"n_dwellings": 1}, False),
        ({"owner_class": None}, None),
        ({"building_height_m": None}, None),
        ({"building_height_m": None, "year_built": 1990}, False),  # one known no settles it
    ],
)
def test_post_war_blocks_of_corporations_are_the_prime_stock(
    known: dict[str, object], *, is_prime: bool | None
) -> None:
    rows = [porch(number, 18 * (number - 1), **known) for number in (1, 2, 3)]
    found = group_complexes(roofs_of(*rows))["is_prime_stock"]
    assert [None if pd.isna(one) else bool(one) for one in found] == [is_prime] * 3


def known_roofs(*rows: tuple[int, int]) -> Frame:
    frame = pd.DataFrame(
        {"bag_pand_id": [pand_id(number) for number, _ in rows], "n_storeys_carried": [storeys for _, storeys in rows]}
    )
    return conform(frame, KnownRoofs, where="test")


def test_a_known_capacity_informs_its_lookalikes_with_a_stated_confidence() -> None:
    rows = [
        porch(1, 0),  # known: carries two
        porch(2, 300),  # the same, near
        porch(3, 5000),  # the same, far
        porch(4, 300, y=400_100.0, n_dwellings=None),  # type unknown
        porch(5, 300, y=400_200.0, year_built=1990),
        porch(6, 300, y=400_300.0, building_height_m=16.8),
        porch(7, 300, y=400_400.0, building_height_m=None),
    ]
    roofs = roofs_of(*rows)
    found = find_lookalikes(roofs, known_roofs((1, 2)))
    assert found["series_confidence"].fillna(0).tolist() == [1.0, 0.8, 0.5, 0.3, 0.0, 0.0, 0.0]
    assert found["series_n_storeys"].fillna(-1).tolist() == [2, 2, 2, 2, -1, -1, -1]
    assert found["series_id"].notna().tolist() == [True] * 4 + [False] * 3


def test_the_nearest_of_equal_references_wins_and_one_outside_the_stock_is_passed_over() -> None:
    roofs = roofs_of(porch(1, 0), porch(2, 600), porch(3, 500))
    found = find_lookalikes(roofs, known_roofs((1, 1), (2, 2), (99, 9)))
    assert found["series_n_storeys"].tolist() == [1, 2, 2]


def test_nothing_known_nothing_claimed() -> None:
    roofs = roofs_of(porch(1, 0))
    found = find_lookalikes(roofs, empty(KnownRoofs))
    assert found[["series_id", "series_confidence", "series_n_storeys"]].isna().all().all()
    nothing = roofs.iloc[:0]
    assert len(group_complexes(nothing)) == 0
    found = stages.find_lookalikes(nothing, empty(Complexes), empty(References), rules=rules().complexes)
    assert len(found) == 0


def test_complexes_do_not_depend_on_the_order_of_the_roofs() -> None:
    rows = [porch(number, 18 * (number % 5), y=400_000.0 + 40 * (number // 5)) for number in range(1, 26)]
    roofs = roofs_of(*rows)
    whole = group_complexes(roofs)
    order = np.random.default_rng(3).permutation(len(roofs))
    again = group_complexes(roofs.iloc[order])
    pd.testing.assert_frame_equal(whole, again.sort_values("bag_pand_id").reset_index(drop=True))


def test_real_neighbours_of_one_year_are_grouped() -> None:
    real_data("denhaag_voorburg")
    roofs = top_up(den_haag().buildings, den_haag().roof_parts, rules=rules())
    grouped = group_complexes(roofs)
    merged = roofs[["bag_pand_id", "year_built"]].merge(grouped, on="bag_pand_id")
    spans = merged.groupby("complex_id")["year_built"].agg(lambda years: years.max() - years.min())
    sizes = merged.groupby("complex_id").size()
    assert (merged.set_index("bag_pand_id")["n_buildings"] == sizes.reindex(merged["complex_id"]).to_numpy()).all()
    assert 0.2 < len(sizes) / len(roofs) < 0.9
    assert (spans.dropna() <= 5).mean() > 0.99
    assert (merged["complex_id"] <= merged["bag_pand_id"]).all()
