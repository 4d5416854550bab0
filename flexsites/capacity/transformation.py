"""Homes in vacant buildings, by what they were built for and their floor area: a table in, a table out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.capacity.kernels.transformation import transformed_homes
from flexsites.config.estimates import ESTIMATES
from flexsites.config.transformation import Transformation as Figures
from flexsites.tables import Frame
from flexsites.tables.stage import stage
from flexsites.tables.transformation_tables import Transformation, VacantBuildings

__all__ = ["transform"]


@stage(takes=VacantBuildings, gives=Transformation)
def transform(buildings: Frame, *, figures: Figures) -> Frame:
    """Tell how many homes each vacant building may hold.

    Parameters
    ----------
    buildings
        Vacant buildings: function and floor area, each where it is known.
    figures
        What of a floor area becomes homes, and how large these are.

    Returns
    -------
    One row per building, in the order of their ids. Laws: low <= expected <= high; what is not known is never 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from flexsites.capacity.transformation import transform
    >>> from flexsites.config.load import configs_directory, read_model
    >>> from flexsites.config.transformation import Transformation
    >>> vacant = pd.DataFrame(
    ...     {
    ...         "building_id": ["office", "hall", "shed"],
    ...         "building_function": ["kantoorfunctie", "industriefunctie", None],
    ...         "vacant_area_m2": [2_000.0, 900.0, 400.0],
    ...     }
    ... )
    >>> told = transform(vacant, figures=read_model(configs_directory() / "transformation.yaml", Transformation))
    >>> told[["building_id", "transformation_outcome", "n_transformed_expected"]].to_numpy().tolist()
    [['hall', 'no_homes', 0], ['office', 'homes', 35], ['shed', nan, <NA>]]
    """
    rows = buildings.sort_values("building_id", ignore_index=True)
    area = rows["vacant_area_m2"].to_numpy(dtype=np.float64, na_value=np.nan)
    function, least = rows["building_function"], float(figures.min_floor_area_m2)
    homes = {}
    for estimate in ESTIMATES:
        shares = {name: one.at(estimate) for name, one in figures.usable_share.items()}
        share = function.map(lambda name, of=shares: np.nan if pd.isna(name) else of.get(name, 0.0))
        homes[f"n_transformed_{estimate}"] = pd.array(
            transformed_homes(
                area, share.to_numpy(dtype=np.float64), figures.home_m2.at(estimate), min_floor_area_m2=least
            ),
            dtype="Float64",
        )
    becomes_none = function.notna() & ~function.isin(list(figures.usable_share))
    tests = [np.isnan(area) | function.isna(), becomes_none, area < least]
    outcome = np.select(tests, ["", "no_homes", "too_small"], "homes").astype(object)
    outcome[outcome == ""] = None
    # Nothing is known of a building whose function or area is not.
    told = {name: one.astype("Int64") for name, one in homes.items()}
    frame = rows.assign(transformation_outcome=outcome, **told)
    frame.loc[tests[0], list(told)] = pd.NA
    return frame[Transformation.columns]
