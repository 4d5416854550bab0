"""The three estimates of every number of homes, and a figure that differs between them.

A bound carries three figures: the ones with which the low, the expected and the high estimate are made. `low` is the
figure of the low *estimate*, which for a setback is the widest one.
"""

from __future__ import annotations

from typing import Literal

from flexsites.config.base import Figure, Number, Range

__all__ = ["ESTIMATES", "Bounds", "Estimate"]

Estimate = Literal["low", "expected", "high"]
ESTIMATES: tuple[Estimate, ...] = ("low", "expected", "high")
"""The three estimates, in the order in which homes can only become more."""


class Bounds(Range):
    """One parameter at the low, the expected and the high estimate of the number of homes."""

    low: Number
    """The figure of the low estimate of the number of homes."""
    expected: Number
    """The figure of the expected number of homes."""
    high: Number
    """The figure of the high estimate of the number of homes."""

    def at(self, estimate: Estimate) -> float:
        """Return the figure with which an estimate is made."""
        figure: Figure = getattr(self, estimate)
        return figure.value

    def values(self) -> tuple[float, float, float]:
        """Return the three figures, low estimate first."""
        return self.low.value, self.expected.value, self.high.value

    def is_rising(self) -> bool:
        """Tell whether the figures never fall from the low to the high estimate."""
        low, expected, high = self.values()
        return low <= expected <= high

    def is_falling(self) -> bool:
        """Tell whether the figures never rise from the low to the high estimate."""
        low, expected, high = self.values()
        return low >= expected >= high
