"""Demand for homes per gemeente and target group: an optional table of the user's own.

Three columns are needed; what else a row asks is optional, and an empty cell asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.config.load import available
from flexsites.config.sources import DemandTable
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.numbers import plain_numbers
from flexsites.inputs.rows.own_list import MOST_HOMES
from flexsites.inputs.rows.user_table import read_table
from flexsites.inputs.source_files import with_files
from flexsites.tables import Demand, Frame, conform

__all__ = ["ADJOINING", "read_demand"]

ADJOINING = "adjoining"
_NEEDED = ("target_group", "n_homes")
_ASKED = {
    "household_size": ("persons", "household_size", (1, 50), "write the number of persons, such as 2"),
    "years": ("years", "years_asked", (1, 100), "write a whole number of years, such as 10"),
    "from_year": ("a year", "from_year", (1900, 2100), "write a year, such as 2028"),
    "max_homes_near": ("homes", "most_homes_near", (1, MOST_HOMES), "write a whole number of homes, 1 or more"),
}
"""Per column what it counts, ours, the least and the most that can be asked [A], and what to write."""
_YES, _NO = frozenset(("true", "ja", "yes", "1", "waar")), frozenset(("false", "nee", "no", "0", "onwaar"))
_BORDERS = frozenset(("adjoining", "aangrenzend"))
_CODE = r"GM\d{4}"


def read_demand(row: DemandTable, places: Places, told: ReadReport) -> Frame:
    """Read how many homes each gemeente asks for each target group, and what homes it asks.

    Parameters
    ----------
    row
        The table; after `rename` it has the columns gemeente_code (the `key`), target_group and n_homes, and any of
        household_size, years, from_year, level_access, max_share, max_homes_near with near_m, and also_in.

    Raises
    ------
    InputError
        With every fault: a column that is missing, a code that is no gemeente's, a group that no file of
        configs/target_groups describes, a number or a truth that is none, a row said twice.
    """
    where = with_files("demand", row)
    frame = read_table("demand", row, places, told.unlisted)
    frame = frame.rename(columns={row.key: "gemeente_code"})
    if missing := [name for name in _NEEDED if name not in frame]:
        remedy = "add it to `keep`, and to `rename` where the file calls it otherwise"
        raise InputError([Fault(f"no column {name}", where, remedy) for name in missing])
    told.ledger.n_read += len(frame)
    told.ledger.n_kept += len(frame)
    text = {name: _text(frame, name) for name in ("level_access", "also_in")}
    text["also_in"] = text["also_in"].fillna("")
    number = {name: plain_numbers(_text(frame, name)) for name in ("n_homes", *_ASKED, "max_share", "near_m")}
    groups = row.groups or tuple(available("target_groups"))
    if faults := [*_faults(frame, number["n_homes"], groups), *_faults_asked(frame, text, number)]:
        raise InputError([replace(one, where=where + one.where) for one in faults])
    table = pd.DataFrame({name: frame[name].astype("str") for name in ("gemeente_code", "target_group")})
    table = table.assign(n_homes_asked=number["n_homes"].astype("int64"))
    for name, (_, column, *_) in _ASKED.items():
        table[column] = number[name].astype("Int64")
    table["most_share"], table["near_m"] = number["max_share"], number["near_m"]
    lowered = text["level_access"].str.lower()
    is_level = pd.Series(pd.NA, index=table.index, dtype="boolean")
    is_level[lowered.isin(_YES)], is_level[lowered.isin(_NO)] = True, False
    table["is_level_asked"] = is_level
    table["also_in"] = [_elsewhere(one) for one in text["also_in"]]
    table["demand_id"] = [_id(one) for one in table.to_dict("records")]
    if faults := list(_twice(table, where)):
        raise InputError(faults)
    return conform(table[list(Demand.columns)], Demand, where="demand")


def _text(frame: Frame, name: str) -> pd.Series[str]:
    """Return an optional column as text, without what surrounds it; empty cells and a column not given are null."""
    if name not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    text = frame[name].astype("str").str.strip()
    return text.mask(text == "")


def _elsewhere(cell: object) -> tuple[str, ...]:
    """Return the municipalities of a cell: codes parted by a sign, or the word for those that border on it."""
    words = str(cell).replace(",", "|").replace(";", "|").split("|")
    named = {word.strip() for word in words} - {""}
    return tuple(sorted(ADJOINING if word.lower() in _BORDERS else word for word in named))


def _id(row: Mapping[Hashable, Any]) -> str:
    """Return what a row is called: who asks, for whom, and what tells it from others of the same group."""
    asked = {"household_size": "p", "years_asked": "y", "from_year": ""}
    words = [f"{row[name]}{sign}" for name, sign in asked.items() if not pd.isna(row[name])]
    if row["is_level_asked"] is not pd.NA:
        words.append("level" if row["is_level_asked"] else "any-level")
    return " ".join([str(row["gemeente_code"]), str(row["target_group"]), *words])


def _faults(frame: Frame, asked: pd.Series[float], groups: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with who asks, for whom and how much, each kind once."""
    is_code = frame["gemeente_code"].astype("str").str.fullmatch(_CODE).fillna(value=False).astype(bool)
    is_whole = asked.between(0, MOST_HOMES) & (asked % 1 == 0)
    tests = (
        (~is_code, "gemeente_code", "no code of a gemeente", "write GM and four digits, such as GM0363"),
        (~frame["target_group"].isin(groups), "target_group", "no target group", f"use one of {', '.join(groups)}"),
        (~is_whole, "n_homes", "no whole number of homes", "write 0 or more, without separators"),
    )
    for wrong, column, what, remedy in tests:
        yield from _fault(frame, wrong, column, what, remedy)


def _faults_asked(
    frame: Frame, text: Mapping[str, pd.Series[str]], number: Mapping[str, pd.Series[float]]
) -> Iterator[Fault]:
    """Yield what is wrong with what else is asked, each kind once."""
    for name, (of, _, bounds, remedy) in _ASKED.items():
        value, is_given = number[name], _text(frame, name).notna()
        is_whole = value.between(*bounds) & (value % 1 == 0)
        yield from _fault(frame, is_given & ~is_whole, name, f"no number of {of}", remedy)
    is_given = _text(frame, "max_share").notna()
    wrong = is_given & ~number["max_share"].between(0, 1, inclusive="right")
    yield from _fault(frame, wrong, "max_share", "no share", "write a number above 0 and at most 1, such as 0.5")
    near = number["near_m"]
    wrong = _text(frame, "near_m").notna() & ~(near >= 0)
    yield from _fault(frame, wrong, "near_m", "no distance", "write metres, such as 500")
    alone = _text(frame, "max_homes_near").notna() != _text(frame, "near_m").notna()
    column = "max_homes_near" if "max_homes_near" in frame else "near_m"
    remedy = "max_homes_near and near_m go together: give both or neither"
    yield from _fault(frame, alone, column, "half a distance", remedy)
    given = text["level_access"]
    wrong = given.notna() & ~given.str.lower().isin(_YES | _NO)
    yield from _fault(frame, wrong, "level_access", "no yes or no", "write true or false, or leave it empty")
    wrong = text["also_in"].map(lambda cell: not all(_is_place(one) for one in _elsewhere(cell)))
    remedy = f"write codes parted by | such as GM0363|GM0384, or the word {ADJOINING}"
    yield from _fault(frame, wrong.astype(bool), "also_in", "no code of a gemeente", remedy)


def _is_place(word: str) -> bool:
    return word == ADJOINING or re.fullmatch(_CODE, word) is not None


def _fault(frame: Frame, wrong: pd.Series[bool], column: str, what: str, remedy: str) -> Iterator[Fault]:
    """Yield one fault with the number of rows and the first values, if any row is wrong."""
    if wrong.any():
        found = [str(value) for value in frame.loc[wrong, column]]
        yield Fault(what, f".{column}", remedy, len(found), list(dict.fromkeys(found)))


def _twice(table: Frame, where: str) -> Iterator[Fault]:
    """Yield what is asked twice: the same homes for the same group of a gemeente."""
    twice = table.loc[table.duplicated("demand_id"), "demand_id"]
    if len(twice):
        yield Fault("the same homes asked twice", where, "add the two up", len(twice), list(twice))
