"""How many homes homeless people need, by where they stay, and as which target group they ask for them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from flexsites.config.base import Model
from flexsites.config.estimates import Bounds

__all__ = ["TYPES", "Homelessness", "TypeOfHomelessness"]

TYPES = (
    "public_space", "night_shelter", "shelter", "institution", "unconventional", "family_or_friends", "eviction",
)  # fmt: skip
"""Where somebody stays: the six types of ETHOS Light, and who is about to be evicted."""


class TypeOfHomelessness(Model):
    """What people of one type ask for."""

    target_group: str
    """The target group as which they ask, where a list gives none: an id of `target_groups`."""
    needing_share: Bounds
    """The share of them who need a home of their own now: others go to care, or find a home themselves."""
    adults_per_home: Bounds
    """How many adults share a home: low is of the fewest homes, and so the most adults."""


class Homelessness(Model):
    """The figures of homes that homeless people need."""

    by_type: dict[str, TypeOfHomelessness] = Field(min_length=1)
    """What people ask for, by type of ETHOS Light: all seven are given."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if set(self.by_type) != set(TYPES):
            message = f"by_type gives each of {', '.join(TYPES)}, and no other"
            raise ValueError(message)
        for name, one in self.by_type.items():
            share, adults = one.needing_share, one.adults_per_home
            if not share.is_rising() or not 0 <= float(share.low) <= float(share.high) <= 1:
                message = f"by_type.{name}.needing_share rises from low to high, from 0 to 1"
                raise ValueError(message)
            if not adults.is_falling() or float(adults.high) < 1:
                message = f"by_type.{name}.adults_per_home falls from low to high and is 1 or more"
                raise ValueError(message)
        return self
