"""Overlays that are wrong without an error, and those who ask them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels.roof_surfaces import erode_roofs, usable_roofs
from flexsites.exclusion.kernels.cores import find_core
from flexsites.exclusion.kernels.entrances import Barriers, Crossing
from flexsites.exclusion.kernels.lanes import begins_lane, crossing_to
from flexsites.geometry.holes import fill_thin_holes
from flexsites.geometry.robust import intersect, intersect_all, split, unite, unite_all, unite_each
from flexsites.geometry.shared_area import shared_areas

ROOF = affinity.rotate(shapely.box(0, 0, 37, 8).difference(shapely.box(38, 2, 41, 5)), 38.5)

NORTH = shapely.Polygon([(36, 21), (-6.8, 3.1), (6, 33)])
SOUTH = shapely.Polygon([(36, 21), (-6.8, 3.1000000000000005), (24, -9)])
"""Neighbours along an edge whose one end differs by the last digit: GEOS finds that one lies in the other."""

BOTH = np.array([NORTH, SOUTH])
BOTH_M2 = NORTH.area + SOUTH.area

HOLED = shapely.Polygon(
    [
        (131019.2105055262, 455026.20342938916),
        (130995.0490456401, 455043.9169069561),
        (130975.83854011391, 455017.71347756695),
        (131000, 455000),
    ],
    [
        [
            (130996.95913138062, 455022.37177093147),
            (130998.08991425949, 455021.54513602465),
            (130997.54137978789, 455021.94613054825),
        ]
    ],
)
HOUSE = shapely.Polygon(
    [
        (130995.3993595026, 455036.10054636124),
        (130989.60146328916, 455035.32132362213),
        (130993.2987211158, 455007.8114524682),
        (130999.09661732924, 455008.5906752073),
    ]
)
"""A house over a hole of 2e-12 m2, as overlays leave them, where the Netherlands lie: GEOS finds nothing shared."""


def test_shapes_that_all_but_coincide_are_not_told_to_share_nothing() -> None:
    """GEOS finds two points in common, and all cut off: the areas add up, and both are wrong."""
    opened = ROOF.buffer(-1.17, join_style="mitre").buffer(1.17, join_style="mitre")
    limit = ROOF.buffer(0.0, join_style="mitre")
    assert shapely.intersection(opened, limit).area == 0.0, "GEOS mended it: another case is needed"
    inside, outside, _ = split(np.array([opened]), np.array([limit]))
    assert (inside[0].area, outside[0].area) == (pytest.approx(296.0), pytest.approx(0.0, abs=1e-4))


def test_neighbours_are_not_told_to_share_all() -> None:
    assert shapely.intersection(NORTH, SOUTH).area > 500.0, "GEOS mended it: another case is needed"
    shared, is_repaired = intersect(np.array([NORTH]), np.array([SOUTH]))
    assert (shared[0].area, is_repaired.tolist()) == (pytest.approx(0.0, abs=1e-4), [True])
    inside, outside, _ = split(np.array([NORTH]), np.array([SOUTH]))
    assert (inside[0].area, outside[0].area) == (0.0, pytest.approx(NORTH.area))


@pytest.mark.parametrize(("other", "shares"), [(SOUTH, False), (shapely.box(-50, -50, 90, 90), True)])
def test_what_shares_nothing_or_all_is_not_cut(
    other: shapely.Polygon, *, shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of half the pairs of a parcel and a rule: they come out as they went in, and nothing was there to repair."""
    monkeypatch.setattr("flexsites.geometry.robust._pairwise", _not_of_any)
    inside, outside, is_repaired = split(np.array([NORTH]), np.array([other]))
    whole, none = (inside, outside) if shares else (outside, inside)
    assert whole[0] is NORTH
    assert none[0].is_empty
    assert not is_repaired.any()


def _not_of_any(_: object, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert not len(left) + len(right)
    return left, np.zeros(0, dtype=bool)


def test_a_hole_that_is_none_takes_nothing_away() -> None:
    assert shapely.intersection(HOLED, HOUSE).area == 0.0, "GEOS mended it: another case is needed"
    inside, outside, _ = split(np.array([HOUSE]), np.array([HOLED]))
    assert (inside[0].area, outside[0].area) == (pytest.approx(HOUSE.area, abs=1e-4), pytest.approx(0.0, abs=1e-4))


def test_a_union_keeps_all_its_members() -> None:
    assert shapely.union_all(BOTH).area < 540.0, "GEOS mended it: another case is needed"
    united, is_repaired = unite(BOTH, np.array([0, 0]), 1)
    assert (united[0].area, is_repaired.tolist()) == (pytest.approx(BOTH_M2, abs=1e-3), [True])
    assert unite_all(BOTH).area == pytest.approx(BOTH_M2, abs=1e-3)


@pytest.mark.parametrize("how", ["wrong", "given up"])
def test_groups_are_united_as_each_alone(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that GEOS gets wrong, or on which it gives up, changes no other; a group of one is overlaid as well."""
    ways = np.array([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1), shapely.box(3, 0, 9, 1)])
    groups = [BOTH, ways, ways[2:]]
    if how == "given up":
        union_all = shapely.union_all

        def fails(shapes: Any, **others: Any) -> Any:
            if BOTH[0] in np.ravel(shapes).tolist() and "grid_size" not in others:
                raise shapely.GEOSException
            return union_all(shapes, **others)

        monkeypatch.setattr(shapely, "union_all", fails)
    united = unite_each(np.concatenate(groups), np.repeat(np.arange(3), [len(group) for group in groups]), 4)
    assert shapely.to_wkb(united[:3]).tolist() == [shapely.to_wkb(unite_all(group)) for group in groups]
    assert shapely.area(united).tolist() == pytest.approx([BOTH_M2, 9.0, 6.0, 0.0], abs=1e-3)


@pytest.mark.parametrize(("n", "turn"), [(4, 54.4), (6, 17.6)])
def test_a_union_of_lanes_keeps_the_ground_beside_each(n: int, turn: float) -> None:
    """Turned, the edges of boxes coincide but for their last bits: GEOS leaves one of 25 m2 out."""
    boxes = [(shapely.box(0, y, 53, y + 3), shapely.box(10, y - 2.5, 20, y)) for y in 12.5 * np.arange(n)]
    lanes = np.array([affinity.rotate(one, turn, origin=(0, 0)) for pair in boxes for one in pair])
    assert shapely.union_all(lanes).area < 184.0 * n - 24.0, "GEOS mended it: another case is needed"
    assert unite_all(lanes).area == pytest.approx(184.0 * n)
    assert unite(lanes, np.zeros(2 * n, dtype=np.int64), 1)[0][0].area == pytest.approx(184.0 * n)


def _first_part(overlay: Callable[..., Any]) -> Callable[..., Any]:
    """Return an overlay that loses all but the first part of what comes out, unless it is asked on a grid."""

    def lossy(*shapes: object, grid_size: float | None = None, **others: object) -> Any:
        found = overlay(*shapes, grid_size=grid_size, **others)
        if grid_size is not None:
            return found
        first = np.vectorize(lambda shape: shapely.get_geometry(shape, 0), otypes=[object])(found)
        return first if first.ndim else first.item()

    return lossy


@pytest.mark.parametrize("n", [2, 3, 70])
def test_what_is_lost_in_part_is_found_too(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A point inside one part that is kept says nothing of another part: the area does."""
    houses = np.array([shapely.box(4 * i, 0, 4 * i + 2, 2) for i in range(n)])
    blocks = np.array([shapely.box(4 * i, 1, 4 * i + 2, 3) for i in range(n)])
    every, street = shapely.multipolygons(houses), shapely.box(0, 0, 4 * n, 2)
    for name in ("intersection", "union_all"):
        monkeypatch.setattr(shapely, name, _first_part(getattr(shapely, name)))
    assert shapely.intersection(every, street).area == 4.0
    assert intersect(np.array([every]), np.array([street]))[0][0].area == pytest.approx(4.0 * n)
    assert intersect_all([every, street, street]).area == pytest.approx(4.0 * n)
    assert unite_all(np.concatenate([houses, blocks])).area == pytest.approx(6.0 * n)
    assert unite(np.concatenate([houses, blocks]), np.zeros(2 * n, int), 1)[0][0].area == pytest.approx(6.0 * n)


def test_a_roof_that_is_opened_to_itself_is_all_usable() -> None:
    assert erode_roofs(np.array([ROOF]), setback_m=0.0, slender_m=2.34)[0].area == pytest.approx(296.0)


def test_a_roof_is_all_its_surfaces() -> None:
    figures = {"setback_m": 0.0, "slender_m": 0.2, "part_area_min_m2": 1.0}
    usable = usable_roofs(np.array([0, 0]), np.array([0, 0]), BOTH, 1, **figures)
    assert usable[0].area == pytest.approx(BOTH_M2, abs=1e-3)


def test_the_core_of_two_fields_lies_on_both() -> None:
    core = find_core(BOTH, min_width_m=6.0, min_area_m2=100.0)
    assert all(component.intersects(NORTH.centroid) for component in core.components)
    assert all(component.intersects(SOUTH.centroid) for component in core.components)


def test_a_lane_passes_from_field_to_field() -> None:
    at = crossing_to(NORTH, SOUTH, SOUTH.centroid, lane_m=3.0)
    assert at is not None
    assert at.distance(SOUTH) < 0.01


def test_an_edge_that_is_upright_but_for_the_last_digit_of_nothing_counts_as_upright() -> None:
    leaning = shapely.Polygon([(9, 0), (0, 0), (5e-324, 8.6), (9, 0.3)])
    above = shapely.Polygon([(0, 9), (9, 9), (9, 0), (0, 8)])
    assert shared_areas(np.array([leaning]), np.array([above])).tolist() == [pytest.approx(4.05)]


def test_a_line_over_a_hole_that_is_none_is_no_less_long() -> None:
    """The last few metres to a street lie on the piece, and the lane is told where it comes to it."""
    land = shapely.Polygon(
        [
            (131004.4137636781, 455017.4105136996),
            (130987.82400183, 455021.6162074279),
            (130983.4102381519, 455004.20569372835),
            (131000, 455000),
        ],
        [
            [
                (130994.98178976681, 455009.5005934976),
                (130992.8422120632, 455012.11561393033),
                (130994.31502327624, 455010.3155244037),
            ]
        ],
    )
    line = shapely.LineString([(130998.892, 455010.364), (130988.932, 455011.252)])
    assert shapely.length(shapely.intersection(line, land)) == 0.0, "GEOS mended it: another case is needed"
    lane, entrance = shapely.Point(line.coords[0]), shapely.Point(line.coords[1])
    assert begins_lane(land, lane.buffer(0.01), entrance, lane_m=9.0)
    river = Barriers(np.array([], dtype=object), np.array([land]), 2.0, 0.1)
    assert not Crossing(river).is_open(line)
    assert shapely.length(shapely.intersection(line, fill_thin_holes(land))) == pytest.approx(line.length)
    several = fill_thin_holes(
        shapely.multipolygons([land, shapely.box(0, 0, 9, 9), SOUTH.difference(SOUTH.buffer(-1))])
    )
    assert [len(part.interiors) for part in several.geoms] == [0, 0, 1]
