"""Supply matched to demand: which need can be met where (METHOD 9).

Whole places are chosen so that as much of the demand as possible is met; then, in an order that the user may change,
few homes in another municipality, little land that needs consent, little that is not the municipality's, few parcels,
few locations. A place is a cluster of spread supply of one flexmilieu; the groups coupled in it share its homes, and
land is taken once. Where homes are short no row goes first: the shares met are as even as possible. Only places known
to be available and suitable meet a demand; what hangs on unknown ones is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from flexsites.config.run import DEMAND_ORDER, DemandObjective
from flexsites.geometry.groups import group_labels
from flexsites.suitability.asked import Meaning, Parts, answers, gemeenten_of, parts_of_places, with_defaults
from flexsites.suitability.kernels.matching import MANY, choose
from flexsites.suitability.kernels.places import AWAY, NO_LIMIT, Bound, Objective, Places
from flexsites.suitability.kernels.shares import even_totals, share_out
from flexsites.suitability.kernels.windows import UNKNOWN, YES
from flexsites.tables import Frame, concat
from flexsites.tables.demand_tables import Demand, DemandPlaces, DemandSites, DemandTotals
from flexsites.tables.stage import stage

__all__ = ["match_demand", "sum_demand"]

Ints = npt.NDArray[np.int64]
_WIDER = 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class _Together:
    """Rows of a demand that may ask for the same homes, and the places that may answer them."""

    demand: Frame
    places: Frame
    parts: Parts
    given: Places


@stage(takes=(Demand, DemandPlaces), gives=DemandSites)
def match_demand(
    demand: Frame, places: Frame, *, meaning: Meaning, order: tuple[DemandObjective, ...] = DEMAND_ORDER
) -> Frame:
    """Match a demand to the places that are known to be available and suitable.

    Parameters
    ----------
    demand
        Homes asked per gemeente and target group, and what homes.
    places
        Of :func:`flexsites.suitability.places.demand_places`.
    meaning
        What decides whether a home answers.
    order
        What goes before what, after the demand itself: see :data:`flexsites.config.run.DEMAND_ORDER`. What is left
        equal goes by place.

    Returns
    -------
    One row per place and row of the demand that is given homes there. Laws: land is taken once; a place gives no more
    homes than it holds, and no row is given more than it asks or more than its limits allow. Rows of gemeenten that
    cannot ask for the same homes do not depend on each other.

    Examples
    --------
    >>> from flexsites.suitability.asked import Meaning
    >>> from flexsites.suitability.demand import match_demand
    >>> from flexsites.tables import Demand
    >>> from flexsites.tables.demand_tables import DemandPlaces
    >>> from flexsites.worlds.plain import demo, plain
    >>> study = demo()
    >>> groups = study.settings.target_groups
    >>> meaning = Meaning(study.flexmilieus, study.dwelling_types, groups, study.base.time, {})
    >>> asked = plain(
    ...     Demand, demand_id=["d"], target_group="studenten", gemeente_code="GM0001", n_homes_asked=25
    ... )
    >>> places = plain(
    ...     DemandPlaces, place_id=["a#1"], place_kind="without", flexmilieu="campus", place_gemeente_code="GM0001",
    ...     site_id="a", location_id="a#1", n_homes_place=20, n_parcels=1, score=0.5, available_years_expected=15,
    ...     land=[("a#1",)], place_pieces=[("a#1",)], location_x_m=150_000, location_y_m=450_000,
    ... )
    >>> match_demand(asked, places, meaning=meaning)[["demand_id", "place_id", "n_homes_given"]].to_numpy().tolist()
    [['d', 'a#1', 20]]
    """
    frames = []
    for one in _together(demand, places, meaning, is_known=True):
        found = choose(one.given, _objectives(one.places, order))
        kept = found.places[one.given.place]
        shared = one.given.place[kept], one.given.homes[kept], one.given.serves[kept]
        totals = even_totals(*shared, one.given.demand, found.most)
        homes = share_out(*shared, one.given.is_away[kept], totals, found.most)
        by_place = np.zeros((len(one.places), len(one.demand)), dtype=np.int64)
        np.add.at(by_place, one.given.place[kept], homes)
        gap = max(0, found.n_at_most - found.n_homes)
        frames.append(_told(one, by_place, gap=gap, is_best=not gap and not any(found.gaps)))
    return concat(frames, DemandSites)


@stage(takes=(Demand, DemandSites, DemandPlaces), gives=DemandTotals)
def sum_demand(demand: Frame, matched: Frame, places: Frame, *, meaning: Meaning, gemeenten: frozenset[str]) -> Frame:
    """Tell per row of the demand what is met, what may be met, and what is not.

    Parameters
    ----------
    demand, matched, places, meaning
        As of :func:`match_demand`, and what it gave.
    gemeenten
        Those in which the run has sites.

    Returns
    -------
    One row per row of the demand. Law: asked = met + possible + unmet. ``possible`` is what would be met besides, at
    most, if every place of which it is unknown turned out to be available, suitable and free for long enough, nobody
    being given less.

    Examples
    --------
    >>> from flexsites.suitability.asked import Meaning
    >>> from flexsites.suitability.demand import match_demand, sum_demand
    >>> from flexsites.tables import Demand
    >>> from flexsites.tables.demand_tables import DemandPlaces
    >>> from flexsites.worlds.plain import demo, plain
    >>> study = demo()
    >>> groups = study.settings.target_groups
    >>> meaning = Meaning(study.flexmilieus, study.dwelling_types, groups, study.base.time, {})
    >>> asked = plain(
    ...     Demand, demand_id=["d"], target_group="studenten", gemeente_code="GM0001", n_homes_asked=25
    ... )
    >>> places = plain(
    ...     DemandPlaces, place_id=["a#1"], place_kind="without", flexmilieu="campus", place_gemeente_code="GM0001",
    ...     site_id="a", location_id="a#1", n_homes_place=20, n_parcels=1, score=0.5, available_years_expected=15,
    ...     land=[("a#1",)], place_pieces=[("a#1",)], location_x_m=150_000, location_y_m=450_000,
    ... )
    >>> matched = match_demand(asked, places, meaning=meaning)
    >>> told = sum_demand(asked, matched, places, meaning=meaning, gemeenten=frozenset({"GM0001"}))
    >>> told[["n_homes_asked", "n_homes_met", "n_homes_unmet"]].to_numpy().tolist()
    [[25, 20, 5]]
    """
    table = pd.DataFrame(demand).set_index("demand_id")
    away = matched[matched["place_gemeente_code"].ne(matched["gemeente_code"]).fillna(value=True).to_numpy(dtype=bool)]
    for name, found in (
        ("n_homes_met", matched.groupby("demand_id")["n_homes_given"].sum()),
        ("n_homes_elsewhere", away.groupby("demand_id")["n_homes_given"].sum()),
        ("n_places", matched.groupby("demand_id")["place_id"].nunique()),
        ("n_homes_fit", pd.Series(dtype="int64")),
        ("n_homes_possible", pd.Series(dtype="int64")),
        ("n_homes_gap", pd.Series(dtype="int64")),
    ):
        table[name] = found.reindex(table.index).fillna(0).astype("int64")
    table["is_most"] = True
    for one in _together(demand, places, meaning, is_known=True):
        rows = list(one.demand["demand_id"])
        own = matched.loc[matched["demand_id"].isin(rows), "n_homes_gap"]
        gap = int(own.max()) if len(own) else 0
        table.loc[rows, "n_homes_fit"] = _fit_alone(one)
        table.loc[rows, "n_homes_gap"], table.loc[rows, "is_most"] = gap, gap == 0
    for one in _together(demand, places, meaning, is_known=False):
        rows = list(one.demand["demand_id"])
        more, is_most = _possible(one.given, table.loc[rows, "n_homes_met"].to_numpy(dtype=np.int64))
        table.loc[rows, "n_homes_possible"] = more
        table.loc[rows, "is_most"] &= is_most
    table["n_homes_unmet"] = table["n_homes_asked"] - table["n_homes_met"] - table["n_homes_possible"]
    return _not_assessed(table.reset_index(), meaning, gemeenten)


def _not_assessed(result: Frame, meaning: Meaning, gemeenten: frozenset[str]) -> Frame:
    """Return the totals with their outcome in a word, and nothing counted where the run has no sites."""
    served = {group for flexmilieu in meaning.flexmilieus for group in flexmilieu.target_groups}
    result = result.assign(demand_outcome=_outcomes(result, served))
    is_elsewhere = [
        not gemeenten.intersection(gemeenten_of(row, meaning.adjoining)) for row in result.to_dict("records")
    ]
    counted = ["n_homes_met", "n_homes_elsewhere", "n_homes_possible", "n_homes_unmet", "n_homes_fit", "n_places"]
    result[counted] = result[counted].astype("Int64")
    result.loc[is_elsewhere, counted] = pd.NA
    result.loc[is_elsewhere, "demand_outcome"] = "not_assessed"
    return result[list(DemandTotals.columns)]


def _together(demand: Frame, places: Frame, meaning: Meaning, *, is_known: bool) -> Iterator[_Together]:
    """Yield rows that may ask for the same homes, with the places that are known to answer, or are not known not to."""
    asked = with_defaults(demand, meaning.target_groups)
    if asked.empty:
        return
    there = places[places["place_kind"] != "unknown"] if is_known else places
    order = ["place_id", "flexmilieu", "place_kind"]
    there = pd.DataFrame(there).sort_values(order, ignore_index=True)
    where = [set(gemeenten_of(row, meaning.adjoining)) for row in asked.to_dict("records")]
    pairs = np.array([(i, j) for i, a in enumerate(where) for j in range(i) if a & where[j]], dtype=np.int64)
    labels = group_labels(len(asked), *pairs.reshape(-1, 2).T)
    for label in np.unique(labels):
        rows = asked[labels == label].reset_index(drop=True)
        near = set().union(*(where[i] for i in np.flatnonzero(labels == label)))
        yield _one(rows, there[there["place_gemeente_code"].isin(near)].reset_index(drop=True), meaning, is_known)


def _one(demand: Frame, places: Frame, meaning: Meaning, is_known: bool) -> _Together:  # noqa: FBT001 - passed on
    """Return rows and places that belong together, as the kernels see them."""
    parts = parts_of_places(places, meaning)
    truth, is_away = answers(demand, places, parts, meaning)
    serves = truth >= (YES if is_known else UNKNOWN)
    useful = np.zeros(len(places), dtype=bool)
    useful[parts.place[serves.any(axis=1)]] = True
    kept, number = useful[parts.place] & serves.any(axis=1), np.cumsum(useful) - 1
    places = places[useful].reset_index(drop=True)
    parts = Parts(number[parts.place[kept]], parts.homes[kept], parts.max_persons[kept], parts.is_level[kept])
    most, bounds = _limits(demand, places)
    given = Places(
        parts.place,
        parts.homes,
        serves[kept],
        is_away[kept],
        _land(places),
        demand["n_homes_asked"].to_numpy(dtype=np.int64),
        most,
        bounds,
    )
    return _Together(demand, places, parts, given)


def _land(places: Frame) -> Ints:
    """Return pairs of a place and a piece of land that it takes."""
    pairs = pd.DataFrame({"place": np.arange(len(places)), "land": places["land"]}).explode("land")
    pairs = pairs.dropna()
    code = np.unique(pairs["land"].to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    return np.column_stack([pairs["place"].to_numpy(dtype=np.int64), code.reshape(-1)])


def _limits(demand: Frame, places: Frame) -> tuple[Ints, tuple[Bound, ...]]:
    """Return how many homes of each place a row may be given, and what rows of one group may be given together."""
    homes = places["n_homes_place"].to_numpy(dtype=np.int64)
    most = np.full((len(places), len(demand)), NO_LIMIT, dtype=np.int64)
    bounds = []
    itself = np.column_stack([np.arange(len(places))] * 2)
    for _, own in demand.groupby("target_group", sort=True):
        rows = own.index.to_numpy(dtype=np.int64)
        # The strictest of the rows of a group holds for the group.
        share, number, near_m = own["most_share"].min(), own["most_homes_near"].min(), own["near_m"].max()
        if not np.isnan(share):
            at_place = np.floor(homes * share + 1e-9).astype(np.int64)
            most[:, rows] = np.minimum(most[:, rows], at_place[:, None])
            bounds += [Bound(rows, itself, at_place)] if len(rows) > 1 else []
        if not np.isnan(near_m):
            within = np.full(len(places), int(number), dtype=np.int64)
            most[:, rows] = np.minimum(most[:, rows], within[:, None])
            bounds.append(Bound(rows, _near(places, near_m), within))
    return most, tuple(bounds)


def _near(places: Frame, within_m: float) -> Ints:
    """Return pairs of places within a distance, each with itself; one that lies nowhere known is near none."""
    xy = places[["location_x_m", "location_y_m"]].to_numpy(dtype=np.float64)
    known = np.flatnonzero(~np.isnan(xy).any(axis=1))
    pairs = np.zeros((0, 2), dtype=np.int64)
    if len(known):
        pairs = known[cKDTree(xy[known]).query_pairs(within_m * _WIDER, output_type="ndarray").reshape(-1, 2)]
        pairs = pairs[np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T) <= within_m]
    itself = np.column_stack([np.arange(len(places))] * 2)
    return np.concatenate([pairs, pairs[:, ::-1], itself]).astype(np.int64)


def _objectives(places: Frame, order: Sequence[DemandObjective]) -> list[Objective]:
    """Return what a choice costs, in order: of land of which a thing is unknown it counts as not so."""
    locations = np.unique(places["location_id"].fillna("").to_numpy(dtype=object).astype(str), return_inverse=True)[1]

    def each(name: str) -> Objective:
        return Objective(places[name].to_numpy(dtype=np.float64))

    known: dict[DemandObjective, Objective] = {
        "elsewhere": AWAY,
        "consent": each("n_parcels_consent"),
        "not_municipal": each("n_parcels_private"),
        "parcels": each("n_parcels"),
        "locations": Objective(np.ones(len(places)), locations.reshape(-1).astype(np.int64)),
        "score": Objective(1.0 - places["score"].fillna(0.0).to_numpy(dtype=np.float64)),
    }
    # Places stand in the order of their ids: what is left equal goes to the first.
    return [*(known[one] for one in order), Objective(np.arange(len(places), dtype=np.float64))]


def _possible(given: Places, floor: Ints) -> tuple[Ints, bool]:
    """Return what each row may be given besides, at most, nobody being given less; and whether that is proven."""
    if given.n > MANY:
        totals = even_totals(given.place, given.homes, given.serves, given.demand, given.most, first=floor)
        return np.maximum(totals - floor, 0), True
    found = choose(given, [], at_least=floor)
    if found.n_homes <= floor.sum():
        return np.zeros_like(floor), found.n_at_most <= floor.sum()
    kept = found.places[given.place]
    shared = given.place[kept], given.homes[kept], given.serves[kept]
    totals = even_totals(*shared, given.demand, found.most, first=floor)
    return np.maximum(totals - floor, 0), found.n_homes >= found.n_at_most


def _fit_alone(one: _Together) -> list[int]:
    """Return per row the homes of the arrangement that offers it most, if all were its own."""
    place, homes = one.given.place, one.given.homes
    kind = one.places.groupby(["flexmilieu", "place_kind"]).ngroup().to_numpy(dtype=np.int64)
    found = []
    for row in range(len(one.demand)):
        own = one.given.serves[:, row]
        at_place = np.bincount(place[own], weights=homes[own], minlength=len(kind))
        at_place = np.minimum(at_place, one.given.most[:, row].astype(np.float64))
        found.append(int(np.bincount(kind, weights=at_place).max(initial=0)))
    return found


def _told(one: _Together, given: Ints, *, gap: int, is_best: bool) -> Frame:
    """Return what each place gives to each row."""
    place, row = np.nonzero(given)
    rows = one.places.iloc[place].reset_index(drop=True)
    asked = one.demand.iloc[row].reset_index(drop=True)
    told = rows.assign(
        **{name: asked[name] for name in ("demand_id", "gemeente_code", "target_group")},
        n_homes_given=given[place, row],
        n_homes_gap=gap,
        is_best=is_best,
    )
    return told[list(DemandSites.columns)]


def _outcomes(result: Frame, served: set[str]) -> pd.Series[str]:
    """Return in a word what became of each row of the demand."""
    met, possible, unmet = (result[f"n_homes_{name}"].to_numpy(dtype=np.int64) for name in ("met", "possible", "unmet"))
    is_served = result["target_group"].isin(served).to_numpy()
    words = ["no_flexmilieu", "met", "unknown", "partly"]
    tests = [~is_served, (possible == 0) & (unmet == 0), unmet == 0, met + possible > 0]
    return pd.Series(np.select(tests, words, "unmet"), index=result.index, dtype="str")
