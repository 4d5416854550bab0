"""Whether a small home may stand in the back garden of a corner home."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from flexsites.config.base import Model, Number
from flexsites.config.estimates import Bounds

__all__ = ["BandOfYard", "Gardens"]


class BandOfYard(Model):
    """What of one part of a yard may be built on."""

    from_m2: Number
    """The yard above so much, up to where the next band begins."""
    share: Number
    """The share of it that may be built on."""


class Gardens(Model):
    """The figures of homes in back gardens."""

    home_m2: Bounds
    """What a home takes of the garden, its walls too: low is of the fewest homes, and so the largest."""
    left_m2: Bounds
    """What the tenant keeps as open garden, at least."""
    width_m: Bounds
    """How wide the garden must be where the home stands: the home, and what lies free beside it."""
    built_on: tuple[BandOfYard, ...] = Field(min_length=1)
    """What of a yard may be built on in all, band by band, the sheds that stand there among it."""
    most_built_m2: Number
    """What may be built on at most, however large the yard is."""
    willing_share: Bounds
    """The share of tenants who give up a part of their garden: what a list does not tell of each."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        for name in ("home_m2", "left_m2", "width_m"):
            band: Bounds = getattr(self, name)
            if not band.is_falling() or float(band.high) <= 0:
                message = f"{name} falls from low to high and is above 0"
                raise ValueError(message)
        share = self.willing_share
        if not share.is_rising() or not 0 <= float(share.low) <= float(share.high) <= 1:
            message = "willing_share rises from low to high, from 0 to 1"
            raise ValueError(message)
        starts = [float(one.from_m2) for one in self.built_on]
        if starts[0] != 0 or any(after <= before for before, after in pairwise(starts)):
            message = "built_on begins at 0, and each band lies above the one before it"
            raise ValueError(message)
        return self
