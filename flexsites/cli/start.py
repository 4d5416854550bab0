"""`flexsites init` and `flexsites sources`: from the name of a place, and perhaps a folder of files, to a run file."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flexsites.cli.words import Lang, lang_option, said
from flexsites.config.areas import NamedArea, alike, areas_called
from flexsites.config.copies import lend_schema
from flexsites.config.load import available
from flexsites.config.new_run import Line, NewRun, run_name, text_of
from flexsites.config.presets import Preset, read_presets
from flexsites.config.shelf import OWN_FOLDER, Shelf
from flexsites.errors import Fault, NotFoundError, RunError

if TYPE_CHECKING:
    from flexsites.inputs.recognition import Recognised

_out = Console()
_OF_BAG = ("buildings.bag_panden", "buildings.verblijfsobjecten")


Places = Annotated[
    list[str], typer.Argument(metavar="PLACE...", help="Municipalities or provinces, by name or code; or Nederland.")
]
Folder = Annotated[
    Path | None, typer.Option("--from", metavar="DIR", help="A folder of files: registers are known by their content.")
]
Roofs = Annotated[
    Path | None, typer.Option("--roofs", metavar="FILE", help="A corporation's list (xlsx, csv): assess its roofs.")
]
Target = Annotated[
    Path | None, typer.Option("--to", metavar="RUN.yaml", help="The file to write; left out: NAME.yaml, here.")
]
LangOption = Annotated[Lang, lang_option("Language of the comments; given, of messages too.")]


def init(
    places: Places, folder: Folder = None, roofs: Roofs = None, to: Target = None, lang: LangOption = Lang.nl
) -> None:
    """Write a run file of a page for a municipality or a province: from the registers, or from a folder of files."""
    asked = {one: areas_called(one) for one in places}
    areas = tuple(dict.fromkeys(area for some in asked.values() for area in some))
    target = to or Path(f"{run_name(areas, roofs=roofs is not None)}.yaml")
    if target.exists():
        raise RunError(Fault("there is a file already", str(target), "give another with --to, or remove it first"))
    for given in (folder, roofs):
        if given is not None and not given.exists():
            raise NotFoundError(Fault("is not there", str(given), "correct the path"))
    own = target.parent / OWN_FOLDER
    presets = read_presets(Shelf(own.resolve() if own.is_dir() else None))
    _tell_areas(asked)
    lines, absent = (
        _fetched(presets, roofs) if folder is None else _recognised(folder, target, presets, areas, roofs, lang)
    )
    from flexsites.inputs.proposal import beside  # noqa: PLC0415

    is_fetched = folder is None or not all("path" in line.says or line.preset == "bag" for line in lines.values())
    relative = None if roofs is None else beside(roofs, target)
    new = NewRun(areas, lines, absent, str(target), relative, is_fetched=is_fetched)
    target.parent.mkdir(parents=True, exist_ok=True)
    lend_schema("runs/*.yaml", own)
    target.write_text(text_of(new, presets, dt.date.today(), lang.value), encoding="utf-8")  # noqa: DTZ011 - the user's day
    _say(f"Written: {target}")
    _say(f"Next: flexsites {'fetch' if is_fetched else 'check'} {target}")


def sources(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A preset; left out: list them all.")] = None,
    of: Annotated[str | None, typer.Argument(metavar="[PRESET]", help="After `template`: whose.")] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Where a template goes.")] = None,
    lang: LangOption = Lang.en,
) -> None:
    """List the sources with their licences and traps; show one with a ready entry; `template NAME`: an empty file."""
    presets = read_presets(Shelf())
    if name is None:
        _list_sources(presets, lang)
    elif name == "template":
        _write_template(presets, of, to)
    else:
        _show_source(_known(presets, name), name, lang)


def _known(presets: Mapping[str, Preset], name: str | None) -> Preset:
    found = presets.get(name or "")
    if found is None:
        raise NotFoundError(Fault(f"there is no preset '{name}'", "sources", f"use one of {', '.join(presets)}"))
    return found


def _list_sources(presets: Mapping[str, Preset], lang: Lang) -> None:
    from flexsites.inputs.rows.records import load_catalogue  # noqa: PLC0415 - loading what reads files takes seconds

    catalogue = load_catalogue()
    headings = map(said, ("use", "what", "provider", "licence", "how"))
    table = Table(*headings, title=said("Sources"), expand=True)
    for name, preset in presets.items():
        row = catalogue[preset.about]
        how = ", ".join(dict.fromkeys(door.kind for door in preset.doors))
        table.add_row(*map(_plain, (name, preset.label.get(lang.value), row.provider, row.licence, how)))
    _out.print(table)
    others = sorted(set(catalogue) - {preset.about for preset in presets.values()})
    _say(f"Without a preset, to be written out (`about: NAME`): {', '.join(others)}")
    _say("Traps:")
    for key, row in sorted(catalogue.items()):
        for trap in row.traps:
            _say(f"  {key}: {said(trap)}")
    _say("flexsites sources NAME shows one, with a ready entry.")
    _say(f"Bundled runs: {', '.join(available('runs'))}")


def _show_source(preset: Preset, name: str, lang: Lang) -> None:
    """Show what a preset is, its doors, its traps, and what one writes to use it."""
    from flexsites.inputs.rows.records import load_catalogue  # noqa: PLC0415

    row = load_catalogue()[preset.about]
    _say(f"{preset.label.get(lang.value)}: {row.title}, {row.provider}; {row.licence}; edition: {row.edition}")
    for door in preset.doors:
        seen = "" if door.is_seen or door.kind == "on_request" else " (only read about)"
        layers = f" [{', '.join(door.layers)}]" if door.layers else ""
        _say(f"  {door.kind}: {door.address or ''}{layers}{seen}{f'; {said(door.notes)}' if door.notes else ''}")
    for trap in (*row.traps, *preset.traps):
        _say(f"  mind: {trap}")
    if preset.unknown_without is not None:
        _say(f"  without it is unknown: {preset.unknown_without.get(lang.value)}")
    if preset.ask is not None:
        _say(f"  ask: {preset.ask.get(lang.value)}")
    _say("In a run, below `sources` (with `path: FILE` where it is not fetched):")
    for place in preset.serves:
        group, _, key = place.partition(".")
        entry = f"{{use: {name}}}"
        _say(f"  {group}: {{{key.replace('*', name)}: {entry}}}" if key else f"  {group}: {entry}")
    if preset.template is not None:
        _say(f"An empty file with its columns: flexsites sources template {name}")


def _write_template(presets: Mapping[str, Preset], name: str | None, to: Path | None) -> None:
    from flexsites.inputs.templates import write_template  # noqa: PLC0415

    preset = _known(presets, name)
    if preset.template is None:
        have = ", ".join(key for key, one in presets.items() if one.template is not None)
        raise NotFoundError(Fault(f"{name} has no template", "sources template", f"use one of {have}"))
    target = to or Path(preset.file).with_suffix(".gpkg" if preset.template.has_geometry else ".csv")
    if target.exists():
        raise RunError(Fault("there is a file already", str(target), "give another with --to, or remove it first"))
    write_template(preset.template, target)
    _say(f"Written: {target} ({', '.join(preset.template.columns)})")


def _tell_areas(found: Mapping[str, tuple[NamedArea, ...]]) -> None:
    for asked, areas in found.items():
        if len(areas) > 1:
            _say(f"{asked}: {', '.join(area.name for area in areas)}")
            continue
        area = areas[0]
        others = [str(one) for one in alike(area.name) if one.code != area.code and one.is_gemeente]
        _say(f"{asked}: {area}" + (f"; not {' or '.join(others[:2])}" if others else ""))


def _starts(presets: Mapping[str, Preset], roofs: Path | None) -> dict[str, str]:
    """Return, by place, the preset that a new run names."""
    if roofs is not None:
        return {
            "buildings.bag_panden": "bag_panden",
            "buildings.verblijfsobjecten": "bag_verblijfsobjecten",
            "buildings.roofs_3d": "bag3d",
            "areas.gemeenten": "gemeenten",
        }
    return {place: name for name, preset in presets.items() for place in preset.starts}


def _fetched(presets: Mapping[str, Preset], roofs: Path | None) -> tuple[dict[str, Line], dict[str, str]]:
    return {place: Line(name) for place, name in _starts(presets, roofs).items()}, {}


def _recognised(
    folder: Path,
    target: Path,
    presets: Mapping[str, Preset],
    areas: tuple[NamedArea, ...],
    roofs: Path | None,
    lang: Lang,
) -> tuple[dict[str, Line], dict[str, str]]:
    """Return what a folder holds as lines of a run, and which presets would serve what it does not hold."""
    from flexsites.inputs.proposal import lines_of  # noqa: PLC0415 - loading what reads files takes seconds
    from flexsites.inputs.recognition import recognise  # noqa: PLC0415

    found = recognise(folder, presets, [area.bbox for area in areas])
    wanted = {
        place: one
        for place, one in found.findings.items()
        if place.startswith("areas.") or place.startswith("buildings.") == (roofs is not None)
    }
    table = Table(*map(said, ("place", "register", "file")), title=_plain(folder))
    for place, one in wanted.items():
        table.add_row(
            *map(_plain, (place, presets[one.preset].label.get(lang.value), os.path.relpath(one.content.path, folder)))
        )
    _out.print(table)
    used = {one.file for one in wanted.values()}
    for place, one in found.findings.items():
        if place not in wanted and one.file not in used and not (place in _OF_BAG and "layers.buildings" in wanted):
            _say(f"not used: {os.path.relpath(one.file, folder)}: {_why_unwanted(place)}")
    _tell_left(found, folder, used)
    lines = lines_of(wanted, target, areas, presets, lang=lang.value)
    absent = {place: name for place, name in _starts(presets, roofs).items() if place not in lines}
    return _with_sites(lines, absent, roofs)


def _why_unwanted(place: str) -> str:
    """Return why what is recognised for a place is of no use to the run."""
    if not place.startswith("buildings."):
        return "it is of land, and --roofs asks for roofs alone"
    if place in _OF_BAG:
        return "panden and verblijfsobjecten together tell which buildings are lived in, and only one of them is here"
    return "it is of roofs, which --roofs asks for"


def _with_sites(
    lines: dict[str, Line], absent: dict[str, str], roofs: Path | None
) -> tuple[dict[str, Line], dict[str, str]]:
    """Return the lines with what a run cannot do without: its parcels, or its buildings, in borders of their own."""
    sites = ("parcels",) if roofs is None else ("buildings.bag_panden", "buildings.roofs_3d")
    if any(place in lines for place in sites):
        return lines, absent
    _say(f"Not in this folder, and needed: {absent[sites[0]]}. It is named to be fetched.")
    needed = [place for place in (sites[0], "areas.gemeenten") if place in absent]
    return {**{place: Line(absent[place]) for place in needed}, **lines}, {
        place: name for place, name in absent.items() if place not in needed
    }


def _tell_left(found: Recognised, folder: Path, used: set[Path]) -> None:
    """Tell what of a folder is not used, and why."""
    seen: set[tuple[Path, str]] = set()
    for one, why in found.others:
        reason = "it lies outside the area" if why == "elsewhere" else f"another file serves for {one.place}"
        if (one.file, reason) not in seen:  # a file that would serve several places lies elsewhere for all of them
            _say(f"not used: {os.path.relpath(one.content.path, folder)}: {reason}")
        seen.add((one.file, reason))
    from flexsites.inputs.formats.files import split_archive  # noqa: PLC0415

    by_file: dict[Path, list[str]] = {}
    for content in found.unknown:
        whole = Path(split_archive(content.path)[0])
        names = sorted(content.columns) if content.kind == "table" else [content.layer or Path(content.path).name]
        by_file.setdefault(whole, []).extend(names)
    for file, names in by_file.items():
        told = said("not used of" if file in used else "not recognised:")
        _say(f"{told} {os.path.relpath(file, folder)}: {', '.join(dict.fromkeys(names))}")
    if any(content.kind == "table" for content in found.unknown):
        _say("`flexsites sources template NAME` writes an empty table with the columns of a register")
    for fault in found.faults:
        _say(f"cannot be read: {fault if isinstance(fault, str) else fault.told(said)}")


def _plain(text: object) -> Text:
    return Text("".join(sign for sign in str(text) if sign.isprintable()))


def _say(text: str) -> None:
    _out.print(_plain(said(text)), highlight=False, soft_wrap=True)
