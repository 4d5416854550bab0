"""Stage 4 for parcels: the common programme, the number for everything that spans flexmilieus."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.capacity.kernels.counts import common_programme
from flexsites.config.counting import Counting
from flexsites.config.dwellings import ESTIMATES, Estimate
from flexsites.tables import CommonProgrammes, Exclusions, Frame, Pieces
from flexsites.tables.counting import counts
from flexsites.tables.stage import stage


@stage(takes=(Pieces, Exclusions), gives=CommonProgrammes)
def programme_in_common(
    pieces: Frame, exclusions: Frame, *, counting: Counting, estimate: Estimate = "expected"
) -> Frame:
    """Count the common programme of every parcel: homes of any kind at a common density, not rounded.

    Parameters
    ----------
    pieces, exclusions
        Pieces of both readings, and the verdict of their parcels: the pieces that count for it are built on; of an
        unknown parcel all that may remain, of an excluded one nothing.
    counting
        Homes per gross hectare.
    estimate
        Which estimate is counted as the expected one.

    Returns
    -------
        One row per parcel. Law: homes / area is the same of every parcel, so they may be added over land.
    """
    counting_pieces = pieces[counts(pieces, exclusions["site_id"], exclusions["verdict"])]
    cores = counting_pieces.groupby("site_id")["core_area_m2"].sum()
    verdict = exclusions["verdict"].to_numpy(dtype=object)
    area = np.select(
        [verdict == "excluded", verdict == "unknown"],
        [0.0, exclusions["buildable_area_m2"].to_numpy(dtype=np.float64)],
        cores.reindex(exclusions["site_id"], fill_value=0.0).to_numpy(dtype=np.float64),
    )
    per_ha = counting.common_homes_per_ha
    homes = common_programme(area, [per_ha.at(one) for one in ("low", estimate, "high")])
    told = {f"n_common_{one}": homes[i] for i, one in enumerate(ESTIMATES)}
    return pd.DataFrame({"site_id": exclusions["site_id"], "programme_area_m2": area, **told})
