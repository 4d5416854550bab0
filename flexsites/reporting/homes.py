"""Homes as they are told: the columns of a table that count them, and what is said of them beside a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from flexsites.reporting.words import Words
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


def if_available(homes: str, verdict: object, words: Words) -> str:
    """Return homes as they are told of land of a verdict: where that is unknown, for as far as it proves available.

    Examples
    --------
    >>> words = Words("nl")
    >>> [if_available("12 (9 – 15)", verdict, words) for verdict in ("conditional", "unknown")]
    ['12 (9 – 15)', '12 (9 – 15), mits beschikbaar']
    """
    return words.text("homes_if_available", homes=homes) if verdict == "unknown" else homes


def with_free(homes: str, place: Any, words: Words) -> str:  # noqa: ANN401 - a record
    """Return homes of a place with how many of them need no consent, where only a part of its land does.

    Parameters
    ----------
    homes
        Its expected homes, written.
    place
        ``verdict``, ``n_per_cluster_expected`` and ``n_per_cluster_without_consent_expected`` of the place.
    words
        The language.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> columns = ("verdict", "n_per_cluster_expected", "n_per_cluster_without_consent_expected")
    >>> places = (("eligible", 273, 195), ("eligible", 273, 273), ("conditional", 273, 0), ("eligible", 273, None))
    >>> records = [SimpleNamespace(**dict(zip(columns, one, strict=True))) for one in places]
    >>> [with_free("273", one, Words("nl")) for one in records]
    ['273, zonder toestemming 195', '273', '273', '273, zonder toestemming onbekend']
    """
    free = place.n_per_cluster_without_consent_expected
    is_known = not pd.isna(free)
    if place.verdict != "eligible" or (is_known and free == place.n_per_cluster_expected):
        return homes
    return words.text("homes_free", homes=homes, free=words.number(free))
