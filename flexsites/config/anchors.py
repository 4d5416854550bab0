"""Anchors: published answers for an area, to set a run of that area beside. They decide nothing.

An anchor names a quantity that a run's results hold, and what was published about it. The report shows both, and how
far the run's answer may lie apart because something is unknown; it never says that a run reproduces a publication.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.units import ANY, Unit

Quantity = Literal[
    "homes_available",
    "share_of_locations_lost_to_transit",
    "share_of_suitable_sites_of_owners",
    "n_suitable_sites_of_owners",
    "share_of_available_locations_in_areas",
]


_OF_OWNERS: frozenset[Quantity] = frozenset({"share_of_suitable_sites_of_owners", "n_suitable_sites_of_owners"})
_IN_AREAS: frozenset[Quantity] = frozenset({"share_of_available_locations_in_areas"})
SHARES: frozenset[Quantity] = frozenset(
    {
        "share_of_locations_lost_to_transit",
        "share_of_suitable_sites_of_owners",
        "share_of_available_locations_in_areas",
    }
)
"""The quantities that are shares: written as a percentage."""


class Anchor(Model):
    """One published answer.

    ``quantity`` is what of a run is set beside it; ``owners`` (classes of owner) and ``gemeenten`` say of which, where
    the quantity asks. ``sense`` is how the publication puts it: "ruim twee miljoen" is at least, "ongeveer" is about.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The id of the published answer."""
    label: Label
    """What reports call it."""
    quantity: Quantity
    """What of a run is set beside it."""
    published: Annotated[Number, Unit(ANY)]
    """The published number, in the unit of the quantity."""
    sense: Literal["at_least", "about", "exactly"]
    """How the publication puts it: "ruim twee miljoen" is at least, "ongeveer" is about."""
    owners: tuple[str, ...] = ()
    """Of which classes of owner, where the quantity asks."""
    gemeenten: tuple[str, ...] = ()
    """Of which municipalities, where the quantity asks."""
    note: Label
    """What to mind in the comparison."""

    @model_validator(mode="after")
    def _says_of_what(self) -> Self:
        needs = {"owners": self.quantity in _OF_OWNERS, "gemeenten": self.quantity in _IN_AREAS}
        for name, is_needed in needs.items():
            if bool(getattr(self, name)) != is_needed:
                message = f"{self.id}: {self.quantity} {'needs' if is_needed else 'goes without'} `{name}`"
                raise ValueError(message)
        return self


class Anchors(Model):
    """The published answers of one study, and the provinces that they are about."""

    id: str
    """The id of the study: the name of its file."""
    label: Label
    """What reports call the study."""
    about: Label
    """What was published, by whom."""
    provincies: tuple[str, ...] = Field(min_length=1)
    """The provinces that it is about."""
    anchors: tuple[Anchor, ...] = Field(min_length=1)
    """The published answers."""
