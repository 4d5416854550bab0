"""How far residents go for a facility of which the capacity is known, and by what mode."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from flexsites.config.access import Mode
from flexsites.config.base import Model, Number

__all__ = ["Catchment"]


class Catchment(Model):
    """The catchment of the two-step method: one reach for facilities and for residents."""

    mode: Mode
    """How residents go."""
    cutoff_m: Number
    """How far they go over the streets."""

    @model_validator(mode="after")
    def _reaches_somewhere(self) -> Self:
        if float(self.cutoff_m) <= 0:
            message = "cutoff_m must be above 0"
            raise ValueError(message)
        return self
