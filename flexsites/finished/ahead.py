"""What rules leave with another effect, assessed before anybody asks: by a process of its own that takes what is idle.

Over much of a municipality that takes seconds. Which rules there are and what each can do is known when a run is
opened, so that the wait can be over before the question comes. As a partner (:mod:`flexsites.finished.partner`) it is a
help, not a need: what it has not done yet is assessed when it is asked, and the answer is the same.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from flexsites.config.readings import Reading
from flexsites.finished.partner import Partner, Share, Sharing

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
    """

    opening: Callable[[], Sharing]
    mark: int
    _known: list[tuple[Reading, pa.Buffer, int]] = field(default_factory=list, init=False, repr=False)
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

    def learn(self, reading: Reading, place: str) -> bool:
        """Have a question assessed, and wait for it; whether it is known, and there is time and room for another.

        Parameters
        ----------
        reading, place
            The reading, and what `Sharing.share` calls all that it is asked of.
        """
        partner = self._partner
        if partner is None or not self._is_at_it() or (share := partner.help(reading, place, 0, 1)()) is None:
            return False
        # Held as it was sent, packed: most of it nobody asks for.
        sent = pickle.dumps(share, protocol=pickle.HIGHEST_PROTOCOL)
        self._known.append((reading, pa.compress(sent, codec="zstd"), len(sent)))
        return self._is_at_it()

    def of(self, reading: Reading) -> Share | None:
        """Return what is known of a reading: of one that leaves the same land with the same layouts."""
        if (found := self._place_of(reading)) is None:
            return None
        _, packed, n_bytes = self._known[found]
        share: Share = pickle.loads(pa.decompress(packed, n_bytes, codec="zstd"))  # noqa: S301 - packed above
        return share

    def knows(self, reading: Reading) -> bool:
        """Whether a reading is known."""
        return self._place_of(reading) is not None

    def rest(self) -> None:
        """End the process; what is known stays."""
        self._is_ended.set()
        if self._partner is not None:
            self._partner.end()

    def _place_of(self, reading: Reading) -> int | None:
        alike = (one.id == reading.id and reading.leaves_the_same_as(one) for one, _, _ in self._known)
        return next((i for i, is_alike in enumerate(alike) if is_alike), None)

    def _is_at_it(self) -> bool:
        is_room = sum(packed.size for _, packed, _ in self._known) < MOST_BYTES
        is_time = time.monotonic() < self._until and not self._is_ended.is_set()
        return self._partner is not None and self._partner.is_ready() and is_room and is_time
