"""What each requirement takes from the sites that the rules leave, per flexmilieu."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from flexsites.reporting.summaries.sums import Sum, amounts_of, exact
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

_REQUIRED = ["flexmilieu", "criterion"]
_OF_REQUIREMENT = ("n_sites_judged", "n_sites_failed", "n_common_failed", "n_sites_unknown")
_UNNAMED, _EVERY = "unnamed", ""


def requirement_table(suitability: Frame, sites: Frame) -> Frame:
    """Tell per flexmilieu and criterion how many available sites fail on it, or cannot be judged for want of it.

    Returns
    -------
        Key ``(flexmilieu, criterion)``: ``n_sites_judged`` (available sites judged for the flexmilieu),
        ``n_sites_failed`` (it is the criterion that fails worst; ``unnamed`` where the table names none),
        ``n_common_failed`` (their common programme), ``n_sites_unknown`` (``is_suitable`` is null and
        this criterion is among the unknown ones; a site may count under several).

    Notes
    -----
    Law: per flexmilieu the failed sites add up to the judged sites with ``is_suitable`` false.
    """
    return join_requirements([part_of_requirements(suitability, sites)])


def part_of_requirements(suitability: Frame, sites: Frame) -> Frame:
    """Return what some sites add to the requirements: whole numbers per flexmilieu and criterion; no criterion: all."""
    available = sites.loc[sites["verdict"].isin(AVAILABLE), ["site_id", "n_common_expected"]]
    judged = suitability.merge(pd.DataFrame(available), on="site_id", validate="many_to_one")
    every = judged[["flexmilieu"]].assign(criterion=_EVERY, n_sites_judged=1)
    failing = judged[~judged["is_suitable"].fillna(value=True).astype(bool)]
    failed = failing[["flexmilieu"]].assign(
        criterion=failing["failed_criterion"].astype("object").fillna(_UNNAMED),
        n_sites_failed=1,
        n_common_failed=exact(failing["n_common_expected"]),
    )
    unsure = judged[judged["is_suitable"].isna()]
    unsure = unsure[["flexmilieu"]].assign(criterion=unsure["unknown_criteria"]).explode("criterion")
    unsure = unsure.assign(criterion=unsure["criterion"].fillna(_UNNAMED), n_sites_unknown=1)
    rows = pd.concat([every, failed, unsure], ignore_index=True).astype({"flexmilieu": "str", "criterion": "str"})
    rows = rows.reindex(columns=[*_REQUIRED, *_OF_REQUIREMENT])
    counted = rows[list(_OF_REQUIREMENT)].fillna(0).astype("int64")
    return pd.concat([rows[_REQUIRED], counted], axis=1).groupby(_REQUIRED).sum().reset_index()


def join_requirements(parts: Iterable[Frame]) -> Frame:
    """Return the requirements of parts together: the same whatever the parts."""
    sums = Sum(_REQUIRED)
    for part in parts:
        sums.add(part)
    rows = sums.table().reset_index()
    n_judged = rows[rows["criterion"] == _EVERY].set_index("flexmilieu")["n_sites_judged"]
    table = rows[rows["criterion"] != _EVERY].reset_index(drop=True)
    table["n_sites_judged"] = table["flexmilieu"].map(n_judged)
    table["n_common_failed"] = amounts_of(table["n_common_failed"])
    whole = dict.fromkeys(("n_sites_judged", "n_sites_failed", "n_sites_unknown"), "Int64")
    by = ["flexmilieu", "n_sites_failed", "n_sites_unknown", "criterion"]
    ordered = table.astype(whole).sort_values(by, ascending=[True, False, False, True], ignore_index=True)
    return ordered[[*_REQUIRED, *_OF_REQUIREMENT]]
