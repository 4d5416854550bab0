"""The homes that are short for homeless people, by type and place: a table in, a table out; the demand of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flexsites.config.estimates import ESTIMATES
from flexsites.config.homelessness import Homelessness as Figures
from flexsites.tables import Frame
from flexsites.tables.homelessness_tables import HomelessCounts, HomesShort
from flexsites.tables.stage import stage

__all__ = ["demand_of", "homes_short"]


@stage(takes=HomelessCounts, gives=HomesShort)
def homes_short(counts: Frame, *, figures: Figures) -> Frame:
    """Tell how many homes are short: people x share who need one / adults per home, less what is planned.

    Parameters
    ----------
    counts
        People by gemeente and type, each number where it is known.
    figures
        By type the target group, the share who need a home, and the adults who share one.

    Returns
    -------
    One row per gemeente, type and target group; rows of a list that come to the same group are added up, and unknown
    where one of them is. Laws: low <= expected <= high; never below 0; homes of one row are rounded half-even.

    Examples
    --------
    >>> import pandas as pd
    >>> from flexsites.config.homelessness import Homelessness
    >>> from flexsites.config.load import configs_directory, read_model
    >>> from flexsites.suitability.shortage import homes_short
    >>> counts = pd.DataFrame(
    ...     {
    ...         "gemeente_code": "GM0166",
    ...         "homelessness_type": ["shelter", "unconventional"],
    ...         "count_id": [0, 1],
    ...         "n_people": pd.array([20, None], dtype="Int64"),
    ...         "n_homes_planned": pd.array([10, None], dtype="Int64"),
    ...         "given_group": [None, None],
    ...     }
    ... )
    >>> told = homes_short(counts, figures=read_model(configs_directory() / "homelessness.yaml", Homelessness))
    >>> told[["homelessness_type", "target_group", "n_homes_short_expected"]].to_numpy().tolist()
    [['shelter', 'uitstromers', 3], ['unconventional', 'economisch_daklozen', <NA>]]
    """
    types = counts["homelessness_type"]
    of_type = types.map({name: one.target_group for name, one in figures.by_type.items()})
    rows = counts.assign(target_group=counts["given_group"].where(counts["given_group"].notna(), of_type))
    groups = rows.groupby(list(HomesShort.key), sort=True)
    told = groups.agg(
        n_people=("n_people", lambda one: one.sum(skipna=False)), n_homes_planned=("n_homes_planned", _sum_of_given)
    ).reset_index()
    told = told.astype({"n_people": "Int64", "n_homes_planned": "Int64"})
    people, planned = told["n_people"], told["n_homes_planned"]
    short: dict[str, Any] = {}
    for estimate in ESTIMATES:
        per_person = {
            name: one.needing_share.at(estimate) / one.adults_per_home.at(estimate)
            for name, one in figures.by_type.items()
        }
        needed = people.to_numpy(dtype=np.float64, na_value=np.nan) * told["homelessness_type"].map(per_person)
        less = np.rint(needed) - planned.to_numpy(dtype=np.float64, na_value=0.0)
        short[f"n_homes_short_{estimate}"] = pd.Series(np.maximum(less, 0.0), dtype="Float64").astype("Int64")
    expected = short["n_homes_short_expected"]
    outcome = pd.Series(np.where(expected.fillna(0) > 0, "short", "enough"), dtype=object).mask(expected.isna(), None)
    return told.assign(shortage_outcome=outcome, **short)[HomesShort.columns]


def demand_of(short: Frame) -> Frame:
    """Return the expected shortage as the demand of a run reads it: gemeente_code, target_group and n_homes.

    Rows of which the shortage is unknown are no demand, and a group that lacks nothing asks nothing.
    """
    known = short[short["n_homes_short_expected"].notna()]
    sums = known.groupby(["gemeente_code", "target_group"])["n_homes_short_expected"].sum()
    return pd.DataFrame(sums[sums > 0].rename("n_homes").reset_index())


def _sum_of_given(numbers: pd.Series[int]) -> object:
    """Return the sum of those that are given; null where none is."""
    return numbers.sum(min_count=1)
