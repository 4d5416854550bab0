"""What one feed says of changing: between which stops it takes how long or is not possible, and who may stay seated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flexsites.errors import Fault
from flexsites.inputs.transit.gtfs_files import GtfsFiles, read_file, refuse_words, text_frame
from flexsites.tables import Frame

NOT_POSSIBLE = -1
_FILE = "transfers.txt"
_TYPES = ("0", "1", "2", "3", "4", "5")
# Other files of GTFS that change how one travels and are not read.
_UNREAD = {
    "pathways.txt": "ways through stations: changes in them take as long as elsewhere",
    "booking_rules.txt": "service on demand: it does not count",
    "locations.geojson": "service on demand: it does not count",
}


def read_transfers(files: GtfsFiles, trips: Frame, stops: Frame) -> tuple[Frame, Frame]:
    """Read transfers.txt.

    Parameters
    ----------
    files
        The feed; what is not used is noted in its findings.
    trips, stops
        With their ids as in the file in ``raw_id``.

    Returns
    -------
    tuple
        ``from_stop, to_stop, seconds`` (rows of the stops, once each; ``NOT_POSSIBLE``: one cannot change there), and
        ``from_trip, to_trip, may_stay`` (rows of the trips).
    """
    for name, what in _UNREAD.items():
        if name in files.members:
            files.findings.append(Fault(f"is not read ({what})", files.where(name), "none: a limitation"))
    none = pd.DataFrame({name: pd.Series([], dtype="int64") for name in ("from_stop", "to_stop", "seconds")})
    stays = pd.DataFrame({name: pd.Series([], dtype="int64") for name in ("from_trip", "to_trip", "may_stay")})
    if _FILE not in files.members:
        return none, stays.astype({"may_stay": bool})
    ends = tuple(f"{end}_{of}_id" for of in ("stop", "route", "trip") for end in ("from", "to"))
    table = text_frame(read_file(files, _FILE, required=("transfer_type",), optional=(*ends, "min_transfer_time")))
    refuse_words(files, _FILE, table["transfer_type"], _TYPES, "transfer_type")
    kind = table["transfer_type"].fillna("0")
    seconds = _seconds(files, table, kind)
    is_of_stops = table[["from_trip_id", "to_trip_id", "from_route_id", "to_route_id"]].isna().all(axis=1)
    _tell(files, table, kind, is_of_stops, seconds)
    chosen = is_of_stops & (((kind == "2") & seconds.notna()) | (kind == "3"))
    takes = seconds.mask(kind == "3", NOT_POSSIBLE)[chosen]
    return _between_stops(files, table[chosen], takes, stops), _stays(files, table, kind, trips)


def _seconds(files: GtfsFiles, table: Frame, kind: pd.Series) -> pd.Series:
    """Return the least time of every change; null where none is given. What is no time is a fault."""
    seconds = pd.to_numeric(table["min_transfer_time"], errors="coerce")
    is_none = table["min_transfer_time"].notna() & ~(seconds.between(0, 86_400)) & (kind == "2")
    if is_none.any():
        words = tuple(table.loc[is_none, "min_transfer_time"].head(3))
        what = "min_transfer_time is no number of seconds of a day"
        files.faults.append(Fault(what, files.where(_FILE), "write seconds", int(is_none.sum()), words))
    return seconds


def _tell(files: GtfsFiles, table: Frame, kind: pd.Series, is_of_stops: pd.Series, seconds: pd.Series) -> None:
    """Say which rows are not used, and what is done instead."""
    is_ride = table["from_trip_id"].notna() & table["to_trip_id"].notna()
    told = {
        "changes between single routes or trips, not used": ~is_of_stops & kind.isin(["1", "2", "3"]),
        "changes for which the vehicle waits, taken to last as long as others": is_of_stops & (kind == "1"),
        "changes that take a least time which is not given, taken to last as long as others": is_of_stops
        & (kind == "2")
        & seconds.isna(),
        "rules of staying seated that do not name two trips, not used": kind.isin(["4", "5"]) & ~is_ride,
    }
    for what, is_so in told.items():
        if is_so.any():
            files.findings.append(Fault(what, files.where(_FILE), "none: a limitation", int(is_so.sum())))


def _between_stops(files: GtfsFiles, table: Frame, seconds: pd.Series, stops: Frame) -> Frame:
    """Return what is said of pairs of stops: of a station it is said of all its stops, unless of a stop by itself."""
    index = pd.Index(stops["raw_id"])
    ends = [index.get_indexer(pd.Index(table[name])) for name in ("from_stop_id", "to_stop_id")]
    is_lost = (ends[0] < 0) | (ends[1] < 0)
    if is_lost.any():
        fault = Fault("changes at a stop that is not read, left out", files.where(_FILE), "mend these rows",
                      int(is_lost.sum()))  # fmt: skip
        files.findings.append(fault)
    root = stops["root"].to_numpy()
    of_station: dict[int, list[int]] = {}
    for stop, top in enumerate(root.tolist()):
        of_station.setdefault(top, []).append(stop)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    rows = zip(ends[0][~is_lost].tolist(), ends[1][~is_lost].tolist(), seconds[~is_lost].tolist(), strict=True)
    for start, end, takes in rows:
        starts, goals = of_station.get(start, [start]), of_station.get(end, [end])
        rank = (len(starts) > 1) + (len(goals) > 1)
        # Said twice of the same stops: what cannot be done, or else what takes longer.
        said = (rank, -86_401 if takes == NOT_POSSIBLE else -int(takes))
        for pair in ((a, b) for a in starts for b in goals):
            found[pair] = min(found.get(pair, said), said)
    pairs = sorted(found)
    takes = [NOT_POSSIBLE if found[pair][1] == -86_401 else -found[pair][1] for pair in pairs]  # noqa: PLR2004
    columns: dict[str, Any] = {"from_stop": [a for a, _ in pairs], "to_stop": [b for _, b in pairs], "seconds": takes}
    return pd.DataFrame({name: np.array(values, dtype=np.int64) for name, values in columns.items()})


def _stays(files: GtfsFiles, table: Frame, kind: pd.Series, trips: Frame) -> Frame:
    """Return pairs of trips of which it is said whether one may stay seated from the one to the other."""
    chosen = kind.isin(["4", "5"]) & table["from_trip_id"].notna() & table["to_trip_id"].notna()
    index = pd.Index(trips["raw_id"])
    ends = {name: index.get_indexer(pd.Index(table.loc[chosen, f"{name}_id"])) for name in ("from_trip", "to_trip")}
    frame = pd.DataFrame(ends | {"may_stay": (kind[chosen] == "4").to_numpy(dtype=bool)})
    is_lost = (frame["from_trip"] < 0) | (frame["to_trip"] < 0)
    if is_lost.any():
        what = "rules of staying seated between trips that are not read, left out"
        files.findings.append(Fault(what, files.where(_FILE), "mend these rows", int(is_lost.sum())))
    return pd.DataFrame(frame[~is_lost].drop_duplicates(["from_trip", "to_trip"]).reset_index(drop=True))
