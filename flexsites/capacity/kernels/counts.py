"""The counts of homes: what land takes, what one place holds, and the common programme. Source: METHOD 0, "Homes".

Estimates stand along the first axis: low, expected, high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flexsites.capacity.kernels.density import dwellings_by_density
from flexsites.capacity.kernels.dwelling_mix import homes_in_modules
from flexsites.geometry.cluster_sizes import per_cluster

__all__ = ["Homes", "Places", "common_programme", "homes_on", "per_cluster", "room"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

M2_PER_HA = 10_000.0


@dataclass(frozen=True, slots=True)
class Places:
    """How homes of one flexmilieu are counted, low, expected, high.

    Attributes
    ----------
    homes_per_ha
        Per gross hectare.
    minimum, maximum
        The fewest and the most homes of one place.
    wide_share, n_wide
        The share of homes of the wide kind, and the modules each takes.
    """

    homes_per_ha: tuple[float, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    wide_share: float
    n_wide: int


@dataclass(frozen=True, slots=True)
class Homes:
    """Homes of one flexmilieu on n pieces, each of shape (3, n): low, expected, high.

    Attributes
    ----------
    by_density
        Not rounded.
    by_layout
        Counted up to what the top of the declared range of density asks.
    room
        What the land takes.
    per_cluster
        What one place would hold.
    top
        What the top of the range asks, shape (n,): a layout that reaches it is at least that.
    formed
        Room at the expected figures, shape (n,), whichever estimate is counted as the expected one: clusters are formed
        at these.
    """

    by_density: Floats
    by_layout: Ints
    room: Ints
    per_cluster: Ints
    top: Ints
    formed: Ints


def homes_on(core_area_m2: Floats, modules: Ints, places: Places, *, expected_at: int = 1) -> Homes:
    """Count the homes of one flexmilieu on pieces, on both routes.

    Parameters
    ----------
    core_area_m2
        Shape (n,).
    modules
        Modules of a layout per estimate, shape (3, n), counted at least up to what the top of the range asks.
    places
        Densities, sizes and the mix.
    expected_at
        Which estimate is counted as the expected one.

    Examples
    --------
    >>> places = Places((30, 60, 90), (5, 5, 5), (20, 20, 20), wide_share=0, n_wide=1)
    >>> found = homes_on(np.array([5_000.0]), np.array([[9], [40], [99]]), places)
    >>> found.by_layout.tolist(), found.room.tolist(), found.per_cluster.tolist()
    ([[9], [40], [45]], [[9], [30], [45]], [[9], [20], [20]])
    """
    by_density = np.stack([dwellings_by_density(core_area_m2, one) for one in places.homes_per_ha])
    top = np.floor(by_density[-1]).astype(np.int64)
    by_layout = np.minimum(homes_in_modules(modules, places.wide_share, places.n_wide), top)
    rooms = room(by_density, by_layout)
    clusters = per_cluster(rooms, places.minimum, places.maximum)
    rows = [0, expected_at, 2]
    return Homes(by_density[rows], by_layout[rows], rooms[rows], clusters[rows], top, rooms[1])


def room(by_density: Floats, by_layout: Ints) -> Ints:
    """Return the homes that land takes: floor(min(density, layout)), with no cap.

    Parameters
    ----------
    by_density
        Homes by density, not rounded, any shape.
    by_layout
        Homes of a layout, same shape; where it was counted up to what density asks, at least that.

    Returns
    -------
        Whole homes; never falls when either rises.

    Examples
    --------
    >>> room(np.array([4.9, 4.9]), np.array([7, 3])).tolist()
    [4, 3]
    """
    return np.minimum(np.floor(by_density).astype(np.int64), by_layout)


def common_programme(area_m2: Floats, homes_per_ha: Sequence[float]) -> Floats:
    """Return the common programme: homes of any kind on an area at a common density, not rounded, with no cap.

    Parameters
    ----------
    area_m2
        Core area, shape (n,).
    homes_per_ha
        Homes per gross hectare per estimate.

    Returns
    -------
        Homes, shape (estimates, n); proportional to the area, so that they may be added over land.

    Examples
    --------
    >>> common_programme(np.array([5_000.0]), [30, 60, 100]).tolist()
    [[15.0], [30.0], [50.0]]
    """
    return np.asarray(homes_per_ha, dtype=np.float64)[:, None] * np.asarray(area_m2, dtype=np.float64) / M2_PER_HA
