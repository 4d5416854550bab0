"""Small homes in back gardens of corner homes: a table in, a table out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.capacity.kernels.gardens import may_be_built_on
from flexsites.config.estimates import ESTIMATES, Estimate
from flexsites.config.gardens import Gardens as Figures
from flexsites.tables import Frame
from flexsites.tables.gardens_tables import GardenHomes, ListedGardens
from flexsites.tables.stage import stage

__all__ = ["homes_in_gardens"]

Bools = NDArray[np.bool_]


@stage(takes=ListedGardens, gives=GardenHomes)
def homes_in_gardens(gardens: Frame, *, figures: Figures) -> Frame:
    """Tell in which gardens a small home fits, and how many homes that makes of many.

    Parameters
    ----------
    gardens
        Back gardens: whether of a corner home, area, width and what is built on them, each where it is known.
    figures
        What a home takes and leaves, what may be built on, and who takes part.

    Returns
    -------
    One row per garden, in the order of their ids. Laws: low <= expected <= high; a garden in which no home fits
    whatever is not known of it has none; else what is not known is never 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from flexsites.capacity.gardens import homes_in_gardens
    >>> from flexsites.config.gardens import Gardens
    >>> from flexsites.config.load import configs_directory, read_model
    >>> gardens = pd.DataFrame(
    ...     {
    ...         "garden_id": ["a", "b", "c"],
    ...         "is_corner": pd.array([True, False, None], dtype="boolean"),
    ...         "garden_area_m2": [185.0, 185.0, 185.0],
    ...         "garden_width_m": [9.5, 9.5, 9.5],
    ...         "garden_built_m2": [12.0, None, 12.0],
    ...     }
    ... )
    >>> told = homes_in_gardens(gardens, figures=read_model(configs_directory() / "gardens.yaml", Gardens))
    >>> told[["garden_outcome", "n_that_fit_expected"]].to_numpy().tolist()
    [['fits', 1], ['no_corner', 0], [nan, <NA>]]
    """
    rows = gardens.sort_values("garden_id", ignore_index=True)
    is_corner = rows["is_corner"].to_numpy(dtype=np.float64, na_value=np.nan)
    told: dict[str, Any] = {}
    outcomes: list[NDArray[np.bool_]] = []
    for estimate in ESTIMATES:
        too_full, too_narrow, is_unknown = _tests(rows, figures, estimate)
        fails = (is_corner == 0) | too_full | too_narrow
        fits = np.where(fails, 0.0, np.where(is_unknown | np.isnan(is_corner), np.nan, 1.0))
        told[f"n_that_fit_{estimate}"] = pd.array(fits, dtype="Float64").astype("Int64")
        told[f"garden_homes_{estimate}"] = fits * figures.willing_share.at(estimate)
        # Those of the last estimate stay, that of the most homes: what fails there fails in all.
        outcomes = [is_corner == 0, too_full, too_narrow, np.isnan(fits)]
    outcome = np.select(outcomes, ["no_corner", "too_full", "too_narrow", ""], "fits").astype(object)
    outcome[outcome == ""] = None
    return rows.assign(garden_outcome=outcome, **told)[GardenHomes.columns]


def _tests(rows: Frame, figures: Figures, estimate: Estimate) -> tuple[Bools, Bools, Bools]:
    """Return which gardens are known to be too full, known to be too narrow, and of which something is not known."""
    names = ("garden_area_m2", "garden_width_m", "garden_built_m2")
    area, width, built = (rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names)
    starts, shares = np.array([(float(one.from_m2), float(one.share)) for one in figures.built_on]).T
    allowed = may_be_built_on(area, starts, shares, float(figures.most_built_m2))
    # Of a garden of which it is not known what stands on it, at least nothing does.
    taken = np.nan_to_num(built) + figures.home_m2.at(estimate)
    too_full = (taken > allowed) | (area - taken < figures.left_m2.at(estimate))
    too_narrow = width < figures.width_m.at(estimate)
    return too_full, too_narrow, np.isnan(area) | np.isnan(width) | np.isnan(built)
