"""What is recognised in a folder, as lines of a new run file: paths beside it, and how far each file is complete."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flexsites.config.areas import NamedArea, area_names
from flexsites.config.new_run import Line, told_of
from flexsites.config.presets import Preset
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.recognition import Finding


def lines_of(
    findings: Mapping[str, Finding],
    target: Path,
    areas: tuple[NamedArea, ...],
    presets: Mapping[str, Preset],
    *,
    lang: str,
) -> dict[str, Line]:
    """Return the lines of a run file for what was found.

    Parameters
    ----------
    findings
        What was found, by place in a run.
    target
        The run file, which paths are relative to.
    areas
        The areas of the run.
    presets
        The presets by name.
    lang
        The language of the notes.
    """
    return {place: _line(one, target, areas, presets[one.preset], lang) for place, one in findings.items()}


def _line(one: Finding, target: Path, areas: tuple[NamedArea, ...], preset: Preset, lang: str) -> Line:
    says: dict[str, Any] = {
        key: {**value, "path": beside(Path(value["path"]), target)} if isinstance(value, dict) else value
        for key, value in one.says.items()
    }
    if not any(isinstance(value, dict) for value in says.values()):
        says = {"path": beside(one.file, target), **says}
    if not one.place.startswith("layers."):
        return Line(one.preset, says)
    stated = preset.forms(one.place)[0].entry.get("coverage")
    if preset.covers_by_province:  # what a file does not hold elsewhere is unknown until the user says otherwise
        province = area_names().provincies[areas[0].provincie]
        return Line(one.preset, {**says, "coverage": "none"}, told_of("where", lang, province=province))
    if one.extent is not None and stated != "none" and not _reaches(one.extent, areas):
        box = [round(side) for side in one.extent]
        return Line(one.preset, {**says, "coverage": {"bbox": box}}, told_of("coverage", lang))
    return Line(one.preset, says)


def _reaches(extent: Bounds, areas: tuple[NamedArea, ...]) -> bool:
    west, south, east, north = extent
    boxes = [area.bbox for area in areas]
    return all(west <= box[0] and south <= box[1] and east >= box[2] and north >= box[3] for box in boxes)


def beside(path: Path, target: Path) -> str:
    """Return a path as a run file names it: relative to itself."""
    return Path(os.path.relpath(path.resolve(), target.resolve().parent)).as_posix()
