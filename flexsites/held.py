"""What cells leave of their valid pieces, held as arrays, pieces x flexmilieus: what homes over an area are told of.

It is put in the order of the pieces' ids, so that neither cells nor workers show in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.capacity.homes import wholes_of_pieces
from flexsites.exclusion.locations import core_pairs, group_locations, pairs_among
from flexsites.tables import Frame, ValidPieces, conform

__all__ = ["HELD", "NO", "ROOM", "UNKNOWN", "YES", "Held", "Placed", "hold", "join", "location_of"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Placed = Mapping[bool, Frame]
"""What `location_of` gives with consent (true) and without."""

NO, UNKNOWN, YES = 0, 1, 2
"""How a piece is judged: the best of several is the highest."""

ROOM = ("n_room_low", "n_room_expected", "n_room_high")
_COLUMNS = ["piece_id", "free_id", "site_id", "piece_number", "is_with_consent", "is_without_consent", "core_area_m2"]
_FORMED = "n_room_clusters"
_ARRAYS = ("truth", "score", "room", "formed")
HELD: Mapping[str, Sequence[str]] = {
    "pieces": (*_COLUMNS, "is_valid", "core_mates", "free_core_mates", "access_x_m", "access_y_m", "geometry"),
    "piece_suitability": ("piece_id", "flexmilieu", "is_suitable", "score"),
    "units": ("piece_id", "flexmilieu", *ROOM, _FORMED),
}
"""What is read of the tables of a cell to hold its pieces."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of n valid pieces, of both readings.

    Attributes
    ----------
    pieces
        Their ids, parcels, readings and core area, and where each lies: ``x``, ``y``. Of one of the second reading
        alone ``lies_in`` is the piece of the first that it is a part of; null: it is one itself, or that is not valid.
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
        told = np.array([NO, YES, UNKNOWN], dtype=np.int8)[truth]
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
    held = pd.DataFrame(valid[_COLUMNS]).assign(x=at[:, 0], y=at[:, 1], lies_in=_lies_in(valid)).reset_index(drop=True)
    pairs = {consent: core_pairs(valid, with_consent=consent) for consent in (False, True)}
    return Held(held, pairs, *_judged(held, piece_suitability, units, names))


def _lies_in(valid: Frame) -> pd.Series[str]:
    """Return the piece of the first reading that each of the second alone is a part of: consent cuts off the rest."""
    ids = np.array([*valid["piece_id"], None], dtype=object)
    return pd.Series(ids[wholes_of_pieces(valid)], dtype="str", index=valid.index)


def _judged(held: Frame, piece_suitability: Frame, units: Frame, names: Sequence[str]) -> tuple[npt.NDArray[Any], ...]:
    """Return how pieces are judged, and what room they have: truth, score, room and what clusters are formed at."""
    shape = (len(names), len(held))
    truth, score = np.full(shape, UNKNOWN, dtype=np.int8), np.full(shape, np.nan)
    row, column = _at(piece_suitability, held, names)
    is_suitable = piece_suitability["is_suitable"].astype("Int8").map({1: YES, 0: NO}).fillna(UNKNOWN)
    truth[row, column], score[row, column] = is_suitable.to_numpy(dtype=np.int8), piece_suitability["score"].to_numpy()
    room = np.zeros((len(names), len(ROOM) + 1, len(held)), dtype=np.int32)
    row, column = _at(units, held, names)
    room[row, :, column] = units[[*ROOM, _FORMED]].to_numpy(dtype=np.int32)
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
