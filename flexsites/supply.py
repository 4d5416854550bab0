"""Homes over an area: what each location holds and its rank, and a possible arrangement of clusters (METHOD 0).

Both look beyond the cell, at what all cells left of their pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.arrays import lists
from flexsites.capacity.kernels.spread import Candidates, members_of, spread
from flexsites.config.estimates import ESTIMATES
from flexsites.geometry.cluster_sizes import Sizes, per_cluster
from flexsites.held import ROOM, UNKNOWN, YES, Held, Placed, location_of
from flexsites.suitability.kernels.ranks import better_before
from flexsites.tables import Clusters, Frame, LocationSuitability, concat, conform
from flexsites.tables.arrow import places_among
from flexsites.tables.contract import is_among
from flexsites.tables.counting import AVAILABLE

__all__ = ["clusters_in_turn", "ranks_of_sites", "serve_locations", "served_in_turn", "spread_supply"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_PER_CLUSTER = ("n_per_cluster_low", "n_per_cluster_expected", "n_per_cluster_high")
_FREE_ROOM, _FREE_PER_CLUSTER = (
    tuple(f"{stem}_without_consent_{one}" for one in ESTIMATES) for stem in ("n_room", "n_per_cluster")
)
_SPREAD = ("n_spread_low", "n_spread_expected", "n_spread_high")
BEST_FIRST = {"eligible": 0, "conditional": 1, "unknown": 2, "excluded": 3}

_LOCATIONS_AT_ONCE = 100_000
"""Of so many locations the answers are rows of a table at once: those of a country are six million."""


def serve_locations(
    held: Held,
    piece_locations: Frame,
    locations: Frame,
    *,
    names: Sequence[str],
    sizes: Mapping[str, Sizes],
    placed: Placed | None = None,
) -> Frame:
    """Say per location and flexmilieu whether it serves it, how well, its rank, its room and what one place holds.

    Parameters
    ----------
    held
        The valid pieces of the run.
    piece_locations, locations
        The location of each piece of the first reading, and what is told of locations.
    names, sizes
        The flexmilieus in the order of the rows, and the fewest and most homes of one place of each.
    placed
        What `location_of` gives with consent (true) and without, where it is known.

    Returns
    -------
        LocationSuitability. Yes if a piece is, unknown (null) if none is and one may be, else no. ``score`` is the best
        of the pieces that decide, ``site_id`` the parcel of the largest of these. Room is that of all its pieces
        together. Where locations reach over gaps, one place is a part without: no number of homes depends on the gap.
        Without consent both are of the pieces of the second reading that lie in it, as those of an eligible parcel are;
        null where the verdict of a parcel of it is unknown.
    """
    found = served_in_turn(held, piece_locations, locations, names=names, sizes=sizes, placed=placed)
    return concat(list(found), LocationSuitability)


def served_in_turn(
    held: Held,
    piece_locations: Frame,
    locations: Frame,
    *,
    names: Sequence[str],
    sizes: Mapping[str, Sizes],
    placed: Placed | None = None,
    at_once: int = _LOCATIONS_AT_ONCE,
) -> Iterator[Frame]:
    """Yield what `serve_locations` gives in the order of the key, of so many locations at once."""
    parts = location_of(held, with_consent=True) if placed is None else placed[True]
    row = parts["row"].to_numpy(dtype=np.int64)
    at = places_among(held.pieces["piece_id"].iloc[row], piece_locations["piece_id"])
    row, at, part = row[at >= 0], at[at >= 0], parts["location_id"].to_numpy(dtype=object)[at >= 0]
    if not len(row) or not names:
        return
    lies = _Lying.of(held, row, piece_locations["location_id"].to_numpy(dtype=object)[at], part, locations)
    in_order = sorted(range(len(names)), key=names.__getitem__)
    served = [_served(held, lies, i, sizes[names[i]]) for i in in_order]
    for first in range(0, len(lies.location_id), at_once):
        here = slice(first, first + at_once)
        # By location and then by flexmilieu, as the key is.
        found = {name: np.stack([one[name][here] for one in served], axis=1).ravel() for name in served[0]}
        ids = lies.location_id[here]
        rows = pd.DataFrame(
            {
                "location_id": np.repeat(ids, len(names)),
                "flexmilieu": np.tile(np.array([names[i] for i in in_order], dtype=object), len(ids)),
                "site_id": found["site_id"],
                "is_suitable": pd.arrays.BooleanArray(found["truth"] == YES, found["truth"] == UNKNOWN),
                "score": found["score"],
                "rank": pd.arrays.IntegerArray(found["rank"], found["rank"] == 0),
                **{name: found[name] for name in (*ROOM, *_PER_CLUSTER)},
                **{
                    name: pd.arrays.IntegerArray(found[name], found["is_doubted"])
                    for name in (*_FREE_ROOM, *_FREE_PER_CLUSTER)
                },
            }
        )
        yield conform(rows, LocationSuitability, where="serve_locations", is_result=True)


@dataclass(frozen=True, slots=True)
class _Lying:
    """Where n pieces of one reading lie: in k locations, by their ids, and in p parts of these.

    Attributes
    ----------
    row, site_id
        The place of each among those held, and its parcel, shape (n,): by location, the largest piece first.
    location, part
        The number of each one's location, ascending, and part, shape (n,).
    free_row, free_part
        The place among those held of each piece of the second reading that lies in one of them, and its part: (m,).
    first, first_part
        Where each location begins, among the pieces and among the parts, shape (k,).
    location_id, verdict, is_doubted
        Of each location, shape (k,); the best verdict of its parcels, 0 is best, NaN where none is told; whether that
        of one of them is unknown.
    """

    row: Ints
    site_id: npt.NDArray[np.object_]
    location: Ints
    part: Ints
    free_row: Ints
    free_part: Ints
    first: Ints
    first_part: Ints
    location_id: npt.NDArray[np.object_]
    verdict: npt.NDArray[np.float64]
    is_doubted: Bools

    @classmethod
    def of(
        cls, held: Held, row: Ints, location: npt.NDArray[np.object_], part: npt.NDArray[np.object_], locations: Frame
    ) -> _Lying:
        """Put pieces in order; ties of area by parcel and number."""
        facts = held.pieces.iloc[row]
        site_id, area = facts["site_id"].to_numpy(dtype=object), facts["core_area_m2"].to_numpy(dtype=np.float64)
        number, ids = pd.factorize(location, sort=True)
        parcel, in_part = pd.factorize(site_id, sort=True)[0], pd.factorize(part, sort=True)[0]
        order = np.lexsort((facts["piece_number"].to_numpy(dtype=np.int64), parcel, -area, number))
        parts, of_part = np.unique(np.stack([number, in_part]), axis=1, return_inverse=True)
        every = np.arange(len(ids))
        told = locations.set_index("location_id").reindex(ids)
        free = np.flatnonzero(held.pieces["is_without_consent"].to_numpy(dtype=bool))
        stands_in = held.pieces["lies_in"].fillna(held.pieces["piece_id"]).iloc[free]
        at = places_among(stands_in, facts["piece_id"])
        return cls(
            row[order], site_id[order], number[order], of_part.ravel()[order],
            free[at >= 0], of_part.ravel()[at[at >= 0]],
            np.searchsorted(number[order], every), np.searchsorted(parts[0], every), ids,
            np.asarray(told["verdict"].map(BEST_FIRST).to_numpy(), dtype=np.float64),
            told["unknown_area_m2"].gt(0).to_numpy(dtype=bool),
        )  # fmt: skip

    def homes(self, room: npt.NDArray[np.int32], row: Ints, part: Ints, size: Sizes) -> tuple[Ints, Ints]:
        """Return the room of locations and what one place of each holds, of pieces by their part: low, expected, high.

        ``room`` is that of all that are held, shape (3, n).
        """
        n_parts = int(self.part.max()) + 1
        rooms = np.stack([np.bincount(part, one[row], minlength=n_parts) for one in room]).astype(np.int64)
        homes = per_cluster(rooms, size.minimum, size.maximum)
        return np.add.reduceat(rooms, self.first_part, axis=1), np.maximum.reduceat(homes, self.first_part, axis=1)


def _served(held: Held, lies: _Lying, i: int, size: Sizes) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of one flexmilieu, a value per location; rank 0: none."""
    truth, score = held.truth[i, lies.row], held.score[i, lies.row]
    best = np.maximum.reduceat(truth, lies.first)
    decides = np.flatnonzero(truth == best[lies.location])
    largest = decides[np.searchsorted(lies.location[decides], np.arange(len(best)))]
    told = np.full(len(truth), -np.inf)
    told[decides] = np.where(np.isnan(score[decides]), -np.inf, score[decides])
    highest = np.maximum.reduceat(told, lies.first)
    highest[np.isneginf(highest)] = np.nan
    given, free = (
        lies.homes(held.room[i], row, part, size)
        for row, part in ((lies.row, lies.part), (lies.free_row, lies.free_part))
    )
    rank, suits = np.zeros(len(best), dtype=np.int64), best == YES
    rank[suits] = better_before(lies.verdict[suits].astype(np.int64), highest[suits])
    return {
        "truth": best, "score": highest, "site_id": lies.site_id[largest], "rank": rank,
        "is_doubted": lies.is_doubted,
        **dict(zip((*ROOM, *_PER_CLUSTER), (*given[0], *given[1]), strict=True)),
        **dict(zip((*_FREE_ROOM, *_FREE_PER_CLUSTER), (*free[0], *free[1]), strict=True)),
    }  # fmt: skip


def spread_supply(
    held: Held,
    sites: Frame,
    *,
    names: Sequence[str],
    sizes: Mapping[str, Sizes],
    reach_m: float,
    placed: Placed | None = None,
) -> Frame:
    """Place the clusters of spread supply: a possible arrangement, not the best, without and with consent.

    Parameters
    ----------
    held
        The valid pieces of the run.
    sites
        ``site_id`` and ``verdict``: only pieces of available parcels take part, for unknown is never yes.
    names, sizes
        The flexmilieus in the order of the rows, and the fewest and most homes of a cluster of each.
    reach_m
        How far a cluster reaches from the piece it starts from.
    placed
        As for `serve_locations`.

    Returns
    -------
        Clusters. Those of different flexmilieus, and of the two readings, are about the same land: never added.
    """
    numbered = list(enumerate(names))
    found = clusters_in_turn(held, sites, placed, consents=(False, True), names=numbered, sizes=sizes, reach_m=reach_m)
    return concat(list(found), Clusters)


def clusters_in_turn(
    held: Held, sites: Frame, placed: Placed | None, *, consents: Sequence[bool], names: Sequence[tuple[int, str]],
    sizes: Mapping[str, Sizes], reach_m: float,
) -> Iterator[Frame]:  # fmt: skip
    """Yield what `spread_supply` gives by arrangement and flexmilieu, each with its number among those held."""
    available = sites.loc[sites["verdict"].isin(AVAILABLE).to_numpy(dtype=bool), "site_id"]
    is_available = is_among(held.pieces["site_id"], available)
    for with_consent in consents:
        mine = location_of(held, with_consent=with_consent) if placed is None else placed[with_consent]
        standing = _Standing.of(held, mine, is_available, with_consent=with_consent)
        for i, name in names:
            one = pd.DataFrame(_clusters(held, standing, i, sizes[name], reach_m=reach_m))
            if len(one):
                one = one.assign(flexmilieu=name, consent="with" if with_consent else "without")
                yield conform(one, Clusters, where="spread_supply", is_result=True)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The pieces of available parcels in one reading, shape (n,) each, ``xy`` (n, 2): what clusters may stand on."""

    row: Ints
    piece_id: pd.Series[str]
    site_id: pd.Series[str]
    location_id: pd.Series[str]
    needs_consent: Bools
    site: Ints
    number: Ints
    location: Ints
    core_area_m2: npt.NDArray[np.float64]
    xy: npt.NDArray[np.float64]

    @classmethod
    def of(cls, held: Held, placed: Frame, is_available: Bools, *, with_consent: bool) -> _Standing:
        """Take them from what is held; ``placed`` tells the location of those of a reading."""
        placed = placed[is_available[placed["row"].to_numpy(dtype=np.int64)]]
        row = placed["row"].to_numpy(dtype=np.int64)
        mine = held.pieces.iloc[row]
        return cls(
            row, mine["piece_id"], mine["site_id"], placed["location_id"],
            ~mine["is_without_consent"].to_numpy(dtype=bool),
            pd.factorize(mine["site_id"], sort=True)[0].astype(np.int64), numbers_of(mine, with_consent=with_consent),
            pd.factorize(placed["location_id"])[0].astype(np.int64), mine["core_area_m2"].to_numpy(dtype=np.float64),
            mine[["x", "y"]].to_numpy(dtype=np.float64),
        )  # fmt: skip


def _clusters(held: Held, standing: _Standing, i: int, size: Sizes, *, reach_m: float) -> dict[str, Any]:
    """Return the clusters of one flexmilieu in one reading, as columns."""
    chosen = np.flatnonzero((held.truth[i, standing.row] == YES) & (held.formed[i, standing.row] >= 1))
    row, needs_consent = standing.row[chosen], standing.needs_consent[chosen]
    candidates = Candidates(
        verdict=needs_consent.astype(np.int64),
        score=held.score[i, row],
        room=held.room[i][:, row].astype(np.int64),
        formed=held.formed[i, row].astype(np.int64),
        site=standing.site[chosen],
        number=standing.number[chosen],
        location=standing.location[chosen],
        xy=standing.xy[chosen],
    )
    found = spread(candidates, size, reach_m=reach_m)
    members = list(members_of(found.cluster, len(found.seed)))
    names, core, seed = standing.piece_id.iloc[chosen].to_numpy(dtype=object), standing.core_area_m2[chosen], found.seed
    return {
        "seed_piece_id": names[seed],
        "site_id": standing.site_id.array[chosen[seed]],
        "location_id": standing.location_id.array[chosen[seed]],
        "verdict": np.where(needs_consent, "conditional", "eligible").astype(object)[seed],
        "score": candidates.score[seed],
        "location_x_m": candidates.xy[seed, 0],
        "location_y_m": candidates.xy[seed, 1],
        "n_cluster_pieces": np.array([len(one) for one in members], dtype=np.int64),
        "cluster_pieces": lists((tuple(sorted(names[one])) for one in members), len(members)),
        "core_area_m2": np.array([float(core[one].sum()) for one in members], dtype=np.float64),
        **dict(zip(_SPREAD, found.homes, strict=True)),
    }


def numbers_of(pieces: Frame, *, with_consent: bool) -> Ints:
    """Return the numbers of pieces within their parcels, in one of the two readings."""
    number = pieces["piece_number"] if with_consent else pieces["free_id"].str.extract(r"#(\d+)~?$", expand=False)
    return number.to_numpy(dtype=np.int64)


def ranks_of_sites(held: Held, piece_locations: Frame, served: Frame) -> Frame:
    """Return the best rank of the locations that each parcel has a piece in, per flexmilieu: ``rank``."""
    at = places_among(held.pieces["piece_id"], piece_locations["piece_id"])
    site, site_ids = pd.factorize(held.pieces["site_id"].array[at >= 0], sort=True)
    location, ids = pd.factorize(piece_locations["location_id"].array[at[at >= 0]])
    ranked = served[served["rank"].notna().to_numpy()]
    name, names = pd.factorize(ranked["flexmilieu"].to_numpy(dtype=object), sort=True)
    here = places_among(ranked["location_id"], pd.Series(ids))
    none = np.iinfo(np.int64).max
    of_location, best = (np.full((len(one), len(names)), none, dtype=np.int64) for one in (ids, site_ids))
    of_location[here[here >= 0], name[here >= 0]] = ranked["rank"].to_numpy(dtype=np.int64)[here >= 0]
    np.minimum.at(best, site, of_location[location])
    i, j = np.nonzero(best < none)
    texts = {"site_id": site_ids[i], "flexmilieu": pd.array(names[j], dtype="str")}
    return pd.DataFrame(texts | {"rank": pd.array(best[i, j], dtype="Int64")})
