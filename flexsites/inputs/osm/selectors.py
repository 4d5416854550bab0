"""What is asked of OpenStreetMap where not everything comes: keys and values, in words that an extract carries with it.

A selector is `key` or `key=value`, of ways and relations; with `n:` before it, of nodes. An extract that was made of
selectors names them in its header, so that nothing else is looked for in it: what was not asked is not absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import osmium

from flexsites.config.source_rows import Row
from flexsites.config.sources import OsmLayer
from flexsites.config.street_sources import OsmPbf
from flexsites.errors import Fault, InputError
from flexsites.inputs.osm.features import telling_key
from flexsites.inputs.osm.files import reading

if TYPE_CHECKING:
    from flexsites.config.openstreetmap import AmenityCategories, AmenityCategory, StreetRules

_MADE_BY = "flexsites extract of "
STREETS = ("highway",)
"""What every reader of streets looks at; routes (ferries) are what the rules name."""


def selectors_of(name: str, row: Row, *, categories: AmenityCategories, streets: StreetRules) -> tuple[str, ...] | None:
    """Return what the entry of a source looks for in OpenStreetMap; None: it reads no such file.

    Parameters
    ----------
    name
        The dotted name of the source.
    row
        Its entry.
    categories
        The amenities and stops of the run.
    streets
        Who may use which street.
    """
    if isinstance(row, OsmLayer):
        return _of_tags(row.tags)
    if not isinstance(row, OsmPbf):
        return None
    if name.startswith("amenities"):
        return of_categories(categories.categories.values())
    if name.startswith("stops"):
        return of_categories(categories.stops.values())
    return of_streets(streets)


def of_streets(rules: StreetRules) -> tuple[str, ...]:
    """Return what is looked for as a street."""
    return (*STREETS, *(_written("route", value) for value in rules.routes))


def of_categories(categories: Iterable[AmenityCategory]) -> tuple[str, ...]:
    """Return what is looked for as an amenity or a stop: points and areas, by the key that tells most."""
    telling = ((wanted, telling_key(wanted)) for one in categories for wanted in one.any_of)
    found = {one for wanted, key in telling for one in _of_tags({key: wanted[key]})}
    return tuple(sorted({*found, *(f"n:{one}" for one in found)}))


def of_layer(row: OsmLayer) -> tuple[str, ...]:
    """Return what is looked for as a layer: ways and relations."""
    return _of_tags(row.tags)


def _of_tags(tags: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return selectors of tags; a pattern among the values asks for the key.

    Examples
    --------
    >>> _of_tags({"natural": ["water"], "shop": ["*"]})
    ('natural=water', 'shop')
    """
    found = dict[str, None]()
    for key, values in tags.items():
        has_pattern = any("*" in value for value in values)
        found |= dict.fromkeys([key] if has_pattern else [_written(key, value) for value in values])
    return tuple(found)


def _written(key: str, value: str) -> str:
    return f"{key}={value}"


def lacking(asked: Iterable[str], held: Collection[str]) -> list[str]:
    """Return the selectors of which an extract holds nothing because they were not asked for it.

    Examples
    --------
    >>> lacking(["natural=water", "n:shop", "highway"], ["natural", "n:shop", "highway=service"])
    ['highway']
    """
    return [one for one in asked if one not in held and one.partition("=")[0] not in held]


def without_repeats(selectors: Iterable[str]) -> list[str]:
    """Return selectors in order, without those of values of which the whole key is asked.

    Examples
    --------
    >>> without_repeats(["highway=service", "n:highway=bus_stop", "highway"])
    ['highway', 'n:highway=bus_stop']
    """
    every = set(selectors)
    return sorted(one for one in every if "=" not in one or one.partition("=")[0] not in every)


def stamp(selectors: Iterable[str]) -> str:
    """Return what an extract says of itself in its header."""
    return _MADE_BY + " ".join(quote(one, safe=":=") for one in selectors)


def held_by(path: Path) -> frozenset[str] | None:
    """Return the selectors that an extract was made of; None: it says none, so it holds everything.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with reading(path):
        reader = osmium.io.Reader(str(path), osmium.osm.NOTHING)
        try:
            told = str(reader.header().get("generator"))
        finally:
            reader.close()
    if not told.startswith(_MADE_BY):
        return None
    return frozenset(map(unquote, told.removeprefix(_MADE_BY).split()))


def require_held(path: Path, asked: Iterable[str], *, where: str) -> None:
    """Refuse to look in an extract for what was not asked when it was made.

    Raises
    ------
    InputError
        If so.
    """
    held = held_by(path)
    if held is None or not (absent := lacking(asked, held)):
        return
    what = f"the extract was made without {', '.join(absent[:6])}: what it does not hold is not absent"
    remedy = "`flexsites fetch --refresh` the run, or give a whole extract"
    raise InputError(Fault(what, f"{where} ({path.name})", remedy))
