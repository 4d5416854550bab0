"""The ledger of one parcel, whole: the rules that cover it, and those of which that is not known in full."""

from __future__ import annotations

import pandas as pd

from flexsites.reporting.results import Results
from flexsites.tables import Frame, Reasons, concat

_AREAS = ("covered_area_m2", "attributed_area_m2", "unique_area_m2")


def ledger_of(results: Results, site_id: str) -> Frame:
    """Return the ledger of a parcel in the order of its rules' ids.

    The run keeps a row where a rule covers area; what is said of a rule's source is kept once for all parcels alike in
    it, and joined here: a rule that covers nothing as far as is known, but whose source does not speak about the whole
    parcel, has a row with no area.

    Parameters
    ----------
    results
        An opened run with sites and reasons.
    site_id
        A parcel of the run.

    Returns
    -------
        Reasons of the parcel; a rule without a row covers nothing, and that is known.
    """
    reasons = results.table("reasons")
    own = reasons[reasons["site_id"] == site_id]
    sites, told = results.table("sites"), results.table("rule_coverage")
    here = told[told["rule_coverage_id"].isin(sites.loc[sites["site_id"] == site_id, "rule_coverage_id"])]
    here = here[~here["rule_id"].isin(own["rule_id"])]
    silent = pd.DataFrame(here.assign(site_id=site_id, **dict.fromkeys(_AREAS, 0.0)))[Reasons.columns]
    return concat([own, silent], Reasons).sort_values("rule_id", ignore_index=True)
