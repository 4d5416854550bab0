"""The density route against PBL's own check values."""

import numpy as np
import pytest

from flexsites.capacity.kernels.density import (
    dwellings_by_density,
    dwellings_per_ha_gross,
    dwellings_per_ha_net,
    gross_floor_area_per_dwelling,
)


@pytest.mark.parametrize(
    ("fsi", "usable_m2", "vormfactor", "per_ha"),
    [(1.50, 75.0, 0.78, 156), (0.05, 25.0, 0.76, 15)],
    ids=["multi-family", "tiny houses"],
)
def test_check_values_of_the_source(fsi: float, usable_m2: float, vormfactor: float, per_ha: int) -> None:
    assert round(dwellings_per_ha_net(fsi, usable_m2 / vormfactor)) == per_ha


def test_gross_is_net_divided_by_the_factor() -> None:
    assert dwellings_per_ha_gross(156.0, 1.13) == pytest.approx(138.05, abs=0.005)


def test_a_mix_takes_the_mean_floor_area_not_the_mean_density() -> None:
    """Half studios of 25 m2 and half homes of 50 m2: a home takes 37.5 m2, so 8,000 m2 of usable area holds 213."""
    gross_m2 = gross_floor_area_per_dwelling(np.array([0.5, 0.5]), np.array([25.0, 50.0]), np.array([0.8, 0.8]))
    assert dwellings_per_ha_net(1.0, gross_m2) == pytest.approx(8_000 / 37.5)


def test_homes_follow_area_only() -> None:
    homes = dwellings_by_density(np.array([0.0, 2_500.0, 5_000.0]), 30.0)
    assert homes.tolist() == [0.0, 7.5, 15.0]
