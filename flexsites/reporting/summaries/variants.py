"""Variants side by side: what moves in the answer when a choice of the run moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from flexsites.reporting.summaries.totals import totals
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.summary_tables import Variants

BASE = "base"


def compare_variants(
    variants: Mapping[str, tuple[Frame, Frame, Frame | None]],
    *,
    base: str = BASE,
    flexmilieu_order: Sequence[str] | None = None,
    undemanding: Collection[str],
    places: Mapping[str, Frame | None] | None = None,
) -> Frame:
    """Set the run-wide totals of each variant beside those of the base.

    Parameters
    ----------
    variants
        Name to its (Sites, Suitability, Clusters), the base included; None: no clusters are told.
    base
        The name of the variant to compare with.
    flexmilieu_order, undemanding
        As in :func:`totals`.
    places
        Name to where the variant's sites lie, as in :func:`totals`.

    Returns
    -------
        Key ``(variant, population)``: the totals of the run, ``change_n_sites``, ``change_n_common_expected``,
        ``change_n_spread_expected`` and ``change_buildable_area_m2`` against the base, and for the populations
        ``available`` and ``suitable``
        ``n_sites_gained`` and ``n_sites_lost``: sites in the one and not in the other (null for single flexmilieus).

    Raises
    ------
    KeyError
        When the base is not among the variants.
    """
    reference = {name: _population(variants[base][0], name) for name in ("available", "suitable")}
    parts = []
    for name, (sites, suitability, clusters) in variants.items():
        where = (places or {}).get(name)
        whole = totals(
            sites,
            suitability,
            area_kinds=("run",),
            flexmilieu_order=flexmilieu_order,
            undemanding=undemanding,
            places=where,
            clusters=clusters,
        )
        table = whole[whole["coverage_scope"] == "all"].drop(columns=["area_kind", "area_code", "coverage_scope"])
        table.insert(0, "variant", name)
        changes = {key: _population(sites, key) for key in reference}
        gained = {key: len(changes[key] - ids) for key, ids in reference.items()}
        lost = {key: len(ids - changes[key]) for key, ids in reference.items()}
        table["n_sites_gained"] = table["population"].map(gained).astype("Int64")
        table["n_sites_lost"] = table["population"].map(lost).astype("Int64")
        parts.append(table)
    result = pd.concat(parts, ignore_index=True)
    anchor = result[result["variant"] == base].set_index("population")
    for name in ("n_sites", "n_common_expected", "n_spread_expected", "buildable_area_m2"):
        result[f"change_{name}"] = result[name] - result["population"].map(anchor[name])
    return result[Variants.columns]


def _population(sites: Frame, name: str) -> set[str]:
    """Return the ids of the available, or of the suitable, sites."""
    belongs = sites["verdict"].isin(AVAILABLE)
    if name == "suitable":
        belongs &= sites["is_suitable"].fillna(value=False).astype(bool)
    return set(sites.loc[belongs, "site_id"])
