"""How many storeys a roof may carry, and how many homes fit on them: the arithmetic of topping up.

Every array is one value per building, in floats, because evidence can be missing: NaN is unknown and stays unknown
through every kernel here. Nothing is clamped and nothing is guessed.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "flat_share",
    "roof_dwellings",
    "roof_extra_area",
    "storeys_by_load",
    "storeys_by_year",
    "storeys_from_height",
]

Floats = NDArray[np.float64]

# A product such as 0.12 * 5 * 10 / 2 is a hair below the whole number that the rule means.
_FLOOR_SLACK = 1e-9


def _floor(values: Floats) -> Floats:
    """Return the floor of each value, a whole number that binary fractions missed by a hair counted as whole."""
    floored: Floats = np.floor(values + _FLOOR_SLACK * np.maximum(1.0, np.abs(values)))
    return floored


def flat_share(flat_area_m2: Floats, sloped_area_m2: Floats) -> Floats:
    """Return the share of a roof that is flat, flat / (flat + sloped).

    The roof *type* is not used: a roof typed horizontal may have no flat square metre at all. [R: Stec 2023, 3DBAG]

    Parameters
    ----------
    flat_area_m2, sloped_area_m2
        Areas of flat and of sloped roof in m2, shape (n,). NaN is unknown.

    Returns
    -------
        Shares in [0, 1], shape (n,); NaN where either area is unknown or the roof has no area.

    Examples
    --------
    >>> flat_share(np.array([75.0, 0.0, 0.0]), np.array([25.0, 40.0, 0.0])).tolist()
    [0.75, 0.0, nan]
    """
    whole = flat_area_m2 + sloped_area_m2
    share = np.full(whole.shape, np.nan)
    np.divide(flat_area_m2, whole, out=share, where=whole > 0)
    return share


def storeys_by_year(year_built: Floats, year_from: Floats, n_storeys: Floats) -> Floats:
    """Return the storeys a building may gain by its building year alone [R: Stec 2023].

    Parameters
    ----------
    year_built
        Building years, shape (n,). NaN is unknown.
    year_from
        Ascending years from which the step holds (inclusive), shape (k,).
    n_storeys
        Storeys to add from that year on, shape (k,).

    Returns
    -------
        Storeys, shape (n,): 0 before the first step, NaN where the year is unknown.

    Examples
    --------
    >>> years = np.array([1964.0, 1965.0, 1991.0, 1992.0, np.nan])
    >>> storeys_by_year(years, np.array([1965.0, 1992.0]), np.array([1.0, 2.0])).tolist()
    [0.0, 1.0, 1.0, 2.0, nan]
    """
    steps = np.concatenate([np.zeros(1), n_storeys])
    # searchsorted puts NaN behind the last step: the newest buildings' storeys, which is why unknown is put back.
    storeys: Floats = steps[np.searchsorted(year_from, year_built, side="right")]
    return np.where(np.isnan(year_built), np.nan, storeys)


def storeys_by_load(
    n_storeys_existing: Floats, *, extra_share: float, existing_kn_m2: float, light_kn_m2: float, n_storeys_max: float
) -> Floats:
    """Return the light storeys that the spare bearing capacity carries, in whole storeys [O, load share; A, weights].

    ``min(most, floor(extra_share * existing storeys * existing weight / light weight))``; never falls as storeys are
    added below. A share of a tall block's weight is several storeys of light building, but what the ground, the joints
    and the stability against wind bear does not grow with it: beyond the most, only a structural report can tell.

    Parameters
    ----------
    n_storeys_existing
        Storeys of the building as it stands, shape (n,). NaN is unknown.
    extra_share
        Weight the building may gain as a share of its own, 0.10-0.12 for post-war blocks.
    existing_kn_m2, light_kn_m2
        Weight of an existing and of a light new storey, kN per m2 of floor.
    n_storeys_max
        The most that is added without a structural report. [METHOD 7]

    Returns
    -------
        Storeys, shape (n,), NaN where the existing storeys are unknown.

    Examples
    --------
    >>> four = np.array([4.0, np.nan])
    >>> storeys_by_load(four, extra_share=0.10, existing_kn_m2=10.0, light_kn_m2=2.5, n_storeys_max=2.0).tolist()
    [1.0, nan]
    >>> storeys_by_load(np.array([8.0]), extra_share=0.12, existing_kn_m2=10.0, light_kn_m2=2.0, n_storeys_max=2.0)
    array([2.])
    """
    return np.minimum(n_storeys_max, _floor(extra_share * n_storeys_existing * existing_kn_m2 / light_kn_m2))


def storeys_from_height(building_height_m: Floats, *, storey_height_m: float) -> Floats:
    """Return the number of storeys that a height above ground holds, rounded, at least one [A].

    Parameters
    ----------
    building_height_m
        Height of the roof above the ground in m, shape (n,). NaN is unknown.
    storey_height_m
        Height of one existing storey in m.

    Returns
    -------
        Storeys, shape (n,), NaN where the height is unknown.

    Examples
    --------
    >>> storeys_from_height(np.array([12.5, 11.2, 2.0, np.nan]), storey_height_m=2.8).tolist()
    [4.0, 4.0, 1.0, nan]
    """
    return np.maximum(1.0, _floor(building_height_m / storey_height_m + 0.5))


def roof_dwellings(n_storeys_added: Floats, usable_area_m2: Floats, *, form_factor: float, unit_m2: float) -> Floats:
    """Return the homes that fit by area, ``floor(storeys * usable roof * form factor / m2 per unit)`` [R].

    Parameters
    ----------
    n_storeys_added
        Storeys added, shape (n,). NaN is unknown.
    usable_area_m2
        Usable roof in m2, shape (n,). NaN is unknown.
    form_factor
        Usable floor area as a share of gross floor area (0.78 for multi-family).
    unit_m2
        Usable floor area of one home in m2.

    Returns
    -------
        Homes, shape (n,): 0 where no storey can be added whatever the roof; NaN where the answer is unknown.

    Examples
    --------
    >>> storeys, roof = np.array([1.0, 2.0, 0.0, 1.0]), np.array([300.0, 300.0, np.nan, np.nan])
    >>> roof_dwellings(storeys, roof, form_factor=0.78, unit_m2=50.0).tolist()
    [4.0, 9.0, 0.0, nan]
    """
    homes = _floor(n_storeys_added * usable_area_m2 * form_factor / unit_m2)
    return np.where(n_storeys_added == 0, 0.0, homes)


def roof_extra_area(n_storeys_added: Floats, usable_area_m2: Floats, *, form_factor: float) -> Floats:
    """Return the usable floor area in m2 that the new storeys give, ``storeys * usable roof * form factor``.

    Parameters
    ----------
    n_storeys_added
        Storeys added, shape (n,). NaN is unknown.
    usable_area_m2
        Usable roof in m2, shape (n,). NaN is unknown.
    form_factor
        Usable floor area as a share of gross floor area.

    Returns
    -------
        Areas in m2, shape (n,): 0 where no storey can be added; NaN where the answer is unknown.

    Examples
    --------
    >>> roof_extra_area(np.array([1.0, 0.0]), np.array([300.0, np.nan]), form_factor=0.78).tolist()
    [234.0, 0.0]
    """
    area: Floats = np.where(n_storeys_added == 0, 0.0, n_storeys_added * usable_area_m2 * form_factor)
    return area
