"""Totals of roofs: buildings and homes per age rule and way of topping up, with what is unknown counted apart.

The headline is one of the combinations; every other is a variant, and their range stands beside it. Dwellings, shops
and offices are counted apart, per gemeente and owner class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from flexsites.tables import Frame

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
_GOOD = ("eligible", "conditional")
_UNKNOWN = "unknown"
_SUMMED = ("n_units_low", "n_units_expected", "n_units_high", "extra_floor_area_m2")


def roof_totals(roof_units: Frame) -> Frame:
    """Total the roofs per age rule, variant and verdict.

    Parameters
    ----------
    roof_units
        RoofUnits, key ``(bag_pand_id, age_rule, roof_variant)``.

    Returns
    -------
        Key ``(age_rule, roof_variant, verdict)``: ``n_buildings``, homes and ``extra_floor_area_m2`` where the table
        has them. Expected homes on roofs whose verdict is unknown are null in the input and stay out of the sum: so
        their buildings are a row of their own. Low and high are null too where evidence is missing; where what is known
        does not decide, none up to the high number fit. Age rules and variants are alternatives: never add them.
    """
    ordered = roof_units.sort_values(["bag_pand_id", "age_rule", "roof_variant"], kind="stable")
    keys = ["age_rule", "roof_variant", "verdict"]
    grouped = ordered.groupby(keys, observed=True)
    summed = grouped[[name for name in _SUMMED if name in ordered]].sum(min_count=1)
    summed.insert(0, "n_buildings", grouped.size().astype("Int64"))
    pairs = ordered[["age_rule", "roof_variant"]].drop_duplicates().sort_values(["age_rule", "roof_variant"])
    index = pd.MultiIndex.from_tuples(
        [(*pair, verdict) for pair in pairs.itertuples(index=False, name=None) for verdict in _VERDICTS], names=keys
    )
    table = summed.reindex(index)
    table["n_buildings"] = table["n_buildings"].fillna(0)
    # No building holds no home, and that is known.
    return table.mask(table["n_buildings"] == 0, 0).reset_index()


def roof_groups(roofs: Frame, roof_units: Frame, *, headline: tuple[str, str]) -> Frame:
    """Total the roofs at the headline per gemeente, owner class and quality, blocks of each type apart.

    Parameters
    ----------
    roofs
        Roofs, key ``bag_pand_id``, with ``gemeente_code`` and ``owner_class``.
    roof_units
        RoofUnits, with ``block_type`` and ``roof_quality``.
    headline
        The age rule and the way of topping up that the run puts first.

    Returns
    -------
        Key ``(group_kind, group_code, block_type, verdict)``: ``n_buildings``, homes and ``extra_floor_area_m2``.
        Only what occurs has a row. ``group_kind`` is ``run``, ``gemeente``, ``owner_class`` or ``roof_quality``; a
        building whose group or type is not known counts under ``unknown``. Groups of one kind add up to the run;
        expected homes of unknown buildings are null and stay out of the sum.
    """
    at = (roof_units["age_rule"] == headline[0]) & (roof_units["roof_variant"] == headline[1])
    of_roofs = roofs[["bag_pand_id", "gemeente_code", "owner_class"]]
    rows = roof_units[at].merge(of_roofs, on="bag_pand_id", how="left").sort_values("bag_pand_id", kind="stable")
    kinds: dict[str, Any] = {"run": "run", "gemeente": rows["gemeente_code"], "owner_class": rows["owner_class"]}
    kinds["roof_quality"] = rows["roof_quality"]
    frames = []
    for kind, code in kinds.items():
        keyed = rows.assign(group_kind=kind, group_code=code)
        keyed[["group_code", "block_type"]] = keyed[["group_code", "block_type"]].astype(object).fillna(_UNKNOWN)
        grouped = keyed.groupby(["group_kind", "group_code", "block_type", "verdict"], observed=True)
        summed = grouped[[name for name in _SUMMED if name in keyed]].sum(min_count=1)
        summed.insert(0, "n_buildings", grouped.size().astype("Int64"))
        frames.append(summed.reset_index())
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True, slots=True)
class RoofRange:
    """Homes expected at the headline, and over every combination of age rule and variant that adds homes."""

    headline: float
    lowest: float
    highest: float


def roof_range(totals: Frame, *, headline: tuple[str, str]) -> RoofRange | None:
    """Return the homes expected at the headline and the range over all combinations; the headline is among them.

    Parameters
    ----------
    totals
        As `roof_totals` gives them.
    headline
        The age rule and the way of topping up that the run puts first.

    Returns
    -------
        None where of no roof at the headline anything is known. A combination that adds floor area and no homes
        (maisonettes) is no lower bound of homes and is left out, and so is one of which nothing is known.

    Examples
    --------
    >>> rows = [("stec", "strict", 240), ("stec", "cost", 264), ("load", "cost", 394)]
    >>> totals = pd.DataFrame(rows, columns=["age_rule", "roof_variant", "n_units_expected"])
    >>> told = totals.assign(verdict="eligible", n_buildings=9, extra_floor_area_m2=1.0)
    >>> roof_range(told, headline=("stec", "strict"))
    RoofRange(headline=240.0, lowest=240.0, highest=394.0)
    """
    pairs = ["age_rule", "roof_variant"]
    is_told = (totals["verdict"] != _UNKNOWN) & (totals["n_buildings"] > 0)
    told = totals[is_told].set_index(pairs)
    good = told[told["verdict"].isin(_GOOD)]
    homes = good.groupby(pairs)["n_units_expected"].sum().reindex(told.index.unique(), fill_value=0)
    area = good.groupby(pairs)["extra_floor_area_m2"].sum().reindex(homes.index, fill_value=0)
    adds_homes = homes[(homes > 0) | (area == 0) | (homes.index == headline)]
    if headline not in adds_homes.index:
        return None
    return RoofRange(float(adds_homes[headline]), float(adds_homes.min()), float(adds_homes.max()))
