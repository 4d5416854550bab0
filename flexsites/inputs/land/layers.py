"""Layers: what the rules of exclusion read, cut on the national lattice as it is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from flexsites.config.sources import OsmLayer
from flexsites.errors import Fault, InputError
from flexsites.geometry.lattice import subdivide
from flexsites.inputs.features import Features, read_features
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.plan_periods import with_periods, without_finished
from flexsites.inputs.land.rule_needs import NUMBERS, PLAN_HARDNESS, RuleNeeds, as_rules_read
from flexsites.inputs.rows.ingest import ReadReport, Rows
from flexsites.tables import Frame, Layers
from flexsites.tables.contract import with_shapes
from flexsites.tables.spatial_files import Writer, Written

_POLYGONAL = (3, 6)


def name_faults(opened: Features, *, where: str) -> list[Fault]:
    """Return a fault for every attribute that has the name of a column of the table itself."""
    theirs = {ours: name for name, ours in opened.row.rename.items()}
    names = {opened.row.rename.get(name, name) for name in opened.kept} | set(opened.row.constants)
    return [
        Fault(
            f"an attribute is called {name}, as a column of every layer is", where, f"`rename` {theirs.get(name, name)}"
        )
        for name in sorted(names & set(Layers.columns))
    ]


def write_layer(
    layer: str,
    opened: Features,
    told: ReadReport,
    path: Path,
    *,
    bounds: Bounds | None = None,
    needs: RuleNeeds | None = None,
) -> Written:
    """Read a source and write it as one layer; without rows within the bounds, a layer of no rows.

    Parameters
    ----------
    layer
        The layer's name.
    opened
        The source, its columns compared with what is asked.
    told
        Filled with what happened to the rows.
    path
        The canonical file to write.
    bounds
        What lies outside is left out.
    needs
        What rules need of it; None: no rule reads it.

    Raises
    ------
    InputError
        If an attribute has the name of a column that every layer has, or see `ingest.read_rows`.
    """
    if faults := name_faults(opened, where=opened.where):
        raise InputError(faults)
    needs = needs or RuleNeeds()
    is_open = isinstance(opened.row, OsmLayer)
    theirs = {ours: name for name, ours in opened.row.rename.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with Writer(path, Layers) as writer:
        for found in read_features(opened, "any", told, bounds=bounds):
            row = opened.row
            plans = (getattr(row, "periods", {}), row.rename, told, getattr(row, "without_period", ()))
            rows = with_periods(found, *plans)
            rows = replace(rows, columns=_with_numbers(rows.columns, opened, told))
            if PLAN_HARDNESS in needs.needed and not getattr(row, "periods", {}):
                rows = without_finished(rows, told)
            rows = as_rules_read(rows, needs, told, is_open=is_open, theirs=theirs)
            writer.add(layer_frame(layer, rows, optional=needs.optional))
        if not writer.has_rows_or_columns:
            writer.add(layer_frame(layer, _no_rows(opened), optional=needs.optional))
    return writer.result()


def _with_numbers(columns: pd.DataFrame, opened: Features, told: ReadReport) -> pd.DataFrame:
    """Return the columns, those that rules read as numbers as such where the source has them as text."""
    theirs = {ours: name for name, ours in opened.row.rename.items()}
    texts = [name for name in NUMBERS if name in columns and not pd.api.types.is_numeric_dtype(columns[name])]
    return columns.assign(**{name: told.unreadable.numbers(columns[name], theirs.get(name, name)) for name in texts})


def _no_rows(opened: Features) -> Rows:
    """Return no rows, with the attributes that the source would have given."""
    names = [opened.row.rename.get(name, name) for name in opened.kept]
    columns = pd.DataFrame({name: pd.Series([], dtype="str") for name in names})
    return Rows(pd.Series([], dtype="str"), columns, np.zeros(0, dtype=object))


def layer_frame(layer: str, rows: Rows, *, optional: Iterable[str] = ()) -> Frame:
    """Return sound rows as Layers: polygons cut on the national lattice, lines and points whole."""
    parts, owner, part = cut(rows.geometry)
    columns: dict[str, object] = {
        "layer": pd.Series([layer] * len(parts), dtype="str"),
        "feature_id": rows.ids.iloc[owner].reset_index(drop=True),
        "part": pd.array(part, dtype="Int64"),
    }
    for name in rows.columns.columns:
        columns[name] = rows.columns[name].iloc[owner].reset_index(drop=True)
    for name in optional:
        if name not in columns:
            kind = "boolean" if name.startswith(("is_", "has_")) else "Int64"
            columns[name] = pd.Series([pd.NA] * len(parts), dtype=kind)
    return with_shapes(columns, parts)


def cut(geometry: Geometries) -> tuple[Geometries, np.typing.NDArray[np.int64], np.typing.NDArray[np.int64]]:
    """Cut polygons on the national lattice; return the parts, the row each is of, and its number within that row.

    Examples
    --------
    >>> parts, owner, part = cut(np.array([shapely.Point(1, 2), shapely.box(0, 0, 9, 9)], dtype=object))
    >>> len(parts), owner.tolist(), part.tolist()
    (2, [0, 1], [0, 0])
    """
    is_flat = np.isin(shapely.get_type_id(geometry), _POLYGONAL)
    flat, plain = np.flatnonzero(is_flat), np.flatnonzero(~is_flat)
    parts, of, _ = subdivide(geometry[flat])
    owner = np.concatenate([flat[of], plain]).astype(np.int64)
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    every = np.concatenate([parts, geometry[plain]])[order]
    first = np.searchsorted(owner, owner, side="left")
    return np.asarray(every, dtype=object), owner, np.arange(len(owner), dtype=np.int64) - first
