"""What configs/rules/optoppen may say: the rules for homes on existing roofs. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from flexsites.config.base import Label, Model, Number

__all__ = [
    "AgeRule",
    "ComplexRules",
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


class Spread(Model):
    """One figure at the low bound of the answer, as expected, and at the high bound of the answer."""

    at_low: Number
    at_expected: Number
    at_high: Number

    def at(self, bound: str) -> float:
        """Return the figure at ``low``, ``expected`` or ``high``."""
        return float(getattr(self, f"at_{bound}"))


class YearStep(Model):
    """Buildings from this year on (inclusive) may gain this many storeys."""

    year_from: Number
    n_storeys: Number


class YearRule(Model):
    """Storeys to add by building year alone."""

    kind: Literal["by_year"]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    source: str
    published: int
    steps: tuple[YearStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_ascend(self) -> Self:
        years = [float(step.year_from) for step in self.steps]
        if years != sorted(set(years)):
            message = f"{self.id}: the steps must ascend by year_from, each year once, not {years}"
            raise ValueError(message)
        return self


class LoadRule(Model):
    """Storeys to add by the spare bearing capacity of buildings of certain years."""

    kind: Literal["by_load"]
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    source: str
    published: int
    year_from: Number
    year_until: Number
    extra_share: Spread
    existing_kn_m2: Number
    light_kn_m2: Spread


AgeRule = Annotated[YearRule | LoadRule, Field(discriminator="kind")]


class RoofRules(Model):
    """Which roofs qualify, and how much of a roof can be used."""

    flat_share_min: Number
    flat_slope_max_deg: Number
    level_tolerance_m: Number
    edge_setback_m: Number
    slender_width_m: Number
    part_area_min_m2: Number
    installations_share: Number
    usable_area_min_m2: Number
    existing_storey_height_m: Number


class UnitRules(Model):
    """How homes are counted on a usable roof."""

    form_factor: Number
    unit_m2: Spread
    module_depths_m: tuple[Number, ...] = Field(min_length=1)
    row_gap_m: Number
    row_phases: Number


class LiftRules(Model):
    """When the new homes need a lift."""

    limit_m: Number
    margin_m: Number
    build_up_m: Number
    new_storey_height_m: Number
    entrance_height_m: Number


class FlagRules(Model):
    """What does not exclude a roof but must be known, and the evidence that settles it."""

    monument_effect: Literal["restrict", "flag"]
    plan_height_effect: Literal["restrict", "flag"]
    consent_effect: Literal["restrict", "flag"]
    parking_effect: Literal["restrict", "flag"]
    tenants_consent_min: Number
    owners_consent_min: Number
    parking_relief_classes: tuple[Literal["A", "B", "C", "D", "E", "F"], ...]
    parking_relief_source: str
    demolition_statuses: tuple[str, ...]


class RoofVariant(Model):
    """One way of topping up: what is built, what is done about a lift, and which stock it is for."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    construction: Literal["permanent", "maisonette", "temporary"]
    lift: Literal["strict", "cost", "not_needed"]
    dwellings_min: Number | None = None
    n_storeys_max: Number | None = None
    functions_any: tuple[str, ...] = ()
    adds_units: bool = True
    required_evidence: tuple[Literal["building_height", "roof_area", "year_built", "n_dwellings"], ...]
    source: str

    @model_validator(mode="after")
    def _asks_for_what_it_tests(self) -> Self:
        if self.dwellings_min is not None and "n_dwellings" not in self.required_evidence:
            message = f"{self.id}: dwellings_min needs n_dwellings among required_evidence"
            raise ValueError(message)
        return self


class ComplexRules(Model):
    """When neighbouring buildings are one construction, and when a building resembles one whose capacity is known."""

    gap_m: Number
    shared_wall_min_m: Number
    year_difference_max: Number
    height_difference_max_m: Number
    storeys_difference_max: Number
    depth_difference_max_m: Number
    gallery_length_min_m: Number
    gallery_storeys_min: Number
    block_dwellings_min: Number
    prime_year_from: Number
    prime_year_until: Number
    lookalike_year_difference_max: Number
    lookalike_depth_difference_max_m: Number
    lookalike_near_m: Number
    confidence_near: Number
    confidence_far: Number
    confidence_type_unknown: Number


class Headline(Model):
    """The age rule and the variant that a roof's own verdict and units stand for."""

    age_rule: str
    roof_variant: str


class Variants(Model):
    """The file of variants: which there are, and which of them stands first."""

    headline: Headline
    variants: tuple[RoofVariant, ...] = Field(min_length=1)


class TopUpRules(Model):
    """All rules for homes on existing roofs."""

    roof: RoofRules
    units: UnitRules
    lift: LiftRules
    flags: FlagRules
    complexes: ComplexRules
    age_rules: tuple[AgeRule, ...] = Field(min_length=1)
    variants: tuple[RoofVariant, ...] = Field(min_length=1)
    headline: Headline
    labels: dict[str, Label] = Field(default_factory=dict)

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
        limits = {float(one.dwellings_min) for one in self.variants if one.dwellings_min is not None}
        functions = {one.functions_any for one in self.variants if one.functions_any}
        for name, asked in (("dwellings_min", limits), ("functions_any", functions)):
            if len(asked) > 1:
                message = f"variants ask {name} in {len(asked)} ways; leave it out or ask the same in each"
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
