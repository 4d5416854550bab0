"""Where the nodes of ways are: read from the nodes of the file, or from the ways where these hold the places."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium

if TYPE_CHECKING:
    from pathlib import Path

    from flexsites.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """Nodes and their places.

    Attributes
    ----------
    ids
        Shape (n,), ascending.
    lonlat
        Shape (n, 2), degrees.
    n_on_ways
        How many of them only the ways place ("locations on ways").
    """

    ids: IntArray
    lonlat: FloatArray
    n_on_ways: int


class WantedNodes:
    """Remembers the nodes that ways refer to, and then finds where they are.

    Numbers below zero, which editors give to what is not uploaded yet, are as good as others; osmium's own index knows
    none, so a file that has some is looked through node by node.
    """

    def __init__(self) -> None:
        self._tracker = osmium.IdTracker()
        self._below_zero: set[int] = set()
        self._ids, self._lonlat = array("q"), array("d")

    def of(self, way: Any) -> list[int]:  # noqa: ANN401 - osmium carries no types
        """Return the nodes of a way, one that follows itself once, and remember them."""
        refs: list[int] = []
        for node in way.nodes:
            refs.append(node.ref)
            if node.location.valid():
                self._ids.append(node.ref)
                self._lonlat.extend((node.lon, node.lat))
        if not refs:
            return refs
        if min(refs) < 0:
            self._below_zero.update(ref for ref in refs if ref < 0)
            for ref in refs:
                if ref >= 0:
                    self._tracker.add_node(ref)
        else:
            self._tracker.add_references(way)
        return refs[:1] + [after for before, after in pairwise(refs) if before != after]

    def read(self, path: Path, notice: Callable[[Any], None] = lambda _: None) -> NodePlaces:
        """Read the places; nodes of the file go before places on ways.

        Parameters
        ----------
        path
            The file.
        notice
            Told every wanted node of the file, with its tags.
        """
        ids, lonlat = array("q"), array("d")
        for node in self._nodes(path):
            notice(node)
            if node.location.valid():
                ids.append(node.id)
                lonlat.extend((node.lon, node.lat))
        n_in_file = len(np.unique(np.array(ids, dtype=np.int64)))
        ids.extend(self._ids)
        lonlat.extend(self._lonlat)
        found, first = np.unique(np.array(ids, dtype=np.int64), return_index=True)
        return NodePlaces(found, np.array(lonlat).reshape(-1, 2)[first], len(found) - n_in_file)

    def _nodes(self, path: Path) -> Any:  # noqa: ANN401 - osmium carries no types
        every: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
        if not self._below_zero:
            return every.with_filter(self._tracker.id_filter())
        above = self._tracker.node_ids()
        return (node for node in every if (node.id in self._below_zero if node.id < 0 else above.get(node.id)))
