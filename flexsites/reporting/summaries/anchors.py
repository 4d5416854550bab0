"""A run beside published answers (METHOD 1): what was published and what the run says, unknowns taken both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from flexsites.reporting.summaries.parts import places_of
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.manifest import AnchorTold

COLUMNS = ("anchor", "published", "sense", "found_low", "found_high")
_DEFAULT_REACH = "reach_default"

Range = tuple[float, float]
NOTHING: Range = (np.nan, np.nan)


def compare_anchors(
    anchors: Sequence[AnchorTold],
    totals: Frame,
    transit: Frame | None,
    sites: Frame,
    *,
    places: Frame | None = None,
) -> Frame:
    """Set what a run found beside what was published.

    Parameters
    ----------
    anchors
        The anchors as the manifest holds them.
    totals, transit
        The run's totals and transit diagnostic (None: not measured).
    sites
        Sites, key ``site_id``: the available ones at least.
    places
        ``site_id, location_id`` of every valid piece; the site's own location when not given.

    Returns
    -------
        Key ``anchor``. ``found_low`` and ``found_high`` take all that is unknown the one way and the other; both are
        null where the run tells nothing.

    Examples
    --------
    >>> place = pd.DataFrame({"site_id": ["a", "b", "c"], "verdict": "eligible", "is_suitable": True,
    ...     "location_id": ["1", "2", "3"], "owner_class": ["gemeente", "particulier", None]})
    >>> from flexsites.config.base import Label
    >>> name = Label(nl="gemeentegrond", en="municipal land")
    >>> anchor = AnchorTold(id="municipal", label=name, quantity="share_of_suitable_sites_of_owners", published=0.1,
    ...     sense="about", owners=("gemeente",), note=name)
    >>> compare_anchors([anchor], pd.DataFrame(), None, place)[["found_low", "found_high"]].round(2).values.tolist()
    [[0.33, 0.67]]
    """
    find: dict[str, Callable[[AnchorTold], Range]] = {
        "homes_available": lambda _: _homes(totals),
        "share_of_locations_lost_to_transit": lambda _: _lost(transit),
        "share_of_suitable_sites_of_owners": lambda anchor: _owned(sites, anchor.owners, is_share=True),
        "n_suitable_sites_of_owners": lambda anchor: _owned(sites, anchor.owners, is_share=False),
        "share_of_available_locations_in_areas": lambda anchor: _located(sites, anchor.gemeenten, places),
    }
    rows = [(anchor.id, anchor.published, anchor.sense, *find[anchor.quantity](anchor)) for anchor in anchors]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _homes(totals: Frame) -> Range:
    """Return the common programme: the low one on available sites, and the high one with unknown ones too."""
    whole = totals[
        (totals["area_kind"] == "run") & (totals["population"] == "available") & (totals["coverage_scope"] == "all")
    ].iloc[0]
    return (float(whole["n_common_low"]), float(whole["n_common_high"]) + float(whole["n_common_unknown_high"]))


def _lost(transit: Frame | None) -> Range:
    """Share of the available locations that fall at the default reach."""
    if transit is None or transit.empty:
        return NOTHING
    row = transit[(transit["variant"] == _DEFAULT_REACH) & (transit["quantity"] == "locations")].iloc[0]
    # All that is unknown may fall, or may stay: where nothing is known that is 0 to 1, which says nothing.
    return NOTHING if pd.isna(row["share_falls"]) else (float(row["share_falls_low"]), float(row["share_falls_high"]))


def _owned(sites: Frame, owners: Sequence[str], *, is_share: bool) -> Range:
    """Return the suitable sites of these owners, as a number or a share; those of unknown owner may be theirs."""
    suitable = sites["verdict"].isin(AVAILABLE) & sites["is_suitable"].astype("boolean").fillna(value=False)
    owner = sites.loc[suitable.to_numpy(dtype=bool), "owner_class"]
    is_unknown = owner.isna() | owner.eq("onbekend").fillna(value=False)
    if not len(owner) or bool(is_unknown.all()):
        return NOTHING
    theirs, perhaps = int(owner.isin(list(owners)).sum()), int(is_unknown.sum())
    whole = len(owner) if is_share else 1
    return (theirs / whole, (theirs + perhaps) / whole)


def _located(sites: Frame, gemeenten: Sequence[str], places: Frame | None) -> Range:
    """Share of the available locations that lie, with one of their sites at least, in these gemeenten."""
    available = sites[sites["verdict"].isin(AVAILABLE)]
    pairs = places_of(available, places)
    n_all = pairs["location_id"].nunique()
    if not n_all:
        return NOTHING
    inside = available.loc[available["gemeente_code"].isin(list(gemeenten)), "site_id"]
    share = pairs.loc[pairs["site_id"].isin(inside), "location_id"].nunique() / n_all
    return (share, share)
