"""Places that a demand may be met on: clusters of spread supply, and parcels of which it is unknown (METHOD 0 and 9).

A cluster of one flexmilieu and one of another may lie on the same land, and so may those of the two arrangements, with
and without consent. Each place names the land that it takes, so that a choice takes no land twice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from flexsites.tables import Clusters, Frame, concat
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.demand_tables import DemandPlaces
from flexsites.tables.stage import stage

__all__ = ["demand_places", "may_suit"]


@stage(takes=(Clusters,), gives=DemandPlaces)
def demand_places(clusters: Frame, *, pieces: Frame, sites: Frame, suitability: Frame) -> Frame:
    """Return the places that may meet a demand, with the land that each takes.

    Parameters
    ----------
    clusters
        Spread supply, of both arrangements. Their pieces are known to be available and suitable.
    pieces
        ``piece_id, site_id, is_with_consent, is_without_consent, available_years_expected`` of at least their pieces.
    sites
        ``site_id, gemeente_code, owner_class, verdict, location_id, available_years_expected`` of at least the parcels
        that the others name.
    suitability
        ``site_id, flexmilieu, is_suitable, n_per_cluster_expected, score`` of at least the rows that may suit.

    Returns
    -------
    A cluster with the same pieces in both arrangements is told once, without consent. A parcel is *unknown* for a
    flexmilieu where its verdict or its suitability is, and it holds homes; it takes all of its land.

    Examples
    --------
    >>> from flexsites.suitability.places import demand_places
    >>> from flexsites.tables import Clusters, Sites, Suitability, empty
    >>> from flexsites.worlds.plain import plain, plain_pieces, plot
    >>> clusters = plain(
    ...     Clusters, consent=["without"], flexmilieu="campus", seed_piece_id="a#1", site_id="a", location_id="a#1",
    ...     verdict="eligible", cluster_pieces=[("a#1",)], n_spread_low=10, n_spread_expected=20, n_spread_high=30,
    ... )
    >>> sites = plain(Sites, [plot()], site_id=["a"], gemeente_code="GM0001", verdict="eligible")
    >>> told = demand_places(clusters, pieces=plain_pieces(plot()), sites=sites, suitability=empty(Suitability))
    >>> told[["place_id", "place_gemeente_code", "n_homes_place"]].to_numpy().tolist()
    [['a#1', 'GM0001', 20]]
    """
    own = clusters[clusters["n_spread_expected"] > 0]
    own = own.assign(_pieces=own["cluster_pieces"].map(lambda ids: "|".join(sorted(ids))))
    own = own.sort_values(["consent", "flexmilieu", "seed_piece_id"], ascending=[False, True, True])
    own = own.drop_duplicates(["flexmilieu", "_pieces"], ignore_index=True)
    facts = pd.DataFrame(pieces).set_index("piece_id")
    owners = pd.DataFrame(sites).set_index("site_id")
    unknown = _unknown(owners, suitability)
    if own.empty:
        return concat([unknown], DemandPlaces)
    known = own.drop(columns="n_cluster_pieces").join(_sums(own, facts, owners))
    known = known.assign(
        place_id=own["seed_piece_id"],
        place_kind=own["consent"].astype("str"),
        place_gemeente_code=owners["gemeente_code"].reindex(own["site_id"]).to_numpy(),
        n_homes_place=own["n_spread_expected"],
        place_pieces=own["cluster_pieces"],
    )
    # An unknown parcel takes all of its land: every piece of it that a cluster takes, too.
    taken = known[["land"]].explode("land").drop_duplicates()
    by_site = taken.groupby(taken["land"].str.partition("#")[0])["land"].agg(list)
    mine = unknown["site_id"].map(by_site)
    unknown["land"] = [
        tuple(dict.fromkeys((site, *(land if isinstance(land, list) else ()))))
        for site, land in zip(unknown["site_id"], mine, strict=True)
    ]
    return concat([frame[list(DemandPlaces.columns)] for frame in (known, unknown)], DemandPlaces)


def _sums(clusters: Frame, facts: Frame, owners: Frame) -> Frame:
    """Return what is summed over the pieces and parcels of each cluster."""
    members = pd.DataFrame({"cluster": clusters.index, "piece_id": clusters["cluster_pieces"]}).explode("piece_id")
    told = facts.reindex(members["piece_id"])
    members = members.assign(
        site_id=told["site_id"].to_numpy(),
        needs_consent=~told["is_without_consent"].to_numpy(dtype=bool),
        years=told["available_years_expected"].to_numpy(dtype=np.float64),
    )
    # Pieces of the two readings that are not the same overlap, so that there the parcel is the unit of land.
    is_both = told["is_without_consent"].to_numpy(dtype=bool) & told["is_with_consent"].to_numpy(dtype=bool)
    differs = set(members.loc[~is_both, "site_id"])
    members["land"] = members["piece_id"].where(~members["site_id"].isin(differs), members["site_id"])
    owner = owners["owner_class"].reindex(members["site_id"])
    members["is_private"] = ~owner.eq("gemeente").fillna(value=False).to_numpy(dtype=bool)
    by_cluster = members.groupby("cluster")
    years = by_cluster["years"]
    parcels = members.groupby(["cluster", "site_id"])[["needs_consent", "is_private"]].max().groupby("cluster")
    return pd.DataFrame(
        {
            "n_parcels": parcels.size(),
            "n_parcels_consent": parcels["needs_consent"].sum(),
            "n_parcels_private": parcels["is_private"].sum(),
            # The least of its land; not known where that of any is not.
            "available_years_expected": years.min().where(years.count() == years.size()),
            "land": by_cluster["land"].agg(list).map(lambda land: tuple(dict.fromkeys(land))),
        }
    )


def may_suit(suitability: Frame) -> pd.Series[bool]:
    """Return which rows of parcels and flexmilieus hold homes and are not known to be unsuitable."""
    return suitability["is_suitable"].fillna(value=True).astype(bool) & (suitability["n_per_cluster_expected"] > 0)


def _unknown(owners: Frame, suitability: Frame) -> Frame:
    """Return the parcels that may turn out to meet a demand, per flexmilieu."""
    verdict = owners["verdict"].reindex(suitability["site_id"]).to_numpy(dtype=object)
    suits = suitability["is_suitable"].astype("boolean")
    may = (verdict == "unknown") | (np.isin(verdict, AVAILABLE) & suits.isna().to_numpy())
    may &= (verdict != "excluded") & suits.fillna(value=True).to_numpy(dtype=bool)
    own = suitability[may & (suitability["n_per_cluster_expected"] > 0).to_numpy()]
    own = pd.DataFrame(own).sort_values(["flexmilieu", "site_id"], ignore_index=True)
    of_site = owners.reindex(own["site_id"])
    is_municipal = of_site["owner_class"].eq("gemeente").fillna(value=False).to_numpy(dtype=bool)
    columns = {
        "place_id": own["site_id"],
        "place_kind": "unknown",
        "place_gemeente_code": of_site["gemeente_code"].to_numpy(),
        "site_id": own["site_id"],
        "flexmilieu": own["flexmilieu"],
        "n_homes_place": own["n_per_cluster_expected"],
        "n_parcels": 1,
        "n_parcels_consent": (of_site["verdict"] != "eligible").to_numpy().astype(np.int64),
        "n_parcels_private": (~is_municipal).astype(np.int64),
        "score": own["score"],
        "available_years_expected": of_site["available_years_expected"].to_numpy(dtype=np.float64),
        "location_id": of_site["location_id"].to_numpy(dtype=object),
        "location_x_m": np.nan,
        "location_y_m": np.nan,
    }
    lists = {name: [(site,) for site in own["site_id"]] for name in ("land", "place_pieces")}
    return pd.DataFrame(columns | lists)[list(DemandPlaces.columns)]
