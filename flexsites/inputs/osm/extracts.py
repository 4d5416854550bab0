"""An extract of OpenStreetMap made of several answers: each object once, sorted, saying of which box and of what."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.osm.selectors import stamp
from flexsites.tables.whole_files import whole_file


@dataclass(slots=True)
class _Copying:
    """Copies objects to a file, and remembers which nodes came and which ways refer to."""

    writer: Any
    n_elements: int = 0
    nodes: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))

    def node(self, node: Any) -> None:  # noqa: ANN401 - osmium carries no types
        """Copy a node."""
        self.writer.add_node(node)
        self.nodes.append(node.id)
        self.n_elements += 1

    def way(self, way: Any) -> None:  # noqa: ANN401
        """Copy a way."""
        self.writer.add_way(way)
        self.refs.extend(node.ref for node in way.nodes)
        self.n_elements += 1

    def relation(self, relation: Any) -> None:  # noqa: ANN401
        """Copy a relation."""
        self.writer.add_relation(relation)
        self.n_elements += 1


def write_extract(answers: Sequence[Path], target: Path, *, box: Bounds, selectors: Sequence[str], where: str) -> int:
    """Write answers as one `.osm.pbf`, whole or not at all, and return how many objects it holds.

    Parameters
    ----------
    answers
        Files of OpenStreetMap XML; what several hold counts once.
    target
        The file.
    box
        The box that was asked, in degrees: the file says that it covers it.
    selectors
        What was asked: the file says so too.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If an answer cannot be read, or a way came without its nodes.
    """
    merging = osmium.MergeInputReader()
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(*box))
    header.set("generator", stamp(selectors))
    with whole_file(target) as temporary:
        written = temporary.with_name(f"{temporary.name}.osm.pbf")
        written.unlink(missing_ok=True)
        writer = osmium.SimpleWriter(str(written), header=header)
        copying = _Copying(writer)
        try:
            for path in answers:
                _add(merging, path, where)
            merging.apply(copying)
            writer.close()
            _require_nodes(copying, where)
            written.replace(temporary)
        finally:
            writer.close()
            written.unlink(missing_ok=True)
    return copying.n_elements


def _add(merging: Any, path: Path, where: str) -> None:  # noqa: ANN401
    try:
        merging.add_file(str(path))
    except (RuntimeError, OSError, ValueError) as error:
        path.unlink(missing_ok=True)  # it is asked anew
        what = f"its answer cannot be read as OpenStreetMap ({error})"
        raise InputError(Fault(what, where, "fetch again")) from error


def _require_nodes(copying: _Copying, where: str) -> None:
    """Refuse ways without the places of their nodes: something of the answer was lost."""
    refs = np.unique(np.frombuffer(copying.refs, dtype=np.int64)) if copying.refs else np.array([], dtype=np.int64)
    nodes = np.frombuffer(copying.nodes, dtype=np.int64) if copying.nodes else np.array([], dtype=np.int64)
    n_missing = int((~np.isin(refs, nodes)).sum())
    if n_missing:
        what = f"{n_missing:,} nodes of ways did not come"
        raise InputError(Fault(what, where, "fetch again; it may have changed meanwhile"))
