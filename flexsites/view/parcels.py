"""Parcels as the viewer shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from flexsites.reporting.maps.classes import Colouring, colourings
from flexsites.reporting.maps.parcels import properties_of, told_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.story.explain import story
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Sites
from flexsites.view.kind import Kind, best_first, features_of, with_bounds


def _rows(results: Results, words: Words) -> pd.DataFrame:
    sites = results.table("sites").reset_index(drop=True)
    streets = streets_of(results, sites, within_m=float(presentation().map.nearest_street_m))
    rows = properties_of(results, sites).assign(street=streets.fillna("").to_numpy(), place=places_of(sites, words))
    return best_first(with_bounds(rows, sites.geometry))


def _told(results: Results, row: pd.DataFrame, words: Words, sheets: Sequence[str]) -> dict[str, Any]:
    del row  # all of it is in the tables
    return told_of(results, results.table("sites"), words, sheets)


def _drawn(results: Results, sites: Frame) -> pd.DataFrame:
    rows = properties_of(results, sites)
    integers = {name: "Int64" for name in rows if name in ("suits", "unchecked") or str(name).startswith(("m:", "s:"))}
    return rows.astype(integers)


def _colourings(results: Results, rows: pd.DataFrame, words: Words) -> list[Colouring]:
    return colourings(rows, results.flexmilieus, words)


def _features(results: Results, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    return features_of(PARCELS, results, rows)


PARCELS = Kind(
    name="parcels",
    table="sites",
    key="site_id",
    rows=_rows,
    told=_told,
    features=_features,
    columns=tuple(field.name for field in Sites.fields if field.dtype == "str"),
    reads=("sites", "reasons", "suitability", "pieces", "accessibility", "units", "piece_suitability"),
    whole=("canonical/streets", "canonical/areas", "locations", "location_suitability", "demand_sites"),
    drawn=_drawn,
    colourings=_colourings,
    story=story,
    has_hatch=True,
)
