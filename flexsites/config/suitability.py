"""Target groups and flexmilieus: who needs what, and which needs are coupled in one place to live.

A target group holds requirements. A flexmilieu names groups and requires all *their* required criteria; it weighs
further criteria into a score and says what is built there (METHOD 5).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.dwellings import Programme
from flexsites.config.units import ANY, Unit


class Threshold(Model):
    """One measure with its limit: at most (a distance, a time) or at least (a count)."""

    measure: str
    """The measure that is asked, by its id in configs/measures.yaml."""
    at_most: Annotated[Number | None, Unit(ANY)] = None
    """The largest value that passes, in the unit of the measure."""
    at_least: Annotated[Number | None, Unit(ANY)] = None
    """The smallest value that passes, in the unit of the measure."""

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
    """The id of the requirement, by which results name it."""
    label: Label
    """What reports call the requirement."""
    any_of: tuple[Threshold, ...] = Field(min_length=1)
    """Thresholds of which one is enough."""


class TargetGroup(Model):
    """A group of residents (doelgroep) and what it needs, with the source of that need."""

    id: str
    """The id of the group: the name of its file."""
    label: Label
    """What reports call the group."""
    needs: Label
    """What the group needs, in words."""
    source: str
    """Where that need comes from."""
    has_car: bool | None
    """Whether its members have a car; null: some do, some do not. Transit is then never required."""
    requirements: tuple[Criterion, ...] = ()
    """What a site must meet for this group; all of them."""
    needs_level_access: bool = False
    """Whether its demand is met by homes on the ground floor or with a lift only; a demand may say otherwise."""
    max_share: Number | None = None
    """The largest share of the homes of a place that its demand is given; left out: all. A demand may say otherwise."""
    max_homes_near: Number | None = None
    """The most homes that its demand is given within `near_m`; left out: any number. A demand may say otherwise."""
    near_m: Number | None = None
    """How far that reaches, straight; given if and only if `max_homes_near` is."""

    @model_validator(mode="after")
    def _mixes(self) -> Self:
        if self.max_share is not None and not 0 < float(self.max_share) <= 1:
            message = f"{self.id}: max_share is a share of the homes of a place, above 0 and at most 1"
            raise ValueError(message)
        if (self.max_homes_near is None) != (self.near_m is None):
            message = f"{self.id}: max_homes_near and near_m go together"
            raise ValueError(message)
        if self.max_homes_near is not None and (int(self.max_homes_near) < 1 or float(self.near_m or 0) < 0):
            message = f"{self.id}: max_homes_near is 1 or more and near_m 0 or more"
            raise ValueError(message)
        return self


class WeightedCriterion(Model):
    """A measure that counts towards the score: 1 at ``full_at`` and beyond, 0 at ``zero_at``, linear between."""

    measure: str
    """The measure that counts, by its id in configs/measures.yaml."""
    weight: Number
    """How much it counts beside the others, above 0."""
    full_at: Annotated[Number, Unit(ANY)]
    """The value from which on it counts in full, in the unit of the measure."""
    zero_at: Annotated[Number, Unit(ANY)]
    """The value from which on it counts for nothing, in the unit of the measure."""

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
    """The id of the flexmilieu: the name of its file."""
    label: Label
    """What reports call the flexmilieu."""
    description: Label
    """What kind of place it is."""
    target_groups: tuple[str, ...] = Field(min_length=1)
    """The groups that live here together; the requirements of all of them hold."""
    weighted: tuple[WeightedCriterion, ...] = Field(min_length=1)
    """What counts towards the score of a site."""
    programme: Programme
    """What is built here."""
    least_term_years: Number | None = None
    """The fewest years that a place must be free, where plan capacity is known; left out: any."""

    def without_least_term(self) -> Flexmilieu:
        """Return it asking for no term, as a rule set may say."""
        return self.model_copy(update={"least_term_years": None})

    undemanding: bool = False
    """Whether nearly every site passes, so that counts are always shown with and without this flexmilieu."""
