"""What configs/rules/optoppen may say: the rules for homes on existing roofs. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, model_validator

from flexsites.config.age_rules import AgeRule, LoadRule, Spread, YearRule, YearStep
from flexsites.config.base import Label, Model, Number
from flexsites.config.units import Unit

__all__ = [
    "AgeRule",
    "BlockTypes",
    "ComplexRules",
    "ContextLayer",
    "ContextRules",
    "FlagRules",
    "LiftRules",
    "LoadRule",
    "RoofRules",
    "RoofVariant",
    "Spread",
    "TopUpRules",
    "UnitRules",
    "Variants",
    "YearRule",
    "YearStep",
    "assemble",
]


_M = TypeVar("_M", bound=Model)


def _above_0(model: _M, *names: str) -> _M:
    """Return a part of the rules of which some figures must be above 0: homes are counted by them."""
    for name in names:
        if float(getattr(model, name)) <= 0:
            message = f"{name} must be above 0"
            raise ValueError(message)
    return model


class RoofRules(Model):
    """Which roofs qualify, and how much of a roof can be used."""

    min_flat_share: Number
    """The least share of the roof that is flat."""
    max_flat_slope_deg: Number
    """A surface of at most this slope is flat."""
    level_tolerance_m: Number
    """Flat surfaces within this height of each other are built over as one."""
    edge_setback_m: Number
    """The strip along the edge that stays free."""
    slender_width_m: Number
    """No home fits on a narrower strip."""
    min_part_area_m2: Number
    """A smaller part of the roof is not used."""
    installations_share: Number
    """The share of the roof that installations take."""
    min_usable_area_m2: Number
    """A roof without a usable part of this area is not topped up."""
    daylight_depth_m: Number
    """No part of a home lies farther from its facade than this."""
    existing_storey_height_m: Number
    """Floor to floor of an existing building, where its storeys are not known."""

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        return _above_0(self, "existing_storey_height_m", "daylight_depth_m")


class UnitRules(Model):
    """How homes are counted on a usable roof."""

    form_factor: Number
    """Usable over gross floor area."""
    unit_m2: Spread
    """Usable floor area per home."""
    module_depths_m: tuple[Number, ...] = Field(min_length=1)
    """The depths of homes that are tried."""
    row_gap_m: Number
    """The gallery or corridor between two rows of homes."""
    row_step_m: Number
    """Step of the lattice on which rows of homes may lie."""

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        if not self.unit_m2.is_falling() or float(self.unit_m2.at_high) <= 0:
            message = "unit_m2 falls from low to high and is above 0"
            raise ValueError(message)
        if min(map(float, self.module_depths_m)) <= 0:
            message = "module_depths_m must be above 0"
            raise ValueError(message)
        return _above_0(self, "form_factor", "row_step_m")


class LiftRules(Model):
    """When the new homes need a lift."""

    limit_m: Number
    """Access higher above the main entrance than this needs a lift."""
    margin_m: Number
    """Within this of the limit it is uncertain."""
    build_up_m: Number
    """The layers between the old roof and the new floor."""
    new_storey_height_m: Number
    """Floor to floor of a new storey."""
    entrance_height_m: Number
    """The main entrance above ground level, where the owner gives no height."""

    @model_validator(mode="after")
    def _measures_something(self) -> Self:
        return _above_0(self, "new_storey_height_m")


class BlockTypes(Model):
    """What a building is used for, by the functions of the BAG: blocks of another type are counted apart."""

    dwellings: str
    """The function of a dwelling."""
    shops: str
    """The function of a shop."""
    offices: str
    """The function of an office."""

    def by_function(self) -> dict[str, str]:
        """Return the type of block per function."""
        return {getattr(self, name): name for name in type(self).model_fields}


class ContextLayer(Model):
    """A layer of the run that says something of buildings."""

    layer: str
    """The name of the layer among the run's sources."""
    column: str | None = None
    """The column that says it; left out: lying there says it."""


class ContextRules(Model):
    """Where owner, plan height, monument, parking, PV and plant of a building come from: the sources of parcels."""

    min_owner_share: Number
    """The least share of the footprint that lies on parcels of one class of owner."""
    min_overlap_m2: Number
    """A feature that shares less with a footprint does not lie on the building."""
    plan_height: ContextLayer
    """The heights that plans allow, above ground."""
    monuments: ContextLayer
    """The register of monuments: its column holds BAG ids of panden."""
    parking: ContextLayer
    """Where parking in the street is regulated."""
    pv: ContextLayer
    """Solar panels on roofs."""
    plant: ContextLayer
    """Plant on roofs."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are read."""
        return tuple(one.layer for one in (self.plan_height, self.monuments, self.parking, self.pv, self.plant))


class FlagRules(Model):
    """What does not exclude a roof but must be known, and the evidence that settles it."""

    monument_effect: Literal["restrict", "flag"]
    """What a monument means."""
    plan_height_effect: Literal["restrict", "flag"]
    """What a height limit in the plan means."""
    consent_effect: Literal["restrict", "flag"]
    """What lacking consent means."""
    parking_effect: Literal["restrict", "flag"]
    """What a parking norm means."""
    pv_effect: Literal["restrict", "flag"]
    """What solar panels on the roof mean."""
    plant_effect: Literal["restrict", "flag"]
    """What plant on the roof means."""
    roof_quality_effect: Literal["restrict", "flag"]
    """What a reconstruction that 3DBAG calls doubtful means."""
    min_tenants_consent: Number
    """The share of sitting tenants that must consent."""
    min_owners_consent: Number
    """The share of the votes of an owners' association (VvE) that must consent."""
    parking_relief_classes: tuple[Literal["A", "B", "C", "D", "E", "F"], ...]
    """The classes of transit quality in which no parking is asked."""
    parking_relief_source: str
    """Where that relief comes from."""
    demolition_statuses: tuple[str, ...]
    """Statuses of a building that is to be demolished."""


class RoofVariant(Model):
    """One way of topping up: what is built, what is done about a lift, and which stock it is for."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The id of the way of topping up."""
    label: Label
    """What reports call it."""
    construction: Literal["permanent", "maisonette", "temporary"]
    """What is built."""
    lift: Literal["strict", "cost", "not_needed"]
    """What a needed lift means: `strict` excludes, `cost` flags, or none is needed."""
    min_dwellings: Number | None = None
    """Only buildings with at least so many dwellings; left out: any number."""
    max_storeys: Number | None = None
    """At most so many storeys are added; left out: what the age rule says."""
    functions_any: tuple[str, ...] = ()
    """Only buildings with one of these functions; left out: any."""
    adds_units: bool = True
    """Whether it adds homes, or only floor area to those below."""
    required_evidence: tuple[Literal["building_height", "roof_area", "year_built", "n_dwellings"], ...]
    """What must be known for a yes."""
    source: str
    """Where it comes from."""

    @model_validator(mode="after")
    def _asks_for_what_it_tests(self) -> Self:
        if self.min_dwellings is not None and "n_dwellings" not in self.required_evidence:
            message = f"{self.id}: min_dwellings needs n_dwellings among required_evidence"
            raise ValueError(message)
        return self


class ComplexRules(Model):
    """When neighbouring buildings are one construction, and when a building resembles one whose capacity is known."""

    gap_m: Number
    """Buildings no farther apart than this share a wall."""
    min_shared_wall_m: Number
    """A shorter shared wall is no shared construction."""
    max_year_difference: Annotated[Number, Unit("year")]
    """Buildings of one construction differ no more in building year."""
    max_height_difference_m: Number
    """Buildings of one construction differ no more in height."""
    max_storeys_difference: Number
    """Buildings of one construction differ no more in storeys."""
    max_depth_difference_m: Number
    """Buildings of one construction differ no more in depth."""
    min_gallery_length_m: Number
    """A shorter block has no galleries."""
    min_gallery_storeys: Number
    """A block with fewer storeys has no galleries."""
    min_block_dwellings: Number
    """Fewer homes are no block of flats."""
    prime_year_from: Annotated[Number, Unit("year")]
    """The first year of the prime stock."""
    prime_year_until: Annotated[Number, Unit("year")]
    """The last year of the prime stock."""
    max_lookalike_year_difference: Annotated[Number, Unit("year")]
    """Look-alikes differ no more in building year."""
    max_lookalike_depth_difference_m: Number
    """Look-alikes differ no more in depth."""
    lookalike_near_m: Number
    """Look-alikes no farther apart than this are of one neighbourhood."""
    confidence_near: Number
    """How sure a known capacity is of a look-alike in the same neighbourhood."""
    confidence_far: Number
    """How sure it is of one elsewhere."""
    confidence_type_unknown: Number
    """How sure it is where the type of building is not known."""


class Headline(Model):
    """The age rule and the variant that a roof's own verdict and units stand for."""

    age_rule: str
    """The id of an age rule."""
    roof_variant: str
    """The id of a way of topping up."""


class Variants(Model):
    """The file of variants: which there are, and which of them stands first."""

    headline: Headline
    """Which of them a roof's own verdict and homes stand for."""
    variants: tuple[RoofVariant, ...] = Field(min_length=1)
    """The ways of topping up."""


class TopUpRules(Model):
    """All rules for homes on existing roofs."""

    roof: RoofRules
    """Which roofs qualify, and how much of one can be used."""
    units: UnitRules
    """How homes are counted."""
    lift: LiftRules
    """When a lift is needed."""
    flags: FlagRules
    """What must be known and does not exclude."""
    blocks: BlockTypes
    """What buildings are used for."""
    context: ContextRules
    """What other sources say of buildings."""
    complexes: ComplexRules
    """Which buildings are one construction, or look alike."""
    age_rules: tuple[AgeRule, ...] = Field(min_length=1)
    """How many storeys may be added."""
    variants: tuple[RoofVariant, ...] = Field(min_length=1)
    """The ways of topping up."""
    headline: Headline
    """Which age rule and way a roof's own verdict stands for."""
    labels: dict[str, Label] = Field(default_factory=dict)
    """What reports call rules, evidence and terms."""

    def names(self, lang: str) -> dict[str, str]:
        """Return the label of every age rule, variant, rule, flag and piece of evidence by its id."""
        named = {one.id: one.label for one in (*self.age_rules, *self.variants)}
        return {name: label.get(lang) for name, label in {**self.labels, **named}.items()}

    def at_headline(self) -> tuple[AgeRule, RoofVariant]:
        """Return the age rule and the variant that a roof's own verdict and units stand for."""
        age_rule = next(rule for rule in self.age_rules if rule.id == self.headline.age_rule)
        return age_rule, next(one for one in self.variants if one.id == self.headline.roof_variant)

    @model_validator(mode="after")
    def _one_answer_per_rule(self) -> Self:
        """Refuse variants that ask the same rule with other figures: a roof has one answer per rule."""
        limits = {float(one.min_dwellings) for one in self.variants if one.min_dwellings is not None}
        functions = {one.functions_any for one in self.variants if one.functions_any}
        for name, asked in (("min_dwellings", limits), ("functions_any", functions)):
            if len(asked) > 1:
                message = f"variants ask {name} in {len(asked):,} ways; leave it out or ask the same in each"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _headline_exists(self) -> Self:
        for name, ids in (
            ("age_rule", [rule.id for rule in self.age_rules]),
            ("roof_variant", [variant.id for variant in self.variants]),
        ):
            if len(ids) != len(set(ids)):
                message = f"{name}: the same id twice in {', '.join(ids)}"
                raise ValueError(message)
            if getattr(self.headline, name) not in ids:
                message = f"headline.{name} is {getattr(self.headline, name)!r}, not one of {', '.join(ids)}"
                raise ValueError(message)
        return self


def assemble(documents: Mapping[str, Mapping[str, object]]) -> TopUpRules:
    """Return the rules from the files of configs/rules/optoppen, by file stem.

    Files with a ``kind`` are age rules (in order of id); ``variants`` holds the variants and the headline; each other
    file is the section it is named after.

    Raises
    ------
    pydantic.ValidationError
        If a file says something that cannot be, or is named after no section.
    """
    age_rules = [doc for _, doc in sorted(documents.items()) if "kind" in doc]
    sections = {stem: doc for stem, doc in documents.items() if "kind" not in doc and stem != "variants"}
    return TypeAdapter(TopUpRules).validate_python(
        {**sections, **documents.get("variants", {}), "age_rules": age_rules}
    )
