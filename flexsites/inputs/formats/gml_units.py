"""In which units a GML writes its numbers: it says so beside each value, where no schema and no GDAL looks."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from pathlib import Path

from flexsites.errors import Fault

_OF_SUFFIX = {
    "_m": ("m", frozenset({"m", "meter", "meters", "metre", "metres", "9001"})),
    "_m2": ("m2", frozenset({"m2", "m^2", "m\u00b2", "sqm", "squaremetre", "square_metre", "vierkante meter"})),
}
"""What the names of our columns end with, and how that unit is written; the last part of a name (urn:...:m) counts."""


def unit_faults(path: Path, theirs: Mapping[str, str], *, where: str) -> list[Fault]:
    """Return a fault per column of which the values stand in another unit than we take them in, or in several.

    Parameters
    ----------
    path
        The GML file.
    theirs
        Elements that are read, the last of a way (`a|b|c`), and our names of the columns that they become.
    where
        What to name in an error.
    """
    ours = {re.split(r"[|/]", name)[-1]: column for name, column in theirs.items()}
    faults = []
    for element, units in _units_of(path, list(ours)).items():
        column = ours[element]
        unit, spelt = next((_OF_SUFFIX[end] for end in _OF_SUFFIX if column.endswith(end)), ("", frozenset[str]()))
        wrong = [one for one in units if unit and re.split(r"[:/#]", one.lower())[-1] not in spelt]
        if wrong:
            what = f"{element} is in {', '.join(wrong)}, and {column} is in {unit}"
            faults.append(Fault(what, where, f"give the values in {unit}"))
        elif len(units) > 1 and not unit:
            faults.append(Fault(f"{element} is in several units: {', '.join(units)}", where, "give them in one"))
    return faults


def _units_of(path: Path, elements: list[str]) -> dict[str, list[str]]:
    """Return the units that stand beside the values of elements, each in the order in which they come."""
    found: dict[str, dict[str, None]] = {}
    if not elements or path.stat().st_size == 0:
        return {}
    names = b"|".join(re.escape(one.encode()) for one in elements)
    sign = re.compile(rb"<(?:[\w.-]+:)?(" + names + rb")\s[^<>]*?\buom\s*=\s*[\"']([^\"'<>]*)[\"']")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"uom") < 0:
            return {}
        for match in sign.finditer(content):
            unit = match[2].decode("utf-8", "replace").strip()
            found.setdefault(match[1].decode(), {}).setdefault(unit)
    return {element: list(units) for element, units in found.items()}
