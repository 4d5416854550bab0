"""Which parcels may have pieces of some others in their land (METHOD 0), told from their shapes, nothing dissolved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.exclusion.kernels.cores import GRID_M
from flexsites.geometry.nearness import near_pairs

Links = list[list[int]]
"""What each is linked to, by position; itself among them."""


def reaching(near: tuple[IntArray, IntArray], left: GeometryArray, is_seed: BoolArray, *, gap_m: float) -> BoolArray:
    """Return which parcels may have a piece of a seed in the land of one of their own.

    The land of a piece is its own body of pieces that touch, and the bodies next to it, no farther than a core can
    bridge, over parcels that have a piece near it (:func:`~flexsites.exclusion.kernels.neighbours.land_of`). Here all
    pieces of a parcel count as one and a parcel is near as a whole: what is not found has no such land, what is may.

    Parameters
    ----------
    near
        The pairs of n parcels that bear on each other's pieces, the seeds among them
        (:func:`~flexsites.geometry.nearness.near_pairs`).
    left
        Shape (n,), what is left of each, overlapping or not.
    is_seed
        Shape (n,).
    gap_m
        The gap that a core can bridge.

    Returns
    -------
    BoolArray
        Shape (n,), the seeds among them.

    Examples
    --------
    >>> plots = np.array([shapely.box(x, 0, x + 20, 20) for x in (0, 20, 45, 65, 90)])
    >>> one = np.array([True, False, False, False, False])
    >>> near = near_pairs(plots, within_m=85.0)
    >>> reaching(near, plots, one, gap_m=10.6).tolist()
    [True, True, True, True, False]
    >>> reaching(near, plots, one, gap_m=4.0).tolist()
    [True, True, False, False, False]
    >>> reaching(near_pairs(plots, within_m=40.0), plots, one, gap_m=10.6).tolist()
    [True, True, True, False, False]
    """
    of_parcel, (one, other) = _links(len(left), *near), near_pairs(left, within_m=gap_m)
    meets = shapely.dwithin(left[one], left[other], 2.0 * GRID_M)
    bridged, touching = _links(len(left), one, other), _links(len(left), one[meets], other[meets])
    seeds = frozenset(np.flatnonzero(is_seed).tolist())
    found = is_seed.copy()
    for i in np.flatnonzero(~is_seed).tolist():
        may = frozenset(of_parcel[i])
        if not seeds.isdisjoint(may):
            body = _hanging_together([i], touching, may)
            beside = (there for here in body for there in bridged[here] if there in may)
            found[i] = not seeds.isdisjoint(_hanging_together([*body, *beside], touching, may))
    return found


def _hanging_together(begin: Iterable[int], links: Links, may: frozenset[int]) -> set[int]:
    """Return some with all that links lead to, over those that may be passed."""
    found = set(begin)
    waiting = list(found)
    while waiting:
        new = [there for there in links[waiting.pop()] if there in may and there not in found]
        found.update(new)
        waiting += new
    return found


def _links(n: int, one: IntArray, other: IntArray) -> Links:
    """Return what pairs link each of n with, both ways, itself among it."""
    links = [[i] for i in range(n)]
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        links[i].append(j)
        links[j].append(i)
    return links
