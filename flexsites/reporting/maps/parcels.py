"""What the map knows of a parcel, and what it tells: verdict, what stands in the way, where it lies, how many homes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.reporting.homes import counts_of_homes, if_available, with_free
from flexsites.reporting.maps.display import boxes, in_degrees, rings
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records
from flexsites.reporting.summaries.computed import flexmilieus_of
from flexsites.reporting.summaries.totals import COMMON
from flexsites.reporting.table_view import Column, entries, table_view
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.why import main_reasons, with_marks_elsewhere
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Locations, Sites, Table
from flexsites.tables.field import Field
from flexsites.tables.parcel_fields import owner_class, verdict

_OF_PARCEL = (
    "parcel_area_m2", "buildable_area_m2", "buildable_without_consent_m2", "{homes}", "{first}",
    "available_years_expected", "restrictions", "restrictions_elsewhere", "flags", "flags_elsewhere", "owner_class",
    "tenure",
)  # fmt: skip
_OF_LOCATION = (
    "verdict", "n_location_parcels", "core_area_m2", "{homes}", "entrance_street_name", "owner_classes", "is_cut",
)  # fmt: skip
_CLASSED = (
    "site_id", "verdict", "is_suitable", "flexmilieu_first", "owner_class", "location_id", *COMMON, "unchecked_rules",
)  # fmt: skip
_OUTCOME = ("site_id", "flexmilieu", "is_suitable", "score")
_SMALL: dict[str, Any] = {
    "verdict": pd.CategoricalDtype(list(verdict.values)),
    "owner": pd.CategoricalDtype(list(owner_class.values)),
    "suits": "Int8",
    "homes": "Float32",
    "unchecked": "int16",
    "m:": "Int8",
    "s:": "Int8",
}
_DIGITS = {"term": 1, "hectares": 2}
FIRST = ("flexmilieu_first",)
"""Which flexmilieu a parcel is labelled with, by the name its column has; the first that the table has."""


def label_column(sites: Frame) -> str | None:
    """Return the column with the flexmilieu that a parcel is labelled with; None: it has none."""
    return next((name for name in FIRST if name in sites), None)


def properties_of(results: Results, sites: Frame) -> pd.DataFrame:
    """Return what classes and search go by, a row per parcel; null stays null.

    Returns
    -------
        ``id, verdict, suits`` (1 yes, 0 no), ``first`` (the flexmilieu that labels it), ``owner, location``, ``homes``
        (expected, rounded as it is shown), ``unchecked`` (excluding rules not checked, where that may still change the
        verdict: 0 on excluded parcels), and per flexmilieu ``m:<id>`` (1 yes, 0 no, -1 not judged) and ``s:<id>``
        (score in hundredths, rounded as lists round it).
    """
    first, homes = label_column(sites), counts_of_homes(sites)
    told = {
        "id": sites["site_id"],
        "verdict": sites["verdict"],
        "suits": sites["is_suitable"].astype("boolean").astype("Int64"),
        **({"first": sites[first]} if first else {}),
        "owner": sites["owner_class"],
        "location": sites["location_id"],
        **({"homes": sites[homes[0].expected].astype("Float64").round()} if homes else {}),
        "unchecked": sites["unchecked_rules"].map(lambda rules: len(entries(rules))).where(
            sites["verdict"].ne("excluded"), 0
        ),
    }  # fmt: skip
    return pd.DataFrame(told, index=sites.index).assign(**_judged(results, sites))


def every_property(results: Results) -> pd.DataFrame:
    """Return what classes count of every parcel of a run, in about 30 bytes each; read some parcels at a time."""
    parts, first = [], pd.CategoricalDtype(list(flexmilieus_of(results)))
    for sites in results.chunks("sites", columns=_CLASSED):
        low, high = (sites["site_id"].min(), sites["site_id"].max()) if len(sites) else ("", "")
        judged = {}
        if results.has("suitability"):
            judged = {"suitability": results.between("suitability", "site_id", low, high, _OUTCOME)}
        rows = properties_of(Results(results.directory, results.manifest, judged), sites)
        rows = rows.drop(columns=["id", "location"])
        for name in map(str, rows):
            kind = name[:2] if ":" in name else name
            rows[name] = rows[name].astype(first if kind == "first" else _SMALL[kind])
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def of_these(results: Results, sites: Frame) -> Results:
    """Return the run with what is told of some parcels, and of their locations, alone."""
    locations = sites["location_id"].dropna()
    rows = {
        name: results.rows(name, key, ids)
        for name, key, ids in (
            *((name, "site_id", sites["site_id"]) for name in ("suitability", "reasons")),
            *((name, "location_id", locations) for name in ("locations", "location_suitability")),
        )
        if results.has(name)
    }
    return Results(results.directory, results.manifest, rows)


def _judged(results: Results, sites: Frame) -> dict[str, Any]:
    """Return outcome and score per flexmilieu."""
    if not results.has("suitability"):
        return {}
    rows = results.table("suitability")
    found: dict[str, Any] = {}
    at = pd.Index(sites["site_id"]).get_indexer(pd.Index(rows["site_id"]))
    outcomes = rows["is_suitable"].astype("boolean").astype("Int64")
    scores = rows["score"].astype("Float64").map(lambda one: round(float(f"{one:.2f}") * 100), na_action="ignore")
    for flexmilieu in results.flexmilieus or sorted(rows["flexmilieu"].unique()):
        mine = rows["flexmilieu"].eq(flexmilieu).to_numpy(dtype=bool) & (at >= 0)
        for name, values, empty in (("m", outcomes, -1), ("s", scores, pd.NA)):
            column = pd.Series(empty, index=sites.index, dtype=values.dtype)
            column.iloc[at[mine]] = values[mine].array
            found[f"{name}:{flexmilieu}"] = column
    return found


def told_of(results: Results, sites: Frame, words: Words, sheets: Collection[str] = ()) -> dict[str, Any]:
    """Return what lists and clicks tell of some parcels, ready for JSON: columns, each as long as the parcels.

    Parameters
    ----------
    results
        The run.
    sites
        Some of its parcels.
    words
        The language.
    sheets
        The parcels that have a factsheet.

    Returns
    -------
        ``properties`` per name; texts (``street``, ``place``, ``panel``, ``why``) as a list of texts and an index per
        parcel; ``box`` in micro-degrees; ``locations`` with their own panel.
    """
    properties = properties_of(results, sites)
    streets = streets_of(results, sites, within_m=float(presentation().map.nearest_street_m))
    shapes = in_degrees(gpd.GeoSeries(sites.geometry).to_numpy(), 0.0)
    marked = with_marks_elsewhere(results.table("reasons"), sites) if results.has("reasons") else sites
    return {
        "properties": {str(name): plain(properties[name]) for name in properties},
        "street": coded(["" if pd.isna(name) else name for name in streets]),
        "place": coded(places_of(sites, words)),
        "box": boxes(shapes),
        "panel": _panel(marked, _OF_PARCEL, words, Sites),
        "why": _why(results, sites, words),
        "unchecked": coded(_unchecked(sites, words)),
        "sheets": [site for site in sites["site_id"] if site in sheets],
        "locations": _locations(results, sites, words),
    }


def shapes_of(sites: Frame, tolerance_m: float) -> list[list[list[list[int]]]]:
    """Return the parcels' shapes for a screen."""
    return rings(in_degrees(gpd.GeoSeries(sites.geometry).to_numpy(), tolerance_m))


def _panel(frame: Frame, asked: Sequence[str], words: Words, table: Table) -> list[dict[str, Any]]:
    """Return what a click tells: per column its heading, and per row a number or a text of ``texts``.

    A number stands for itself, with ``digits`` decimals; texts are counted from -1 downwards. An empty text: the column
    does not apply to that row.
    """
    columns: list[Column] = []
    homes = counts_of_homes(frame)
    told = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    first = label_column(frame)
    for name in asked:
        if name == "{homes}":
            for one in homes:
                asked_for = frame["verdict"].ne("excluded")  # nobody asks how many homes fit where none may
                middle = frame[one.expected].where(asked_for)
                counted = _ranges(middle, frame[one.low], frame[one.high], words)
                told[one.expected] = [
                    one and if_available(one, verdict, words)
                    for one, verdict in zip(counted, frame["verdict"], strict=True)
                ]
                columns.append(
                    Field(one.expected, "str", "", null="", format="written", not_of=("verdict", "excluded"))
                )
        elif name == "{first}":
            columns += [first] if first else []
        elif name in frame:
            columns.append(name)
    view = table_view(told, columns, words, table)
    built = []
    for column in view.columns:
        place: dict[str, int] = {}
        digits = _DIGITS.get(column.format, 0)
        cells = [
            -1 - place.setdefault(cell, len(place)) if isinstance(cell, str) else round(cell, digits)
            for cell in column.cells
        ]
        unit = " m²" if column.format == "area" else ""
        heading = column.heading.removesuffix(" (m²)")
        built.append({"heading": heading, "texts": list(place), "of": cells, "digits": digits, "unit": unit})
    return built


def _ranges(expected: pd.Series[Any], low: pd.Series[Any], high: pd.Series[Any], words: Words) -> list[str | None]:
    """Return counts of homes with their range; null where it is not known."""
    return [
        None if pd.isna(middle) else f"{words.number(middle)} ({words.span(least, most)})"
        for middle, least, most in zip(expected, low, high, strict=True)
    ]


def _why(results: Results, sites: Frame, words: Words) -> dict[str, Any]:
    """Return per parcel the rules that take most of it, each as the position of its name and m2."""
    if not results.has("reasons"):
        return {"rules": [], "of": [[] for _ in range(len(sites))]}
    reasons = results.table("reasons")
    own = main_reasons(reasons[reasons["site_id"].isin(sites["site_id"])])
    rules = sorted(own["rule_id"].unique())
    place = {rule: i for i, rule in enumerate(rules)}
    by_site: dict[str, list[int]] = {}
    for site, rule, area in zip(own["site_id"], own["rule_id"], own["attributed_area_m2"], strict=True):
        by_site.setdefault(site, []).extend((place[rule], round(area)))
    return {
        "rules": [words.name("rule", rule) for rule in rules],
        "of": [by_site.get(site, []) for site in sites["site_id"]],
    }


def _unchecked(sites: Frame, words: Words) -> list[str]:
    """Return the names of the excluding rules that were not checked on each parcel, a line each: a name has commas."""
    named: dict[object, str] = {}
    for rules in sites["unchecked_rules"]:
        if rules not in named:
            named[rules] = "\n".join(words.name("rule", rule) for rule in entries(rules))
    return [named[rules] for rules in sites["unchecked_rules"]]


def _locations(results: Results, sites: Frame, words: Words) -> dict[str, Any]:
    """Return the locations of these parcels with what is told of each."""
    if not results.has("locations"):
        return {"id": [], "panel": [], "flexmilieus": {}}
    table = results.table("locations")
    own = table[table["location_id"].isin(sites["location_id"].dropna())].reset_index(drop=True)
    return {
        "id": own["location_id"].tolist(),
        "panel": _panel(own, _OF_LOCATION, words, Locations),
        "flexmilieus": _for_whom(results, own.set_index("location_id")["verdict"], words),
    }


def _score(score: float | None, words: Words) -> str:
    """Return a score as lists write it."""
    return words.text("map.no_score") if pd.isna(score) else words.number(score, 2)


def _for_whom(results: Results, verdicts: pd.Series[Any], words: Words) -> dict[str, Any]:
    """Return per flexmilieu score and rank of each location and the homes of one place there; empty: no rank.

    ``verdicts`` are those of the locations, by id.
    """
    if not results.has("location_suitability"):
        return {}
    rows = results.table("location_suitability")
    if "rank" not in rows:
        return {}
    homes = next((one for one in counts_of_homes(rows) if one.expected.startswith("n_per_cluster")), None)
    ranked = rows[rows["rank"].notna() & rows["location_id"].isin(verdicts.index)]
    found: dict[str, Any] = {}
    for flexmilieu, own in ranked.groupby("flexmilieu", sort=True):
        counted = [""] * len(own)
        if homes is not None:
            told = _ranges(own[homes.expected], own[homes.low], own[homes.high], words)
            places = records(own.assign(verdict=own["location_id"].map(verdicts)))
            counted = [
                if_available(
                    with_free(words.text("map.homes_of_place", homes=one or words.unknown), place, words),
                    place.verdict,
                    words,
                )
                for one, place in zip(told, places, strict=True)
            ]
        texts = [
            words.text("map.rank_of_place", rank=words.number(rank), score=_score(score, words)) + place
            for rank, score, place in zip(own["rank"], own["score"], counted, strict=True)
        ]
        by_location = dict(zip(own["location_id"], texts, strict=True))
        found[str(flexmilieu)] = coded([by_location.get(one, "") for one in verdicts.index])
    return found


def coded(texts: Sequence[str]) -> dict[str, Any]:
    """Return texts as a list of those that occur, and the position of each.

    Examples
    --------
    >>> coded(["Dijk", "Plein", "Dijk"])
    {'texts': ['Dijk', 'Plein'], 'of': [0, 1, 0]}
    """
    place: dict[str, int] = {}
    of = [place.setdefault(text, len(place)) for text in texts]
    return {"texts": list(place), "of": of}


def plain(column: pd.Series[Any]) -> list[Any]:
    """Return a column as plain values, null as None, whole numbers as integers.

    Examples
    --------
    >>> plain(pd.Series([1.0, 2.5, None])), plain(pd.Series(["a", None]))
    ([1, 2.5, None], ['a', None])
    """
    values: list[Any] = column.astype("object").where(column.notna(), None).tolist()
    whole = [value.item() if isinstance(value, np.generic) else value for value in values]
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in whole]
