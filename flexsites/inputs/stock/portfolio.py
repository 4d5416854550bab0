"""A corporation's own list: addresses, BAG ids or complex codes, matched to buildings; what does not match, and why.

A row is looked up by the first of these that it fills in: BAG id (of a pand or a verblijfsobject), address (postcode,
number, addition), complex code (of which other rows, or a separate list, name the buildings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.inputs.formats.workbook import read_sheet, require_values
from flexsites.inputs.stock.files import bag_ids
from flexsites.tables import Addresses, Frame, PortfolioMatches, PortfolioUnmatched, conform

__all__ = [
    "PortfolioIds",
    "PortfolioMatch",
    "addresses",
    "ids_of",
    "match_portfolio",
    "read_portfolio",
    "require_matches",
]

_N_REASONS = 3
"""Told of a portfolio of which nothing was found: the most frequent."""

_COLUMNS = {
    "postcode": ("postcode", "pc6", "zip"),
    "house_number": ("huisnummer", "nummer", "huisnr", "house_number", "number"),
    "house_letter": ("huisletter", "house_letter"),
    "house_addition": ("toevoeging", "huisnummertoevoeging", "house_addition", "addition"),
    "bag_id": ("bag_id", "bagid", "bag_pand_id", "pandid", "pand_id", "identificatie", "pandidentificatie", "vboid"),
    "owner_complex_code": ("complex", "complexcode", "complexnummer", "complex_code", "owner_complex_code"),
}
_POSTCODE = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
# 12, 12A, 12-3, 12 bis, and 12.0 as a spreadsheet writes it; not 12.5, no six digits, nothing that starts with a word.
_NUMBER = re.compile(r"^(?P<number>[0-9]{1,5})(?:\.0)?(?![0-9]|[.,][0-9])(?P<addition>.*)$")
_MONTHS = "jan|feb|mrt|mar|apr|mei|may|jun|jul|aug|sep|okt|oct|nov|dec"
_DATE = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}.*|[0-9]{{1,2}}[-/ ]?(?:{_MONTHS})[a-z]*"
_NO_ADDRESSES = "there is no register of addresses with postcodes: use BAG ids"
# The fifth and sixth digit of an identification tell what it identifies.
_PAND, _UNIT, _ADDRESS = "10", "01", "20"


@dataclass(frozen=True, slots=True)
class PortfolioIds:
    """What the rows of a portfolio name, as the register writes it."""

    pand_ids: frozenset[str]
    unit_ids: frozenset[str]
    postcodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class PortfolioMatch:
    """The buildings of a portfolio, and the rows for which none was found."""

    matches: Frame
    unmatched: Frame
    n_rows: int


def read_portfolio(path: Path, *, columns: Mapping[str, str] | None = None, sheet: str | None = None) -> Frame:
    """Read a portfolio from csv (comma, semicolon or tab) or xlsx; every cell as text.

    Parameters
    ----------
    path
        The file.
    columns
        Ours: theirs, where a heading is not one of the usual ones.
    sheet
        The sheet of a workbook; None: the first.

    Returns
    -------
        postcode, house_number, house_letter, house_addition, bag_id, owner_complex_code: text, null where empty; and
        portfolio_row, 1 for the first row below the heading.

    Raises
    ------
    InputError
        If it cannot be read, is empty, or has nothing to look buildings up by.
    """
    raw = _cells(path, sheet)
    found = _headings(raw, columns or {}, path.name)
    if (
        found["bag_id"] is None
        and found["owner_complex_code"] is None
        and None
        in (
            found["postcode"],
            found["house_number"],
        )
    ):
        what = f"nothing to look buildings up by (columns: {', '.join(map(str, raw.columns))})"
        remedy = "give postcode and house number, a BAG id, or a complex code; or say in `columns` which is which"
        raise InputError(Fault(what, path.name, remedy))
    if _is_workbook(path):
        require_values(path, sheet, {name for name in found.values() if name}, where=path.name)
    if raw.empty:
        raise InputError(Fault("no rows", path.name, "give at least one row below the heading"))
    rows = pd.DataFrame({ours: _texts(raw, name) for ours, name in found.items()})
    return rows.assign(portfolio_row=np.arange(1, len(rows) + 1))


def _cells(path: Path, sheet: str | None) -> pd.DataFrame:
    """Return the cells of a file as text."""
    if _is_workbook(path):
        return read_sheet(path, sheet, where=path.name, is_empty_null=False)
    return read_text(path, path.name, is_empty_null=False)


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() in (".xlsx", ".xlsm")


def _headings(raw: pd.DataFrame, columns: Mapping[str, str], where: str) -> dict[str, str | None]:
    """Return per column of ours the heading that stands for it: as told, else one of the usual ones, else null."""
    absent = [theirs for theirs in columns.values() if theirs not in raw.columns]
    if absent:
        has = f"it has: {', '.join(map(str, raw.columns))}"
        raise InputError([Fault(f"no column {theirs!r}, which `columns` names", where, has) for theirs in absent])
    written = {re.sub(r"[^a-z0-9_]", "", str(name).lower().replace(" ", "_")): str(name) for name in raw.columns}
    usual = {ours: next((written[name] for name in names if name in written), None) for ours, names in _COLUMNS.items()}
    return {ours: columns.get(ours, name) for ours, name in usual.items()}


def addresses(units: Frame) -> Frame:
    """Return the register of addresses of units in use, one row per unit and pand.

    Parameters
    ----------
    units
        As `flexsites.inputs.stock.buildings.verblijfsobjecten` gives them.

    Returns
    -------
        Canonical Addresses; house_addition is letter and addition together, upper case, without separators.
    """
    pand = units["bag_pand_id"].astype("str")
    number = pd.to_numeric(units["house_number"], errors="coerce").astype("Int64")
    addition = _plain(units["house_letter"]) + _plain(units["house_addition"])
    register = pd.DataFrame(
        {
            "address_id": units["bag_verblijfsobject_id"].astype("str") + "/" + pand,
            "bag_verblijfsobject_id": units["bag_verblijfsobject_id"].astype("str"),
            "bag_pand_id": pand,
            "postcode": units["postcode"].astype("str").str.replace(" ", "", regex=False).str.upper(),
            "house_number": number,
            "house_addition": addition,
        }
    )[pand.notna().to_numpy()]
    return conform(register[Addresses.columns], Addresses, where="addresses")


def match_portfolio(
    portfolio: Frame,
    buildings: Frame,
    register: Frame,
    *,
    left_out: Frame | None = None,
    complex_buildings: Frame | None = None,
    has_addresses: bool | None = None,
) -> PortfolioMatch:
    """Match every row of a portfolio to its buildings; what is not matched is given back with the reason.

    Parameters
    ----------
    portfolio
        As `read_portfolio` gives it.
    buildings
        Canonical Buildings.
    register
        Addresses of the stock, as `addresses` gives them; may be empty.
    left_out
        Panden that do not count, with the reason (`flexsites.inputs.stock.buildings.panden`).
    complex_buildings
        The owner's list of complexes: owner_complex_code, bag_pand_id.
    has_addresses
        Whether the register has postcodes, where only the part of it that is asked for is given; None: as it shows.

    Returns
    -------
        Matches (row and building; a row may have several buildings, a building several rows), and unmatched rows.
    """
    asked = portfolio.assign(portfolio_key=_keys(portfolio), addition=_asked_addition(portfolio))
    by_id = asked[asked["bag_id"].notna()]
    by_address = asked[asked["bag_id"].isna() & asked["house_number"].notna()]
    has_postcodes = bool(register["postcode"].notna().any()) if has_addresses is None else has_addresses
    found = [_by_id(by_id, register), _by_address(by_address, register, is_known=has_postcodes)]
    by_complex = asked[asked["bag_id"].isna() & asked["house_number"].isna()]
    found.append(_by_complex(by_complex, pd.concat(found), complex_buildings))
    rows = pd.concat(found, ignore_index=True)
    rows = rows.merge(_standing(buildings, left_out), on="bag_pand_id", how="left")
    is_known = rows["standing"].notna()
    why = rows["reason"].where(rows["reason"].notna(), _absent_reason(rows))
    rows["unmatched_reason"] = rows["unmatched_reason"].where(rows["unmatched_reason"].notna(), why)
    stands = is_known & (rows["standing"] == True)  # noqa: E712 - null is not false here
    matches = rows[stands].drop_duplicates(["portfolio_row", "bag_pand_id"])
    lost = rows[~rows["portfolio_row"].isin(matches["portfolio_row"])].drop_duplicates("portfolio_row")
    return PortfolioMatch(
        conform(_sorted(matches)[PortfolioMatches.columns], PortfolioMatches, where="portfolio"),
        conform(_sorted(lost)[PortfolioUnmatched.columns], PortfolioUnmatched, where="portfolio"),
        len(portfolio),
    )


def require_matches(match: PortfolioMatch, path: Path) -> None:
    """Refuse a portfolio of which no row was found: it is of another area, or its columns are read wrongly.

    Raises
    ------
    InputError
        With the most frequent reasons, and of how many rows each is.
    """
    if not len(match.matches):
        counts = match.unmatched["unmatched_reason"].value_counts().head(_N_REASONS)
        reasons = "; ".join(f"{why}: {n:,}" for why, n in counts.items())
        raise InputError(Fault(f"no row of the portfolio was found ({reasons})", path.name, "check ids and columns"))


def _by_id(asked: Frame, register: Frame) -> Frame:
    """Look up identifications of panden, units and addresses."""
    ids = bag_ids(asked["bag_id"])
    kind = ids.str.slice(4, 6)
    rows = asked.assign(id=ids, bag_pand_id=ids.where(kind == _PAND), unmatched_reason=None)
    rows.loc[ids.isna(), "unmatched_reason"] = "the BAG id is not 16 digits"
    strange = ids.notna() & ~kind.isin([_PAND, _UNIT, _ADDRESS])
    rows.loc[strange, "unmatched_reason"] = "the BAG id is not that of a building, a unit or an address"
    is_unit = kind == _UNIT
    units = register[["bag_verblijfsobject_id", "bag_pand_id"]].rename(columns={"bag_verblijfsobject_id": "id"})
    spread = rows[is_unit].drop(columns="bag_pand_id").merge(units, on="id", how="left")
    spread["unmatched_reason"] = spread["unmatched_reason"].mask(
        spread["bag_pand_id"].isna(), "no unit in use has this BAG id"
    )
    rows.loc[kind == _ADDRESS, "unmatched_reason"] = (
        "the BAG id is that of an address: give the unit's or the building's"
    )
    return pd.concat([rows[~is_unit], spread], ignore_index=True)


def ids_of(portfolio: Frame) -> PortfolioIds:
    """Return what the rows of a portfolio name: only that part of a register can matter to it."""
    ids = bag_ids(portfolio["bag_id"]).dropna()
    kind = ids.str.slice(4, 6)
    postcodes = frozenset(_postcodes(portfolio["postcode"]).dropna())
    return PortfolioIds(frozenset(ids[kind == _PAND]), frozenset(ids[kind == _UNIT]), postcodes)


def _postcodes(column: pd.Series) -> pd.Series:
    return column.astype("str").str.replace(r"\s", "", regex=True).str.upper()


def _by_address(asked: Frame, register: Frame, *, is_known: bool) -> Frame:
    """Look up postcode, number and addition."""
    postcode = _postcodes(asked["postcode"])
    number = pd.to_numeric(asked["house_number"].str.extract(_NUMBER)["number"], errors="coerce").astype("Int64")
    rows = asked.drop(columns=["postcode", "house_number"]).assign(postcode=postcode, house_number=number)
    is_postcode = postcode.str.fullmatch(_POSTCODE.pattern).fillna(value=False).astype(bool)
    reason = pd.Series(None, index=rows.index, dtype=object)
    reason = reason.mask(~is_postcode, "the postcode is not four digits and two letters").mask(
        postcode.isna(), "no postcode"
    )
    reason = reason.mask(number.isna(), "the house number is not a number")
    is_date = asked["house_number"].str.fullmatch(_DATE, case=False).fillna(value=False).astype(bool)
    told = "the house number is a date: a spreadsheet may have read a number with an addition as one; format it as text"
    reason = reason.mask(is_date, told)
    rows["unmatched_reason"] = reason
    key = ["postcode", "house_number", "addition"]
    # A join takes null for equal to null: an address without a number would then be every address without one.
    known = register[register["postcode"].isin(postcode)]
    known = known.rename(columns={"house_addition": "addition"})[[*key, "bag_pand_id"]].dropna()
    joined = rows.merge(known.drop_duplicates(), on=key, how="left")
    lost = joined["bag_pand_id"].isna() & joined["unmatched_reason"].isna()
    if lost.any():
        why = _address_reasons(joined[lost], known) if is_known else _NO_ADDRESSES
        joined.loc[lost, "unmatched_reason"] = why
    return joined


def _address_reasons(lost: Frame, known: Frame) -> pd.Series:
    """Return why an address is not in the register: its postcode, its number, or its addition."""
    at_number = lost[["postcode", "house_number"]].drop_duplicates()
    there = known.merge(at_number, on=["postcode", "house_number"])
    additions = there.groupby(["postcode", "house_number"])["addition"].agg(
        lambda found: ", ".join(sorted({text or "(none)" for text in found})[:5])
    )
    at = pd.MultiIndex.from_frame(lost[["postcode", "house_number"]])
    others = additions.reindex(at).to_numpy()
    has_postcode = lost["postcode"].isin(known["postcode"])
    reason = pd.Series("the postcode is not in the register of addresses", index=lost.index, dtype=object)
    reason = reason.mask(has_postcode, "no such house number at this postcode")
    with_addition = "no such addition at this number; the register has: " + pd.Series(others, index=lost.index).astype(
        "str"
    )
    return reason.where(pd.isna(others), with_addition)


def _by_complex(asked: Frame, found: Frame, complex_buildings: Frame | None) -> Frame:
    """Look up complex codes among the rows that name their buildings, and in the owner's list."""
    named = [found.loc[found["bag_pand_id"].notna(), ["owner_complex_code", "bag_pand_id"]]]
    if complex_buildings is not None:
        named.append(complex_buildings[["owner_complex_code", "bag_pand_id"]])
    members = pd.concat(named, ignore_index=True).dropna().drop_duplicates()
    rows = asked.merge(members, on="owner_complex_code", how="left")
    reason = pd.Series(None, index=rows.index, dtype=object)
    reason = reason.mask(rows["bag_pand_id"].isna(), "no row and no list says which buildings this complex has")
    empty_row = rows["owner_complex_code"].isna()
    reason = reason.mask(empty_row, "the row has no BAG id, no house number and no complex code")
    rows["bag_pand_id"] = rows["bag_pand_id"].mask(empty_row)
    return rows.assign(unmatched_reason=reason)


def _standing(buildings: Frame, left_out: Frame | None) -> Frame:
    stands = pd.DataFrame({"bag_pand_id": buildings["bag_pand_id"], "standing": True, "reason": None})
    if left_out is None or left_out.empty:
        return stands
    away = left_out[~left_out["bag_pand_id"].isin(buildings["bag_pand_id"])].drop_duplicates("bag_pand_id")
    told = pd.DataFrame(
        {
            "bag_pand_id": away["bag_pand_id"],
            "standing": False,
            "reason": "the building does not count: " + away["reason"],
        }
    )
    return pd.concat([stands, told], ignore_index=True)


def _absent_reason(rows: Frame) -> pd.Series:
    """Return why an identification is not in the stock; a spreadsheet rounds 16 digits to 15 and a zero."""
    reason = pd.Series("no building of the stock has this BAG id", index=rows.index, dtype=object)
    is_rounded = rows["bag_pand_id"].astype("str").str.endswith("0").fillna(value=False).astype(bool)
    hint = (
        "no building of the stock has this BAG id (it ends in 0: a spreadsheet may have rounded it; format it as text)"
    )
    return reason.mask(is_rounded, hint)


def _keys(portfolio: Frame) -> pd.Series:
    """Return what each row is looked up by, as it was written."""
    blank = portfolio.fillna("")
    address = (blank["postcode"] + " " + blank["house_number"]).str.strip()
    address = (address + " " + blank["house_letter"] + blank["house_addition"]).str.strip()
    key = blank["bag_id"].where(portfolio["bag_id"].notna(), address)
    return key.where(key != "", blank["owner_complex_code"])


def _asked_addition(portfolio: Frame) -> pd.Series:
    """Return letter and addition together; those behind the number in its own column too (12A, 12-3)."""
    behind = portfolio["house_number"].str.extract(_NUMBER)["addition"]
    return _plain(behind) + _plain(portfolio["house_letter"]) + _plain(portfolio["house_addition"])


def _plain(column: pd.Series) -> pd.Series:
    return column.astype("str").str.upper().str.replace(r"[^A-Z0-9]", "", regex=True).fillna("")


def _texts(raw: Frame, name: str | None) -> pd.Series:
    if name is None:
        return pd.Series(np.nan, index=raw.index, dtype="str")
    text = raw[name].astype("str").str.strip()
    return text.where(text != "")


def _sorted(rows: Frame) -> Frame:
    return rows.sort_values(["portfolio_row", "bag_pand_id"], kind="stable").reset_index(drop=True)
