"""Where homes stand over the years: the window of every place, the supply per year, and the chain of places (METHOD 9).

A place opens once. Before it does, the run's time of preparation passes; it is left when a plan starts, or when the
homes have stood there for the term. Places whose window is unknown are used for nothing and counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.config.relocation import Relocation
from flexsites.config.rule_sets import TimeModel
from flexsites.suitability.kernels.relocation import Chain, find_chain, moves_between, worth_opening
from flexsites.suitability.kernels.windows import A_FEW_DAYS
from flexsites.tables import Clusters, Frame, Sites, concat
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.relocation_tables import (
    Needed,
    RelocationMoves,
    RelocationPlaces,
    RelocationYears,
    SupplyPlaces,
    SupplyYears,
)
from flexsites.tables.stage import stage

Floats = npt.NDArray[np.float64]

NEW, LEAVES = "new", "leaves"


@stage(takes=(Sites, Clusters), gives=SupplyPlaces)
def open_places(sites: Frame, clusters: Frame, *, asked: Relocation, time: TimeModel) -> Frame:
    """Return the places that are known to be available and suitable, with the window of each.

    Parameters
    ----------
    sites
        All sites of the run.
    clusters
        Its spread supply: places that keep their distance, so that their homes may be summed.
    asked
        Which homes, and whose land.
    time
        The run's term and time of preparation, and the day from which years count.

    Returns
    -------
    One row per cluster of the flexmilieu, consent given. It is of the gemeente and owner of the parcel that it starts
    from, and free as long as the least of its parcels. Where the years are unknown the window is empty:
    ``longest_years`` 0.

    Examples
    --------
    >>> from flexsites.config.relocation import Relocation
    >>> from flexsites.suitability.relocation import open_places
    >>> from flexsites.tables import Clusters, Sites
    >>> from flexsites.worlds.plain import demo, plain, plot
    >>> clusters = plain(
    ...     Clusters, consent=["with"], flexmilieu="campus", seed_piece_id="a#1", site_id="a", location_id="a#1",
    ...     verdict="eligible", cluster_pieces=[("a#1",)], n_spread_low=10, n_spread_expected=20, n_spread_high=30,
    ... )
    >>> sites = plain(Sites, [plot()], site_id=["a"], available_years_expected=8)
    >>> told = open_places(sites, clusters, asked=Relocation(flexmilieu="campus"), time=demo().base.time)
    >>> told[["place_id", "n_homes", "longest_years"]].to_numpy().tolist()
    [['a#1', 20, 8]]
    """
    own = clusters.loc[(clusters["flexmilieu"] == asked.flexmilieu) & (clusters["consent"] == "with")]
    own = own.loc[own["verdict"].isin(AVAILABLE) & (own["n_spread_expected"] > 0)].sort_values("seed_piece_id")
    by_site = pd.DataFrame(sites[["site_id", "gemeente_code", "owner_class", "available_years_expected"]])
    by_site = by_site.set_index("site_id")
    found = own.join(by_site[["gemeente_code", "owner_class"]], on="site_id")
    years = _least_years(own["cluster_pieces"], by_site["available_years_expected"])
    if asked.owner_class:
        is_asked = found["owner_class"].isin(asked.owner_class).to_numpy(dtype=bool)
        found, years = found.loc[is_asked], years[is_asked]
    begins = time.homes_begin
    term = float(time.term_years)
    is_limited = (years < term) | asked.known_windows
    ends = np.floor(begins + years + A_FEW_DAYS)
    longest = np.where(np.isnan(years), 0.0, np.floor(np.minimum(years, term) + A_FEW_DAYS))
    return found.assign(
        place_id=found["seed_piece_id"],
        n_homes=found["n_spread_expected"],
        available_years_expected=years,
        opens_from=math.ceil(begins - A_FEW_DAYS),
        closes_by=pd.array(np.where(is_limited & ~np.isnan(years), ends, np.nan), dtype="Float64").astype("Int64"),
        longest_years=longest.astype(np.int64),
    )[SupplyPlaces.columns].reset_index(drop=True)


def _least_years(pieces: Iterable[Sequence[str]], years: pd.Series[float]) -> Floats:
    """Return per cluster the least years of its parcels; NaN where those of one are unknown."""
    parcels = [{str(one).partition("#")[0] for one in ids} for ids in pieces]
    return np.array(
        [np.min(years.reindex(sorted(one)).to_numpy(dtype=np.float64)) for one in parcels], dtype=np.float64
    )


@stage(takes=(SupplyPlaces, Needed), gives=SupplyYears)
def supply_by_year(places: Frame, needed: Frame) -> Frame:
    """Tell per gemeente and year on which places homes may stand, whichever open: the years of one place overlap.

    Returns
    -------
    One row per row of the need. A place without a plan counts in every year from its opening on, though homes stand
    there for its term only.

    Examples
    --------
    >>> from flexsites.suitability.relocation import supply_by_year
    >>> from flexsites.tables.relocation_tables import Needed, SupplyPlaces
    >>> from flexsites.worlds.plain import plain
    >>> places = plain(
    ...     SupplyPlaces, place_id=["a#1"], site_id="a", gemeente_code="GM0001", verdict="eligible", n_homes=20,
    ...     opens_from=2027, closes_by=2029, longest_years=2,
    ... )
    >>> needed = plain(Needed, gemeente_code="GM0001", year=[2028, 2029], n_homes_needed=30)
    >>> supply_by_year(places, needed).iloc[:, 1:4].to_numpy().tolist()
    [[2028, 1, 20], [2029, 0, 0]]
    """
    rows = []
    for row in needed.sort_values(["gemeente_code", "year"]).itertuples():
        own = places[places["gemeente_code"] == row.gemeente_code]
        is_known = own["longest_years"] > 0
        last = own["closes_by"].fillna(np.iinfo(np.int64).max)
        is_open = is_known & own["opens_from"].le(row.year) & last.gt(row.year)
        unknown = int(own.loc[~is_known & own["available_years_expected"].isna(), "n_homes"].sum())
        homes = int(own.loc[is_open, "n_homes"].sum())
        rows.append((row.gemeente_code, row.year, int(is_open.sum()), homes, unknown))
    return pd.DataFrame(rows, columns=SupplyYears.columns)


def relocate(places: Frame, needed: Frame, *, asked: Relocation) -> tuple[Frame, Frame, Frame]:
    """Choose per gemeente which places open when, and where homes move.

    Parameters
    ----------
    places
        As of :func:`open_places`.
    needed
        Homes needed per gemeente and year, every year from the first to the last.
    asked
        The limits of the search.

    Returns
    -------
    The tables RelocationYears, RelocationPlaces and RelocationMoves. Laws: needed = housed + unhoused; of every place
    the homes that come and go sum to those that stand there; no place opens twice or outside its window.
    """
    years, opened, moves = [], [], []
    for code, own in needed.sort_values("year").groupby("gemeente_code", sort=True):
        there = places[(places["gemeente_code"] == code) & (places["longest_years"] > 0)].reset_index(drop=True)
        there, chain = _chain(there, own, asked)
        years.append(_years(str(code), own, chain))
        opened.append(_places(str(code), own, there, chain))
        moves.append(pd.DataFrame(list(_moves(str(code), own, there, chain)), columns=RelocationMoves.columns))
    return concat(years, RelocationYears), concat(opened, RelocationPlaces), concat(moves, RelocationMoves)


def _chain(there: Frame, needed: Frame, asked: Relocation) -> tuple[Frame, Chain]:
    """Return the places considered, and the chain along them."""
    first, n_years = int(needed["year"].min()), len(needed)
    opens = np.clip(there["opens_from"].to_numpy(dtype=np.int64) - first, 0, n_years)
    last = there["closes_by"].fillna(first + n_years).to_numpy(dtype=np.int64)
    closes = np.clip(last - first, 0, n_years)
    # A stay longer than the years asked is no other stay.
    longest = np.minimum(there["longest_years"].to_numpy(dtype=np.int64), n_years)
    capacity, demand = there["n_homes"].to_numpy(dtype=np.int64), needed["n_homes_needed"].to_numpy(dtype=np.int64)
    kept = worth_opening(capacity, opens, closes, longest, demand)
    chain = find_chain(
        capacity[kept],
        opens[kept],
        closes[kept],
        longest[kept],
        demand,
        node_limit=asked.max_nodes,
        seconds=asked.max_seconds,
    )
    return there[kept].reset_index(drop=True), chain


def _years(code: str, needed: Frame, chain: Chain) -> Frame:
    """Return what happens per year."""
    homes, demand = chain.homes, needed["n_homes_needed"].to_numpy(dtype=np.int64)
    before = np.pad(homes, ((0, 0), (1, 0)))[:, :-1]
    came, went = np.maximum(homes - before, 0).sum(axis=0), np.maximum(before - homes, 0).sum(axis=0)
    moved = np.minimum(came, went)
    housed = homes.sum(axis=0)
    columns = {
        "n_homes_housed": housed,
        "n_homes_unhoused": demand - housed,
        "n_homes_moved": moved,
        "n_homes_new": came - moved,
        "n_homes_left": went - moved,
        "n_places_open": chain.is_open.sum(axis=0),
        "n_places_considered": len(homes),
    }
    gaps = dict(zip(("gap_unhoused", "gap_moves", "gap_places"), chain.gaps, strict=True))
    return needed.assign(gemeente_code=code, **columns, **gaps, is_reproducible=chain.is_reproducible)


def _places(code: str, needed: Frame, there: Frame, chain: Chain) -> Frame:
    """Return the places that open, in the order in which they do."""
    first = int(needed["year"].min())
    used = chain.is_open.any(axis=1)
    opens = chain.is_open[used].argmax(axis=1) + first
    told = there[used].assign(
        gemeente_code=code,
        opens_year=opens,
        closes_year=opens + chain.is_open[used].sum(axis=1),
        n_homes_most=chain.homes[used].max(axis=1, initial=0),
    )
    return told.sort_values(["opens_year", "place_id"])[RelocationPlaces.columns]


def _moves(code: str, needed: Frame, there: Frame, chain: Chain) -> Iterator[tuple[str, int, str, str, int]]:
    """Yield who moves where at the start of every year."""
    names = [*there["place_id"], ""]
    before = np.zeros(len(there), dtype=np.int64)
    for year, homes in zip(needed["year"], chain.homes.T, strict=True):
        for come_from, go_to, n in moves_between(before, homes):
            yield code, int(year), names[come_from] or NEW, names[go_to] or LEAVES, n
        before = homes
