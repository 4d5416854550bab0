"""Corners that do not bend, and what has no width."""

import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.geometry.corners import SAME_M, without_idle_corners
from tests.piece_shapes import cut_otherwise, named_shapes


def plain(shape: shapely.Geometry) -> shapely.Geometry:
    found: shapely.Geometry = without_idle_corners(np.array([shape], dtype=object))[0]
    return found


@pytest.mark.parametrize("name", sorted(named_shapes()))
@pytest.mark.parametrize("seed", range(5))
def test_what_bends_stays_and_nothing_else(name: str, seed: int) -> None:
    shape = named_shapes()[name]
    assert plain(shape) is shape
    found = plain(cut_otherwise(shape, seed))
    assert shapely.get_num_coordinates(found) == shapely.get_num_coordinates(shape)
    assert shapely.hausdorff_distance(found, shape) < 2e-9


def test_a_fine_arc_moves_by_no_more_than_what_is_the_same() -> None:
    """None of its corners lies off the line of those beside it, and they are not dropped together."""
    disc = shapely.Point(150_000.0, 450_000.0).buffer(0.5, quad_segs=2_000)
    found = plain(disc)
    assert 500 < shapely.get_num_coordinates(found) < shapely.get_num_coordinates(disc) / 2
    assert shapely.hausdorff_distance(found, disc) <= SAME_M * 1.001


def test_holes_and_parts_without_width_go() -> None:
    field, barb = shapely.box(0, 0, 90, 60), shapely.box(10, 10, 40, 10 + SAME_M / 2)
    sliver = affinity.translate(barb, 200, 0)
    hole = shapely.box(50, 20, 60, 30)
    found = plain(shapely.MultiPolygon([shapely.difference(field, shapely.union_all([barb, hole])), sliver]))
    assert found.geom_type == "Polygon"
    assert [len(ring.coords) for ring in found.interiors] == [5]
    assert plain(sliver) is sliver


def test_nothing_and_no_shapes_stay() -> None:
    assert plain(shapely.Polygon()).is_empty
    assert len(without_idle_corners(np.array([], dtype=object))) == 0
