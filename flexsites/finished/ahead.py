"""What rules leave with another effect, assessed before anybody asks: by a process of its own that takes what is idle.

Over much of a municipality that takes seconds. Which rules there are and what each can do is known when a run is
opened, so that the wait can be over before the question comes. As a partner (:mod:`flexsites.finished.partner`) it is a
help, not a need: what it has not done yet is assessed when it is asked, and the answer is the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flexsites.config.readings import Reading
from flexsites.finished.partner import Partner, Share, Sharing
from flexsites.finished.stored_ahead import Stored, packed, unpacked

__all__ = ["MOST_BYTES", "MOST_S", "Ahead"]

MOST_S = 1800.0
"""So long a process is kept at it [A]: of a large municipality what takes least is known by then."""

MOST_BYTES = 2**29
"""So much is held of answers that nobody may ever ask [A]; of Kampen, 3,055 parcels, all take a tenth of it."""

_NICENESS, _LOOK_EVERY_S = 19, 0.05
_PATIENCE_S = 3600.0
"""It has the time that others leave: when it is slow that tells nothing [A]."""


@dataclass(eq=False)
class Ahead:
    """Questions that were assessed before they were asked, and the process that assesses them.

    Attributes
    ----------
    opening, mark
        Of its `Partner`.
    stored
        What was assessed before this process was there, and where what it learns is kept; None: nothing is.
    """

    opening: Callable[[], Sharing]
    mark: int
    stored: Stored | None = None
    _known: list[tuple[Reading, bytes]] = field(default_factory=list, init=False, repr=False)
    _partner: Partner | None = field(default=None, init=False, repr=False)
    _until: float = field(default=0.0, init=False, repr=False)
    _is_ended: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    def start(self) -> bool:
        """Start the process and wait until it has opened the run; whether it has."""
        partner = self._partner = Partner(self.opening, self.mark, patience=lambda _: _PATIENCE_S, niceness=_NICENESS)
        self._until = time.monotonic() + MOST_S
        while not (partner.is_ready() or partner.is_gone() or self._is_ended.is_set()):
            self._is_ended.wait(_LOOK_EVERY_S)
        return self._is_at_it()

    def recall(self, reading: Reading) -> bool:
        """Take a question from what is kept; whether it was there, and is held."""
        content = self.stored.read(reading) if self.stored is not None and self._is_room() else None
        if content is not None:
            self._known.append((reading, content))
        return content is not None

    def learn(self, reading: Reading, place: str) -> bool:
        """Have a question assessed, and wait for it; whether it is known, and there is time and room for another.

        The process is started with the first.

        Parameters
        ----------
        reading, place
            The reading, and what `Sharing.share` calls all that it is asked of.
        """
        if self._partner is None and not self.start():
            return False
        partner = self._partner
        if partner is None or not self._is_at_it() or (share := partner.help(reading, place, 0, 1)()) is None:
            return False
        # Held packed: most of it nobody asks for.
        content = packed(share)
        self._known.append((reading, content))
        if self.stored is not None:
            self.stored.write(reading, content)
        return self._is_at_it()

    def of(self, reading: Reading) -> Share | None:
        """Return what is known of a reading: of one that leaves the same land with the same layouts."""
        found = self._place_of(reading)
        return None if found is None else unpacked(self._known[found][1])

    def knows(self, reading: Reading) -> bool:
        """Whether a reading is known."""
        return self._place_of(reading) is not None

    def rest(self) -> None:
        """End the process; what is known stays."""
        self._is_ended.set()
        if self._partner is not None:
            self._partner.end()

    def _place_of(self, reading: Reading) -> int | None:
        alike = (one.id == reading.id and reading.leaves_the_same_as(one) for one, _ in self._known)
        return next((i for i, is_alike in enumerate(alike) if is_alike), None)

    def _is_room(self) -> bool:
        return sum(len(content) for _, content in self._known) < MOST_BYTES and not self._is_ended.is_set()

    def _is_at_it(self) -> bool:
        is_time = time.monotonic() < self._until
        return self._partner is not None and self._partner.is_ready() and self._is_room() and is_time
