"""No home hangs on how an overlay leaves the corners of land: off by its rounding, and more of them on a straight edge.

Which corners it leaves hangs on every rule that cuts faces, those of variants too.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import event, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import affinity

from flexsites.capacity.homes import count_layouts
from flexsites.capacity.kernels.layout import count_modules
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.geometry.ways import Lane
from tests.conftest import examples
from tests.piece_shapes import (
    ALL,
    CORNER,
    all_programmes,
    cut_otherwise,
    dwelling_types,
    lane_from,
    layout_standard,
    named_shapes,
    pieces_table,
    transit_table,
)
from tests.property.layouts import LAYOUTS, PIECES, SHARES, entered, entrance_at

WHOLE_M = st.integers(12, 120)
NOISES_M = st.sampled_from([0.0, 1e-9, 1e-8])
SEEDS = st.integers(0, 1_000_000)
EVEN = st.builds(
    lambda layout, setback, spacing, fine: layout._replace(setback_m=setback, row_spacing_m=spacing, fine_step_m=fine),
    LAYOUTS, st.integers(1, 6), st.integers(4, 12), st.sampled_from([0.5, 1.0, 2.0]),
)  # fmt: skip
"""Figures in whole metres: on land of whole metres much just fits."""


@st.composite
def even_land(draw: st.DrawFn) -> shapely.Polygon:
    """Land of whole metres, along the axes or turned: a box, one with a notch, one with a hole, or three in a row."""
    width, depth, turn = draw(WHOLE_M), draw(WHOLE_M), draw(st.sampled_from([0.0, 0.0, 30.0, 90.0, 12.3]))
    box, kind = shapely.box(0, 0, width, depth), draw(st.sampled_from(["box", "notch", "hole", "comb"]))
    event(kind)
    if kind == "notch":
        box = shapely.difference(box, shapely.box(width // 2, depth // 2, width, depth))
    if kind == "hole":
        box = shapely.difference(box, shapely.box(width // 3, depth // 3, 2 * width // 3, 2 * depth // 3))
    if kind == "comb":
        teeth = [shapely.box(x, 0, x + width, depth + 9) for x in (0, 2 * width, 4 * width)]
        box = shapely.union_all([shapely.box(0, 0, 5 * width, 9), *teeth])
    return affinity.translate(affinity.rotate(box, turn, origin=(0, 0)), *CORNER)


def counted(
    piece: shapely.Geometry, entrance: NDArray[np.float64], layouts: list[Layout], approach: Lane | None
) -> list[int]:
    asked, approaches = np.full((1, len(layouts)), ALL), np.array([approach], dtype=object)
    entrances, pieces = entrance[None, :], np.array([piece], dtype=object)
    return count_modules(pieces, entrances, layouts, asked, n_turns=4, n_spines=3, approaches=approaches)[0].tolist()


@examples(200)
@given(
    entered() | st.builds(lambda piece, along: (piece, entrance_at(piece, along)), even_land(), SHARES)
    | st.builds(lambda piece, _: (piece, np.full(2, np.nan)), PIECES | even_land(), st.none()),
    LAYOUTS | EVEN, NOISES_M, SEEDS,
)  # fmt: skip
def test_land_cut_otherwise_holds_the_same(
    piece_and_entrance: tuple[shapely.Polygon, NDArray[np.float64]], layout: Layout, noise_m: float, seed: int
) -> None:
    piece, entrance = piece_and_entrance
    approach = None if np.isnan(entrance).any() else lane_from(piece, entrance)
    layouts = [layout, layout._replace(n_storeys=1, parking_norm=0.0)]
    found = counted(piece, entrance, layouts, approach)
    event("homes" if any(found) else "none")
    assert counted(cut_otherwise(piece, seed, noise_m), entrance, layouts, approach) == found


@pytest.mark.parametrize("seed", range(3))
def test_land_cut_otherwise_holds_the_same_at_all_estimates(seed: int) -> None:
    """Low, expected and high, of all flexmilieus of the package."""
    shapes = list(named_shapes().values())
    figures = {"programmes": all_programmes(), "dwelling_types": dwelling_types(), "layout": layout_standard()}
    found = []
    for land in (shapes, [cut_otherwise(shape, seed) for shape in shapes]):
        pieces = pieces_table(land)
        pieces["core_area_m2"] = shapely.area(np.array(shapes))
        found.append(count_layouts(pieces, transit_table(pieces), **figures))
    assert found[0]["n_modules_expected"].sum() > 1_000
    assert found[1].to_numpy().tolist() == found[0].to_numpy().tolist()
