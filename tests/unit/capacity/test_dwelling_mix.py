"""Homes of one and of several modules in one programme."""

import numpy as np
import pytest

from flexsites.capacity.kernels.dwelling_mix import homes_in_modules, modules_of_homes

MIXES = [(0.0, 1), (1.0, 1), (0.2, 2), (0.3, 2), (0.5, 2), (1 / 3, 3), (0.07, 3)]


@pytest.mark.parametrize(("share", "n_wide"), MIXES)
def test_homes_are_the_most_that_modules_hold(share: float, n_wide: int) -> None:
    n_modules = np.arange(400)
    every = np.arange(401)
    taken = modules_of_homes(every, share, n_wide)
    by_search = np.array([every[taken <= n].max() for n in n_modules])
    np.testing.assert_array_equal(homes_in_modules(n_modules, share, n_wide), by_search)


@pytest.mark.parametrize(("share", "n_wide"), MIXES)
def test_every_wide_home_finds_its_modules_side_by_side(share: float, n_wide: int) -> None:
    """Whatever the runs of rows, as long as none is shorter than the wide home."""
    rng = np.random.default_rng(3)
    for _ in range(300):
        runs = rng.integers(n_wide, 2 * n_wide + 1, size=rng.integers(1, 12))
        homes = int(homes_in_modules(np.array([runs.sum()]), share, n_wide)[0])
        n_wide_homes = (modules_of_homes(np.array([homes]), share, n_wide)[0] - homes) // max(1, n_wide - 1)
        assert n_wide_homes <= (runs // n_wide).sum()
