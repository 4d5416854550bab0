"""When the services of one feed run, and of which dates the feed speaks at all."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.transit.gtfs_files import GtfsFiles, read_file, refuse_words, text_frame
from flexsites.inputs.transit.gtfs_rows import leave_out
from flexsites.tables import Frame

Period = tuple[str, dt.date, dt.date]
"""A feed's name, and the first and last date of which it speaks."""
Dates = tuple[dt.date, dt.date]
_YEAR_DAYS = 365.25
_WEEK = dt.timedelta(days=6)
# The format was made in 2005; and no timetable that is entered today ends in another century.
_FIRST, _CENTURY = dt.date(2005, 1, 1), 2100
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _dates(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, format="%Y%m%d", errors="coerce")


def read_calendars(files: GtfsFiles, prefix: str) -> tuple[Frame, Frame, list[str]]:
    """Read the weekly services, the dates on which they run or do not run besides, and the ids of all services.

    Raises
    ------
    InputError
        If the feed has neither file.
    """
    if not {"calendar.txt", "calendar_dates.txt"} & set(files.members):
        where = str(files.path)
        raise InputError(Fault("neither calendar.txt nor calendar_dates.txt", where, "a feed needs one of them"))
    calendar = pd.DataFrame({"service_id": pd.Series([], dtype="str")})
    for name in (*WEEKDAYS, "start_date", "end_date"):
        calendar[name] = pd.Series([], dtype="str")
    exceptions = pd.DataFrame({n: pd.Series([], dtype="str") for n in ("service_id", "date", "exception_type")})
    if "calendar.txt" in files.members:
        wanted = ("service_id", *WEEKDAYS, "start_date", "end_date")
        calendar = text_frame(read_file(files, "calendar.txt", required=wanted))
    if "calendar_dates.txt" in files.members:
        exceptions = text_frame(read_file(files, "calendar_dates.txt", required=tuple(exceptions.columns)))
    for name in WEEKDAYS:
        refuse_words(files, "calendar.txt", calendar[name], ("0", "1"), name)
    refuse_words(files, "calendar_dates.txt", exceptions["exception_type"], ("1", "2"), "exception_type")
    calendar["start_date"], calendar["end_date"] = _dates(calendar["start_date"]), _dates(calendar["end_date"])
    exceptions["date"] = _dates(exceptions["date"])
    is_bad = calendar["service_id"].isna() | calendar[["start_date", "end_date"]].isna().any(axis=1)
    calendar = leave_out(calendar, is_bad, "services without a readable period", files, "calendar.txt")
    is_bad = calendar["end_date"] < calendar["start_date"]
    calendar = leave_out(calendar, is_bad, "services that end before they start", files, "calendar.txt")
    is_bad = exceptions["service_id"].isna() | exceptions["date"].isna()
    exceptions = leave_out(exceptions, is_bad, "exceptions without a readable date", files, "calendar_dates.txt")
    services = sorted({*calendar["service_id"], *exceptions["service_id"]})
    for frame in (calendar, exceptions):
        frame["service"] = pd.Index(services, dtype="str").get_indexer(pd.Index(frame["service_id"]))
    for name in WEEKDAYS:
        calendar[name] = calendar[name] == "1"
    exceptions["is_added"] = exceptions["exception_type"] == "1"
    return (
        calendar[["service", *WEEKDAYS, "start_date", "end_date"]],
        exceptions[["service", "date", "is_added"]],
        [prefix + service for service in services],
    )


def period_of(files: GtfsFiles, name: str, calendar: Frame, exceptions: Frame) -> tuple[Period, ...]:
    """Return of which dates a feed speaks: those its calendars name, within those it says it was made for (feed_info).

    Nothing where it names none.
    """
    named = [calendar["start_date"], calendar["end_date"], exceptions["date"]]
    dates = pd.concat([pd.Series(column, dtype="datetime64[s]") for column in named]).dropna()
    if not len(dates):
        return ()
    first, last = dates.min().date(), dates.max().date()
    start, end = _stated_period(files)
    if max(first, start or first) > min(last, end or last):
        what = f"is made for {start} to {end}, which its calendars do not reach: taken for what these name"
        files.findings.append(Fault(what, files.where("feed_info.txt"), "mend the dates"))
        return ((name, first, last),)
    return ((name, max(first, start or first), min(last, end or last)),)


def _stated_period(files: GtfsFiles) -> tuple[dt.date | None, dt.date | None]:
    if "feed_info.txt" not in files.members:
        return None, None
    names = ("feed_start_date", "feed_end_date")
    info = text_frame(read_file(files, "feed_info.txt", required=(), optional=names))
    start, end = (_dates(info[name]).dropna() for name in names)
    return (start.min().date() if len(start) else None), (end.max().date() if len(end) else None)


def entered_period(calendar: Frame, exceptions: Frame, period: Period, *, open_end_years: float) -> Dates:
    """Return the dates of a period for which somebody entered service: without starts from ever and ends at never.

    Parameters
    ----------
    calendar, exceptions
        Of the feed, as :class:`flexsites.inputs.transit.gtfs.Gtfs` has them.
    period
        Of which dates it speaks.
    open_end_years
        An end so much later than every start and exception is none (9999, 2099); a start from before there was GTFS
        (1970) is none either.

    Examples
    --------
    A service that starts on 5 January 2026 and has no end: its first week says it all.

    >>> calendar = pd.DataFrame({"start_date": pd.to_datetime(["20260105"]), "end_date": pd.to_datetime(["99991231"])})
    >>> none = pd.DataFrame({"date": pd.to_datetime([])})
    >>> period = ("feed", dt.date(2026, 1, 5), dt.date(9999, 12, 31))
    >>> [str(day) for day in entered_period(calendar, none, period, open_end_years=3)]
    ['2026-01-05', '2026-01-11']
    """
    starts, ends, dates = (
        sorted(column.dt.date) for column in (calendar["start_date"], calendar["end_date"], exceptions["date"])
    )
    far = dt.timedelta(days=round(open_end_years * _YEAR_DAYS))
    _, first, last = period
    real_starts = [day for day in starts if day >= _FIRST]
    entered = [*real_starts, *dates]
    if entered:
        real_ends = [day for day in ends if day - max(entered) <= far]
        newest = max(entered) + _WEEK
    else:
        real_ends = [day for day in ends if day.year < _CENTURY]
        newest = max(real_ends) if real_ends else first + _WEEK
    if len(real_ends) < len(ends):
        last = min(last, max([*real_ends, newest]))
    if len(real_starts) < len(starts):
        earliest = min([*real_ends, *dates, last])
        first = max(first, min([*real_starts, earliest - _WEEK]))
    return first, last
