"""What may be asked of a site about what it reaches: modes and measures (a tagged union on ``kind``).

configs/measures.yaml is read into :class:`Measures`. The models compute nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import time
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.opportunities import Decay, Destination, Opportunity, ToStop
from flexsites.config.units import PURE, Unit, unit_of_key
from flexsites.errors import Fault, NotFoundError

MeasureId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Mode = Literal["walk", "bicycle"]
Band = Literal["peak", "day", "evening", "weekend"]


class ModeOfTravel(Model):
    """A way to move over the streets: its speed, and how far an access point may lie from a usable street."""

    label: Label
    """What reports call the way to move."""
    speed_km_h: Number
    """The speed over the streets."""
    max_snap_m: Number
    """An access point farther than this from any usable street has no known way to it."""


class _Measure(Model):
    """What every measure has."""

    id: MeasureId
    """The id of the measure, by which target groups, flexmilieus and results name it; it ends in the unit."""
    label: Label
    """What reports call the measure."""
    unit: str
    """The unit of its values; 1 for counts, shares and classes."""

    @model_validator(mode="after")
    def _is_named_after_its_unit(self) -> Self:
        """Refuse an id that promises another unit: limits are written in the unit that the id ends in."""
        if (said := unit_of_key(self.id)) != self.unit:
            message = f"{self.id}: the id says {said} and the unit is {self.unit}: let the id end in its unit"
            raise ValueError(message)
        return self

    def require_unit(self, unit: str) -> None:
        """Refuse another unit than the one this kind of measure gives."""
        if self.unit != unit:
            message = f"{self.id}: a {getattr(self, 'kind', 'measure')} is in {unit}, not in {self.unit}"
            raise ValueError(message)


class StreetMeasureBase(_Measure):
    """A measure over the streets, from the site's access point to opportunities.

    With ``min_departures_per_hour`` a stop counts only if its mode departs that often in the ``band``; a stop whose
    service is unknown makes the measure unknown where it would decide.
    """

    mode: Mode
    """How one goes."""
    to: Opportunity
    """What is reached."""
    min_departures_per_hour: Number | None = None
    """A stop counts from so many departures per hour on; left out: every stop counts."""
    band: Band | None = None
    """The part of the day over which departures are averaged."""

    @model_validator(mode="after")
    def _asks_service_of_stops_only(self) -> Self:
        """Departures and their band belong together, and to stops."""
        if (self.min_departures_per_hour is None) != (self.band is None):
            message = "give `min_departures_per_hour` and `band` together, or neither"
            raise ValueError(message)
        if self.band is not None and not isinstance(self.to, ToStop):
            message = "only a stop has departures: leave `min_departures_per_hour` and `band` out"
            raise ValueError(message)
        return self


class CostToClosest(StreetMeasureBase):
    """The distance to the nearest opportunity; null when there is none within the limit."""

    kind: Literal["cost_to_closest"]
    """The distance to the nearest."""
    limit_m: Number
    """How far is searched; farther is not reached."""

    @model_validator(mode="after")
    def _is_a_distance(self) -> Self:
        self.require_unit("m")
        return self


class KClosest(StreetMeasureBase):
    """The distance to the k-th nearest opportunity; null when there are fewer than k within the limit."""

    kind: Literal["k_closest"]
    """The distance to the k-th nearest."""
    k: int = Field(ge=2, le=16)
    """Which one: 2 is the second nearest."""
    limit_m: Number
    """How far is searched; farther is not reached."""

    @model_validator(mode="after")
    def _is_a_distance(self) -> Self:
        self.require_unit("m")
        return self


class CumulativeCutoff(StreetMeasureBase):
    """The summed weight of the opportunities within the cut-off: a count where all weights are one."""

    kind: Literal["cumulative_cutoff"]
    """The number (or weight) within a distance."""
    cutoff_m: Number
    """The distance within which opportunities count."""

    @model_validator(mode="after")
    def _is_a_count(self) -> Self:
        self.require_unit(PURE)
        return self


class Gravity(StreetMeasureBase):
    """The summed weight of the opportunities within the cut-off, each times the decay of its distance."""

    kind: Literal["gravity"]
    """The weight within a distance, less for what is farther."""
    cutoff_m: Number
    """The distance beyond which nothing counts."""
    decay: Decay
    """How the weight falls with distance."""

    @model_validator(mode="after")
    def _is_a_sum(self) -> Self:
        self.require_unit(PURE)
        return self


class Window(Model):
    """Departures sampled over a window of the day: from ``start`` up to, not including, ``end``, every ``step_min``."""

    start: time
    """The first departure."""
    end: time
    """Departures are before this time."""
    step_min: Number
    """The time between two departures that are tried."""

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
    """Door to door by timetable."""
    to: Destination
    """What is reached."""
    aggregation: Literal["closest", "cumulative"]
    """Minutes to the nearest (`closest`), or the weight within the limit (`cumulative`)."""
    percentile: Annotated[Number, Unit("%")]
    """Which of the travel times of the window counts; 50 is the median."""
    window: Window
    """Over which departures."""
    limit_min: Number
    """How long is searched; longer is not reached."""
    walk_speed_km_h: Number | None = None
    """How fast those who are asked for walk, to and from stops and all the way; left out: as `modes.walk`. Between
    stops, where one changes, everyone walks as the timetable has it."""

    def walks_at(self, else_km_h: float) -> float:
        """Return the walking speed of this measure, or the one that all others have."""
        return else_km_h if self.walk_speed_km_h is None else float(self.walk_speed_km_h)

    @model_validator(mode="after")
    def _walks_on(self) -> Self:
        if self.walk_speed_km_h is not None and float(self.walk_speed_km_h) <= 0:
            message = f"{self.id}: walk_speed_km_h is above 0"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _is_a_time_or_a_sum(self) -> Self:
        self.require_unit("min" if self.aggregation == "closest" else PURE)
        return self


class AreaStatistic(_Measure):
    """A statistic of the area in which a piece of the site lies; null when the area has none."""

    kind: Literal["area_statistic"]
    """A statistic of the area that the site lies in."""
    area_kind: Literal["gemeente", "provincie", "wijk", "buurt"]
    """The kind of area."""
    statistic: str
    """The column of the source of these areas."""


StreetMeasure = CostToClosest | KClosest | CumulativeCutoff | Gravity
AnyMeasure = StreetMeasure | TravelTime | AreaStatistic
Measure = Annotated[AnyMeasure, Field(discriminator="kind")]
_KindT = TypeVar("_KindT", bound=_Measure)


class Measures(Model):
    """The catalogue of measures, with the modes they run on."""

    modes: dict[Mode, ModeOfTravel] = Field(default_factory=dict)
    """The ways to move, by mode."""
    measures: tuple[Measure, ...] = ()
    """The measures."""

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        """Refuse a measure that is named twice."""
        ids = [measure.id for measure in self.measures]
        double = sorted({name for name in ids if ids.count(name) > 1})
        if double:
            message = f"measures named twice: {', '.join(double)}"
            raise ValueError(message)
        return self

    def under(self, own: Measures) -> Measures:
        """Return these with one's own over them: the same id takes the place of a measure, another follows."""
        mine = {measure.id: measure for measure in own.measures}
        kept = [mine.pop(measure.id, measure) for measure in self.measures]
        return Measures(modes=self.modes | own.modes, measures=(*kept, *mine.values()))

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
