"""Laws of the layout: bounds, monotony, independence; and how far moving and turning change a count."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import affinity

from flexsites.capacity.kernels.layout import Layout, lay_out, local_edges, place
from flexsites.capacity.kernels.layout_rows import LAYOUT, rows_of
from flexsites.capacity.kernels.layout_strips import turned
from flexsites.capacity.kernels.ordering import stable_order
from tests.piece_shapes import PLAIN, no_access, random_piece, regular_piece

LAYOUTS = st.builds(
    Layout,
    bay_m=st.sampled_from([3.0, 3.5, 9.0]),
    depth_m=st.sampled_from([7.5, 8.0, 12.0]),
    n_bays_min=st.sampled_from([1, 2]),
    setback_m=st.floats(1.0, 6.0),
    row_spacing_m=st.floats(4.0, 12.0),
    row_spacing_per_storey_m=st.floats(0.0, 4.0),
    lane_m=st.sampled_from([0.0, 3.5, 4.5]),
    aisle_m=st.sampled_from([0.0, 6.0]),
    n_storeys=st.integers(1, 3),
    places_per_module=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    place_m=st.just(2.5),
    place_depth_m=st.just(5.0),
    step_m=st.just(0.5),
)
PIECES = st.builds(random_piece, st.integers(0, 10_000), has_hole=st.booleans()) | st.builds(
    regular_piece, st.integers(0, 10_000)
)
SHARES = st.floats(0.0, 1.0)


def count(piece: shapely.Geometry, layout: Layout, access: NDArray[np.float64] | None = None) -> int:
    entrance = no_access(1) if access is None else access
    return int(lay_out(np.array([piece]), entrance, [layout], n_turns=2).n_modules[0, 0])


def count_held(piece: shapely.Geometry, layout: Layout, direction: float, origin: float) -> int:
    """Count in one direction, on a lattice that does not depend on the piece."""
    edges, _, local = local_edges(np.array([piece]))
    edges += np.tile(local[0] - np.array([150_000.0, 450_000.0]), 2)
    figures = np.array([tuple(layout)], dtype=LAYOUT)[0]
    most = 0
    for n_storeys in range(1, layout.n_storeys + 1):
        _, n_bays, _ = rows_of(turned(edges, direction), origin, 3.0, figures, n_storeys)
        most = max(most, n_storeys * int(n_bays.sum()))
    return most


@given(PIECES, LAYOUTS)
def test_never_more_than_storeys_times_area_by_footprint(piece: shapely.Polygon, layout: Layout) -> None:
    assert count(piece, layout) * layout.bay_m * layout.depth_m <= layout.n_storeys * piece.area


@given(PIECES, LAYOUTS)
def test_what_is_counted_stands_clear_of_the_edge_and_of_itself(piece: shapely.Polygon, layout: Layout) -> None:
    width = min(layout.bay_m, 4.0)
    placed = place(piece, np.full(2, np.nan), layout, n_turns=2, width_m=width)
    kind, storeys = np.array(placed.kind), np.array(placed.n_storeys)
    assert storeys.sum() == count(piece, layout)
    solid = placed.polygons[np.isin(kind, ["module", "parking"])]
    if solid.size:
        assert shapely.distance(shapely.union_all(solid), piece.boundary) > layout.setback_m - 1e-5
        assert shapely.covers(piece, solid).all()
        assert shapely.area(solid).sum() - shapely.area(shapely.union_all(solid)) < 1e-3


@given(PIECES, LAYOUTS, SHARES)
def test_every_module_stands_beside_free_ground_that_leads_to_the_entrance(
    piece: shapely.Polygon, layout: Layout, along: float
) -> None:
    """Along its row, across the rows or along the edge, and as wide as a lane, or as the free strip where that is less.

    Of what modules and places leave, whatever something of that width can pass through from the entrance on.
    """
    entrance = piece.exterior.interpolate(along, normalized=True)
    placed = place(piece, np.array(entrance.coords[0]), layout, n_turns=2, width_m=min(layout.bay_m, 4.0))
    kind = np.array(placed.kind)
    solid, modules = placed.polygons[np.isin(kind, ["module", "parking"])], placed.polygons[kind == "module"]
    width = min(max(layout.lane_m, layout.aisle_m), layout.setback_m) - 0.02
    if layout.lane_m > 0:
        width = min(layout.lane_m - 0.02, width)
    if modules.size and width > 0:
        free = piece.difference(shapely.union_all(shapely.buffer(solid, 1e-4, join_style="mitre")))
        passable = shapely.get_parts(shapely.buffer(free, -width / 2))
        within_reach = passable[np.argmin(shapely.distance(passable, entrance))].buffer(width / 2 + 0.01)
        assert (shapely.distance(modules, within_reach) < 0.02).all()


@given(PIECES, LAYOUTS, st.integers(0, 10_000), SHARES)
def test_a_larger_piece_never_holds_fewer_on_a_held_lattice(
    piece: shapely.Polygon, layout: Layout, seed: int, turn: float
) -> None:
    """Direction and lattice held, a part of the piece holds at most what the piece holds."""
    part = shapely.intersection(piece, affinity.scale(random_piece(seed), 2, 2))
    parts = [one for one in shapely.get_parts(part) if shapely.get_type_id(one) == shapely.GeometryType.POLYGON]
    whole = count_held(piece, layout, turn * np.pi, -500.0)
    assert sum(count_held(one, layout, turn * np.pi, -500.0) for one in parts[:1]) <= whole


@given(st.integers(0, 10_000), LAYOUTS, SHARES)
def test_a_hole_only_reduces_on_a_held_lattice(seed: int, layout: Layout, turn: float) -> None:
    piece = random_piece(seed)
    spot = shapely.point_on_surface(piece)
    holed = shapely.difference(piece, shapely.buffer(spot, 2.0))
    whole = count_held(piece, layout, turn * np.pi, -500.0)
    assert count_held(holed, layout, turn * np.pi, -500.0) <= whole


@given(PIECES, LAYOUTS, st.tuples(*[SHARES] * 5), st.integers(1, 3))
def test_looser_figures_never_hold_fewer(
    piece: shapely.Polygon, layout: Layout, shares: tuple[float, ...], n_storeys: int
) -> None:
    """Why low <= expected <= high: setback, spacing, lane, aisle and parking down, storeys up, all at once."""
    looser = layout._replace(
        setback_m=max(0.5, layout.setback_m * shares[0]),
        row_spacing_m=layout.row_spacing_m * shares[1],
        row_spacing_per_storey_m=layout.row_spacing_per_storey_m * shares[2],
        lane_m=layout.lane_m * shares[3],
        places_per_module=layout.places_per_module * shares[4],
        aisle_m=layout.aisle_m if layout.places_per_module * shares[4] > 0 else 0.0,
        n_storeys=max(layout.n_storeys, n_storeys),
    )
    assert count(piece, layout) <= count(piece, looser)


@given(PIECES, LAYOUTS, st.integers(-140_000, 120_000), st.integers(-140_000, 170_000))
def test_moved_by_whole_metres_a_piece_holds_the_same(piece: shapely.Polygon, layout: Layout, x: int, y: int) -> None:
    """On a grid of millimetres in binary, where moving is exact."""
    exact = shapely.transform(piece, lambda points: np.round(points * 1024) / 1024)
    if exact.is_valid:
        assert count(affinity.translate(exact, x, y), layout) == count(exact, layout)


@given(st.lists(PIECES, min_size=2, max_size=6), st.lists(LAYOUTS, min_size=1, max_size=4))
def test_neither_order_nor_company_matters(pieces: list[shapely.Polygon], layouts: list[Layout]) -> None:
    together = lay_out(np.array(pieces), no_access(len(pieces)), layouts, n_turns=2).n_modules
    alone = [[count(piece, layout) for layout in layouts] for piece in pieces]
    assert together.tolist() == alone


def test_turned_or_moved_anyhow_a_piece_holds_the_same_but_for_last_bits() -> None:
    """Measured: 250 pieces, each turned six ways and moved twice; rows and lattice follow the piece. None differs.

    One in two hundred is allowed: a tie between directions may be decided by rounding.
    """
    layout = PLAIN._replace(lane_m=3.5, n_storeys=2, setback_m=4.0)
    pieces = [random_piece(seed, has_hole=seed % 2 == 0) for seed in range(150)]
    pieces += [regular_piece(seed) for seed in range(100)]
    here = _counts(pieces, layout)
    others = [[affinity.rotate(piece, turn, origin=(0, 0)) for piece in pieces] for turn in (7, 90, 133, 180, 222, 301)]
    others += [[affinity.translate(piece, *by) for piece in pieces] for by in ((0.37, 1.21), (1234.567, -76.543))]
    there = np.array([_counts(moved, layout) for moved in others])
    assert here.sum() > 5_000
    assert (there != here).mean() < 0.005


def _counts(pieces: list[shapely.Polygon], layout: Layout) -> NDArray[np.int64]:
    return lay_out(np.array(pieces), no_access(len(pieces)), [layout], n_turns=2).n_modules[:, 0]


@given(st.lists(st.integers(-3, 3) | st.floats(allow_nan=False), max_size=70))
def test_the_order_in_kernels_is_that_of_a_stable_sort(values: list[float]) -> None:
    keys = np.array(values, dtype=np.float64)
    np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))
