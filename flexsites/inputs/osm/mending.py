"""Areas that osmium cannot put together: rings cut off at the edge of an extract, and ways that cross themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import shapely

if TYPE_CHECKING:
    from collections.abc import Collection

    from flexsites.inputs.osm.excerpt import Excerpt


def mend_areas(excerpt: Excerpt, ways: Collection[int], relations: Collection[int]) -> dict[str, shapely.Geometry]:
    """Return what can be made of areas that are not whole, in degrees, by kind and number in the excerpt (w7).

    A closed way that crosses itself becomes that polygon, not valid: the ingest repairs it and says so. A relation of
    which one ring is open, because an extract cut it at its edge, is closed by a straight line there; with more open
    ends than two it is not known which belong together, and nothing is made of it.

    Parameters
    ----------
    excerpt
        These ways and relations and all they refer to.
    ways, relations
        Their numbers in it.
    """
    every: Any = osmium.FileProcessor(excerpt.open(), osmium.osm.RELATION)
    members = {
        relation.id: [member.ref for member in relation.members if member.type == "w"]
        for relation in every
        if relation.id in relations
    }
    wanted = set(ways) | {ref for refs in members.values() for ref in refs}
    entities = osmium.osm.NODE | osmium.osm.WAY
    located: Any = osmium.FileProcessor(excerpt.open(), entities).with_locations()
    places = {way.id: _places(way) for way in located if way.is_way() and way.id in wanted}
    made: dict[str, shapely.Geometry] = {}
    for number in sorted(ways):
        if len(places.get(number, ())) > 3:  # noqa: PLR2004 - a ring has four places
            made[f"w{number}"] = shapely.Polygon(places[number])
    for number, refs in sorted(members.items()):
        polygon = closed_at_edge([places[ref] for ref in refs if len(places.get(ref, ())) > 1])
        if polygon is not None:
            made[f"r{number}"] = polygon
    return made


def closed_at_edge(lines: list[np.ndarray]) -> shapely.Geometry | None:
    """Return the area inside lines of which at most one chain is open, that chain closed by a straight line.

    None if more ends are open, or no area results.

    Examples
    --------
    >>> three_sides = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> closed_at_edge([three_sides]).area
    16.0
    """
    ends = Counter(tuple(line[at]) for line in lines for at in (0, -1))
    is_open = [end for end, count in ends.items() if count % 2]
    if len(is_open) > 2:  # noqa: PLR2004 - the two ends of one chain
        return None
    parts: list[Any] = [shapely.linestrings(line) for line in lines]
    if is_open:
        parts.append(shapely.linestrings(np.array(is_open)))
    area = shapely.build_area(shapely.node(shapely.multilinestrings(parts)))
    return None if area.is_empty else area


def _places(way: Any) -> np.ndarray:  # noqa: ANN401 - osmium carries no types
    return np.array([(node.lon, node.lat) for node in way.nodes if node.location.valid()])
