"""How many homes vacant buildings hold, by what they were built for."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from flexsites.config.base import Model, Number
from flexsites.config.estimates import Bounds

__all__ = ["Transformation"]


class Transformation(Model):
    """The figures of turning vacant buildings into homes."""

    min_floor_area_m2: Number
    """Buildings below this are no project."""
    home_m2: Bounds
    """Usable floor area of a home: low is of the fewest homes, and so the largest."""
    usable_share: dict[str, Bounds] = Field(min_length=1)
    """By function as the BAG names it, the share of the floor area that becomes homes; others become none."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if not self.home_m2.is_falling() or float(self.home_m2.high) <= 0:
            message = "home_m2 falls from low to high and is above 0"
            raise ValueError(message)
        for name, share in self.usable_share.items():
            if not share.is_rising() or not 0 <= float(share.low) <= float(share.high) <= 1:
                message = f"usable_share.{name} rises from low to high, from 0 to 1"
                raise ValueError(message)
        return self
