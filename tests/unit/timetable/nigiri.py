"""The same questions put to pynigiri, where it answers them: earliest arrival from stop to stop in whole minutes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import ModuleType

DAY = dt.date(2026, 1, 6)


def load(module: ModuleType, path: Path) -> object:
    """Load a GTFS zip without walks between stops; changes take nigiri's two minutes."""
    config = module.LoaderConfig()
    config.link_stop_distance = 0
    config.default_tz = "Europe/Amsterdam"
    first, last = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=5)
    return module.load_timetable([module.TimetableSource("feed", str(path), config)], f"{first}", f"{last}")


def earliest_arrival(
    module: ModuleType, timetable: object, pair: tuple[str, str], leave_min: int, longest_min: int
) -> int | None:
    """Return the earliest arrival in minutes of the day, null if there is none."""
    # Midnight in Amsterdam in winter is 23:00 of the day before in UTC.
    midnight = int(dt.datetime.combine(DAY, dt.time(), dt.UTC).timestamp()) // 60 - 60
    query = module.Query()
    query.start_time = midnight + leave_min
    query.start = [module.Offset(timetable.find_location(pair[0]), 0, 0)]
    query.destination = [module.Offset(timetable.find_location(pair[1]), 0, 0)]
    query.max_travel_time = longest_min
    query.start_match_mode = query.dest_match_mode = module.LocationMatchMode.EXACT
    journeys = module.route(timetable, query)
    return min((journey.arrival_time() - midnight for journey in journeys), default=None)
