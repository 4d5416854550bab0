"""Which figures are drawn, together in groups, and how far each may lie from what is expected (METHOD 9)."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from flexsites.config.base import Label, Model, Number, Range
from flexsites.config.rule_sets import RuleVariant

__all__ = ["Certainty", "Drawn", "DrawnGroup", "Draws", "LandState"]

MOST_GROUPS = 30
MOST_OF_LAND = 5
_ROUNDING = 1e-9

Drawn = Literal["limits", "weights", "value_points", "densities", "min_units", "max_units", "layouts", "common", "land"]
"""What a group draws. Densities, cluster sizes, layouts and the common programme say their own low and high."""

_WITH_OWN_BAND = ("densities", "min_units", "max_units", "layouts", "common", "land")
_OF_LAND = ("rules.", "pieces.", "time.")


class Draws(Model):
    """How many draws a run makes, and with which seed: the same seed, the same answer."""

    draws: int = Field(default=200, ge=20, le=100_000)
    """How many draws."""
    seed: int = Field(default=1, ge=0)
    """The seed of the Latin hypercube."""
    sobol: int | None = Field(default=None, ge=16, le=65_536)
    """The size N of the design of Sobol's indices, a power of two: N x (groups + 2) answers, of at most ten groups;
    left out: they are not made."""

    @field_validator("sobol")
    @classmethod
    def _is_a_power_of_two(cls, size: int | None) -> int | None:
        if size is not None and size & (size - 1):
            message = f"a power of two, such as {1 << (size.bit_length() - 1)}"
            raise ValueError(message)
        return size


class LandState(RuleVariant):
    """Another reading of the land, and how often it is drawn: as a variant of the run says it.

    The land of a state is assessed once, before the draws; of several groups once for each combination that is drawn.
    """

    share: Number
    """In how many of the draws the land is read so."""
    change: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Per rule the fields that differ, such as a distance."""
    replace: dict[str, Any] = Field(default_factory=dict)
    """By path what stands there instead, of rules, piece tests and times (`pieces.min_area_m2`)."""

    @model_validator(mode="after")
    def _is_of_land(self) -> Self:
        if not 0 < self.share.value < 1:
            message = f"a share lies between 0 and 1, not {self.share.value:g}"
            raise ValueError(message)
        if strange := [path for path in self.replace if not path.startswith(_OF_LAND)]:
            message = f"a state of land replaces rules, pieces and time, not {', '.join(strange)}"
            raise ValueError(message)
        if not (self.effects or self.hardness or self.change or self.replace):
            message = "a state of land says what differs: effects, hardness, change or replace"
            raise ValueError(message)
        return self


class DrawnGroup(Model):
    """Figures that go up and down together: they share one draw."""

    id: str
    """The id of the group, by which results name it."""
    label: Label
    """What reports call the group."""
    what: Drawn
    """What it draws: limits of requirements, weights, the points where a measure counts in full or for nothing,
    densities, the fewest and most homes of one place, lengths of layouts, homes per hectare of the common programme,
    or other readings of the land (rules, distances, piece tests)."""
    measures: tuple[str, ...] = ("*",)
    """The measures whose limits, weights or points it draws; `*` stands for any text."""
    flexmilieus: tuple[str, ...] = ("*",)
    """The flexmilieus whose figures it draws; `*` stands for any text."""
    low: Number | None = None
    """The 5 % point as a share of the expected figure, for limits, weights and points."""
    high: Number | None = None
    """The 95 % point as a share of the expected figure, for limits, weights and points."""

    land_low: LandState | None = None
    """For land: how it is read at the low end of what the group draws; left out: as the run reads it."""
    land_high: LandState | None = None
    """For land: how it is read at the high end; left out: as the run reads it."""

    @model_validator(mode="after")
    def _says_how_land_is_read(self) -> Self:
        states = [one for one in (self.land_low, self.land_high) if one is not None]
        if (self.what == "land") != bool(states):
            message = f"{self.id}: a group of land gives land_low, land_high or both, and no other group does"
            raise ValueError(message)
        if sum(one.share.value for one in states) > 1.0 + _ROUNDING:
            message = f"{self.id}: the shares of its states are together 1 at most"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _has_a_band(self) -> Self:
        own, given = self.what in _WITH_OWN_BAND, (self.low is not None, self.high is not None)
        if own and any(given):
            message = f"{self.id}: {self.what} say their own low and high; leave low and high out"
            raise ValueError(message)
        if not own and not all(given):
            message = f"{self.id}: {self.what} have no low and high of their own; give low and high as shares"
            raise ValueError(message)
        if self.low is not None and self.high is not None and not 0 < self.low.value <= 1 <= self.high.value:
            message = f"{self.id}: low lies above 0 and at most at 1, high at 1 or more"
            raise ValueError(message)
        return self


class LevelShares(Range):
    """How often lengths that are counted at three levels are drawn at each; together 1."""

    low: Number
    """At the low figures."""
    expected: Number
    """At the expected figures."""
    high: Number
    """At the high figures."""

    @model_validator(mode="after")
    def _are_shares(self) -> Self:
        shares = (self.low.value, self.expected.value, self.high.value)
        if min(shares) < 0 or abs(sum(shares) - 1.0) > _ROUNDING:
            message = f"shares are 0 or more and together 1, not {shares}"
            raise ValueError(message)
        return self


class Certainty(Model):
    """The groups of figures that are drawn. What no group names is fixed, and listed as not drawn."""

    groups: tuple[DrawnGroup, ...] = Field(min_length=1, max_length=MOST_GROUPS)
    """The groups, at most 30; a figure belongs to the first that names it."""
    level_share: LevelShares
    """How often the lengths of layouts are drawn at their low, expected and high figures."""

    @model_validator(mode="after")
    def _has_ids(self) -> Self:
        ids = [one.id for one in self.groups]
        if len(set(ids)) < len(ids):
            message = f"two groups have one id: {sorted({one for one in ids if ids.count(one) > 1})}"
            raise ValueError(message)
        if sum(one.what == "land" for one in self.groups) > MOST_OF_LAND:
            message = f"at most {MOST_OF_LAND} groups of land: each combination of their states is assessed"
            raise ValueError(message)
        return self
