"""The building stock: BAG panden and verblijfsobjecten, roofs of 3DBAG, joined to the canonical Buildings.

What counts: panden that stand (not those not yet built, demolished or wrongly entered), verblijfsobjecten in use. A
verblijfsobject that lies in several panden counts once: in the standing one with the largest footprint, ties to the
lowest id. What does not count is kept apart with the reason, so that a portfolio can be told why.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.input_rules import input_rules
from flexsites.errors import Fault, InputError
from flexsites.inputs.rows.numbers import Impossible, numbers
from flexsites.inputs.rows.validity import make_sound
from flexsites.inputs.stock.bag_words import (
    DWELLING,
    PAND_LEFT_OUT,
    PAND_STANDS,
    UNIT_FUNCTIONS,
    UNIT_IN_USE,
    UNIT_LEFT_OUT,
)
from flexsites.inputs.stock.files import bag_ids, first_column, is_among, members, require_bag_ids, require_columns
from flexsites.inputs.stock.occurrences import OCCURRENCE_COLUMNS, why_not
from flexsites.tables import CRS, Buildings, Frame, RoofParts, empty
from flexsites.tables.dtypes import PANDAS

__all__ = [
    "PAND_NEEDED",
    "PAND_OPTIONAL",
    "UNIT_NEEDED",
    "UNIT_OPTIONAL",
    "LeftOut",
    "Stock",
    "is_dwelling",
    "join_stock",
    "panden",
    "verblijfsobjecten",
]

_YEAR_UNKNOWN = 9999
_DATE = r"^(\d{4})(?:[^\d.].*|(?:0[1-9]|1[0-2])[0-3]\d)$"
_GEMEENTE_DIGITS = 4

PAND_NEEDED: dict[str, tuple[str, ...]] = {"id": ("identificatie", "bag_pand_id", "identifica")}
_STATUS = ("status", "pandstatus", "pand_status")
_YEAR = ("oorspronkelijkbouwjaar", "bouwjaar", "year_built")
PAND_OPTIONAL = (*_STATUS, *_YEAR, *OCCURRENCE_COLUMNS)
"""Columns of panden, ours: theirs in every dialect, and those that are read where they are there."""

UNIT_NEEDED: dict[str, tuple[str, ...]] = {
    "id": ("identificatie", "bag_verblijfsobject_id", "identifica"),
    "status": ("status", "verblijfsobjectstatus"),
    "functions": ("gebruiksdoel", "gebruiksdoelen", "gebruiksdo"),
    "area": ("oppervlakte", "oppervlakt"),
    "pand": ("pandref", "pand_identificatie", "pandidentificatie", "maaktdeeluitvan", "bag_pand_id", "pandidenti"),
}
_ADDRESS = {
    "postcode": ("postcode",),
    "house_number": ("huisnummer", "house_number"),
    "house_letter": ("huisletter", "house_letter"),
    "house_addition": ("toevoeging", "huisnummertoevoeging", "house_addition"),
    "address_id": ("hoofdadresnummeraanduidingref", "nummeraanduiding_hoofdadres_identificatie", "address_id"),
}
UNIT_OPTIONAL = (*OCCURRENCE_COLUMNS, *(name for names in _ADDRESS.values() for name in names))
"""The same of verblijfsobjecten."""

LeftOut = Frame
"""Panden that do not count: bag_pand_id, pand_status, reason."""


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of a run: what stands, its roof surfaces, what does not count and why, and counts to tell."""

    buildings: Frame
    roof_parts: Frame
    left_out: LeftOut
    notes: dict[str, int] = field(default_factory=dict)


def panden(
    rows: Frame, *, where: str, on: dt.date | None = None, impossible: Impossible | None = None
) -> tuple[Frame, LeftOut]:
    """Return the panden that stand, and those left out with the reason.

    Parameters
    ----------
    rows
        A table with identificatie, bouwjaar, status and geometry in one of the register's dialects (also that of
        3DBAG, which carries the same columns), names in lower case.
    where
        What to name in an error.
    on
        The reference date: the occurrence of a pand that is valid on it counts; None: the one without an end.
    impossible
        Told of years that no standing building can have.

    Returns
    -------
        bag_pand_id, year_built (null: none, or no year a standing building can have), pand_status, geometry; and the
        left out.

    Raises
    ------
    InputError
        If a column is missing, a status or an identification is not of the register, or a year is no number.
    """
    theirs = require_columns(rows, PAND_NEEDED, where=where)
    ids = bag_ids(rows[theirs["id"]])
    require_bag_ids(ids, rows[theirs["id"]], where=where)
    status_name = first_column(rows, _STATUS)
    status = pd.Series(rows[status_name] if status_name else None, index=rows.index, dtype="str")
    words = status.str.strip().str.casefold()
    _require_words(words, PAND_STANDS | set(PAND_LEFT_OUT), where=f"{where}: {status_name}")
    sound = make_sound(rows.geometry.to_numpy(), "polygon")
    reason = words.map(PAND_LEFT_OUT).astype(object)
    reason = reason.where(reason.notna(), pd.Series(sound.reason, index=rows.index))
    # A pand is what its valid occurrence says: one that was demolished since does not stand in an earlier one.
    superseded = pd.Series(why_not(rows, ids, ids, where=where, on=on), index=rows.index)
    reason = superseded.where(superseded.notna(), reason)
    stands = reason.isna()
    years = _years(rows, stands, where, on, impossible or Impossible())
    frame = pd.DataFrame({"bag_pand_id": ids, "year_built": years, "pand_status": status})
    standing = gpd.GeoDataFrame(frame[stands], geometry=sound.geometry[stands.to_numpy()], crs=CRS)
    left_out = frame.loc[~stands, ["bag_pand_id", "pand_status"]].assign(reason=reason[~stands].astype("str"))
    return standing.reset_index(drop=True), left_out.reset_index(drop=True)


def verblijfsobjecten(
    rows: Frame, *, where: str, on: dt.date | None = None, impossible: Impossible | None = None
) -> tuple[Frame, dict[str, int]]:
    """Return one row per unit in use and pand it lies in, and what was left out.

    Parameters
    ----------
    rows
        A table with identificatie, status, gebruiksdoel, oppervlakte and the pand (``pandref``, ``pand_identificatie``
        or ``maaktdeeluitvan``), lists written as ``{a,b}`` or as lists; addresses travel along where they are there.
        A unit may have a row per pand and a row per gebruiksdoel.
    where
        What to name in an error.
    on
        The reference date; see `panden`.
    impossible
        Told of floor areas below 0.

    Returns
    -------
        bag_verblijfsobject_id, bag_pand_id, functions (list), floor_area_m2, postcode, house_number, house_letter,
        house_addition, address_id; and counts of units left out.

    Raises
    ------
    InputError
        If a column is missing, a status or a function is not one of the register's, or a floor area is no number.
    """
    theirs = require_columns(rows, UNIT_NEEDED, where=where)
    words = rows[theirs["status"]].astype("str").str.strip().str.casefold()
    _require_words(words, UNIT_IN_USE | UNIT_LEFT_OUT, where=f"{where}: {theirs['status']}")
    ids = bag_ids(rows[theirs["id"]])
    require_bag_ids(ids, rows[theirs["id"]], where=where)
    # Some exports write a unit as a row per pand, or per function: those are no versions of each other.
    row_key = ids + "/" + rows[theirs["pand"]].astype("str").fillna("")
    functions = _functions(rows[theirs["functions"]], where=f"{where}: {theirs['functions']}")
    of_function = row_key + "/" + functions.map("|".join).astype("str")
    is_occurrence = pd.Series(why_not(rows, ids, of_function, where=where, on=on), index=rows.index).isna()
    functions = _of_all_rows(functions, ids, is_occurrence)
    is_last = rows.index.isin(row_key[is_occurrence].drop_duplicates(keep="last").index)
    in_use = ~words.isin(UNIT_LEFT_OUT) & is_occurrence & is_last
    area = numbers(rows[theirs["area"]].where(in_use), theirs["area"], where)
    area = (impossible or Impossible()).left_out(area, area < 0, f"{where}: {theirs['area']}")
    units = pd.DataFrame(
        {
            "bag_verblijfsobject_id": ids,
            "bag_pand_id": members(rows[theirs["pand"]]),
            "functions": functions,
            # The register writes 999999 (and 0 never) where the area is not known.
            "floor_area_m2": area.where((area > 0) & (area < 999_999)),  # noqa: PLR2004
            **_addresses(rows),
        }
    )[in_use]
    counts = {"n_units_read": len(rows), "n_units_not_in_use": int((~in_use).sum())}
    spread = units.explode("bag_pand_id", ignore_index=True)
    referred = bag_ids(spread["bag_pand_id"])
    strange = referred.isna() & spread["bag_pand_id"].notna()
    require_bag_ids(referred[strange], spread.loc[strange, "bag_pand_id"], where=f"{where}: {theirs['pand']}")
    return spread.assign(bag_pand_id=referred), counts


def join_stock(
    standing: Frame,
    left_out: LeftOut,
    units: Frame | None = None,
    *,
    roofs_3d: Frame | None = None,
    roof_parts: Frame | None = None,
    known: Frame | None = None,
    served: frozenset[str] | None = None,
) -> Stock:
    """Join panden, units, heights and what the owner knows into canonical Buildings; every standing pand stays.

    Parameters
    ----------
    standing, left_out
        As `panden` gives them.
    units
        As `verblijfsobjecten` gives them; None: the number of dwellings is unknown (null), not none.
    roofs_3d
        Heights and roof areas per bag_pand_id; None, or a building that is not in it: unknown.
    roof_parts
        Roof surfaces.
    known
        Columns of Buildings per bag_pand_id that the owner knows (has_lift, is_monument, n_storeys, ...); they go
        over what was read, where they are not null.
    served
        The codes of gemeenten (the first four digits of an id) of which any unit is given: in a building of another the
        number of dwellings is unknown, not none. None: of all.

    Returns
    -------
        The stock; its notes count what matched nothing.
    """
    frame = pd.DataFrame(standing.drop(columns="geometry"))
    notes = {"n_buildings": len(frame), "n_left_out": len(left_out)}
    area = pd.Series(shapely.area(standing.geometry.to_numpy()), index=frame["bag_pand_id"])
    if units is not None:
        counted = _count_units(units, area)
        notes["n_units_without_building"] = int(units["bag_verblijfsobject_id"].nunique() - counted.n_units)
        frame = frame.merge(counted.per_building, on="bag_pand_id", how="left", validate="1:1")
        frame["functions"] = frame["functions"].where(frame["functions"].notna(), None)
        is_served = is_served_of(frame["bag_pand_id"], served)
        notes["n_buildings_without_register_of_units"] = int((~is_served).sum())
        for name in ("n_dwellings", "n_other_units"):
            counts = frame[name].astype("Int64")
            frame[name] = counts.mask(counts.isna() & is_served, 0)
    if roofs_3d is not None:
        notes["n_roofs_without_building"] = int((~is_among(roofs_3d["bag_pand_id"], frame["bag_pand_id"])).sum())
        frame = frame.merge(roofs_3d, on="bag_pand_id", how="left", validate="1:1")
        notes["n_without_height"] = int(frame["building_height_m"].isna().sum())
    if known is not None:
        frame = _put_over(frame, known)
    missing = [name for name in Buildings.columns if name not in frame.columns and name != "geometry"]
    types = {field.name: field.dtype for field in Buildings.fields}
    for name in missing:
        frame[name] = pd.Series(
            pd.NA if types[name] != "float" else np.nan, index=frame.index, dtype=PANDAS[types[name]]
        )
    buildings = gpd.GeoDataFrame(frame, geometry=standing.geometry.to_numpy(), crs=CRS)[Buildings.columns]
    parts = empty(RoofParts) if roof_parts is None else roof_parts
    parts = parts[is_among(parts["bag_pand_id"], frame["bag_pand_id"])].reset_index(drop=True)
    return Stock(buildings, parts, left_out, notes)


@dataclass(frozen=True, slots=True)
class _Counted:
    per_building: Frame
    n_units: int


def _count_units(units: Frame, footprint_m2: pd.Series) -> _Counted:
    """Return dwellings, other units, functions and floor area per pand; every unit in one pand."""
    at = units[is_among(units["bag_pand_id"], footprint_m2.index)]
    at = at.assign(footprint=footprint_m2.reindex(at["bag_pand_id"]).to_numpy())
    at = at.sort_values(["bag_verblijfsobject_id", "footprint", "bag_pand_id"], ascending=[True, False, True])
    one = at.drop_duplicates("bag_verblijfsobject_id")
    functions = one["functions"].map(tuple)
    by_pand = one["bag_pand_id"].astype("str")
    at_pand = pd.DataFrame({"is_dwelling": is_dwelling(functions), "area": one["floor_area_m2"].to_numpy()})
    grouped = at_pand.groupby(by_pand.to_numpy())
    words = (
        pd.DataFrame({"pand": by_pand.to_numpy(), "words": functions.to_numpy()})
        .explode("words")
        .drop_duplicates()
        .dropna()
    )
    counts = pd.DataFrame(
        {
            "n_dwellings": grouped["is_dwelling"].sum().astype("Int64"),
            "n_other_units": (grouped["is_dwelling"].size() - grouped["is_dwelling"].sum()).astype("Int64"),
            "floor_area_m2": grouped["area"].sum(min_count=1),
            "functions": _listed(words),
        }
    )
    per_building = counts.rename_axis("bag_pand_id").reset_index().astype({"bag_pand_id": "str"})
    return _Counted(per_building, len(one))


def is_dwelling(functions: pd.Series) -> np.typing.NDArray[np.bool_]:
    """Return which units are dwellings: those one of whose functions (a list each) is to live in.

    Examples
    --------
    >>> is_dwelling(pd.Series([["winkelfunctie", "woonfunctie"], ["kantoorfunctie"], []])).tolist()
    [True, False, False]
    """
    codes, distinct = pd.factorize(functions.map(tuple))
    has_word = [DWELLING in (word.casefold() for word in words) for words in distinct]
    return np.array(has_word, dtype=bool)[codes]


def _listed(words: Frame) -> pd.Series:
    """Return the words of each pand, sorted; most have one, which needs no grouping."""
    ordered = words.sort_values(["pand", "words"])
    is_single = ~ordered["pand"].duplicated(keep=False)
    single = {pand: (word,) for pand, word in ordered.loc[is_single, ["pand", "words"]].itertuples(index=False)}
    several = {str(pand): tuple(words) for pand, words in ordered[~is_single].groupby("pand")["words"]}
    return pd.Series(single | several, dtype="object")


def _put_over(frame: Frame, known: Frame) -> Frame:
    """Return the frame with what the owner knows put over it, where it says something."""
    indexed, told = frame.set_index("bag_pand_id"), known.set_index("bag_pand_id")
    for name in told.columns:
        values = told[name].reindex(indexed.index)
        indexed[name] = values if name not in indexed else values.where(values.notna(), indexed[name])
        if name == "n_storeys":
            source = indexed["n_storeys_source"] if "n_storeys_source" in indexed else pd.Series(index=indexed.index)
            indexed["n_storeys_source"] = source.astype(object).mask(values.notna(), "owner")
    return indexed.reset_index()


def _years(rows: Frame, stands: pd.Series, where: str, on: dt.date | None, impossible: Impossible) -> pd.Series:
    name = first_column(rows, _YEAR)
    if name is None:
        return pd.Series(pd.NA, index=rows.index, dtype="Int64")
    # Some exports write a date: the year is its first four figures. Five figures are no year, whatever four are.
    text = rows[name].astype("str").str.replace(_DATE, r"\1", regex=True)
    years = numbers(text.where(rows[name].notna() & stands), name, where)
    plausible = input_rules().years
    last = _YEAR_UNKNOWN - 1 if on is None else on.year + int(float(plausible.built_after_reference_years))
    years = years.mask(years == _YEAR_UNKNOWN)
    wrong = (years < float(plausible.built_from)) | (years > last) | (years % 1 != 0) & years.notna()
    return impossible.left_out(years, wrong, f"{where}: {name}").astype("Int64")


def _of_all_rows(functions: pd.Series, ids: pd.Series, counts: pd.Series[bool]) -> pd.Series:
    """Return the functions of each unit over all its rows that count; a unit of one row, as nearly all, has its own."""
    is_several = ids.duplicated(keep=False) & counts
    if not is_several.any():
        return functions
    joined = (
        functions[is_several].groupby(ids[is_several]).agg(lambda lists: list(dict.fromkeys(itertools.chain(*lists))))
    )
    found = functions.copy()
    found[is_several] = ids[is_several].map(joined)
    return found


def gemeente_of(ids: pd.Series) -> pd.Series:
    """Return the code of the gemeente that entered an object in the register: the first four digits of its id."""
    return ids.astype("str").str[:_GEMEENTE_DIGITS]


def is_served_of(ids: pd.Series, served: frozenset[str] | None) -> pd.Series[bool]:
    """Return which panden are of a gemeente of which units are given."""
    if served is None:
        return pd.Series(data=True, index=ids.index)
    return gemeente_of(ids).isin(list(served))


def _addresses(rows: Frame) -> dict[str, Any]:
    found = {ours: first_column(rows, names) for ours, names in _ADDRESS.items()}
    return {
        ours: rows[name] if name else pd.Series(np.nan, index=rows.index, dtype=object) for ours, name in found.items()
    }


def _functions(column: pd.Series, *, where: str) -> pd.Series:
    """Return the functions of each unit, a list each, in the register's own words."""
    found = members(column)
    own = {one: [word.casefold() for word in one] for one in set(map(tuple, found))}
    _require_words(pd.Series([word for one in own.values() for word in one], dtype="str"), UNIT_FUNCTIONS, where=where)
    return pd.Series([own[tuple(one)] for one in found], index=found.index, dtype=object)


def _require_words(words: pd.Series, allowed: set[str], *, where: str) -> None:
    unlisted = sorted(set(words.dropna()) - allowed)
    if unlisted:
        what = f"words that the register does not have: {', '.join(unlisted[:5])}"
        raise InputError(Fault(what, where, f"map them to one of: {', '.join(sorted(allowed))}"))
