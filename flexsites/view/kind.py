"""What a run shows one by one: parcels, buildings, complexes. One kind is told from another here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.reporting.maps.classes import Colouring
from flexsites.reporting.maps.content import settings
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.results import Results
from flexsites.reporting.words import Words
from flexsites.tables import CRS, Frame

EDGES = ("west", "south", "east", "north")
VERDICTS = ("eligible", "conditional", "unknown", "excluded")
Order = Sequence[tuple[str, bool]]
"""Columns to sort by, each with whether the least comes first; null comes last."""


@dataclass(frozen=True)
class Kind:
    """What is listed, clicked and served as features.

    Attributes
    ----------
    name
        Of its layer, its collection, and in addresses.
    table, key
        The table of the run that holds it, and the column of its id there.
    texts
        The section of the labels that says it otherwise than ``map`` does; empty: none.
    rows
        What lists, search and colours go by, a row each in the order of the list: ``id``, ``verdict``, ``homes``,
        ``street``, ``place``, ``west, south, east, north`` in degrees, and what else classes go by.
    searched
        The columns of ``rows`` that a search looks in.
    told
        What a click tells of one, out of the run narrowed to it and its row.
    reads, whole
        The tables that a click and a story read of one, by its id; and those read whole, once.
    features
        Some of them in WGS84, in the order of rows.
    columns
        The texts that features are filtered by.
    drawn
        What its shapes carry on the map; None: it has no layer of its own.
    colourings
        The ways to colour the map, and none without a layer.
    story
        The whole story of one; None: there is none.
    orders
        By name the ways to sort the list, the first the order of ``rows``; none: that one alone.
    lists
        The kinds that stand in its list, itself first; none: itself alone.
    has_hatch
        Whether its map hatches what was not checked.
    unlisted
        Columns of ``rows`` that lists do not hand on.
    is_made_here
        Whether it stands in no table of the run, but in its rows alone.
    """

    name: str
    table: str
    key: str
    rows: Callable[[Results, Words], pd.DataFrame]
    told: Callable[[Results, pd.DataFrame, Words, Sequence[str]], dict[str, Any]]
    features: Callable[[Results, pd.DataFrame], gpd.GeoDataFrame]
    columns: Sequence[str]
    texts: str = ""
    searched: Sequence[str] = ("location", "street", "place")
    reads: Sequence[str] = ()
    whole: Sequence[str] = ()
    drawn: Callable[[Results, Frame], pd.DataFrame] | None = None
    colourings: Callable[[Results, pd.DataFrame, Words], list[Colouring]] = lambda *_: []
    story: Callable[[Results, str, Words], str] | None = None
    orders: Mapping[str, Order] = field(default_factory=dict)
    lists: Sequence[str] = ()
    has_hatch: bool = False
    unlisted: Sequence[str] = ()
    is_made_here: bool = False

    def said(self, words: Words) -> dict[str, Any]:
        """Return the texts of its map."""
        own = words.texts[self.texts] if self.texts else {}
        every = words.texts["map"]
        return {**every, **own, "controls": {**every["controls"], **own.get("controls", {})}}

    def settings(self, results: Results, rows: pd.DataFrame, words: Words) -> dict[str, Any]:
        """Return what its map needs besides shapes."""
        return settings(results, words, rows, self.colourings(results, rows, words), self.said(words))

    def listed(self, words: Words) -> dict[str, Any]:
        """Return what a list of it says, and how it can be sorted."""
        said = self.said(words)
        orders = [{"key": one, "label": said["order_of"][one]} for one in self.orders]
        return {
            "kind": self.name, "label": words.text(f"view.layers.{self.name}"), "orders": orders,
            "words": {one: said[one] for one in ("found", "not_found", "more")},
        }  # fmt: skip


def features_of(kind: Kind, results: Results, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return what a table holds in WGS84 with all its columns, in the order of the rows."""
    ids = rows["id"].tolist()
    found = results.narrowed(ids, [kind.table], key=kind.key).table(kind.table)
    placed = gpd.GeoDataFrame(found.set_index(kind.key, drop=False), geometry="geometry").reindex(ids)
    return (placed if placed.crs is not None else placed.set_crs(CRS)).to_crs(4326)


def with_bounds(rows: pd.DataFrame, shapes: Any) -> pd.DataFrame:  # noqa: ANN401 - a series or an array of shapes
    """Return rows with the bounds of their shapes, in degrees."""
    bounds = shapely.bounds(in_degrees(gpd.GeoSeries(shapes).to_numpy(), 0.0))
    return rows.assign(**dict(zip(EDGES, bounds.T, strict=True)))


def best_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order of a list: available first, more homes first, ties by id."""
    order = rows["verdict"].map({verdict: i for i, verdict in enumerate(VERDICTS)})
    homes = rows["homes"].astype("Float64").fillna(0) if "homes" in rows else 0
    keyed = rows.assign(_verdict=order, _homes=homes)
    keyed = keyed.sort_values(["_verdict", "_homes", "id"], ascending=[True, False, True], kind="stable")
    return keyed.drop(columns=["_verdict", "_homes"]).reset_index(drop=True)
