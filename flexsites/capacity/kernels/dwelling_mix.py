"""From modules to homes: a mix in which one kind of home may take more than one module.

Of u homes, floor(share x u) are of the wide kind, so a mix never holds more wide homes than its share. Runs of modules
are at least as long as the wide home, so at least one in every 2 n - 1 modules starts such a home, and every wide
home finds its n modules side by side as long as its share is at most 1 / n (checked in the configuration).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["homes_in_modules", "modules_of_homes"]

Ints = NDArray[np.int64]

_WHOLE = 1e-9


def modules_of_homes(n_homes: Ints, wide_share: float, n_wide: int) -> Ints:
    """Return the modules that homes of a mix take.

    Parameters
    ----------
    n_homes
        Homes, any shape.
    wide_share
        Share of homes of the wide kind, in [0, 1].
    n_wide
        Modules that a wide home takes; others take one.

    Returns
    -------
        Modules; strictly rising with the homes.

    Examples
    --------
    >>> modules_of_homes(np.array([4, 5, 10]), 0.2, 2).tolist()
    [4, 6, 12]
    """
    wide = np.floor(wide_share * n_homes + _WHOLE).astype(np.int64)
    return np.asarray(n_homes + (n_wide - 1) * wide)


def homes_in_modules(n_modules: Ints, wide_share: float, n_wide: int) -> Ints:
    """Return the most homes of a mix that modules hold.

    Parameters
    ----------
    n_modules
        Modules, any shape.
    wide_share, n_wide
        As for `modules_of_homes`.

    Returns
    -------
        The most homes u with modules_of_homes(u) <= n_modules; never falls when modules rise.

    Examples
    --------
    >>> homes_in_modules(np.array([4, 5, 6, 12]), 0.2, 2).tolist()
    [4, 4, 5, 10]
    """
    homes = np.floor(n_modules / (1.0 + (n_wide - 1) * wide_share)).astype(np.int64)
    homes = np.asarray(np.where(modules_of_homes(homes, wide_share, n_wide) > n_modules, homes - 1, homes))
    for _ in range(n_wide):
        homes = np.where(modules_of_homes(homes + 1, wide_share, n_wide) <= n_modules, homes + 1, homes)
    return homes
