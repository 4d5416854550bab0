"""One door-to-door measure at many pieces: its value, and what is known of it (reached, unreached or unknown)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.accessibility.answers import Answer, unknown_everywhere
from flexsites.accessibility.kernels.connection_scan import UNREACHED
from flexsites.accessibility.kernels.door_to_door import (
    Ways,
    opportunities_within,
    percentiles,
    travel_times_by_profile,
)
from flexsites.accessibility.kernels.timetable import Legs, make_legs, walk_seconds
from flexsites.accessibility.prepare_timetable import departures_of, limit_of
from flexsites.arrays import BoolArray, FloatArray
from flexsites.geometry.shapes import distance_to_edge_m

if TYPE_CHECKING:
    from flexsites.accessibility.kernels.timetable import Seconds, Timetable
    from flexsites.accessibility.prepare_timetable import PreparedTravel
    from flexsites.config.access import TravelTime
    from flexsites.tables import Frame


@dataclass(frozen=True, slots=True)
class _Access:
    """The walks of all pieces to stops of the timetable, and per piece what is not known of them."""

    legs: Legs
    why: NDArray[np.object_]
    has_edge: BoolArray
    has_unknown_stop: BoolArray


def answer_travel_time(
    measure: TravelTime,
    pieces: Frame,
    stop_legs: Frame,
    direct_legs: Frame,
    *,
    travel: PreparedTravel,
    speed_km_h: float,
) -> Answer:
    """Return the answer of one measure; see :func:`flexsites.accessibility.transit.travel_times`."""
    category, speed_km_h = measure.to.category, measure.walks_at(speed_km_h)
    if not len(travel.destinations.get(category, ())):
        return unknown_everywhere(len(pieces), "no_source")
    access = _access(pieces, stop_legs, travel.timetable, speed_km_h)
    direct = _direct(pieces, direct_legs, travel.destinations[category], speed_km_h)
    leave_s, limit_s = departures_of(measure), limit_of(measure)
    share = np.array([float(measure.percentile)])
    way_out = _way_out(measure, pieces, access.legs, travel, speed_km_h)
    if measure.aggregation == "cumulative":
        ways = Ways(access.legs, travel.egress(category, speed_km_h), direct, travel.weight(category))
        cutoff = np.array([limit_s], np.int64)
        value = opportunities_within(travel.timetable.compiled, ways, leave_s, cutoff, float(share[0]))[:, 0]
        leaves = percentiles(way_out, share)[:, 0] != UNREACHED
        return _told(value, value > 0, access, leaves, np.full(len(value), np.nan), is_sum=True)
    nearest = _nearest_direct(direct)
    taken = travel_times_by_profile(travel.profile(measure), access.legs, nearest, leave_s, limit_s)
    seconds, possible = percentiles(taken, share)[:, 0], percentiles(np.minimum(taken, way_out), share)[:, 0]
    is_reached, leaves = seconds != UNREACHED, possible < seconds
    minutes = np.where(is_reached, seconds / 60.0, np.nan)
    return _told(minutes, is_reached, access, leaves, np.where(leaves, possible / 60.0, np.nan), is_sum=False)


def _way_out(measure: TravelTime, pieces: Frame, access: Legs, travel: PreparedTravel, speed_km_h: float) -> Seconds:
    """Return per piece and departure how soon one can be where the data end: destinations beyond may be as near."""
    leave_s = departures_of(measure)
    if travel.extent is None:
        return np.full((len(pieces), len(leave_s)), UNREACHED, np.int32)
    points = pieces[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    on_foot = walk_seconds(distance_to_edge_m(points, travel.extent), speed_km_h)
    out: Seconds = travel_times_by_profile(travel.way_out(measure), access, on_foot, leave_s, limit_of(measure))
    return out


def _access(pieces: Frame, stop_legs: Frame, timetable: Timetable, speed_km_h: float) -> _Access:
    place = pd.Index(pieces["piece_id"]).get_indexer(pd.Index(stop_legs["piece_id"]))
    stop_ids = stop_legs["stop_id"].to_numpy(dtype=object)
    stop = timetable.rows_of(stop_ids)
    n = len(pieces)
    why = np.full(n, "not_walked", dtype=object)
    why[place] = None
    told = stop_legs["why"].notna().to_numpy()
    why[place[told]] = stop_legs["why"].to_numpy(dtype=object)[told]
    has_edge, has_unknown_stop = np.zeros(n, bool), np.zeros(n, bool)
    has_edge[place[stop_legs["complete_m"].notna().to_numpy()]] = True
    has_unknown_stop[place[(stop < 0) & (stop_ids != "")]] = True
    is_leg = stop >= 0
    seconds = walk_seconds(stop_legs["walk_distance_m"].to_numpy(dtype=np.float64)[is_leg], speed_km_h)
    legs = make_legs(place[is_leg], stop[is_leg].astype(np.int32), seconds, n)
    return _Access(legs, why, has_edge, has_unknown_stop)


def _direct(pieces: Frame, direct_legs: Frame, ids: NDArray[np.object_], speed_km_h: float) -> Legs:
    origin = pd.Index(pieces["piece_id"]).get_indexer(pd.Index(direct_legs["piece_id"]))
    to = pd.Index(ids).get_indexer(pd.Index(direct_legs["amenity_id"]))
    keep = (origin >= 0) & (to >= 0)
    seconds = walk_seconds(direct_legs["walk_distance_m"].to_numpy(dtype=np.float64)[keep], speed_km_h)
    return make_legs(origin[keep], to[keep].astype(np.int32), seconds, len(pieces))


def _nearest_direct(direct: Legs) -> Seconds:
    """Return per origin the shortest walk all the way; walks of a place run from short to long."""
    nearest = np.full(len(direct.start) - 1, UNREACHED, np.int32)
    has_walk = direct.start[1:] > direct.start[:-1]
    nearest[has_walk] = direct.seconds[direct.start[:-1][has_walk]]
    return nearest


def _told(
    value: FloatArray,
    is_reached: BoolArray,
    access: _Access,
    leaves: BoolArray,
    complete_to: FloatArray,
    *,
    is_sum: bool,
) -> Answer:
    """Say what is known: a search that could not see every stop, or left the data, is complete only so far.

    ``leaves`` says that destinations beyond the edge of the data may be nearer than what was found; ``complete_to``
    from how many minutes on.
    """
    status = np.where(is_reached, "reached", "unreached").astype(object)
    why = access.why.copy()
    why[pd.isna(why) & ~is_reached & access.has_unknown_stop] = "service_unknown"
    why[pd.isna(why) & ~is_reached & (access.has_edge | leaves)] = "data_edge"
    is_unknown = ~pd.isna(why)
    status[is_unknown] = "unknown"
    told = np.where(is_unknown | (~is_reached & (not is_sum)), np.nan, value)
    sees_all = ~(access.has_edge | access.has_unknown_stop)
    is_truncated = ~is_unknown & (~sees_all | leaves)
    # Stops that were not seen may lead anywhere: then no time is surely missed.
    complete = np.where(sees_all & pd.isna(access.why), complete_to, np.nan)
    return Answer(told, status, is_truncated, complete, why)
