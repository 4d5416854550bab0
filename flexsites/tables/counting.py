"""Which pieces count for their parcel, and how locations are listed: one rule each, for stages, runs and reports.

Source: METHOD 0, "Verdict" and "Suitability".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.tables.contract import Frame

AVAILABLE = ("eligible", "conditional")
"""The verdicts of what is available: consent may be needed."""

OWNERS_LISTED = (
    "gemeente", "corporatie", "provincie", "rijk", "waterschap", "natuurorganisatie", "commercieel", "particulier",
    "onbekend",
)  # fmt: skip
"""The order in which owners are listed within a rank; unknown owners come last."""


def listed(rows: Frame) -> Frame:
    """Return locations in the order in which they are listed: rank, owner, homes of one place falling, id.

    Parameters
    ----------
    rows
        ``rank``, ``owner_class_largest``, ``n_per_cluster_expected`` and ``location_id``, of one flexmilieu.

    Examples
    --------
    >>> rows = pd.DataFrame({"rank": [1, 1, 1], "owner_class_largest": ["particulier", None, "gemeente"],
    ...                      "n_per_cluster_expected": [9, 9, 5], "location_id": ["a", "b", "c"]})
    >>> listed(rows)["location_id"].tolist()
    ['c', 'a', 'b']
    """
    place = {name: i for i, name in enumerate(OWNERS_LISTED)}
    owner = rows["owner_class_largest"].map(place).astype("float64").fillna(len(place) - 1)
    keyed = rows.assign(_owner=owner, _homes=-rows["n_per_cluster_expected"].astype("int64"))
    ordered = keyed.sort_values(["rank", "_owner", "_homes", "location_id"], kind="stable", ignore_index=True)
    return ordered.drop(columns=["_owner", "_homes"])


def counts(pieces: Frame, site_id: pd.Series[Any], verdict: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Return which pieces count: the valid ones; of an eligible parcel those that need no consent.

    Parameters
    ----------
    pieces
        Pieces of both readings.
    site_id, verdict
        The parcels and their verdicts; every piece's parcel is among them.

    Examples
    --------
    >>> pieces = pd.DataFrame({"site_id": ["a", "a", "b"], "is_valid": True, "is_with_consent": [True, False, True],
    ...                        "is_without_consent": [False, True, False]})
    >>> counts(pieces, pd.Series(["a", "b"]), pd.Series(["eligible", "conditional"])).tolist()
    [False, True, True]
    """
    eligible = pd.Index(site_id[(verdict == "eligible").to_numpy()])
    is_eligible = pieces["site_id"].isin(eligible).to_numpy()
    free, given, valid = (pieces[name].to_numpy() for name in ("is_without_consent", "is_with_consent", "is_valid"))
    return np.asarray(valid & np.where(is_eligible, free, given), dtype=bool)
