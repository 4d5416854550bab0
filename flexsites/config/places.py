"""Where a rule holds: on which parcels, by municipality, province and owner, and where another layer says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from flexsites.config.areas import gemeente_code, provincie_code
from flexsites.config.base import Label, Model, Number
from flexsites.config.units import ANY, Unit, is_in_unit, unit_of_key
from flexsites.errors import Fault, NotFoundError

NameT = TypeVar("NameT", bound=str)
Value = str | int | float | bool
Where = dict[str, tuple[Value, ...]]
Owner = Literal[
    "gemeente", "corporatie", "rijk", "waterschap", "provincie", "natuurorganisatie", "commercieel", "particulier"
]


def _told(code_of: Callable[[str], str]) -> Callable[[str], str]:
    """Return it as a validator, so that a name that is not known is told with its file and key."""

    def named(text: str) -> str:
        """Return the code of a place by its name; a name that is not known is no valid value."""
        try:
            return code_of(text)
        except NotFoundError as error:
            fault = error.faults[0]
            message = f"{fault.what}: {fault.remedy}" if isinstance(fault, Fault) else str(fault)
            raise ValueError(message) from error

    return named


GemeenteName = Annotated[str, AfterValidator(_told(gemeente_code))]
"""A municipality by its name or its code; it is kept as its code."""
ProvincieName = Annotated[str, AfterValidator(_told(provincie_code))]
"""A province by its name or its code; it is kept as its code."""
GemeenteCode = Annotated[GemeenteName, StringConstraints(pattern=r"^GM\d{4}$")]
ProvincieCode = Annotated[ProvincieName, StringConstraints(pattern=r"^PV\d{2}$")]

_FIXED = frozenset({"rule_id", "kind", "overrides", "locally", "only", "not_in", "part_of"})


class Place(Model):
    """Parcels by where they lie and whose they are: each key that is given must hold.

    Of a parcel without a municipality, or of an unknown owner, it is unknown whether it is one of them: no rule then
    holds there as checked, neither the one for the place nor the one for elsewhere.
    """

    gemeenten: tuple[GemeenteCode, ...] = ()
    """Codes of municipalities, such as GM0363."""
    provincies: tuple[ProvincieCode, ...] = ()
    """Codes of provinces, such as PV27."""
    owners: tuple[Owner, ...] = ()
    """Classes of owner, as the run's ownership table tells them."""

    @model_validator(mode="after")
    def _names_a_place(self) -> Self:
        if not (self.gemeenten or self.provincies or self.owners):
            message = "name gemeenten, provincies or owners"
            raise ValueError(message)
        return self

    @property
    def rank(self) -> int:
        """How particular the place is: a municipality before a province before an owner alone."""
        return 4 * bool(self.gemeenten) + 2 * bool(self.provincies) + bool(self.owners)

    def may_meet(self, other: Place) -> bool:
        """Whether some parcel may be of both places, as far as the codes tell."""
        pairs = (
            (self.gemeenten, other.gemeenten),
            (self.provincies, other.provincies),
            (self.owners, other.owners),
        )
        return all(not mine or not theirs or bool(set(mine) & set(theirs)) for mine, theirs in pairs)

    def within(self, other: Place | None) -> Place:
        """Return the place that is in both; ``other`` None: everywhere.

        Examples
        --------
        >>> Place(gemeenten=("GM0363", "GM0014")).within(Place(gemeenten=("GM0363",), owners=("rijk",)))
        Place(gemeenten=('GM0363',), provincies=(), owners=('rijk',))
        """
        if other is None:
            return self
        return Place(
            gemeenten=_both(self.gemeenten, other.gemeenten),
            provincies=_both(self.provincies, other.provincies),
            owners=_both(self.owners, other.owners),
        )


def _both(mine: tuple[NameT, ...], theirs: tuple[NameT, ...]) -> tuple[NameT, ...]:
    return tuple(one for one in mine if one in theirs) if mine and theirs else mine or theirs


class NumberTest(Model):
    """Which numbers of an attribute count: from one on, below another, or between the two."""

    at_least: Annotated[Number | None, Unit(ANY)] = None
    """From this number on, in the unit that the attribute's name ends in."""
    below: Annotated[Number | None, Unit(ANY)] = None
    """Below this number, in the unit that the attribute's name ends in."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.below is None:
            message = "give at_least, below, or both"
            raise ValueError(message)
        if self.at_least is not None and self.below is not None and float(self.at_least) >= float(self.below):
            message = "at_least is not below `below`: no number counts"
            raise ValueError(message)
        return self


WhereNumber = dict[str, NumberTest]
"""Per attribute the numbers that count; its name ends in their unit (``available_kw``, ``built_share``)."""


def number_unit_faults(tests: WhereNumber) -> list[str]:
    """Tell the figures that are written in another unit than the attribute's name ends in."""
    figures = [(name, one) for name, test in tests.items() for one in (test.at_least, test.below) if one is not None]
    return [
        f"{name} is in {unit_of_key(name)}, and {figure.value:g} is given in {figure.unit}"
        for name, figure in figures
        if not is_in_unit(figure.unit, unit_of_key(name))
    ]


class LocalRule(Model):
    """What a rule says otherwise in some places. Every parcel follows one: the most particular place that it is of.

    A municipality goes before a province, a province before an owner alone, and what names both before what names one
    of them.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    """The id of the place: results name the rule there `rule__id`."""
    label: Label
    """What reports call the place, after the name of the rule."""
    where: Place
    """Which parcels."""
    change: dict[str, Any] = Field(min_length=1)
    """The fields of the rule that differ there (a distance, an effect); `effect: off` is no rule there."""
    source: str | None = None
    """Where this comes from (an omgevingsplan, a verordening); this or `assumption: true`."""
    assumption: bool = False
    """Whether it is a choice of ours or of the user's."""
    why: str | None = None
    """Why it was assumed."""

    @model_validator(mode="after")
    def _says_whence_and_what(self) -> Self:
        if self.assumption == bool(self.source):
            message = f"locally {self.id}: give either a source or 'assumption: true' (with why)"
            raise ValueError(message)
        if fixed := sorted(_FIXED & set(self.change)):
            message = f"locally {self.id}: {', '.join(fixed)} cannot differ by place"
            raise ValueError(message)
        return self

    @property
    def is_off(self) -> bool:
        """Whether the rule does not hold there at all."""
        return bool(self.change.get("effect") == "off")


class WhereLayer(Model):
    """The polygons of another layer to which a rule is bound: it holds inside them only, or outside only."""

    layer: str
    """The layer of the run's sources (`sources.layers`)."""
    where: Where = Field(default_factory=dict)
    """Per attribute the values that count; left out: every feature counts."""
    is_inside: bool = True
    """Whether the rule holds inside these polygons, or outside them."""
