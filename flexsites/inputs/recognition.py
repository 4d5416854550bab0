"""Which registers lie in a folder, told by what the files hold: their layers, columns and geometry, not their names.

What is found is a proposal: it is written into a run file, where the user sees it. What no preset knows is told too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from flexsites.config.presets import Preset
from flexsites.config.source_rows import Naming
from flexsites.errors import Fault, FlexsitesError
from flexsites.inputs.formats.content import Content, contents_of
from flexsites.inputs.formats.extent import extent_of
from flexsites.inputs.formats.files import split_archive
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.rows.namings import is_named, naming_of

_SKIPPED = (
    ".gfs",
    ".xsd",
    ".qgz",
    ".qml",
    ".dbf",
    ".shx",
    ".prj",
    ".cpg",
    ".qix",
    ".sbn",
    ".sbx",
    ".yaml",
    ".yml",
    ".md",
)
_GENERIC = frozenset({"naam", "name", "id", "code", "status", "kind", "type"})
_KIND_OF_READER = {"osm_pbf": "osm", "osm_layer": "osm", "gtfs": "gtfs", "cityjson": "cityjson"}
_SURE = {"cityjson": 9, "gtfs": 9}
"""A model of roofs says more than footprints, a timetable more than stops; OpenStreetMap less than any register."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A file, or a layer of it, that is of a register: for which place in a run, by which preset.

    Attributes
    ----------
    place
        The place in a run: `parcels`, `layers.water`.
    preset
        The preset by which it is read.
    content
        What the file holds.
    score
        How much speaks for it: columns that fit.
    says
        What the run must say besides `use` and `path`.
    extent
        The box around it in RD New; null: not told.
    """

    place: str
    preset: str
    content: Content
    score: int
    says: Mapping[str, Any] = field(default_factory=dict)
    extent: Bounds | None = None

    @property
    def file(self) -> Path:
        """The file on disk."""
        return Path(split_archive(self.content.path)[0])


@dataclass(frozen=True, slots=True)
class Recognised:
    """What lies in a folder.

    Attributes
    ----------
    findings
        By place in a run, what is taken for it.
    others
        What is of a register too, and not taken: another file is better, or it lies elsewhere.
    unknown
        What no preset knows.
    faults
        Why files cannot be read.
    """

    findings: Mapping[str, Finding]
    others: tuple[tuple[Finding, str], ...] = ()
    unknown: tuple[Content, ...] = ()
    faults: tuple[Fault | str, ...] = ()


def recognise(folder: Path, presets: Mapping[str, Preset], boxes: Iterable[Bounds]) -> Recognised:
    """Return which registers lie in a folder and below it.

    Parameters
    ----------
    folder
        The folder.
    presets
        The presets by name.
    boxes
        The boxes around the areas of the run, in RD New: what lies in none of them is not taken.
    """
    found: list[Finding] = []
    unknown: list[Content] = []
    faults: list[Fault | str] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if path.name.startswith(".") or path.suffix.lower() in _SKIPPED:
            continue
        try:
            contents = contents_of(path)
        except FlexsitesError as error:
            faults += error.faults
            continue
        for content in contents:
            fitting = _best(content, presets, is_one_of_many=len(contents) > 1)
            found += fitting
            unknown += [] if fitting else [content]
    taken, others = _chosen(found, tuple(boxes))
    _join_bag(taken)
    if "stops.timetable" in taken:  # it has the stops as well
        for key in ("stops.osm", "stops.places"):
            taken.pop(key, None)
    return Recognised(taken, tuple(others), tuple(unknown), tuple(faults))


def _best(content: Content, presets: Mapping[str, Preset], *, is_one_of_many: bool) -> list[Finding]:
    """Return a content as the register that most speaks for, in every place that this serves."""
    fitting = [
        one for name, preset in presets.items() for one in _as(content, name, preset, is_one_of_many=is_one_of_many)
    ]
    most = max((one.score for one in fitting), default=0)
    best = {one.preset for one in fitting if one.score == most}
    return [one for one in fitting if one.preset in best and one.score == most]


def _as(content: Content, name: str, preset: Preset, *, is_one_of_many: bool) -> Iterator[Finding]:
    if any(
        column in content.sample and not any(fnmatch(content.sample[column], pattern) for pattern in patterns)
        for column, patterns in preset.values.items()
    ):
        return
    for place, forms in preset.serves.items():
        for form in forms:
            reader = form.entry["reader"]
            score, says = 0, dict[str, Any]()
            if content.kind in _KIND_OF_READER.values():
                score = _SURE.get(content.kind, 1) * (_KIND_OF_READER.get(reader) == content.kind)
            elif content.kind in ("vector", "gml") and content.has_geometry:
                namings = tuple(Naming.model_validate(one) for one in form.entry.get("namings", ()))
                naming = naming_of((one for one in namings if _counts(one, content, preset)), content)
                score = 0 if naming is None else len(naming.has) + (naming.layer == content.layer)
            for sign in form.signs if not score else ():
                is_kind = content.has_geometry if sign.kind == "vector" else content.kind == "table"
                if is_kind and set(sign.has) <= content.columns and is_named(content, sign.names):
                    score, says = max(len(sign.has), 1), dict(sign.says)
                    if is_one_of_many and content.kind == "vector" and content.layer is not None:
                        says["layer"] = content.layer
                    break
            if score:
                yield Finding(_key(place, content.kind), name, content, score, says)
                break


def _key(place: str, kind: str) -> str:
    """Return a place with a key of its own, where any will do.

    Examples
    --------
    >>> _key("stops.*", "gtfs"), _key("amenities.*", "osm"), _key("parcels", "vector")
    ('stops.timetable', 'amenities.osm', 'parcels')
    """
    return place.replace("*", {"gtfs": "timetable", "osm": "osm"}.get(kind, "places"))


def _counts(naming: Naming, content: Content, preset: Preset) -> bool:
    """Whether a naming tells a register: by columns that others do not have, or by the name of the file as well."""
    tells = bool(naming.named) or not _GENERIC.issuperset(naming.has)  # its own names are compared with its columns
    return tells or (bool(preset.names) and is_named(content, preset.names))


def _chosen(found: list[Finding], boxes: tuple[Bounds, ...]) -> tuple[dict[str, Finding], list[tuple[Finding, str]]]:
    """Return, per place, the finding that most speaks for; files that serve most places come first."""
    n_served: dict[Path, int] = {}
    for one in found:
        n_served[one.file] = n_served.get(one.file, 0) + 1
    taken: dict[str, Finding] = {}
    others: list[tuple[Finding, str]] = []
    for one in sorted(found, key=lambda one: (-one.score, -n_served[one.file], one.content.path)):
        placed = Finding(one.place, one.preset, one.content, one.score, one.says, extent_of(one.content))
        if placed.extent is not None and boxes and not any(_meet(placed.extent, box) for box in boxes):
            others.append((placed, "elsewhere"))
        elif one.place in taken:
            others.append((placed, "again"))
        else:
            taken[one.place] = placed
    return _narrowed(taken), others


def _narrowed(taken: dict[str, Finding]) -> dict[str, Finding]:
    """Return the findings, those of one delivery with the box that all of its layers share.

    Features cross the edge of a cut-out, so each layer reaches farther than it is complete.
    """
    boxes: dict[tuple[Path, str], list[Bounds]] = {}
    for one in taken.values():
        boxes.setdefault((one.file, one.preset), []).extend([one.extent] if one.extent else [])
    found = {}
    for place, one in taken.items():
        shared = boxes[one.file, one.preset]
        low = [max(box[i] for box in shared) for i in (0, 1)] if shared else []
        high = [min(box[i] for box in shared) for i in (2, 3)] if shared else []
        is_box = bool(shared) and low[0] < high[0] and low[1] < high[1]
        found[place] = replace(one, extent=(low[0], low[1], high[0], high[1])) if is_box and one.extent else one
    return found


def _meet(mine: Bounds, other: Bounds) -> bool:
    return mine[0] <= other[2] and other[0] <= mine[2] and mine[1] <= other[3] and other[1] <= mine[3]


def _join_bag(taken: dict[str, Finding]) -> None:
    """Make of panden and verblijfsobjecten the layer of buildings, which tells what is lived in."""
    parts = {key: taken.get(f"buildings.{key}") for key in ("bag_panden", "verblijfsobjecten")}
    if (panden := parts["bag_panden"]) and all(parts.values()):
        says = {key: {"use": one.preset, "path": str(one.file)} for key, one in parts.items() if one is not None}
        taken["layers.buildings"] = Finding("layers.buildings", "bag", panden.content, panden.score, says)
