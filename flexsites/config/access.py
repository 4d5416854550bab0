"""What may be asked of a site about what it reaches: modes, measures (a tagged union on ``kind``), amenity categories.

configs/measures.yaml is read into :class:`Measures`, configs/amenities.yaml into :class:`AmenityCategories`, and
configs/streets.yaml into :class:`StreetRules`. The models compute nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import time
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.errors import Fault, NotFoundError

MeasureId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Mode = Literal["walk", "bicycle"]
Band = Literal["peak", "day", "evening", "weekend"]
Opportunity = Annotated[
    str, StringConstraints(pattern=r"^(amenity:[a-z_]+|stop:(bus|tram|metro|train|ferry|any|hub)|jobs|centres)$")
]


class ModeOfTravel(Model):
    """A way to move over the streets: its speed, and how far an access point may lie from a usable street."""

    label: Label
    speed_km_h: Number
    max_snap_m: Number


class _Decay(Model):
    """What all decay functions share: weight 1 at no cost, falling with cost, in [0, 1]."""


class BinaryDecay(_Decay):
    """Weight 1 up to the cut-off of the measure, 0 beyond."""

    kind: Literal["binary"]


class LinearDecay(_Decay):
    """Weight 1 - cost / cut-off of the measure, 0 beyond."""

    kind: Literal["linear"]


class ExponentialDecay(_Decay):
    """Weight exp(-cost / scale)."""

    kind: Literal["exponential"]
    scale_m: Number


class LogisticDecay(_Decay):
    """Weight 1 / (1 + exp((cost - inflection) / scale)), divided by its value at no cost."""

    kind: Literal["logistic"]
    inflection_m: Number
    scale_m: Number


Decay = Annotated[BinaryDecay | LinearDecay | ExponentialDecay | LogisticDecay, Field(discriminator="kind")]


class _Measure(Model):
    """What every measure has."""

    id: MeasureId
    label: Label
    unit: str


class StreetMeasureBase(_Measure):
    """A measure over the streets, from the site's access point to opportunities.

    With ``min_departures_per_hour`` a stop counts only if its mode departs that often in the ``band``; a stop whose
    service is unknown makes the measure unknown where it would decide.
    """

    mode: Mode
    to: Opportunity
    min_departures_per_hour: Number | None = None
    band: Band | None = None

    @model_validator(mode="after")
    def _asks_service_of_stops_only(self) -> Self:
        """Departures and their band belong together, and to stops."""
        if (self.min_departures_per_hour is None) != (self.band is None):
            message = "give `min_departures_per_hour` and `band` together, or neither"
            raise ValueError(message)
        if self.band is not None and not self.to.startswith("stop:"):
            message = f"`{self.to}` has no departures: leave `min_departures_per_hour` and `band` out"
            raise ValueError(message)
        return self


class CostToClosest(StreetMeasureBase):
    """The distance to the nearest opportunity; null when there is none within the limit."""

    kind: Literal["cost_to_closest"]
    limit_m: Number


class KClosest(StreetMeasureBase):
    """The distance to the k-th nearest opportunity; null when there are fewer than k within the limit."""

    kind: Literal["k_closest"]
    k: int = Field(ge=2, le=16)
    limit_m: Number


class CumulativeCutoff(StreetMeasureBase):
    """The summed weight of the opportunities within the cut-off: a count where all weights are one."""

    kind: Literal["cumulative_cutoff"]
    cutoff_m: Number


class Gravity(StreetMeasureBase):
    """The summed weight of the opportunities within the cut-off, each times the decay of its distance."""

    kind: Literal["gravity"]
    cutoff_m: Number
    decay: Decay


class Window(Model):
    """Departures sampled over a window of the day: from ``start`` up to, not including, ``end``, every ``step_min``."""

    start: time
    end: time
    step_min: Number

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        """Refuse a window that crosses midnight."""
        if self.end <= self.start:
            message = f"the window ends ({self.end}) before it starts ({self.start})"
            raise ValueError(message)
        return self


class TravelTime(_Measure):
    """Door to door by timetable: walk, wait, ride, transfer, walk; a percentile over the departures of a window.

    ``closest`` gives minutes to the nearest destination (null: none within the limit), ``cumulative`` the summed
    weight of the destinations within the limit.
    """

    kind: Literal["travel_time"]
    to: Opportunity
    aggregation: Literal["closest", "cumulative"]
    percentile: Number
    window: Window
    limit_min: Number


class AreaStatistic(_Measure):
    """A statistic of the area in which a piece of the site lies; null when the area has none."""

    kind: Literal["area_statistic"]
    area_kind: Literal["gemeente", "provincie", "wijk", "buurt"]
    statistic: str


StreetMeasure = CostToClosest | KClosest | CumulativeCutoff | Gravity
Measure = Annotated[StreetMeasure | TravelTime | AreaStatistic, Field(discriminator="kind")]
_KindT = TypeVar("_KindT", bound=_Measure)


class Measures(Model):
    """The catalogue of measures, with the modes they run on."""

    modes: dict[Mode, ModeOfTravel]
    measures: tuple[Measure, ...]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        """Refuse a measure that is named twice."""
        ids = [measure.id for measure in self.measures]
        double = sorted({name for name in ids if ids.count(name) > 1})
        if double:
            message = f"measures named twice: {', '.join(double)}"
            raise ValueError(message)
        return self

    def pick(self, ids: Collection[str], *kinds: type[_KindT]) -> tuple[_KindT, ...]:
        """Return the measures of some kinds (classes) among the ids, in catalogue order; others are left out.

        Raises
        ------
        NotFoundError
            With every id that the catalogue does not hold.
        """
        unknown = sorted(set(ids) - {measure.id for measure in self.measures})
        if unknown:
            raise NotFoundError(
                Fault(f"no measure {', '.join(unknown)}", "measures", "add it to configs/measures.yaml")
            )
        return tuple(measure for measure in self.measures if measure.id in ids and isinstance(measure, kinds))


class AmenityCategory(Model):
    """A category of amenity: its label and the OSM tags that make one.

    ``any_of`` lists alternatives; a feature matches one if it has every key with one of the values (``*`` is any
    value, ``*college*`` any that holds the word). ``without`` excludes by key and value. ``points`` says how an area
    becomes opportunities: one representative ``point``, or its ``entrances``, the places where streets cross its edge
    (for what is large).
    """

    label: Label
    any_of: tuple[dict[str, tuple[str, ...]], ...] = Field(min_length=1)
    without: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    points: Literal["point", "entrances"] = "point"
    min_area_m2: Number | None = None
    why: str | None = None


class AmenityCategories(Model):
    """All categories of amenity, by id; and the tags of stops, by mode, for places without a timetable."""

    categories: dict[Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")], AmenityCategory]
    stops: dict[Literal["bus", "tram", "metro", "train", "ferry"], AmenityCategory]


class Permission(Model):
    """Who may use a street by default of its class, before its own tags speak."""

    walk: bool
    bicycle: bool
    car: bool


class StreetRules(Model):
    """The legal defaults of OSM's tags for streets in the Netherlands.

    ``classes`` holds per value of ``highway`` who may use it; a value that is not listed is no street. ``routes``
    does the same for ``route`` (ferries, which cost ``ferry_wait_min`` besides their length, and along which no site
    lies). ``forbids`` and ``allows`` are the values of access tags that do so; other values leave the default as it is.
    """

    classes: dict[str, Permission]
    routes: dict[str, Permission]
    forbids: tuple[str, ...]
    allows: tuple[str, ...]
    ferry_wait_min: Number
    min_component_m: Number
