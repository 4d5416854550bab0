"""What is wanted of an OpenStreetMap file, with all that it refers to, in memory: nothing is written to a disk.

osmium puts areas together from a file; this is one of a few objects, as text in its own format, numbered anew from 1
(its indexes know no numbers below zero). Nodes of which only the ways hold the place are nodes again here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import osmium

from flexsites.inputs.osm.nodes import NodePlaces, WantedNodes

if TYPE_CHECKING:
    from pathlib import Path

Tags = dict[str, str]
_AREAS = ("multipolygon", "boundary")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.:;/-]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A small OpenStreetMap file in memory.

    Attributes
    ----------
    opl
        Its text, as osmium reads it.
    numbers
        Per kind (n, w, r) the numbers that things have in the file: that of number i here stands at i - 1.
    """

    opl: bytes
    numbers: Mapping[str, Sequence[int]]

    def open(self) -> Any:  # noqa: ANN401 - osmium carries no types
        """Return what osmium reads instead of a file."""
        return osmium.io.FileBuffer(self.opl, "opl")

    def name_of(self, kind: str, number: int) -> str:
        """Return how OpenStreetMap calls a thing of this excerpt: w123."""
        return f"{kind}{self.numbers[kind][number - 1]}"


@dataclass(slots=True)
class _Found:
    """What is wanted, by its number in the file."""

    points: dict[int, tuple[float, float, Tags]] = field(default_factory=dict)
    ways: dict[int, tuple[list[int], Tags]] = field(default_factory=dict)
    relations: dict[int, tuple[list[tuple[int, str]], Tags]] = field(default_factory=dict)
    nodes: WantedNodes = field(default_factory=WantedNodes)


def cut_out(path: Path, keys: Sequence[str], wants: Callable[[Tags], bool]) -> Excerpt:
    """Return what is wanted of a file, and the ways and nodes that it refers to.

    Parameters
    ----------
    path
        The file; it is passed over two or three times.
    keys
        Only what has one of these keys is looked at.
    wants
        Whether tags are wanted.
    """
    found = _Found()
    every: Any = osmium.FileProcessor(str(path)).with_filter(osmium.filter.KeyFilter(*keys))
    for item in every:
        tags = {tag.k: tag.v for tag in item.tags}
        if not wants(tags):
            continue
        if item.is_node() and item.location.valid():
            found.points[item.id] = (item.lon, item.lat, tags)
        elif item.is_way():
            found.ways[item.id] = (found.nodes.of(item), tags)
        elif item.is_relation() and tags.get("type") in _AREAS:
            found.relations[item.id] = ([(m.ref, m.role) for m in item.members if m.type == "w"], tags)
    _add_members(path, found)
    return _written(found, found.nodes.read(path))


def find_ways(
    path: Path, keys: Sequence[str], wants: Callable[[Tags], bool]
) -> tuple[dict[int, tuple[list[int], Tags]], NodePlaces]:
    """Return the ways that are wanted of a file, each with its nodes and tags by its number, and where nodes are.

    For lines, which are read from this alone; the arguments are as :func:`cut_out` takes them.
    """
    found, nodes = dict[int, tuple[list[int], Tags]](), WantedNodes()
    every: Any = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter(*keys))
    for way in every:
        tags = {tag.k: tag.v for tag in way.tags}
        if wants(tags):
            found[way.id] = (nodes.of(way), tags)
    return found, nodes.read(path)


def _add_members(path: Path, found: _Found) -> None:
    """Add the ways of relations, which mostly have no tags."""
    missing = {ref for members, _ in found.relations.values() for ref, _ in members} - set(found.ways)
    if not missing:
        return
    every: Any = osmium.FileProcessor(str(path), osmium.osm.WAY)
    if min(missing) >= 0:
        every = every.with_filter(osmium.filter.IdFilter(missing))
    for way in every:
        if way.id in missing:
            found.ways[way.id] = (found.nodes.of(way), {})


def _written(found: _Found, places: NodePlaces) -> Excerpt:
    """Return the text: nodes, ways, relations, each in the order of their numbers in the file.

    A node that is not in the file has a number too, and no line: osmium then knows that it is missing.
    """
    referred = {ref for refs, _ in found.ways.values() for ref in refs}
    listed = {"n": sorted(referred | set(found.points)), "w": sorted(found.ways), "r": sorted(found.relations)}
    at = {kind: {number: i for i, number in enumerate(numbers, 1)} for kind, numbers in listed.items()}
    nodes: dict[int, tuple[float, float, Tags]] = {
        int(n): (lon, lat, {}) for n, (lon, lat) in zip(places.ids, places.lonlat, strict=True)
    }
    nodes |= found.points
    lines = [f"n{at['n'][n]}{_tags(tags)} x{lon:.7f} y{lat:.7f}" for n, (lon, lat, tags) in sorted(nodes.items())]
    for number in listed["w"]:
        refs, tags = found.ways[number]
        lines.append(f"w{at['w'][number]}{_tags(tags)} N" + ",".join(f"n{at['n'][ref]}" for ref in refs))
    for number in listed["r"]:
        members, tags = found.relations[number]
        known = [f"w{at['w'][ref]}@{_quoted(role)}" for ref, role in members if ref in at["w"]]
        lines.append(f"r{at['r'][number]}{_tags(tags)} M" + ",".join(known))
    return Excerpt("\n".join([*lines, ""]).encode(), listed)


def _tags(tags: Tags) -> str:
    return " T" + ",".join(f"{_quoted(key)}={_quoted(value)}" for key, value in tags.items())


def _quoted(text: str) -> str:
    """Return text with everything but letters, digits and a few signs as its code point.

    Examples
    --------
    >>> _quoted("De Brug, 2é")
    'De%20%Brug%2c%%20%2%e9%'
    """
    return _UNSAFE.sub(lambda sign: f"%{ord(sign.group()):x}%", text)
