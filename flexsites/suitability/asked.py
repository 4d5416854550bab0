"""What each row of a demand asks of a place, and which homes of which place answer it: no, unknown or yes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.config.dwellings import DwellingType
from flexsites.config.rule_sets import TimeModel
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.suitability.kernels.home_parts import parts_of
from flexsites.suitability.kernels.windows import NO, UNKNOWN, YES, covers
from flexsites.tables import Frame

__all__ = ["ADJOINING", "Meaning", "Parts", "answers", "bordering", "gemeenten_of", "parts_of_places", "with_defaults"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Truth = npt.NDArray[np.int8]

ADJOINING = "adjoining"
_TOUCHING_M = 1.0
"""Borders of two editions do not meet to the millimetre."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What decides whether a home answers a demand, besides the tables.

    Attributes
    ----------
    flexmilieus, dwelling_types, target_groups
        Of the run.
    time
        From when years count, and for how long homes stand.
    adjoining
        Per gemeente those that border on it.
    """

    flexmilieus: tuple[Flexmilieu, ...]
    dwelling_types: Mapping[str, DwellingType]
    target_groups: Mapping[str, TargetGroup]
    time: TimeModel
    adjoining: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Homes of places that are alike.

    Attributes
    ----------
    place, homes
        The place, a row of the table of places, and its homes, shape (m,).
    max_persons
        The largest household that they are meant for; NaN: not known, shape (m,).
    is_level
        Shape (m,).
    """

    place: Ints
    homes: Ints
    max_persons: npt.NDArray[np.float64]
    is_level: Bools


def with_defaults(demand: Frame, groups: Mapping[str, TargetGroup]) -> Frame:
    """Return the demand in a fixed order, with what its groups need where a row does not say."""
    told = pd.DataFrame(demand).sort_values("demand_id", ignore_index=True)
    own = [groups.get(name) for name in told["target_group"]]
    is_level = [one is not None and one.needs_level_access for one in own]
    share = [np.nan if one is None or one.max_share is None else float(one.max_share) for one in own]
    near_m = [np.nan if one is None or one.near_m is None else float(one.near_m) for one in own]
    most_near = [np.nan if one is None or one.near_m is None else float(one.max_homes_near or 0) for one in own]
    asks_near = told["most_homes_near"].notna()
    return told.assign(
        is_level_asked=told["is_level_asked"].fillna(pd.Series(is_level, dtype="boolean")).astype(bool),
        most_share=told["most_share"].fillna(pd.Series(share, dtype="float64")),
        most_homes_near=told["most_homes_near"]
        .astype("float64")
        .where(asks_near, pd.Series(most_near, dtype="float64")),
        near_m=told["near_m"].where(asks_near, pd.Series(near_m, dtype="float64")),
    )


def parts_of_places(places: Frame, meaning: Meaning) -> Parts:
    """Return the homes of each place by dwelling type and by whether they are level."""
    found = []
    of_flexmilieu = dict(iter(places.reset_index(drop=True).groupby("flexmilieu").groups.items()))
    for flexmilieu in meaning.flexmilieus:
        rows = np.asarray(of_flexmilieu.get(flexmilieu.id, []), dtype=np.int64)
        programme = flexmilieu.programme
        types = [meaning.dwelling_types[one.dwelling_type] for one in programme.dwellings]
        storeys = [min(int(programme.n_storeys.expected), int(one.max_storeys)) for one in types]
        shares = [one.share.value for one in programme.dwellings]
        homes = places["n_homes_place"].to_numpy(dtype=np.int64)[rows]
        split = parts_of(homes, shares, storeys, has_lift=programme.has_lift)
        place, kind, side = np.nonzero(split)
        persons = np.array([np.nan if one.max_persons is None else float(one.max_persons) for one in types])
        found.append(Parts(rows[place], split[place, kind, side], persons[kind], side == 0))
    columns = (np.concatenate([getattr(one, name) for one in found]) for name in Parts.__dataclass_fields__)
    return Parts(*columns)


def answers(demand: Frame, places: Frame, parts: Parts, meaning: Meaning) -> tuple[Truth, Bools]:
    """Return per part and row of the demand whether it answers it, and whether it does so in another gemeente.

    Returns
    -------
    No, unknown or yes, shape (m, r), and a truth of the same shape. A place that is itself unknown answers with
    unknown at best.
    """
    gemeente = places["place_gemeente_code"].to_numpy(dtype=object)[parts.place]
    flexmilieu = places["flexmilieu"].to_numpy(dtype=object)[parts.place]
    is_unknown = (places["place_kind"] == "unknown").to_numpy()[parts.place]
    years = places["available_years_expected"].to_numpy(dtype=np.float64)
    shape = (len(parts.place), len(demand))
    truth, is_away = np.full(shape, NO, dtype=np.int8), np.zeros(shape, dtype=bool)
    term = float(meaning.time.term_years)
    for column, row in enumerate(demand.to_dict("records")):
        serving = [one.id for one in meaning.flexmilieus if row["target_group"] in one.target_groups]
        is_there = np.isin(flexmilieu, serving) & np.isin(gemeente, list(gemeenten_of(row, meaning.adjoining)))
        found = np.full(shape[0], YES, dtype=np.int8)
        found = np.minimum(found, np.where(is_unknown, UNKNOWN, YES))
        if not pd.isna(row["household_size"]):
            fits = np.where(parts.max_persons >= int(row["household_size"]), YES, NO)
            found = np.minimum(found, np.where(np.isnan(parts.max_persons), UNKNOWN, fits))
        if row["is_level_asked"]:
            found = np.minimum(found, np.where(parts.is_level, YES, NO))
        asked = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("years_asked", "from_year")}
        lasts = covers(years, begins=meaning.time.homes_begin, term=term, **asked)
        found = np.minimum(found, lasts[parts.place])
        truth[:, column] = np.where(is_there, found, NO)
        is_away[:, column] = gemeente != row["gemeente_code"]
    return truth, is_away


def gemeenten_of(row: Mapping[Hashable, Any], adjoining: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield where a row of the demand may be met: its own gemeente first."""
    yield row["gemeente_code"]
    for one in row["also_in"]:
        yield from adjoining.get(row["gemeente_code"], ()) if one == ADJOINING else (one,)


def bordering(areas: Frame, codes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return per gemeente those that border on it.

    Parameters
    ----------
    areas
        Gemeenten with their outlines.
    codes
        Whose neighbours are asked; one that is not among the areas has none that are known.
    """
    own = areas[areas["area_code"].isin(codes).to_numpy()]
    near = own.geometry.sindex.query(areas.geometry, predicate="dwithin", distance=_TOUCHING_M)
    found: dict[str, set[str]] = {code: set() for code in codes}
    for there, here in near.T:
        found[own["area_code"].iloc[here]].add(areas["area_code"].iloc[there])
    return {code: tuple(sorted(near - {code})) for code, near in sorted(found.items())}
