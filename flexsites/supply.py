"""Homes over an area: what each location holds and its rank, and a possible arrangement of clusters (METHOD 0).

Both look beyond the cell. What cells leave of pieces is held as arrays, pieces x flexmilieus, and put in the order of
the pieces' ids, so that neither cells nor workers show in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.arrays import lists
from flexsites.capacity.kernels.spread import Candidates, members_of, spread
from flexsites.exclusion.locations import core_pairs, group_locations, pairs_among
from flexsites.geometry.cluster_sizes import Sizes, per_cluster
from flexsites.suitability.kernels.ranks import better_before
from flexsites.tables import Clusters, Frame, LocationSuitability, ValidPieces, concat, conform, empty
from flexsites.tables.arrow import places_among
from flexsites.tables.contract import is_among
from flexsites.tables.counting import AVAILABLE

__all__ = ["Held", "clusters_in_turn", "hold", "join", "location_of", "serve_locations", "spread_supply"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Placed = Mapping[bool, Frame]

_ROOM = ("n_room_low", "n_room_expected", "n_room_high")
_PER_CLUSTER = ("n_per_cluster_low", "n_per_cluster_expected", "n_per_cluster_high")
_SPREAD = ("n_spread_low", "n_spread_expected", "n_spread_high")
_NO, _UNKNOWN, _YES = 0, 1, 2
BEST_FIRST = {"eligible": 0, "conditional": 1, "unknown": 2, "excluded": 3}
_COLUMNS = ["piece_id", "free_id", "site_id", "piece_number", "is_with_consent", "is_without_consent", "core_area_m2"]
_FORMED = "n_room_clusters"
_ARRAYS = ("truth", "score", "room", "formed")
HELD: Mapping[str, Sequence[str]] = {
    "pieces": (*_COLUMNS, "is_valid", "core_mates", "free_core_mates", "access_x_m", "access_y_m", "geometry"),
    "piece_suitability": ("piece_id", "flexmilieu", "is_suitable", "score"),
    "units": ("piece_id", "flexmilieu", *_ROOM, _FORMED),
}
"""What is read of the tables of a cell to hold its pieces."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of n valid pieces, of both readings.

    Attributes
    ----------
    pieces
        Their ids, parcels, readings and core area, and where each lies: ``x``, ``y``.
    pairs
        Per reading, with consent (true) and without, the pairs of pieces that share core; others than these n too.
    truth
        No, unknown or yes, shape (flexmilieus, n).
    score
        NaN: none, shape (flexmilieus, n).
    room
        As it is told, low, expected, high, shape (flexmilieus, 3, n).
    formed
        Room at the figures that clusters are formed at, shape (flexmilieus, n).
    """

    pieces: Frame
    pairs: Mapping[bool, Frame]
    truth: npt.NDArray[np.int8]
    score: npt.NDArray[np.float64]
    room: npt.NDArray[np.int32]
    formed: npt.NDArray[np.int32]

    def take(self, rows: Ints | Bools) -> Held:
        """Return some of the pieces, in an order."""
        pieces = self.pieces.iloc[np.arange(len(self.pieces))[rows]].reset_index(drop=True)
        arrays = self.truth[:, rows], self.score[:, rows], self.room[:, :, rows], self.formed[:, rows]
        return Held(pieces, self.pairs, *arrays)

    def answered(self, truth: npt.NDArray[np.int8], score: npt.NDArray[np.float64], room: Ints, formed: Ints) -> Held:
        """Return the same pieces as another reading of figures judges and counts them, in the same shapes.

        ``truth`` is as it is judged: 1 yes, 0 no, -1 unknown.
        """
        told = np.array([_NO, _YES, _UNKNOWN], dtype=np.int8)[truth]
        return Held(self.pieces, self.pairs, told, score, room.astype(np.int32), formed.astype(np.int32))


def hold(pieces: Frame, piece_suitability: Frame, units: Frame, *, names: Sequence[str]) -> Held:
    """Hold what a cell leaves of its valid pieces.

    Parameters
    ----------
    pieces, piece_suitability, units
        Tables of one cell. A piece lies where its entrance meets it; without one, at a point on it.
    names
        The flexmilieus, in the order of the rows.
    """
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
    at = valid[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64, copy=True)
    lacks_entrance = np.isnan(at[:, 0])
    at[lacks_entrance] = shapely.get_coordinates(shapely.point_on_surface(valid["geometry"].to_numpy()[lacks_entrance]))
    held = pd.DataFrame(valid[_COLUMNS]).assign(x=at[:, 0], y=at[:, 1]).reset_index(drop=True)
    pairs = {consent: core_pairs(valid, with_consent=consent) for consent in (False, True)}
    return Held(held, pairs, *_judged(held, piece_suitability, units, names))


def _judged(held: Frame, piece_suitability: Frame, units: Frame, names: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    """Return how pieces are judged, and what room they have: truth, score, room and what clusters are formed at."""
    shape = (len(names), len(held))
    truth, score = np.full(shape, _UNKNOWN, dtype=np.int8), np.full(shape, np.nan)
    row, column = _at(piece_suitability, held, names)
    is_suitable = piece_suitability["is_suitable"].astype("Int8").map({1: _YES, 0: _NO}).fillna(_UNKNOWN)
    truth[row, column], score[row, column] = is_suitable.to_numpy(dtype=np.int8), piece_suitability["score"].to_numpy()
    room = np.zeros((len(names), len(_ROOM) + 1, len(held)), dtype=np.int32)
    row, column = _at(units, held, names)
    room[row, :, column] = units[[*_ROOM, _FORMED]].to_numpy(dtype=np.int32)
    return truth, score, room[:, :-1], room[:, -1]


def _at(rows: Frame, held: Frame, names: Sequence[str]) -> tuple[Ints, Ints]:
    """Return where rows of pieces and flexmilieus stand among those held."""
    row = pd.Index(list(names)).get_indexer(pd.Index(rows["flexmilieu"]))
    return row.astype(np.int64), pd.Index(held["piece_id"]).get_indexer(pd.Index(rows["piece_id"])).astype(np.int64)


def join(parts: Sequence[Held]) -> Held:
    """Return what cells hold together, in the order of the pieces' ids: whatever the order of the cells."""
    pieces = pd.concat([one.pieces for one in parts], ignore_index=True)
    arrays = (np.concatenate([getattr(one, name) for one in parts], axis=-1) for name in _ARRAYS)
    pairs = {name: pd.concat([one.pairs[name] for one in parts], ignore_index=True) for name in (False, True)}
    return Held(pieces, pairs, *arrays).take(pieces["piece_id"].array.argsort())


def location_of(held: Held, *, with_consent: bool) -> Frame:
    """Return which pieces are of a reading, and the location (gap 0) of each: ``row``, ``location_id``, by row."""
    name = "piece_id" if with_consent else "free_id"
    which = held.pieces["is_with_consent" if with_consent else "is_without_consent"].to_numpy(dtype=bool)
    mine = held.pieces[which]
    valid = pd.DataFrame({"piece_id": mine[name], "site_id": mine["site_id"], "core_area_m2": mine["core_area_m2"]})
    valid, links = conform(valid, ValidPieces, where="location_of"), pairs_among(held.pairs[with_consent], mine[name])
    ids = group_locations(valid, links).set_index("piece_id")["location_id"].reindex(mine[name]).to_numpy(dtype=object)
    return pd.DataFrame({"row": np.flatnonzero(which), "location_id": ids})


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
    """
    parts = location_of(held, with_consent=True) if placed is None else placed[True]
    row = parts["row"].to_numpy(dtype=np.int64)
    at = places_among(held.pieces["piece_id"].iloc[row], piece_locations["piece_id"])
    row, at, part = row[at >= 0], at[at >= 0], parts["location_id"].to_numpy(dtype=object)[at >= 0]
    if not len(row) or not names:
        return empty(LocationSuitability)
    lies = _Lying.of(held, row, piece_locations["location_id"].to_numpy(dtype=object)[at], part, locations)
    rows = [_served(held, lies, i, sizes[name]) for i, name in enumerate(names)]
    found = {name: np.concatenate([one[name] for one in rows]) for name in rows[0]}
    n = len(lies.location_id)
    served = pd.DataFrame(
        {
            "location_id": np.tile(lies.location_id, len(names)),
            "flexmilieu": np.repeat(np.array(names, dtype=object), n),
            "site_id": found["site_id"],
            "is_suitable": pd.arrays.BooleanArray(found["truth"] == _YES, found["truth"] == _UNKNOWN),
            "score": found["score"],
            "rank": pd.arrays.IntegerArray(found["rank"], found["rank"] == 0),
            **{name: found[name] for name in (*_ROOM, *_PER_CLUSTER)},
        }
    )
    return conform(served, LocationSuitability, where="serve_locations", is_result=True)


@dataclass(frozen=True, slots=True)
class _Lying:
    """Where n pieces of one reading lie: in k locations, by their ids, and in p parts of these.

    Attributes
    ----------
    row, site_id
        The place of each among those held, and its parcel, shape (n,): by location, the largest piece first.
    location, part
        The number of each one's location, ascending, and part, shape (n,).
    first, first_part
        Where each location begins, among the pieces and among the parts, shape (k,).
    location_id, verdict
        Of each location, shape (k,); the best verdict of its parcels, 0 is best, NaN where none is told.
    """

    row: Ints
    site_id: npt.NDArray[np.object_]
    location: Ints
    part: Ints
    first: Ints
    first_part: Ints
    location_id: npt.NDArray[np.object_]
    verdict: npt.NDArray[np.float64]

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
        verdict = locations.set_index("location_id")["verdict"].reindex(ids).map(BEST_FIRST)
        return cls(
            row[order], site_id[order], number[order], of_part.ravel()[order],
            np.searchsorted(number[order], every), np.searchsorted(parts[0], every), ids,
            np.asarray(verdict.to_numpy(), dtype=np.float64),
        )  # fmt: skip


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
    n_parts = int(lies.part.max()) + 1
    rooms = np.stack([np.bincount(lies.part, one[lies.row], minlength=n_parts) for one in held.room[i]])
    homes = per_cluster(rooms.astype(np.int64), size.minimum, size.maximum)
    rank, suits = np.zeros(len(best), dtype=np.int64), best == _YES
    rank[suits] = better_before(lies.verdict[suits].astype(np.int64), highest[suits])
    return {
        "truth": best, "score": highest, "site_id": lies.site_id[largest], "rank": rank,
        **dict(zip(_ROOM, np.add.reduceat(rooms, lies.first_part, axis=1).astype(np.int64), strict=True)),
        **dict(zip(_PER_CLUSTER, np.maximum.reduceat(homes, lies.first_part, axis=1), strict=True)),
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
    chosen = np.flatnonzero((held.truth[i, standing.row] == _YES) & (held.formed[i, standing.row] >= 1))
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
