"""Layouts that can be counted by hand."""

import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels.layout import Layout, lay_out, place
from tests.piece_shapes import PLAIN, named_shapes, no_access, random_piece


def modules(piece: shapely.Geometry, layout: Layout = PLAIN, access: tuple[float, float] | None = None) -> int:
    entrance = no_access(1) if access is None else np.array([access])
    return int(lay_out(np.array([piece]), entrance, [layout], n_turns=2).n_modules[0, 0])


def test_a_row_of_what_the_setback_leaves() -> None:
    """40 x 14 m, 3 m to each edge: 34 m of one row of 8 m, nine modules of 3.5 m."""
    assert modules(shapely.box(0, 0, 40, 14)) == 9


def test_a_piece_just_too_narrow_for_a_row_along_it_holds_rows_across() -> None:
    """13.9 m leaves 7.9 m: two modules side by side across, in two rows of 8 m with 9 m between (25 of 34 m)."""
    assert modules(shapely.box(0, 0, 40, 13.9)) == 2 * 2
    assert modules(shapely.box(0, 0, 40, 13.9), PLAIN._replace(n_bays_min=3)) == 0


def test_two_rows_need_their_spacing() -> None:
    """3 + 8 + 9 + 8 + 3 = 31 m across for two rows; runs of ten at least, so none across."""
    long_runs = PLAIN._replace(n_bays_min=10)
    assert modules(shapely.box(0, 0, 60, 31), long_runs) == 2 * 15
    assert modules(shapely.box(0, 0, 60, 30.4), long_runs) == 15


def test_storeys_stack_but_ask_more_spacing() -> None:
    """Two rows of two storeys stand 9 + 3 m apart: 34 m. At 31 m one stacked row holds as much as two flat ones."""
    stacked = PLAIN._replace(n_storeys=2, n_bays_min=10)
    assert modules(shapely.box(0, 0, 60, 31), stacked) == 30
    assert modules(shapely.box(0, 0, 60, 34), stacked) == 60


def test_the_fewest_storeys_win_a_tie() -> None:
    """Two places a module: 8.5 m a bay, four bays; stacked 13.5 m a bay, two bays of two."""
    layout = PLAIN._replace(n_storeys=2, places_per_module=2.0)
    laid = lay_out(np.array([shapely.box(0, 0, 40, 14)]), no_access(1), [layout], n_turns=2)
    assert (laid.n_modules[0, 0], laid.n_storeys[0, 0]) == (4, 1)


def test_parking_takes_its_place_in_the_row() -> None:
    """34 m: at one place a module 6 m each, so five; a half: seven modules and four places are 34.5 m, so six."""
    box = shapely.box(0, 0, 40, 14)
    assert modules(box, PLAIN._replace(places_per_module=1.0)) == 5
    assert modules(box, PLAIN._replace(places_per_module=0.5)) == 6


def test_the_lane_along_a_row_may_lie_in_the_setback_only_as_far_as_that_goes() -> None:
    """A lane of 5 m beside a setback of 3 m asks 2 m more of the depth: 16 m."""
    with_aisle = PLAIN._replace(aisle_m=5.0, n_bays_min=3)
    assert modules(shapely.box(0, 0, 40, 15.9), with_aisle) == 0
    assert modules(shapely.box(0, 0, 40, 16), with_aisle) == 9


def test_the_lane_across_goes_through_the_entrance() -> None:
    """A lane of 3 m through the middle leaves 2 x 15.5 m: eight modules; along the short side it costs nothing."""
    box, lane = shapely.box(0, 0, 40, 14), PLAIN._replace(lane_m=3.0)
    assert modules(box, lane, (20.0, 0.0)) == 8
    assert modules(box, lane, (0.0, 7.0)) == 9


def test_detached_homes_keep_their_gap() -> None:
    """4 m of home and 5 m of gap: three in 34 m."""
    assert modules(shapely.box(0, 0, 40, 14), PLAIN._replace(bay_m=9.0)) == 3


def test_a_hole_is_respected() -> None:
    """A pond of 4 m in the middle of the row, 3 m clear round it, takes 10 of 34 m: two runs of 12 m, three each."""
    pond = shapely.box(18, 6, 22, 8)
    assert modules(shapely.difference(shapely.box(0, 0, 40, 14), pond)) == 6


def test_density_cannot_see_what_a_layout_sees() -> None:
    """2,000 m2 as 50 x 40 m holds three rows of nine, as a strip of 9.4 m nothing."""
    assert modules(shapely.box(0, 0, 50, 40)) == 3 * 9
    assert modules(shapely.box(0, 0, 2_000 / 9.4, 9.4)) == 0


def test_pieces_do_not_look_at_each_other() -> None:
    pieces = np.array([*named_shapes().values(), *(random_piece(seed) for seed in range(20))])
    layouts = [PLAIN, PLAIN._replace(setback_m=5.0), PLAIN._replace(lane_m=3.5, n_storeys=3)]
    together = lay_out(pieces, no_access(len(pieces)), layouts, n_turns=2)
    order = np.random.default_rng(1).permutation(len(pieces))
    shuffled = lay_out(pieces[order], no_access(len(pieces)), layouts[::-1], n_turns=2)
    for whole, part in zip(together, shuffled, strict=True):
        np.testing.assert_array_equal(whole[order], part[:, ::-1])


def test_only_what_is_wanted_is_laid_out() -> None:
    pieces = np.array([shapely.box(0, 0, 40, 14)] * 2)
    wanted = np.array([[True, False], [False, True]])
    laid = lay_out(pieces, no_access(2), [PLAIN, PLAIN._replace(n_storeys=2)], n_turns=2, wanted=wanted)
    assert laid.n_modules.tolist() == [[9, 0], [0, 18]]


def test_the_order_of_vertices_and_rings_does_not_matter() -> None:
    piece = named_shapes()["hole"]
    shell, hole = list(piece.exterior.coords)[:-1], list(piece.interiors[0].coords)[:-1]
    other = shapely.Polygon(shell[2:] + shell[:2], [hole[::-1]])
    assert modules(other) == modules(piece)


def test_whole_metres_do_not_matter() -> None:
    for seed in range(20):
        piece = random_piece(seed)
        assert modules(affinity.translate(piece, 12_345.0, -6_789.0)) == modules(piece)


def test_nothing_in_nothing_out() -> None:
    laid = lay_out(np.empty(0, dtype=object), no_access(0), [PLAIN], n_turns=2)
    assert laid.n_modules.shape == (0, 1)
    assert lay_out(np.array([shapely.box(0, 0, 1, 1)]), no_access(1), [], n_turns=2).n_modules.shape == (1, 0)


@pytest.mark.parametrize("name", named_shapes())
@pytest.mark.parametrize("places", [0.0, 0.4])
def test_what_is_placed_is_what_was_counted(name: str, places: float) -> None:
    """Stacks hold the modules counted, keep their distance, and overlap neither each other nor parking and lanes."""
    piece = named_shapes()[name]
    aisle = 6.0 if places else 0.0
    layout = PLAIN._replace(lane_m=3.5, aisle_m=aisle, n_storeys=2, places_per_module=places, setback_m=4.0)
    placed = place(piece, np.full(2, np.nan), layout, n_turns=2, width_m=3.5)
    kind, storeys = np.array(placed.kind), np.array(placed.n_storeys)
    homes, parking = placed.polygons[kind == "module"], placed.polygons[kind == "parking"]
    assert storeys.sum() == modules(piece, layout) > 0
    assert len(parking) >= places * storeys.sum() - 1e-9
    assert shapely.area(homes) == pytest.approx(28.0)
    everything = np.concatenate([homes, parking])
    assert shapely.distance(shapely.union_all(everything), piece.boundary) > 4.0 - 1e-4
    assert shapely.area(shapely.union_all(everything)) == pytest.approx(shapely.area(everything).sum(), abs=1e-3)
    lanes = shapely.union_all(placed.polygons[kind == "lane"])
    assert shapely.area(shapely.intersection(lanes, shapely.union_all(everything))) < 0.1
    assert shapely.covers(shapely.buffer(piece, 1e-6), lanes)


def test_a_piece_that_holds_nothing_has_nothing_placed() -> None:
    placed = place(shapely.box(0, 0, 10, 10), np.full(2, np.nan), PLAIN, n_turns=2, width_m=3.5)
    assert placed.kind == ()
    assert placed.polygons.size == 0
