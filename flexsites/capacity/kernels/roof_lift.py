"""Whether the homes on a roof need a lift: heights of their front doors above the main entrance."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["access_height", "is_lift_uncertain", "lift_band", "lift_need", "storeys_without_lift"]

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


def lift_band(*, limit_m: float, margin_m: float) -> tuple[float, float]:
    """Return the lowest and the highest front door, both included, of which measuring decides whether it needs a lift.

    Below the lowest a door surely needs none, above the highest it surely needs one. [METHOD 7: within 0.5 m]

    Parameters
    ----------
    limit_m
        The height above which a lift is required.
    margin_m
        How far from the limit the height's own error still decides (inclusive). At 0 only a door at the limit does.

    Examples
    --------
    >>> [round(edge, 3) for edge in lift_band(limit_m=12.5, margin_m=0.5)]
    [12.0, 13.0]
    """
    return limit_m - margin_m - _HEIGHT_SLACK_M, limit_m + margin_m + _HEIGHT_SLACK_M


def is_lift_uncertain(access_height_m: Floats, *, limit_m: float, margin_m: float) -> Floats:
    """Return 1 where the door lies in the band about the limit, so that measuring decides; NaN where unknown.

    Parameters
    ----------
    access_height_m
        Heights of front doors above the main entrance in m, shape (n,).
    limit_m, margin_m
        As in `lift_band`.

    Returns
    -------
        1.0, 0.0 or NaN, shape (n,).

    Examples
    --------
    >>> is_lift_uncertain(np.array([11.9, 12.0, 13.0, 13.1, np.nan]), limit_m=12.5, margin_m=0.5).tolist()
    [0.0, 1.0, 1.0, 0.0, nan]
    """
    lowest, highest = lift_band(limit_m=limit_m, margin_m=margin_m)
    near = ((access_height_m >= lowest) & (access_height_m <= highest)).astype(np.float64)
    return np.where(np.isnan(access_height_m), np.nan, near)


def storeys_without_lift(
    first_access_m: Floats, *, limit_m: float, margin_m: float, storey_height_m: float
) -> tuple[Floats, Floats, Floats]:
    """Return how many new storeys have front doors that need no lift: surely, by the figure, and perhaps.

    Surely: below the band in which measuring decides. By the figure: at or below the limit. Perhaps: not above the
    band. So the first door is uncertain just where none is sure and one is possible. Each falls (weakly) as the
    building is higher and rises as the limit does, and they ascend.

    Parameters
    ----------
    first_access_m
        Height of the front door on the first new storey above the main entrance in m, shape (n,). NaN is unknown.
    limit_m, margin_m
        As in `lift_band`.
    storey_height_m
        As in `access_height`.

    Returns
    -------
        Three times whole storeys >= 0, shape (n,); NaN where the height is unknown.

    Examples
    --------
    >>> first = np.array([13.1, 12.8, 12.0, 11.9, 9.0, np.nan])
    >>> [one.tolist() for one in storeys_without_lift(first, limit_m=12.5, margin_m=0.5, storey_height_m=3.0)]
    [[0.0, 0.0, 0.0, 1.0, 1.0, nan], [0.0, 0.0, 1.0, 1.0, 2.0, nan], [0.0, 1.0, 1.0, 1.0, 2.0, nan]]
    """
    lowest, highest = lift_band(limit_m=limit_m, margin_m=margin_m)
    below = np.ceil((lowest - first_access_m) / storey_height_m) + 0.0  # so that none is not minus none
    within = (
        np.floor((edge - first_access_m) / storey_height_m) + 1.0 for edge in (limit_m + _HEIGHT_SLACK_M, highest)
    )
    low, expected, high = (np.maximum(0.0, storeys) for storeys in (below, *within))
    return low, expected, high
