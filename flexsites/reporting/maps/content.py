"""The map of a report: everything it shows, in the page itself, within what a page can carry."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.reporting.homes import counts_of_homes
from flexsites.reporting.maps import library
from flexsites.reporting.maps.background import background
from flexsites.reporting.maps.classes import Colouring, colourings
from flexsites.reporting.maps.display import ROUNDING_M, Shapes
from flexsites.reporting.maps.parcels import every_property, of_these, shapes_of, told_of
from flexsites.reporting.presentation import MapBudget, presentation
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.totals import COMMON
from flexsites.reporting.words import Words
from flexsites.tables import Frame

_CHOOSES = ("site_id", "verdict", "is_suitable", *COMMON)
LOCALES = {"nl": "nl-NL", "en": "en-GB"}
_MAP_WORDS = (
    "all_checked", "back", "click", "explain", "failed", "found", "location", "no_score", "not_found", "not_suitable",
    "outcome_unknown", "sheet", "show_location", "suitability", "unchecked_short", "why", "why_none",
)  # fmt: skip
_ROOF_WORDS = ("in_complex", "lists", "n_buildings", "show_buildings", "sort", "way_note")
"""What a map of buildings says besides."""


@dataclass(frozen=True)
class MapContent:
    """What the map shows, and what it says of what it leaves out.

    Attributes
    ----------
    content
        JSON-ready.
    statements
        Sentences under the map.
    n_sites, n_shown
        Parcels of the run, and on the map.
    simplification_m
        Largest shift of a boundary before rounding.
    parcels, around
        The parcels on the map, and what lies around them (``water``, ``buildings``, ``rail``, main ``streets``), in RD
        New: for who draws it otherwise.
    """

    content: dict[str, Any]
    statements: tuple[str, ...]
    n_sites: int
    n_shown: int
    simplification_m: float
    parcels: gpd.GeoDataFrame
    around: Mapping[str, Shapes]


def map_content(
    results: Results, words: Words, *, budget: MapBudget | None = None, sheets: Collection[str] = ()
) -> MapContent:
    """Prepare the map of a run.

    Parameters
    ----------
    results
        The run.
    words
        The language of what the map tells, with the names of the run.
    budget
        What a page can carry; the presentation's where not given.
    sheets
        The parcels that have a factsheet.
    """
    budget = budget or presentation().map
    shown, properties = _shown(results, int(budget.max_sites)), every_property(results)
    n_sites = results.n_rows("sites")
    west, south, east, north = shown.total_bounds if len(shown) else (0.0, 0.0, 1.0, 1.0)
    step = float(np.hypot(east - west, north - south)) / float(budget.extent_per_simplification)
    tolerance = min(max(step, float(budget.finest_simplification_m)), float(budget.coarsest_simplification_m))
    around = background(results, shapely.box(west, south, east, north), tolerance, budget)
    content = {
        **settings(results, words, properties, colourings(properties, results.flexmilieus, words), words.texts["map"]),
        "parcels": {"shape": shapes_of(shown, tolerance), **told_of(of_these(results, shown), shown, words, sheets)},
        "background": around.content,
    }
    statements = _statements(n_sites, len(shown), tolerance, around.left_out, words)
    return MapContent(content, statements, n_sites, len(shown), tolerance, shown, around.shapes)


def _shown(results: Results, limit: int) -> gpd.GeoDataFrame:
    """Return the parcels of a run that the map shows, in full; of the others only what chooses is read."""
    if results.n_rows("sites") <= limit:
        return most_telling(results.table("sites"), limit)
    kept = pd.DataFrame()
    for rows in results.chunks("sites", columns=_CHOOSES):
        kept = _most_telling(pd.concat([kept, rows], ignore_index=True), limit)
    return most_telling(results.rows("sites", "site_id", kept["site_id"]), limit)


def settings(
    results: Results, words: Words, properties: Frame, coloured: Sequence[Colouring], said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a map needs besides shapes: colours with their counts over the whole run, words, base map.

    Parameters
    ----------
    results, words
        The run, and the language.
    properties
        What classes go by, a row per parcel or building of the whole run.
    coloured
        The ways to colour it.
    said
        The texts of its labels.
    """
    verdicts = presentation().colours.verdict
    return {
        "locale": LOCALES[words.lang],
        "colourings": [one.told(properties) for one in coloured],
        "flexmilieus": [{"id": one, "name": words.name("flexmilieu", one)} for one in results.flexmilieus],
        "verdicts": {key: [words.name("verdict", key), colour] for key, colour in verdicts.items()},
        "homes": words.texts["homes"],
        "homes_if_available": words.texts["homes_if_available"],
        "words": {key: said[key] for key in (*_MAP_WORDS, *_ROOF_WORDS) if key in said},
        "controls": said["controls"],
        "base_map": presentation().map.base_map.model_dump(),
        "library": library.version(),
    }


def packed(content: object) -> str:
    """Return JSON as gzip in base64: a page with thousands of shapes is a fifth of its size then.

    Examples
    --------
    >>> unpacked(packed({"a": "</script>"}))
    {'a': '</script>'}
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()


def unpacked(text: str) -> Any:  # noqa: ANN401 - whatever was packed
    """Return what was packed."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def most_telling(sites: Frame, limit: int) -> gpd.GeoDataFrame:
    """Return at most so many parcels, by id: suitable ones, then available, unknown, excluded; more homes first."""
    told = _most_telling(sites, limit) if len(sites) > limit else sites
    return gpd.GeoDataFrame(told.sort_values("site_id", kind="stable").reset_index(drop=True), geometry="geometry")


def _most_telling(sites: Frame, limit: int) -> Frame:
    """Return the most telling, the first first."""
    level = sites["verdict"].map({"eligible": 2, "conditional": 2, "unknown": 1, "excluded": 0}).astype(int)
    suits = sites["is_suitable"].fillna(value=False).astype(bool) & level.eq(2)
    homes = [one.expected for one in counts_of_homes(sites)[:1]]
    keyed = sites.assign(_level=level + suits.astype(int)).sort_values(
        ["_level", *homes, "site_id"], ascending=[False, *(False for _ in homes), True], kind="stable"
    )
    return keyed.head(limit).drop(columns="_level")


def _statements(
    n_sites: int, n_shown: int, tolerance_m: float, left_out: dict[str, tuple[int, int]], words: Words
) -> tuple[str, ...]:
    """Return what the map does and does not show, and how exactly."""
    n, shown, hidden = (words.number(one) for one in (n_sites, n_shown, n_sites - n_shown))
    said = [words.text("map.shown_all", n=n)]
    if n_shown < n_sites:
        said = [words.text("map.shown_some", n=n, shown=shown, hidden=hidden)]
    said.append(words.text("map.precision", metres=words.number(tolerance_m, 1), rounding=words.number(ROUNDING_M, 1)))
    said += [
        words.text(f"map.{name}_some", n=words.number(some), all=words.number(whole))
        for name, (some, whole) in left_out.items()
    ]
    return (*said, words.text("map.no_base"), words.text("map.drawn_by", version=library.version()))
