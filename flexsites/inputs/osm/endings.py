"""When OpenStreetMap says that something ends (`end_date`): what has ended is not there.

A tag of no list of words: only a year, a month or a day is read. Anything else ("before 1980", "2010s"), and a year or
month that the reference date lies in, does not tell whether it has ended: that is kept, and counted.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flexsites.arrays import BoolArray
    from flexsites.inputs.osm.access import Tags

END_KEY = "end_date"
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


def has_ended(tags: Tags, on: dt.date | None) -> bool | None:
    """Return whether something has ended before a day; None: its tag does not tell, or no day is given.

    Examples
    --------
    >>> on = dt.date(2026, 3, 15)
    >>> [has_ended({"end_date": when}, on) for when in ("2025", "2026-02", "2026-03-14", "2026-03-15", "2027")]
    [True, True, True, False, False]
    >>> [has_ended({"end_date": when}, on) for when in ("2026", "2026-03", "~2010", "2010-13", "")]
    [None, None, None, None, None]
    >>> has_ended({}, on), has_ended({"end_date": "1999"}, None)
    (False, None)
    """
    if END_KEY not in tags:
        return False
    found = _DAY.fullmatch(tags[END_KEY].strip())
    if found is None or on is None:
        return None
    year, month, day = found.groups()
    try:
        first = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    # A period ends with the day before its successor: compared as far as it is written.
    length = 4 if month is None else 7 if day is None else 10
    ends, today = first.isoformat()[:length], on.isoformat()[:length]
    return None if ends == today and day is None else ends < today


@dataclass(slots=True)
class Endings:
    """How many of what was asked for have ended and are left out, and of how many that cannot be told."""

    n_ended: int = 0
    n_untold: int = 0

    @classmethod
    def of(cls, tags: Iterable[Tags], on: dt.date | None) -> tuple[BoolArray, Self]:
        """Return which of several things have ended, and the count."""
        found = cls()
        return np.array([found.leaves_out(one, on) for one in tags], dtype=bool), found

    def leaves_out(self, tags: Tags, on: dt.date | None) -> bool:
        """Count one, and return whether it has ended."""
        ended = has_ended(tags, on)
        self.n_ended += ended is True
        self.n_untold += ended is None
        return ended is True

    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the manifest should know."""
        ended = f"{self.n_ended} have ended by the reference date (end_date), and are left out"
        untold = f"{self.n_untold} say that they end (end_date), not whether by the reference date, and are kept"
        return ((ended,) if self.n_ended else ()) + ((untold,) if self.n_untold else ())
