"""Totals of roofs: buildings and homes per age rule and way of topping up, with what is unknown counted apart."""

from __future__ import annotations

import pandas as pd

from flexsites.tables import Frame

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
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
