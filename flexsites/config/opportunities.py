"""What a measure runs to, and how what is far counts for less: tagged unions of configs/measures.yaml.

An opportunity is written with the one key that says its kind: ``{amenity: gp}``, ``{stop: train}``, ``{places: jobs}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from flexsites.config.base import Model, Number

Category = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]


class ToAmenity(Model):
    """Amenities of one category are what is reached: `{amenity: gp}`."""

    amenity: Category
    """A category of configs/amenities.yaml, or of a table of points among the run's sources."""

    @property
    def category(self) -> str:
        """The category that rows must have."""
        return self.amenity

    @property
    def spoken_of(self) -> str:
        """What a source must speak about for this to be known."""
        return f"amenity:{self.amenity}"

    @property
    def slug(self) -> str:
        """A name for a file of these."""
        return f"amenity-{self.amenity}"


class ToStop(Model):
    """Stops are what is reached: `{stop: train}`."""

    stop: Literal["bus", "tram", "metro", "train", "ferry", "any", "hub"]
    """Stops of one mode, of `any` mode, or those that are a `hub`."""

    @property
    def spoken_of(self) -> str:
        """What a source must speak about for this to be known."""
        return "stop"

    @property
    def slug(self) -> str:
        """A name for a file of these."""
        return f"stop-{self.stop}"


class ToPlaces(Model):
    """Weighted places of a table of the user's are what is reached: `{places: jobs}`."""

    places: Literal["jobs", "centres"]
    """Jobs or town centres, as a source of points with this category gives them."""

    @property
    def category(self) -> str:
        """The category that rows must have."""
        return self.places

    @property
    def spoken_of(self) -> str:
        """What a source must speak about for this to be known."""
        return self.places

    @property
    def slug(self) -> str:
        """A name for a file of these."""
        return self.places


def _kind_of_opportunity(value: object) -> str | None:
    """Return which key an opportunity is written with: that is its kind."""
    keys = value.keys() if isinstance(value, Mapping) else getattr(value, "model_fields_set", ())
    return next((key for key in ("amenity", "stop", "places") if key in keys), None)


Opportunity = Annotated[
    Annotated[ToAmenity, Tag("amenity")] | Annotated[ToStop, Tag("stop")] | Annotated[ToPlaces, Tag("places")],
    Discriminator(
        _kind_of_opportunity,
        custom_error_type="kind_of_opportunity",
        custom_error_message="what is reached is written {amenity: <category>}, {stop: <mode>} or {places: jobs}",
    ),
]
"""What a measure runs to: a tagged union on the one key it is written with."""

Destination = Annotated[
    Annotated[ToAmenity, Tag("amenity")] | Annotated[ToPlaces, Tag("places")],
    Discriminator(
        _kind_of_opportunity,
        custom_error_type="kind_of_destination",
        custom_error_message="a journey runs to {amenity: <category>} or {places: jobs | centres}, not to a stop",
    ),
]
"""What a journey by timetable runs to."""


class _Decay(Model):
    """What all decay functions share: weight 1 at no cost, falling with cost, in [0, 1]."""


class BinaryDecay(_Decay):
    """Weight 1 up to the cut-off of the measure, 0 beyond."""

    kind: Literal["binary"]
    """All that is within the cut-off counts in full."""


class LinearDecay(_Decay):
    """Weight 1 - cost / cut-off of the measure, 0 beyond."""

    kind: Literal["linear"]
    """The weight falls evenly to 0 at the cut-off."""


class ExponentialDecay(_Decay):
    """Weight exp(-cost / scale)."""

    kind: Literal["exponential"]
    """The weight is exp(-distance / scale)."""
    scale_m: Number
    """The distance at which the weight is 1/e."""


class LogisticDecay(_Decay):
    """Weight 1 / (1 + exp((cost - inflection) / scale)), divided by its value at no cost."""

    kind: Literal["logistic"]
    """The weight falls along a logistic curve."""
    inflection_m: Number
    """The distance at which the curve is steepest."""
    scale_m: Number
    """How stretched the curve is: larger is gentler."""


Decay = Annotated[BinaryDecay | LinearDecay | ExponentialDecay | LogisticDecay, Field(discriminator="kind")]
