"""How many storeys a building of some year may gain: by its year alone, or by what its structure can still bear."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number, Range
from flexsites.config.units import Unit


class Spread(Range):
    """One figure at the low bound of the answer, as expected, and at the high bound of the answer."""

    at_low: Number
    """The figure at the low bound of the answer."""
    at_expected: Number
    """The figure as expected."""
    at_high: Number
    """The figure at the high bound of the answer."""

    def at(self, bound: str) -> float:
        """Return the figure at ``low``, ``expected`` or ``high``."""
        return float(getattr(self, f"at_{bound}"))

    def is_falling(self) -> bool:
        """Whether it is nowhere higher at a higher bound of the answer: the less of it, the more homes."""
        return self.at("low") >= self.at("expected") >= self.at("high")

    def is_rising(self) -> bool:
        """Whether it is nowhere lower at a higher bound of the answer: the more of it, the more homes."""
        return self.at("low") <= self.at("expected") <= self.at("high")


class YearStep(Model):
    """Buildings from this year on (inclusive) may gain this many storeys."""

    year_from: Annotated[Number, Unit("year")]
    """Buildings from this year on, this year included."""
    n_storeys: Number
    """The storeys that may be added."""


class YearRule(Model):
    """Storeys to add by building year alone."""

    kind: Literal["by_year"]
    """Storeys by building year."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The id of the rule."""
    label: Label
    """What reports call the rule."""
    source: str
    """Where the rule comes from."""
    published: int
    """The year in which it was published."""
    steps: tuple[YearStep, ...] = Field(min_length=1)
    """The steps, ascending by year."""

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
    """Storeys by spare bearing capacity."""
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The id of the rule."""
    label: Label
    """What reports call the rule."""
    source: str
    """Where the rule comes from."""
    published: int
    """The year in which it was published."""
    year_from: Annotated[Number, Unit("year")]
    """The first building year that it is about."""
    year_until: Annotated[Number, Unit("year")]
    """The last building year that it is about."""
    extra_share: Spread
    """The load that may be added, as a share of what the building weighs."""
    existing_kn_m2: Number
    """What an existing storey weighs."""
    light_kn_m2: Spread
    """What a light new storey weighs."""
    max_storeys: Number
    """The most storeys that are added without a structural report."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        wrong = []
        if not self.extra_share.is_rising():
            wrong.append("extra_share does not fall from low to high")
        if not self.light_kn_m2.is_falling() or float(self.light_kn_m2.at_high) <= 0:
            wrong.append("light_kn_m2 falls from low to high and is above 0")
        if float(self.year_until) < float(self.year_from):
            wrong.append("year_until is not before year_from")
        if wrong:
            message = f"{self.id}: {'; '.join(wrong)}"
            raise ValueError(message)
        return self


AgeRule = Annotated[YearRule | LoadRule, Field(discriminator="kind")]
