"""What rules leave with another effect, assessed before it is asked: answered as a question that nobody foresaw."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flexsites.arrays import BoolArray
from flexsites.config.readings import Reading
from flexsites.config.what_if import variant_asked
from flexsites.finished import ahead
from flexsites.finished.assessed import Begun, assess
from flexsites.finished.by_gemeente import ByGemeente
from flexsites.finished.opened import Finished, open_finished
from flexsites.finished.partner import Helping, Sharing
from flexsites.finished.questions import Questions
from flexsites.tables import Frame
from flexsites.view.what_if import Asked
from tests.pipelines.added_runs import figure, own_directory

EFFECT: dict[str, Any] = {"effects": {"flood": "exclude"}}
OF_FIGURES: dict[str, Any] = {"limits": {"walk_distance_transit_m": figure(900)}, "estimate": "low"}


@pytest.fixture(scope="module")
def directory(without_variants: Path) -> Path:
    """Return a finished run."""
    return own_directory(without_variants)


@dataclass
class _Here:
    """Stands for the process that assesses ahead: it does so in this one, and ends after so many questions."""

    opening: Callable[[], Sharing]
    mark: int
    patience: Callable[[float], float]
    niceness: int
    run: Finished
    most: int = 1_000

    def is_ready(self) -> bool:
        return self.most > 0

    def is_gone(self) -> bool:
        return self.most <= 0

    def help(self, reading: Reading, gemeente: str, i: int, n_shares: int) -> Helping:
        self.most -= 1
        return lambda: ByGemeente(self.run).share(reading, gemeente, i, n_shares) if self.most >= 0 else None

    def end(self) -> None:
        self.most = 0


def _looked_ahead(run: Finished, monkeypatch: pytest.MonkeyPatch, effects: list[str], most: int = 1_000) -> Questions:
    """Return questions of a run of which one rule was read with other effects before it is asked."""
    questions = Questions(run)
    with monkeypatch.context() as patch:
        patch.setattr(ahead, "Partner", partial(_Here, run=run, most=most))
        patch.setattr(Questions, "_lasting", lambda _: iter([(1, "flood", effects)]))
        questions.look_ahead()
    return questions


def _counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many parcels are assessed from now on, question by question."""
    found: list[int] = []

    def counted(begun: Begun, is_mine: BoolArray) -> dict[str, Frame]:
        found.append(int(is_mine.sum()))
        return assess(begun, is_mine)

    monkeypatch.setattr("flexsites.finished.land.assess", counted)
    return found


@pytest.mark.parametrize("lacks", [0, 1])
def test_what_was_assessed_ahead_is_answered_as_if_nobody_had(
    lacks: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, of the whole and of a gemeente, with other figures beside it; a parcel it lacks is assessed."""
    run = open_finished(directory)
    known, plain = _looked_ahead(run, monkeypatch, ["exclude"]), Questions(run)
    of_ahead = known._land._ahead
    assert of_ahead is not None
    if lacks:
        share = of_ahead.of(known.reading(variant_asked(EFFECT)))
        assert share is not None
        share[0][share[0].argmax()] = False
        monkeypatch.setattr(ahead.Ahead, "of", lambda *_: share)
    assessed = _counting(monkeypatch)
    asked = variant_asked(EFFECT | OF_FIGURES)
    assert known.foresee(asked).n_parcels == 0
    mine = known.answer(asked)
    n_by_ahead = sum(assessed)
    theirs = plain.answer(asked)
    assert (n_by_ahead, mine.n_assessed) == (lacks, theirs.n_assessed)
    assert sum(assessed) - n_by_ahead > 3, "the question is no question"
    for table, rows in theirs.tables.items():
        pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)
    (gemeente,) = run.tables["sites"]["gemeente_code"].dropna().unique()[:1]
    fresh = [_looked_ahead(run, monkeypatch, ["exclude"]), Questions(run)]
    first, second = (one.count(asked, gemeente).after.totals() for one in fresh)
    assert first == second


def test_what_was_not_assessed_ahead_is_assessed_when_it_is_asked(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another effect than was foreseen, another rule beside it, and all after the process ended."""
    run = open_finished(directory)
    known, plain = _looked_ahead(run, monkeypatch, ["exclude", "flag"], most=1), Questions(run)
    assessed = _counting(monkeypatch)
    for changes in ({"effects": {"flood": "flag"}}, {"effects": {"flood": "exclude", "rail": "flag"}}):
        assert known.foresee(variant_asked(changes)).n_parcels > 0
        assessed.clear()
        mine = known.answer(variant_asked(changes))
        assert sum(assessed) > 0
        for table, rows in plain.answer(variant_asked(changes)).tables.items():
            pd.testing.assert_frame_equal(mine.tables[table], rows, check_exact=True)


@pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_S"])
def test_it_ends_when_its_room_or_its_time_is_used(
    bound: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, bound, 1e-9)
    found = _looked_ahead(open_finished(directory), monkeypatch, ["exclude", "flag", "off"])._land._ahead
    assert found is not None
    assert len(found._known) == {"MOST_BYTES": 1, "MOST_S": 0}[bound]


def test_what_is_likely_to_be_asked_is_each_rule_with_another_effect(directory: Path) -> None:
    """Those that change parcels of the run, and that it can answer; what takes least comes first."""
    run = open_finished(directory)
    questions = Questions(run)
    lasting = list(questions._lasting())
    effects = {one.rule_id: one.effect if one.is_on else "off" for one in run.settings.rules}
    assert {"flood", "land_use", "roads"} <= {rule for _, rule, _ in lasting}
    assert all(n > 0 and effects[rule] != "include" and effects[rule] not in others for n, rule, others in lasting)
    readings = list(questions._likely())
    assert len(readings) == sum(len(others) for _, _, others in lasting)
    assert not any(one.leaves_the_same_as(run.base) for one in readings)
    rarest = min(lasting, key=itemgetter(0))
    assert readings[0].rules == questions._read_alone(rarest[1], rarest[2][0]).rules


@pytest.mark.parametrize("workers", [1, 2])
def test_the_viewer_looks_ahead_where_more_than_one_process_may_work(
    workers: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("prepare_figures", "prepare_land", "look_ahead"):
        monkeypatch.setattr(Questions, name, lambda _, name=name: done.append(name))
    Asked(directory, workers)._prepare()
    assert done == ["prepare_figures", "prepare_land", "look_ahead"][: 1 + workers]


@pytest.mark.deep(sibling="test_what_was_assessed_ahead_is_answered_as_if_nobody_had")
def test_a_process_of_its_own_assesses_ahead_and_ends_with_the_viewer(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it does questions are answered."""
    at_it, asked = threading.Event(), Asked(directory, workers=2)
    likely = Questions._likely

    def then_tell(questions: Questions) -> Iterator[Reading]:
        yield next(likely(questions))
        at_it.set()
        yield from likely(questions)

    monkeypatch.setattr(Questions, "_likely", then_tell)
    beside = threading.Thread(target=asked._prepare)
    beside.start()
    try:
        assert at_it.wait(300)
        assert asked.answer(json.dumps({"changes": {"estimate": "low"}}).encode())["n_assessed"] == 0
    finally:
        asked.end()
    beside.join(60)
    assert not beside.is_alive()
    found = asked._opened[0]._land._ahead
    assert found is not None
    assert found._known
