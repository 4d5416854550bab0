"""Which services run on which day, and the reference day: the median of the ordinary days of its kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs import Gtfs
from flexsites.inputs.transit.gtfs_calendar import WEEKDAYS, Dates, entered_period
from flexsites.inputs.transit.gtfs_rows import runs_per_row

if TYPE_CHECKING:
    from flexsites.config.transit import ReferenceDay

_DAY = dt.timedelta(days=1)


def active_services(gtfs: Gtfs, day: dt.date) -> NDArray[np.bool_]:
    """Return per service whether it runs on a day: the weekly calendar, then the exceptions.

    Returns
    -------
    NDArray
        ``(n_services,)``; all False on a day outside the feed.
    """
    is_active = np.zeros(len(gtfs.services), bool)
    stamp = pd.Timestamp(day)
    calendar = gtfs.calendar
    is_within = (calendar["start_date"] <= stamp) & (calendar["end_date"] >= stamp)
    runs = (calendar[WEEKDAYS[day.weekday()]].astype(bool) & is_within).to_numpy(bool)
    is_active[calendar["service"].to_numpy()[runs]] = True
    today = gtfs.exceptions[gtfs.exceptions["date"] == stamp]
    is_added = today["is_added"].to_numpy(bool)
    is_active[today["service"].to_numpy()[is_added]] = True
    is_active[today["service"].to_numpy()[~is_added]] = False
    return is_active


def raise_unless_covered(gtfs: Gtfs, day: dt.date) -> None:
    """Refuse a day of which a feed says nothing: that none of its trips runs then is not known.

    Raises
    ------
    InputError
        With every feed that does not cover the day.
    """
    faults = [
        Fault(
            f"the feed {name} says nothing about {day}",
            "timetable",
            f"choose a day from {first} to {last}, or take feeds of one period",
        )
        for name, first, last in gtfs.periods
        if not first <= day <= last
    ]
    if faults:
        raise InputError(faults)


def common_period(gtfs: Gtfs, *, open_end_years: float | None = None) -> Dates | None:
    """Return the first and last date of which all feeds speak; null where there is none.

    With ``open_end_years`` only dates for which somebody entered service: see
    :func:`flexsites.inputs.transit.gtfs_calendar.entered_period`.
    """
    if not gtfs.periods:
        return None
    spans = [(first, last) for _, first, last in gtfs.periods]
    if open_end_years is not None:
        feed_of = gtfs.service_feed
        for i, period in enumerate(gtfs.periods):
            own = [
                table[(feed_of[table["service"].to_numpy(dtype=np.int64)] == i)]
                for table in (gtfs.calendar, gtfs.exceptions)
            ]
            spans[i] = entered_period(own[0], own[1], period, open_end_years=open_end_years)
    first, last = max(span[0] for span in spans), min(span[1] for span in spans)
    return (first, last) if first <= last else None


@dataclass(frozen=True, slots=True)
class _Dates:
    """A weekday of some weeks on which the same services run: its first date, how many, and the stop events."""

    first: dt.date
    n: int
    events: float
    by_operator: NDArray[np.float64]

    @property
    def last(self) -> dt.date:
        """The last of the dates."""
        return self.first + 7 * (self.n - 1) * _DAY


def ordinary_day(gtfs: Gtfs, *, weekdays: Sequence[int], rule: ReferenceDay) -> dt.date | None:
    """Return the median ordinary day among these weekdays, of equals the earliest; null if none runs.

    What is ordinary, and of which days a feed speaks, is told by :class:`flexsites.config.transit.ReferenceDay`. Every
    date counts once in the medians; of an even number of days it is the lower one.

    Parameters
    ----------
    gtfs
        The feed.
    weekdays
        0 is Monday.
    rule
        What is ordinary.
    """
    return ordinary_days(gtfs, kinds=[weekdays], rule=rule)[0]


def ordinary_days(gtfs: Gtfs, *, kinds: Sequence[Sequence[int]], rule: ReferenceDay) -> list[dt.date | None]:
    """Return the ordinary day of each of several kinds of weekdays: all dates of a feed are gone through once."""
    period = common_period(gtfs, open_end_years=float(rule.open_end_years))
    if period is None:
        return [None] * len(kinds)
    spoken = _spoken(list(_dates(gtfs, period, apart=rule.not_ordinary)), float(rule.spoken_share))
    return [_ordinary(spoken, weekdays, rule) for weekdays in kinds]


def _ordinary(spoken: Sequence[_Dates], weekdays: Sequence[int], rule: ReferenceDay) -> dt.date | None:
    barred = set(rule.not_ordinary)
    days = [day for day in spoken if day.first.weekday() in weekdays and day.first not in barred and day.events > 0]
    if not days:
        return None
    median = _median(days)
    ordinary = [day for day in days if abs(day.events - median) <= float(rule.ordinary_share) * median]
    typical = _median(ordinary)
    return min(day.first for day in ordinary if day.events == typical)


def _median(days: Sequence[_Dates]) -> float:
    """Return the median of stop events over all dates; the lower of two."""
    ordered = sorted(days, key=lambda day: day.events)
    reached = np.cumsum([day.n for day in ordered])
    return ordered[int(np.searchsorted(reached, (reached[-1] + 1) // 2))].events


def _dates(gtfs: Gtfs, period: Dates, *, apart: Sequence[dt.date]) -> Iterator[_Dates]:
    """Give all dates of a period, those of one weekday between two changes of service together.

    Services change where one starts or ends, and at exceptions: nothing else need be looked at, however long they run.
    """
    first, last = period
    calendar, dates = gtfs.calendar, [*gtfs.exceptions["date"].dt.date, *apart]
    changes = {*calendar["start_date"].dt.date, *dates}
    changes |= {day + _DAY for day in (*calendar["end_date"].dt.date, *dates) if first <= day <= last}
    breaks = [first, *sorted(day for day in changes if first < day <= last), last + _DAY]
    events, operator, service = _events_by_operator(gtfs)
    n_operators = int(operator.max(initial=-1)) + 1
    for start, end in pairwise(breaks):
        for offset in range(min(7, (end - start).days)):
            day = start + offset * _DAY
            active = active_services(gtfs, day)[service]
            counted = np.bincount(operator[active], weights=events[active], minlength=n_operators)
            by_operator = np.asarray(counted, dtype=np.float64)
            yield _Dates(day, 1 + ((end - day).days - 1) // 7, float(by_operator.sum()), by_operator)


def _events_by_operator(gtfs: Gtfs) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many stop events each operator has in each service, and the numbers of both; frequencies in full."""
    per_trip = np.bincount(gtfs.stop_times["trip"].to_numpy(), minlength=len(gtfs.trips)).astype(np.float64)
    if len(gtfs.frequencies):
        often = gtfs.frequencies["trip"].to_numpy()
        runs = np.bincount(often, weights=runs_per_row(gtfs.frequencies), minlength=len(gtfs.trips))
        per_trip[np.unique(often)] *= runs[np.unique(often)]
    of_route = np.unique(gtfs.routes["operator"].to_numpy(dtype=str), return_inverse=True)[1]
    n = len(gtfs.services)
    pair = of_route[gtfs.trips["route"].to_numpy()] * n + gtfs.trips["service"].to_numpy(dtype=np.int64)
    found, which = np.unique(pair, return_inverse=True)
    events = np.asarray(np.bincount(which, weights=per_trip, minlength=len(found)), dtype=np.float64)
    return events, np.asarray(found // n, dtype=np.int64), np.asarray(found % n, dtype=np.int64)


def _spoken(days: Sequence[_Dates], share: float) -> list[_Dates]:
    """Return the dates between the first and last service of operators that together bring this share of all service.

    An operator weighs as on its busiest day. Where no date is spoken of so widely all of them count.
    """
    if not days:
        return []
    running = np.array([day.by_operator for day in days])
    weight = running.max(axis=0)
    first = [min(day.first for day, n in zip(days, column, strict=True) if n > 0) if column.any() else dt.date.max
             for column in running.T]  # fmt: skip
    last = [max(day.last for day, n in zip(days, column, strict=True) if n > 0) if column.any() else dt.date.min
            for column in running.T]  # fmt: skip
    spoken = [
        day
        for day in days
        if sum(w for w, a, b in zip(weight, first, last, strict=True) if a <= day.first <= b) >= share * weight.sum()
    ]
    return spoken or list(days)
