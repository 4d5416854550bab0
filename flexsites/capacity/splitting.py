"""Homes that large homes become when they are split, by their type and year: a table in, a table out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flexsites.capacity.kernels.splitting import homes_when_split
from flexsites.config.estimates import ESTIMATES
from flexsites.config.splitting import Splitting as Figures
from flexsites.tables import Frame
from flexsites.tables.splitting_tables import ListedDwellings, Splitting
from flexsites.tables.stage import stage

__all__ = ["split_dwellings"]


@stage(takes=ListedDwellings, gives=Splitting)
def split_dwellings(dwellings: Frame, *, figures: Figures) -> Frame:
    """Tell how many homes each home becomes if it is split, and how many more that makes of many.

    Parameters
    ----------
    dwellings
        Homes: type, floor area and year, each where it is known.
    figures
        How large homes stay, which are not due, and by type the most homes and the share that lends itself to it.

    Returns
    -------
    One row per home, in the order of their ids. Laws: low <= expected <= high; what is not known is never 1 or 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from flexsites.capacity.splitting import split_dwellings
    >>> from flexsites.config.load import configs_directory, read_model
    >>> from flexsites.config.splitting import Splitting
    >>> homes = pd.DataFrame(
    ...     {
    ...         "dwelling_id": ["a", "b", "c"],
    ...         "dwelling_type": ["portiekwoning", "hoekwoning", None],
    ...         "dwelling_area_m2": [72.0, 20.0, 90.0],
    ...         "dwelling_year_built": pd.array([1958, 1931, 1964], dtype="Int64"),
    ...     }
    ... )
    >>> told = split_dwellings(homes, figures=read_model(configs_directory() / "splitting.yaml", Splitting))
    >>> told[["splitting_outcome", "n_when_split_expected", "extra_homes_expected"]].to_numpy().tolist()
    [['may_split', 2, 0.7], ['too_small', 1, 0.0], [nan, <NA>, nan]]
    """
    rows = dwellings.sort_values("dwelling_id", ignore_index=True)
    area = rows["dwelling_area_m2"].to_numpy(dtype=np.float64, na_value=np.nan)
    year = rows["dwelling_year_built"].to_numpy(dtype=np.float64, na_value=np.nan)
    kinds = rows["dwelling_type"]
    is_other = (kinds.notna() & ~kinds.isin(list(figures.by_type))).to_numpy()
    is_recent = year > float(figures.last_year_built)
    # One of a type that is never split, or that is not due, stays one whatever else is not known of it.
    stays = is_other | is_recent
    is_unknown = ~stays & (kinds.isna().to_numpy() | np.isnan(area) | np.isnan(year))
    told: dict[str, Any] = {}
    most = _by_type(kinds, {name: float(one.most_homes) for name, one in figures.by_type.items()})
    for estimate in ESTIMATES:
        homes = np.where(stays, 1.0, homes_when_split(area, most, figures.home_m2.at(estimate)))
        homes[is_unknown] = np.nan
        shares = {name: one.suitable_share.at(estimate) for name, one in figures.by_type.items()}
        told[f"n_when_split_{estimate}"] = pd.array(homes, dtype="Float64").astype("Int64")
        extra = (homes - 1.0) * np.where(stays, 0.0, _by_type(kinds, shares))
        told[f"extra_homes_{estimate}"] = extra
    largest = told["n_when_split_high"].to_numpy(dtype=np.float64, na_value=np.nan)
    outcomes = [is_unknown, is_other, is_recent, largest < 2]  # noqa: PLR2004 - one home is not split
    outcome = np.select(outcomes, ["", "other_type", "too_recent", "too_small"], "may_split").astype(object)
    outcome[outcome == ""] = None
    return rows.assign(splitting_outcome=outcome, **told)[Splitting.columns]


def _by_type(kinds: pd.Series[str], figures: dict[str, float]) -> np.ndarray:
    """Return a figure of each home's type, shape (n,); NaN where the type is not known or has none."""
    return kinds.map(figures).to_numpy(dtype=np.float64, na_value=np.nan)
