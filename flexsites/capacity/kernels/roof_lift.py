"""Whether the homes on a roof need a lift: heights of their front doors above the main entrance."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["access_height", "is_lift_uncertain", "lift_need", "storeys_without_lift"]

Floats = NDArray[np.float64]

# Heights come from sums of decimals: 11.2 + 1.3 is a hair above 12.5. Far below any survey's precision.
_HEIGHT_SLACK_M = 1e-6


def access_height(
    roof_above_entrance_m: Floats, nth_storey: int, *, build_up_m: float, storey_height_m: float
) -> Floats:
    """Return how high the front door on the n-th new storey lies above the main entrance, in m [O, Bouwbesluit 4.4].

    ``roof above the entrance + roof build-up + (n - 1) * storey height``.

    Parameters
    ----------
    roof_above_entrance_m
        Height of the existing roof above the main entrance in m, shape (n,). NaN is unknown.
    nth_storey
        1 for the first new storey.
    build_up_m
        Height of the layers between the old roof and the new floor.
    storey_height_m
        Height of one new storey.

    Returns
    -------
        Heights in m, shape (n,); NaN where the roof's height is unknown.

    Examples
    --------
    >>> access_height(np.array([4 * 2.8 + 1.3, 4 * 2.8]), 1, build_up_m=0.3, storey_height_m=3.0).round(6).tolist()
    [12.8, 11.5]
    """
    return roof_above_entrance_m + build_up_m + (nth_storey - 1) * storey_height_m


def lift_need(access_height_m: Floats, *, limit_m: float) -> Floats:
    """Return 1 where the door lies above the limit, 0 where it does not, NaN where its height is unknown.

    The law says *more than* the limit: a door exactly at the limit needs no lift. [Bouwbesluit 4.4]

    Parameters
    ----------
    access_height_m
        Heights of front doors above the main entrance in m, shape (n,).
    limit_m
        The height above which a lift is required, 12.5.

    Returns
    -------
        1.0, 0.0 or NaN, shape (n,).

    Examples
    --------
    >>> lift_need(np.array([12.8, 11.5, 12.5, np.nan]), limit_m=12.5).tolist()
    [1.0, 0.0, 0.0, nan]
    """
    return np.where(np.isnan(access_height_m), np.nan, (access_height_m > limit_m + _HEIGHT_SLACK_M).astype(np.float64))


def is_lift_uncertain(access_height_m: Floats, *, limit_m: float, margin_m: float) -> Floats:
    """Return 1 where the door lies within the margin of the limit, so that measuring decides; NaN where unknown.

    Parameters
    ----------
    access_height_m
        Heights of front doors above the main entrance in m, shape (n,).
    limit_m
        The height above which a lift is required.
    margin_m
        Half the width of the band in which the height's own error decides (inclusive).

    Returns
    -------
        1.0, 0.0 or NaN, shape (n,).

    Examples
    --------
    >>> is_lift_uncertain(np.array([12.8, 11.5, 13.0, 13.1, np.nan]), limit_m=12.5, margin_m=0.5).tolist()
    [1.0, 0.0, 1.0, 0.0, nan]
    """
    near = (np.abs(access_height_m - limit_m) <= margin_m + _HEIGHT_SLACK_M).astype(np.float64)
    return np.where(np.isnan(access_height_m), np.nan, near)


def storeys_without_lift(
    roof_above_entrance_m: Floats, *, limit_m: float, build_up_m: float, storey_height_m: float
) -> Floats:
    """Return how many new storeys have their front doors at or below the limit.

    Falls (weakly) as the building is higher, rises as the limit does.

    Parameters
    ----------
    roof_above_entrance_m
        Height of the existing roof above the main entrance in m, shape (n,). NaN is unknown.
    limit_m
        The height above which a lift is required.
    build_up_m, storey_height_m
        As in `access_height`.

    Returns
    -------
        Whole storeys >= 0, shape (n,); NaN where the roof's height is unknown.

    Examples
    --------
    >>> roofs = np.array([12.5, 11.2, 9.0, np.nan])
    >>> storeys_without_lift(roofs, limit_m=12.5, build_up_m=0.3, storey_height_m=3.0).tolist()
    [0.0, 1.0, 2.0, nan]
    """
    room = (
        limit_m
        + _HEIGHT_SLACK_M
        - access_height(roof_above_entrance_m, 1, build_up_m=build_up_m, storey_height_m=storey_height_m)
    )
    return np.maximum(0.0, np.floor(room / storey_height_m) + 1.0)
