"""Another process that helps with a question of land: what it answers, and what happens where it cannot."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pandas as pd

from flexsites.finished.partner import Partner


class _Opened:
    """Stands for a run in the partner: what it answers hangs on what it is asked."""

    def prepare(self) -> None:
        """Nothing is opened."""

    def mark(self) -> int:
        """Return the mark of the only state that there is."""
        return 7

    def share(self, reading: Any, gemeente: str, i: int, n_shares: int) -> Any:
        """Answer, fail, sleep, or die."""
        if reading == "dies":
            os._exit(1)
        if reading == "sleeps":
            time.sleep(3600)
        if reading == "fails":
            raise ValueError(reading)
        return np.array([True]), {"pieces": pd.DataFrame({"told": [reading, gemeente, i, n_shares]})}


def _ready(partner: Partner) -> bool:
    until = time.monotonic() + 60
    while not partner.is_ready() and partner._process.is_alive() and time.monotonic() < until:
        time.sleep(0.02)
    return partner.is_ready()


def test_a_partner_answers_its_share_and_who_asks_does_it_where_it_cannot() -> None:
    """It fails: none, and it goes on. An answer that nobody took is passed over. It dies: it is asked no more."""
    partner: Any = Partner(_Opened, mark=7)
    assert _ready(partner)
    answer = partner.help("a", "GM1", 1, 2)()
    assert answer[1]["pieces"]["told"].tolist() == ["a", "GM1", 1, 2]
    assert partner.help("fails", "GM1", 1, 2)() is None
    partner.help("nobody waits", "GM1", 1, 2)
    assert _ready(partner)
    assert partner.help("b", "GM1", 1, 2)()[1]["pieces"]["told"][0] == "b"
    assert partner.help("dies", "GM1", 1, 2)() is None
    assert not partner.is_ready()
    assert partner.help("c", "GM1", 1, 2)() is None


def test_a_partner_that_opened_another_state_of_the_run_is_asked_nothing() -> None:
    partner: Any = Partner(_Opened, mark=8)
    assert not _ready(partner)
    partner._process.join(60)
    assert not partner._process.is_alive()


def test_a_partner_is_ended_while_its_answer_is_waited_for() -> None:
    """Who waits gets none at once, however long it would have waited."""
    partner: Any = Partner(_Opened, mark=7, patience=lambda _: 3600.0, niceness=19)
    assert _ready(partner)
    found: list[Any] = []
    answer = partner.help("sleeps", "GM1", 1, 2)
    waits = threading.Thread(target=lambda: found.append(answer()))
    waits.start()
    assert os.getpriority(os.PRIO_PROCESS, partner._process.pid) == 19
    assert not partner.is_gone()
    partner.end()
    waits.join(60)
    assert found == [None]
    assert partner.is_gone()
