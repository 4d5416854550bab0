"""Numbers in columns from outside: a value that is there and is no number is a fault, never unknown without a word.

A number that cannot be (a year 20260, fewer than no homes) is unknown, and told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from flexsites.errors import Fault, raise_faults
from flexsites.inputs.rows.cells import written

_THOUSANDS = r"[1-9]\d{0,2}(?:\.\d{3})+"
_SHOWN = 6
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
        [nan, 980.0, nan]
        >>> [str(fault).partition(". ")[0] for fault in of_homes.faults("plans", OF_A_MAPPING)]
        ['plans.woningen: cannot be read as a number (2 rows: inf, 1.250 (1250 or 1.25?))']
        """
        found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        is_there = ~np.isfinite(found) & column.notna().to_numpy()
        if is_there.any():
            text = column[is_there].astype("str").str.strip()
            if (strange := text[text != ""]).size:
                self.counts.setdefault(name, Counter()).update(strange)
        is_known = np.isfinite(found)
        for at, text in _thousands(column).items():
            self.count(name, f"{text} ({text.replace('.', '')} or {float(text):g}?)")
            is_known[column.index.get_loc(at)] = False
        return pd.Series(np.where(is_known, found, np.nan), index=column.index)

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


@dataclass(slots=True)
class Impossible:
    """Numbers that cannot be, per column, counted over all batches: each is taken as unknown."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def left_out(self, column: pd.Series, is_wrong: pd.Series, name: str) -> pd.Series:
        """Return a column with null in the place of what cannot be, which is counted.

        Parameters
        ----------
        column
            Numbers.
        is_wrong
            Which cannot be; null: they are null.
        name
            How the user's file calls it.

        Examples
        --------
        >>> impossible, years = Impossible(), pd.Series([2026.0, 20260.0, None])
        >>> impossible.left_out(years, years > 2100, "startjaar").tolist()
        [2026.0, nan, nan]
        >>> impossible.told("plans")[0].partition(": mend")[0]
        'plans: startjaar: values that cannot be, taken as unknown (1: 20260)'
        """
        wrong = is_wrong.fillna(value=False).to_numpy(dtype=bool)
        if not wrong.any():
            return column
        self.counts.setdefault(name, Counter()).update(written(float(value)) for value in column[wrong])
        return column.mask(wrong)

    def told(self, where: str = "") -> list[str]:
        """Return a sentence per column, with its most frequent values; `where` is named before the columns."""
        found = []
        for column, counter in self.counts.items():
            place = f"{where}: {column}" if where else column
            shown = ", ".join(value for value, _ in counter.most_common(_SHOWN))
            found.append(
                f"{place}: values that cannot be, taken as unknown ({counter.total()}: {shown}): "
                "mend them in the file, or leave empty what is not known"
            )
        return found


def _thousands(column: pd.Series) -> pd.Series:
    """Return text that is a whole number where points part thousands, as the Dutch write them, and else a fraction.

    Where every value of the column has such a point (three decimals throughout), or one has another, it is a fraction.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.iloc[:0]
    text = column[column.notna()].astype("str").str.strip()
    has_point = text.str.contains(".", regex=False)
    pointed = text[has_point]
    if pointed.empty or has_point.all() or not pointed.str.fullmatch(_THOUSANDS).all():
        return column.iloc[:0]
    return pointed[pointed.str.count(r"\.") == 1]


def plain_numbers(column: pd.Series) -> pd.Series[float]:
    """Return a column as float64; null: it is null or empty, or no number, or may be one of thousands.

    Examples
    --------
    >>> plain_numbers(pd.Series(["12.5", "inf", "veel", None])).tolist()
    [12.5, nan, nan, nan]
    >>> plain_numbers(pd.Series(["980", "1.250"])).tolist()
    [980.0, nan]
    """
    return Unreadable().numbers(column, "")


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
