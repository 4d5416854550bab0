"""A run as the viewer holds it: its index, its tiles, its words, and what it gives of one parcel or one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.errors import Fault, InputError, NotFoundError
from flexsites.reporting.maps.background import areas_within
from flexsites.reporting.maps.classes import Condition, colourings
from flexsites.reporting.maps.content import settings
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.maps.parcels import told_of
from flexsites.reporting.names import words_of
from flexsites.reporting.report.page import factsheets_path, sheets_in
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.story.explain import story
from flexsites.reporting.words import LANGUAGES, Words
from flexsites.tables import CRS, Frame
from flexsites.view.index import Index, index_of, is_indexed, micro
from flexsites.view.tiles import MOST_ZOOM, Tiling, tiles_of

_OF_PARCEL = (
    "sites", "reasons", "suitability", "pieces", "accessibility", "units", "piece_suitability",
)  # fmt: skip
_WHOLE = ("canonical/streets", "canonical/areas", "locations", "location_suitability", "demand_sites")
_AREA_TOLERANCE_M = 5.0
_MOST_PLACES = 8
_MANY = 20_000
"""Parcels of which making the list takes so long that it is told."""


@dataclass(frozen=True)
class Opened:
    """A run that is looked at.

    Attributes
    ----------
    results
        The run; its large tables are read by row, never whole, once the index is there.
    index, tiles
        What was made of it; of the tiles as far as they are made.
    words
        Per language.
    areas, streets
        What a search finds besides parcels, with bounds in micro-degrees: streets by name, short names first.
    sheets
        The parcels that have a factsheet, per language.
    """

    results: Results
    index: Index
    tiles: Tiling
    words: Mapping[str, Words]
    areas: list[dict[str, Any]]
    streets: list[tuple[str, list[int]]]
    sheets: Mapping[str, tuple[str, ...]]

    def settings(self, lang: str) -> dict[str, Any]:
        """Return what the page needs to draw."""
        words = self.words[lang]
        told = settings(self.results, words, self.index.rows)
        path = factsheets_path(self.results.directory, lang)
        tiles = {name: {"least": least, "most": most} for name, (least, most) in self.tiles.zooms.items()}
        files = f"files/{path.name}" if self.sheets[lang] else None
        drawn = {"tiles": tiles, "coming": self.tiles.coming, "magnified_from": MOST_ZOOM}
        return {**told, **drawn, "sheets": files, "extent": self.index.extent}

    def conditions(self, colouring: str, keys: str, lang: str) -> list[Condition]:
        """Return the conditions of classes of a colouring."""
        known = colourings(self.index.rows, self.results.flexmilieus, self.words[lang])
        classes = next((one.classes for one in known if one.key == colouring), ())
        wanted = set(keys.split(","))
        return [one.where for one in classes if one.key in wanted]

    def facts(self, site_id: str, lang: str) -> dict[str, Any]:
        """Return what is told of a parcel, as columns of one row.

        Raises
        ------
        NotFoundError
            When the run has no such parcel.
        """
        narrow = self._narrowed(site_id)
        return told_of(narrow, narrow.table("sites"), self.words[lang], self.sheets[lang])

    def story(self, site_id: str, lang: str) -> str:
        """Return the whole story of a parcel, as Markdown."""
        return story(self._narrowed(site_id), site_id, self.words[lang])

    def features(self, rows: pd.DataFrame) -> gpd.GeoDataFrame:
        """Return parcels in WGS84 with all their columns, in the order of the rows."""
        ids = rows["id"].tolist()
        sites = self.results.narrowed(ids, ["sites"]).table("sites")
        placed = gpd.GeoDataFrame(sites.set_index("site_id", drop=False), geometry="geometry").reindex(ids)
        return (placed if placed.crs is not None else placed.set_crs(CRS)).to_crs(4326)

    def places(self, asked: str) -> list[dict[str, Any]]:
        """Return areas and streets by name, with their bounds."""
        words = asked.strip().lower()
        if len(words) < 2:  # noqa: PLR2004 - a single letter finds everything
            return []
        named = [(str(one["name"]), one["box"]) for one in self.areas]
        found = [(name, box) for name, box in (*named, *self.streets) if words in name.lower()]
        return [{"name": name, "box": box} for name, box in found[:_MOST_PLACES]]

    def _narrowed(self, site_id: str) -> Results:
        if not self.index.rows["id"].eq(site_id).any():
            fault = Fault(f"no parcel '{site_id}'", str(self.results.directory), "give an id of this run")
            raise NotFoundError(fault)
        return self.results.narrowed([site_id], _OF_PARCEL, whole=_WHOLE)


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
        When the directory holds no results of parcels.
    """
    results = open_results(directory)
    if not results.has_sites:
        fault = Fault(
            "a run of roofs alone: the viewer shows parcels", str(directory), "open workbook.xlsx or sites.gpkg"
        )
        raise InputError(fault)
    n_parcels = results.n_rows("sites")
    if say is not None and n_parcels > _MANY and not is_indexed(results):
        say(f"The list of {n_parcels} parcels is made, once: seconds for each 100,000. The map follows on the page.")
    words = {lang: words_of(results, lang) for lang in LANGUAGES}
    index = index_of(results, words["nl"])
    tiles = tiles_of(results, index.extent, beside=beside)
    sheets = {lang: sheets_in(factsheets_path(results.directory, lang)) for lang in LANGUAGES}
    kept = {name: results.table(name) for name in _WHOLE if results.has(name)}
    light = Results(results.directory, results.manifest, dict(kept))
    return Opened(
        light,
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
