"""Totals: how many sites, locations, square metres and homes, per area, per population and per state of coverage.

Figures of different flexmilieus overlap on the same land: they stand beside each other as rows and are never added.
What spans flexmilieus is told as the common programme, of one flexmilieu the spread supply: clusters over the area.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.summaries.parts import AREA_KINDS, Part, add_up, areas_of, kinds_among, placed
from flexsites.reporting.summaries.sums import amounts_of, count_locations, exact, summed
from flexsites.tables import Frame
from flexsites.tables.contract import is_true
from flexsites.tables.counting import AVAILABLE

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

COVERAGE_SCOPES = ("all", "plan_covered", "provincial_covered", "both_covered")
SPANNING = ("available", "suitable", "suitable_demanding")
COMMON = ("n_common_low", "n_common_expected", "n_common_high")
SPREAD = ("n_spread_low", "n_spread_expected", "n_spread_high")
SPREAD_WITH_CONSENT = ("n_spread_consent_low", "n_spread_consent_expected", "n_spread_consent_high")
AREAS = ("parcel_area_m2", "buildable_area_m2", "programme_area_m2")
_MAY_BE_COMMON = ("n_common_unknown_expected", "n_common_unknown_high")
_CLUSTERED = ("n_clusters", *SPREAD, *SPREAD_WITH_CONSENT)
_PROGRAMME = (AREAS[2], *COMMON, *_MAY_BE_COMMON)
_KEYS = ("area_kind", "area_code", "population", "coverage_scope")


def totals(
    sites: Frame,
    suitability: Frame,
    *,
    area_kinds: Sequence[str] = AREA_KINDS,
    flexmilieu_order: Sequence[str] | None = None,
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
    Areas and homes are summed in whole parts of 1e-8, so they do not depend on how the run was cut up. [P] [O]
    """
    order = tuple(flexmilieu_order if flexmilieu_order is not None else sorted(suitability["flexmilieu"].unique()))
    part = part_of_totals(sites, suitability, area_kinds=area_kinds, order=order, places=places, clusters=clusters)
    return join_totals([part], area_kinds=area_kinds, order=order)


def part_of_totals(
    sites: Frame,
    suitability: Frame,
    *,
    area_kinds: Sequence[str] = AREA_KINDS,
    order: Sequence[str],
    places: Frame | None = None,
    clusters: Frame | None = None,
    scopes: Sequence[str] = COVERAGE_SCOPES,
) -> Part:
    """Return what some sites add to the totals: the arguments of :func:`totals`, of these sites alone.

    ``scopes`` are the states of coverage that are told apart.
    """
    known = sites.reset_index(drop=True)
    populations = _populations(known, suitability, order)
    inside = {scope: _in_scope(known, scope) for scope in scopes}
    started = None if clusters is None else _started(clusters, known, order)
    amounts = {name: exact(known[name]) for name in (*AREAS, *COMMON)}
    areas, groups, tables = areas_of(known, area_kinds), list[Bools](), list[dict[str, npt.NDArray[Any]]]()
    for name, scope in product(populations, scopes):
        population, kept = populations[name], inside[scope]
        groups.append(population.yes & kept)
        for kind in areas:
            codes, area = _numbered(areas[kind])
            counted = _count(population, kept, area, amounts, len(codes))
            if started is not None:
                counted |= _spread(started.get(name, ()), kept, area, len(codes))
            same = {"area_kind": kind, "population": name, "coverage_scope": scope}
            keys = {column: np.full(len(codes), value, dtype=object) for column, value in same.items()}
            tables.append(keys | {"area_code": codes} | counted)
    # Arrays under each other, and one frame of them: a frame per group would be most of the time of a small run.
    sums = {column: np.concatenate([one[column] for one in tables]) for column in tables[0]}
    return Part(pd.DataFrame(sums), placed(known, places, areas, groups))


def join_totals(
    parts: Iterable[Part],
    *,
    area_kinds: Sequence[str] = AREA_KINDS,
    order: Sequence[str],
    scopes: Sequence[str] = COVERAGE_SCOPES,
) -> Frame:
    """Return the totals of parts together: the same whatever the parts."""
    whole = add_up(parts, _KEYS)
    groups = list(product((*SPANNING, *order), scopes))
    number = pd.MultiIndex.from_tuples(groups)
    located = {kind: count_locations(whole.places, kind, len(groups)) for kind in kinds_among(whole.sums, area_kinds)}
    found = whole.sums.reset_index()
    found = found[found["area_kind"].isin(list(located))]
    group = number.get_indexer(pd.MultiIndex.from_frame(found[["population", "coverage_scope"]]))
    kind = pd.Index(list(located)).get_indexer(pd.Index(found["area_kind"]))
    n_locations = np.zeros(len(found), dtype=np.int64)
    for i, counted in enumerate(located.values()):
        here = np.flatnonzero(kind == i)
        by_row = counted.reindex(found["area_code"].iloc[here].astype(str), fill_value=0).to_numpy()
        n_locations[here] = by_row[np.arange(len(here)), group[here]]
    in_order = np.lexsort((group, kind))
    return _told(found.assign(n_locations=n_locations).iloc[in_order].reset_index(drop=True), order)


def _told(sums: Frame, order: Sequence[str]) -> Frame:
    """Return sums as they are told: of one flexmilieu its clusters, of what spans them the common programme."""
    is_one = sums["population"].isin(order).to_numpy()
    spans, none = ~is_one, pd.array([pd.NA] * len(sums), dtype="Int64")
    is_clustered = is_one if _CLUSTERED[0] in sums else np.zeros(len(sums), dtype=bool)
    return pd.DataFrame(
        {name: sums[name] for name in _KEYS}
        | {name: sums[name].astype("Int64") for name in ("n_sites", "n_locations", "n_sites_unknown")}
        | {name: amounts_of(sums[name]) for name in AREAS[:2]}
        | {name: np.where(spans, amounts_of(sums[name]), np.nan) for name in _PROGRAMME}
        | {name: sums[name].astype("Int64").where(is_clustered) if is_clustered.any() else none for name in _CLUSTERED}
    )


def _numbered(codes: pd.Series[str]) -> tuple[npt.NDArray[np.object_], Rows]:
    """Return the codes that occur, and the number of each row's."""
    number, found = pd.factorize(codes, sort=True)
    return np.asarray(found, dtype=object), number.astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Population:
    """Which sites belong: ``yes`` and ``unknown``, shape (n,)."""

    yes: Bools
    unknown: Bools


def _populations(sites: Frame, suitability: Frame, order: Sequence[str]) -> dict[str, _Population]:
    """Return the sites that belong, or may belong, to what spans flexmilieus, and to each of them."""
    available = sites["verdict"].isin(AVAILABLE).to_numpy()
    is_unknown, may_stand = sites["verdict"].eq("unknown").to_numpy(dtype=bool), sites["verdict"].ne("excluded")
    found = {SPANNING[0]: _Population(available, is_unknown)}
    stands, n = may_stand.to_numpy(dtype=bool), len(sites)
    for name, column in zip(SPANNING[1:], ("is_suitable", "is_suitable_demanding"), strict=True):
        found[name] = _judged(available, stands, is_true(sites[column]), sites[column].isna().to_numpy())
    at = pd.Index(sites["site_id"]).get_indexer(pd.Index(suitability["site_id"]))
    which = pd.Index(order).get_indexer(pd.Index(suitability["flexmilieu"]))
    suits, is_null = is_true(suitability["is_suitable"]), suitability["is_suitable"].isna().to_numpy()
    for i, name in enumerate(order):
        mine = (which == i) & (at >= 0)
        yes, unknown = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        yes[at[mine]], unknown[at[mine]] = suits[mine], is_null[mine]
        found[name] = _judged(available, stands, yes, unknown)
    return found


def _judged(available: Bools, stands: Bools, suits: Bools, is_null: Bools) -> _Population:
    """Judge by verdict and suitability together: a no of either is a no, an unknown of either is unknown."""
    yes = available & suits
    return _Population(yes, ~yes & (suits | is_null) & stands)


def _count(
    population: _Population, kept: Bools, area: Rows, amounts: Mapping[str, Ints], n_areas: int
) -> dict[str, Ints]:
    """Count and sum per area; an area without any is zero."""
    yes, unknown = population.yes & kept, population.unknown & kept
    counted = {
        "n_sites": np.bincount(area[yes], minlength=n_areas),
        "n_sites_unknown": np.bincount(area[unknown], minlength=n_areas),
    } | {name: summed(area[yes], amounts[name][yes], n_areas) for name in (*AREAS, *COMMON)}
    for name, of in zip(_MAY_BE_COMMON, COMMON[1:], strict=True):
        counted[name] = summed(area[unknown], amounts[of][unknown], n_areas)
    return counted


def _started(clusters: Frame, sites: Frame, order: Sequence[str]) -> dict[str, tuple[tuple[str, Rows, Ints], ...]]:
    """Return per flexmilieu, and column, the row of the parcel that each cluster starts from, and what it adds."""
    at = pd.Index(sites["site_id"]).get_indexer(pd.Index(clusters["site_id"]))
    which = pd.Index(order).get_indexer(pd.Index(clusters["flexmilieu"]))
    with_consent = clusters["consent"].eq("with").to_numpy(dtype=bool)
    homes = {name: clusters[name].to_numpy(dtype=np.int64) for name in SPREAD}
    found = {}
    for i, flexmilieu in enumerate(order):
        free, given = (np.flatnonzero((which == i) & (with_consent == consent)) for consent in (False, True))
        columns = [("n_clusters", at[free], np.ones(len(free), dtype=np.int64))]
        for rows, names in ((free, SPREAD), (given, SPREAD_WITH_CONSENT)):
            columns += [(name, at[rows], homes[of][rows]) for name, of in zip(names, SPREAD, strict=True)]
        found[flexmilieu] = tuple(columns)
    return found


def _spread(started: Sequence[tuple[str, Rows, Ints]], kept: Bools, area: Rows, n_areas: int) -> dict[str, Ints]:
    """Sum the clusters of a flexmilieu per area, by the parcel each starts from; of what spans them there are none."""
    found = {name: np.zeros(n_areas, dtype=np.int64) for name in _CLUSTERED}
    for name, at, homes in started:
        here = kept[at]
        found[name] = summed(area[at[here]], homes[here], n_areas)
    return found


def _in_scope(sites: Frame, scope: str) -> Bools:
    """Return which sites lie where the sources of a scope cover."""
    plan = sites["plan_coverage"].eq("covered").fillna(value=False).to_numpy(dtype=bool)
    provincial = sites["provincial_coverage"].eq("covered").fillna(value=False).to_numpy(dtype=bool)
    either = {"plan_covered": plan, "provincial_covered": provincial, "both_covered": plan & provincial}
    return either.get(scope, np.ones(len(sites), dtype=bool))
