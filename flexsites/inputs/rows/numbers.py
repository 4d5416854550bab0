"""Numbers in columns from outside: a value that is there and is no number is a fault, never unknown without a word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from flexsites.errors import Fault, raise_faults

_THOUSANDS = r"[1-9]\d{0,2}(?:\.\d{3})+"
OF_A_MAPPING = "mend these cells, or list in `nulls` of the source's entry what stands for unknown"
OF_A_REGISTER = "mend these cells: a number has a point and no separators, and an empty cell is for unknown"


@dataclass(slots=True)
class Unreadable:
    """Values that are no number, per column, counted over all batches."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def numbers(self, column: pd.Series, name: str) -> pd.Series[float]:
        """Return a column as float64, null where it is null or empty; what is there and is no number is kept apart.

        Parameters
        ----------
        column
            Numbers, or text such as a spreadsheet has.
        name
            How the user's file calls it.

        Examples
        --------
        >>> unreadable = Unreadable()
        >>> unreadable.numbers(pd.Series(["12.5", "veel", "", None, "veel"]), "grootte").tolist()
        [12.5, nan, nan, nan, nan]
        >>> [str(fault).partition(". ")[0] for fault in unreadable.faults("parcels", OF_A_MAPPING)]
        ['parcels.grootte: cannot be read as a number (2 rows: veel)']

        Nothing is infinite, and a column in which every point stands before three figures may be one of thousands:

        >>> of_homes = Unreadable()
        >>> of_homes.numbers(pd.Series(["inf", "980", "1.250"]), "woningen").tolist()
        [nan, 980.0, 1.25]
        >>> [str(fault).partition(". ")[0] for fault in of_homes.faults("plans", OF_A_MAPPING)]
        ['plans.woningen: cannot be read as a number (2 rows: inf, 1.250 (1250 or 1.25?))']
        """
        found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        is_there = ~np.isfinite(found) & column.notna().to_numpy()
        if is_there.any():
            text = column[is_there].astype("str").str.strip()
            if (strange := text[text != ""]).size:
                self.counts.setdefault(name, Counter()).update(strange)
        for text in _thousands(column):
            self.count(name, text)
        return pd.Series(np.where(np.isfinite(found), found, np.nan), index=column.index)

    def count(self, name: str, text: str) -> None:
        """Count a value that cannot be read."""
        self.counts.setdefault(name, Counter())[text] += 1

    def faults(self, where: str, remedy: str) -> list[Fault]:
        """Return one fault per column, its most frequent values first."""
        return [
            Fault(
                "cannot be read as a number", f"{where}.{column}", remedy, counter.total(),
                [value for value, _ in counter.most_common()],
            )
            for column, counter in self.counts.items()
        ]  # fmt: skip


def _thousands(column: pd.Series) -> list[str]:
    """Return text that is a whole number where points part thousands, as the Dutch write them, and else a fraction.

    Where every value of the column has such a point (three decimals throughout), or one has another, it is a fraction.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return []
    text = column[column.notna()].astype("str").str.strip()
    has_point = text.str.contains(".", regex=False)
    pointed = text[has_point]
    if pointed.empty or has_point.all() or not pointed.str.fullmatch(_THOUSANDS).all():
        return []
    return [f"{one} ({one.replace('.', '')} or {float(one):g}?)" for one in pointed if one.count(".") == 1]


def numbers(column: pd.Series, name: str, where: str) -> pd.Series[float]:
    """Return a column of a register as float64, null where it is null or empty.

    Raises
    ------
    InputError
        If a value is there and is no number.
    """
    unreadable = Unreadable()
    found = unreadable.numbers(column, name)
    raise_faults(unreadable.faults(where, OF_A_REGISTER))
    return found
