"""A new run file: a page with comments, from the presets, for a place that is named and the files that are there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from flexsites.config.areas import NamedArea, is_country, plain_name
from flexsites.config.presets import Preset
from flexsites.config.shelf import OWN_FOLDER

Lang = str

_TEXTS = {
    "written": {
        "nl": "Geschreven door `flexsites init` op {day}. Pas aan wat u wilt; `flexsites docs` legt elke sleutel uit.",
        "en": "Written by `flexsites init` on {day}. Change what you like; `flexsites docs` explains every key.",
    },
    "next": {"nl": "Daarna:", "en": "Next:"},
    "fetch": {"nl": "haalt wat open is naar de map {folder}", "en": "brings what is open into the folder {folder}"},
    "check": {"nl": "zegt wat er nog ontbreekt of niet klopt", "en": "tells what is missing or wrong"},
    "run": {"nl": "maakt de kaart en het rapport", "en": "makes the map and the report"},
    "day": {
        "nl": "de dag waarop regels, plannen en dienstregeling gelden",
        "en": "the day on which rules, plans and the timetable hold",
    },
    "all": {
        "nl": "zonder bestand met gemeentegrenzen wordt alles getoetst wat de bestanden bevatten; met grenzen:",
        "en": "without a file of municipal borders all that the files hold is assessed; with borders:",
    },
    "quarantine": {
        "nl": "onbruikbare rijen gaan met hun reden apart; `stop` meldt ze en stopt",
        "en": "rows that cannot be used are set apart with the reason; `stop` tells them and stops",
    },
    "coverage": {
        "nl": "reikt zo ver; is het verder volledig, schrijf dan `coverage: run`",
        "en": "reaches so far; if it is complete farther, write `coverage: run`",
    },
    "where": {
        "nl": "zeg waar het volledig is, zoals {{provincies: [{province}]}}",
        "en": "say where it is complete, such as {{provincies: [{province}]}}",
    },
    "unknown": {"nl": "Wat onbekend blijft, en wie het heeft:", "en": "What stays unknown, and who has it:"},
    "absent": {
        "nl": "Niet in deze map. `flexsites fetch` haalt het op als u het hierboven noemt, zoals {example}:",
        "en": "Not in this folder. `flexsites fetch` brings it once you name it above, such as {example}:",
    },
    "provincial": {
        "nl": "provinciale lagen (stilte, grondwater, regionale keringen, contour): de provincie, als kaartlaag",
        "en": "provincial layers (silence, groundwater, regional dikes, urban contour): the province, as map layers",
    },
}


@dataclass(frozen=True, slots=True)
class Line:
    """One source of a new run: the preset, and what the run says besides; a note stands behind it."""

    preset: str
    says: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What a new run file says.

    Attributes
    ----------
    areas
        The municipalities or provinces.
    lines
        Its sources by place.
    absent
        Presets that would serve by place, and are not there.
    file
        The name of the file, for the commands that come next.
    roofs
        A corporation's list; null: land is assessed.
    is_fetched
        Whether sources without a file are fetched; else they are comments.
    """

    areas: tuple[NamedArea, ...]
    lines: Mapping[str, Line]
    absent: Mapping[str, str]
    file: str
    roofs: str | None = None
    is_fetched: bool = True

    @property
    def name(self) -> str:
        """The name of the run."""
        return run_name(self.areas, roofs=self.roofs is not None)


def run_name(areas: Iterable[NamedArea], *, roofs: bool = False) -> str:
    """Return the name of a run for some areas: small letters and underscores.

    Examples
    --------
    >>> from flexsites.config.areas import area_called
    >>> run_name([area_called("Den Haag")]), run_name([area_called("Ede")], roofs=True)
    ('s_gravenhage', 'ede_daken')
    """
    whole = "_".join(re.sub(r"[^a-z0-9]+", "_", plain_name(name)).strip("_") for name in _called(tuple(areas)))
    return f"{whole[:60]}{'_daken' if roofs else ''}"


def _called(areas: tuple[NamedArea, ...]) -> list[str]:
    return ["Nederland"] if is_country(areas) else [area.name for area in areas]


def text_of(new: NewRun, presets: Mapping[str, Preset], day: dt.date, lang: Lang) -> str:
    """Return the text of a new run file."""
    told = {key: one[lang] for key, one in _TEXTS.items()}
    lines = [
        *_heading(new, told, day),
        "sources:",
        f"  folder: {new.name}_data",
        f"  faulty_rows: quarantine  # {told['quarantine']}",
        *_sources(new, presets, told, lang),
        *_unknown(new, presets, told, lang),
    ]
    return "\n".join(lines) + "\n"


def _heading(new: NewRun, told: Mapping[str, str], day: dt.date) -> list[str]:
    names = "Nederland" if is_country(new.areas) else ", ".join(map(str, new.areas))
    folder = f"{new.name}_data"
    steps = [("fetch", told["fetch"].format(folder=folder)), ("check", told["check"]), ("run", told["run"])]
    shown = steps if new.is_fetched else steps[1:]
    has_provincies = all(not area.is_gemeente for area in new.areas)
    pipeline = "provincial_sweep" if has_provincies else "municipal_shortlist"
    head = [
        f"# yaml-language-server: $schema={OWN_FOLDER}/schemas/runs.json",
        f"# {names}. {told['written'].format(day=day.isoformat())}",
        f"# {told['next']}",
        *(f"#   {f'flexsites {command} {new.file}':<{len(new.file) + 17}} {what}" for command, what in shown),
        f"name: {new.name}",
        f"title: {json.dumps(', '.join(_called(new.areas)), ensure_ascii=False)}",
        f"pipeline: {'corporation_roofs' if new.roofs else pipeline}",
        f"reference_date: {day.isoformat()}  # {told['day']}",
    ]
    area = f"area: {_flow(_area(new.areas))}"
    has_borders = {"areas.gemeenten", "areas.provincies"} & set(new.lines)
    head += [area] if has_borders or new.is_fetched else [f"# {told['all']}", f"# {area}"]
    if new.roofs:
        return [*head, "assess: [roofs]"]
    return [*head, "rules: omgevingswet_2024", "shortlist: {n: 10, min_units: 10}"]


def _area(areas: tuple[NamedArea, ...]) -> dict[str, list[str]]:
    # A name with an apostrophe reads badly in YAML: then the code, which the heading explains.
    called = {area.code: area.code if "'" in area.name else area.name for area in areas}
    kinds = {
        "gemeenten": [called[area.code] for area in areas if area.is_gemeente],
        "provincies": [called[area.code] for area in areas if not area.is_gemeente],
    }
    return {key: names for key, names in kinds.items() if names}


def _sources(new: NewRun, presets: Mapping[str, Preset], told: Mapping[str, str], lang: Lang) -> list[str]:
    """Return the lines of the sources, group by group, each with what it is."""
    lines: list[str] = []
    told_labels: set[str] = set()
    groups = ("parcels", "areas", "layers", "streets", "amenities", "stops", "ownership", "buildings")
    for group in groups:
        ours = {place: line for place, line in new.lines.items() if place.partition(".")[0] == group}
        if any("." in place for place in ours):
            lines.append(f"  {group}:")
        for place, line in ours.items():
            label = presets[line.preset].label.get(lang)
            is_told = label in told_labels and not line.note
            lines.append(_line(place, {"use": line.preset, **line.says}, "" if is_told else line.note or label))
            told_labels.add(label)
    if new.roofs:
        lines.append(_line("portfolio", {"use": "bezit", "path": new.roofs}, presets["bezit"].label.get(lang)))
    return [*lines, *_absent(new, presets, told, lang)]


def _absent(new: NewRun, presets: Mapping[str, Preset], told: Mapping[str, str], lang: Lang) -> list[str]:
    """Return, as comments, the presets that would serve places without a file, each with these places."""
    places: dict[str, list[str]] = {}
    for place, name in new.absent.items():
        places.setdefault(name, []).append(place.removeprefix("layers.").removeprefix("areas."))
    if not places:
        return []
    first, of_first = next((place, name) for place, name in new.absent.items())
    example = f"`{first.rpartition('.')[2]}: {{use: {of_first}}}`"
    lines = [
        f"  #   {{use: {name}}}: {', '.join(keys)}  ({presets[name].label.get(lang)})" for name, keys in places.items()
    ]
    return [f"  # {told['absent'].format(example=example)}", *lines]


def _line(place: str, entry: Mapping[str, Any], note: str) -> str:
    group, _, key = place.partition(".")
    start = f"    {key}" if key else f"  {group}"
    return f"{start}: {_flow(dict(entry))}" + (f"  # {note}" if note else "")


def _unknown(new: NewRun, presets: Mapping[str, Preset], told: Mapping[str, str], lang: Lang) -> list[str]:
    """Return, as comments, what stays unknown and whom to ask for it."""
    used = {line.preset for line in new.lines.values()}
    lines = []
    for name, preset in presets.items():
        wants = preset.ask is not None or name in new.absent.values()
        serves = any(place.startswith(("layers.", "parcels", "ownership", "stops", "areas")) for place in preset.serves)
        if name in used or not wants or not serves or preset.unknown_without is None or new.roofs:
            continue
        ask = f" ({preset.ask.get(lang)})" if preset.ask else ""
        lines.append(f"#   {preset.label.get(lang)}: {preset.unknown_without.get(lang)}{ask}")
    return ["", f"# {told['unknown']}", *lines, f"#   {told['provincial']}"] if not new.roofs else []


def told_of(key: str, lang: Lang, **filled: str) -> str:
    """Return a note of a new run in a language.

    Examples
    --------
    >>> told_of("where", "en", province="Gelderland")
    'say where it is complete, such as {provincies: [Gelderland]}'
    """
    return _TEXTS[key][lang].format(**filled)


def _flow(value: object) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()
