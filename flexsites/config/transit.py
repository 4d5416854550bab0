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
    end_h: Number

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not 0 <= self.start_h.value < self.end_h.value:
            message = f"a span ends after it starts: {self.start_h.value} .. {self.end_h.value}"
            raise ValueError(message)
        return self


class Band(Model):
    """Spans of one or more kinds of day over which departures per hour are averaged."""

    label: Label
    days: tuple[DayType, ...] = Field(min_length=1)
    spans: tuple[Span, ...] = Field(min_length=1)


class ReferenceDay(Model):
    """How the reference day is chosen: the busiest of the ordinary weekdays, the earliest of equals.

    ``not_ordinary`` are dates that are never chosen (public holidays, strikes).
    """

    weekdays: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4), min_length=1, description="0 is Monday")
    not_ordinary: tuple[dt.date, ...] = ()


class Hub(Model):
    """The hub of METHOD section 4: lines, departures a day and directions of these modes together."""

    modes: tuple[Mode, ...] = ("bus", "tram", "metro")
    n_lines: Number
    n_departures_day: Number
    n_directions: Number
    separation_deg: Number


class StopAreas(Model):
    """Stops of one name within this distance are one stop area where the feed names no parent station."""

    same_name_reach_m: Number


class Transfers(Model):
    """Changing between vehicles: at the same stop, and on foot to another stop.

    A change takes ``change_s``, and on foot the walk besides: over the streets, or between the stops of one station the
    straight distance times ``detour`` where that is shorter. Where no street network is given that is every walk.
    """

    change_s: Number
    reach_m: Number
    detour: Number
    walk_speed_kmh: Number

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.change_s.value < 1:
            message = "change_s is at least 1 second: the scan rests on it"
            raise ValueError(message)
        return self


class Transit(Model):
    """configs/transit.yaml: how a timetable is read and asked."""

    bands: dict[BandName, Band]
    reference_day: ReferenceDay
    hub: Hub
    stop_areas: StopAreas
    transfers: Transfers

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
    departures_per_hour: dict[Mode, Number]


class Reach(Model):
    """Up to this walking distance a stop of each category gives this class."""

    walk_distance_m: Number
    classes: dict[str, ServiceClass]


class TransitClasses(Model):
    """configs/transit_classes.yaml: from mode, frequency and walking distance to a class of service quality.

    Categories run from best to least, reaches from near to far; the best class over all stops counts.
    """

    band: BandName
    categories: tuple[StopCategory, ...] = Field(min_length=1)
    reaches: tuple[Reach, ...] = Field(min_length=1)

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
