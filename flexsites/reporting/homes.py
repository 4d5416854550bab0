"""The columns of a table that count homes: low, expected and high, whatever the table counts."""

from __future__ import annotations

from dataclasses import dataclass

from flexsites.tables import Frame

_EXPECTED = "_expected"


@dataclass(frozen=True, slots=True)
class Homes:
    """A count of homes by the names of its columns."""

    expected: str
    low: str
    high: str


def counts_of_homes(frame: Frame) -> list[Homes]:
    """Return the counts of homes that a table has, in the order of its columns: the first is its main one.

    Examples
    --------
    >>> import pandas as pd
    >>> counts_of_homes(pd.DataFrame(columns=["n_units_low", "n_units_expected", "n_units_high"]))
    [Homes(expected='n_units_expected', low='n_units_low', high='n_units_high')]
    """
    names = [str(name) for name in frame.columns]
    stems = [name.removesuffix(_EXPECTED) for name in names if name.startswith("n_") and name.endswith(_EXPECTED)]
    found = [Homes(f"{stem}{_EXPECTED}", f"{stem}_low", f"{stem}_high") for stem in stems]
    return [one for one in found if {one.low, one.high} <= set(names)]
