"""A GTFS feed, read and cleaned: stops, lines, trips and their times, services, frequencies, changes.

Whatever cannot be used is left out, counted and told in ``findings``; nothing is left out in silence, and a word that
GTFS does not list is a fault. Several feeds become one, their ids prefixed, so that a region with two operators has one
timetable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs_calendar import Period, period_of, read_calendars
from flexsites.inputs.transit.gtfs_files import GtfsFiles, list_files, read_file, text_frame
from flexsites.inputs.transit.gtfs_rows import (
    MODES,
    read_frequencies,
    read_routes,
    read_stops,
    read_times,
    read_trips,
    tell_time_zones,
)
from flexsites.inputs.transit.gtfs_times import complete_times
from flexsites.inputs.transit.gtfs_transfers import read_transfers
from flexsites.tables import Frame

if TYPE_CHECKING:
    from flexsites.config.transit import Speeds


@dataclass(frozen=True)
class Gtfs:
    """A feed in which every reference is a row number.

    Attributes
    ----------
    stops
        ``stop_id, stop_name, lon, lat`` (degrees, WGS84), ``root``: row of the topmost parent (itself without one).
    routes
        ``route_id, mode, line``: what a traveller calls one line, by operator and number; of trains, and of
        routes without a number, each route is a line. ``operator``, and ``name``: operator, mode and number.
    trips
        ``trip_id, route, service``: rows of the routes and services; ``block``: the vehicle that runs it, null where
        the feed does not say.
    stop_times
        ``trip, stop, arrival_s, departure_s, is_boarding, is_alighting``, by trip and in order of travel; seconds
        after the start of the service day; no nulls (times between timepoints are filled by distance).
    services
        The service ids.
    calendar
        ``service, monday .. sunday`` (bool), ``start_date, end_date``; empty where the feed has none.
    exceptions
        ``service, date, is_added``; empty where the feed has none.
    frequencies
        ``trip, start_s, end_s, headway_s``; empty where the feed has none.
    transfers
        ``from_stop, to_stop, seconds`` of changes that take as long as the feed says; -1: one cannot change there.
    stays
        ``from_trip, to_trip, may_stay``: whether one may stay seated from one trip to the other.
    periods
        Per feed its name and the first and last date it names: outside them it is silent, which is no "nothing runs".
    service_feed
        Per service which of these periods is that of its feed.
    publisher
        Who published it, from feed_info, null when it does not say.
    findings
        What was left out or mended, and how many rows.
    """

    stops: Frame
    routes: Frame
    trips: Frame
    stop_times: Frame
    services: NDArray[np.object_]
    calendar: Frame
    exceptions: Frame
    frequencies: Frame
    transfers: Frame
    stays: Frame
    periods: tuple[Period, ...]
    service_feed: NDArray[np.int64]
    publisher: str | None
    findings: tuple[Fault, ...]


def read_gtfs(paths: Mapping[str, Path] | Path, *, speeds: Speeds | None = None) -> Gtfs:
    """Read one feed, or several as one.

    Parameters
    ----------
    paths
        A zip or folder; or several by name, whose ids become ``name:id``.
    speeds
        What no vehicle exceeds; None: nothing is too fast.

    Raises
    ------
    InputError
        If a file or column is missing, holds words that GTFS does not list, nothing usable is left, or a feed has
        neither calendar nor calendar_dates.
    """
    if isinstance(paths, Path):
        return _read_feed(list_files(paths), "", speeds)
    return _join([_read_feed(list_files(path), f"{name}:", speeds) for name, path in paths.items()])


def _read_feed(files: GtfsFiles, prefix: str, speeds: Speeds | None) -> Gtfs:
    stops = read_stops(files, prefix)
    tell_time_zones(files)
    routes = read_routes(files, prefix)
    calendar, exceptions, services = read_calendars(files, prefix)
    trips = read_trips(files, prefix, routes, services)
    frequencies = read_frequencies(files, trips)
    transfers, stays = read_transfers(files, trips, stops)
    raw = read_times(files)
    if files.faults:
        raise InputError(files.faults)
    fastest = None if speeds is None else _fastest_m_s(trips, routes, speeds)
    rounding_s = 0.0 if speeds is None else float(speeds.rounding_s)
    stop_times = complete_times(raw, trips, stops, files, fastest_m_s=fastest, rounding_s=rounding_s)
    publisher = None
    if "feed_info.txt" in files.members:
        info = text_frame(read_file(files, "feed_info.txt", required=(), optional=("feed_publisher_name",)))
        publisher = str(info["feed_publisher_name"].iloc[0]) if len(info) and info.notna().iloc[0, 0] else None
    return Gtfs(
        stops=stops.drop(columns="raw_id"),
        routes=routes.drop(columns="raw_id"),
        trips=trips.drop(columns="raw_id"),
        stop_times=stop_times,
        services=np.array(services),
        calendar=calendar,
        exceptions=exceptions,
        frequencies=frequencies,
        transfers=transfers,
        stays=stays,
        periods=period_of(files, prefix.removesuffix(":") or files.path.name, calendar, exceptions),
        service_feed=np.zeros(len(services), np.int64),
        publisher=publisher,
        findings=tuple(files.findings),
    )


def _fastest_m_s(trips: Frame, routes: Frame, speeds: Speeds) -> NDArray[np.float64]:
    """Return per trip the speed that its mode does not exceed."""
    of_mode = {mode: float(getattr(speeds, f"{mode}_km_h")) / 3.6 for mode in MODES}
    of_route = np.array([of_mode[mode] for mode in routes["mode"]], dtype=np.float64)
    return np.asarray(of_route[trips["route"].to_numpy()], dtype=np.float64)


def _join(feeds: Sequence[Gtfs]) -> Gtfs:
    """Put feeds below each other, references moved along."""
    if not feeds:
        raise InputError(Fault("no feed was given", "timetable", "name at least one GTFS zip or folder"))

    def below(name: str, **references: str) -> Frame:
        """Return one table of all feeds, its references moved along with the rows they point at."""
        parts, offsets = [], dict.fromkeys(references, 0)
        for feed in feeds:
            frame = getattr(feed, name)
            parts.append(frame.assign(**{column: frame[column] + offsets[column] for column in references}))
            for column, target in references.items():
                offsets[column] += len(getattr(feed, target))
        filled = [part for part in parts if len(part)]
        return pd.DataFrame(pd.concat(filled, ignore_index=True)) if filled else pd.DataFrame(parts[0])

    # A feed that names no date has no period: its services run never.
    starts = np.cumsum([0, *(len(feed.periods) for feed in feeds)])
    return Gtfs(
        stops=below("stops", root="stops"),
        routes=below("routes"),
        trips=below("trips", route="routes", service="services"),
        stop_times=below("stop_times", trip="trips", stop="stops"),
        services=np.concatenate([feed.services for feed in feeds]),
        calendar=below("calendar", service="services"),
        exceptions=below("exceptions", service="services"),
        frequencies=below("frequencies", trip="trips"),
        transfers=below("transfers", from_stop="stops", to_stop="stops"),
        stays=below("stays", from_trip="trips", to_trip="trips"),
        periods=tuple(period for feed in feeds for period in feed.periods),
        service_feed=np.concatenate([np.full(len(feed.services), starts[i], np.int64) for i, feed in enumerate(feeds)]),
        publisher="; ".join(sorted({feed.publisher for feed in feeds if feed.publisher})) or None,
        findings=tuple(finding for feed in feeds for finding in feed.findings),
    )
