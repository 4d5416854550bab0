"""What a reading of figures answers, counted on arrays: for a gemeente first, and then for the whole run.

Tables are what a run writes; who moves a slider sees counts. They are the same numbers, in a fraction of the time: a
test holds them equal to the totals of `Questions.answer`, and those to a fresh run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexsites.answer import Answer, answer, figures_of, sizes_of
from flexsites.capacity.kernels.arrangement import order_of, seeds_of
from flexsites.capacity.kernels.counts import common_programme
from flexsites.config.estimates import ESTIMATES
from flexsites.config.readings import Reading
from flexsites.finished.grounds import Grounds, Standing
from flexsites.geometry.cluster_sizes import Sizes, per_cluster
from flexsites.reporting.summaries.sums import amounts_of, exact
from flexsites.suitability.kernels import criteria as c

__all__ = ["ANY", "NO_ROW", "SPANNING", "Counted", "count"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Truth = npt.NDArray[np.int8]

ANY = "suitable"
"""What stands for all flexmilieus together, as in the totals."""

NO_ROW = np.int8(-2)
"""Of a parcel none of whose pieces counts: whom it serves is not judged."""

SPANNING = ("available", ANY, "suitable_demanding")


@dataclass(frozen=True, slots=True)
class Counted:
    """A reading, counted on some grounds.

    Attributes
    ----------
    grounds
        What was counted on.
    truth
        By flexmilieu and for ``suitable`` (any) and ``suitable_demanding``, of each parcel whether it is served: yes,
        no, unknown or not judged, shape (s,).
    common
        Homes of the common programme of each parcel in whole parts of 1e-8, shape (3, s).
    clusters
        By flexmilieu and consent the parcel that each cluster starts from, and its homes, shapes (k,) and (3, k);
        empty where clusters were not placed.
    room
        By flexmilieu what the suitable available locations take, low, expected, high, consent given; empty where
        locations are not known.
    precedence
        The flexmilieus in the order in which the first that suits a parcel is named.
    """

    grounds: Grounds
    truth: Mapping[str, Truth]
    common: Ints
    clusters: Mapping[tuple[str, str], tuple[Ints, Ints]]
    room: Mapping[str, tuple[int, ...]]
    precedence: tuple[str, ...]

    def totals(self, gemeente: str | None = None) -> dict[str, dict[str, float | None]]:
        """Return the totals by population, of the run or of a gemeente in it; none: it is not told of that one."""
        whole = np.ones(len(self.grounds.site_id), dtype=bool)
        inside = whole if gemeente is None else self.grounds.gemeente == gemeente
        return {name: self._of(name, inside) for name in ("available", *self.truth)}

    def suiting(self, name: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """Return the ids of the available parcels that are known to suit a flexmilieu (or any), and that may."""
        ids, available, truth = self.grounds.site_id, self.grounds.is_available, self.truth[name]
        return ids[available & (truth == c.YES)], ids[available & (truth == c.UNKNOWN)]

    def first(self, gemeente: str | None = None) -> dict[str, int]:
        """Return of how many parcels each flexmilieu is the first, in order, that is known to suit them: a label."""
        whole = np.ones(len(self.grounds.site_id), dtype=bool)
        is_open = whole if gemeente is None else self.grounds.gemeente == gemeente
        found = {}
        for name in self.precedence:
            mine = is_open & (self.truth[name] == c.YES)
            found[name], is_open = int(mine.sum()), is_open & ~mine
        return found

    def _of(self, name: str, inside: Bools) -> dict[str, float | None]:
        """Return the totals of a population: what spans flexmilieus in common homes, one of them in spread supply."""
        yes, unknown = self._population(name)
        here, lies = yes & inside, self.grounds.pairs
        found: dict[str, float | None] = {
            "n_sites": float(here.sum()),
            "n_locations": None if lies is None else float(len(np.unique(lies[1, here[lies[0]]]))),
            "n_sites_unknown": float((unknown & inside).sum()),
        }
        homes = amounts_of(self.common[:, here].sum(axis=1)) if name in SPANNING else (None,) * len(ESTIMATES)
        told = {"n_common": homes} | {
            column: self._spread(name, consent, inside)
            for column, consent in (("n_spread", "without"), ("n_spread_consent", "with"))
        }
        for column, three in told.items():
            for estimate, one in zip(ESTIMATES, three, strict=True):
                found[f"{column}_{estimate}"] = None if one is None else float(one)
        return found

    def _spread(self, name: str, consent: str, inside: Bools) -> Sequence[float | None]:
        """Return the homes of the clusters that start inside; none where clusters were not placed."""
        if (name, consent) not in self.clusters:
            return (None,) * len(ESTIMATES)
        site, homes = self.clusters[name, consent]
        return tuple(float(one) for one in homes[:, inside[site]].sum(axis=1))

    def _population(self, name: str) -> tuple[Bools, Bools]:
        """Return which parcels belong, and of which that is unknown."""
        grounds = self.grounds
        if name == "available":
            return grounds.is_available, grounds.is_unknown
        truth = self.truth[name]
        yes = grounds.is_available & (truth == c.YES)
        return yes, ~yes & (truth != c.NO) & ~grounds.is_excluded


def count(grounds: Grounds, reading: Reading, *, undemanding: frozenset[str]) -> Counted:
    """Count a reading of figures.

    Laws: the totals equal those of the tables of the same reading; those of a gemeente (without clusters, which look
    over its border) equal those of the whole in it.
    """
    found, sizes = answer(grounds.kernel, figures_of(reading, grounds.kernel.measures)), sizes_of(reading)
    per_ha = reading.counting.common_homes_per_ha
    homes = common_programme(grounds.programme_area_m2, [per_ha.at(one) for one in ("low", reading.estimate, "high")])
    truth = {name: _of_parcels(grounds, judged.truth) for name, judged in found.judged.items()}
    demanding = [one for name, one in truth.items() if name not in undemanding]
    return Counted(
        grounds,
        {ANY: _any_of(grounds, list(truth.values())), SPANNING[2]: _any_of(grounds, demanding)} | truth,
        exact(homes),
        {
            (name, consent): _clusters(standing, found, name, sizes[name], grounds.site)
            for name in truth
            for consent, standing in grounds.standing.items()
        },
        {} if grounds.pairs is None else {name: _room(grounds, found, name) for name in truth},
        reading.counting.first_of(tuple(truth)),
    )


def _of_parcels(grounds: Grounds, truth: Truth) -> Truth:
    """Return of each parcel the best of its pieces that count: yes, unknown, no, or not judged."""
    best = np.full(len(grounds.site_id), NO_ROW, dtype=np.int8)
    site, told = grounds.site[grounds.counts], truth[grounds.counts]
    for value in (c.NO, c.UNKNOWN, c.YES):
        best[site[told == value]] = value
    return best


def _any_of(grounds: Grounds, truths: Sequence[Truth]) -> Truth:
    """Return whether any flexmilieu is served: what has no piece that counts is a no, unless it may have one."""
    found = np.where(grounds.may_have_a_piece, c.UNKNOWN, c.NO).astype(np.int8)
    for value in (c.UNKNOWN, c.YES):
        for one in truths:
            found[one == value] = value
    return found


def _room(grounds: Grounds, found: Answer, name: str) -> tuple[int, ...]:
    """Return what suitable available locations take together: each the room of all its pieces."""
    truth, rooms = found.judged[name].truth[grounds.located], found.homes[name].room[:, grounds.located]
    suits = np.zeros(len(grounds.location_is_available), dtype=bool)
    suits[grounds.location[truth == c.YES]] = True
    chosen = (suits & grounds.location_is_available)[grounds.location]
    return tuple(int(one) for one in rooms[:, chosen].sum(axis=1))


def _clusters(standing: Standing, found: Answer, name: str, size: Sizes, site: Ints) -> tuple[Ints, Ints]:
    """Return the parcel that each cluster starts from, and its homes."""
    truth, score = (getattr(found.judged[name], one)[standing.piece] for one in ("truth", "score"))
    homes, near = found.homes[name], standing.near
    rooms, formed = homes.room[:, standing.piece], np.ascontiguousarray(homes.formed[standing.piece])
    is_open = (truth == c.YES) & (formed >= 1)
    chosen = np.flatnonzero(is_open)
    thousandths = np.where(np.isnan(score), -1.0, np.rint(np.nan_to_num(score) * 1000.0)).astype(np.int64)
    order = chosen[order_of(standing.needs_consent[chosen], thousandths[chosen], formed[chosen])]
    seed_of = seeds_of(order, is_open, formed, near.starts, near.near, near.is_same, size.formed_from)
    taken = seed_of >= 0
    seeds, number = np.unique(seed_of[taken], return_inverse=True)
    sums = np.stack([np.bincount(number, one[taken], minlength=len(seeds)) for one in rooms]).astype(np.int64)
    return site[standing.piece[seeds]], per_cluster(sums, size.minimum, size.maximum)
