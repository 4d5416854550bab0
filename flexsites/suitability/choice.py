"""What a choice between sites rests on: the parts of each score, and the sites that no other beats in all respects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from flexsites.arrays import lists
from flexsites.config.suitability import Flexmilieu
from flexsites.suitability.kernels import criteria as c
from flexsites.suitability.kernels.pareto import pareto_front
from flexsites.tables import Accessibility, Exploitation, Frame, Sites, Suitability, concat
from flexsites.tables.choice_tables import ParetoSites, ScoreParts
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.stage import stage

_RESPECTS: Mapping[str, Callable[[Frame], pd.Series[Any]]] = {
    "consent": lambda own: own["verdict"].eq("eligible"),
    "score": lambda own: own["score"],
    "homes": lambda own: own["n_per_cluster_expected"],
    "years": lambda own: own["available_years_expected"],
    # Cents tell no two sites apart: what is written alike is alike.
    "shortfall": lambda own: -own["shortfall_eur_home"].round(),
}
"""What a site is better in, higher is better."""


@stage(takes=(Suitability, Accessibility), gives=ScoreParts)
def tell_scores(suitability: Frame, accessibility: Frame, *, flexmilieus: tuple[Flexmilieu, ...]) -> Frame:
    """Tell of every score what it is made of: the value of each measure, what that is worth, and how much it counts.

    Parameters
    ----------
    suitability
        The sites and flexmilieus to tell of.
    accessibility
        The measures of their pieces. A site's score is that of one of its pieces: the one whose score it is.
    flexmilieus
        Their weights and value functions.

    Returns
    -------
    One row per site, flexmilieu and weighted measure. Law: the contributions of a site sum to its score there.

    Examples
    --------
    >>> from flexsites.suitability.choice import tell_scores
    >>> from flexsites.tables import Accessibility, Suitability
    >>> from flexsites.worlds.plain import demo, plain
    >>> campus = next(one for one in demo().flexmilieus if one.id == "campus")
    >>> weighed = campus.weighted[0]
    >>> judged = plain(Suitability, site_id=["a"], flexmilieu="campus", score=1.0)
    >>> reached = plain(
    ...     Accessibility, piece_id=["a#1"], site_id="a", measure=weighed.measure, value=float(weighed.full_at),
    ...     status="reached",
    ... )
    >>> told = tell_scores(judged, reached, flexmilieus=(campus,))
    >>> told[["site_id", "worth", "weight_share", "contribution"]].to_numpy().tolist()  # nothing else is known
    [['a', 1.0, 1.0, 1.0]]
    """
    told = [_of_flexmilieu(suitability, accessibility, one) for one in flexmilieus]
    return concat(told, ScoreParts).sort_values(["site_id", "flexmilieu", "measure"], ignore_index=True)


def _of_flexmilieu(suitability: Frame, accessibility: Frame, flexmilieu: Flexmilieu) -> Frame:
    scored = suitability.loc[suitability["flexmilieu"] == flexmilieu.id, ["site_id", "score"]].dropna()
    weights = pd.DataFrame(
        {
            "measure": [one.measure for one in flexmilieu.weighted],
            "full_at": [one.full_at.value for one in flexmilieu.weighted],
            "zero_at": [one.zero_at.value for one in flexmilieu.weighted],
            "weight": [one.weight.value for one in flexmilieu.weighted],
        }
    )
    rows = accessibility.loc[accessibility["site_id"].isin(scored["site_id"])].merge(weights, on="measure")
    rows = pd.DataFrame(rows[rows["status"] != "unknown"])
    worth = np.empty(len(rows))
    for _, own in rows.reset_index(drop=True).groupby("measure"):
        value, unreached = own["value"].to_numpy(dtype=np.float64), own["status"].eq("unreached").to_numpy(dtype=bool)
        ends = {name: float(own[name].iloc[0]) for name in ("full_at", "zero_at")}
        worth[own.index] = c.linear_value(value, unreached, **ends)
    rows = rows.assign(worth=worth)
    rows = rows.assign(weight_share=rows["weight"] / rows.groupby("piece_id")["weight"].transform("sum"))
    rows = rows.assign(contribution=rows["worth"] * rows["weight_share"])
    by_piece = rows.groupby(["site_id", "piece_id"])["contribution"].sum().reset_index().merge(scored, on="site_id")
    by_piece = by_piece.assign(off=(by_piece["contribution"] - by_piece["score"]).abs().round(9))
    deciding = by_piece.sort_values(["site_id", "off", "piece_id"]).drop_duplicates("site_id")["piece_id"]
    mine = rows[rows["piece_id"].isin(deciding)]
    return mine.assign(flexmilieu=flexmilieu.id, measured_value=mine["value"])[ScoreParts.columns]


@stage(takes=(Sites, Suitability, Exploitation), gives=ParetoSites)
def unbeaten_sites(sites: Frame, suitability: Frame, exploitation: Frame) -> Frame:
    """Return per flexmilieu the sites that no other beats: in consent, score, homes, years and shortfall per home.

    Returns
    -------
    One row per available, suitable site for which there is no other that is as good in all five and better in one. What
    is unknown of a site counts as the least. Ranks follow the verdict and the score alone, so that a site of a low rank
    may be among them: it tells in what it is better than the best-ranked one.

    Examples
    --------
    >>> from flexsites.suitability.choice import unbeaten_sites
    >>> from flexsites.tables import Exploitation, Sites, Suitability, empty
    >>> from flexsites.worlds.plain import plain, plot
    >>> sites = plain(Sites, [plot(), plot(200), plot(400)], site_id=["a", "b", "c"], verdict="eligible")
    >>> judged = plain(
    ...     Suitability, site_id=["a", "b", "c"], flexmilieu="campus", n_per_cluster_expected=[40, 30, 60],
    ...     score=[0.9, 0.8, 0.2], rank=[1, 2, 105],
    ... )
    >>> unbeaten_sites(sites, judged, empty(Exploitation))[["site_id", "rank", "better_in"]].to_numpy().tolist()
    [['a', 1, ()], ['c', 105, ('homes',)]]
    """
    columns = ["site_id", "verdict", "available_years_expected"]
    there = pd.DataFrame(sites.loc[sites["verdict"].isin(AVAILABLE), columns])
    ranked = suitability.loc[suitability["rank"].notna() & (suitability["n_per_cluster_expected"] > 0)].merge(
        there, on="site_id"
    )
    costs = exploitation[["site_id", "flexmilieu", "shortfall_eur_home"]]
    ranked = ranked.merge(costs, on=["site_id", "flexmilieu"], how="left").sort_values(["rank", "site_id"])
    told = []
    for _, own in ranked.groupby("flexmilieu", sort=True):
        values = np.column_stack([of(own).to_numpy(dtype=np.float64, na_value=np.nan) for of in _RESPECTS.values()])
        front = pareto_front(values)
        known = np.nan_to_num(values[front], nan=-np.inf)
        better = [tuple(np.array(list(_RESPECTS))[one].tolist()) for one in known > known[0]]
        told.append(own[front].assign(better_in=lists(better, len(better)))[ParetoSites.columns])
    return concat(told, ParetoSites).sort_values(["flexmilieu", "rank", "site_id"], ignore_index=True)
