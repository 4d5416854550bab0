"""A synthetic timetable on given stops: lines along corridors, headways by mode. It is no real service.

Stops are real or synthetic; what stops there is invented, and every file says so (agency, feed_info, trip names).
For a gemeente without stop times at hand, and for a timetable of the size of the Netherlands in benchmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

DAY_TYPES = ("weekday", "saturday", "sunday")
Hours = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Pattern:
    """How the lines of a mode run.

    Attributes
    ----------
    mode
        The mode.
    nearest_m, farthest_m
        Straight distance between successive stops.
    n_stops
        The longest line.
    turn_deg
        The sharpest turn at a stop.
    speed_m_s, detour, dwell_s
        Running speed over the straight distance times the detour, and standing time at a stop.
    n_shared
        How many stops in a row a line may share with lines drawn before.
    headways_min
        The headways that lines may have in the peak, and (``shares``) how many lines in a hundred have each.
    off_peak
        Factor on the headway outside the peak, in the evening, and on Saturday and Sunday.
    """

    mode: str
    nearest_m: float
    farthest_m: float
    n_stops: int
    turn_deg: float
    speed_m_s: float
    dwell_s: int
    headways_min: tuple[int, ...]
    shares: tuple[int, ...]
    detour: float = 1.25
    n_shared: int = 3
    off_peak: tuple[float, float, float, float] = (1.0, 2.0, 1.5, 2.0)


PATTERNS = (
    Pattern("bus", 150.0, 3_000.0, 42, 85.0, 8.0, 15, (15, 30, 60, 120), (14, 32, 38, 16), n_shared=12),
    Pattern("tram", 200.0, 1_500.0, 24, 60.0, 7.0, 20, (7, 10, 15), (30, 50, 20)),
    Pattern("metro", 400.0, 3_000.0, 24, 60.0, 12.0, 25, (5, 10), (50, 50)),
    Pattern("train", 1_500.0, 40_000.0, 14, 80.0, 25.0, 60, (15, 30), (60, 40)),
    Pattern("ferry", 100.0, 10_000.0, 2, 180.0, 4.0, 60, (15, 30), (50, 50)),
)


@dataclass(frozen=True)
class Lines:
    """Lines as stops in order: line i is ``stop[start[i] : start[i + 1]]``, with its mode and peak headway."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    pattern: NDArray[np.int64]
    headway_min: NDArray[np.int64]


@dataclass(frozen=True)
class SyntheticTrips:
    """Trips and their times.

    Attributes
    ----------
    lines
        The lines they run.
    trip_start
        ``(n_trips + 1,)``: the stop events of trip t are ``trip_start[t] : trip_start[t + 1]``.
    line, direction, day_type
        ``(n_trips,)`` line, 0 or 1, and number in ``DAY_TYPES``.
    stop, arrival_s, departure_s
        ``(n_events,)`` row of the stops given, and seconds after the start of the service day.
    """

    lines: Lines
    trip_start: NDArray[np.int64]
    line: NDArray[np.int64]
    direction: NDArray[np.int8]
    day_type: NDArray[np.int8]
    stop: NDArray[np.int32]
    arrival_s: NDArray[np.int32]
    departure_s: NDArray[np.int32]


def draw_lines(
    xy: NDArray[np.float64], mode: NDArray[np.object_], *, seed: int, patterns: tuple[Pattern, ...] = PATTERNS
) -> Lines:
    """Draw lines along corridors so that every stop lies on at least one.

    Parameters
    ----------
    xy
        ``(n, 2)`` stops in metres.
    mode
        ``(n,)`` mode of each stop.
    seed
        The same stops and seed give the same lines.

    Examples
    --------
    >>> xy = np.column_stack([np.arange(5) * 400.0, np.zeros(5)])
    >>> lines = draw_lines(xy, np.full(5, "bus", object), seed=1)
    >>> [int(s) for s in np.sort(lines.stop)], len(lines.start) - 1
    ([0, 1, 2, 3, 4], 1)
    """
    rng = np.random.default_rng(seed)
    drawn: list[list[int]] = []
    of_pattern: list[int] = []
    headway: list[int] = []
    for number, pattern in enumerate(patterns):
        members = np.flatnonzero(mode == pattern.mode)
        if len(members) < 2:
            continue
        corridors = _corridors(xy[members], pattern, rng)
        drawn += [[int(members[stop]) for stop in corridor] for corridor in corridors]
        of_pattern += [number] * len(corridors)
        shares = np.array(pattern.shares) / sum(pattern.shares)
        headway += [int(h) for h in rng.choice(pattern.headways_min, len(corridors), p=shares)]
    start = np.concatenate([[0], np.cumsum([len(line) for line in drawn])]).astype(np.int64)
    stop = np.array([stop for line in drawn for stop in line], np.int64)
    return Lines(start, stop, np.array(of_pattern, np.int64), np.array(headway, np.int64))


@dataclass(frozen=True)
class _Ground:
    """Where stops lie, and for each the distance to its near ones and which they are, from near to far."""

    xy: NDArray[np.float64]
    distance: NDArray[np.float64]
    near: NDArray[np.int64]


def _corridors(xy: NDArray[np.float64], pattern: Pattern, rng: np.random.Generator) -> list[list[int]]:
    """Draw one corridor from each stop that none covers yet, in random order, to both sides."""
    distance, near = cKDTree(xy).query(xy, k=np.arange(1, min(len(xy), 16) + 1))
    ground = _Ground(xy, np.asarray(distance), np.asarray(near))
    is_covered = np.zeros(len(xy), bool)
    corridors = []
    for first in rng.permutation(len(xy)):
        if is_covered[first]:
            continue
        line = [int(first)]
        for _ in range(2):
            _extend(line, ground, is_covered, pattern)
            line.reverse()
        if len(line) == 1:  # nothing within reach: out to the nearest other place and back
            order = np.argsort(np.hypot(*(xy - xy[first]).T), kind="stable")
            line.append(int(order[order != first][0]))
        is_covered[line] = True
        corridors.append(line)
    return corridors


def _extend(line: list[int], ground: _Ground, is_covered: NDArray[np.bool_], pattern: Pattern) -> None:
    """Go on from the end of a line to near stops ahead, rather those that no line has yet."""
    least = np.cos(np.radians(pattern.turn_deg))
    xy, n_shared = ground.xy, 0
    while len(line) < pattern.n_stops and n_shared < pattern.n_shared:
        here = line[-1]
        ahead, far = ground.near[here], ground.distance[here]
        is_open = (far >= pattern.nearest_m) & (far <= pattern.farthest_m) & ~np.isin(ahead, line)
        cosine = np.ones(len(ahead))
        if len(line) > 1:
            along = xy[here] - xy[line[-2]]
            step = xy[ahead] - xy[here]
            length = np.hypot(*step.T) * np.hypot(*along)
            cosine = np.divide(step @ along, length, out=np.zeros(len(ahead)), where=length > 0)
            is_open &= cosine >= least
        if not is_open.any():
            return
        cost = np.where(is_open, far * (2.0 - cosine) * np.where(is_covered[ahead], 3.0, 1.0), np.inf)
        chosen = int(ahead[int(np.argmin(cost))])
        n_shared = n_shared + 1 if is_covered[chosen] else 0
        line.append(chosen)


def _departures(headway_min: int, pattern: Pattern, day_type: int, offset_s: int) -> NDArray[np.int64]:
    """Give the departures of a line in one direction: peak, day, evening on weekdays; thinner at weekends."""
    day, evening, saturday, sunday = pattern.off_peak
    hours: tuple[Hours, ...] = (
        ((6, 9, 1.0), (9, 16, day), (16, 18.5, 1.0), (18.5, 24.5, evening)),
        ((7, 19, saturday), (19, 24.5, max(evening, saturday))),
        ((8, 24.5, sunday),),
    )
    parts = []
    for begin, end, factor in hours[day_type]:
        headway_s = round(headway_min * factor * 60)
        parts.append(np.arange(begin * 3600 + offset_s % headway_s, end * 3600, headway_s))
    return np.concatenate(parts).astype(np.int64)


def run_lines(
    lines: Lines,
    xy: NDArray[np.float64],
    *,
    seed: int,
    day_types: tuple[str, ...] = DAY_TYPES,
    patterns: tuple[Pattern, ...] = PATTERNS,
) -> SyntheticTrips:
    """Let vehicles run the lines in both directions.

    Parameters
    ----------
    lines
        The lines.
    xy
        ``(n, 2)`` stops in metres.
    seed
        Draws the minute at which each line leaves.
    day_types
        The kinds of day to write out.

    Returns
    -------
    SyntheticTrips
        Times never run back within a trip; the last trips leave after midnight.
    """
    rng = np.random.default_rng([seed, 1])
    offset = rng.integers(0, 3600, (len(lines.pattern), 2)) // 60 * 60
    line_of, direction_of, day_of, leaving = [], [], [], []
    for line, number in enumerate(lines.pattern):
        for way in (0, 1):
            for day_type in (DAY_TYPES.index(name) for name in day_types):
                headway, minute = int(lines.headway_min[line]), int(offset[line, way])
                times = _departures(headway, patterns[number], day_type, minute)
                line_of.append(np.full(len(times), line))
                direction_of.append(np.full(len(times), way, np.int8))
                day_of.append(np.full(len(times), day_type, np.int8))
                leaving.append(times)
    line_of_trip, direction = np.concatenate(line_of), np.concatenate(direction_of)
    running = [_running_times(lines, line, xy, patterns) for line in range(len(lines.pattern))]
    length = np.diff(lines.start)[line_of_trip]
    trip_start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    rank = np.arange(trip_start[-1]) - np.repeat(trip_start[:-1], length)
    # Both directions of every line are laid end to end once; each trip then takes its own stretch of that.
    shape = np.concatenate([np.concatenate(pair) for pair in running], axis=1)
    begin = 2 * lines.start[line_of_trip] + direction * length
    event = np.repeat(begin, length) + rank
    left = np.repeat(np.concatenate(leaving), length)
    return SyntheticTrips(
        lines=lines,
        trip_start=trip_start,
        line=line_of_trip,
        direction=direction,
        day_type=np.concatenate(day_of),
        stop=shape[0][event].astype(np.int32),
        arrival_s=(left + shape[1][event]).astype(np.int32),
        departure_s=(left + shape[2][event]).astype(np.int32),
    )


def _running_times(
    lines: Lines, line: int, xy: NDArray[np.float64], patterns: tuple[Pattern, ...]
) -> tuple[NDArray[np.int64], ...]:
    """Give stops, arrivals and departures after leaving, for the way there and the way back, as rows of one array."""
    pattern = patterns[lines.pattern[line]]
    ways = []
    stops = lines.stop[lines.start[line] : lines.start[line + 1]]
    for stop in (stops, stops[::-1]):
        run = np.ceil(np.hypot(*np.diff(xy[stop], axis=0).T) * pattern.detour / pattern.speed_m_s).astype(np.int64)
        arrival = np.concatenate([[0], np.cumsum(run + pattern.dwell_s) - pattern.dwell_s])
        departure = arrival + pattern.dwell_s
        departure[0], departure[-1] = 0, arrival[-1]
        ways.append(np.vstack([stop, arrival, departure]))
    return (np.concatenate(ways, axis=1),)
