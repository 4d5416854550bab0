"""Totals of roofs: buildings and homes per age rule and way of topping up, with what is unknown counted apart.

The headline is one of the combinations; every other is a variant, and their range stands beside it. Dwellings, shops
and offices are counted apart, per gemeente and owner class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flexsites.reporting.summaries.sums import Sum, amounts_of, exact
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
_UNKNOWN = "unknown"
_SUMMED = ("n_units_low", "n_units_expected", "n_units_high", "extra_floor_area_m2")
_KNOWN = "_known"
_WAY = ["age_rule", "roof_variant", "verdict"]
_GROUP = ["group_kind", "group_code", "block_type", "verdict"]
_KINDS = ("run", "gemeente", "owner_class", "roof_quality")


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
    return join_roof_totals([part_of_roof_totals(roof_units)])


def part_of_roof_totals(roof_units: Frame) -> Frame:
    """Return what some roofs add to the totals."""
    return _summed(roof_units, _WAY)


def join_roof_totals(parts: Iterable[Frame]) -> Frame:
    """Return the totals of roofs of parts together: the same whatever the parts."""
    sums = _together(parts, _WAY)
    pairs = sums.reset_index()[_WAY[:2]].drop_duplicates().itertuples(index=False, name=None)
    keys = [(*pair, verdict) for pair in pairs for verdict in _VERDICTS]
    table = sums.reindex(pd.MultiIndex.from_tuples(keys, names=_WAY))
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
    return join_roof_groups([part_of_roof_groups(roofs, roof_units, headline=headline)])


def part_of_roof_groups(roofs: Frame, roof_units: Frame, *, headline: tuple[str, str]) -> Frame:
    """Return what some roofs add to the groups; ``roofs`` are those of the units."""
    at = (roof_units["age_rule"] == headline[0]) & (roof_units["roof_variant"] == headline[1])
    of_roofs = roofs[["bag_pand_id", "gemeente_code", "owner_class"]]
    rows = roof_units[at].merge(pd.DataFrame(of_roofs), on="bag_pand_id", how="left")
    kinds: dict[str, Any] = {"run": "run", "gemeente": rows["gemeente_code"], "owner_class": rows["owner_class"]}
    kinds["roof_quality"] = rows["roof_quality"]
    parts = []
    for kind, code in kinds.items():
        keyed = rows.assign(group_kind=kind, group_code=code)
        keyed[["group_code", "block_type"]] = keyed[["group_code", "block_type"]].astype(object).fillna(_UNKNOWN)
        parts.append(_summed(keyed, _GROUP))
    return pd.concat(parts, ignore_index=True)


def join_roof_groups(parts: Iterable[Frame]) -> Frame:
    """Return the groups of parts together, in the order of their kinds: the same whatever the parts."""
    table = _together(parts, _GROUP)
    there = [kind for kind in _KINDS if kind in table.index.get_level_values("group_kind")]
    ordered = [table.xs(kind, level="group_kind", drop_level=False) for kind in there]
    return pd.concat(ordered or [table]).reset_index()


def _summed(rows: Frame, keys: Sequence[str]) -> Frame:
    """Return whole numbers per key: buildings, homes, floor area in parts of 1e-8, and of how many each is known."""
    told = [name for name in _SUMMED if name in rows]
    sums = {"n_buildings": pd.Series(1, index=rows.index)}
    for name in told:
        amount = rows[name]
        sums[name] = pd.Series(exact(amount.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)), rows.index)
        sums[f"{name}{_KNOWN}"] = amount.notna().astype("int64")
    keyed = pd.DataFrame(rows[list(keys)]).assign(**sums)
    return keyed.groupby(list(keys), observed=True).sum().reset_index()


def _together(parts: Iterable[Frame], keys: Sequence[str]) -> Frame:
    """Return the sums of parts per key; null where of no building it is known."""
    sums = Sum(keys)
    for part in parts:
        sums.add(part)
    whole = sums.table()
    table = pd.DataFrame({"n_buildings": whole["n_buildings"].astype("Int64")})
    for name in (one for one in _SUMMED if one in whole):
        amounts = pd.Series(amounts_of(whole[name]), index=whole.index).where(whole[f"{name}{_KNOWN}"] > 0)
        table[name] = amounts if name.endswith("m2") else amounts.astype("Int64")
    return table


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
        (maisonettes) is no lower bound of homes and is left out, and so is one of which nothing is known, or at which
        no roof is known to qualify and some may: its homes are unknown, not zero.

    Examples
    --------
    >>> rows = [("stec", "strict", 240), ("stec", "cost", 264), ("load", "cost", 394)]
    >>> totals = pd.DataFrame(rows, columns=["age_rule", "roof_variant", "n_units_expected"])
    >>> told = totals.assign(verdict="eligible", n_buildings=9, extra_floor_area_m2=1.0)
    >>> roof_range(told, headline=("stec", "strict"))
    RoofRange(headline=240.0, lowest=240.0, highest=394.0)
    """
    pairs = ["age_rule", "roof_variant"]
    there = totals[totals["n_buildings"] > 0].set_index(pairs)
    told, may = there[there["verdict"] != _UNKNOWN], there[there["verdict"] == _UNKNOWN].index
    good = told[told["verdict"].isin(AVAILABLE)]
    known = told.index.unique().difference(may.difference(good.index), sort=False)
    homes = good.groupby(pairs)["n_units_expected"].sum().reindex(known, fill_value=0)
    area = good.groupby(pairs)["extra_floor_area_m2"].sum().reindex(homes.index, fill_value=0)
    adds_homes = homes[(homes > 0) | (area == 0) | (homes.index == headline)]
    if headline not in adds_homes.index:
        return None
    return RoofRange(float(adds_homes[headline]), float(adds_homes.min()), float(adds_homes.max()))
