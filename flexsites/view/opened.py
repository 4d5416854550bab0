"""A run as the viewer holds it: index, tiles, words, and what it gives of one parcel, building or complex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.maps.background import areas_within
from flexsites.reporting.maps.classes import Condition
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.names import words_of
from flexsites.reporting.report.page import factsheets_path, sheets_in
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.words import LANGUAGES, Words
from flexsites.tables import CRS, Frame
from flexsites.view.index import Index, index_of, is_indexed, micro
from flexsites.view.kind import Kind
from flexsites.view.kinds import kinds_of
from flexsites.view.tiles import MOST_ZOOM, Tiling, tiles_of

_AROUND = ("canonical/streets", "canonical/areas")
_AREA_TOLERANCE_M = 5.0
_MOST_PLACES = 8
_MANY = 20_000
"""Rows of which making the list takes so long that it is told."""


@dataclass(frozen=True)
class Opened:
    """A run that is looked at.

    Attributes
    ----------
    results
        The run; its large tables are read by row, never whole, once the index is there.
    kinds
        What it shows one by one, by name; the first is what its page opens with.
    index, tiles
        What was made of it: the index of the first kind, and the tiles as far as they are made.
    words
        Per language.
    areas, streets
        What a search finds besides, with bounds in micro-degrees: streets by name, short names first.
    sheets
        The parcels that have a factsheet, per language.
    """

    results: Results
    kinds: Mapping[str, Kind]
    index: Index
    tiles: Tiling
    words: Mapping[str, Words]
    areas: list[dict[str, Any]]
    streets: list[tuple[str, list[int]]]
    sheets: Mapping[str, tuple[str, ...]]
    _others: dict[str, Index] = field(default_factory=dict, init=False, repr=False)
    _turn: Lock = field(default_factory=Lock, init=False, repr=False)

    @property
    def first(self) -> Kind:
        """The kind that its page opens with."""
        return next(iter(self.kinds.values()))

    @property
    def drawn(self) -> list[Kind]:
        """The kinds that have a map of their own."""
        return [one for one in self.kinds.values() if one.drawn is not None]

    def kind(self, name: str) -> Kind:
        """Return a kind by its name.

        Raises
        ------
        NotFoundError
            When the run shows no such things.
        """
        if name not in self.kinds:
            known = ", ".join(self.kinds)
            place = str(self.results.directory)
            raise NotFoundError(Fault(f"this run shows no '{name}'", place, f"use one of {known}"))
        return self.kinds[name]

    def index_of(self, kind: Kind) -> Index:
        """Return the index of a kind; of another than the first it is made when it is asked for first."""
        if kind is self.first:
            return self.index
        with self._turn:
            if kind.name not in self._others:
                self._others[kind.name] = index_of(open_results(self.results.directory), kind, self.words["nl"])
        return self._others[kind.name]

    def settings(self, lang: str, kind: Kind | None = None) -> dict[str, Any]:
        """Return what the page needs to draw a map of a kind; None: of the first."""
        kind, words = kind or self.first, self.words[lang]
        index = self.index_of(kind)
        path = factsheets_path(self.results.directory, lang)
        tiles = {name: {"least": least, "most": most} for name, (least, most) in self.tiles.zooms.items()}
        files = f"files/{path.name}" if self.sheets[lang] else None
        listed = [self.kinds[one] for one in kind.lists if one in self.kinds]
        return {
            **kind.settings(self.results, index.rows, words),
            "tiles": tiles, "coming": self.tiles.coming, "magnified_from": MOST_ZOOM,
            "sheets": files, "extent": index.extent, "kind": kind.name,
            "lists": [one.listed(words) for one in listed or [kind]],
        }  # fmt: skip

    def conditions(self, colouring: str, keys: str, lang: str, kind: Kind | None = None) -> list[Condition]:
        """Return the conditions of classes of a colouring."""
        kind = kind or self.first
        known = kind.colourings(self.results, self.index_of(kind).rows, self.words[lang])
        classes = next((one.classes for one in known if one.key == colouring), ())
        wanted = set(keys.split(","))
        return [one.where for one in classes if one.key in wanted]

    def facts(self, asked: str, lang: str, kind: Kind | None = None) -> dict[str, Any]:
        """Return what is told of one, as columns of one row.

        Raises
        ------
        NotFoundError
            When the run has no such one.
        """
        kind = kind or self.first
        row = self._row(asked, kind)
        return kind.told(self._narrowed(asked, kind), row, self.words[lang], self.sheets[lang])

    def story(self, asked: str, lang: str, kind: Kind | None = None) -> str:
        """Return the whole story of one, as Markdown.

        Raises
        ------
        NotFoundError
            When the run has no such one, or of its kind no stories.
        """
        kind = kind or self.first
        self._row(asked, kind)
        if kind.story is None:
            raise NotFoundError(Fault("a complex has no story of its own", asked, "ask that of one of its buildings"))
        return kind.story(self._narrowed(asked, kind), asked, self.words[lang])

    def places(self, asked: str) -> list[dict[str, Any]]:
        """Return areas and streets by name, with their bounds."""
        words = asked.strip().lower()
        if len(words) < 2:  # noqa: PLR2004 - a single letter finds everything
            return []
        named = [(str(one["name"]), one["box"]) for one in self.areas]
        found = [(name, box) for name, box in (*named, *self.streets) if words in name.lower()]
        return [{"name": name, "box": box} for name, box in found[:_MOST_PLACES]]

    def _row(self, asked: str, kind: Kind) -> pd.DataFrame:
        rows = self.index_of(kind).rows
        found = rows[rows["id"].eq(asked)]
        if found.empty:
            fault = Fault(f"no '{asked}' in this run", str(self.results.directory), "give an id of this run")
            raise NotFoundError(fault)
        return found

    def _narrowed(self, asked: str, kind: Kind) -> Results:
        return self.results.narrowed([asked], kind.reads, key=kind.key, whole=kind.whole)


def open_run(directory: Path | str, *, say: Callable[[str], None] | None = None, beside: bool = False) -> Opened:
    """Open a run to look at; index and tiles are made if they are not there.

    Parameters
    ----------
    directory
        The run's directory.
    say
        Is told if making the index takes long.
    beside
        Make the tiles in a process beside this one: pages are there at once, and the map follows.

    Raises
    ------
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    kinds = kinds_of(results)
    first = next(iter(kinds.values()))
    n_rows = results.n_rows(first.table)
    if say is not None and n_rows > _MANY and not is_indexed(results, first):
        say(f"The list of {n_rows:,} rows is made, once: seconds for each 100,000. The map follows on the page.")
    words = {lang: words_of(results, lang) for lang in LANGUAGES}
    index = index_of(results, first, words["nl"])
    tiles = tiles_of(results, index.extent, beside=beside)
    sheets = {lang: sheets_in(factsheets_path(results.directory, lang)) for lang in LANGUAGES}
    kept = {name: results.table(name) for name in (*_AROUND, *first.whole) if results.has(name)}
    light = Results(results.directory, results.manifest, dict(kept))
    return Opened(
        light,
        kinds,
        index,
        tiles,
        words,
        _areas(kept.get("canonical/areas"), index),
        _streets(kept.get("canonical/streets")),
        sheets,
    )


def _areas(areas: Frame | None, index: Index) -> list[dict[str, Any]]:
    """Return the areas around the parcels."""
    if areas is None:
        return []
    west, south, east, north = index.extent
    box = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(CRS).iloc[0]
    return areas_within(areas, box, _AREA_TOLERANCE_M)


def _streets(streets: Frame | None) -> list[tuple[str, list[int]]]:
    """Return every street with a name, and its bounds."""
    named = None if streets is None else streets[streets["street_name"].notna()]
    if named is None or named.empty:
        return []
    corners = shapely.box(*shapely.bounds(named.geometry.to_numpy()).T)
    bounds = shapely.bounds(in_degrees(np.asarray(corners, dtype=object), 0.0))
    boxes = pd.DataFrame(bounds, columns=["west", "south", "east", "north"])
    sides = {"west": "min", "south": "min", "east": "max", "north": "max"}
    found = boxes.groupby(named["street_name"].to_numpy(dtype=object)).agg(sides)
    order = sorted(found.index, key=lambda name: (len(name), name))
    return [(str(name), micro(found.loc[name])) for name in order]
