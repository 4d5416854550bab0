"""All that decides an answer besides the tables, in sections; and how a variant puts other values into them.

The sections and the paths within them are those that the report lists figures with, so that whoever reads of an
assumption there knows what to write to change it: ``flexmilieus.campus.programme.fsi``, ``pieces.min_width_m``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from flexsites.config.access import Measures
from flexsites.config.counting import Counting
from flexsites.config.dwellings import DwellingType, LayoutStandard, Programme
from flexsites.config.exploitation import Exploitation
from flexsites.config.openstreetmap import AmenityCategories, StreetRules
from flexsites.config.roofs import TopUpRules
from flexsites.config.rule_sets import LocationModel, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, Rule
from flexsites.config.sources import Sources
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.config.transit import Transit, TransitClasses
from flexsites.errors import ConfigError, Fault

__all__ = ["PREPARED", "SECTIONS", "Settings", "replaced"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The sections of a resolved run. ``rules`` are those in force, in order, not yet told apart by place."""

    rules: tuple[ExclusionRule, ...]
    time: TimeModel
    pieces: PieceTests
    locations: LocationModel
    target_groups: Mapping[str, TargetGroup]
    flexmilieus: tuple[Flexmilieu, ...]
    dwelling_types: Mapping[str, DwellingType]
    layout: LayoutStandard
    counting: Counting
    measures: Measures
    transit: Transit
    transit_classes: TransitClasses
    streets: StreetRules
    amenities: AmenityCategories
    optoppen: TopUpRules | None
    exploitation: Exploitation
    sources: Sources

    @property
    def programmes(self) -> dict[str, Programme]:
        """What is built, by flexmilieu."""
        return {one.id: one.programme for one in self.flexmilieus}

    def used_groups(self) -> dict[str, TargetGroup]:
        """Return the groups that a flexmilieu couples; names that are no group are left out."""
        asked = [name for one in self.flexmilieus for name in one.target_groups]
        return {name: self.target_groups[name] for name in asked if name in self.target_groups}


PREPARED = (
    "locations", "measures", "transit", "transit_classes", "streets", "amenities", "optoppen", "sources",
)  # fmt: skip
"""Sections that inputs are prepared with, or that are asked across cells: another value needs a run apart."""

SECTIONS: dict[str, TypeAdapter[Any]] = {
    "rules": TypeAdapter(tuple[Rule, ...]),
    "time": TypeAdapter(TimeModel),
    "pieces": TypeAdapter(PieceTests),
    "locations": TypeAdapter(LocationModel),
    "target_groups": TypeAdapter(dict[str, TargetGroup]),
    "flexmilieus": TypeAdapter(tuple[Flexmilieu, ...]),
    "dwelling_types": TypeAdapter(dict[str, DwellingType]),
    "layout": TypeAdapter(LayoutStandard),
    "counting": TypeAdapter(Counting),
    "measures": TypeAdapter(Measures),
    "transit": TypeAdapter(Transit),
    "transit_classes": TypeAdapter(TransitClasses),
    "streets": TypeAdapter(StreetRules),
    "amenities": TypeAdapter(AmenityCategories),
    "optoppen": TypeAdapter(TopUpRules | None),
    "exploitation": TypeAdapter(Exploitation),
    "sources": TypeAdapter(Sources),
}
"""What each section holds."""


def replaced(settings: Settings, values: Mapping[str, Any], where: str) -> Settings:
    """Return the settings with other values at some paths.

    Parameters
    ----------
    settings
        What the values go into.
    values
        By path what stands there instead, whole: nothing is merged into what stood there.
    where
        Where the values are written, for faults.

    Raises
    ------
    ConfigError
        With every path that does not exist (and the nearest that does), and every value that may not stand there.
    """
    faults: list[Fault] = []
    plain: dict[str, Any] = {}
    for path, value in values.items():
        section, *steps = path.split(".")
        if section not in SECTIONS or getattr(settings, section) is None:
            faults.append(_no_such(path, section, list(SECTIONS), where))
            continue
        if section not in plain:
            plain[section] = _plain(getattr(settings, section))
        if (fault := _put(plain[section], steps, value, path, where)) is not None:
            faults.append(fault)
    changed: dict[str, Any] = {}
    for section, content in plain.items():
        try:
            said = _said(getattr(settings, section), content) if section == "sources" else content
            changed[section] = SECTIONS[section].validate_python(said)
        except ValidationError as error:
            faults += list(_faults_of(error, section, where))
    if faults:
        raise ConfigError(faults)
    return replace(settings, **changed)


def differing(one: Settings, other: Settings) -> set[str]:
    """Return the names of the sections that differ."""
    return {field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name)}


def _put(content: Any, steps: list[str], value: Any, path: str, where: str) -> Fault | None:  # noqa: ANN401 - plain YAML
    """Put a value at the end of a path; return what is wrong with the path."""
    holder: Any = None
    key: Any = None
    if not steps:
        return Fault(f"'{path}' names a whole section", where, "name what in it is different")
    while steps:
        holder, known = content, _keys(content)
        # a key may hold a dot itself (milieucategorie 5.2): the longest that fits is meant
        n = next((n for n in range(len(steps), 0, -1) if ".".join(steps[:n]) in known), 0)
        if not n:
            return _no_such(path, steps[0], list(known), where)
        key, steps = known[".".join(steps[:n])], steps[n:]
        content = holder[key]
    holder[key] = value
    return None


def _keys(holder: Any) -> dict[str, Any]:  # noqa: ANN401 - plain YAML
    """Return how each part of a mapping or list is called in a path, and its key or place."""
    if isinstance(holder, dict):
        return {str(key): key for key in holder}
    if isinstance(holder, list):
        return {str(_name(one, i)): i for i, one in enumerate(holder)}
    return {}


def _name(one: object, place: int) -> object:
    """Return how an entry of a list is called: by its id, else by its place; as ``collect_figures`` does."""
    found = one if isinstance(one, dict) else {}
    return found.get("id") or found.get("rule_id") or place


def _no_such(path: str, step: str, known: list[str], where: str) -> Fault:
    near = difflib.get_close_matches(step, known, n=3, cutoff=0.5) or known[:12]
    remedy = f"use {' or '.join(near)}" if near else "it has no parts"
    return Fault(f"there is no '{step}' in '{path}'", where, f"{remedy}; the report lists the paths of all figures")


def _plain(value: object) -> Any:  # noqa: ANN401 - plain YAML
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (tuple, list)) else value


def _said(value: object, content: Any) -> Any:  # noqa: ANN401 - plain YAML
    """Return of plain content what was written or changed: a key that nobody wrote may have no effect where it is."""
    if isinstance(value, BaseModel) and isinstance(content, dict):
        before = value.model_dump(mode="json")
        return {
            key: _said(getattr(value, key, None), one)
            for key, one in content.items()
            if key in value.model_fields_set or one != before.get(key)
        }
    if isinstance(value, Mapping) and isinstance(content, dict):
        return {key: _said(value.get(key), one) for key, one in content.items()}
    if isinstance(value, (tuple, list)) and isinstance(content, list) and len(value) == len(content):
        return [_said(mine, one) for mine, one in zip(value, content, strict=True)]
    return content


def _faults_of(error: ValidationError, section: str, where: str) -> Iterator[Fault]:
    for one in error.errors():
        place = ".".join(str(part) for part in (section, *one["loc"]))
        yield Fault(one["msg"].removeprefix("Value error, "), f"{where}: {place}", "correct it")
