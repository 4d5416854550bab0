"""When OpenStreetMap says that something ends or begins (`end_date`, `start_date`): what is not there now is left out.

Tags of no list of words: only a year, a month or a day is read. Anything else ("before 1980", "2010s"), and a year or
month that the reference date lies in, does not tell whether it has ended: that is kept, and counted. What does not
surely begin later is there: most of what stands has a day in the past, or a word for it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from flexsites.errors import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flexsites.arrays import BoolArray
    from flexsites.inputs.osm.tags import Tags

END_KEY = "end_date"
START_KEY = "start_date"
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
    found = _written(tags[END_KEY])
    if found is None or on is None:
        return None
    # A period ends with the day before its successor: compared as far as it is written.
    first, length = found
    ends, today = first.isoformat()[:length], on.isoformat()[:length]
    return None if ends == today and length < len(on.isoformat()) else ends < today


def begins_later(tags: Tags, on: dt.date | None) -> bool:
    """Return whether something surely begins after a day.

    Examples
    --------
    >>> on = dt.date(2026, 3, 15)
    >>> [begins_later({"start_date": when}, on) for when in ("2027", "2026-04", "2026-03-16", "2026-03-15", "2026")]
    [True, True, True, False, False]
    >>> begins_later({}, on), begins_later({"start_date": "C19"}, on), begins_later({"start_date": "2030"}, None)
    (False, False, False)
    """
    found = _written(tags.get(START_KEY, ""))
    return found is not None and on is not None and found[0] > on


def _written(when: str) -> tuple[dt.date, int] | None:
    """Return the first day of a year, month or day, and how many signs of it are written; None: it is none."""
    found = _DAY.fullmatch(when.strip())
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        return dt.date(int(year), int(month or 1), int(day or 1)), 4 if month is None else 7 if day is None else 10
    except ValueError:
        return None


@dataclass(slots=True)
class Endings:
    """How many of what was asked for have ended, or begin later, and are left out, and of how many that is not told."""

    n_ended: int = 0
    n_later: int = 0
    n_untold: int = 0

    @classmethod
    def of(cls, tags: Iterable[Tags], on: dt.date | None) -> tuple[BoolArray, Self]:
        """Return which of several things have ended or begin later, and the count."""
        found = cls()
        return np.array([found.leaves_out(one, on) for one in tags], dtype=bool), found

    def leaves_out(self, tags: Tags, on: dt.date | None) -> bool:
        """Count one, and return whether it has ended or begins later."""
        ended, is_later = has_ended(tags, on), begins_later(tags, on)
        self.n_ended += ended is True
        self.n_later += is_later and ended is not True
        self.n_untold += ended is None and not is_later
        return ended is True or is_later

    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the manifest should know."""
        ended = counted(
            self.n_ended,
            "has ended by the reference date (end_date), and is left out",
            "have ended by the reference date (end_date), and are left out",
        )
        untold = counted(
            self.n_untold,
            "says that it ends (end_date), not whether by the reference date, and is kept",
            "say that they end (end_date), not whether by the reference date, and are kept",
        )
        later = counted(
            self.n_later,
            "begins after the reference date (start_date), and is left out",
            "begin after the reference date (start_date), and are left out",
        )
        counts = ((ended, self.n_ended), (later, self.n_later), (untold, self.n_untold))
        return tuple(note for note, n in counts if n)
