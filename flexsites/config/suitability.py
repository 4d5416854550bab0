"""Target groups and flexmilieus: who needs what, and which needs are coupled in one place to live.

A target group holds requirements. A flexmilieu names groups and requires all *their* required criteria; it weighs
further criteria into a score and says what is built there (METHOD 5).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.dwellings import Programme


class Threshold(Model):
    """One measure with its limit: at most (a distance, a time) or at least (a count)."""

    measure: str
    at_most: Number | None = None
    at_least: Number | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            message = f"{self.measure}: give either at_most or at_least"
            raise ValueError(message)
        return self

    @property
    def limit(self) -> float:
        """The limit, in the unit of the measure."""
        # The validator left exactly one of the two.
        return next(float(figure) for figure in (self.at_most, self.at_least) if figure is not None)

    @property
    def sense(self) -> Literal["at_most", "at_least"]:
        """Which side of the limit passes."""
        return "at_most" if self.at_most is not None else "at_least"


class Criterion(Model):
    """A requirement: passed if any of its thresholds is, failed if all are, unknown otherwise."""

    id: str
    label: Label
    any_of: tuple[Threshold, ...] = Field(min_length=1)


class TargetGroup(Model):
    """A group of residents (doelgroep) and what it needs, with the source of that need."""

    id: str
    label: Label
    needs: Label
    source: str
    has_car: bool | None = Field(description="null: some do, some do not; transit is then never required")
    requirements: tuple[Criterion, ...] = ()


class WeightedCriterion(Model):
    """A measure that counts towards the score: 1 at ``full_at`` and beyond, 0 at ``zero_at``, linear between."""

    measure: str
    weight: Number
    full_at: Number
    zero_at: Number

    @model_validator(mode="after")
    def _slopes(self) -> Self:
        if float(self.full_at) == float(self.zero_at):
            message = f"{self.measure}: full_at and zero_at are equal, so there is nothing to weigh"
            raise ValueError(message)
        if float(self.weight) <= 0:
            message = f"{self.measure}: a weight is above 0; leave the criterion out instead"
            raise ValueError(message)
        return self


class Flexmilieu(Model):
    """A kind of place for several target groups at once, with what is built there."""

    id: str
    label: Label
    description: Label
    target_groups: tuple[str, ...] = Field(min_length=1)
    weighted: tuple[WeightedCriterion, ...] = Field(min_length=1)
    programme: Programme
