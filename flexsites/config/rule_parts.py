"""What rules of exclusion are made of besides their kind: figures per class, terms of the homes, shares of land."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Model, Number, Range

SharePart = Literal["whole", "partly", "unknown"]


class ByClass(Range):
    """One figure per class of an attribute; ``other`` for the classes not listed (null: they do not count)."""

    attribute: str
    """The attribute of the layer's features that holds the class."""
    values: dict[str, Number] = Field(min_length=1)
    """The figure of each class listed."""
    other: Number | None = None
    """The figure of classes that are not listed; left out: features of those do not count."""

    @property
    def largest(self) -> float:
        """The largest figure."""
        figures = [*self.values.values(), *([self.other] if self.other else [])]
        return max(float(figure) for figure in figures)


class Terms(Model):
    """For how long homes stand where a rule holds: the law asks other things of ten years, of fifteen and of more."""

    above_years: Number | None = None
    """The rule holds where homes stand longer than this; left out: however short."""
    up_to_years: Number | None = None
    """The rule holds where homes stand no longer than this; left out: however long."""

    @model_validator(mode="after")
    def _leaves_some(self) -> Self:
        if self.above_years is None and self.up_to_years is None:
            message = "for_terms: give above_years, up_to_years or both"
            raise ValueError(message)
        if (
            self.above_years is not None
            and self.up_to_years is not None
            and float(self.above_years) >= float(self.up_to_years)
        ):
            message = (
                f"for_terms: no term is above {float(self.above_years):g} and at most {float(self.up_to_years):g} years"
            )
            raise ValueError(message)
        return self

    def hold(self, years: float) -> bool:
        """Whether a term is among them.

        Examples
        --------
        >>> ten = {"value": 10, "unit": "year", "source": "a law"}
        >>> [Terms(above_years=ten).hold(10), Terms(up_to_years=ten).hold(10), Terms(above_years=ten).hold(15)]
        [False, True, True]
        """
        longer = self.above_years is None or years > float(self.above_years)
        return longer and (self.up_to_years is None or years <= float(self.up_to_years))


class ShareOf(Model):
    """How much of its land a feature takes, where the source gives it: a plan for homes on 40 % of its area.

    Where in the feature that is, a share does not tell: it cannot be drawn, and no land is left out at random. An
    exclusion therefore takes the land of a feature that takes all of it; of one that takes a part it asks consent
    (without consent all of it is gone, with consent none: what is true lies between the two); one that takes none
    does not count. Restrictions and flags take no land: they hold wherever the share is not nought. An include lifts
    rules only where it is whole. A share that is unknown counts as whole, and stands in the ledger as a rule of its
    own (``rule__share_unknown``, as ``rule__share_partly``), so that reports tell how much land rests on it.
    """

    attribute: str
    """The attribute of the layer's features that holds the share."""
    scale: Literal["share", "percent"] = "share"
    """Whether all of the land is 1 (`share`) or 100 (`percent`)."""

    @property
    def whole(self) -> float:
        """The number that stands for all of the land."""
        return 100.0 if self.scale == "percent" else 1.0
