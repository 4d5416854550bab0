"""The land of a piece is cut down to what bears on its core, and answers as all that hangs together does."""

from __future__ import annotations

import numpy as np
import shapely
import shapely.affinity
from hypothesis import event, given
from hypothesis import strategies as st

from flexsites.arrays import FloatArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import (
    GRID_M,
    CoreParts,
    find_core,
    find_cores,
    gap_bridged_m,
)
from flexsites.exclusion.kernels.lanes import approach_to, begins_lane, lanes_to_core, part_with_lanes
from flexsites.exclusion.kernels.neighbours import Neighbours, find_neighbours, land_of

WIDTH_M, AREA_M2, LANE_M = 15.0, 1000.0, 3.0
X, Y = 153_900.0, 472_300.0
TOLERANCE_M2 = 0.1
"""What METHOD 0 leaves to rounding; two ways to the same core differ by a thousandth of it at most."""

WIDTHS_M, GAPS_M = st.sampled_from([1.0, 6.0, 11.0, 16.0, 25.0, 40.0]), st.sampled_from([0.0, 0.0, 1.0, 4.0, 9.5])
SIDES = st.lists(st.tuples(WIDTHS_M, GAPS_M), min_size=2, max_size=5)
CORNERS = st.sampled_from([0.0, 0.0, 2.5, -3.0])


@st.composite
def plots(draw: st.DrawFn) -> GeometryArray:
    """Plots of a street plan, skewed; some are left out, so that gaps of many widths and meeting corners remain."""
    (x0, x1), (y0, y1) = (_edges(draw(SIDES)) for _ in range(2))
    skew, shapes = np.array([draw(CORNERS), draw(CORNERS)]) / 40.0, []
    for i, j in np.ndindex(len(x0), len(y0)):
        if draw(st.integers(0, 5)):
            corners = np.array([(x0[i], y0[j]), (x1[i], y0[j]), (x1[i], y1[j]), (x0[i], y1[j])])
            shapes.append(shapely.Polygon(corners + corners[:, ::-1] * skew + np.array([X, Y])))
    return np.array(shapes, dtype=object)


def _edges(sides: list[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    width, gap = np.array(sides).T
    begin = np.cumsum(width + gap) - width - gap
    return begin, begin + width


def all_that_hangs_together(i: int, near: Neighbours) -> tuple[int, ...]:
    """What METHOD 0 names as the land of a piece, but for what no gap bridges to."""
    found, waiting = {i}, [i]
    while waiting:
        here = waiting.pop()
        new = set(near.near[near.starts[here] : near.starts[here + 1]].tolist()) - found
        found |= new
        waiting += new
    return tuple(sorted(found))


def opened(i: int, land: tuple[int, ...], pieces: GeometryArray) -> tuple[shapely.Geometry, set[int]]:
    """The core part of a piece, and the pieces that share a component of core with it."""
    of_land: GeometryArray = pieces[list(land)]
    core = find_core(of_land, min_width_m=WIDTH_M, min_area_m2=AREA_M2)
    parts = CoreParts(of_land, core)
    mine = land.index(i)
    return parts.part(mine), {land[k] for k in np.flatnonzero(parts.sharing(mine)).tolist()}


@given(plots())
def test_a_core_depends_on_its_own_body_of_land_and_those_beside_it(pieces: GeometryArray) -> None:
    near = find_neighbours(pieces, gap_m=gap_bridged_m(WIDTH_M))
    parcel: IntArray = np.arange(len(pieces))
    for i in range(len(pieces)):
        land, whole = land_of(i, parcel, near, lambda _: True), all_that_hangs_together(i, near)
        assert set(land) <= set(whole)
        event("cut down" if len(land) < len(whole) else "whole")
        (part, mates), (expected, expected_mates) = (opened(i, one, pieces) for one in (land, whole))
        assert shapely.area(shapely.symmetric_difference(part, expected)) <= TOLERANCE_M2
        assert mates == expected_mates


@given(st.lists(plots().filter(len), min_size=1, max_size=4))
def test_lands_opened_together_are_as_each_alone(lands: list[GeometryArray]) -> None:
    counts, figures = [len(land) for land in lands], {"min_width_m": WIDTH_M, "min_area_m2": AREA_M2}
    of_land = np.repeat(np.arange(len(lands)), counts)
    cores = find_cores(np.concatenate(lands), of_land, len(lands), **figures)
    together = [CoreParts(land, core) for land, core in zip(lands, cores, strict=True)]
    CoreParts.ask([(parts, i) for parts, n in zip(together, counts, strict=True) for i in range(n)])
    for land, parts in zip(lands, together, strict=True):
        alone = CoreParts(land, find_core(land, **figures))
        assert shapely.to_wkb(alone.components).tolist() == shapely.to_wkb(parts.components).tolist()
        for i in range(len(land)):
            assert shapely.to_wkb(alone.part(i)) == shapely.to_wkb(parts.part(i))
            assert alone.sharing(i).tolist() == parts.sharing(i).tolist()


@given(plots())
def test_a_part_is_what_an_overlay_cuts_whether_it_is_cut_or_not(pieces: GeometryArray) -> None:
    """Where the area that the edges give tells it, nothing is cut: a piece is whole, or a component lies on it."""
    parts = CoreParts(pieces, find_core(pieces, min_width_m=WIDTH_M, min_area_m2=AREA_M2))
    noise = GRID_M * shapely.length(pieces)
    cuts = shapely.intersection(pieces[:, None], parts.components[None, :])
    lies = shapely.area(cuts) > noise[:, None]
    for i, piece in enumerate(pieces):
        is_whole = shapely.area(piece) - shapely.area(cuts[i]).sum() <= noise[i]
        event("whole" if is_whole else "cut" if lies[i].any() else "none")
        assert parts.on(i).tolist() == np.flatnonzero(lies[i]).tolist()
        assert (parts.part(i) is piece) == is_whole
        assert abs(shapely.area(parts.part(i)) - shapely.area(cuts[i][lies[i]]).sum()) <= noise[i]
        assert parts.sharing(i).tolist() == (lies & lies[i]).any(axis=1).tolist()


@given(st.floats(0.0, 3.1), st.floats(20.0, 40.0), st.permutations(range(3)))
def test_a_corner_on_the_edge_of_a_neighbour_leaves_no_slit(turn: float, corner: float, order: list[int]) -> None:
    """Three plots of 14 m deep make a field of 60 x 28 m: one above, two below it that meet along its edge."""
    plots = [shapely.box(0, 0, 60, 14), shapely.box(0, -14, corner, 0), shapely.box(corner, -14, 60, 0)]
    turned = [shapely.affinity.rotate(plot, turn, origin=(0, 0), use_radians=True) for plot in plots]
    pieces = np.array([shapely.affinity.translate(turned[i], X, Y) for i in order], dtype=object)
    components = find_core(pieces, min_width_m=WIDTH_M, min_area_m2=AREA_M2).components
    assert len(components) == 1
    assert abs(float(shapely.area(components[0])) - 60.0 * 28.0) < TOLERANCE_M2


@given(st.floats(0.0, 359.0), st.floats(0.5, 2.9))
def test_a_lane_is_told_from_the_entrance_that_was_sought_where_lanes_begin(turn: float, wide_m: float) -> None:
    """A field behind a drive that narrows towards the road: the way in begins where the first lane fits, to a hair.

    Kept to the hair, half of such lanes were lost: homes were counted behind what no lane was told to cross.
    """
    field, drive = shapely.box(-40, 40, 40, 120), shapely.Polygon([(-4, 40), (4, 40), (wide_m / 2, 0), (0, -9)])
    road = shapely.LineString([(-30, -20), (30, -20)])
    piece, core, street = (_turned(one, turn) for one in (shapely.union(field, drive), field, road))
    lanes = lanes_to_core(piece, core, lane_m=LANE_M)
    part = part_with_lanes(piece, lanes, lane_m=LANE_M)
    entrance = shapely.Point(shapely.get_coordinates(shapely.shortest_line(part, street))[0])
    assert begins_lane(piece, lanes, entrance, lane_m=LANE_M)
    room = shapely.buffer(core, -WIDTH_M / 2)
    assert approach_to(piece, room, entrance, lane_m=LANE_M) is not None


def _turned(shape: shapely.Geometry, turn: float) -> shapely.Geometry:
    """Return a shape as it lies somewhere in the country."""
    return shapely.affinity.translate(shapely.affinity.rotate(shape, turn, origin=(0, 0)), X, Y)
