"""How homes are counted over an area: the common programme, the reach of a cluster, and which flexmilieu goes first."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from flexsites.config.base import Model, Number
from flexsites.config.estimates import Bounds

__all__ = ["Counting"]


class Counting(Model):
    """What counts of homes have in common (METHOD 0, "Homes")."""

    common_homes_per_ha: Bounds
    """Homes per gross hectare of core area, whoever lives there: the common programme."""
    cluster_reach_m: Number
    """How far a cluster reaches, straight, from the entrance of the piece it starts from; open land in reach closes."""
    first_flexmilieus: tuple[str, ...] = ()
    """The order in which the first suitable flexmilieu of a parcel is named: a label, which chooses no number."""

    @model_validator(mode="after")
    def _counts(self) -> Self:
        wrong = []
        if not self.common_homes_per_ha.is_rising() or self.common_homes_per_ha.low.value <= 0:
            wrong.append("common_homes_per_ha must be above 0 and not fall from low to high")
        if len(set(self.first_flexmilieus)) < len(self.first_flexmilieus):
            wrong.append(f"first_flexmilieus: one stands twice in {list(self.first_flexmilieus)}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def first_of(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the flexmilieus of a run in the order of precedence; those that it does not name come last."""
        return (*(one for one in self.first_flexmilieus if one in names),
                *(one for one in names if one not in self.first_flexmilieus))  # fmt: skip
