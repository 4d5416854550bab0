"""A timetable compiled for searching: made once, kept as files, memory-mapped by every worker.

Connections (one vehicle from one stop to its next) are sorted by departure, so that one pass over them in order is
a search forward in time, and one pass in reverse order a search backward.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.accessibility.kernels.network import open_array
from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.errors import Fault, InputError

if TYPE_CHECKING:
    from typing import Self

Seconds = NDArray[np.int32]
StopIndex = NDArray[np.int32]
BOARD, ALIGHT = 1, 2


class Connections(NamedTuple):
    """One vehicle from one stop to its next, by departure; equal departures of one trip in order of travel.

    Seconds count from the start of the service day; ``flags`` say whether one may board at the first stop (1) and
    alight at the second (2).
    """

    departure_stop: StopIndex
    arrival_stop: StopIndex
    departure_s: Seconds
    arrival_s: Seconds
    trip: NDArray[np.int32]
    flags: NDArray[np.uint8]


class Legs(NamedTuple):
    """Walks from each of n places: those of place i are ``stop[start[i] : start[i + 1]]`` and their seconds.

    Between stops they are changes, and hold the change time; every stop then has one to itself, unless the timetable
    says that one cannot change there.
    """

    start: IntArray
    stop: StopIndex
    seconds: Seconds


class StatedChanges(NamedTuple):
    """What a timetable itself says of changes from a stop to a stop (or at one): the seconds it takes, walk included.

    Below 0: one cannot change there. Each pair stands once; stops count as in the trips.
    """

    start: StopIndex
    stop: StopIndex
    seconds: Seconds


class Walks(NamedTuple):
    """Walks of one place: to these stops, in these seconds."""

    stop: StopIndex
    seconds: Seconds


class Compiled(NamedTuple):
    """What the kernels read of a timetable."""

    connections: Connections
    changes: Legs
    changes_into: Legs
    n_trips: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """A compiled timetable of one day.

    Attributes
    ----------
    service_date
        The day, ISO.
    stop_ids
        ``(n_stops,)`` ids, sorted.
    n_trips
        The number of trips.
    connections
        All of them.
    changes, changes_into
        From each stop to where one can change, and the same seen from where one changes to.
    """

    service_date: str
    stop_ids: NDArray[np.str_]
    n_trips: int
    connections: Connections
    changes: Legs
    changes_into: Legs

    @property
    def n_stops(self) -> int:
        """The number of stops."""
        return len(self.stop_ids)

    @property
    def compiled(self) -> Compiled:
        """What the kernels read."""
        return Compiled(self.connections, self.changes, self.changes_into, self.n_trips)

    def rows_of(self, stop_ids: NDArray[np.object_]) -> IntArray:
        """Return the numbers of stops by id; -1 for one that the timetable does not hold."""
        wanted = np.asarray(stop_ids, dtype=np.str_)
        if not self.n_stops:
            return np.full(len(wanted), -1, np.int64)
        at = np.minimum(np.searchsorted(self.stop_ids, wanted), self.n_stops - 1)
        return np.where(self.stop_ids[at] == wanted, at, -1).astype(np.int64)

    def save(self, directory: Path) -> None:
        """Write the timetable as .npy files into a directory; one that is there is written over."""
        directory.mkdir(parents=True, exist_ok=True)
        np.save(directory / "stop_ids.npy", self.stop_ids)
        for part in ("connections", "changes", "changes_into"):
            for name, array in getattr(self, part)._asdict().items():
                np.save(directory / f"{part}.{name}.npy", array)
        about = {"service_date": self.service_date, "n_trips": self.n_trips}
        (directory / "timetable.json").write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Memory-map a saved timetable: nothing is read until it is touched, and workers share it.

        Raises
        ------
        InputError
            If the directory holds no timetable.
        """
        path = directory / "timetable.json"
        if not path.exists():
            raise InputError(Fault("no timetable", str(directory), "compile the timetable first"))
        about = json.loads(path.read_text(encoding="utf-8"))

        def part(name: str, fields: tuple[str, ...]) -> list[NDArray[np.generic]]:
            return [open_array(directory / f"{name}.{field}.npy") for field in fields]

        return cls(
            service_date=about["service_date"],
            stop_ids=np.load(directory / "stop_ids.npy"),
            n_trips=about["n_trips"],
            connections=Connections(*part("connections", Connections._fields)),  # type: ignore[arg-type]
            changes=Legs(*part("changes", Legs._fields)),  # type: ignore[arg-type]
            changes_into=Legs(*part("changes_into", Legs._fields)),  # type: ignore[arg-type]
        )


def compile_timetable(
    *,
    service_date: str,
    stop_ids: NDArray[np.object_],
    trip_start: IntArray,
    stop: StopIndex,
    arrival_s: Seconds,
    departure_s: Seconds,
    is_boarding: BoolArray,
    is_alighting: BoolArray,
    walks: Legs,
    change_s: int,
    stated: tuple[StopIndex, StopIndex, Seconds] | None = None,
) -> Timetable:
    """Compile the trips of a day.

    Parameters
    ----------
    service_date
        The day, ISO.
    stop_ids
        ``(n_stops,)`` in any order; ``stop`` and ``walks`` count in them.
    trip_start, stop, arrival_s, departure_s, is_boarding, is_alighting
        The trips, as in :class:`flexsites.inputs.transit.service_days.DayTrips`; times never run back within a trip.
    walks
        From stop to stop, in seconds of walking; a walk from a stop to itself is left out.
    change_s
        What a change takes besides the walk; at least 1.
    stated
        What the timetable itself says of changes, as :class:`StatedChanges`; it goes before walks and ``change_s``.
        None: nothing.

    Raises
    ------
    InputError
        If a change takes no time (the scan rests on it), or times run back.
    """
    faults = []
    if change_s < 1:
        faults.append(Fault("a change takes no time", "timetable: change_s", "give at least 1 second"))
    first, second = _pairs(trip_start)
    if (departure_s[first] > arrival_s[second]).any() or (arrival_s > departure_s).any():
        faults.append(Fault("times run back within a trip", "timetable: stop times", "leave these trips out"))
    if faults:
        raise InputError(faults)
    order = np.argsort(stop_ids.astype(np.str_), kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    trip = np.repeat(np.arange(len(trip_start) - 1, dtype=np.int32), np.diff(trip_start))
    flags = np.where(is_boarding[first], BOARD, 0) | np.where(is_alighting[second], ALIGHT, 0)
    by_departure = np.argsort(departure_s[first], kind="stable")
    first, second = first[by_departure], second[by_departure]
    connections = Connections(
        departure_stop=rank[stop[first]],
        arrival_stop=rank[stop[second]],
        departure_s=departure_s[first].astype(np.int32),
        arrival_s=arrival_s[second].astype(np.int32),
        trip=trip[first],
        flags=flags[by_departure].astype(np.uint8),
    )
    origin = rank[np.repeat(np.arange(len(order)), np.diff(walks.start))]
    said = None if stated is None else StatedChanges(rank[stated[0]], rank[stated[1]], stated[2])
    changes, changes_into = _changes(origin, rank[walks.stop], walks.seconds, len(order), change_s, said)
    ids = stop_ids.astype(np.str_)[order]
    return Timetable(service_date, ids, len(trip_start) - 1, connections, changes, changes_into)


def _pairs(trip_start: IntArray) -> tuple[IntArray, IntArray]:
    """Give the stop events at both ends of every connection."""
    is_last = np.zeros(trip_start[-1], bool)
    is_last[trip_start[1:] - 1] = True
    first = np.flatnonzero(~is_last)
    return first, first + 1


def _changes(
    origin: StopIndex,
    to: StopIndex,
    seconds: Seconds,
    n_stops: int,
    change_s: int,
    stated: StatedChanges | None = None,
) -> tuple[Legs, Legs]:
    """Add the change time to walks, and to each stop a change alone; seen from both ends.

    Examples
    --------
    Between two stops a minute apart; the timetable says ten minutes at the first, and no change at the second.

    >>> i32 = lambda *v: np.array(v, np.int32)
    >>> said = StatedChanges(i32(0, 1), i32(0, 1), i32(600, -1))
    >>> legs, _ = _changes(i32(0, 1), i32(1, 0), i32(60, 60), 2, 120, said)
    >>> legs.start.tolist(), legs.stop.tolist(), legs.seconds.tolist()
    ([0, 2, 3], [1, 0, 0], [180, 600, 180])
    """
    is_walk = origin != to
    own = np.arange(n_stops, dtype=np.int32)
    origin = np.concatenate([own, origin[is_walk]])
    to = np.concatenate([own, to[is_walk]])
    takes = np.concatenate([np.zeros(n_stops, np.int32), seconds[is_walk]]).astype(np.int32) + np.int32(change_s)
    if stated is not None and len(stated.start):
        pairs, said = (a.astype(np.int64) * n_stops + b for a, b in ((origin, to), (stated.start, stated.stop)))
        is_left, is_possible = ~np.isin(pairs, said), stated.seconds >= 0
        origin = np.concatenate([origin[is_left], stated.start[is_possible]])
        to = np.concatenate([to[is_left], stated.stop[is_possible]])
        # A change takes a second at least: the scan rests on it.
        takes = np.concatenate([takes[is_left], np.maximum(stated.seconds[is_possible], 1).astype(np.int32)])
    return make_legs(origin, to, takes, n_stops), make_legs(to, origin, takes, n_stops)


def make_legs(place: NDArray[np.integer], stop: StopIndex, seconds: Seconds, n_places: int) -> Legs:
    """Order walks by place, and within a place from short to long.

    Parameters
    ----------
    place, stop, seconds
        ``(n,)`` walks; places count from 0.
    n_places
        The number of places; one without a walk has none.

    Examples
    --------
    >>> legs = make_legs(np.array([1, 0, 1]), np.array([5, 6, 7], np.int32), np.array([90, 30, 60], np.int32), 3)
    >>> legs.start.tolist(), legs.stop.tolist()
    ([0, 1, 3, 3], [6, 7, 5])
    """
    order = np.lexsort([stop, seconds, place])
    start = np.searchsorted(np.asarray(place)[order], np.arange(n_places + 1)).astype(np.int64)
    return Legs(start, stop[order].astype(np.int32), seconds[order].astype(np.int32))


def walk_seconds(metres: FloatArray, speed_km_h: float) -> Seconds:
    """Return walking times in whole seconds, rounded up; of an infinite walk the greatest there is.

    Examples
    --------
    >>> walk_seconds(np.array([0.0, 1125.0, 1125.1, np.inf]), 4.5).tolist()
    [0, 900, 901, 2147483647]
    """
    # A micrometre is taken off, so that 1125 m at 4.5 km/h is 900 s and not 901 by the last bit of a division.
    seconds = np.ceil(np.maximum(metres - 1e-6, 0.0) * 3.6 / speed_km_h)
    return np.minimum(seconds, np.iinfo(np.int32).max).astype(np.int32)


def straight_walks(xy: FloatArray, *, reach_m: float, detour: float, speed_kmh: float) -> Legs:
    """Give walks between stops as straight distance times a detour, rounded up to whole seconds.

    For where no street network is at hand; over streets the walks come from the network. [A] for reach and detour.

    Parameters
    ----------
    xy
        ``(n, 2)`` stops in metres.
    reach_m
        The longest straight distance.
    detour, speed_kmh
        Walked distance over straight distance, and walking speed.

    Examples
    --------
    >>> stops = np.array([[0.0, 0.0], [100.0, 0.0], [900.0, 0.0]])
    >>> walks = straight_walks(stops, reach_m=200, detour=1.25, speed_kmh=4.5)
    >>> walks.start.tolist(), walks.stop.tolist(), walks.seconds.tolist()
    ([0, 1, 2, 2], [1, 0], [100, 100])
    """
    points = np.asarray(shapely.points(xy), dtype=object)
    place, stop = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach_m)
    place, stop = place[place != stop], stop[place != stop]
    distance = np.hypot(*(xy[place] - xy[stop]).T)
    seconds = np.ceil(distance * detour / (speed_kmh / 3.6)).astype(np.int32)
    return make_legs(place, stop.astype(np.int32), seconds, len(xy))
