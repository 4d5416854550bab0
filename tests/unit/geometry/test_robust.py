"""Overlays that are wrong without an error."""

import numpy as np
import pytest
import shapely
from shapely import affinity

from flexsites.capacity.kernels.roof_surfaces import erode_roofs
from flexsites.geometry.robust import split

ROOF = affinity.rotate(shapely.box(0, 0, 37, 8).difference(shapely.box(38, 2, 41, 5)), 38.5)


def test_shapes_that_all_but_coincide_are_not_told_to_share_nothing() -> None:
    """GEOS finds two points in common, and all cut off: the areas add up, and both are wrong."""
    opened = ROOF.buffer(-1.17, join_style="mitre").buffer(1.17, join_style="mitre")
    limit = ROOF.buffer(0.0, join_style="mitre")
    assert shapely.intersection(opened, limit).area == 0.0, "GEOS mended it: another case is needed"
    inside, outside, _ = split(np.array([opened]), np.array([limit]))
    assert (inside[0].area, outside[0].area) == (pytest.approx(296.0), pytest.approx(0.0, abs=1e-4))


def test_a_roof_that_is_opened_to_itself_is_all_usable() -> None:
    assert erode_roofs(np.array([ROOF]), setback_m=0.0, slender_m=2.34)[0].area == pytest.approx(296.0)
