"""What the tags of OpenStreetMap mean: categories of amenity, who may use a street, what is gone.

configs/amenities.yaml is read into :class:`AmenityCategories`, configs/streets.yaml into :class:`StreetRules`. Nothing
is computed here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flexsites.config.base import Label, Model, Number
from flexsites.config.opportunities import Category


class AmenityCategory(Model):
    """A category of amenity: its label and the OSM tags that make one.

    ``any_of`` lists alternatives; a feature matches one if it has every key with one of the values (``*`` is any
    value, ``*college*`` any that holds the word); a list of values (supermarket;bakery) has each of them. ``without``
    excludes by key and value, of a list where all of it is excluded. ``points`` says how an area
    becomes opportunities: one representative ``point``, or its ``entrances``, the places where streets cross its edge
    (for what is large).
    """

    label: Label
    """What reports call the category."""
    any_of: tuple[dict[str, tuple[str, ...]], ...] = Field(min_length=1)
    """Alternatives of tags; a feature needs every key of one of them, with one of its values."""
    without: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Tags that a feature must not have."""
    points: Literal["point", "entrances"] = "point"
    """Whether an area counts as one point, or as the places where streets cross its edge."""
    min_area_m2: Number | None = None
    """A smaller area does not count; left out: any size does."""
    is_public: bool = True
    """Whether it serves only where everybody may come in; false of what is there for its pupils or its workers."""
    why: str | None = None
    """Why these tags were chosen."""


class Lifecycle(Model):
    """How OpenStreetMap says that something is no longer there, or not yet.

    ``keys`` say so with yes (disused=yes), ``words`` with others (opening_hours=off). ``prefixes`` stand before a key
    that would tell the category (disused:amenity=pharmacy): it is gone, unless the same key stands there without prefix
    and says something else.
    """

    keys: tuple[str, ...]
    """Keys that say so with yes."""
    prefixes: tuple[str, ...]
    """What stands before a key that would tell the category."""
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Keys that say so with one of these words."""


class Entry(Model):
    """How OpenStreetMap says who may come in (the tag ``access``).

    A list is closed where all of it is. A word that neither list holds does not decide, and is told.
    """

    closed: tuple[str, ...]
    """Words that close it to the public."""
    known: tuple[str, ...]
    """Words that leave it open."""


class AmenityCategories(Model):
    """All categories of amenity, by id; and the tags of stops, by mode, for places without a timetable."""

    lifecycle: Lifecycle | None = None
    """How tags say that something is gone, or not there yet; left out: as the shipped file says."""
    entry: Entry | None = None
    """How tags say who may come in; left out: as the shipped file says."""
    categories: dict[Category, AmenityCategory] = Field(default_factory=dict)
    """The categories by id."""
    stops: dict[Literal["bus", "tram", "metro", "train", "ferry"], AmenityCategory] = Field(default_factory=dict)
    """The tags of stops by mode, for places without a timetable."""

    @property
    def gone(self) -> Lifecycle:
        """How tags say that something is gone; without words for it nothing is."""
        return self.lifecycle or Lifecycle(keys=(), prefixes=())

    def under(self, own: AmenityCategories) -> AmenityCategories:
        """Return these with one's own over them: the same id takes the place of a category, another follows."""
        return AmenityCategories(
            lifecycle=own.lifecycle or self.lifecycle,
            entry=own.entry or self.entry,
            categories=self.categories | own.categories,
            stops=self.stops | own.stops,
        )


class Permission(Model):
    """Who may use a street by default of its class, before its own tags speak; and what kind of road it is.

    ``road_kind``: on a ``street`` a site may have its entrance, on a motorway, a trunk road or a slip road never.
    """

    walk: bool
    """Whether one may walk there."""
    bicycle: bool
    """Whether one may cycle there."""
    car: bool
    """Whether one may drive there."""
    road_kind: Literal["street", "slip_road", "trunk", "motorway"] = "street"
    """What kind of road it is: an entrance leads to a street, never to a motorway, a trunk road or a slip road."""


class Passage(Model):
    """Who passes a kind of barrier, before its own tags speak."""

    walk: bool
    """Whether one passes on foot."""
    bicycle: bool
    """Whether one passes by bicycle."""


class StreetRules(Model):
    """The legal defaults of OSM's tags for streets in the Netherlands.

    ``classes`` holds per value of ``highway`` who may use it; ``not_streets`` are the values that are no street, and a
    value of neither list is none either, counted and told. ``routes`` does the same for ``route`` (ferries, which cost
    ``ferry_wait_min`` besides their length, and along which no site lies). ``forbids`` and ``allows`` are the values of
    access tags that do so, ``neutral`` those that leave the default as it is; so does a value of none of these lists,
    counted and told. ``barriers`` are kinds of gate that not everybody passes; any other kind is passed unless its own
    tags close it. ``gone`` are keys that say, with yes, that a street was taken away; ``unused`` that it lies unused:
    it stays a street, counted and told.
    """

    classes: dict[str, Permission]
    """Per value of `highway` who may use it; a value of neither list is no street, and is counted."""
    not_streets: tuple[str, ...] = ()
    """Values of `highway` that are no street."""
    routes: dict[str, Permission]
    """Per value of `route` (ferries) who may use it."""
    forbids: tuple[str, ...]
    """Values of access tags that forbid."""
    allows: tuple[str, ...]
    """Values of access tags that allow."""
    neutral: tuple[str, ...] = ()
    """Values of access tags that leave the default as it is; one of no list does too, and is counted."""
    barriers: dict[str, Passage] = Field(default_factory=dict)
    """Kinds of barrier that not everybody passes."""
    gone: tuple[str, ...] = ()
    """Keys that say, with yes, that a street was taken away."""
    unused: tuple[str, ...] = ()
    """Keys that say, with yes, that a street lies unused: it stays one, and is counted."""
    ferry_wait_min: Number
    """What a ferry costs besides its length."""
    min_component_m: Number
    """A part of the network that is not joined to the rest and shorter than this is left out."""
    least_hull_share: Number
    """Where the hull of the streets fills less of the box that a file states, the box is not what it covers."""
