"""Pieces of two readings as one table: a piece that both leave alike is one row. Source: METHOD 0."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import lists
from flexsites.exclusion.selection import geometry_of
from flexsites.tables import Frame


def join_readings(first: Frame, second: Frame) -> Frame:
    """Return the pieces of both readings as one table; those that are the same in both once.

    Parameters
    ----------
    first, second
        The pieces that each reading leaves, with the consent that rules ask for and without it.
    """
    keys = [_identity(frame) for frame in (first, second)]
    ids = second["piece_id"].map(_free)
    mates = [tuple(map(_free, one)) for one in second["core_mates"]]
    place = dict(zip(keys[1], range(len(second)), strict=True))
    at = np.array([place.get(key, -1) for key in keys[0]], dtype=np.int64)
    first = first.assign(
        free_id=ids.reindex(at).astype("str").reset_index(drop=True),
        free_core_mates=lists((mates[i] if i >= 0 else () for i in at), len(at)),
        is_with_consent=True,
        is_without_consent=at >= 0,
    )
    known = set(keys[0])
    none, theirs = (lists(some, len(second)) for some in ((() for _ in mates), mates))
    second = second.assign(
        piece_id=ids.astype("str"), free_id=ids.astype("str"), core_mates=none, free_core_mates=theirs
    )
    other = second[[key not in known for key in keys[1]]].reset_index(drop=True)
    other = other.assign(is_with_consent=False, is_without_consent=True)
    both = pd.concat([one for one in (first, other) if len(one)] or [first], ignore_index=True)
    return by_parcel(both)


def by_parcel(pieces: Frame) -> Frame:
    """Return pieces in the order in which they are made: sums over them are then the same to the last bit."""
    keys, rises = ["site_id", "is_with_consent", "piece_number"], [True, False, True]
    ordered: Frame = pieces.sort_values(keys, ascending=rises, ignore_index=True)
    return ordered


def _identity(frame: Frame) -> list[tuple[object, ...]]:
    """Return what makes a piece the same in both readings: itself, its core part, its outcome and its entrance."""
    outcome = ["store_number", "is_valid", "is_unknown", "failed_test"]
    entrance = ["access_street_id", "road_distance_m", "access_x_m", "access_y_m"]
    columns = frame[[*outcome, *entrance]].astype(object)
    columns = columns.where(columns.notna(), None)
    cores = pd.Series(shapely.to_wkb(geometry_of(frame)), index=frame.index, dtype=object)
    return list(columns.assign(core=cores).itertuples(index=False, name=None))


def _free(piece_id: str) -> str:
    """Return the id of a piece of the second reading.

    Examples
    --------
    >>> _free("p7#2")
    'p7#2~'
    """
    return f"{piece_id}~"
