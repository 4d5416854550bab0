"""Supply matched to demand: which need of a gemeente can be met where (METHOD 5).

Per gemeente, whole sites are chosen so that as much of the demand as possible is met; then, in an order that the user
may change, little land that needs consent, little that is not the municipality's, few parcels, few locations. A site
serves one flexmilieu; the groups coupled in it share its homes. Where homes are short no group goes first: the shares
met are as even as possible. Only sites known to be available and suitable meet a demand; what hangs on unknown ones is
told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flexsites.config.run import DEMAND_ORDER, DemandObjective
from flexsites.config.suitability import Flexmilieu
from flexsites.suitability.kernels import matching as m
from flexsites.tables import Demand, DemandSites, DemandTotals, Frame, Sites, Suitability, concat
from flexsites.tables.stage import stage

_AVAILABLE = ("eligible", "conditional")
_OF_THE_SITE = ("site_id", "gemeente_code", "verdict", "owner_class", "location_id")


@dataclass(frozen=True, slots=True)
class _Gemeente:
    """The demand and the options of one gemeente: ``options`` rows of suitability, in the order of rank."""

    code: str
    groups: tuple[str, ...]
    demand: m.Ints
    serves: m.Bools
    options: Frame
    site: m.Ints
    flexmilieu: m.Ints
    homes: m.Ints


@stage(takes=(Demand, Sites, Suitability), gives=DemandSites)
def match_demand(
    demand: Frame,
    sites: Frame,
    suitability: Frame,
    *,
    flexmilieus: tuple[Flexmilieu, ...],
    order: tuple[DemandObjective, ...] = DEMAND_ORDER,
) -> Frame:
    """Match the demand of each gemeente to its sites that are known to be available and suitable.

    Parameters
    ----------
    demand
        Homes asked per gemeente and target group.
    sites, suitability
        All sites of the run, ranked.
    flexmilieus
        Which groups each serves.
    order
        What goes before what, after the demand itself: see :data:`flexsites.config.run.DEMAND_ORDER`. What is left
        equal goes by site_id.

    Returns
    -------
    One row per site and group that is given homes there. Laws: a site serves one flexmilieu, gives no more homes than
    it holds in it, and no group is given more than it asks. A gemeente's rows do not depend on any other's.
    """
    frames = []
    for one in _gemeenten(demand, sites, suitability, flexmilieus, is_known=True):
        first, bound = m.most_met(
            one.site, one.flexmilieu, one.homes, one.serves, one.demand, at_least=np.zeros_like(one.demand)
        )
        given = (one.site, one.flexmilieu, one.homes, one.serves, one.demand)
        chosen, _ = m.best_sites(*given, _objectives(one.options, order), chosen=first)
        kinds, homes = one.flexmilieu[chosen], one.homes[chosen]
        shares = m.even_shares(_capacity(one, chosen), one.serves, one.demand)
        frames.append(_told(one, one.options[chosen], m.fill(kinds, homes, shares), is_most=shares.sum() >= bound))
    return concat(frames, DemandSites)


@stage(takes=(Demand, DemandSites, Sites, Suitability), gives=DemandTotals)
def sum_demand(
    demand: Frame, matched: Frame, sites: Frame, suitability: Frame, *, flexmilieus: tuple[Flexmilieu, ...]
) -> Frame:
    """Tell per gemeente and group what is met, what may be met, and what is not.

    Returns
    -------
    One row per row of the demand. Law: asked = met + possible + unmet. ``possible`` is what would be met besides, at
    most, if every site of which it is unknown turned out to be available and suitable, nobody being given less.
    """
    keys = ["gemeente_code", "target_group"]
    met = matched.groupby(keys)["n_homes_given"].sum()
    n_sites = matched.groupby(keys)["site_id"].nunique()
    proven = matched.groupby("gemeente_code")["is_most"].all()
    table = demand.set_index(keys)
    table["n_homes_met"] = met.reindex(table.index).fillna(0).astype("Int64")
    table["n_sites"] = n_sites.reindex(table.index).fillna(0).astype("Int64")
    possible: dict[tuple[str, str], int] = {}
    fit: dict[tuple[str, str], int] = {}
    unproven: set[str] = set()
    for one in _gemeenten(demand, sites, suitability, flexmilieus, is_known=False):
        asked = pd.MultiIndex.from_product([[one.code], one.groups])
        floor = table["n_homes_met"].reindex(asked).to_numpy(dtype=np.int64)
        chosen, bound = m.most_met(one.site, one.flexmilieu, one.homes, one.serves, one.demand, at_least=floor)
        shares = m.even_shares(_capacity(one, chosen), one.serves, one.demand, first=floor).sum(axis=0)
        unproven |= {one.code} if shares.sum() < bound else set()
        possible |= {(one.code, group): max(int(n), 0) for group, n in zip(one.groups, shares - floor, strict=True)}
    for one in _gemeenten(demand, sites, suitability, flexmilieus, is_known=True):
        fit |= {(one.code, group): _fit_alone(one, i) for i, group in enumerate(one.groups)}
    for name, found in (("n_homes_possible", possible), ("n_homes_fit", fit)):
        table[name] = pd.Series(found, dtype="Int64").reindex(table.index).fillna(0).to_numpy()
    table["n_homes_unmet"] = table["n_homes_asked"] - table["n_homes_met"] - table["n_homes_possible"]
    result = table.reset_index()
    is_most = proven.reindex(result["gemeente_code"]).astype("boolean").fillna(value=True)
    result["is_most"] = (is_most & ~result["gemeente_code"].isin(unproven).to_numpy()).array
    served = {group for flexmilieu in flexmilieus for group in flexmilieu.target_groups}
    result["demand_outcome"] = _outcomes(result, served)
    is_elsewhere = ~result["gemeente_code"].isin(sites["gemeente_code"].dropna())
    counted = ["n_homes_met", "n_homes_possible", "n_homes_unmet", "n_homes_fit", "n_sites"]
    result.loc[is_elsewhere, counted] = pd.NA
    result.loc[is_elsewhere, "demand_outcome"] = "not_assessed"
    return result


def _objectives(options: Frame, order: Sequence[DemandObjective]) -> list[m.Objective]:
    """Return what a choice costs, in order: of land of which a thing is unknown it counts as not so."""
    n = len(options)
    locations = np.unique(options["location_id"].fillna("").to_numpy(dtype=object), return_inverse=True)[1]
    is_municipal = options["owner_class"].eq("gemeente").fillna(value=False).to_numpy(dtype=bool)
    score = options["score"].fillna(0.0).to_numpy(dtype=np.float64)
    known: dict[DemandObjective, m.Objective] = {
        "consent": m.Objective(np.where(options["verdict"].eq("conditional"), 1.0, 0.0)),
        "not_municipal": m.Objective(np.where(is_municipal, 0.0, 1.0)),
        "parcels": m.Objective(np.ones(n)),
        "locations": m.Objective(np.ones(n), locations.astype(np.int64)),
        "score": m.Objective(1.0 - score),
    }
    by_id = np.unique(options["site_id"].to_numpy(dtype=object), return_inverse=True)[1].astype(np.float64)
    return [*(known[one] for one in order), m.Objective(by_id)]


def _gemeenten(
    demand: Frame, sites: Frame, suitability: Frame, flexmilieus: Sequence[Flexmilieu], *, is_known: bool
) -> Iterator[_Gemeente]:
    """Yield each gemeente that asks for homes, with its options: those known, or those that are not known to fail."""
    verdicts = _AVAILABLE if is_known else (*_AVAILABLE, "unknown")
    there = sites.loc[sites["verdict"].isin(verdicts), list(_OF_THE_SITE)]
    # Unknown is a no for what is promised, and a yes for what may still come.
    suits = suitability["is_suitable"].fillna(value=not is_known).astype(bool)
    options = suitability[suits & (suitability["n_per_cluster_expected"] > 0)].merge(there, on="site_id")
    place = {flexmilieu.id: i for i, flexmilieu in enumerate(flexmilieus)}
    options = options.assign(place=options["flexmilieu"].map(place)).dropna(subset=["place"])
    options = options.sort_values(["place", "rank", "site_id"], na_position="last")
    by_gemeente = dict(iter(options.groupby("gemeente_code")))
    for code, asked in demand.sort_values(["gemeente_code", "target_group"]).groupby("gemeente_code", sort=True):
        own = by_gemeente.get(code, options.iloc[:0])
        groups = tuple(asked["target_group"])
        serves = np.array([[group in one.target_groups for group in groups] for one in flexmilieus], dtype=bool)
        serves = serves.reshape(len(flexmilieus), len(groups))
        yield _Gemeente(
            code=str(code),
            groups=groups,
            demand=asked["n_homes_asked"].to_numpy(dtype=np.int64),
            serves=serves,
            options=own,
            site=np.unique(own["site_id"].to_numpy(dtype=object), return_inverse=True)[1].astype(np.int64),
            flexmilieu=own["place"].to_numpy(dtype=np.int64),
            homes=own["n_per_cluster_expected"].to_numpy(dtype=np.int64),
        )


def _capacity(one: _Gemeente, chosen: m.Bools) -> m.Ints:
    """Return the homes per flexmilieu on the options chosen."""
    return np.bincount(one.flexmilieu[chosen], weights=one.homes[chosen], minlength=len(one.serves)).astype(np.int64)


def _fit_alone(one: _Gemeente, group: int) -> int:
    """Return the homes on the gemeente's sites if every one of them were this group's."""
    own = one.serves[one.flexmilieu, group]
    most = np.zeros(int(one.site.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(most, one.site[own], one.homes[own])
    return int(most.sum())


def _told(one: _Gemeente, chosen: Frame, given: m.Ints, *, is_most: bool) -> Frame:
    """Return the rows of one gemeente: what each site gives to each group."""
    option, group = np.nonzero(given)
    rows = chosen.iloc[option]
    return pd.DataFrame(
        {
            "gemeente_code": one.code,
            "site_id": rows["site_id"].to_numpy(),
            "flexmilieu": rows["flexmilieu"].to_numpy(),
            "target_group": [one.groups[i] for i in group],
            "n_homes_given": given[option, group],
            "n_per_cluster_expected": rows["n_per_cluster_expected"].to_numpy(),
            "score": rows["score"].to_numpy(dtype=np.float64),
            "rank": rows["rank"].array,
            "is_most": is_most,
        }
    )


def _outcomes(result: Frame, served: set[str]) -> pd.Series[str]:
    """Return in a word what became of each demand."""
    met, possible, unmet = (result[f"n_homes_{name}"].to_numpy(dtype=np.int64) for name in ("met", "possible", "unmet"))
    is_served = result["target_group"].isin(served).to_numpy()
    words = ["no_flexmilieu", "met", "unknown", "partly"]
    tests = [~is_served, (possible == 0) & (unmet == 0), unmet == 0, met + possible > 0]
    return pd.Series(np.select(tests, words, "unmet"), index=result.index, dtype="str")
