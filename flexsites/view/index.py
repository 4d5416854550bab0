"""What lists, search and the colours of the map go by: a row per parcel, made once per run and kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.digest import sha256
from flexsites.reporting.maps.classes import Condition, holds
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.maps.parcels import properties_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.words import Words
from flexsites.tables.manifest import MANIFEST
from flexsites.view.made import is_made, making

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
_EDGES = ("west", "south", "east", "north")
FOLDER = "view"
"""The folder of a run that holds what the viewer made of it."""


@dataclass(frozen=True)
class Index:
    """The parcels of a run in the order of the list: available first, more homes first.

    Attributes
    ----------
    rows
        ``id``, what classes go by, ``street, place`` (empty: not known), ``west, south, east, north`` in degrees.
    keys
        Per row what search looks in, in lower case.
    """

    rows: pd.DataFrame
    keys: pd.Series[Any]

    def found(self, asked: str, hidden: Sequence[Condition] = ()) -> pd.DataFrame:
        """Return the parcels that a search finds, less those of hidden classes."""
        words = asked.strip().lower()
        kept = np.ones(len(self.rows), dtype=bool)
        if words:
            kept &= self.keys.str.contains(words, regex=False).to_numpy(dtype=bool)
        for where in hidden:
            kept &= ~holds(where, self.rows)
        return self.rows[kept]

    def within(self, west: float, south: float, east: float, north: float) -> pd.DataFrame:
        """Return the parcels whose bounding box meets a box in degrees, edges included, by id."""
        rows = self.rows
        is_near = rows["west"].le(east) & rows["east"].ge(west) & rows["south"].le(north) & rows["north"].ge(south)
        return rows[is_near].sort_values("id", kind="stable")

    @property
    def extent(self) -> list[float]:
        """West, south, east, north of all parcels, in degrees."""
        west, south, east, north = (self.rows[name] for name in _EDGES)
        return [float(west.min()), float(south.min()), float(east.max()), float(north.max())]


def micro(box: Iterable[float]) -> list[int]:
    """Return a box in whole micro-degrees."""
    return [round(float(one) * 1_000_000) for one in box]


def stamp(results: Results) -> str:
    """Return what tells this state of a run from another: what is made of one is no good for the other."""
    return sha256(results.directory / MANIFEST)[:12]


def is_indexed(results: Results) -> bool:
    """Whether the index of this state of a run was made before."""
    return is_made(_path_of(results))


def _path_of(results: Results) -> Path:
    return results.directory / FOLDER / f"index-{stamp(results)}.parquet"


def index_of(results: Results, words: Words) -> Index:
    """Return the index of a run, read back where it was made before."""
    path = _path_of(results)
    if not is_made(path):
        with making(results.directory, path) as temporary:
            _rows(results, words).to_parquet(temporary, index=False)
    rows = pd.read_parquet(path)
    columns = pd.DataFrame({name: rows[name].fillna("") for name in ("location", "street", "place")})
    keys = rows["id"].str.cat(columns, sep="\n").str.lower()
    return Index(rows, keys)


def _rows(results: Results, words: Words) -> pd.DataFrame:
    sites = results.table("sites").reset_index(drop=True)
    bounds = shapely.bounds(in_degrees(gpd.GeoSeries(sites.geometry).to_numpy(), 0.0))
    streets = streets_of(results, sites, within_m=float(presentation().map.nearest_street_m))
    rows = properties_of(results, sites).assign(
        street=streets.fillna("").to_numpy(),
        place=places_of(sites, words),
        **dict(zip(_EDGES, bounds.T, strict=True)),
    )
    order = rows["verdict"].map({verdict: i for i, verdict in enumerate(_VERDICTS)})
    homes = rows["homes"].astype("Float64").fillna(0) if "homes" in rows else 0
    keyed = rows.assign(_verdict=order, _homes=homes)
    keyed = keyed.sort_values(["_verdict", "_homes", "id"], ascending=[True, False, True], kind="stable")
    return keyed.drop(columns=["_verdict", "_homes"]).reset_index(drop=True)
