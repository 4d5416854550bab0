"""Shortcuts of the overlay: what they decide is what the robust predicates and overlays of GEOS decide."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from flexsites.exclusion.kernels.faces import Constraint, label_faces
from flexsites.geometry import clips, lattice, robust
from flexsites.geometry.clips import MARGIN_M, clip_near, clip_to_squares
from flexsites.geometry.nesting import APART, AROUND, INSIDE, OPEN, nest, read_rings
from flexsites.geometry.shared_area import shared_areas

COORDINATE = st.integers(0, 12)


@st.composite
def polygon(draw: st.DrawFn, step: float = 1.0) -> shapely.Geometry:
    """A polygon on small whole numbers, so that edges and corners often coincide; sometimes with holes or parts."""
    corners = draw(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=7, unique=True))
    made = shapely.make_valid(shapely.Polygon(np.array(corners) * step), method="structure", keep_collapsed=False)
    return made if made.area > 0 else shapely.box(0, 0, step, step)


@given(polygon(), polygon())
def test_what_is_decided_is_what_the_predicates_say(one: shapely.Geometry, other: shapely.Geometry) -> None:
    lies = nest(read_rings(np.array([one])), np.array([0]), read_rings(np.array([other])), np.array([0]))[0]
    assert lies != INSIDE or shapely.contains_properly(other, one)
    assert lies != AROUND or shapely.contains_properly(one, other)
    assert lies != APART or shapely.disjoint(one, other)


@given(polygon(), polygon())
def test_it_does_not_matter_which_of_two_is_asked_first(one: shapely.Geometry, other: shapely.Geometry) -> None:
    """The ring of fewer edges is held against the other one, whichever of the two it is."""
    rings = [read_rings(np.array([shape])) for shape in (one, other)]
    first = np.array([0])
    turned = {INSIDE: AROUND, AROUND: INSIDE, APART: APART, OPEN: OPEN}
    assert nest(rings[1], first, rings[0], first)[0] == turned[nest(rings[0], first, rings[1], first)[0]]


def test_plain_cases_are_decided_and_doubtful_ones_are_not() -> None:
    plot, house = shapely.box(0, 0, 10, 10), shapely.box(4, 4, 6, 6)
    ring, wall = plot.difference(shapely.box(1, 1, 9, 9)), shapely.box(0, 4, 2, 6)
    pairs = [(house, plot), (plot, house), (house, shapely.box(20, 0, 30, 10)), (wall, plot), (house, ring)]
    first, second = (read_rings(np.array(side, dtype=object)) for side in zip(*pairs, strict=True))
    every = np.arange(len(pairs))
    assert nest(first, every, second, every).tolist() == [INSIDE, AROUND, APART, OPEN, OPEN]


@given(polygon(), polygon(), st.sampled_from([0.0, 1e5]))
def test_what_is_shared_is_what_an_overlay_has(one: shapely.Geometry, other: shapely.Geometry, away: float) -> None:
    here = [shapely.transform(shape, lambda points: points * 0.7 + away) for shape in (one, other)]
    expected = shapely.intersection(*here, grid_size=1e-6).area
    assert shared_areas(*(np.array([shape]) for shape in here))[0] == pytest.approx(expected, abs=1e-4)


@given(polygon(step=3.0), st.tuples(COORDINATE, COORDINATE), st.integers(1, 9))
def test_a_clip_keeps_all_that_is_near(shape: shapely.Geometry, corner: tuple[int, int], size: int) -> None:
    bounds = np.array([[*corner, corner[0] + size, corner[1] + size]], dtype=float)
    near = clip_near(np.array([shape]), bounds)[0]
    plot = shapely.box(*bounds[0])
    assert near.intersection(plot).area == pytest.approx(shape.intersection(plot).area, abs=1e-9)
    wide = plot.buffer(MARGIN_M, join_style="mitre")
    assert near.intersection(wide).area == pytest.approx(shape.intersection(wide).area, abs=1e-6)
    assert shapely.is_valid(near)
    assert near.area <= shape.area + 1e-6


@given(polygon(step=25.0), st.sampled_from([25.0, 62.5, 100.0]))
def test_squares_hold_the_same_as_an_overlay(shape: shapely.Geometry, side: float) -> None:
    parts, owner, is_sound = clip_to_squares(np.array([shape]), np.array([side]))
    exact, _, _ = lattice._cut_by_overlay(np.array([shape]), np.array([side]))
    if is_sound[0]:
        one, other = (np.sort(areas[areas > robust.NOISE_M2]) for areas in (shapely.area(parts), shapely.area(exact)))
        assert np.allclose(one, other)
        assert (owner == 0).all()
    cut, _, _ = lattice.subdivide(np.array([shape]), max_vertices=4)
    assert shapely.area(cut).sum() == pytest.approx(shape.area)
    assert shapely.is_valid(cut).all()


def test_an_unsound_clip_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    shape, bounds = np.array([shapely.box(-100, 0, 100, 5)]), np.array([[0.0, 0.0, 10.0, 10.0]])
    monkeypatch.setattr(clips, "_unchecked", lambda _, *box: shapely.box(*box))
    assert clip_near(shape, bounds)[0] is shape[0]
    cut, owner, _ = lattice.subdivide(shape, max_vertices=2)
    assert shapely.area(cut).sum() == pytest.approx(1000.0)
    assert len(owner) == len(cut) > 1


@pytest.mark.parametrize("wrong", [shapely.box(0, 0, 1, 1), shapely.box(0, 0, 9, 9), shapely.Polygon()])
def test_a_union_of_an_impossible_area_is_done_again(monkeypatch: pytest.MonkeyPatch, wrong: shapely.Geometry) -> None:
    halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)])
    right = robust.union_by

    def one_wrong(*given: object) -> object:
        united = right(*given)
        united[0] = wrong
        return united

    monkeypatch.setattr(robust, "union_by", one_wrong)
    united, is_repaired = robust.unite(halves, np.array([0, 0, 1]), 2)
    assert shapely.area(united).tolist() == [2.0, 1.0]
    assert is_repaired.tolist() == [True, False]


def test_threads_that_share_constraints_find_the_same() -> None:
    """Cells are worked through side by side, and a constraint lies in several: nothing of it may be changed."""
    discs = np.array([shapely.Point(x, y).buffer(40, quad_segs=90) for x in range(0, 400, 30) for y in (0, 50)])
    plots = [np.array([shapely.box(x, y, x + 20, y + 20) for x in range(0, 400, 7)]) for y in range(-40, 90, 2)]

    def areas(block: np.ndarray) -> np.ndarray:
        return label_faces(block, [Constraint(0, discs)], 1).area_m2

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(areas, plots * 3))
    for i, found in enumerate(together):
        assert np.array_equal(found, together[i % len(plots)])
    assert sum(areas(block).sum() for block in plots) == pytest.approx(sum(found.sum() for found in together) / 3)
