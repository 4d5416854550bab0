"""Laws of the layout: what neighbours are shown stands up, and the count is of what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import event, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import affinity

from flexsites.capacity.kernels.layout import count_modules, plan_piece
from flexsites.capacity.kernels.layout_drawing import KINDS, Placed, place
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.kernels.ordering import order_by_more, stable_order
from flexsites.exclusion.kernels.lanes import approach_to
from flexsites.geometry.ways import Lane
from tests.piece_shapes import ALL, PLAIN, count, lane_from, random_piece, regular_piece
from tests.property.layouts import LAYOUTS, PIECES, SHARES, entered, entrance_at

NARROW = PLAIN._replace(
    width_m=3.0, depth_m=7.5, n_bays_min=2, n_wide=2, homes_per_module=0.77, setback_m=1.0, row_spacing_m=4.0,
    row_spacing_per_storey_m=0.0, lane_m=3.0, n_storeys=1, fine_step_m=0.5, parking_norm=0.5,
)  # fmt: skip
NEAR = 0.02
"""Metres within which things touch: figures are in the frame of the rows, and turned back."""


def drawn(
    piece: shapely.Polygon,
    along: float,
    layout: Layout,
    enough: int = ALL,
    approach: Lane | None = None,
) -> Placed:
    return place(piece, entrance_at(piece, along), layout, enough, n_turns=2, n_spines=4, approach=approach)


def of_kind(placed: Placed, *kinds: str) -> NDArray[np.object_]:
    return np.asarray(placed.polygons[np.isin(placed.kind, kinds)])


@given(entered(), LAYOUTS)
def test_one_walks_from_every_door_to_the_entrance(
    piece_and_entrance: tuple[shapely.Polygon, NDArray[np.float64]], layout: Layout
) -> None:
    """Over the lanes that are drawn, as wide as a lane; stacked homes by gallery and stairs, cars to each place."""
    piece, entrance = piece_and_entrance
    approach = lane_from(piece, entrance)
    placed = place(piece, entrance, layout, ALL, n_turns=2, n_spines=4, approach=approach)
    event("homes" if placed.kind else "none" if approach is None else "none beside a lane")
    if placed.kind:
        assert_one_walks(placed, piece, entrance, layout, approach)


@given(
    st.floats(3.5, 12.0),
    st.floats(10.0, 60.0),
    st.floats(0.0, 18.0),
    SHARES,
    LAYOUTS,
    st.floats(0.0, 6.3),
    st.floats(2.5, 3.5),
)
def test_one_walks_through_the_narrows_to_a_field_behind_a_court(
    neck_m: float, long_m: float, beside_m: float, along: float, layout: Layout, turn: float, least_m: float
) -> None:
    """A court, a neck that is set off to the side, and a field; a lane bends from the entrance to the field.

    The neck may be narrower than a lane of the layout: the lane that bends is the narrowest of any, and stays inside.
    """
    court, field = shapely.box(0, 0, 25, 25), shapely.box(-10, 25 + long_m, 90, 85 + long_m)
    neck = shapely.box(beside_m, 25, beside_m + neck_m, 25 + long_m)
    piece, room = (
        affinity.rotate(one, turn, origin=(0, 0), use_radians=True)
        for one in (shapely.union_all([court, neck, field]), shapely.buffer(field, -7.48, join_style="mitre"))
    )
    bend_m = min(least_m, layout.lane_m)
    line = approach_to(piece, room, shapely.Point(entrance_at(piece, along)), lane_m=bend_m)
    approach = None if line is None else Lane(line, bend_m)
    placed = drawn(piece, along, layout, approach=approach)
    count = counted(piece, along, layout, approach)
    assert placed.n_modules == count >= counted(piece, along, layout, None)
    event("bends" if count > counted(piece, along, layout, None) else "straight")
    if placed.kind:
        assert_one_walks(placed, piece, entrance_at(piece, along), layout, approach)
        lanes = shapely.union_all(of_kind(placed, "lane"))
        begin = shapely.buffer(shapely.Point(entrance_at(piece, along)), layout.lane_m)
        assert shapely.area(shapely.difference(lanes, shapely.union(shapely.buffer(piece, 0.05), begin))) < NEAR
        solid = of_kind(placed, "module", "stairs", "parking", "yard", "water")
        assert (
            shapely.area(shapely.intersection(shapely.union_all(solid), shapely.union_all(of_kind(placed, "lane")))) < 1
        )


@example(4.0, 5.0, 0.0, 0.0, NARROW, 5.6875)  # the ground in front of five places was lost as lanes were joined
@given(st.floats(3.5, 12.0), st.floats(5.0, 60.0), st.floats(-5.0, 60.0), SHARES, LAYOUTS, st.floats(0.0, 6.3))
def test_one_walks_from_an_entrance_off_the_land_that_homes_stand_on(
    neck_m: float, long_m: float, beside_m: float, along: float, layout: Layout, turn: float
) -> None:
    """A court too small for homes, a neck, and a field that holds them all: what is laid out is the field alone."""
    court, field = shapely.box(0, 0, 25, 12), shapely.box(-10, 12 + long_m, 90, 72 + long_m)
    neck = shapely.union_all([shapely.box(10, 12, 10 + neck_m, 12 + long_m), shapely.box(10, 12, 90, 12 + neck_m)])
    neck = shapely.union(neck, shapely.box(beside_m, 12, beside_m + neck_m, 12 + long_m))
    piece, land = (
        affinity.rotate(one, turn, origin=(0, 0), use_radians=True)
        for one in (shapely.union_all([court, neck, field]), field)
    )
    room = shapely.buffer(land, -7.48, join_style="mitre")
    entrance = entrance_at(affinity.rotate(shapely.box(0, 0, 25, 1), turn, origin=(0, 0), use_radians=True), along)
    bend_m = min(3.0, layout.lane_m)
    line = approach_to(piece, room, shapely.Point(entrance), lane_m=bend_m)
    assert line is not None
    approach = Lane(line, bend_m)
    placed = place(land, entrance, layout, ALL, n_turns=2, n_spines=4, approach=approach)
    if not placed.kind:
        return
    assert_one_walks(placed, land, entrance, layout, approach)
    lanes = shapely.union_all(of_kind(placed, "lane"))
    begin = shapely.buffer(shapely.Point(entrance), layout.lane_m)
    assert shapely.area(shapely.difference(lanes, shapely.union(shapely.buffer(piece, 0.05), begin))) < NEAR


def counted(piece: shapely.Polygon, along: float, layout: Layout, approach: Lane | None) -> int:
    pieces, entrance = np.array([piece], dtype=object), entrance_at(piece, along)[None, :]
    approaches, enough = np.array([approach], dtype=object), np.array([[ALL]])
    found = count_modules(pieces, entrance, [layout], enough, n_turns=2, n_spines=4, approaches=approaches)
    return int(found[0, 0])


def assert_one_walks(
    placed: Placed,
    piece: shapely.Polygon,
    entrance_m: NDArray[np.float64],
    layout: Layout,
    approach: Lane | None = None,
) -> None:
    """From the entrance to the gate over the least lane, and on from there over lanes as wide as the layout's."""
    planned, origin = plan_piece(piece, entrance_m, layout, ALL, n_turns=2, n_spines=4, approach=approach)
    assert planned is not None
    lanes, entrance = shapely.union_all(of_kind(placed, "lane")), shapely.Point(entrance_m)
    gate = shapely.Point(planned.mouth.points[-1] + origin)
    least_m = layout.lane_m if approach is None else approach.width_m
    assert lanes.distance(entrance) < NEAR
    way_in = _part(shapely.buffer(lanes, NEAR - least_m / 2), gate)
    begun = shapely.shortest_line(way_in, entrance)
    assert begun.length <= 1.5 * least_m + NEAR
    assert shapely.covers(shapely.buffer(lanes, NEAR), begun)
    reached = shapely.buffer(_part(shapely.buffer(lanes, NEAR - layout.lane_m / 2), gate), layout.lane_m / 2)
    galleries = of_kind(placed, "gallery")
    assert (shapely.distance(galleries, reached) < 3 * NEAR).all()
    ways = shapely.union_all(np.array([reached, *galleries]))
    assert (shapely.distance(of_kind(placed, "module", "stairs"), ways) < 3 * NEAR).all()
    in_front = layout.depth_m - layout.place_depth_m + (layout.gallery_m if len(galleries) else 0.0)
    assert (shapely.distance(of_kind(placed, "parking"), reached) < in_front + 3 * NEAR).all()
    assert (shapely.distance(of_kind(placed, "parking"), lanes) < NEAR).all()


def _part(shape: shapely.Geometry, point: shapely.Point) -> shapely.Geometry:
    """Return the part of a shape in which a point lies."""
    parts = shapely.get_parts(shape)
    nearest: shapely.Geometry = parts[np.argmin(shapely.distance(parts, point))]
    assert nearest.distance(point) < NEAR
    return nearest


@pytest.mark.parametrize("n_storeys", [1, 2])
@pytest.mark.parametrize("kind", ["module", "parking"])
def test_what_stands_a_metre_off_its_lane_is_not_walked_to(kind: str, n_storeys: int) -> None:
    """The law above sees it: each home and each place in turn is moved away from the lane, and is missed."""
    layout = PLAIN._replace(parking_norm=0.5, n_storeys=n_storeys)
    field, along = shapely.box(0, 0, 60, 40), 0.05
    placed = drawn(field, along, layout)
    assert_one_walks(placed, field, entrance_at(field, along), layout)
    lanes = shapely.union_all(of_kind(placed, "lane", "gallery"))
    moved = [i for i, one in enumerate(placed.kind) if one == kind]
    assert len(moved) > 5
    for i in moved:
        polygons = placed.polygons.copy()
        polygons[i] = _moved_off(polygons[i], lanes)
        with pytest.raises(AssertionError):
            assert_one_walks(placed._replace(polygons=polygons), field, entrance_at(field, along), layout)


def _moved_off(one: shapely.Polygon, lanes: shapely.Geometry) -> shapely.Polygon:
    """Return a shape moved by whole metres to the nearest place that is a metre from all lanes."""
    steps = np.array([(x, y) for x in range(-30, 31) for y in range(-30, 31)], dtype=np.float64)
    there = np.array([affinity.translate(one, *step) for step in steps], dtype=object)
    off = there[shapely.distance(there, lanes) >= 1.0]
    found: shapely.Polygon = off[np.argmin(shapely.distance(shapely.centroid(off), shapely.centroid(one)))]
    return found


@pytest.mark.parametrize("n_storeys", [1, 2])
def test_a_lane_left_out_is_missed(n_storeys: int) -> None:
    """Lanes and galleries are cut away around the home farthest from the entrance: it is no longer walked to."""
    layout = PLAIN._replace(n_storeys=n_storeys)
    field, along = shapely.box(0, 0, 60, 40), 0.05
    placed = drawn(field, along, layout)
    farthest = max(of_kind(placed, "module"), key=shapely.Point(entrance_at(field, along)).distance)
    cut = shapely.buffer(farthest, layout.depth_m + layout.lane_m)
    rest = [
        shapely.difference(one, cut) if kind in {"lane", "gallery"} else one
        for kind, one in zip(placed.kind, placed.polygons, strict=True)
    ]
    with pytest.raises(AssertionError):
        assert_one_walks(
            placed._replace(polygons=np.array(rest, dtype=object)), field, entrance_at(field, along), layout
        )


@given(PIECES, SHARES, LAYOUTS)
def test_rows_are_short_with_gaps_that_stop_fire(piece: shapely.Polygon, along: float, layout: Layout) -> None:
    placed = drawn(piece, along, layout)
    homes = of_kind(placed, "module", "stairs")
    rows = shapely.get_parts(shapely.union_all(shapely.buffer(homes, NEAR, join_style="mitre")))
    built = shapely.get_parts(
        shapely.union_all(shapely.buffer(of_kind(placed, "module", "stairs", "gallery"), NEAR, join_style="mitre"))
    )
    for row in rows:
        assert max(_sides(row)) <= layout.run_max_m + 3 * NEAR
    for i, one in enumerate(built):
        assert (shapely.distance(one, built[i + 1 :]) > layout.fire_gap_m - 3 * NEAR).all()


def _sides(row: shapely.Polygon) -> list[float]:
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(row))
    return [float(one) for one in np.hypot(*np.diff(corners, axis=0).T)]


@given(PIECES, SHARES, LAYOUTS)
def test_every_home_has_its_place_its_yard_and_its_share_of_water(
    piece: shapely.Polygon, along: float, layout: Layout
) -> None:
    """Places within 100 m straight, enough of them for the homes within that reach."""
    placed = drawn(piece, along, layout)
    if not placed.kind:
        return
    modules, places = of_kind(placed, "module"), of_kind(placed, "parking")
    homes = layout.homes_per_module * placed.n_modules
    assert shapely.area(of_kind(placed, "yard")).sum() >= layout.yard_m2 * homes - NEAR
    assert shapely.area(of_kind(placed, "water")).sum() >= layout.water_share * piece.area - NEAR
    assert len(places) >= layout.parking_norm * homes - 1e-6
    if layout.parking_norm > 0:
        assert all(shapely.distance(one, places).min() <= layout.parking_distance_m for one in modules)
    if placed.n_storeys[0] > 1:
        rows = shapely.get_parts(shapely.union_all(shapely.buffer(modules, NEAR, join_style="mitre")))
        assert len(of_kind(placed, "stairs")) == len(of_kind(placed, "gallery")) >= 1
        if layout.side_gap_m == 0:
            assert len(of_kind(placed, "stairs")) == len(rows)


@given(PIECES, SHARES, LAYOUTS)
def test_all_stands_on_the_land_clear_of_its_edge_and_nothing_on_anything(
    piece: shapely.Polygon, along: float, layout: Layout
) -> None:
    placed = drawn(piece, along, layout)
    assert set(placed.kind) <= set(KINDS)
    if not placed.kind:
        return
    standing = of_kind(placed, *(kind for kind in KINDS if kind != "lane"))
    assert shapely.covers(piece, standing).all()
    assert shapely.distance(shapely.union_all(standing), piece.boundary) > layout.setback_m - 1e-5
    lanes = of_kind(placed, "lane")
    assert shapely.covers(shapely.buffer(piece, 1e-6), lanes).all()
    together = shapely.area(shapely.union_all(placed.polygons))
    assert shapely.area(placed.polygons).sum() - together < NEAR
    planned, _ = plan_piece(piece, entrance_at(piece, along), layout, ALL, n_turns=2, n_spines=4)
    assert planned is not None
    mouth = float(np.hypot(*np.diff(planned.mouth.points, axis=0).T).sum()) + layout.lane_m
    inland = shapely.difference(shapely.union_all(lanes), shapely.Point(entrance_at(piece, along)).buffer(mouth))
    assert inland.is_empty or inland.distance(piece.boundary) > layout.verge_m - 1e-5


@given(PIECES, SHARES, LAYOUTS, st.integers(1, 60))
def test_what_is_counted_is_what_is_drawn(piece: shapely.Polygon, along: float, layout: Layout, enough: int) -> None:
    """All of it, and the first so many of it; never more than storeys x area by footprint."""
    counted = count(piece, layout, entrance_at(piece, along))
    assert drawn(piece, along, layout).n_modules == counted
    assert counted * layout.width_m * layout.depth_m <= layout.n_storeys * piece.area
    assert drawn(piece, along, layout, enough).n_modules == min(enough, counted)
    assert count(piece, layout, entrance_at(piece, along), enough) == min(enough, counted)


@given(PIECES, SHARES, LAYOUTS)
def test_a_finer_lattice_of_rows_never_holds_fewer(piece: shapely.Polygon, along: float, layout: Layout) -> None:
    coarse, entrance = layout._replace(step_m=2.0, fine_step_m=2.0), entrance_at(piece, along)
    fine = count(piece, coarse._replace(fine_step_m=0.5), entrance)
    event("more" if fine > count(piece, coarse, entrance) else "as many")
    assert fine >= count(piece, coarse, entrance)


@given(PIECES, LAYOUTS, st.integers(-140_000, 120_000), st.integers(-140_000, 170_000))
def test_moved_by_whole_metres_a_piece_holds_the_same(piece: shapely.Polygon, layout: Layout, x: int, y: int) -> None:
    """On a grid of millimetres in binary, where moving is exact."""
    exact = shapely.transform(piece, lambda points: np.round(points * 1024) / 1024)
    if exact.is_valid:
        entrance = shapely.get_coordinates(exact)[0]
        assert count(affinity.translate(exact, x, y), layout, entrance + np.array([x, y])) == count(
            exact, layout, entrance
        )


@given(st.lists(PIECES, min_size=2, max_size=5), st.lists(LAYOUTS, min_size=1, max_size=4))
def test_neither_order_nor_company_matters(pieces: list[shapely.Polygon], layouts: list[Layout]) -> None:
    nowhere = np.full((len(pieces), 2), np.nan)
    enough = np.full((len(pieces), len(layouts)), ALL)
    together = count_modules(np.array(pieces), nowhere, layouts, enough, n_turns=2, n_spines=4)
    alone = [[count(piece, layout) for layout in layouts] for piece in pieces]
    assert together.tolist() == alone


def test_turned_or_moved_anyhow_a_piece_holds_nearly_the_same() -> None:
    """250 pieces, each turned four ways and moved twice, its entrance with it; rows and lattice follow the piece.

    A tie between directions, and the lattice of the lanes across, may be decided by rounding: one in fifty may differ.
    """
    layout = PLAIN._replace(lane_m=3.5, n_storeys=2, setback_m=4.0)
    pieces = [random_piece(seed, has_hole=seed % 2 == 0) for seed in range(60)]
    pieces += [regular_piece(seed) for seed in range(40)]
    here = _counts(pieces, layout)
    others = [[affinity.rotate(piece, turn, origin=(0, 0)) for piece in pieces] for turn in (7, 90, 180, 301)]
    others += [[affinity.translate(piece, *by) for piece in pieces] for by in ((0.37, 1.21), (1234.567, -76.543))]
    there = np.array([_counts(moved, layout) for moved in others])
    assert here.sum() > 2_000
    assert (there != here).mean() < 0.02


def _counts(pieces: list[shapely.Polygon], layout: Layout) -> NDArray[np.int64]:
    entrances = np.array([shapely.get_coordinates(piece)[0] for piece in pieces])
    enough = np.full((len(pieces), 1), ALL)
    return count_modules(np.array(pieces), entrances, [layout], enough, n_turns=2, n_spines=4)[:, 0]


@given(st.lists(st.integers(-3, 3) | st.floats(allow_nan=False), max_size=70))
def test_the_order_in_kernels_is_that_of_a_stable_sort(values: list[float]) -> None:
    keys = np.array(values, dtype=np.float64)
    np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))


@given(st.lists(st.integers(-3, 3), max_size=70), st.integers(0, 1_000_000))
def test_the_order_by_more_is_that_of_what_noise_is_on(values: list[int], seed: int) -> None:
    keys = np.array(values, dtype=np.float64)
    noisy = keys + np.random.default_rng(seed).uniform(-1e-9, 1e-9, len(keys))
    np.testing.assert_array_equal(order_by_more(noisy, 1e-6), np.argsort(keys, kind="stable"))
