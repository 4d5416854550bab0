"""What there is to bring for a run: every source once, or once for all that read the same file; and of which window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flexsites.config.addresses import is_address
from flexsites.config.presets import Door, Preset
from flexsites.config.source_rows import FileRow, Row
from flexsites.config.sources import Bag, Service, Sources
from flexsites.config.street_sources import OsmPlace
from flexsites.inputs.formats.files import split_archive
from flexsites.inputs.formats.questions import question_of
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.windows import around
from flexsites.inputs.prepare_land import CONTEXT_M
from flexsites.inputs.stock.stream import MARGIN_M

Group = Literal["areas", "parcels", "layers", "units", "stock", "reach", "own"]
Kind = Literal["service", "address", "preset", "by_hand", "asked_by_run"]

_WORLD = "world://"
OPENED = ("geoparquet", "ogc_api", "wfs", "arcgis", "download", "file", "atom", "tiles", "overpass")
"""The kinds of door that open by themselves."""
_GROUPS: Mapping[str, Group] = {
    "areas": "areas",
    "parcels": "parcels",
    "layers": "layers",
    "buildings": "stock",
    "streets": "reach",
    "amenities": "reach",
    "stops": "reach",
}


@dataclass(frozen=True, slots=True)
class Windows:
    """Which part of the country each kind of source is asked for, in RD New; null: not known, or everything.

    Attributes
    ----------
    parcels
        The area and what lies near it: parcels there bear on pieces at its edge.
    layers
        The parcels themselves, whole, and as far around them as rules and entrances look.
    units
        Buildings and the units in them, which belong together across a window's edge.
    stock
        The buildings of the area, and those near them.
    reach
        As far as streets, stops and amenities matter.
    """

    parcels: Bounds | None = None
    layers: Bounds | None = None
    units: Bounds | None = None
    stock: Bounds | None = None
    reach: Bounds | None = None

    def of(self, group: Group) -> Bounds | None:
        """Return the window of a group; areas and the user's own are whole."""
        return None if group in ("areas", "own") else getattr(self, group)


def windows_of(area: Bounds | None, parcels: Bounds | None, *, halo_m: float, reach_m: float) -> Windows:
    """Return the windows around an area.

    Parameters
    ----------
    area
        The box around the area of the run; None: it has none.
    parcels
        The box around its parcels, whole; None: not known yet, then the area counts.
    halo_m
        How far around parcels layers are read.
    reach_m
        How far around the area streets, stops and amenities matter.
    """
    inner = parcels or area
    layers = None if inner is None else around(inner, halo_m)
    return Windows(
        parcels=None if area is None else around(area, CONTEXT_M),
        layers=layers,
        units=None if layers is None else around(layers, MARGIN_M),
        stock=None if area is None else around(area, MARGIN_M),
        reach=None if area is None else around(area, reach_m),
    )


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to bring.

    Attributes
    ----------
    sources
        The dotted names of the sources that read it, each with its group.
    row
        The first of them.
    kind
        How it comes: from a service, an address, through a preset's doors, from the user, or asked by the run itself.
    target
        The file of the user's folder that it becomes (preset), or is (by hand); null: it goes to the cache.
    text
        Its path or address, as the run writes it.
    preset
        The preset of the entry; null: it has none.
    """

    sources: Mapping[str, Group]
    row: Row
    kind: Kind
    target: Path | None = None
    text: str = ""
    preset: Preset | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The first source's dotted name."""
        return next(iter(self.sources))

    @property
    def doors(self) -> tuple[Door, ...]:
        """The doors of its preset, those first that an entry of it names."""
        every = self.preset.doors if self.preset is not None else ()
        first = {row.door for row in self.rows.values()}
        return tuple(sorted(every, key=lambda door: door.kind not in first))

    @property
    def is_whole(self) -> bool:
        """Whether the whole is brought, whatever the window."""
        return self.preset is not None and self.preset.is_whole

    def window(self, windows: Windows) -> Bounds | None:
        """Return the window that all who read it need; None: the whole."""
        boxes = [windows.of(group) for group in self.sources.values()]
        known = [box for box in boxes if box is not None]
        if self.is_whole or len(known) < len(boxes):
            return None
        west, south, east, north = zip(*known, strict=True)
        return min(west), min(south), max(east), max(north)

    def question(self, text: str | None = None) -> str:
        """Return what it asks, as the lock knows it."""
        if self.kind == "service" and isinstance(self.row, Service):
            return question_of(self.row)
        return question_of(text or self.text)


def tasks_of(sources: Sources, base: Path, presets: Mapping[str, Preset]) -> list[Task]:
    """Return what there is to bring for a run, in the order of its sources.

    Parameters
    ----------
    sources
        The sources of the run.
    base
        The folder of its run file.
    presets
        All presets by name.
    """
    found: dict[str, Task] = {}
    for name, group, row in _every_row(sources):
        for task in _tasks_of_row(name, group, row, base, presets):
            key = str(task.target or task.question())
            before = found.get(key)
            if before is None:
                found[key] = task
            else:
                both = {**before.sources, **task.sources}
                found[key] = Task(
                    both, before.row, before.kind, before.target, before.text, before.preset,
                    {**before.rows, **task.rows},
                )  # fmt: skip
    return list(found.values())


def _every_row(sources: Sources) -> Iterator[tuple[str, Group, Row]]:
    for name, row in sources.rows().items():
        if isinstance(row, Bag):
            yield f"{name}.bag_panden", "units", row.bag_panden
            yield f"{name}.verblijfsobjecten", "units", row.verblijfsobjecten
        else:
            yield name, _GROUPS.get(name.split(".", maxsplit=1)[0], "own"), row


def _tasks_of_row(name: str, group: Group, row: Row, base: Path, presets: Mapping[str, Preset]) -> Iterator[Task]:
    common = {"sources": {name: group}, "row": row, "rows": {name: row}}
    outline = getattr(getattr(row, "coverage", None), "path", None)
    if outline is not None and is_address(outline):
        asked: dict[str, Group] = {f"{name}.coverage": "own"}
        yield Task(asked, row, "address", text=split_archive(outline)[0], rows={f"{name}.coverage": row})
    if isinstance(row, Service):
        yield Task(**common, kind="service", text=row.url)  # type: ignore[arg-type]
    elif isinstance(row, OsmPlace):
        yield Task(**common, kind="asked_by_run", text=row.place)  # type: ignore[arg-type]
    elif isinstance(row, FileRow):
        for text in row.paths:
            archive, _ = split_archive(text)
            if archive.startswith(_WORLD):
                continue
            if is_address(archive):
                yield Task(**common, kind="address", text=archive)  # type: ignore[arg-type]
                continue
            preset = presets.get(row.preset) if row.preset else None
            opens = preset is not None and any(door.kind in OPENED for door in preset.doors)
            kind: Kind = "preset" if opens else "by_hand"
            yield Task(**common, kind=kind, target=base / archive, text=archive, preset=preset)  # type: ignore[arg-type]
