"""What differs between two runs: which sites are won and lost, and the rule or requirement that did it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.reporting.results import Results, records
from flexsites.tables import Frame, conform
from flexsites.tables.contract import is_true
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.difference_tables import CauseChanges, GemeenteChanges, SiteChanges

_TAKES = ("exclude", "test")
_LEAST_M2 = 0.5
"""A rule that takes so little more land did not decide."""
_NONE = "none"


def site_changes(before: Results, after: Results) -> Frame:
    """Tell which parcels are a site in one of two runs only, and what did it.

    Parameters
    ----------
    before, after
        Two finished runs.

    Returns
    -------
    One row per parcel won or lost. What did it is sought in the run in which it is no site: the excluding rule or piece
    test that takes most more land there than in the other run; of a parcel that stays available, the requirement that
    fails in the flexmilieu it suited best; or what is unknown there. Law: a run compared with itself gives no rows, and
    the other way round won and lost change places with the same causes.
    """
    first, second = (_facts(one) for one in (before, after))
    both = _beside(first, second)
    changed = both[both["is_site_before"] != both["is_site_after"]].copy()
    changed["change"] = np.where(changed["is_site_after"], "won", "lost")
    won = changed["change"] == "won"
    causes = pd.concat([_causes(after, before, changed[~won], "after"), _causes(before, after, changed[won], "before")])
    told = changed.join(causes).reset_index()
    told["gemeente_code"] = told["gemeente_code_after"].fillna(told["gemeente_code_before"])
    return conform(told[SiteChanges.columns], SiteChanges, where="difference", is_result=True)


def cause_changes(changes: Frame) -> Frame:
    """Sum the changes per cause; where no single one did it the cause is *none*."""
    counted = changes.assign(cause=changes["cause"].fillna(_NONE), **_won_and_lost(changes))
    summed = counted.groupby(["cause_kind", "cause"], sort=True)[CauseChanges.columns[2:]].sum().reset_index()
    most = (summed["n_sites_won"] + summed["n_sites_lost_between"]).sort_values(ascending=False, kind="stable").index
    return conform(summed.loc[most].reset_index(drop=True), CauseChanges, where="difference", is_result=True)


def gemeente_changes(before: Results, after: Results, changes: Frame) -> Frame:
    """Sum sites and homes per gemeente in both runs."""
    both = _beside(*(_facts(one) for one in (before, after)))
    code = both["gemeente_code_after"].fillna(both["gemeente_code_before"])
    sums = pd.DataFrame(
        {
            "n_sites_before": both["is_site_before"].groupby(code).sum(),
            "n_sites_after": both["is_site_after"].groupby(code).sum(),
            "n_homes_before": both["n_homes_before"].groupby(code).sum(),
            "n_homes_after": both["n_homes_after"].groupby(code).sum(),
        }
    )
    flows = (
        changes.assign(**_won_and_lost(changes)).groupby("gemeente_code")[["n_sites_won", "n_sites_lost_between"]].sum()
    )
    table = sums.join(flows).fillna(0).rename_axis("gemeente_code").reset_index()
    return conform(table[GemeenteChanges.columns], GemeenteChanges, where="difference", is_result=True)


def _won_and_lost(changes: Frame) -> dict[str, pd.Series[int]]:
    return {
        "n_sites_won": changes["change"].eq("won").astype("int64"),
        "n_sites_lost_between": changes["change"].eq("lost").astype("int64"),
    }


def _facts(results: Results) -> Frame:
    """Return per parcel whether it is a site, its verdict, gemeente and homes."""
    sites = pd.DataFrame(results.table("sites")).set_index("site_id")
    is_site = sites["verdict"].isin(AVAILABLE).to_numpy() & is_true(sites["is_suitable"])
    homes = sites["n_common_expected"].astype("float64").fillna(0.0)
    return pd.DataFrame(
        {
            "is_site": is_site,
            "verdict": sites["verdict"],
            "gemeente_code": sites["gemeente_code"],
            "n_homes": np.where(is_site, homes, 0.0),
        },
        index=sites.index,
    )


def _beside(first: Frame, second: Frame) -> Frame:
    """Return the facts of both runs side by side; of a parcel that one has not, no site there."""
    both = first.add_suffix("_before").join(second.add_suffix("_after"), how="outer").sort_index()
    for when in ("before", "after"):
        both[f"is_site_{when}"] = both[f"is_site_{when}"].astype("boolean").fillna(value=False).astype(bool)
        both[f"n_homes_{when}"] = both[f"n_homes_{when}"].fillna(0.0)
    return both


def _causes(without: Results, having: Results, parcels: Frame, when: str) -> Frame:
    """Return what keeps parcels from being a site in one run that are one in the other."""
    verdict = parcels[f"verdict_{when}"]
    by_rule = _taking_more(without, having, list(parcels.index[verdict == "excluded"]))
    by_criterion = _failing(without, having, list(parcels.index[verdict.isin(AVAILABLE)]))
    kinds, causes = [], []
    for site_id, told in verdict.items():
        kind, cause = "other", None
        if pd.isna(told):
            kind = "not_in_run"
        elif told == "unknown":
            kind = "unknown"
        elif site_id in by_rule:
            kind, cause = "rule", by_rule[site_id]
        elif site_id in by_criterion:
            kind, cause = by_criterion[site_id]
        kinds.append(kind)
        causes.append(cause)
    return pd.DataFrame({"cause_kind": kinds, "cause": pd.array(causes, dtype="str")}, index=parcels.index)


def _taking_more(without: Results, having: Results, ids: list[object]) -> dict[object, str]:
    """Return per parcel the rule or piece test that takes most more land in one run than in the other."""
    taken = []
    for results in (without, having):
        reasons = results.table("reasons")
        own = reasons[reasons["site_id"].isin(ids) & reasons["effect"].isin(_TAKES)]
        taken.append(own.set_index(["site_id", "rule_id"])["attributed_area_m2"].fillna(0.0))
    more = taken[0].sub(taken[1], fill_value=0.0).rename("more").reset_index()
    more = more[more["more"] > _LEAST_M2].sort_values(["site_id", "more", "rule_id"], ascending=[True, False, True])
    return dict(zip(*(more.drop_duplicates("site_id")[name] for name in ("site_id", "rule_id")), strict=True))


def _failing(without: Results, having: Results, ids: list[object]) -> dict[object, tuple[str, str | None]]:
    """Return per parcel the requirement that fails, or is unknown, in the flexmilieu that suited it best."""
    suited = having.table("suitability")
    suited = suited[suited["site_id"].isin(ids) & is_true(suited["is_suitable"])]
    best = suited.sort_values(["site_id", "score", "flexmilieu"], ascending=[True, False, True]).drop_duplicates(
        "site_id"
    )
    now = without.table("suitability")[["site_id", "flexmilieu", "is_suitable", "failed_criterion", "unknown_criteria"]]
    found: dict[object, tuple[str, str | None]] = {}
    for row in records(best[["site_id", "flexmilieu"]].merge(now, on=["site_id", "flexmilieu"])):
        if not pd.isna(row.failed_criterion):
            found[row.site_id] = ("criterion", str(row.failed_criterion))
        elif len(row.unknown_criteria):
            found[row.site_id] = ("unknown", str(row.unknown_criteria[0]))
    return found
