"""Which parcels other rules change: where other land is left, what has some of it in its land, and what borrows."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.arrays import lists
from flexsites.config.base import Label
from flexsites.config.rules import Effect, Inside
from flexsites.exclusion.changed import Changed, changed_parcels
from flexsites.tables import CRS, Frame, Pieces, empty
from flexsites.worlds.plain import plain_pieces, plot

NEAR_M, GAP_M = 85.0, 10.6
SIDE_M = 50.0


def _rule(effect: Effect, rule_id: str = "flood") -> Inside:
    return Inside(
        rule_id=rule_id, kind="inside", label=Label(nl="a", en="a"), effect=effect, layer="flood", source="a test"
    )


def _row(places_m: list[float], labels: list[tuple[str, ...]]) -> tuple[Frame, Frame]:
    """Return parcels in a row, each one face with its labels."""
    shapes = [shapely.box(x, 0, x + SIDE_M, SIDE_M) for x in places_m]
    ids = [f"p{i}" for i in range(len(shapes))]
    parcels = gpd.GeoDataFrame({"site_id": ids}, geometry=shapes, crs=CRS)
    area = shapely.area(shapes)
    faces = gpd.GeoDataFrame(
        {"site_id": ids, "rules": lists(labels, len(labels)), "face_area_m2": area}, geometry=shapes, crs=CRS
    )
    return parcels, faces


def _changed(parcels: Frame, faces: Frame, before: Effect, after: Effect, pieces: Frame | None = None) -> Changed:
    none, taken = np.zeros(len(parcels), dtype=bool), _rule("exclude", "other")
    return changed_parcels(
        parcels, faces, empty(Pieces) if pieces is None else pieces, is_cut=none, near_m=NEAR_M, gap_m=GAP_M,
        before=(_rule(before), taken), after=(_rule(after), taken),
    )  # fmt: skip


def test_what_touches_changed_land_and_what_its_core_may_bridge_to_changes_and_no_farther() -> None:
    """The second touches the first, the third lies 10 m from the second; the fourth is another gap away."""
    parcels, faces = _row([0, 50, 110, 170], [("flood",), (), (), ()])
    assert _changed(parcels, faces, "flag", "exclude").pieces.tolist() == [True, True, True, False]


def test_land_beyond_what_a_core_bridges_is_as_it_was() -> None:
    parcels, faces = _row([0, 61], [("flood",), ()])
    assert _changed(parcels, faces, "flag", "exclude").pieces.tolist() == [True, False]


def test_it_hangs_together_over_parcels_with_land_left_only() -> None:
    """The second parcel is covered by a rule that takes it before and after: no piece of it leads to the third."""
    parcels, faces = _row([0, 50, 100], [("flood",), ("other",), ()])
    assert _changed(parcels, faces, "flag", "exclude").pieces.tolist() == [True, False, False]


def test_it_hangs_together_over_near_parcels_only() -> None:
    """The fourth touches the third, and is 100 m from the first: no piece there is of its land."""
    parcels, faces = _row([0, 50, 100, 150], [("flood",), (), (), ()])
    assert _changed(parcels, faces, "flag", "exclude").pieces.tolist() == [True, True, True, False]


@pytest.mark.parametrize(("before", "after"), [("flag", "restrict"), ("restrict", "exclude")])
def test_a_reading_without_consent_counts_too(before: Effect, after: Effect) -> None:
    parcels, faces = _row([0, 50], [("flood",), ()])
    assert _changed(parcels, faces, before, after).pieces.tolist() == [True, True]


def test_land_that_another_rule_takes_anyway_is_gone_for_another_reason_and_that_is_all() -> None:
    parcels, faces = _row([0, 50], [("flood", "other"), ()])
    found = _changed(parcels, faces, "flag", "exclude")
    assert found.pieces.tolist() == [False, False]
    assert found.reasons.tolist() == [True, False]


def test_a_piece_that_borrows_its_way_in_is_asked_again_when_the_lender_may_be_another() -> None:
    """The third is no part of the changed land; its core is that of the second, which is."""
    parcels, faces = _row([0, 50, 130], [("flood",), (), ()])
    pieces = plain_pieces(
        *(plot(x) for x in (0, 50, 130)), piece_id=["p0#1", "p1#1", "p2#1"],
        site_id=["p0", "p1", "p2"], core_mates=lists([(), ("p2#1",), ("p1#1",)], 3),
        has_borrowed_entrance=[False, False, True],
    )  # fmt: skip
    assert _changed(parcels, faces, "flag", "exclude", pieces).pieces.tolist() == [True, True, True]
    enters = pieces.assign(has_borrowed_entrance=False)
    assert _changed(parcels, faces, "flag", "exclude", enters).pieces.tolist() == [True, True, False]


def test_a_piece_that_names_one_of_the_changed_land_is_made_again_however_far_it_lies() -> None:
    """The third is no part of the changed land, and enters by itself; the first, of which it tells, is gone."""
    parcels, faces = _row([0, 50, 130], [("flood",), (), ()])
    pieces = plain_pieces(
        *(plot(x) for x in (0, 50, 130)), piece_id=["p0#1", "p1#1", "p2#1"],
        site_id=["p0", "p1", "p2"], core_mates=lists([("p2#1",), (), ("p0#1",)], 3),
    )  # fmt: skip
    assert _changed(parcels, faces, "flag", "exclude", pieces).pieces.tolist() == [True, True, True]
