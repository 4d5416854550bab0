"""The columns of a table that count homes: low, expected and high, whatever the table counts."""

from __future__ import annotations

from dataclasses import dataclass

from flexsites.tables import Frame

_EXPECTED = "_expected"
_STEMS = ("n_units", "n_homes")


@dataclass(frozen=True, slots=True)
class Homes:
    """A count of homes by the names of its columns; null low or high: the table has no range of it."""

    expected: str
    low: str | None
    high: str | None


def counts_of_homes(frame: Frame) -> list[Homes]:
    """Return the counts of homes that a table has, in the order of its columns: the first is its main one.

    Examples
    --------
    >>> import pandas as pd
    >>> counts_of_homes(pd.DataFrame(columns=["n_units_low", "n_units_expected", "n_units_high"]))
    [Homes(expected='n_units_expected', low='n_units_low', high='n_units_high')]
    """
    names = [str(name) for name in frame.columns]
    found = []
    for name in names:
        if name.startswith(_STEMS) and name.endswith(_EXPECTED):
            stem = name.removesuffix(_EXPECTED)
            low, high = (f"{stem}_{end}" if f"{stem}_{end}" in names else None for end in ("low", "high"))
            found.append(Homes(name, low, high))
    return found
