"""The draws themselves: every answer of a run at figures drawn together, and what is kept of it (METHOD 9).

One flexmilieu after the other, draw by draw: what is held is one number per draw and location, never a table per draw.
Nothing is intersected, routed or laid out in a draw.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.capacity.kernels.arrangement import arranged_homes, order_of
from flexsites.capacity.kernels.counts import common_programme, room
from flexsites.capacity.kernels.density import dwellings_by_density
from flexsites.capacity.kernels.dwelling_mix import homes_in_modules
from flexsites.certainty.figures import Moved
from flexsites.certainty.kernels.judged import judged, mark_sites, served_locations
from flexsites.finished.grounds import Standing
from flexsites.suitability.kernels import criteria as c
from flexsites.suitability.kernels.judgement import Measured

__all__ = ["CONSENTS", "Drawn", "Ground", "chances", "draw_all"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CONSENTS = ("without", "with")
TOP = 10


@dataclass(frozen=True, slots=True)
class Ground:
    """What draws read of the n valid pieces of a finished run.

    Attributes
    ----------
    core_area_m2
        Shape (n,).
    modules, mix
        By flexmilieu the modules of layouts, shape (3, n), and (share of wide homes, modules each takes).
    measured
        Shape (measures, n).
    placed
        By consent ("without", "with"), the pieces of available parcels.
    located, location, part
        Positions of the pieces that lie in a location, by location and part of it; the location and part of each,
        numbered from 0 without gaps, shape (m,). A part is a location at gap 0: what one place is.
    verdict
        Of each location, 0 is best, shape (l,).
    site
        Per flexmilieu-independent piece that counts for its parcel, its parcel; -1 counts for none; shape (n,).
    n_sites
        How many parcels there are.
    common_area_m2
        By verdict ("eligible", "conditional") the area of the common programme.
    """

    core_area_m2: Floats
    modules: Mapping[str, Ints]
    mix: Mapping[str, tuple[float, int]]
    measured: Measured
    placed: Mapping[str, Standing]
    located: Ints
    location: Ints
    part: Ints
    verdict: Ints
    site: Ints
    n_sites: int
    common_area_m2: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One flexmilieu over all draws.

    Attributes
    ----------
    is_suitable, is_unknown, homes, rank
        Of each location, shape (draws, l): whether it is known to suit, whether that is unknown, the homes that one
        place there holds (0 where it is not known to suit), and its rank (0: none).
    suits_site, may_suit_site
        Which parcels are known to suit, and which may or do, shape (draws, sites).
    spread
        Homes of spread supply by consent, shape (draws,).
    """

    is_suitable: Bools
    is_unknown: Bools
    homes: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int32]
    suits_site: Bools
    may_suit_site: Bools
    spread: Mapping[str, Ints]


def chances(n_draws: int, n_groups: int, *, seed: int) -> Floats:
    """Return what each group draws, shape (draws, groups): a Latin hypercube, the same for the same seed.

    Examples
    --------
    >>> drawn = chances(4, 2, seed=1)
    >>> np.sort(np.floor(drawn * 4), axis=0).tolist()
    [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    """
    from scipy.stats import qmc  # noqa: PLC0415 - dear to import, and every process of a run would

    return np.asarray(qmc.LatinHypercube(d=n_groups, rng=np.random.default_rng(seed)).random(n_draws))


def common_homes(ground: Ground, homes_per_ha: Floats) -> dict[str, Floats]:
    """Return the common programme by verdict in every draw."""
    return {
        name: common_programme(np.array([area]), homes_per_ha.tolist())[:, 0]
        for name, area in ground.common_area_m2.items()
    }


def draw_all(ground: Ground, name: str, moved: Moved) -> Drawn:
    """Answer one flexmilieu in every draw.

    Laws: the same whatever the number of draws beside it; a draw at the expected figures equals the run.
    """
    n, n_locations = len(moved.level), len(ground.verdict)
    of_locations, of_sites = (n, n_locations), (n, ground.n_sites)
    found = Drawn(
        is_suitable=np.zeros(of_locations, dtype=bool),
        is_unknown=np.zeros(of_locations, dtype=bool),
        homes=np.zeros(of_locations, dtype=np.int32),
        rank=np.zeros(of_locations, dtype=np.int32),
        suits_site=np.zeros(of_sites, dtype=bool),
        may_suit_site=np.zeros(of_sites, dtype=bool),
        spread={consent: np.zeros(n, dtype=np.int64) for consent in ground.placed},
    )
    wide_share, n_wide = ground.mix[name]
    laid = homes_in_modules(ground.modules[name], wide_share, n_wide)

    def one(d: int) -> None:
        _draw(ground, moved, d, laid, found)

    # Compiled kernels let other threads run, and no draw reads what another wrote.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(n)))
    return found


def _draw(ground: Ground, moved: Moved, d: int, laid: Ints, found: Drawn) -> None:
    """Answer one draw, and write it in its row."""
    truth, score = judged(ground.measured, moved.asked[d])
    by_density = dwellings_by_density(ground.core_area_m2, float(moved.homes_per_ha[d]))
    rooms = room(by_density, laid[moved.level[d]])
    size = (float(moved.minimum[d]), float(moved.maximum[d]))
    mark_sites(truth, ground.site, found.suits_site[d], found.may_suit_site[d])
    here = ground.located
    suits, may, found.homes[d], found.rank[d] = served_locations(
        truth[here], score[here], rooms[here], ground.location, ground.part, ground.verdict, *size
    )
    found.is_suitable[d], found.is_unknown[d] = suits, may & ~suits
    for consent, placed in ground.placed.items():
        found.spread[consent][d] = _spread(placed, truth == c.YES, score, rooms, size)


def _spread(placed: Standing, met: Bools, score: Ints, rooms: Ints, size: tuple[float, float]) -> int:
    """Return the homes of spread supply."""
    here, near = placed.piece, placed.near
    rooms = rooms[here]
    is_open = met[here] & (rooms >= 1)
    candidates = np.flatnonzero(is_open)
    order = candidates[order_of(placed.needs_consent[candidates], score[here[candidates]], rooms[candidates])]
    return int(arranged_homes(order, is_open, rooms, near.starts, near.near, near.is_same, *size))
