"""Municipalities and provinces by name: what a person writes, and the code that registers know it by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from pydantic import Field

from flexsites.config.base import Model
from flexsites.config.load import configs_directory, read_model
from flexsites.errors import Fault, NotFoundError

Box = tuple[float, float, float, float]

_CODE = re.compile(r"^(?:(GM)?(\d{4})|(PV)(\d{2}))$", re.IGNORECASE)
_ALIKE = 0.8
_MOST_ALIKE = 4


class Gemeente(Model):
    """A municipality."""

    name: str
    """Its name, as CBS writes it."""
    provincie: str
    """The code of the province that it lies in."""
    bbox: Box
    """The box around it in RD New, in metres: xmin, ymin, xmax, ymax."""


class AreaNames(Model):
    """configs/areas.yaml: names, codes and boxes."""

    attribution: str
    """Whose names they are."""
    licence: str
    """Under which licence."""
    source: str
    """Where they are from."""
    edition: str
    """The year."""
    provincies: dict[str, str]
    """Provinces: name by code."""
    also_called: dict[str, str] = Field(default_factory=dict)
    """Other names, and the code they mean."""
    gemeenten: dict[str, Gemeente]
    """Municipalities by code."""


@dataclass(frozen=True, slots=True)
class NamedArea:
    """A municipality or a province: its code, its name, the province it lies in, and the box around it."""

    code: str
    name: str
    provincie: str
    bbox: Box

    @property
    def is_gemeente(self) -> bool:
        """Whether it is a municipality."""
        return self.code.startswith("GM")

    def __str__(self) -> str:
        """Tell it so that it is not taken for another: Rozendaal (GM0277, Gelderland)."""
        inside = area_names().provincies[self.provincie]
        return f"{self.name} ({self.code}, {inside})" if self.is_gemeente else f"{self.name} ({self.code}, provincie)"


@lru_cache(maxsize=1)
def area_names() -> AreaNames:
    """Return what configs/areas.yaml says."""
    return read_model(configs_directory() / "areas.yaml", AreaNames)


def plain_name(text: str) -> str:
    """Return a name without capitals, accents and signs, by which names are compared.

    Examples
    --------
    >>> plain_name("Súdwest-Fryslân"), plain_name("'s-Gravenhage"), plain_name("Bergen (NH.)")
    ('sudwest fryslan', 's gravenhage', 'bergen nh')
    """
    spread = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(one for one in spread if not unicodedata.combining(one))))


def area_called(text: str) -> NamedArea:
    """Return the municipality or province that a name or a code means; a municipality before a province of its name.

    `gemeente Utrecht` and `provincie Utrecht` say which of the two is meant.

    Raises
    ------
    NotFoundError
        Naming those that are called nearly so, or all that are called so.

    Examples
    --------
    >>> str(area_called("rozendaal")), area_called("0344").name, area_called("provincie Utrecht").code
    ('Rozendaal (GM0277, Gelderland)', 'Utrecht', 'PV26')
    >>> area_called("Den Haag").name
    "'s-Gravenhage"
    """
    if found := _CODE.match(text.strip()):
        code = f"GM{found[2]}" if found[2] else f"PV{found[4]}"
        if code in _areas():
            return _areas()[code]
        raise NotFoundError(Fault(f"there is no area {code}", "PLACE", "give a name; codes are those of 2025"))
    kind, _, rest = text.strip().partition(" ")
    prefix = {"gemeente": "GM", "provincie": "PV"}.get(kind.casefold(), "")
    asked = plain_name(rest if prefix else text)
    fitting = [area for name, area in _by_name() if name == asked and area.code.startswith(prefix)]
    if not fitting:  # Laren (NH.) by the name alone
        fitting = [area for area in _areas().values() if _base(area) == asked and area.code.startswith(prefix)]
    gemeenten = [area for area in fitting if area.is_gemeente] or fitting
    if len(gemeenten) == 1:
        return gemeenten[0]
    near = gemeenten or [area for area in alike(asked) if area.code.startswith(prefix)]
    told = " or ".join(map(str, near[:_MOST_ALIKE])) or "a name as CBS writes it, or a code such as GM0363 or PV27"
    what = f"{len(gemeenten):,} are called '{text}'" if gemeenten else f"there is no gemeente or provincie '{text}'"
    raise NotFoundError(Fault(what, "PLACE", f"perhaps {told}" if near else f"give {told}"))


_COUNTRY = ("nederland", "the netherlands", "netherlands", "nl")


def areas_called(text: str) -> tuple[NamedArea, ...]:
    """Return the municipality or province that a name means; of the country, all its provinces.

    Raises
    ------
    NotFoundError
        As :func:`area_called` has it.

    Examples
    --------
    >>> [area.name for area in areas_called("Ede")], len(areas_called("Nederland"))
    (['Ede'], 12)
    """
    if plain_name(text) in _COUNTRY:
        return tuple(area_called(code) for code in sorted(area_names().provincies))
    return (area_called(text),)


def is_country(areas: Iterable[NamedArea]) -> bool:
    """Return whether areas are the whole country: every province."""
    return {area.code for area in areas} >= set(area_names().provincies)


def alike(text: str, *, least: float = _ALIKE) -> list[NamedArea]:
    """Return the areas whose names are nearly a text, the nearest first; those called exactly so are not among them.

    Examples
    --------
    >>> [area.name for area in alike("Rozendaal")]
    ['Roosendaal']
    """
    asked = plain_name(text)
    found: dict[str, tuple[float, NamedArea]] = {}
    for name, area in _by_name():
        score = SequenceMatcher(None, asked, name).ratio()
        if name.startswith(f"{asked} ") or f" {asked}" in name:
            score = max(score, least)
        if name != asked and score >= least and score > found.get(area.code, (0.0, area))[0]:
            found[area.code] = (score, area)
    return [area for _, area in sorted(found.values(), key=lambda one: (-one[0], one[1].code))]


def gemeente_code(text: str) -> str:
    """Return the code of a municipality by its name; a code comes back as it is, also one that is not known here.

    Raises
    ------
    NotFoundError
        If there is none of that name, or it is a province's.

    Examples
    --------
    >>> gemeente_code("Ede"), gemeente_code("GM9901")
    ('GM0228', 'GM9901')
    """
    return _code_of(text, "GM", "gemeente")


def provincie_code(text: str) -> str:
    """Return the code of a province by its name; a code comes back as it is.

    Raises
    ------
    NotFoundError
        If there is none of that name.

    Examples
    --------
    >>> provincie_code("Noord-Holland"), provincie_code("utrecht"), provincie_code("PV91")
    ('PV27', 'PV26', 'PV91')
    """
    return _code_of(text, "PV", "provincie")


def _code_of(text: str, prefix: str, kind: str) -> str:
    if re.fullmatch(rf"{prefix}\d+", text):
        return text
    return area_called(text if _CODE.match(text) else f"{kind} {text}").code


@lru_cache(maxsize=1)
def _areas() -> dict[str, NamedArea]:
    names = area_names()
    found = {code: NamedArea(code, one.name, one.provincie, one.bbox) for code, one in names.gemeenten.items()}
    for code, name in names.provincies.items():
        boxes = [one.bbox for one in names.gemeenten.values() if one.provincie == code]
        west, south, east, north = zip(*boxes, strict=True)
        found[code] = NamedArea(code, name, code, (min(west), min(south), max(east), max(north)))
    return found


@lru_cache(maxsize=1)
def _by_name() -> tuple[tuple[str, NamedArea], ...]:
    areas, names = _areas(), area_names()
    called = [(plain_name(area.name), area) for area in areas.values()]
    return (*called, *((plain_name(name), areas[code]) for name, code in names.also_called.items()))


def _base(area: NamedArea) -> str:
    return plain_name(re.sub(r"\(.*\)", "", area.name))
