"""The transit diagnostic: which share of the available locations falls if public transport is required.

PBL found more than 80 % of its locations in Noord-Holland. The same question is asked here before any target group,
in sites, locations, area and homes (the common programme), the last two by piece; where there is no timetable the
answer is unknown, not no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.summaries.parts import Part, add_up, areas_of, chosen, kinds_among, places_of
from flexsites.reporting.summaries.sums import Places, amounts_of, count_locations, exact, of_locations
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STAYS, UNKNOWN, FALLS = "stays", "unknown", "falls"
COLUMNS = (
    "area_kind",
    "area_code",
    "variant",
    "quantity",
    "total",
    "stays",
    "falls",
    "unknown",
    "share_falls",
    "share_falls_low",
    "share_falls_high",
)
QUANTITIES = ("sites", "locations", "programme_area_m2", "n_common_expected")
_LEVELS = (FALLS, UNKNOWN, STAYS)
_KEYS = ["area_kind", "area_code", "variant", "quantity"]


def transit_diagnostic(
    sites: Frame,
    accessibility: Frame,
    *,
    measures: Mapping[str, str],
    reaches: Mapping[str, Mapping[str, float]],
    area_kinds: Sequence[str] = ("run",),
    places: Frame | None = None,
    pieces: Frame | None = None,
) -> Frame:
    """Tell what falls if a served stop within reach is required.

    Parameters
    ----------
    sites
        Sites, key ``site_id``; only the available ones (eligible or conditional) are counted.
    accessibility
        Accessibility of valid pieces, key ``(piece_id, measure)``: walking distances in m to the nearest served stop
        of each mode, and in ``complete_to_m`` (where it is given) how far surely none was missed.
    measures
        Mode to measure id, such as ``{"bus": "walk_to_bus"}``.
    reaches
        Variant name to reach in m per mode. Default of the method: 1,125 m for every mode [R]; variant 500 m bus,
        800 m tram and metro, 1,200 m train [A].
    area_kinds
        Which areas: ``run``, ``provincie``, ``gemeente``, ``buurt`` (left out where no site has one).
    places
        ``piece_id, site_id, location_id`` of every valid piece; the site's own location when not given.
    pieces
        ``piece_id, site_id, core_area_m2`` of the pieces that count: area and homes fall piece by piece.
        Site by site when not given.

    Returns
    -------
        Key ``(area_kind, area_code, variant, quantity)``; ``quantity`` is ``sites``, ``locations``,
        ``programme_area_m2`` or ``n_common_expected``. ``total = stays + falls + unknown``. ``share_falls`` is falls
        over what is known and null where nothing is known, or no served stop is known at all (then nothing could
        stay); ``share_falls_low`` and ``share_falls_high`` take all that is unknown as staying or as falling (null
        where there is nothing).

    Notes
    -----
    A site stays if one piece reaches one stop; it falls if of every mode it is known that none is within reach: the
    search was complete as far as that. A location stays if one of its pieces does, and counts in every area that one
    of its sites lies in. Law: areas and homes of the gemeenten add up to those of the run; locations need not.

    Examples
    --------
    >>> place = pd.DataFrame({"site_id": ["a", "b"], "verdict": "eligible", "location_id": ["1", "2"],
    ...     "programme_area_m2": [30.0, 10.0], "n_common_expected": [3.0, 1.0]})
    >>> reached = pd.DataFrame({"site_id": ["a", "b"], "measure": "walk_to_bus", "value": [400.0, np.nan],
    ...     "status": ["reached", "unreached"]})
    >>> found = transit_diagnostic(place, reached, measures={"bus": "walk_to_bus"}, reaches={"x": {"bus": 500.0}})
    >>> dict(zip(found["quantity"], found["share_falls"].astype(float)))["programme_area_m2"]
    0.25
    """
    part = part_of_transit(
        sites, accessibility, measures=measures, reaches=reaches, area_kinds=area_kinds, places=places, pieces=pieces
    )
    return join_transit([part], measures=measures, reaches=reaches, area_kinds=area_kinds)


@dataclass(frozen=True, slots=True)
class TransitPart:
    """What some sites add to the diagnostic.

    Attributes
    ----------
    counted
        Whole numbers per area, variant and quantity: what falls, is unknown and stays; and the locations of sites, of
        which per variant it is told whether they may stay, and whether they do.
    statuses
        Which statuses the measurements have, per measure.
    """

    counted: Part
    statuses: Frame


def part_of_transit(
    sites: Frame,
    accessibility: Frame,
    *,
    measures: Mapping[str, str],
    reaches: Mapping[str, Mapping[str, float]],
    area_kinds: Sequence[str],
    places: Frame | None = None,
    pieces: Frame | None = None,
) -> TransitPart:
    """Return what some sites add: the arguments of :func:`transit_diagnostic`, of these sites alone."""
    available = sites[sites["verdict"].isin(AVAILABLE)].reset_index(drop=True)
    areas, groups, tables = areas_of(available, area_kinds), list[Bools](), list[Frame]()
    pairs = places_of(available, places)
    of_pair = pd.Index(available["site_id"]).get_indexer(pd.Index(pairs["site_id"]))
    for variant, reach in reaches.items():
        levels = _levels(accessibility, measures, reach)
        weighed, of_site = _weighed(available, levels, pieces)
        at = _level_of_pairs(pairs, of_site[of_pair], levels, places)
        groups += [at >= least for least in range(len(_LEVELS))]
        for quantity, (row, level, weight) in weighed.items():
            for kind in areas:
                rows = pd.DataFrame({"area_code": areas[kind].to_numpy()[row]})
                rows = rows.assign(**{name: np.where(level == i, weight, 0) for i, name in enumerate(_LEVELS)})
                tables.append(rows.assign(area_kind=kind, variant=variant, quantity=quantity))
    # A run whose manifest names no reach has no diagnostic.
    nothing = pd.DataFrame(columns=[*_KEYS, *_LEVELS])
    sums = pd.concat(tables, ignore_index=True).groupby(_KEYS).sum().reset_index() if tables else nothing
    at_least = np.column_stack(groups) if groups else np.zeros((len(pairs), 0), dtype=bool)
    there = Places.of(pairs["location_id"], pd.DataFrame(areas).iloc[of_pair], at_least)
    statuses = pd.DataFrame(accessibility[["measure", "status"]]).drop_duplicates(ignore_index=True)
    return TransitPart(Part(sums, there), statuses)


def join_transit(
    parts: Iterable[TransitPart],
    *,
    measures: Mapping[str, str],
    reaches: Mapping[str, Mapping[str, float]],
    area_kinds: Sequence[str],
) -> Frame:
    """Return the diagnostic of parts together: the same whatever the parts."""
    seen: list[Frame] = []

    def counted() -> Iterator[Part]:
        for part in parts:
            seen.append(part.statuses)
            yield part.counted

    whole = add_up(counted(), _KEYS)
    statuses = pd.concat(seen).drop_duplicates()
    kinds = kinds_among(whole.sums, area_kinds) if len(whole.sums) else ["run"]
    places, n = of_locations(whole.places), len(_LEVELS)
    located = {kind: count_locations(places, kind, n * len(reaches)) for kind in kinds if len(places.location_id)}
    rows = []
    for v, (variant, reach) in enumerate(reaches.items()):
        state = _state(statuses, measures, reach, is_empty=not len(whole.sums))
        for kind, quantity in product(kinds, QUANTITIES):
            is_place = quantity == "locations"
            found = _by_level(located.get(kind), v) if is_place else _amounts(whole.sums, kind, variant, quantity)
            rows += [
                (kind, area, variant, quantity, *_row(sums, state)) for area, sums in found or [(kind, np.zeros(n))]
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of the modes of a variant: whether any is, and whether all were measured."""

    is_known: bool
    is_whole: bool


def _state(statuses: Frame, measures: Mapping[str, str], reach: Mapping[str, float], *, is_empty: bool) -> _State:
    """Return what the run knows of the modes that a variant asks for."""
    asked = {measures[mode] for mode in reach if mode in measures}
    mine = statuses[statuses["measure"].isin(asked)]
    is_known = is_empty or bool(mine["status"].isin(["reached", "unreached"]).any())
    return _State(is_known, asked == set(mine["measure"]) and set(reach) <= set(measures))


def _levels(accessibility: Frame, measures: Mapping[str, str], reach: Mapping[str, float]) -> Frame:
    """Return per measured piece its level: 2 stays, 1 unknown, 0 falls; the best of its modes decides."""
    limit = {measures[mode]: metres for mode, metres in reach.items() if mode in measures}
    asked = accessibility[accessibility["measure"].isin(limit)]
    value = asked["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    limit_m = asked["measure"].astype("object").map(limit).to_numpy(dtype=np.float64)
    within = asked["status"].eq("reached").to_numpy(dtype=bool) & (value <= limit_m)
    is_unknown = asked["status"].eq("unknown").to_numpy(dtype=bool)
    # What was not found, or found farther away, is a no only as far as surely nothing was missed.
    complete_m = asked.get("complete_to_m", pd.Series(np.nan, index=asked.index)).to_numpy(dtype=np.float64)
    unknown = np.where(np.isnan(complete_m), is_unknown, complete_m < limit_m)
    keys = [name for name in ("site_id", "piece_id") if name in asked]
    return asked[keys].assign(level=np.select([within, unknown], [2, 1], 0)).groupby(keys).max().reset_index()


def _weighed(available: Frame, levels: Frame, pieces: Frame | None) -> tuple[dict[str, tuple[Ints, Ints, Ints]], Ints]:
    """Return per quantity that adds up rows of sites, their levels and whole weights; and the level of each site."""
    known = levels if pieces is None else levels[levels["piece_id"].isin(pieces["piece_id"])]
    of_site = known.groupby("site_id")["level"].max().reindex(available["site_id"]).fillna(1).to_numpy(dtype=np.int64)
    every = np.arange(len(available), dtype=np.int64)
    area, homes = (available[name].to_numpy(dtype=np.float64) for name in ("programme_area_m2", "n_common_expected"))
    row, level, land = every, of_site, area
    if pieces is not None:
        mine = pieces[pieces["site_id"].isin(available["site_id"])]
        level = mine["piece_id"].map(levels.set_index("piece_id")["level"]).fillna(1).to_numpy(dtype=np.int64)
        row = pd.Index(available["site_id"]).get_indexer(pd.Index(mine["site_id"])).astype(np.int64)
        land = mine["core_area_m2"].to_numpy(dtype=np.float64)
    per_m2 = np.divide(homes, area, out=np.zeros_like(area), where=area > 0)
    amounts = {"programme_area_m2": exact(land), "n_common_expected": exact(land * per_m2[row])}
    found = {name: (row, level, amount) for name, amount in amounts.items()}
    return {"sites": (every, of_site, exact(np.ones(len(every))))} | found, of_site


def _level_of_pairs(pairs: Frame, of_site: Ints, levels: Frame, places: Frame | None) -> Ints:
    """Return per site and location the best level of the pieces there; of the site where pieces are not told apart."""
    if places is None or "piece_id" not in levels:
        return of_site
    own = places[["site_id", "location_id"]].assign(
        level=places["piece_id"].map(levels.set_index("piece_id")["level"]).fillna(1).astype("int64")
    )
    best = own.groupby(["site_id", "location_id"])["level"].max()
    return best.reindex(pd.MultiIndex.from_frame(pairs)).to_numpy(dtype=np.int64)


def _amounts(sums: Frame, kind: str, variant: str, quantity: str) -> list[tuple[str, Floats]]:
    """Return per area what falls, is unknown and stays."""
    if not len(sums):
        return []
    found = chosen(sums, area_kind=kind, variant=variant, quantity=quantity)
    amounts = np.column_stack([amounts_of(found[name]) for name in _LEVELS])
    return list(zip(map(str, found.index), amounts, strict=True))


def _by_level(located: Frame | None, variant: int) -> list[tuple[str, Floats]]:
    """Return per area the locations that fall, are unknown and stay, of those that may stay and those that do."""
    if located is None:
        return []
    n = len(_LEVELS)
    every, may, do = (located[n * variant + least].to_numpy(dtype=np.float64) for least in range(n))
    told = np.column_stack([every - may, may - do, do])
    return list(zip(map(str, located.index), told, strict=True))


def _row(sums: Floats, state: _State) -> tuple[float, ...]:
    """Return total, stays, falls, unknown, and the shares, of what falls, is unknown and stays."""
    falls, unknown, stays = (float(amount) for amount in sums)
    if not state.is_whole:
        # A mode that was not measured at all is not known to be out of reach.
        falls, unknown = 0.0, falls + unknown
    total, sure = stays + falls + unknown, stays + falls
    return (
        total,
        stays,
        falls,
        unknown,
        falls / sure if sure and state.is_known else np.nan,
        falls / total if total else np.nan,
        (falls + unknown) / total if total else np.nan,
    )
