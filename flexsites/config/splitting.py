"""How many homes large homes become when they are split, by their type and year."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from flexsites.config.base import Model, Number
from flexsites.config.estimates import Bounds

__all__ = ["SplitType", "Splitting"]


class SplitType(Model):
    """What homes of one type become."""

    most_homes: Number
    """How many homes one home becomes at most."""
    suitable_share: Bounds
    """The share of homes of this type that lend themselves to it: what a list does not tell of each."""


class Splitting(Model):
    """The figures of splitting homes."""

    home_m2: Bounds
    """Usable floor area that each home keeps: low is of the fewest homes, and so the largest."""
    last_year_built: Number
    """Homes built later are not split: they need no renovation yet."""
    by_type: dict[str, SplitType] = Field(min_length=1)
    """What homes become by their type; those of other types are not split."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if not self.home_m2.is_falling() or float(self.home_m2.high) <= 0:
            message = "home_m2 falls from low to high and is above 0"
            raise ValueError(message)
        for name, one in self.by_type.items():
            share = one.suitable_share
            if float(one.most_homes) < 2 or float(one.most_homes) % 1:  # noqa: PLR2004 - one home is not split
                message = f"by_type.{name}.most_homes is a whole number, 2 or more"
                raise ValueError(message)
            if not share.is_rising() or not 0 <= float(share.low) <= float(share.high) <= 1:
                message = f"by_type.{name}.suitable_share rises from low to high, from 0 to 1"
                raise ValueError(message)
        return self
