"""Anchors: published answers for an area, to set a run of that area beside. They decide nothing.

An anchor names a quantity that a run's results hold, and what was published about it. The report shows both, and how
far the run's answer may lie apart because something is unknown; it never says that a run reproduces a publication.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number

Quantity = Literal[
    "homes_available",
    "share_of_locations_lost_to_transit",
    "share_of_suitable_sites_of_owners",
    "n_suitable_sites_of_owners",
    "share_of_available_locations_in_areas",
]


class Anchor(Model):
    """One published answer.

    ``quantity`` is what of a run is set beside it; ``owners`` (classes of owner) and ``gemeenten`` say of which, where
    the quantity asks. ``sense`` is how the publication puts it: "ruim twee miljoen" is at least, "ongeveer" is about.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    quantity: Quantity
    published: Number
    sense: Literal["at_least", "about", "exactly"]
    owners: tuple[str, ...] = ()
    gemeenten: tuple[str, ...] = ()
    note: Label

    @model_validator(mode="after")
    def _says_of_what(self) -> Self:
        needs = {"owners": self.quantity.endswith("_of_owners"), "gemeenten": self.quantity.endswith("_in_areas")}
        for name, is_needed in needs.items():
            if bool(getattr(self, name)) != is_needed:
                message = f"{self.id}: {self.quantity} {'needs' if is_needed else 'goes without'} `{name}`"
                raise ValueError(message)
        return self


class Anchors(Model):
    """The published answers of one study, and the provinces that they are about."""

    id: str
    label: Label
    about: Label
    provincies: tuple[str, ...] = Field(min_length=1)
    anchors: tuple[Anchor, ...] = Field(min_length=1)
