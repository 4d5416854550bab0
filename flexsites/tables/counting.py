"""Which pieces count for their parcel: one rule, for stages, runs and reports alike. Source: METHOD 0, "Verdict"."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.tables.contract import Frame


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
