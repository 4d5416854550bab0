"""The transit diagnostic: which share of the available locations falls if public transport is required.

PBL found more than 80 % of its locations in Noord-Holland. The same question is asked here before any target group,
in sites, locations, area and homes; where there is no timetable the answer is unknown, not no.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.totals import AVAILABLE
from flexsites.tables import Frame

STAYS, UNKNOWN, FALLS = "stays", "unknown", "falls"
COLUMNS = (
    "variant",
    "quantity",
    "total",
    "stays",
    "falls",
    "unknown",
    "share_falls",
    "share_falls_low",
    "share_falls_high",
)


def transit_diagnostic(
    sites: Frame,
    accessibility: Frame,
    *,
    measures: Mapping[str, str],
    reaches: Mapping[str, Mapping[str, float]],
) -> Frame:
    """Tell what falls if a served stop within reach is required.

    Parameters
    ----------
    sites
        Sites, key ``site_id``; only the available ones (eligible or conditional) are counted.
    accessibility
        Accessibility of valid pieces, key ``(piece_id, measure)``: walking distances in m to the nearest served stop
        of each mode, and in ``complete_to_m`` (where it is given) how far surely none was missed.
    measures
        Mode to measure id, such as ``{"bus": "walk_to_bus"}``.
    reaches
        Variant name to reach in m per mode. Default of the method: 1,125 m for every mode [R]; variant 500 m bus,
        800 m tram and metro, 1,200 m train [A].

    Returns
    -------
        Key ``(variant, quantity)``; ``quantity`` is ``sites``, ``locations``, ``buildable_area_m2`` or
        ``n_units_expected``. ``total = stays + falls + unknown``. ``share_falls`` is falls over what is known and
        null where nothing is known, or no served stop is known at all (then nothing could stay); ``share_falls_low``
        and ``share_falls_high`` take all that is unknown as staying or as falling (null where there is nothing).

    Notes
    -----
    A site stays if one piece reaches one stop; it falls if of every mode it is known that none is within reach: the
    search was complete as far as that. A location stays if one of its sites stays.

    Examples
    --------
    >>> place = pd.DataFrame({"site_id": ["a", "b"], "verdict": "eligible", "location_id": ["1", "2"],
    ...     "buildable_area_m2": [30.0, 10.0], "n_units_expected": [3, 1]})
    >>> reached = pd.DataFrame({"site_id": ["a", "b"], "measure": "walk_to_bus", "value": [400.0, np.nan],
    ...     "status": ["reached", "unreached"]})
    >>> found = transit_diagnostic(place, reached, measures={"bus": "walk_to_bus"}, reaches={"x": {"bus": 500.0}})
    >>> dict(zip(found["quantity"], found["share_falls"].astype(float)))["buildable_area_m2"]
    0.25
    """
    available = sites[sites["verdict"].isin(AVAILABLE)].sort_values("site_id", kind="stable")
    rows = []
    for variant, reach in reaches.items():
        outcome = available["site_id"].map(_outcomes(accessibility, measures, reach)).fillna(UNKNOWN)
        asked = accessibility["measure"].isin([measures[mode] for mode in reach if mode in measures])
        is_served = bool((accessibility["status"][asked] == "reached").any() or not len(available))
        is_searched = bool((accessibility["status"][asked] == "unreached").any())
        rows.extend(_shares(available, outcome.astype("object"), variant, is_known=is_served or is_searched))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _outcomes(accessibility: Frame, measures: Mapping[str, str], reach: Mapping[str, float]) -> pd.Series[str]:
    """Return stays, unknown or falls per site: the best of its pieces and modes decides."""
    limit = {measures[mode]: metres for mode, metres in reach.items() if mode in measures}
    asked = accessibility[accessibility["measure"].isin(limit)]
    value = asked["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    limit_m = asked["measure"].map(limit).to_numpy(dtype=np.float64)
    within = asked["status"].eq("reached").to_numpy(dtype=bool) & (value <= limit_m)
    is_unknown = asked["status"].eq("unknown").to_numpy(dtype=bool)
    # What was not found, or found farther away, is a no only as far as surely nothing was missed.
    complete_m = asked.get("complete_to_m", pd.Series(np.nan, index=asked.index)).to_numpy(dtype=np.float64)
    unknown = np.where(np.isnan(complete_m), is_unknown, complete_m < limit_m)
    level = pd.Series(np.select([within, unknown], [2, 1], 0), index=asked.index)
    best = level.groupby(asked["site_id"]).max()
    # A mode that was not measured at all is not known to be out of reach.
    if set(limit) - set(asked["measure"]) or set(reach) - set(measures):
        best = best.clip(lower=1)
    return best.map({2: STAYS, 1: UNKNOWN, 0: FALLS})


def _shares(available: Frame, outcome: pd.Series[str], variant: str, *, is_known: bool) -> list[dict[str, object]]:
    """Return the four rows of a variant."""
    rank = outcome.map({STAYS: 2, UNKNOWN: 1, FALLS: 0})
    located = rank.groupby(available["location_id"]).max()
    place = located.map({2: STAYS, 1: UNKNOWN, 0: FALLS})
    weights: dict[str, tuple[pd.Series[str], npt.NDArray[np.float64]]] = {
        "sites": (outcome, np.ones(len(outcome))),
        "locations": (place, np.ones(len(place))),
        "buildable_area_m2": (outcome, available["buildable_area_m2"].to_numpy(dtype=np.float64)),
        "n_units_expected": (outcome, available["n_units_expected"].to_numpy(dtype=np.float64, na_value=0.0)),
    }
    return [_row(variant, quantity, found, weight, is_known=is_known) for quantity, (found, weight) in weights.items()]


def _row(
    variant: str, quantity: str, found: pd.Series[str], weight: npt.NDArray[np.float64], *, is_known: bool
) -> dict[str, object]:
    """Return one row: what stays, falls and is unknown, and the shares."""
    stays, falls, unknown = (float(weight[(found == name).to_numpy()].sum()) for name in (STAYS, FALLS, UNKNOWN))
    total, sure = stays + falls + unknown, stays + falls
    return {
        "variant": variant,
        "quantity": quantity,
        "total": total,
        "stays": stays,
        "falls": falls,
        "unknown": unknown,
        "share_falls": falls / sure if sure and is_known else np.nan,
        "share_falls_low": falls / total if total else np.nan,
        "share_falls_high": (falls + unknown) / total if total else np.nan,
    }
