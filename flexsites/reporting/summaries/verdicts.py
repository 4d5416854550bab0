"""Sites by verdict and by owner: what adds up over a run, per area, and whose land it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from flexsites.reporting.summaries.parts import AREA_KINDS, Part, add_up, areas_of, chosen, kinds_among, placed
from flexsites.reporting.summaries.sums import Ints, amounts_of, count_locations, exact
from flexsites.reporting.summaries.totals import AREAS, COMMON
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

UNKNOWN_OWNER = "onbekend"
_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
_POPULATIONS = ("assessed", "not_excluded", "available", "suitable")
_OWNER = ["owner_class", "tenure"]


def verdict_totals(sites: Frame, *, area_kinds: Sequence[str] = AREA_KINDS, places: Frame | None = None) -> Frame:
    """Count the sites per area and verdict; what is unknown stands apart (``places`` as in ``totals``).

    Returns
    -------
        Key ``(area_kind, area_code, verdict)`` with ``n_sites``, ``n_locations``, areas in m2 and homes.
        Law: over the four verdicts the sites of an area add up to all its sites.
    """
    return join_verdicts([part_of_verdicts(sites, area_kinds=area_kinds, places=places)], area_kinds=area_kinds)


def part_of_verdicts(sites: Frame, *, area_kinds: Sequence[str] = AREA_KINDS, places: Frame | None = None) -> Part:
    """Return what some sites add to the sums per verdict."""
    known = sites.reset_index(drop=True)
    areas, rows = areas_of(known, area_kinds), _exactly(known)
    groups = {one: known["verdict"].eq(one).to_numpy(dtype=bool) for one in _VERDICTS}
    keyed = [rows.assign(area_kind=kind, area_code=areas[kind], verdict=known["verdict"]) for kind in areas]
    sums = pd.concat([one.groupby(["area_kind", "area_code", "verdict"]).sum().reset_index() for one in keyed])
    return Part(sums, placed(known, places, areas, list(groups.values())))


def join_verdicts(parts: Iterable[Part], *, area_kinds: Sequence[str] = AREA_KINDS) -> Frame:
    """Return the sums per area and verdict of parts together: the same whatever the parts."""
    whole = add_up(parts, ["area_kind", "area_code", "verdict"])
    tables = []
    for kind in kinds_among(whole.sums, area_kinds):
        here = chosen(whole.sums, area_kind=kind)
        codes = here.index.get_level_values("area_code").unique().sort_values()
        index = pd.MultiIndex.from_product([codes, _VERDICTS], names=["area_code", "verdict"])
        located = count_locations(whole.places, kind, len(_VERDICTS)).reindex(codes, fill_value=0)
        # An area without sites of a verdict has none, and that is known.
        table = _told(here.reindex(index, fill_value=0), located.to_numpy().ravel()).reset_index()
        table.insert(0, "area_kind", kind)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def ownership_totals(sites: Frame, *, places: Frame | None = None) -> Frame:
    """Sum all, not excluded, available and suitable sites by owner class and tenure (``places``: see ``totals``).

    Returns
    -------
        Key ``(population, owner_class, tenure)`` with ``n_sites``, ``n_locations``, areas in m2, homes, and
        ``share_of_sites`` of that population. ``assessed`` are all sites, ``not_excluded`` those available and those
        of which that is unknown: where nothing is known to be available, ownership can still be read. Owner and
        tenure are ``onbekend`` where no one provided them: open parcels carry no owner [P].
    """
    return join_ownership([part_of_ownership(sites, places=places)])


def part_of_ownership(sites: Frame, *, places: Frame | None = None) -> Part:
    """Return what some sites add to the sums per owner and tenure."""
    known = sites.reset_index(drop=True)
    named = {name: known[name].astype("object").where(known[name].notna(), UNKNOWN_OWNER) for name in _OWNER}
    available = known["verdict"].isin(AVAILABLE).to_numpy(dtype=bool)
    suits = known["is_suitable"].fillna(value=False).to_numpy(dtype=bool)
    not_excluded = known["verdict"].ne("excluded").to_numpy(dtype=bool)
    groups = dict(zip(_POPULATIONS, (np.ones_like(available), not_excluded, available, available & suits), strict=True))
    rows = _exactly(known).assign(**named)
    keys = ["population", *_OWNER]
    sums = [rows[is_one].assign(population=name).groupby(keys).sum().reset_index() for name, is_one in groups.items()]
    owner = {"owner": (named["owner_class"] + "\n" + named["tenure"]).astype("str")}
    return Part(pd.concat(sums), placed(known, places, owner, list(groups.values())))


def join_ownership(parts: Iterable[Part]) -> Frame:
    """Return the sums per population, owner and tenure of parts together: the same whatever the parts."""
    whole = add_up(parts, ["population", *_OWNER])
    located = count_locations(whole.places, "owner", len(_POPULATIONS))
    number = {name: i for i, name in enumerate(_POPULATIONS)}
    owners = [f"{owner}\n{tenure}" for _, owner, tenure in whole.sums.index]
    of_row = located.reindex(owners, fill_value=0).to_numpy()
    n_locations = of_row[np.arange(len(owners)), [number[population] for population, *_ in whole.sums.index]]
    table = _told(whole.sums, n_locations).reset_index()
    n_sites = table["n_sites"].astype("float64")
    table["share_of_sites"] = n_sites / n_sites.groupby(table["population"]).transform("sum").clip(lower=1.0)
    return table.sort_values(["population", "n_sites", *_OWNER], ascending=[True, False, True, True])


def _exactly(sites: Frame) -> Frame:
    """Return a count of one, and areas and homes in whole parts of 1e-8, per site."""
    return pd.DataFrame({"n_sites": 1} | {name: exact(sites[name]) for name in (*AREAS, *COMMON)}, index=sites.index)


def _told(sums: Frame, n_locations: Ints) -> Frame:
    """Return sums as counts, square metres and homes."""
    counts = {
        "n_sites": sums["n_sites"].astype("Int64"),
        "n_locations": pd.Series(n_locations, sums.index, dtype="Int64"),
    }
    return pd.DataFrame(counts | {name: amounts_of(sums[name]) for name in (*AREAS, *COMMON)}, index=sums.index)
