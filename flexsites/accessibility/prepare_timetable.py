"""What door-to-door travel times need, made once for the whole run and memory-mapped by every worker.

The compiled timetable with its changes over the streets, the walks from stops to destinations, and per measure of the
closest destination its profile: then a site's answer is a look-up, and the same in whichever cell the site is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from flexsites.accessibility.kernels.connection_scan import Profile, profile_to
from flexsites.accessibility.kernels.network import open_array
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.kernels.timetable import Legs, Timetable, Walks, compile_timetable, make_legs, walk_seconds
from flexsites.accessibility.kernels.walk_legs import WalkLegs, walk_legs
from flexsites.arrays import FloatArray, IntArray
from flexsites.errors import Fault, InputError
from flexsites.geometry.shapes import distance_to_edge_m

if TYPE_CHECKING:
    from flexsites.accessibility.kernels.network import Network
    from flexsites.accessibility.kernels.timetable import Seconds
    from flexsites.config.access import TravelTime
    from flexsites.config.transit import Transfers
    from flexsites.tables import Frame

_INDEX = "travel.json"


@dataclass(frozen=True, slots=True)
class PreparedTravel:
    """A prepared directory, opened.

    Attributes
    ----------
    directory
        Where it is.
    timetable
        The compiled timetable.
    destinations
        Per category their ids, sorted.
    extent
        Where streets and destinations are complete; None: everywhere that is asked.
    """

    directory: Path
    timetable: Timetable
    destinations: Mapping[str, np.ndarray]
    extent: shapely.Geometry | None

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        """Send the directory to another process, not the arrays."""
        return open_travel, (self.directory,)

    def egress(self, category: str, walk_speed_km_h: float) -> Legs:
        """Return the walks from stops to the destinations of a category at a speed, seen from the destinations."""
        return Legs(*(self._array(f"egress.{category}.{walk_speed_km_h:g}.{name}") for name in Legs._fields))

    def weight(self, category: str) -> FloatArray:
        """Return what each destination of a category counts."""
        return self._array(f"weight.{category}")  # type: ignore[no-any-return]

    def profile(self, measure: TravelTime) -> Profile:
        """Return the prepared profile of a measure of the closest destination."""
        return Profile(*(self._array(f"profile.{measure.id}.{name}") for name in Profile._fields))

    def way_out(self, measure: TravelTime) -> Profile:
        """Return the profile to the edge of the data over a measure's window: what lies beyond it is not known."""
        return Profile(*(self._array(f"way_out.{measure.id}.{name}") for name in Profile._fields))

    def _array(self, name: str) -> Any:  # noqa: ANN401 - an array of any type
        return open_array(self.directory / f"{name}.npy")


def departures_of(measure: TravelTime) -> Seconds:
    """Return the departures of a measure's window in seconds of the day: its end is not among them."""
    start, end = (t.hour * 3600 + t.minute * 60 + t.second for t in (measure.window.start, measure.window.end))
    return np.arange(start, end, round(float(measure.window.step_min) * 60), dtype=np.int32)


def limit_of(measure: TravelTime) -> int:
    """Return the longest travel time of a measure in seconds."""
    return round(float(measure.limit_min) * 60)


def prepare_travel(
    directory: Path,
    day: Mapping[str, Any],
    stops: Frame,
    destinations: Frame,
    *,
    network: Network,
    transfers: Transfers,
    measures: tuple[TravelTime, ...],
    walk_speed_km_h: float,
    egress_reach_m: float,
    max_snap_m: float,
    station: IntArray | None = None,
    extent: shapely.Geometry | None = None,
) -> PreparedTravel:
    """Compile the timetable over the streets and write what the measures ask of it.

    Parameters
    ----------
    directory
        Written over where it exists.
    day
        The trips of the day: :meth:`flexsites.inputs.transit.service_days.DayTrips.arrays`.
    stops
        Table ``Stops``; a stop of the timetable that is not in it (outside the country) has no walks.
    destinations
        Table ``Amenities``: destinations by category, with their weight.
    network
        The walking network.
    transfers
        The change time, and how far one walks between stops.
    measures
        What will be asked.
    walk_speed_km_h, egress_reach_m, max_snap_m
        Walking speed of measures that have none of their own, the longest walk from a stop to a destination, and how
        far a point may lie from a street.
    station
        ``(n_stops,)``: between stops of one number one can change, whatever the streets around them; None: nowhere.
    extent
        Where streets and destinations are complete; None: everywhere that is asked.
    """
    stop_ids = np.asarray(day["stop_ids"], dtype=object)
    xy = np.full((len(stop_ids), 2), np.nan)
    known = stops.drop_duplicates("stop_id")
    at = pd.Index(stop_ids).get_indexer(pd.Index(known["stop_id"]))
    xy[at[at >= 0]] = shapely.get_coordinates(known.geometry.to_numpy())[at >= 0]
    positions = snap(network, xy, max_snap_m=max_snap_m)
    between = walk_legs(network.graph, positions, positions, float(transfers.reach_m))
    if station is not None:
        between = shortest(between, station_walks(xy, station, float(transfers.detour)))
    seconds = walk_seconds(between.metres, walk_speed_km_h)
    walks = make_legs(between.place, between.stop.astype(np.int32), seconds, len(stop_ids))
    timetable = compile_timetable(**day, walks=walks, change_s=int(transfers.change_s))
    timetable.save(directory / "timetable")
    rank = timetable.rows_of(stop_ids).astype(np.int32)
    found: dict[str, list[str]] = {}
    for category in sorted({measure.to.category for measure in measures}):
        chosen = destinations[(destinations["category"] == category).to_numpy()].sort_values("amenity_id")
        places = snap(network, _points(chosen), max_snap_m=max_snap_m)
        legs = walk_legs(network.graph, places, positions, egress_reach_m)
        for speed in sorted({one.walks_at(walk_speed_km_h) for one in measures if one.to.category == category}):
            egress = make_legs(legs.place, rank[legs.stop], walk_seconds(legs.metres, speed), len(chosen))
            for name, array in egress._asdict().items():
                np.save(directory / f"egress.{category}.{speed:g}.{name}.npy", array)
        np.save(directory / f"weight.{category}.npy", chosen["weight"].to_numpy(dtype=np.float64))
        found[category] = chosen["amenity_id"].tolist()
    wkt = None if extent is None else shapely.to_wkt(extent, rounding_precision=-1)
    (directory / _INDEX).write_text(json.dumps({"destinations": found, "extent": wkt}), encoding="utf-8")
    travel = open_travel(directory)
    for measure in measures:
        speed = measure.walks_at(walk_speed_km_h)
        if measure.aggregation == "closest":
            egress = travel.egress(measure.to.category, speed)
            _write_profile(travel, measure, "profile", Walks(egress.stop, egress.seconds))
        if extent is not None:
            _write_profile(travel, measure, "way_out", _walks_out(xy, rank, extent, speed, egress_reach_m))
    return travel


def station_walks(xy: FloatArray, station: IntArray, detour: float) -> WalkLegs:
    """Return walks between the stops of each station: straight times a detour, because streets do not show tunnels.

    The platforms of a station lie on both sides of its tracks: over the streets it is far from one to the other, and
    under them a minute. [A] for the detour.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [30.0, 40.0], [900.0, 0.0]])
    >>> [part.tolist() for part in station_walks(xy, np.array([7, 7, 9]), 1.3)]
    [[0, 1], [1, 0], [65.0, 65.0]]
    """
    _, number, size = np.unique(station, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    place = np.repeat(order, size[number[order]])
    start = np.repeat((np.cumsum(size) - size)[number[order]], size[number[order]])
    turn = np.arange(len(place)) - np.repeat(np.cumsum(size[number[order]]) - size[number[order]], size[number[order]])
    stop = order[start + turn]
    metres = np.hypot(*(xy[place] - xy[stop]).T) * detour
    is_walk = (place != stop) & np.isfinite(metres)
    return WalkLegs(place[is_walk], stop[is_walk], metres[is_walk])


def shortest(*walks: WalkLegs) -> WalkLegs:
    """Return every pair of a place and a stop once, with its shortest walk.

    Examples
    --------
    >>> one, other = (WalkLegs(np.array([0]), np.array([1]), np.array([m])) for m in (90.0, 65.0))
    >>> shortest(one, other).metres.tolist()
    [65.0]
    """
    place, stop, metres = (np.concatenate(parts) for parts in zip(*walks, strict=True))
    order = np.lexsort([metres, stop, place])
    place, stop, metres = place[order], stop[order], metres[order]
    is_first = np.ones(len(place), dtype=bool)
    is_first[1:] = (place[1:] != place[:-1]) | (stop[1:] != stop[:-1])
    return WalkLegs(place[is_first], stop[is_first], metres[is_first])


def _walks_out(
    xy: FloatArray, rank: np.ndarray, extent: shapely.Geometry | None, speed_km_h: float, reach_m: float
) -> Walks:
    """Return the stops from which a destination beyond the edge of the data can be walked to, and how soon at best.

    A stop outside the data, or of which no place is known here, is beyond the edge itself.
    """
    to_edge = distance_to_edge_m(xy, extent)
    near = np.flatnonzero(~(to_edge >= reach_m))
    return Walks(rank[near], walk_seconds(to_edge[near], speed_km_h))


def _points(frame: Frame) -> FloatArray:
    return np.asarray(shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))).reshape(-1, 2)


def _write_profile(travel: PreparedTravel, measure: TravelTime, kind: str, egress: Walks) -> None:
    """Write the departures worth taking to where these walks lead, over the window of a measure."""
    leave_s = departures_of(measure)
    latest_s = int(leave_s[-1]) + limit_of(measure)
    # Of one kind, whether they were opened or made: the kernel is compiled once for each kind.
    walks = Walks(*(np.array(part) for part in egress))
    profile = profile_to(travel.timetable.compiled, walks, int(leave_s[0]), latest_s)
    for name, array in profile._asdict().items():
        np.save(travel.directory / f"{kind}.{measure.id}.{name}.npy", array)


def open_travel(directory: Path) -> PreparedTravel:
    """Open a prepared directory.

    Raises
    ------
    InputError
        If nothing was prepared there.
    """
    path = Path(directory) / _INDEX
    if not path.exists():
        raise InputError(Fault("no prepared travel times", str(directory), "prepare the timetable first"))
    found = json.loads(path.read_text(encoding="utf-8"))
    destinations = {category: np.array(ids, dtype=object) for category, ids in found["destinations"].items()}
    extent = None if found["extent"] is None else shapely.from_wkt(found["extent"])
    return PreparedTravel(Path(directory), Timetable.open(Path(directory) / "timetable"), destinations, extent)
