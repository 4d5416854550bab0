"""Which parcels other rules change: what they cover, and what has land within two steps of land that changes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from flexsites.arrays import lists
from flexsites.config.base import Label
from flexsites.config.rules import Effect, Inside
from flexsites.exclusion.changed import changed_parcels
from flexsites.tables import CRS, Frame

NEAR_M = 85.0
SIDE_M = 50.0


def _rule(effect: Effect) -> Inside:
    return Inside(
        rule_id="flood", kind="inside", label=Label(nl="a", en="a"), effect=effect, layer="flood", source="a test"
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


def _changed(parcels: Frame, faces: Frame, before: Effect, after: Effect) -> list[bool]:
    none = np.zeros(len(parcels), dtype=bool)
    found = changed_parcels(
        parcels, faces, before=(_rule(before),), after=(_rule(after),), is_cut=none, near_m=NEAR_M
    )  # fmt: skip
    return [bool(one) for one in found]


def test_land_within_two_steps_of_changed_land_changes_and_no_farther() -> None:
    """Parcels 60 m apart: the first is covered; the second and third are a step and two away, the fourth is not."""
    parcels, faces = _row([0, 110, 220, 330], [("flood",), (), (), ()])
    assert _changed(parcels, faces, "flag", "exclude") == [True, True, True, False]


def test_a_step_leads_over_parcels_with_land_left_only() -> None:
    """The second parcel is covered by a rule that takes it before and after: no piece of it bears on the third."""
    parcels, faces = _row([0, 110, 220], [("flood",), ("other",), ()])
    rules = (_rule("exclude"), _rule("exclude").model_copy(update={"rule_id": "other"}))
    before = (_rule("flag"), rules[1])
    none = np.zeros(3, dtype=bool)
    found = changed_parcels(parcels, faces, before=before, after=rules, is_cut=none, near_m=NEAR_M)
    assert found.tolist() == [True, False, False]


@pytest.mark.parametrize(("before", "after"), [("flag", "restrict"), ("restrict", "exclude")])
def test_a_reading_without_consent_counts_too(before: Effect, after: Effect) -> None:
    parcels, faces = _row([0, 110], [("flood",), ()])
    assert _changed(parcels, faces, before, after) == [True, True]


def test_what_only_cites_otherwise_changes_what_it_covers_alone() -> None:
    parcels, faces = _row([0, 110], [("flood",), ()])
    none = np.zeros(2, dtype=bool)
    after = (_rule("exclude").model_copy(update={"why": "another source"}),)
    found = changed_parcels(parcels, faces, before=(_rule("exclude"),), after=after, is_cut=none, near_m=NEAR_M)
    assert found.tolist() == [True, False]
