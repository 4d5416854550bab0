"""What configs/transit.yaml and configs/transit_classes.yaml may say of public transport; computes nothing.

Bands of the day, the reference day, the hub, changes on foot, and the table of service
quality. Every figure says its source or that it is an assumption.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number

Mode = Literal["bus", "tram", "metro", "train", "ferry"]
BandName = Literal["peak", "day", "evening", "weekend"]
ServiceClass = Literal["A", "B", "C", "D", "E", "F"]
DayType = Literal["weekday", "saturday", "sunday"]


class Span(Model):
    """A stretch of the service day, in hours; 25 is one o'clock in the night after the reference day."""

    start_h: Number
    """The hour at which it starts."""
    end_h: Number
    """The hour at which it ends; 25 is one o'clock in the night after."""

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not 0 <= self.start_h.value < self.end_h.value:
            message = f"a span ends after it starts: {self.start_h.value} .. {self.end_h.value}"
            raise ValueError(message)
        return self


class Band(Model):
    """Spans of one or more kinds of day over which departures per hour are averaged."""

    label: Label
    """What reports call the part of the day."""
    days: tuple[DayType, ...] = Field(min_length=1)
    """The kinds of day."""
    spans: tuple[Span, ...] = Field(min_length=1)
    """The hours of such a day."""


class ReferenceDay(Model):
    """How the reference day is chosen: the median of the ordinary weekdays by stop events, the earliest of equals.

    An ordinary weekday is one of ``weekdays`` that is no date of ``not_ordinary``, on which the feed runs, and whose
    number of stop events lies within ``ordinary_share`` of the median of all such days: a day of a strike or an event
    is none. Days count only where operators that bring ``spoken_share`` of the service speak: in feeds that look
    months ahead most operators stop earlier, and that they say nothing is no "nothing runs". A Saturday and a Sunday
    are chosen likewise.
    """

    weekdays: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4), min_length=1)
    """Days that may be chosen; 0 is Monday."""
    not_ordinary: tuple[dt.date, ...] = ()
    """Dates that are never chosen (public holidays, strikes)."""
    ordinary_share: Number
    """How far from the median a day may lie to be ordinary, as a share of the median."""
    spoken_share: Number
    """How much of the service the operators must bring that speak of a day."""
    open_end_years: Number
    """An end or start so far from any other date of the feed stands for none (9999, 1970)."""


class Hub(Model):
    """The hub of METHOD section 4: lines, departures a day and directions of these modes together."""

    modes: tuple[Mode, ...] = ("bus", "tram", "metro")
    """The modes that are counted together."""
    n_lines: Number
    """From so many lines on."""
    n_departures_day: Number
    """From so many departures on the reference day on."""
    n_directions: Number
    """From so many directions on."""
    separation_deg: Number
    """Two lines leave in different directions when their bearings differ by this."""


class StopAreas(Model):
    """Stops of one name within this distance are one stop area where the feed names no parent station."""

    same_name_reach_m: Number
    """Stops of one name within this distance are one stop area, where the feed names no parent station."""


class Speeds(Model):
    """The greatest speed between two stops, as the crow flies; a trip that is faster is left out and told.

    Timetables round to whole minutes, so ``rounding_s`` is added to every ride.
    """

    bus_km_h: Number
    """Of buses."""
    tram_km_h: Number
    """Of trams."""
    metro_km_h: Number
    """Of metros."""
    train_km_h: Number
    """Of trains."""
    ferry_km_h: Number
    """Of ferries."""
    rounding_s: Number
    """How much longer a ride may have been than its rounded times say."""


class Transfers(Model):
    """Changing between vehicles: at the same stop, and on foot to another stop.

    A change takes ``change_s``, and on foot the walk besides: over the streets, or between the stops of one station the
    straight distance times ``detour`` where that is shorter. Where no street network is given that is every walk.
    """

    change_s: Number
    """The time that a change takes, besides the walk."""
    reach_m: Number
    """How far one walks from stop to stop."""
    detour: Number
    """Walk over straight distance between the stops of one station, and where no streets are given."""
    walk_speed_km_h: Number
    """The speed on foot between stops."""

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.change_s.value < 1:
            message = "change_s is at least 1 second: the scan rests on it"
            raise ValueError(message)
        return self


class Transit(Model):
    """configs/transit.yaml: how a timetable is read and asked."""

    bands: dict[BandName, Band]
    """The parts of the day, by name."""
    reference_day: ReferenceDay
    """How the day is chosen of which the timetable is read."""
    hub: Hub
    """When a stop area is a hub."""
    stop_areas: StopAreas
    """Which stops are one stop area."""
    transfers: Transfers
    """How one changes between vehicles."""
    speeds: Speeds
    """What no vehicle exceeds."""

    @model_validator(mode="after")
    def _has_all_bands(self) -> Self:
        missing = sorted({"peak", "day", "evening", "weekend"} - set(self.bands))
        if missing:
            message = f"bands missing: {', '.join(missing)}"
            raise ValueError(message)
        return self


class StopCategory(Model):
    """A category of stop: per mode the least departures per hour (all directions together) that earn it."""

    category: str
    """The name of the category."""
    departures_per_hour: dict[Mode, Number]
    """Per mode the least departures per hour, all directions together, that earn it."""


class Reach(Model):
    """Up to this walking distance a stop of each category gives this class."""

    walk_distance_m: Number
    """The farthest walk."""
    classes: dict[str, ServiceClass]
    """Per category of stop the class of service quality."""


class TransitClasses(Model):
    """configs/transit_classes.yaml: from mode, frequency and walking distance to a class of service quality.

    Categories run from best to least, reaches from near to far; the best class over all stops counts.
    """

    band: BandName
    """The part of the day whose departures count."""
    categories: tuple[StopCategory, ...] = Field(min_length=1)
    """Categories of stop, from best to least."""
    reaches: tuple[Reach, ...] = Field(min_length=1)
    """Walking distances, from near to far; the best class over all stops counts."""

    @model_validator(mode="after")
    def _is_monotone(self) -> Self:
        names = [category.category for category in self.categories]
        if len(set(names)) != len(names):
            message = f"a category is named twice: {names}"
            raise ValueError(message)
        distances = [reach.walk_distance_m.value for reach in self.reaches]
        if distances != sorted(set(distances)):
            message = f"reaches run from near to far: {distances}"
            raise ValueError(message)
        for mode in {mode for category in self.categories for mode in category.departures_per_hour}:
            least = [c.departures_per_hour[mode].value for c in self.categories if mode in c.departures_per_hour]
            if least != sorted(set(least), reverse=True):
                message = f"categories run from best to least, but not for {mode}: {least}"
                raise ValueError(message)
        for reach in self.reaches:
            unknown = sorted(set(reach.classes) - set(names))
            if unknown:
                message = f"classes of a category that is not defined: {', '.join(unknown)}"
                raise ValueError(message)
            told = [reach.classes[name] for name in names if name in reach.classes]
            if told != sorted(told):
                message = f"a better category never gives a worse class: {told}"
                raise ValueError(message)
        return self
