"""Layouts that can be counted by hand.

The field is 40 x 22 m, its entrance in the middle of the left side. The gate keeps 1 m + 3 m x 0.71 + 0.05 m = 3.17 m
to the edge: the lane across lies there, and homes begin 2.5 m beside its middle, at 5.67 m. They end 3 m from the edge:
the row has 31.33 m.
"""

from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels import layout as layout_kernel
from flexsites.capacity.kernels.layout import Counted, count_modules, plan_piece
from flexsites.capacity.kernels.layout_drawing import place
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.capacity.kernels.layout_ground import Grounds
from flexsites.geometry.ways import Lane
from tests.piece_shapes import ALL, PLAIN, count, lane_from, named_shapes, no_access, random_piece

FIELD = shapely.box(0, 0, 40, 22)
LEFT = np.array([0.0, 11.0])
BARE = PLAIN._replace(yard_m2=0.0, water_share=0.0)
"""Neither yard nor water: modules of 3.5 m and nothing else."""


def test_a_row_of_what_setback_and_lane_leave() -> None:
    assert count(FIELD, BARE, LEFT) == 8


def test_a_yard_of_four_square_metres_a_home_takes_half_a_metre_of_a_row_of_eight_metres() -> None:
    assert count(FIELD, BARE._replace(yard_m2=4.0), LEFT) == 7


def test_water_takes_what_homes_leave_and_then_homes() -> None:
    """After 28 m 3.33 m are left, less the verge 2.33 m x 8 m = 18.7 m2, 2.1 % of 880 m2; at 3 % one gives way."""
    assert count(FIELD, BARE._replace(yard_m2=4.0, water_share=0.021), LEFT) == 7
    assert count(FIELD, BARE._replace(yard_m2=4.0, water_share=0.03), LEFT) == 6


def test_a_row_ends_after_forty_metres_and_begins_again_after_five() -> None:
    """91.33 m: 11 x 3.5 + 5 + 11 x 3.5 + 5 = 87 m, and one more; runs of two at least leave that one out."""
    long = shapely.box(0, 0, 100, 22)
    assert count(long, BARE, LEFT) == 23
    assert count(long, BARE._replace(n_bays_min=2), LEFT) == 22
    assert count(long, BARE._replace(run_max_m=1e3), LEFT) == 26


def test_stacked_homes_ask_stairs() -> None:
    """31.33 less 2.5 m hold eight stacks of two; stairs of 4 m leave seven."""
    assert count(FIELD, BARE._replace(n_storeys=2), LEFT) == 16
    assert count(FIELD, BARE._replace(n_storeys=2, stairs_m=4.0), LEFT) == 14


def test_a_gallery_asks_depth() -> None:
    """22 m less 3 m behind, and lane and verge of 4 m before: modules of 8 m and a gallery of 7 m, not of 7.1."""
    stacked = BARE._replace(n_storeys=2, n_bays_min=8)
    assert count(FIELD, stacked._replace(gallery_m=7.0), LEFT) == 16
    assert count(FIELD, stacked._replace(gallery_m=7.1), LEFT) == 8


def test_the_fewest_storeys_that_hold_enough() -> None:
    for enough, n_storeys in ((8, 1), (9, 2), (16, 2), (17, 3)):
        planned, _ = plan_piece(FIELD, LEFT, BARE._replace(n_storeys=3), enough, n_turns=2, n_spines=1)
        assert planned is not None
        assert (planned.n_modules, planned.n_storeys) == (enough, n_storeys)


def test_parking_takes_its_place_in_the_row() -> None:
    """At one place a module 6 m each, so five; at a half seven modules and four places are 34.5 m, so six."""
    assert count(FIELD, BARE._replace(parking_norm=1.0), LEFT) == 5
    assert count(FIELD, BARE._replace(parking_norm=0.5), LEFT) == 6


def test_no_run_is_longer_than_the_way_to_a_place() -> None:
    """A run of 24 m holds four modules and four places; 31.33 m leave 2.33 m after it and its gap."""
    assert count(FIELD, BARE._replace(parking_norm=1.0, parking_distance_m=24.0), LEFT) == 4


def test_rows_lie_on_the_fine_lattice_where_the_other_holds_too_few() -> None:
    """Rows 17 m apart lie 18 m apart at steps of 2 m, and do not both fit on 32 m; where one row is enough it stays."""
    field, coarse = shapely.box(0, 0, 40, 32), BARE._replace(n_bays_min=8, step_m=2.0, fine_step_m=2.0)
    fine, entrance = coarse._replace(fine_step_m=1.0), np.array([0.0, 7.0])
    assert (count(field, coarse, entrance), count(field, fine, entrance)) == (8, 16)
    found = [plan_piece(field, entrance, fine, enough, n_turns=2, n_spines=1)[0] for enough in (8, ALL)]
    assert [None if one is None else one.step_m for one in found] == [2.0, 1.0]


def test_two_rows_need_their_spacing() -> None:
    """3 + 8 + 9 + 8 m, and 4 m for lane and verge: 32 m across for two rows."""
    two = BARE._replace(n_bays_min=8)
    assert count(shapely.box(0, 0, 40, 32), two, LEFT) == 16
    assert count(shapely.box(0, 0, 40, 31), two, LEFT) == 8


def test_the_lane_in_front_may_lie_beside_the_edge_only_as_far_as_the_verge() -> None:
    """3 m + 8 m of row + 3 m of lane + 1 m of verge."""
    assert count(shapely.box(0, 0, 40, 15), BARE._replace(n_bays_min=8), np.array([0.0, 7.0])) == 8
    assert count(shapely.box(0, 0, 40, 14.9), BARE._replace(n_bays_min=8), np.array([0.0, 7.0])) == 0


def test_detached_homes_keep_their_gap() -> None:
    """4 m of home and 5 m of gap: 4 x 4 + 3 x 5 = 31 m."""
    assert count(FIELD, BARE._replace(width_m=4.0, side_gap_m=5.0), LEFT) == 4


def test_an_entrance_beside_the_land_begins_at_the_nearest_point_of_it() -> None:
    assert count(FIELD, BARE, LEFT - np.array([30.0, 0.0])) == count(FIELD, BARE, LEFT)


def test_land_too_narrow_for_a_lane_holds_nothing() -> None:
    assert count(shapely.box(0, 0, 200, 4.9), PLAIN._replace(setback_m=0.1, depth_m=2.0), np.array([0.0, 2.0])) == 0


def test_homes_that_no_lane_reaches_are_not_counted() -> None:
    """Two fields apart, or joined by less than a lane of 3 m and its verges: only the one with the entrance counts."""
    field, corner = shapely.box(0, 0, 40, 40), np.array([0.0, 5.0])
    alone = count(field, BARE, corner)
    assert count(shapely.MultiPolygon([field, affinity.translate(field, 100, 0)]), BARE, corner) == alone
    necks = (shapely.box(40, 2.6, 60, 7.4), shapely.box(40, 2.4, 60, 7.6))
    narrow, wide = (shapely.union_all([field, neck, affinity.translate(field, 60, 0)]) for neck in necks)
    assert count(narrow, BARE, corner) == alone
    assert count(wide, BARE, corner) > 1.5 * alone


def test_more_lanes_across_reach_the_other_arm() -> None:
    """A U with its entrance at the end of one arm."""
    u_shape = shapely.Polygon([(0, 0), (120, 0), (120, 90), (85, 90), (85, 35), (35, 35), (35, 90), (0, 90)])
    asked = np.array([[ALL]])
    counted = [
        int(count_modules(np.array([u_shape]), np.array([[17.0, 90.0]]), [BARE], asked, n_turns=2, n_spines=n)[0, 0])
        for n in (1, 4)
    ]
    assert counted[1] > 1.2 * counted[0] > 0


def test_another_direction_counts_where_it_needs_more_than_one_lane() -> None:
    """A field with a wing, entered at its corner: one lane reaches most rows along the field, two reach more across."""
    field = shapely.union(shapely.box(0, 0, 40, 68), shapely.box(40, 17, 67, 50))
    corner, asked = np.array([[-1.0, 2.0]]), np.array([[ALL]])
    assert int(count_modules(np.array([field]), corner, [PLAIN], asked, n_turns=2, n_spines=4)[0, 0]) == 40, "not 25"


def test_counted_up_to_what_is_enough() -> None:
    assert [count(FIELD, BARE, LEFT, enough) for enough in (0, 3, 8, 9)] == [0, 3, 8, 8]


def test_the_last_row_is_no_single_home_where_the_one_before_can_spare() -> None:
    """Twelve modules: not eleven and one, but nine and three."""
    long = shapely.box(0, 0, 100, 22)
    planned, _ = plan_piece(long, LEFT, BARE._replace(n_bays_min=3), 12, n_turns=2, n_spines=1)
    assert planned is not None
    assert planned.plan.runs[:, 2].tolist() == [9, 3]


def test_density_cannot_see_what_a_layout_sees() -> None:
    """2,000 m2 as 50 x 40 m, and as a strip of 9.4 m."""
    assert count(shapely.box(0, 0, 50, 40), PLAIN, np.array([0.0, 20.0])) > 10
    assert count(shapely.box(0, 0, 2_000 / 9.4, 9.4), PLAIN, np.array([0.0, 5.0])) == 0


def test_pieces_do_not_look_at_each_other() -> None:
    pieces = np.array([*named_shapes().values(), *(random_piece(seed) for seed in range(12))])
    layouts = [PLAIN, PLAIN._replace(setback_m=5.0), PLAIN._replace(lane_m=3.5, n_storeys=3)]
    enough = np.full((len(pieces), 3), ALL)
    together = count_modules(pieces, no_access(len(pieces)), layouts, enough, n_turns=2, n_spines=2)
    order = np.random.default_rng(1).permutation(len(pieces))
    shuffled = count_modules(pieces[order], no_access(len(pieces)), layouts[::-1], enough, n_turns=2, n_spines=2)
    np.testing.assert_array_equal(together[order], shuffled[:, ::-1])
    assert together.min(axis=1).max() > 20


def test_what_was_counted_is_not_counted_again_and_what_differs_in_anything_is() -> None:
    """A piece that was counted with its question is found by it; another entrance, lane, cap or figure is another."""
    pieces, entrances, enough = np.array([FIELD]), LEFT[None, :], np.array([[ALL]])
    lane = np.array([Lane(shapely.LineString([(-20, 11), (4, 11)]), 3.0)], dtype=object)
    narrower = np.array([Lane(shapely.LineString([(-20, 11), (4, 11)]), 2.5)], dtype=object)
    asked: list[tuple[object, ...]] = [
        (pieces, entrances, [BARE], enough, 2, 1, None),
        (np.array([shapely.box(0, 0, 40, 23)]), entrances, [BARE], enough, 2, 1, None),
        (pieces, np.array([[40.0, 11.0]]), [BARE], enough, 2, 1, None),
        (pieces, entrances, [BARE._replace(yard_m2=4.0)], enough, 2, 1, None),
        (pieces, entrances, [BARE], np.array([[3]]), 2, 1, None),
        (pieces, entrances, [BARE], enough, 4, 1, None),
        (pieces, entrances, [BARE], enough, 2, 2, None),
        (pieces, entrances, [BARE], enough, 2, 1, lane),
        (pieces, entrances, [BARE], enough, 2, 1, narrower),
    ]

    def ask(question: tuple[Any, ...], counted: Counted | None) -> int:
        *most, n_turns, n_spines, approaches = question
        found = count_modules(*most, n_turns=n_turns, n_spines=n_spines, approaches=approaches, counted=counted)
        return int(found[0, 0])

    counted: Counted = {}
    alone = [ask(question, None) for question in asked]
    assert [ask(question, counted) for question in asked] == alone
    assert sum(map(len, counted.values())) == len(asked)
    for found in counted.values():
        for question in found:
            found[question] += 1000
    assert [ask(question, counted) for question in asked] == [one + 1000 for one in alone]


def test_the_order_of_vertices_and_rings_does_not_matter() -> None:
    piece = named_shapes()["hole"]
    shell, hole = list(piece.exterior.coords)[:-1], list(piece.interiors[0].coords)[:-1]
    other = shapely.Polygon(shell[2:] + shell[:2], [hole[::-1]])
    assert count(other, PLAIN) == count(piece, PLAIN) > 0


def test_nothing_in_nothing_out() -> None:
    none = count_modules(
        np.empty(0, dtype=object), no_access(0), [PLAIN], np.ones((0, 1), np.int64), n_turns=2, n_spines=1
    )
    assert none.shape == (0, 1)
    assert (
        count_modules(np.array([FIELD]), no_access(1), [], np.ones((1, 0), np.int64), n_turns=2, n_spines=1).size == 0
    )


def test_without_an_entrance_lanes_begin_at_the_middle_of_the_longest_edge() -> None:
    assert count(FIELD, BARE) == max(count(FIELD, BARE, np.array([20.0, y])) for y in (0.0, 22.0))


@pytest.mark.parametrize("name", named_shapes())
def test_what_is_placed_is_what_was_counted(name: str) -> None:
    piece = named_shapes()[name]
    layout: Layout = PLAIN._replace(lane_m=3.5, n_storeys=2, parking_norm=0.4, setback_m=4.0)
    placed = place(piece, no_access(1)[0], layout, ALL, n_turns=2, n_spines=4)
    kind, storeys = np.array(placed.kind), np.array(placed.n_storeys)
    assert storeys.sum() == count(piece, layout) > 0 or name == "strip"
    assert (kind == "parking").sum() >= 0.4 * storeys.sum()
    assert shapely.area(placed.polygons[kind == "module"]) == pytest.approx(28.0)


def test_a_piece_that_holds_nothing_has_nothing_placed() -> None:
    placed = place(shapely.box(0, 0, 10, 10), no_access(1)[0], PLAIN, ALL, n_turns=2, n_spines=4)
    assert placed.kind == ()
    assert placed.polygons.size == 0


def test_a_jag_at_the_way_in_does_not_shut_the_land():
    """The nearest point of a field may be the tip of a fringe of decimetres, from which no lane is in sight."""
    field = shapely.box(0, 0, 100, 80)
    jagged = shapely.union(field, shapely.Polygon([(0, 80), (-0.6, 79.2), (0.5, 79.9)]))
    entrances = np.array([[0.0, 78.9], [-0.6, 79.2]])
    ways = [lane_from(one, entrance) for one, entrance in zip((field, jagged), entrances, strict=True)]
    grounds = Grounds(np.array([field, jagged]), entrances, np.array(ways))
    straight, bent = grounds.near((3.5, 1.0), np.array([0, 1]))[0]
    assert straight is not None
    assert bent is not None
    begins = bent.points[0] + grounds.origin[1]
    assert begins.tolist() == pytest.approx([-0.6, 79.2])


def test_what_a_layout_holds_beside_a_jag_does_not_hang_on_which_others_are_asked() -> None:
    """From a jag of 2 m a narrow lane leads straight in, and a wide one has room further on alone."""
    field = shapely.union(shapely.box(0, 0, 100, 80), shapely.Polygon([(1.6, 80), (0.5, 72.3), (-2.2, 71.5)]))
    narrow, wide = (BARE._replace(lane_m=lane_m) for lane_m in (3.0, 4.5))
    entrance, enough = np.array([[-2.2, 71.5]]), np.full((1, 2), 40)
    pieces, most = (
        np.array([field]),
        {"n_turns": 2, "n_spines": 2, "approaches": np.array([lane_from(field, entrance[0])])},
    )
    together = count_modules(pieces, entrance, [narrow, wide], enough, **most)
    alone = [count_modules(pieces, entrance, [one], enough[:, :1], **most) for one in (narrow, wide)]
    assert together.tolist() == np.hstack(alone).tolist()
    assert together.tolist() == [[40, 40]]


def test_homes_stand_where_the_lane_that_bends_leads_however_large_what_lies_apart_is() -> None:
    """A strip by the road, the larger by area and too narrow for homes, and the field to which the lane leads."""
    strip, field = shapely.box(0, 0, 3000, 14), shapely.box(0, 60, 100, 160)
    approach = Lane(shapely.LineString([(700, 0), (700, 40), (50, 40), (50, 68)]), BARE.lane_m)
    most = {"n_turns": 2, "n_spines": 1, "approach": approach}
    placed = place(shapely.MultiPolygon([strip, field]), np.array([700.0, 0.0]), BARE, 999, **most)
    assert placed.n_modules > 50
    homes = placed.polygons[[kind == "module" for kind in placed.kind]]
    assert (shapely.distance(homes, field) == 0.0).all()


def test_the_way_in_is_as_narrow_as_the_land_but_no_narrower_than_the_least_lane() -> None:
    """A neck of 30 m before a field, and lanes of 4.5 m: where it is 3 m wide a lane of 3 m lies in all of it."""
    wide, entrance = BARE._replace(lane_m=4.5), np.array([-30.0, 0.0])
    for neck_m, is_let_in in ((4.6, True), (3.0, True), (2.9, False)):
        piece = shapely.union(shapely.box(0, -30, 60, 30), shapely.box(-30, -neck_m / 2, 0, neck_m / 2))
        approach = lane_from(piece, entrance)
        assert (approach is not None) is is_let_in
        placed = place(piece, entrance, wide, ALL, n_turns=2, n_spines=1, approach=approach)
        assert (placed.n_modules > 30) is is_let_in
        if is_let_in:
            lanes = shapely.union_all(placed.polygons[[kind == "lane" for kind in placed.kind]])
            assert lanes.distance(shapely.Point(entrance)) < 0.01
            in_neck = shapely.intersection(lanes, shapely.box(-29, -9, 0, 9))
            assert in_neck.area == pytest.approx(29 * min(neck_m, 4.5), abs=0.1)


def test_a_neck_that_bends_is_followed_from_the_entrance_on() -> None:
    """From the end of an arm of 3.2 m no lane of 4.5 m leads on: homes lay on lanes that began in the field itself."""
    arm = shapely.LineString([(-20, 40), (-20, 0), (5, 0)]).buffer(1.6, cap_style="flat", join_style="mitre")
    piece, entrance = shapely.union(shapely.box(0, -30, 60, 30), arm), np.array([-20.0, 40.0])
    placed = place(
        piece, entrance, BARE._replace(lane_m=4.5), ALL, n_turns=2, n_spines=1, approach=lane_from(piece, entrance)
    )
    assert placed.n_modules > 30
    lanes = shapely.union_all(placed.polygons[[kind == "lane" for kind in placed.kind]])
    assert lanes.distance(shapely.Point(entrance)) < 0.01
    assert shapely.get_parts(shapely.buffer(lanes, -1.45)).size == 1
    assert place(piece, entrance, BARE._replace(lane_m=4.5), ALL, n_turns=2, n_spines=1).n_modules == 0


def test_homes_stand_where_one_comes_in_though_the_lane_leads_on_along_the_edge_and_the_entrance_lies_off_the_land():
    """The lane to the largest room passes a field along its edge: from a hair off it none stood there, nor further."""
    near, far = shapely.box(0, 0, 40, 22), shapely.box(0, 60, 15, 75)
    held = []
    for x in (0.0, -0.2, -1.4):
        approach = Lane(shapely.LineString([(x, 11), (1.6, 11), (1.6, 60), (7.5, 67.5)]), BARE.lane_m)
        most = {"n_turns": 2, "n_spines": 1, "approach": approach}
        placed = place(shapely.union(near, far), np.array([x, 11.0]), BARE, ALL, **most)
        lanes = shapely.union_all(placed.polygons[[kind == "lane" for kind in placed.kind]])
        assert lanes.distance(shapely.Point(x, 11)) < 0.01
        held.append(placed.n_modules)
    assert held == [held[0]] * 3
    assert held[0] >= 7


def test_homes_stand_beyond_a_neck_to_which_a_lane_leads_without_a_bend():
    """Of a court before it no row is reached; from there a lane of 3 m leads through 4 m, and with its verges none."""
    court, neck, field = shapely.box(-40, -8, -28, 8), shapely.box(-28, -2, 0, 2), shapely.box(0, -30, 60, 30)
    piece, entrance = shapely.union_all([court, neck, field]), np.array([-40.0, 0.0])
    most = {"n_turns": 2, "n_spines": 2, "approach": lane_from(piece, entrance)}
    assert len(most["approach"].middle.coords) == 3
    assert place(piece, entrance, BARE, ALL, **most).n_modules > 30
    assert place(piece, entrance, BARE, ALL, **most | {"approach": None}).n_modules == 0


def test_a_straight_way_from_an_entrance_off_a_sharp_corner_is_as_wide_as_the_least_lane():
    """Within the corner the lane that is told is followed; drawn straight and cut to the land it was 2 m wide there."""
    piece = shapely.Polygon([(0, 0), (60, -20), (90, -20), (90, 60), (60, 60)])
    entrance = np.array([-0.3, 0.2])
    approach = Lane(shapely.LineString([entrance, (2.758, 0.651), (70, 0.651)]), BARE.lane_m)
    placed = place(piece, entrance, BARE, ALL, n_turns=4, n_spines=2, approach=approach)
    assert placed.n_modules > 30
    lanes = shapely.union_all(placed.polygons[[kind == "lane" for kind in placed.kind]])
    assert shapely.get_parts(shapely.buffer(lanes, -1.45)).size == 1
    assert lanes.distance(shapely.Point(entrance)) < 0.01


def test_a_barb_of_millimetres_at_the_entrance_does_not_bend_the_way_in():
    barbed = shapely.union(FIELD, shapely.Polygon([(-0.008, 11.006), (0, 10.999), (0, 11)]))
    way = Lane(shapely.LineString([(-0.008, 11.006), (1.5, 9), (9, 9)]), 3.0)
    grounds = Grounds(np.array([barbed]), np.array([way.middle.coords[0]]), np.array([way]))
    (mouth,), _ = grounds.near((3.0, 1.0), np.array([0]))
    assert mouth is not None
    assert mouth.narrow is None


def test_no_lane_is_drawn_on_land_that_lies_behind_the_entrance():
    """The field bends back round a yard of 1 m at its entrance: of the arm there a patch was drawn as lane."""
    arm = shapely.union(shapely.box(-6, -4, -1, 16), shapely.box(-1, -4, 40, 0))
    piece = shapely.union(FIELD, arm)
    placed = place(piece, LEFT, BARE, ALL, n_turns=2, n_spines=1, approach=lane_from(piece, LEFT))
    assert placed.n_modules > 5
    lanes = shapely.union_all(placed.polygons[[kind == "lane" for kind in placed.kind]])
    assert shapely.get_parts(lanes).size == 1


def test_a_lane_that_ends_where_it_begins_leaves_nothing_to_enter_anew():
    """The entrance lies in the room that is sought; a lane without a length has no direction."""
    way = Lane(shapely.LineString([LEFT, LEFT]), 3.0)
    of, rest = Grounds(np.array([FIELD]), LEFT[None, :], np.array([way])).beside_approach(np.array([0]))
    assert of.size == len(rest.edges) == 0


def test_what_a_piece_holds_does_not_hang_on_how_many_are_laid_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields of which some are entered by a lane off the land, some through a neck, and one holds nothing."""
    neck = shapely.union(shapely.box(0, 0, 60, 50), shapely.box(-20, 20, 0, 24))
    pieces = np.array([FIELD, neck, shapely.box(0, 0, 10, 10), neck, shapely.box(5, 0, 65, 60)])
    entrances = np.array([LEFT, (-20.0, 22.0), (0.0, 5.0), (np.nan, np.nan), (0.0, 30.0)])
    ways = [None, lane_from(neck, entrances[1]), None, None, Lane(shapely.LineString([(0, 30), (40, 30)]), 3.0)]
    layouts, enough = [BARE, PLAIN, BARE._replace(lane_m=4.5)], np.full((5, 3), ALL)

    def count_at_once(n: int) -> list[list[int]]:
        monkeypatch.setattr(layout_kernel, "_AT_ONCE", n)
        approaches = np.array(ways, dtype=object)
        found = count_modules(pieces, entrances, layouts, enough, n_turns=4, n_spines=3, approaches=approaches)
        return [[int(one) for one in row] for row in found]

    together = count_at_once(5)
    assert together[2] == [0, 0, 0]
    assert min(min(row) for i, row in enumerate(together) if i != 2) > 0
    assert count_at_once(1) == count_at_once(2) == together
