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

from pydantic import Field, StringConstraints, field_validator, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.places import LocalRule, Place, Where, WhereLayer, WhereNumber, number_unit_faults
from flexsites.config.rule_parts import ByClass, ShareOf, SharePart, Terms
from flexsites.config.units import ANY, Unit, is_in_unit

Effect = Literal["exclude", "restrict", "flag", "include"]
Hardness = Literal["zeer_hard", "hard", "middel", "zacht"]
Scope = Literal["national", "provincial", "municipal", "own"]


class BaseRule(Model):
    """What every rule says, whatever its kind.

    ``required``: where the rule's source has no coverage, the verdict is unknown. ``scope: provincial`` rules make up
    the provincial coverage of a site. ``procedure`` is the consent that a restriction or flag asks for. An id has no
    double underscore: a variant's rule is ``rule__variant``, and no two of those may be the same.
    """

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    """The id of the rule, by which variants, own rules, results and reports name it."""
    label: Label
    """What reports call the rule."""
    effect: Effect
    """What being covered means: `exclude` takes area, `restrict` needs consent, `flag` marks, `include` lifts rules."""
    hardness: Hardness | None = None
    """How hard the restriction is, in the RuimteScanner's order; variants switch rules by it. Left out: no class."""
    scope: Scope = "national"
    """Whose rule it is; `provincial` rules make up the provincial coverage of a site."""
    required: bool = False
    """Whether the verdict is unknown where the source of the rule has no full coverage."""
    valid_from: date | None = None
    """The first day on which the rule holds; left out: always has."""
    valid_to: date | None = None
    """The last day on which the rule holds; left out: still does."""
    for_terms: Terms | None = None
    """For which terms of the homes the rule holds (`time.term_years`); left out: for any."""
    source: str | None = None
    """Where the rule comes from; a rule has this or `assumption: true`."""
    assumption: bool = False
    """Whether the rule is a choice of ours or of the user's."""
    why: str | None = None
    """Why the rule was assumed."""
    overrides: tuple[str, ...] = ()
    """The rules that an `include` lifts on its land; no other effect has it."""
    procedure: Label | None = None
    """The consent or procedure that a restriction or flag asks for, for reports."""
    is_on: bool = True
    """Whether the rule holds; one that does not is left out until a run or a variant gives it an effect."""
    only: Place | None = None
    """The parcels that the rule is for; left out: all."""
    not_in: tuple[Place, ...] = ()
    """Parcels that the rule is not for."""
    where_layer: WhereLayer | None = None
    """Another layer to whose polygons the rule is bound; left out: it holds everywhere."""
    locally: tuple[LocalRule, ...] = ()
    """What the rule says otherwise in some municipalities or provinces, or on the land of some owners."""
    part_of: str | None = None
    """The rule of which this one is what holds in a place; filled in when rules are told apart by place."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.assumption == bool(self.source):
            message = f"rule {self.rule_id}: give either a source or 'assumption: true' (with why)"
            raise ValueError(message)
        if (self.effect == "include") != bool(self.overrides):
            message = f"rule {self.rule_id}: 'overrides' names what an include lifts; no other effect has it"
            raise ValueError(message)
        if wrong := number_unit_faults(self.number_tests):
            message = f"rule {self.rule_id}: {'; '.join(wrong)}"
            raise ValueError(message)
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            message = f"rule {self.rule_id}: valid_from {self.valid_from} lies after valid_to {self.valid_to}"
            raise ValueError(message)
        return self

    def is_in_force(self, on: date) -> bool:
        """Whether the rule is valid on a day (first and last day included)."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def is_for_term(self, years: float) -> bool:
        """Whether the rule holds where homes stand for so many years."""
        return self.for_terms is None or self.for_terms.hold(years)

    @property
    def layer_key(self) -> str | None:
        """The layer whose features (and coverage) the rule reads; null: the parcels' own column."""
        return getattr(self, "layer", None)

    @property
    def number_tests(self) -> WhereNumber:
        """Which numbers of the layer's attributes count."""
        return getattr(self, "where_number", {})

    @property
    def own_layers(self) -> tuple[str, ...]:
        """The layers that tell what the rule covers."""
        return (self.layer_key,) if self.layer_key else ()

    @property
    def layer_keys(self) -> tuple[str, ...]:
        """All layers that the rule reads, the one it is bound to among them."""
        bound = (self.where_layer.layer,) if self.where_layer else ()
        return tuple(dict.fromkeys((*self.own_layers, *bound)))

    @property
    def source_keys(self) -> tuple[str, ...]:
        """The entries of `sources.layers` that the rule reads: of a raster its name, not that of a layer made of it."""
        return self.layer_keys

    @property
    def is_everywhere(self) -> bool:
        """Whether the rule is for all parcels."""
        return self.only is None and not self.not_in

    @property
    def reach_m(self) -> float:
        """How far from a site a feature can lie and still cover it: what a cell's halo must hold."""
        return 0.0


class FeatureRule(BaseRule):
    """A rule of which the source may say how much of its land each feature takes."""

    share: ShareOf | None = None
    """Where the source tells how much of its land a feature takes; left out: all of it."""
    share_part: SharePart | None = None
    """Which features the rule is of, by their share; filled in when rules are told apart by it."""

    @model_validator(mode="after")
    def _is_not_asked_of_two_things(self) -> Self:
        if self.share is not None and self.share.attribute in self.number_tests:
            message = f"rule {self.rule_id}: {self.share.attribute} is the share or a number to test, not both"
            raise ValueError(message)
        return self


class Inside(FeatureRule):
    """Land inside the polygons of a layer. ``where`` lists, per attribute, the values that count."""

    kind: Literal["inside"]
    """Land inside polygons."""
    layer: str
    """The layer of the run's sources (`sources.layers`) whose polygons count."""
    where: Where = Field(default_factory=dict)
    """Per attribute the values that count; left out: every feature counts."""
    where_number: WhereNumber = Field(default_factory=dict)
    """Per attribute the numbers that count (a share, a capacity); left out: every feature counts."""


class WithinDistance(FeatureRule):
    """Land within a distance of a layer's features: one distance, or one per class (milieucategorie).

    Corners are round, about ``quad_segs`` chords to the quarter circle: at 16 they fall short by 0.28 % at most.
    """

    kind: Literal["within_distance"]
    """Land within a distance of features."""
    layer: str
    """The layer of the run's sources whose features count; points, lines or polygons."""
    where: Where = Field(default_factory=dict)
    """Per attribute the values that count; left out: every feature counts."""
    where_number: WhereNumber = Field(default_factory=dict)
    """Per attribute the numbers that count (a share, a capacity); left out: every feature counts."""
    distance_m: Number | None = None
    """One distance for all features, in metres; a rule has this or `by_class`."""
    by_class: Annotated[ByClass | None, Unit("m")] = None
    """One distance per class of an attribute, in metres."""
    quad_segs: int = Field(default=16, ge=4)
    """Chords to the quarter of a round corner."""

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


class PlannedCapacity(FeatureRule):
    """Land where homes are planned: plans of the listed hardness that start within the horizon.

    The horizon is the time model's, unless the rule (of a variant) has its own.

    Completed plans do not count. A plan without a start counts as within the horizon (``excludes``) or leaves the land
    with unknown years (``stays``).
    """

    kind: Literal["planned_capacity"]
    """Land where homes are planned."""
    layer: str
    """The layer of the run's sources that holds the plans."""
    plan_hardness: tuple[Literal["hard", "zacht"], ...] = Field(min_length=1)
    """Which plans count, by how firm they are."""
    unknown_start: Literal["excludes", "stays"] = "excludes"
    """Whether a plan without a start counts as within the horizon, or leaves the land with unknown years."""
    horizon_years: Number | None = None
    """How far ahead a plan counts; left out: the horizon of the time model."""
    is_horizon_open: bool = False
    """Whether a plan that starts exactly at the horizon does not count any more: a term before it fits."""

    @model_validator(mode="after")
    def _is_bound_to_no_layer(self) -> Self:
        if self.where_layer is not None:
            message = f"rule {self.rule_id}: plans are counted by their years too: cut the layer of plans itself"
            raise ValueError(message)
        return self


class LandUse(BaseRule):
    """Land of every class but the candidates, as a layer says it or (``layer`` null) the parcels themselves.

    Land of an unknown class, or outside the layer, is not covered by the rule: unknown is never no.
    """

    kind: Literal["land_use"]
    """Land of every class but the candidates."""
    layer: str | None = None
    """The layer of the run's sources that says the class; left out: the parcels' own land use."""
    attribute: str = "land_use"
    """The attribute that holds the class."""
    candidates: tuple[str, ...] = Field(min_length=1)
    """The classes of land use that may be used."""

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
    """Land in use."""
    layer: str
    """The layer of the run's sources whose features are in use."""
    where: Where = Field(default_factory=dict)
    """Per attribute the values that count; left out: every feature counts."""
    where_number: WhereNumber = Field(default_factory=dict)
    """Per attribute the numbers that count (a share, a capacity); left out: every feature counts."""
    yard_layer: str | None = None
    """The layer of yards that a parcel with such a feature loses too; left out: none."""
    yard_buffer_m: Number | None = None
    """What a parcel loses around its own features where it has no yard."""
    least_overlap_m2: Number | None = None
    """From this overlap on a feature or yard is on a parcel: registers do not match to the centimetre."""
    around_m: Number | None = None
    """The strip around a feature that is taken too, across the borders of parcels; left out: none."""
    around_from_m2: Number | None = None
    """From this area of a feature on it takes the strip around it; left out: every feature does."""
    width_m: ByClass | None = None
    """The width of the strip that a line takes, per class; left out: features are polygons."""
    built_share: Number | None = None
    """From this share on that features take of a parcel it is in use as a whole; left out: never."""
    on_land_use: tuple[str, ...] = ()
    """The land uses of the parcels that are asked for their built share; left out: all parcels."""
    land_use_layer: str | None = None
    """The layer that tells the land use of parcels that carry none themselves."""
    land_use_share: Number | None = None
    """The share of a parcel that `land_use_layer` must cover for the parcel to be of that use."""
    quad_segs: int = Field(default=16, ge=4)
    """Chords to the quarter of a round corner."""

    @model_validator(mode="after")
    def _asks_parcels_one_way(self) -> Self:
        if self.on_land_use and self.built_share is None:
            message = f"rule {self.rule_id}: on_land_use names the parcels whose built_share is asked: give that too"
            raise ValueError(message)
        if self.around_m is not None and (self.yard_layer or self.yard_buffer_m or self.built_share or self.width_m):
            message = f"rule {self.rule_id}: around_m goes without yards, built_share and width_m"
            raise ValueError(message)
        if self.around_from_m2 is not None and self.around_m is None:
            message = f"rule {self.rule_id}: around_from_m2 says where around_m begins: give that too"
            raise ValueError(message)
        if bool(self.land_use_layer) != bool(self.land_use_share) or (self.land_use_layer and not self.on_land_use):
            message = f"rule {self.rule_id}: land_use_layer, land_use_share and on_land_use go together"
            raise ValueError(message)
        return self

    @property
    def own_layers(self) -> tuple[str, ...]:
        """The layer and, if given, the yards and the land use."""
        return tuple(name for name in (self.layer, self.yard_layer, self.land_use_layer) if name)

    @property
    def reach_m(self) -> float:
        """Half the widest strip, or the strip around a feature; yards are those of dwellings on the parcel itself."""
        around = float(self.around_m) if self.around_m else 0.0
        return max(around, self.width_m.largest / 2.0 if self.width_m else 0.0)


class RasterAbove(BaseRule):
    """Land where a raster exceeds a threshold; the inputs turn its cells into polygons of the layer ``layer_key``."""

    kind: Literal["raster_above"]
    """Land where a raster exceeds a threshold."""
    raster: str
    """The raster of the run's sources (`sources.layers`) that is asked."""
    unit: str
    """The unit of the cells, as the raster's source says it."""
    threshold: Annotated[Number, Unit(ANY)]
    """The number that decides, in that unit."""
    comparison: Literal["above", "at_least"] = "above"
    """Whether a cell of exactly the threshold counts (`at_least`) or not (`above`)."""

    @model_validator(mode="after")
    def _is_in_the_unit_of_the_raster(self) -> Self:
        if not is_in_unit(self.threshold.unit, self.unit):
            message = (
                f"rule {self.rule_id}: threshold is given in {self.threshold.unit}, and the raster is in {self.unit}"
            )
            raise ValueError(message)
        return self

    @property
    def layer_key(self) -> str:
        """The name of the layer of polygons, e.g. ``flood>1``."""
        return f"{self.raster}{'>' if self.comparison == 'above' else '>='}{float(self.threshold):g}"

    @property
    def source_keys(self) -> tuple[str, ...]:
        """The raster, and the layer that the rule is bound to."""
        bound = (self.where_layer.layer,) if self.where_layer else ()
        return tuple(dict.fromkeys((self.raster, *bound)))


class Listed(BaseRule):
    """Parcels that are listed by id, as a whole: a user's own vetoes, or what a user has marked."""

    kind: Literal["listed"]
    """Parcels that are listed."""
    parcels: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = Field(min_length=1)
    """Their ids, as the results have them (`site_id`); the order tells nothing."""

    @field_validator("parcels")
    @classmethod
    def _in_order(cls, parcels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(parcels)))


ExclusionRule = Inside | WithinDistance | PlannedCapacity | LandUse | InUse | RasterAbove | Listed
Rule = Annotated[ExclusionRule, Field(discriminator="kind")]
