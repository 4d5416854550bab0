"""The synthetic country: the same whatever is asked first, of the size and the dirt that were asked for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flexsites.worlds.country import Country, parcels
from flexsites.worlds.graphs import street_graph
from flexsites.worlds.shapes import ragged_areas, warped_grid
from flexsites.worlds.stock import TYPES, stock


def test_a_tile_does_not_depend_on_what_was_made_before() -> None:
    one, other = Country(3_000), Country(3_000)
    in_order = [one.tile(number) for number in range(one.n_tiles)]
    for number in reversed(range(other.n_tiles)):
        again = other.tile(number)
        assert (again.parcel_id == in_order[number].parcel_id).all()
        assert shapely.equals_exact(again.parcels, in_order[number].parcels, tolerance=0.0).all()
        assert shapely.equals_exact(again.buildings, in_order[number].buildings, tolerance=0.0).all()


def test_large_areas_of_a_window_are_those_of_the_country() -> None:
    country = Country(400_000)
    every, ids = country.areas("natura2000")
    x, y = shapely.get_coordinates(shapely.centroid(every[0]))[0]
    window = (x - 1_500.0, y - 1_000.0, x + 1_500.0, y + 1_000.0)
    some, some_ids = country.areas("natura2000", window)
    wanted = shapely.intersects(shapely.envelope(every), shapely.box(*window))
    assert sorted(some_ids) == sorted(ids[wanted])
    assert 0 < len(some) < len(every)
    assert shapely.is_valid(every).all()


def test_parcels_tile_and_are_dirty_as_asked() -> None:
    country = Country(5_000, dirty_share=0.01)
    tiles = [tile for _, tile in country.tiles()]
    kinds = np.concatenate([tile.kinds for tile in tiles])
    assert len(kinds) == country.count()
    assert (kinds != "clean").mean() == pytest.approx(0.01, abs=0.005)
    clean = Country(5_000, dirty_share=0.0)
    area = sum(shapely.area(tile.parcels).sum() for _, tile in clean.tiles())
    assert area == pytest.approx(clean.n_tiles * 1e6, rel=1e-9)
    shapes, ids = parcels(20_000, dirty_share=0.0)
    assert len(shapes) == len(set(ids)) == 20_000
    assert shapely.is_valid(shapes).all()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1_000))
def test_warped_grids_have_neither_gaps_nor_overlaps(n_rows: int, n_columns: int, seed: int) -> None:
    grid = warped_grid((0.0, 0.0, 600.0, 400.0), n_rows, n_columns, np.random.default_rng(seed))
    assert shapely.is_valid(grid).all()
    assert shapely.area(grid).sum() == pytest.approx(240_000.0)
    assert shapely.union_all(grid).area == pytest.approx(240_000.0)


@given(st.integers(8, 3_000), st.integers(0, 1_000))
def test_ragged_areas_are_valid_and_as_detailed_as_asked(n_vertices: int, seed: int) -> None:
    one = np.array([500.0])
    area = ragged_areas(one, one, one, np.array([n_vertices]), np.random.default_rng(seed))[0]
    assert area.is_valid
    assert len(area.exterior.coords) == n_vertices + 1


@pytest.mark.parametrize("is_shuffled", [False, True])
def test_street_graphs_are_connected_planar_and_of_the_degree_asked(*, is_shuffled: bool) -> None:
    graph = street_graph(5_000, mean_degree=2.6, is_shuffled=is_shuffled)
    n = len(graph.x)
    matrix = coo_array((graph.length_m, (graph.source, graph.target)), shape=(n, n))
    n_parts, _ = connected_components(matrix, directed=False)
    assert n == 5_000
    assert n_parts == 1
    assert graph.mean_degree == pytest.approx(2.6, abs=1e-3)
    ends = [np.column_stack([graph.x[side], graph.y[side]]) for side in (graph.source, graph.target)]
    assert (graph.length_m >= np.hypot(*(ends[0] - ends[1]).T) - 1e-9).all()
    lines = np.asarray(shapely.linestrings(np.stack(ends, axis=1)))
    assert shapely.STRtree(lines).query(lines, predicate="crosses").shape[1] == 0


def test_degrees_out_of_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="mean degree"):
        street_graph(100, mean_degree=1.5)


def test_the_stock_is_composed_as_designed() -> None:
    n_rounds = 5
    city = stock(n_rounds * len(TYPES), seed=3)
    counts = city.composition["block_type"].value_counts()
    assert (counts == n_rounds).all()
    objects = city.verblijfsobject["pand_identificatie"].value_counts()
    for row in city.composition.itertuples():
        assert objects.get(row.identificatie, 0) == row.n_dwellings
    roofs = city.roofs.set_index("identificatie")
    heights = roofs["b3_h_dak_50p"] - roofs["b3_h_maaiveld"]
    designed = city.composition.set_index("NL.IMBAG.Pand." + city.composition["identificatie"])
    known = heights.notna()
    assert int((~known).sum()) == n_rounds
    np.testing.assert_allclose(heights[known], designed["roof_above_entrance_m"].astype(float)[known], atol=1e-9)
    share = roofs["b3_opp_dak_plat"] / (roofs["b3_opp_dak_plat"] + roofs["b3_opp_dak_schuin"])
    np.testing.assert_allclose(share[known], designed["flat_share"].astype(float)[known], atol=1e-12)
    assert not city.verblijfsobject.duplicated(["postcode", "huisnummer"]).any()


def test_stec_by_hand_on_the_designed_stock() -> None:
    """Flat at least 75 %, and built from 1965 on one storey, from 1992 on two: counted on the fingers."""
    one_storey = {
        "plain_1970", "on_the_year_1965", "raised_1970", "five_storeys_1971", "gallery_ten_storeys_1968",
        "lift_unknown_1974", "flat_share_at_limit_1976", "small_roof_1979", "no_height_1972", "monument_1969",
        "hall_without_homes_1980",
    }  # fmt: skip
    two_storeys = {"on_the_year_1992", "new_2005"}
    none = {"before_the_year_1964", "post_war_1955", "flat_share_below_1976", "sloped_1978"}
    assert one_storey | two_storeys | none | {"no_year"} == {each.name for each in TYPES}
    for each in TYPES:
        if each.name != "no_year":
            expected = 0 if each.flat_share < 0.75 or each.year_built < 1965 else 1 + (each.year_built >= 1992)
            assert expected == (each.name in one_storey) + 2 * (each.name in two_storeys), each.name


def test_the_lift_rule_has_its_two_heights_in_the_stock() -> None:
    """Four storeys of 2.8 m and 0.3 m of build-up: 11.5 m; on a half-sunk storage of 1.3 m: 12.8 m."""
    heights = {each.name: each.roof_above_entrance_m + 0.3 for each in TYPES}
    assert heights["plain_1970"] == pytest.approx(11.5)
    assert heights["raised_1970"] == pytest.approx(12.8)
