"""What a corporation works on: its complexes ranked, its buildings, what can be added and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from flexsites.reporting.names import headline_of
from flexsites.reporting.results import Results
from flexsites.reporting.table_view import entries
from flexsites.tables import Frame

VERDICTS = ("eligible", "conditional", "unknown", "excluded")
"""The verdicts, the best that can be said of a complex first: one unknown building among excluded ones is unknown."""

_UNITS = ["n_units_low", "n_units_expected", "n_units_high", "extra_floor_area_m2"]
_OF_BUILDING = (
    "gemeente_code", "owner_class", "transit_class", "n_dwellings", "year_built", "n_storeys", "n_storeys_source",
    "building_height_m", "roof_flat_share", "usable_roof_area_m2", "daylit_roof_area_m2", "usable_roof_source",
    "roof_rmse_m", "has_lift", "is_lift_needed", "access_height_m", "plan_height_limit_m", "is_monument", "has_pv",
    "has_plant", "flags",
)  # fmt: skip
_FRONT = ("complex", "bag_pand_id", "portfolio_rows", "portfolio_key", "verdict", *_UNITS)


def headline(results: Results) -> tuple[str, str]:
    """Return the age rule and the way of topping up that the run puts first.

    Raises
    ------
    NotFoundError
        When the run has no homes on roofs.
    """
    named = headline_of(results)
    if named is None:
        first = results.table("roof_units").sort_values(["age_rule", "roof_variant"]).iloc[0]
        named = str(first["age_rule"]), str(first["roof_variant"])
    return named


def buildings_table(results: Results) -> Frame:
    """Return one row per building: its complex, evidence, verdict, homes at the headline, and what is missing.

    Returns
    -------
        Key ``bag_pand_id``, ordered by expected homes (most first, unknown after the known), then by id. Verdict,
        homes, lift and what is missing are those of the headline's age rule and way of topping up;
        ``n_units_expected@<age rule>`` are the homes under another age rule. Homes are null where the verdict is
        unknown. ``complex`` is the owner's code where the portfolio gives one, else the complex found.
    """
    age_rule, roof_variant = headline(results)
    units = results.table("roof_units")
    units = units[units["roof_variant"] == roof_variant].drop(columns="roof_variant")
    table = units[units["age_rule"] == age_rule].drop(columns="age_rule")
    for other, rows in units[units["age_rule"] != age_rule].groupby("age_rule", sort=True):
        narrow = rows[["bag_pand_id", "n_units_expected"]].rename(
            columns={"n_units_expected": f"n_units_expected@{other}"}
        )
        table = table.merge(narrow, on="bag_pand_id", how="left")
    roofs = results.table("roofs")
    there = [name for name in (*_OF_BUILDING, "owner_complex_code") if name in roofs]
    table = table.merge(roofs[["bag_pand_id", *there]], on="bag_pand_id", how="left")
    if results.has("complexes"):
        found = results.table("complexes")[["bag_pand_id", "complex_id", "n_buildings", "block_form"]]
        found = found.rename(columns={"n_buildings": "n_buildings_complex"})
        table = table.merge(found, on="bag_pand_id", how="left")
    if results.has("lookalikes"):
        table = table.merge(results.table("lookalikes"), on="bag_pand_id", how="left")
    if name := results.first_of("portfolio_matches", "canonical/portfolio_matches"):
        table = table.merge(_portfolio_rows(results.table(name)), on="bag_pand_id", how="left")
    table["complex"] = complex_of(table)
    by = ["n_units_expected", "bag_pand_id"]
    ordered = table.sort_values(by, ascending=[False, True], na_position="last", ignore_index=True)
    others = [name for name in map(str, ordered) if "@" in name]
    front = [name for name in (*_FRONT, *others) if name in ordered]
    return ordered[[*front, *(name for name in ordered if name not in (*front, "owner_complex_code"))]]


def complex_of(buildings: Frame) -> pd.Series[Any]:
    """Return the complex of each building: the owner's code where there is one, else the block, else its own id."""
    codes = [buildings[name] for name in ("owner_complex_code", "complex_id", "bag_pand_id") if name in buildings]
    return pd.concat(codes, axis=1).bfill(axis=1).iloc[:, 0]


def complexes_table(buildings: Frame) -> Frame:
    """Return one row per complex, ranked by the homes that fit; what is unknown is counted apart, never as none.

    Parameters
    ----------
    buildings
        As :func:`buildings_table` gives it.

    Returns
    -------
        Key ``complex``. Sums are over the buildings that are known, null where none is; building years and storeys
        are the lowest and highest known; lists hold each entry once. Rank 1 holds the most homes expected, ties by
        the high bound, then by floor area, then by the complex's name. Complexes of which every building is unknown
        come last and have no rank: what they hold is not known to be more than anything.

    Notes
    -----
    Law: buildings per verdict add up to the buildings of the complex.
    """
    keyed = buildings.sort_values("bag_pand_id", kind="stable")
    grouped = keyed.groupby("complex", sort=True, observed=True)
    table = pd.DataFrame({"verdict": grouped["verdict"].agg(_best), "n_buildings": grouped.size()})
    for verdict in VERDICTS:
        table[f"n_{verdict}"] = keyed["verdict"].eq(verdict).groupby(keyed["complex"]).sum().astype("Int64")
    others = [name for name in map(str, keyed) if "@" in name]
    for name in (*_UNITS, *others, "n_dwellings"):
        if name in keyed:
            table[name] = grouped[name].sum(min_count=1)
    for name, low, high in (("year_built", "year_from", "year_until"), ("n_storeys", "n_storeys_min", "n_storeys_max")):
        if name in keyed:
            table[low], table[high] = grouped[name].min(), grouped[name].max()
    for name in (
        "block_type",
        "block_form",
        "owner_class",
        "lift_measure",
        "roof_quality",
        "flags",
        "failed_rules",
        "missing_evidence",
    ):
        if name in keyed:
            told = {key: entries_of(some) for key, some in grouped[name] if some.notna().any()}
            table[name] = pd.Series(told, dtype="object")
    for name in ("series_confidence", "series_n_storeys"):
        if name in keyed:
            table[name] = grouped[name].max()
    by = [name for name in ("n_units_expected", "n_units_high", "extra_floor_area_m2") if name in table]
    table = table.reset_index().assign(is_known=(table["n_unknown"] < table["n_buildings"]).to_numpy())
    ranked = table.sort_values(
        ["is_known", *by, "complex"], ascending=[False] * (len(by) + 1) + [True], na_position="last", ignore_index=True
    )
    places = pd.Series(range(1, len(ranked) + 1), dtype="Int64").where(ranked["is_known"])
    ranked.insert(0, "rank", places)
    return ranked.drop(columns="is_known")


def entries_of(cells: Iterable[object]) -> tuple[str, ...]:
    """Return the distinct entries of lists, and texts that stand alone, sorted; nulls are passed over.

    Examples
    --------
    >>> entries_of([("roof_area", "building_height"), ("roof_area",), (), None, "year_built"])
    ('building_height', 'roof_area', 'year_built')
    """
    told = [(one,) if isinstance(one, str) else entries(one) for one in cells]
    return tuple(sorted({name for some in told for name in some}))


def _portfolio_rows(matches: Frame) -> Frame:
    """Return the rows of the portfolio per building, and what the first of them was looked up by."""
    ordered = matches.sort_values("portfolio_row")
    return ordered.groupby("bag_pand_id", as_index=False).agg(
        portfolio_rows=("portfolio_row", lambda rows: tuple(map(str, rows))),
        portfolio_key=("portfolio_key", "first"),
    )


def _best(verdicts: Iterable[str]) -> str:
    """Return the best verdict that holds for a building."""
    present = set(verdicts)
    return next(verdict for verdict in VERDICTS if verdict in present)
