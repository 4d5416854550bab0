"""Demand for homes per gemeente and target group: an optional table of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from flexsites.config.load import available
from flexsites.config.sources import DemandTable
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.user_table import read_table
from flexsites.tables import Demand, Frame, conform

_KEY = ["gemeente_code", "target_group"]


def read_demand(row: DemandTable, places: Places, told: ReadReport) -> Frame:
    """Read how many homes each gemeente asks for each target group.

    Parameters
    ----------
    row
        The table; after `rename` it has the columns gemeente_code (the `key`), target_group and n_homes.

    Raises
    ------
    InputError
        With every fault: a column that is missing, a code that is no gemeente's, a group that no file of
        configs/target_groups describes, an amount that is no whole number of homes, a row said twice.
    """
    frame = read_table("demand", row, places, told.unlisted)
    frame = frame.rename(columns={row.key: "gemeente_code"})
    missing = [name for name in ("target_group", "n_homes") if name not in frame]
    if missing:
        remedy = "add it to `keep`, and to `rename` where the file calls it otherwise"
        raise InputError([Fault(f"no column {name}", "demand", remedy) for name in missing])
    told.ledger.n_read += len(frame)
    told.ledger.n_kept += len(frame)
    asked = pd.to_numeric(frame["n_homes"], errors="coerce")
    if faults := list(_faults(frame, asked, row.groups or tuple(available("target_groups")))):
        raise InputError(faults)
    table = frame.assign(n_homes_asked=asked.astype("int64"))[[*_KEY, "n_homes_asked"]]
    return conform(table, Demand, where="demand")


def _faults(frame: Frame, asked: pd.Series[float], groups: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong, each kind once with its number of rows and the first of them."""
    is_code = frame["gemeente_code"].astype("str").str.fullmatch(r"GM\d{4}").fillna(value=False).astype(bool)
    is_whole = asked.notna() & (asked >= 0) & (asked % 1 == 0)
    tests = (
        (~is_code, "gemeente_code", "no code of a gemeente", "write GM and four digits, such as GM0363"),
        (~frame["target_group"].isin(groups), "target_group", "no target group", f"use one of {', '.join(groups)}"),
        (~is_whole, "n_homes", "no whole number of homes", "write 0 or more, without separators"),
    )
    for wrong, column, what, remedy in tests:
        if wrong.any():
            found = [str(value) for value in frame.loc[wrong, column]]
            yield Fault(what, f"demand.{column}", remedy, len(found), list(dict.fromkeys(found)))
    twice = frame[frame.duplicated(_KEY)]
    if len(twice):
        ids = [f"{row.gemeente_code} {row.target_group}" for row in twice.itertuples()]
        yield Fault("a gemeente and target group said twice", "demand", "add the two up", len(twice), ids)
