"""The transit diagnostic: which share of the available locations falls if public transport is required.

PBL found more than 80 % of its locations in Noord-Holland. The same question is asked here before any target group,
in sites, locations, area and homes (the common programme), the last two by piece; where there is no timetable the
answer is unknown, not no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.summaries.totals import area_codes, kinds_there, places_of
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]

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
_LEVELS = (FALLS, UNKNOWN, STAYS)


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
    available = sites[sites["verdict"].isin(AVAILABLE)].sort_values("site_id", kind="stable", ignore_index=True)
    kinds = kinds_there(available, area_kinds) if len(available) else [kind for kind in area_kinds if kind == "run"]
    codes = {kind: area_codes(available, kind).astype("str") for kind in kinds}
    rows = []
    for variant, reach in reaches.items():
        levels = _levels(accessibility, measures, reach)
        asked = accessibility["measure"].isin([measures[mode] for mode in reach if mode in measures])
        is_served = bool((accessibility["status"][asked] == "reached").any() or not len(available))
        is_known = is_served or bool((accessibility["status"][asked] == "unreached").any())
        weighed = _weighed(available, levels, places, pieces)
        for kind, code in codes.items():
            for quantity, (of_site, level, weight) in weighed.items():
                table = _summed(code.to_numpy()[of_site], level, weight, is_place=quantity == "locations")
                for area, sums in sorted(table.items()) or [(kind, np.zeros(len(_LEVELS)))]:
                    rows.append((kind, area, variant, quantity, *_row(sums, is_known=is_known)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _levels(accessibility: Frame, measures: Mapping[str, str], reach: Mapping[str, float]) -> Frame:
    """Return per measured piece its level: 2 stays, 1 unknown, 0 falls; the best of its modes decides."""
    limit = {measures[mode]: metres for mode, metres in reach.items() if mode in measures}
    asked = accessibility[accessibility["measure"].isin(limit)]
    value = asked["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    limit_m = asked["measure"].map(limit).to_numpy(dtype=np.float64)
    within = asked["status"].eq("reached").to_numpy(dtype=bool) & (value <= limit_m)
    is_unknown = asked["status"].eq("unknown").to_numpy(dtype=bool)
    # What was not found, or found farther away, is a no only as far as surely nothing was missed.
    complete_m = asked.get("complete_to_m", pd.Series(np.nan, index=asked.index)).to_numpy(dtype=np.float64)
    unknown = np.where(np.isnan(complete_m), is_unknown, complete_m < limit_m)
    keys = [name for name in ("site_id", "piece_id") if name in asked]
    best = asked[keys].assign(level=np.select([within, unknown], [2, 1], 0)).groupby(keys).max().reset_index()
    # A mode that was not measured at all is not known to be out of reach.
    if set(limit) - set(asked["measure"]) or set(reach) - set(measures):
        best["level"] = best["level"].clip(lower=1)
    return best


def _weighed(
    available: Frame, levels: Frame, places: Frame | None, pieces: Frame | None
) -> dict[str, tuple[Ints, Ints, Floats]]:
    """Return per quantity the rows of sites, their levels and weights; of locations a row per site that lies in one.

    A location's weight is its number: it counts once per area, however many of its sites lie there.
    """
    rows = pd.Series(np.arange(len(available), dtype=np.intp), index=available["site_id"])
    known = levels if pieces is None else levels[levels["piece_id"].isin(pieces["piece_id"])]
    of_site = known.groupby("site_id")["level"].max().reindex(available["site_id"]).fillna(1).to_numpy(dtype=np.intp)
    pairs = places_of(available, places)
    if places is None or "piece_id" not in levels:
        at = pairs["site_id"].map(dict(zip(available["site_id"], of_site, strict=True)))
    else:
        here = places[places["site_id"].isin(available["site_id"])]
        own = here["piece_id"].map(levels.set_index("piece_id")["level"]).fillna(1)
        at = pairs["location_id"].map(own.groupby(here["location_id"]).max())
    at = at.groupby(pairs["location_id"]).transform("max")
    every = np.arange(len(available), dtype=np.intp)
    number = pd.factorize(pairs["location_id"])[0].astype(np.float64)
    area, homes = (available[name].to_numpy(dtype=np.float64) for name in ("programme_area_m2", "n_common_expected"))
    land = (every, of_site, area)
    if pieces is not None:
        mine = pieces[pieces["site_id"].isin(available["site_id"])].sort_values("piece_id", kind="stable")
        level = mine["piece_id"].map(levels.set_index("piece_id")["level"]).fillna(1).to_numpy(dtype=np.intp)
        land = (rows.loc[mine["site_id"]].to_numpy(), level, mine["core_area_m2"].to_numpy(dtype=np.float64))
    per_m2 = np.divide(homes, area, out=np.zeros_like(area), where=area > 0)
    return {
        "sites": (every, of_site, np.ones(len(available))),
        "locations": (rows.loc[pairs["site_id"]].to_numpy(), at.to_numpy(dtype=np.intp), number),
        "programme_area_m2": land,
        "n_common_expected": (land[0], land[1], land[2] * per_m2[land[0]]),
    }


def _summed(area: Strings, level: Ints, weight: Floats, *, is_place: bool) -> dict[str, Floats]:
    """Return per area what falls, is unknown and stays; of locations, how many."""
    table = pd.DataFrame({"area": area, "level": level, "weight": weight})
    if is_place:
        table = table.drop_duplicates(["area", "weight"]).assign(weight=1.0)
    sums = table.pivot_table(index="area", columns="level", values="weight", aggfunc="sum", fill_value=0.0)
    sums = sums.reindex(columns=range(len(_LEVELS)), fill_value=0.0)
    return {str(code): row for code, row in zip(sums.index, sums.to_numpy(dtype=np.float64), strict=True)}


def _row(sums: Floats, *, is_known: bool) -> tuple[float, ...]:
    """Return total, stays, falls, unknown, and the shares, of what falls, is unknown and stays."""
    falls, unknown, stays = (float(amount) for amount in sums)
    total, sure = stays + falls + unknown, stays + falls
    return (
        total,
        stays,
        falls,
        unknown,
        falls / sure if sure and is_known else np.nan,
        falls / total if total else np.nan,
        (falls + unknown) / total if total else np.nan,
    )
