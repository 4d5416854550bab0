"""Totals: how many sites, locations, square metres and homes, per area, per population and per state of coverage.

Figures of different flexmilieus overlap on the same land: they stand beside each other as rows and are never added.
What spans flexmilieus is told as the common programme, of one flexmilieu the spread supply: clusters over the area.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

AREA_KINDS = ("run", "provincie", "gemeente", "buurt")
COVERAGE_SCOPES = ("all", "plan_covered", "provincial_covered", "both_covered")
SPANNING = ("available", "suitable", "suitable_demanding")
UNKNOWN_AREA = "unknown"
UNKNOWN_OWNER = "onbekend"
COMMON = ("n_common_low", "n_common_expected", "n_common_high")
SPREAD = ("n_spread_low", "n_spread_expected", "n_spread_high")
SPREAD_WITH_CONSENT = ("n_spread_consent_low", "n_spread_consent_expected", "n_spread_consent_high")
AREAS = ("parcel_area_m2", "buildable_area_m2", "programme_area_m2")
_COUNTED = ("n_sites", "n_locations", "n_sites_unknown")


def totals(
    sites: Frame,
    suitability: Frame,
    *,
    area_kinds: Sequence[str] = AREA_KINDS,
    flexmilieu_order: Sequence[str] | None = None,
    undemanding: Collection[str],
    places: Frame | None = None,
    clusters: Frame | None = None,
) -> Frame:
    """Total the sites per area, population and coverage scope.

    Parameters
    ----------
    sites
        Sites, key ``site_id``.
    suitability
        Suitability, key ``(site_id, flexmilieu)``.
    area_kinds
        Which areas: ``run``, ``provincie``, ``gemeente``, ``buurt`` (left out where no site has one).
    flexmilieu_order
        Flexmilieus in the order of the configuration, which decides ties; sorted by name when not given.
    undemanding
        The flexmilieus that nearly everything passes, which ``suitable_demanding`` leaves out.
    places
        ``site_id, location_id`` of every valid piece: a site whose pieces lie in two locations counts in both. The
        site's own ``location_id``, that of its largest piece, when not given.
    clusters
        Clusters of spread supply; None: not told.

    Returns
    -------
        Key ``(area_kind, area_code, population, coverage_scope)``. ``population`` is ``available`` (verdict eligible or
        conditional, before target groups), ``suitable`` (available, and at least one flexmilieu),
        ``suitable_demanding`` (at least one that is not undemanding), all with the common programme; or the id of a
        flexmilieu, with its spread supply: a cluster lies where the parcel does that it starts from.
        ``n_sites_unknown``: not excluded and not known to fail, but not known to belong either.
        Areas in m2. ``area_code`` is ``unknown`` where a site has none. A combination without sites is a row of zeros.

    Notes
    -----
    Law: the totals of the gemeenten add up to those of the run (locations do not: one may lie in two gemeenten).
    Sums are taken in ``site_id`` order, so they do not depend on how the run was cut up. [P] [O]
    """
    order = flexmilieu_order if flexmilieu_order is not None else sorted(suitability["flexmilieu"].unique())
    known = sites.sort_values("site_id", kind="stable").reset_index(drop=True)
    judged = suitability
    asking = [name for name in order if name not in undemanding]
    chosen = {"suitable_demanding": asking} | {name: [name] for name in order}
    populations = {name: _population(known, judged, name, chosen.get(name, ())) for name in (*SPANNING, *order)}
    inside = {scope: _in_scope(known, scope) for scope in COVERAGE_SCOPES}
    locations = _placed(known, places)
    parts = []
    for kind in kinds_there(known, area_kinds):
        codes, area = np.unique(area_codes(known, kind).to_numpy(dtype=str), return_inverse=True)
        for name, population in populations.items():
            for scope, kept in inside.items():
                counted = _count(known, population, kept, area, locations, n_areas=len(codes), is_one=name in order)
                if name in order:
                    counted |= _spread(clusters, known, kept, area, name, n_areas=len(codes))
                keys = {"area_kind": kind, "area_code": codes, "population": name, "coverage_scope": scope}
                parts.append(pd.DataFrame(keys | counted))
    return pd.concat(parts, ignore_index=True)


def verdict_totals(sites: Frame, *, area_kinds: Sequence[str] = AREA_KINDS, places: Frame | None = None) -> Frame:
    """Count the sites per area and verdict; what is unknown stands apart (``places`` as in :func:`totals`).

    Returns
    -------
        Key ``(area_kind, area_code, verdict)`` with ``n_sites``, ``n_locations``, areas in m2 and homes.
        Law: over the four verdicts the sites of an area add up to all its sites.
    """
    ordered = sites.sort_values("site_id", kind="stable").reset_index(drop=True)
    verdicts = ("eligible", "conditional", "unknown", "excluded")
    parts = []
    for kind in kinds_there(ordered, area_kinds):
        codes = area_codes(ordered, kind)
        sums = _aggregate(ordered.assign(area_code=codes), ["area_code", "verdict"], places)
        index = pd.MultiIndex.from_product([sorted(codes.unique()), verdicts], names=["area_code", "verdict"])
        full = _fill_zero(sums.reindex(index)).reset_index()
        full.insert(0, "area_kind", kind)
        parts.append(full)
    return pd.concat(parts, ignore_index=True)


def ownership_totals(sites: Frame, *, places: Frame | None = None) -> Frame:
    """Sum all, not excluded, available and suitable sites by owner class and tenure (``places``: see :func:`totals`).

    Returns
    -------
        Key ``(population, owner_class, tenure)`` with ``n_sites``, ``n_locations``, areas in m2, homes, and
        ``share_of_sites`` of that population. ``assessed`` are all sites, ``not_excluded`` those available and those
        of which that is unknown: where nothing is known to be available, ownership can still be read. Owner and
        tenure are ``onbekend`` where no one provided them: open parcels carry no owner [P].
    """
    ordered = sites.sort_values("site_id", kind="stable")
    named = ordered.assign(
        owner_class=ordered["owner_class"].astype("string").fillna(UNKNOWN_OWNER),
        tenure=ordered["tenure"].astype("string").fillna(UNKNOWN_OWNER),
    )
    parts = []
    available = named[named["verdict"].isin(AVAILABLE)]
    populations = {
        "assessed": named,
        "not_excluded": named[named["verdict"] != "excluded"],
        "available": available,
        "suitable": available[available["is_suitable"].fillna(value=False).astype(bool)],
    }
    for population, counted in populations.items():
        sums = _aggregate(counted, ["owner_class", "tenure"], places).reset_index()
        sums.insert(0, "population", population)
        sums["share_of_sites"] = sums["n_sites"].astype("float64") / max(len(counted), 1)
        parts.append(sums)
    result = pd.concat(parts, ignore_index=True)
    return result.sort_values(["population", "n_sites", "owner_class", "tenure"], ascending=[True, False, True, True])


def area_codes(sites: Frame, kind: str) -> pd.Series[str]:
    """Return the code of each site's area of a kind; ``run`` for the whole run, ``unknown`` where there is none."""
    if kind == "run":
        return pd.Series("run", index=sites.index, dtype="object")
    return sites[f"{kind}_code"].astype("object").where(sites[f"{kind}_code"].notna(), UNKNOWN_AREA)


def places_of(sites: Frame, places: Frame | None) -> Frame:
    """Return ``site_id, location_id``, one row per site and location that a valid piece of it lies in.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["a", "b"], "location_id": ["1", None]})
    >>> places_of(sites, None).values.tolist()
    [['a', '1']]
    """
    pairs = sites if places is None else places[places["site_id"].isin(sites["site_id"])]
    return pd.DataFrame(pairs[["site_id", "location_id"]]).dropna().drop_duplicates(ignore_index=True)


def kinds_there(sites: Frame, area_kinds: Sequence[str]) -> list[str]:
    """Return the kinds of area; neighbourhoods only where some site has one."""
    has_buurt = "buurt_code" in sites and bool(sites["buurt_code"].notna().any())
    return [kind for kind in area_kinds if kind != "buurt" or has_buurt]


def _placed(sites: Frame, places: Frame | None) -> tuple[Ints, Ints]:
    """Return pairs of the row of a site and the number of a location, each of shape (pairs,)."""
    pairs = places_of(sites, places)
    rows = pd.Series(np.arange(len(sites), dtype=np.intp), index=sites["site_id"])
    return rows.loc[pairs["site_id"]].to_numpy(), pd.factorize(pairs["location_id"])[0].astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Population:
    """Which sites belong: ``yes`` and ``unknown``, shape (n,)."""

    yes: Bools
    unknown: Bools


def _population(sites: Frame, suitability: Frame, name: str, chosen: Sequence[str]) -> _Population:
    """Return the sites that belong, or may belong, to a population of chosen flexmilieus."""
    verdict = sites["verdict"]
    available = verdict.isin(AVAILABLE).to_numpy()
    if name == "available":
        return _Population(available, verdict.eq("unknown").to_numpy(dtype=bool))
    if chosen == [name]:
        rows = suitability[suitability["flexmilieu"] == name]
        outcome = rows.set_index("site_id")["is_suitable"].astype("boolean")
        return _judged(sites, available, sites["site_id"].map(outcome).astype("boolean"))
    return _judged(sites, available, sites["is_suitable" if name == "suitable" else "is_suitable_demanding"])


def _judged(sites: Frame, available: Bools, is_suitable: pd.Series[bool]) -> _Population:
    """Judge by verdict and suitability together: a no of either is a no, an unknown of either is unknown."""
    says_yes = is_suitable.fillna(value=False).to_numpy(dtype=bool)
    may = says_yes | is_suitable.isna().to_numpy()
    yes = available & says_yes
    return _Population(yes, ~yes & may & sites["verdict"].ne("excluded").to_numpy(dtype=bool))


def _count(
    sites: Frame,
    population: _Population,
    kept: Bools,
    area: Ints,
    locations: tuple[Ints, Ints],
    *,
    n_areas: int,
    is_one: bool,
) -> dict[str, pd.Series[Any]]:
    """Count and sum per area, in the order of the rows; an area without any is zero. One kind has no programme."""
    yes, unknown = population.yes & kept, population.unknown & kept

    def summed(name: str, chosen: Bools) -> pd.Series[Any]:
        values = sites[name].to_numpy(dtype=np.float64)[chosen]
        return pd.Series(np.bincount(area[chosen], weights=values, minlength=n_areas).astype(np.float64))

    def whole(values: Ints) -> pd.Series[Any]:
        return pd.Series(values.astype(np.int64), dtype="Int64")

    site, location = locations[0][yes[locations[0]]], locations[1][yes[locations[0]]]
    n_locations = int(locations[1].max(initial=-1)) + 1
    pairs = np.unique(area[site].astype(np.int64) * n_locations + location)
    counted = {
        "n_sites": whole(np.bincount(area[yes], minlength=n_areas)),
        "n_locations": whole(np.bincount(pairs // max(n_locations, 1), minlength=n_areas)),
        "n_sites_unknown": whole(np.bincount(area[unknown], minlength=n_areas)),
    } | {name: summed(name, yes) for name in AREAS[:2]}
    null = pd.Series(np.full(n_areas, np.nan))
    for name in (AREAS[2], *COMMON):
        counted[name] = null if is_one else summed(name, yes)
    for name in COMMON[1:]:
        counted[f"n_common_unknown_{name.rpartition('_')[2]}"] = null if is_one else summed(name, unknown)
    for name in ("n_clusters", *SPREAD, *SPREAD_WITH_CONSENT):
        counted[name] = pd.Series([pd.NA] * n_areas, dtype="Int64")
    return counted


def _spread(
    clusters: Frame | None, sites: Frame, kept: Bools, area: Ints, flexmilieu: str, *, n_areas: int
) -> dict[str, pd.Series[Any]]:
    """Sum the clusters of a flexmilieu per area, by the parcel each starts from; nothing where none are told."""
    if clusters is None:
        return {}
    row = pd.Series(np.arange(len(sites), dtype=np.intp), index=sites["site_id"])
    found: dict[str, pd.Series[Any]] = {}
    for consent, names in (("without", SPREAD), ("with", SPREAD_WITH_CONSENT)):
        mine = clusters[(clusters["flexmilieu"] == flexmilieu) & (clusters["consent"] == consent)]
        at = row.loc[mine["site_id"]].to_numpy()
        mine, at = mine[kept[at]], at[kept[at]]
        if consent == "without":
            found["n_clusters"] = pd.Series(np.bincount(area[at], minlength=n_areas), dtype="Int64")
        for name, of in zip(names, SPREAD, strict=True):
            homes = np.bincount(area[at], weights=mine[of].to_numpy(dtype=np.float64), minlength=n_areas)
            found[name] = pd.Series(homes.astype(np.int64), dtype="Int64")
    return found


def _in_scope(sites: Frame, scope: str) -> Bools:
    """Return which sites lie where the sources of a scope cover."""
    plan = sites["plan_coverage"].eq("covered").fillna(value=False).to_numpy(dtype=bool)
    provincial = sites["provincial_coverage"].eq("covered").fillna(value=False).to_numpy(dtype=bool)
    either = {"plan_covered": plan, "provincial_covered": provincial, "both_covered": plan & provincial}
    return either.get(scope, np.ones(len(sites), dtype=bool))


def _aggregate(sites: Frame, keys: list[str], places: Frame | None) -> Frame:
    """Sum sites, locations, areas and homes per key, in the order of the rows."""
    grouped = sites.groupby(keys, observed=True, sort=True)
    sums = grouped[[*AREAS, *COMMON]].sum()
    sums.insert(0, "n_sites", grouped.size())
    placed = places_of(sites, places).merge(sites[["site_id", *keys]], on="site_id")
    n_locations = placed.groupby(keys, observed=True)["location_id"].nunique()
    sums.insert(1, "n_locations", n_locations.reindex(sums.index).fillna(0))
    return _fill_zero(sums)


def _fill_zero(sums: Frame) -> Frame:
    """Give an area without sites a zero: nothing there was counted, which is known."""
    counts = {name: sums[name].astype("Int64").fillna(0) for name in _COUNTED if name in sums}
    areas = {name: sums[name].astype("float64").fillna(0.0) for name in (*AREAS, *COMMON)}
    return sums.assign(**counts, **areas)
