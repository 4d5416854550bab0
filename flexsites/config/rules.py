"""The rules of exclusion as data: a tagged union on ``kind``, each with its effect, hardness, dates, source and label.

To add a rule, add one entry to a rule set in configs/rules/exclusion/. A kind says *what a rule covers*:

==================  ==================================================================================================
inside              the polygons of a layer, perhaps only those with listed attribute values
within_distance     what lies within a distance of a layer's features, one distance or one per class
planned_capacity    plans for housing that start within the horizon, hard or zacht
land_use            land of every class but the listed candidates
in_use              dwellings with their yards, roads and rail as strips of a width, plots built up beyond a share
raster_above        cells of a raster above a threshold
==================  ==================================================================================================

The effect says *what that means*: ``exclude`` takes area, ``restrict`` needs consent, ``flag`` marks, ``include``
lifts the rules it names.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number

Effect = Literal["exclude", "restrict", "flag", "include"]
Hardness = Literal["zeer_hard", "hard", "middel", "zacht"]
Scope = Literal["national", "provincial", "municipal", "own"]
Value = str | int | float | bool
Where = dict[str, tuple[Value, ...]]


class ByClass(Model):
    """One figure per class of an attribute; ``other`` for the classes not listed (null: they do not count)."""

    attribute: str
    values: dict[str, Number] = Field(min_length=1)
    other: Number | None = None

    @property
    def largest(self) -> float:
        """The largest figure."""
        figures = [*self.values.values(), *([self.other] if self.other else [])]
        return max(float(figure) for figure in figures)


class BaseRule(Model):
    """What every rule says, whatever its kind.

    ``required``: where the rule's source has no coverage, the verdict is unknown. ``scope: provincial`` rules make up
    the provincial coverage of a site. ``procedure`` is the consent that a restriction or flag asks for. An id has no
    double underscore: a variant's rule is ``rule__variant``, and no two of those may be the same.
    """

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    label: Label
    effect: Effect
    hardness: Hardness | None = None
    scope: Scope = "national"
    required: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    source: str | None = None
    assumption: bool = False
    why: str | None = None
    overrides: tuple[str, ...] = ()
    procedure: Label | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.assumption == bool(self.source):
            message = f"rule {self.rule_id}: give either a source or 'assumption: true' (with why)"
            raise ValueError(message)
        if (self.effect == "include") != bool(self.overrides):
            message = f"rule {self.rule_id}: 'overrides' names what an include lifts; no other effect has it"
            raise ValueError(message)
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            message = f"rule {self.rule_id}: valid_from {self.valid_from} lies after valid_to {self.valid_to}"
            raise ValueError(message)
        return self

    def is_in_force(self, on: date) -> bool:
        """Whether the rule is valid on a day (first and last day included)."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    @property
    def layer_key(self) -> str | None:
        """The layer whose features (and coverage) the rule reads; null: the parcels' own column."""
        return getattr(self, "layer", None)

    @property
    def layer_keys(self) -> tuple[str, ...]:
        """All layers that the rule reads."""
        return (self.layer_key,) if self.layer_key else ()

    @property
    def reach_m(self) -> float:
        """How far from a site a feature can lie and still cover it: what a cell's halo must hold."""
        return 0.0


class Inside(BaseRule):
    """Land inside the polygons of a layer. ``where`` lists, per attribute, the values that count."""

    kind: Literal["inside"]
    layer: str
    where: Where = Field(default_factory=dict)


class WithinDistance(BaseRule):
    """Land within a distance of a layer's features: one distance, or one per class (milieucategorie).

    Corners are round, about ``quad_segs`` chords to the quarter circle: at 16 a buffer falls short by 0.28 % at most.
    """

    kind: Literal["within_distance"]
    layer: str
    where: Where = Field(default_factory=dict)
    distance_m: Number | None = None
    by_class: ByClass | None = None
    quad_segs: int = Field(default=16, ge=4)

    @model_validator(mode="after")
    def _has_one_distance(self) -> Self:
        if (self.distance_m is None) == (self.by_class is None):
            message = f"rule {self.rule_id}: give either distance_m or by_class"
            raise ValueError(message)
        return self

    @property
    def reach_m(self) -> float:
        """The largest distance."""
        return float(self.distance_m) if self.distance_m else self.by_class.largest if self.by_class else 0.0


class PlannedCapacity(BaseRule):
    """Land where homes are planned: plans of the listed hardness that start within the horizon.

    The horizon is the time model's, unless the rule (of a variant) has its own.

    Completed plans do not count. A plan without a start counts as within the horizon (``excludes``) or leaves the land
    with unknown years (``stays``).
    """

    kind: Literal["planned_capacity"]
    layer: str
    plan_hardness: tuple[Literal["hard", "zacht"], ...] = Field(min_length=1)
    unknown_start: Literal["excludes", "stays"] = "excludes"
    horizon_years: Number | None = None


class LandUse(BaseRule):
    """Land of every class but the candidates, as a layer says it or (``layer`` null) the parcels themselves.

    Land of an unknown class, or outside the layer, is not covered by the rule: unknown is never no.
    """

    kind: Literal["land_use"]
    layer: str | None = None
    attribute: str = "land_use"
    candidates: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _reads_one_column(self) -> Self:
        if self.layer is None and self.attribute != "land_use":
            message = f"rule {self.rule_id}: without a layer the attribute is the parcels' own land_use"
            raise ValueError(message)
        return self


class InUse(BaseRule):
    """Land in use: the features of a layer, lines as strips of a width per class, dwellings with their yards.

    With ``yard_layer`` a parcel with a dwelling loses the yards on it; a parcel with a dwelling and without a yard, or
    without a ``yard_layer``, loses ``yard_buffer_m`` around its own dwellings, not around the neighbours'. A dwelling
    or yard is on a parcel from ``least_overlap_m2`` on (footprints and boundaries of different registers do not match
    to the centimetre).
    With ``built_share`` a parcel is in use as a whole once the features take that share of it; below it only what they
    take is. ``on_land_use`` names the parcels asked, by their own land use, or where they carry none by
    ``land_use_layer``: the polygons of these classes then cover at least ``land_use_share`` of the parcel.
    """

    kind: Literal["in_use"]
    layer: str
    where: Where = Field(default_factory=dict)
    yard_layer: str | None = None
    yard_buffer_m: Number | None = None
    least_overlap_m2: Number | None = None
    width_m: ByClass | None = None
    built_share: Number | None = None
    on_land_use: tuple[str, ...] = ()
    land_use_layer: str | None = None
    land_use_share: Number | None = None
    quad_segs: int = Field(default=16, ge=4)

    @model_validator(mode="after")
    def _asks_parcels_one_way(self) -> Self:
        if self.on_land_use and self.built_share is None:
            message = f"rule {self.rule_id}: on_land_use names the parcels whose built_share is asked: give that too"
            raise ValueError(message)
        if bool(self.land_use_layer) != bool(self.land_use_share) or (self.land_use_layer and not self.on_land_use):
            message = f"rule {self.rule_id}: land_use_layer, land_use_share and on_land_use go together"
            raise ValueError(message)
        return self

    @property
    def layer_keys(self) -> tuple[str, ...]:
        """The layer and, if given, the yards and the land use."""
        return tuple(name for name in (self.layer, self.yard_layer, self.land_use_layer) if name)

    @property
    def reach_m(self) -> float:
        """Half the widest strip; yards are those of dwellings on the parcel itself."""
        return self.width_m.largest / 2.0 if self.width_m else 0.0


class RasterAbove(BaseRule):
    """Land where a raster exceeds a threshold; the inputs turn its cells into polygons of the layer ``layer_key``."""

    kind: Literal["raster_above"]
    raster: str
    unit: str
    threshold: Number
    comparison: Literal["above", "at_least"] = "above"

    @property
    def layer_key(self) -> str:
        """The name of the layer of polygons, e.g. ``flood>1``."""
        return f"{self.raster}{'>' if self.comparison == 'above' else '>='}{float(self.threshold):g}"


ExclusionRule = Inside | WithinDistance | PlannedCapacity | LandUse | InUse | RasterAbove
Rule = Annotated[ExclusionRule, Field(discriminator="kind")]
