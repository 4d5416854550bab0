"""Stage 4 for parcels: the common programme, the number for everything that spans flexmilieus."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.capacity.kernels.counts import common_programme
from flexsites.config.counting import Counting
from flexsites.config.estimates import ESTIMATES, Estimate
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

    Examples
    --------
    >>> from flexsites.capacity.common_programme import programme_in_common
    >>> from flexsites.tables import Exclusions
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> exclusions = plain(Exclusions, site_id=["a"], verdict="eligible")
    >>> found = programme_in_common(plain_pieces(plot()), exclusions, counting=demo().settings.counting)
    >>> found[["site_id", "programme_area_m2", "n_common_expected"]].to_numpy().tolist()
    [['a', 5000.0, 30.0]]
    """
    area = area_in_common(pieces, exclusions)
    return programme_on(exclusions["site_id"], area, counting=counting, estimate=estimate)


def area_in_common(pieces: Frame, exclusions: Frame) -> npt.NDArray[np.float64]:
    """Return of each parcel the core area that its common programme is built on, in the order of the parcels.

    Parameters
    ----------
    pieces, exclusions
        As for `programme_in_common`.
    """
    counting_pieces = pieces[counts(pieces, exclusions["site_id"], exclusions["verdict"])]
    cores = counting_pieces.groupby("site_id")["core_area_m2"].sum()
    verdict = exclusions["verdict"].to_numpy(dtype=object)
    return np.select(
        [verdict == "excluded", verdict == "unknown"],
        [0.0, exclusions["buildable_area_m2"].to_numpy(dtype=np.float64)],
        cores.reindex(exclusions["site_id"], fill_value=0.0).to_numpy(dtype=np.float64),
    )


def programme_on(
    site_id: pd.Series[Any], area_m2: npt.NDArray[np.float64], *, counting: Counting, estimate: Estimate = "expected"
) -> Frame:
    """Return the common programme of parcels whose area for it is known.

    Parameters
    ----------
    site_id, area_m2
        The parcels, and of each the core area that it is built on.
    counting, estimate
        As for `programme_in_common`.
    """
    per_ha = counting.common_homes_per_ha
    homes = common_programme(area_m2, [per_ha.at(one) for one in ("low", estimate, "high")])
    told = {f"n_common_{one}": homes[i] for i, one in enumerate(ESTIMATES)}
    return pd.DataFrame({"site_id": site_id, "programme_area_m2": area_m2, **told})
