"""The density route: homes from area alone, with PBL's figures.

[R: PBL RuimteScanner] Dwellings per net hectare are FSI x 10,000 x vormfactor / m2, where the vormfactor is the share
of the gross floor area that is usable and m2 is usable floor area per home; the gross density is the net one divided
by 1.13, because a gross hectare also holds streets and green.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["dwellings_by_density", "dwellings_per_ha_gross", "dwellings_per_ha_net", "gross_floor_area_per_dwelling"]

Floats = NDArray[np.float64]

M2_PER_HA = 10_000.0


def gross_floor_area_per_dwelling(shares: Floats, usable_floor_area_m2: Floats, vormfactor: Floats) -> float:
    """Return the gross floor area that the average home of a mix takes.

    Parameters
    ----------
    shares
        Share of each dwelling type in the number of homes, shape (n,); they sum to 1.
    usable_floor_area_m2
        Usable floor area per home in m2, shape (n,).
    vormfactor
        Usable floor area per gross floor area, shape (n,), above 0.

    Returns
    -------
        Gross floor area in m2 per home: the mean of usable area / vormfactor.

    Examples
    --------
    >>> gross_floor_area_per_dwelling(np.array([0.5, 0.5]), np.array([20.0, 40.0]), np.array([0.8, 0.8]))
    37.5
    """
    return float(np.sum(shares * usable_floor_area_m2 / vormfactor))


def dwellings_per_ha_net(fsi: float, gross_floor_area_m2: float) -> float:
    """Return homes per net hectare, FSI x 10,000 / gross floor area per home.

    Parameters
    ----------
    fsi
        Floor space index: gross floor area per net site area.
    gross_floor_area_m2
        Gross floor area per home in m2: usable area / vormfactor.

    Returns
    -------
        Homes per hectare; proportional to the FSI.

    Examples
    --------
    PBL's own check values: 75 m2 at FSI 1.50, and tiny houses of 25 m2 at FSI 0.05.

    >>> round(dwellings_per_ha_net(1.50, 75 / 0.78))
    156
    >>> round(dwellings_per_ha_net(0.05, 25 / 0.76))
    15
    """
    return fsi * M2_PER_HA / gross_floor_area_m2


def dwellings_per_ha_gross(per_ha_net: float, gross_net_factor: float) -> float:
    """Return homes per gross hectare: those per net hectare divided by the gross-net factor.

    Examples
    --------
    >>> dwellings_per_ha_gross(100.0, 1.25)
    80.0
    """
    return per_ha_net / gross_net_factor


def dwellings_by_density(area_m2: Floats, per_ha_gross: float) -> Floats:
    """Return the homes that a density puts on areas, not rounded.

    A piece of land is a gross area: it must hold its own lanes and parking. [A]

    Parameters
    ----------
    area_m2
        Areas in m2, shape (n,).
    per_ha_gross
        Homes per gross hectare.

    Returns
    -------
        Homes, shape (n,); proportional to area, blind to shape.

    Examples
    --------
    >>> dwellings_by_density(np.array([10_000.0, 2_500.0]), 30.0).tolist()
    [30.0, 7.5]
    """
    return area_m2 * (per_ha_gross / M2_PER_HA)
