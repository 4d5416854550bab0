"""Which pieces are one location: touching or near, and a barrier that lies between them, all of it or in part."""

import numpy as np
import pytest
import shapely

from flexsites.exclusion.kernels.locations import link_shapes
from flexsites.geometry.groups import group_labels

LEFT, RIGHT = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
CORNER, BEYOND = shapely.box(10, 10, 20, 20), shapely.box(13, 0, 20, 10)


def group_pieces(pieces, barriers, *, gap_m, touch_m):
    links = link_shapes(pieces, barriers, gap_m=gap_m, touch_m=touch_m)
    return group_labels(len(pieces), *links)


def line(*points):
    return shapely.LineString(points)


@pytest.mark.parametrize(
    ("other", "barriers", "is_one"),
    [
        (RIGHT, [], True),
        (CORNER, [], True),  # at no distance of each other, if only in a point
        (CORNER, [line((0, 20), (20, 0))], False),
        (RIGHT, [line((10, -5), (10, 15))], False),  # a motorway drawn on the boundary
        (RIGHT, [line((10.0005, -5), (10.0005, 15))], False),  # and half a millimetre beside it
        (RIGHT, [line((10, -5), (10, 5))], True),  # half of the edge is open
        (RIGHT, [line((10, -5), (10, 5)), line((10, 5), (10, 15))], False),
        (RIGHT, [line((5, 5), (15, 5))], True),  # it crosses the edge, and goes through both pieces
        (RIGHT, [line((12, -5), (12, 15))], True),  # it lies in the piece, not between the two
        (RIGHT, [shapely.box(9, -5, 11, 15)], False),  # water over the edge
        (BEYOND, [], False),  # no gap is allowed
    ],
)
def test_pieces_that_touch(other, barriers, is_one):
    for pieces in ([LEFT, other], [other, LEFT]):
        found = group_pieces(np.array(pieces), np.array(barriers, dtype=object), gap_m=0.0, touch_m=0.001)
        assert found.tolist() == ([0, 0] if is_one else [0, 1])


@pytest.mark.parametrize(
    ("barriers", "is_one"),
    [
        ([], True),
        ([line((11, -9), (11, 19))], False),
        ([line((11, -9), (11, 2))], True),  # wherever the open part lies
        ([line((11, 8), (11, 19))], True),
        ([line((11, 3), (11, 6))], True),
        ([line((11, -9), (11, 6)), line((12, 4), (12, 19))], True),  # a way between two that overlap
        ([line((11, -9), (11, 5)), line((11, 5), (11, 19))], False),
        ([shapely.box(10.5, -9, 12, 19)], False),
    ],
)
def test_pieces_within_a_gap(barriers, is_one):
    for pieces in ([LEFT, BEYOND], [BEYOND, LEFT]):
        found = group_pieces(np.array(pieces), np.array(barriers, dtype=object), gap_m=5.0, touch_m=0.001)
        assert found.tolist() == ([0, 0] if is_one else [0, 1])


def test_corners_at_just_the_gap_are_one():
    pieces = np.array([LEFT, shapely.box(13, 14, 20, 20)])
    barrier = np.array([line((0, 12), (5, 12))])
    assert group_pieces(pieces, barrier, gap_m=5.0, touch_m=0.001).tolist() == [0, 0]
