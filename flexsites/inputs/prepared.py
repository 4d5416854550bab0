"""What the preparation of a run's inputs gives: canonical tables, read window by window, and what was told of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from flexsites.digest import are_as_written
from flexsites.errors import Fault, InputError
from flexsites.inputs.rows.records import SourceRecord
from flexsites.inputs.source_files import file_name
from flexsites.tables import Areas, Bounds, Coverages, Frame, Layers, Parcels, Table, empty
from flexsites.tables.arrow import to_frame
from flexsites.tables.contract import with_shapes
from flexsites.tables.files import read_chunks
from flexsites.tables.lock import Locked
from flexsites.tables.whole_files import read_state
from flexsites.tables.windows import empty_columns, read_window, window_of, window_rows

MEMORY_OF_REACH = "reach.json"
"""What is remembered of streets, amenities and stops together: they are read together."""

_CHUNK_ROWS = 262_144


@dataclass(frozen=True, slots=True)
class Prepared:
    """The canonical inputs of a run. A table whose source is left out has no file; reading it gives no rows.

    Attributes
    ----------
    directory
        Where the files stand.
    tables
        Per name (`parcels`, `areas`, `coverages`, `streets`, `amenities`, `stops`, ...) the file.
    layers
        Per layer key (of a raster, the key of its rule) the file; null: prepared, and nothing lies in the area.
    records
        One per source, in the order of the configuration.
    warnings
        What a reader of the results should know.
    hashes
        Per name of a table or layer, the SHA-256 of its file: what a cell's input hash is made of.
    fetched
        What of it was fetched before the run, as its lock says.
    """

    directory: Path
    tables: Mapping[str, Path] = field(default_factory=dict)
    layers: Mapping[str, Path | None] = field(default_factory=dict)
    records: tuple[SourceRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    fetched: tuple[Locked, ...] = ()

    def read(self, name: str, table: Table, bounds: Bounds | None = None) -> Frame:
        """Return a table's rows in a window; the empty table if there is no such source."""
        path = self.tables.get(name)
        return empty(table) if path is None else read_window(path, bounds)

    def read_near(self, name: str, table: Table, rows: Frame, *, gap_m: float) -> Frame:
        """Return the other rows of a table that lie within a gap of some of its rows, in the order of their key."""
        key = table.key[0]
        others = self.read(name, table, window_of(rows, gap_m + 1.0))
        others = others[~others[key].isin(rows[key])].sort_values(key, ignore_index=True)
        tree = shapely.STRtree(rows.geometry.to_numpy())
        found = tree.query(others.geometry.to_numpy(), predicate="dwithin", distance=gap_m)[0]
        return others.iloc[np.unique(found)].reset_index(drop=True)

    def chunks(self, name: str, table: Table) -> Iterator[Frame]:
        """Give the key and the geometry of a table's rows, some row groups at a time; nothing of an empty table."""
        path = self.tables.get(name)
        return iter(()) if path is None else read_chunks(path, columns=[*table.key, "geometry"], rows=_CHUNK_ROWS)

    def parcels(self, bounds: Bounds | None = None) -> Frame:
        """Return the parcels whose bounding box meets the window."""
        return self.read("parcels", Parcels, bounds)

    def areas(self, bounds: Bounds | None = None) -> Frame:
        """Return the administrative areas."""
        return self.read("areas", Areas, bounds)

    def coverages(self, bounds: Bounds | None = None) -> Frame:
        """Return where each layer is covered."""
        return self.read("coverages", Coverages, bounds)

    def read_layers(self, bounds: Bounds | None = None, *, names: Iterable[str] | None = None) -> Frame:
        """Return the rows of several layers in a window as one table, layer by layer in the order of their names.

        An attribute that one layer has and another has not is null in the other; columns and their types are the same
        whatever the window.
        """
        chosen = sorted(self.layers if names is None else set(names) & set(self.layers))
        paths = [path for name in chosen if (path := self.layers[name]) is not None]
        if not paths:
            return empty(Layers)
        rows = [window_rows(path, bounds) for path in paths]
        own = [_kinds_of(one) for one in rows]
        kinds = _common_kinds(own, [empty_columns(path) for path in paths])
        # A frame is made of all layers at once: most have a few rows in a window, or none.
        plain = {name: _chunks(rows, own, name, kind) for name, kind in kinds.items() if kind in _PLAIN}
        frame = to_frame(pa.table(plain), knows_null=True)
        columns = {
            name: frame[name] if kind in _PLAIN else _joined(rows, own, name, kind) for name, kind in kinds.items()
        }
        wkb = np.concatenate([one.column("geometry").to_numpy() for one in rows])
        return with_shapes(columns, shapely.from_wkb(wkb))


def open_prepared(directory: Path, layers: Iterable[str]) -> Prepared:
    """Open what an earlier run prepared, without its sources.

    Parameters
    ----------
    directory
        Where it stands.
    layers
        The keys of layers that are wanted; one that was not prepared is not among those returned.

    Raises
    ------
    InputError
        If a file is gone, or is not as it was written.
    """
    memories = {key: read_state(directory / "layers" / f"{file_name(key)}.json") for key in layers}
    states = {path: read_state(path) for path in directory.glob("*.json") if path.name != "hashes.json"}
    folders = [(path.parent, state) for path, state in states.items()]
    folders += [(directory / "layers", state) for state in memories.values() if state is not None]
    spoilt = [state for folder, state in folders if state is None or not are_as_written(state.get("files", {}), folder)]
    # A run of roofs alone may have no streets, and then nothing is remembered of them.
    is_lost = (directory / "access").is_dir() and not (directory / MEMORY_OF_REACH).is_file()
    if spoilt or is_lost or not directory.is_dir():
        what = "prepared inputs are gone, or are not as they were written"
        raise InputError(Fault(what, str(directory), "run it again with --resume: they are made again"))
    return Prepared(
        directory,
        {path.stem: path for path in sorted(directory.glob("*.parquet"))},
        {key: _file_of(directory, state) for key, state in memories.items() if state is not None},
    )


def _file_of(directory: Path, state: Mapping[str, Any]) -> Path | None:
    """Return the file of a layer; None: nothing of it lies in the area."""
    return next((directory / "layers" / name for name in state["files"]), None)


_PLAIN = {"str": pa.large_string(), "Int64": pa.int64(), "boolean": pa.bool_(), "float64": pa.float64()}
"""The types of nearly all attributes, as arrow holds them."""


def _kinds_of(rows: pa.Table) -> dict[str, str]:
    """Return the type that each attribute of a layer has in a frame; of most its file tells it."""
    told = json.loads((rows.schema.metadata or {}).get(b"pandas", b"{}")).get("columns", [])
    kinds = {one["name"]: one["numpy_type"] for one in told if one["numpy_type"] in _PLAIN}
    names = [name for name in rows.column_names if name != "geometry"]
    return {name: kinds[name] if name in kinds else str(_own(rows, name).dtype) for name in names}


def _own(rows: pa.Table, name: str) -> pd.Series[Any]:
    return to_frame(rows.select([name]))[name]


def _common_kinds(own: list[dict[str, str]], nothing: list[frozenset[str]]) -> dict[str, str]:
    """Return the type of every attribute of any layer; it does not depend on the window, only on the files.

    Numbers of two types become float64, numbers beside text become text. An attribute that is null in all of a file
    has whatever type it has elsewhere: a road without `has_dwelling` makes no text of that of a building.
    """
    found: dict[str, set[str]] = {}
    unsure: dict[str, str] = {}
    for theirs, empty_ones in zip(own, nothing, strict=True):
        for name, kind in theirs.items():
            if name in empty_ones:
                unsure.setdefault(name, kind)
            else:
                found.setdefault(name, set()).add(kind)
    found |= {name: {kind} for name, kind in unsure.items() if name not in found}
    return {name: kinds.pop() if len(kinds) == 1 else _widest(kinds) for name, kinds in found.items()}


def _widest(kinds: set[str]) -> str:
    return "float64" if kinds <= {"Int64", "float64"} else "str"


def _chunks(rows: list[pa.Table], own: list[dict[str, str]], name: str, kind: str) -> pa.ChunkedArray:
    """Return a plain attribute of all layers below each other, null where one has none or nothing but nulls."""
    found: list[pa.ChunkedArray] = []
    for one, kinds in zip(rows, own, strict=True):
        if name not in kinds or (kinds[name] != kind and one.column(name).null_count == len(one)):
            found.append(pa.chunked_array([pa.nulls(len(one), _PLAIN[kind])]))
        elif kinds[name] == kind:
            found.append(one.column(name).cast(_PLAIN[kind]))
        else:
            found.append(
                pa.chunked_array([pa.array(_own(one, name).astype(pd.api.types.pandas_dtype(kind)), _PLAIN[kind])])
            )
    return pa.chunked_array([chunk for column in found for chunk in column.chunks], _PLAIN[kind])


def _joined(rows: list[pa.Table], own: list[dict[str, str]], name: str, kind: str) -> pd.Series[Any]:
    """Return any other attribute in the same way: of a day, for one."""
    parts: list[pd.Series[Any]] = []
    for one, kinds in zip(rows, own, strict=True):
        if name in kinds and kinds[name] == kind:
            parts.append(_own(one, name))
        else:
            parts.append(pd.Series(pd.NA, index=pd.RangeIndex(len(one)), dtype=kind))
    return pd.concat(parts, ignore_index=True)
