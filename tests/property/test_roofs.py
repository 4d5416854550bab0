"""Laws of topping up, whatever the stock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from flexsites.assess import assess_roofs
from flexsites.capacity.complexes import group_complexes
from flexsites.capacity.kernels.roof_packing import layout_homes
from flexsites.capacity.kernels.roof_surfaces import daylit_roofs, erode_roofs, facade_lines
from flexsites.capacity.roofs import roof_units, top_up
from flexsites.tables import Frame, RoofParts, empty
from tests.conftest import examples
from tests.unit.roofs.stock import buildings, flat_block, rules

LAYOUT = {"depths_m": np.array([6.0, 7.5, 8.0, 10.0, 12.0]), "row_gap_m": 1.5, "row_step_m": 0.25, "band_m": 7.5}


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), strategy)


BLOCKS = st.fixed_dictionaries(
    {
        "length_m": st.integers(5, 120),
        "depth_m": st.integers(4, 40),
        "year_built": maybe(st.integers(1880, 2026)),
        "building_height_m": maybe(st.floats(2.0, 60.0) | st.integers(110, 135).map(lambda dm: dm / 10)),
        "roof_flat_area_m2": maybe(st.floats(0.0, 3000.0)),
        "roof_sloped_area_m2": maybe(st.floats(0.0, 3000.0) | st.just(0.0)),
        "entrance_height_m": maybe(st.sampled_from([-1.3, 0.0, 1.3])),
        "has_lift": maybe(st.booleans()),
        "n_dwellings": maybe(st.integers(0, 100)),
        "functions": maybe(
            st.sampled_from([("industriefunctie",), ("industriefunctie", "winkelfunctie"), ("woonfunctie",)])
        ),
        "is_monument": maybe(st.booleans()),
    }
)


def answers(rows: list[dict[str, object]]) -> tuple[Frame, Frame]:
    stock = buildings(*(flat_block(number, **row) for number, row in enumerate(rows, start=1)))
    roofs = top_up(stock, empty(RoofParts), rules=rules())
    return roofs, roof_units(roofs, rules=rules())


@given(st.lists(BLOCKS, min_size=1, max_size=12))
def test_low_expected_high_ascend_and_unknown_is_never_a_number_or_a_no(rows: list[dict[str, object]]) -> None:
    roofs, units = answers(rows)
    for name in ("n_units", "n_storeys_added"):
        low, expected, high = (units[f"{name}_{bound}"] for bound in ("low", "expected", "high"))
        assert (low <= expected).fillna(value=True).all()
        assert (expected <= high).fillna(value=True).all()
        assert low.isna().equals(high.isna())
    lacks = pd.Series(data=False, index=units.index)
    for evidence in ("building_height", "roof_area", "year_built", "n_dwellings"):
        lacks |= units["missing_evidence"].map(lambda names, e=evidence: e in names)
    assert (units["verdict"][lacks] == "unknown").all()
    assert units["n_units_expected"][lacks].isna().all()
    # Where nothing is missing and yet nothing decides, homes range from none to the high number, and none is expected.
    assert units["n_units_expected"].isna().equals(units["verdict"] == "unknown")
    open_ones = units[(units["verdict"] == "unknown") & ~lacks]
    assert (open_ones["n_units_low"] == 0).all()
    assert open_ones["missing_evidence"].map(bool).all()
    assert (open_ones["n_storeys_added_high"] > 0).all()
    assert (units["n_units_high"][units["verdict"] == "excluded"] == 0).all()
    assert not any(units["failed_rules"][units["verdict"].isin(["eligible", "conditional"])])
    assert all(units["failed_rules"][units["verdict"] == "excluded"])
    assert len(roofs) == len(rows)


def verdict_by_hand(roof: dict[str, Any], age_rule: str, variant: str) -> str:
    """Return what METHOD 7 says of one roof, written out rule by rule, without arrays: a failure first, then a lack."""
    year, height, share = roof["year_built"], roof["building_height_m"], roof["roof_flat_share"]
    homes, functions, storeys = roof["n_dwellings"], roof["functions"], roof["n_storeys"]
    is_of_corporation = variant not in ("permanent_cost", "permanent_strict")
    most = [area for area in (roof["roof_flat_area_m2"], roof["footprint_area_m2"]) if area is not None]
    is_excluded = min(most) < 200 - 1e-9
    is_excluded |= share is not None and share < 0.75 - 1e-9
    is_excluded |= roof["largest_part_area_m2"] is not None and roof["largest_part_area_m2"] < 200 - 1e-9
    load = [
        None if storeys is None else min(2, int(one * storeys * 10 / light + 1e-9))
        for one, light in ((0.11, 2.25), (0.12, 2.0))
    ]
    if age_rule == "stec_2023":
        expected, high = [None if year is None else 2 if year >= 1992 else 1 if year >= 1965 else 0] * 2
    elif year is not None and not 1946 <= year <= 1975:
        expected, high = 0, 0
    else:
        expected, high = load
    is_excluded |= high == 0
    is_unknown = None in (year, height, share, expected) or expected == 0
    if is_of_corporation:
        is_excluded |= homes is not None and homes < 4
        is_unknown |= homes is None
    else:
        fits = (homes or 0) > 0 or bool({"woonfunctie", "winkelfunctie", "kantoorfunctie"} & set(functions or ()))
        is_excluded |= not fits and not (homes is None and functions is None)
        is_unknown |= homes is None and functions is None
    if variant.endswith("strict") and roof["has_lift"] is not True and height is not None:
        door = height - (roof["entrance_height_m"] or 0.0) + 0.3
        is_near = abs(door - 12.5) <= 0.5 + 1e-6
        is_above = door > 12.5 + 1e-6
        is_excluded |= is_above and not is_near and roof["has_lift"] is False
        is_unknown |= is_near or (is_above and roof["has_lift"] is None)
    if is_excluded:
        return "excluded"
    return "unknown" if is_unknown else "conditional" if roof["is_monument"] is True else "eligible"


@examples(100, ci=10)
@given(st.lists(BLOCKS, min_size=1, max_size=12))
def test_every_verdict_is_the_one_written_out_by_hand(rows: list[dict[str, object]]) -> None:
    """But for roofs that are large enough and on whose shape no home of the high bound fits."""
    roofs, units = answers(rows)
    plain = roofs.drop(columns="geometry").astype(object).where(roofs.drop(columns="geometry").notna(), None)
    by_id = plain.set_index("bag_pand_id").to_dict(orient="index")
    for row in units[~units["failed_rules"].map(lambda names: "no_home_fits" in names)].itertuples():
        expected = verdict_by_hand(by_id[row.bag_pand_id], str(row.age_rule), str(row.roof_variant))
        assert row.verdict == expected, (row, by_id[row.bag_pand_id])


@given(st.lists(BLOCKS, min_size=2, max_size=10), st.randoms(use_true_random=False))
def test_a_roof_does_not_depend_on_the_order_or_the_company_of_the_rows(
    rows: list[dict[str, object]], random: object
) -> None:
    stock = buildings(*(flat_block(number, **row) for number, row in enumerate(rows, start=1)))
    whole = top_up(stock, empty(RoofParts), rules=rules())
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    half = len(order) // 2
    parts = [top_up(stock.iloc[part], empty(RoofParts), rules=rules()) for part in (order[:half], order[half:])]
    again = pd.concat(parts).sort_values("bag_pand_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(
        pd.DataFrame(whole.drop(columns="geometry")), pd.DataFrame(again.drop(columns="geometry"))
    )


@given(st.integers(1880, 2025), st.integers(0, 60), st.floats(3.0, 40.0))
def test_a_younger_building_never_gains_fewer_storeys_by_year(year: int, later: int, height: float) -> None:
    _, units = answers([{"year_built": y, "building_height_m": height} for y in (year, year + later)])
    stec = units[(units["age_rule"] == "stec_2023") & (units["roof_variant"] == "permanent_cost")]
    older, younger = stec["n_storeys_added_expected"].tolist()
    assert older <= younger


@given(BLOCKS)
def test_a_lift_that_is_there_never_lowers_the_number_of_homes(row: dict[str, object]) -> None:
    _, units = answers([{**row, "has_lift": False}, {**row, "has_lift": None}, {**row, "has_lift": True}])
    for _, group in units.groupby(["age_rule", "roof_variant"]):
        without, perhaps, with_lift = group["n_units_high"].astype("Int64").fillna(0).tolist()
        assert without <= perhaps <= with_lift


ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.0, 5.0]), st.sampled_from([1968, 1968, 1970, None]), st.integers(0, 2)),
    min_size=1,
    max_size=14,
)


@examples(25)
@given(ROWS)
def test_complexes_are_the_same_however_their_buildings_are_divided_over_cells(
    row: list[tuple[float, int | None, int]],
) -> None:
    """Porches in a street, a gap between some of them; each belongs to one of three cells."""
    x, blocks = 0.0, []
    for number, (gap_m, year, _) in enumerate(row, start=1):
        x += gap_m
        shape = shapely.box(100_000 + x, 400_000, 100_018 + x, 400_010)
        blocks.append(flat_block(number, geometry=shape, year_built=year, n_dwellings=8, building_height_m=11.2))
        x += 18.0
    stock, owner = buildings(*blocks), np.array([cell for *_, cell in row])
    nobody, parts = stock.iloc[:0], empty(RoofParts)
    whole = assess_roofs(stock, nobody, parts, rules=rules())["complexes"]
    cells = [
        assess_roofs(
            stock[owner == cell].reset_index(drop=True),
            stock[owner != cell].reset_index(drop=True),
            parts,
            rules=rules(),
        )
        for cell in np.unique(owner)
    ]
    roofs, inside, links = (
        pd.concat([cell[name] for cell in cells], ignore_index=True) for name in ("roofs", "complexes", "complex_links")
    )
    links = links.drop_duplicates(ignore_index=True)
    outside = roofs[~roofs["bag_pand_id"].isin(inside["bag_pand_id"])].reset_index(drop=True)
    assert set(outside["bag_pand_id"]) == set(links["bag_pand_id"]) | set(links["neighbour_id"])
    over_borders = group_complexes(outside, links, rules=rules().complexes)
    again = pd.concat([inside, over_borders]).sort_values("bag_pand_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, again)


SHAPES = st.builds(
    lambda length, depth, hole_x, angle: affinity.rotate(
        shapely.box(0, 0, length, depth).difference(shapely.box(hole_x, 2, hole_x + 3, 5)), angle
    ),
    st.floats(12, 120),
    st.floats(8, 40),
    st.floats(1, 110),
    st.floats(0, 180),
)


@given(SHAPES, st.floats(20, 120))
def test_a_layout_never_holds_more_than_its_area(shape: shapely.Polygon, gross_m2: float) -> None:
    count = layout_homes(np.array([shape]), np.array([gross_m2]), **LAYOUT)[0, 0]
    assert count * gross_m2 <= shape.area + 1e-3


@given(SHAPES, st.floats(20, 60), st.floats(1.0, 2.0))
def test_larger_homes_are_never_more(shape: shapely.Polygon, gross_m2: float, factor: float) -> None:
    small, large = layout_homes(np.array([shape]), np.array([gross_m2, gross_m2 * factor]), **LAYOUT)[0]
    assert large <= small


@examples(25)
@given(SHAPES, st.floats(0, 360), st.integers(0, 200_000), st.integers(300_000, 600_000))
def test_a_turned_and_moved_roof_holds_as_many_but_for_rounding(
    shape: shapely.Polygon, angle: float, x: int, y: int
) -> None:
    moved = affinity.translate(affinity.rotate(shape, angle), x, y)
    here, there = layout_homes(np.array([shape, moved]), np.array([64.0]), **LAYOUT)[:, 0]
    # The main direction of a near square roof may flip by rounding; both directions are tried either way.
    assert abs(int(here) - int(there)) <= max(1, 0.1 * here)


@given(SHAPES, st.integers(0, 200).map(lambda cm: cm / 100), st.integers(0, 600).map(lambda cm: cm / 100))
def test_the_usable_roof_lies_within_the_roof_and_shrinks_with_either_distance(
    shape: shapely.Polygon, setback: float, slender: float
) -> None:
    roof = np.array([shape])
    less = erode_roofs(roof, setback_m=setback, slender_m=slender)[0]
    assert less.difference(shape.buffer(1e-6)).area <= 1e-6
    for wider in (
        {"setback_m": setback + 0.5, "slender_m": slender},
        {"setback_m": setback, "slender_m": slender + 0.5},
    ):
        assert erode_roofs(roof, **wider)[0].area <= less.area + 1e-6


@given(SHAPES, st.floats(0.0, 3.0), st.floats(3.0, 12.0), st.lists(st.floats(-60, 160), max_size=2))
def test_no_home_lies_farther_from_a_facade_than_the_depth(
    shape: shapely.Polygon, setback: float, depth: float, beside: list[float]
) -> None:
    """Whatever stands beside it: homes lie on the usable roof, near a wall that no other building shares."""
    others = [other for x in beside if (other := shapely.box(x, -20, x + 25, 60).difference(shape)).area > 0]
    footprints = np.array([shape, *others])
    usable = erode_roofs(footprints[:1], setback_m=setback, slender_m=5.0)
    facades = facade_lines(footprints, np.array([0]), gap_m=0.1)
    ring = daylit_roofs(usable, facades, setback_m=setback, depth_m=depth)[0]
    assert ring.difference(usable[0].buffer(1e-6)).area <= 1e-6
    if not ring.is_empty:
        reach = shapely.distance(shapely.points(shapely.get_coordinates(ring)), facades[0])
        assert reach.max() <= setback + depth + 1e-6
        assert all(facades[0].distance(other) >= 0.1 - 1e-6 for other in others)
    wider = daylit_roofs(usable, facades, setback_m=setback, depth_m=depth + 1.0)[0]
    assert wider.area >= ring.area - 1e-6


@given(st.lists(BLOCKS, min_size=1, max_size=8))
def test_homes_are_counted_on_the_roof_that_has_daylight_and_no_storey_is_added_beyond_two(
    rows: list[dict[str, object]],
) -> None:
    roofs, units = answers(rows)
    measured = roofs[roofs["usable_roof_area_m2"].notna()]
    assert (measured["daylit_roof_area_m2"] <= measured["usable_roof_area_m2"] + 1e-6).all()
    assert (measured["largest_part_area_m2"] <= measured["usable_roof_area_m2"] + 1e-6).all()
    assert (units["n_storeys_added_high"].fillna(0) <= 2).all()
    joined = units.merge(roofs[["bag_pand_id", "daylit_roof_area_m2"]], on="bag_pand_id")
    most = joined["n_storeys_added_high"].astype("float64") * joined["daylit_roof_area_m2"] * 0.78 / 30
    assert (joined["n_units_high"].fillna(0) <= most.fillna(np.inf) + 1e-6).all()
